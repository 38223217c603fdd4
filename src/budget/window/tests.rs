#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use jiff::civil::{Date, DateTime, Weekday};
use jiff::tz::TimeZone;
use proptest::prelude::*;

use super::*;

const UTC: [Window; 5] = [Window::Minute, Window::Hour, Window::Day, Window::Week, Window::Month];
const PERIODS: [Period; 5] =
    [Period::Minute, Period::Hour, Period::Day, Period::Week(Weekday::Monday), Period::Month(1)];

fn unix(civil: &str) -> i64 {
    let civil: DateTime = civil.parse().unwrap();
    Offset::UTC.to_timestamp(civil).unwrap().as_second()
}

fn civil(unix: i64) -> DateTime {
    Offset::UTC.to_datetime(Timestamp::from_second(unix).unwrap())
}

fn assert_bounds(window: &str, now: &str, start: &str, end: &str) {
    let (got_start, got_end) = window.parse::<Window>().unwrap().bounds(unix(now));
    let expected = (civil(unix(start)), civil(unix(end)));
    assert_eq!((civil(got_start), civil(got_end)), expected, "{window} at {now}");
}

/// All times are in UTC.
#[test]
fn windows_begin_and_end_where_the_calendar_says() {
    for (window, now, start, end) in [
        ("month", "2026-01-31T23:59:59", "2026-01-01T00:00", "2026-02-01T00:00"),
        ("month", "2026-02-28T23:59:59", "2026-02-01T00:00", "2026-03-01T00:00"),
        ("month", "2028-02-29T12:00:00", "2028-02-01T00:00", "2028-03-01T00:00"),
        ("month", "2100-02-28T23:59:59", "2100-02-01T00:00", "2100-03-01T00:00"),
        ("month", "2026-12-31T23:59:59", "2026-12-01T00:00", "2027-01-01T00:00"),
        ("month", "1969-12-31T23:59:59", "1969-12-01T00:00", "1970-01-01T00:00"),
        ("week", "2026-11-21T10:00:00", "2026-11-16T00:00", "2026-11-23T00:00"),
        ("week", "2026-11-22T23:59:59", "2026-11-16T00:00", "2026-11-23T00:00"),
        ("week", "2026-11-23T00:00:00", "2026-11-23T00:00", "2026-11-30T00:00"),
        ("week", "1970-01-01T00:00:00", "1969-12-29T00:00", "1970-01-05T00:00"),
        // From another day.
        ("week from sunday", "2026-11-21T23:59:59", "2026-11-15T00:00", "2026-11-22T00:00"),
        ("week from sunday", "2026-11-22T00:00:00", "2026-11-22T00:00", "2026-11-29T00:00"),
        ("week from thursday", "2026-12-31T00:00", "2026-12-31T00:00", "2027-01-07T00:00"),
        ("month from 15", "2026-11-14T23:59:59", "2026-10-15T00:00", "2026-11-15T00:00"),
        ("month from 15", "2026-11-15T00:00:00", "2026-11-15T00:00", "2026-12-15T00:00"),
        ("month from 15", "2027-01-01T00:00:00", "2026-12-15T00:00", "2027-01-15T00:00"),
        // From a day that not every month has.
        ("month from 31", "2026-01-31T00:00:00", "2026-01-31T00:00", "2026-02-28T00:00"),
        ("month from 31", "2026-02-28T00:00:00", "2026-02-28T00:00", "2026-03-31T00:00"),
        ("month from 31", "2026-03-30T23:59:59", "2026-02-28T00:00", "2026-03-31T00:00"),
        ("month from 31", "2026-04-29T23:59:59", "2026-03-31T00:00", "2026-04-30T00:00"),
        ("month from 31", "2028-02-29T00:00:00", "2028-02-29T00:00", "2028-03-31T00:00"),
        ("month from 29", "2027-02-28T00:00:00", "2027-02-28T00:00", "2027-03-29T00:00"),
        ("month from 29", "2028-02-28T23:59:59", "2028-01-29T00:00", "2028-02-29T00:00"),
        // 23 and 25 hours.
        ("day in Europe/Berlin", "2026-03-29T12:00", "2026-03-28T23:00", "2026-03-29T22:00"),
        ("day in Europe/Berlin", "2026-10-25T12:00", "2026-10-24T22:00", "2026-10-25T23:00"),
        ("day in Europe/Berlin", "2026-10-25T22:59:59", "2026-10-24T22:00", "2026-10-25T23:00"),
        ("day in America/New_York", "2026-03-08T12:00", "2026-03-08T05:00", "2026-03-09T04:00"),
        ("day in America/New_York", "2026-11-01T12:00", "2026-11-01T04:00", "2026-11-02T05:00"),
        // The clocks go from 24:00 to 01:00, and from 24:00 back to 23:00.
        ("day in America/Sao_Paulo", "2018-11-04T03:00", "2018-11-04T03:00", "2018-11-05T02:00"),
        ("day in America/Sao_Paulo", "2018-11-04T02:59:59", "2018-11-03T03:00", "2018-11-04T03:00"),
        ("day in America/Sao_Paulo", "2018-02-18T02:30", "2018-02-17T02:00", "2018-02-18T03:00"),
        ("day in Africa/Cairo", "2026-04-23T22:00", "2026-04-23T22:00", "2026-04-24T21:00"),
        ("day in Africa/Cairo", "2026-10-29T21:30", "2026-10-28T21:00", "2026-10-29T22:00"),
        ("day in Asia/Beirut", "2026-03-28T22:00", "2026-03-28T22:00", "2026-03-29T21:00"),
        // From 23:30 to 00:30: the day began half past.
        ("day in America/Toronto", "1919-03-31T04:30", "1919-03-31T04:30", "1919-04-01T04:00"),
        // From 00:01 back to 23:01: the day has begun all the same.
        ("day in America/St_Johns", "2010-11-07T03:00", "2010-11-07T02:30", "2010-11-08T03:30"),
        // A date that there was not, and one that there was twice.
        ("day in Pacific/Apia", "2011-12-30T12:00", "2011-12-30T10:00", "2011-12-31T10:00"),
        ("day in Pacific/Apia", "2011-12-30T09:59:59", "2011-12-29T10:00", "2011-12-30T10:00"),
        ("day in Pacific/Kwajalein", "1969-10-01T11:59", "1969-09-29T13:00", "1969-10-01T12:00"),
        // The week and the month around a change are an hour longer or shorter.
        ("week in Europe/Berlin", "2026-10-25T12:00", "2026-10-18T22:00", "2026-10-25T23:00"),
        ("month in Europe/Berlin", "2026-03-31T21:59:59", "2026-02-28T23:00", "2026-03-31T22:00"),
        ("month from 31 in Asia/Tokyo", "2027-02-27T15:00", "2027-02-27T15:00", "2027-03-30T15:00"),
        (
            "week from wednesday in Asia/Tokyo",
            "2026-12-31T23:00",
            "2026-12-29T15:00",
            "2027-01-05T15:00",
        ),
        // The clocks' face, half an hour off, and moved by half an hour.
        ("hour in Asia/Kolkata", "2026-11-22T10:29:59", "2026-11-22T09:30", "2026-11-22T10:30"),
        ("hour in Australia/Lord_Howe", "2026-04-04T14:59", "2026-04-04T14:00", "2026-04-04T15:00"),
        ("hour in Australia/Lord_Howe", "2026-04-04T15:00", "2026-04-04T15:00", "2026-04-04T15:30"),
        ("hour in Australia/Lord_Howe", "2026-10-03T15:40", "2026-10-03T15:30", "2026-10-03T16:00"),
        // Slices of rolling windows.
        ("rolling 5h", "2026-11-22T10:07:00", "2026-11-22T10:05", "2026-11-22T10:10"),
        ("rolling 30d", "2026-11-22T10:07:00", "2026-11-22T00:00", "2026-11-22T12:00"),
        ("rolling 1s", "2026-11-22T10:07:07", "2026-11-22T10:07:07", "2026-11-22T10:07:08"),
        ("rolling 61s", "2026-11-22T10:07:07", "2026-11-22T10:07:06", "2026-11-22T10:07:08"),
    ] {
        assert_bounds(window, now, start, end);
    }
}

