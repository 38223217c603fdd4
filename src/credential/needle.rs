//! Bytes that are looked for, and that nobody else may see.

use memchr::arch::all::packedpair::Finder;
use zeroize::Zeroizing;

/// Bytes to look for, wiped when dropped. (What `memchr::memmem` offers keeps a copy of its own.)
pub(super) struct Needle {
    bytes: Zeroizing<Vec<u8>>,
    /// Finds where two rare bytes of them stand; `None` if there is but one.
    rare: Option<Finder>,
}

impl Needle {
    /// `None` if there are none.
    pub(super) fn new(bytes: Zeroizing<Vec<u8>>) -> Option<Self> {
        let rare = Finder::new(&bytes);
        (!bytes.is_empty()).then_some(Self { bytes, rare })
    }

    /// What is looked for.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Where it first stands in a text.
    pub(super) fn find(&self, text: &[u8]) -> Option<usize> {
        let Some(rare) = &self.rare else { return memchr::memchr(*self.bytes.first()?, text) };
        let mut from = 0;
        loop {
            let at = from + rare.find_prefilter(text.get(from..)?)?;
            if text.get(at..)?.starts_with(&self.bytes) {
                return Some(at);
            }
            from = at + 1;
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Of few letters, so that much of it is nearly there.
        #[test]
        fn it_is_found_where_it_first_is(needle in "[ab]{1,9}", text in "[abc]{0,40}") {
            let found = Needle::new(Zeroizing::new(needle.clone().into_bytes())).unwrap();
            prop_assert_eq!(found.find(text.as_bytes()), text.find(&needle));
        }
    }

    #[test]
    fn nothing_is_found_nowhere() {
        assert!(Needle::new(Zeroizing::default()).is_none());
    }
}
