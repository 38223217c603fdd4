//! Whole answers, both ways.

use std::borrow::Cow;

use serde_json::value::RawValue;

use super::answer::{Answer, BETWEEN_THOUGHTS, Item, Kind, Said, Voice};
use super::error::Fault;
use super::object::Head;
use super::output;
use crate::Schema;
use crate::codec::Reply;
use crate::conversation::{
    ApiError, Arguments, Candidate, Opaque, Part, Response, Text, Thinking, TokenLogprob, ToolCall,
    Usage,
};
use crate::openai::error;
use crate::openai::read::{count, words};

/// Reads a whole answer.
pub(super) fn decode(body: &[u8]) -> Result<Response<'_>, ApiError> {
    let answer: Answer<'_> = serde_json::from_slice(body).map_err(|_| in_another_shape(body))?;
    answer.check()?;
    let items = answer.items().ok_or_else(|| error::unreadable("an answer without output"))?;
    let mut parts = Vec::new();
    let mut logprobs = Vec::new();
    for raw in items {
        read_item(raw, &mut parts, &mut logprobs)?;
    }
    let called = parts.iter().any(|part| matches!(part, Part::ToolCall(_)));
    let refused = parts.iter().any(|part| matches!(part, Part::Refusal(_)));
    let finish = answer.finish(called, refused);
    Ok(Response {
        id: words(answer.id),
        model: words(answer.model),
        created: count(answer.created_at),
        candidates: vec![Candidate { index: 0, parts, logprobs, finish }],
        usage: answer.usage(),
    })
}

/// Reads of an answer only what it cost.
pub(super) fn read_usage(body: &[u8]) -> Result<Option<Usage>, ApiError> {
    let answer: Answer<'_> = serde_json::from_slice(body).map_err(|_| in_another_shape(body))?;
    answer.check()?;
    match answer.output {
        Some(output) if output.get().starts_with('[') => Ok(answer.usage()),
        _ => Err(error::unreadable("an answer without output")),
    }
}

/// Reads of an answer only what it cost, be it one that failed.
pub(super) fn usage_of_failure(body: &[u8]) -> Option<Usage> {
    serde_json::from_slice::<Answer<'_>>(body).ok()?.usage()
}

/// What came instead of an answer: an error in a list (Gemini's compatible endpoint), or garbage.
pub(super) fn in_another_shape(body: &[u8]) -> ApiError {
    match serde_json::from_slice::<&RawValue>(body) {
        Ok(raw) if raw.get().starts_with('[') => error::in_band(raw),
        _ => error::unreadable("an answer"),
    }
}

fn read_item<'a>(
    raw: &'a RawValue,
    parts: &mut Vec<Part<'a>>,
    logprobs: &mut Vec<TokenLogprob<'a>>,
) -> Result<(), ApiError> {
    let item = Item::read(raw);
    match item.kind() {
        Kind::Message => {
            for mut said in item.said() {
                logprobs.append(&mut said.logprobs);
                parts.push(match said.voice {
                    Voice::Refusal => Part::Refusal(said.text),
                    _ => Part::Text(Text {
                        text: said.text,
                        citations: said.citations,
                        ..Text::default()
                    }),
                });
            }
        }
        Kind::Reasoning => {
            let text = thoughts(item.said());
            let signature = item.encrypted_content();
            if !text.is_empty() || signature.is_some() {
                parts.push(Part::Thinking(Thinking { id: item.id(), text, signature }));
            }
        }
        Kind::Call { custom } => {
            let name = item.name().ok_or_else(nameless)?;
            let input = item.said().pop().map(|said| said.text).unwrap_or_default();
            parts.push(Part::ToolCall(ToolCall {
                id: item.call_id(),
                name,
                arguments: Arguments::Text(input),
                custom,
                signature: None,
                cache: None,
            }));
        }
        Kind::Image => parts.push(match item.image() {
            Some(media) => Part::Image(media),
            None => Part::Opaque(Opaque { schema: Schema::Responses, kind: IMAGE.into(), raw }),
        }),
        Kind::Hosted(kind) => {
            parts.push(Part::Opaque(Opaque { schema: Schema::Responses, kind, raw }));
        }
    }
    Ok(())
}

/// What a picture that could not be made is called in a report.
pub(super) const IMAGE: &str = "image_generation_call";

/// The error of a call that does not say of what.
pub(super) fn nameless() -> ApiError {
    error::unreadable("a tool call without a name")
}

/// All thoughts of one reasoning.
fn thoughts(mut said: Vec<Said<'_>>) -> Cow<'_, str> {
    match said.len() {
        0 | 1 => said.pop().map(|said| said.text).unwrap_or_default(),
        _ => {
            let pieces: Vec<_> = said.iter().map(|said| said.text.as_ref()).collect();
            Cow::Owned(pieces.join(BETWEEN_THOUGHTS))
        }
    }
}

/// Writes a whole answer.
pub(super) fn encode(response: &Response<'_>, reply: &Reply) -> Result<Vec<u8>, ApiError> {
    let mut head = Head::new(response.id.as_deref(), response.model.as_deref(), reply);
    head.created = response.created.unwrap_or(reply.created);
    // Alternatives past the first are refused with the request (`n`).
    let candidate = response.candidates.iter().find(|candidate| candidate.index == 0);
    let Some(candidate) = candidate else {
        return Err(error::unreadable("an answer without alternatives"));
    };
    let (output, incomplete) = output::of(candidate, reply);
    // SDK users read the counts without asking whether they are there.
    let usage = response.usage.unwrap_or_default();
    let failure = response.failure();
    let object = match &failure {
        Some(error) => head.failed(Fault::of(error), &output, Some(usage)),
        None => head.ended(incomplete, &output, usage),
    };
    Ok(serde_json::to_vec(&object).unwrap_or_default())
}
