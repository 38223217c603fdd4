//! The trust of every backend.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use arc_swap::ArcSwap;
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio_rustls::rustls;

use super::anchors::{Anchors, Authorities};
use super::source::{Place, Source};
use super::system::System;
use super::{Trust, now};
use crate::snapshot::TlsPolicy;

/// How often it is looked whether the system has other CA certificates.
const LOOK: Duration = Duration::from_secs(5);

/// One [`Trust`] for each policy, and the revocation lists that they share.
#[derive(Default)]
pub struct Trusts {
    /// Rebuilt as a whole on each change; reads are one atomic load.
    known: ArcSwap<HashMap<u64, Arc<Trust>>>,
    /// Held while `known` is rebuilt. No more of either than configurations have that are in use.
    sources: Mutex<HashMap<Place, Weak<Source>>>,
    system: Arc<System>,
    /// Told when there are more sources.
    added: Notify,
}

/// How the revocation lists of a policy are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListsState {
    /// Lists that are held.
    pub held: usize,
    /// Places that have not given one yet.
    pub missing: usize,
    /// Seconds since the oldest list was made; 0 without one.
    pub age: i64,
    /// Seconds until the first of them is out of date; negative if it is already. 0 without one.
    pub left: i64,
    /// How often one could not be fetched.
    pub failures: u64,
}

impl Trusts {
    /// The trust of a policy. `key` stands for everything in the policy and for whom it is, as a
    /// backend's `group_key` does: two that must not share TLS sessions have different ones.
    ///
    /// # Errors
    ///
    /// The policy can't be followed: its certificate and key don't fit. The configuration is
    /// checked for that.
    pub fn of(&self, key: u64, policy: &TlsPolicy) -> Result<Arc<Trust>, rustls::Error> {
        if let Some(known) = self.known.load().get(&key) {
            return Ok(Arc::clone(known));
        }
        let mut sources = self.sources();
        let trust = self.make(key, policy, &mut sources)?;
        let mut known = HashMap::clone(&self.known.load());
        known.insert(key, Arc::clone(&trust));
        self.known.store(Arc::new(known));
        Ok(trust)
    }

    /// Makes what these policies need ahead of time, and forgets all others: at the start, and after
    /// each reload. Blocks while the system's CA certificates are read.
    pub fn keep<'p>(&self, policies: impl IntoIterator<Item = (u64, &'p TlsPolicy)>) {
        let mut sources = self.sources();
        let mut kept = HashMap::new();
        for (key, policy) in policies {
            match self.make(key, policy, &mut sources) {
                Ok(trust) => drop(kept.insert(key, trust)),
                Err(error) => log::error!("TLS toward {} can't be set up: {error}", policy.sni),
            }
        }
        self.known.store(Arc::new(kept));
        // Those that a request of an old configuration still uses are fetched until it ends.
        sources.retain(|_, source| source.strong_count() > 0);
    }

    /// How the revocation lists of a policy are; `None` if it asks for none, or is not known.
    #[must_use]
    pub fn lists(&self, key: u64) -> Option<ListsState> {
        let trust = Arc::clone(self.known.load().get(&key)?);
        trust.policy.revocation.as_ref()?;
        let lists = trust.lists();
        let now = now();
        let oldest = lists.iter().map(|list| list.this_update()).min();
        let first = lists.iter().map(|list| list.next_update()).min();
        let missing = trust.sources.iter().filter(|source| source.held().all().next().is_none());
        Some(ListsState {
            held: lists.len(),
            missing: missing.count(),
            age: oldest.map_or(0, |oldest| now.saturating_sub(oldest)),
            left: first.map_or(0, |first| first.saturating_sub(now)),
            failures: trust.sources.iter().map(|source| source.failures()).sum(),
        })
    }

    /// Fetches revocation lists and reads the system's CA certificates again and again, for ever.
    /// Runs in the background.
    pub async fn run(&self) {
        tokio::join!(self.fetch(), self.look());
    }

    async fn look(&self) {
        loop {
            tokio::time::sleep(LOOK).await;
            let system = Arc::clone(&self.system);
            // One that panics has said so itself; the next may do better.
            let _ = tokio::task::spawn_blocking(move || system.look()).await;
        }
    }

    async fn fetch(&self) {
        let mut tasks = JoinSet::new();
        loop {
            let added = self.added.notified();
            for source in self.sources().values() {
                if source.upgrade().is_some_and(|source| source.start()) {
                    tasks.spawn(keep_fresh(Weak::clone(source)));
                }
            }
            while tasks.try_join_next().is_some() {}
            added.await;
        }
    }

    fn sources(&self) -> MutexGuard<'_, HashMap<Place, Weak<Source>>> {
        self.sources.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The trust of a policy: the same as before, if there was one.
    fn make(
        &self,
        key: u64,
        policy: &TlsPolicy,
        sources: &mut HashMap<Place, Weak<Source>>,
    ) -> Result<Arc<Trust>, rustls::Error> {
        if let Some(known) = self.known.load().get(&key) {
            return Ok(Arc::clone(known));
        }
        let authorities = match &policy.ca {
            Some(ca) => Authorities::Own(Arc::new(Anchors::of(ca.iter().map(Vec::as_slice)))),
            None => Authorities::System(Arc::clone(&self.system)),
        };
        let places = policy.revocation.iter().flat_map(|revocation| {
            revocation.urls.iter().map(|url| Place {
                url: url.clone(),
                ca: revocation.ca.clone(),
                refresh: revocation.refresh,
            })
        });
        let shared = places.map(|place| {
            if let Some(source) = sources.get(&place).and_then(Weak::upgrade) {
                return source;
            }
            // What was proved under other settings stays so.
            let mut same = sources.iter().filter(|(known, _)| known.url == place.url);
            let lists = same.find_map(|(_, source)| Some(source.upgrade()?.held()));
            let source = Arc::new(Source::new(place.clone(), lists.unwrap_or_default()));
            sources.insert(place, Arc::downgrade(&source));
            self.added.notify_one();
            source
        });
        Trust::new(policy, authorities, shared.collect()).map(Arc::new)
    }
}

/// Fetches from a source until nobody needs it.
async fn keep_fresh(source: Weak<Source>) {
    while let Some(held) = source.upgrade() {
        let pause = held.refresh().await;
        drop(held);
        tokio::time::sleep(pause).await;
    }
}

impl std::fmt::Debug for Trusts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Trusts").field("known", &self.known.load().len()).finish_non_exhaustive()
    }
}
