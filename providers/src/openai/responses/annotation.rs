//! `annotations` of a text: where it has something from (`wire.md` §3).

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};

use crate::Schema;
use crate::conversation::Citation;
use crate::openai::read::words;

#[derive(Deserialize)]
struct Annotation<'a> {
    #[serde(borrow)]
    url: Option<&'a RawValue>,
    title: Option<&'a RawValue>,
    filename: Option<&'a RawValue>,
    start_index: Option<u64>,
    end_index: Option<u64>,
}

/// Reads an annotation of any type: a page, a file, a file of a container.
pub(super) fn read(raw: &RawValue) -> Option<Citation<'_>> {
    let cited: Annotation<'_> = serde_json::from_str(raw.get()).ok()?;
    Some(Citation {
        url: words(cited.url),
        title: words(cited.title).or_else(|| words(cited.filename)),
        cited_text: None,
        range: cited.start_index.zip(cited.end_index),
        raw: Some((Schema::Responses, Cow::Borrowed(raw.get()))),
    })
}

#[derive(Serialize)]
struct UrlCitation<'a> {
    r#type: &'static str,
    start_index: u64,
    end_index: u64,
    title: &'a str,
    url: &'a str,
}

/// Writes a citation of a text of so many characters. Only pages have a form that does not name
/// a file of OpenAI's; one without a range stands behind all of the text. `None` for any other
/// source.
pub(super) fn write(citation: &Citation<'_>, characters: u64) -> Option<Box<RawValue>> {
    let url = citation.url.as_deref()?;
    let (start_index, end_index) = citation.range.unwrap_or((0, characters));
    let title = citation.title.as_deref().unwrap_or(url);
    let written = UrlCitation { r#type: "url_citation", start_index, end_index, title, url };
    to_raw_value(&written).ok()
}
