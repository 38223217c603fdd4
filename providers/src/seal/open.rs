//! Requests: tokens taken out of their envelopes, for who made them.

use std::borrow::Cow;

use super::record::{Kind, Record};
use super::{Seal, envelope};
use crate::Schema;
use crate::conversation::{Field, Loss, Part, Request, Role, Text, Thinking, ToolCall, shape};

impl Seal {
    /// Readies a request as its decoder gave it, before it is shaped, for this origin, asked in
    /// the schema `to`: what the origin made is put back where it was, and all that is anyone
    /// else's is taken out. Then every token and every thought in an assistant's turn is the
    /// target's own, or, where the caller speaks its schema, what the caller wrote.
    ///
    /// Consecutive turns of one role become one: clients keep the pieces of a stream as turns.
    /// What was dropped is returned.
    pub fn open(&self, request: &mut Request<'_>, to: Schema) -> Vec<Loss> {
        let own = request.schema == to;
        let in_pieces = request.schema == Schema::Gemini;
        let mut dropped = false;
        request.messages = shape::merged(std::mem::take(&mut request.messages));
        for message in &mut request.messages {
            let parts = std::mem::take(&mut message.parts);
            let mut opener = Opener {
                seal: self,
                to,
                own,
                parts: Vec::with_capacity(parts.len()),
                unproven: Vec::new(),
                on_call: None,
                carried: 0,
                returns: false,
                dropped: false,
            };
            match message.role {
                Role::Assistant => {
                    parts.into_iter().for_each(|part| opener.part(part));
                    opener.close(in_pieces);
                }
                Role::User | Role::System => parts.into_iter().for_each(|part| opener.heard(part)),
            }
            message.parts = opener.parts;
            dropped |= opener.dropped;
        }
        let loss = dropped.then(|| Loss::of(request.name(Field::Thinking)));
        loss.into_iter().collect()
    }
}

/// Writes one turn anew.
struct Opener<'s, 'a> {
    seal: &'s Seal,
    to: Schema,
    /// The caller speaks the target's schema: what is in no envelope is the caller's business.
    own: bool,
    parts: Vec<Part<'a>>,
    /// Thoughts without an envelope, the last that were read: pieces of the thought that the
    /// next envelope proves, or of none.
    unproven: Vec<Thinking<'a>>,
    /// A token for the next call.
    on_call: Option<String>,
    /// How many parts stand before the end of the last carrier. What the next one carries came
    /// after it, so none reaches back further, however often a caller repeats one.
    carried: usize,
    /// The target made this turn.
    returns: bool,
    dropped: bool,
}

