//! From one schema to another, event by event.

use bytes::Bytes;

use super::Watch;
use crate::codec::{StreamDecoder, StreamEncoder};
use crate::conversation::Event;

/// The lane of answers that are translated.
pub(super) struct Translate {
    decoder: Box<dyn StreamDecoder>,
    encoder: Box<dyn StreamEncoder>,
}

impl Translate {
    pub(super) fn new(decoder: Box<dyn StreamDecoder>, encoder: Box<dyn StreamEncoder>) -> Self {
        Self { decoder, encoder }
    }

    /// The same with another encoder before its own.
    pub(super) fn through(
        self,
        wrap: impl FnOnce(Box<dyn StreamEncoder>) -> Box<dyn StreamEncoder>,
    ) -> Self {
        Self { encoder: wrap(self.encoder), ..self }
    }

    pub(super) fn push(&mut self, chunk: &[u8], watch: &mut Watch) -> Bytes {
        let mut out = Vec::new();
        let Self { decoder, encoder } = self;
        decoder.push(chunk, &mut |event| pass(&event, watch, &mut **encoder, &mut out));
        out.into()
    }

    pub(super) fn finish(&mut self, watch: &mut Watch) -> Vec<u8> {
        let mut out = Vec::new();
        let Self { decoder, encoder } = self;
        decoder.finish(&mut |event| pass(&event, watch, &mut **encoder, &mut out));
        out
    }

    pub(super) fn event(&mut self, event: &Event<'_>, out: &mut Vec<u8>) {
        self.encoder.event(event, out);
    }
}

/// Writes an event, unless the answer is over: nothing follows its end or its error. Usage still
/// counts.
fn pass(event: &Event<'_>, watch: &mut Watch, encoder: &mut dyn StreamEncoder, out: &mut Vec<u8>) {
    let over = watch.is_over();
    if !over {
        encoder.event(event, out);
    }
    if !over || matches!(event, Event::Usage(_)) {
        watch.event(event);
    }
}
