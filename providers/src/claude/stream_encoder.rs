//! Streams, from events to the wire (`wire.md` §4).
//!
//! Anthropic's blocks are strictly sequential. Parts that interleave are untangled: words and
//! thoughts are cut into several blocks, and what comes while a call is written waits for its end.

use std::collections::VecDeque;

use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};

use super::finish::Stop;
use super::ids::Ids;
use super::response::{message_id, missing};
use super::usage::Counts;
use super::{citation, error};
use crate::codec::{self, Reply};
use crate::conversation::{ApiError, Delta, Event, Finish, FinishReason, PartKind, Usage};

/// Writes one stream.
#[derive(Debug)]
pub(super) struct StreamEncoder {
    reply: Reply,
    started: bool,
    over: bool,
    /// Parts that are not written to their end, in order of their start. Only the first may
    /// have its block open.
    parts: VecDeque<Waiting>,
    /// The number of the next block.
    blocks: u32,
    ids: Ids,
    called: bool,
    usage: Usage,
    finish: Option<Finish<'static>>,
}

/// A part under way.
#[derive(Debug)]
struct Waiting {
    part: u32,
    kind: Kind,
    /// Its block was started and not stopped.
    open: bool,
    stopped: bool,
    /// What waits to be written: text, or JSON of arguments.
    held: String,
    /// Citations that wait, as JSON each.
    cited: Vec<Box<RawValue>>,
    signature: Option<String>,
}

#[derive(Debug)]
enum Kind {
    Text,
    /// Thoughts that the caller sees only if they are signed.
    Thinking {
        shown: bool,
    },
    Redacted(String),
    Call {
        id: String,
        name: String,
    },
    /// What Anthropic's callers can't be told.
    Silent,
}

impl Waiting {
    /// Only a call can't be cut: its block has its whole input.
    const fn is_call(&self) -> bool {
        matches!(self.kind, Kind::Call { .. })
    }

    /// Whether there is nothing to write of it now.
    fn is_idle(&self) -> bool {
        let silent = matches!(self.kind, Kind::Thinking { shown: false });
        let held = !self.held.is_empty() && !silent;
        !self.is_call() && !self.stopped && !held && self.signature.is_none()
    }
}

impl StreamEncoder {
    /// An encoder for one stream.
    pub(super) fn new(reply: Reply) -> Self {
        Self {
            reply,
            started: false,
            over: false,
            parts: VecDeque::new(),
            blocks: 0,
            ids: Ids::default(),
            called: false,
            usage: Usage::default(),
            finish: None,
        }
    }
}

impl codec::StreamEncoder for StreamEncoder {
    fn event(&mut self, event: &Event<'_>, out: &mut Vec<u8>) {
        if self.over {
            return;
        }
        match event {
            Event::Error(error) => return self.fail(error, out),
            Event::Start { id, model } => {
                return self.start(id.as_deref(), model.as_deref(), out);
            }
            Event::Ping if !self.started => return,
            _ => self.start(None, None, out),
        }
        match event {
            Event::PartStart { candidate: 0, part, kind } => self.part_start(*part, kind, out),
            Event::Delta { candidate: 0, part, delta } => self.delta(*part, delta, out),
            Event::PartStop { candidate: 0, part } => {
                if let Some(waiting) = self.parts.iter_mut().find(|w| w.part == *part) {
                    waiting.stopped = true;
                }
                self.advance(out);
            }
            // Held until the end: callers take each of these from the last `message_delta`,
            // usage may still come after the finish, and nothing but the end follows it.
            Event::Finish { candidate: 0, finish } => {
                self.finish = Some(finish.clone().into_owned());
            }
            Event::Usage(usage) => self.usage = self.usage.max(*usage),
            Event::Ping => emit(out, "ping", &Typed { kind: "ping" }),
            Event::End => self.end(out),
            _ => {}
        }
    }
}

impl StreamEncoder {
    /// `message_start`, once. The tokens of the input are known at the end only.
    fn start(&mut self, id: Option<&str>, model: Option<&str>, out: &mut Vec<u8>) {
        if std::mem::replace(&mut self.started, true) {
            return;
        }
        let message = MessageStart {
            kind: "message_start",
            message: Message {
                id: &message_id(id, &self.reply),
                kind: "message",
                role: "assistant",
                model: model.unwrap_or(&self.reply.model),
                content: [],
                stop_reason: None,
                stop_sequence: None,
                usage: Usage::default().into(),
            },
        };
        emit(out, "message_start", &message);
    }

