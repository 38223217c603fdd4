//! An HTTP proxy on the way to a backend.

use std::sync::Arc;

use super::{Backend, TlsPolicy};
use crate::credential::SecretSource;
use crate::resolve::Host;

/// A proxy that a backend is reached through, by CONNECT (RFC 9110, section 9.3.6). It learns the
/// backend's name and port, and passes on bytes.
#[derive(Debug)]
pub struct Proxy {
    /// Where it is.
    pub host: Host,
    /// Port.
    pub port: u16,
    /// How its identity is proved, and ours to it; `None`: it is reached without TLS.
    pub tls: Option<TlsPolicy>,
    /// What it is shown.
    pub credential: Option<ProxyCredential>,
    /// Stands for where it is and how it is verified, and for the backend that it is for.
    pub group_key: u64,
}

/// What a proxy is shown.
#[derive(Debug)]
pub struct ProxyCredential {
    /// How.
    pub scheme: ProxyScheme,
    /// `user:password`, or a token.
    pub secret: Arc<SecretSource>,
}

/// How a proxy is shown a credential.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ProxyScheme {
    /// User and password (RFC 7617).
    #[default]
    Basic,
    /// A token (RFC 6750).
    Bearer,
}

/// Where connections for a backend lead at first: to itself, or to its proxy.
#[derive(Clone, Copy, Debug)]
pub struct Hop<'a> {
    /// Host.
    pub host: &'a Host,
    /// Port.
    pub port: u16,
}

impl Backend {
    /// What is dialled for it.
    #[must_use]
    pub fn hop(&self) -> Hop<'_> {
        match &self.proxy {
            Some(Proxy { host, port, .. }) => Hop { host, port: *port },
            None => Hop { host: &self.host, port: self.origin.port },
        }
    }
}
