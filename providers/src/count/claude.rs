//! Anthropic's `/v1/messages/count_tokens`.

use std::borrow::Cow;

use serde::Deserialize;

use super::{Codec, members, unreadable};
use crate::Schema;
use crate::conversation::{ApiError, Refusal};
use crate::json::reports_error;

/// How Anthropic counts.
#[derive(Clone, Copy, Debug)]
pub struct Claude;

/// What the endpoint takes (T). It refuses the rest of a model turn: "Extra inputs are not
/// permitted".
const COUNTED: &[&str] = &[
    "cache_control",
    "messages",
    "model",
    "output_config",
    "system",
    "thinking",
    "tool_choice",
    "tools",
];

impl Codec for Claude {
    /// A model turn must have a limit, a count must not.
    fn unwrap<'a>(&self, body: &'a [u8]) -> Result<Cow<'a, [u8]>, Refusal> {
        let members = members::read(body)?;
        if members.get("max_tokens").is_some() {
            return Ok(Cow::Borrowed(body));
        }
        let inside = body.trim_ascii_start().strip_prefix(b"{").unwrap_or_default();
        let limit: &[u8] =
            if members.0.is_empty() { br#"{"max_tokens":1"# } else { br#"{"max_tokens":1,"# };
        Ok(Cow::Owned([limit, inside].concat()))
    }

    fn wrap(&self, body: &[u8], _model: &str) -> Result<Vec<u8>, Refusal> {
        members::only(body, COUNTED)
    }

    fn decode_response(&self, body: &[u8]) -> Result<u64, ApiError> {
        input_tokens(Schema::Claude, body)
    }

    fn encode_response(&self, tokens: u64) -> Vec<u8> {
        format!(r#"{{"input_tokens":{tokens}}}"#).into_bytes()
    }
}

/// Reads `input_tokens`, which OpenAI says as well.
pub(super) fn input_tokens(schema: Schema, body: &[u8]) -> Result<u64, ApiError> {
    #[derive(Deserialize)]
    struct Answer {
        input_tokens: u64,
    }

    if reports_error(body) {
        return Err(schema.codec().decode_error(200, body));
    }
    let answer: Answer = serde_json::from_slice(body).map_err(|_| unreadable())?;
    Ok(answer.input_tokens)
}
