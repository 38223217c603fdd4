//! Offsets in bytes and in characters.
//!
//! Gemini counts a segment's ends in UTF-8 bytes, the model in characters. Both count over a text
//! that has gone by already when they come, so what is kept of it is how wide its characters were.

/// How wide the characters of a text are, in runs: ASCII text is one run.
#[derive(Debug, Default)]
pub(super) struct Widths {
    runs: Vec<Run>,
}

/// Characters of one width, one after the other.
#[derive(Debug)]
struct Run {
    width: u8,
    characters: u32,
}

impl Widths {
    /// The widths of a whole text.
    pub(super) fn of(text: &str) -> Self {
        let mut widths = Self::default();
        widths.push(text);
        widths
    }

    /// The text goes on.
    pub(super) fn push(&mut self, text: &str) {
        if text.is_ascii() {
            return self.extend(1, u32::try_from(text.len()).unwrap_or(u32::MAX));
        }
        // At most 4.
        text.chars().for_each(|character| self.extend(character.len_utf8() as u8, 1));
    }

    fn extend(&mut self, width: u8, characters: u32) {
        match self.runs.last_mut().filter(|run| run.width == width) {
            Some(run) => run.characters = run.characters.saturating_add(characters),
            None if characters > 0 => self.runs.push(Run { width, characters }),
            None => {}
        }
    }

    /// How many characters there are.
    pub(super) fn characters(&self) -> u64 {
        self.runs.iter().map(|run| u64::from(run.characters)).sum()
    }

    /// How many characters end at or before this byte; all, if there is no such byte.
    pub(super) fn to_characters(&self, byte: u64) -> u64 {
        let (mut bytes, mut characters) = (0, 0);
        for run in &self.runs {
            let (width, count) = (u64::from(run.width), u64::from(run.characters));
            if byte < bytes + width * count {
                return characters + (byte - bytes) / width;
            }
            bytes += width * count;
            characters += count;
        }
        characters
    }

    /// How many bytes this many characters have; all, if there are not as many.
    pub(super) fn to_bytes(&self, characters: u64) -> u64 {
        let (mut left, mut bytes) = (characters, 0);
        for run in &self.runs {
            let taken = left.min(run.characters.into());
            bytes += taken * u64::from(run.width);
            left -= taken;
        }
        bytes
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn offsets_are_those_of_the_text(pieces in prop::collection::vec("[aé€😀]{0,5}|.{0,9}", 0..6)) {
            let mut widths = Widths::default();
            pieces.iter().for_each(|piece| widths.push(piece));
            let text = pieces.concat();
            let ends = text.char_indices().map(|(at, _)| at).chain([text.len()]);
            for (characters, byte) in ends.enumerate() {
                prop_assert_eq!(widths.to_characters(byte as u64), characters as u64);
                prop_assert_eq!(widths.to_bytes(characters as u64), byte as u64);
            }
            prop_assert_eq!(widths.characters(), text.chars().count() as u64);
            // Beyond the end is the end.
            prop_assert_eq!(widths.to_bytes(u64::MAX), text.len() as u64);
            prop_assert_eq!(widths.to_characters(u64::MAX), widths.characters());
        }
    }

    #[test]
    fn inside_a_character_is_before_it() {
        assert_eq!(Widths::of("a€b").to_characters(2), 1);
    }
}
