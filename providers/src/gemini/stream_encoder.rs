//! Streams, from the model's events to Gemini's chunks (`wire.md` §4).
//!
//! Exactly `data: {json}` and an empty line, as Google's SDKs take nothing else: no comments, no
//! `event:`, no `[DONE]`, and so no heartbeat. Without `alt=sse` the chunks are the elements of
//! a JSON array.

use std::borrow::Cow;

use super::grounding::{self, Grounding};
use super::offsets::Widths;
use super::response::{BAD_CALL, encode_media, function_call};
use super::wire::write::{Candidate, Content, Data, LogprobsResult, Part, Response};
use super::{error, finish, logprobs, usage};
use crate::codec::{Reply, StreamEncoder};
use crate::conversation::{
    Arguments, Citation, Delta, Event, Finish, FinishReason, PartKind, Usage,
};
use crate::json;

/// The encoder of one stream.
#[derive(Debug)]
pub(super) struct Encoder {
    head: Head,
    include_thoughts: bool,
    open: Vec<Open>,
    /// Candidates that said something.
    candidates: Vec<Said>,
    /// Finishes that wait for the usage, which some providers send after them.
    held: Vec<(u32, Finish<'static>)>,
    finished: usize,
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

/// What a candidate said, as far as its end tells of it.
#[derive(Debug, Default)]
struct Said {
    index: u32,
    /// It has a call that could not be read.
    bad: bool,
    text: Widths,
    grounding: Grounding,
    logprobs: LogprobsResult,
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
    /// Text: after how many characters of the candidate's it begins, and where it has something
    /// from.
    Text {
        begin: u64,
        citations: Vec<Citation<'static>>,
    },
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
            usage: None,
            told: true,
        }
    }

    fn delta(&mut self, candidate: u32, part: u32, delta: &Delta<'_>, out: &mut Vec<u8>) {
        let same = |open: &&mut Open| open.candidate == candidate && open.part == part;
        let Some(open) = self.open.iter_mut().find(same) else { return };
        let said = self.candidates.iter_mut().find(|said| said.index == candidate);
        match (&mut open.kind, delta) {
            (Kind::Text { .. }, Delta::Text(text)) if !text.is_empty() => {
                said.into_iter().for_each(|said| said.text.push(text));
                let text = Data::Text(Cow::Borrowed(text));
                self.head.part(candidate, Part::of(text), out);
            }
            (Kind::Text { .. }, Delta::Logprobs(tokens)) => {
                said.into_iter().for_each(|said| logprobs::add(tokens, &mut said.logprobs));
            }
            (Kind::Text { citations, .. }, Delta::Citation(citation)) => {
                citations.push(grounding::owned(citation.clone()));
            }
            (Kind::Text { .. }, Delta::Signature(signature)) => {
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

    /// What this candidate said so far.
    fn said(&mut self, index: u32) -> &mut Said {
        let place = self.candidates.iter().position(|said| said.index == index);
        let place = place.unwrap_or_else(|| {
            self.candidates.push(Said { index, ..Said::default() });
            self.candidates.len() - 1
        });
        &mut self.candidates[place]
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
            let said = self.candidates.iter_mut().find(|said| said.index == candidate);
            match kind {
                Kind::Text { begin, citations } => {
                    let Some(Said { text, grounding, .. }) = said else { continue };
                    let extent = (begin, text.characters());
                    citations.iter().for_each(|citation| grounding.add(citation, extent, text));
                }
                Kind::Call { id, name, arguments, signature } => {
                    let arguments = Arguments::Text(Cow::Owned(arguments));
                    match function_call(id.as_deref(), &name, &arguments, signature.as_deref()) {
                        Ok(part) => self.head.part(candidate, part, out),
                        Err(_) => said.into_iter().for_each(|said| said.bad = true),
                    }
                }
                Kind::Thinking | Kind::Hidden => {}
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
            let said = self.candidates.iter_mut().find(|said| said.index == *index);
            let (bad, grounding, logprobs) = said.map_or_else(Default::default, |said| {
                let told = (&mut said.grounding, &mut said.logprobs);
                (said.bad, std::mem::take(told.0), std::mem::take(told.1))
            });
            let reason = if bad { FinishReason::BadToolCall } else { finish.reason };
            Candidate {
                content: Content { role: Some("model"), parts: Vec::new() },
                finish_reason: Some(finish::encode(reason)),
                finish_message: if bad { Some(BAD_CALL) } else { finish.explanation.as_deref() },
                index: *index,
                logprobs_result: (!logprobs.chosen_candidates.is_empty()).then_some(logprobs),
                grounding_metadata: grounding.written(),
            }
        });
        let candidates = candidates.collect();
        self.head.chunk(candidates, self.usage.as_ref(), out);
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
                let begin = self.said(*candidate).text.characters();
                let kind = match kind {
                    PartKind::Text | PartKind::Refusal => {
                        Kind::Text { begin, citations: Vec::new() }
                    }
                    PartKind::Image(media) | PartKind::Audio(media) => {
                        let part = encode_media(media);
                        part.into_iter().for_each(|part| self.head.part(*candidate, part, out));
                        Kind::Hidden
                    }
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
        self.chunk(
            vec![Candidate { content, index: candidate, ..Candidate::default() }],
            None,
            out,
        );
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
        let _ = json::append(&chunk, out);
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
