//! Editing a body without rewriting it.

use std::borrow::Cow;
use std::ops::Range;

use bytes::Bytes;

/// One change: what stands in `span` becomes `with`. An empty span inserts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// Which bytes of the body go.
    pub span: Range<usize>,
    /// What comes in their place.
    pub with: Cow<'static, [u8]>,
}

/// Applies edits in one copy; every byte that no edit names stays as it is. Without edits the
/// body itself is returned, not a copy.
///
/// The edits' order doesn't matter. They must lie within the body and not overlap, as all of one
/// [`Peek`](super::Peek) do; of overlapping ones, the later starts where the earlier ended.
pub fn splice(body: &Bytes, edits: impl IntoIterator<Item = Edit>) -> Bytes {
    let mut edits: Vec<Edit> = edits.into_iter().collect();
    if edits.is_empty() {
        return body.clone();
    }
    edits.sort_by_key(|edit| edit.span.start);
    let grown: usize = edits.iter().map(|edit| edit.with.len()).sum();
    let mut out = Vec::with_capacity(body.len() + grown);
    let mut kept = 0;
    for Edit { span, with } in edits {
        out.extend_from_slice(body.get(kept..span.start).unwrap_or_default());
        out.extend_from_slice(&with);
        kept = kept.max(span.end);
    }
    out.extend_from_slice(body.get(kept..).unwrap_or_default());
    out.into()
}

#[cfg(test)]
mod tests;
