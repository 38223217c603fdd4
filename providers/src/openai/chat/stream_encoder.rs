//! A stream to a caller, written (`wire.md` §4.1).

use serde::Serialize;

use super::annotation;
use super::response::{answer_id, call_id, finish_word};
use super::usage;
use crate::codec::{Reply, StreamEncoder};
use crate::conversation::{
    ApiError, Delta, Event, Finish, FinishReason, PartKind, TokenLogprob, Usage,
};
use crate::openai::{error, logprobs};

/// Writes one stream: a chunk for each event that has something to say.
pub(super) struct Encoder {
    reply: Reply,
    /// A chunk up to the index of its choice: the same all along.
    head: Vec<u8>,
    /// A chunk after its choice.
    tail: &'static [u8],
    candidates: Vec<Candidate>,
    usage: Usage,
    over: bool,
}

/// One alternative as far as it is written.
struct Candidate {
    index: u32,
    /// What became of each part, by its number.
    parts: Vec<Slot>,
    calls: usize,
    /// Characters of text so far.
    characters: u64,
}

#[derive(Clone, Copy)]
enum Slot {
    /// Text, and after how many characters of the answer it begins.
    Text {
        before: u64,
    },
    Refusal,
    /// The call's place among the candidate's calls, and whether it has arguments yet.
    Call {
        ordinal: usize,
        empty: bool,
    },
    /// The same of a tool that takes free text.
    Custom {
        ordinal: usize,
    },
    /// Chat has no place for it.
    Hidden,
}

/// The beginning of a call.
#[derive(Serialize)]
struct Call<'a> {
    index: usize,
    id: &'a str,
    #[serde(flatten)]
    called: Called<'a>,
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
enum Called<'a> {
    Function { function: Function<'a> },
    Custom { custom: Custom<'a> },
}

#[derive(Serialize)]
struct Custom<'a> {
    name: &'a str,
    input: &'static str,
}

#[derive(Serialize)]
struct Function<'a> {
    name: &'a str,
    arguments: &'static str,
}

impl Encoder {
    pub(super) fn new(reply: Reply) -> Self {
        // Where usage was asked for, every chunk has it, null in all but the last.
        let tail: &[u8] = if reply.include_usage { b"}],\"usage\":null}\n\n" } else { b"}]}\n\n" };
        Self {
            reply,
            head: Vec::new(),
            tail,
            candidates: Vec::new(),
            usage: Usage::default(),
            over: false,
        }
    }

    fn start(&mut self, id: Option<&str>, model: Option<&str>) {
        let mut head = b"data: {\"id\":".to_vec();
        text(&answer_id(id, &self.reply), &mut head);
        head.extend_from_slice(b",\"object\":\"chat.completion.chunk\",\"created\":");
        number(self.reply.created, &mut head);
        head.extend_from_slice(b",\"model\":");
        text(model.filter(|model| !model.is_empty()).unwrap_or(&self.reply.model), &mut head);
        head.extend_from_slice(b",\"choices\":[");
        self.head = head;
    }

    /// A chunk with one choice, whose delta `write` writes.
    fn chunk(
        &self,
        candidate: u32,
        finish: Option<FinishReason>,
        out: &mut Vec<u8>,
        write: impl FnOnce(&mut Vec<u8>),
    ) {
        out.extend_from_slice(&self.head);
        out.extend_from_slice(b"{\"index\":");
        number(candidate.into(), out);
        out.extend_from_slice(b",\"delta\":{");
        write(out);
        out.extend_from_slice(b"},\"logprobs\":null,\"finish_reason\":");
        match finish {
            Some(reason) => text(finish_word(reason), out),
            None => out.extend_from_slice(b"null"),
        }
        out.extend_from_slice(self.tail);
    }

    /// The candidate, whose first chunk names the role.
    fn candidate(&mut self, index: u32, out: &mut Vec<u8>) -> usize {
        if let Some(place) = self.candidates.iter().position(|known| known.index == index) {
            return place;
        }
        if self.head.is_empty() {
            self.start(None, None);
        }
        self.chunk(index, None, out, |out| {
            out.extend_from_slice(b"\"role\":\"assistant\",\"content\":\"\",\"refusal\":null");
        });
        self.candidates.push(Candidate { index, parts: Vec::new(), calls: 0, characters: 0 });
        self.candidates.len() - 1
    }

