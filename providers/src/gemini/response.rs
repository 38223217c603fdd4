//! Whole responses, both ways (`wire.md` §3).

use std::borrow::Cow;

use serde_json::value::RawValue;

use super::decode_parts::{Of, Piece, opaque, parts, piece};
use super::grounding::{self, Grounding, Placed, Searches};
use super::offsets::Widths;
use super::wire::{List, read, write};
use super::{error, finish, logprobs, usage};
use crate::Schema;
use crate::codec::Reply;
use crate::conversation::{
    ApiError, Arguments, Candidate, Citation, ErrorClass, Finish, FinishReason, Media, Part,
    Response, Source, Text, ToolCall, Usage,
};
use crate::json;

/// Reads a response.
pub(super) fn decode(body: &[u8]) -> Result<Response<'_>, ApiError> {
    let Ok(List(responses)) = serde_json::from_slice::<List<read::Response<'_>>>(body) else {
        return Err(unreadable());
    };
    let mut responses = responses.into_iter();
    let (Some(response), None) = (responses.next(), responses.next()) else {
        return Err(unreadable());
    };
    if let Some(error) = response.error {
        return Err(error::of_status(error, 200));
    }
    let read::Response { candidates, prompt_feedback, usage_metadata, .. } = response;
    if candidates.is_none() && prompt_feedback.is_none() && usage_metadata.is_none() {
        return Err(unreadable());
    }
    let mut outline = Outline { body, candidates: None };
    let mut searches = Searches::default();
    let list = candidates.map_or_else(Vec::new, |list| list.0).into_iter().enumerate();
    let mut candidates = list
        .map(|(position, candidate)| {
            searches.note(candidate.grounding_metadata);
            decode_candidate(position, candidate, &mut outline)
        })
        .collect::<Result<Vec<_>, _>>()?;
    if candidates.is_empty() {
        let feedback = prompt_feedback.unwrap_or_default();
        let finish = finish::blocked(feedback.block_reason, feedback.block_reason_message);
        candidates.push(Candidate { index: 0, parts: Vec::new(), logprobs: Vec::new(), finish });
    }
    Ok(Response {
        id: response.response_id.map(Into::into),
        model: response.model_version.map(Into::into),
        created: None,
        candidates,
        usage: usage_metadata
            .and_then(usage::decode)
            .map(|usage| Usage { calls: searches.calls(), ..usage }),
    })
}

/// The error of an answer that is not Gemini's.
pub(super) fn unreadable() -> ApiError {
    let message = "The provider answered with something that is not a Gemini response";
    ApiError::new(ErrorClass::Server, message)
}

/// The candidates unread, for parts that only Gemini knows.
struct Outline<'a> {
    body: &'a [u8],
    candidates: Option<Vec<read::CandidateOutline<'a>>>,
}

impl<'a> Outline<'a> {
    fn parts(&mut self, candidate: usize) -> Vec<&'a RawValue> {
        let candidates = self.candidates.get_or_insert_with(|| {
            let outlines = serde_json::from_slice::<List<read::Outline<'a>>>(self.body).ok();
            let first = outlines.and_then(|outlines| outlines.0.into_iter().next());
            first.and_then(|first| first.candidates).map_or_else(Vec::new, |list| list.0)
        });
        let content = candidates.get(candidate).and_then(|found| found.content.as_ref());
        content.map_or_else(Vec::new, read::ContentOutline::parts)
    }
}

fn decode_candidate<'a>(
    position: usize,
    candidate: read::Candidate<'a>,
    outline: &mut Outline<'a>,
) -> Result<Candidate<'a>, ApiError> {
    let content = candidate.content.unwrap_or_default();
    let mut said = Vec::new();
    let mut raw: Option<Vec<&'a RawValue>> = None;
    for (index, mut part) in parts(content.parts).into_iter().enumerate() {
        match piece(&mut part, Of::Answer).map_err(|_| unreadable())? {
            Piece::Said(part) => said.push(part),
            Piece::Opaque(kind) => {
                let raw = raw.get_or_insert_with(|| outline.parts(position));
                said.extend(raw.get(index).map(|raw| opaque(kind, raw)));
            }
            Piece::Empty => {}
        }
    }
    cite(&mut said, grounding::decode(candidate.grounding_metadata, candidate.citation_metadata));
    let calls = said.iter().any(|part| matches!(part, Part::ToolCall(_)));
    let finish = finish::decode(candidate.finish_reason, candidate.finish_message, calls);
    // Proto JSON leaves out zeros; the list's order tells the rest.
    let index = candidate.index.map_or(position as u64, |index| index.0);
    Ok(Candidate {
        index: u32::try_from(index).unwrap_or(u32::MAX),
        parts: said,
        logprobs: logprobs::decode(candidate.logprobs_result),
        finish,
    })
}

/// Hangs citations on the text that they stand behind; where there is none, on an empty one.
fn cite<'a>(said: &mut Vec<Part<'a>>, citations: Vec<Placed<'a>>) {
    if !citations.is_empty() && !said.iter().any(|part| matches!(part, Part::Text(_))) {
        said.push(Part::text(""));
    }
    for (citation, bytes) in citations {
        // Behind all, it hangs on what was said last.
        let (from, to) = bytes.unwrap_or((u64::MAX, u64::MAX));
        let mut before = 0;
        let mut texts = said.iter_mut().filter_map(text_of).peekable();
        while let Some(text) = texts.next() {
            let after = before + text.text.len() as u64;
            if from < after || texts.peek().is_none() {
                let widths = Widths::of(&text.text);
                let within = |byte: u64| widths.to_characters(byte.saturating_sub(before));
                let range = bytes.map(|_| (within(from), within(to)));
                text.citations.push(Citation { range, ..citation });
                break;
            }
            before = after;
        }
    }
}

