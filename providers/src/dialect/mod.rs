//! JSON Schema dialects of the providers (`wire.md` §5.5).
//!
//! Each pass takes a schema as raw JSON and gives what a provider accepts, in the order in which
//! it was written. A schema that is fine already comes back as it is, byte for byte. `lossy` says
//! that more than a remark is gone: the provider may hold its answers to less than was asked.
//!
//! Refusals blame no field, because the pass does not know where the schema stood: callers set it.

mod claude;
mod gemini;
mod keyword;
mod openai;
mod openapi;
#[cfg(test)]
mod tests;
mod tree;

pub use claude::for_claude_format;
pub use gemini::for_gemini;
pub use openai::for_openai_strict;
pub use openapi::from_openapi;

use std::borrow::Cow;

use serde_json::value::RawValue;

use crate::conversation::Refusal;
use tree::Node;

/// What a pass did.
#[derive(Clone, Copy, Debug, Default)]
struct Outcome {
    changed: bool,
    lossy: bool,
}

impl Outcome {
    const fn change(&mut self) {
        self.changed = true;
    }

    const fn lose(&mut self) {
        self.changed = true;
        self.lossy = true;
    }
}

/// Runs a pass over every schema in a schema, those inside first.
fn pass(
    raw: &RawValue,
    mut one: impl FnMut(&mut Members<'_>, &mut Outcome),
) -> Result<(Cow<'_, RawValue>, bool), Refusal> {
    let mut root = tree::parse(raw)?;
    let mut outcome = Outcome::default();
    walk(&mut root, &mut one, &mut outcome);
    if !outcome.changed {
        return Ok((Cow::Borrowed(raw), false));
    }
    Ok((Cow::Owned(root.to_raw()?), outcome.lossy))
}

/// The members of an object, in order.
type Members<'a> = Vec<(Cow<'a, str>, Node<'a>)>;

/// Calls `one` on every schema that is an object. Recursion is bounded by [`tree::DEPTH_MAX`].
fn walk<'a>(
    node: &mut Node<'a>,
    one: &mut impl FnMut(&mut Members<'a>, &mut Outcome),
    outcome: &mut Outcome,
) {
    let Node::Object(members) = node else { return };
    for (name, value) in members.iter_mut() {
        match (keyword::holds(name), value) {
            (keyword::Holds::Schema, value) => walk(value, one, outcome),
            (keyword::Holds::Schemas, Node::Array(items)) => {
                items.iter_mut().for_each(|item| walk(item, one, outcome));
            }
            (keyword::Holds::Named, Node::Object(named)) => {
                named.iter_mut().for_each(|(_, value)| walk(value, one, outcome));
            }
            _ => {}
        }
    }
    one(members, outcome);
}

fn get<'m, 'a>(members: &'m Members<'a>, name: &str) -> Option<&'m Node<'a>> {
    members.iter().find(|(found, _)| found == name).map(|(_, value)| value)
}

fn get_mut<'m, 'a>(members: &'m mut Members<'a>, name: &str) -> Option<&'m mut Node<'a>> {
    members.iter_mut().find(|(found, _)| found == name).map(|(_, value)| value)
}

fn take<'a>(members: &mut Members<'a>, name: &str) -> Option<Node<'a>> {
    let index = members.iter().position(|(found, _)| found == name)?;
    Some(members.remove(index).1)
}

fn has_type(members: &Members<'_>, wanted: &str) -> bool {
    match get(members, "type") {
        Some(Node::Array(types)) => types.iter().any(|node| node.is_text(wanted)),
        Some(node) => node.is_text(wanted),
        None => false,
    }
}

/// Whether the schema is of an object: it says so, or has properties.
fn is_object(members: &Members<'_>) -> bool {
    has_type(members, "object")
        || (get(members, "type").is_none() && get(members, "properties").is_some())
}

/// Moves `definitions` (drafts up to 7) to `$defs`, and what refers to them; Claude and Gemini
/// know no other.
fn modern_definitions(members: &mut Members<'_>, outcome: &mut Outcome) {
    if let Some(Node::Scalar(text)) = get_mut(members, "$ref")
        && let Some(rest) = text.strip_prefix("\"#/definitions/")
    {
        *text = Cow::Owned(format!("\"#/$defs/{rest}"));
        outcome.change();
    }
    let Some(old) = take(members, "definitions") else { return };
    outcome.change();
    match (get_mut(members, "$defs"), old) {
        (Some(Node::Object(defs)), Node::Object(old)) => {
            for (name, schema) in old {
                match defs.iter().find(|(found, _)| *found == name) {
                    Some((_, same)) if *same == schema => {}
                    Some(_) => outcome.lose(),
                    None => defs.push((name, schema)),
                }
            }
        }
        (Some(_), _) => outcome.lose(),
        (None, old) => members.push(("$defs".into(), old)),
    }
}

/// Puts a `$ref` that has siblings into an `anyOf` of its own: it means the same, and neither
/// Claude nor Gemini allows siblings.
fn lone_ref(members: &mut Members<'_>, outcome: &mut Outcome) {
    let siblings = members.iter().any(|(name, _)| !name.starts_with('$'));
    if !siblings || get(members, "$ref").is_none() {
        return;
    }
    if get(members, "anyOf").is_some() {
        take(members, "$ref");
        outcome.lose();
    } else if let Some((name, value)) = members.iter_mut().find(|(name, _)| name == "$ref") {
        let target = std::mem::replace(value, Node::Array(Vec::new()));
        *value = Node::Array(vec![Node::Object(vec![("$ref".into(), target)])]);
        *name = "anyOf".into();
        outcome.change();
    }
}
