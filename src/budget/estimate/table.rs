//! A map that does not grow without bound.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hash};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Entries that share a lock, one of which makes place for another.
const WAYS: usize = 4;

/// So often an entry must have been used not to be the first to go.
const SETTLED: u32 = 20;

/// At most `4 * sets` values by hashed key; whoever needs one more takes the place of one of the
/// few that its hash lets it share a lock with. First those go that were used least, so names made
/// up by the thousand push out each other. The hash is keyed with chance: nobody can aim.
#[derive(Debug)]
pub(super) struct Table<V> {
    hasher: RandomState,
    sets: Box<[Mutex<Vec<Entry<V>>>]>,
}

#[derive(Debug)]
struct Entry<V> {
    hash: u64,
    uses: u32,
    value: V,
}

impl<V> Table<V> {
    pub(super) fn new(sets: usize) -> Self {
        let sets = std::iter::repeat_with(|| Mutex::new(Vec::new())).take(sets.max(1)).collect();
        Self { hasher: RandomState::new(), sets }
    }

    /// Asks the value of a key, if there is one.
    pub(super) fn read<R>(&self, key: impl Hash, ask: impl FnOnce(&V) -> R) -> Option<R> {
        let hash = self.hasher.hash_one(key);
        let set = self.set(hash);
        set.iter().find(|entry| entry.hash == hash).map(|entry| ask(&entry.value))
    }

    /// Changes the value of a key, which is made if there is none.
    pub(super) fn change<R>(
        &self,
        key: impl Hash,
        make: impl FnOnce() -> V,
        change: impl FnOnce(&mut V) -> R,
    ) -> R {
        let hash = self.hasher.hash_one(key);
        let mut set = self.set(hash);
        // The one used last is the last.
        let found = set.iter().position(|entry| entry.hash == hash);
        let mut entry = match found {
            Some(at) => set.remove(at),
            None => {
                if set.len() >= WAYS {
                    let first = set.iter().position(|entry| entry.uses < SETTLED);
                    set.remove(first.unwrap_or_default());
                }
                Entry { hash, uses: 0, value: make() }
            }
        };
        entry.uses = entry.uses.saturating_add(1);
        let result = change(&mut entry.value);
        set.push(entry);
        result
    }

    /// Asks all values, one after another.
    pub(super) fn each(&self, mut ask: impl FnMut(&V)) {
        for set in &self.sets {
            lock(set).iter().for_each(|entry| ask(&entry.value));
        }
    }

    /// The most bytes that the values take.
    #[cfg(test)]
    pub(super) const fn memory(sets: usize) -> usize {
        sets * WAYS * size_of::<Entry<V>>()
    }

    fn set(&self, hash: u64) -> MutexGuard<'_, Vec<Entry<V>>> {
        let at = usize::try_from(hash % self.sets.len() as u64).unwrap_or_default();
        lock(&self.sets[at])
    }
}

/// What a thread that panicked has left is as good as before: values are whole at any time.
fn lock<V>(set: &Mutex<Vec<Entry<V>>>) -> MutexGuard<'_, Vec<Entry<V>>> {
    set.lock().unwrap_or_else(PoisonError::into_inner)
}
