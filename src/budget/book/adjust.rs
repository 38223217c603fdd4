//! What people change by hand.

use super::Book;
use crate::budget::{
    Budget, Window,
    entry::{Counter, CounterId, Entry},
};

impl Book {
    /// The entries that begin the counters of a value anew, with nothing spent. Those that count
    /// only what is under way need none, nor those that are not begun, if no other replica can
    /// have begun them.
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
            let counts = account.is_some_and(|it| self.counting(it, self.latest).next().is_some());
            if (counts || self.sharing.is_some()) && !entries.iter().any(known) {
                let id = CounterId(self.last_counter + 1 + entries.len() as u64);
                let key = budget.key(window, value);
                // Greater than others', too, of which this replica may not have heard.
                let now = u64::try_from(self.latest).unwrap_or(0);
                let generation = account.map_or(0, |it| it.generation + 1).max(now);
                entries.push(Entry::Counter(Counter::new(id, key, self.latest, generation)));
            }
        }
        entries
    }
}
