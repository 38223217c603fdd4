//! Reading an object's members by name.

use std::borrow::Cow;

use serde_json::value::RawValue;

use crate::conversation::Refusal;
use crate::json::{Object, Str};

/// Most members that are kept without being known.
const UNKNOWN_MAX: usize = 256;

/// The members of an object that are still unread.
pub(super) struct Fields<'a>(Object<'a>);

impl<'a> Fields<'a> {
    /// Reads an object; `path` says where it stands, for the refusal of anything else.
    pub(super) fn of(text: &'a [u8], path: &'static str) -> Result<Self, Refusal> {
        serde_json::from_slice(text).map(Self).map_err(|error| match path {
            "" => Refusal::body(format!("the body is not as it should be: {error}")),
            _ => Refusal::of(path, format!("`{path}` must be an object: {error}")),
        })
    }

    /// Takes a member under either of its spellings. `null` is the same as none.
    pub(super) fn take(
        &mut self,
        spellings: &'static [&'static str],
    ) -> Result<Option<&'a RawValue>, Refusal> {
        let mut found = None;
        for spelling in spellings {
            let Some(at) = self.0.0.iter().position(|(name, _)| name == spelling) else { continue };
            let (_, value) = self.0.0.remove(at);
            if found.replace(value).is_some() {
                let message = format!("`{spelling}` is there in two spellings; send it once");
                return Err(Refusal::of(*spelling, message));
            }
        }
        Ok(found.filter(|value| value.get() != "null"))
    }

    /// The first of the members that are left.
    pub(super) fn first(&self) -> Option<&str> {
        self.0.0.first().map(|(name, _)| &**name)
    }

    /// Notes what is left as unknown, each path once.
    pub(super) fn leftovers(self, path: &str, unknown: &mut Vec<String>) -> Result<(), Refusal> {
        for (name, _) in self.0.0.iter().filter(|(_, value)| value.get() != "null") {
            let path = if path.is_empty() { name.to_string() } else { format!("{path}.{name}") };
            if unknown.contains(&path) {
                continue;
            }
            if unknown.len() == UNKNOWN_MAX {
                let message = format!("the body has more than {UNKNOWN_MAX} unknown fields");
                return Err(Refusal::body(message));
            }
            unknown.push(path);
        }
        Ok(())
    }
}

/// Reads a string.
pub(super) fn text<'a>(raw: &'a RawValue, field: &'static str) -> Result<Cow<'a, str>, Refusal> {
    serde_json::from_str::<Str<'a>>(raw.get())
        .map(Into::into)
        .map_err(|_| Refusal::of(field, format!("`{field}` must be a string")))
}

/// Reads a list. `one_is_a_list` takes anything else for a list of one, as Google's parser does.
pub(super) fn list<'a>(
    raw: &'a RawValue,
    field: &'static str,
    one_is_a_list: bool,
) -> Result<Vec<&'a RawValue>, Refusal> {
    if one_is_a_list && !raw.get().starts_with('[') {
        return Ok(vec![raw]);
    }
    serde_json::from_str(raw.get())
        .map_err(|_| Refusal::of(field, format!("`{field}` must be a list")))
}

/// Reads a length of vectors. Google's parser takes it as a string as well, or as `768.0`.
pub(super) fn dimensions(
    raw: &RawValue,
    field: &'static str,
    leniently: bool,
) -> Result<u32, Refusal> {
    let text = raw.get();
    let text = if leniently { text.trim_matches('"') } else { text };
    let text = if leniently { text.strip_suffix(".0").unwrap_or(text) } else { text };
    match text.parse() {
        Ok(count @ 1..) => Ok(count),
        _ => Err(Refusal::of(field, format!("`{field}` must be a whole number above 0"))),
    }
}
