//! What of an account this replica may use, where others share it. The rules are in
//! [`crate::budget::lease`].

mod ask;
mod pace;
mod round;

use std::{
    borrow::Borrow,
    collections::HashSet,
    time::{Duration, Instant},
};

use super::{AccountId, Book, account::Account, stand::Stand};
use crate::budget::{Budget, Limit, Scope, Window, entry::Counter, lease::Lease, store::Outage};
pub(super) use ask::Ask;
use ask::Terms;
use pace::Pace;
pub(in crate::budget) use round::Slip;

/// What was heard of others is believed for so long when a call is refused.
const FRESH: Duration = Duration::from_millis(500);

/// How far a call goes to be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::budget) enum Patience {
    /// Rather than hold less than it can use at most, it asks for a larger lease.
    Ask,
    /// It asked. If not even what is likely fits, others may give something back.
    Wait,
    /// It has waited for that.
    Over,
}

/// What is true of all shares.
#[derive(Debug)]
pub(in crate::budget) struct Sharing {
    /// What holds while the store can't be reached.
    outage: Outage,
    reachable: bool,
    /// Whether it could not be reached at some time since the start.
    was_away: bool,
    /// Accounts that have changed since they were reported.
    dirty: HashSet<AccountId>,
    /// How many rounds of reports have begun.
    round: u64,
    /// How many calls an open outage let pass beyond what was leased.
    passed: u64,
}

/// One limit of an account that replicas share, in one window.
#[derive(Debug)]
pub(in crate::budget) struct Share {
    terms: Terms,
    /// The window's first second; 0 for one that rolls or never ends.
    start: i64,
    /// What this replica may reach.
    leased: u64,
    /// What the store last answered.
    lease: Option<Lease>,
    /// When that was asked.
    heard: Option<Instant>,
    /// When this was last reported, and what was used then.
    reported: Option<Instant>,
    used: u64,
    /// The store has lost what it knew.
    retell: bool,
    /// What calls wait for: likely and most.
    waiting: (u64, u64),
    /// What was used beyond the lease in this window, while the store could not be reached.
    beyond: u64,
    pace: Pace,
}

/// What of a limit is this replica's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Room {
    /// What its calls may come to.
    pub(super) reach: u64,
    /// What it has leased; less than its reach while an outage is open.
    pub(super) leased: u64,
    /// What the others have charged.
    pub(super) others_spent: u64,
    /// What they hold for calls under way.
    pub(super) others_reserved: u64,
    /// When they said so.
    heard: Option<Instant>,
}

impl Sharing {
    pub(in crate::budget) fn new(outage: Outage) -> Self {
        let dirty = HashSet::new();
        Self { outage, reachable: true, was_away: false, dirty, round: 0, passed: 0 }
    }

    /// Something changed in an account.
    pub(super) fn touch(&mut self, account: AccountId) {
        self.dirty.insert(account);
    }
}

impl Room {
    /// Whether so much would fit if all others gave back what they don't use. What was heard too
    /// long ago does not count.
    pub(super) fn may_fit(&self, stand: &Stand<'_>, count: u64) -> bool {
        let is_fresh = self.heard.is_some_and(|heard| heard.elapsed() < FRESH);
        let others = self.others_spent.saturating_add(self.others_reserved);
        let others = if is_fresh { others } else { 0 };
        let sum = stand.spent.saturating_add(stand.reserved).saturating_add(count);
        // Nobody has heard yet of what may have been granted.
        self.heard.is_none() || sum.saturating_add(others) <= stand.limit
    }
}

impl Book {
    /// From now on accounts are shared with other replicas: all that have counters, and those of
    /// totals.
    pub(in crate::budget) fn share<B: Borrow<Budget>>(
        &mut self,
        budgets: &[B],
        outage: Outage,
        now: i64,
    ) {
        self.observe(now);
        self.sharing = Some(Sharing::new(outage));
        for budget in budgets.iter().map(Borrow::borrow) {
            for limit in &budget.limits {
                let known = self.accounts.of(&budget.name).filter(|account| {
                    account.key.scope == budget.per && account.key.window == limit.window
                });
                let total = (budget.per == Scope::TOTAL).then(String::new);
                let values: HashSet<String> =
                    known.map(|account| account.key.value.clone()).chain(total).collect();
                for value in values {
                    let ask = self.ask(budget, limit, &value, (0, 0));
                    self.offer(ask);
                }
            }
        }
    }

