//! What a vendor's body has other than the schema's own.

use std::borrow::Cow;
use std::ops::Range;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::conversation::Refusal;
use crate::json::{Edit, Object, Str};

/// A member that a vendor's body must have, with its value as JSON.
pub(super) type Set<'s> = (&'s str, String);

/// The edits that make `body`, a request, the vendor's: members in `drop` go, those in `rename` get
/// another name (and go where the other is there as well), those in `set` are put there, in place
/// of what is there.
pub(super) fn edits(
    body: &[u8],
    drop: &[&str],
    rename: &[(String, String)],
    set: &[Set<'_>],
) -> Result<Vec<Edit>, Refusal> {
    if drop.is_empty() && rename.is_empty() && set.is_empty() {
        return Ok(Vec::new());
    }
    let object: Object<'_> = serde_json::from_slice(body)
        .map_err(|_| Refusal::body("the body is not a JSON object; send one"))?;
    // A null is as good as nothing, and must not stand in for a value that has another name.
    let said = |name: &str| object.get(name).is_some_and(|value| value.get() != "null");
    let goes = |name: &str| {
        let renamed = || rename.iter().find(|(old, _)| old == name);
        let replaced = || rename.iter().any(|(old, new)| new == name && said(old));
        drop.contains(&name)
            || set.iter().any(|(new, _)| *new == name)
            || renamed().is_some_and(|(_, new)| said(new) || !said(name))
            || !said(name) && replaced()
    };

    let inside = memchr::memchr(b'{', body).map_or(0, |brace| brace + 1);
    let mut edits = Vec::new();
    // Where the member before ended, and whether any before stays.
    let (mut before, mut stays) = (inside, false);
    for (name, value) in &object.0 {
        let span = span_of(body, value);
        let quote =
            before + memchr::memchr(b'"', body.get(before..).unwrap_or_default()).unwrap_or(0);
        if goes(name) {
            edits.push(cut(before..span.end));
        } else {
            if !stays && before > inside {
                // All before it went, so the comma goes that was between.
                edits.push(cut(before..quote));
            }
            stays = true;
            if let Some((_, new)) = rename.iter().find(|(old, _)| old == name) {
                let end = body.get(quote..span.start).and_then(|name| memchr::memrchr(b'"', name));
                let name = quote..quote + end.map_or(0, |end| end + 1);
                edits.push(Edit { span: name, with: Cow::Owned(quoted(new)) });
            }
        }
        before = span.end;
    }
    if !set.is_empty() {
        let mut with = Vec::new();
        for (index, (name, value)) in set.iter().enumerate() {
            if index > 0 {
                with.push(b',');
            }
            with.extend_from_slice(&quoted(name));
            with.push(b':');
            with.extend_from_slice(value.as_bytes());
        }
        if stays {
            with.push(b',');
        }
        // First of all edits: those that follow may begin at the same place.
        edits.insert(0, Edit { span: inside..inside, with: Cow::Owned(with) });
    }
    Ok(edits)
}

/// The value of a top-level member that is a list of strings; empty if it is none.
pub(super) fn strings<'a>(body: &'a [u8], name: &str) -> Vec<Cow<'a, str>> {
    /// Only to look; [`edits`] refuses what can't be read.
    #[derive(Deserialize)]
    struct List<'a>(#[serde(borrow)] Vec<Str<'a>>);

    let object: Object<'_> = serde_json::from_slice(body).unwrap_or_default();
    let list = object.get(name).and_then(|raw| serde_json::from_str::<List<'_>>(raw.get()).ok());
    list.map_or_else(Vec::new, |list| list.0.into_iter().map(|text| text.0).collect())
}

const fn cut(span: Range<usize>) -> Edit {
    Edit { span, with: Cow::Borrowed(b"") }
}

/// Where a value stands in the body that it borrows from.
fn span_of(body: &[u8], value: &RawValue) -> Range<usize> {
    let start = (value.get().as_ptr() as usize).saturating_sub(body.as_ptr() as usize);
    start..start + value.get().len()
}

fn quoted(text: &str) -> Vec<u8> {
    // Writing a string into memory can't fail.
    serde_json::to_vec(text).unwrap_or_default()
}
