//! Why a backend could not be reached.

use std::fmt;
use std::io;

use pingora::BError;
use tokio_rustls::rustls;

use crate::resolve;
use crate::trust::explain;

/// Why a backend could not be reached. As text, what it did: it follows the backend's name, and is
/// fit for callers. What lies under it is for logs.
#[derive(Debug)]
pub enum Unreached {
    /// Its name can't be resolved.
    Unresolved(resolve::Failure),
    /// It has no address that may be dialled.
    Forbidden,
    /// It took too long.
    Late,
    /// No address accepts a connection.
    Refused(io::Error),
    /// It did not prove who it is.
    Unproven(io::Error),
    /// What it is configured to be verified by can't be used.
    Unusable(rustls::Error),
    /// It does not speak h2, and must.
    NoH2,
    /// It closes the connection, or takes no request on it (h2).
    NoStream,
    /// h2 could not be begun.
    Broken(BError),
    /// Its proxy does not lead to it.
    Proxy(AtProxy),
}

/// Why a proxy does not lead to a backend. What it says of that is never repeated.
#[derive(Debug)]
pub enum AtProxy {
    /// Its name can't be resolved.
    Unresolved(resolve::Failure),
    /// It has no address that may be dialled.
    Forbidden,
    /// No address accepts a connection.
    Refused(io::Error),
    /// It did not prove who it is.
    Unproven(io::Error),
    /// It broke the connection off.
    Broken(io::Error),
    /// It answered with this status.
    Answered(u16),
    /// What it answered is no answer.
    Nonsense,
}

impl Unreached {
    /// Of a host that no address was found for, and why as far as that is known. Which host that is
    /// the resolver's log says: where backends are is not for callers.
    pub(super) fn nowhere(why: Option<resolve::Failure>) -> Self {
        match why {
            None | Some(resolve::Failure::Refused) => Self::Forbidden,
            Some(why) => Self::Unresolved(why),
        }
    }

    /// In a word, for metrics.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Unresolved(_) | Self::Forbidden => "dns",
            Self::Late => "connect_timeout",
            Self::Unproven(error) => explain(error).map_or("tls", |refusal| refusal.reason),
            Self::Unusable(_) => "tls",
            Self::Refused(_) | Self::NoH2 | Self::NoStream | Self::Broken(_) => "connect",
            Self::Proxy(_) => "proxy",
        }
    }

    /// The same of the proxy that was dialled.
    pub(super) fn at_proxy(self) -> Self {
        match self {
            Self::Unresolved(why) => Self::Proxy(AtProxy::Unresolved(why)),
            Self::Forbidden => Self::Proxy(AtProxy::Forbidden),
            Self::Refused(error) => Self::Proxy(AtProxy::Refused(error)),
            other => other,
        }
    }

    /// Whether no other address will do better.
    pub(super) const fn is_final(&self) -> bool {
        matches!(self, Self::Proxy(AtProxy::Answered(_)))
    }

    /// Whether it took too long, rather than broke.
    #[must_use]
    pub const fn is_timeout(&self) -> bool {
        matches!(self, Self::Late | Self::Unresolved(resolve::Failure::Timeout))
    }
}

impl fmt::Display for Unreached {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unresolved(why) => {
                return write!(f, "has a name that can't be resolved: {}", why.briefly());
            }
            Self::Forbidden => "has no address that may be dialled",
            Self::Late => "could not be reached in time",
            Self::Refused(_) => "refused the connection",
            Self::Unproven(error) => {
                explain(error).map_or("could not prove who it is (TLS)", |refusal| refusal.message)
            }
            Self::Unusable(_) => "has a TLS configuration that can't be used",
            Self::NoH2 => "does not speak h2",
            Self::NoStream | Self::Broken(_) => "could not be reached",
            Self::Proxy(why) => return write!(f, "is behind a proxy that {why}"),
        })
    }
}

impl fmt::Display for AtProxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unresolved(why) => {
                return write!(f, "has a name that can't be resolved: {}", why.briefly());
            }
            Self::Forbidden => "has no address that may be dialled",
            Self::Refused(_) => "refused the connection",
            Self::Unproven(error) => {
                explain(error).map_or("could not prove who it is (TLS)", |refusal| refusal.message)
            }
            Self::Broken(_) => "broke the connection off",
            Self::Answered(407) => "wants a credential, or another one (407)",
            Self::Answered(403) => "does not let anybody through to it (403)",
            Self::Answered(status) => return write!(f, "answered {status}"),
            Self::Nonsense => "did not answer as a proxy does",
        })
    }
}

impl std::error::Error for Unreached {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Refused(error) | Self::Unproven(error) => Some(error),
            Self::Unusable(error) => Some(error),
            Self::Broken(error) => Some(&**error),
            Self::Proxy(
                AtProxy::Refused(error) | AtProxy::Unproven(error) | AtProxy::Broken(error),
            ) => Some(error),
            Self::Unresolved(..)
            | Self::Forbidden
            | Self::Late
            | Self::NoH2
            | Self::NoStream
            | Self::Proxy(_) => None,
        }
    }
}
