//! A backend as Pingora's pools see it.

use std::collections::HashMap;
use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use arc_swap::ArcSwapOption;
use pingora::protocols::l4::socket as l4;
use pingora::upstreams::peer::Peer as PingoraPeer;

use super::tls::Version;
use crate::snapshot::{Backend, HttpVersions};

/// How long a backend that has turned h2 down is asked by HTTP/1.1 before it is offered h2 again.
const DOWNGRADE: Duration = Duration::from_secs(600);

/// A backend at one of its addresses: connections with the same are each other's equals.
#[derive(Clone, Debug)]
pub struct Peer {
    address: l4::SocketAddr,
    /// What the pools go by.
    key: u64,
    /// Which trust the backend was verified under.
    trust: Version,
    kin: Arc<Kin>,
}

/// What is known of a backend at whatever address.
#[derive(Debug, Default)]
struct Kin {
    /// When it last turned h2 down, or could not speak it.
    downgraded: ArcSwapOption<Instant>,
}

impl Kin {
    fn prefers_h1(&self, now: Instant) -> bool {
        let downgraded = self.downgraded.load();
        downgraded.as_ref().is_some_and(|at| now.saturating_duration_since(**at) < DOWNGRADE)
    }
}

impl Peer {
    /// For a while the backend is asked by HTTP/1.1, unless it is configured for h2 only.
    pub fn prefer_h1(&self) {
        self.kin.downgraded.store(Some(Arc::new(Instant::now())));
    }

    /// What the pools go by.
    pub(super) const fn key(&self) -> u64 {
        self.key
    }

    /// Whether it is at this address.
    pub(super) fn is_at(&self, address: SocketAddr) -> bool {
        self.address.as_inet() == Some(&address)
    }

    /// Which versions the backend is asked in.
    pub(super) fn versions(&self, backend: &Backend) -> HttpVersions {
        match (backend.http, &backend.tls) {
            (HttpVersions::Auto, None) => HttpVersions::H1,
            (HttpVersions::Auto, _) if self.kin.prefers_h1(Instant::now()) => HttpVersions::H1,
            (versions, _) => versions,
        }
    }
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.address.fmt(f)
    }
}

/// Only pools look at it: nothing is dialled by Pingora.
impl PingoraPeer for Peer {
    fn address(&self) -> &l4::SocketAddr {
        &self.address
    }

    fn tls(&self) -> bool {
        false
    }

    fn sni(&self) -> &str {
        ""
    }

    fn reuse_hash(&self) -> u64 {
        self.key
    }
}

/// The peer of each backend as it was last used, by group key.
#[derive(Debug, Default)]
pub(super) struct Peers {
    known: Mutex<HashMap<u64, Known>>,
    keys: RandomState,
}

#[derive(Debug, Default)]
struct Known {
    kin: Arc<Kin>,
    /// Kept so that nothing is made anew for a request while the address stays.
    last: Option<Arc<Peer>>,
}

impl Peers {
    /// The peer that a backend was last reached as, if it is at one of these addresses and was
    /// verified under this trust.
    pub(super) fn last(
        &self,
        backend: &Backend,
        mut addresses: impl Iterator<Item = SocketAddr>,
        trust: Version,
    ) -> Option<Arc<Peer>> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let peer = known.get(&backend.group_key)?.last.as_ref()?;
        let fits = peer.trust == trust && addresses.any(|address| peer.is_at(address));
        fits.then(|| peer.clone())
    }

    /// The peer for a backend at one of its addresses (its proxy's, where there is one), verified
    /// under this trust.
    pub(super) fn at(&self, backend: &Backend, address: SocketAddr, trust: Version) -> Arc<Peer> {
        // The pools know connections by nothing else. A connection verified under one trust must
        // not be used under another (S-56).
        let key = self.keys.hash_one((backend.group_key, trust, address));
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let kin = known.entry(backend.group_key).or_default().kin.clone();
        Arc::new(Peer { address: l4::SocketAddr::Inet(address), key, trust, kin })
    }

    /// Remembers that a backend was reached as this peer.
    pub(super) fn reached(&self, backend: &Backend, peer: &Arc<Peer>) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.entry(backend.group_key).or_default().last = Some(peer.clone());
    }

    /// Forgets the peers of configurations that are gone.
    pub(super) fn retain(&self, keep: impl Fn(u64) -> bool) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|key, _| keep(*key));
    }
}

#[cfg(test)]
impl Peer {
    /// One that nobody dials.
    pub(super) fn nowhere() -> Arc<Self> {
        let address = l4::SocketAddr::Inet(([127, 0, 0, 1], 0).into());
        Arc::new(Self { address, key: 1, trust: Version::default(), kin: Arc::default() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One answer that was garbled must not cost a backend its h2 until the next restart.
    #[test]
    fn h2_is_offered_again_after_a_while() {
        let (kin, now) = (Kin::default(), Instant::now());
        assert!(!kin.prefers_h1(now));
        kin.downgraded.store(Some(Arc::new(now)));
        assert!(kin.prefers_h1(now + DOWNGRADE / 2));
        assert!(!kin.prefers_h1(now + DOWNGRADE));
    }
}
