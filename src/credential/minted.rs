//! A credential that somebody mints for a while, kept fresh.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use arc_swap::ArcSwapOption;
use tokio::sync::watch;

use super::issuer::{Issuer, MintError};
use super::lease::Lease;
use super::registry::Registry;
use crate::fetch::{FetchError, Fetcher};

/// Longest time for minting one, all its requests together.
const MINTING: Duration = Duration::from_secs(30);
/// How long a request waits for one where there is none.
const PATIENCE: Duration = Duration::from_secs(10);
/// How soon minting is tried again after a failure; each in a row doubles it.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// How soon one that a backend did not accept is exchanged for another again.
const DOUBT: Duration = Duration::from_secs(30);

static MINTED: Registry<Minted> = Registry::new();

/// A credential that its issuer mints for a while. Backends with the same configuration share it,
/// and so does a configuration that is loaded anew.
#[derive(Debug)]
pub struct Minted {
    issuer: Issuer,
    fetcher: OnceLock<Result<Fetcher, FetchError>>,
    current: ArcSwapOption<Lease>,
    state: Mutex<State>,
    /// Counts the times that minting has ended, well or badly.
    ended: watch::Sender<u64>,
    succeeded: AtomicU64,
    failed: AtomicU64,
}

#[derive(Debug, Default)]
struct State {
    minting: bool,
    /// In a row.
    failures: u32,
    /// Not to be tried again before.
    pause: Option<Instant>,
    error: Option<MintError>,
    /// A backend did not accept the current one.
    doubted: bool,
    /// When one was last exchanged for that.
    exchanged: Option<Instant>,
}

/// How a credential that is minted stands.
#[derive(Clone, Copy, Debug)]
pub struct Standing {
    /// What kind it is, in a word.
    pub kind: &'static str,
    /// How often it was minted.
    pub succeeded: u64,
    /// How often that failed.
    pub failed: u64,
    /// How long the current one holds; nothing if there is none, `None` if it has no end.
    pub left: Option<Duration>,
}

impl PartialEq for Minted {
    fn eq(&self, other: &Self) -> bool {
        self.issuer == other.issuer
    }
}

impl Minted {
    /// What this issuer mints, fresh already if it is in use.
    pub(super) fn by(issuer: Issuer) -> Arc<Self> {
        MINTED.share(Self {
            issuer,
            fetcher: OnceLock::new(),
            current: ArcSwapOption::empty(),
            state: Mutex::default(),
            ended: watch::Sender::new(0),
            succeeded: AtomicU64::new(0),
            failed: AtomicU64::new(0),
        })
    }

    pub(super) const fn issuer(&self) -> &Issuer {
        &self.issuer
    }

    /// The current one, unless it has expired.
    pub(super) fn current(&self) -> Option<Arc<Lease>> {
        self.current.load_full().filter(|lease| lease.is_live())
    }

    /// Waits until there is one, for a bounded time.
    pub(super) async fn ready(self: &Arc<Self>) -> Result<(), MintError> {
        let mut ended = self.ended.subscribe();
        if !self.begin(true) {
            return Err(self.state().error.clone().unwrap_or(MintError::Late));
        }
        loop {
            if self.current().is_some() {
                return Ok(());
            }
            let done = tokio::time::timeout(PATIENCE, ended.changed()).await;
            if done.is_err() {
                return Err(MintError::Late);
            }
            if self.current().is_none() && !self.state().minting {
                return Err(self.state().error.clone().unwrap_or(MintError::Late));
            }
        }
    }

    /// Has another minted if it is time for that. Called again and again, in the background.
    pub fn tend(self: &Arc<Self>) {
        self.begin(false);
    }

    /// A backend did not accept this one: another is minted, if that has not just been done.
    pub(super) fn doubt(self: &Arc<Self>) {
        let mut state = self.state();
        if state.exchanged.is_none_or(|last| last.elapsed() > DOUBT) {
            state.exchanged = Some(Instant::now());
            state.doubted = true;
        }
        drop(state);
        self.begin(false);
    }

    /// Begins minting if there is need, and nobody is at it. Returns whether there will be one, or
    /// is.
    fn begin(self: &Arc<Self>, wanted: bool) -> bool {
        let mut state = self.state();
        let current = self.current.load();
        let live = current.as_ref().is_some_and(|lease| lease.is_live());
        let due = state.doubted || current.as_ref().is_none_or(|lease| lease.is_due());
        if state.minting || !due || wanted && live {
            return true;
        }
        if state.pause.is_some_and(|until| Instant::now() < until) {
            return live;
        }
        state.minting = true;
        drop(state);
        // On its own: the request that waits for it may be left by its caller.
        let turn = Turn(self.clone());
        tokio::spawn(async move { turn.mint().await });
        true
    }

    async fn mint(&self) -> Result<Lease, MintError> {
        let fetcher = self.fetcher.get_or_init(|| Fetcher::new(self.issuer.ca()));
        let fetcher = fetcher.as_ref().map_err(|error| MintError::Fetch(error.clone()))?;
        let minted = tokio::time::timeout(MINTING, self.issuer.mint(fetcher)).await;
        let lease = minted.map_err(|_| MintError::Late)??;
        if lease.is_live() { Ok(lease) } else { Err(MintError::Expired) }
    }

    fn took_over(&self, lease: Lease) {
        self.succeeded.fetch_add(1, Ordering::Relaxed);
        self.current.store(Some(Arc::new(lease)));
        let mut state = self.state();
        if state.failures > 0 {
            log::info!("{}: there is a credential again", self.issuer);
        }
        *state = State { minting: state.minting, exchanged: state.exchanged, ..State::default() };
    }

    fn failed(&self, error: MintError) {
        self.failed.fetch_add(1, Ordering::Relaxed);
        let left = self.current().map(|lease| lease.left().unwrap_or(Duration::MAX));
        let mut state = self.state();
        let pause = FIRST_PAUSE * 2_u32.saturating_pow(state.failures.min(10));
        state.failures = state.failures.saturating_add(1);
        state.pause = Some(Instant::now() + pause.min(LONGEST_PAUSE));
        drop(state);
        match left {
            Some(left) => log::warn!(
                "{}: cannot be renewed: {error}; the old one holds for {} s more",
                self.issuer,
                left.as_secs()
            ),
            None => log::error!("{}: there is no credential: {error}", self.issuer),
        }
        self.state().error = Some(error);
    }

    /// How it stands.
    pub fn standing(&self) -> Standing {
        let current = self.current();
        Standing {
            kind: self.issuer.kind(),
            succeeded: self.succeeded.load(Ordering::Relaxed),
            failed: self.failed.load(Ordering::Relaxed),
            left: current.map_or(Some(Duration::ZERO), |lease| lease.left()),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The one that mints now. Ends its turn whatever becomes of it.
struct Turn(Arc<Minted>);

impl Turn {
    async fn mint(self) {
        match self.0.mint().await {
            Ok(lease) => self.0.took_over(lease),
            Err(error) => self.0.failed(error),
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.0.state().minting = false;
        self.0.ended.send_modify(|times| *times = times.wrapping_add(1));
    }
}
