//! What limits are raised by.
//!
//! Grants of one unit that end at the same second are one pool. What a window used beyond its
//! limit is taken off the pools when the next one begins, and not before: until then a call that
//! settles for less than it held gives the rest back. What is still held then counts as used. In a
//! rolling window that is so at each slice, and what grants have paid of one is not counted again
//! while it is within the window.

use super::{Book, account::Account};
use crate::budget::{
    Budget, Grant, Quantity,
    entry::{CounterId, TopUp, Used},
};

/// What is left of the grants that end together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Pool {
    pub(super) until: i64,
    pub(super) left: u64,
}

/// Takes so much off the pools, the first to end first.
pub(super) fn take(pools: &mut [Pool], unit: Quantity, mut beyond: u64) -> Vec<Used> {
    let mut taken = Vec::new();
    for pool in pools {
        let part = pool.left.min(beyond);
        if part > 0 {
            pool.left -= part;
            beyond -= part;
            taken.push(Used { quantity: unit.with(part), until: pool.until });
        }
    }
    taken
}

/// What the configuration grants a counter in this unit.
pub(super) fn declared<'a>(
    budget: &'a Budget,
    unit: Quantity,
    value: &str,
) -> impl Iterator<Item = &'a Grant> {
    budget.grants.iter().filter(move |it| {
        it.of.as_deref().is_none_or(|of| of == value) && it.quantity.unit() == unit.unit()
    })
}

impl Book {
    /// The pools of a unit that were good at any time since, the first to end first.
    pub(super) fn pools(
        &self,
        budget: &Budget,
        unit: Quantity,
        value: &str,
        account: Option<&Account>,
        since: i64,
    ) -> Vec<Pool> {
        let declared = declared(budget, unit, value).map(|it| (it.quantity, it.until));
        let given = self.given(budget, unit, value).map(|it| (it.quantity, it.until));
        let mut pools: Vec<Pool> = Vec::new();
        for (quantity, until) in declared.chain(given).filter(|(_, until)| *until > since) {
            match pools.iter_mut().find(|pool| pool.until == until) {
                Some(pool) => pool.left = pool.left.saturating_add(quantity.count()),
                None => pools.push(Pool { until, left: quantity.count() }),
            }
        }
        pools.sort_unstable_by_key(|pool| pool.until);
        for used in account.map_or(&[][..], |account| &account.used) {
            let same = used.quantity.unit() == unit.unit();
            if let Some(pool) = pools.iter_mut().find(|pool| same && pool.until == used.until) {
                pool.left = pool.left.saturating_sub(used.quantity.count());
            }
        }
        pools
    }

    /// What people have given a counter in this unit, in the order in which they did.
    pub(super) fn given(
        &self,
        budget: &Budget,
        unit: Quantity,
        value: &str,
    ) -> impl Iterator<Item = &TopUp> {
        let given = self.top_ups.get(&budget.name).into_iter().flatten();
        given.filter(move |it| {
            it.value == value && it.scope == budget.per && it.quantity.unit() == unit.unit()
        })
    }

    pub(super) fn give(&mut self, top_up: TopUp) {
        self.top_ups.entry(top_up.budget.clone()).or_default().push(top_up);
    }

    /// Grants have paid so much of a counter for good.
    pub(super) fn pay(&mut self, counter: CounterId, quantity: Quantity, until: i64) -> Option<()> {
        let counter = self.counters.get_mut(&counter)?;
        let account = self.accounts.get_mut(counter.account)?;
        match counter.granted.iter_mut().find(|it| it.unit() == quantity.unit()) {
            Some(granted) => *granted = plus(*granted, quantity),
            None => counter.granted.push(quantity),
        }
        let same = |it: &&mut Used| it.until == until && it.quantity.unit() == quantity.unit();
        match account.used.iter_mut().find(same) {
            Some(used) => used.quantity = plus(used.quantity, quantity),
            None => account.used.push(Used { quantity, until }),
        }
        Some(())
    }

    /// Keeps the counters of this one's account until then.
    pub(super) fn keep(&mut self, counter: CounterId, until: i64) -> Option<()> {
        let account = self.counters.get(&counter)?.account;
        let account = self.accounts.get_mut(account)?;
        account.keep = account.keep.max(until);
        Some(())
    }
}

const fn plus(one: Quantity, other: Quantity) -> Quantity {
    one.with(one.count().saturating_add(other.count()))
}
