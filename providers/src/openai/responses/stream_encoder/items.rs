//! The items of a stream, written one after the other.

use std::borrow::Cow;

use serde_json::value::RawValue;

use super::super::item::{self, Call, Content, Item, Status, Summary, raw};
use super::ladder::{Fields, Ladder};
use super::part::{Kind, Part};
use crate::codec::Reply;

/// What was written, as far as the last event repeats it.
#[derive(Default)]
pub(super) struct Items {
    pub(super) ladder: Ladder,
    /// The items that are whole.
    pub(super) output: Vec<Box<RawValue>>,
    /// The id of the message that is under way, and its parts that are whole.
    message: Option<(String, Vec<Content<'static>>)>,
}

impl Items {
    /// Writes what a part holds, beginning it where that has not been done.
    pub(super) fn write(&mut self, part: &mut Part, reply: &Reply, out: &mut Vec<u8>) {
        // A call is told as soon as its name is known, all else once there is something to tell.
        let silent = part.held.is_empty() && (part.open || !part.is_call());
        if silent || matches!(part.kind, Kind::Image(_)) {
            return;
        }
        if !std::mem::replace(&mut part.open, true) {
            self.begin(part, reply, out);
        }
        match &part.kind {
            Kind::Text => self.text(part, out),
            Kind::Refusal => {
                let delta = self.content("response.refusal.delta", out);
                delta.field("delta", &part.held.text).end();
            }
            Kind::Thinking { .. } => {
                let delta = self.summary("response.reasoning_summary_text.delta", part, out);
                delta.field("delta", &part.held.text).end();
            }
            Kind::Call { custom, .. } => {
                if !part.held.text.is_empty() {
                    let (kind, _) = input_events(*custom);
                    self.item(kind, part, out).field("delta", &part.held.text).end();
                }
            }
            Kind::Image(_) => {}
        }
        part.written.append(&mut part.held);
    }

    /// Ends a part, if there was anything in it. A message goes on as long as words do.
    pub(super) fn close(&mut self, part: &mut Part, reply: &Reply, out: &mut Vec<u8>) {
        let told = std::mem::take(&mut part.open);
        match &part.kind {
            Kind::Text | Kind::Refusal if told => self.close_content(part, out),
            Kind::Thinking { .. } if told || part.signature.is_some() => {
                if !told {
                    self.begin(part, reply, out);
                }
                self.close_reasoning(part, told, out);
            }
            Kind::Call { .. } => self.close_call(part, reply, out),
            Kind::Image(picture) => {
                self.end_message(Status::Completed, out);
                let id = item::id("ig", reply, self.output.len());
                self.added(&picture.awaited(id.clone()), out);
                self.done(&picture.item(id), out);
            }
            _ => {}
        }
    }

    /// Ends the message that is under way, if one is.
    pub(super) fn end_message(&mut self, status: Status, out: &mut Vec<u8>) {
        if let Some((id, content)) = self.message.take() {
            let role = "assistant";
            self.done(&Item::Message { id, status, role, content: &content }, out);
        }
    }

    fn begin(&mut self, part: &mut Part, reply: &Reply, out: &mut Vec<u8>) {
        if let Kind::Text | Kind::Refusal = part.kind {
            self.begin_message(reply, out);
            let refusal = matches!(part.kind, Kind::Refusal);
            let added = self.content("response.content_part.added", out);
            return added.field("part", &Content::empty(refusal)).end();
        }
        self.end_message(Status::Completed, out);
        let place = self.output.len();
        match &mut part.kind {
            Kind::Thinking { id, .. } => {
                // Should it be cut in two, the rest is an item of its own.
                part.item = id.take().unwrap_or_else(|| item::id("rs", reply, place));
                let id = part.item.clone();
                self.added(&Item::Reasoning { id, summary: &[], encrypted_content: None }, out);
                if part.open {
                    let added = self.summary("response.reasoning_summary_part.added", part, out);
                    added.field("part", &Summary { text: "" }).end();
                }
            }
            Kind::Call { call_id, name, custom } => {
                let call = Call { call_id, name, custom: *custom };
                part.item = call.id(reply, place);
                self.added(&call.item(part.item.clone(), Status::InProgress, "", reply), out);
            }
            Kind::Text | Kind::Refusal | Kind::Image(_) => {}
        }
    }

    fn begin_message(&mut self, reply: &Reply, out: &mut Vec<u8>) {
        if self.message.is_none() {
            let id = item::id("msg", reply, self.output.len());
            self.message = Some((id.clone(), Vec::new()));
            let (status, role) = (Status::InProgress, "assistant");
            self.added(&Item::Message { id, status, role, content: &[] }, out);
        }
    }

