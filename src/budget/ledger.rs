//! The ledger: what every budget has left, under any concurrency, crash or disconnect.

mod adjust;
mod keeper;
mod recovery;
mod share;
mod statement;

use std::{
    borrow::Borrow,
    fmt,
    fs::File,
    io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, mpsc},
    thread::JoinHandle,
    time::{Duration, Instant},
};

use super::{
    Balance, Budget, Clock, Denied, Estimate, Event, OpenError, Reservation, Subject,
    book::{Book, Patience},
    entry::{Entry, Hold},
    journal::{self, Journal, Rewrite},
    shared::Store,
};

pub use adjust::AdjustError;

/// How often lines go to the disk.
const SYNC_EVERY: Duration = Duration::from_millis(100);
/// How long the journal may become before it is rewritten, in bytes.
const REWRITE_PAST: u64 = 64 << 20;
/// How far the clock may be behind the ledger at the start before someone should look at it.
const CLOCK_BEHIND: i64 = 3600;
/// How long a call waits for the lease that it needs.
const WAIT_FOR_LEASE: Duration = Duration::from_secs(2);
/// How many events wait for whom they are told.
const EVENTS_KEPT: usize = 256;

/// Holds all budgets.
///
/// **Concurrency.** One lock around the book; a reservation is checked and made in
/// all budgets under it.
///
/// **Crash of the process** (`kill -9` too). Every reservation and every end of one is a line that
/// the kernel has before the call goes on, so nothing is forgotten. Reservations that were open
/// are charged with their estimates at the next start: the provider may have billed them.
///
/// **Loss of power.** A thread syncs the file ten times a second: what happened in the last
/// 100 ms (and the time that one sync or rewrite takes) may be forgotten.
///
/// **A disk that cannot be written** (full, failing, read-only). Reservations are refused with
/// [`Denied::Unavailable`], as nothing could be promised about them; calls under way end as usual,
/// in memory, and their lines are written before any other as soon as the disk takes them. After
/// a failed sync, which may have lost lines, the whole file is written anew. A crash in the
/// meantime charges estimates instead of the real usage.
///
/// **Replicas.** Alone, a ledger holds all of each limit. Shared ([`Ledger::share`]), it holds what
/// it has leased and spends only that, so all replicas together stay within a limit as one does;
/// the module `lease` has the rules. While the store can't be reached, calls that fit into leases
/// go on, and others are refused with [`Denied::Unavailable`]; or, if the settings say so, each
/// replica may use a percentage of each limit beyond its lease, in each window.
///
/// **The clock.** Time never goes back in the ledger: a clock that does finds the window it left,
/// with what was spent in it. One that was far ahead makes limits hold until its window ends; move
/// the file away to start anew.
#[derive(Debug)]
pub struct Ledger {
    shared: Arc<Shared>,
    /// Ends the thread by being dropped.
    stop: Option<mpsc::Sender<()>>,
    keeper: Option<JoinHandle<()>>,
    /// Keeps other processes away.
    _lock: Option<File>,
    path: Option<PathBuf>,
    /// What it is shared through.
    store: OnceLock<Store>,
}

struct Shared {
    clock: Box<dyn Clock>,
    state: Mutex<State>,
    events: mpsc::SyncSender<Event>,
    /// The other end, until someone takes it.
    heard: Mutex<Option<mpsc::Receiver<Event>>>,
}

#[derive(Debug, Default)]
struct State {
    book: Book,
    /// `None` for a ledger in memory only.
    journal: Option<Journal>,
    estimated: u64,
}

impl Ledger {
    /// Opens the ledger whose journal is at `path` (and `path.lock`, `path.new` beside it) or
    /// creates it; its directory must exist. Without a path it is in memory only and forgets all
    /// at the end.
    ///
    /// Starts a thread that lives as long as the ledger, so open it after any fork.
    ///
    /// # Errors
    /// When the file is another process's, cannot be read and written, or is damaged in a way
    /// that no crash leaves behind. A journal cut by a crash is not an error: the rest is used.
    pub fn open(path: Option<&Path>, clock: impl Clock + 'static) -> Result<Arc<Self>, OpenError> {
        Self::open_with(path, clock, SYNC_EVERY, REWRITE_PAST)
    }

