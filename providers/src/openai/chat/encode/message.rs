//! Messages: one for each speaker, and one for each tool result.

use std::borrow::Cow;

use serde::Serialize;

use super::content::{self, Content, Known, Marks, Part, Prefixed};
use super::options::{Losses, refuse};
use crate::codec::Target;
use crate::conversation::{self, Field, Refusal, Request, Role, ToolResult};
use crate::json;

/// A message as it is written.
#[derive(Default, Serialize)]
pub(super) struct Message<'a> {
    role: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_call_id: Option<Cow<'a, str>>,
    /// `null` only beside calls (`wire.md` §5.2).
    content: Option<Content<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refusal: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reasoning_content: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tool_calls: Vec<Call<'a>>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Call<'a> {
    Function { id: Cow<'a, str>, r#type: &'static str, function: Function<'a> },
    Custom { id: Cow<'a, str>, r#type: &'static str, custom: Custom<'a> },
}

#[derive(Serialize)]
struct Custom<'a> {
    name: &'a str,
    #[serde(serialize_with = "json::text")]
    input: &'a str,
}

#[derive(Serialize)]
struct Function<'a> {
    name: &'a str,
    #[serde(serialize_with = "json::text")]
    arguments: &'a str,
}

/// All messages. `system` is the role that every host accepts, so instructions go under it.
pub(super) fn all<'a>(
    request: &'a Request<'_>,
    target: &Target<'_>,
    losses: &mut Losses<'_, '_>,
) -> Result<Vec<Message<'a>>, Refusal> {
    let mut writer = Writer {
        request,
        thoughts: target.capabilities.legacy_openai,
        marks: Marks::of(request, target),
        losses,
        messages: Vec::with_capacity(request.messages.len() + 1),
        moved: Vec::new(),
        calls: 0,
        results: 0,
    };
    if !request.system.is_empty() {
        writer.say("system", &request.system)?;
    }
    for message in &request.messages {
        match message.role {
            Role::User => writer.user(&message.parts)?,
            Role::System => {
                writer.flush();
                writer.say("system", &message.parts)?;
            }
            Role::Assistant => {
                writer.flush();
                writer.assistant(&message.parts)?;
            }
        }
    }
    writer.flush();
    Ok(writer.messages)
}

struct Writer<'r, 'a, 'l, 'm, 'n> {
    request: &'a Request<'r>,
    /// The host reads thoughts in history, if they are its own.
    thoughts: bool,
    marks: Marks,
    losses: &'l mut Losses<'m, 'n>,
    messages: Vec<Message<'a>>,
    /// Parts of tool results that no tool message may hold: they wait until all results of the
    /// turn are written, since nothing may stand between a call and its results.
    moved: Vec<Part<'a>>,
    /// Calls and results without an id, counted: the n-th result answers the n-th call.
    calls: usize,
    results: usize,
}