    fn text(&mut self, part: &Part, out: &mut Vec<u8>) {
        let held = &part.held;
        if !held.text.is_empty() || !held.logprobs.is_empty() {
            let delta = self.content("response.output_text.delta", out);
            delta.field("delta", &held.text).field("logprobs", &held.logprobs).end();
        }
        for (index, annotation) in held.annotations.iter().enumerate() {
            let index = part.written.annotations.len() + index;
            let added = self.content("response.output_text.annotation.added", out);
            added.field("annotation_index", &index).field("annotation", annotation).end();
        }
    }

    fn close_content(&mut self, part: &mut Part, out: &mut Vec<u8>) {
        let written = std::mem::take(&mut part.written);
        let content = if matches!(part.kind, Kind::Refusal) {
            let done = self.content("response.refusal.done", out);
            done.field("refusal", &written.text).end();
            Content::Refusal { refusal: Cow::Owned(written.text) }
        } else {
            let done = self.content("response.output_text.done", out);
            done.field("text", &written.text).field("logprobs", &written.logprobs).end();
            Content::OutputText {
                annotations: written.annotations,
                logprobs: written.logprobs,
                text: Cow::Owned(written.text),
            }
        };
        self.content("response.content_part.done", out).field("part", &content).end();
        if let Some((_, contents)) = &mut self.message {
            contents.push(content);
        }
    }

    fn close_reasoning(&mut self, part: &mut Part, told: bool, out: &mut Vec<u8>) {
        let text = std::mem::take(&mut part.written).text;
        let summary = [Summary { text: &text }];
        if told {
            let done = self.summary("response.reasoning_summary_text.done", part, out);
            done.field("text", &text).end();
            let done = self.summary("response.reasoning_summary_part.done", part, out);
            done.field("part", &Summary { text: &text }).end();
        }
        let signature = part.signature.take();
        let reasoning = Item::Reasoning {
            id: std::mem::take(&mut part.item),
            summary: if told { &summary } else { &[] },
            encrypted_content: signature.as_deref(),
        };
        self.done(&reasoning, out);
    }

    fn close_call(&mut self, part: &mut Part, reply: &Reply, out: &mut Vec<u8>) {
        let Kind::Call { call_id, name, custom } = &part.kind else { return };
        let call = Call { call_id, name, custom: *custom };
        let (delta, done) = input_events(*custom);
        let input = call.whole(&part.written.text);
        if part.written.text.is_empty() && !input.is_empty() {
            self.item(delta, part, out).field("delta", input).end();
        }
        let name = if *custom { "input" } else { "arguments" };
        self.item(done, part, out).field(name, input).end();
        self.done(&call.item(part.item.clone(), Status::Completed, input, reply), out);
    }

    /// An event about the item of a part that is under way.
    fn item<'o>(&mut self, kind: &str, part: &Part, out: &'o mut Vec<u8>) -> Fields<'o> {
        let event = self.ladder.event(kind, out);
        event.field("item_id", &part.item).field("output_index", &self.output.len())
    }

    /// An event about reasoning in words.
    fn summary<'o>(&mut self, kind: &str, part: &Part, out: &'o mut Vec<u8>) -> Fields<'o> {
        self.item(kind, part, out).field("summary_index", &0)
    }

    /// An event about the part of the message that is under way.
    fn content<'o>(&mut self, kind: &str, out: &'o mut Vec<u8>) -> Fields<'o> {
        let (id, index) = match &self.message {
            Some((id, contents)) => (id.as_str(), contents.len()),
            None => ("", 0),
        };
        let event = self.ladder.event(kind, out).field("item_id", id);
        event.field("output_index", &self.output.len()).field("content_index", &index)
    }

    fn added(&mut self, item: &Item<'_>, out: &mut Vec<u8>) {
        let event = self.ladder.event("response.output_item.added", out);
        event.field("output_index", &self.output.len()).field("item", item).end();
    }

    fn done(&mut self, item: &Item<'_>, out: &mut Vec<u8>) {
        let Some(item) = raw(item) else { return };
        let event = self.ladder.event("response.output_item.done", out);
        event.field("output_index", &self.output.len()).field("item", &item).end();
        self.output.push(item);
    }
}

/// The events that tell what a tool is called with: a piece of it, and all.
const fn input_events(custom: bool) -> (&'static str, &'static str) {
    if custom {
        ("response.custom_tool_call_input.delta", "response.custom_tool_call_input.done")
    } else {
        ("response.function_call_arguments.delta", "response.function_call_arguments.done")
    }
}