    fn part_start(&mut self, part: u32, kind: &PartKind<'_>, out: &mut Vec<u8>) {
        let mut held = String::new();
        let kind = match kind {
            PartKind::Text | PartKind::Refusal => Kind::Text,
            PartKind::Thinking { .. } => Kind::Thinking { shown: self.reply.include_thoughts },
            PartKind::RedactedThinking(data) => Kind::Redacted(data.clone().into_owned()),
            PartKind::ToolCall { id, name, .. } => {
                self.called = true;
                let id = self.ids.unique(id.as_deref(), &self.reply.id).to_owned();
                Kind::Call { id, name: name.clone().into_owned() }
            }
            PartKind::Image(image) => {
                held = missing("an image", image);
                Kind::Text
            }
            PartKind::Audio(sound) => {
                held = missing("sound", sound);
                Kind::Text
            }
            PartKind::Opaque(_) => Kind::Silent,
        };
        self.parts.push_back(Waiting {
            part,
            open: false,
            // Redacted thoughts are whole from their start.
            stopped: matches!(kind, Kind::Redacted(_)),
            kind,
            held,
            cited: Vec::new(),
            signature: None,
        });
        self.advance(out);
    }

    fn delta(&mut self, part: u32, delta: &Delta<'_>, out: &mut Vec<u8>) {
        let Some(waiting) = self.parts.iter_mut().find(|waiting| waiting.part == part) else {
            return;
        };
        match delta {
            Delta::Text(piece) | Delta::Arguments(piece) => waiting.held.push_str(piece),
            // On text or a call it is another provider's, and says nothing here.
            Delta::Signature(_) if !matches!(waiting.kind, Kind::Thinking { .. }) => {}
            Delta::Signature(signature) => {
                waiting.signature = Some(signature.clone().into_owned());
            }
            Delta::Citation(citation) => {
                let told = citation::told(citation);
                waiting.cited.extend(told.and_then(|told| to_raw_value(&told).ok()));
            }
            Delta::Logprobs(_) => {}
        }
        self.advance(out);
    }

    /// Writes all that can be written now.
    fn advance(&mut self, out: &mut Vec<u8>) {
        while let Some(mut first) = self.parts.pop_front() {
            self.write(&mut first, out);
            if first.stopped {
                self.close(&mut first, out);
                continue;
            }
            // Words make way for what came after them; should more of them come, they get
            // another block.
            if !first.is_call() && !self.parts.iter().all(Waiting::is_idle) {
                self.close(&mut first, out);
                self.parts.push_back(first);
                continue;
            }
            self.parts.push_front(first);
            return;
        }
    }

    /// Writes what a part holds, starting its block where that has not been done.
    fn write(&mut self, part: &mut Waiting, out: &mut Vec<u8>) {
        match &part.kind {
            Kind::Silent => part.held.clear(),
            // An empty text block would be refused when it comes back.
            Kind::Text => {
                if !part.held.is_empty() {
                    let start = Block::Text { text: "" };
                    self.open(&mut part.open, start, out);
                    self.say(DeltaOut::Text { text: &part.held }, out);
                }
                // They stand behind all of their block; without words there is none.
                if part.open {
                    for citation in part.cited.drain(..) {
                        self.say(DeltaOut::Citation { citation: &citation }, out);
                    }
                }
            }
            // A signature is of use to Anthropic only and proves that it was Anthropic's: those
            // thoughts are whole history to the caller, seen or not.
            Kind::Thinking { shown } => {
                if part.signature.is_none() && (!shown || part.held.is_empty()) {
                    return;
                }
                let start = Block::Thinking { thinking: "", signature: "" };
                self.open(&mut part.open, start, out);
                if !part.held.is_empty() {
                    self.say(DeltaOut::Thinking { thinking: &part.held }, out);
                }
                if let Some(signature) = part.signature.take() {
                    self.say(DeltaOut::Signature { signature: &signature }, out);
                }
            }
            Kind::Redacted(data) => {
                let start = Block::RedactedThinking { data };
                self.open(&mut part.open, start, out);
            }
            Kind::Call { id, name } => {
                let start = Block::ToolUse { id, name, input: Empty {} };
                self.open(&mut part.open, start, out);
                if !part.held.is_empty() {
                    self.say(DeltaOut::InputJson { partial_json: &part.held }, out);
                }
            }
        }
        part.held.clear();
    }

