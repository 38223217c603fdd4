//! The provider's own bytes.

use bytes::Bytes;

use super::array::ArrayState;
use super::usage_chunk::UsageFilter;
use super::{Verbatim, Watch};
use crate::codec::{StreamDecoder, StreamEncoder};
use crate::conversation::{ApiError, Event};
use crate::sse::{Boundary, TooLong};

/// The lane of answers whose bytes go through.
pub(super) struct Relayed {
    decoder: Box<dyn StreamDecoder>,
    encoder: Box<dyn StreamEncoder>,
    place: Place,
}

/// Where the caller's stream stands: an error must not be written into the middle of an event.
enum Place {
    Events(Boundary),
    /// Only whole events were written.
    Filtered(UsageFilter),
    Array(ArrayState),
}

impl Relayed {
    pub(super) fn new(
        decoder: Box<dyn StreamDecoder>,
        encoder: Box<dyn StreamEncoder>,
        options: Verbatim,
    ) -> Self {
        let place = match options {
            Verbatim { json_array: true, .. } => Place::Array(ArrayState::default()),
            Verbatim { hide_usage: true, .. } => Place::Filtered(UsageFilter::default()),
            Verbatim { .. } => Place::Events(Boundary::default()),
        };
        Self { decoder, encoder, place }
    }

    /// What to pass on; then whether the stream can still be followed.
    pub(super) fn push(
        &mut self,
        chunk: &Bytes,
        watch: &mut Watch,
    ) -> (Bytes, Result<(), TooLong>) {
        let Self { decoder, encoder, .. } = self;
        decoder.push(chunk, &mut |event| listen(&event, watch, &mut **encoder));
        match &mut self.place {
            Place::Filtered(filter) => return filter.push(chunk),
            Place::Array(state) => state.push(chunk),
            Place::Events(boundary) => {
                let mut rest = &chunk[..];
                while let Some(end) = boundary.next(rest) {
                    rest = rest.get(end..).unwrap_or_default();
                }
            }
        }
        (chunk.clone(), Ok(()))
    }

    /// What is still to be sent.
    ///
    /// Half an event that waits is left out if an error has to follow, which could not be read
    /// behind it. An error that the decoder finds only in what is left (half an event is no JSON)
    /// is not one that the provider's bytes have told the caller.
    pub(super) fn finish(&mut self, watch: &mut Watch) -> Vec<u8> {
        let told = watch.is_over();
        let Self { decoder, encoder, .. } = self;
        decoder.finish(&mut |event| listen(&event, watch, &mut **encoder));
        let mut out = Vec::new();
        match (watch.error(), &mut self.place) {
            (Some(error), _) if !told => self.error(&error.clone(), &mut out),
            (_, Place::Filtered(filter)) if watch.is_over() => filter.finish(&mut out),
            _ => {}
        }
        out
    }

    /// A sign of life between the provider's events, where the caller's schema has one.
    pub(super) fn ping(&mut self, out: &mut Vec<u8>) {
        if self.is_between_events() {
            self.encoder.event(&Event::Ping, out);
        }
    }

    /// Whether a comment can stand here.
    pub(super) const fn is_between_events(&self) -> bool {
        match &self.place {
            Place::Events(boundary) => !boundary.is_within(),
            Place::Filtered(_) => true,
            Place::Array(_) => false,
        }
    }

    pub(super) fn error(&mut self, error: &ApiError, out: &mut Vec<u8>) {
        let event = Event::Error(error.clone());
        match &self.place {
            Place::Events(boundary) => {
                if boundary.is_within() {
                    out.extend_from_slice(b"\n\n");
                }
                self.encoder.event(&event, out);
            }
            Place::Filtered(_) => self.encoder.event(&event, out),
            Place::Array(state) => {
                let Some(before) = state.before_element() else { return };
                let mut array = Vec::new();
                self.encoder.event(&event, &mut array);
                // A fresh encoder writes a whole array; only the first bracket is too much.
                let elements = array.trim_ascii_start();
                out.extend_from_slice(before);
                out.extend_from_slice(elements.strip_prefix(b"[").unwrap_or(elements));
            }
        }
    }
}

/// Hears an event. The encoder is told of the start, which the provider has written itself: an
/// error that has to follow is then one of the answer that began, not of another (Responses).
fn listen(event: &Event<'_>, watch: &mut Watch, encoder: &mut dyn StreamEncoder) {
    if let Event::Start { .. } = event {
        encoder.event(event, &mut Vec::new());
    }
    watch.event(event);
}
