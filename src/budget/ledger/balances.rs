//! What the counters stand at.

use std::{borrow::Borrow, collections::HashMap};

use super::Ledger;
use crate::budget::{Balance, Budget, Scope, amount::Amount};

impl Ledger {
    /// What the counters of these budgets stand at: one for each limit and each caller, model or
    /// whatever the budget is `per` that has used or is using it in this window, and always one
    /// for a total.
    pub fn balances<B: Borrow<Budget>>(&self, budgets: &[B]) -> Vec<Balance> {
        let now = self.shared.clock.now();
        let budgets: HashMap<_, _> = budgets
            .iter()
            .map(Borrow::borrow)
            .map(|budget| ((budget.name.as_str(), &budget.per), budget))
            .collect();
        let state = self.shared.lock();
        let mut balances = Vec::new();
        // Calls that failed leave counters behind, under names of the caller's choosing.
        for counter in state.book.running_at(now).filter(|counter| !counter.is_unused()) {
            let key = &counter.key;
            let Some(budget) = budgets.get(&(key.budget.as_str(), &key.scope)) else { continue };
            for limit in budget.limits.iter().filter(|limit| limit.window == key.window) {
                let amounts = (counter.spent, counter.reserved);
                balances.push(Balance::new(budget, limit, &key.value, amounts, counter.end));
            }
        }
        let latest = state.book.latest().max(now);
        drop(state);

        for budget in budgets.into_values().filter(|budget| budget.per == Scope::TOTAL) {
            for limit in &budget.limits {
                let shown = |balance: &Balance| {
                    balance.budget == budget.name
                        && balance.window == limit.window
                        && balance.limit.unit() == limit.quantity.unit()
                };
                if !balances.iter().any(shown) {
                    let (_, end) = limit.window.bounds(latest);
                    let nothing = (Amount::ZERO, Amount::ZERO);
                    balances.push(Balance::new(budget, limit, "", nothing, end));
                }
            }
        }
        balances.sort_by(|a, b| (&a.budget, &a.of).cmp(&(&b.budget, &b.of)));
        balances
    }
}
