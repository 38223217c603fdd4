//! Sharing with other replicas: what the ledger has for the keeper of a store.

use std::{borrow::Borrow, sync::Arc, time::Instant};

use super::{Ledger, Shared};
use crate::budget::{
    Budget, SpendRow,
    book::Slip,
    lease::{Lease, Report},
    shared::{Accounts, Store, StoreStatus},
    store::StoreSettings,
};

impl Ledger {
    /// From now on all budgets are shared with the other replicas that use this store: a call may
    /// use what this replica has leased of them. What was spent so far is told to the others, in
    /// the counters of `budgets`; so a ledger that was used alone carries its balances over.
    ///
    /// The replica is the same one as before if it has the same journal. Starts a thread that
    /// lives until [`Ledger::leave`]; and waits a moment for the store, but does not fail without.
    ///
    /// # Errors
    /// In words, when the settings can't be used, or when it is shared already.
    pub fn share<B: Borrow<Budget>>(
        &self,
        settings: &StoreSettings,
        budgets: &[B],
    ) -> Result<(), String> {
        let now = self.shared.clock.now();
        self.shared.lock().book.share(budgets, settings.outage, now);
        let accounts: Arc<dyn Accounts> = Arc::clone(&self.shared) as _;
        let store = Store::open(settings, self.path.as_deref(), accounts)?;
        self.store.set(store).map_err(|_| "the ledger is shared already".to_owned())
    }

    /// [`Ledger::statement`] of all replicas, as far as they have told it: they do so every five
    /// seconds, and when they end. Of a ledger that is not shared it is its own. `None` if the
    /// store can't be read.
    pub async fn shared_statement(&self, from: &str, to: &str) -> Option<Vec<SpendRow>> {
        match self.store.get() {
            Some(store) => store.statement(from, to).await,
            None => Some(self.statement(from, to)),
        }
    }

    /// How the store is that this ledger is shared through, if it is.
    pub fn store_status(&self) -> Option<StoreStatus> {
        let passed = self.shared.lock().book.passed_in_outage();
        self.store.get().map(|store| store.status(passed))
    }

    /// Gives back what this replica has leased and will not use, and ends the connection. To be
    /// called when no call is made any more; what is still under way settles in the journal, and
    /// the others hear of it when this replica is started again.
    pub fn leave(&self) {
        if let Some(store) = self.store.get() {
            store.close();
        }
    }
}

impl Accounts for Shared {
    fn reports(&self) -> Vec<(Slip, Report)> {
        let now = self.clock.now();
        self.lock().book.reports(now, Instant::now())
    }

    fn leased(&self, leases: Vec<(Slip, Lease)>, asked: Instant) {
        let mut state = self.lock();
        for (slip, lease) in leases {
            let Some(reset) = state.book.leased(slip, lease, asked) else { continue };
            state.append_surely(std::slice::from_ref(&reset));
            state.apply(reset);
        }
    }

    fn unanswered(&self, slips: &[Slip]) {
        self.lock().book.unanswered(slips.iter().copied());
    }

    fn set_reachable(&self, reachable: bool) {
        self.lock().book.set_reachable(reachable);
    }

    fn retell(&self) {
        self.lock().book.retell();
    }

    fn review(&self) {
        let now = self.clock.now();
        self.lock().book.review(now, Instant::now());
    }

    fn rows(&self, from: &str, to: &str) -> Vec<SpendRow> {
        self.statement(from, to)
    }

    fn give_back(&self) {
        self.lock().book.give_back();
    }
}
