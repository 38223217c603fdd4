//! One event as it stands in the stream.

use std::borrow::Cow;

/// A frame: the lines up to a blank one, that one included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame<'a> {
    /// The last `event:` field.
    pub event: Option<&'a str>,
    /// The `data:` fields, joined by LF. Empty in frames of comments only and in blank lines that
    /// follow each other; there is nothing to read in those.
    pub data: Cow<'a, [u8]>,
    /// All of the frame's bytes. Those of all frames make up the stream.
    pub raw: &'a [u8],
}

impl<'a> Frame<'a> {
    /// Reads a frame. `first` is whether the stream begins with it: a byte order mark may stand
    /// there.
    pub(super) fn read(raw: &'a [u8], first: bool) -> Self {
        let mut event = None;
        let mut data: Option<Cow<'a, [u8]>> = None;
        let mut rest = match raw.strip_prefix(b"\xef\xbb\xbf") {
            Some(rest) if first => rest,
            _ => raw,
        };
        while !rest.is_empty() {
            let end = memchr::memchr2(b'\n', b'\r', rest).unwrap_or(rest.len());
            let (line, after) = rest.split_at(end);
            rest = after.get(1..).unwrap_or_default();
            match field(line) {
                (b"data", value) => match &mut data {
                    None => data = Some(Cow::Borrowed(value)),
                    Some(data) => {
                        let data = data.to_mut();
                        data.push(b'\n');
                        data.extend_from_slice(value);
                    }
                },
                (b"event", value) => event = std::str::from_utf8(value).ok(),
                _ => {}
            }
        }
        Self { event, data: data.unwrap_or_default(), raw }
    }
}

/// A line's field and value; the LF of a CRLF reads as a line without a field.
fn field(line: &[u8]) -> (&[u8], &[u8]) {
    match memchr::memchr(b':', line) {
        None => (line, b""),
        Some(colon) => {
            let (name, value) = line.split_at(colon);
            let value = value.get(1..).unwrap_or_default();
            (name, value.strip_prefix(b" ").unwrap_or(value))
        }
    }
}
