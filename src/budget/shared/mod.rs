//! Sharing budgets with other replicas through Redis or Valkey; the rules are in [`super::lease`].

mod client;
pub(super) mod identity;
mod keeper;
mod script;
mod statement;

use std::{
    collections::HashMap,
    path::Path,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

use tokio::sync::{Notify, mpsc, oneshot, watch};

use super::{
    SpendRow,
    book::Slip,
    lease::{Lease, Report},
    store::StoreSettings,
};
use client::Client;
use keeper::Keeper;
use script::{Names, Sender};
use statement::{Library, Query};

/// For how long an epoch begins: time for every replica to find the store, and to say what it has.
const BEGINNING: Duration = Duration::from_secs(1);
/// How long the start waits for the store.
const FIRST_ROUND: Duration = Duration::from_secs(2);

/// What the keeper keeps: the accounts that are shared.
pub(super) trait Accounts: Send + Sync {
    /// Begins a round: what has changed since the last one.
    fn reports(&self) -> Vec<(Slip, Report)>;
    /// Takes leases in that were asked for then.
    fn leased(&self, leases: Vec<(Slip, Lease)>, asked: Instant);
    /// These reports were not answered.
    fn unanswered(&self, slips: &[Slip]);
    /// The store answers, or it doesn't.
    fn set_reachable(&self, reachable: bool);
    /// The store has lost what it was told.
    fn retell(&self);
    /// Some time has passed.
    fn review(&self);
    /// Nothing will be used any more.
    fn give_back(&self);
    /// The statement of these days, as [`Ledger::statement`](super::Ledger::statement) has it.
    fn rows(&self, from: &str, to: &str) -> Vec<SpendRow>;
}

/// How a shared store is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoreStatus {
    /// Whether it answered when it was last asked.
    pub reachable: bool,
    /// How long ago it last answered; `None` if it never did.
    pub last_sync: Option<Duration>,
    /// How often it did not answer, since the start.
    pub failures: u64,
    /// How many calls went out beyond what was leased, since the start: the store could not be
    /// reached, and the settings let them ([`Outage::Open`](super::Outage::Open)).
    pub passed: u64,
    /// How many calls have waited for it, since the start: they did not fit into what was leased.
    pub waits: u64,
}

/// What both sides know of how the store is doing.
#[derive(Debug, Default)]
struct Health {
    reachable: bool,
    last_sync: Option<Instant>,
    failures: u64,
}

/// A store that is shared, and the thread that talks to it.
#[derive(Debug)]
pub(super) struct Store {
    /// How many rounds of reports are done.
    rounds: watch::Receiver<u64>,
    /// Begins a round at once.
    kick: Arc<Notify>,
    stop: watch::Sender<bool>,
    health: Arc<Mutex<Health>>,
    thread: Mutex<Option<JoinHandle<()>>>,
    queries: mpsc::Sender<Query>,
    /// How many calls have waited.
    waits: AtomicU64,
}

impl Store {
    /// Starts the thread, and waits a moment for its first round.
    pub(super) fn open(
        settings: &StoreSettings,
        journal: Option<&Path>,
        accounts: Arc<dyn Accounts>,
    ) -> Result<Self, String> {
        let failed = |error: &dyn std::fmt::Display| format!("the budgets' store: {error}");
        let client = Client::new(settings).map_err(|error| failed(&error))?;
        let replica = identity::of(journal).map_err(|error| failed(&error))?;
        let sender = Sender::new(replica, BEGINNING);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| failed(&error))?;

        let (done, rounds) = watch::channel(0);
        let (name, named) = watch::channel(sender.replica.clone());
        let (stop, stopped) = watch::channel(false);
        let (kick, health) = (Arc::<Notify>::default(), Arc::<Mutex<Health>>::default());
        let library = Library {
            client: Client::new(settings).map_err(|error| failed(&error))?,
            names: Names::new(&settings.prefix),
            replica: named,
            accounts: Arc::clone(&accounts),
            epoch: None,
            told: HashMap::new(),
            since: String::new(),
        };
        let (queries, asked) = mpsc::channel(16);
        let keeper = Keeper {
            client,
            names: Names::new(&settings.prefix),
            sender,
            accounts,
            kick: Arc::clone(&kick),
            health: Arc::clone(&health),
            name,
            done,
        };
        let (first, came) = std::sync::mpsc::channel();
        let thread = std::thread::Builder::new().name("budget-store".to_owned());
        let thread = thread.spawn(move || {
            runtime.block_on(async {
                tokio::join!(keeper.run(stopped.clone(), first), library.run(asked, stopped));
            })
        });
        let thread = Mutex::new(Some(thread.map_err(|error| failed(&error))?));
        // Without it calls wait for the store, or are refused, as the settings say.
        let _ = came.recv_timeout(FIRST_ROUND);
        Ok(Self { rounds, kick, stop, health, thread, queries, waits: AtomicU64::new(0) })
    }

    /// Lets a call wait until this round of reports is done; false if that took too long. It begins
    /// at once if `hurry`, which is the call's first wait, otherwise when it is time.
    pub(super) async fn answers(&self, round: u64, hurry: bool, until: Instant) -> bool {
        let mut rounds = self.rounds.clone();
        if hurry {
            self.waits.fetch_add(1, Ordering::Relaxed);
            self.kick.notify_one();
        }
        let done = rounds.wait_for(|&done| done >= round);
        tokio::time::timeout_at(until.into(), done).await.is_ok_and(|done| done.is_ok())
    }

    /// The rows of these days, of all replicas; `None` if the store can't be read.
    pub(super) async fn statement(&self, from: &str, to: &str) -> Option<Vec<SpendRow>> {
        let (answer, answered) = oneshot::channel();
        let query = Query { from: from.to_owned(), to: to.to_owned(), answer };
        self.queries.send(query).await.ok()?;
        answered.await.ok()?
    }

    pub(super) fn status(&self, passed: u64) -> StoreStatus {
        let health = self.health.lock().unwrap_or_else(PoisonError::into_inner);
        StoreStatus {
            reachable: health.reachable,
            last_sync: health.last_sync.map(|then| then.elapsed()),
            failures: health.failures,
            passed,
            waits: self.waits.load(Ordering::Relaxed),
        }
    }

    /// Ends the thread, which gives the leases back.
    pub(super) fn close(&self) {
        let _ = self.stop.send(true);
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if thread.is_some_and(|thread| thread.join().is_err()) {
            log::error!("the thread that talks to the budgets' store had panicked");
        }
    }
}

#[cfg(test)]
pub(crate) mod tests;
