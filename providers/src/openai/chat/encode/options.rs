//! Everything that is one field: limits, sampling, effort, the answer's format, extensions.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::value::RawValue;

use crate::codec::Target;
use crate::conversation::{Field, Modality, OutputFormat, Refusal, Request};
pub(super) use crate::openai::losses::{Losses, refuse};
use crate::openai::{pairs, reasoning, sampling};

/// `response_format`; free text needs none.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Format<'a> {
    JsonObject,
    JsonSchema { json_schema: JsonSchema<'a> },
}

#[derive(Serialize)]
pub(super) struct JsonSchema<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
    schema: &'a RawValue,
    #[serde(skip_serializing_if = "Option::is_none")]
    strict: Option<bool>,
}

pub(super) fn format<'a>(output: &'a OutputFormat<'_>) -> Option<Format<'a>> {
    match output {
        OutputFormat::Text => None,
        OutputFormat::Json => Some(Format::JsonObject),
        OutputFormat::JsonSchema { name, description, schema, strict } => {
            Some(Format::JsonSchema {
                json_schema: JsonSchema {
                    name: name.as_deref().unwrap_or("response"),
                    description: description.as_deref(),
                    schema,
                    strict: *strict,
                },
            })
        }
    }
}

/// The plain fields of a body.
pub(super) struct Limits<'a> {
    pub(super) numbers: Vec<(&'static str, &'a RawValue)>,
    pub(super) counts: Vec<(&'static str, u64)>,
    pub(super) stop: &'a [Cow<'a, str>],
    pub(super) logprobs: bool,
    pub(super) words: Vec<(&'static str, &'a str)>,
}

pub(super) fn limits<'a>(
    request: &'a Request<'a>,
    target: &Target<'_>,
    losses: &mut Losses<'_, '_>,
) -> Result<Limits<'a>, Refusal> {
    let legacy = target.capabilities.legacy_openai;
    if !request.stop.is_empty() && !target.capabilities.stop {
        let why = format!("{} takes none: leave it out.", target.model);
        return Err(refuse(request, Field::Stop, &why));
    }
    if request.modalities.iter().any(|modality| *modality != Modality::Text) {
        // Sound needs a voice, too, which only Chat's own callers name.
        return Err(refuse(request, Field::Modalities, "this provider answers in text only."));
    }
    if request.stop.len() > 4 {
        return Err(refuse(request, Field::Stop, "this provider takes 4 at most."));
    }
    let logprobs = request.logprobs;
    let mut counts = Vec::new();
    if let Some(most) = request.max_tokens {
        counts.push((if legacy { "max_tokens" } else { "max_completion_tokens" }, most));
    }
    if let Some(candidates) = request.candidates.filter(|&n| n > 1) {
        counts.push(("n", candidates.into()));
    }
    if let Some(top) = logprobs.filter(|&top| top > 0) {
        counts.push(("top_logprobs", top.into()));
    }
    let mut words = Vec::new();
    if request.reasoning.show == Some(true) {
        // Chat answers have no place for thoughts.
        losses.of(Field::Reasoning);
    }
    // Refused beside functions, which matter more (`wire.md` §0.4).
    let free = request.tools.is_empty() || target.capabilities.tools_with_effort;
    if let Some(effort) = reasoning::nearest(request, target, free, losses) {
        words.push(("reasoning_effort", effort));
    }
    if let Some(user) = &request.user {
        if pairs::takes_user(request.schema, user) {
            words.push((if legacy { "user" } else { "safety_identifier" }, user.as_ref()));
        } else {
            losses.of(Field::User);
        }
    }
    Ok(Limits {
        numbers: sampling(request, target, losses)?,
        counts,
        stop: &request.stop,
        logprobs: logprobs.is_some(),
        words,
    })
}

fn sampling<'a>(
    request: &'a Request<'_>,
    target: &Target<'_>,
    losses: &mut Losses<'_, '_>,
) -> Result<Vec<(&'static str, &'a RawValue)>, Refusal> {
    let mut numbers = sampling::common(request, target, losses)?;
    let sampling = &request.sampling;
    match sampling.top_k {
        Some(top_k) if target.capabilities.legacy_openai => numbers.push(("top_k", top_k)),
        Some(_) => losses.of(Field::TopK),
        None => {}
    }
    numbers.extend(
        [
            ("seed", sampling.seed),
            ("presence_penalty", sampling.presence_penalty),
            ("frequency_penalty", sampling.frequency_penalty),
        ]
        .into_iter()
        .filter_map(|(key, value)| Some((key, value?))),
    );
    Ok(numbers)
}
