//! What the counters stand at.

use super::{Quantity, Scope, Window};

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
    /// When the window ends, in seconds since the Unix epoch; of a rolling one, when all that was
    /// spent so far is out of it.
    pub window_end: i64,
}

impl Balance {
    /// What is left: neither charged nor set aside.
    pub const fn remaining(&self) -> Quantity {
        let used = self.spent.count().saturating_add(self.reserved.count());
        self.limit.with(self.limit.count().saturating_sub(used))
    }
}
