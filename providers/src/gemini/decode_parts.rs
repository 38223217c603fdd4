//! Parts of requests and responses, from Gemini's words to the model's.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::wire::{List, Unknown, read};
use crate::Schema;
use crate::conversation::{
    Arguments, Media, Opaque, Part, Refusal, Source, Text, Thinking, ToolCall, ToolResult,
};
use crate::json::Str;

/// Members of a part that are about it, and not what it is.
const ABOUT: [&str; 3] = ["videoMetadata", "mediaResolution", "partMetadata"];

/// What a part is, in the one place that decides it.
pub(super) enum Piece<'a> {
    /// Something the model can say.
    Said(Part<'a>),
    /// Something that only Gemini can say, named.
    Opaque(Cow<'a, str>),
    /// Nothing at all.
    Empty,
}

/// Where a part stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Of {
    /// In a request: all of it must come back to Gemini.
    Request,
    /// In an answer: what others can show of it counts.
    Answer,
}

/// Reads a part. Its `unknown` members are left in it unless they make it opaque.
pub(super) fn piece<'a>(part: &mut read::Part<'a>, of: Of) -> Result<Piece<'a>, Refusal> {
    let signature = part.thought_signature.take().map(Cow::from);
    let thought = part.thought.unwrap_or(false);
    let said = [
        part.text.is_some(),
        part.inline_data.is_some(),
        part.file_data.is_some(),
        part.function_call.is_some(),
        part.function_response.is_some(),
    ];
    match said.into_iter().filter(|is| *is).count() {
        0 => return Ok(unsaid(part, signature)),
        1 => {}
        _ => {
            return Err(Refusal::of(
                "contents.parts",
                "A part says one thing: put `text`, `inlineData`, `fileData`, `functionCall` and \
                 `functionResponse` into parts of their own",
            ));
        }
    }
    if let Some(text) = part.text.take() {
        let text = text.into();
        return Ok(Piece::Said(if thought {
            Part::Thinking(Thinking { id: None, text, signature })
        } else {
            Part::Text(Text { text, signature, ..Text::default() })
        }));
    }
    if let Some(call) = part.function_call.take() {
        return tool_call(call, signature).map(Part::ToolCall).map(Piece::Said);
    }
    if let Some(result) = part.function_response.take() {
        return tool_result(result).map(Part::ToolResult).map(Piece::Said);
    }
    // A signature or thought on media has no place in the model.
    let plain = !thought && (signature.is_none() || of == Of::Answer);
    let (kind, media) = match (part.inline_data.take(), part.file_data.take()) {
        (Some(blob), _) => ("inlineData", inline(blob)?),
        (_, Some(file)) => ("fileData", linked(file)?),
        (None, None) => return Ok(Piece::Empty),
    };
    Ok(match media {
        Some(part) if plain => Piece::Said(part),
        _ => {
            part.unknown.clear();
            Piece::Opaque(Cow::Borrowed(kind))
        }
    })
}

/// A part with none of the members that the model knows.
fn unsaid<'a>(part: &mut read::Part<'a>, signature: Option<Cow<'a, str>>) -> Piece<'a> {
    let about = part.unknown.iter().position(|member| !is_about(member));
    if let Some(index) = about {
        let kind = camel(part.unknown.swap_remove(index).name.into());
        part.unknown.clear();
        return Piece::Opaque(kind);
    }
    match signature {
        // R: signatures come on parts of their own, too; they must come back (`wire.md` §5.3).
        Some(signature) => {
            Piece::Said(Part::Text(Text { signature: Some(signature), ..Text::default() }))
        }
        None => Piece::Empty,
    }
}

fn is_about(member: &Unknown<'_>) -> bool {
    ABOUT.contains(&&*camel(Cow::Borrowed(&member.name)))
}

/// A part that only Gemini can say.
pub(super) const fn opaque<'a>(kind: Cow<'a, str>, raw: &'a RawValue) -> Part<'a> {
    Part::Opaque(Opaque { schema: Schema::Gemini, kind, raw })
}

