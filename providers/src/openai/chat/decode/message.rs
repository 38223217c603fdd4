//! Messages: who says what.

use std::borrow::Cow;

use serde_json::value::RawValue;

use super::extension::Extensions;
use super::{invalid, missing};
use crate::Schema;
use crate::claude;
use crate::conversation::{
    Arguments, CacheBreakpoint, Media, Message, Opaque, Part, Refusal, Request, Role, Source, Text,
    Thinking, ToolCall, ToolResult,
};
use crate::json::Str;
use crate::openai::cache;
use crate::openai::chat::wire;
use crate::openai::media;
use crate::openai::read::{self, List, TextOr, is_null};

/// Reads all messages into the request: leading instructions are its `system`.
pub(super) fn decode<'a>(
    messages: Vec<wire::Message<'a>>,
    request: &mut Request<'a>,
    extensions: &mut Extensions<'a>,
) -> Result<(), Refusal> {
    request.messages.reserve(messages.len());
    for (index, mut message) in messages.into_iter().enumerate() {
        unknown(std::mem::take(&mut message.unknown), extensions);
        let at = Place { index };
        let message = match message.role.as_deref() {
            Some("system" | "developer") => {
                let parts = at.spoken(message, extensions)?;
                if request.messages.is_empty() {
                    request.system.extend(parts);
                    continue;
                }
                Message { role: Role::System, parts }
            }
            Some("user") => Message { role: Role::User, parts: at.spoken(message, extensions)? },
            Some("assistant") => {
                Message { role: Role::Assistant, parts: at.answer(message, extensions)? }
            }
            Some("tool" | "function") => {
                let result = at.result(message, extensions)?;
                Message { role: Role::User, parts: vec![Part::ToolResult(result)] }
            }
            Some(_) => {
                return Err(invalid("messages.role", "developer, system, user, assistant or tool"));
            }
            None => return Err(missing("messages.role", "who says the message")),
        };
        request.messages.push(message);
    }
    Ok(())
}

/// An answer in sound that history refers to is not there to be read by anyone else.
fn unknown<'a>(members: Vec<read::Unknown<'a>>, extensions: &mut Extensions<'a>) {
    let (vital, hints): (Vec<_>, Vec<_>) =
        members.into_iter().partition(|(key, value)| key == "audio" && !is_null(value));
    for (_, value) in vital {
        extensions.vital("messages.audio", value);
    }
    extensions.unknown("messages", hints);
}

/// Which message is read: for the words of errors.
struct Place {
    index: usize,
}

impl Place {
    fn refuse(&self, field: &'static str, member: &str, why: &str) -> Refusal {
        Refusal::of(field, format!("Invalid value for 'messages[{}]{member}': {why}", self.index))
    }

