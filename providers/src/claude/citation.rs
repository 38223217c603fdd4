//! Citations of text blocks (`wire.md` §3 "citations").

use std::borrow::Cow;
use std::ops::Range;

use serde::Serialize;
use serde_json::value::RawValue;

use super::object::object;
use crate::Schema;
use crate::conversation::{Citation, Text};
use crate::json::Str;

object! {
    /// A citation of any kind: of a page, of a search result, of a document by characters, pages
    /// or blocks.
    Cited {
        url: Str<'a> = "url",
        source: Str<'a> = "source",
        title: Str<'a> = "title",
        document_title: Str<'a> = "document_title",
        cited_text: Str<'a> = "cited_text",
        encrypted_index: Str<'a> = "encrypted_index",
    }
}

/// Reads a citation. One of a kind that is not known says what it says to callers of Claude.
pub(super) fn read(raw: &RawValue) -> Citation<'_> {
    let cited: Cited<'_> = serde_json::from_str(raw.get()).unwrap_or_default();
    // A search result's source is any text of the caller's, often an address.
    let page = cited.source.filter(|s| s.starts_with("https://") || s.starts_with("http://"));
    Citation {
        url: cited.url.or(page).map(Into::into),
        title: cited.title.or(cited.document_title).map(Into::into),
        cited_text: cited.cited_text.map(Into::into),
        range: None,
        // What was written by `Written::Page` is nobody's proof.
        raw: (cited.encrypted_index.as_deref() != Some(""))
            .then(|| (Schema::Claude, Cow::Borrowed(raw.get()))),
    }
}

/// Reads the `citations` of a text block.
pub(super) fn read_all(raw: &RawValue) -> Vec<Citation<'_>> {
    list(raw).into_iter().map(read).collect()
}

/// The citations in a list; anything but a list is none.
pub(super) fn list(raw: &RawValue) -> Vec<&RawValue> {
    let list: Vec<&RawValue> = serde_json::from_str(raw.get()).unwrap_or_default();
    list.into_iter().filter(|raw| raw.get().starts_with('{')).collect()
}

/// A citation as it is written.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(super) enum Written<'a> {
    /// Anthropic's own, as it was.
    Own(&'a RawValue),
    /// Another provider's page, in the form of a page that Anthropic's search found.
    Page {
        #[serde(rename = "type")]
        kind: &'static str,
        url: &'a str,
        title: Option<&'a str>,
        cited_text: &'a str,
        /// Anthropic's proof, which nobody else has. Never sent to Anthropic: see [`own`].
        encrypted_index: &'static str,
    },
}

/// A citation that Anthropic made: all that it takes back.
pub(super) fn own<'a>(citation: &'a Citation<'_>) -> Option<Written<'a>> {
    match &citation.raw {
        Some((Schema::Claude, raw)) => serde_json::from_str(raw).ok().map(Written::Own),
        _ => None,
    }
}

/// Whether Anthropic made it.
pub(super) fn is_own(citation: &Citation<'_>) -> bool {
    matches!(citation.raw, Some((Schema::Claude, _)))
}

/// A citation for a caller; `None` for another provider's that names no page.
pub(super) fn told<'a>(citation: &'a Citation<'_>) -> Option<Written<'a>> {
    own(citation).or_else(|| {
        Some(Written::Page {
            kind: "web_search_result_location",
            url: citation.url.as_deref()?,
            title: citation.title.as_deref(),
            cited_text: citation.cited_text.as_deref().unwrap_or_default(),
            encrypted_index: "",
        })
    })
}

/// Cuts text into the pieces that its citations stand behind: Anthropic's stand behind whole
/// blocks. Where two overlap, the longer stands behind its end only.
pub(super) fn pieces<'a>(text: &'a Text<'_>) -> Vec<(&'a str, Vec<Written<'a>>)> {
    let whole: &str = &text.text;
    let ranges = ranges(text);
    let mut cuts: Vec<usize> =
        ranges.iter().flat_map(|(range, _)| [range.start, range.end]).collect();
    cuts.extend([0, whole.len()]);
    cuts.sort_unstable();
    cuts.dedup();
    let mut cited = ranges.into_iter().peekable();
    let mut pieces = Vec::with_capacity(cuts.len());
    for (from, to) in cuts.iter().zip(cuts.iter().skip(1)) {
        let mut here = Vec::new();
        while let Some((_, citation)) = cited.next_if(|(range, _)| range.end <= *to) {
            here.extend(told(citation));
        }
        pieces.push((whole.get(*from..*to).unwrap_or_default(), here));
    }
    pieces
}

/// The citations with their pieces in bytes, in order of their ends. A range that is none is all
/// of the text.
fn ranges<'a, 't>(text: &'a Text<'t>) -> Vec<(Range<usize>, &'a Citation<'t>)> {
    let ends = text.citations.iter().filter_map(|citation| citation.range);
    let mut characters: Vec<u64> = ends.flat_map(|(from, to)| [from, to]).collect();
    characters.sort_unstable();
    characters.dedup();
    // Of each character that a citation names, its byte.
    let mut bytes = Vec::with_capacity(characters.len());
    let mut at = (0..).zip(text.text.char_indices()).peekable();
    for character in &characters {
        while at.next_if(|(n, _)| n < character).is_some() {}
        bytes.push(at.peek().map_or(text.text.len(), |(_, (byte, _))| *byte));
    }
    let byte = |n: u64| characters.binary_search(&n).ok().and_then(|at| bytes.get(at).copied());
    let whole = 0..text.text.len();
    let range = |citation: &Citation<'_>| {
        let (from, to) = citation.range?;
        Some(byte(from)?..byte(to)?).filter(|range| !range.is_empty())
    };
    let mut ranges: Vec<_> = text
        .citations
        .iter()
        .map(|citation| (range(citation).unwrap_or(whole.clone()), citation))
        .collect();
    ranges.sort_by_key(|(range, _)| range.end);
    ranges
}
