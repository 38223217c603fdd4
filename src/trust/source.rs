//! A place where revocation lists are fetched.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use http::{HeaderMap, StatusCode};
use tokio::sync::watch;

use super::lists::{Issuer, Lists, Signed, Taken, Unfit};
use super::now;
use crate::fetch::{FetchError, Fetcher};
use crate::snapshot::{ListError, RevocationList};

/// How soon a place is asked again that had no answer.
const RETRY: Duration = Duration::from_secs(60);
/// Most bytes of lists that are held beside those of the last answer: as long as an answer may be.
const BESIDE: usize = 16 << 20;

const FORGED: &str = "a list is not signed by its issuer";

/// What tells one place from another.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct Place {
    pub url: String,
    /// PEM; `None`: the system's.
    pub ca: Option<Vec<u8>>,
    pub refresh: Duration,
}

/// A place where lists are fetched, and what of them is held.
pub(super) struct Source {
    place: Place,
    fetcher: Mutex<Option<Fetcher>>,
    held: ArcSwap<Lists>,
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
    Unfit(Unfit),
    Stopped,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fetch(error) => error.fmt(f),
            Self::Status(status) => write!(f, "the answer is {}", status.as_u16()),
            Self::List(error) => error.fmt(f),
            Self::Unfit(Unfit::Older) => f.write_str("a list is older than the one that is held"),
            Self::Unfit(Unfit::Early) => {
                f.write_str("a list is of the future, or the clock here is behind")
            }
            Self::Unfit(Unfit::Forged) => f.write_str(FORGED),
            Self::Stopped => f.write_str("the gateway is stopping"),
        }
    }
}

impl Source {
    /// A place that has given these lists before.
    pub(super) fn new(place: Place, lists: Arc<Lists>) -> Self {
        Self {
            place,
            fetcher: Mutex::default(),
            held: ArcSwap::new(lists),
            revision: AtomicU64::new(0),
            asked: watch::Sender::new(false),
            failures: AtomicU64::new(0),
            started: AtomicBool::new(false),
        }
    }

    /// Its lists; none before the first answer.
    pub(super) fn held(&self) -> Arc<Lists> {
        self.held.load_full()
    }

    /// Which of its lists in an issuer's name that has signed.
    pub(super) fn signed_by(&self, issuer: &Arc<Issuer>) -> Signed {
        let signed = self.held().signed_by(issuer);
        if signed.news {
            self.failures.fetch_add(1, Ordering::Relaxed);
            log::warn!("{}: no new revocation list: {FORGED}", self.name());
        }
        signed
    }

    /// How logs call it: what is behind may be a secret.
    fn name(&self) -> &str {
        self.place.url.split('?').next().unwrap_or_default()
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
        let fetched = self.fetch().await;
        let pause =
            if fetched.is_ok() { self.place.refresh } else { self.place.refresh.min(RETRY) };
        let failure = match fetched {
            Ok(Taken { lists, changed, unfit }) => {
                self.held.store(Arc::new(lists));
                if changed {
                    self.revision.fetch_add(1, Ordering::AcqRel);
                    log::info!("{}: a new revocation list", self.name());
                }
                unfit.map(Failure::Unfit)
            }
            Err(failure) => Some(failure),
        };
        if let Some(failure) = failure {
            self.failures.fetch_add(1, Ordering::Relaxed);
            log::warn!("{}: no new revocation list: {failure}", self.name());
        }
        self.asked.send_replace(true);
        pause
    }

    async fn fetch(&self) -> Result<Taken, Failure> {
        let fetcher = self.fetcher().map_err(Failure::Fetch)?;
        let answer = fetcher.get(&self.place.url, HeaderMap::new()).await;
        let answer = answer.map_err(Failure::Fetch)?;
        if answer.status != StatusCode::OK {
            return Err(Failure::Status(answer.status));
        }
        let held = self.held();
        // A long list takes a while.
        let taken = tokio::task::spawn_blocking(move || {
            let lists = RevocationList::read(&answer.body).map_err(Failure::List)?;
            held.take(lists, now(), BESIDE).map_err(Failure::Unfit)
        });
        taken.await.map_err(|_| Failure::Stopped)?
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
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Source").field("name", &self.name()).finish_non_exhaustive()
    }
}
