//! What was charged, by day.

use super::{Ledger, Shared};
use crate::budget::{SpendRow, statement::Written};

impl Ledger {
    /// What was charged on these days (`2026-11-22`, the first and the last included), by whom
    /// and for what. A call that is under way is not in it yet; one across midnight is on the day
    /// on which it began.
    pub fn statement(&self, from: &str, to: &str) -> Vec<SpendRow> {
        self.shared.statement(from, to)
    }
}

impl Shared {
    pub(super) fn statement(&self, from: &str, to: &str) -> Vec<SpendRow> {
        let written = self.lock().book.statement().between(from, to);
        Written::out(written)
    }
}
