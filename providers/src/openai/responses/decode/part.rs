//! Parts of what is said, and of what a tool answered.

use std::borrow::Cow;

use serde_json::value::RawValue;

use crate::conversation::{Media, Part, Refusal, Source, Text};
use crate::openai::extension::Extensions;
use crate::openai::read::{self, TextOr};
use crate::openai::responses::wire;
use crate::openai::{cache, media};

/// What an item says.
pub(super) enum Said<'a> {
    Parts(Vec<Part<'a>>),
    /// A part of a kind that only OpenAI knows is among them.
    Odd(Cow<'a, str>),
}

/// Reads content that stands at `at`; `path` is the same without indices.
pub(super) fn content<'a>(
    content: TextOr<'a, &'a RawValue>,
    at: &str,
    path: &str,
    extensions: &mut Extensions<'a>,
) -> Result<Said<'a>, Refusal> {
    let raws = match content {
        TextOr::Text(text) => return Ok(Said::Parts(vec![Part::text(text)])),
        TextOr::List(raws) => raws,
    };
    let mut parts = Vec::with_capacity(raws.len());
    for (index, raw) in raws.into_iter().enumerate() {
        let at = format!("{at}[{index}]");
        let kind: wire::Kind<'a> = read::parse(raw, &at)?;
        let kind = kind.kind.map(Cow::from).unwrap_or_default();
        if !KNOWN.contains(&&*kind) {
            return Ok(Said::Odd(kind));
        }
        parts.push(part(read::parse(raw, &at)?, &at, path, extensions)?);
    }
    Ok(Said::Parts(parts))
}

/// The kinds of parts that others have too. `text` is Chat's word for `input_text`.
const KNOWN: [&str; 6] =
    ["input_text", "output_text", "text", "refusal", "input_image", "input_file"];

fn part<'a>(
    part: wire::Part<'a>,
    at: &str,
    path: &str,
    extensions: &mut Extensions<'a>,
) -> Result<Part<'a>, Refusal> {
    extensions.unknown(path, part.unknown);
    let cache = part.cache.map(cache::read);
    let lacks = |member: &str| {
        let words = format!("Missing required parameter: '{at}': write '{member}'.");
        Refusal::of(format!("{path}.{member}"), words)
    };
    let wrong = |member: &str| {
        let words = format!("Invalid value for '{at}.{member}': write data:<type>;base64,<data>.");
        Refusal::of(format!("{path}.{member}"), words)
    };
    Ok(match part.kind.as_deref() {
        Some("input_image") => {
            let source = match (part.image_url, part.file_id) {
                (Some(url), _) if url.starts_with("data:") => {
                    media::inline(url.0, "image/png").ok_or_else(|| wrong("image_url"))?
                }
                (Some(url), _) => Source::Url { url: url.0, media_type: None },
                (None, Some(id)) => Source::File { id: id.0 },
                (None, None) => return Err(lacks("image_url")),
            };
            Part::Image(Media { source, name: None, detail: part.detail.map(Cow::from), cache })
        }
        Some("input_file") => {
            let source = match (part.file_id, part.file_data, part.file_url) {
                (Some(id), _, _) => Source::File { id: id.0 },
                (None, Some(data), _) => {
                    media::inline(data.0, "application/pdf").ok_or_else(|| wrong("file_data"))?
                }
                (None, None, Some(url)) => Source::Url { url: url.0, media_type: None },
                (None, None, None) => return Err(lacks("file_data")),
            };
            let name = part.filename.map(Cow::from);
            Part::Document(Media { source, name, detail: part.detail.map(Cow::from), cache })
        }
        Some("refusal") => Part::Refusal(part.refusal.ok_or_else(|| lacks("refusal"))?.0),
        _ => {
            let text = part.text.ok_or_else(|| lacks("text"))?.0;
            Part::Text(Text { text, cache, ..Text::default() })
        }
    })
}
