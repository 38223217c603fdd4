//! Calendar windows, in UTC.

use std::{fmt, str::FromStr};

use jiff::{Timestamp, tz::Offset};
use serde::{Deserialize, Serialize};

use super::Invalid;

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
const WEEK: i64 = 7 * DAY;
/// The first Monday, 1970-01-05: the epoch was a Thursday.
const MONDAY: i64 = 4 * DAY;

/// The stretch of time that a limit holds for. Windows follow the calendar (UTC) and each other
/// without a gap.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum Window {
    /// From second 0.
    Minute,
    /// From minute 0.
    Hour,
    /// From midnight.
    Day,
    /// From Monday (ISO 8601).
    Week,
    /// From the first of the month.
    Month,
    /// One that never ends: of limits on what is under way at once.
    Always,
}

impl Window {
    /// The window that holds `now`: from the first second inside to the first one behind. All in
    /// seconds since the Unix epoch.
    pub fn bounds(&self, now: i64) -> (i64, i64) {
        // Inside what jiff can tell the date of (years ±9999), so that nothing overflows below.
        let now = now.clamp(Timestamp::MIN.as_second() + WEEK, Timestamp::MAX.as_second() - WEEK);
        let every = |length: i64, origin: i64| {
            let start = (now - origin).div_euclid(length) * length + origin;
            (start, start + length)
        };
        match self {
            Self::Minute => every(MINUTE, 0),
            Self::Hour => every(HOUR, 0),
            Self::Day => every(DAY, 0),
            Self::Week => every(WEEK, MONDAY),
            Self::Always => (0, i64::MAX),
            Self::Month => {
                // In range by the clamp above, so the default is never taken.
                let time = Timestamp::from_second(now).unwrap_or_default();
                let date = Offset::UTC.to_datetime(time).date();
                let start = now.div_euclid(DAY) * DAY - (i64::from(date.day()) - 1) * DAY;
                (start, start + i64::from(date.days_in_month()) * DAY)
            }
        }
    }
}

impl Window {
    /// Of a rolling window, its length in seconds: what is charged in one slice, which
    /// [`Window::bounds`] tells, counts until so long after the slice. Others have none.
    pub const fn span(&self) -> Option<i64> {
        None
    }
}

impl FromStr for Window {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        match text {
            "minute" => Ok(Self::Minute),
            "hour" => Ok(Self::Hour),
            "day" => Ok(Self::Day),
            "week" => Ok(Self::Week),
            "month" => Ok(Self::Month),
            "always" => Ok(Self::Always),
            _ => Err(Invalid::new(text, "one of minute, hour, day, week, month")),
        }
    }
}

impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Minute => "minute",
            Self::Hour => "hour",
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
            Self::Always => "always",
        })
    }
}

impl TryFrom<String> for Window {
    type Error = Invalid;

    fn try_from(text: String) -> Result<Self, Invalid> {
        text.parse()
    }
}

impl From<Window> for String {
    fn from(window: Window) -> Self {
        window.to_string()
    }
}

#[cfg(test)]
mod tests;
