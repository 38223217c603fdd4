//! One streamed answer on its way from a provider to a caller.
//!
//! [`Relay`] is what the proxy drives: it takes what the provider sends and says what to send to
//! the caller, be the two of one schema (the provider's own bytes) or of two (events in between).
//! Either way it keeps the count of tokens and knows how the answer ended; an answer that was cut
//! short ends in the caller's schema's in-band error, never like one that is whole.

mod array;
mod first_call;
mod translate;
mod usage_chunk;
mod verbatim;
mod watch;

use bytes::Bytes;

use crate::codec::{StreamDecoder, StreamEncoder};
use crate::conversation::{ApiError, ErrorClass, Event, Usage};
use first_call::FirstCall;
use translate::Translate;
use verbatim::Relayed;
use watch::Watch;

/// How an answer ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The provider ended it.
    Complete,
    /// The provider closed the stream before the end; the caller was told.
    Truncated,
    /// The provider or the gateway reported an error; the caller was told.
    Failed(ApiError),
}

/// What a stream that goes through in the provider's own bytes needs beyond its codecs.
#[derive(Clone, Copy, Debug, Default)]
pub struct Verbatim {
    /// Cut out the usage chunk (OpenAI) that the gateway asked for and the caller did not (S-44).
    pub hide_usage: bool,
    /// The stream is a JSON array, not server-sent events (Gemini without `alt=sse`).
    pub json_array: bool,
}

/// A streamed answer under way. Idle, it holds no buffers of note.
pub struct Relay {
    lane: Lane,
    watch: Watch,
    /// The last byte was written.
    closed: bool,
}

enum Lane {
    Verbatim(Relayed),
    Translate(Translate),
}

impl Relay {
    /// The provider speaks the caller's schema: its bytes go through as they are. `decoder`
    /// listens for usage, errors and the end; `encoder`, a fresh one of the same schema, writes
    /// the error if the stream breaks and sees no other event but the start.
    pub fn verbatim(
        decoder: Box<dyn StreamDecoder>,
        encoder: Box<dyn StreamEncoder>,
        options: Verbatim,
    ) -> Self {
        Self::of(Lane::Verbatim(Relayed::new(decoder, encoder, options)))
    }

    /// The provider speaks another schema than the caller.
    pub fn translate(decoder: Box<dyn StreamDecoder>, encoder: Box<dyn StreamEncoder>) -> Self {
        Self::of(Lane::Translate(Translate::new(decoder, encoder)))
    }

    /// Leaves out every call but the first of each alternative, if the answer is translated. What
    /// is left out counts all the same: it was paid for.
    #[must_use]
    pub fn first_call_only(mut self) -> Self {
        if let Lane::Translate(lane) = self.lane {
            self.lane = Lane::Translate(lane.through(|encoder| Box::new(FirstCall::new(encoder))));
        }
        self
    }

    fn of(lane: Lane) -> Self {
        Self { lane, watch: Watch::default(), closed: false }
    }

    /// Takes what the provider sent and returns what to send to the caller now; maybe nothing.
    /// Verbatim, and with nothing hidden, that is `chunk` itself.
    pub fn push(&mut self, chunk: &Bytes) -> Bytes {
        if self.closed || chunk.is_empty() {
            return Bytes::new();
        }
        match &mut self.lane {
            Lane::Translate(lane) => lane.push(chunk, &mut self.watch),
            Lane::Verbatim(lane) => {
                let (out, readable) = lane.push(chunk, &mut self.watch);
                let Err(too_long) = readable else { return out };
                let message = format!("the provider's answer can't be read: {too_long}");
                let error = ApiError::new(ErrorClass::Server, message);
                self.closed = true;
                self.watch.fail(&error);
                let mut out = Vec::from(out);
                self.lane.error(&error, &mut out);
                out.into()
            }
        }
    }