    fn part_start(&mut self, index: u32, part: u32, kind: &PartKind<'_>, out: &mut Vec<u8>) {
        let place = self.candidate(index, out);
        let ordinal = self.candidates[place].calls;
        let slot = match kind {
            PartKind::Text => Slot::Text { before: self.candidates[place].characters },
            PartKind::Refusal => Slot::Refusal,
            PartKind::ToolCall { id, name, custom } => {
                let minted;
                let id = match id {
                    Some(id) => id.as_ref(),
                    None => {
                        minted = call_id(&self.reply, index, ordinal);
                        &minted
                    }
                };
                let called = if *custom {
                    Called::Custom { custom: Custom { name, input: "" } }
                } else {
                    Called::Function { function: Function { name, arguments: "" } }
                };
                let call = Call { index: ordinal, id, called };
                self.chunk(index, None, out, |out| {
                    out.extend_from_slice(b"\"tool_calls\":[");
                    json(&call, out);
                    out.push(b']');
                });
                self.candidates[place].calls += 1;
                if *custom { Slot::Custom { ordinal } } else { Slot::Call { ordinal, empty: true } }
            }
            PartKind::Thinking { .. }
            | PartKind::RedactedThinking(_)
            | PartKind::Image(_)
            | PartKind::Audio(_)
            | PartKind::Opaque(_) => Slot::Hidden,
        };
        let parts = &mut self.candidates[place].parts;
        let part = part as usize;
        // Numbers are dense, so that this grows by one.
        if part >= parts.len() && part <= parts.len() + 64 {
            parts.resize(part + 1, Slot::Hidden);
        }
        if let Some(known) = parts.get_mut(part) {
            *known = slot;
        }
    }

    fn slot(&mut self, candidate: u32, part: u32) -> Option<&mut Slot> {
        let known = self.candidates.iter_mut().find(|known| known.index == candidate)?;
        known.parts.get_mut(part as usize)
    }

    fn count(&mut self, index: u32, words: &str) {
        if let Some(known) = self.candidates.iter_mut().find(|known| known.index == index) {
            known.characters += words.chars().count() as u64;
        }
    }

    fn characters(&self, index: u32) -> u64 {
        let known = self.candidates.iter().find(|known| known.index == index);
        known.map_or(0, |known| known.characters)
    }

    fn delta(&mut self, candidate: u32, part: u32, delta: &Delta<'_>, out: &mut Vec<u8>) {
        let Some(slot) = self.slot(candidate, part) else { return };
        match (delta, *slot) {
            (Delta::Text(words), Slot::Text { .. }) => {
                self.count(candidate, words);
                self.chunk(candidate, None, out, |out| {
                    out.extend_from_slice(b"\"content\":");
                    text(words, out);
                });
            }
            (Delta::Text(words), Slot::Refusal) => self.chunk(candidate, None, out, |out| {
                out.extend_from_slice(b"\"refusal\":");
                text(words, out);
            }),
            (Delta::Arguments(piece), Slot::Call { ordinal, .. }) if !piece.is_empty() => {
                *slot = Slot::Call { ordinal, empty: false };
                self.arguments(candidate, ordinal, piece, out);
            }
            (Delta::Arguments(piece), Slot::Custom { ordinal }) => {
                self.chunk(candidate, None, out, |out| {
                    out.extend_from_slice(b"\"tool_calls\":[{\"index\":");
                    number(ordinal as u64, out);
                    out.extend_from_slice(b",\"type\":\"custom\",\"custom\":{\"input\":");
                    text(piece, out);
                    out.extend_from_slice(b"}}]");
                });
            }
            (Delta::Logprobs(tokens), Slot::Text { .. } | Slot::Refusal) => {
                self.logprobs(candidate, tokens, out);
            }
            (Delta::Citation(citation), Slot::Text { before }) => {
                let so_far = self.characters(candidate).saturating_sub(before);
                if let Some(annotation) = annotation::write(citation, before, so_far) {
                    self.chunk(candidate, None, out, |out| {
                        out.extend_from_slice(b"\"annotations\":[");
                        json(&annotation, out);
                        out.push(b']');
                    });
                }
            }
            _ => {}
        }
    }

