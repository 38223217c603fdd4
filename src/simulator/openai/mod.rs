//! OpenAI Chat Completions (wire.md §2, §3, §4.1).

mod read;
mod shape;
mod write;

pub(super) use read::read;
pub(super) use write::{answer, failure, stream};

use super::rejection::Rejection;

/// The models that the list names.
pub const MODELS: &[&str] = &["gpt-5.4", "gpt-4o-mini"];

/// Whether the model thinks before it answers.
fn thinks(model: &str) -> bool {
    model.starts_with("gpt-5") || model.starts_with("o1") || model.starts_with("o3")
}

pub(super) fn unknown_model(model: &str) -> Rejection {
    let message = format!("The model `{model}` does not exist or you do not have access to it.");
    Rejection::new(404, message).code("model_not_found")
}

/// The body of `GET /v1/models`.
pub(super) fn models() -> serde_json::Value {
    let each = |model: &&str| {
        serde_json::json!({"id": model, "object": "model", "created": 1_780_000_000,
                           "owned_by": "system"})
    };
    let data: Vec<_> = MODELS.iter().map(each).collect();
    serde_json::json!({"object": "list", "data": data})
}
