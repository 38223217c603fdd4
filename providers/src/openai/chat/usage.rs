//! Tokens as Chat Completions counts them: totals, with subsets beside them (`wire.md` §3.2).

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::conversation::Usage;

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

/// Reads a `usage` object; `None` if it says nothing that can be counted.
pub(super) fn decode(raw: &RawValue) -> Option<Usage> {
    let counted: Counted<'_> = serde_json::from_str(raw.get()).ok()?;
    let input = Details::of(counted.prompt_tokens_details);
    let output = Details::of(counted.completion_tokens_details);
    let prompt = count(counted.prompt_tokens);
    let completion = count(counted.completion_tokens);
    if prompt.is_none() && completion.is_none() {
        return None;
    }
    let (prompt, completion) = (prompt.unwrap_or(0), completion.unwrap_or(0));

    let cache_write = count(input.cache_write_tokens).unwrap_or(0).min(prompt);
    // A part that is larger than its whole is not believed (Azure's Grok says such): what it
    // would make cheaper is then charged in full.
    let cache_read = count(input.cached_tokens)
        .or_else(|| count(counted.prompt_cache_hit_tokens))
        .or_else(|| count(counted.cached_tokens))
        .filter(|&read| read <= prompt - cache_write)
        .unwrap_or(0);
    // What only the total counts is output that `completion_tokens` leaves out: xAI's reasoning
    // tokens, and Gemini's behind its compatible endpoint.
    let apart =
        count(counted.total_tokens).unwrap_or(0).saturating_sub(prompt.saturating_add(completion));
    let all_output = completion.saturating_add(apart);
    let reasoning = count(output.reasoning_tokens).unwrap_or(0).max(apart).min(all_output);
    Some(Usage {
        input: prompt - cache_write - cache_read,
        cache_read,
        cache_write,
        cache_write_1h: 0,
        output: all_output - reasoning,
        reasoning,
        audio_input: count(input.audio_tokens).unwrap_or(0),
        audio_output: count(output.audio_tokens).unwrap_or(0),
    })
}

/// A number of tokens, if it can be one: whole or not, from 0 to 2^53.
pub(super) fn count(raw: Option<&RawValue>) -> Option<u64> {
    const MOST: u64 = 1 << 53;
    let text = raw?.get();
    let number = text.parse::<u64>().ok().or_else(|| {
        let number = text.parse::<f64>().ok().filter(|n| (0.0..=MOST as f64).contains(n))?;
        Some(number as u64)
    })?;
    (number <= MOST).then_some(number)
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
