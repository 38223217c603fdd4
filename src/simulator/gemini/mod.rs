//! Gemini generateContent and streamGenerateContent (wire.md §2, §3, §4.1).

mod contents;
mod count;
mod embed;
mod family;
mod paths;
mod read;
mod shape;
mod write;

pub(super) use count::{count, read_count};
pub(super) use embed::{embed, embed_batch};
pub(super) use paths::find;
pub(super) use read::read;
pub(super) use write::{answer, failure, stream};

use super::host::Host;
use super::rejection::Rejection;
use super::signature::Maker;

/// The models that the list names.
pub const MODELS: &[&str] = &["gemini-3.1-pro-preview", "gemini-2.5-flash"];

/// The API versions that are served.
pub const VERSIONS: &[&str] = &["v1", "v1beta", "v1alpha"];

pub(super) fn unknown_model(model: &str) -> Rejection {
    Rejection::new(
        404,
        format!(
            "models/{model} is not found for API version v1beta, or is not supported for \
             generateContent. Call ModelService.ListModels to see the list of available models \
             and their supported methods."
        ),
    )
}

/// The body of `GET /v1beta/models/{model}`.
pub(super) fn model(model: &str) -> serde_json::Value {
    serde_json::json!({
        "name": format!("models/{model}"), "version": "001", "displayName": model,
        "inputTokenLimit": 1_048_576, "outputTokenLimit": 65_536,
        "supportedGenerationMethods": ["generateContent", "countTokens"],
    })
}

/// The body of `GET /v1beta/models`.
pub(super) fn models() -> serde_json::Value {
    let models: Vec<_> = MODELS.iter().map(|each| model(each)).collect();
    serde_json::json!({"models": models})
}

/// Who signs there.
fn maker(host: Host) -> Maker {
    if host == Host::Vertex { Maker::Vertex } else { Maker::Gemini }
}