    /// What a system, developer or user message says.
    fn spoken<'a>(
        &self,
        message: wire::Message<'a>,
        extensions: &mut Extensions<'a>,
    ) -> Result<Vec<Part<'a>>, Refusal> {
        if message.name.is_some() {
            extensions.lost("messages.name");
        }
        let content = message.content.ok_or_else(|| {
            self.refuse("messages.content", ".content", "write a string or a list of parts.")
        })?;
        self.content(content, extensions)
    }

    fn answer<'a>(
        &self,
        message: wire::Message<'a>,
        extensions: &mut Extensions<'a>,
    ) -> Result<Vec<Part<'a>>, Refusal> {
        if message.name.is_some() {
            extensions.lost("messages.name");
        }
        let mut parts = Vec::new();
        match (message.reasoning_content, message.reasoning) {
            (Some(text), again) => {
                if again.is_some_and(|again| again != text) {
                    extensions.lost("messages.reasoning");
                }
                thinking(text, &mut parts);
            }
            (None, Some(text)) => thinking(text, &mut parts),
            (None, None) => {}
        }
        let calls = message.tool_calls.unwrap_or(List(Vec::new())).0;
        match message.content {
            // What SDKs write beside calls where the model said nothing.
            Some(TextOr::Text(text)) if text.is_empty() => {}
            Some(content) => parts.extend(self.content(content, extensions)?),
            None => {}
        }
        if let Some(refusal) = message.refusal.filter(|text| !text.is_empty()) {
            parts.push(Part::Refusal(refusal.0));
        }
        for (index, raw) in calls.into_iter().enumerate() {
            parts.push(self.call(raw, index, extensions)?);
        }
        if let Some(call) = message.function_call {
            parts.push(Part::ToolCall(self.function(call, None, extensions)?));
        }
        Ok(parts)
    }

    fn call<'a>(
        &self,
        raw: &'a RawValue,
        index: usize,
        extensions: &mut Extensions<'a>,
    ) -> Result<Part<'a>, Refusal> {
        let at = format!("messages[{}].tool_calls[{index}]", self.index);
        let call: wire::ToolCall<'a> = read::parse(raw, &at)?;
        match (call.function, call.custom) {
            (Some(function), _) => {
                extensions.unknown("messages.tool_calls", call.unknown);
                let id = call.id.map(Cow::from);
                Ok(Part::ToolCall(self.function(function, id, extensions)?))
            }
            (None, Some(custom)) => {
                extensions.unknown("messages.tool_calls", call.unknown);
                extensions.unknown("messages.tool_calls.custom", custom.unknown);
                let name = custom.name.ok_or_else(|| {
                    self.refuse("messages.tool_calls.custom.name", ".tool_calls", "write a name.")
                })?;
                Ok(Part::ToolCall(ToolCall {
                    id: call.id.map(Cow::from).filter(|id| !id.is_empty()),
                    name: name.0,
                    arguments: Arguments::Text(custom.input.map(Cow::from).unwrap_or_default()),
                    custom: true,
                    signature: None,
                    cache: None,
                }))
            }
            (None, None) => Err(missing(
                "messages.tool_calls.function",
                "an object with the 'name' and 'arguments' of the call",
            )),
        }
    }

    fn function<'a>(
        &self,
        function: wire::FunctionCall<'a>,
        id: Option<Cow<'a, str>>,
        extensions: &mut Extensions<'a>,
    ) -> Result<ToolCall<'a>, Refusal> {
        extensions.unknown("messages.tool_calls.function", function.unknown);
        let name = function.name.ok_or_else(|| {
            self.refuse("messages.tool_calls.function.name", ".tool_calls", "write a name.")
        })?;
        Ok(ToolCall {
            id: id.filter(|id| !id.is_empty()),
            name: name.0,
            arguments: Arguments::Text(function.arguments.map(Cow::from).unwrap_or_default()),
            custom: false,
            signature: None,
            cache: None,
        })
    }

    fn result<'a>(
        &self,
        message: wire::Message<'a>,
        extensions: &mut Extensions<'a>,
    ) -> Result<ToolResult<'a>, Refusal> {
        let call_id = message.tool_call_id.map(Cow::from).filter(|id| !id.is_empty());
        let name = message.name.map(Cow::from);
        if call_id.is_none() && (name.is_none() || message.role.as_deref() == Some("tool")) {
            return Err(self.refuse(
                "messages.tool_call_id",
                ".tool_call_id",
                "write the id of the call that this message answers.",
            ));
        }
        let content = match message.content {
            Some(content) => self.content(content, extensions)?,
            None => Vec::new(),
        };
        Ok(ToolResult {
            call_id,
            name,
            content,
            object: None,
            custom: false,
            is_error: false,
            cache: None,
        })
    }

    fn content<'a>(
        &self,
        content: TextOr<'a, &'a RawValue>,
        extensions: &mut Extensions<'a>,
    ) -> Result<Vec<Part<'a>>, Refusal> {
        match content {
            TextOr::Text(text) => Ok(vec![Part::text(text)]),
            TextOr::List(parts) => parts
                .into_iter()
                .enumerate()
                .map(|(index, raw)| self.part(raw, index, extensions))
                .collect(),
        }
    }

    fn part<'a>(
        &self,
        raw: &'a RawValue,
        index: usize,
        extensions: &mut Extensions<'a>,
    ) -> Result<Part<'a>, Refusal> {
        let at = format!("messages[{}].content[{index}]", self.index);
        if let Some(text) = read::as_text(raw) {
            return Ok(Part::text(text));
        }
        let mut part: wire::Part<'a> = read::parse(raw, &at)?;
        let breakpoint = match (part.prompt_cache_breakpoint, part.cache_control) {
            (Some(raw), _) => Some(cache::read(raw)),
            // As hosts of Claude's models spell it.
            (None, Some(raw)) => Some(claude::cache::read(raw)),
            (None, None) => None,
        };
        let known = std::mem::take(&mut part.unknown);
        let lacks = |member: &'static str| {
            Refusal::of(member, format!("Missing required parameter: '{at}': write '{member}'."))
        };
        let decoded = match part.kind.as_deref() {
            Some("text") => Part::Text(Text {
                text: part.text.ok_or_else(|| lacks("messages.content.text"))?.0,
                cache: breakpoint,
                ..Text::default()
            }),
            Some("refusal") => {
                Part::Refusal(part.refusal.ok_or_else(|| lacks("messages.content.refusal"))?.0)
            }
            Some("image_url") => {
                let image = part.image_url.ok_or_else(|| lacks("messages.content.image_url"))?;
                Part::Image(self.image(image, breakpoint, &at, extensions)?)
            }
            Some("input_audio") => {
                let audio =
                    part.input_audio.ok_or_else(|| lacks("messages.content.input_audio"))?;
                extensions.unknown("messages.content.input_audio", audio.unknown);
                let data = audio.data.ok_or_else(|| lacks("messages.content.input_audio.data"))?;
                let format =
                    audio.format.ok_or_else(|| lacks("messages.content.input_audio.format"))?;
                let media_type = Cow::Owned(format!("audio/{}", &*format));
                bare(Source::Base64 { media_type, data: data.0 }, breakpoint, Part::Audio)
            }
            Some("file") => {
                let file = part.file.ok_or_else(|| lacks("messages.content.file"))?;
                extensions.unknown("messages.content.file", file.unknown);
                let source = match (file.file_id, file.file_data) {
                    (Some(id), _) => Source::File { id: id.0 },
                    (None, Some(data)) => self.inline(data.0, "application/pdf", &at)?,
                    (None, None) => return Err(lacks("messages.content.file.file_data")),
                };
                Part::Document(Media {
                    source,
                    name: file.filename.map(Cow::from),
                    detail: None,
                    cache: breakpoint,
                })
            }
            Some(_) => {
                let kind = part.kind.map(Cow::from).unwrap_or_default();
                return Ok(Part::Opaque(Opaque { schema: Schema::Chat, kind, raw }));
            }
            None => return Err(lacks("messages.content.type")),
        };
        extensions.unknown("messages.content", known);
        Ok(decoded)
    }

    /// `image_url` is an object; some clients write the address itself.
    fn image<'a>(
        &self,
        raw: &'a RawValue,
        cache: Option<CacheBreakpoint>,
        at: &str,
        extensions: &mut Extensions<'a>,
    ) -> Result<Media<'a>, Refusal> {
        let (url, detail) = match read::as_text(raw) {
            Some(url) => (url, None),
            None => {
                let image: wire::ImageUrl<'a> = read::parse(raw, &format!("{at}.image_url"))?;
                extensions.unknown("messages.content.image_url", image.unknown);
                let url = image
                    .url
                    .ok_or_else(|| missing("messages.content.image_url.url", "an address"))?;
                (url.0, image.detail.map(Cow::from))
            }
        };
        let source = if url.starts_with("data:") {
            self.inline(url, "image/png", at)?
        } else {
            Source::Url { url, media_type: None }
        };
        Ok(Media { source, name: None, detail, cache })
    }

    /// A `data:` URL, an address, or bare base64 of the type that is usual there.
    fn inline<'a>(
        &self,
        data: Cow<'a, str>,
        usual: &'static str,
        at: &str,
    ) -> Result<Source<'a>, Refusal> {
        media::inline(data, usual).ok_or_else(|| {
            Refusal::of(
                "messages.content",
                format!("Invalid value for '{at}': write data:<type>;base64,<data>."),
            )
        })
    }
}

fn thinking<'a>(text: Str<'a>, parts: &mut Vec<Part<'a>>) {
    if !text.is_empty() {
        parts.push(Part::Thinking(Thinking { text: text.0, ..Thinking::default() }));
    }
}

fn bare<'a>(
    source: Source<'a>,
    cache: Option<CacheBreakpoint>,
    kind: fn(Media<'a>) -> Part<'a>,
) -> Part<'a> {
    kind(Media { source, name: None, detail: None, cache })
}
