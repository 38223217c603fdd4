//! Several keys of one backend: the first that does not rest is shown.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::registry::Registry;
use super::{Secret, SecretSource};

/// How long a key rests that was not accepted: somebody is exchanging it, or has blocked it.
const UNACCEPTED: Duration = Duration::from_secs(60);
/// How long a key rests that was asked too often, where nobody says how long.
const LIMITED: Duration = Duration::from_secs(10);
/// Longest rest that is believed.
const LONGEST: Duration = Duration::from_secs(300);

static KEYS: Registry<Keys> = Registry::new();

/// Why a backend did not take a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// It does not know it.
    Unaccepted,
    /// It was asked too often with it; for so long, where it says how long.
    Limited(Option<Duration>),
}

impl Refusal {
    fn rest(self) -> Duration {
        match self {
            Self::Unaccepted => UNACCEPTED,
            Self::Limited(wish) => wish.unwrap_or(LIMITED).min(LONGEST),
        }
    }
}

/// The keys of a backend, in the order in which they are preferred. Which of them rest, and until
/// when, stays so over a reload.
#[derive(Debug)]
pub(super) struct Keys {
    sources: Vec<Arc<SecretSource>>,
    rests: Mutex<Vec<Option<Instant>>>,
}

impl PartialEq for Keys {
    fn eq(&self, other: &Self) -> bool {
        self.sources == other.sources
    }
}

impl Keys {
    /// These keys, with the rests that they have already.
    pub(super) fn of(sources: Vec<Arc<SecretSource>>) -> Arc<Self> {
        let rests = Mutex::new(vec![None; sources.len()]);
        let keys = Self { sources, rests };
        // One key is all there is, whether it rests or not.
        if keys.sources.len() > 1 { KEYS.share(keys) } else { Arc::new(keys) }
    }

    pub(super) fn sources(&self) -> impl Iterator<Item = &Arc<SecretSource>> {
        self.sources.iter()
    }

    /// The key to show: the first that does not rest; if all do, the one that has rested longest,
    /// since the backend may well take it by now.
    pub(super) fn pick(&self, now: Instant) -> Option<(usize, Arc<Secret>)> {
        let key = match &*self.sources {
            [_] => 0,
            _ => {
                let rests = self.rests.lock().unwrap_or_else(PoisonError::into_inner);
                let rest = |(_, until): &(usize, &Option<Instant>)| until.filter(|end| *end > now);
                // The first of several that are the same.
                rests.iter().enumerate().min_by_key(rest)?.0
            }
        };
        Some((key, self.sources.get(key)?.current()))
    }

    /// A key was refused: it rests. Whether there is another that does not.
    pub(super) fn refused(&self, key: usize, why: Refusal, now: Instant) -> bool {
        let mut rests = self.rests.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(rest) = rests.get_mut(key) {
            *rest = Some(now + why.rest()).max(*rest);
        }
        rests.iter().any(|rest| rest.is_none_or(|until| until <= now))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn keys(names: &[&str]) -> Arc<Keys> {
        let source = |name: &&str| {
            Arc::new(SecretSource::fixed(Secret::token(name.as_bytes().to_vec()).unwrap()))
        };
        Keys::of(names.iter().map(source).collect())
    }

    fn picked(keys: &Keys, now: Instant) -> usize {
        keys.pick(now).unwrap().0
    }

    #[test]
    fn the_first_key_that_does_not_rest_is_shown() {
        let keys = keys(&["first", "second", "third"]);
        let now = Instant::now();
        assert_eq!(picked(&keys, now), 0);
        assert!(keys.refused(0, Refusal::Limited(Some(Duration::from_secs(30))), now));
        assert_eq!(picked(&keys, now), 1);
        assert!(keys.refused(1, Refusal::Unaccepted, now));
        assert_eq!(picked(&keys, now), 2);
        assert!(!keys.refused(2, Refusal::Limited(None), now), "all rest");
        assert_eq!(picked(&keys, now), 2, "its rest ends first");
        assert_eq!(picked(&keys, now + Duration::from_secs(31)), 0);
    }

    #[test]
    fn no_key_rests_for_longer_than_can_be_meant() {
        let keys = keys(&["one", "two"]);
        let now = Instant::now();
        keys.refused(0, Refusal::Limited(Some(Duration::MAX)), now);
        keys.refused(0, Refusal::Limited(Some(Duration::ZERO)), now);
        assert_eq!(picked(&keys, now), 1, "a shorter wish ends no rest");
        assert_eq!(picked(&keys, now + LONGEST), 0);
    }

    #[test]
    fn rests_outlive_a_reload_and_end_with_another_key() {
        let before = keys(&["kept", "spare"]);
        let now = Instant::now();
        before.refused(0, Refusal::Unaccepted, now);
        assert_eq!(picked(&keys(&["kept", "spare"]), now), 1);
        assert_eq!(picked(&keys(&["exchanged", "spare"]), now), 0);
    }
}
