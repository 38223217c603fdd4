//! The state behind the ledger: counters and open reservations, without I/O, clock or lock.
//!
//! Everything that changes it is an [`Entry`], at run time and at replay alike, so a journal that
//! is replayed gives the book that wrote it. (What is to be watched is told anew by each call.)

mod account;
mod adjust;
mod balances;
mod grants;
mod id_map;
mod plan;
mod share;
mod snapshot;
mod stand;
mod watch;

use std::collections::HashMap;

use super::{
    Window,
    amount::Amount,
    entry::{Counter, CounterId, Entry, Hold, OLDEST, ReservationId, TopUp, VERSION},
    statement::{Spend, Statement},
};
pub(super) use account::AccountId;
use account::Accounts;
use id_map::IdMap;
use share::Sharing;
pub(super) use share::{Patience, Slip};

/// Below so many counters nobody looks for old ones.
const SWEEP_AT_LEAST: usize = 1024;

/// Counters and open reservations.
#[derive(Debug, Default)]
pub(super) struct Book {
    accounts: Accounts,
    /// Those that count, and older ones that open reservations still hold.
    counters: IdMap<CounterId, Counter>,
    open: IdMap<ReservationId, Hold>,
    statement: Statement,
    /// Grants given at run time, by budget.
    top_ups: HashMap<String, Vec<TopUp>>,
    /// The latest time seen. Time never goes back here, so no window does.
    latest: i64,
    last_counter: u64,
    last_reservation: u64,
    sweep_at: usize,
    /// `None` if this replica is alone.
    sharing: Option<Sharing>,
}

/// An entry that speaks of what was never entered: it cannot belong to this book.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Orphan;

impl Book {
    /// Takes note of the time, unless it went back.
    pub(super) fn observe(&mut self, now: i64) {
        self.latest = self.latest.max(now);
    }

    /// Makes what an entry says true. If it ends a reservation, that is returned.
    pub(super) fn apply(&mut self, entry: Entry) -> Result<Option<Hold>, Orphan> {
        match entry {
            Entry::Ledger { version } if (OLDEST..=VERSION).contains(&version) => {}
            Entry::Ledger { .. } => return Err(Orphan),
            Entry::Snapshot { time } => self.observe(time),
            Entry::Counter(counter) => {
                self.observe(counter.start);
                self.enter(counter);
            }
            Entry::Subject { id, party } => self.statement.know(id, party),
            Entry::Row { key, spend } => self.statement.recall(key, spend).ok_or(Orphan)?,
            Entry::Reserve(hold) => self.open(hold)?,
            Entry::Settle { id, charge } => {
                let hold = self.close(id)?;
                self.charge(&hold, charge, false);
                return Ok(Some(hold));
            }
            Entry::Charge { id, charge } => {
                let hold = self.close(id)?;
                self.charge(&hold, charge.unwrap_or(hold.estimate), true);
                return Ok(Some(hold));
            }
            Entry::Release { id } => return self.close(id).map(Some),
            Entry::Grant(top_up) => self.give(top_up),
            Entry::Take { counter, quantity, until } => {
                self.pay(counter, quantity, until).ok_or(Orphan)?;
            }
            Entry::Keep { counter, until } => self.keep(counter, until).ok_or(Orphan)?,
            Entry::Told { counter, told } => self.note(counter, told).ok_or(Orphan)?,
            Entry::Account(memory) => self.recall(memory),
        }
        Ok(None)
    }

    /// The entries that charge every open reservation with its estimate.
    pub(super) fn abandon(&self) -> Vec<Entry> {
        self.open.keys().map(|&id| Entry::Charge { id, charge: None }).collect()
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
    pub(super) fn counters(&self) -> impl Iterator<Item = &Counter> {
        self.counters.values()
    }

    fn open(&mut self, hold: Hold) -> Result<(), Orphan> {
        if !hold.row.is_none_or(|row| self.statement.knows(row)) {
            return Err(Orphan);
        }
        for id in &hold.counters {
            let counter = self.counters.get_mut(id).ok_or(Orphan)?;
            counter.reserved = counter.reserved.plus(hold.estimate);
            if let Some(sharing) = &mut self.sharing {
                sharing.touch(counter.account);
            }
        }
        self.last_reservation = self.last_reservation.max(hold.id.0);
        self.open.insert(hold.id, hold);
        Ok(())
    }

    fn close(&mut self, id: ReservationId) -> Result<Hold, Orphan> {
        let hold = self.open.remove(&id).ok_or(Orphan)?;
        for id in &hold.counters {
            let counter = self.counters.get_mut(id).ok_or(Orphan)?;
            counter.reserved = counter.reserved.minus(hold.estimate);
            if let Some(sharing) = &mut self.sharing {
                sharing.touch(counter.account);
            }
        }
        Ok(hold)
    }

    fn charge(&mut self, hold: &Hold, charge: Amount, estimated: bool) {
        if let Some(row) = hold.row {
            self.statement.add(row, Spend::of(charge, estimated));
        }
        for id in &hold.counters {
            // What never begins anew counts what is under way, and keeps nothing of it.
            let counter = self.counters.get_mut(id).filter(|it| it.key.window != Window::Always);
            if let Some(counter) = counter {
                counter.spent = counter.spent.plus(charge);
            }
        }
    }
}
