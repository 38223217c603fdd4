//! The ledger, its budgets, and what must be true of them.

use shuttle::sync::atomic::{AtomicI64, Ordering};

use crate::{
    budget::{
        Balance, Budget, Calls, Ceiling, Charge, Clock, Dimension, Estimate, Event, Ledger, Limit,
        Money, OnExceeded, Percent, Quantity, Scope, Spend, UnknownPrice,
    },
    real::{
        collections::HashSet,
        fs,
        os::unix::fs::MetadataExt,
        path::{Path, PathBuf},
        sync::{Arc, Mutex},
        time::Duration,
    },
    seen::{Seen, has_errors, note},
    sync::mpsc::Receiver,
};

/// 2026-11-22, 12:00:30 UTC: half a minute before the next one.
const NOW: i64 = 1_795_348_830;

#[derive(Clone)]
pub struct TestClock(Arc<AtomicI64>);

/// What the provider will bill, as far as those who call know.
#[derive(Clone, Copy, Default)]
pub struct Bill {
    /// Calls that may have been reserved by now.
    pub begun: u64,
    /// Those that were billed and have ended by now; what they cost.
    pub requests: u64,
    pub nanos: u64,
    pub tokens: u64,
    /// Those of them that nobody settled.
    pub estimates: u64,
}

pub struct World {
    pub ledger: Arc<Ledger>,
    pub clock: TestClock,
    pub budgets: Vec<Budget>,
    told: Receiver<Event>,
    /// Nobody holds it over a switch, so it is a plain one.
    bill: Mutex<Bill>,
    directory: tempfile::TempDir,
    /// The file that the ledger began with.
    first: u64,
}

impl World {
    pub fn new() -> Self {
        // In memory, where there is such a place: each schedule syncs some dozen times.
        let memory = Path::new("/dev/shm");
        let directory = if memory.is_dir() { memory.to_owned() } else { real::env::temp_dir() };
        let directory = tempfile::tempdir_in(directory).unwrap();
        let clock = TestClock(Arc::new(AtomicI64::new(NOW)));
        let path = directory.path().join("ledger");
        let ledger = open(&path, &clock);
        let told = ledger.take_events().unwrap();
        let first = fs::metadata(path).unwrap().ino();
        let bill = Mutex::default();
        Self { ledger, clock, budgets: budgets(), told, bill, directory, first }
    }

    fn path(&self) -> PathBuf {
        self.directory.path().join("ledger")
    }

    pub fn bill(&self, change: impl FnOnce(&mut Bill)) -> Bill {
        let mut bill = self.bill.lock().unwrap();
        change(&mut bill);
        *bill
    }

    pub fn top_up(&self, of: &str) {
        let until = NOW + 86_400;
        self.ledger.top_up(&self.budgets[0], of, usd(5), until).unwrap();
    }

    pub fn reset(&self, of: &str) {
        self.ledger.reset(&self.budgets[0], of).unwrap();
    }

    /// No limit is passed. Whether anything is held.
    pub fn check_limits(&self, ledger: &Ledger) -> bool {
        let balances = ledger.balances(&self.budgets);
        for it in &balances {
            let used = it.spent.count() + it.reserved.count();
            assert!(used <= it.limit.count(), "over the limit: {it:?}");
        }
        balances.iter().any(|it| it.reserved.count() > 0)
    }

    /// Whoever opens the journal as it is now knows all that has ended, and charges the rest.
    /// Whether there was a rest.
    pub fn check_crash(&self) -> bool {
        let ended = self.bill(|_| {});
        let copy = self.directory.path().join("copy");
        fs::copy(self.path(), &copy).unwrap();
        let begun = self.bill(|_| {}).begun;
        let ledger = open(&copy, &self.clock);
        let spend = statement(&ledger);
        assert!((ended.requests..=begun).contains(&spend.requests), "{spend:?}");
        assert!(spend.nanos >= ended.nanos && spend.input_tokens >= ended.tokens, "{spend:?}");
        assert_eq!(ledger.outstanding(), 0);
        self.check_limits(&ledger);
        ledger.estimated() > 0
    }

