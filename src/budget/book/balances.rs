//! What the limits stand at, for people and metrics.

use std::collections::BTreeSet;

use super::Book;
use crate::budget::{Balance, Budget, Limit, Scope};

impl Book {
    /// One for each limit and each value that has used or is using it in this window, and always
    /// one for a total.
    pub(in crate::budget) fn balances(&self, budget: &Budget, now: i64) -> Vec<Balance> {
        let now = self.latest.max(now);
        let mut balances = Vec::new();
        for limit in &budget.limits {
            // Calls that failed leave counters behind, under names of the caller's choosing.
            let used = self.accounts.of(&budget.name).filter(|account| {
                account.key.scope == budget.per
                    && account.key.window == limit.window
                    && self.counting(account, now).any(|counter| !counter.is_unused())
            });
            let total = (budget.per == Scope::TOTAL).then_some("");
            let values: BTreeSet<&str> =
                used.map(|account| account.key.value.as_str()).chain(total).collect();
            balances
                .extend(values.into_iter().map(|value| self.balance(budget, limit, value, now)));
        }
        balances
    }

    /// How all limits stand for a value.
    pub(in crate::budget) fn balances_at(
        &self,
        budget: &Budget,
        value: &str,
        now: i64,
    ) -> Vec<Balance> {
        budget.limits.iter().map(|limit| self.balance(budget, limit, value, now)).collect()
    }

    /// How a limit stands for a value.
    pub(in crate::budget) fn balance(
        &self,
        budget: &Budget,
        limit: &Limit,
        value: &str,
        now: i64,
    ) -> Balance {
        let now = self.latest.max(now);
        let stand = self.stand(budget, limit, value, now);
        // A slice that only failed calls were in does not make a rolling window end later.
        let counting = stand.account.into_iter().flat_map(|account| self.counting(account, now));
        let last = counting.filter(|counter| !counter.is_unused()).last();
        let end = last.map_or_else(|| limit.window.bounds(now).1, |counter| counter.end);
        Balance {
            budget: budget.name.clone(),
            scope: budget.per.clone(),
            of: value.to_owned(),
            window: limit.window.clone(),
            limit: limit.quantity.with(stand.limit),
            spent: limit.quantity.with(stand.all_spent()),
            reserved: limit.quantity.with(stand.all_reserved()),
            window_end: end.saturating_add(limit.window.span().unwrap_or(0)),
        }
    }
}
