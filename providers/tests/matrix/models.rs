//! Models that stand for the families of the catalogue (`providers/catalog/models.toml`).

use providers::Schema;
use providers::catalog::{Catalog, ResponsesApi};

/// A model of each family that is asked in this schema.
pub(crate) fn families(schema: Schema) -> Vec<&'static str> {
    let names: &[&str] = match schema {
        Schema::Chat | Schema::Responses => {
            &["gpt-4.1", "gpt-4o-audio", "gpt-5", "gpt-5.2", "gpt-5.6", "gpt-6-astra", "llama-4"]
        }
        Schema::Claude => &[
            "claude-3-5-haiku",
            "claude-sonnet-4-5",
            "claude-opus-4-6",
            "claude-opus-4-8",
            "claude-sonnet-5",
            "claude-opus-5-5",
        ],
        Schema::Gemini => &[
            "gemini-2.0-flash",
            "gemini-2.5-flash",
            "gemini-2.5-flash-image",
            "gemini-3-pro",
            "gemini-3.6-flash",
        ],
    };
    let served = |name: &&str| {
        let responses = Catalog::bundled().capabilities(schema, name).responses;
        match schema {
            Schema::Chat => responses != ResponsesApi::Required,
            Schema::Responses => responses != ResponsesApi::Unserved,
            _ => true,
        }
    };
    names.iter().copied().filter(served).collect()
}
