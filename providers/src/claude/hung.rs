//! Members of tools and blocks that only Anthropic's schema has, on their way back to where they
//! stood.

use std::collections::{HashMap, HashSet};

use super::body::Members;
use super::extensions::Extensions;
use super::{blocks, decode};
use crate::Schema;
use crate::conversation::{Extension, Part, Request, Source, Tool, Unsupported};
use crate::json::Object;

/// Where the paths of members in lists begin.
const BLOCKS: [&str; 2] = ["messages.content.", "system."];
const TOOLS: &str = "tools.";

/// What hung on tools and blocks, by their kind and what is their own.
///
/// Turns may have moved meanwhile, so places don't count. Of two blocks that say the same the
/// first that is written gets what hung on the first of them that had something.
#[derive(Debug, Default)]
pub(super) struct Hung<'r>(HashMap<(Kind, String), Vec<(&'r str, Members<'r>)>>);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Kind {
    Tool,
    Text,
    Media,
    Call,
    Result,
}

impl<'r> Hung<'r> {
    /// What hung on the tools and blocks of a request to Anthropic.
    pub(super) fn of(request: &'r Request<'_>) -> Self {
        let mut hung = Self::default();
        let mut seen = HashSet::new();
        for extension in request.extensions.iter().rev().filter(|extension| is_hung(extension)) {
            let raw = extension.value.get();
            // Each member of one object comes with all of it.
            if !seen.insert(raw.as_ptr()) {
                continue;
            }
            let mut rest = Extensions::default();
            let own = if extension.path.starts_with(TOOLS) {
                match decode::tool(extension.value, &mut rest) {
                    Ok(Tool::Function { name, .. }) => Some((Kind::Tool, name.into_owned())),
                    _ => None,
                }
            } else {
                let part = blocks::block(extension.value, "tools", &mut rest).ok();
                part.and_then(|part| own(&part).map(|(kind, own)| (kind, own.to_owned())))
            };
            let Ok(object) = serde_json::from_str::<Object<'r>>(raw) else { continue };
            let members = rest.list.iter().filter_map(|known| {
                let name = known.path.strip_prefix(TOOLS)?;
                Some((name.to_owned(), object.get(name)?))
            });
            let members = Members::new(members);
            if let Some((own, (parent, _))) = own.zip(extension.path.rsplit_once('.')) {
                hung.0.entry(own).or_default().push((parent, members));
            }
        }
        hung
    }

    /// Takes what hung on this part.
    pub(super) fn on(&mut self, part: &Part<'_>) -> Option<Members<'r>> {
        if self.0.is_empty() {
            return None;
        }
        let (kind, own) = own(part)?;
        self.take(kind, own)
    }

    /// Takes what hung on the tool of this name.
    pub(super) fn on_tool(&mut self, name: &str) -> Option<Members<'r>> {
        self.take(Kind::Tool, name)
    }

    fn take(&mut self, kind: Kind, own: &str) -> Option<Members<'r>> {
        let (_, members) = self.0.get_mut(&(kind, own.to_owned()))?.pop()?;
        Some(members)
    }

    /// The paths of what nobody took.
    pub(super) fn left(&self) -> impl Iterator<Item = String> {
        self.0.values().flatten().flat_map(|(parent, members)| {
            members.0.iter().map(move |(name, _)| format!("{parent}.{name}"))
        })
    }
}

/// Whether it is a member of a tool or block that [`Hung`] brings back.
pub(super) fn is_hung(extension: &Extension<'_>) -> bool {
    let path: &str = &extension.path;
    extension.schema == Schema::Claude
        && extension.unsupported == Unsupported::Drop
        && (path.starts_with(TOOLS) || BLOCKS.iter().any(|start| path.starts_with(start)))
        && !path.contains(".source.")
        && !path.ends_with(super::extensions::UNKNOWN)
}

/// What tells a part from others of its kind.
fn own<'p>(part: &'p Part<'_>) -> Option<(Kind, &'p str)> {
    Some(match part {
        Part::Text(text) => (Kind::Text, &text.text),
        Part::Image(media) | Part::Document(media) => {
            let own = match &media.source {
                Source::Base64 { data, .. } => data,
                Source::Url { url, .. } => url,
                Source::File { id } => id,
                Source::Text { text } => text,
            };
            (Kind::Media, own)
        }
        Part::ToolCall(call) => (Kind::Call, call.id.as_deref()?),
        Part::ToolResult(result) => (Kind::Result, result.call_id.as_deref()?),
        _ => return None,
    })
}
