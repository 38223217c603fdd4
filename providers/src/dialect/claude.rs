//! What Claude's structured outputs and strict tools accept.

use std::borrow::Cow;

use serde_json::value::RawValue;

use super::tree::Node;
use super::{
    Members, Outcome, get, get_mut, is_object, keyword, lone_ref, modern_definitions, pass, take,
};
use crate::conversation::Refusal;

/// Keywords that Claude enforces.
const KNOWN: [&str; 14] = [
    "$defs",
    "$ref",
    "type",
    "title",
    "description",
    "enum",
    "const",
    "anyOf",
    "allOf",
    "items",
    "properties",
    "required",
    "additionalProperties",
    "format",
];

/// Values of `format` that Claude enforces.
const FORMATS: [&str; 10] =
    ["date-time", "time", "date", "duration", "email", "hostname", "uri", "ipv4", "ipv6", "uuid"];

/// Turns a JSON Schema into what Claude accepts in `output_config.format` and in strict tools,
/// and says whether a constraint was lost.
///
/// Objects are closed (`additionalProperties: false`), `oneOf` becomes `anyOf`, and what Claude
/// does not enforce moves into the description, where the model reads it, as Anthropic's own
/// SDKs do. Recursion, which Claude refuses, is left for it to refuse.
///
/// # Errors
///
/// A schema that is nested too deep or has a member twice.
pub fn for_claude_format(raw: &RawValue) -> Result<(Cow<'_, RawValue>, bool), Refusal> {
    pass(raw, |members, outcome| {
        modern_definitions(members, outcome);
        one_of_to_any_of(members, outcome);
        describe(members, outcome);
        lone_ref(members, outcome);
        close(members, outcome);
    })
}

fn one_of_to_any_of(members: &mut Members<'_>, outcome: &mut Outcome) {
    if get(members, "anyOf").is_some() {
        return;
    }
    if let Some((name, _)) = members.iter_mut().find(|(name, _)| name == "oneOf") {
        *name = "anyOf".into();
        outcome.change();
    }
}

fn enforced(name: &str, value: &Node<'_>) -> bool {
    match name {
        "format" => FORMATS.iter().any(|format| value.is_text(format)),
        "minItems" => matches!(value.as_number(), Some("0" | "1")),
        _ => KNOWN.contains(&name),
    }
}

/// Moves what Claude does not enforce into the description.
fn describe(members: &mut Members<'_>, outcome: &mut Outcome) {
    let mut moved = String::new();
    members.retain(|(name, value)| {
        if enforced(name, value) {
            return true;
        }
        outcome.change();
        if !keyword::is_remark(name) {
            outcome.lose();
            moved.push_str(if moved.is_empty() { "{" } else { ", " });
            moved.push_str(name);
            moved.push_str(": ");
            value.write(&mut moved);
        }
        false
    });
    if moved.is_empty() {
        return;
    }
    moved.push('}');
    match get_mut(members, "description") {
        Some(node) => {
            let before = node.as_text().unwrap_or_default();
            *node = Node::text(&format!("{before}\n\n{moved}"));
        }
        None => members.push(("description".into(), Node::text(&moved))),
    }
}

/// Allows no properties but those that are listed. Where others were allowed in so many words,
/// that is a loss.
fn close(members: &mut Members<'_>, outcome: &mut Outcome) {
    if !is_object(members) {
        if take(members, "additionalProperties").is_some() {
            outcome.change();
        }
        return;
    }
    match get_mut(members, "additionalProperties") {
        Some(node) if *node == Node::FALSE => {}
        Some(node) => {
            *node = Node::FALSE;
            outcome.lose();
        }
        None => {
            members.push(("additionalProperties".into(), Node::FALSE));
            outcome.change();
        }
    }
}
