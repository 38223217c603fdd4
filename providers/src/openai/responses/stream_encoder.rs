//! A stream to a caller, written (`wire.md` §4.1).
//!
//! Items are written one after the other, though parts may interleave: what comes while a call is
//! written waits for its end, and words make way for what came after them. Of what was written,
//! only what the last event repeats is kept.

mod items;
mod ladder;
mod part;

use std::collections::VecDeque;

use super::error::Fault;
use super::item::{self, Picture, Status};
use super::object::{Head, incomplete};
use crate::codec::{Reply, StreamEncoder};
use crate::conversation::{ApiError, Delta, Event, Finish, FinishReason, PartKind, Usage};
use items::Items;
use part::{Kind, Part};

/// Writes one stream.
pub(super) struct Encoder {
    reply: Reply,
    head: Option<Head>,
    over: bool,
    /// Parts that are not written to their end, in order of their start. Only the first may be
    /// under way.
    parts: VecDeque<Part>,
    items: Items,
    calls: usize,
    refused: bool,
    usage: Option<Usage>,
    finish: Option<Finish<'static>>,
}

impl StreamEncoder for Encoder {
    fn event(&mut self, event: &Event<'_>, out: &mut Vec<u8>) {
        if self.over {
            return;
        }
        match event {
            Event::Start { id, model } => return self.start(id.as_deref(), model.as_deref(), out),
            Event::Ping if self.head.is_none() => return,
            _ => self.start(None, None, out),
        }
        match event {
            Event::PartStart { candidate: 0, part, kind } => self.part_start(*part, kind, out),
            Event::Delta { candidate: 0, part, delta } => self.delta(*part, delta, out),
            Event::PartStop { candidate: 0, part } => {
                if let Some(waiting) = self.parts.iter_mut().find(|known| known.number == *part) {
                    waiting.stopped = true;
                }
                self.advance(out);
            }
            // Held until the end: usage may still come after it, and the last event tells both.
            Event::Finish { candidate: 0, finish } => {
                self.finish = Some(finish.clone().into_owned());
            }
            Event::Usage(usage) => self.usage = Some(self.usage.unwrap_or_default().max(*usage)),
            // A comment: every SDK of this schema passes it over (`wire.md` §4.2).
            Event::Ping => out.extend_from_slice(b": ping\n\n"),
            Event::Error(error) => self.fail(error, out),
            Event::End => self.end(out),
            _ => {}
        }
    }
}

impl Encoder {
    pub(super) fn new(reply: Reply) -> Self {
        Self {
            reply,
            head: None,
            over: false,
            parts: VecDeque::new(),
            items: Items::default(),
            calls: 0,
            refused: false,
            usage: None,
            finish: None,
        }
    }

    /// The answer begins, once.
    fn start(&mut self, id: Option<&str>, model: Option<&str>, out: &mut Vec<u8>) {
        if self.head.is_some() {
            return;
        }
        let head = self.head.insert(Head::new(id, model, &self.reply));
        for kind in ["response.created", "response.in_progress"] {
            self.items.ladder.event(kind, out).field("response", &head.begun()).end();
        }
    }

    fn part_start(&mut self, number: u32, kind: &PartKind<'_>, out: &mut Vec<u8>) {
        let (mut signature, mut stopped) = (None, false);
        let kind = match kind {
            PartKind::Text => Kind::Text,
            PartKind::Refusal => {
                self.refused = true;
                Kind::Refusal
            }
            PartKind::Thinking { id } => Kind::Thinking {
                id: id.as_deref().map(str::to_owned),
                shown: self.reply.include_thoughts,
            },
            // Whole from their start, like pictures.
            PartKind::RedactedThinking(data) => {
                (signature, stopped) = (Some(data.clone().into_owned()), true);
                Kind::Thinking { id: None, shown: false }
            }
            PartKind::Image(media) => {
                let Some(picture) = Picture::of(media) else { return };
                stopped = true;
                Kind::Image(picture.into_owned())
            }
            PartKind::ToolCall { id, name, custom } => {
                let minted = || item::call_id(&self.reply, self.calls);
                let call_id = id.as_deref().map_or_else(minted, str::to_owned);
                self.calls += 1;
                Kind::Call { call_id, name: name.clone().into_owned(), custom: *custom }
            }
            PartKind::Audio(_) | PartKind::Opaque(_) => return,
        };
        let mut part = Part::new(number, kind);
        (part.signature, part.stopped) = (signature, stopped);
        self.parts.push_back(part);
        self.advance(out);
    }

    fn delta(&mut self, number: u32, delta: &Delta<'_>, out: &mut Vec<u8>) {
        if let Some(part) = self.parts.iter_mut().find(|part| part.number == number) {
            part.take(delta);
            self.advance(out);
        }
    }

    /// Writes all that can be written now.
    fn advance(&mut self, out: &mut Vec<u8>) {
        while let Some(mut first) = self.parts.pop_front() {
            self.items.write(&mut first, &self.reply, out);
            if first.stopped {
                self.items.close(&mut first, &self.reply, out);
                continue;
            }
            // Words make way for what came after them; should more of them come, they go on in
            // another piece.
            if !first.is_call() && !self.parts.iter().all(Part::is_idle) {
                self.items.close(&mut first, &self.reply, out);
                self.parts.push_back(first);
                continue;
            }
            self.parts.push_front(first);
            return;
        }
    }

    /// The end: what waits is written, then all of the answer, why it ended and what it cost.
    fn end(&mut self, out: &mut Vec<u8>) {
        for part in &mut self.parts {
            part.stopped = true;
        }
        self.advance(out);
        let told = if self.calls > 0 { FinishReason::ToolCalls } else { FinishReason::Stop };
        let finish = self.finish.take().unwrap_or(Finish::new(told));
        if let Some(error) = finish.failure() {
            return self.fail(&error, out);
        }
        let incomplete = incomplete(finish.reason, self.refused);
        self.items.end_message(Status::of_last(incomplete), out);
        let kind = if incomplete.is_none() { "response.completed" } else { "response.incomplete" };
        self.over = true;
        if let Some(head) = &self.head {
            // SDK users read the counts without asking whether they are there.
            let usage = self.usage.unwrap_or_default();
            let object = head.ended(incomplete, &self.items.output, usage);
            self.items.ladder.event(kind, out).field("response", &object).end();
        }
    }

    /// `response.failed` with the error, after which nothing follows: clients pass an `error`
    /// event over (`wire.md` §4.2). What was not whole by then is not in it.
    fn fail(&mut self, error: &ApiError, out: &mut Vec<u8>) {
        self.over = true;
        if let Some(head) = &self.head {
            let object = head.failed(Fault::of(error), &self.items.output, self.usage);
            self.items.ladder.event("response.failed", out).field("response", &object).end();
        }
    }
}
