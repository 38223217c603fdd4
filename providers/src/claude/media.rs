//! Images and documents, from the model to the wire.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::body::{Known, Source as Out};
use super::cache;
use crate::Schema;
use crate::conversation::{Field, Media, Refusal, Source};

/// Image types that Anthropic reads, and how callers spell them.
const IMAGES: [(&str, &str); 5] = [
    ("image/jpeg", "image/jpeg"),
    ("image/jpg", "image/jpeg"),
    ("image/png", "image/png"),
    ("image/gif", "image/gif"),
    ("image/webp", "image/webp"),
];

const PDF: &str = "application/pdf";
const PLAIN: &str = "text/plain";

/// An image block.
pub(super) fn image<'r>(media: &'r Media<'_>, schema: Schema) -> Result<Known<'r>, Refusal> {
    let field = Field::Image.name(schema);
    let source = match &media.source {
        Source::Base64 { media_type, data } => {
            let known = IMAGES.iter().find(|(name, _)| media_type.eq_ignore_ascii_case(name));
            let Some((_, media_type)) = known else {
                return Err(Refusal::of(
                    field,
                    format!("Claude can't read `{media_type}`; send JPEG, PNG, GIF or WebP"),
                ));
            };
            Out::Base64 { media_type, data }
        }
        Source::Url { url, .. } => web(url, field)?,
        Source::File { id } => file(id, schema, field)?,
        Source::Text { .. } => {
            return Err(Refusal::of(field, "an image can't be text; send its bytes or address"));
        }
    };
    Ok(Known::Image { source, cache_control: media.cache.map(cache::write) })
}

/// A document block.
pub(super) fn document<'r>(media: &'r Media<'_>, schema: Schema) -> Result<Known<'r>, Refusal> {
    let field = Field::Document.name(schema);
    let source = match &media.source {
        Source::Base64 { media_type, data } if media_type.eq_ignore_ascii_case(PDF) => {
            Out::Base64 { media_type: PDF, data }
        }
        Source::Base64 { media_type, data } => {
            let text = media_type.get(..5).is_some_and(|kind| kind.eq_ignore_ascii_case("text/"));
            let bytes = STANDARD.decode(data.as_bytes()).ok().filter(|_| text);
            let Some(text) = bytes.and_then(|bytes| String::from_utf8(bytes).ok()) else {
                return Err(Refusal::of(
                    field,
                    format!(
                        "Claude can't read a document of type `{media_type}`; send PDF or text"
                    ),
                ));
            };
            Out::Text { media_type: PLAIN, data: Cow::Owned(text) }
        }
        Source::Url { url, .. } => web(url, field)?,
        Source::File { id } => file(id, schema, field)?,
        Source::Text { text } => Out::Text { media_type: PLAIN, data: Cow::Borrowed(text) },
    };
    let title = media.name.as_deref();
    Ok(Known::Document { source, title, cache_control: media.cache.map(cache::write) })
}

/// An address that Anthropic can fetch.
fn web<'r>(url: &'r str, field: &'static str) -> Result<Out<'r>, Refusal> {
    let scheme = url.split_once("://").map(|(scheme, _)| scheme);
    match scheme.is_some_and(|s| s.eq_ignore_ascii_case("https") || s.eq_ignore_ascii_case("http"))
    {
        true => Ok(Out::Url { url }),
        false => Err(Refusal::of(
            field,
            "Claude fetches `https://` addresses only; send another address, or the bytes",
        )),
    }
}

/// A file that Anthropic keeps; other providers' ids mean nothing to it.
fn file<'r>(id: &'r str, schema: Schema, field: &'static str) -> Result<Out<'r>, Refusal> {
    match schema {
        Schema::Claude => Ok(Out::File { file_id: id }),
        _ => Err(Refusal::of(
            field,
            "the file lies with another provider, where Claude can't read it; send its bytes",
        )),
    }
}
