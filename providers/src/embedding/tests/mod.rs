#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod corpus;
mod inbound;
mod properties;
mod requests;
mod responses;

use serde_json::Value;

use super::*;
use crate::conversation::Loss;

pub(super) const BATCH: PathHints<'static> = PathHints { model: Some("m"), batch: true };
pub(super) const ONE: PathHints<'static> = PathHints { model: Some("m"), batch: false };

pub(super) fn json(body: &[u8]) -> Value {
    serde_json::from_slice(body).unwrap_or_else(|e| panic!("{e}: {}", body.escape_ascii()))
}

pub(super) fn names(losses: &[Loss]) -> Vec<&str> {
    losses.iter().map(|loss| &*loss.field).collect()
}

/// A request of one schema as the other one is sent it.
pub(super) fn to_gemini(body: &str) -> Result<Encoded, Refusal> {
    let request = OpenAi.decode_request(body.as_bytes(), PathHints::default())?;
    Gemini.encode_request(&request, "g")
}

pub(super) fn to_openai(body: &str, path: PathHints<'_>) -> Result<Encoded, Refusal> {
    let request = Gemini.decode_request(body.as_bytes(), path)?;
    OpenAi.encode_request(&request, "o")
}
