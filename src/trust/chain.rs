//! From a certificate to one that is trusted: signatures, times, revocation, pins.

use std::cell::{Cell, RefCell};
use std::sync::Arc;
use std::{fmt, iter};

use tokio_rustls::rustls::crypto::{WebPkiSupportedAlgorithms, ring};
use tokio_rustls::rustls::pki_types::{CertificateDer, UnixTime};
use tokio_rustls::rustls::{self, CertRevocationListError, CertificateError, OtherError};
use webpki::{
    Cert, CertRevocationList, EndEntityCert, ExpirationPolicy, KeyUsage, RevocationCheckDepth,
    RevocationOptions, RevocationOptionsBuilder, UnknownStatusPolicy, VerifiedPath,
};

use super::anchors::{Anchors, key_of, public_key, whole};
use super::lists::Issuer;
use super::source::Source;
use crate::snapshot::{Depth, Pin, RevocationList, Stale};

/// What a chain of certificates must come to.
#[derive(Debug, Default)]
pub(super) struct Chain {
    pub anchors: Arc<Anchors>,
    /// `None`: nobody asks which are revoked.
    pub revoked: Option<Revoked>,
    /// One certificate of the chain must be one of these, the trusted one included (RFC 7469,
    /// section 2.6). Empty: none has to.
    pub pins: Vec<Pin>,
}

/// Which certificates are revoked.
#[derive(Debug)]
pub(super) struct Revoked {
    /// Lists from files: whoever gave them answers for them.
    pub files: Vec<Arc<RevocationList>>,
    /// Where others are fetched, which count for certificates of whoever has signed them.
    pub sources: Vec<Arc<Source>>,
    pub stale: Stale,
    pub depth: Depth,
}

/// No certificate of the chain is pinned.
#[derive(Debug)]
pub(super) struct NotPinned;

impl fmt::Display for NotPinned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no certificate of the chain is pinned")
    }
}

impl std::error::Error for NotPinned {}

/// The signatures that are understood.
pub(super) fn algorithms() -> WebPkiSupportedAlgorithms {
    ring::default_provider().signature_verification_algorithms
}

impl Chain {
    /// Verifies a certificate by those that came with it, at this moment.
    pub(super) fn verify(
        &self,
        leaf: &EndEntityCert<'_>,
        others: &[CertificateDer<'_>],
        now: UnixTime,
        usage: KeyUsage,
    ) -> Result<(), rustls::Error> {
        let revoked = self.revoked.as_ref();
        let issuers = match revoked {
            Some(revoked) if !revoked.sources.is_empty() => self.issuers(leaf, others, now, usage),
            _ => Vec::new(),
        };
        let Believed { lists, forged } =
            revoked.map(|revoked| revoked.believed(&issuers)).unwrap_or_default();
        let lists: Vec<&CertRevocationList<'static>> =
            lists.iter().map(|list| list.content()).collect();
        let lists: &[&CertRevocationList<'_>] = &lists;
        let options = revoked.and_then(|revoked| revoked.options(lists));
        // Without any list the verifier can't be told to ask.
        let unasked =
            revoked.is_some_and(|revoked| lists.is_empty() && revoked.stale == Stale::Refuse);
        let unpinned = Cell::new(false);
        let pinned = |path: &VerifiedPath<'_>| {
            if self.pins.is_empty() || self.is_pinned(path) {
                return Ok(());
            }
            // There may be another way up; if not, this is the reason.
            unpinned.set(true);
            Err(webpki::Error::UnknownIssuer)
        };
        let verified = leaf.verify_for_usage(
            algorithms().all,
            self.anchors.roots(),
            others,
            now,
            usage,
            options,
            Some(&pinned),
        );
        let verified = match verified {
            Ok(_) if unasked => Err(webpki::Error::UnknownRevocationStatus),
            verified => verified,
        };
        match verified {
            Ok(_) => Ok(()),
            Err(_) if unpinned.get() => {
                Err(CertificateError::Other(OtherError(Arc::new(NotPinned))).into())
            }
            // There is one in its name, and that is not its own.
            Err(webpki::Error::UnknownRevocationStatus) if forged => {
                Err(CertRevocationListError::BadSignature.into())
            }
            Err(error) => Err(translate(error)),
        }
    }

    /// Who has signed the certificates on all ways up to one that is trusted.
    fn issuers(
        &self,
        leaf: &EndEntityCert<'_>,
        others: &[CertificateDer<'_>],
        now: UnixTime,
        usage: KeyUsage,
    ) -> Vec<Arc<Issuer>> {
        let found: RefCell<Vec<Arc<Issuer>>> = RefCell::default();
        let look = |path: &VerifiedPath<'_>| {
            let between = || path.intermediate_certificates();
            let names = iter::once(path.end_entity().issuer()).chain(between().map(Cert::issuer));
            let keys = between().map(Cert::subject_public_key_info).chain(key_of(path.anchor()));
            let mut found = found.borrow_mut();
            for issuer in names.zip(keys).map(|(name, key)| Issuer::new(name, key)) {
                if found.iter().all(|known| !known.is(&issuer)) {
                    found.push(Arc::new(issuer));
                }
            }
            // There may be other ways.
            Err(webpki::Error::UnknownIssuer)
        };
        let (roots, algorithms) = (self.anchors.roots(), algorithms());
        // If there is none at all, the one that asks for lists finds that, too.
        let _ = leaf.verify_for_usage(algorithms.all, roots, others, now, usage, None, Some(&look));
        found.into_inner()
    }

    fn is_pinned(&self, path: &VerifiedPath<'_>) -> bool {
        let leaf = path.end_entity();
        let leaf = [public_key(&leaf.subject_public_key_info()), whole(&leaf.der())];
        let between = path.intermediate_certificates().flat_map(|certificate| {
            [public_key(&certificate.subject_public_key_info()), whole(&certificate.der())]
        });
        let root = self.anchors.pins(path.anchor());
        leaf.into_iter().chain(between).chain(root).any(|found| self.pins.contains(&found))
    }
}

/// Lists that count.
#[derive(Default)]
struct Believed {
    /// Newest first: the verifier takes the first one that covers a certificate.
    lists: Vec<Arc<RevocationList>>,
    /// Whether there are others in the name of one of the issuers.
    forged: bool,
}

impl Revoked {
    /// The lists that these have signed, and all of files.
    fn believed(&self, issuers: &[Arc<Issuer>]) -> Believed {
        let mut believed = Believed { lists: self.files.clone(), forged: false };
        for source in &self.sources {
            for issuer in issuers {
                let signed = source.signed_by(issuer);
                believed.lists.extend(signed.lists);
                believed.forged |= signed.others;
            }
        }
        believed.lists.sort_by_key(|list| list.newest_first());
        believed
    }

