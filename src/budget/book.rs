//! The state behind the ledger: counters and open reservations, without I/O, clock or lock.
//!
//! Everything that changes it is an [`Entry`], at run time and at replay alike, so a journal that
//! is replayed gives the book that wrote it.

use std::{borrow::Borrow, collections::HashMap, time::Duration};

use super::{
    Budget, Denied, Limit, Subject,
    amount::Amount,
    entry::{Counter, CounterId, Entry, Hold, Key, ReservationId, VERSION},
    statement::{Spend, Statement},
};

/// Below so many counters nobody looks for old ones.
const SWEEP_AT_LEAST: usize = 1024;

/// Counters and open reservations.
#[derive(Debug, Default)]
pub(super) struct Book {
    /// Current counters, and older ones that open reservations still hold.
    counters: HashMap<CounterId, Counter>,
    /// The counter of each key's latest window.
    current: HashMap<Key, CounterId>,
    open: HashMap<ReservationId, Hold>,
    statement: Statement,
    /// The latest time seen. Time never goes back here, so no window does.
    latest: i64,
    last_counter: u64,
    last_reservation: u64,
    sweep_at: usize,
}

/// An entry that speaks of what was never entered: it cannot belong to this book.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Orphan;

impl Book {
    /// The entries that would hold `estimate` in the current counter of every budget, the
    /// reservation's own being the last; or why one of them does not allow it.
    pub(super) fn plan<B: Borrow<Budget>>(
        &mut self,
        budgets: &[B],
        who: &Subject<'_>,
        estimate: Amount,
        now: i64,
    ) -> Result<(ReservationId, Vec<Entry>), Denied> {
        self.observe(now);
        let mut entries = Vec::with_capacity(budgets.len() + 1);
        let mut counters = Vec::with_capacity(budgets.len());
        let mut last_counter = self.last_counter;
        for budget in budgets.iter().map(Borrow::borrow) {
            for limit in &budget.limits {
                let key = budget.key(limit, &budget.per.of(who));
                match self.running(&key) {
                    Some(counter) => {
                        fits(budget, limit, counter, estimate, now)?;
                        counters.push(counter.id);
                    }
                    None => {
                        last_counter += 1;
                        let (start, end) = limit.window.bounds(self.latest);
                        let id = CounterId(last_counter);
                        let (spent, reserved) = (Amount::ZERO, Amount::ZERO);
                        let counter = Counter { id, key, start, end, spent, reserved };
                        fits(budget, limit, &counter, estimate, now)?;
                        counters.push(id);
                        entries.push(Entry::Counter(counter));
                    }
                }
            }
        }
        let id = ReservationId(self.last_reservation + 1);
        let (row, party) = self.statement.plan(who, self.latest);
        entries.extend(party.map(|(id, party)| Entry::Subject { id, party }));
        entries.push(Entry::Reserve(Hold { id, counters, estimate, row: Some(row) }));
        Ok((id, entries))
    }

    /// Takes note of the time, unless it went back.
    pub(super) fn observe(&mut self, now: i64) {
        self.latest = self.latest.max(now);
    }

    /// Makes what an entry says true.
    pub(super) fn apply(&mut self, entry: Entry) -> Result<(), Orphan> {
        match entry {
            Entry::Ledger { version } if version == VERSION => {}
            Entry::Ledger { .. } => return Err(Orphan),
            Entry::Snapshot { time } => self.observe(time),
            Entry::Counter(counter) => {
                self.observe(counter.start);
                self.last_counter = self.last_counter.max(counter.id.0);
                self.current.insert(counter.key.clone(), counter.id);
                self.counters.insert(counter.id, counter);
            }
            Entry::Subject { id, party } => self.statement.know(id, party),
            Entry::Row { key, spend } => {
                self.statement.knows(key).then_some(()).ok_or(Orphan)?;
                self.statement.add(key, spend);
            }
            Entry::Reserve(hold) => {
                if !hold.row.is_none_or(|row| self.statement.knows(row)) {
                    return Err(Orphan);
                }
                for id in &hold.counters {
                    let counter = self.counters.get_mut(id).ok_or(Orphan)?;
                    counter.reserved = counter.reserved.plus(hold.estimate);
                }
                self.last_reservation = self.last_reservation.max(hold.id.0);
                self.open.insert(hold.id, hold);
            }
            Entry::Settle { id, charge } => {
                let hold = self.close(id)?;
                self.charge(&hold, charge, false);
            }
            Entry::Charge { id } => {
                let hold = self.close(id)?;
                self.charge(&hold, hold.estimate, true);
            }
            Entry::Release { id } => {
                self.close(id)?;
            }
        }
        Ok(())
    }

