//! Tokens as Chat Completions counts them: totals, with subsets beside them (`wire.md` §3.2).

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::conversation::Usage;
use crate::openai::read::count;
use crate::openai::usage::{Totals, served};

/// `usage` as providers write it. All raw: a count that is not one must not cost the answer.
#[derive(Deserialize)]
struct Counted<'a> {
    #[serde(borrow)]
    prompt_tokens: Option<&'a RawValue>,
    completion_tokens: Option<&'a RawValue>,
    total_tokens: Option<&'a RawValue>,
    prompt_tokens_details: Option<&'a RawValue>,
    completion_tokens_details: Option<&'a RawValue>,
    /// DeepSeek.
    prompt_cache_hit_tokens: Option<&'a RawValue>,
    /// Moonshot.
    cached_tokens: Option<&'a RawValue>,
}

#[derive(Default, Deserialize)]
struct Details<'a> {
    #[serde(borrow)]
    cached_tokens: Option<&'a RawValue>,
    cache_write_tokens: Option<&'a RawValue>,
    reasoning_tokens: Option<&'a RawValue>,
    audio_tokens: Option<&'a RawValue>,
}

impl<'a> Details<'a> {
    fn of(raw: Option<&'a RawValue>) -> Self {
        raw.and_then(|raw| serde_json::from_str(raw.get()).ok()).unwrap_or_default()
    }
}

/// Reads a `usage` object, and the `service_tier` beside it; `None` unless it tells both
/// totals: what is untold, below zero or no number is not nothing (S-43).
pub(super) fn decode(raw: &RawValue, tier: Option<&RawValue>) -> Option<Usage> {
    let counted: Counted<'_> = serde_json::from_str(raw.get()).ok()?;
    let input = Details::of(counted.prompt_tokens_details);
    let output = Details::of(counted.completion_tokens_details);
    let (prompt, completion) = (count(counted.prompt_tokens)?, count(counted.completion_tokens)?);
    let totals = Totals {
        input: prompt,
        output: completion,
        all: count(counted.total_tokens),
        cache_read: count(input.cached_tokens)
            .or_else(|| count(counted.prompt_cache_hit_tokens))
            .or_else(|| count(counted.cached_tokens)),
        cache_write: count(input.cache_write_tokens),
        reasoning: count(output.reasoning_tokens),
        audio_input: count(input.audio_tokens),
        audio_output: count(output.audio_tokens),
    };
    Some(Usage { served: served(tier), ..totals.into() })
}

/// `usage` as SDKs expect it.
#[derive(Serialize)]
pub(super) struct Written {
    prompt_tokens: u64,
    completion_tokens: u64,
    total_tokens: u64,
    prompt_tokens_details: WrittenInput,
    completion_tokens_details: WrittenOutput,
}

#[derive(Serialize)]
struct WrittenInput {
    cached_tokens: u64,
    cache_write_tokens: u64,
    audio_tokens: u64,
}

#[derive(Serialize)]
struct WrittenOutput {
    reasoning_tokens: u64,
    audio_tokens: u64,
    accepted_prediction_tokens: u64,
    rejected_prediction_tokens: u64,
}

impl From<Usage> for Written {
    fn from(usage: Usage) -> Self {
        Self {
            prompt_tokens: usage.total_input(),
            completion_tokens: usage.total_output(),
            total_tokens: usage.total(),
            prompt_tokens_details: WrittenInput {
                cached_tokens: usage.cache_read,
                cache_write_tokens: usage.cache_write,
                audio_tokens: usage.audio_input,
            },
            completion_tokens_details: WrittenOutput {
                reasoning_tokens: usage.reasoning,
                audio_tokens: usage.audio_output,
                accepted_prediction_tokens: 0,
                rejected_prediction_tokens: 0,
            },
        }
    }
}
