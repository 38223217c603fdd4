//! Gemini's OpenAPI flavour.

use std::borrow::Cow;
use std::collections::HashMap;

use serde_json::value::RawValue;

use super::tree::Node;
use super::{Members, Outcome, get, get_mut, take, tree, walk};
use crate::conversation::Refusal;

/// Turns Gemini's `parameters` or `responseSchema` into JSON Schema.
///
/// Types become small letters, `nullable` a type `null`, limits that protobuf writes as strings
/// numbers, `example` the first of `examples`, and properties stand in the order that
/// `propertyOrdering` asks for. Snake-case spellings are taken too.
///
/// # Errors
///
/// A schema that is nested too deep or has a member twice.
pub fn from_openapi(raw: &RawValue) -> Result<Box<RawValue>, Refusal> {
    let mut root = tree::parse(raw)?;
    modern_names(&mut root)?;
    walk(&mut root, &mut one, &mut Outcome::default());
    root.to_raw()
}

/// Snake-case spellings of the keywords, which Google's SDKs mix in.
const SPELLINGS: [(&str, &str); 12] = [
    ("any_of", "anyOf"),
    ("prefix_items", "prefixItems"),
    ("additional_properties", "additionalProperties"),
    ("property_ordering", "propertyOrdering"),
    ("min_items", "minItems"),
    ("max_items", "maxItems"),
    ("min_length", "minLength"),
    ("max_length", "maxLength"),
    ("min_properties", "minProperties"),
    ("max_properties", "maxProperties"),
    ("defs", "$defs"),
    ("ref", "$ref"),
];

/// Spells keywords as JSON Schema does, outermost first: only then can the others be walked.
fn modern_names(root: &mut Node<'_>) -> Result<(), Refusal> {
    let Node::Object(members) = root else { return Ok(()) };
    for (old, new) in SPELLINGS {
        if get(members, new).is_some() && get(members, old).is_some() {
            return Err(Refusal::body(format!(
                "the schema has both {old} and {new}: leave one of them out"
            )));
        }
        if let Some((name, _)) = members.iter_mut().find(|(name, _)| name == old) {
            *name = new.into();
        }
    }
    for (name, value) in members {
        match (super::keyword::holds(name), value) {
            (super::keyword::Holds::Schema, value) => modern_names(value)?,
            (super::keyword::Holds::Schemas, Node::Array(items)) => {
                items.iter_mut().try_for_each(modern_names)?;
            }
            (super::keyword::Holds::Named, Node::Object(named)) => {
                named.iter_mut().try_for_each(|(_, value)| modern_names(value))?;
            }
            _ => {}
        }
    }
    Ok(())
}

/// Limits that protobuf's 64-bit integers make strings.
const LIMITS: [&str; 6] =
    ["minItems", "maxItems", "minLength", "maxLength", "minProperties", "maxProperties"];

fn one(members: &mut Members<'_>, _: &mut Outcome) {
    match get_mut(members, "type") {
        Some(Node::Array(types)) => types.iter_mut().for_each(lower),
        Some(node) => lower(node),
        None => {}
    }
    members.retain(|(name, value)| name != "type" || !value.is_text("type_unspecified"));
    for limit in LIMITS {
        if let Some(node) = get_mut(members, limit)
            && let Some(digits) = node.as_text()
            && !digits.is_empty()
            && digits.bytes().all(|byte| byte.is_ascii_digit())
            && let Ok(number) = digits.parse::<u64>()
        {
            *node = Node::Scalar(number.to_string().into());
        }
    }
    // An annotation of Google's on string enums that no one else knows.
    members.retain(|(name, value)| name != "format" || !value.is_text("enum"));
    if let Some(example) = take(members, "example")
        && get(members, "examples").is_none()
    {
        members.push(("examples".into(), Node::Array(vec![example])));
    }
    if let Some(Node::Array(order)) = take(members, "propertyOrdering") {
        let places: HashMap<Cow<'_, str>, usize> =
            order.iter().enumerate().filter_map(|(at, node)| Some((node.as_text()?, at))).collect();
        if let Some(Node::Object(properties)) = get_mut(members, "properties") {
            properties.sort_by_key(|(name, _)| places.get(name).copied().unwrap_or(usize::MAX));
        }
    }
    if take(members, "nullable") == Some(Node::TRUE) {
        allow_null(members);
    }
}

fn lower(node: &mut Node<'_>) {
    if let Some(text) = node.as_text()
        && text.bytes().any(|byte| byte.is_ascii_uppercase())
    {
        *node = Node::text(&text.to_ascii_lowercase());
    }
}

/// Lets the value be null as well.
fn allow_null(members: &mut Members<'_>) {
    let null = || Node::text("null");
    match get_mut(members, "type") {
        Some(Node::Array(types)) if types.contains(&null()) => {}
        Some(Node::Array(types)) => types.push(null()),
        Some(node) if *node != null() => *node = Node::Array(vec![node.clone(), null()]),
        _ => {}
    }
    if let Some(Node::Array(values)) = get_mut(members, "enum")
        && !values.contains(&Node::NULL)
    {
        values.push(Node::NULL);
    }
    if let Some(Node::Array(choices)) = get_mut(members, "anyOf") {
        let choice = Node::Object(vec![("type".into(), null())]);
        if !choices.contains(&choice) {
            choices.push(choice);
        }
    }
}
