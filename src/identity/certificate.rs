//! Callers' certificates: whom they name, and whether they still hold.

use std::fmt;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio_rustls::rustls::pki_types::{CertificateDer, UnixTime};
use tokio_rustls::rustls::server::danger::ClientCertVerifier;
use webpki::EndEntityCert;

use super::caller::{Caller, Unlisted};
use super::claims::{Proven, fit, is_name};
use super::refused::Refused;

/// How the configuration names what a certificate proves.
pub const MTLS: &str = "mtls";
/// How long a certificate that was verified need not be looked at again on its connection.
const HOLDS: Duration = Duration::from_secs(60);

/// How certificates tell who calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificates {
    /// The trust domains whose SPIFFE IDs count. Who they name is a namespace's service account:
    /// the same in each of them.
    pub trust_domains: Vec<String>,
    /// What becomes of workloads that the configuration does not list.
    pub unlisted: Unlisted,
}

/// Whose certificates a listener takes.
pub struct ClientTrust {
    verifier: Arc<dyn ClientCertVerifier>,
    /// The same for the same trust.
    id: u64,
}

impl fmt::Debug for ClientTrust {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("ClientTrust").field("id", &self.id).finish_non_exhaustive()
    }
}

impl ClientTrust {
    /// Trust in what `verifier` takes; `id` is the same for the same CAs and revocation lists.
    #[must_use]
    pub fn new(verifier: Arc<dyn ClientCertVerifier>, id: u64) -> Self {
        Self { verifier, id }
    }

    pub(super) const fn verifier(&self) -> &Arc<dyn ClientCertVerifier> {
        &self.verifier
    }
}

/// The certificate that a connection was opened with.
#[derive(Debug)]
pub struct Peer {
    /// The listener that the connection came to.
    pub listener: SocketAddr,
    chain: Vec<CertificateDer<'static>>,
    seen: Mutex<Option<Seen>>,
}

/// Whose it was when it was last looked at.
#[derive(Clone, Debug)]
struct Seen {
    /// Under this trust, and these callers.
    under: (u64, u64),
    at: Instant,
    caller: Arc<Caller>,
}

impl Peer {
    /// The other end of a connection, with its certificate first.
    #[must_use]
    pub fn new(listener: SocketAddr, chain: Vec<CertificateDer<'static>>) -> Self {
        Self { listener, chain, seen: Mutex::default() }
    }

    /// Whose the certificate was a moment ago, under this trust and these callers.
    fn seen(&self, under: (u64, u64)) -> Option<Arc<Caller>> {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let seen = seen.as_ref().filter(|seen| seen.under == under && seen.at.elapsed() < HOLDS)?;
        Some(seen.caller.clone())
    }

    /// Whose the certificate is, if it still holds: its connection may be older than its end, or
    /// its revocation. `name` makes a caller of who is proved.
    pub(super) fn caller(
        &self,
        certificates: &Certificates,
        trust: Option<&ClientTrust>,
        callers: u64,
        name: impl FnOnce(Proven) -> Result<Arc<Caller>, Refused>,
    ) -> Result<Arc<Caller>, Refused> {
        let over = || {
            let message = "the client certificate does not count any more (it has expired, was \
                           revoked, or its CA is not trusted now); connect with another one";
            Refused::new("certificate_over", message)
        };
        let trust = trust.ok_or_else(over)?;
        let under = (trust.id, callers);
        if let Some(caller) = self.seen(under) {
            return Ok(caller);
        }
        let (leaf, others) = self.chain.split_first().ok_or_else(over)?;
        let verified = trust.verifier.verify_client_cert(leaf, others, UnixTime::now());
        verified.map_err(|_| over())?;
        let caller = name(certificates.read(leaf)?)?;
        let seen = Seen { under, at: Instant::now(), caller: caller.clone() };
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = Some(seen);
        Ok(caller)
    }
}

impl Certificates {
    /// Whom a certificate names. By its SPIFFE ID if it has one (then it has no other URI: SPIFFE
    /// X.509-SVID §2), else only the configuration can name it.
    pub(super) fn read(&self, certificate: &CertificateDer<'_>) -> Result<Proven, Refused> {
        let unfit = |message: &str| Refused::new("certificate_name", message);
        let parsed = EndEntityCert::try_from(certificate)
            .map_err(|_| unfit("the client certificate can't be read"))?;
        let uris: Vec<&str> = parsed.valid_uri_names().collect();
        let dns = parsed.valid_dns_names().map(|name| format!("dns:{}", name.to_ascii_lowercase()));
        let sans = uris.iter().map(|uri| format!("uri:{uri}")).chain(dns).collect();
        let mut proven = Proven { by: MTLS.to_owned(), sans, ..Proven::default() };
        let spiffe = uris.iter().find_map(|uri| Some((*uri, uri.strip_prefix("spiffe://")?)));
        let Some((id, rest)) = spiffe.filter(|_| !self.trust_domains.is_empty()) else {
            return Ok(proven);
        };
        if uris.len() > 1 {
            return Err(unfit("the client certificate has a SPIFFE ID and another URI"));
        }
        let (domain, path) = rest.split_once('/').unwrap_or((rest, ""));
        if !self.trust_domains.iter().any(|trusted| trusted == domain) {
            return Err(unfit("the client certificate is of another trust domain"));
        }
        proven.subject = id.to_owned();
        let parts: Vec<&str> = path.split('/').collect();
        proven.name = match *parts {
            ["ns", namespace, "sa", account] if is_name(namespace, 63) && is_name(account, 253) => {
                proven.namespace = namespace.to_owned();
                proven.service_account = account.to_owned();
                format!("{namespace}/{account}")
            }
            _ => {
                let name = fit(rest);
                let name =
                    name.ok_or_else(|| unfit("the client certificate's SPIFFE ID is too long"));
                format!("{MTLS}:{}", name?)
            }
        };
        Ok(proven)
    }
}