#[test]
fn a_clock_gone_mad_is_survived() {
    let elsewhere = ["month from 31 in Asia/Tokyo", "week from sunday", "hour in Asia/Kolkata"];
    let elsewhere = elsewhere.map(|text| text.parse().unwrap());
    for window in UTC.iter().chain(&elsewhere).chain([&"rolling 366d".parse().unwrap()]) {
        for now in [i64::MIN, i64::MAX] {
            let (start, end) = window.bounds(now);
            assert!(start < end, "{window}");
        }
    }
}

/// The journal holds these: what they mean must never change.
#[test]
fn old_texts_keep_their_meaning() {
    for (text, window) in ["minute", "hour", "day", "week", "month"].into_iter().zip(UTC) {
        assert_eq!(text.parse(), Ok(window.clone()));
        assert_eq!(window.to_string(), text);
        assert_eq!(serde_json::to_string(&window).unwrap(), format!("\"{text}\""));
    }
    assert_eq!("always".parse(), Ok(Window::Always));
}

/// Two texts of one meaning are one window, and so one counter.
#[test]
fn a_window_has_one_text() {
    for (text, canonical) in [
        ("day in UTC", "day"),
        ("week from monday", "week"),
        ("month from 1 in UTC", "month"),
        ("month from 01", "month"),
        ("week from monday in Asia/Tokyo", "week in Asia/Tokyo"),
        ("day in europe/berlin", "day in Europe/Berlin"),
        ("rolling 3600s", "rolling 1h"),
        ("rolling 90m", "rolling 90m"),
        ("rolling 48h", "rolling 2d"),
    ] {
        let window: Window = text.parse().unwrap();
        assert_eq!(window.to_string(), canonical);
        assert_eq!(canonical.parse(), Ok(window));
    }
}

