//! A small schema of its own: `data:` lines of `text …`, `usage INPUT OUTPUT`, `error …`, `end`;
//! and of OpenAI what the usage chunk needs.

use super::*;
use crate::conversation::{Delta, PartKind};
use crate::sse::{Frame, Framer};

#[derive(Default)]
pub(super) struct FakeDecoder {
    framer: Framer,
}

impl StreamDecoder for FakeDecoder {
    fn push(&mut self, bytes: &[u8], sink: &mut dyn FnMut(Event<'_>)) {
        let _within_limits = self.framer.push(bytes, |frame| decode(&frame, sink));
    }

    fn finish(&mut self, sink: &mut dyn FnMut(Event<'_>)) {
        self.framer.finish(|frame| decode(&frame, sink));
    }
}

fn decode(frame: &Frame<'_>, sink: &mut dyn FnMut(Event<'_>)) {
    let data = std::str::from_utf8(&frame.data).unwrap_or_default();
    let (word, rest) = data.split_once(' ').unwrap_or((data, ""));
    match word {
        "text" => {
            let delta = Delta::Text(rest.into());
            sink(Event::Delta { candidate: 0, part: 0, delta });
        }
        "part" => {
            sink(Event::PartStart { candidate: 0, part: 0, kind: PartKind::Text });
        }
        "usage" => {
            let (input, output) = rest.split_once(' ').unwrap();
            let (input, output) = (input.parse().unwrap(), output.parse().unwrap());
            sink(Event::Usage(Usage { input, output, ..Usage::default() }));
        }
        "error" => sink(Event::Error(ApiError::new(ErrorClass::Overloaded, rest))),
        "end" | "[DONE]" => sink(Event::End),
        _ if data.contains("\"usage\":{\"prompt_tokens\":7") => {
            sink(Event::Usage(Usage { input: 7, ..Usage::default() }));
        }
        _ => {}
    }
}

#[derive(Default)]
pub(super) struct FakeEncoder {
    pub(super) json_array: bool,
}

impl StreamEncoder for FakeEncoder {
    fn event(&mut self, event: &Event<'_>, out: &mut Vec<u8>) {
        let text = match event {
            Event::Delta { delta: Delta::Text(text), .. } => format!("<{text}>"),
            Event::Error(error) if self.json_array => {
                format!("[{{\"error\":\"{:?}\"}}]", error.class)
            }
            Event::Error(error) => format!("event: error\ndata: {:?}\n\n", error.class),
            Event::End => "<end>".to_owned(),
            _ => String::new(),
        };
        out.extend_from_slice(text.as_bytes());
    }
}
