//! A list of revoked certificates.

use std::fmt;

use sha2::{Digest, Sha256};
use tokio_rustls::rustls::pki_types::CertificateRevocationListDer;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use webpki::{CertRevocationList, OwnedCertRevocationList};
use x509_parser::prelude::{CertificateRevocationList, FromDer};

/// How PEM begins.
const PEM: &[u8] = b"-----BEGIN";

/// A revocation list (RFC 5280, section 5), read once and looked up by serial number. Whether its
/// issuer signed it shows when a certificate of that issuer is verified.
pub struct RevocationList {
    content: CertRevocationList<'static>,
    this_update: i64,
    next_update: i64,
    digest: [u8; 32],
}

/// Why there is no list in a file or an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListError {
    /// It holds none.
    None,
    /// It holds one that can't be read.
    Unreadable,
    /// It holds one that does not say when the next one comes, a delta or an indirect one.
    Unsupported,
}

impl fmt::Display for ListError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "it holds no revocation list",
            Self::Unreadable => "its revocation list can't be read",
            Self::Unsupported => {
                "its revocation list is of a kind that can't be used (no nextUpdate, no CRL \
                 number, a delta, or an indirect one)"
            }
        })
    }
}

impl std::error::Error for ListError {}

impl RevocationList {
    /// The lists in a file or an answer: one in DER, or some in PEM.
    ///
    /// # Errors
    ///
    /// There is none, or one of them can't be used.
    pub fn read(bytes: &[u8]) -> Result<Vec<Self>, ListError> {
        if !bytes.trim_ascii_start().starts_with(PEM) {
            return Self::from_der(bytes).map(|list| vec![list]);
        }
        let lists = CertificateRevocationListDer::pem_slice_iter(bytes)
            .map(|der| Self::from_der(&der.map_err(|_| ListError::Unreadable)?));
        let lists: Vec<Self> = lists.collect::<Result<_, _>>()?;
        if lists.is_empty() { Err(ListError::None) } else { Ok(lists) }
    }

    fn from_der(der: &[u8]) -> Result<Self, ListError> {
        let (rest, dated) =
            CertificateRevocationList::from_der(der).map_err(|_| ListError::Unreadable)?;
        let this_update = dated.last_update().timestamp();
        let next_update = dated.next_update().ok_or(ListError::Unsupported)?.timestamp();
        if !rest.is_empty() {
            return Err(ListError::Unreadable);
        }
        drop(dated);
        let content =
            OwnedCertRevocationList::from_der(der).map_err(|_| ListError::Unsupported)?.into();
        let digest = Sha256::digest(der).into();
        Ok(Self { content, this_update, next_update, digest })
    }

    /// As the verifier takes it.
    #[must_use]
    pub const fn content(&self) -> &CertRevocationList<'static> {
        &self.content
    }

    /// When it was made, in seconds since 1970.
    #[must_use]
    pub const fn this_update(&self) -> i64 {
        self.this_update
    }

    /// By when there is a newer one, in seconds since 1970; from then on it is out of date.
    #[must_use]
    pub const fn next_update(&self) -> i64 {
        self.next_update
    }

    /// SHA-256 of it.
    #[must_use]
    pub const fn digest(&self) -> &[u8; 32] {
        &self.digest
    }

    /// What it covers: of two lists with the same scope, the newer one counts.
    #[must_use]
    pub fn scope(&self) -> (&[u8], Option<&[u8]>) {
        (self.content.issuer(), self.content.issuing_distribution_point())
    }
}

impl fmt::Debug for RevocationList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RevocationList")
            .field("this_update", &self.this_update)
            .field("next_update", &self.next_update)
            .finish_non_exhaustive()
    }
}
