//! Where a vendor's operations are.

use super::parameters;
use super::template::Template;
use crate::Schema;
use crate::conversation::Refusal;

/// What a provider is asked to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operation {
    /// One model turn, answered whole.
    Generate,
    /// One model turn, streamed as server-sent events or whatever the vendor has in their place.
    Stream,
    /// The same as a JSON array (Gemini without `alt=sse`).
    StreamArray,
    /// How many tokens a request has.
    Count,
    /// A conversation made shorter (OpenAI Responses).
    Compact,
    /// Embeddings.
    Embed,
    /// Several embeddings, where that is another path (Gemini).
    EmbedBatch,
    /// The list of models.
    Models,
    /// One model.
    Model,
}

impl Operation {
    /// Every operation, with its name in the table.
    pub(super) const ALL: [(&'static str, Self); 9] = [
        ("generate", Self::Generate),
        ("stream", Self::Stream),
        ("stream_array", Self::StreamArray),
        ("count", Self::Count),
        ("compact", Self::Compact),
        ("embed", Self::Embed),
        ("embed_batch", Self::EmbedBatch),
        ("models", Self::Models),
        ("model", Self::Model),
    ];
}

/// The paths of a vendor's operations at one place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paths(Vec<(Schema, Operation, Template)>);

/// The version in Gemini's paths, unless a caller's own is kept (`wire.md` §1.1).
const GEMINI_VERSION: &str = "v1beta";

impl Paths {
    pub(super) const fn new(paths: Vec<(Schema, Operation, Template)>) -> Self {
        Self(paths)
    }

    /// Path and query of an operation, behind the base URL; `None` if the vendor doesn't offer it.
    /// `version` is the one of a Gemini caller's own path; it counts where the vendor has several.
    ///
    /// # Errors
    ///
    /// The model's name stands in the path and would lead elsewhere (S-20).
    pub fn path(
        &self,
        schema: Schema,
        operation: Operation,
        model: &str,
        version: Option<&str>,
    ) -> Result<Option<String>, Refusal> {
        let wanted = |(s, o, _): &&(Schema, Operation, Template)| (*s, *o) == (schema, operation);
        let Some((.., path)) = self.0.iter().find(wanted) else { return Ok(None) };
        if path.holes().any(|hole| hole == "model") {
            parameters::model(model)
                .map_err(|fault| Refusal::of("model", format!("`model` {fault}; name a model")))?;
        }
        let version = version.filter(|version| parameters::segment(version).is_ok());
        Ok(Some(path.render(|hole| match hole {
            "model" => Some(model),
            "version" => version.or(Some(GEMINI_VERSION)),
            _ => None,
        })))
    }

    /// Whether the paths of a schema begin with a version (`/v1/…`): a base URL that ends in one
    /// would say it twice, and answer 404 to everything.
    pub fn begin_with_version(&self, schema: Schema) -> bool {
        let is_version = |path: &Template| match path.start().split('/').nth(1) {
            Some("") | None => path.holes().next() == Some("version"),
            Some(first) => {
                let mut bytes = first.bytes();
                bytes.next() == Some(b'v') && bytes.next().is_some_and(|b| b.is_ascii_digit())
            }
        };
        self.0.iter().any(|(s, _, path)| *s == schema && is_version(path))
    }
}
