//! What was spent, by day and by whom: what `egret spend` and finance see.

use serde::{Deserialize, Serialize};

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
    /// Nano-USD.
    pub nanos: u64,
    /// The part of `nanos` that is an estimate, because nobody knows what the provider billed.
    pub estimated_nanos: u64,
}

/// One line of the statement.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpendRow {
    /// The day (UTC), as `2026-11-22`.
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
