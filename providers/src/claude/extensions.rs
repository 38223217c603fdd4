//! Members that only Anthropic's schema has, on their way into the model.

use std::borrow::Cow;

use serde_json::value::RawValue;

use crate::Schema;
use crate::conversation::{Extension, Unsupported};

/// Longest member name that is reported as it stands.
const MAX_NAME: usize = 64;

/// Most paths that are told apart: a hostile body must not make a long list of them.
const MAX_PATHS: usize = 128;

/// Stands for a name that no API would have.
pub(super) const UNKNOWN: &str = "unknown";

/// Members that change what the answer means, or where it is made: refused by other targets.
/// All others are hints (`wire.md` §5.1).
const REFUSED: [&str; 3] = ["container", "inference_geo", "mcp_servers"];

/// Collects extensions.
#[derive(Debug, Default)]
pub(super) struct Extensions<'a> {
    pub(super) list: Vec<Extension<'a>>,
    /// The paths that are told apart.
    paths: Vec<String>,
}

impl<'a> Extensions<'a> {
    /// A member of the object at `parent` (nothing: the body itself) that has no place in the
    /// model. `value` is the member's, or, where the object stands in a list, all of the object:
    /// a path names no index, so that the way back is found by what else the object says.
    pub(super) fn unknown(&mut self, parent: &str, name: &str, value: &'a RawValue) {
        let refuse = parent.is_empty() && REFUSED.contains(&name);
        let unsupported = if refuse { Unsupported::Refuse } else { Unsupported::Drop };
        self.add(parent, name, value, unsupported);
    }

    /// The same, with what other targets do about it.
    ///
    /// Paths become header values and metric labels, so a name that no API would have is
    /// reported as `unknown`, once.
    pub(super) fn add(
        &mut self,
        parent: &str,
        name: &str,
        value: &'a RawValue,
        unsupported: Unsupported,
    ) {
        let path = |name: &str| match parent.is_empty() {
            true => name.to_owned(),
            false => format!("{parent}.{name}"),
        };
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
        let fit = !name.is_empty() && name.len() <= MAX_NAME && name.chars().all(plain);
        let mut full = path(if fit { name } else { UNKNOWN });
        if !self.paths.contains(&full) {
            if self.paths.len() >= MAX_PATHS {
                full = path(UNKNOWN);
            }
            if self.paths.contains(&full) {
                return;
            }
            self.paths.push(full.clone());
        } else if full.ends_with(UNKNOWN) {
            return;
        }
        let path = Cow::Owned(full);
        self.list.push(Extension { schema: Schema::Claude, path, value, unsupported });
    }
}
