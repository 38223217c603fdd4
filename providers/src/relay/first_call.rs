//! One tool call a turn at most, for callers that ask for it of providers that can't be told
//! (`wire.md` §5.1 "parallel off").

use crate::codec::StreamEncoder;
use crate::conversation::{Event, PartKind};

/// Passes on what an encoder is to write, without any call but the first of each alternative.
pub(super) struct FirstCall {
    inner: Box<dyn StreamEncoder>,
    candidates: Vec<Candidate>,
}

/// One alternative so far.
#[derive(Default)]
struct Candidate {
    index: u32,
    /// The number that each part has for the encoder, by its own; `None` of those left out.
    numbers: Vec<Option<u32>>,
    /// The next such number.
    next: u32,
    called: bool,
}

impl FirstCall {
    pub(super) const fn new(inner: Box<dyn StreamEncoder>) -> Self {
        Self { inner, candidates: Vec::new() }
    }

    /// Begins a part. Gives its number, unless it is left out.
    fn begin(&mut self, index: u32, is_call: bool) -> Option<u32> {
        if !self.candidates.iter().any(|known| known.index == index) {
            self.candidates.push(Candidate { index, ..Candidate::default() });
        }
        let candidate = self.candidates.iter_mut().find(|known| known.index == index)?;
        let number = (!(is_call && candidate.called)).then_some(candidate.next);
        candidate.next += u32::from(number.is_some());
        candidate.called |= is_call;
        candidate.numbers.push(number);
        number
    }

    /// The number of a part that was begun, unless it is left out.
    fn number(&self, index: u32, part: u32) -> Option<u32> {
        let candidate = self.candidates.iter().find(|known| known.index == index)?;
        *candidate.numbers.get(part as usize)?
    }
}

impl StreamEncoder for FirstCall {
    fn event(&mut self, event: &Event<'_>, out: &mut Vec<u8>) {
        let passed = match event {
            Event::PartStart { candidate, kind, .. } => {
                let is_call = matches!(kind, PartKind::ToolCall { .. });
                let Some(part) = self.begin(*candidate, is_call) else { return };
                Event::PartStart { candidate: *candidate, part, kind: kind.clone() }
            }
            Event::Delta { candidate, part, delta } => {
                let Some(part) = self.number(*candidate, *part) else { return };
                Event::Delta { candidate: *candidate, part, delta: delta.clone() }
            }
            Event::PartStop { candidate, part } => {
                let Some(part) = self.number(*candidate, *part) else { return };
                Event::PartStop { candidate: *candidate, part }
            }
            other => return self.inner.event(other, out),
        };
        self.inner.event(&passed, out);
    }
}