    /// The entries that charge every open reservation with its estimate.
    pub(super) fn abandon(&self) -> Vec<Entry> {
        self.open.keys().map(|&id| Entry::Charge { id }).collect()
    }

    /// Entries that make a new book equal to this one: how a journal begins.
    pub(super) fn snapshot(&self) -> impl Iterator<Item = Entry> {
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
    pub(super) fn sweep_if_large(&mut self) {
        if self.counters.len() >= self.sweep_at.max(SWEEP_AT_LEAST) || self.statement.is_large() {
            self.sweep();
            self.sweep_at = self.counters.len().saturating_mul(2);
        }
    }

    pub(super) fn sweep(&mut self) {
        let latest = self.latest;
        self.counters.retain(|_, counter| {
            let counts = counter.end > latest && counter.spent != Amount::ZERO;
            counts || counter.reserved.requests > 0
        });
        self.current.retain(|_, id| self.counters.contains_key(id));
        self.statement.sweep(latest, self.open.values().filter_map(|hold| hold.row));
    }

    /// The counters whose window is not over at `now`.
    pub(super) fn running_at(&self, now: i64) -> impl Iterator<Item = &Counter> {
        let latest = self.latest.max(now);
        let current = self.current.values().filter_map(|id| self.counters.get(id));
        current.filter(move |counter| latest < counter.end)
    }

    pub(super) fn statement(&self) -> &Statement {
        &self.statement
    }

    pub(super) fn outstanding(&self) -> usize {
        self.open.len()
    }

    pub(super) fn latest(&self) -> i64 {
        self.latest
    }

    #[cfg(test)]
    pub(super) fn counters(&self) -> usize {
        self.counters.len()
    }

    fn running(&self, key: &Key) -> Option<&Counter> {
        let counter = self.current.get(key).and_then(|id| self.counters.get(id))?;
        (self.latest < counter.end).then_some(counter)
    }

    fn close(&mut self, id: ReservationId) -> Result<Hold, Orphan> {
        let hold = self.open.remove(&id).ok_or(Orphan)?;
        for id in &hold.counters {
            let counter = self.counters.get_mut(id).ok_or(Orphan)?;
            counter.reserved = counter.reserved.minus(hold.estimate);
        }
        Ok(hold)
    }

    fn charge(&mut self, hold: &Hold, charge: Amount, estimated: bool) {
        if let Some(row) = hold.row {
            self.statement.add(row, Spend::of(charge, estimated));
        }
        for id in &hold.counters {
            if let Some(counter) = self.counters.get_mut(id) {
                counter.spent = counter.spent.plus(charge);
            }
        }
    }
}

impl Budget {
    fn key(&self, limit: &Limit, value: &str) -> Key {
        let (scope, window) = (self.per.clone(), limit.window.clone());
        Key { budget: self.name.clone(), scope, value: value.to_owned(), window }
    }
}

fn fits(
    budget: &Budget,
    limit: &Limit,
    counter: &Counter,
    estimate: Amount,
    now: i64,
) -> Result<(), Denied> {
    let held = counter.reserved.plus(estimate).plus(counter.spent);
    let limit = limit.quantity;
    let count = |amount: Amount| amount.in_unit_of(limit, budget.cached_tokens);
    if count(held).count() <= limit.count() {
        return Ok(());
    }
    let left = u64::try_from(counter.end.saturating_sub(now)).unwrap_or(0);
    Err(Denied::Exceeded {
        budget: budget.name.clone(),
        limit,
        spent: count(counter.spent),
        reserved: count(counter.reserved),
        retry_after: Duration::from_secs(left),
    })
}
