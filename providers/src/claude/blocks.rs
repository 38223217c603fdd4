//! Content blocks, from the wire into parts.

use std::borrow::Cow;

use serde_json::value::RawValue;

use super::extensions::Extensions;
use super::object;
use super::wire::{Block, Content, Kind, Source as SourceIn};
use super::{cache, citation};
use crate::Schema;
use crate::conversation::{
    Arguments, Media, Opaque, Part, Refusal, Source, Text, Thinking, ToolCall, ToolResult,
    Unsupported,
};
use crate::json::Str;

/// Block types that the model has parts for. All others are opaque.
const KNOWN: [&str; 7] =
    ["text", "image", "document", "tool_use", "tool_result", "thinking", "redacted_thinking"];

/// Those that `cache_control` may stand on.
const CACHED: [&str; 5] = ["text", "image", "document", "tool_use", "tool_result"];

/// How the path of a tool result's content ends.
const RESULT: &str = "content.content";

/// Reads the content at `path` (a path without indices, for reports).
pub(super) fn decode<'a>(
    content: Content<'a>,
    path: &str,
    extensions: &mut Extensions<'a>,
) -> Result<Vec<Part<'a>>, Refusal> {
    match content {
        Content::Text(text) => Ok(vec![Part::text(text)]),
        Content::Blocks(blocks) => {
            blocks.into_iter().map(|raw| block(raw, path, extensions)).collect()
        }
    }
}

/// Reads one block.
pub(super) fn block<'a>(
    raw: &'a RawValue,
    path: &str,
    extensions: &mut Extensions<'a>,
) -> Result<Part<'a>, Refusal> {
    let mut block = match serde_json::from_str::<Block<'a>>(raw.get()) {
        Ok(block) => block,
        // What has the members of a known block in other types may well be another block.
        Err(error) => return foreign(raw).ok_or_else(|| object::refusal(path, &error)),
    };
    let Some(kind) = block.kind.take() else {
        return Err(Refusal::of(
            format!("{path}.type"),
            format!("a block in `{path}` has no `type`; write `text`, `image`, `tool_use`, …"),
        ));
    };
    let need = |member: &str| missing(path, &kind, member);
    if !KNOWN.contains(&&*kind) {
        return Ok(opaque(raw, kind));
    }
    let cache = block.cache_control.take_if(|_| CACHED.contains(&&*kind)).map(|control| {
        if !cache::is_plain(control) {
            extensions.unknown(path, "cache_control", raw);
        }
        cache::read(control)
    });
    let part = match &*kind {
        "text" => {
            let text = block.text.take().ok_or_else(|| need("text"))?;
            let citations = block.citations.take().map(citation::read_all).unwrap_or_default();
            Part::Text(Text { cache, citations, ..Text::new(text) })
        }
        "image" => {
            let source = block.source.take().ok_or_else(|| need("source"))?;
            let Some(source) = media(source, path, &kind, extensions)? else {
                extensions.add(path, "source", raw, Unsupported::Refuse);
                return Ok(opaque(raw, kind));
            };
            Part::Image(Media { source, name: None, detail: None, cache })
        }
        "document" => {
            if block.citations.take().is_some_and(wants_citations) {
                // A caller that asks for citations reads them: no other schema gives them.
                extensions.add(path, "citations", raw, Unsupported::Refuse);
                return Ok(opaque(raw, kind));
            }
            let source = block.source.take().ok_or_else(|| need("source"))?;
            let Some(source) = media(source, path, &kind, extensions)? else {
                extensions.add(path, "source", raw, Unsupported::Refuse);
                return Ok(opaque(raw, kind));
            };
            let name = block.title.take().map(Into::into);
            Part::Document(Media { source, name, detail: None, cache })
        }
        "tool_use" => Part::ToolCall(ToolCall {
            id: Some(block.id.take().ok_or_else(|| need("id"))?.into()),
            name: block.name.take().ok_or_else(|| need("name"))?.into(),
            arguments: arguments(block.input.take(), path)?,
            signature: None,
            custom: false,
            cache,
        }),
        // Also what keeps hostile nesting from going deep: each level is parsed from its text.
        "tool_result" if path.ends_with(RESULT) => {
            return Err(Refusal::of(
                path.to_owned(),
                "a `tool_result` stands inside another; give each its own place in the turn",
            ));
        }
        "tool_result" => Part::ToolResult(ToolResult {
            call_id: Some(block.tool_use_id.take().ok_or_else(|| need("tool_use_id"))?.into()),
            name: None,
            content: match block.content.take() {
                Some(content) => decode(content, &format!("{path}.content"), extensions)?,
                None => Vec::new(),
            },
            object: None,
            is_error: block.is_error.take().unwrap_or_default(),
            custom: false,
            cache,
        }),
        "thinking" => Part::Thinking(Thinking {
            id: None,
            text: block.thinking.take().unwrap_or_default().into(),
            signature: block.signature.take().filter(|s| !s.is_empty()).map(Into::into),
        }),
        "redacted_thinking" => {
            Part::RedactedThinking(block.data.take().ok_or_else(|| need("data"))?.into())
        }
        _ => return Ok(opaque(raw, kind)),
    };
    block.leftovers(&mut |name, _| extensions.unknown(path, name, raw));
    Ok(part)
}

