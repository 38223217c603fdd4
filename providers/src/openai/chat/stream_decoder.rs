//! A provider's stream, read (`wire.md` §4).

use std::borrow::Cow;

use super::answer::{Answer, Call, Choice, Voice, finish};
use super::{error, response, usage};
use crate::codec::StreamDecoder;
use crate::conversation::{ApiError, Delta, Event, Finish, PartKind, Usage};
use crate::openai::read::{count, words};
use crate::sse::{Frame, Framer};

/// What takes events.
type Sink<'s> = dyn FnMut(Event<'_>) + 's;

/// Reads one stream.
#[derive(Default)]
pub(super) struct Decoder {
    framer: Framer,
    state: State,
}

impl StreamDecoder for Decoder {
    fn push(&mut self, bytes: &[u8], sink: &mut dyn FnMut(Event<'_>)) {
        let Self { framer, state } = self;
        if state.over {
            return;
        }
        if framer.push(bytes, |frame| state.frame(&frame, sink)).is_err() {
            state.fail(error::unreadable("an event"), sink);
        }
    }

    fn finish(&mut self, sink: &mut dyn FnMut(Event<'_>)) {
        let Self { framer, state } = self;
        framer.finish(|frame| state.frame(&frame, sink));
        // Some hosts (Perplexity, Cerebras) know no [DONE]. Their last chunk holds the reason of
        // the end together with the usage: after it nothing can be missing.
        if state.complete {
            state.end(sink);
        }
    }
}

#[derive(Default)]
struct State {
    started: bool,
    /// One chunk has told why all alternatives ended and what they cost.
    complete: bool,
    /// The end or an error was told: nothing follows.
    over: bool,
    candidates: Vec<Candidate>,
    /// The usage that was told last.
    usage: Option<Usage>,
}

impl State {
    /// One event. Hosts that let the caller wait say so in comments (OpenRouter).
    fn frame(&mut self, frame: &Frame<'_>, sink: &mut Sink<'_>) {
        let data = frame.data.trim_ascii();
        if self.over {
            return;
        }
        if data.is_empty() {
            if self.started && frame.raw.starts_with(b":") {
                sink(Event::Ping);
            }
            return;
        }
        if data == b"[DONE]" {
            return self.end(sink);
        }
        match serde_json::from_slice::<Answer<'_>>(data) {
            Ok(chunk) => {
                if let Err(error) = self.chunk(chunk, sink) {
                    self.fail(error, sink);
                }
            }
            Err(_) => self.fail(response::in_another_shape(data), sink),
        }
    }

    fn chunk(&mut self, chunk: Answer<'_>, sink: &mut Sink<'_>) -> Result<(), ApiError> {
        if let Some(error) = chunk.error {
            return Err(error::in_band(error));
        }
        let choices = chunk.choices.unwrap_or_default();
        let id = words(chunk.id);
        // Azure's verdict on the prompt comes before the answer has an id.
        if !self.started && (id.is_some() || !choices.is_empty()) {
            self.started = true;
            sink(Event::Start { id, model: words(chunk.model) });
        }
        let mut ended = false;
        for (position, mut choice) in choices.into_iter().enumerate() {
            if let Some(error) = choice.error {
                return Err(error::in_band(error));
            }
            ended |= choice.ended().is_some();
            self.candidate(choice.place(position)).choice(&mut choice, sink)?;
        }
        let usage = chunk.usage.or(chunk.x_groq.and_then(|groq| groq.usage));
        if let Some(usage) = usage.and_then(|raw| usage::decode(raw, chunk.service_tier)) {
            // Hosts that count in every chunk repeat themselves.
            if self.usage.replace(usage) != Some(usage) {
                sink(Event::Usage(usage));
            }
            self.complete |= ended && self.candidates.iter().all(|candidate| candidate.finished);
        }
        Ok(())
    }

    fn candidate(&mut self, index: u32) -> &mut Candidate {
        let known = self.candidates.iter().position(|candidate| candidate.index == index);
        let place = known.unwrap_or_else(|| {
            self.candidates.push(Candidate { index, ..Candidate::default() });
            self.candidates.len() - 1
        });
        &mut self.candidates[place]
    }

    /// The provider's own end. Hosts that give no reason for it mean that the answer is done.
    fn end(&mut self, sink: &mut Sink<'_>) {
        if self.over {
            return;
        }
        if self.candidates.is_empty() {
            return self.fail(error::unreadable("a stream without choices"), sink);
        }
        for candidate in &mut self.candidates {
            if let Err(error) = candidate.end(None, sink) {
                return self.fail(error, sink);
            }
        }
        self.over = true;
        sink(Event::End);
    }

    fn fail(&mut self, error: ApiError, sink: &mut Sink<'_>) {
        if !self.over {
            self.over = true;
            sink(Event::Error(error));
        }
    }
}

/// One alternative as far as it is known.
#[derive(Default)]
struct Candidate {
    index: u32,
    /// How many parts have begun.
    parts: u32,
    /// Words that go on in a part.
    speaking: Option<(Voice, u32)>,
    calls: Vec<Pending>,
    refused: bool,
    finished: bool,
}

/// A tool call as far as it is known. It has a part from when its name is.
struct Pending {
    index: Option<u64>,
    id: Option<String>,
    part: Option<u32>,
    stopped: bool,
}

impl Candidate {
    fn choice(&mut self, choice: &mut Choice<'_>, sink: &mut Sink<'_>) -> Result<(), ApiError> {
        if let Some(delta) = &mut choice.delta {
            delta.each_words(&mut |voice, text| self.say(voice, text, sink));
            let cited = delta.citations();
            for citation in cited {
                self.about(Delta::Citation(citation), sink);
            }
            for call in delta.calls() {
                self.call(&call, sink)?;
            }
        }
        let logprobs = choice.logprobs();
        if !logprobs.is_empty() {
            self.about(Delta::Logprobs(logprobs), sink);
        }
        match choice.ended() {
            Some(word) => self.end(Some(&word), sink),
            None => Ok(()),
        }
    }

