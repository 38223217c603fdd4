//! A provider's stream, read (`wire.md` §4.1).
//!
//! What an item says comes in deltas, and once more whole when the piece, the item and the answer
//! are done. Deltas are passed on as they come; of what is said whole, only what the deltas left
//! out.

mod item;

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::answer::{self, Answer, Said, Voice, tokens};
use super::{annotation, response};
use crate::codec::StreamDecoder;
use crate::conversation::{ApiError, Delta, Event, PartKind};
use crate::openai::error;
use crate::openai::read::{count, words};
use crate::sse::{Frame, Framer};
use item::Item;

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
    }
}

/// An event, of any type.
#[derive(Deserialize)]
struct Happened<'a> {
    #[serde(borrow)]
    r#type: Option<&'a RawValue>,
    response: Option<&'a RawValue>,
    error: Option<&'a RawValue>,
    item: Option<&'a RawValue>,
    part: Option<&'a RawValue>,
    annotation: Option<&'a RawValue>,
    item_id: Option<&'a RawValue>,
    output_index: Option<&'a RawValue>,
    content_index: Option<&'a RawValue>,
    summary_index: Option<&'a RawValue>,
    delta: Option<&'a RawValue>,
    text: Option<&'a RawValue>,
    refusal: Option<&'a RawValue>,
    arguments: Option<&'a RawValue>,
    input: Option<&'a RawValue>,
    logprobs: Option<&'a RawValue>,
}

impl<'a> Happened<'a> {
    /// The place of the piece that it is about.
    fn place(&self) -> u64 {
        count(self.content_index.or(self.summary_index)).unwrap_or(0)
    }

    /// What the deltas came to.
    fn whole(&self) -> Option<Cow<'a, str>> {
        words(self.text.or(self.refusal).or(self.arguments).or(self.input))
    }
}

/// What is said in which events, `.delta` and `.done`.
const SAID: [(&str, Voice); 6] = [
    ("response.output_text", Voice::Text),
    ("response.refusal", Voice::Refusal),
    ("response.function_call_arguments", Voice::Arguments),
    ("response.custom_tool_call_input", Voice::Arguments),
    ("response.reasoning_summary_text", Voice::Summary),
    ("response.reasoning_text", Voice::Thought),
];

#[derive(Default)]
struct State {
    started: bool,
    /// The end or an error was told: nothing follows.
    over: bool,
    items: Vec<Item>,
    /// How many parts have begun.
    parts: u32,
}

/// Where parts come out.
struct Parts<'s, 'e> {
    begun: &'s mut u32,
    sink: &'s mut Sink<'e>,
}

impl Parts<'_, '_> {
    fn begin(&mut self, kind: PartKind<'_>) -> u32 {
        let part = *self.begun;
        *self.begun += 1;
        (self.sink)(Event::PartStart { candidate: 0, part, kind });
        part
    }

    fn whole(&mut self, kind: PartKind<'_>) {
        let part = self.begin(kind);
        self.stop(part);
    }

    fn delta(&mut self, part: u32, delta: Delta<'_>) {
        (self.sink)(Event::Delta { candidate: 0, part, delta });
    }

    fn stop(&mut self, part: u32) {
        (self.sink)(Event::PartStop { candidate: 0, part });
    }
}

