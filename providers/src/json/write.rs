//! Writing JSON whose texts may be long.
//!
//! Serde_json looks for what must be escaped byte by byte. A prompt is nearly all text that needs
//! no escape, so [`text()`] hands it to [`write()`] as bytes, which are looked at many at a time
//! and copied at once.

use std::io;

use serde::{Serialize, Serializer};
use serde_json::ser::{CharEscape, Formatter};

/// Writes a value in which texts may be given by [`text()`] or [`Text`], into room for `size`
/// bytes, and more if need be.
///
/// # Errors
///
/// A map has a key that is no string, or the value itself gave an error.
pub(crate) fn write(value: &(impl Serialize + ?Sized), size: usize) -> serde_json::Result<Vec<u8>> {
    let mut out = Vec::with_capacity(size);
    append(value, &mut out)?;
    Ok(out)
}

/// As [`write()`], behind what is in `out` already.
///
/// # Errors
///
/// As [`write()`].
pub(crate) fn append(
    value: &(impl Serialize + ?Sized),
    out: &mut Vec<u8>,
) -> serde_json::Result<()> {
    value.serialize(&mut serde_json::Serializer::with_formatter(out, Texts))
}

/// A text that may be long, for serde's `serialize_with`. Only [`write()`] and [`append()`] know
/// it for a text: JSON has no bytes.
pub(crate) fn text<S: Serializer>(
    text: &(impl AsRef<str> + ?Sized),
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.serialize_bytes(text.as_ref().as_bytes())
}

/// A text that may be long, as a value (see [`text()`]).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Text<'a>(pub(crate) &'a str);

impl Serialize for Text<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        text(self.0, serializer)
    }
}

/// Writes bytes as the text that they are.
struct Texts;

impl Formatter for Texts {
    fn write_byte_array<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        text: &[u8],
    ) -> io::Result<()> {
        self.begin_string(writer)?;
        let mut rest = text;
        while let Some((plain, after)) = rest.split_at_checked(plain(rest)) {
            writer.write_all(plain)?;
            let Some((&byte, after)) = after.split_first() else { break };
            self.write_char_escape(writer, escape(byte))?;
            rest = after;
        }
        self.end_string(writer)
    }
}

/// How many bytes are looked at at once: some vectors of every machine.
const CHUNK: usize = 64;

/// How many bytes there are before the first that must be escaped.
fn plain(text: &[u8]) -> usize {
    let (chunks, _) = text.as_chunks::<CHUNK>();
    // Without a way out of the loop it compiles to vector instructions.
    let is_plain = |chunk: &&[u8; CHUNK]| !chunk.iter().fold(false, |any, &b| any | is_special(b));
    let clean = chunks.iter().take_while(is_plain).count() * CHUNK;
    let rest = text.get(clean..).unwrap_or_default();
    clean + rest.iter().position(|&byte| is_special(byte)).unwrap_or(rest.len())
}

const fn is_special(byte: u8) -> bool {
    (byte < b' ') | (byte == b'"') | (byte == b'\\')
}

const fn escape(byte: u8) -> CharEscape {
    match byte {
        b'"' => CharEscape::Quote,
        b'\\' => CharEscape::ReverseSolidus,
        b'\n' => CharEscape::LineFeed,
        b'\r' => CharEscape::CarriageReturn,
        b'\t' => CharEscape::Tab,
        0x08 => CharEscape::Backspace,
        0x0c => CharEscape::FormFeed,
        control => CharEscape::AsciiControl(control),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn writes_text_as_serde_json_does(
            text in prop::collection::vec(
                prop_oneof![60 => Just('a'), 2 => any::<char>(), 1 => proptest::char::range('\0', ' '), 1 => Just('"'), 1 => Just('\\')],
                0..400,
            ),
        ) {
            let text = String::from_iter(text);
            prop_assert_eq!(write(&Text(&text), 0).ok(), serde_json::to_vec(&text).ok());
        }
    }

    #[test]
    fn escapes_what_must_be_as_serde_json_does() {
        for byte in 0..=0x7f_u8 {
            // At the start, within a chunk, and behind the last whole one.
            for before in [0, 10, CHUNK + 3] {
                let text = format!("{}{}", "x".repeat(before), char::from(byte).to_string() + "y");
                let expected = serde_json::to_vec(&text).ok();
                assert_eq!(write(&Text(&text), 0).ok(), expected, "{byte:#x}");
            }
        }
    }
}
