//! What Kubernetes has said of tokens.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::refused::Refused;
use super::table::{Hash, Table};

/// A bounded table of what was said.
#[derive(Debug)]
pub(super) struct Reviewed {
    table: Table<Arc<Entry>>,
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
        Self { table: Table::default(), longest }
    }

    /// What is known of a token.
    pub(super) fn entry(&self, hash: Hash) -> Arc<Entry> {
        let now = Instant::now();
        let mut part = self.table.part(&hash);
        if let Some(entry) = part.get(&hash) {
            entry.known().used = now;
            return entry.clone();
        }
        let known = Mutex::new(Known { said: None, used: now });
        let entry = Arc::new(Entry { turn: Arc::default(), known });
        let is_of_use = |entry: &Arc<Entry>| now - entry.known().used < self.longest;
        part.put(hash, entry.clone(), is_of_use);
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
        self.known().said = Some(Said { counts, asked });
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(number: u32) -> Hash {
        let mut hash = [0; 32];
        hash[..4].copy_from_slice(&number.to_le_bytes());
        hash
    }

    #[tokio::test(start_paused = true)]
    async fn s_29_the_table_has_a_bound_and_forgets_what_is_over() {
        let reviewed = Reviewed::new(Duration::from_secs(60));
        for number in 0..40_000 {
            reviewed.entry(hash(number)).say(Ok(()), Instant::now());
        }
        let (len, most) = (reviewed.table.len(), Table::<Arc<Entry>>::MOST);
        assert!(len <= most, "{len}");
        tokio::time::advance(Duration::from_secs(61)).await;
        let kept = reviewed.entry(hash(1_000_000));
        kept.say(Ok(()), Instant::now());
        for number in 50_000..50_600 {
            reviewed.entry(hash(number));
        }
        assert!(reviewed.entry(hash(1_000_000)).said().is_some(), "others were of no use");
    }
}
