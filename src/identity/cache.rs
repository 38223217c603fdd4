//! What has been found out about tokens, so that a signature is checked once a token.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::caller::Caller;
use super::refused::Refused;

/// Tokens are known by their whole hash: two that begin alike are two (S-13).
pub(super) type Hash = [u8; 32];

/// Parts of the table, each under a lock of its own.
const SHARDS: usize = 16;
/// Most entries of a part (S-29).
const MOST: usize = 1024;

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
#[derive(Debug)]
pub(super) struct Cache {
    shards: [Mutex<HashMap<Hash, Known>>; SHARDS],
}

impl Default for Cache {
    fn default() -> Self {
        Self { shards: std::array::from_fn(|_| Mutex::default()) }
    }
}

impl Cache {
    /// What is known of a token and still holds `now`.
    pub(super) fn get(&self, hash: &Hash, now: u64) -> Option<Known> {
        self.shard(hash)?.get(hash).filter(|known| now < known.until).cloned()
    }

    /// Remembers what was found out `now`.
    pub(super) fn put(&self, hash: Hash, known: Known, now: u64) {
        let Some(mut shard) = self.shard(&hash) else { return };
        if shard.len() >= MOST {
            shard.retain(|_, known| now < known.until);
        }
        if shard.len() >= MOST {
            // Any: which one comes first nobody outside can tell.
            let first = shard.keys().next().copied();
            first.and_then(|first| shard.remove(&first));
        }
        shard.insert(hash, known);
    }

    fn shard(&self, hash: &Hash) -> Option<MutexGuard<'_, HashMap<Hash, Known>>> {
        let shard = self.shards.get(usize::from(hash[0]) % SHARDS)?;
        Some(shard.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// How many tokens are known.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.shards.iter().map(|shard| shard.lock().map_or(0, |shard| shard.len())).sum()
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
        assert!(cache.len() <= SHARDS * MOST, "{}", cache.len());

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
