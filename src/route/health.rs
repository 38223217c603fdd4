//! Outlier ejection: a backend that keeps failing is left alone for a while, then tried again.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Failures in a row after which a backend is left alone.
const FAILURES: u32 = 5;
/// How long it is left alone the first time; each time in a row doubles it.
const FIRST_REST: Duration = Duration::from_secs(5);
/// The longest it is left alone, and the longest `retry-after` that is believed.
const LONGEST_REST: Duration = Duration::from_secs(300);

/// How the backends have been doing, by name. Lives across reloads.
#[derive(Debug, Default)]
pub struct Health {
    states: Mutex<HashMap<String, State>>,
}

#[derive(Debug, Default)]
struct State {
    /// Failures in a row.
    failures: u32,
    /// Ejections in a row.
    ejections: u32,
    /// Not to be tried before.
    resting_until: Option<Instant>,
}

impl Health {
    /// Whether a backend may be tried now. Once its rest is over, calls go to it again, and the
    /// first failure among them sends it back to rest.
    pub fn is_available(&self, backend: &str, now: Instant) -> bool {
        let states = self.states.lock().unwrap_or_else(PoisonError::into_inner);
        states.get(backend).and_then(|state| state.resting_until).is_none_or(|until| now >= until)
    }

    /// It answered: its failures are forgiven. A rest goes on, since an answer that was under way
    /// when it began says nothing of now.
    pub fn succeeded(&self, backend: &str) {
        let mut states = self.states.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(state) = states.get_mut(backend) {
            state.failures = 0;
            state.ejections = 0;
        }
    }

    /// It failed: connection, TLS, timeout or 5xx. Returns whether this ejected it.
    pub fn failed(&self, backend: &str, now: Instant) -> bool {
        let mut states = self.states.lock().unwrap_or_else(PoisonError::into_inner);
        let state = states.entry(backend.to_owned()).or_default();
        state.failures = state.failures.saturating_add(1);
        let tried_again = state.ejections > 0;
        if state.failures < FAILURES && !tried_again {
            return false;
        }
        if state.resting_until.is_some_and(|until| now < until) {
            return false;
        }
        let rest = FIRST_REST * 2_u32.saturating_pow(state.ejections.min(10));
        state.ejections = state.ejections.saturating_add(1);
        state.resting_until = Some(now + rest.min(LONGEST_REST));
        true
    }

    /// It asked to be left alone (429 or 503 with `retry-after`).
    pub fn rest(&self, backend: &str, wish: Duration, now: Instant) {
        let mut states = self.states.lock().unwrap_or_else(PoisonError::into_inner);
        let state = states.entry(backend.to_owned()).or_default();
        let until = now + wish.min(LONGEST_REST);
        state.resting_until = Some(state.resting_until.map_or(until, |old| old.max(until)));
    }

    /// Forgets backends that are not in the config any more, so that the map stays bounded.
    pub fn retain(&self, keep: impl Fn(&str) -> bool) {
        self.states.lock().unwrap_or_else(PoisonError::into_inner).retain(|name, _| keep(name));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_failures_in_a_row_eject_and_time_brings_back() {
        let health = Health::default();
        let start = Instant::now();
        for _ in 0..4 {
            assert!(!health.failed("a", start));
            assert!(health.is_available("a", start));
        }
        assert!(health.failed("a", start));
        assert!(!health.is_available("a", start));
        assert!(health.is_available("b", start));

        let later = start + FIRST_REST;
        assert!(health.is_available("a", later));
        assert!(health.failed("a", later), "one failure on trial is enough");
        assert!(!health.is_available("a", later + FIRST_REST));
        assert!(health.is_available("a", later + FIRST_REST * 2));

        health.succeeded("a");
        assert!(!health.failed("a", later), "a success starts the count afresh");
    }

    #[test]
    fn a_success_between_failures_keeps_it_in() {
        let health = Health::default();
        let now = Instant::now();
        for _ in 0..20 {
            assert!(!health.failed("a", now));
            health.succeeded("a");
        }
    }

    #[test]
    fn a_wish_to_rest_is_respected_but_not_forever() {
        let health = Health::default();
        let now = Instant::now();
        health.rest("b", Duration::from_secs(60), now);
        health.succeeded("b");
        assert!(!health.is_available("b", now), "an answer from before changes nothing");
        health.rest("a", Duration::from_secs(1_000_000), now);
        assert!(!health.is_available("a", now + LONGEST_REST - Duration::from_secs(1)));
        assert!(health.is_available("a", now + LONGEST_REST));
    }
}
