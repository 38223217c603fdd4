//! A list of revoked certificates.

use std::cmp::Reverse;
use std::fmt;
use std::sync::Arc;

use sha2::{Digest, Sha256};
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{
    CertificateRevocationListDer, SignatureVerificationAlgorithm, SubjectPublicKeyInfoDer,
};
use webpki::{CertRevocationList, OwnedCertRevocationList, RawPublicKeyEntity};
use x509_parser::der_parser::asn1_rs::Any;
use x509_parser::prelude::{CertificateRevocationList, FromDer};

/// How PEM begins.
const PEM: &[u8] = b"-----BEGIN";

/// A revocation list (RFC 5280, section 5), read once and looked up by serial number. Whether its
/// issuer signed it shows when a certificate of that issuer is verified.
pub struct RevocationList {
    content: CertRevocationList<'static>,
    der: Box<[u8]>,
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
        Ok(Self { content, der: der.into(), this_update, next_update, digest })
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

    /// By this the newest of several lists comes first.
    #[must_use]
    pub const fn newest_first(&self) -> Reverse<(i64, i64)> {
        Reverse((self.this_update, self.next_update))
    }

    /// Leaves of each scope the newest list.
    pub fn keep_newest(lists: &mut Vec<Arc<Self>>) {
        lists.sort_by(|a, b| {
            a.scope().cmp(&b.scope()).then(a.newest_first().cmp(&b.newest_first()))
        });
        lists.dedup_by(|older, newest| older.scope() == newest.scope());
    }

    /// Whether the owner of this key has signed it, by one of these algorithms.
    #[must_use]
    pub fn is_signed_by(
        &self,
        key: &SubjectPublicKeyInfoDer<'_>,
        algorithms: &[&dyn SignatureVerificationAlgorithm],
    ) -> bool {
        let (Some(signed), Ok(key)) = (Signed::of(&self.der), RawPublicKeyEntity::try_from(key))
        else {
            return false;
        };
        let mut algorithms =
            algorithms.iter().filter(|known| known.signature_alg_id().as_ref() == signed.algorithm);
        algorithms
            .any(|known| key.verify_signature(*known, signed.content, signed.signature).is_ok())
    }

    /// How long it is, in bytes of DER.
    #[must_use]
    pub const fn size(&self) -> usize {
        self.der.len()
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

/// A list's parts (RFC 5280, section 5.1.1).
struct Signed<'a> {
    content: &'a [u8],
    algorithm: &'a [u8],
    signature: &'a [u8],
}

impl<'a> Signed<'a> {
    fn of(der: &'a [u8]) -> Option<Self> {
        let (_, list) = Any::from_der(der).ok()?;
        let (rest, _) = Any::from_der(list.data).ok()?;
        let content = list.data.strip_suffix(rest)?;
        let (rest, algorithm) = Any::from_der(rest).ok()?;
        let (_, signature) = Any::from_der(rest).ok()?;
        // A string of bits begins with how many of its last byte are none: none of them.
        let signature = signature.data.strip_prefix(&[0])?;
        Some(Self { content, algorithm: algorithm.data, signature })
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
