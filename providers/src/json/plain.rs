//! The bytes of a string that stand for themselves.

/// A run of bytes in a string without a quote, a backslash or a control character.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Plain {
    /// How many bytes.
    pub(super) len: usize,
    /// Bits that any of them has; the highest is set if the run is not ASCII.
    bits: u64,
}

/// Short strings (names, identifiers) end within this many bytes.
const SHORT: usize = 32;

const ONES: u64 = u64::MAX / 0xff;
const HIGHS: u64 = ONES << 7;

impl Plain {
    /// The longest run at the start.
    ///
    /// Word by word while it may be short; once it is long, `memchr` finds its end and plain loops
    /// over what lies before it, which compile to vector instructions, do the rest. They also tell
    /// whether the run needs a UTF-8 check at all.
    pub(super) fn prefix(bytes: &[u8]) -> Self {
        let mut run = Self::default();
        let (short, long) = bytes.split_at_checked(SHORT).unwrap_or((bytes, &[]));
        if run.words(short) {
            run.long(long);
        }
        run
    }

    /// Whether all of the run is ASCII.
    pub(super) const fn is_ascii(self) -> bool {
        self.bits & HIGHS == 0
    }

    /// Goes on through bytes that are likely to be many.
    fn long(&mut self, bytes: &[u8]) {
        let end = memchr::memchr2(b'"', b'\\', bytes).unwrap_or(bytes.len());
        let run = bytes.get(..end).unwrap_or_default();
        let lowest = run.iter().fold(u8::MAX, |lowest, &byte| lowest.min(byte));
        let bits = run.iter().fold(0, |bits, &byte| bits | byte);
        if lowest < b' ' {
            // Not JSON: only the place is still of interest.
            self.words(run);
        } else {
            self.len += end;
            self.bits |= u64::from(bits);
        }
    }

    /// Goes on through `bytes`; `false` if the run ends among them.
    fn words(&mut self, bytes: &[u8]) -> bool {
        let (words, rest) = bytes.as_chunks::<8>();
        for word in words {
            let word = u64::from_le_bytes(*word);
            // Where a byte of `word` is less than `least`, the lowest such has its high bit set
            // (Mycroft's test; higher ones may be set by its borrow).
            let below = |word: u64, least: u64| word.wrapping_sub(ONES * least) & !word;
            let quote = below(word ^ (ONES * b'"' as u64), 1);
            let backslash = below(word ^ (ONES * b'\\' as u64), 1);
            let ends = (quote | backslash | below(word, b' '.into())) & HIGHS;
            if ends != 0 {
                let plain = ends.trailing_zeros() / 8;
                self.bits |= word & ((1 << (plain * 8)) - 1);
                self.len += plain as usize;
                return false;
            }
            self.bits |= word;
            self.len += 8;
        }
        for &byte in rest {
            if byte == b'"' || byte == b'\\' || byte < b' ' {
                return false;
            }
            self.bits |= u64::from(byte);
            self.len += 1;
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn is_what_a_plain_loop_finds(
            mut bytes in prop::collection::vec(prop_oneof![50 => b'#'..=b'[', 1 => any::<u8>()], 0..400),
            high in prop::option::of(any::<prop::sample::Index>()),
        ) {
            if let Some(at) = high.filter(|_| !bytes.is_empty()) {
                let at = at.index(bytes.len());
                bytes[at] |= 0x80;
            }
            let ends = |&byte: &u8| byte == b'"' || byte == b'\\' || byte < b' ';
            let len = bytes.iter().position(ends).unwrap_or(bytes.len());
            let run = Plain::prefix(&bytes);
            prop_assert_eq!((run.len, run.is_ascii()), (len, bytes[..len].is_ascii()));
        }
    }
}
