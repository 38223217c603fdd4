//! OpenAI: Chat Completions and Responses (wire.md §2, §3, §4.1).

pub(super) mod chat;
mod embeddings;
mod family;
mod paths;
pub(super) mod responses;
mod strict;

pub(super) use embeddings::embed;
pub(super) use paths::find;

use super::rejection::Rejection;

/// The models that the list names.
pub const MODELS: &[&str] = &["gpt-5.4", "gpt-4o-mini"];

/// The body of `GET /v1/models/{model}`.
pub(super) fn model(model: &str) -> serde_json::Value {
    serde_json::json!({"id": model, "object": "model", "created": 1_780_000_000,
                       "owned_by": "system"})
}

/// The body of `GET /v1/models`.
pub(super) fn models() -> serde_json::Value {
    let data: Vec<_> = MODELS.iter().map(|each| model(each)).collect();
    serde_json::json!({"object": "list", "data": data})
}

/// Refuses a tool's name that does not match OpenAI's pattern.
fn tool_name(name: &str, param: &str) -> Result<(), Rejection> {
    let good = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    if (1..=64).contains(&name.len()) && name.bytes().all(good) {
        return Ok(());
    }
    let message = format!(
        "Invalid '{param}': string does not match pattern. Expected a string that matches the \
         pattern '^[a-zA-Z0-9_-]+$'."
    );
    Err(Rejection::bad(message).param(param).code("invalid_value"))
}
