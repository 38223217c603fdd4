//! The state behind the ledger: counters and open reservations, without I/O, clock or lock.
//!
//! Everything that changes it is an [`Entry`], at run time and at replay alike, so a journal that
//! is replayed gives the book that wrote it.

mod plan;
mod snapshot;

use std::collections::HashMap;

use super::{
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