impl State {
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
        // Hosts that come from Chat end with it, too; the answer has ended before.
        if data == b"[DONE]" {
            return;
        }
        let done = match serde_json::from_slice::<Happened<'_>>(data) {
            Ok(happened) => {
                let kind = words(happened.r#type);
                let kind = kind.as_deref().or(frame.event).unwrap_or_default();
                self.happened(kind, &happened, data, sink)
            }
            Err(_) => Err(response::in_another_shape(data)),
        };
        if let Err(error) = done {
            self.fail(error, sink);
        }
    }

    fn happened(
        &mut self,
        kind: &str,
        event: &Happened<'_>,
        data: &[u8],
        sink: &mut Sink<'_>,
    ) -> Result<(), ApiError> {
        match kind {
            "response.created" | "response.queued" | "response.in_progress" => {
                self.start(&answer(event.response), sink);
            }
            "keepalive" if self.started => sink(Event::Ping),
            "response.output_item.added" => {
                let Some(raw) = event.item else { return Ok(()) };
                let read = answer::Item::read(raw);
                if self.same(event, &read).is_none() {
                    self.added(event, &read, sink);
                }
            }
            "response.output_item.done" => {
                let Some(raw) = event.item else { return Ok(()) };
                let read = answer::Item::read(raw);
                let known = self.same(event, &read);
                let place = known.unwrap_or_else(|| self.added(event, &read, sink));
                return self.done(place, &read, sink);
            }
            "response.content_part.done" => {
                let Some(raw) = event.part else { return Ok(()) };
                let place = event.place();
                if let Some(said) = Said::read(raw, Voice::Text, place)
                    && matches!(said.voice, Voice::Text | Voice::Refusal)
                {
                    let (item, mut parts) = self.item(event, said.voice, sink);
                    item.whole(&said, &mut parts);
                    item.stop(said.voice, said.place, &mut parts);
                }
            }
            "response.output_text.annotation.added" => {
                if let Some(citation) = event.annotation.and_then(annotation::read) {
                    let (item, mut parts) = self.item(event, Voice::Text, sink);
                    item.cite(event.place(), citation, &mut parts);
                }
            }
            "response.completed"
            | "response.incomplete"
            | "response.failed"
            | "response.cancelled" => return self.end(kind, &answer(event.response), sink),
            "error" => return Err(in_band(data)),
            // An error that is no event of this schema's.
            "" if event.error.is_some() => return Err(in_band(data)),
            _ => self.said(kind, event, sink),
        }
        Ok(())
    }

    /// What is said in an event that says something, or nothing.
    fn said(&mut self, kind: &str, event: &Happened<'_>, sink: &mut Sink<'_>) {
        let Some((kind, end)) = kind.rsplit_once('.') else { return };
        let Some(&(_, voice)) = SAID.iter().find(|(name, _)| *name == kind) else { return };
        let place = event.place();
        let (item, mut parts) = self.item(event, voice, sink);
        if end == "delta" {
            let Some(text) = words(event.delta) else { return };
            item.say(voice, place, &text, tokens(event.logprobs), &mut parts);
        } else if let Some(text) = event.whole() {
            let logprobs = tokens(event.logprobs);
            item.whole(&Said { voice, place, text, citations: Vec::new(), logprobs }, &mut parts);
        }
    }

    fn start(&mut self, answer: &Answer<'_>, sink: &mut Sink<'_>) {
        if !std::mem::replace(&mut self.started, true) {
            sink(Event::Start { id: words(answer.id), model: words(answer.model) });
        }
    }

    /// The item that an event is about: the last at its place in the output, or of its id.
    fn place(&self, event: &Happened<'_>) -> Option<usize> {
        match count(event.output_index) {
            Some(index) => self.items.iter().rposition(|item| item.index == Some(index)),
            None => match words(event.item_id) {
                Some(id) => self.of_id(&id),
                None => self.items.len().checked_sub(1),
            },
        }
    }

    fn of_id(&self, id: &str) -> Option<usize> {
        self.items.iter().rposition(|item| item.id.as_deref() == Some(id))
    }

    /// The item that an event begins or ends, if it is known. Hosts that count nothing in
    /// `output_index` tell items apart by their ids.
    fn same(&self, event: &Happened<'_>, read: &answer::Item<'_>) -> Option<usize> {
        let id = read.id();
        let known = match (count(event.output_index), &id) {
            (None, Some(id)) => return self.of_id(id),
            (None, None) => return None,
            (Some(_), _) => self.place(event)?,
        };
        let other = self.items[known].id.as_deref().zip(id.as_deref()).is_some_and(|(a, b)| a != b);
        (!other || !self.items[known].is_done()).then_some(known)
    }

    /// The same; an item that was not announced begins with what it says.
    fn item<'s, 'e>(
        &'s mut self,
        event: &Happened<'_>,
        voice: Voice,
        sink: &'s mut Sink<'e>,
    ) -> (&'s mut Item, Parts<'s, 'e>) {
        let place = self.place(event).unwrap_or_else(|| {
            let id = words(event.item_id).map(|id| id.into_owned());
            self.begin(Item::unannounced(count(event.output_index), id, voice), sink)
        });
        (&mut self.items[place], Parts { begun: &mut self.parts, sink })
    }

    fn begin(&mut self, item: Item, sink: &mut Sink<'_>) -> usize {
        self.start(&Answer::default(), sink);
        self.items.push(item);
        self.items.len() - 1
    }

    fn added(
        &mut self,
        event: &Happened<'_>,
        read: &answer::Item<'_>,
        sink: &mut Sink<'_>,
    ) -> usize {
        let place = self.begin(Item::new(count(event.output_index), read), sink);
        self.items[place].added(read, &mut Parts { begun: &mut self.parts, sink });
        place
    }

    fn done(
        &mut self,
        place: usize,
        read: &answer::Item<'_>,
        sink: &mut Sink<'_>,
    ) -> Result<(), ApiError> {
        self.items[place].done(read, &mut Parts { begun: &mut self.parts, sink })
    }

    /// The answer ended, and this is all of it.
    fn end(
        &mut self,
        kind: &str,
        answer: &Answer<'_>,
        sink: &mut Sink<'_>,
    ) -> Result<(), ApiError> {
        self.start(answer, sink);
        // What failed costs, too.
        if let Some(usage) = answer.usage() {
            sink(Event::Usage(usage));
        }
        answer.check()?;
        if matches!(kind, "response.failed" | "response.cancelled") {
            return Err(answer::broken());
        }
        self.catch_up(answer, sink)?;
        let mut parts = Parts { begun: &mut self.parts, sink };
        for item in &mut self.items {
            item.close(&mut parts);
        }
        let called = self.items.iter().any(Item::is_call);
        let refused = self.items.iter().any(Item::is_refusal);
        let finish = answer.finish(called, refused);
        sink(Event::Finish { candidate: 0, finish });
        self.over = true;
        sink(Event::End);
        Ok(())
    }

    /// Reads of the whole answer what the stream has not told: the rest of items that were not
    /// done, or all of them if there was none.
    fn catch_up(&mut self, answer: &Answer<'_>, sink: &mut Sink<'_>) -> Result<(), ApiError> {
        let untold = self.items.is_empty();
        if !untold && self.items.iter().all(Item::is_done) {
            return Ok(());
        }
        for raw in answer.items().unwrap_or_default() {
            let read = answer::Item::read(raw);
            let known = if untold {
                Some(self.begin(Item::new(None, &read), sink))
            } else {
                read.id().and_then(|id| self.of_id(&id))
            };
            if let Some(place) = known {
                self.done(place, &read, sink)?;
            }
        }
        Ok(())
    }

    fn fail(&mut self, error: ApiError, sink: &mut Sink<'_>) {
        if !self.over {
            self.over = true;
            sink(Event::Error(error));
        }
    }
}

/// The answer as far as an event tells it.
fn answer(raw: Option<&RawValue>) -> Answer<'_> {
    raw.and_then(|raw| serde_json::from_str(raw.get()).ok()).unwrap_or_default()
}

/// The error that an event is.
fn in_band(data: &[u8]) -> ApiError {
    match serde_json::from_slice::<&RawValue>(data) {
        Ok(raw) => error::in_band(raw),
        Err(_) => error::unreadable("an event"),
    }
}
