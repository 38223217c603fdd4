//! Tokens as Responses counts them: totals, with subsets beside them (`wire.md` §3.2).

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::conversation::{ToolCalls, Usage};
use crate::openai::read::{count, words};
use crate::openai::usage::Totals;
pub(super) use crate::openai::usage::served;

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

/// Reads a `usage` object; `None` unless it tells both totals: what is untold, below zero or no
/// number is not nothing (S-43).
pub(super) fn decode(raw: &RawValue) -> Option<Usage> {
    let counted: Counted<'_> = serde_json::from_str(raw.get()).ok()?;
    let input = Details::of(counted.input_tokens_details);
    let output = Details::of(counted.output_tokens_details);
    let (all_input, all_output) = (count(counted.input_tokens)?, count(counted.output_tokens)?);
    let totals = Totals {
        input: all_input,
        output: all_output,
        all: count(counted.total_tokens),
        cache_read: count(input.cached_tokens),
        cache_write: count(input.cache_write_tokens),
        reasoning: count(output.reasoning_tokens),
        ..Totals::default()
    };
    Some(totals.into())
}

/// An item of the output, as far as a tool that the provider ran costs.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Ran<'a> {
    #[serde(borrow)]
    r#type: Option<&'a RawValue>,
    action: Option<&'a RawValue>,
    container_id: Option<&'a RawValue>,
}

/// What a search does: looking up, which costs, or reading on in what was found.
#[derive(Deserialize)]
struct Action<'a> {
    #[serde(borrow)]
    r#type: Option<&'a RawValue>,
}

/// Counts the tools that the provider ran, in a list of items.
pub(super) fn calls(output: Option<&RawValue>) -> ToolCalls {
    let ran = output.and_then(|raw| serde_json::from_str::<Vec<&RawValue>>(raw.get()).ok());
    let mut calls = ToolCalls::default();
    let mut containers = Vec::new();
    for raw in ran.unwrap_or_default() {
        let Ok(ran) = serde_json::from_str::<Ran<'_>>(raw.get()) else { continue };
        match words(ran.r#type).as_deref() {
            Some("web_search_call") => calls.web_searches += u64::from(searches(&ran)),
            Some("file_search_call") => calls.file_searches += 1,
            Some("image_generation_call") => calls.images += 1,
            Some("code_interpreter_call") => {
                // A container that one call began is there for the next.
                let id = words(ran.container_id);
                if id.is_none() || !containers.contains(&id) {
                    calls.code_sessions += 1;
                    containers.push(id);
                }
            }
            _ => {}
        }
    }
    calls
}

fn searches(ran: &Ran<'_>) -> bool {
    let action = ran.action.and_then(|raw| serde_json::from_str::<Action<'_>>(raw.get()).ok());
    let action = action.and_then(|action| words(action.r#type));
    !matches!(action.as_deref(), Some("open_page" | "find_in_page"))
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
