//! Why a call may not be made, and what is wrong with a text.

use std::{borrow::Cow, fmt, time::Duration};

use super::{OnExceeded, Quantity, Window, lease::Short};

/// Why a call may not be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Denied {
    /// The estimate does not fit into a budget any more. Nothing was set aside in any.
    Exceeded(Box<Exceeded>),
    /// It fits into the budgets, but not into what this replica has leased of them yet.
    Short(Short),
    /// The ledger cannot write its journal, so it cannot promise to remember the call: no budget
    /// can be spent until it can. Or the call does not fit into what this replica has leased, and
    /// the store that replicas share cannot be reached. The log says what is wrong.
    Unavailable,
}

/// The limit that a call does not fit into. Of several it is one of a budget that blocks, if there
/// is any, then one that time does not help, and then the one that lasts longest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exceeded {
    /// The budget's name.
    pub budget: String,
    /// What the budget wants done; never [`OnExceeded::Audit`], unless the numbers are absurd.
    pub on_exceeded: OnExceeded,
    /// The limit's window.
    pub window: Window,
    /// The limit, grants included.
    pub limit: Quantity,
    /// What was charged in this window, in the limit's unit.
    pub spent: Quantity,
    /// What calls under way have set aside, in the limit's unit.
    pub reserved: Quantity,
    /// What has to be set aside for the call at least, in the limit's unit.
    pub needed: Quantity,
    /// Until there is room, if nobody else calls: until the window ends, or enough of a rolling one
    /// has passed. Calls under way may give some back sooner.
    pub retry_after: Duration,
}

impl fmt::Display for Denied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exceeded(exceeded) => exceeded.fmt(f),
            Self::Short(_) => f.write_str("the budgets' store has to be asked first"),
            Self::Unavailable => f.write_str("budgets cannot be recorded at the moment; try later"),
        }
    }
}

impl std::error::Error for Denied {}

impl Exceeded {
    /// Of several refusals the greatest is told.
    pub(super) fn rank(&self) -> (bool, bool, Duration) {
        let blocks = !matches!(self.on_exceeded, OnExceeded::Downgrade(_));
        (blocks, self.retry_after().is_none(), self.retry_after)
    }

    /// Until the call may be tried again with any hope; `None` if it is more than the limit.
    pub fn retry_after(&self) -> Option<Duration> {
        (self.needed.count() <= self.limit.count()).then_some(self.retry_after)
    }
}

impl fmt::Display for Exceeded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { budget, limit, spent, reserved, needed, .. } = self;
        write!(
            f,
            "budget {budget} of {limit} does not allow this call: {spent} spent, {reserved} \
             reserved by calls under way; "
        )?;
        match needed {
            // One call is one call.
            Quantity::Requests(_) | Quantity::Concurrent(_) => {}
            _ => write!(f, "at least {needed} has to be set aside for this call; ")?,
        }
        match (limit, self.retry_after()) {
            (Quantity::Concurrent(_), _) => f.write_str("one of them has to end first"),
            (_, Some(after)) => write!(f, "there is room again in {} s", after.as_secs()),
            (_, None) => {
                f.write_str("that is more than all of it: ask for less, or for a higher limit")
            }
        }
    }
}

/// A text that is not what a field of a budget takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invalid {
    text: String,
    expected: Cow<'static, str>,
}

impl Invalid {
    pub(super) fn new(text: &str, expected: impl Into<Cow<'static, str>>) -> Self {
        Self { text: text.to_owned(), expected: expected.into() }
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
