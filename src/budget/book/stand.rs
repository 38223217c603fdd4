//! How one limit stands.

use super::{Book, account::Account, grants, share::Room};
use crate::budget::{
    Budget, Limit, Quantity,
    amount::Amount,
    entry::{Counter, CounterId, Used},
};

/// How one limit of a budget stands for one value, in the limit's unit.
#[derive(Debug)]
pub(super) struct Stand<'a> {
    /// Absent as long as nobody has called.
    pub(super) account: Option<&'a Account>,
    /// The counter that a call would go to; absent when a window has yet to begin.
    pub(super) counter: Option<&'a Counter>,
    /// What was charged in this window.
    pub(super) spent: u64,
    /// What calls under way hold.
    pub(super) reserved: u64,
    /// What both may come to: grants included, those too that paid for a part of `spent` already.
    pub(super) limit: u64,
    /// What is taken off grants as the next window begins.
    pub(super) take: Vec<Used>,
    /// Until when grants have a part in this.
    pub(super) granted_until: i64,
    /// What of it is this replica's, if others share it.
    pub(super) room: Option<Room>,
}

impl Stand<'_> {
    /// Whether so much more fits into what this replica may use.
    pub(super) fn fits(&self, count: u64) -> bool {
        let sum = self.spent.checked_add(self.reserved).and_then(|sum| sum.checked_add(count));
        let reach = self.room.map_or(self.limit, |room| room.reach.min(self.limit));
        sum.is_some_and(|sum| sum <= reach)
    }

    /// Whether so much more passes the limit, whatever of it is this replica's.
    pub(super) fn is_passed_by(&self, count: u64) -> bool {
        let used = self.all_spent().saturating_add(self.all_reserved());
        used.saturating_add(count) > self.limit
    }

    /// Whether so much more may fit if a larger part of the limit is leased.
    pub(super) fn may_fit(&self, count: u64) -> bool {
        self.room.is_some_and(|room| room.may_fit(self, count))
    }

    /// What was charged here and by all others.
    pub(super) fn all_spent(&self) -> u64 {
        self.spent.saturating_add(self.room.map_or(0, |room| room.others_spent))
    }

    /// What calls under way hold here and elsewhere.
    pub(super) fn all_reserved(&self) -> u64 {
        self.reserved.saturating_add(self.room.map_or(0, |room| room.others_reserved))
    }

    /// What neither was charged nor is held, here and elsewhere.
    pub(super) fn left(&self) -> u64 {
        self.limit.saturating_sub(self.all_spent()).saturating_sub(self.all_reserved())
    }

    /// The counter of the last window, or of the last slice.
    pub(super) fn last(&self) -> Option<CounterId> {
        self.account.and_then(|account| account.counters.back()).copied()
    }
}

/// Sums over some counters, in one unit.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Sums {
    pub(super) spent: u64,
    pub(super) reserved: u64,
    pub(super) granted: u64,
}

impl Sums {
    /// What is used and not paid by grants.
    const fn unpaid(self) -> u64 {
        self.spent.saturating_add(self.reserved).saturating_sub(self.granted)
    }
}

impl Book {
    /// How a limit stands for a value at `now`, which is not before the latest time seen.
    pub(super) fn stand<'a>(
        &'a self,
        budget: &Budget,
        limit: &Limit,
        value: &str,
        now: i64,
    ) -> Stand<'a> {
        let (unit, ceiling) = (limit.quantity, limit.quantity.count());
        let account = self.accounts.find(budget, &limit.window, value);
        let sums = |at| match account {
            Some(account) => self.sums(account, unit, budget.cached_tokens, at),
            None => Sums::default(),
        };
        let last = account.and_then(|account| account.counters.back());
        let last = last.and_then(|id| self.counters.get(id));
        let counter = last.filter(|counter| now < counter.end);
        let Sums { spent, reserved, mut granted } = sums(now);

        // Grants that were good when the last window began may have to pay for it.
        let since = last.map_or(now, |counter| counter.start);
        let mut pools = self.pools(budget, unit, value, account, since);
        let granted_until = pools.last().map_or(0, |pool| pool.until);
        let mut take = Vec::new();
        if counter.is_none() && !pools.is_empty() {
            take = grants::take(&mut pools, unit, sums(since).unpaid().saturating_sub(ceiling));
            // If the window rolls, what they pay is still in the sums.
            let span = limit.window.span().unwrap_or(0);
            if last.is_some_and(|counter| now < counter.end.saturating_add(span)) {
                let paid = take.iter().map(|part| part.quantity.count());
                granted = paid.fold(granted, u64::saturating_add);
            }
        }
        let left = pools.iter().filter(|pool| now < pool.until).map(|pool| pool.left);
        let alone = Stand {
            account,
            counter,
            spent,
            reserved,
            limit: left.fold(ceiling.saturating_add(granted), u64::saturating_add),
            take,
            granted_until,
            room: None,
        };
        self.shared_stand(alone, limit)
    }

    /// What the counters of an account that count at `now` come to.
    pub(super) fn sums(&self, account: &Account, unit: Quantity, cached: bool, now: i64) -> Sums {
        let count = |amount: Amount| amount.in_unit_of(unit, cached).count();
        self.counting(account, now).fold(Sums::default(), |sums, counter| Sums {
            spent: sums.spent.saturating_add(count(counter.spent)),
            reserved: sums.reserved.saturating_add(count(counter.reserved)),
            granted: sums.granted.saturating_add(counter.granted(unit)),
        })
    }
}
