//! Tests of the Gemini codec.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod corpus;
mod decode_request;
mod encode_request;
mod error;
mod extras;
mod models;
mod own;
mod properties;
mod response;
mod stream;

use serde_json::Value;

use super::Gemini;
use crate::Schema;
use crate::catalog::{Capabilities, Thinking};
use crate::codec::{Codec, Encoded, PathHints, Target};
use crate::conversation::{Effort, Event, Refusal, Request};

pub(super) const PATH: PathHints<'static> =
    PathHints { model: Some("gemini-x"), stream: Some(false) };

/// A model that thinks this way, at any effort.
pub(super) fn capabilities(thinking: Thinking) -> Capabilities {
    use Effort::{High, Low, Medium, Minimal, XHigh};
    Capabilities {
        thinking,
        thinking_off: thinking == Thinking::Budget,
        least_budget: 128,
        most_budget: 24_576,
        penalties: true,
        efforts: vec![Minimal, Low, Medium, High, XHigh],
        tool_result_media: thinking == Thinking::Effort,
        thought_signatures: thinking == Thinking::Effort,
        ..Capabilities::default_for(Schema::Gemini)
    }
}

/// What was decoded, or the refusal.
pub(super) fn decode(body: &[u8]) -> Result<Request<'_>, Refusal> {
    Gemini.decode_request(body, PATH)
}

/// The request as it is sent to a model that thinks this way.
pub(super) fn encoded(request: &Request<'_>, thinking: Thinking) -> Result<Encoded, Refusal> {
    let capabilities = capabilities(thinking);
    Gemini.encode_request(request, &Target { model: "gemini-x", capabilities: &capabilities })
}

/// Its body and losses, to look into.
pub(super) fn encode_for(
    request: &Request<'_>,
    thinking: Thinking,
) -> Result<(Value, Vec<String>), Refusal> {
    let encoded = encoded(request, thinking)?;
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
