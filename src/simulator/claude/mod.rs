//! Anthropic Messages (wire.md §2, §3, §4.1, §6).

mod conversation;
mod family;
mod paths;
mod prefix;
mod read;
mod shape;
mod write;

pub(super) use paths::find;
pub(super) use read::{read, read_count};
pub(super) use write::{answer, failure, stream};

use super::rejection::Rejection;

/// The models that the list names.
pub const MODELS: &[&str] = &["claude-sonnet-5", "claude-haiku-4-5"];

/// The API versions that are served.
pub const VERSIONS: &[&str] = &[OLD_VERSION, "2026-10-21"];

/// The version that knows sampling.
const OLD_VERSION: &str = "2023-06-01";

pub(super) fn unknown_model(model: &str) -> Rejection {
    Rejection::new(404, format!("model: {model}"))
}

/// The body of `GET /v1/models/{model}`.
pub(super) fn model(model: &str) -> serde_json::Value {
    serde_json::json!({"type": "model", "id": model, "display_name": model,
                       "created_at": "2026-05-01T00:00:00Z"})
}

/// The body of `GET /v1/models`.
pub(super) fn models() -> serde_json::Value {
    let data: Vec<_> = MODELS.iter().map(|each| model(each)).collect();
    serde_json::json!({"data": data, "has_more": false, "first_id": MODELS.first(),
                       "last_id": MODELS.last()})
}

/// The body of an answer of `count_tokens`.
pub(super) fn count(tokens: u64) -> serde_json::Value {
    serde_json::json!({"input_tokens": tokens})
}