    /// How likely the tokens were, in a chunk of their own.
    fn logprobs(&self, candidate: u32, tokens: &[TokenLogprob<'_>], out: &mut Vec<u8>) {
        out.extend_from_slice(&self.head);
        out.extend_from_slice(b"{\"index\":");
        number(candidate.into(), out);
        out.extend_from_slice(b",\"delta\":{},\"logprobs\":{\"content\":");
        json(&tokens.iter().map(logprobs::Written::of).collect::<Vec<_>>(), out);
        out.extend_from_slice(b",\"refusal\":null},\"finish_reason\":null");
        out.extend_from_slice(self.tail);
    }

    fn arguments(&self, candidate: u32, ordinal: usize, piece: &str, out: &mut Vec<u8>) {
        self.chunk(candidate, None, out, |out| {
            out.extend_from_slice(b"\"tool_calls\":[{\"index\":");
            number(ordinal as u64, out);
            out.extend_from_slice(b",\"function\":{\"arguments\":");
            text(piece, out);
            out.extend_from_slice(b"}}]");
        });
    }

    /// Callers read arguments as JSON: a call without any has an empty object.
    fn part_stop(&mut self, candidate: u32, part: u32, out: &mut Vec<u8>) {
        let Some(slot) = self.slot(candidate, part) else { return };
        if let Slot::Call { ordinal, empty: true } = *slot {
            *slot = Slot::Call { ordinal, empty: false };
            self.arguments(candidate, ordinal, "{}", out);
        }
    }

    /// Chat has no word for a call that could not be read: the answer broke (`wire.md` §3.1).
    fn finish(&mut self, index: u32, finish: &Finish<'_>, out: &mut Vec<u8>) {
        if let Some(error) = finish.failure() {
            return self.fail(&error, out);
        }
        self.candidate(index, out);
        self.chunk(index, Some(finish.reason), out, |_| {});
    }

    fn end(&mut self, out: &mut Vec<u8>) {
        if self.reply.include_usage {
            if self.head.is_empty() {
                self.start(None, None);
            }
            out.extend_from_slice(&self.head);
            out.extend_from_slice(b"],\"usage\":");
            json(&usage::Written::from(self.usage), out);
            out.extend_from_slice(b"}\n\n");
        }
        out.extend_from_slice(b"data: [DONE]\n\n");
        self.over = true;
    }

    fn fail(&mut self, error: &ApiError, out: &mut Vec<u8>) {
        let (_, body) = error::encode(error);
        out.extend_from_slice(b"data: ");
        out.extend_from_slice(&body);
        out.extend_from_slice(b"\n\n");
        self.over = true;
    }
}

impl StreamEncoder for Encoder {
    fn event(&mut self, event: &Event<'_>, out: &mut Vec<u8>) {
        if self.over {
            return;
        }
        match event {
            Event::Start { id, model } => {
                self.start(id.as_deref(), model.as_deref());
                self.candidate(0, out);
            }
            Event::PartStart { candidate, part, kind } => {
                self.part_start(*candidate, *part, kind, out);
            }
            Event::Delta { candidate, part, delta } => self.delta(*candidate, *part, delta, out),
            Event::PartStop { candidate, part } => self.part_stop(*candidate, *part, out),
            Event::Finish { candidate, finish } => self.finish(*candidate, finish, out),
            Event::Usage(usage) => self.usage = self.usage.max(*usage),
            // A comment: every SDK of this schema passes it over (`wire.md` §4.2).
            Event::Ping => out.extend_from_slice(b": ping\n\n"),
            Event::Error(error) => self.fail(error, out),
            Event::End => self.end(out),
        }
    }
}

fn text(text: &str, out: &mut Vec<u8>) {
    json(text, out);
}

/// Writing to memory what is no map with odd keys fails in no way.
fn json(value: &(impl Serialize + ?Sized), out: &mut Vec<u8>) {
    let _ = serde_json::to_writer(out, value);
}

fn number(number: u64, out: &mut Vec<u8>) {
    out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
}