#[test]
fn what_is_no_window_is_refused() {
    for (text, hint) in [
        ("daily", "month"),
        ("", "month"),
        ("Day", "month"),
        ("day from 3", "month"),
        ("always in Europe/Berlin", "month"),
        ("day in Europe/Berln", "Europe/Berlin"),
        ("day in ", "Europe/Berlin"),
        ("day in ../../etc/passwd", "Europe/Berlin"),
        ("day  in Europe/Berlin", "month"),
        ("week from tomorrow", "sunday"),
        ("month from 0", "1 to 31"),
        ("month from 32", "1 to 31"),
        ("month from +5", "1 to 31"),
        ("rolling 0s", "1s to 366d"),
        ("rolling 367d", "1s to 366d"),
        ("rolling 5 h", "1s to 366d"),
        ("rolling h", "1s to 366d"),
        ("rolling -5h", "1s to 366d"),
        ("rolling 99999999999999999999d", "1s to 366d"),
        ("rolling 999999999999999999d", "1s to 366d"),
        ("rolling 5h in Europe/Berlin", "1s to 366d"),
    ] {
        let error = text.parse::<Window>().unwrap_err().to_string();
        assert!(error.contains(hint), "{error}");
    }
}

#[test]
fn only_rolling_windows_have_a_span() {
    assert_eq!("rolling 5h".parse::<Window>().unwrap().span(), Some(5 * HOUR));
    assert_eq!("day in Europe/Berlin".parse::<Window>().unwrap().span(), None);
    assert_eq!(Window::Always.span(), None);
}

fn zones() -> impl Strategy<Value = Zone> {
    let names: Vec<String> = Zone::names().collect();
    assert!(names.len() > 400, "the zones are not bundled");
    proptest::sample::select(names).prop_map(|name| name.parse().unwrap())
}

fn periods() -> impl Strategy<Value = Period> {
    prop_oneof![
        Just(Period::Minute),
        Just(Period::Hour),
        Just(Period::Day),
        (0..7_usize).prop_map(|day| Period::Week(calendar::WEEKDAYS[day].1)),
        (1..=31_i8).prop_map(Period::Month),
    ]
}

fn windows() -> impl Strategy<Value = Window> {
    prop_oneof![
        4 => (periods(), zones()).prop_map(|(period, zone)| Window::of(period, zone)),
        1 => (periods()).prop_map(|period| Window::of(period, Zone::UTC)),
        1 => (1..=366 * DAY).prop_map(|s| Window::Rolling(format!("{s}s").parse().unwrap())),
    ]
}

