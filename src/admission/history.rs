//! What has become of one call so far, over all its attempts.

use crate::budget::{Budget, Subject};

/// What has become of one call so far: it lives as long as the call.
#[derive(Debug, Default)]
pub struct History {
    /// The rates that it counts in, by their place in the configuration, and whose.
    counted: Vec<(usize, String)>,
    /// The budgets that had no room for it and named a model to take over: its calls don't count
    /// in them.
    left: Vec<String>,
}

/// A budget that has no room for a call, and the model that takes over from it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Downgrade {
    /// The budget's name.
    pub budget: String,
    /// The model's.
    pub model: String,
}

impl History {
    /// Whether the call has been counted in this rate, for the same one.
    pub(super) fn has_counted(&self, rate: usize, of: &str) -> bool {
        self.counted.iter().any(|(known, whose)| *known == rate && whose == of)
    }

    pub(super) fn count(&mut self, rate: usize, of: &str) {
        self.counted.push((rate, of.to_owned()));
    }

    /// The model takes over: the call does not count in this budget any more.
    pub fn leave(&mut self, downgrade: &Downgrade) {
        self.left.push(downgrade.budget.clone());
    }

    /// Those of the budgets that the call counts in.
    pub(super) fn still_counting<'b>(
        &self,
        mut budgets: Vec<&'b Budget>,
        who: &Subject<'_>,
    ) -> Vec<&'b Budget> {
        budgets.retain(|budget| budget.calls.count(who) && !self.left.contains(&budget.name));
        budgets
    }
}