    /// The provider closed the stream: what is still to be sent, and how the answer ended.
    /// Asked again, or after [`Self::fail`], there is nothing more to send.
    pub fn end(&mut self) -> (Bytes, Outcome) {
        if self.closed {
            return (Bytes::new(), self.outcome());
        }
        self.closed = true;
        let mut out = self.lane.finish(&mut self.watch);
        let outcome = self.outcome();
        if outcome == Outcome::Truncated {
            let error = ApiError::new(
                ErrorClass::Server,
                "the provider closed the stream before its answer was whole; send the request \
                 again",
            );
            self.lane.error(&error, &mut out);
        }
        (out.into(), outcome)
    }

    /// The gateway gives the answer up (a deadline, a drain): the error to send in the caller's
    /// schema. If the answer is already over, only what is left of it.
    pub fn fail(&mut self, error: &ApiError) -> Bytes {
        if self.closed {
            return Bytes::new();
        }
        self.closed = true;
        if self.watch.is_over() {
            return self.lane.finish(&mut self.watch).into();
        }
        self.watch.fail(error);
        let mut out = Vec::new();
        self.lane.error(error, &mut out);
        out.into()
    }

    /// A sign of life for a caller that has heard nothing for a while: a comment or a `ping`, as
    /// its schema has it, and nothing on Gemini's, whose SDKs take neither (`wire.md` §4.2), nor
    /// in the middle of an event.
    pub fn ping(&mut self) -> Bytes {
        let mut out = Vec::new();
        if !self.closed && !self.watch.is_over() {
            match &mut self.lane {
                Lane::Verbatim(lane) => lane.ping(&mut out),
                Lane::Translate(lane) => lane.event(&Event::Ping, &mut out),
            }
        }
        out.into()
    }

    /// A comment in a stream of server-sent events, for whoever reads its bytes; nothing in the
    /// middle of an event. Not for callers whose SDKs take none
    /// ([`Schema::takes_comments`](crate::Schema::takes_comments)).
    pub fn comment(&self, text: &str) -> Bytes {
        let between = match &self.lane {
            Lane::Verbatim(lane) => lane.is_between_events(),
            Lane::Translate(_) => true,
        };
        if between { format!(": {text}\n\n").into() } else { Bytes::new() }
    }

    fn outcome(&self) -> Outcome {
        match self.watch.error() {
            Some(error) => Outcome::Failed(error.clone()),
            None if self.watch.is_complete() => Outcome::Complete,
            None => Outcome::Truncated,
        }
    }

    /// The tokens counted so far, the most that was said of each kind (S-43); `None` if the
    /// provider said nothing.
    pub const fn usage(&self) -> Option<Usage> {
        self.watch.usage()
    }

    /// Whether the provider ended the answer; what it sends afterwards doesn't matter.
    pub const fn is_complete(&self) -> bool {
        self.watch.is_complete()
    }

    /// Whether the first piece of the answer itself has come (for the time to the first token).
    pub const fn has_begun(&self) -> bool {
        self.watch.has_begun()
    }

    /// The error that came before anything of the answer did: nothing is lost yet if another
    /// provider is asked.
    pub fn early_error(&self) -> Option<&ApiError> {
        self.watch.error().filter(|_| !self.watch.has_begun())
    }

    /// How many bytes of text, reasoning and tool calls have come, in UTF-8 and without JSON
    /// escapes: what an estimate goes by if usage never comes.
    pub const fn output_bytes(&self) -> u64 {
        self.watch.output_bytes()
    }
}

impl Lane {
    fn finish(&mut self, watch: &mut Watch) -> Vec<u8> {
        match self {
            Self::Verbatim(lane) => lane.finish(watch),
            Self::Translate(lane) => lane.finish(watch),
        }
    }

    fn error(&mut self, error: &ApiError, out: &mut Vec<u8>) {
        match self {
            Self::Verbatim(lane) => lane.error(error, out),
            Self::Translate(lane) => lane.event(&Event::Error(error.clone()), out),
        }
    }
}

#[cfg(test)]
mod tests;
