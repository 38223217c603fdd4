//! Cutting a stream into frames.

use super::{Boundary, Frame};

/// The most bytes of one frame. Images come in frames of megabytes; what is longer is no answer.
pub const FRAME_LIMIT: usize = 16 << 20;

/// Buffers larger than this are given back once they are empty, so that an idle stream costs next
/// to nothing.
const KEPT: usize = 512;

/// A frame was longer than allowed; nothing can be read after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an event of the stream is longer than {limit} bytes")]
pub struct TooLong {
    /// The limit, in bytes.
    pub limit: usize,
}

/// Cuts a stream into [`Frame`]s, the same ones however its bytes are split.
///
/// Frames that lie in one piece are not copied; only the start of one that isn't whole yet is
/// kept. Every byte is looked at once, so pieces may be tiny.
#[derive(Debug)]
pub struct Framer {
    /// The start of the frame that isn't whole yet.
    buffer: Vec<u8>,
    boundary: Boundary,
    /// Whether a frame was given out.
    begun: bool,
    limit: usize,
    failed: bool,
}

impl Default for Framer {
    fn default() -> Self {
        Self::with_limit(FRAME_LIMIT)
    }
}

impl Framer {
    /// A framer for frames of at most this many bytes.
    pub fn with_limit(limit: usize) -> Self {
        Self {
            buffer: Vec::new(),
            boundary: Boundary::default(),
            begun: false,
            limit,
            failed: false,
        }
    }

    /// Takes the next bytes and gives every frame that they complete to `sink`, in order.
    ///
    /// # Errors
    /// [`TooLong`], then and ever after, once a frame is longer than the limit; the frames before
    /// it were given.
    pub fn push(&mut self, bytes: &[u8], mut sink: impl FnMut(Frame<'_>)) -> Result<(), TooLong> {
        let mut rest = bytes;
        while !self.failed {
            let end = self.boundary.next(rest);
            let (piece, after) =
                rest.split_at_checked(end.unwrap_or(rest.len())).unwrap_or((rest, &[]));
            if self.buffer.len() + piece.len() > self.limit {
                self.failed = true;
                self.buffer = Vec::new();
                break;
            }
            if end.is_none() {
                self.buffer.extend_from_slice(piece);
                return Ok(());
            }
            let first = !std::mem::replace(&mut self.begun, true);
            if self.buffer.is_empty() {
                sink(Frame::read(piece, first));
            } else {
                self.buffer.extend_from_slice(piece);
                sink(Frame::read(&self.buffer, first));
                self.empty();
            }
            rest = after;
        }
        Err(TooLong { limit: self.limit })
    }

    /// The stream is over: gives what is left, though no blank line ended it. The standard drops
    /// it; providers leave the last blank line out.
    pub fn finish(&mut self, sink: impl FnOnce(Frame<'_>)) {
        if !self.buffer.is_empty() {
            sink(Frame::read(&self.buffer, !self.begun));
            self.begun = true;
            self.empty();
        }
        self.boundary = Boundary::default();
    }

    /// How many bytes are kept of a frame that isn't whole yet.
    pub const fn pending(&self) -> usize {
        self.buffer.len()
    }

    fn empty(&mut self) {
        if self.buffer.capacity() > KEPT {
            self.buffer = Vec::new();
        } else {
            self.buffer.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_buffers_are_given_back_and_small_ones_kept() {
        for (size, kept) in [(100_000, false), (100, true)] {
            let mut framer = Framer::default();
            assert_eq!(framer.push(&vec![b'x'; size], |_| {}), Ok(()));
            assert_eq!(framer.pending(), size);
            assert_eq!(framer.push(b"\n\n", |_| {}), Ok(()));
            assert_eq!((framer.pending(), framer.buffer.capacity() > 0), (0, kept));
        }
    }
}
