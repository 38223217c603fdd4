//! How windows are written, in the configuration and in the journal:
//!
//! ```text
//! day
//! day in Europe/Berlin
//! week from wednesday in Asia/Tokyo
//! month from 15
//! rolling 5h
//! always
//! ```

use std::{fmt, str::FromStr};

use jiff::civil::Weekday;

use super::{
    Invalid, Window,
    calendar::{Calendar, Period, WEEKDAYS, Zone},
};

impl FromStr for Window {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        if text == "always" {
            return Ok(Self::Always);
        }
        if let Some(span) = text.strip_prefix("rolling ") {
            return span.parse().map(Self::Rolling);
        }
        let (period, zone) = match text.split_once(" in ") {
            Some((period, zone)) => (period, zone.parse()?),
            None => (text, Zone::UTC),
        };
        let (name, from) = match period.split_once(" from ") {
            Some((name, from)) => (name, Some(from)),
            None => (period, None),
        };
        let period = match (name, from) {
            ("minute", None) => Period::Minute,
            ("hour", None) => Period::Hour,
            ("day", None) => Period::Day,
            ("week", from) => Period::Week(from.map_or(Ok(Weekday::Monday), weekday)?),
            ("month", from) => Period::Month(from.map_or(Ok(1), day_of_month)?),
            _ => return Err(Invalid::new(text, EXPECTED)),
        };
        Ok(Self::of(period, zone))
    }
}

const EXPECTED: &str = "minute, hour, day, week or month, with a time zone and a first day if \
                        need be, such as day in Europe/Berlin, week from sunday or month from 15; \
                        or rolling 5h";

fn weekday(text: &str) -> Result<Weekday, Invalid> {
    let known = WEEKDAYS.iter().find(|(name, _)| *name == text);
    known.map(|(_, day)| *day).ok_or_else(|| Invalid::new(text, "a weekday, such as sunday"))
}

fn day_of_month(text: &str) -> Result<i8, Invalid> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit());
    let day = if plain { text.parse().ok() } else { None };
    let day = day.filter(|day| (1..=31).contains(day));
    day.ok_or_else(|| Invalid::new(text, "a day of the month from 1 to 31"))
}

impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Minute => f.write_str("minute"),
            Self::Hour => f.write_str("hour"),
            Self::Day => f.write_str("day"),
            Self::Week => f.write_str("week"),
            Self::Month => f.write_str("month"),
            Self::Calendar(calendar) => calendar.fmt(f),
            Self::Rolling(span) => write!(f, "rolling {span}"),
            Self::Always => f.write_str("always"),
        }
    }
}

impl fmt::Display for Calendar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.period().fmt(f)?;
        if self.zone().is_utc() { Ok(()) } else { write!(f, " in {}", self.zone()) }
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Minute => f.write_str("minute"),
            Self::Hour => f.write_str("hour"),
            Self::Day => f.write_str("day"),
            Self::Week(Weekday::Monday) => f.write_str("week"),
            Self::Week(from) => {
                let name = WEEKDAYS.iter().find(|(_, day)| day == from);
                write!(f, "week from {}", name.map_or("monday", |(name, _)| name))
            }
            Self::Month(1) => f.write_str("month"),
            Self::Month(from) => write!(f, "month from {from}"),
        }
    }
}
