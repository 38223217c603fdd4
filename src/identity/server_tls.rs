//! TLS toward callers: the certificate that a listener shows, and whose it takes.

use std::fmt;
use std::sync::Arc;

use tokio_rustls::rustls::crypto::{CryptoProvider, ring};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::NoServerSessionStorage;
use tokio_rustls::rustls::version::{TLS12, TLS13};
use tokio_rustls::rustls::{ServerConfig, SupportedProtocolVersion};

use super::certificate::ClientTrust;

/// Both of TLS' versions that are fit for use.
static FROM_12: [&SupportedProtocolVersion; 2] = [&TLS13, &TLS12];
/// The newer one.
static FROM_13: [&SupportedProtocolVersion; 1] = [&TLS13];

/// TLS of one listener.
pub struct ServerTls {
    config: Arc<ServerConfig>,
    clients: Option<ClientTrust>,
}

impl fmt::Debug for ServerTls {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("ServerTls").field("clients", &self.clients).finish_non_exhaustive()
    }
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}

impl ServerTls {
    /// TLS with this certificate chain and its key, from version 1.2 or 1.3 on.
    ///
    /// # Errors
    ///
    /// In words: the key is not that of the first certificate.
    pub fn new(
        chain: Vec<CertificateDer<'static>>,
        key: PrivateKeyDer<'static>,
        only_13: bool,
        clients: Option<ClientTrust>,
    ) -> Result<Self, String> {
        let versions: &[_] = if only_13 { &FROM_13 } else { &FROM_12 };
        let builder = ServerConfig::builder_with_provider(provider());
        let builder = builder.with_protocol_versions(versions).map_err(|e| e.to_string())?;
        let builder = match &clients {
            Some(trust) => builder.with_client_cert_verifier(trust.verifier().clone()),
            None => builder.with_no_client_auth(),
        };
        let mut config = builder.with_single_cert(chain, key).map_err(|e| e.to_string())?;
        // All ciphers are strong; which of them it is should not be the weaker side's choice.
        config.ignore_client_order = true;
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        if clients.is_some() {
            // A session that is resumed shows the certificate of long ago, and nobody looks whether
            // it has been revoked since.
            config.session_storage = Arc::new(NoServerSessionStorage {});
            config.send_tls13_tickets = 0;
        }
        Ok(Self { config: Arc::new(config), clients })
    }

    /// What handshakes go by.
    #[must_use]
    pub const fn config(&self) -> &Arc<ServerConfig> {
        &self.config
    }

    /// Whose certificates are taken; `None`: nobody is asked for one.
    #[must_use]
    pub const fn clients(&self) -> Option<&ClientTrust> {
        self.clients.as_ref()
    }
}