impl<'a> Opener<'_, 'a> {
    /// A part of an assistant's turn.
    fn part(&mut self, part: Part<'a>) {
        match part {
            Part::Thinking(thinking) => self.thinking(thinking),
            Part::RedactedThinking(data) if envelope::is_envelope(&data) => {
                self.proven(&data, Cow::Borrowed(""));
            }
            other => {
                self.settle();
                match other {
                    Part::RedactedThinking(_) if !self.own => self.dropped = true,
                    Part::Text(text) => self.text(text),
                    Part::ToolCall(call) => self.call(call),
                    other => self.parts.push(other),
                }
            }
        }
    }

    /// A part of another's turn: it has the ids of calls, and no tokens.
    fn heard(&mut self, mut part: Part<'a>) {
        match &mut part {
            Part::ToolResult(result) => {
                strip(&mut result.call_id);
            }
            Part::Text(text) => {
                let kept = |token: &Cow<'_, str>| self.own && !envelope::is_envelope(token);
                self.dropped |= text.signature.take_if(|token| !kept(token)).is_some();
            }
            _ => {}
        }
        self.parts.push(part);
    }

    fn thinking(&mut self, mut thinking: Thinking<'a>) {
        match thinking.signature.take() {
            Some(token) if envelope::is_envelope(&token) => self.proven(&token, thinking.text),
            Some(token) => {
                self.settle();
                if self.own {
                    thinking.signature = Some(token);
                    self.parts.push(Part::Thinking(thinking));
                } else {
                    self.dropped = true;
                }
            }
            None => self.unproven.push(thinking),
        }
    }

    /// A thought, or something in the place of one, in an envelope. Of these words, and of those
    /// right before that have no proof of their own.
    fn proven(&mut self, token: &str, words: Cow<'a, str>) {
        let Some(records) = self.read(token) else { return self.unproven.clear() };
        for record in records {
            match record {
                Record { kind: Kind::Thinking, text: None, id, token, .. } => {
                    let text = match std::mem::take(&mut self.unproven) {
                        before if before.is_empty() => words.clone(),
                        before => {
                            let before = before.iter().map(|piece| piece.text.as_ref());
                            Cow::Owned(before.chain([words.as_ref()]).collect())
                        }
                    };
                    self.thought(self.parts.len(), id, text, token);
                }
                record => {
                    self.settle();
                    self.place(record, self.parts.len());
                }
            }
        }
    }

    fn read(&mut self, token: &str) -> Option<Vec<Record>> {
        let records = self.seal.read(self.to, token);
        self.returns |= records.is_some();
        self.dropped |= records.is_none();
        records
    }

    fn text(&mut self, mut text: Text<'a>) {
        let token = text.signature.take();
        let sealed = token.as_deref().is_some_and(envelope::is_envelope);
        if self.own && !sealed {
            text.signature = token;
            return self.parts.push(Part::Text(text));
        }
        if !text.text.is_empty() || text.cache.is_some() || token.is_none() {
            self.parts.push(Part::Text(text));
        }
        if let Some(token) = token {
            self.turn(&token);
        }
    }

    fn call(&mut self, mut call: ToolCall<'a>) {
        let on_id = strip(&mut call.id);
        let token = call.signature.take();
        let sealed = token.as_deref().is_some_and(envelope::is_envelope);
        if self.own && !sealed {
            call.signature = token;
        } else if let Some(token) = token {
            self.turn(&token);
        }
        if let Some(token) = on_id {
            self.turn(&token);
        }
        if let Some(token) = self.on_call.take() {
            call.signature = Some(Cow::Owned(token));
        }
        self.parts.push(Part::ToolCall(call));
    }

    /// An envelope on what carries the tokens of all that was said before it.
    fn turn(&mut self, token: &str) {
        let Some(records) = self.read(token) else { return };
        for record in records {
            let at = self.back(record.back);
            self.place(record, at);
        }
        self.carried = self.parts.len();
    }

    /// Puts a token where it belongs.
    fn place(&mut self, record: Record, at: usize) {
        let Record { kind, id, text, token, .. } = record;
        match (kind, token) {
            (Kind::Thinking, token) => {
                self.thought(at, id, Cow::Owned(text.unwrap_or_default()), token);
            }
            (Kind::Redacted, Some(token)) => {
                self.parts.insert(at, Part::RedactedThinking(Cow::Owned(token)));
            }
            (Kind::OnCall, token) => self.on_call = token,
            (Kind::OnText, token) => {
                let signature = token.map(Cow::Owned);
                match at.checked_sub(1).and_then(|before| self.parts.get_mut(before)) {
                    Some(Part::Text(text)) if text.signature.is_none() => {
                        text.signature = signature;
                    }
                    _ => {
                        let text = Text { signature, ..Text::default() };
                        self.parts.insert(at, Part::Text(text));
                    }
                }
            }
            (Kind::Redacted, None) => {}
        }
    }

    fn thought(
        &mut self,
        at: usize,
        id: Option<String>,
        text: Cow<'a, str>,
        token: Option<String>,
    ) {
        let (id, signature) = (id.map(Cow::Owned), token.map(Cow::Owned));
        self.parts.insert(at, Part::Thinking(Thinking { id, text, signature }));
    }

    /// The place with this much text behind it. A text that it falls into is cut there.
    fn back(&mut self, mut back: usize) -> usize {
        let mut at = self.parts.len();
        while back > 0
            && at > self.carried
            && let Some(before) = at.checked_sub(1)
            && let Some(part) = self.parts.get_mut(before)
        {
            match part {
                Part::Text(text) if text.text.len() > back => {
                    let cut = text.text.len() - back;
                    // Else it is not the text that was said.
                    if text.text.is_char_boundary(cut) {
                        let after = text.split_off(cut);
                        self.parts.insert(at, Part::Text(after));
                    }
                    return at;
                }
                Part::Text(text) => back -= text.text.len(),
                Part::Refusal(words) => back = back.saturating_sub(words.len()),
                Part::Thinking(_) | Part::RedactedThinking(_) => {}
                _ => return at,
            }
            at = before;
        }
        at
    }

    /// Thoughts that nothing proves: the caller's own, or dropped.
    fn settle(&mut self) {
        let unproven = std::mem::take(&mut self.unproven);
        if self.own {
            self.parts.extend(unproven.into_iter().map(Part::Thinking));
        } else {
            self.dropped |= !unproven.is_empty();
        }
    }

    /// The turn is over. Callers of Gemini's keep every piece of a streamed text as a part; whose
    /// thoughts are bound to what it said gets it as it said it.
    fn close(&mut self, in_pieces: bool) {
        self.settle();
        self.dropped |= self.on_call.is_some();
        if in_pieces && self.returns {
            self.parts.dedup_by(|after, before| match (before, after) {
                (Part::Text(before), Part::Text(after)) => before.join(after),
                _ => false,
            });
        }
    }
}

/// Takes the envelope off an id, if there is one.
fn strip(id: &mut Option<Cow<'_, str>>) -> Option<String> {
    let (bare, envelope) = envelope::split(id.as_deref()?)?;
    let (bare, envelope) = (bare.to_owned(), envelope.to_owned());
    *id = Some(Cow::Owned(bare));
    Some(envelope)
}
