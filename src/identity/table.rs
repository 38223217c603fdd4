//! A bounded table by the hashes of tokens.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Tokens are known by their whole hash: two that begin alike are two (S-13).
pub(super) type Hash = [u8; 32];

/// Parts of the table, each under a lock of its own.
const PARTS: usize = 16;
/// Most entries of a part (S-29).
const MOST: usize = 1024;

/// The table.
#[derive(Debug)]
pub(super) struct Table<T> {
    parts: [Mutex<Part<T>>; PARTS],
}

/// Where the hashes are that begin alike.
#[derive(Debug)]
pub(super) struct Part<T> {
    entries: HashMap<Hash, T>,
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        let part = || Part { entries: HashMap::new() };
        Self { parts: std::array::from_fn(|_| Mutex::new(part())) }
    }
}

impl<T> Table<T> {
    /// Most entries of all parts.
    #[cfg(test)]
    pub(super) const MOST: usize = PARTS * MOST;

    /// The part where a hash is.
    pub(super) fn part(&self, hash: &Hash) -> MutexGuard<'_, Part<T>> {
        let [first, ..] = &self.parts;
        let part = self.parts.get(usize::from(hash[0]) % PARTS).unwrap_or(first);
        part.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many entries there are.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.parts.iter().map(|part| part.lock().map_or(0, |part| part.entries.len())).sum()
    }
}

impl<T> Part<T> {
    pub(super) fn get(&self, hash: &Hash) -> Option<&T> {
        self.entries.get(hash)
    }

    /// Puts an entry there. If there is no room, those go that are of no use, or else one of them.
    pub(super) fn put(&mut self, hash: Hash, entry: T, is_of_use: impl Fn(&T) -> bool) {
        if self.entries.len() >= MOST {
            self.entries.retain(|_, entry| is_of_use(entry));
        }
        if self.entries.len() >= MOST {
            // Any: which one comes first nobody outside can tell.
            let first = self.entries.keys().next().copied();
            first.and_then(|first| self.entries.remove(&first));
        }
        self.entries.insert(hash, entry);
    }
}
