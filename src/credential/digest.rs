//! Keys are compared by their SHA-256, so that neither length nor content shows in the time.

use std::fmt;

use sha2::{Digest as _, Sha256};
use subtle::{Choice, ConditionallySelectable, ConstantTimeEq};

use super::SecretSource;

/// The SHA-256 of a secret; as good as the secret where that is short, so it is not printed either.
#[derive(Clone, Copy)]
pub struct Digest([u8; 32]);

impl Digest {
    /// Hashes `bytes`.
    pub(crate) fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// All of it, for a table to go by.
    pub(crate) const fn bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl ConstantTimeEq for Digest {
    fn ct_eq(&self, other: &Self) -> Choice {
        self.0.ct_eq(&other.0)
    }
}

impl PartialEq for Digest {
    fn eq(&self, other: &Self) -> bool {
        self.ct_eq(other).into()
    }
}

impl Eq for Digest {}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

/// The position of the one key that `presented` is.
///
/// Every key is compared, whatever came before it. Two keys that rotated to the same value name
/// nobody: then nobody is let in, instead of the wrong caller being charged.
pub fn find<'a>(
    presented: &Digest,
    keys: impl IntoIterator<Item = &'a SecretSource>,
) -> Option<usize> {
    let (mut position, mut matches) = (0_u64, 0_u64);
    for (index, key) in (0_u64..).zip(keys) {
        let same = key.is(presented);
        position.conditional_assign(&index, same);
        matches += u64::from(same.unwrap_u8());
    }
    (matches == 1).then(|| usize::try_from(position).ok()).flatten()
}
