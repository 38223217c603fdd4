//! The certificates that chains end in.

use std::borrow::Cow;
use std::sync::Arc;

use sha2::{Digest, Sha256};
use tokio_rustls::rustls::pki_types::{CertificateDer, SubjectPublicKeyInfoDer, TrustAnchor};
use webpki::{EndEntityCert, anchor_from_trusted_cert};
use x509_parser::der_parser::asn1_rs::{Sequence, ToDer};

use crate::snapshot::Pin;

/// CA certificates that are trusted.
#[derive(Debug, Default)]
pub(super) struct Anchors {
    roots: Vec<TrustAnchor<'static>>,
    /// What pins say of each of them, in the same order.
    pins: Vec<[Option<Pin>; 2]>,
}

impl Anchors {
    /// These certificates. One that can't be an anchor is left out, and nothing is trusted by it.
    pub(super) fn of<'a>(certificates: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let mut anchors = Self::default();
        for certificate in certificates {
            let der = CertificateDer::from(certificate);
            let Ok(anchor) = anchor_from_trusted_cert(&der) else { continue };
            anchors.roots.push(anchor.to_owned());
            let key = EndEntityCert::try_from(&der).ok();
            let key = key.map(|certificate| public_key(&certificate.subject_public_key_info()));
            anchors.pins.push([key, Some(whole(&der))]);
        }
        anchors
    }

    /// Those of the system. Blocks while they are read.
    pub(super) fn system() -> Arc<Self> {
        let found = rustls_native_certs::load_native_certs();
        for error in &found.errors {
            log::warn!("a CA certificate of the system can't be read: {error}");
        }
        let anchors = Self::of(found.certs.iter().map(AsRef::as_ref));
        if anchors.roots.is_empty() {
            log::error!(
                "the system has no CA certificates: only backends with `tls.ca` are trusted"
            );
        }
        Arc::new(anchors)
    }

    pub(super) fn roots(&self) -> &[TrustAnchor<'static>] {
        &self.roots
    }

    /// What pins say of one of the roots.
    pub(super) fn pins(&self, root: &TrustAnchor<'_>) -> impl Iterator<Item = Pin> {
        let known = self.roots.iter().zip(&self.pins);
        let known = known.filter(|(known, _)| {
            known.subject_public_key_info == root.subject_public_key_info
                && known.subject == root.subject
        });
        known.flat_map(|(_, pins)| pins.iter().flatten().copied())
    }
}

/// The public key of an anchor, whole.
pub(super) fn key_of(anchor: &TrustAnchor<'_>) -> Option<SubjectPublicKeyInfoDer<'static>> {
    let key = Sequence::new(Cow::Borrowed(&*anchor.subject_public_key_info));
    key.to_der_vec().ok().map(SubjectPublicKeyInfoDer::from)
}

/// What a pin says of a public key in DER.
pub(super) fn public_key(der: &[u8]) -> Pin {
    Pin::PublicKey(Sha256::digest(der).into())
}

/// What a pin says of a whole certificate.
pub(super) fn whole(der: &[u8]) -> Pin {
    Pin::Certificate(Sha256::digest(der).into())
}
