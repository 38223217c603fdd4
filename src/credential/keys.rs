//! Several keys of one backend: the first that does not rest is shown.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::digest::Digest;
use super::registry::Registry;
use super::{Secret, SecretSource};

/// How long a key rests that was not accepted: somebody is exchanging it, or has blocked it.
const UNACCEPTED: Duration = Duration::from_secs(60);
/// How long a key rests that was asked too often, where nobody says how long.
const LIMITED: Duration = Duration::from_secs(10);
/// Shortest and longest rest that is believed.
const SHORTEST: Duration = Duration::from_secs(1);
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
            Self::Limited(wish) => wish.unwrap_or(LIMITED).clamp(SHORTEST, LONGEST),
        }
    }
}

/// The keys of a backend, in the order in which they are preferred. Which of them rest, and until
/// when, stays so over a reload.
#[derive(Debug)]
pub(super) struct Keys {
    /// Whose they are: another backend with the same keys has limits of its own.
    backend: String,
    sources: Vec<Arc<SecretSource>>,
    rests: Mutex<Vec<Option<Rest>>>,
}

/// A key that rests. One that takes its place, in a file, does not.
#[derive(Clone, Copy, Debug)]
struct Rest {
    key: Digest,
    until: Instant,
}

impl PartialEq for Keys {
    fn eq(&self, other: &Self) -> bool {
        (&self.backend, &self.sources) == (&other.backend, &other.sources)
    }
}

impl Keys {
    /// These keys of a backend, with the rests that they have already.
    pub(super) fn of(backend: &str, sources: Vec<Arc<SecretSource>>) -> Arc<Self> {
        let rests = Mutex::new(vec![None; sources.len()]);
        let keys = Self { backend: backend.to_owned(), sources, rests };
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
                let rests = rests.iter().zip(&self.sources);
                let left = rests.map(|(rest, source)| left(*rest, source, now));
                // The first of several that are the same.
                left.enumerate().min_by_key(|(_, left)| *left)?.0
            }
        };
        Some((key, self.sources.get(key)?.current()))
    }

    /// A key was refused, of which this was shown: it rests, unless it was exchanged since. Whether
    /// there is one that does not.
    pub(super) fn refused(&self, key: usize, shown: Digest, why: Refusal, now: Instant) -> bool {
        let mut rests = self.rests.lock().unwrap_or_else(PoisonError::into_inner);
        let is_current = |source: &Arc<SecretSource>| source.current().digest() == &shown;
        if let Some(rest) = rests.get_mut(key)
            && self.sources.get(key).is_some_and(is_current)
        {
            let known = rest.filter(|rest| rest.key == shown).map(|rest| rest.until);
            *rest = Some(Rest { key: shown, until: (now + why.rest()).max(known.unwrap_or(now)) });
        }
        rests.iter().zip(&self.sources).any(|(rest, source)| left(*rest, source, now).is_none())
    }
}

/// Until when a key rests; `None` if it does not.
fn left(rest: Option<Rest>, source: &SecretSource, now: Instant) -> Option<Instant> {
    let Rest { key, until } = rest?;
    (until > now && source.current().digest() == &key).then_some(until)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn keys(names: &[&str]) -> Arc<Keys> {
        keys_of("backend", names)
    }

    fn keys_of(backend: &str, names: &[&str]) -> Arc<Keys> {
        let source = |name: &&str| {
            Arc::new(SecretSource::fixed(Secret::token(name.as_bytes().to_vec()).unwrap()))
        };
        Keys::of(backend, names.iter().map(source).collect())
    }

    fn refused(keys: &Keys, key: usize, why: Refusal, now: Instant) -> bool {
        let shown = *keys.sources().nth(key).unwrap().current().digest();
        keys.refused(key, shown, why, now)
    }

    fn picked(keys: &Keys, now: Instant) -> usize {
        keys.pick(now).unwrap().0
    }

    #[test]
    fn the_first_key_that_does_not_rest_is_shown() {
        let keys = keys(&["first", "second", "third"]);
        let now = Instant::now();
        assert_eq!(picked(&keys, now), 0);
        assert!(refused(&keys, 0, Refusal::Limited(Some(Duration::from_secs(30))), now));
        assert_eq!(picked(&keys, now), 1);
        assert!(refused(&keys, 1, Refusal::Unaccepted, now));
        assert_eq!(picked(&keys, now), 2);
        assert!(!refused(&keys, 2, Refusal::Limited(None), now), "all rest");
        assert_eq!(picked(&keys, now), 2, "its rest ends first");
        assert_eq!(picked(&keys, now + Duration::from_secs(31)), 0);
    }

    #[test]
    fn no_key_rests_for_longer_than_can_be_meant() {
        let keys = keys(&["one", "two"]);
        let now = Instant::now();
        refused(&keys, 0, Refusal::Limited(Some(Duration::MAX)), now);
        refused(&keys, 0, Refusal::Limited(Some(Duration::ZERO)), now);
        assert_eq!(picked(&keys, now), 1, "a shorter wish ends no rest");
        assert_eq!(picked(&keys, now + LONGEST), 0);
    }

    #[test]
    fn rests_outlive_a_reload_and_end_with_another_key() {
        let before = keys(&["kept", "spare"]);
        let now = Instant::now();
        refused(&before, 0, Refusal::Unaccepted, now);
        assert_eq!(picked(&keys(&["kept", "spare"]), now), 1);
        assert_eq!(picked(&keys(&["exchanged", "spare"]), now), 0);
    }

    #[test]
    fn what_one_backend_refuses_another_may_take() {
        let (one, other) = (keys_of("one", &["same", "s"]), keys_of("other", &["same", "s"]));
        let now = Instant::now();
        refused(&one, 0, Refusal::Limited(None), now);
        assert_eq!((picked(&one, now), picked(&other, now)), (1, 0));
    }

    #[test]
    fn a_key_that_is_exchanged_in_its_file_does_not_rest() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("key");
        std::fs::write(&file, "blocked").unwrap();
        let first = Arc::new(SecretSource::from_file(&file).unwrap());
        let spare = Arc::new(SecretSource::fixed(Secret::token(b"spare".to_vec()).unwrap()));
        let keys = Keys::of("rotated", vec![first.clone(), spare]);
        let now = Instant::now();
        let shown = *first.current().digest();
        assert!(keys.refused(0, shown, Refusal::Unaccepted, now));
        assert_eq!(picked(&keys, now), 1);
        std::fs::write(&file, "fresh").unwrap();
        super::super::source::refresh_after([&*first], || {});
        assert_eq!(picked(&keys, now), 0, "another key is there");
        // A late answer to the old one says nothing of the new one.
        assert!(keys.refused(0, shown, Refusal::Unaccepted, now));
        assert_eq!(picked(&keys, now), 0);
        // It ends no rest of the new one, either.
        assert!(refused(&keys, 0, Refusal::Limited(Some(Duration::from_secs(30))), now));
        assert!(keys.refused(0, shown, Refusal::Unaccepted, now));
        assert_eq!(picked(&keys, now), 1);
        assert_eq!(picked(&keys, now + Duration::from_secs(30)), 0);
    }
}
