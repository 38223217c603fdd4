//! The certificates that chains end in.

use std::borrow::Cow;
use std::sync::Arc;

use sha2::{Digest, Sha256};
use tokio_rustls::rustls::pki_types::{CertificateDer, SubjectPublicKeyInfoDer, TrustAnchor};
use webpki::{EndEntityCert, anchor_from_trusted_cert};
use x509_parser::der_parser::asn1_rs::{Sequence, ToDer};

use super::system::System;
use crate::snapshot::Pin;

/// Whose certificates a policy trusts.
pub(super) enum Authorities {
    /// Its own.
    Own(Arc<Anchors>),
    /// The system's.
    System(Arc<System>),
}

impl Authorities {
    /// Those that are trusted now.
    pub(super) fn anchors(&self) -> Arc<Anchors> {
        match self {
            Self::Own(anchors) => Arc::clone(anchors),
            Self::System(system) => system.anchors(),
        }
    }

    /// Goes up with each change of what is trusted.
    pub(super) fn revision(&self) -> u64 {
        match self {
            Self::Own(_) => 0,
            Self::System(system) => system.revision(),
        }
    }
}

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
