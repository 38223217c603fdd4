//! What someone should be told about budgets.

use super::Quantity;

/// Something that happened to a counter of a budget.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// Spending has reached a threshold of the limit; told once in a window.
    Threshold {
        /// The budget's name.
        budget: String,
        /// The counter.
        of: String,
        /// The threshold, in percent.
        percent: u8,
        /// The limit, grants included.
        limit: Quantity,
        /// What has been charged.
        spent: Quantity,
        /// When the window ends, in seconds since the Unix epoch.
        window_end: i64,
    },
    /// A call was let through although it did not fit, because the budget only audits; told once
    /// in a window.
    Exceeded {
        /// The budget's name.
        budget: String,
        /// The counter.
        of: String,
        /// The limit, grants included.
        limit: Quantity,
        /// What has been charged.
        spent: Quantity,
    },
}
