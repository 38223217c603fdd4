//! Tests of the Claude codec.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod corpus;
mod errors;
mod extras;
mod models;
mod own;
mod properties;
mod reasoning;
mod requests_in;
mod requests_out;
mod responses;
mod streams;
mod turns;

use serde_json::Value;

use super::Claude;
use crate::Schema;
use crate::catalog::{Capabilities, Thinking};
use crate::codec::{Codec, Encoded, PathHints, Reply, Target};
use crate::conversation::{
    Delta, Effort, Event, Finish, PartKind, Refusal, Request, Response, Usage,
};

/// A model that takes everything.
pub(super) fn able(thinking: Thinking) -> Capabilities {
    Capabilities {
        max_output_tokens: 128_000,
        default_max_tokens: 128_000,
        thinking,
        forced_tools_with_thinking: thinking == Thinking::Effort,
        efforts: vec![Effort::Low, Effort::Medium, Effort::High, Effort::XHigh, Effort::Max],
        system_turns: true,
        ..Capabilities::default_for(Schema::Claude)
    }
}

pub(super) fn decode(body: &str) -> Result<Request<'_>, Refusal> {
    Claude.decode_request(body.as_bytes(), PathHints::default())
}

pub(super) fn encode(
    request: &Request<'_>,
    capabilities: &Capabilities,
) -> Result<Encoded, Refusal> {
    Claude.encode_request(request, &Target { model: "claude-target", capabilities })
}

/// Encodes what must be encodable; the body as a value, the losses' names.
pub(super) fn encoded(request: &Request<'_>, capabilities: &Capabilities) -> (Value, Vec<String>) {
    let encoded = encode(request, capabilities).unwrap();
    let losses = encoded.losses.iter().map(|loss| loss.field.to_string()).collect();
    (serde_json::from_slice(&encoded.body).unwrap(), losses)
}

/// What a caller that sees everything is told.
pub(super) fn reply() -> Reply {
    Reply {
        id: "minted1".to_owned(),
        model: "asked-for".to_owned(),
        include_thoughts: true,
        ..Reply::default()
    }
}

/// The events of a stream that comes in pieces of this size.
pub(super) fn events(bytes: &[u8], piece: usize) -> Vec<String> {
    let mut decoder = Claude.stream_decoder();
    let mut events = Vec::new();
    for piece in bytes.chunks(piece.max(1)) {
        decoder.push(piece, &mut |event| events.push(format!("{event:?}")));
    }
    decoder.finish(&mut |event| events.push(format!("{event:?}")));
    events
}

/// An answer put together from events.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Answer {
    /// Kind, text or arguments, signature.
    pub(super) parts: Vec<(String, String, Option<String>)>,
    /// Text, and what it is from.
    pub(super) cited: Vec<String>,
    pub(super) finish: Option<String>,
    pub(super) usage: Option<Usage>,
    pub(super) ended: bool,
    pub(super) error: Option<String>,
}

impl Answer {
    pub(super) fn take(&mut self, event: &Event<'_>) {
        assert!(!self.ended && self.error.is_none(), "{event:?} after the end");
        match event {
            Event::PartStart { part, kind, .. } => {
                assert_eq!(*part as usize, self.parts.len(), "parts are dense");
                self.parts.push((format!("{kind:?}"), String::new(), None));
            }
            Event::Delta { part, delta, .. } => {
                let (_, text, signature) = &mut self.parts[*part as usize];
                match delta {
                    Delta::Text(piece) | Delta::Arguments(piece) => text.push_str(piece),
                    Delta::Signature(proof) => *signature = Some(proof.to_string()),
                    Delta::Citation(citation) => self.cited.push(format!("{text}: {citation:?}")),
                    Delta::Logprobs(_) => panic!("{delta:?}"),
                }
            }
            Event::Finish { finish, .. } => self.finish = Some(format!("{finish:?}")),
            Event::Usage(usage) => self.usage = Some(usage.tokens()),
            Event::Error(error) => self.error = Some(error.message.clone()),
            Event::End => self.ended = true,
            Event::Start { .. } | Event::PartStop { .. } | Event::Ping => {}
        }
    }

    pub(super) fn of(bytes: &[u8]) -> Self {
        let mut answer = Self::default();
        let mut decoder = Claude.stream_decoder();
        decoder.push(bytes, &mut |event| answer.take(&event));
        decoder.finish(&mut |event| answer.take(&event));
        answer
    }
}