    /// [`Ledger::open`] with how often lines go to the disk, and with how long the journal may
    /// become before it is rewritten, in bytes.
    pub(crate) fn open_with(
        path: Option<&Path>,
        clock: impl Clock + 'static,
        sync_every: Duration,
        rewrite_past: u64,
    ) -> Result<Arc<Self>, OpenError> {
        let mut state = State::default();
        let Some(path) = path else {
            return Ok(Arc::new(Self {
                shared: Shared::new(clock, state),
                stop: None,
                keeper: None,
                _lock: None,
                path: None,
                store: OnceLock::new(),
            }));
        };
        let failed = |error| OpenError::Io(path.to_owned(), error);
        let lock = journal::lock(path).map_err(failed)?;
        let lock = lock.ok_or_else(|| OpenError::InUse(path.to_owned()))?;

        state.recover(path, clock.now())?;
        let snapshot: Vec<_> = state.book.snapshot().collect();
        let new = Rewrite::write(path, &snapshot).map_err(failed)?;
        state.journal = Some(Journal::create(path, new, rewrite_past).map_err(failed)?);

        let shared = Shared::new(clock, state);
        let (stop, stopped) = mpsc::channel();
        let kept = Arc::clone(&shared);
        let keeper = std::thread::Builder::new().name("ledger".to_owned()).spawn(move || {
            while stopped.recv_timeout(sync_every) == Err(mpsc::RecvTimeoutError::Timeout) {
                kept.keep();
            }
        });
        let keeper = Some(keeper.map_err(failed)?);
        Ok(Arc::new(Self {
            shared,
            stop: Some(stop),
            keeper,
            _lock: Some(lock),
            path: Some(path.to_owned()),
            store: OnceLock::new(),
        }))
    }

    /// Sets an estimate aside in every one of `budgets` that the call counts in, or in none: all
    /// that is likely, and as much of the way from there to `most` as leaves half of the room to
    /// others. Budgets must differ in name. When this returns, the reservation outlives a crash.
    ///
    /// It waits only for a store that is shared with other replicas, and only if the call does not
    /// fit into what this one has leased.
    ///
    /// # Errors
    /// When a budget has no room for it, or when it could not be recorded.
    pub async fn reserve<B: Borrow<Budget>>(
        self: &Arc<Self>,
        budgets: &[B],
        who: &Subject<'_>,
        estimate: Estimate,
    ) -> Result<Reservation, Denied> {
        let mut patience = Patience::Ask;
        let mut until = None;
        loop {
            let short = match self.attempt(budgets, who, estimate, patience) {
                Err(Denied::Short(short)) => short,
                done => return done,
            };
            let Some(store) = self.store.get() else { return Err(Denied::Unavailable) };
            let until = *until.get_or_insert_with(|| Instant::now() + WAIT_FOR_LEASE);
            let answered = store.answers(short.round, patience == Patience::Ask, until).await;
            patience = match (answered, patience) {
                (true, _) => Patience::Wait,
                (false, Patience::Ask) => return Err(Denied::Unavailable),
                (false, _) => Patience::Over,
            };
        }
    }

    /// [`Ledger::reserve`] within what this replica has leased.
    ///
    /// # Errors
    /// As there, and [`Denied::Short`] where the store must be asked first.
    pub fn try_reserve<B: Borrow<Budget>>(
        self: &Arc<Self>,
        budgets: &[B],
        who: &Subject<'_>,
        estimate: Estimate,
    ) -> Result<Reservation, Denied> {
        self.attempt(budgets, who, estimate, Patience::Ask)
    }

    fn attempt<B: Borrow<Budget>>(
        self: &Arc<Self>,
        budgets: &[B],
        who: &Subject<'_>,
        estimate: Estimate,
        patience: Patience,
    ) -> Result<Reservation, Denied> {
        let now = self.shared.clock.now();
        let budgets: Vec<&Budget> =
            budgets.iter().map(Borrow::borrow).filter(|budget| budget.calls.count(who)).collect();
        let mut state = self.shared.lock();
        let plan = state.book.plan(&budgets, who, estimate, patience, now)?;
        state.enter(plan.entries).map_err(|_| Denied::Unavailable)?;
        plan.watches.into_iter().for_each(|(counter, watch)| state.book.watch(counter, watch));
        state.book.sweep_if_large();
        drop(state);
        self.shared.tell(plan.events);
        let held = estimate.part(plan.quarters);
        Ok(Reservation::new(Arc::clone(self), plan.id, plan.quarters, held))
    }

    /// Records that a reservation ended.
    pub(super) fn close(&self, entry: Entry) {
        let mut state = self.shared.lock();
        state.append_surely(std::slice::from_ref(&entry));
        let ended = state.apply(entry).map(|hold| hold.counters).unwrap_or_default();
        let told = ended.into_iter().flat_map(|counter| state.book.reached(counter));
        let (told, events): (Vec<_>, Vec<_>) = told.unzip();
        if !told.is_empty() {
            state.append_surely(&told);
            state.apply_all(told);
        }
        drop(state);
        self.shared.tell(events);
    }

