//! Calendar windows in a time zone, and from another day than usual.
//!
//! A day begins with its first second on the zone's clocks, so it lasts 23 or 25 hours where they
//! are put forward or back, and begins at one o'clock where that is what follows on midnight's
//! eve. An hour follows the clocks' face too (India's begin at half past in UTC), and ends early
//! where the clocks are moved by part of an hour.

use std::{
    fmt,
    hash::{Hash, Hasher},
    str::FromStr,
    sync::LazyLock,
};

use jiff::{
    Timestamp,
    civil::{Date, Time, Weekday},
    tz::{AmbiguousOffset, TimeZone, TimeZoneDatabase},
};

use super::{HOUR, Invalid, MINUTE, every};

/// The zones of this build, not those of the machine: replicas must agree when a window ends.
static ZONES: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);

/// The weekdays, as they are written.
pub(super) const WEEKDAYS: [(&str, Weekday); 7] = [
    ("monday", Weekday::Monday),
    ("tuesday", Weekday::Tuesday),
    ("wednesday", Weekday::Wednesday),
    ("thursday", Weekday::Thursday),
    ("friday", Weekday::Friday),
    ("saturday", Weekday::Saturday),
    ("sunday", Weekday::Sunday),
];

/// A time zone, by its name in the IANA database.
#[derive(Clone)]
pub struct Zone(TimeZone);

impl Zone {
    pub(super) const UTC: Self = Self(TimeZone::UTC);

    pub(super) fn is_utc(&self) -> bool {
        self.name() == "UTC"
    }

    /// Its name.
    pub fn name(&self) -> &str {
        self.0.iana_name().unwrap_or("UTC")
    }

    /// The names of all zones that there are.
    pub fn names() -> impl Iterator<Item = String> {
        ZONES.available().map(|name| name.to_string())
    }

    /// By how much its clocks are ahead of UTC, in seconds.
    fn offset(&self, now: i64) -> i64 {
        i64::from(self.0.to_offset(timestamp(now)).seconds())
    }

    /// The first second in which its clocks show this date, or a later one.
    fn first_second(&self, date: Date) -> i64 {
        let midnight = self.0.to_ambiguous_timestamp(date.to_datetime(Time::midnight()));
        let first = match midnight.offset() {
            // Midnight is skipped. It would have been, by the clocks after the change, before it.
            AmbiguousOffset::Gap { after, .. } => {
                let before = after.to_timestamp(midnight.datetime());
                let change = before.ok().and_then(|before| self.0.following(before).next());
                change.map(|change| change.timestamp())
            }
            AmbiguousOffset::Unambiguous { .. } | AmbiguousOffset::Fold { .. } => {
                midnight.earlier().ok()
            }
        };
        // Dates are within what `Window::bounds` leaves of jiff's range.
        first.unwrap_or_default().as_second()
    }
}

/// Within what `Window::bounds` leaves of jiff's range, so the default is never taken.
fn timestamp(now: i64) -> Timestamp {
    Timestamp::from_second(now).unwrap_or_default()
}

impl FromStr for Zone {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let zone = ZONES.get(text).ok().filter(|zone| zone.iana_name().is_some());
        let expected = "the name of a time zone, such as Europe/Berlin";
        zone.map(Self).ok_or_else(|| Invalid::new(text, expected))
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Debug for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl PartialEq for Zone {
    fn eq(&self, other: &Self) -> bool {
        self.name() == other.name()
    }
}

impl Eq for Zone {}

impl Hash for Zone {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name().hash(state);
    }
}

/// What a calendar is divided into.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Period {
    Minute,
    Hour,
    Day,
    /// From this day on.
    Week(Weekday),
    /// From this day on, or from the month's last where the month is too short to have it.
    Month(i8),
}

/// Periods of a calendar in a zone.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Calendar {
    period: Period,
    zone: Zone,
}

impl Calendar {
    pub(super) const fn new(period: Period, zone: Zone) -> Self {
        Self { period, zone }
    }

    pub(super) const fn period(&self) -> Period {
        self.period
    }

    pub(super) const fn zone(&self) -> &Zone {
        &self.zone
    }

    /// As [`super::Window::bounds`]; `now` is well within jiff's range.
    pub(super) fn bounds(&self, now: i64) -> (i64, i64) {
        match self.period {
            Period::Minute => self.of_the_clock(MINUTE, now),
            Period::Hour => self.of_the_clock(HOUR, now),
            Period::Day | Period::Week(_) | Period::Month(_) => self.of_days(now),
        }
    }

    /// Equal parts of a day, cut where the zone's clocks are moved within one.
    fn of_the_clock(&self, length: i64, now: i64) -> (i64, i64) {
        let offset = self.zone.offset(now);
        let (mut start, mut end) = every(length, -offset, now);
        let zone = &self.zone.0;
        if self.zone.offset(start) != offset {
            // The change at `now` itself counts: it is just behind us.
            let change = zone.preceding(timestamp(now + 1)).next();
            start = change.map_or(start, |change| change.timestamp().as_second());
        }
        if self.zone.offset(end - 1) != offset {
            let change = zone.following(timestamp(now)).next();
            end = change.map_or(end, |change| change.timestamp().as_second());
        }
        (start, end)
    }

    /// From the first second of a day to that of another.
    fn of_days(&self, now: i64) -> (i64, i64) {
        let today = self.zone.0.to_datetime(timestamp(now)).date();
        let mut first = self.start(today);
        let mut start = self.zone.first_second(first);
        // Clocks that are put back over midnight show yesterday's date again for a while; the new
        // day began when they showed it first.
        let mut next = self.after(first);
        let mut end = self.zone.first_second(next);
        while end <= now {
            (first, start) = (next, end);
            next = self.after(first);
            end = self.zone.first_second(next);
        }
        (start, end)
    }

    /// The first day of the period that `date` is in.
    fn start(&self, date: Date) -> Date {
        let start = match self.period {
            Period::Week(from) => {
                let past = from.until(date.weekday());
                date.checked_sub(jiff::Span::new().days(past))
            }
            Period::Month(from) => {
                let this = clamped(date, from);
                if this <= date {
                    Ok(this)
                } else {
                    date.first_of_month().yesterday().map(|last| clamped(last, from))
                }
            }
            Period::Minute | Period::Hour | Period::Day => Ok(date),
        };
        start.unwrap_or(date)
    }

    /// The first day of the period after the one that begins with `first`.
    fn after(&self, first: Date) -> Date {
        let next = match self.period {
            Period::Week(_) => first.checked_add(jiff::Span::new().days(7)),
            Period::Month(from) => first.last_of_month().tomorrow().map(|next| clamped(next, from)),
            Period::Minute | Period::Hour | Period::Day => first.tomorrow(),
        };
        next.unwrap_or(Date::MAX)
    }
}

/// This day of the month that `date` is in, or its last.
fn clamped(date: Date, day: i8) -> Date {
    let day = day.min(date.days_in_month());
    date.with().day(day).build().unwrap_or(date)
}
