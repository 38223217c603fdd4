//! The codec's answers against tables, recordings and generated streams.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod corpus;
#[path = "../../../../tests/pairs/ladder.rs"]
mod ladder;
mod ladders;
mod properties;
mod responses;
mod streams;

use super::Responses;
use crate::codec::{Codec, Reply};
use crate::conversation::{Citation, Delta, Event, PartKind, Usage};

fn reply() -> Reply {
    Reply {
        id: "egret1".into(),
        model: "asked".into(),
        created: 1_700_000_000,
        include_thoughts: true,
        ..Reply::default()
    }
}

/// The events that a stream gives, cut into pieces of this size; shown as text.
fn events(stream: &[u8], size: usize) -> Vec<String> {
    let mut decoder = Responses.stream_decoder();
    let mut events = Vec::new();
    for piece in stream.chunks(size.max(1)) {
        decoder.push(piece, &mut |event| events.push(format!("{event:?}")));
    }
    decoder.finish(&mut |event| events.push(format!("{event:?}")));
    events
}

/// A citation in the model's words, without its own schema's, which may be spelled in any way.
fn show(citation: &Citation<'_>) -> String {
    format!("{:?}", Citation { raw: None, ..citation.clone() })
}

/// What a stream says once all of it is there.
#[derive(Debug, Default, PartialEq)]
struct Told {
    parts: Vec<ToldPart>,
    logprobs: usize,
    finish: Option<String>,
    usage: Option<Usage>,
    error: Option<String>,
    ended: bool,
}

#[derive(Debug, PartialEq)]
struct ToldPart {
    kind: String,
    text: String,
    signature: Option<String>,
    citations: Vec<String>,
    stopped: bool,
}

impl Told {
    /// Sees the grammar of events on the way.
    fn event(&mut self, event: &Event<'_>) {
        assert!(!self.ended && self.error.is_none(), "after the end: {event:?}");
        match event {
            Event::PartStart { candidate: 0, part, kind } => {
                assert_eq!(*part as usize, self.parts.len(), "numbers are dense");
                let kind = match kind {
                    PartKind::Image(media) => format!("Image({:?})", media.source),
                    kind => format!("{kind:?}"),
                };
                let (text, signature) = (String::new(), None);
                self.parts.push(ToldPart {
                    kind,
                    text,
                    signature,
                    citations: vec![],
                    stopped: false,
                });
            }
            Event::Delta { candidate: 0, part, delta } => {
                let part = &mut self.parts[*part as usize];
                assert!(!part.stopped, "after its stop: {event:?}");
                match delta {
                    Delta::Text(text) | Delta::Arguments(text) => part.text += text,
                    Delta::Signature(signature) => part.signature = Some(signature.to_string()),
                    Delta::Citation(citation) => part.citations.push(show(citation)),
                    Delta::Logprobs(logprobs) => self.logprobs += logprobs.len(),
                }
            }
            Event::PartStop { candidate: 0, part } => {
                assert!(!std::mem::replace(&mut self.parts[*part as usize].stopped, true));
            }
            Event::Finish { candidate: 0, finish } => self.finish = Some(format!("{finish:?}")),
            Event::Usage(usage) => self.usage = Some(usage.tokens()),
            Event::Error(error) => self.error = Some(error.message.clone()),
            Event::End => {
                assert!(self.parts.iter().all(|part| part.stopped) && self.finish.is_some());
                self.ended = true;
            }
            Event::Start { .. } | Event::Ping => {}
            other => panic!("{other:?}"),
        }
    }

    fn of_stream(stream: &[u8]) -> Self {
        let mut told = Self::default();
        let mut decoder = Responses.stream_decoder();
        decoder.push(stream, &mut |event| told.event(&event));
        decoder.finish(&mut |event| told.event(&event));
        told
    }

    /// What a whole answer says, in the same words.
    fn of_answer(body: &[u8]) -> Self {
        let response = match Responses.decode_response(body) {
            Ok(response) => response,
            Err(error) => return Self { error: Some(error.message), ..Self::default() },
        };
        let mut told =
            Self { usage: response.usage.map(Usage::tokens), ended: true, ..Self::default() };
        let [candidate] = &response.candidates[..] else { panic!("{response:?}") };
        told.logprobs = candidate.logprobs.len();
        told.finish = Some(format!("{:?}", candidate.finish));
        for part in &candidate.parts {
            told.parts.push(ToldPart::of(part));
        }
        told
    }
}

impl ToldPart {
    fn of(part: &crate::conversation::Part<'_>) -> Self {
        use crate::conversation::Part;
        let mut told = Self {
            kind: String::new(),
            text: String::new(),
            signature: None,
            citations: vec![],
            stopped: true,
        };
        let kind = match part {
            Part::Text(text) => {
                told.text = text.text.to_string();
                told.citations = text.citations.iter().map(show).collect();
                PartKind::Text
            }
            Part::Refusal(words) => {
                told.text = words.to_string();
                PartKind::Refusal
            }
            Part::Thinking(thinking) => {
                told.text = thinking.text.to_string();
                told.signature = thinking.signature.as_deref().map(str::to_owned);
                PartKind::Thinking { id: thinking.id.clone() }
            }
            Part::ToolCall(call) => {
                told.text = call.arguments.as_text().to_owned();
                PartKind::ToolCall {
                    id: call.id.clone(),
                    name: call.name.clone(),
                    custom: call.custom,
                }
            }
            Part::Opaque(opaque) => PartKind::Opaque(opaque.kind.clone()),
            Part::Image(media) => {
                told.kind = format!("Image({:?})", media.source);
                return told;
            }
            other => panic!("{other:?}"),
        };
        told.kind = format!("{kind:?}");
        told
    }
}
