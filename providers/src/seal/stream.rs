//! Streams: their tokens wrapped as they come.

use std::borrow::Cow;

use super::answer::Pending;
use super::envelope::{MOST, Slot};
use super::record::{Kind, Record};
use super::{Carrier, Sealer};
use crate::Schema;
use crate::codec::StreamEncoder;
use crate::conversation::{Delta, Event, PartKind};

/// Wraps tokens before another encoder writes them. Nothing is held back but the words of
/// thoughts that are not shown, and the beginning of a call of Gemini's up to its next event,
/// which may be the call's token.
pub(super) struct SealingEncoder {
    sealer: Sealer,
    inner: Box<dyn StreamEncoder>,
    candidates: Vec<Candidate>,
    held: Option<Held>,
}

/// A call that was begun and not yet written.
struct Held {
    candidate: u32,
    part: u32,
    id: Option<String>,
    name: String,
    custom: bool,
}

/// One alternative so far.
struct Candidate {
    index: u32,
    /// The parts under way, by their number in the provider's stream.
    open: Vec<(u32, Open)>,
    /// The number of the next part in the caller's stream.
    next: u32,
    pending: Pending,
    /// Tokens on words that are over: they need a thought of their own, and no answer ends in
    /// one, since agents read what is last. What nothing follows is not carried.
    behind: Vec<String>,
}

/// A part under way.
enum Open {
    /// It goes through under this number.
    Through(u32),
    /// Text or a refusal, and the tokens on it.
    Said(u32, Vec<String>),
    Thought(Thought),
    /// Told already, or not at all.
    Hidden,
}

/// A thought under way.
struct Thought {
    /// Its number in the caller's stream, if it is there.
    number: Option<u32>,
    id: Option<String>,
    /// Its words, where the envelope will need them.
    text: Option<String>,
    token: Option<String>,
}

impl SealingEncoder {
    pub(super) fn new(sealer: Sealer, inner: Box<dyn StreamEncoder>) -> Self {
        Self { sealer, inner, candidates: Vec::new(), held: None }
    }

    /// The candidate of this number, and what it writes with.
    fn candidate<'e>(
        &'e mut self,
        index: u32,
        out: &'e mut Vec<u8>,
    ) -> Option<(&'e mut Candidate, Pen<'e>)> {
        if !self.candidates.iter().any(|known| known.index == index) {
            self.candidates.push(Candidate {
                index,
                open: Vec::new(),
                next: 0,
                pending: Pending::default(),
                behind: Vec::new(),
            });
        }
        let Self { sealer, inner, candidates, .. } = self;
        let candidate = candidates.iter_mut().find(|known| known.index == index)?;
        Some((candidate, Pen { sealer, inner: &mut **inner, out }))
    }
}

impl StreamEncoder for SealingEncoder {
    fn event(&mut self, event: &Event<'_>, out: &mut Vec<u8>) {
        if let Some(held) = self.held.take() {
            let token = match event {
                Event::Delta { candidate, part, delta: Delta::Signature(token) }
                    if (*candidate, *part) == (held.candidate, held.part) =>
                {
                    Some(token.to_string())
                }
                _ => None,
            };
            let was_token = token.is_some();
            if let Some((candidate, mut pen)) = self.candidate(held.candidate, out) {
                candidate.call(held, token, &mut pen);
            }
            if was_token {
                return;
            }
        }
        match event {
            Event::PartStart { candidate, part, kind: PartKind::ToolCall { id, name, custom } } => {
                let held = Held {
                    candidate: *candidate,
                    part: *part,
                    id: id.as_deref().map(str::to_owned),
                    name: name.to_string(),
                    custom: *custom,
                };
                // Nobody else has tokens on calls.
                if self.sealer.from == Schema::Gemini {
                    self.held = Some(held);
                } else if let Some((candidate, mut pen)) = self.candidate(*candidate, out) {
                    candidate.call(held, None, &mut pen);
                }
            }
            Event::PartStart { candidate, part, kind } => {
                if let Some((candidate, mut pen)) = self.candidate(*candidate, out) {
                    candidate.start(*part, kind, &mut pen);
                }
            }
            Event::Delta { candidate, part, delta } => {
                if let Some((candidate, mut pen)) = self.candidate(*candidate, out) {
                    candidate.delta(*part, delta, event, &mut pen);
                }
            }
            Event::PartStop { candidate, part } => {
                if let Some((candidate, mut pen)) = self.candidate(*candidate, out) {
                    candidate.stop(*part, &mut pen);
                }
            }
            Event::Finish { candidate, .. } => {
                if let Some((candidate, mut pen)) = self.candidate(*candidate, out) {
                    candidate.finish(&mut pen);
                    pen.write(event);
                }
            }
            Event::Start { .. } | Event::Usage(_) | Event::Ping | Event::Error(_) | Event::End => {
                self.inner.event(event, out)
            }
        }
    }
}

