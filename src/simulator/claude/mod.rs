//! Anthropic Messages (wire.md §2, §3, §4.1, §6).

mod conversation;
mod paths;
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
pub const VERSIONS: &[&str] = &["2023-06-01", "2026-10-21"];

/// What a family of models takes (wire.md §6).
pub(super) struct Family {
    prefix: &'static str,
    sampling: bool,
    budget: bool,
    adaptive: bool,
    prefill: bool,
    system_turns: bool,
}

/// The first whose prefix fits; the last is what newer models take.
#[rustfmt::skip]
static FAMILIES: &[Family] = &[
    Family { prefix: "claude-3", sampling: true, budget: true, adaptive: false, prefill: true, system_turns: false },
    Family { prefix: "claude-sonnet-4-6", sampling: true, budget: true, adaptive: true, prefill: false, system_turns: false },
    Family { prefix: "claude-opus-4-6", sampling: true, budget: true, adaptive: true, prefill: false, system_turns: false },
    Family { prefix: "claude-opus-4-7", sampling: false, budget: false, adaptive: true, prefill: false, system_turns: true },
    Family { prefix: "claude-opus-4-8", sampling: false, budget: false, adaptive: true, prefill: false, system_turns: true },
    Family { prefix: "claude-sonnet-4", sampling: true, budget: true, adaptive: false, prefill: true, system_turns: false },
    Family { prefix: "claude-opus-4", sampling: true, budget: true, adaptive: false, prefill: true, system_turns: false },
    Family { prefix: "claude-haiku-4", sampling: true, budget: true, adaptive: false, prefill: true, system_turns: false },
    Family { prefix: "claude-", sampling: false, budget: false, adaptive: true, prefill: false, system_turns: true },
];

fn family(model: &str) -> Option<&'static Family> {
    FAMILIES.iter().find(|family| model.starts_with(family.prefix))
}

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
