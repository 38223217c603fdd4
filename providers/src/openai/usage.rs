//! Tokens as OpenAI counts them in both of its schemas (`wire.md` §3.2).

use serde_json::value::RawValue;

use crate::conversation::{Served, ServiceTier, Usage};
use crate::openai::read::words;

/// How an answer says that it was served: `service_tier`.
pub(super) fn served(tier: Option<&RawValue>) -> Served {
    let tier = words(tier).map_or(ServiceTier::Unsaid, |tier| ServiceTier::read(&tier));
    Served { tier, ..Served::default() }
}

/// Totals, and the parts of them that a provider told.
#[derive(Default)]
pub(super) struct Totals {
    pub(super) input: u64,
    pub(super) output: u64,
    /// Input and output.
    pub(super) all: Option<u64>,
    pub(super) cache_read: Option<u64>,
    pub(super) cache_write: Option<u64>,
    pub(super) reasoning: Option<u64>,
    pub(super) audio_input: Option<u64>,
    pub(super) audio_output: Option<u64>,
}

impl From<Totals> for Usage {
    fn from(totals: Totals) -> Self {
        let cache_write = totals.cache_write.unwrap_or(0).min(totals.input);
        // A part that is larger than its whole is not believed (Azure's Grok says such): what it
        // would make cheaper is then charged in full.
        let cache_read =
            totals.cache_read.filter(|&read| read <= totals.input - cache_write).unwrap_or(0);
        // What only the total counts is output that the output leaves out: xAI's reasoning
        // tokens, and Gemini's behind its compatible endpoint.
        let counted = totals.input.saturating_add(totals.output);
        let apart = totals.all.unwrap_or(0).saturating_sub(counted);
        let output = totals.output.saturating_add(apart);
        let reasoning = totals.reasoning.unwrap_or(0).max(apart).min(output);
        Self {
            input: totals.input - cache_write - cache_read,
            cache_read,
            cache_write,
            cache_write_1h: 0,
            output: output - reasoning,
            reasoning,
            audio_input: totals.audio_input.unwrap_or(0),
            audio_output: totals.audio_output.unwrap_or(0),
            ..Self::default()
        }
    }
}
