//! What people change by hand.

use std::fmt;

use super::Ledger;
use crate::budget::{
    Balance, Budget, Quantity,
    entry::{Entry, TopUp},
    shared::identity,
};

/// Why a budget was not changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AdjustError {
    /// No limit of the budget is in the unit of the grant.
    NoSuchLimit,
    /// The grant would be over already.
    Over,
    /// The ledger cannot write its journal; the log says why.
    Unavailable,
}

impl Ledger {
    /// Grants a counter of a budget (as [`Scope::of`](crate::budget::Scope::of) names it) something
    /// on top of those limits that are in its unit, until a second since the Unix epoch. It is used
    /// only after the limit itself is, and what is left of it stays good in the following windows.
    /// Of several grants the first to end is used first. When this returns, it outlives a crash.
    ///
    /// # Errors
    /// When it makes no sense or cannot be recorded; then nothing has changed.
    pub fn top_up(
        &self,
        budget: &Budget,
        of: &str,
        quantity: Quantity,
        until: i64,
    ) -> Result<(), AdjustError> {
        if !budget.limits.iter().any(|limit| limit.quantity.unit() == quantity.unit()) {
            return Err(AdjustError::NoSuchLimit);
        }
        let now = self.shared.clock.now();
        if until <= now {
            return Err(AdjustError::Over);
        }
        let (name, scope, value) = (budget.name.clone(), budget.per.clone(), of.to_owned());
        let top_up = TopUp { id: identity::random(), budget: name, scope, value, quantity, until };
        let mut state = self.shared.lock();
        state.enter(vec![Entry::Grant(top_up)]).map_err(|_| AdjustError::Unavailable)?;
        state.book.announce(budget, of, now);
        Ok(())
    }

    /// Lets a counter of a budget start anew in its current window, with nothing spent, in all
    /// limits but those on calls at once; at all replicas, as they hear of it. Calls under way end
    /// on the old one. When this returns, it outlives a crash. Gives what its limits stood at before.
    ///
    /// # Errors
    /// When it cannot be recorded; then nothing has changed.
    pub fn reset(&self, budget: &Budget, of: &str) -> Result<Vec<Balance>, AdjustError> {
        let now = self.shared.clock.now();
        let mut state = self.shared.lock();
        let before = state.book.balances_at(budget, of, now);
        let entries = state.book.plan_reset(budget, of, now);
        state.enter(entries).map_err(|_| AdjustError::Unavailable)?;
        state.book.announce(budget, of, now);
        Ok(before)
    }
}

impl fmt::Display for AdjustError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoSuchLimit => "the budget has no limit in this unit",
            Self::Over => "a grant must end in the future",
            Self::Unavailable => "budgets cannot be recorded at the moment; try later",
        })
    }
}

impl std::error::Error for AdjustError {}
