//! What was spent, by day and by whom: what `egret spend` and finance see.

mod column;
mod day;
mod dollars;
mod rows;

use serde::{Deserialize, Serialize};

use super::{Money, amount::Amount};

pub use column::Column;
pub(super) use day::Day;
pub(super) use rows::{KEEP_DAYS, Party, RowKey, Statement, SubjectId, Written};

/// Use and cost of some calls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spend {
    /// Calls that were answered or billed.
    pub requests: u64,
    /// Input tokens, cached or not.
    pub input_tokens: u64,
    /// The part of the input that was read from the provider's prompt cache.
    pub cached_tokens: u64,
    /// Output tokens, reasoning included.
    pub output_tokens: u64,
    /// Nano-USD; written as dollars.
    #[serde(rename = "cost_usd", with = "dollars")]
    pub nanos: u64,
    /// The part of `nanos` that is an estimate, because nobody knows what the provider billed.
    #[serde(rename = "estimated_usd", with = "dollars")]
    pub estimated_nanos: u64,
}

impl Spend {
    /// What one call was charged.
    pub(super) fn of(charge: Amount, estimated: bool) -> Self {
        Self {
            requests: charge.requests,
            input_tokens: charge.input,
            cached_tokens: charge.cached,
            output_tokens: charge.output,
            nanos: charge.nanos,
            estimated_nanos: if estimated { charge.nanos } else { 0 },
        }
    }

    /// Both together; stays at the largest number where the sum would pass it.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self {
            requests: self.requests.saturating_add(other.requests),
            input_tokens: self.input_tokens.saturating_add(other.input_tokens),
            cached_tokens: self.cached_tokens.saturating_add(other.cached_tokens),
            output_tokens: self.output_tokens.saturating_add(other.output_tokens),
            nanos: self.nanos.saturating_add(other.nanos),
            estimated_nanos: self.estimated_nanos.saturating_add(other.estimated_nanos),
        }
    }

    /// What it cost.
    pub const fn cost(&self) -> Money {
        Money::from_nanos(self.nanos)
    }

    /// The part of the cost that is an estimate.
    pub const fn estimated(&self) -> Money {
        Money::from_nanos(self.estimated_nanos)
    }
}

/// One line of the statement. What is not there when one is read is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SpendRow {
    /// The day (UTC) on which the call began, as `2026-11-22`.
    pub day: String,
    /// The caller.
    pub caller: String,
    /// The caller's group; empty if it has none.
    pub group: String,
    /// The namespace that it runs in; empty if that is not known.
    pub namespace: String,
    /// The service account that it runs under; empty if that is not known.
    pub service_account: String,
    /// The route.
    pub route: String,
    /// The backend.
    pub backend: String,
    /// The vendor behind it.
    pub provider: String,
    /// The model that was served.
    pub model: String,
    /// What was spent.
    #[serde(flatten)]
    pub spend: Spend,
}

#[cfg(test)]
mod tests;
