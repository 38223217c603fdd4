//! What Kubernetes has said of tokens.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::cache::Hash;
use super::refused::Refused;

/// Most tokens of which something is known (S-29).
const MOST: usize = 16 * 1024;

/// A bounded table of what was said.
#[derive(Debug)]
pub(super) struct Reviewed {
    entries: Mutex<HashMap<Hash, Arc<Entry>>>,
    /// How long anything in it is of use.
    longest: Duration,
}

/// What is known of one token.
#[derive(Debug)]
pub(super) struct Entry {
    /// Whoever asks holds it.
    pub turn: Arc<tokio::sync::Mutex<()>>,
    known: Mutex<Known>,
}

#[derive(Debug)]
struct Known {
    said: Option<Said>,
    failed: Option<Instant>,
    used: Instant,
}

/// The last answer.
#[derive(Clone, Debug)]
pub(super) struct Said {
    /// Whether the token counts.
    pub counts: Result<(), Refused>,
    /// When that was asked.
    pub asked: Instant,
}

impl Reviewed {
    /// A table of answers that are of use for so long.
    pub(super) fn new(longest: Duration) -> Self {
        Self { entries: Mutex::default(), longest }
    }

    /// What is known of a token.
    pub(super) fn entry(&self, hash: Hash) -> Arc<Entry> {
        let now = Instant::now();
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(entry) = entries.get(&hash) {
            entry.known().used = now;
            return entry.clone();
        }
        if entries.len() >= MOST {
            entries.retain(|_, entry| now - entry.known().used < self.longest);
        }
        if entries.len() >= MOST {
            // Any: which one comes first nobody outside can tell.
            let first = entries.keys().next().copied();
            first.and_then(|first| entries.remove(&first));
        }
        let known = Mutex::new(Known { said: None, failed: None, used: now });
        let entry = Arc::new(Entry { turn: Arc::default(), known });
        entries.insert(hash, entry.clone());
        entry
    }
}

impl Entry {
    /// The last answer.
    pub(super) fn said(&self) -> Option<Said> {
        self.known().said.clone()
    }

    /// Remembers an answer to what was asked at a moment.
    pub(super) fn say(&self, counts: Result<(), Refused>, asked: Instant) {
        let mut known = self.known();
        known.said = Some(Said { counts, asked });
        known.failed = None;
    }

    /// Nobody could be asked.
    pub(super) fn fail(&self) {
        self.known().failed = Some(Instant::now());
    }

    /// Whether nobody could be asked, at that moment or later.
    pub(super) fn failed_since(&self, moment: Instant) -> bool {
        self.known().failed.is_some_and(|failed| failed >= moment)
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