    fn say(&mut self, voice: Voice, text: Cow<'_, str>, sink: &mut Sink<'_>) {
        let part = match self.speaking {
            Some((same, part)) if same == voice => part,
            _ => {
                self.hush(sink);
                let kind = match voice {
                    Voice::Text => PartKind::Text,
                    Voice::Thinking => PartKind::Thinking { id: None },
                    Voice::Refusal => PartKind::Refusal,
                };
                self.refused |= voice == Voice::Refusal;
                let part = self.begin(kind, sink);
                self.speaking = Some((voice, part));
                part
            }
        };
        sink(Event::Delta { candidate: self.index, part, delta: Delta::Text(text) });
    }

    /// Something about the text that goes on; about none it says nothing.
    fn about(&self, delta: Delta<'_>, sink: &mut Sink<'_>) {
        if let Some((Voice::Text | Voice::Refusal, part)) = self.speaking {
            sink(Event::Delta { candidate: self.index, part, delta });
        }
    }

    fn begin(&mut self, kind: PartKind<'_>, sink: &mut Sink<'_>) -> u32 {
        let part = self.parts;
        self.parts += 1;
        sink(Event::PartStart { candidate: self.index, part, kind });
        part
    }

    /// The words are over.
    fn hush(&mut self, sink: &mut Sink<'_>) {
        if let Some((_, part)) = self.speaking.take() {
            sink(Event::PartStop { candidate: self.index, part });
        }
    }

    fn call(&mut self, call: &Call<'_>, sink: &mut Sink<'_>) -> Result<(), ApiError> {
        let (id, name) = (call.id(), call.name());
        let arguments = call.arguments();
        let arguments = arguments.as_ref().map_or("", |arguments| arguments.as_text());
        let place = match self.known(call) {
            Some(place) => place,
            None if id.is_none() && name.is_none() && arguments.is_empty() => return Ok(()),
            None => {
                self.calls.push(Pending {
                    index: count(call.index),
                    id: id.as_deref().map(str::to_owned),
                    part: None,
                    stopped: false,
                });
                self.calls.len() - 1
            }
        };
        let part = match (self.calls[place].part, name) {
            (Some(part), _) => part,
            (None, Some(name)) => {
                self.hush(sink);
                let id = self.calls[place].id.clone().map(Cow::Owned);
                let part =
                    self.begin(PartKind::ToolCall { id, name, custom: call.is_custom() }, sink);
                self.calls[place].part = Some(part);
                part
            }
            (None, None) if arguments.is_empty() => return Ok(()),
            (None, None) => return Err(error::unreadable("a tool call without a name")),
        };
        if !arguments.is_empty() {
            let delta = Delta::Arguments(Cow::Borrowed(arguments));
            sink(Event::Delta { candidate: self.index, part, delta });
        }
        Ok(())
    }

    /// Which call a piece goes on with. The index says it; hosts that leave it out, or count
    /// nothing in it, begin a call with an id or a name that is new.
    fn known(&self, call: &Call<'_>) -> Option<usize> {
        let (id, name) = (call.id(), call.name());
        let last = self.calls.len().checked_sub(1);
        match count(call.index) {
            Some(index) => {
                let place = self.calls.iter().rposition(|known| known.index == Some(index))?;
                let known = self.calls[place].id.as_deref();
                let other =
                    name.is_some() && id.is_some() && known.is_some() && id.as_deref() != known;
                (!other).then_some(place)
            }
            None if id.is_some() => {
                let known =
                    self.calls.iter().rposition(|known| known.id.as_deref() == id.as_deref());
                if name.is_some() { known } else { known.or(last) }
            }
            None if name.is_some() => None,
            None => last,
        }
    }

    /// It ended; once, though some hosts say so again beside the usage.
    fn end(&mut self, word: Option<&str>, sink: &mut Sink<'_>) -> Result<(), ApiError> {
        self.hush(sink);
        for call in &mut self.calls {
            if let Some(part) = call.part.filter(|_| !std::mem::replace(&mut call.stopped, true)) {
                sink(Event::PartStop { candidate: self.index, part });
            }
        }
        if !self.finished {
            let called = self.calls.iter().any(|call| call.part.is_some());
            let reason = finish(word, called, self.refused)?;
            self.finished = true;
            sink(Event::Finish { candidate: self.index, finish: Finish::new(reason) });
        }
        Ok(())
    }
}
