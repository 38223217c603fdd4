//! Items: one for each thing that is said, called, answered or thought.

use serde::Serialize;
use serde_json::value::RawValue;

use super::content::{Content, Part, Said, Writer};
use crate::Schema;
use crate::codec::Target;
use crate::conversation::{
    self, Field, Opaque, Refusal, Request, Role, Text, Thinking, ToolCall, ToolResult,
};
use crate::json;
use crate::openai::losses::{Losses, refuse};
use crate::openai::text::Prefixed;

/// An item as it is written.
#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum Item<'a> {
    Known(Known<'a>),
    Raw(&'a RawValue),
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Known<'a> {
    Message {
        role: &'static str,
        content: Content<'a>,
    },
    /// A refusal stands in an answer's own form only, which has an id.
    #[serde(rename = "message")]
    Answer {
        id: String,
        status: &'static str,
        role: &'static str,
        content: [Refused<'a>; 1],
    },
    FunctionCall {
        #[serde(skip_serializing_if = "Option::is_none")]
        call_id: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        namespace: Option<&'a str>,
        name: &'a str,
        #[serde(serialize_with = "json::text")]
        arguments: &'a str,
    },
    FunctionCallOutput(Output<'a>),
    CustomToolCall {
        #[serde(skip_serializing_if = "Option::is_none")]
        call_id: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        namespace: Option<&'a str>,
        name: &'a str,
        #[serde(serialize_with = "json::text")]
        input: &'a str,
    },
    CustomToolCallOutput(Output<'a>),
    Reasoning {
        #[serde(skip_serializing_if = "Option::is_none")]
        id: Option<&'a str>,
        summary: Vec<Summary<'a>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        encrypted_content: Option<&'a str>,
    },
}

#[derive(Serialize)]
pub(super) struct Refused<'a> {
    r#type: &'static str,
    refusal: &'a str,
}

#[derive(Serialize)]
pub(super) struct Output<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    call_id: Option<&'a str>,
    output: Content<'a>,
}

#[derive(Serialize)]
pub(super) struct Summary<'a> {
    r#type: &'static str,
    text: &'a str,
}

/// The instructions and all items. Instructions that are more than one text are an item too.
pub(super) fn all<'a>(
    request: &'a Request<'_>,
    target: &Target<'_>,
    losses: &mut Losses<'_, '_>,
) -> Result<(Option<&'a str>, Vec<Item<'a>>), Refusal> {
    let items = Vec::with_capacity(request.messages.len() + 1);
    let mut turns =
        Turns { write: Writer::new(request, target, losses), items, thoughts: Vec::new() };
    let instructions = match request.system.as_slice() {
        [conversation::Part::Text(Text { text, cache: None, signature: None, .. })] => {
            Some(text.as_ref())
        }
        [] => None,
        parts => {
            turns.say("system", parts)?;
            None
        }
    };
    for message in &request.messages {
        match message.role {
            Role::System => turns.say("system", &message.parts)?,
            Role::User => turns.say("user", &message.parts)?,
            Role::Assistant => turns.answer(&message.parts)?,
        }
    }
    Ok((instructions, turns.items))
}

struct Turns<'r, 'a, 'l, 'm, 'n> {
    write: Writer<'r, 'a, 'l, 'm, 'n>,
    items: Vec<Item<'a>>,
    /// Thoughts that wait for what came of them: none may stand without (`wire.md` §5.3).
    thoughts: Vec<Item<'a>>,
}

