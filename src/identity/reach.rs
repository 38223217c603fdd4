//! Whether a server can be asked, as far as its last answers tell.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

/// How long nobody asks after nobody could.
pub(super) const SPACING: Duration = Duration::from_secs(1);

/// While a server can't be asked, one question at a time finds out whether it can be again: the
/// others need not wait for what is known, and one that comes back is not stormed.
#[derive(Debug)]
pub(super) struct Reach {
    /// When it could not be asked last, unless it could be since.
    failed: Mutex<Option<Instant>>,
    one: Arc<Semaphore>,
}

/// Leave to ask it. Holds back the others while it can't be asked.
pub(super) struct Leave {
    _one: Option<OwnedSemaphorePermit>,
}

impl Default for Reach {
    fn default() -> Self {
        Self { failed: Mutex::default(), one: Arc::new(Semaphore::new(1)) }
    }
}

impl Reach {
    /// Leave to ask; `None` if somebody else finds out whether anybody can.
    pub(super) fn leave(&self, now: Instant) -> Option<Leave> {
        let Some(failed) = *self.failed() else { return Some(Leave { _one: None }) };
        if now.saturating_duration_since(failed) < SPACING {
            return None;
        }
        let one = self.one.clone().try_acquire_owned().ok()?;
        Some(Leave { _one: Some(one) })
    }

    /// Whether it can't be asked.
    pub(super) fn is_away(&self) -> bool {
        self.failed().is_some()
    }

    /// Whether it could not be asked, at that moment or later.
    pub(super) fn failed_since(&self, moment: Instant) -> bool {
        self.failed().is_some_and(|failed| failed >= moment)
    }

    /// It has answered. Whether that is news.
    pub(super) fn answered(&self) -> bool {
        self.failed().take().is_some()
    }

    /// It could not be asked. Whether that is news.
    pub(super) fn has_failed(&self) -> bool {
        self.failed().replace(Instant::now()).is_none()
    }

    fn failed(&self) -> MutexGuard<'_, Option<Instant>> {
        self.failed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