fn tool_call<'a>(
    call: read::FunctionCall<'a>,
    signature: Option<Cow<'a, str>>,
) -> Result<ToolCall<'a>, Refusal> {
    const FIELD: &str = "contents.parts.functionCall";
    let Some(name) = call.name.filter(|name| !name.is_empty()) else {
        return Err(Refusal::of(FIELD, format!("`{FIELD}` needs a `name`")));
    };
    let arguments = match call.args {
        None => Arguments::Text(Cow::Borrowed("{}")),
        Some(args) if args.get().starts_with('{') => Arguments::Json(Cow::Borrowed(args)),
        Some(_) => {
            return Err(Refusal::of(
                format!("{FIELD}.args"),
                format!("`{FIELD}.args` must be an object"),
            ));
        }
    };
    Ok(ToolCall {
        id: call.id.map(Into::into),
        name: name.into(),
        arguments,
        custom: false,
        signature,
        cache: None,
    })
}

fn tool_result(result: read::FunctionResponse<'_>) -> Result<ToolResult<'_>, Refusal> {
    const FIELD: &str = "contents.parts.functionResponse";
    let object = result.response;
    if object.is_some_and(|object| !object.get().starts_with('{')) {
        return Err(Refusal::of(
            format!("{FIELD}.response"),
            format!("`{FIELD}.response` must be an object, like {{\"result\": …}}"),
        ));
    }
    let (mut content, is_error) = object.map_or((Vec::new(), false), words);
    for part in result.parts.map_or_else(Vec::new, |parts| parts.0) {
        let media = match (part.inline_data, part.file_data) {
            (Some(blob), _) => inline(blob)?,
            (_, Some(file)) => linked(file)?,
            (None, None) => continue,
        };
        let Some(media) = media else {
            return Err(Refusal::of(
                format!("{FIELD}.parts"),
                format!("`{FIELD}.parts` can hold pictures, documents and sound"),
            ));
        };
        content.push(media);
    }
    Ok(ToolResult {
        call_id: result.id.map(Into::into),
        name: result.name.map(Into::into),
        content,
        object,
        custom: false,
        is_error,
        cache: None,
    })
}

/// Members that SDKs wrap a result in which is no object (T, R).
const WRAPPERS: [&str; 4] = ["result", "output", "content", "return_value"];

/// The words of a result, for schemas that have no objects there, and whether they tell of an
/// error: the value alone where the object is a wrapper (`wire.md` §5.2), else its JSON.
fn words(object: &RawValue) -> (Vec<Part<'_>>, bool) {
    let (value, is_error) = match serde_json::from_str(object.get()) {
        Ok(Sole::None) => return (Vec::new(), false),
        Ok(Sole::Member(name, value)) if &*name == "error" => (value.get(), true),
        Ok(Sole::Member(name, value)) if WRAPPERS.contains(&&*name) => (value.get(), false),
        _ => (object.get(), false),
    };
    let text = serde_json::from_str::<Str<'_>>(value).map_or(Cow::Borrowed(value), Cow::from);
    (vec![Part::text(text)], is_error)
}

/// What an object holds, as far as [`words`] cares.
enum Sole<'a> {
    None,
    Member(Str<'a>, &'a RawValue),
    More,
}

impl<'de: 'a, 'a> Deserialize<'de> for Sole<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;

        impl<'de> Visitor<'de> for Members {
            type Value = Sole<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let Some((name, value)) = map.next_entry()? else { return Ok(Sole::None) };
                let mut sole = Sole::Member(name, value);
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {
                    sole = Sole::More;
                }
                Ok(sole)
            }
        }

        deserializer.deserialize_map(Members)
    }
}

