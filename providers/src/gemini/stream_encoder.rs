//! Streams, from the model's events to Gemini's chunks (`wire.md` §4).
//!
//! Exactly `data: {json}` and an empty line, as Google's SDKs take nothing else: no comments, no
//! `event:`, no `[DONE]`, and so no heartbeat. Without `alt=sse` the chunks are the elements of
//! a JSON array.

use std::borrow::Cow;

use serde::Serialize;

use super::response::{BAD_CALL, function_call};
use super::wire::write::{Candidate, Content, Data, Part, Response};
use super::{error, finish, usage};
use crate::codec::{Reply, StreamEncoder};
use crate::conversation::{Arguments, Delta, Event, Finish, FinishReason, PartKind, Usage};

/// The encoder of one stream.
#[derive(Debug)]
pub(super) struct Encoder {
    head: Head,
    include_thoughts: bool,
    open: Vec<Open>,
    /// Candidates that said something.
    candidates: Vec<u32>,
    /// Finishes that wait for the usage, which some providers send after them.
    held: Vec<(u32, Finish<'static>)>,
    finished: usize,
    /// Candidates with a call that could not be read.
    bad: Vec<u32>,
    usage: Option<Usage>,
    /// The usage was written as it stands.
    told: bool,
}

/// What every chunk carries, and how chunks are framed.
#[derive(Debug)]
struct Head {
    id: String,
    model: String,
    json_array: bool,
    begun: bool,
    closed: bool,
}

/// A part that was begun.
#[derive(Debug)]
struct Open {
    candidate: u32,
    part: u32,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    Text,
    Thinking,
    Call {
        id: Option<String>,
        name: String,
        arguments: String,
        signature: Option<String>,
    },
    /// Nothing that this schema shows.
    Hidden,
}

impl Encoder {
    /// An encoder that answers this way.
    pub(super) fn new(reply: Reply) -> Self {
        Self {
            head: Head {
                id: reply.id,
                model: reply.model,
                json_array: reply.json_array,
                begun: false,
                closed: false,
            },
            include_thoughts: reply.include_thoughts,
            open: Vec::new(),
            candidates: Vec::new(),
            held: Vec::new(),
            finished: 0,
            bad: Vec::new(),
            usage: None,
            told: true,
        }
    }

    fn delta(&mut self, candidate: u32, part: u32, delta: &Delta<'_>, out: &mut Vec<u8>) {
        let same = |open: &&mut Open| open.candidate == candidate && open.part == part;
        let Some(open) = self.open.iter_mut().find(same) else { return };
        match (&mut open.kind, delta) {
            (Kind::Text, Delta::Text(text)) if !text.is_empty() => {
                let text = Data::Text(Cow::Borrowed(text));
                self.head.part(candidate, Part::of(text), out);
            }
            (Kind::Text, Delta::Signature(signature)) => {
                let text = Data::Text(Cow::Borrowed(""));
                self.head.part(candidate, Part::Data(text, Some(signature)), out);
            }
            (Kind::Thinking, Delta::Text(text)) if !text.is_empty() => {
                self.head.part(candidate, Part::of(Data::Thought(text)), out);
            }
            (Kind::Thinking, Delta::Signature(signature)) => {
                let thought = Data::Thought("");
                self.head.part(candidate, Part::Data(thought, Some(signature)), out);
            }
            (Kind::Call { arguments, .. }, Delta::Arguments(piece)) => arguments.push_str(piece),
            (Kind::Call { signature, .. }, Delta::Signature(whole)) => {
                *signature = Some(whole.to_string());
            }
            _ => {}
        }
    }

    /// Ends the parts that `ends` picks, in order.
    fn stop(&mut self, out: &mut Vec<u8>, ends: impl Fn(&Open) -> bool) {
        let mut index = 0;
        while let Some(open) = self.open.get(index) {
            if !ends(open) {
                index += 1;
                continue;
            }
            let Open { candidate, kind, .. } = self.open.remove(index);
            let Kind::Call { id, name, arguments, signature } = kind else { continue };
            let arguments = Arguments::Text(Cow::Owned(arguments));
            match function_call(id.as_deref(), &name, &arguments, signature.as_deref()) {
                Ok(part) => self.head.part(candidate, part, out),
                Err(_) => self.bad.push(candidate),
            }
        }
    }

