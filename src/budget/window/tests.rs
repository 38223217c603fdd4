#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use jiff::civil::{DateTime, Weekday};
use proptest::prelude::*;

use super::*;

const ALL: [Window; 5] = [Window::Minute, Window::Hour, Window::Day, Window::Week, Window::Month];

fn unix(civil: &str) -> i64 {
    let civil: DateTime = civil.parse().unwrap();
    Offset::UTC.to_timestamp(civil).unwrap().as_second()
}

fn civil(unix: i64) -> DateTime {
    Offset::UTC.to_datetime(Timestamp::from_second(unix).unwrap())
}

fn assert_bounds(window: Window, now: &str, start: &str, end: &str) {
    let (got_start, got_end) = window.bounds(unix(now));
    assert_eq!((civil(got_start), civil(got_end)), (civil(unix(start)), civil(unix(end))), "{now}");
}

#[test]
fn months_have_their_lengths() {
    let month = |now, start, end| assert_bounds(Window::Month, now, start, end);
    month("2026-01-31T23:59:59", "2026-01-01T00:00", "2026-02-01T00:00");
    month("2026-02-28T23:59:59", "2026-02-01T00:00", "2026-03-01T00:00");
    month("2028-02-29T12:00:00", "2028-02-01T00:00", "2028-03-01T00:00");
    month("2100-02-28T23:59:59", "2100-02-01T00:00", "2100-03-01T00:00");
    month("2026-12-31T23:59:59", "2026-12-01T00:00", "2027-01-01T00:00");
    month("1969-12-31T23:59:59", "1969-12-01T00:00", "1970-01-01T00:00");
}

#[test]
fn weeks_begin_on_monday() {
    let week = |now, start, end| assert_bounds(Window::Week, now, start, end);
    week("2026-11-21T10:00:00", "2026-11-16T00:00", "2026-11-23T00:00");
    week("2026-11-22T23:59:59", "2026-11-16T00:00", "2026-11-23T00:00");
    week("2026-11-23T00:00:00", "2026-11-23T00:00", "2026-11-30T00:00");
    week("1970-01-01T00:00:00", "1969-12-29T00:00", "1970-01-05T00:00");
}

#[test]
fn a_clock_gone_mad_is_survived() {
    for now in [i64::MIN, i64::MAX] {
        for window in ALL {
            let (start, end) = window.bounds(now);
            assert!(start < end);
        }
    }
}

#[test]
fn names_read_back_as_they_are_shown() {
    for window in ALL {
        assert_eq!(window.to_string().parse(), Ok(window));
    }
    let error = "daily".parse::<Window>().unwrap_err().to_string();
    assert!(error.contains("`daily`") && error.contains("month"), "{error}");
}

proptest! {
    #[test]
    fn windows_tile_time(now in -10_000_000_000_i64..100_000_000_000) {
        for window in ALL {
            let (start, end) = window.bounds(now);
            prop_assert!(start <= now && now < end);
            prop_assert_eq!(window.bounds(start), (start, end));
            prop_assert_eq!(window.bounds(end - 1), (start, end));
            prop_assert_eq!(window.bounds(end).0, end);
            prop_assert_eq!(window.bounds(start - 1).1, start);
        }
    }

    #[test]
    fn windows_begin_where_the_calendar_says(now in -10_000_000_000_i64..100_000_000_000) {
        let start = |window: Window| civil(window.bounds(now).0);
        prop_assert_eq!(start(Window::Minute).second(), 0);
        prop_assert_eq!(start(Window::Hour).minute(), 0);
        prop_assert_eq!(start(Window::Day), civil(now).date().to_datetime(Default::default()));
        prop_assert_eq!(start(Window::Week).weekday(), Weekday::Monday);
        let month = civil(now).date().first_of_month();
        prop_assert_eq!(start(Window::Month), month.to_datetime(Default::default()));
    }
}
