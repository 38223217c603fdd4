//! What the counters stand at.

use super::{Budget, Limit, Quantity, Scope, amount::Amount};

/// One counter of a budget, as metrics and the admin page show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Balance {
    /// The budget's name.
    pub budget: String,
    /// What it keeps a counter for each of.
    pub scope: Scope,
    /// The caller, model or backend; empty for [`Scope::Total`].
    pub value: String,
    /// The most that `spent` and `reserved` may come to.
    pub limit: Limit,
    /// What was charged in this window, in the limit's unit.
    pub spent: Quantity,
    /// What calls under way have set aside, in the limit's unit.
    pub reserved: Quantity,
    /// When the counter starts anew, in seconds since the Unix epoch.
    pub window_end: i64,
}

impl Balance {
    pub(super) fn new(
        budget: &Budget,
        value: String,
        (spent, reserved): (Amount, Amount),
        end: i64,
    ) -> Self {
        Self {
            budget: budget.name.clone(),
            scope: budget.per,
            value,
            limit: budget.limit,
            spent: spent.in_unit_of(budget.limit),
            reserved: reserved.in_unit_of(budget.limit),
            window_end: end,
        }
    }
}
