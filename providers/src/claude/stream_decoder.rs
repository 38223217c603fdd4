//! Streams, from the wire into events (`wire.md` §4).

use std::borrow::Cow;

use serde_json::value::RawValue;

use super::usage::Tally;
use super::wire::{self, Frame, Kind};
use super::{citation, error, finish};
use crate::codec;
use crate::conversation::{ApiError, Delta, ErrorClass, Event, PartKind};
use crate::sse::Framer;

/// Event types that this decoder reads. All others are ignored: new ones come without notice.
const READ: [&str; 7] = [
    "message_start",
    "content_block_start",
    "content_block_delta",
    "content_block_stop",
    "message_delta",
    "message_stop",
    "error",
];

/// Most citations that are held until their block ends.
const MAX_CITED: usize = 256;

/// Reads one stream.
#[derive(Debug, Default)]
pub(super) struct StreamDecoder {
    framer: Framer,
    state: State,
}

impl codec::StreamDecoder for StreamDecoder {
    fn push(&mut self, bytes: &[u8], sink: &mut dyn FnMut(Event<'_>)) {
        let Self { framer, state } = self;
        if let Err(error) = framer.push(bytes, |frame| state.data(&frame.data, sink))
            && !state.over
        {
            state.fail(ApiError::new(ErrorClass::Server, error.to_string()), sink);
        }
    }

    fn finish(&mut self, sink: &mut dyn FnMut(Event<'_>)) {
        let Self { framer, state } = self;
        framer.finish(|frame| {
            // What is left may be half an event: the stream was cut, which is not an event.
            if serde_json::from_slice::<&RawValue>(&frame.data).is_ok() {
                state.data(&frame.data, sink);
            }
        });
    }
}

/// How far the answer is.
#[derive(Debug, Default)]
struct State {
    started: bool,
    /// An `End` or `Error` was given: nothing follows.
    over: bool,
    finished: bool,
    called: bool,
    parts: u32,
    /// Blocks under way. Anthropic has one at a time; hosts that don't keep to it are read too.
    open: Vec<Open>,
    tally: Tally,
}

#[derive(Debug)]
struct Open {
    index: u64,
    part: u32,
    kind: OpenKind,
    /// Citations, as JSON each. They stand behind all of the block, and may come before its
    /// words: they are told at its end.
    cited: Vec<Box<RawValue>>,
}

impl Open {
    fn close(self, sink: &mut Sink<'_>) {
        let part = self.part;
        for raw in &self.cited {
            let delta = Delta::Citation(citation::read(raw));
            sink(Event::Delta { candidate: 0, part, delta });
        }
        sink(Event::PartStop { candidate: 0, part });
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum OpenKind {
    Words,
    Call,
    /// Whole from its start, or not ours to read.
    Closed,
}

type Sink<'s> = dyn FnMut(Event<'_>) + 's;

impl State {
    /// Reads the data of one event.
    fn data(&mut self, data: &[u8], sink: &mut Sink<'_>) {
        if self.over || data.is_empty() {
            return;
        }
        let frame: Frame<'_> = match serde_json::from_slice(data) {
            Ok(frame) => frame,
            Err(_) => return self.unread(data, sink),
        };
        match frame.kind.as_deref() {
            Some("message_start") => {
                let message = frame.message.unwrap_or_default();
                if !self.started {
                    self.start(message.id.map(Into::into), message.model.map(Into::into), sink);
                }
                if let Some(usage) = message.usage {
                    self.tally.merge(usage.0);
                    self.tally.usage().into_iter().for_each(|usage| sink(Event::Usage(usage)));
                }
            }
            Some("content_block_start") => {
                self.block_start(frame.index.unwrap_or_default(), frame.content_block, sink);
            }
            Some("content_block_delta") => {
                self.block_delta(frame.index.unwrap_or_default(), frame.delta, sink);
            }
            Some("content_block_stop") => {
                let index = frame.index.unwrap_or_default();
                if let Some(at) = self.open.iter().position(|open| open.index == index) {
                    self.open.remove(at).close(sink);
                }
            }
            Some("message_delta") => {
                if let Some(usage) = frame.usage {
                    self.tally.merge(usage.0);
                    self.begun(sink);
                    self.tally.usage().into_iter().for_each(|usage| sink(Event::Usage(usage)));
                }
                if let Some(delta) = frame.delta.filter(|delta| delta.stop_reason.is_some()) {
                    self.stop(delta, sink);
                }
            }
            Some("message_stop") => {
                self.stop(wire::Delta::default(), sink);
                self.over = true;
                sink(Event::End);
            }
            // Before the start there is no answer yet that could be said to go on.
            Some("ping") if self.started => sink(Event::Ping),
            Some("error") => self.fail(error_of(frame.error), sink),
            // A host that lost the type of its error.
            None if frame.error.is_some() => self.fail(error_of(frame.error), sink),
            _ => {}
        }
    }

    /// An event that is not as it should be: nothing, if it is of a type that is not read.
    fn unread(&mut self, data: &[u8], sink: &mut Sink<'_>) {
        let kind = serde_json::from_slice::<Kind<'_>>(data).ok().and_then(|kind| kind.kind);
        if kind.is_none_or(|kind| READ.contains(&&*kind)) {
            let words = "the provider's stream holds an event that can't be read";
            self.fail(ApiError::new(ErrorClass::Server, words), sink);
        }
    }

    fn fail(&mut self, error: ApiError, sink: &mut Sink<'_>) {
        self.over = true;
        sink(Event::Error(error));
    }

    fn start(
        &mut self,
        id: Option<Cow<'_, str>>,
        model: Option<Cow<'_, str>>,
        sink: &mut Sink<'_>,
    ) {
        self.started = true;
        sink(Event::Start { id, model });
    }

    /// Events begin with a start, even on hosts that leave `message_start` out.
    fn begun(&mut self, sink: &mut Sink<'_>) {
        if !self.started {
            self.start(None, None, sink);
        }
    }

    fn block_start(&mut self, index: u64, raw: Option<&RawValue>, sink: &mut Sink<'_>) {
        let Some(raw) = raw else { return };
        self.begun(sink);
        let part = self.parts;
        self.parts = self.parts.saturating_add(1);
        let block = serde_json::from_str::<wire::Block<'_>>(raw.get()).unwrap_or_default();
        let named = serde_json::from_str::<Kind<'_>>(raw.get()).ok().and_then(|kind| kind.kind);
        let kind = named.unwrap_or_default();
        let (open, kind) = match &*kind {
            "text" => (OpenKind::Words, PartKind::Text),
            "thinking" => (OpenKind::Words, PartKind::Thinking { id: None }),
            "tool_use" => {
                self.called = true;
                let id = block.id.filter(|id| !id.is_empty()).map(Into::into);
                let name = block.name.unwrap_or_default().into();
                (OpenKind::Call, PartKind::ToolCall { id, name, custom: false })
            }
            "redacted_thinking" => {
                let data = block.data.unwrap_or_default().into();
                (OpenKind::Closed, PartKind::RedactedThinking(data))
            }
            other => (OpenKind::Closed, PartKind::Opaque(Cow::Borrowed(other))),
        };
        let cited = match (open, block.citations) {
            (OpenKind::Words, Some(citations)) => citation::list(citations),
            _ => Vec::new(),
        };
        let cited = cited.into_iter().map(ToOwned::to_owned).collect();
        self.open.push(Open { index, part, kind: open, cited });
        sink(Event::PartStart { candidate: 0, part, kind });
        let mut say = |delta: Delta<'_>| sink(Event::Delta { candidate: 0, part, delta });
        match open {
            OpenKind::Words => {
                for words in [block.text, block.thinking].into_iter().flatten() {
                    if !words.is_empty() {
                        say(Delta::Text(words.into()));
                    }
                }
                if let Some(signature) = block.signature.filter(|s| !s.is_empty()) {
                    say(Delta::Signature(signature.into()));
                }
            }
            // The input usually starts as `{}` and follows in pieces; some hosts give it whole.
            OpenKind::Call => {
                let whole = block.input.filter(|input| {
                    let inner = input.get().strip_prefix('{').and_then(|i| i.strip_suffix('}'));
                    inner.is_some_and(|inner| !inner.trim().is_empty())
                });
                if let Some(input) = whole {
                    say(Delta::Arguments(Cow::Borrowed(input.get())));
                }
            }
            OpenKind::Closed => {}
        }
    }

    fn block_delta(&mut self, index: u64, delta: Option<wire::Delta<'_>>, sink: &mut Sink<'_>) {
        let open = self.open.iter_mut().find(|open| open.index == index);
        let (Some(Open { part, kind, cited, .. }), Some(delta)) = (open, delta) else { return };
        let (part, kind) = (*part, *kind);
        let wire::Delta { kind: named, text, thinking, signature, partial_json, citation, .. } =
            delta;
        let delta = match (named.as_deref(), kind) {
            (Some("text_delta"), OpenKind::Words) => text.map(|t| Delta::Text(t.into())),
            (Some("thinking_delta"), OpenKind::Words) => thinking.map(|t| Delta::Text(t.into())),
            (Some("signature_delta"), OpenKind::Words) => {
                signature.map(|s| Delta::Signature(s.into()))
            }
            (Some("citations_delta"), OpenKind::Words) => {
                // A provider must not choose how much is held.
                if cited.len() < MAX_CITED {
                    cited.extend(citation.map(ToOwned::to_owned));
                    return;
                }
                citation.map(|raw| Delta::Citation(citation::read(raw)))
            }
            (Some("input_json_delta"), OpenKind::Call) => {
                partial_json.map(|json| Delta::Arguments(json.into()))
            }
            _ => None,
        };
        let empty = |delta: &Delta<'_>| match delta {
            Delta::Text(piece) | Delta::Arguments(piece) | Delta::Signature(piece) => {
                piece.is_empty()
            }
            Delta::Citation(_) | Delta::Logprobs(_) => false,
        };
        if let Some(delta) = delta.filter(|delta| !empty(delta)) {
            sink(Event::Delta { candidate: 0, part, delta });
        }
    }

    /// The answer ended, and why; said once.
    fn stop(&mut self, delta: wire::Delta<'_>, sink: &mut Sink<'_>) {
        self.begun(sink);
        self.open.drain(..).for_each(|open| open.close(sink));
        if std::mem::replace(&mut self.finished, true) {
            return;
        }
        let wire::Delta { stop_reason, stop_sequence, stop_details, .. } = delta;
        let finish =
            finish::decode(stop_reason.as_deref(), stop_sequence, stop_details, self.called);
        sink(Event::Finish { candidate: 0, finish });
    }
}

/// The error of an `error` event. It comes after a 200, so its type alone tells its class.
fn error_of(raw: Option<&RawValue>) -> ApiError {
    match raw {
        Some(raw) => error::inner(200, raw),
        None => ApiError::new(ErrorClass::Server, "the provider's stream failed"),
    }
}
