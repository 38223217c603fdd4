//! What of a book is kept: how a journal begins.

use super::{Book, SWEEP_AT_LEAST};
use crate::budget::{
    amount::Amount,
    entry::{Entry, Memory, VERSION},
};

/// So long after their end grants given at run time are known: longer than any window, for what
/// was used in theirs is taken off when the next one begins.
const REMEMBER_GRANTS: i64 = 400 * 86_400;

impl Book {
    /// Entries that make a new book equal to this one: how a journal begins.
    pub(in crate::budget) fn snapshot(&self) -> impl Iterator<Item = Entry> {
        // In order of birth, so that a key's latest counter comes last and is its current one.
        let mut counters: Vec<_> = self.counters.values().cloned().collect();
        counters.sort_unstable_by_key(|counter| counter.id);
        for counter in &mut counters {
            let account = self.accounts.get(counter.account);
            counter.past = !account.is_some_and(|it| it.counters.contains(&counter.id));
        }
        let memories = self.accounts.all().filter_map(|account| {
            let (used, told) = (account.used.clone(), account.told.clone());
            let memory = Memory { key: account.key.clone(), used, told, keep: account.keep };
            let nothing = memory.used.is_empty() && memory.told.is_empty() && memory.keep == 0;
            (!nothing).then_some(Entry::Account(memory))
        });
        let given = self.top_ups.values().flatten().cloned().map(Entry::Grant);
        let open = self.open.values().cloned().map(Entry::Reserve);
        let parties = self.statement.parties();
        let parties = parties.map(|(id, party)| Entry::Subject { id, party: party.clone() });
        let rows = self.statement.rows().map(|(key, spend)| Entry::Row { key, spend });
        std::iter::once(Entry::Ledger { version: VERSION })
            .chain(parties)
            .chain(rows)
            .chain(given)
            .chain(counters.into_iter().map(Entry::Counter))
            .chain(memories)
            .chain(open)
            .chain(std::iter::once(Entry::Snapshot { time: self.latest }))
    }

    /// Takes in what a snapshot says of an account.
    pub(super) fn recall(&mut self, memory: Memory) {
        let Memory { key, used, told, keep } = memory;
        let id = self.accounts.enter(&key);
        if let Some(account) = self.accounts.get_mut(id) {
            (account.used, account.told, account.keep) = (used, told, keep);
        }
    }

    /// Forgets what no open reservation holds and what makes no difference any more. The work is
    /// in proportion to how many counters came since the last time.
    pub(in crate::budget) fn sweep_if_large(&mut self) {
        if self.counters.len() >= self.sweep_at.max(SWEEP_AT_LEAST) || self.statement.is_large() {
            self.sweep();
            self.sweep_at = self.counters.len().saturating_mul(2);
        }
    }

    pub(in crate::budget) fn sweep(&mut self) {
        let Self { counters, accounts, latest, .. } = self;
        counters.retain(|id, counter| {
            let matters = accounts.get(counter.account).is_some_and(|account| {
                let span = account.key.window.span().unwrap_or(0);
                let counts = *latest < counter.end.saturating_add(span);
                let something = counter.spent != Amount::ZERO || counter.generation > 0;
                something && (counts || *latest < account.keep) && account.counters.contains(id)
            });
            matters || counter.reserved.requests > 0
        });
        accounts.retain(|account| {
            account.counters.retain(|id| counters.contains_key(id));
            let first = account.counters.front().and_then(|id| counters.get(id));
            let since = first.map_or(*latest, |counter| counter.start.min(*latest));
            account.used.retain(|used| since < used.until);
            account.told.retain(|told| *latest < told.until);
            if *latest >= account.keep {
                account.keep = 0;
            }
            !account.counters.is_empty()
                || !account.used.is_empty()
                || !account.told.is_empty()
                || !account.shares.is_empty()
        });
        self.top_ups.retain(|_, given| {
            given.retain(|it| *latest < it.until.saturating_add(REMEMBER_GRANTS));
            !given.is_empty()
        });
        let rows = self.open.values().filter_map(|hold| hold.row);
        self.statement.sweep(self.latest, rows);
    }
}
