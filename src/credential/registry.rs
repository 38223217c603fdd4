//! What outlives a reload of the configuration: which keys rest, which tokens are fresh.

use std::sync::{Arc, Mutex, PoisonError, Weak};

/// What is in use, by what the configuration says of it. Bounded by the configurations that are in
/// use: nothing is kept here that none of them holds.
#[derive(Debug)]
pub(super) struct Registry<T>(Mutex<Vec<Weak<T>>>);

impl<T: PartialEq> Registry<T> {
    pub(super) const fn new() -> Self {
        Self(Mutex::new(Vec::new()))
    }

    /// The one that is in use and equal to `new`, else `new`.
    pub(super) fn share(&self, new: T) -> Arc<T> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|one| one.strong_count() > 0);
        if let Some(same) = known.iter().filter_map(Weak::upgrade).find(|one| **one == new) {
            return same;
        }
        let new = Arc::new(new);
        known.push(Arc::downgrade(&new));
        new
    }
}