/// The arguments of a call: an object, or nothing.
fn arguments<'a>(input: Option<&'a RawValue>, path: &str) -> Result<Arguments<'a>, Refusal> {
    match input {
        None => Ok(Arguments::Text("".into())),
        Some(input) if input.get().starts_with('{') => Ok(Arguments::Json(Cow::Borrowed(input))),
        Some(_) => Err(Refusal::of(
            format!("{path}.input"),
            format!("`{path}.input` of a `tool_use` block must be an object"),
        )),
    }
}

/// Reads a source; `None` where only Anthropic knows what it is.
fn media<'a>(
    mut source: SourceIn<'a>,
    path: &str,
    block: &str,
    extensions: &mut Extensions<'a>,
) -> Result<Option<Source<'a>>, Refusal> {
    let path = format!("{path}.source");
    let kind = source.kind.take().ok_or_else(|| missing(&path, block, "type"))?;
    let need = |member: &str| missing(&path, &kind, member);
    let out = match &*kind {
        "base64" => Source::Base64 {
            media_type: source.media_type.take().ok_or_else(|| need("media_type"))?.into(),
            data: source.data.take().ok_or_else(|| need("data"))?.into(),
        },
        "url" => Source::Url {
            url: source.url.take().ok_or_else(|| need("url"))?.into(),
            media_type: source.media_type.take().map(Into::into),
        },
        "file" => Source::File { id: source.file_id.take().ok_or_else(|| need("file_id"))?.into() },
        "text" => {
            // Always `text/plain`.
            source.media_type = None;
            Source::Text { text: source.data.take().ok_or_else(|| need("data"))?.into() }
        }
        "content" => match source.content.take() {
            Some(Content::Text(text)) => Source::Text { text },
            _ => return Ok(None),
        },
        _ => return Ok(None),
    };
    source.leftovers(&mut |name, value| extensions.unknown(&path, name, value));
    Ok(Some(out))
}

/// `citations` of a document: `{enabled}`.
fn wants_citations(raw: &RawValue) -> bool {
    #[derive(serde::Deserialize)]
    struct Citations {
        #[serde(default)]
        enabled: Option<bool>,
    }
    serde_json::from_str(raw.get()).map_or(true, |c: Citations| c.enabled.unwrap_or_default())
}

/// The block as opaque, if it is of a type that the model has no part for.
fn foreign<'a>(raw: &'a RawValue) -> Option<Part<'a>> {
    let kind = serde_json::from_str::<Kind<'a>>(raw.get()).ok()?.kind?;
    (!KNOWN.contains(&&*kind)).then(|| opaque(raw, kind))
}

fn opaque<'a>(raw: &'a RawValue, kind: Str<'a>) -> Part<'a> {
    Part::Opaque(Opaque { schema: Schema::Claude, kind: kind.into(), raw })
}

fn missing(path: &str, kind: &str, member: &str) -> Refusal {
    Refusal::of(
        format!("{path}.{member}"),
        format!("a block of type `{kind}` in `{path}` has no `{member}`; add it"),
    )
}
