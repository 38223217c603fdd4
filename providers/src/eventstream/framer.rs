//! Cutting a stream into messages.

use super::Message;

/// The most bytes of one message: AWS allows 16 MiB of payload and 128 KiB of headers.
pub const MESSAGE_LIMIT: usize = (16 << 20) + (128 << 10) + OVERHEAD;

/// Lengths and their checksum.
const PRELUDE: usize = 12;

/// What is neither headers nor payload.
const OVERHEAD: usize = PRELUDE + 4;

/// Buffers larger than this are given back once they are empty, so that an idle stream costs next
/// to nothing.
const KEPT: usize = 512;

/// The stream is not what it should be; nothing can be read after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// The lengths contradict each other or their checksum.
    #[error("the lengths of a message of the stream are damaged")]
    Prelude,
    /// A message says that it is longer than [`MESSAGE_LIMIT`].
    #[error("a message of the stream is longer than {MESSAGE_LIMIT} bytes")]
    TooLong,
    /// The checksum over the whole message is another.
    #[error("a message of the stream is damaged")]
    Checksum,
    /// The headers can't be read.
    #[error("the headers of a message of the stream are damaged")]
    Headers,
}

/// Cuts a stream into [`Message`]s, the same ones however its bytes are split.
///
/// Both checksums are held to. The lengths are checked as soon as they are there, so a damaged
/// one is an error at once, not a wait for bytes that never come. Messages that lie in one piece
/// are not copied.
#[derive(Debug, Default)]
pub struct Framer {
    /// The start of the message that isn't whole yet.
    buffer: Vec<u8>,
    failed: Option<Malformed>,
}

impl Framer {
    /// Takes the next bytes and gives every message that they complete to `sink`, in order.
    ///
    /// # Errors
    /// [`Malformed`], then and ever after; the messages before it were given.
    pub fn push(&mut self, bytes: &[u8], sink: impl FnMut(Message<'_>)) -> Result<(), Malformed> {
        if let Some(malformed) = self.failed {
            return Err(malformed);
        }
        let result = self.cut(bytes, sink);
        if let Err(malformed) = result {
            self.failed = Some(malformed);
            self.buffer = Vec::new();
        }
        result
    }

    fn cut(
        &mut self,
        mut bytes: &[u8],
        mut sink: impl FnMut(Message<'_>),
    ) -> Result<(), Malformed> {
        // What began earlier goes on in the buffer until it is whole.
        while !self.buffer.is_empty() {
            let whole = length(&self.buffer)?;
            let wanted = whole.unwrap_or(PRELUDE).saturating_sub(self.buffer.len());
            let (piece, rest) = bytes.split_at_checked(wanted).unwrap_or((bytes, &[]));
            self.buffer.extend_from_slice(piece);
            bytes = rest;
            if piece.len() < wanted {
                return Ok(());
            }
            if let Some(whole) = whole.or(length(&self.buffer)?)
                && whole == self.buffer.len()
            {
                sink(read(&self.buffer)?);
                self.empty();
            }
        }
        while let Some(whole) = length(bytes)? {
            let Some((message, rest)) = bytes.split_at_checked(whole) else { break };
            sink(read(message)?);
            bytes = rest;
        }
        self.buffer.extend_from_slice(bytes);
        Ok(())
    }

    /// How many bytes are kept of a message that isn't whole yet. When the stream is over, any
    /// tell that it was cut short.
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

/// The length of the message that begins here; `None` if its prelude isn't whole.
fn length(bytes: &[u8]) -> Result<Option<usize>, Malformed> {
    let Some((prelude, _)) = bytes.split_first_chunk::<PRELUDE>() else { return Ok(None) };
    let (lengths, checksum) = prelude.split_at(8);
    if crc32fast::hash(lengths) != number(checksum) {
        return Err(Malformed::Prelude);
    }
    let (whole, headers) = lengths.split_at(4);
    let (whole, headers) = (number(whole) as usize, number(headers) as usize);
    if whole > MESSAGE_LIMIT {
        return Err(Malformed::TooLong);
    }
    if headers.saturating_add(OVERHEAD) > whole {
        return Err(Malformed::Prelude);
    }
    Ok(Some(whole))
}

/// Reads a whole message.
fn read(message: &[u8]) -> Result<Message<'_>, Malformed> {
    let (body, checksum) = message.split_last_chunk::<4>().ok_or(Malformed::Prelude)?;
    if crc32fast::hash(body) != u32::from_be_bytes(*checksum) {
        return Err(Malformed::Checksum);
    }
    let headers = body.get(4..8).map_or(0, |length| number(length) as usize);
    let rest = body.get(PRELUDE..).unwrap_or_default();
    let (headers, payload) = rest.split_at_checked(headers).ok_or(Malformed::Prelude)?;
    Message::read(headers, payload)
}

/// Four bytes as a number, the first the largest.
fn number(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0, |number, byte| number << 8 | u32::from(*byte))
}