/// What a candidate writes with.
struct Pen<'e> {
    sealer: &'e Sealer,
    inner: &'e mut dyn StreamEncoder,
    out: &'e mut Vec<u8>,
}

impl Pen<'_> {
    fn write(&mut self, event: &Event<'_>) {
        self.inner.event(event, self.out);
    }
}

impl Candidate {
    fn start(&mut self, part: u32, kind: &PartKind<'_>, pen: &mut Pen<'_>) {
        self.goes_on(pen);
        let open = match kind {
            PartKind::Thinking { id } => {
                let told = pen.sealer.carrier != Carrier::Thoughts { shown: false };
                Open::Thought(Thought {
                    number: told.then(|| self.begin(kind.clone(), pen)),
                    id: id.as_deref().map(str::to_owned),
                    text: (pen.sealer.carrier != Carrier::Thoughts { shown: true })
                        .then(String::new),
                    token: None,
                })
            }
            PartKind::RedactedThinking(data) => {
                self.loose(Record::of(Kind::Redacted, Some(data.to_string())), pen);
                Open::Hidden
            }
            PartKind::Text | PartKind::Refusal => {
                Open::Said(self.begin(kind.clone(), pen), Vec::new())
            }
            _ => Open::Through(self.begin(kind.clone(), pen)),
        };
        self.open.push((part, open));
    }

    /// A call begins, with all that waits for one.
    fn call(&mut self, held: Held, token: Option<String>, pen: &mut Pen<'_>) {
        let Held { part, mut id, name, custom, .. } = held;
        self.goes_on(pen);
        if let Some(token) = token.filter(|token| !token.is_empty()) {
            self.loose(Record::of(Kind::OnCall, Some(token)), pen);
        }
        let mut envelope = None;
        if matches!(pen.sealer.carrier, Carrier::Calls { .. }) {
            (id, envelope) = self.pending.call(pen.sealer, self.index, id);
        }
        let (id, name) = (id.map(Cow::Owned), Cow::Owned(name));
        let number = self.begin(PartKind::ToolCall { id, name, custom }, pen);
        if let Some(envelope) = envelope {
            self.say(number, Delta::Signature(Cow::Owned(envelope)), pen);
        }
        self.open.push((part, Open::Through(number)));
    }

    fn delta(&mut self, part: u32, delta: &Delta<'_>, event: &Event<'_>, pen: &mut Pen<'_>) {
        let Some((_, open)) = self.open.iter_mut().find(|(known, _)| *known == part) else {
            return;
        };
        let number = match (open, delta) {
            (Open::Said(_, tokens), Delta::Signature(token)) => {
                return tokens.push(token.to_string());
            }
            (Open::Thought(thought), Delta::Signature(token)) => {
                thought.token = Some(token.to_string()).filter(|token| !token.is_empty());
                return;
            }
            // A token that came too late to stand before its call.
            (Open::Through(_), Delta::Signature(_)) | (Open::Hidden, _) => return,
            (Open::Said(number, _), Delta::Text(text)) => {
                self.pending.said += text.len();
                *number
            }
            (Open::Thought(thought), Delta::Text(text)) => {
                thought.remember(text);
                let Some(number) = thought.number else { return };
                number
            }
            (Open::Thought(Thought { number: Some(number), .. }), _)
            | (Open::Said(number, _) | Open::Through(number), _) => *number,
            (Open::Thought(_), _) => return,
        };
        if number == part {
            pen.write(event);
        } else {
            self.say(number, delta.clone(), pen);
        }
    }

