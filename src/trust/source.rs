//! A place where revocation lists are fetched.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use http::{HeaderMap, StatusCode};
use tokio::sync::watch;

use super::now;
use crate::fetch::{FetchError, Fetcher};
use crate::snapshot::{ListError, RevocationList};

/// How soon a place is asked again that had no answer.
const RETRY: Duration = Duration::from_secs(60);
/// How far the clock of whoever makes lists may be ahead of ours, in seconds.
const AHEAD: i64 = 5 * 60;
/// Most lists of one place that are held.
const MOST: usize = 32;

/// What tells one place from another.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct Place {
    pub url: String,
    /// PEM; `None`: the system's.
    pub ca: Option<Vec<u8>>,
    pub refresh: Duration,
}

/// A place where lists are fetched, and those that came last.
pub(super) struct Source {
    place: Place,
    fetcher: Mutex<Option<Fetcher>>,
    held: ArcSwap<Vec<Arc<RevocationList>>>,
    revision: AtomicU64,
    asked: watch::Sender<bool>,
    failures: AtomicU64,
    started: AtomicBool,
}

/// Why there is no new list.
enum Failure {
    Fetch(FetchError),
    Status(StatusCode),
    List(ListError),
    /// Whoever is in between could hide with an old list what was revoked since.
    Older,
    /// It would be newer than all that its issuer makes from now on.
    Early,
    /// Whoever is in between could fill the memory with lists of nobody's.
    TooMany,
    Stopped,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fetch(error) => error.fmt(f),
            Self::Status(status) => write!(f, "the answer is {}", status.as_u16()),
            Self::List(error) => error.fmt(f),
            Self::Older => f.write_str("the list is older than the one that is held"),
            Self::Early => f.write_str("the list is of the future, or the clock here is behind"),
            Self::TooMany => write!(f, "with those that are held it makes more than {MOST} lists"),
            Self::Stopped => f.write_str("the gateway is stopping"),
        }
    }
}

impl Source {
    pub(super) fn new(place: Place) -> Self {
        Self {
            place,
            fetcher: Mutex::default(),
            held: ArcSwap::default(),
            revision: AtomicU64::new(0),
            asked: watch::Sender::new(false),
            failures: AtomicU64::new(0),
            started: AtomicBool::new(false),
        }
    }

    /// The lists that came last; none before the first answer.
    pub(super) fn held(&self) -> Arc<Vec<Arc<RevocationList>>> {
        self.held.load_full()
    }

    /// Goes up with each change of what is held.
    pub(super) fn revision(&self) -> u64 {
        self.revision.load(Ordering::Acquire)
    }

    /// How often there was no new list.
    pub(super) fn failures(&self) -> u64 {
        self.failures.load(Ordering::Relaxed)
    }

    /// Whether this is the first time that somebody asks.
    pub(super) fn start(&self) -> bool {
        !self.started.swap(true, Ordering::AcqRel)
    }

    /// Waits until it was asked once, with whatever result.
    pub(super) async fn asked(&self) {
        // Its sender is `self`: it can't be gone.
        let _ = self.asked.subscribe().wait_for(|asked| *asked).await;
    }

    /// Asks once. Returns when to ask again.
    pub(super) async fn refresh(&self) -> Duration {
        let result = self.fetch().await.and_then(|lists| self.take(lists));
        let url = self.place.url.split('?').next().unwrap_or_default();
        let pause = match result {
            Ok(changed) => {
                if changed {
                    log::info!("{url}: a new revocation list");
                }
                self.place.refresh
            }
            Err(failure) => {
                self.failures.fetch_add(1, Ordering::Relaxed);
                log::warn!("{url}: no new revocation list: {failure}");
                self.place.refresh.min(RETRY)
            }
        };
        self.asked.send_replace(true);
        pause
    }

    async fn fetch(&self) -> Result<Vec<RevocationList>, Failure> {
        let fetcher = self.fetcher().map_err(Failure::Fetch)?;
        let answer = fetcher.get(&self.place.url, HeaderMap::new()).await;
        let answer = answer.map_err(Failure::Fetch)?;
        if answer.status != StatusCode::OK {
            return Err(Failure::Status(answer.status));
        }
        // A long list takes a while.
        let read = tokio::task::spawn_blocking(move || RevocationList::read(&answer.body)).await;
        read.map_err(|_| Failure::Stopped)?.map_err(Failure::List)
    }

    fn fetcher(&self) -> Result<Fetcher, FetchError> {
        let mut fetcher = self.fetcher.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(fetcher) = &*fetcher {
            return Ok(fetcher.clone());
        }
        let made = Fetcher::new(self.place.ca.as_deref())?;
        *fetcher = Some(made.clone());
        Ok(made)
    }

    /// Takes lists over; whether they are others than before.
    ///
    /// Whether a list is its issuer's shows only when a certificate is verified. So one stays until
    /// there is a newer one of the same scope, even past its date: whoever is in between could hide
    /// with somebody else's list what was revoked.
    fn take(&self, lists: Vec<RevocationList>) -> Result<bool, Failure> {
        let latest = now().saturating_add(AHEAD);
        if lists.iter().any(|new| new.this_update() > latest) {
            return Err(Failure::Early);
        }
        let held = self.held();
        let older = |new: &RevocationList| {
            held.iter()
                .any(|old| old.scope() == new.scope() && new.this_update() < old.this_update())
        };
        if lists.iter().any(older) {
            return Err(Failure::Older);
        }
        let known = |new: &RevocationList| held.iter().any(|old| old.digest() == new.digest());
        if lists.iter().all(known) {
            return Ok(false);
        }
        let absent =
            |old: &&Arc<RevocationList>| lists.iter().all(|new| new.scope() != old.scope());
        let mut next: Vec<_> = held.iter().filter(absent).cloned().collect();
        if next.len() + lists.len() > MOST {
            let now = now();
            next.retain(|old| old.next_update() > now);
        }
        if next.len() + lists.len() > MOST {
            return Err(Failure::TooMany);
        }
        next.extend(lists.into_iter().map(Arc::new));
        self.held.store(Arc::new(next));
        self.revision.fetch_add(1, Ordering::AcqRel);
        Ok(true)
    }
}
