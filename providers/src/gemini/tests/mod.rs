//! Tests of the Gemini codec.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod decode_request;
mod encode_request;
mod error;
mod response;
mod stream;

use serde_json::Value;

use super::Gemini;
use crate::catalog::{Capabilities, Thinking};
use crate::codec::{Codec, PathHints, Target};
use crate::conversation::{Event, Refusal, Request};

pub(super) const PATH: PathHints<'static> =
    PathHints { model: Some("gemini-x"), stream: Some(false) };

pub(super) const fn capabilities(thinking: Thinking) -> Capabilities {
    Capabilities {
        max_output_tokens: 65_536,
        sampling: true,
        thinking,
        prefill: true,
        forced_tools: true,
        system_turns: false,
        legacy_openai: false,
    }
}

/// What was decoded, or the refusal.
pub(super) fn decode(body: &[u8]) -> Result<Request<'_>, Refusal> {
    Gemini.decode_request(body, PATH)
}

/// The body for a model that thinks this way, and the losses.
pub(super) fn encode_for(
    request: &Request<'_>,
    thinking: Thinking,
) -> Result<(Value, Vec<String>), Refusal> {
    let capabilities = capabilities(thinking);
    let target = Target { model: "gemini-x", capabilities: &capabilities };
    let encoded = Gemini.encode_request(request, &target)?;
    let losses = encoded.losses.into_iter().map(|loss| loss.field.into_owned()).collect();
    Ok((serde_json::from_slice(&encoded.body).unwrap(), losses))
}

pub(super) fn encode(request: &Request<'_>) -> Result<(Value, Vec<String>), Refusal> {
    encode_for(request, Thinking::Effort)
}

/// The events of a stream that comes in these pieces.
pub(super) fn events<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Vec<String> {
    let mut decoder = Gemini.stream_decoder();
    let mut events = Vec::new();
    let mut sink = |event: Event<'_>| events.push(format!("{event:?}"));
    for piece in pieces {
        decoder.push(piece, &mut sink);
    }
    decoder.finish(&mut sink);
    events
}