    /// All calls are over: the ledger equals the bill, and so does what it has written.
    pub fn at_the_end(self, alone: bool, seen: &Seen) {
        let bill = self.bill(|_| {});
        let spend = statement(&self.ledger);
        assert_eq!(
            (spend.requests, spend.nanos, spend.input_tokens),
            (bill.requests, bill.nanos, bill.tokens),
            "the statement is the bill"
        );
        assert_eq!((self.ledger.outstanding(), self.ledger.estimated()), (0, bill.estimates));
        assert!(!self.check_limits(&self.ledger), "something is still held");
        let balances = self.ledger.balances(&self.budgets);
        let told: Vec<String> = self.told.try_iter().map(|event| format!("{event:?}")).collect();
        if !told.is_empty() {
            note(&seen.told);
        }
        if alone {
            self.budgets.iter().for_each(|budget| check_sums(budget, &balances, bill));
            let once: HashSet<&String> = told.iter().collect();
            assert_eq!(once.len(), told.len(), "told twice: {told:?}");
        }
        if fs::metadata(self.path()).unwrap().ino() != self.first {
            note(&seen.rewritten);
        }
        let path = self.path();
        let Self { ledger, clock, budgets, directory, .. } = self;
        drop(Arc::into_inner(ledger).unwrap());
        let again = open(&path, &clock);
        assert_eq!(again.balances(&budgets), balances, "replayed");
        assert_eq!((statement(&again), again.estimated()), (spend, 0), "replayed");
        drop((again, directory));
        assert!(!has_errors(), "the ledger has logged what can't be");
    }
}

impl TestClock {
    pub fn pass(&self, seconds: i64) {
        self.0.fetch_add(seconds, Ordering::SeqCst);
    }
}

impl Clock for TestClock {
    fn now(&self) -> i64 {
        self.0.load(Ordering::SeqCst)
    }
}

/// Rewrites its journal whenever that is allowed.
fn open(path: &Path, clock: &TestClock) -> Arc<Ledger> {
    Ledger::open_with(Some(path), clock.clone(), Duration::ZERO, 0).unwrap()
}

fn budgets() -> Vec<Budget> {
    let budget = |name: &str, per, limits: &[(Quantity, &str)]| Budget {
        name: name.to_owned(),
        calls: Calls::default(),
        per,
        limits: limits
            .iter()
            .map(|&(quantity, window)| Limit { quantity, window: window.parse().unwrap() })
            .collect(),
        cached_tokens: true,
        on_exceeded: OnExceeded::Block,
        warn: vec![Percent(50), Percent(90)],
        per_call: Ceiling::default(),
        grants: Vec::new(),
        unknown_price: UnknownPrice::Refuse,
    };
    vec![
        budget(
            "money",
            Scope::each(vec![Dimension::Caller]),
            &[(usd(160), "minute"), (Quantity::Concurrent(2), "always")],
        ),
        budget("tokens", Scope::TOTAL, &[(Quantity::Tokens(200), "rolling 1h")]),
        budget("calls", Scope::TOTAL, &[(Quantity::Requests(8), "hour")]),
    ]
}

fn usd(nanos: u64) -> Quantity {
    Quantity::Usd(Money::from_nanos(nanos))
}

pub fn charge(nanos: u64) -> Charge {
    Charge { cost: Money::from_nanos(nanos), input: nanos, ..Charge::default() }
}

pub fn estimate(likely: u64, most: u64) -> Estimate {
    Estimate { likely: charge(likely), most: charge(most) }
}

/// What is charged to all counters of a budget together is the bill.
fn check_sums(budget: &Budget, balances: &[Balance], bill: Bill) {
    for Limit { quantity, window } in &budget.limits {
        let same = |it: &&Balance| {
            (&it.budget, &it.window, it.limit.unit()) == (&budget.name, window, quantity.unit())
        };
        let spent: u64 = balances.iter().filter(same).map(|it| it.spent.count()).sum();
        let billed = match quantity {
            Quantity::Usd(_) => bill.nanos,
            Quantity::Concurrent(_) => 0,
            Quantity::Requests(_) => bill.requests,
            _ => bill.tokens,
        };
        assert_eq!(spent, billed, "{}, {quantity} a {window}", budget.name);
    }
}

/// All that was ever charged.
fn statement(ledger: &Ledger) -> Spend {
    let mut sum = Spend::default();
    for row in ledger.statement("2026-01-01", "2026-12-31") {
        sum.requests += row.spend.requests;
        sum.nanos += row.spend.nanos;
        sum.estimated_nanos += row.spend.estimated_nanos;
        sum.input_tokens += row.spend.input_tokens;
    }
    sum
}
