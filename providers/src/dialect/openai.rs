//! What OpenAI's strict mode accepts.

use std::borrow::Cow;
use std::collections::HashSet;

use serde_json::value::RawValue;

use super::tree::Node;
use super::{Members, get, is_object, pass, tree, walk};
use crate::conversation::Refusal;

/// Closes the objects of a schema that is to be enforced to the letter; `None` where that is not
/// all it takes.
///
/// OpenAI wants every object closed and every property required, and refuses any other schema. A
/// property that may be left out can't be said there without changing what the schema means, and
/// neither can an open object.
///
/// # Errors
///
/// A schema that is nested too deep or has a member twice.
pub fn for_openai_strict(raw: &RawValue) -> Result<Option<Cow<'_, RawValue>>, Refusal> {
    let mut root = tree::parse(raw)?;
    let mut able = true;
    walk(
        &mut root,
        &mut |members, _| able &= can_be_strict(members),
        &mut super::Outcome::default(),
    );
    if !able {
        return Ok(None);
    }
    let (schema, _) = pass(raw, |members, outcome| {
        if is_object(members) && get(members, "additionalProperties").is_none() {
            members.push(("additionalProperties".into(), Node::FALSE));
            outcome.change();
        }
    })?;
    Ok(Some(schema))
}

/// Whether all that an object lacks is being closed.
fn can_be_strict(members: &Members<'_>) -> bool {
    if !is_object(members) {
        return true;
    }
    let closed = get(members, "additionalProperties").is_none_or(|node| *node == Node::FALSE);
    let required: HashSet<Cow<'_, str>> = match get(members, "required") {
        Some(Node::Array(names)) => names.iter().filter_map(Node::as_text).collect(),
        _ => HashSet::new(),
    };
    let all_required = match get(members, "properties") {
        Some(Node::Object(properties)) => {
            properties.iter().all(|(name, _)| required.contains(name))
        }
        _ => true,
    };
    closed && all_required
}
