//! What an envelope carries: the tokens of a provider, and where each belongs.
//!
//! ```text
//! record: flags 1 | back | id? | text? | token?      numbers are LEB128, texts have a length
//! ```

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};

/// One token of a provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Record {
    pub(super) kind: Kind,
    /// How many bytes of the answer's text stand between its place and its carrier, where the
    /// carrier stands for a whole turn.
    pub(super) back: usize,
    /// The provider's id of the thought (Responses).
    pub(super) id: Option<String>,
    /// The words of a thought that the caller was not shown; `None` where they stand beside it.
    pub(super) text: Option<String>,
    /// The token; `None` where a thought has no proof of its own.
    pub(super) token: Option<String>,
}

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// The proof of a thought.
    Thinking,
    /// A thought that its provider encrypted.
    Redacted,
    /// Belongs to the tool call that follows.
    OnCall,
    /// Belongs to the text before it.
    OnText,
}

/// By their number in the flags.
const KINDS: [Kind; 4] = [Kind::Thinking, Kind::Redacted, Kind::OnCall, Kind::OnText];

/// The flags' bits above the kind.
const HAS_ID: u8 = 1 << 2;
const HAS_TEXT: u8 = 1 << 3;
const HAS_TOKEN: u8 = 1 << 4;
/// The token is carried as the bytes that it is the base64 of: a quarter less.
const IS_STANDARD: u8 = 1 << 5;
const IS_URL_SAFE: u8 = 1 << 6;
const KNOWN: u8 = (1 << 7) - 1;

impl Record {
    /// A token, and nothing else known.
    pub(super) const fn of(kind: Kind, token: Option<String>) -> Self {
        Self { kind, back: 0, id: None, text: None, token }
    }

    fn write(&self, out: &mut Vec<u8>) {
        let mut flags = KINDS.iter().position(|kind| *kind == self.kind).unwrap_or(0) as u8;
        let token = self.token.as_deref().map(|token| match STANDARD.decode(token) {
            Ok(bytes) => (IS_STANDARD, bytes),
            Err(_) => match URL_SAFE.decode(token) {
                Ok(bytes) => (IS_URL_SAFE, bytes),
                Err(_) => (0, token.as_bytes().to_vec()),
            },
        });
        flags |= if self.id.is_some() { HAS_ID } else { 0 };
        flags |= if self.text.is_some() { HAS_TEXT } else { 0 };
        flags |= token.as_ref().map_or(0, |(spelling, _)| HAS_TOKEN | spelling);
        out.push(flags);
        number(self.back, out);
        let texts = [&self.id, &self.text].into_iter().flatten().map(String::as_bytes);
        for bytes in texts.chain(token.as_ref().map(|(_, bytes)| bytes.as_slice())) {
            number(bytes.len(), out);
            out.extend_from_slice(bytes);
        }
    }

    fn read(rest: &mut &[u8]) -> Option<Self> {
        let flags = take(rest, 1)?.first().copied()?;
        let kind = KINDS.get(usize::from(flags & 3)).filter(|_| flags & !KNOWN == 0)?;
        let has = |flag: u8| flags & flag != 0;
        let back = read_number(rest)?;
        let id = if has(HAS_ID) { Some(read_text(rest)?) } else { None };
        let text = if has(HAS_TEXT) { Some(read_text(rest)?) } else { None };
        let token = match (has(HAS_TOKEN), has(IS_STANDARD), has(IS_URL_SAFE)) {
            (false, false, false) => None,
            (true, false, false) => Some(read_text(rest)?),
            (true, true, false) => Some(STANDARD.encode(read_bytes(rest)?)),
            (true, false, true) => Some(URL_SAFE.encode(read_bytes(rest)?)),
            _ => return None,
        };
        Some(Self { kind: *kind, back, id, text, token })
    }
}

/// Records as a payload.
pub(super) fn write(records: &[Record]) -> Vec<u8> {
    let mut out = Vec::new();
    records.iter().for_each(|record| record.write(&mut out));
    out
}

/// The records of a payload.
pub(super) fn read(mut payload: &[u8]) -> Option<Vec<Record>> {
    let mut records = Vec::new();
    while !payload.is_empty() {
        records.push(Record::read(&mut payload)?);
    }
    Some(records)
}

fn number(mut number: usize, out: &mut Vec<u8>) {
    while number >= 0x80 {
        out.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

fn read_number(rest: &mut &[u8]) -> Option<usize> {
    let mut number = 0;
    for shift in (0..usize::BITS).step_by(7) {
        let byte = take(rest, 1)?.first().copied()?;
        number |= usize::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(number);
        }
    }
    None
}

fn take<'a>(rest: &mut &'a [u8], length: usize) -> Option<&'a [u8]> {
    let (taken, left) = rest.split_at_checked(length)?;
    *rest = left;
    Some(taken)
}

fn read_bytes<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let length = read_number(rest)?;
    take(rest, length)
}

fn read_text(rest: &mut &[u8]) -> Option<String> {
    read_bytes(rest).and_then(|bytes| String::from_utf8(bytes.to_vec()).ok())
}
