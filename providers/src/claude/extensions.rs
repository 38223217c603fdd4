//! Members that only Anthropic's schema has, on their way into the model.

use std::borrow::Cow;

use serde_json::value::RawValue;

use crate::Schema;
use crate::conversation::{Extension, Unsupported};

/// Longest member name that is reported as it stands.
const MAX_NAME: usize = 64;

/// Most paths that are told apart: a hostile body must not make a long list of them.
const MAX_PATHS: usize = 128;

/// Members that change what the answer means, or where it is made: refused by other targets.
/// All others are hints (`wire.md` §5.1).
const REFUSED: [&str; 3] = ["container", "inference_geo", "mcp_servers"];

/// Collects extensions, each path once.
#[derive(Debug, Default)]
pub(super) struct Extensions<'a>(pub(super) Vec<Extension<'a>>);

impl<'a> Extensions<'a> {
    /// A member of the object at `parent` (nothing: the body itself) that has no place in the
    /// model.
    ///
    /// Paths become header values and metric labels, so a name that no API would have is
    /// reported as `unknown`.
    pub(super) fn unknown(&mut self, parent: &str, name: &str, value: &'a RawValue) {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
        let fit = !name.is_empty() && name.len() <= MAX_NAME && name.chars().all(plain);
        let name = if fit && self.0.len() < MAX_PATHS { name } else { "unknown" };
        let (path, refuse) = match parent.is_empty() {
            true => (name.to_owned(), REFUSED.contains(&name)),
            false => (format!("{parent}.{name}"), false),
        };
        let unsupported = if refuse { Unsupported::Refuse } else { Unsupported::Drop };
        self.add(path, value, unsupported);
    }

    /// An extension of this path, unless there is one.
    pub(super) fn add(
        &mut self,
        path: impl Into<Cow<'a, str>>,
        value: &'a RawValue,
        unsupported: Unsupported,
    ) {
        let path = path.into();
        if !self.0.iter().any(|known| known.path == path) {
            self.0.push(Extension { schema: Schema::Claude, path, value, unsupported });
        }
    }
}