    /// What the counters of these budgets stand at: one for each limit and each caller, model or
    /// whatever the budget is `per` that has used or is using it in this window, and always one
    /// for a total.
    pub fn balances<B: Borrow<Budget>>(&self, budgets: &[B]) -> Vec<Balance> {
        let now = self.shared.clock.now();
        let state = self.shared.lock();
        let mut balances: Vec<_> =
            budgets.iter().flat_map(|it| state.book.balances(it.borrow(), now)).collect();
        drop(state);
        balances.sort_by(|a, b| (&a.budget, &a.of).cmp(&(&b.budget, &b.of)));
        balances
    }

    /// What one counter of a budget stands at, used or not: one for each limit.
    pub fn balances_at(&self, budget: &Budget, of: &str) -> Vec<Balance> {
        let now = self.shared.clock.now();
        self.shared.lock().book.balances_at(budget, of, now)
    }

    /// Whether other replicas count in the same budgets.
    pub fn is_shared(&self) -> bool {
        self.store.get().is_some()
    }

    /// What the counters stand at that a call counts in: one for each limit of those of `budgets`
    /// that count it.
    pub fn balances_of<B: Borrow<Budget>>(&self, budgets: &[B], who: &Subject<'_>) -> Vec<Balance> {
        let now = self.shared.clock.now();
        let state = self.shared.lock();
        let counting = budgets.iter().map(Borrow::borrow).filter(|it| it.calls.count(who));
        let limits = counting.flat_map(|budget| budget.limits.iter().map(move |it| (budget, it)));
        limits
            .map(|(budget, it)| state.book.balance(budget, it, &budget.per.of(who), now))
            .collect()
    }

    /// What someone should be told about budgets. The first who asks gets it; what is told while
    /// nobody listens or the listener is slow is kept up to a bound, and dropped beyond.
    ///
    /// A threshold is told once for each counter and window, also if the process is started anew
    /// in between, and once in its length for a rolling window. It is looked at when a call ends.
    pub fn take_events(&self) -> Option<mpsc::Receiver<Event>> {
        self.shared.heard.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// How many reservations are open.
    pub fn outstanding(&self) -> usize {
        self.shared.lock().book.outstanding()
    }

    /// How many reservations were charged with their estimates since the ledger was opened,
    /// including those that the last process left open.
    pub fn estimated(&self) -> u64 {
        self.shared.lock().estimated
    }

    /// Whether reservations can be recorded: false from a failed write until one that succeeds.
    pub fn is_writable(&self) -> bool {
        self.shared.lock().journal.as_ref().is_none_or(Journal::is_writable)
    }
}

impl Drop for Ledger {
    fn drop(&mut self) {
        self.leave();
        self.stop = None;
        if let Some(keeper) = self.keeper.take()
            && keeper.join().is_err()
        {
            log::error!("the thread that keeps the ledger had panicked");
        }
        self.shared.keep();
    }
}

impl Shared {
    fn new(clock: impl Clock + 'static, state: State) -> Arc<Self> {
        let (events, heard) = mpsc::sync_channel(EVENTS_KEPT);
        let heard = Mutex::new(Some(heard));
        Arc::new(Self { clock: Box::new(clock), state: Mutex::new(state), events, heard })
    }

    fn tell(&self, events: Vec<Event>) {
        for event in events {
            // Full, or nobody listens any more: no call waits for that.
            let _ = self.events.try_send(event);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing panics under the lock; if something does, the book is still the better one of
        // two evils: without it no call could end.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Makes these entries true, once they are written; none of them if they can't be.
    fn enter(&mut self, entries: Vec<Entry>) -> io::Result<()> {
        if let Some(journal) = &mut self.journal {
            journal.append(&entries)?;
        }
        self.apply_all(entries);
        Ok(())
    }

    /// Writes what has happened already.
    fn append_surely(&mut self, entries: &[Entry]) {
        if let Some(journal) = &mut self.journal {
            journal.append_surely(entries);
        }
    }

    fn apply_all(&mut self, entries: Vec<Entry>) {
        for entry in entries {
            self.apply(entry);
        }
    }

    /// Returns the reservation that this ends, if it does.
    fn apply(&mut self, entry: Entry) -> Option<Hold> {
        self.estimated += u64::from(matches!(entry, Entry::Charge { .. }));
        self.book.apply(entry).unwrap_or_else(|_| {
            log::error!("the ledger met an entry that belongs to no reservation");
            None
        })
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").field("state", &self.state).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