    fn stop(&mut self, part: u32, pen: &mut Pen<'_>) {
        let Some(at) = self.open.iter().position(|(known, _)| *known == part) else { return };
        match self.open.remove(at).1 {
            Open::Through(number) => self.end(number, pen),
            Open::Said(number, tokens) => {
                self.end(number, pen);
                self.behind.extend(tokens);
                if matches!(pen.sealer.carrier, Carrier::Calls { .. }) {
                    self.goes_on(pen);
                }
            }
            Open::Thought(thought) => self.stop_thought(thought, pen),
            Open::Hidden => {}
        }
    }

    fn stop_thought(&mut self, thought: Thought, pen: &mut Pen<'_>) {
        let Thought { number, id, text, token } = thought;
        let proven = token.is_some();
        let record = Record { id, ..Record::of(Kind::Thinking, token) };
        if pen.sealer.carrier == (Carrier::Thoughts { shown: true }) {
            if let (Some(number), Some(envelope)) = (number, pen.sealer.envelope(record)) {
                self.say(number, Delta::Signature(Cow::Owned(envelope)), pen);
            }
        } else if proven {
            self.loose(Record { text, ..record }, pen);
        }
        if let Some(number) = number {
            self.end(number, pen);
        }
    }

    /// What no call took goes on an empty text, where the caller's schema has tokens on texts.
    fn finish(&mut self, pen: &mut Pen<'_>) {
        while let Some((part, _)) = self.open.first() {
            self.stop(*part, pen);
        }
        if pen.sealer.carrier == (Carrier::Calls { ends: true })
            && let Some(envelope) = pen.sealer.wrap(&self.pending.take(), Slot::Token)
        {
            self.empty(PartKind::Text, envelope, pen);
        }
    }

    /// Something follows the words that tokens hang on.
    fn goes_on(&mut self, pen: &mut Pen<'_>) {
        for token in std::mem::take(&mut self.behind) {
            self.loose(Record::of(Kind::OnText, Some(token)), pen);
        }
    }

    /// A record that no part of the answer has a place for.
    fn loose(&mut self, record: Record, pen: &mut Pen<'_>) {
        match pen.sealer.carrier {
            Carrier::Calls { .. } => self.pending.push(record),
            Carrier::Thoughts { .. } => {
                if let Some(envelope) = pen.sealer.envelope(record) {
                    self.empty(PartKind::Thinking { id: None }, envelope, pen);
                }
            }
        }
    }

    /// A part with nothing but an envelope.
    fn empty(&mut self, kind: PartKind<'_>, envelope: String, pen: &mut Pen<'_>) {
        let number = self.begin(kind, pen);
        self.say(number, Delta::Signature(Cow::Owned(envelope)), pen);
        self.end(number, pen);
    }

    /// Begins a part in the caller's stream.
    fn begin(&mut self, kind: PartKind<'_>, pen: &mut Pen<'_>) -> u32 {
        let part = self.next;
        self.next = self.next.saturating_add(1);
        pen.write(&Event::PartStart { candidate: self.index, part, kind });
        part
    }

    fn say(&self, part: u32, delta: Delta<'_>, pen: &mut Pen<'_>) {
        pen.write(&Event::Delta { candidate: self.index, part, delta });
    }

    fn end(&self, part: u32, pen: &mut Pen<'_>) {
        pen.write(&Event::PartStop { candidate: self.index, part });
    }
}

impl Thought {
    /// Keeps words for the envelope; no more than make it too large.
    fn remember(&mut self, words: &str) {
        if let Some(text) = self.text.as_mut().filter(|text| text.len() <= MOST) {
            text.push_str(words);
        }
    }
}
