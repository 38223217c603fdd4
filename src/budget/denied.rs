//! Why a call may not be made, and what is wrong with a text.

use std::{fmt, time::Duration};

use super::{Quantity, lease::Short};

/// Why a call may not be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Denied {
    /// The estimate does not fit into a budget any more. Nothing was set aside in any.
    Exceeded {
        /// The budget's name.
        budget: String,
        /// Its limit.
        limit: Quantity,
        /// What was charged in this window, in the limit's unit.
        spent: Quantity,
        /// What calls under way have set aside, in the limit's unit.
        reserved: Quantity,
        /// Until the window ends. Calls under way may give some back sooner.
        retry_after: Duration,
    },
    /// It fits into the budgets, but not into what this replica has leased of them yet.
    Short(Short),
    /// The ledger cannot write its journal, so it cannot promise to remember the call: no budget
    /// can be spent until it can. The log says what is wrong with the disk.
    Unavailable,
}

impl fmt::Display for Denied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exceeded { budget, limit, spent, reserved, retry_after } => write!(
                f,
                "budget {budget} of {limit} does not allow this call: {spent} spent, {reserved} \
                 reserved by calls under way; the next window begins in {} s",
                retry_after.as_secs()
            ),
            Self::Short(_) => f.write_str("the budgets' store has to be asked first"),
            Self::Unavailable => f.write_str("budgets cannot be recorded at the moment; try later"),
        }
    }
}

impl std::error::Error for Denied {}

/// A text that is not what a field of a budget takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invalid {
    text: String,
    expected: &'static str,
}

impl Invalid {
    pub(super) fn new(text: &str, expected: &'static str) -> Self {
        Self { text: text.to_owned(), expected }
    }

    /// The part of what was written that is wrong.
    pub fn text(&self) -> &str {
        &self.text
    }
}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is not understood: write {}", self.text, self.expected)
    }
}

impl std::error::Error for Invalid {}