impl<'a> Writer<'_, 'a, '_, '_, '_> {
    fn say(
        &mut self,
        role: &'static str,
        parts: &'a [conversation::Part<'_>],
    ) -> Result<(), Refusal> {
        let mut written = Vec::with_capacity(parts.len());
        for part in parts {
            written.extend(content::part(part, self.request, self.marks, self.losses)?);
        }
        let content = Some(Content::of(written));
        self.messages.push(Message { role, content, ..Message::default() });
        Ok(())
    }

    /// Tool results first, each in a message of its own.
    fn user(&mut self, parts: &'a [conversation::Part<'_>]) -> Result<(), Refusal> {
        let mut said = Vec::new();
        let mut has_results = false;
        for part in parts {
            if let conversation::Part::ToolResult(result) = part {
                self.result(result)?;
                has_results = true;
            } else {
                said.extend(content::part(part, self.request, self.marks, self.losses)?);
            }
        }
        if said.is_empty() && has_results {
            return Ok(());
        }
        let mut all = std::mem::take(&mut self.moved);
        all.append(&mut said);
        let content = Some(Content::of(all));
        self.messages.push(Message { role: "user", content, ..Message::default() });
        Ok(())
    }

    /// A tool message holds text only: the rest follows in a user message, and is reported.
    fn result(&mut self, result: &'a ToolResult<'_>) -> Result<(), Refusal> {
        let mut texts = Vec::new();
        let mut moves = false;
        for part in &result.content {
            match content::part(part, self.request, self.marks, self.losses)? {
                Some(Part::Known(Known::Text { text, .. })) => texts.push(text),
                Some(other) => {
                    self.losses.of(Field::ToolResult);
                    if !std::mem::replace(&mut moves, true) {
                        self.moved.push(content::text(Prefixed {
                            prefix: "From the result of tool call ",
                            text: result.call_id.as_deref().unwrap_or("above"),
                            suffix: ":",
                        }));
                    }
                    self.moved.push(other);
                }
                None => {}
            }
        }
        if result.cache.is_some() {
            self.losses.of(Field::CacheControl);
        }
        if texts.is_empty() {
            texts.push(match result.object {
                Some(object) => Prefixed::plain(object.get()),
                None if moves => Prefixed::plain("The result is in the next user message."),
                None => Prefixed::default(),
            });
        }
        if let Some(first) = texts.first_mut().filter(|_| result.is_error) {
            // Chat has no way to mark a failure but words.
            first.prefix = "Error: ";
            self.losses.emulated(Field::ToolResultError);
        }
        let tool_call_id = Some(match &result.call_id {
            Some(id) => Cow::Borrowed(id.as_ref()),
            None => numbered(&mut self.results),
        });
        let content = Some(Content::of(texts.into_iter().map(content::text).collect()));
        self.messages.push(Message { role: "tool", tool_call_id, content, ..Message::default() });
        Ok(())
    }

    /// What was moved out of tool results and has no user message to go with.
    fn flush(&mut self) {
        if !self.moved.is_empty() {
            let content = Some(Content::Parts(std::mem::take(&mut self.moved)));
            self.messages.push(Message { role: "user", content, ..Message::default() });
        }
    }

    fn assistant(&mut self, parts: &'a [conversation::Part<'_>]) -> Result<(), Refusal> {
        let mut message = Message { role: "assistant", ..Message::default() };
        let mut said = Vec::new();
        for part in parts {
            match part {
                conversation::Part::ToolCall(call) => message.tool_calls.push(self.call(call)),
                conversation::Part::Thinking(thinking) if self.thoughts => {
                    message.reasoning_content = Some(&thinking.text);
                }
                conversation::Part::Image(_)
                | conversation::Part::Document(_)
                | conversation::Part::Audio(_) => {
                    let why = "this provider takes it in user turns only: move it to one.";
                    return Err(refuse(self.request, field_of(part), why));
                }
                _ => said.extend(content::part(part, self.request, self.marks, self.losses)?),
            }
        }
        // Content is text parts, or one refusal and nothing else.
        if said.len() > 1 {
            said.retain(|part| match part {
                Part::Known(Known::Refusal { refusal }) => {
                    message.refusal = Some(refusal);
                    false
                }
                _ => true,
            });
        }
        let says = !said.is_empty() || !message.tool_calls.is_empty();
        let silent = message.refusal.is_none() && message.reasoning_content.is_none();
        if !says && silent && !parts.is_empty() {
            // Nothing of the turn can be said here: an empty one would be another answer.
            return Ok(());
        }
        if !said.is_empty() || message.tool_calls.is_empty() {
            message.content = Some(Content::of(said));
        }
        self.messages.push(message);
        Ok(())
    }

    fn call(&mut self, call: &'a conversation::ToolCall<'_>) -> Call<'a> {
        if call.cache.is_some() {
            self.losses.of(Field::CacheControl);
        }
        if call.signature.is_some() {
            self.losses.of(Field::Thinking);
        }
        let id = match &call.id {
            Some(id) => Cow::Borrowed(id.as_ref()),
            None => numbered(&mut self.calls),
        };
        if call.custom {
            let custom = Custom { name: &call.name, input: call.arguments.as_text() };
            return Call::Custom { id, r#type: "custom", custom };
        }
        Call::Function {
            id,
            r#type: "function",
            function: Function { name: &call.name, arguments: written(&call.arguments) },
        }
    }
}

/// Arguments as a string that holds JSON, even where the model wrote none.
fn written<'a>(arguments: &'a conversation::Arguments<'_>) -> &'a str {
    match arguments.as_text() {
        "" => "{}",
        text => text,
    }
}

fn numbered(count: &mut usize) -> Cow<'static, str> {
    *count += 1;
    Cow::Owned(format!("call_{count}"))
}

fn field_of(part: &conversation::Part<'_>) -> Field {
    match part {
        conversation::Part::Image(_) => Field::Image,
        conversation::Part::Document(_) => Field::Document,
        conversation::Part::Audio(_) => Field::Audio,
        _ => Field::Messages,
    }
}
