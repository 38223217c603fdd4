//! Whole responses, both ways.

use std::borrow::Cow;

use serde::Serialize;

use super::body::{Block, Known};
use super::extensions::Extensions;
use super::finish::{self, Stop};
use super::ids::{self, Ids};
use super::usage::Counts;
use super::{blocks, citation, error, turns, wire};
use crate::Schema;
use crate::codec;
use crate::conversation::{
    ApiError, Candidate, ErrorClass, Finish, FinishReason, Media, Part, Response, Source, Text,
};
use crate::json;

/// Reads a response.
pub(super) fn decode(body: &[u8]) -> Result<Response<'_>, ApiError> {
    let unreadable = |why: &str| {
        ApiError::new(ErrorClass::Server, format!("the provider's answer could not be read: {why}"))
    };
    let reply: wire::Reply<'_> = match serde_json::from_slice(body) {
        Ok(reply) => reply,
        Err(_) => return Err(unreadable("it is not a message")),
    };
    if let Some(raw) = reply.error {
        return Err(error::inner(200, raw));
    }
    let Some(content) = reply.content else {
        return Err(unreadable("it has no content"));
    };
    // Members that the model has no place for are not the caller's loss but the provider's news.
    let mut ignored = Extensions::default();
    let mut parts = Vec::with_capacity(content.len());
    for raw in content {
        let part = blocks::block(raw, "content", &mut ignored);
        parts.push(part.map_err(|refusal| unreadable(&refusal.message))?);
    }
    let calls = parts.iter().any(|part| matches!(part, Part::ToolCall(_)));
    let reason = reply.stop_reason.as_deref();
    let finish = finish::decode(reason, reply.stop_sequence, reply.stop_details, calls);
    Ok(Response {
        id: reply.id.map(Into::into),
        model: reply.model.map(Into::into),
        created: None,
        candidates: vec![Candidate { index: 0, parts, logprobs: Vec::new(), finish }],
        usage: reply.usage.and_then(|tally| tally.0.usage()),
    })
}

#[derive(Serialize)]
struct Message<'a> {
    id: Cow<'a, str>,
    #[serde(rename = "type")]
    kind: &'static str,
    role: &'static str,
    model: &'a str,
    content: Vec<Block<'a>>,
    #[serde(flatten)]
    stop: Stop<'a>,
    usage: Counts,
}

/// The id of an answer: the provider's where it is one of Anthropic's, else one of Egret's.
pub(super) fn message_id<'a>(id: Option<&'a str>, reply: &codec::Reply) -> Cow<'a, str> {
    match id {
        Some(id) if id.starts_with("msg_") && ids::accepted(id) == id => Cow::Borrowed(id),
        _ => Cow::Owned(format!("msg_{}", reply.id)),
    }
}

/// Writes a response. Alternatives past the first are refused with the request (`n`).
pub(super) fn encode(response: &Response<'_>, reply: &codec::Reply) -> Result<Vec<u8>, ApiError> {
    if let Some(error) = response.failure() {
        return Err(error);
    }
    let empty = Candidate {
        index: 0,
        parts: Vec::new(),
        logprobs: Vec::new(),
        finish: Finish::new(FinishReason::Stop),
    };
    let candidate = response.candidates.first().unwrap_or(&empty);
    let mut ids = Ids::default();
    let mut content = Vec::with_capacity(candidate.parts.len());
    for part in &candidate.parts {
        match part {
            Part::Text(text) if !text.citations.is_empty() => content.extend(cited(text)),
            part => content.extend(block(part, reply, &mut ids)),
        }
    }
    let message = Message {
        id: message_id(response.id.as_deref(), reply),
        kind: "message",
        role: "assistant",
        model: response.model.as_deref().unwrap_or(&reply.model),
        content,
        stop: Stop::of(&candidate.finish),
        usage: response.usage.unwrap_or_default().into(),
    };
    // Strings, numbers and JSON that was parsed before: nothing that serde_json could fail on.
    Ok(json::write(&message, 0).unwrap_or_default())
}

/// Text with citations, each piece with its own.
fn cited<'a>(text: &'a Text<'_>) -> impl Iterator<Item = Block<'a>> {
    citation::pieces(text).into_iter().filter(|(piece, _)| !piece.is_empty()).map(
        |(piece, citations)| {
            Block::Known(Known::Text { text: piece.into(), citations, cache_control: None })
        },
    )
}

/// What stands for a part that has no form here: better said than lost in silence.
pub(super) fn missing(kind: &str, media: &Media<'_>) -> String {
    let named = match &media.source {
        Source::Base64 { media_type, .. } => Some(media_type),
        Source::Url { media_type, .. } => media_type.as_ref(),
        Source::File { .. } | Source::Text { .. } => None,
    };
    // A type is a few words; a provider's nonsense is not repeated.
    let fine = |name: &&Cow<'_, str>| name.len() <= 64 && name.is_ascii();
    let of_type = named.filter(fine).map(|name| format!(" ({name})")).unwrap_or_default();
    format!("[The model answered with {kind}{of_type}, which the Messages API can't carry.]")
}

/// One part of an answer; `None` for what Anthropic's callers can't be told.
fn block<'a>(part: &'a Part<'_>, reply: &codec::Reply, ids: &mut Ids) -> Option<Block<'a>> {
    let known = match part {
        Part::Text(text) if text.text.is_empty() => return None,
        Part::Text(text) => return Some(Block::text(text.text.as_ref())),
        Part::Refusal(words) if words.is_empty() => return None,
        Part::Refusal(words) => return Some(Block::text(words.as_ref())),
        Part::ToolCall(call) => Known::ToolUse {
            id: Cow::Owned(ids.unique(call.id.as_deref(), &reply.id).to_owned()),
            name: &call.name,
            input: turns::input(call),
            cache_control: None,
        },
        // SDKs demand a signature; an empty one says that no one signed, and is never taken for
        // a proof when it comes back.
        Part::Thinking(thinking) if thinking.signature.is_some() || reply.include_thoughts => {
            Known::Thinking {
                thinking: &thinking.text,
                signature: thinking.signature.as_deref().unwrap_or_default(),
            }
        }
        Part::RedactedThinking(data) => Known::RedactedThinking { data },
        Part::Opaque(opaque) if opaque.schema == Schema::Claude => {
            return Some(Block::Raw(opaque.raw));
        }
        Part::Image(image) => return Some(Block::text(missing("an image", image))),
        Part::Audio(sound) => return Some(Block::text(missing("sound", sound))),
        Part::Document(file) => return Some(Block::text(missing("a file", file))),
        Part::Thinking(_) | Part::ToolResult(_) | Part::Opaque(_) => return None,
    };
    Some(Block::Known(known))
}
