//! Turns, from the model to the wire (`wire.md` §5.2).

use std::borrow::Cow;

use serde_json::value::RawValue;

use super::body::{Block, Input, Known, Source as SourceOut, Turn};
use super::cache;
use super::hung::Hung;
use super::losses::Losses;
use super::{citation, ids, media};
use crate::Schema;
use crate::catalog::{Capabilities, Input as Taken};
use crate::codec::Target;
use crate::conversation::{
    Field, Media, Message, Part, Refusal, Request, Role, Text, Thinking, ToolCall, ToolResult,
};

const USER: &str = "user";
const ASSISTANT: &str = "assistant";
const SYSTEM: &str = "system";

/// Writes the system prompt and the turns of a request.
pub(super) struct Writer<'r, 'l> {
    schema: Schema,
    capabilities: &'l Capabilities,
    hung: &'l mut Hung<'r>,
    pub(super) system: Vec<Block<'r>>,
    pub(super) turns: Vec<Turn<'r>>,
    losses: &'l mut Losses,
}

impl<'r, 'l> Writer<'r, 'l> {
    /// Writes all turns, or refuses what Anthropic can't carry.
    pub(super) fn write(
        request: &'r Request<'_>,
        target: &Target<'l>,
        hung: &'l mut Hung<'r>,
        losses: &'l mut Losses,
    ) -> Result<Self, Refusal> {
        let mut writer = Self {
            schema: request.schema,
            capabilities: target.capabilities,
            hung,
            system: Vec::with_capacity(request.system.len()),
            turns: Vec::with_capacity(request.messages.len()),
            losses,
        };
        writer.system = writer.instructions(&request.system)?;
        let mut messages = request.messages.iter().peekable();
        while let Some(message) = messages.next() {
            let next = messages.peek().map(|next| next.role);
            match message.role {
                Role::System => writer.system(message, next)?,
                Role::User => writer.user(message)?,
                Role::Assistant => writer.assistant(message, next.is_none())?,
            }
        }
        writer.check(target)?;
        Ok(writer)
    }

    /// A turn in the middle that instructs.
    ///
    /// Anthropic takes it after a user's turn (or an assistant's that ends in a server tool),
    /// last or before an assistant's. Elsewhere, and on models that don't take it at all, it
    /// becomes part of the user's turn, marked as what it is; its priority is lost.
    fn system(&mut self, message: &'r Message<'_>, next: Option<Role>) -> Result<(), Refusal> {
        let blocks = self.instructions(&message.parts)?;
        if blocks.is_empty() {
            return Ok(());
        }
        let Some(last) = self.turns.last() else {
            self.system.extend(blocks);
            return Ok(());
        };
        let behind = last.content.last();
        let follows = last.role == USER || matches!(behind, Some(Block::Raw(_)));
        let placed = follows && matches!(next, None | Some(Role::Assistant));
        if placed && self.takes_system_turn(behind) {
            self.turns.push(Turn { role: SYSTEM, content: blocks });
            return Ok(());
        }
        self.losses.emulated(Field::System);
        let marked = blocks.into_iter().map(marked);
        let Some(last) = self.turns.last_mut() else { return Ok(()) };
        match last.role {
            USER => last.content.extend(marked),
            _ => self.turns.push(Turn { role: USER, content: marked.collect() }),
        }
        Ok(())
    }

    /// Whether the model follows a system turn behind this block. Anthropic's own callers know
    /// what they ask of the model that they name.
    fn takes_system_turn(&self, behind: Option<&Block<'_>>) -> bool {
        let model = self.capabilities;
        let blurs = model.system_turns_blur && behind.is_some_and(is_result);
        let follows = model.system_turns && !model.system_turns_ignored;
        self.schema == Schema::Claude || follows && !model.system_turns_weak && !blurs
    }

