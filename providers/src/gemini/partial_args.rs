//! Arguments that come piece by piece (Vertex `streamFunctionCallArguments`).

use std::borrow::Cow;

use serde::ser::{Serialize, Serializer};

use super::wire::read::PartialArg;

/// The arguments so far.
#[derive(Debug)]
pub(super) struct PartialArgs(Node);

impl Default for PartialArgs {
    fn default() -> Self {
        Self(Node::Object(Vec::new()))
    }
}

/// A value that may still grow.
#[derive(Debug)]
enum Node {
    Object(Vec<(String, Self)>),
    List(Vec<Self>),
    Text(String),
    /// A number, boolean or null, as JSON.
    Raw(Box<serde_json::value::RawValue>),
    /// Named by a path, but not said yet.
    Empty,
}

/// A step of a path like `$.items[0].name`.
enum Step<'a> {
    Member(Cow<'a, str>),
    Index(usize),
}

/// Longest path that is followed: deeper ones are no arguments.
const MOST_STEPS: usize = 64;

impl PartialArgs {
    /// Adds a piece. Pieces that make no sense are left out: what the arguments then lack, the
    /// caller's own check will find.
    pub(super) fn add(&mut self, piece: &PartialArg<'_>) {
        let path = piece.json_path.as_deref().unwrap_or("");
        let Some(steps) = steps(path) else { return };
        let Some(node) = steps.into_iter().try_fold(&mut self.0, Node::at) else { return };
        if let Some(text) = &piece.string_value {
            match node {
                Node::Text(so_far) => so_far.push_str(text),
                other => *other = Node::Text(text.to_string()),
            }
        } else if let Some(raw) = piece.number_value.or(piece.bool_value) {
            *node = Node::Raw(raw.to_owned());
        } else if piece.null_value.is_some() {
            *node = Node::Empty;
        }
    }

    /// The arguments as JSON.
    pub(super) fn json(&self) -> String {
        serde_json::to_string(&self.0).unwrap_or_default()
    }
}

impl Node {
    fn at(&mut self, step: Step<'_>) -> Option<&mut Self> {
        match step {
            Step::Member(name) => {
                if matches!(self, Self::Empty) {
                    *self = Self::Object(Vec::new());
                }
                let Self::Object(members) = self else { return None };
                let found = members.iter().position(|(member, _)| *member == name);
                let index = found.unwrap_or_else(|| {
                    members.push((name.into_owned(), Self::Empty));
                    members.len() - 1
                });
                members.get_mut(index).map(|(_, node)| node)
            }
            Step::Index(index) => {
                if matches!(self, Self::Empty) {
                    *self = Self::List(Vec::new());
                }
                let Self::List(items) = self else { return None };
                // Items come in order: an index far ahead must not make room for all before.
                if index == items.len() {
                    items.push(Self::Empty);
                }
                items.get_mut(index)
            }
        }
    }
}

impl Serialize for Node {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Object(members) => {
                serializer.collect_map(members.iter().map(|(name, node)| (name, node)))
            }
            Self::List(items) => items.serialize(serializer),
            Self::Text(text) => serializer.serialize_str(text),
            Self::Raw(raw) => raw.serialize(serializer),
            Self::Empty => serializer.serialize_unit(),
        }
    }
}

/// The steps of a JSON path: `$.name`, `[0]` and `['name']`.
fn steps(path: &str) -> Option<Vec<Step<'_>>> {
    let mut rest = path.strip_prefix('$')?;
    let mut steps = Vec::new();
    while !rest.is_empty() && steps.len() < MOST_STEPS {
        if let Some(after) = rest.strip_prefix('.') {
            let end = after.find(['.', '[']).unwrap_or(after.len());
            let (name, more) = after.split_at(end);
            steps.push(Step::Member(Cow::Borrowed(name)));
            rest = more;
        } else {
            let (inner, more) = rest.strip_prefix('[')?.split_once(']')?;
            let quoted = inner.strip_prefix(['\'', '"']).and_then(|s| s.strip_suffix(['\'', '"']));
            steps.push(match quoted {
                Some(name) => Step::Member(Cow::Borrowed(name)),
                None => Step::Index(inner.parse().ok()?),
            });
            rest = more;
        }
    }
    (rest.is_empty() && !steps.is_empty()).then_some(steps)
}