/// Decodes a stream and encodes it again.
pub(super) fn recoded(bytes: &[u8], reply: Reply) -> Vec<u8> {
    let mut encoder = Claude.stream_encoder(reply);
    let mut decoder = Claude.stream_decoder();
    let mut out = Vec::new();
    decoder.push(bytes, &mut |event| encoder.event(&event, &mut out));
    decoder.finish(&mut |event| encoder.event(&event, &mut out));
    out
}

/// Encodes these events.
pub(super) fn streamed(events: &[Event<'_>], reply: Reply) -> Vec<u8> {
    let mut encoder = Claude.stream_encoder(reply);
    let mut out = Vec::new();
    for event in events {
        encoder.event(event, &mut out);
    }
    out
}

/// The events of a written stream, after checking that they are a legal ladder: one start, one
/// block at a time with dense numbers, deltas that fit their block, one delta and stop at the end
/// (or an error in their place).
pub(super) fn ladder(bytes: &[u8]) -> Vec<Value> {
    let text = std::str::from_utf8(bytes).unwrap();
    let mut open: Option<String> = None;
    let mut blocks = 0;
    let mut frames = Vec::new();
    let mut stage = "";
    for frame in text.split_terminator("\n\n") {
        let (name, data) = frame.split_once('\n').unwrap();
        let value: Value = serde_json::from_str(data.strip_prefix("data: ").unwrap()).unwrap();
        let kind = value["type"].as_str().unwrap().to_owned();
        assert_eq!(name.strip_prefix("event: ").unwrap(), kind);
        assert!(!matches!(stage, "message_stop" | "error"), "{kind} after {stage}");
        match kind.as_str() {
            "error" => stage = "error",
            "ping" => assert_ne!(stage, ""),
            "message_start" => {
                assert_eq!(stage, "");
                stage = "blocks";
            }
            "content_block_start" => {
                assert_eq!(stage, "blocks");
                assert!(open.is_none(), "two blocks at once");
                assert_eq!(value["index"], blocks);
                open = Some(value["content_block"]["type"].as_str().unwrap().to_owned());
            }
            "content_block_delta" => {
                assert_eq!(value["index"], blocks);
                let fits = match value["delta"]["type"].as_str().unwrap() {
                    "text_delta" | "citations_delta" => "text",
                    "input_json_delta" => "tool_use",
                    "thinking_delta" | "signature_delta" => "thinking",
                    other => panic!("{other}"),
                };
                assert_eq!(open.as_deref(), Some(fits));
            }
            "content_block_stop" => {
                assert_eq!(value["index"], blocks);
                assert!(open.take().is_some(), "no block to stop");
                blocks += 1;
            }
            "message_delta" => {
                assert_eq!(stage, "blocks");
                assert!(open.is_none(), "a block is open");
                stage = "message_delta";
            }
            "message_stop" => {
                assert_eq!(stage, "message_delta");
                stage = "message_stop";
            }
            other => panic!("{other}"),
        }
        frames.push(value);
    }
    frames
}

/// What a response says.
pub(super) fn said(response: &Response<'_>) -> String {
    let candidate = &response.candidates[0];
    format!("{:?} {:?} {:?}", candidate.parts, candidate.finish, response.usage.map(Usage::tokens))
}

/// Shorthands for events of the first candidate.
pub(super) fn start(part: u32, kind: PartKind<'_>) -> Event<'_> {
    Event::PartStart { candidate: 0, part, kind }
}

pub(super) fn call<'a>(part: u32, id: &'a str, name: &'a str) -> Event<'a> {
    start(part, PartKind::ToolCall { id: Some(id.into()), name: name.into(), custom: false })
}

pub(super) fn text(part: u32, text: &str) -> Event<'_> {
    Event::Delta { candidate: 0, part, delta: Delta::Text(text.into()) }
}

pub(super) fn arguments(part: u32, text: &str) -> Event<'_> {
    Event::Delta { candidate: 0, part, delta: Delta::Arguments(text.into()) }
}

pub(super) const fn stop(part: u32) -> Event<'static> {
    Event::PartStop { candidate: 0, part }
}

pub(super) const fn finish(finish: Finish<'static>) -> Event<'static> {
    Event::Finish { candidate: 0, finish }
}
