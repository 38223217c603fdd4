//! `POST /v1/responses/input_tokens`.

use serde_json::{Value, json};

use super::super::super::json::Json;
use super::super::super::rejection::Rejection;
use super::super::super::route::Route;
use super::super::super::turn::Turn;

/// The fields of Responses that count.
const FIELDS: &[&str] = &[
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

pub(in super::super::super) fn read_count<'j>(
    body: &'j Json<'j>,
    route: &Route,
) -> Result<Turn<'j>, Rejection> {
    let unknown = body.members().iter().find(|(name, _)| !FIELDS.contains(&name.as_ref()));
    if let Some((name, _)) = unknown {
        let message = format!("Unknown parameter: '{name}'.");
        let param = name.to_string();
        return Err(Rejection::bad(message).param(param).code("unknown_parameter"));
    }
    super::read(body, route)
}

pub(in super::super::super) fn count(tokens: u64) -> Value {
    json!({"object": "response.input_tokens", "input_tokens": tokens})
}