    /// A user's turn. Results come first: Anthropic wants them right after their calls.
    fn user(&mut self, message: &'r Message<'_>) -> Result<(), Refusal> {
        let mut content = Vec::with_capacity(message.parts.len());
        let is_result = |part: &&Part<'_>| matches!(part, Part::ToolResult(_));
        for part in message.parts.iter().filter(is_result) {
            content.extend(self.said(part, Role::User)?);
        }
        for part in message.parts.iter().filter(|part| !is_result(part)) {
            content.extend(self.said(part, Role::User)?);
        }
        self.push(USER, content);
        Ok(())
    }

    /// The model's turn.
    fn assistant(&mut self, message: &'r Message<'_>, last: bool) -> Result<(), Refusal> {
        let mut content = Vec::with_capacity(message.parts.len());
        for part in &message.parts {
            content.extend(self.said(part, Role::Assistant)?);
        }
        if last {
            let blank = |block: &Block<'_>| matches!(block.known(), Some(Known::Text { text, .. }) if text.trim().is_empty());
            content.retain(|block| !blank(block));
        }
        self.push(ASSISTANT, content);
        Ok(())
    }

    /// Adds a turn, unless nothing of it is left. Two user's turns may meet where a system turn
    /// between them was folded: they are one.
    fn push(&mut self, role: &'static str, content: Vec<Block<'r>>) {
        if content.is_empty() {
            return;
        }
        match self.turns.last_mut() {
            Some(last) if last.role == role && role == USER => {
                // Results stay first.
                let results = content.iter().take_while(|block| is_result(block)).count();
                let mut content = content.into_iter();
                if results > 0 {
                    let at = last.content.iter().take_while(|block| is_result(block)).count();
                    let first: Vec<_> = content.by_ref().take(results).collect();
                    last.content.splice(at..at, first);
                }
                last.content.extend(content);
            }
            _ => self.turns.push(Turn { role, content }),
        }
    }

    /// Refuses a conversation that Anthropic can't begin or go on with.
    fn check(&self, target: &Target<'_>) -> Result<(), Refusal> {
        let field = Field::Messages.name(self.schema);
        match self.turns.first() {
            None => {
                return Err(Refusal::of(field, "there is no turn to answer; send one by the user"));
            }
            Some(first) if first.role != USER => {
                return Err(Refusal::of(
                    field,
                    "Claude needs the user to speak first; begin the conversation with a user turn",
                ));
            }
            Some(_) => {}
        }
        let goes_on = self.turns.last().is_some_and(|last| {
            // An answer that a server tool paused is gone on with on every model.
            last.role == ASSISTANT && !matches!(last.content.last(), Some(Block::Raw(_)))
        });
        if goes_on && !target.capabilities.prefill {
            return Err(Refusal::of(
                field,
                format!(
                    "`{}` can't go on with an assistant turn; end the conversation with a user turn",
                    target.model
                ),
            ));
        }
        Ok(())
    }