    /// How a limit stands that others share.
    pub(super) fn shared_stand<'a>(&self, mut stand: Stand<'a>, limit: &Limit) -> Stand<'a> {
        let Some(sharing) = &self.sharing else { return stand };
        let start = self.share_start(&limit.window, stand.counter);
        let share = stand.account.and_then(|account| account.share(limit.quantity.unit(), start));
        let (leased, beyond) = share.map_or((0, 0), |share| (share.leased, share.beyond));
        let lease = share.and_then(|share| share.lease.as_ref());
        if let Some(lease) = lease {
            stand.limit = lease.limit;
        }
        let allowance = match sharing.outage {
            Outage::Open(percent) if !sharing.reachable => {
                let part = u128::from(limit.quantity.count()) * u128::from(percent.0) / 100;
                u64::try_from(part).unwrap_or(u64::MAX)
            }
            _ => 0,
        };
        let (spent, used) =
            (lease.map_or(0, Lease::others_spent), lease.map_or(0, Lease::others_used));
        stand.room = Some(Room {
            leased,
            reach: leased.saturating_add(allowance.saturating_sub(beyond)),
            others_spent: spent,
            others_reserved: used.saturating_sub(spent),
            heard: share.and_then(|share| share.heard),
        });
        stand
    }

    /// What the others have charged on an account in this unit.
    pub(super) fn others_spent(&self, account: &Account, unit: &'static str) -> u64 {
        let newest = account.shares.iter().filter(|share| share.terms.limit.unit() == unit);
        let newest = newest.max_by_key(|share| share.start);
        newest.and_then(|share| share.lease.as_ref()).map_or(0, Lease::others_spent)
    }

    /// How far a call may go: there is no use in asking for more than it can't do without while
    /// nobody answers.
    pub(super) fn patience(&self, patience: Patience) -> Patience {
        let hopeless = self.sharing.as_ref().is_some_and(|sharing| !sharing.reachable);
        if hopeless && patience == Patience::Ask { Patience::Wait } else { patience }
    }

    /// The next round of reports, if there is someone to report to.
    pub(super) fn next_round(&self) -> Option<u64> {
        let sharing = self.sharing.as_ref().filter(|sharing| sharing.reachable)?;
        Some(sharing.round + 1)
    }

    /// A call passes beyond what is leased.
    pub(super) fn pass(&mut self) {
        if let Some(sharing) = &mut self.sharing {
            sharing.passed += 1;
        }
    }

    /// How many calls an open outage let pass beyond what was leased.
    pub(in crate::budget) fn passed_in_outage(&self) -> u64 {
        self.sharing.as_ref().map_or(0, |sharing| sharing.passed)
    }

    /// By which reset an account was begun in the window that counts now.
    fn generation(&self, account: &Account) -> u64 {
        let counts = account.key.window.span().is_some()
            || self.counting(account, self.latest).next().is_some();
        if counts { account.generation } else { 0 }
    }

    fn share_start(&self, window: &Window, counter: Option<&Counter>) -> i64 {
        match counter {
            _ if window.span().is_some() || *window == Window::Always => 0,
            Some(counter) => counter.start,
            None => window.bounds(self.latest).0,
        }
    }
}

impl Account {
    fn share(&self, unit: &str, start: i64) -> Option<&Share> {
        self.shares.iter().find(|it| it.terms.limit.unit() == unit && it.start == start)
    }

    fn share_mut(&mut self, unit: &str, start: i64) -> Option<&mut Share> {
        self.shares.iter_mut().find(|it| it.terms.limit.unit() == unit && it.start == start)
    }
}

impl Share {
    fn new(terms: Terms, start: i64) -> Self {
        Self {
            terms,
            start,
            leased: 0,
            lease: None,
            heard: None,
            reported: None,
            used: 0,
            retell: false,
            waiting: (0, 0),
            beyond: 0,
            pace: Pace::default(),
        }
    }
}
