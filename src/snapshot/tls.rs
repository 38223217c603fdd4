//! TLS toward a backend: whom to trust, and what to show.

use std::sync::Arc;
use std::time::Duration;

use sha2::{Digest, Sha256};
use tokio_rustls::rustls::pki_types::ServerName;

use super::RevocationList;
use crate::credential::Secret;

/// TLS toward a backend; always verified.
#[derive(Clone, Debug)]
pub struct TlsPolicy {
    /// The server name that is asked for (SNI), and that the certificate must have unless there are
    /// `sans`. Never empty. An address is only verified, not sent.
    pub sni: String,
    /// Instead of `sni`: the certificate must have one of these names. Empty: it must have `sni`.
    pub sans: Vec<SubjectName>,
    /// Certificates (DER) of the CAs that replace the system's.
    pub ca: Option<Arc<Vec<Vec<u8>>>>,
    /// Client certificate chain (DER) and key.
    pub identity: Option<Arc<ClientIdentity>>,
    /// One certificate of the verified chain must be one of these. Empty: none has to.
    pub pins: Vec<Pin>,
    /// The oldest version that is spoken.
    pub min_version: TlsVersion,
    /// Where it is said which certificates are revoked; `None`: nobody asks.
    pub revocation: Option<Arc<Revocation>>,
}

/// A client certificate shown to a backend.
#[derive(Debug)]
pub struct ClientIdentity {
    /// Certificate chain, leaf first, DER.
    pub chain: Vec<Vec<u8>>,
    /// Private key, DER; a secret.
    pub key: Secret,
}

/// A subject alternative name of a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SubjectName {
    /// A DNS name or an IP address. A certificate's `*.example` has `a.example`.
    Server(ServerName<'static>),
    /// A URI, character by character the same. If it is a SPIFFE ID, it must be the only URI of its
    /// certificate (X.509-SVID, section 5.2).
    Uri(String),
}

/// What a certificate must be, by SHA-256.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pin {
    /// Its public key (SubjectPublicKeyInfo; RFC 7469, section 2.4).
    PublicKey([u8; 32]),
    /// All of it.
    Certificate([u8; 32]),
}

/// A version of TLS that may be the oldest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TlsVersion {
    /// 1.2.
    #[default]
    V1_2,
    /// 1.3.
    V1_3,
}

/// Where it is said which certificates are revoked, and what holds if it is not.
#[derive(Debug)]
pub struct Revocation {
    /// Lists from files.
    pub lists: Vec<Arc<RevocationList>>,
    /// Where further lists are fetched.
    pub urls: Vec<String>,
    /// The CA certificates (PEM) that these are trusted by instead of the system's.
    pub ca: Option<Vec<u8>>,
    /// How often they are fetched.
    pub refresh: Duration,
    /// What holds if a list is out of date, or there is none for a certificate.
    pub stale: Stale,
    /// Which certificates are looked up.
    pub depth: Depth,
}

/// What holds if nobody can say whether a certificate is revoked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Stale {
    /// It is refused.
    #[default]
    Refuse,
    /// It is accepted. One that is on a list is refused, however old the list.
    Accept,
}

/// Which certificates of a chain are looked up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Depth {
    /// All but the root.
    #[default]
    Chain,
    /// The server's own only.
    Leaf,
}

impl TlsPolicy {
    /// SHA-256 of everything in it: policies with the same digest trust and show the same.
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        let Self { sni, sans, ca, identity, pins, min_version, revocation } = self;
        let mut parts = Parts(Sha256::new());
        parts.add(sni.as_bytes());
        parts.count(sans.len());
        for name in sans {
            match name {
                SubjectName::Server(name) => parts.add(name.to_str().as_bytes()),
                SubjectName::Uri(uri) => parts.add(format!("uri:{uri}").as_bytes()),
            }
        }
        parts.add(if ca.is_some() { b"ca" } else { b"system" });
        let ca = ca.as_deref().map(Vec::as_slice).unwrap_or_default();
        parts.count(ca.len());
        ca.iter().for_each(|certificate| parts.add(certificate));
        // The key belongs to the certificate; that is checked.
        let chain = identity.as_ref().map(|identity| identity.chain.as_slice()).unwrap_or_default();
        parts.count(chain.len());
        chain.iter().for_each(|certificate| parts.add(certificate));
        parts.count(pins.len());
        for pin in pins {
            let (kind, digest) = match pin {
                Pin::PublicKey(digest) => (b"key", digest),
                Pin::Certificate(digest) => (b"all", digest),
            };
            parts.add(kind);
            parts.add(digest);
        }
        parts.add(match min_version {
            TlsVersion::V1_2 => b"1.2",
            TlsVersion::V1_3 => b"1.3",
        });
        if let Some(revocation) = revocation {
            revocation.add_to(&mut parts);
        }
        parts.0.finalize().into()
    }
}

impl Revocation {
    fn add_to(&self, parts: &mut Parts) {
        let Self { lists, urls, ca, refresh, stale, depth } = self;
        parts.count(lists.len());
        lists.iter().for_each(|list| parts.add(list.digest()));
        parts.count(urls.len());
        urls.iter().for_each(|url| parts.add(url.as_bytes()));
        parts.add(ca.as_deref().unwrap_or_default());
        parts.add(&refresh.as_nanos().to_le_bytes());
        parts.add(&[u8::from(*stale == Stale::Accept), u8::from(*depth == Depth::Leaf)]);
    }
}

/// A hash of parts: the same only if each part is.
struct Parts(Sha256);

impl Parts {
    fn add(&mut self, bytes: &[u8]) {
        self.count(bytes.len());
        self.0.update(bytes);
    }

    fn count(&mut self, length: usize) {
        self.0.update(u64::try_from(length).unwrap_or(u64::MAX).to_le_bytes());
    }
}