    fn options<'a>(
        &self,
        lists: &'a [&'a CertRevocationList<'a>],
    ) -> Option<RevocationOptions<'a>> {
        let (unknown, expired) = match self.stale {
            Stale::Refuse => (UnknownStatusPolicy::Deny, ExpirationPolicy::Enforce),
            Stale::Accept => (UnknownStatusPolicy::Allow, ExpirationPolicy::Ignore),
        };
        let depth = match self.depth {
            Depth::Chain => RevocationCheckDepth::Chain,
            Depth::Leaf => RevocationCheckDepth::EndEntity,
        };
        let options = RevocationOptionsBuilder::new(lists).ok()?;
        Some(
            options
                .with_depth(depth)
                .with_status_policy(unknown)
                .with_expiration_policy(expired)
                .build(),
        )
    }
}

/// webpki's errors as rustls has them: it picks the alert by them.
pub(super) fn translate(error: webpki::Error) -> rustls::Error {
    use webpki::Error as Webpki;
    let certificate = match error {
        Webpki::BadDer | Webpki::BadDerTime | Webpki::TrailingData(_) => {
            CertificateError::BadEncoding
        }
        Webpki::CertNotValidYet { time, not_before } => {
            CertificateError::NotValidYetContext { time, not_before }
        }
        Webpki::CertExpired { time, not_after } => {
            CertificateError::ExpiredContext { time, not_after }
        }
        Webpki::InvalidCertValidity => CertificateError::Expired,
        Webpki::UnknownIssuer => CertificateError::UnknownIssuer,
        Webpki::CertNotValidForName(_) => CertificateError::NotValidForName,
        Webpki::CertRevoked => CertificateError::Revoked,
        Webpki::UnknownRevocationStatus => CertificateError::UnknownRevocationStatus,
        Webpki::CrlExpired { time, next_update } => {
            CertificateError::ExpiredRevocationListContext { time, next_update }
        }
        Webpki::InvalidSignatureForPublicKey => CertificateError::BadSignature,
        Webpki::RequiredEkuNotFoundContext(_) => CertificateError::InvalidPurpose,
        Webpki::IssuerNotCrlSigner => return CertRevocationListError::IssuerInvalidForCrl.into(),
        Webpki::InvalidCrlSignatureForPublicKey => {
            return CertRevocationListError::BadSignature.into();
        }
        error => CertificateError::Other(OtherError(Arc::new(error))),
    };
    certificate.into()
}