/// Half of them next to a change of the clocks.
fn times(window: &Window) -> impl Strategy<Value = i64> + use<> {
    let zone = match window {
        Window::Calendar(calendar) => TimeZone::get(calendar.zone().name()),
        _ => Ok(TimeZone::UTC),
    };
    let zone = zone.unwrap();
    (-10_000_000_000_i64..100_000_000_000, any::<bool>(), -2 * DAY..2 * DAY).prop_map(
        move |(now, change, near)| {
            let next = zone.following(Timestamp::from_second(now % 4_000_000_000).unwrap()).next();
            next.filter(|_| change).map_or(now, |next| next.timestamp().as_second() + near)
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn windows_tile_time(
        (window, now) in windows().prop_flat_map(|window| (Just(window.clone()), times(&window))),
        part in 0.0..1.0_f64,
    ) {
        let (start, end) = window.bounds(now);
        prop_assert!(start <= now && now < end);
        let inside = start + ((end - start) as f64 * part) as i64;
        for inside in [start, inside, end - 1] {
            prop_assert_eq!(window.bounds(inside), (start, end), "at {}", inside);
        }
        prop_assert_eq!(window.bounds(end).0, end);
        prop_assert_eq!(window.bounds(start - 1).1, start);
    }

    #[test]
    fn windows_begin_as_the_clocks_of_their_zone_turn(
        (window, now) in (periods(), zones())
            .prop_map(|(period, zone)| Window::of(period, zone))
            .prop_flat_map(|window| (Just(window.clone()), times(&window))),
    ) {
        let Window::Calendar(calendar) = &window else { return Ok(()) };
        let zone = TimeZone::get(calendar.zone().name()).unwrap();
        let shown = |now: i64| zone.to_datetime(Timestamp::from_second(now).unwrap());
        let (start, _) = window.bounds(now);
        let (before, first) = (shown(start - 1), shown(start));
        let moved = first.duration_since(before).as_secs() != 1;
        match calendar.period() {
            Period::Minute => prop_assert!(first.second() == 0 || moved),
            Period::Hour => prop_assert!((first.minute(), first.second()) == (0, 0) || moved),
            // A day that is skipped is the start of none.
            Period::Day => prop_assert!(before.date() < first.date()),
            Period::Week(day) => {
                prop_assert!(before.date() < first.date());
                prop_assert!(moved || first.weekday() == day);
            }
            Period::Month(day) => {
                prop_assert!(before.date() < first.date());
                let day = day.min(first.date().days_in_month());
                prop_assert!(moved || first.day() == day);
            }
        }
    }

    /// UTC is calculated in two ways.
    #[test]
    fn the_calendar_of_utc_is_what_is_calculated(now in -10_000_000_000_i64..100_000_000_000) {
        for (window, period) in UTC.iter().zip(PERIODS) {
            prop_assert_eq!(window.bounds(now), Calendar::new(period, Zone::UTC).bounds(now));
        }
    }

    /// A rolling window forgets nothing too soon, and nothing later than a slice too late.
    #[test]
    fn slices_are_a_sixtieth_of_a_rolling_window(seconds in 1..=366 * DAY, now in any::<u32>()) {
        let window: Window = format!("rolling {seconds}s").parse().unwrap();
        let (start, end) = window.bounds(now.into());
        prop_assert_eq!(window.span(), Some(seconds));
        prop_assert!(end - start >= 1 && (end - start - 1) * 60 < seconds);
        prop_assert_eq!(start % (end - start), 0);
    }

    #[test]
    fn texts_read_back(window in windows()) {
        prop_assert_eq!(window.to_string().parse(), Ok(window.clone()));
        let json = serde_json::to_string(&window).unwrap();
        prop_assert_eq!(serde_json::from_str::<Window>(&json).unwrap(), window);
    }

    #[test]
    fn no_text_makes_it_panic(text in "(day|week|month|rolling|in|from|UTC|[0-9]|[a-z]| |\\PC){0,12}") {
        let _ = text.parse::<Window>();
    }

    /// Whatever the first day is, a year has twelve of these months.
    #[test]
    fn a_year_has_twelve_months(from in 1..=31_i8, year in 1900..2200_i16) {
        let window = Window::of(Period::Month(from), Zone::UTC);
        let day = |month, day| Date::new(year, month, day).unwrap().at(0, 0, 0, 0);
        let unix = |at: DateTime| Offset::UTC.to_timestamp(at).unwrap().as_second();
        let mut now = window.bounds(unix(day(1, 31))).0;
        for _ in 0..12 {
            now = window.bounds(now).1;
        }
        let next = unix(day(1, 31).checked_add(jiff::Span::new().years(1)).unwrap());
        prop_assert_eq!(now, window.bounds(next).0);
    }
}
