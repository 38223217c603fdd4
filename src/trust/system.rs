//! The system's CA certificates, which may change under way: bundles are updated, and mounted.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwapOption;
use rustls_native_certs::{CertificateResult, load_native_certs};
use sha2::{Digest, Sha256};

use super::anchors::Anchors;

/// The system's CA certificates, as they were last taken over. Where they are is OpenSSL's word:
/// `SSL_CERT_FILE` and `SSL_CERT_DIR`, or else the distribution's places.
#[derive(Debug, Default)]
pub(super) struct System {
    /// `None`: nobody has needed them yet.
    anchors: ArcSwapOption<Anchors>,
    revision: AtomicU64,
    looks: Mutex<Looks>,
}

/// What reading them has led to.
#[derive(Debug, Default)]
struct Looks {
    /// What was last taken over, or refused.
    judged: Stamp,
    /// What the last look saw: a change counts once it is seen twice, so that a file that is just
    /// being written is not taken for a whole one.
    seen: Stamp,
}

/// What tells one reading from another.
type Stamp = [u8; 32];

impl System {
    /// Those that are trusted now. The first to ask waits until they are read.
    pub(super) fn anchors(&self) -> Arc<Anchors> {
        if let Some(anchors) = &*self.anchors.load() {
            return Arc::clone(anchors);
        }
        let mut looks = self.looks.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(anchors) = &*self.anchors.load() {
            return Arc::clone(anchors);
        }
        let found = load_native_certs();
        tell(&found);
        if found.certs.is_empty() {
            log::error!(
                "the system has no CA certificates: only backends with `tls.ca` are trusted"
            );
        }
        let stamp = stamp(&found);
        *looks = Looks { judged: stamp, seen: stamp };
        let anchors = Arc::new(Anchors::of(found.certs.iter().map(AsRef::as_ref)));
        self.anchors.store(Some(Arc::clone(&anchors)));
        anchors
    }

    /// Goes up with each change of what is trusted.
    pub(super) fn revision(&self) -> u64 {
        self.revision.load(Ordering::Acquire)
    }

    /// Reads them again, if anybody needs them, and takes over what has changed. Blocks meanwhile.
    pub(super) fn look(&self) {
        if self.anchors.load().is_none() {
            return;
        }
        let found = load_native_certs();
        let stamp = stamp(&found);
        let mut looks = self.looks.lock().unwrap_or_else(PoisonError::into_inner);
        let settled = std::mem::replace(&mut looks.seen, stamp) == stamp;
        if !settled || looks.judged == stamp {
            return;
        }
        looks.judged = stamp;
        tell(&found);
        if found.certs.is_empty() {
            log::error!("the system has no CA certificates any more; those that it had stay");
            return;
        }
        log::info!("the system's CA certificates have changed: {} now", found.certs.len());
        let anchors = Anchors::of(found.certs.iter().map(AsRef::as_ref));
        self.anchors.store(Some(Arc::new(anchors)));
        self.revision.fetch_add(1, Ordering::AcqRel);
    }
}

/// Says what could not be read.
fn tell(found: &CertificateResult) {
    for error in &found.errors {
        log::warn!("a CA certificate of the system can't be read: {error}");
    }
}

fn stamp(found: &CertificateResult) -> Stamp {
    let mut hash = Sha256::new();
    for certificate in &found.certs {
        hash.update(certificate);
    }
    hash.finalize().into()
}
