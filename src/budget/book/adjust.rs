//! What people change by hand.

use super::Book;
use crate::budget::{
    Budget, Window,
    entry::{Counter, CounterId, Entry},
};

impl Book {
    /// The entries that begin the counters of a value anew, with nothing spent. Those that are
    /// not begun, or count only what is under way, need none.
    pub(in crate::budget) fn plan_reset(
        &mut self,
        budget: &Budget,
        value: &str,
        now: i64,
    ) -> Vec<Entry> {
        self.observe(now);
        let windows = budget.limits.iter().map(|limit| &limit.window);
        let mut entries: Vec<Entry> = Vec::new();
        for window in windows.filter(|window| **window != Window::Always) {
            let known =
                |entry: &Entry| matches!(entry, Entry::Counter(it) if it.key.window == *window);
            let account = self.accounts.find(budget, window, value);
            let counts = account.filter(|it| self.counting(it, self.latest).next().is_some());
            if let Some(account) = counts.filter(|_| !entries.iter().any(known)) {
                let id = CounterId(self.last_counter + 1 + entries.len() as u64);
                let key = budget.key(window, value);
                let new = Counter::new(id, key, self.latest, account.generation + 1);
                entries.push(Entry::Counter(new));
            }
        }
        entries
    }
}
