//! Free-text calls of a stream.

use std::borrow::Cow;

use super::custom::{CustomTools, unwrapped};
use crate::codec::StreamEncoder;
use crate::conversation::{Delta, Event, PartKind};

/// Passes on what an encoder is to write, with calls of emulated tools as what they stand for.
/// Their arguments wait until they are whole: a text can't be told from other JSON before.
pub(super) struct FreeText {
    tools: CustomTools,
    inner: Box<dyn StreamEncoder>,
    /// The calls under way.
    held: Vec<Held>,
}

struct Held {
    candidate: u32,
    part: u32,
    arguments: String,
}

impl FreeText {
    pub(super) const fn new(tools: CustomTools, inner: Box<dyn StreamEncoder>) -> Self {
        Self { tools, inner, held: Vec::new() }
    }

    /// Tells what such calls were called with.
    fn tell(&mut self, whole: impl Fn(&Held) -> bool, out: &mut Vec<u8>) {
        for Held { candidate, part, arguments } in self.held.extract_if(.., |held| whole(held)) {
            let text = unwrapped(&arguments);
            if !text.is_empty() {
                let delta = Delta::Arguments(text);
                self.inner.event(&Event::Delta { candidate, part, delta }, out);
            }
        }
    }
}

impl StreamEncoder for FreeText {
    fn event(&mut self, event: &Event<'_>, out: &mut Vec<u8>) {
        match event {
            Event::PartStart {
                candidate,
                part,
                kind: PartKind::ToolCall { id, name, custom: false },
            } if self.tools.has(name) => {
                let (candidate, part) = (*candidate, *part);
                self.held.push(Held { candidate, part, arguments: String::new() });
                let (id, name) = (id.as_deref().map(Cow::Borrowed), Cow::Borrowed(name.as_ref()));
                let kind = PartKind::ToolCall { id, name, custom: true };
                return self.inner.event(&Event::PartStart { candidate, part, kind }, out);
            }
            Event::Delta { candidate, part, delta: Delta::Arguments(piece) } => {
                let same = |held: &&mut Held| (held.candidate, held.part) == (*candidate, *part);
                if let Some(held) = self.held.iter_mut().find(same) {
                    return held.arguments.push_str(piece);
                }
            }
            Event::PartStop { candidate, part } => {
                self.tell(|held| (held.candidate, held.part) == (*candidate, *part), out);
            }
            Event::Finish { candidate, .. } => self.tell(|held| held.candidate == *candidate, out),
            Event::End => self.tell(|_| true, out),
            _ => {}
        }
        self.inner.event(event, out);
    }
}