fn text_of<'p, 'a>(part: &'p mut Part<'a>) -> Option<&'p mut Text<'a>> {
    match part {
        Part::Text(text) => Some(text),
        _ => None,
    }
}

/// Writes a response.
pub(super) fn encode(response: &Response<'_>, reply: &Reply) -> Vec<u8> {
    let candidates =
        response.candidates.iter().map(|candidate| encode_candidate(candidate, reply)).collect();
    let out = write::Response {
        candidates,
        usage_metadata: response.usage.as_ref().map(usage::encode),
        model_version: response.model.as_deref().unwrap_or(&reply.model),
        response_id: response.id.as_deref().unwrap_or(&reply.id),
    };
    // Strings and numbers can't fail to be written.
    json::write(&out, 0).unwrap_or_default()
}

fn encode_candidate<'a>(candidate: &'a Candidate<'_>, reply: &Reply) -> write::Candidate<'a> {
    let mut parts = Vec::with_capacity(candidate.parts.len());
    let mut finish = Cow::Borrowed(&candidate.finish);
    for part in &candidate.parts {
        match encode_part(part, reply) {
            Ok(part) => parts.extend(part),
            Err(BadCall) => finish = Cow::Owned(Finish::new(FinishReason::BadToolCall)),
        }
    }
    write::Candidate {
        logprobs_result: logprobs::encode(&candidate.logprobs),
        grounding_metadata: grounding(candidate).written(),
        content: write::Content { role: Some("model"), parts },
        finish_reason: Some(finish::encode(finish.reason)),
        finish_message: match finish {
            Cow::Borrowed(finish) => finish.explanation.as_deref(),
            Cow::Owned(_) => Some(BAD_CALL),
        },
        index: candidate.index,
    }
}

/// Where all text of a candidate has something from.
fn grounding(candidate: &Candidate<'_>) -> Grounding {
    let mut grounding = Grounding::default();
    if candidate.parts.iter().all(|part| !matches!(part, Part::Text(t) if !t.citations.is_empty()))
    {
        return grounding;
    }
    let mut widths = Widths::default();
    for part in &candidate.parts {
        let begin = widths.characters();
        match part {
            Part::Text(text) => {
                widths.push(&text.text);
                let extent = (begin, widths.characters());
                let citations = text.citations.iter();
                citations.for_each(|citation| grounding.add(citation, extent, &widths));
            }
            Part::Refusal(text) => widths.push(text),
            _ => {}
        }
    }
    grounding
}

/// A call with arguments that are no JSON object.
#[derive(Debug)]
pub(super) struct BadCall;

/// What is said of a [`BadCall`].
pub(super) const BAD_CALL: &str =
    "Malformed function call: the model's arguments are not a JSON object";

fn encode_part<'a>(part: &'a Part<'_>, reply: &Reply) -> Result<Option<write::Part<'a>>, BadCall> {
    Ok(Some(match part {
        Part::Text(text) => write::Part::Data(
            write::Data::Text(Cow::Borrowed(&text.text)),
            text.signature.as_deref(),
        ),
        Part::Refusal(text) => write::Part::of(write::Data::Text(Cow::Borrowed(text))),
        Part::Thinking(thinking)
            if reply.include_thoughts
                && (!thinking.text.is_empty() || thinking.signature.is_some()) =>
        {
            let thought = write::Data::Thought(&thinking.text);
            write::Part::Data(thought, thinking.signature.as_deref())
        }
        Part::ToolCall(call) => encode_call(call)?,
        Part::Image(media) | Part::Document(media) | Part::Audio(media) => {
            return Ok(encode_media(media));
        }
        Part::Opaque(opaque) if opaque.schema == Schema::Gemini => write::Part::Raw(opaque.raw),
        _ => return Ok(None),
    }))
}

/// Writes a picture, document or sound; `None` where it is a file of its provider's.
pub(super) fn encode_media<'a>(media: &'a Media<'_>) -> Option<write::Part<'a>> {
    let display_name = media.name.as_deref();
    Some(write::Part::of(match &media.source {
        Source::Base64 { media_type, data } => {
            write::Data::Inline(write::Blob { mime_type: media_type, data, display_name })
        }
        Source::Url { url, media_type } => {
            let mime_type = media_type.as_deref();
            write::Data::File(write::FileData { mime_type, file_uri: url, display_name })
        }
        Source::Text { text } => write::Data::Text(Cow::Borrowed(text)),
        Source::File { .. } => return None,
    }))
}

fn encode_call<'a>(call: &'a ToolCall<'_>) -> Result<write::Part<'a>, BadCall> {
    function_call(call.id.as_deref(), &call.name, &call.arguments, call.signature.as_deref())
}

/// Writes a call.
pub(super) fn function_call<'a>(
    id: Option<&'a str>,
    name: &'a str,
    arguments: &'a Arguments<'_>,
    signature: Option<&'a str>,
) -> Result<write::Part<'a>, BadCall> {
    let object = arguments.as_object().ok_or(BadCall)?;
    let args = serde_json::from_str(object).map_err(|_| BadCall)?;
    let call = write::FunctionCall { id, name, args };
    Ok(write::Part::Data(write::Data::Call(call), signature))
}
