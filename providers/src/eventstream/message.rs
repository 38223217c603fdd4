//! One message.

use super::Malformed;

/// A message whose checksums are right.
///
/// Layout (AWS, "event stream encoding"; big-endian): total length `u32`, length of the headers
/// `u32`, CRC32 of these eight bytes, headers, payload, CRC32 of all before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message<'a> {
    /// Those headers that are strings, in order. Others have no meaning here.
    headers: Vec<(&'a str, &'a str)>,
    /// What the message carries.
    pub payload: &'a [u8],
}

impl<'a> Message<'a> {
    pub(super) fn read(headers: &'a [u8], payload: &'a [u8]) -> Result<Self, Malformed> {
        Ok(Self { headers: strings(headers).ok_or(Malformed::Headers)?, payload })
    }

    /// The value of a header that is a string; of several with the same name the first.
    pub fn header(&self, name: &str) -> Option<&'a str> {
        self.headers.iter().find(|(known, _)| *known == name).map(|(_, value)| *value)
    }
}

/// The headers that are strings; `None` if the block is not well-formed.
///
/// A header: name length `u8`, name, type `u8`, value.
fn strings(mut block: &[u8]) -> Option<Vec<(&str, &str)>> {
    let mut found = Vec::new();
    while let Some((&length, rest)) = block.split_first() {
        let (name, rest) = rest.split_at_checked(usize::from(length))?;
        let name = std::str::from_utf8(name).ok().filter(|name| !name.is_empty())?;
        let (&kind, rest) = rest.split_first()?;
        let (width, rest) = match kind {
            // true, false: the type is the value.
            0 | 1 => (0, rest),
            // Integers of 8, 16, 32 and 64 bits.
            2 => (1, rest),
            3 => (2, rest),
            4 => (4, rest),
            // 64 bits: an integer, a time.
            5 | 8 => (8, rest),
            // Bytes and text, their length before them.
            6 | 7 => {
                let (length, rest) = rest.split_first_chunk::<2>()?;
                (usize::from(u16::from_be_bytes(*length)), rest)
            }
            // A UUID.
            9 => (16, rest),
            _ => return None,
        };
        let (value, rest) = rest.split_at_checked(width)?;
        if kind == 7 {
            found.push((name, std::str::from_utf8(value).ok()?));
        }
        block = rest;
    }
    Some(found)
}
