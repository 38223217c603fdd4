//! How a vendor serves one API.

use super::edits::{self, Set};
use super::paths::Operation;
use super::template::Template;
use crate::Schema;
use crate::catalog::ApiVersion;
use crate::conversation::Refusal;
use crate::eventstream::Unwrap;
use crate::json::Edit;

/// How a vendor serves one API.
#[derive(Clone, Debug)]
pub struct Offer {
    pub(super) schema: Schema,
    pub(super) paths: Vec<(Operation, Template)>,
    pub(super) framing: Framing,
    /// Members of the body that go.
    pub(super) drop: Vec<String>,
    /// Members of the body that are called otherwise.
    pub(super) rename: Vec<(String, String)>,
    pub(super) version: Place,
    /// What stands for each version of Anthropic's API.
    pub(super) versions: Vec<(ApiVersion, String)>,
    pub(super) betas: Place,
    pub(super) passes: Vec<String>,
    pub(super) returns: Vec<String>,
    pub(super) opaque: Option<String>,
}

/// How a stream's events are framed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// Server-sent events.
    Sse,
    /// `application/vnd.amazon.eventstream` around them.
    EventStream,
}

/// Where something is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// In a header: `anthropic-version`, `anthropic-beta`.
    Header,
    /// In the body: `anthropic_version`, `anthropic_beta`. [`Offer::edits`] puts it there.
    Body,
    /// Nowhere.
    Nowhere,
}

impl Framing {
    /// What a streamed request asks for in `Accept`.
    pub const fn accept(self) -> &'static str {
        match self {
            Self::Sse => "text/event-stream",
            Self::EventStream => "application/vnd.amazon.eventstream",
        }
    }

    /// What takes the wrapping off a stream of `schema`'s events; `None` if it has none. Its
    /// bytes go through this before anything else sees them, whichever lane the answer takes; an
    /// answer whose `Content-Type` is JSON is an error and has no wrapping.
    pub fn unwrap_for(self, schema: Schema) -> Option<Unwrap> {
        match self {
            Self::Sse => None,
            Self::EventStream => Some(Unwrap::new(schema)),
        }
    }
}

impl Offer {
    /// The API.
    pub const fn schema(&self) -> Schema {
        self.schema
    }

    pub(super) fn paths(&self) -> &[(Operation, Template)] {
        &self.paths
    }

    /// Whether an operation is offered.
    pub fn has(&self, operation: Operation) -> bool {
        self.paths.iter().any(|(offered, _)| *offered == operation)
    }

    /// Whether an operation names the model in its path.
    pub fn model_in_path(&self, operation: Operation) -> bool {
        let names = |path: &Template| path.holes().any(|hole| hole == "model");
        self.paths.iter().any(|(offered, path)| *offered == operation && names(path))
    }

    /// How streams are framed.
    pub const fn framing(&self) -> Framing {
        self.framing
    }

    /// Where a version of Anthropic's API is said, and how. A version that the vendor doesn't
    /// take becomes the newest that it does. `None` on other APIs.
    pub fn version(&self, wanted: ApiVersion) -> Option<(Place, &str)> {
        let named = self.versions.iter().find(|(version, _)| *version == wanted);
        let (_, text) = named.or(self.versions.last())?;
        Some((self.version, text))
    }

    /// The version that a request is really made with where `wanted` is asked for.
    pub fn nearest(&self, wanted: ApiVersion) -> Option<ApiVersion> {
        let taken = || self.versions.iter().map(|(version, _)| *version);
        taken().find(|version| *version == wanted).or(taken().next_back())
    }

    /// Where the betas that a caller asks for (`anthropic-beta`) are said.
    pub const fn betas(&self) -> Place {
        self.betas
    }

    /// The headers of a caller of the same schema that go on, besides version and betas.
    pub fn passes(&self) -> impl Iterator<Item = &str> {
        self.passes.iter().map(String::as_str)
    }

    /// The headers of an answer that go back to a caller of the same schema.
    pub fn returns(&self) -> impl Iterator<Item = &str> {
        self.returns.iter().map(String::as_str)
    }

    /// Where a caller's path that Egret doesn't know goes, behind the base URL; `None` if nothing
    /// is passed on unread.
    pub fn opaque<'p>(&self, path: &'p str) -> Option<&'p str> {
        let rest = path.strip_prefix(self.opaque.as_deref()?)?;
        let plain = |segment: &str| !matches!(segment, "" | "." | "..");
        let inside = rest.strip_prefix('/')?;
        let sound = inside.split('/').all(plain)
            && !inside.contains(['%', '\\', '?', '#'])
            && !inside.chars().any(char::is_control);
        sound.then_some(rest)
    }

    /// The edits that make a request's body, otherwise ready, the vendor's: what its path says
    /// goes, what it calls otherwise is renamed, what it wants in the body is put there. `betas`
    /// are those of the caller's header, split at commas.
    ///
    /// # Errors
    ///
    /// The body is not an object.
    pub fn edits(
        &self,
        operation: Operation,
        body: &[u8],
        version: ApiVersion,
        betas: &[&str],
    ) -> Result<Vec<Edit>, Refusal> {
        let mut set: Vec<Set<'_>> = Vec::new();
        if let Some((Place::Body, text)) = self.version(version) {
            set.push(("anthropic_version", json(&text)));
        }
        let betas = betas.iter().map(|beta| beta.trim()).filter(|beta| !beta.is_empty());
        let betas: Vec<&str> = betas.collect();
        if self.betas == Place::Body && !betas.is_empty() {
            // A caller that knows this vendor may have put some there already.
            let mut all = edits::strings(body, "anthropic_beta");
            for beta in betas {
                if !all.iter().any(|known| known == beta) {
                    all.push(beta.into());
                }
            }
            set.push(("anthropic_beta", json(&all)));
        }
        // Counting has one path for all models (Vertex): there the body names it.
        let model_stays = !self.model_in_path(operation);
        let drop = self.drop.iter().map(String::as_str);
        let drop: Vec<&str> = drop.filter(|name| !(model_stays && *name == "model")).collect();
        edits::edits(body, &drop, &self.rename, &set)
    }
}

fn json(value: &impl serde::Serialize) -> String {
    // Writing strings into memory can't fail.
    serde_json::to_string(value).unwrap_or_default()
}