/// Media in the body; `None` where the model has no such kind (video).
fn inline(blob: read::Blob<'_>) -> Result<Option<Part<'_>>, Refusal> {
    const FIELD: &str = "contents.parts.inlineData";
    let (Some(media_type), Some(data)) = (blob.mime_type, blob.data) else {
        return Err(Refusal::of(FIELD, format!("`{FIELD}` needs both `mimeType` and `data`")));
    };
    let kind = media_kind(&media_type);
    let source = Source::Base64 { media_type: media_type.into(), data: data.into() };
    Ok(kind.map(|kind| kind(media(source, blob.display_name))))
}

/// Media elsewhere; `None` where only Google can read it.
fn linked(file: read::FileData<'_>) -> Result<Option<Part<'_>>, Refusal> {
    const FIELD: &str = "contents.parts.fileData";
    let Some(uri) = file.file_uri else {
        return Err(Refusal::of(FIELD, format!("`{FIELD}` needs a `fileUri`")));
    };
    if !is_public(&uri) {
        return Ok(None);
    }
    let media_type = file.mime_type.map(Cow::from);
    let guess = || mime_of(&uri).unwrap_or("application/octet-stream");
    let kind = media_kind(media_type.as_deref().unwrap_or_else(guess));
    let source = Source::Url { url: uri.into(), media_type };
    Ok(kind.map(|kind| kind(media(source, file.display_name))))
}

/// Whether others than Google can read this address: not `gs://`, and not the Files API's.
fn is_public(uri: &str) -> bool {
    const FILES: &str = "//generativelanguage.googleapis.com/";
    uri.strip_prefix("https:")
        .or_else(|| uri.strip_prefix("http:"))
        .is_some_and(|rest| rest.starts_with("//") && !rest.starts_with(FILES))
}

fn media<'a>(source: Source<'a>, name: Option<Str<'a>>) -> Media<'a> {
    Media { source, name: name.map(Into::into), detail: None, cache: None }
}

/// What kind of part holds media of this type.
fn media_kind<'a>(media_type: &str) -> Option<fn(Media<'a>) -> Part<'a>> {
    let (family, _) = media_type.split_once('/').unwrap_or((media_type, ""));
    match family.to_ascii_lowercase().as_str() {
        "image" => Some(Part::Image),
        "audio" => Some(Part::Audio),
        "video" => None,
        _ => Some(Part::Document),
    }
}

/// Types by file name extension: what Gemini reads.
const EXTENSIONS: [(&str, &str); 17] = [
    ("png", "image/png"),
    ("jpg", "image/jpeg"),
    ("jpeg", "image/jpeg"),
    ("webp", "image/webp"),
    ("gif", "image/gif"),
    ("heic", "image/heic"),
    ("heif", "image/heif"),
    ("pdf", "application/pdf"),
    ("txt", "text/plain"),
    ("md", "text/markdown"),
    ("html", "text/html"),
    ("csv", "text/csv"),
    ("wav", "audio/wav"),
    ("mp3", "audio/mp3"),
    ("ogg", "audio/ogg"),
    ("flac", "audio/flac"),
    ("aac", "audio/aac"),
];

/// The type that an address's file name tells.
pub(super) fn mime_of(url: &str) -> Option<&'static str> {
    let path = url.split(['?', '#']).next()?;
    let (_, path) = path.split_once("://")?;
    let (_, name) = path.rsplit_once('/')?;
    let (_, extension) = name.rsplit_once('.')?;
    let known = EXTENSIONS.iter().find(|(known, _)| known.eq_ignore_ascii_case(extension));
    known.map(|(_, mime)| *mime)
}

/// A member's name in camelCase.
pub(super) fn camel(name: Cow<'_, str>) -> Cow<'_, str> {
    if !name.contains('_') {
        return name;
    }
    let mut camel = String::with_capacity(name.len());
    let mut upper = false;
    for letter in name.chars() {
        match letter {
            '_' if !camel.is_empty() => upper = true,
            _ if upper => {
                camel.push(letter.to_ascii_uppercase());
                upper = false;
            }
            _ => camel.push(letter),
        }
    }
    Cow::Owned(camel)
}

/// The parts of a turn.
pub(super) fn parts(list: Option<List<read::Part<'_>>>) -> Vec<read::Part<'_>> {
    list.map_or_else(Vec::new, |list| list.0)
}
