//! What has been found out about tokens, so that a signature is checked once a token.

use std::sync::Arc;

use super::caller::Caller;
use super::refused::Refused;
use super::table::{Hash, Table};

/// What is known of a token.
#[derive(Clone, Debug)]
pub(super) struct Known {
    /// Whose it is, or why it is nobody's.
    pub whose: Result<Arc<Caller>, Refused>,
    /// Which of the issuers has made it.
    pub issuer: usize,
    /// The version of the keys that it was verified with.
    pub keys: u64,
    /// Until when that holds, in seconds since 1970.
    pub until: u64,
}

/// A bounded table of them.
#[derive(Debug, Default)]
pub(super) struct Cache {
    table: Table<Known>,
}

impl Cache {
    /// What is known of a token and still holds `now`.
    pub(super) fn get(&self, hash: &Hash, now: u64) -> Option<Known> {
        self.table.part(hash).get(hash).filter(|known| now < known.until).cloned()
    }

    /// Remembers what was found out `now`.
    pub(super) fn put(&self, hash: Hash, known: Known, now: u64) {
        self.table.part(&hash).put(hash, known, |known| now < known.until);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(until: u64) -> Known {
        Known { whose: Err(Refused::new("x", "y")), issuer: 0, keys: 0, until }
    }

    #[test]
    fn s_29_the_table_has_a_bound_and_forgets_what_is_over() {
        let cache = Cache::default();
        for number in 0_u32..40_000 {
            let mut hash = [0; 32];
            hash[..4].copy_from_slice(&number.to_le_bytes());
            cache.put(hash, known(if number % 2 == 0 { 5 } else { 50 }), 1);
        }
        assert!(cache.table.len() <= Table::<Known>::MOST, "{}", cache.table.len());

        let last = [7; 32];
        cache.put(last, known(50), 1);
        assert!(cache.get(&last, 49).is_some());
        assert!(cache.get(&last, 50).is_none(), "it holds no longer");
    }

    #[test]
    fn s_13_hashes_that_begin_alike_are_two() {
        let cache = Cache::default();
        let (one, mut other) = ([9; 32], [9; 32]);
        other[31] = 8;
        cache.put(one, known(50), 1);
        assert!(cache.get(&one, 1).is_some());
        assert!(cache.get(&other, 1).is_none());
    }
}
