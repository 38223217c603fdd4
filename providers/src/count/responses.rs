//! OpenAI's `/v1/responses/input_tokens`.

use std::borrow::Cow;

use super::claude::input_tokens;
use super::{Codec, members};
use crate::Schema;
use crate::conversation::{ApiError, Refusal};

/// How OpenAI counts.
#[derive(Clone, Copy, Debug)]
pub struct Responses;

/// What the endpoint takes of a model turn (T).
const COUNTED: &[&str] = &[
    "conversation",
    "input",
    "instructions",
    "model",
    "parallel_tool_calls",
    "previous_response_id",
    "reasoning",
    "text",
    "tool_choice",
    "tools",
    "truncation",
];

impl Codec for Responses {
    fn unwrap<'a>(&self, body: &'a [u8]) -> Result<Cow<'a, [u8]>, Refusal> {
        Ok(Cow::Borrowed(body))
    }

    fn wrap(&self, body: &[u8], _model: &str) -> Result<Vec<u8>, Refusal> {
        members::only(body, COUNTED)
    }

    fn decode_response(&self, body: &[u8]) -> Result<u64, ApiError> {
        input_tokens(Schema::Responses, body)
    }

    fn encode_response(&self, tokens: u64) -> Vec<u8> {
        format!(r#"{{"object":"response.input_tokens","input_tokens":{tokens}}}"#).into_bytes()
    }
}
