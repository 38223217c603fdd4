//! What of a book is kept: how a journal begins.

use super::{Book, SWEEP_AT_LEAST};
use crate::budget::{
    amount::Amount,
    entry::{Entry, VERSION},
};

impl Book {
    /// Entries that make a new book equal to this one: how a journal begins.
    pub(in crate::budget) fn snapshot(&self) -> impl Iterator<Item = Entry> {
        // In order of birth, so that a key's latest counter comes last and is its current one.
        let mut counters: Vec<_> = self.counters.values().collect();
        counters.sort_unstable_by_key(|counter| counter.id);
        let counters: Vec<_> = counters.into_iter().cloned().map(Entry::Counter).collect();
        let open = self.open.values().cloned().map(Entry::Reserve);
        let parties = self.statement.parties();
        let parties = parties.map(|(id, party)| Entry::Subject { id, party: party.clone() });
        let rows = self.statement.rows().map(|(key, spend)| Entry::Row { key, spend });
        std::iter::once(Entry::Ledger { version: VERSION })
            .chain(parties)
            .chain(rows)
            .chain(counters)
            .chain(open)
            .chain(std::iter::once(Entry::Snapshot { time: self.latest }))
    }

    /// Forgets counters that no open reservation holds and whose window is over, or that nothing
    /// was spent on. The work is in proportion to how many counters came since the last time.
    pub(in crate::budget) fn sweep_if_large(&mut self) {
        if self.counters.len() >= self.sweep_at.max(SWEEP_AT_LEAST) || self.statement.is_large() {
            self.sweep();
            self.sweep_at = self.counters.len().saturating_mul(2);
        }
    }

    pub(in crate::budget) fn sweep(&mut self) {
        let latest = self.latest;
        self.counters.retain(|_, counter| {
            let counts = counter.end > latest && counter.spent != Amount::ZERO;
            counts || counter.reserved.requests > 0
        });
        self.current.retain(|_, id| self.counters.contains_key(id));
        self.statement.sweep(latest, self.open.values().filter_map(|hold| hold.row));
    }
}
