//! Days, in UTC.

use std::fmt;

use jiff::{Timestamp, tz::Offset};
use serde::{Deserialize, Serialize};

const SECONDS: i64 = 86_400;

/// A day, counted from 1970-01-01.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(in crate::budget) struct Day(i64);

impl Day {
    /// The day of a moment, in seconds since the Unix epoch.
    pub(in crate::budget) const fn of(now: i64) -> Self {
        Self(now.div_euclid(SECONDS))
    }

    /// So many days earlier.
    pub(super) const fn before(self, days: i64) -> Self {
        Self(self.0.saturating_sub(days))
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A clock outside the years that have four digits is no clock.
        let noon = self.0.saturating_mul(SECONDS).saturating_add(SECONDS / 2);
        let time = Timestamp::from_second(noon).unwrap_or_default();
        Offset::UTC.to_datetime(time).date().fmt(f)
    }
}