    fn open(&self, open: &mut bool, content_block: Block<'_>, out: &mut Vec<u8>) {
        if !std::mem::replace(open, true) {
            let index = self.blocks;
            let start = BlockStart { kind: "content_block_start", index, content_block };
            emit(out, "content_block_start", &start);
        }
    }

    fn say(&self, delta: DeltaOut<'_>, out: &mut Vec<u8>) {
        let index = self.blocks;
        emit(out, "content_block_delta", &BlockDelta { kind: "content_block_delta", index, delta });
    }

    fn close(&mut self, part: &mut Waiting, out: &mut Vec<u8>) {
        if std::mem::take(&mut part.open) {
            let stop = BlockStop { kind: "content_block_stop", index: self.blocks };
            emit(out, "content_block_stop", &stop);
            self.blocks = self.blocks.saturating_add(1);
        }
    }

    /// The end: what waits is written, then why it ended and what it cost.
    fn end(&mut self, out: &mut Vec<u8>) {
        for part in &mut self.parts {
            part.stopped = true;
        }
        self.advance(out);
        let told = if self.called { FinishReason::ToolCalls } else { FinishReason::Stop };
        let finish = self.finish.take().unwrap_or(Finish::new(told));
        if let Some(error) = finish.failure() {
            return self.fail(&error, out);
        }
        self.over = true;
        let delta = MessageDelta {
            kind: "message_delta",
            delta: Stop::of(&finish),
            usage: self.usage.into(),
        };
        emit(out, "message_delta", &delta);
        emit(out, "message_stop", &Typed { kind: "message_stop" });
    }

    /// `event: error`, after which nothing follows.
    fn fail(&mut self, error: &ApiError, out: &mut Vec<u8>) {
        self.over = true;
        let (_, body) = error::encode(error, &self.reply.id);
        out.extend_from_slice(b"event: error\ndata: ");
        out.extend_from_slice(&body);
        out.extend_from_slice(b"\n\n");
    }
}

/// Writes one event. SDKs refuse events without a name (`wire.md` §4.2).
fn emit(out: &mut Vec<u8>, name: &str, data: &impl Serialize) {
    out.extend_from_slice(b"event: ");
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"\ndata: ");
    // Into memory, of strings and numbers: there is nothing to fail.
    let _ = serde_json::to_writer(&mut *out, data);
    out.extend_from_slice(b"\n\n");
}

#[derive(Serialize)]
struct Typed {
    #[serde(rename = "type")]
    kind: &'static str,
}

#[derive(Serialize)]
struct MessageStart<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    message: Message<'a>,
}

#[derive(Serialize)]
struct Message<'a> {
    id: &'a str,
    #[serde(rename = "type")]
    kind: &'static str,
    role: &'static str,
    model: &'a str,
    content: [(); 0],
    stop_reason: Option<&'a str>,
    stop_sequence: Option<&'a str>,
    usage: Counts,
}

#[derive(Serialize)]
struct BlockStart<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    index: u32,
    content_block: Block<'a>,
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Block<'a> {
    Text { text: &'a str },
    Thinking { thinking: &'a str, signature: &'a str },
    RedactedThinking { data: &'a str },
    ToolUse { id: &'a str, name: &'a str, input: Empty },
}

#[derive(Serialize)]
struct Empty {}

#[derive(Serialize)]
struct BlockDelta<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    index: u32,
    delta: DeltaOut<'a>,
}

#[derive(Serialize)]
#[serde(tag = "type")]
enum DeltaOut<'a> {
    #[serde(rename = "text_delta")]
    Text { text: &'a str },
    #[serde(rename = "thinking_delta")]
    Thinking { thinking: &'a str },
    #[serde(rename = "signature_delta")]
    Signature { signature: &'a str },
    #[serde(rename = "citations_delta")]
    Citation { citation: &'a RawValue },
    #[serde(rename = "input_json_delta")]
    InputJson { partial_json: &'a str },
}

#[derive(Serialize)]
struct BlockStop {
    #[serde(rename = "type")]
    kind: &'static str,
    index: u32,
}

#[derive(Serialize)]
struct MessageDelta<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    delta: Stop<'a>,
    usage: Counts,
}
