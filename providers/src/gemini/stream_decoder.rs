//! Streams, from Gemini's chunks to the model's events (`wire.md` §4).
//!
//! Every chunk is a whole response with what is new in it. Nothing tells the end but the
//! closing of the stream after every candidate has a finish reason.

use std::borrow::Cow;

use super::decode_parts::{Of, Piece, parts, piece};
use super::frames::Frames;
use super::grounding::{self, Placed, Searches};
use super::offsets::Widths;
use super::partial_args::PartialArgs;
use super::wire::{List, read};
use super::{error, finish, logprobs, response, usage};
use crate::codec::StreamDecoder;
use crate::conversation::{Arguments, Citation, Delta, Event, Part, PartKind, Usage};

/// Far more alternatives than any model gives.
const MOST_CANDIDATES: usize = 128;

/// The decoder of one stream.
#[derive(Debug, Default)]
pub(super) struct Decoder {
    frames: Frames,
    answer: Answer,
}

impl StreamDecoder for Decoder {
    fn push(&mut self, bytes: &[u8], sink: &mut dyn FnMut(Event<'_>)) {
        let answer = &mut self.answer;
        if self.frames.push(bytes, &mut |frame| answer.chunk(frame, sink)).is_err() {
            answer.fail(sink);
        }
    }

    fn finish(&mut self, sink: &mut dyn FnMut(Event<'_>)) {
        let answer = &mut self.answer;
        self.frames.finish(&mut |frame| answer.chunk(frame, sink));
        answer.close(sink);
    }
}

/// What is known of the answer so far.
#[derive(Debug, Default)]
struct Answer {
    started: bool,
    /// An error was given: nothing follows.
    failed: bool,
    usage: Option<Usage>,
    searches: Searches,
    candidates: Vec<Candidate>,
}

/// One alternative so far.
#[derive(Debug, Default)]
struct Candidate {
    index: u32,
    /// The part that still grows.
    open: Option<Open>,
    /// How many parts there were.
    parts: u32,
    has_calls: bool,
    finished: bool,
    /// What was said so far, without thoughts, as far as citations need to know.
    said: Widths,
    /// After how many characters of it the last text begins.
    begun: u64,
    /// Citations, which wait for the end: segments may be told before they are said.
    cited: Vec<Placed<'static>>,
}

/// A part that still grows.
#[derive(Debug)]
enum Open {
    Text,
    Thinking,
    /// A call whose arguments come piece by piece.
    Call(PartialArgs),
}

impl Answer {
    fn chunk(&mut self, frame: &[u8], sink: &mut dyn FnMut(Event<'_>)) {
        // Some hosts that imitate Gemini end like OpenAI.
        if self.failed || frame.trim_ascii() == b"[DONE]" {
            return;
        }
        let Ok(chunk) = serde_json::from_slice::<read::Response<'_>>(frame) else {
            return self.fail(sink);
        };
        if let Some(error) = chunk.error {
            self.failed = true;
            return sink(Event::Error(error::of_status(error, 200)));
        }
        if !self.started {
            self.started = true;
            let id = chunk.response_id.map(Cow::from);
            sink(Event::Start { id, model: chunk.model_version.map(Cow::from) });
        }
        let candidates = chunk.candidates.map_or_else(Vec::new, |list| list.0);
        let blocked = chunk.prompt_feedback.filter(|_| candidates.is_empty());
        for (position, part) in candidates.into_iter().enumerate() {
            if self.candidate(position, part, sink).is_none() {
                return self.fail(sink);
            }
        }
        if let Some(feedback) = blocked.filter(|feedback| feedback.block_reason.is_some())
            && let Some(candidate) = self.find(0).filter(|candidate| !candidate.finished)
        {
            candidate.stop(sink);
            candidate.finished = true;
            let finish = finish::blocked(feedback.block_reason, feedback.block_reason_message);
            sink(Event::Finish { candidate: 0, finish });
        }
        let counted = chunk.usage_metadata.and_then(usage::decode);
        let counted = counted.map(|counted| match self.usage {
            Some(so_far) => usage::merged(so_far, counted),
            None => counted,
        });
        // They may be named after the last count.
        let counted = counted.or(self.usage);
        let counted = counted.map(|usage| Usage { calls: self.searches.calls(), ..usage });
        if counted.is_some() && counted != self.usage {
            self.usage = counted;
            counted.into_iter().for_each(|usage| sink(Event::Usage(usage)));
        }
    }

    /// `None` where it can't be read.
    fn candidate(
        &mut self,
        position: usize,
        chunk: read::Candidate<'_>,
        sink: &mut dyn FnMut(Event<'_>),
    ) -> Option<()> {
        self.searches.note(chunk.grounding_metadata);
        let index = chunk.index.map_or(position as u64, |index| index.0);
        let candidate = self.find(u32::try_from(index).ok()?)?;
        for mut part in parts(chunk.content.unwrap_or_default().parts) {
            if candidate.piecewise(&part, sink) {
                continue;
            }
            candidate.piece(piece(&mut part, Of::Answer).ok()?, sink);
        }
        let tokens = logprobs::decode(chunk.logprobs_result);
        if !tokens.is_empty() {
            candidate.text(sink);
            candidate.delta(Delta::Logprobs(tokens), sink);
        }
        grounding::decode(chunk.grounding_metadata, chunk.citation_metadata)
            .into_iter()
            .for_each(|placed| grounding::keep(placed, &mut candidate.cited));
        if chunk.finish_reason.is_some() && !candidate.finished {
            candidate.cite(sink);
            candidate.stop(sink);
            candidate.finished = true;
            let calls = candidate.has_calls;
            let finish = finish::decode(chunk.finish_reason, chunk.finish_message, calls);
            sink(Event::Finish { candidate: candidate.index, finish });
        }
        Some(())
    }

    /// The candidate of this number, which may be a new one.
    fn find(&mut self, index: u32) -> Option<&mut Candidate> {
        if !self.candidates.iter().any(|candidate| candidate.index == index) {
            if self.candidates.len() >= MOST_CANDIDATES {
                return None;
            }
            self.candidates.push(Candidate { index, ..Candidate::default() });
        }
        self.candidates.iter_mut().find(|candidate| candidate.index == index)
    }

    /// What came can't be read.
    fn fail(&mut self, sink: &mut dyn FnMut(Event<'_>)) {
        if !self.failed {
            self.failed = true;
            sink(Event::Error(response::unreadable()));
        }
    }

    /// The stream was closed.
    fn close(&mut self, sink: &mut dyn FnMut(Event<'_>)) {
        let all = self.candidates.iter().all(|candidate| candidate.finished);
        if !self.failed && all && !self.candidates.is_empty() {
            // Nothing more may be said after the end.
            self.failed = true;
            sink(Event::End);
        }
    }
}

impl Candidate {
    /// Arguments piece by piece: the name comes first, alone; a call without `willContinue`
    /// ends it. Gives whether the part was of this kind.
    fn piecewise(&mut self, part: &read::Part<'_>, sink: &mut dyn FnMut(Event<'_>)) -> bool {
        let Some(call) = &part.function_call else { return false };
        let goes_on = call.will_continue.is_some_and(|goes_on| goes_on.get() == "true");
        let pieces = call.partial_args.map_or_else(Vec::new, |raw| {
            let pieces = serde_json::from_str::<List<read::PartialArg<'_>>>(raw.get());
            pieces.map_or_else(|_| Vec::new(), |pieces| pieces.0)
        });
        match &call.name {
            Some(name) if goes_on || !pieces.is_empty() => {
                self.start(Self::kind(call.id.as_deref(), name), sink);
                self.has_calls = true;
                self.open = Some(Open::Call(PartialArgs::default()));
                if let Some(signature) = &part.thought_signature {
                    self.delta(Delta::Signature(Cow::Borrowed(signature)), sink);
                }
            }
            Some(_) => return false,
            None if !matches!(self.open, Some(Open::Call(_))) => return false,
            None => {}
        }
        if let Some(Open::Call(arguments)) = &mut self.open {
            pieces.iter().for_each(|piece| arguments.add(piece));
        }
        if !goes_on {
            self.stop(sink);
        }
        true
    }

    fn piece(&mut self, piece: Piece<'_>, sink: &mut dyn FnMut(Event<'_>)) {
        match piece {
            Piece::Said(Part::Text(text)) => {
                if text.text.is_empty() && text.signature.is_none() {
                    return;
                }
                self.text(sink);
                self.said.push(&text.text);
                self.say(text.text, text.signature, sink);
            }
            Piece::Said(Part::Thinking(thinking)) => {
                if !matches!(self.open, Some(Open::Thinking)) {
                    self.start(PartKind::Thinking { id: None }, sink);
                    self.open = Some(Open::Thinking);
                }
                self.say(thinking.text, thinking.signature, sink);
            }
            Piece::Said(Part::ToolCall(call)) => {
                self.start(Self::kind(call.id.as_deref(), &call.name), sink);
                self.has_calls = true;
                if let Some(signature) = call.signature {
                    self.delta(Delta::Signature(signature), sink);
                }
                let arguments = match &call.arguments {
                    Arguments::Json(raw) => raw.get(),
                    Arguments::Text(text) => text,
                };
                self.delta(Delta::Arguments(Cow::Borrowed(arguments)), sink);
                self.end(sink);
            }
            Piece::Said(Part::Image(media)) => self.whole(PartKind::Image(media), sink),
            Piece::Said(Part::Audio(media)) => self.whole(PartKind::Audio(media), sink),
            Piece::Said(Part::Document(_)) => {
                self.whole(PartKind::Opaque(Cow::Borrowed("inlineData")), sink);
            }
            Piece::Opaque(kind) => self.whole(PartKind::Opaque(kind), sink),
            // A model answers no tools.
            Piece::Said(_) | Piece::Empty => {}
        }
    }

    /// A part that is whole at once.
    fn whole(&mut self, kind: PartKind<'_>, sink: &mut dyn FnMut(Event<'_>)) {
        self.start(kind, sink);
        self.end(sink);
    }

    /// Begins a text, unless one is growing.
    fn text(&mut self, sink: &mut dyn FnMut(Event<'_>)) {
        if !matches!(self.open, Some(Open::Text)) {
            self.start(PartKind::Text, sink);
            self.open = Some(Open::Text);
            self.begun = self.said.characters();
        }
    }

    /// Tells where the text has something from. All hangs on the last text, since those before it
    /// are over.
    fn cite(&mut self, sink: &mut dyn FnMut(Event<'_>)) {
        let cited = std::mem::take(&mut self.cited);
        if !cited.is_empty() {
            self.text(sink);
        }
        for (citation, bytes) in cited {
            let within = |byte| self.said.to_characters(byte).saturating_sub(self.begun);
            let range = bytes.map(|(from, to)| (within(from), within(to)));
            self.delta(Delta::Citation(Citation { range, ..citation }), sink);
        }
    }

    fn kind<'a>(id: Option<&'a str>, name: &'a str) -> PartKind<'a> {
        PartKind::ToolCall { id: id.map(Cow::Borrowed), name: Cow::Borrowed(name), custom: false }
    }

    fn say(
        &self,
        text: Cow<'_, str>,
        signature: Option<Cow<'_, str>>,
        sink: &mut dyn FnMut(Event<'_>),
    ) {
        if !text.is_empty() {
            self.delta(Delta::Text(text), sink);
        }
        if let Some(signature) = signature {
            self.delta(Delta::Signature(signature), sink);
        }
    }

    /// Begins a part; the one before is whole.
    fn start(&mut self, kind: PartKind<'_>, sink: &mut dyn FnMut(Event<'_>)) {
        self.stop(sink);
        self.parts += 1;
        sink(Event::PartStart { candidate: self.index, part: self.part(), kind });
    }

    /// The part that was begun last.
    const fn part(&self) -> u32 {
        self.parts.saturating_sub(1)
    }

    fn delta(&self, delta: Delta<'_>, sink: &mut dyn FnMut(Event<'_>)) {
        sink(Event::Delta { candidate: self.index, part: self.part(), delta });
    }

    fn end(&self, sink: &mut dyn FnMut(Event<'_>)) {
        sink(Event::PartStop { candidate: self.index, part: self.part() });
    }

    /// Ends the part that still grows, if there is one.
    fn stop(&mut self, sink: &mut dyn FnMut(Event<'_>)) {
        let Some(open) = self.open.take() else { return };
        if let Open::Call(arguments) = open {
            self.delta(Delta::Arguments(Cow::Owned(arguments.json())), sink);
        }
        self.end(sink);
    }
}
