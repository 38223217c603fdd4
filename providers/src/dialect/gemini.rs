//! What Gemini's `parametersJsonSchema` and `responseJsonSchema` accept.

use std::borrow::Cow;

use serde_json::value::RawValue;

use super::tree::Node;
use super::{
    Members, Outcome, get, get_mut, has_type, keyword, lone_ref, modern_definitions, pass, take,
};
use crate::conversation::Refusal;

/// Keywords that Gemini knows.
const KNOWN: [&str; 21] = [
    "$id",
    "$defs",
    "$ref",
    "$anchor",
    "type",
    "format",
    "title",
    "description",
    "enum",
    "items",
    "prefixItems",
    "minItems",
    "maxItems",
    "minimum",
    "maximum",
    "anyOf",
    "oneOf",
    "properties",
    "additionalProperties",
    "required",
    "propertyOrdering",
];

/// Turns a JSON Schema into what Gemini accepts, and says whether a constraint was lost.
///
/// `const` becomes `enum`; exclusive bounds become inclusive ones, exactly for integers; an
/// `allOf` of one is spread out; `$ref` loses its siblings to an `anyOf`. Other keywords are
/// dropped.
///
/// # Errors
///
/// A schema that is nested too deep or has a member twice.
pub fn for_gemini(raw: &RawValue) -> Result<(Cow<'_, RawValue>, bool), Refusal> {
    pass(raw, |members, outcome| {
        modern_definitions(members, outcome);
        spread_all_of(members, outcome);
        const_to_enum(members, outcome);
        plain_enum(members, outcome);
        inclusive(members, "exclusiveMinimum", "minimum", 1, outcome);
        inclusive(members, "exclusiveMaximum", "maximum", -1, outcome);
        real_schemas(members, outcome);
        members.retain(|(name, _)| {
            let known = KNOWN.contains(&&**name);
            if !known && keyword::is_remark(name) {
                outcome.change();
            } else if !known {
                outcome.lose();
            }
            known
        });
        lone_ref(members, outcome);
    })
}

/// `allOf` of one schema, as generators write around a `$ref`, is that schema.
fn spread_all_of(members: &mut Members<'_>, outcome: &mut Outcome) {
    let Some(Node::Array(parts)) = get(members, "allOf") else { return };
    let [Node::Object(only)] = parts.as_slice() else { return };
    if only.iter().any(|(name, _)| get(members, name).is_some()) {
        return;
    }
    if let Some(Node::Array(parts)) = take(members, "allOf") {
        for part in parts {
            if let Node::Object(only) = part {
                members.extend(only);
            }
        }
        outcome.change();
    }
}

fn const_to_enum(members: &mut Members<'_>, outcome: &mut Outcome) {
    if get(members, "enum").is_some() {
        return;
    }
    if let Some((name, value)) = members.iter_mut().find(|(name, _)| name == "const") {
        let only = std::mem::replace(value, Node::Array(Vec::new()));
        *value = Node::Array(vec![only]);
        *name = "enum".into();
        outcome.change();
    }
}

/// Gemini's enums hold strings and numbers. Null goes where the type allows or excludes it
/// anyway; with any other value the list can't be said.
fn plain_enum(members: &mut Members<'_>, outcome: &mut Outcome) {
    let typed = get(members, "type").is_some();
    let only_null = get(members, "type").is_some_and(|node| node.is_text("null"));
    let Some(Node::Array(values)) = get_mut(members, "enum") else { return };
    let plain = |value: &Node<'_>| value.as_text().is_some() || value.as_number().is_some();
    if values.iter().all(plain) {
        return;
    }
    let says_it_all = only_null && values.iter().all(|value| *value == Node::NULL);
    if typed {
        values.retain(|value| *value != Node::NULL);
    }
    let empty = values.is_empty();
    if empty || !values.iter().all(plain) {
        take(members, "enum");
        if !says_it_all {
            outcome.lose();
        }
    }
    outcome.change();
}

/// Turns an exclusive bound into an inclusive one: the next integer where the type is integer,
/// else the bound itself, which allows one value too many.
fn inclusive(
    members: &mut Members<'_>,
    exclusive: &str,
    bound: &str,
    step: i64,
    outcome: &mut Outcome,
) {
    let Some(limit) = get(members, exclusive) else { return };
    // Draft 4 has a flag beside the bound.
    let (limit, flag) = match limit {
        Node::Scalar(text) if text == "true" => (get(members, bound), true),
        limit => (Some(limit), false),
    };
    let Some(text) = limit.and_then(Node::as_number) else {
        take(members, exclusive);
        outcome.change();
        return;
    };
    let integer = has_type(members, "integer") && !has_type(members, "number");
    let exact = text.parse::<i64>().ok().filter(|_| integer).and_then(|n| n.checked_add(step));
    let spelling = exact.map_or_else(|| text.to_owned(), |number| number.to_string());
    if exact.is_none() {
        outcome.lose();
    }
    outcome.change();
    let number = |text: &str| text.parse::<f64>().unwrap_or_default();
    #[expect(clippy::cast_precision_loss, reason = "a sign")]
    let tighter = |old: &str| (number(&spelling) - number(old)) * step as f64 > 0.0;
    let inclusive = Node::Scalar(Cow::Owned(spelling.clone()));
    let replaces =
        get(members, bound).is_none_or(|old| flag || old.as_number().is_none_or(tighter));
    take(members, exclusive);
    match (replaces, get_mut(members, bound)) {
        (true, Some(old)) => *old = inclusive,
        (true, None) => members.push((bound.to_owned().into(), inclusive)),
        (false, _) => {}
    }
}

/// `true` as a schema is written `{}`; `false`, which allows nothing, can't be said.
fn real_schemas(members: &mut Members<'_>, outcome: &mut Outcome) {
    let mut real = |node: &mut Node<'_>| {
        if *node == Node::TRUE {
            outcome.change();
        } else if *node == Node::FALSE {
            outcome.lose();
        } else {
            return;
        }
        *node = Node::Object(Vec::new());
    };
    for (name, value) in members.iter_mut() {
        match (&**name, value) {
            ("items", node) => real(node),
            ("properties" | "$defs", Node::Object(named)) => {
                named.iter_mut().for_each(|(_, node)| real(node));
            }
            ("anyOf" | "oneOf" | "prefixItems", Node::Array(items)) => {
                items.iter_mut().for_each(&mut real);
            }
            _ => {}
        }
    }
}
