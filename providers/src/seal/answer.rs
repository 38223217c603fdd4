//! Whole answers: their tokens wrapped.

use std::borrow::Cow;

use super::envelope::{self, Slot};
use super::record::{Kind, Record};
use super::{Carrier, Seal, Sealer};
use crate::Schema;
use crate::codec::Reply;
use crate::conversation::{Candidate, Part, Response, Text, Thinking, ToolCall};

impl Seal {
    /// Wraps the tokens of an answer by a provider that speaks `from`, for a caller that speaks
    /// another schema. A token that is too large is taken out.
    pub fn response(&self, response: &mut Response<'_>, from: Schema, to: Schema, reply: &Reply) {
        let sealer = Sealer::new(self, from, to, reply);
        for candidate in &mut response.candidates {
            Writer::of(&sealer, candidate);
        }
    }
}

/// What waits for the next carrier of a candidate.
#[derive(Debug, Default)]
pub(super) struct Pending {
    records: Vec<Record>,
    /// How many bytes of text the caller has seen.
    pub(super) said: usize,
    pub(super) calls: usize,
}

impl Pending {
    /// A record that stands here.
    pub(super) fn push(&mut self, record: Record) {
        self.records.push(Record { back: self.said, ..record });
    }

    /// What waits, for a carrier that stands here.
    pub(super) fn take(&mut self) -> Vec<Record> {
        let mut records = std::mem::take(&mut self.records);
        records.iter_mut().for_each(|record| record.back = self.said.saturating_sub(record.back));
        records
    }

    /// The next call with what waits for one: its id and its token.
    pub(super) fn call(
        &mut self,
        sealer: &Sealer,
        candidate: u32,
        id: Option<String>,
    ) -> (Option<String>, Option<String>) {
        let ordinal = self.calls;
        self.calls += 1;
        let Some(envelope) = sealer.wrap(&self.take(), sealer.slot) else { return (id, None) };
        match sealer.slot {
            Slot::Token => (id, Some(envelope)),
            Slot::Id => {
                let minted = || format!("call_{}_{candidate}_{ordinal}", sealer.reply);
                let id = id.unwrap_or_else(minted);
                (Some(envelope::join(&id, &envelope)), None)
            }
        }
    }
}

/// Writes one alternative anew.
struct Writer<'s, 'a> {
    sealer: &'s Sealer,
    candidate: u32,
    parts: Vec<Part<'a>>,
    pending: Pending,
    /// A token on words that are over: it needs a thought of its own, and no answer ends in one,
    /// since agents read what is last. What nothing follows is not carried.
    behind: Option<String>,
}

impl<'s, 'a> Writer<'s, 'a> {
    fn of(sealer: &'s Sealer, candidate: &mut Candidate<'a>) {
        let parts = std::mem::take(&mut candidate.parts);
        let mut writer = Self {
            sealer,
            candidate: candidate.index,
            parts: Vec::with_capacity(parts.len()),
            pending: Pending::default(),
            behind: None,
        };
        parts.into_iter().for_each(|part| writer.part(part));
        if sealer.carrier == (Carrier::Calls { ends: true })
            && let Some(envelope) = sealer.wrap(&writer.pending.take(), Slot::Token)
        {
            let signature = Some(Cow::Owned(envelope));
            writer.parts.push(Part::Text(Text { signature, ..Text::default() }));
        }
        candidate.parts = writer.parts;
    }

    fn part(&mut self, part: Part<'a>) {
        self.goes_on();
        match part {
            Part::Thinking(thinking) => self.thinking(thinking),
            Part::RedactedThinking(data) => {
                self.loose(Record::of(Kind::Redacted, Some(data.into_owned())));
            }
            Part::Text(mut text) => {
                let token = text.signature.take();
                self.pending.said += text.text.len();
                self.parts.push(Part::Text(text));
                self.behind = token.map(Cow::into_owned);
                if matches!(self.sealer.carrier, Carrier::Calls { .. }) {
                    self.goes_on();
                }
            }
            Part::Refusal(words) => {
                self.pending.said += words.len();
                self.parts.push(Part::Refusal(words));
            }
            Part::ToolCall(call) => self.call(call),
            other => self.parts.push(other),
        }
    }

    fn thinking(&mut self, mut thinking: Thinking<'a>) {
        let token = thinking.signature.take().filter(|token| !token.is_empty());
        let mut record = Record::of(Kind::Thinking, token.map(Cow::into_owned));
        record.id = thinking.id.as_deref().map(str::to_owned);
        let proven = record.token.is_some();
        let hidden = |record| Record { text: Some(thinking.text.to_string()), ..record };
        match self.sealer.carrier {
            Carrier::Thoughts { shown: true } => {
                thinking.signature = self.sealer.envelope(record).map(Cow::Owned);
                self.parts.push(Part::Thinking(thinking));
            }
            Carrier::Thoughts { shown: false } if proven => self.loose(hidden(record)),
            Carrier::Thoughts { shown: false } => {}
            Carrier::Calls { .. } => {
                if proven {
                    self.loose(hidden(record));
                }
                self.parts.push(Part::Thinking(thinking));
            }
        }
    }

    fn call(&mut self, mut call: ToolCall<'a>) {
        if let Some(token) = call.signature.take() {
            self.loose(Record::of(Kind::OnCall, Some(token.into_owned())));
        }
        if matches!(self.sealer.carrier, Carrier::Calls { .. }) {
            let id = call.id.take().map(Cow::into_owned);
            let (id, token) = self.pending.call(self.sealer, self.candidate, id);
            (call.id, call.signature) = (id.map(Cow::Owned), token.map(Cow::Owned));
        }
        self.parts.push(Part::ToolCall(call));
    }

    /// Something follows the words that a token hangs on.
    fn goes_on(&mut self) {
        if let Some(token) = self.behind.take() {
            self.loose(Record::of(Kind::OnText, Some(token)));
        }
    }

    /// A record that no part of the answer has a place for.
    fn loose(&mut self, record: Record) {
        match self.sealer.carrier {
            Carrier::Calls { .. } => self.pending.push(record),
            Carrier::Thoughts { .. } => {
                let signature = self.sealer.envelope(record).map(Cow::Owned);
                if signature.is_some() {
                    self.parts.push(Part::Thinking(Thinking { signature, ..Thinking::default() }));
                }
            }
        }
    }
}
