//! What the counters stand at.

use std::cmp::Ordering;

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

    /// Orders them by the part of the limit that is left, the least first; no limit at all is the
    /// least that there can be.
    pub fn by_room(&self, other: &Self) -> Ordering {
        // a / b < c / d without dividing.
        let room = |balance: &Self| u128::from(balance.remaining().count());
        let limit = |balance: &Self| u128::from(balance.limit.count()).max(1);
        (room(self) * limit(other)).cmp(&(room(other) * limit(self)))
    }
}
