//! Tokens as Responses counts them: totals, with subsets beside them (`wire.md` §3.2).

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::conversation::Usage;
use crate::openai::read::count;
use crate::openai::usage::Totals;

/// `usage` as providers write it. All raw: a count that is not one must not cost the answer.
#[derive(Deserialize)]
struct Counted<'a> {
    #[serde(borrow)]
    input_tokens: Option<&'a RawValue>,
    output_tokens: Option<&'a RawValue>,
    total_tokens: Option<&'a RawValue>,
    input_tokens_details: Option<&'a RawValue>,
    output_tokens_details: Option<&'a RawValue>,
}

#[derive(Default, Deserialize)]
struct Details<'a> {
    #[serde(borrow)]
    cached_tokens: Option<&'a RawValue>,
    cache_write_tokens: Option<&'a RawValue>,
    reasoning_tokens: Option<&'a RawValue>,
}

impl<'a> Details<'a> {
    fn of(raw: Option<&'a RawValue>) -> Self {
        raw.and_then(|raw| serde_json::from_str(raw.get()).ok()).unwrap_or_default()
    }
}

/// Reads a `usage` object; `None` if it says nothing that can be counted.
pub(super) fn decode(raw: &RawValue) -> Option<Usage> {
    let counted: Counted<'_> = serde_json::from_str(raw.get()).ok()?;
    let input = Details::of(counted.input_tokens_details);
    let output = Details::of(counted.output_tokens_details);
    let (all_input, all_output) = (count(counted.input_tokens), count(counted.output_tokens));
    if all_input.is_none() && all_output.is_none() {
        return None;
    }
    let totals = Totals {
        input: all_input.unwrap_or(0),
        output: all_output.unwrap_or(0),
        all: count(counted.total_tokens),
        cache_read: count(input.cached_tokens),
        cache_write: count(input.cache_write_tokens),
        reasoning: count(output.reasoning_tokens),
        ..Totals::default()
    };
    Some(totals.into())
}

/// `usage` as SDKs expect it.
#[derive(Serialize)]
pub(super) struct Written {
    input_tokens: u64,
    input_tokens_details: WrittenInput,
    output_tokens: u64,
    output_tokens_details: WrittenOutput,
    total_tokens: u64,
}

#[derive(Serialize)]
struct WrittenInput {
    cache_write_tokens: u64,
    cached_tokens: u64,
}

#[derive(Serialize)]
struct WrittenOutput {
    reasoning_tokens: u64,
}

impl From<Usage> for Written {
    fn from(usage: Usage) -> Self {
        Self {
            input_tokens: usage.total_input(),
            input_tokens_details: WrittenInput {
                cache_write_tokens: usage.cache_write,
                cached_tokens: usage.cache_read,
            },
            output_tokens: usage.total_output(),
            output_tokens_details: WrittenOutput { reasoning_tokens: usage.reasoning },
            total_tokens: usage.total(),
        }
    }
}
