//! `annotations` of a message: where it has something from (`wire.md` §3).

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::conversation::Citation;
use crate::openai::read::as_text;

#[derive(Deserialize)]
struct Annotation<'a> {
    #[serde(borrow)]
    url_citation: Option<UrlCitation<'a>>,
}

#[derive(Deserialize)]
struct UrlCitation<'a> {
    #[serde(borrow)]
    url: Option<&'a RawValue>,
    title: Option<&'a RawValue>,
    start_index: Option<u64>,
    end_index: Option<u64>,
}

/// Reads an annotation; `None` for a kind that is not known.
pub(super) fn read(raw: &RawValue) -> Option<Citation<'_>> {
    let cited = serde_json::from_str::<Annotation<'_>>(raw.get()).ok()?.url_citation?;
    Some(Citation {
        url: cited.url.and_then(as_text),
        title: cited.title.and_then(as_text),
        cited_text: None,
        range: cited.start_index.zip(cited.end_index),
        raw: None,
    })
}

/// An annotation as it is written.
#[derive(Serialize)]
pub(super) struct Written<'a> {
    r#type: &'static str,
    url_citation: WrittenUrl<'a>,
}

#[derive(Serialize)]
struct WrittenUrl<'a> {
    start_index: u64,
    end_index: u64,
    url: &'a str,
    title: &'a str,
}

/// Writes a citation of text whose first character is the answer's `before`-th. Only pages have a
/// form here; one that stands behind all of its text says so. `None` for any other source.
pub(super) fn write<'a>(
    citation: &'a Citation<'_>,
    before: u64,
    characters: u64,
) -> Option<Written<'a>> {
    let url = citation.url.as_deref()?;
    let (from, to) = citation.range.unwrap_or((0, characters));
    let title = citation.title.as_deref().unwrap_or(url);
    let start_index = before.saturating_add(from);
    let end_index = before.saturating_add(to);
    let url_citation = WrittenUrl { start_index, end_index, url, title };
    Some(Written { r#type: "url_citation", url_citation })
}