    /// Writes the finishes that were held, with the usage so far.
    fn flush(&mut self, out: &mut Vec<u8>) {
        if self.held.is_empty() && self.told {
            return;
        }
        let held = std::mem::take(&mut self.held);
        let candidates = held.iter().map(|(index, finish)| {
            let bad = self.bad.contains(index);
            let reason = if bad { FinishReason::BadToolCall } else { finish.reason };
            Candidate {
                content: Content { role: Some("model"), parts: Vec::new() },
                finish_reason: Some(finish::encode(reason)),
                finish_message: if bad { Some(BAD_CALL) } else { finish.explanation.as_deref() },
                index: *index,
            }
        });
        self.head.chunk(candidates.collect(), self.usage.as_ref(), out);
        self.told = true;
    }
}

impl StreamEncoder for Encoder {
    fn event(&mut self, event: &Event<'_>, out: &mut Vec<u8>) {
        if self.head.closed {
            return;
        }
        match event {
            Event::Start { id, model } => {
                id.iter().for_each(|id| self.head.id = id.to_string());
                model.iter().for_each(|model| self.head.model = model.to_string());
            }
            Event::PartStart { candidate, part, kind } => {
                if !self.candidates.contains(candidate) {
                    self.candidates.push(*candidate);
                }
                let kind = match kind {
                    PartKind::Text | PartKind::Refusal => Kind::Text,
                    PartKind::Thinking { .. } if self.include_thoughts => Kind::Thinking,
                    PartKind::ToolCall { id, name, .. } => Kind::Call {
                        id: id.as_deref().map(str::to_owned),
                        name: name.to_string(),
                        arguments: String::new(),
                        signature: None,
                    },
                    _ => Kind::Hidden,
                };
                self.open.push(Open { candidate: *candidate, part: *part, kind });
            }
            Event::Delta { candidate, part, delta } => self.delta(*candidate, *part, delta, out),
            Event::PartStop { candidate, part } => {
                self.stop(out, |open| open.candidate == *candidate && open.part == *part);
            }
            Event::Finish { candidate, finish } => {
                self.stop(out, |open| open.candidate == *candidate);
                self.finished += 1;
                self.held.push((*candidate, finish.clone().into_owned()));
            }
            Event::Usage(usage) => {
                let usage = self.usage.map_or(*usage, |so_far| so_far.max(*usage));
                self.told &= self.usage == Some(usage);
                self.usage = Some(usage);
                if !self.held.is_empty() && self.finished >= self.candidates.len() {
                    self.flush(out);
                }
            }
            // Google's SDKs have no heartbeat.
            Event::Ping => {}
            Event::Error(error) => {
                let (_, body) = error::encode(error, "");
                self.head.frame(out, |out| out.extend_from_slice(&body));
                self.head.close(out);
            }
            Event::End => {
                self.stop(out, |_| true);
                self.flush(out);
                self.head.close(out);
            }
        }
    }
}

impl Head {
    fn part(&mut self, candidate: u32, part: Part<'_>, out: &mut Vec<u8>) {
        let content = Content { role: Some("model"), parts: vec![part] };
        let candidate =
            Candidate { content, finish_reason: None, finish_message: None, index: candidate };
        self.chunk(vec![candidate], None, out);
    }

    fn chunk(
        &mut self,
        candidates: Vec<Candidate<'_>>,
        counted: Option<&Usage>,
        out: &mut Vec<u8>,
    ) {
        self.begin(out);
        let chunk = Response {
            candidates,
            usage_metadata: counted.map(usage::encode),
            model_version: &self.model,
            response_id: &self.id,
        };
        // Writing strings and numbers to memory can't fail.
        let _ = chunk.serialize(&mut serde_json::Serializer::new(&mut *out));
        self.end(out);
    }

    fn frame(&mut self, out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
        self.begin(out);
        write(out);
        self.end(out);
    }

    fn begin(&mut self, out: &mut Vec<u8>) {
        out.extend_from_slice(match (self.json_array, self.begun) {
            (false, _) => b"data: ",
            (true, false) => b"[",
            (true, true) => b",\n",
        });
        self.begun = true;
    }

    fn end(&self, out: &mut Vec<u8>) {
        if !self.json_array {
            out.extend_from_slice(b"\r\n\r\n");
        }
    }

    fn close(&mut self, out: &mut Vec<u8>) {
        if self.json_array {
            out.extend_from_slice(if self.begun { b"]" } else { b"[]" });
        }
        self.closed = true;
    }
}