    /// Instructions: text alone.
    fn instructions(&mut self, parts: &'r [Part<'_>]) -> Result<Vec<Block<'r>>, Refusal> {
        let mut blocks = Vec::with_capacity(parts.len());
        for part in parts {
            match part {
                Part::Text(text) => blocks.extend(self.text(part, text)),
                // A system turn in the middle may hold what only Anthropic knows (tools added).
                Part::Opaque(opaque) if opaque.schema == Schema::Claude => {
                    blocks.push(Block::Raw(opaque.raw));
                }
                _ => {
                    return Err(Refusal::of(
                        Field::System.name(self.schema),
                        "Claude takes instructions as text only; move other content to a user turn",
                    ));
                }
            }
        }
        Ok(blocks)
    }

    /// One part of a turn; `None` where nothing of it is written.
    fn said(&mut self, part: &'r Part<'_>, role: Role) -> Result<Option<Block<'r>>, Refusal> {
        let known = match (part, role) {
            (Part::Text(text), _) => return Ok(self.text(part, text)),
            (Part::Document(document), _) => self.document(document)?,
            (Part::Image(image), Role::User) => self.image(image)?,
            (Part::ToolResult(result), Role::User) => self.result(result)?,
            (Part::ToolCall(call), Role::Assistant) => self.call(call)?,
            (Part::Thinking(thinking), Role::Assistant) => return Ok(self.thinking(thinking)),
            (Part::RedactedThinking(data), Role::Assistant) => Known::RedactedThinking { data },
            (Part::Refusal(words), _) => {
                return Ok((!words.is_empty()).then(|| Block::text(words.as_ref())));
            }
            (Part::Opaque(opaque), _) if opaque.schema == Schema::Claude => {
                return Ok(Some(Block::Raw(opaque.raw)));
            }
            (Part::Opaque(opaque), _) => {
                return Err(Refusal::of(
                    Field::Messages.name(self.schema),
                    format!("Claude can't carry `{}`; take it out of the history", opaque.kind),
                ));
            }
            (Part::Audio(_), _) => {
                return Err(Refusal::of(
                    Field::Audio.name(self.schema),
                    "Claude can't hear; send text in place of audio",
                ));
            }
            (Part::Image(_), _) => {
                return Err(Refusal::of(
                    Field::Image.name(self.schema),
                    "Claude takes images from the user only; move the image to a user turn",
                ));
            }
            (Part::ToolCall(_), _) => {
                return Err(Refusal::of(
                    Field::ToolCall.name(self.schema),
                    "only the assistant calls tools; move the call to an assistant turn",
                ));
            }
            (Part::ToolResult(_), _) => {
                return Err(Refusal::of(
                    Field::ToolResult.name(self.schema),
                    "a tool result stands in an assistant turn; move it to a turn of its own",
                ));
            }
            (Part::Thinking(_) | Part::RedactedThinking(_), _) => {
                self.losses.field(Field::Thinking);
                return Ok(None);
            }
        };
        Ok(Some(Block::with(known, self.hung.on(part))))
    }

    /// Text; Anthropic refuses it empty.
    fn text(&mut self, part: &'r Part<'_>, text: &'r Text<'_>) -> Option<Block<'r>> {
        self.foreign_signature(text.signature.is_some());
        if text.text.is_empty() {
            return None;
        }
        // Anthropic takes back what it said itself; pages of others' searches it can't prove.
        let citations: Vec<_> = text.citations.iter().filter_map(citation::own).collect();
        if citations.len() < text.citations.len() {
            self.losses.field(Field::Citations);
        }
        let known = Known::Text {
            text: Cow::Borrowed(&text.text),
            citations,
            cache_control: text.cache.map(cache::write),
        };
        Some(Block::with(known, self.hung.on(part)))
    }

    /// Gemini's signatures are of use to Gemini alone.
    fn foreign_signature(&mut self, there: bool) {
        if there {
            self.losses.field(Field::Thinking);
        }
    }

    /// Refuses what the model can't read.
    fn takes(&self, input: Taken, field: Field) -> Result<(), Refusal> {
        if self.capabilities.inputs.contains(&input) {
            return Ok(());
        }
        Err(Refusal::of(
            field.name(self.schema),
            "the model can't read this; send text in its place, or ask another model",
        ))
    }

    fn document(&mut self, document: &'r Media<'_>) -> Result<Known<'r>, Refusal> {
        self.detail(document);
        let known = media::document(document, self.schema)?;
        if !matches!(known, Known::Document { source: SourceOut::Text { .. }, .. }) {
            self.takes(Taken::Pdf, Field::Document)?;
        }
        Ok(known)
    }

    fn image(&mut self, image: &'r Media<'_>) -> Result<Known<'r>, Refusal> {
        self.takes(Taken::Image, Field::Image)?;
        self.detail(image);
        if image.name.is_some() {
            self.losses.field(Field::MediaName);
        }
        media::image(image, self.schema)
    }

    /// Anthropic looks as closely as it sees fit.
    fn detail(&mut self, media: &Media<'_>) {
        if media.detail.as_deref().is_some_and(|detail| detail != "auto") {
            self.losses.field(Field::ImageDetail);
        }
    }

    /// Reasoning with the proof of who had it, which is [the target](crate::seal::Seal::open);
    /// the words alone would be refused.
    fn thinking(&mut self, thinking: &'r Thinking<'_>) -> Option<Block<'r>> {
        match &thinking.signature {
            Some(signature) if !signature.is_empty() => {
                Some(Block::Known(Known::Thinking { thinking: &thinking.text, signature }))
            }
            _ => {
                self.losses.field(Field::Thinking);
                None
            }
        }
    }

    fn call(&mut self, call: &'r ToolCall<'_>) -> Result<Known<'r>, Refusal> {
        let field = Field::ToolCall.name(self.schema);
        self.foreign_signature(call.signature.is_some());
        if call.custom {
            return Err(Refusal::of(
                field,
                format!(
                    "Claude has no free-text tools like `{}`; make it a function, in the history too",
                    call.name
                ),
            ));
        }
        let input = call.arguments.as_object().and_then(|object| serde_json::from_str(object).ok());
        let Some(input) = input else {
            return Err(Refusal::of(
                field,
                format!(
                    "the arguments of the call of `{}` are not a JSON object; Claude takes nothing else",
                    call.name
                ),
            ));
        };
        let Some(id) = call.id.as_deref() else {
            return Err(Refusal::of(
                field,
                format!(
                    "the call of `{}` has no id; give it one and its result the same",
                    call.name
                ),
            ));
        };
        Ok(Known::ToolUse {
            id: ids::accepted(id),
            name: &call.name,
            input: Input::Object(input),
            cache_control: call.cache.map(cache::write),
        })
    }

    fn result(&mut self, result: &'r ToolResult<'_>) -> Result<Known<'r>, Refusal> {
        let field = Field::ToolResult.name(self.schema);
        let Some(id) = result.call_id.as_deref() else {
            return Err(Refusal::of(field, "a tool result names no call; give it the call's id"));
        };
        let mut content = Vec::with_capacity(result.content.len());
        // Where a schema gives the answer both ways the text is the same answer.
        let told = result.content.iter().any(|part| matches!(part, Part::Text(_)));
        if let Some(object) = result.object.filter(|_| !told) {
            content.push(Block::text(object.get()));
        }
        for part in &result.content {
            match part {
                Part::Text(_) | Part::Image(_) | Part::Document(_) | Part::Audio(_) => {
                    content.extend(self.said(part, Role::User)?);
                }
                Part::Opaque(_) => content.extend(self.said(part, Role::User)?),
                _ => {
                    return Err(Refusal::of(
                        field,
                        "a tool result may hold text, images and documents only",
                    ));
                }
            }
        }
        Ok(Known::ToolResult {
            tool_use_id: ids::accepted(id),
            content,
            is_error: result.is_error,
            cache_control: result.cache.map(cache::write),
        })
    }
}

/// Whether a block is a tool's result.
fn is_result(block: &Block<'_>) -> bool {
    matches!(block.known(), Some(Known::ToolResult { .. }))
}

/// A folded instruction, marked as one.
fn marked(block: Block<'_>) -> Block<'_> {
    match block {
        Block::Known(Known::Text { text, citations, cache_control }) => {
            let text = Cow::Owned(format!("<system>\n{text}\n</system>"));
            Block::Known(Known::Text { text, citations, cache_control })
        }
        other => other,
    }
}

/// A JSON object as arguments of a call, for answers: what is none is said to be none.
pub(super) fn input<'r>(call: &'r ToolCall<'_>) -> Input<'r> {
    let raw =
        call.arguments.as_object().and_then(|text| serde_json::from_str::<&RawValue>(text).ok());
    raw.map_or_else(|| Input::Invalid { text: call.arguments.as_text() }, Input::Object)
}
