//! What the counters stand at.

use super::{Budget, Limit, Quantity, Scope, Window, amount::Amount};

/// One limit of one counter of a budget, as metrics, headers and the admin API show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Balance {
    /// The budget's name.
    pub budget: String,
    /// What it keeps a counter for each of.
    pub scope: Scope,
    /// The counter, as [`Scope::of`] names it; empty for a total.
    pub of: String,
    /// When it starts anew.
    pub window: Window,
    /// The most that `spent` and `reserved` may come to, grants included.
    pub limit: Quantity,
    /// What was charged in this window, in the limit's unit.
    pub spent: Quantity,
    /// What calls under way have set aside, in the limit's unit.
    pub reserved: Quantity,
    /// When the window ends, in seconds since the Unix epoch.
    pub window_end: i64,
}

impl Balance {
    pub(super) fn new(
        budget: &Budget,
        limit: &Limit,
        of: &str,
        (spent, reserved): (Amount, Amount),
        end: i64,
    ) -> Self {
        let count = |amount: Amount| amount.in_unit_of(limit.quantity, budget.cached_tokens);
        Self {
            budget: budget.name.clone(),
            scope: budget.per.clone(),
            of: of.to_owned(),
            window: limit.window.clone(),
            limit: limit.quantity,
            spent: count(spent),
            reserved: count(reserved),
            window_end: end,
        }
    }

    /// What is left: neither charged nor set aside.
    pub const fn remaining(&self) -> Quantity {
        let used = self.spent.count().saturating_add(self.reserved.count());
        self.limit.with(self.limit.count().saturating_sub(used))
    }
}