impl<'a> Turns<'_, 'a, '_, '_, '_> {
    /// Text, pictures and files that follow each other are one item.
    fn say(
        &mut self,
        role: &'static str,
        parts: &'a [conversation::Part<'_>],
    ) -> Result<(), Refusal> {
        let mut said = Vec::new();
        for part in parts {
            match part {
                conversation::Part::ToolResult(result) if role == "user" => {
                    self.spoken(role, &mut said);
                    let item = self.result(result)?;
                    self.items.push(item);
                }
                conversation::Part::Opaque(Opaque { schema: Schema::Responses, raw, .. }) => {
                    self.spoken(role, &mut said);
                    self.items.push(Item::Raw(raw));
                }
                _ => said.extend(self.write.part(part)?),
            }
        }
        if parts.is_empty() {
            let content = Content::Parts(Vec::new());
            self.items.push(Item::Known(Known::Message { role, content }));
        }
        self.spoken(role, &mut said);
        Ok(())
    }

    fn spoken(&mut self, role: &'static str, said: &mut Vec<Part<'a>>) {
        if !said.is_empty() {
            let content = Content::of(std::mem::take(said));
            self.items.push(Item::Known(Known::Message { role, content }));
        }
    }

    fn result(&mut self, result: &'a ToolResult<'_>) -> Result<Item<'a>, Refusal> {
        let mut parts = Vec::with_capacity(result.content.len());
        for part in &result.content {
            parts.extend(self.write.part(part)?);
        }
        let text = |text| Part { said: Said::Text { text }, cache: None };
        if let (true, Some(object)) = (parts.is_empty(), result.object) {
            parts.push(text(Prefixed::plain(object.get())));
        }
        if result.is_error {
            // There is no way to mark a failure but words.
            self.write.losses.emulated(Field::ToolResultError);
            let first = parts.iter_mut().find_map(|part| match &mut part.said {
                Said::Text { text } => Some(text),
                _ => None,
            });
            match first {
                Some(first) => first.prefix = "Error: ",
                None => parts.insert(0, text(Prefixed { prefix: "Error", ..Prefixed::default() })),
            }
        }
        if let Some(cache) = self.write.breakpoint(result.cache) {
            if parts.is_empty() {
                parts.push(text(Prefixed::default()));
            }
            if let Some(last) = parts.last_mut() {
                last.cache = Some(cache);
            }
        }
        // The call has the name: OpenAI refuses one in its output.
        let output = Output { call_id: result.call_id.as_deref(), output: Content::of(parts) };
        Ok(Item::Known(match result.custom {
            true => Known::CustomToolCallOutput(output),
            false => Known::FunctionCallOutput(output),
        }))
    }

    /// What the model said, thought and called, in its order.
    fn answer(&mut self, parts: &'a [conversation::Part<'_>]) -> Result<(), Refusal> {
        for part in parts {
            let item = match part {
                conversation::Part::Text(text) => {
                    self.proof(text.signature.as_deref());
                    if text.cache.is_some() {
                        self.write.losses.of(Field::CacheControl);
                    }
                    let content = Content::Text(Prefixed::plain(&text.text));
                    Item::Known(Known::Message { role: "assistant", content })
                }
                conversation::Part::Refusal(refusal) => Item::Known(Known::Answer {
                    id: format!("msg_{}", self.items.len()),
                    status: "completed",
                    role: "assistant",
                    content: [Refused { r#type: "refusal", refusal }],
                }),
                conversation::Part::ToolCall(call) => {
                    self.proof(call.signature.as_deref());
                    self.call(call)
                }
                conversation::Part::Thinking(thinking) => {
                    self.thought(thinking);
                    continue;
                }
                conversation::Part::RedactedThinking(data) => {
                    self.proof(Some(data));
                    continue;
                }
                conversation::Part::Opaque(Opaque { schema: Schema::Responses, raw, .. }) => {
                    Item::Raw(raw)
                }
                _ => return Err(self.misplaced(part)),
            };
            self.items.append(&mut self.thoughts);
            self.items.push(item);
        }
        if self.write.own() {
            self.items.append(&mut self.thoughts);
        } else if !self.thoughts.is_empty() {
            self.thoughts.clear();
            self.write.losses.of(Field::Thinking);
        }
        Ok(())
    }

    /// A thought that the provider can read again, which takes its proof of it.
    fn thought(&mut self, thinking: &'a Thinking<'_>) {
        let Thinking { id, text, signature } = thinking;
        if signature.is_some() || self.write.own() {
            self.think(id.as_deref(), text, signature.as_deref());
        } else if !text.is_empty() {
            self.write.losses.of(Field::Thinking);
        }
    }

    /// A thought of which there is the proof alone, where there is one.
    fn proof(&mut self, proof: Option<&'a str>) {
        if proof.is_some() {
            self.think(None, "", proof);
        }
    }

    fn think(&mut self, id: Option<&'a str>, text: &'a str, encrypted_content: Option<&'a str>) {
        let words = Some(text).filter(|text| !text.is_empty());
        let summary = words.map(|text| Summary { r#type: "summary_text", text });
        let summary = summary.into_iter().collect();
        let thought = Known::Reasoning { id, summary, encrypted_content };
        self.thoughts.push(Item::Known(thought));
    }

    fn call(&mut self, call: &'a ToolCall<'_>) -> Item<'a> {
        if call.cache.is_some() {
            self.write.losses.of(Field::CacheControl);
        }
        let call_id = call.id.as_deref();
        let group = self.write.request.namespaced(&call.name);
        let namespace = group.map(|tool| tool.namespace.as_str());
        let name = group.map_or(call.name.as_ref(), |tool| tool.name.as_str());
        Item::Known(match (call.custom, call.arguments.as_text()) {
            (true, input) => Known::CustomToolCall { call_id, namespace, name, input },
            (false, text) => {
                let arguments = if text.is_empty() { "{}" } else { text };
                Known::FunctionCall { call_id, namespace, name, arguments }
            }
        })
    }

    fn misplaced(&mut self, part: &'a conversation::Part<'_>) -> Refusal {
        let field = match part {
            conversation::Part::Image(_) => Field::Image,
            conversation::Part::Document(_) => Field::Document,
            conversation::Part::Audio(_) => Field::Audio,
            _ => match self.write.part(part) {
                Err(refusal) => return refusal,
                Ok(_) => Field::Messages,
            },
        };
        let why = "this provider takes it in user turns only: move it to one.";
        refuse(self.write.request, field, why)
    }
}
