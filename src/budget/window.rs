//! The stretches of time that limits hold for.

mod calendar;
mod span;
mod text;

use jiff::{Timestamp, civil::Weekday, tz::Offset};
use serde::{Deserialize, Serialize};

use super::Invalid;
use calendar::{Calendar, Period, Zone};
use span::Span;

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
const WEEK: i64 = 7 * DAY;
/// The first Monday, 1970-01-05: the epoch was a Thursday.
const MONDAY: i64 = 4 * DAY;

/// The stretch of time that a limit holds for.
///
/// Those of a calendar follow each other without a gap. A rolling one is the time until now; it is
/// counted in slices, of which [`Window::bounds`] tells the current one.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum Window {
    /// From second 0.
    Minute,
    /// From minute 0.
    Hour,
    /// From midnight, in UTC.
    Day,
    /// From Monday (ISO 8601), in UTC.
    Week,
    /// From the first of the month, in UTC.
    Month,
    /// One of these in another time zone, or from another day.
    Calendar(Box<Calendar>),
    /// The last so many seconds.
    Rolling(Span),
    /// One that never ends: of limits on what is under way at once.
    Always,
}

impl Window {
    /// The window that holds `now`, or the slice of a rolling one that does: from the first second
    /// inside to the first one behind. All in seconds since the Unix epoch.
    pub fn bounds(&self, now: i64) -> (i64, i64) {
        // Inside what jiff can tell the date of (years ±9999), so that nothing overflows below.
        const MARGIN: i64 = 400 * DAY;
        let (first, last) = (Timestamp::MIN.as_second(), Timestamp::MAX.as_second());
        let now = now.clamp(first + MARGIN, last - MARGIN);
        match self {
            Self::Minute => every(MINUTE, 0, now),
            Self::Hour => every(HOUR, 0, now),
            Self::Day => every(DAY, 0, now),
            Self::Week => every(WEEK, MONDAY, now),
            Self::Month => {
                // In range by the clamp above, so the default is never taken.
                let time = Timestamp::from_second(now).unwrap_or_default();
                let date = Offset::UTC.to_datetime(time).date();
                let start = now.div_euclid(DAY) * DAY - (i64::from(date.day()) - 1) * DAY;
                (start, start + i64::from(date.days_in_month()) * DAY)
            }
            Self::Calendar(calendar) => calendar.bounds(now),
            Self::Rolling(span) => every(span.slice(), 0, now),
            Self::Always => (0, i64::MAX),
        }
    }

    /// How long a rolling window is, in seconds: what was counted in a slice counts until so long
    /// after the slice's end. `None` for windows that begin anew at their end.
    pub const fn span(&self) -> Option<i64> {
        match self {
            Self::Rolling(span) => Some(span.seconds()),
            _ => None,
        }
    }

    /// The names of the time zones that there are.
    pub fn zones() -> impl Iterator<Item = String> {
        Zone::names()
    }

    /// A calendar's period in a zone. What is a variant of its own never is a [`Calendar`], so that
    /// equal windows compare equal.
    fn of(period: Period, zone: Zone) -> Self {
        match (period, zone.is_utc()) {
            (Period::Minute, true) => Self::Minute,
            (Period::Hour, true) => Self::Hour,
            (Period::Day, true) => Self::Day,
            (Period::Week(Weekday::Monday), true) => Self::Week,
            (Period::Month(1), true) => Self::Month,
            _ => Self::Calendar(Box::new(Calendar::new(period, zone))),
        }
    }
}

/// The stretch that holds `now`, of those of one length that begin at `origin`.
const fn every(length: i64, origin: i64, now: i64) -> (i64, i64) {
    let start = (now - origin).div_euclid(length) * length + origin;
    (start, start + length)
}

#[cfg(test)]
mod tests;
