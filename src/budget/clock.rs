//! The time of day, as a thing that is passed in.

use std::time::{SystemTime, UNIX_EPOCH};

/// Tells the time. Tests bring their own; any `Fn() -> i64` is one.
pub trait Clock: Send + Sync {
    /// Seconds since the Unix epoch, rounded down.
    fn now(&self) -> i64;
}

impl<F: Fn() -> i64 + Send + Sync> Clock for F {
    fn now(&self) -> i64 {
        self()
    }
}

/// The machine's wall clock.
#[derive(Clone, Copy, Debug)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> i64 {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
    }
}
