//! Windows that roll: no stretch of their length ever holds more than the limit.

use proptest::prelude::*;

use super::*;

fn rolling(limit: u64, span: &str) -> [Budget; 1] {
    let window = format!("rolling {span}").parse().unwrap();
    [budget("rolling", Scope::TOTAL, Quantity::Tokens(limit), window)]
}

fn spend(ledger: &Arc<Ledger>, it: &[Budget], tokens: u64) -> Result<(), u64> {
    match ledger.try_reserve(it, &ANN, estimate(0, tokens)) {
        Ok(call) => {
            call.settle(charge(0, tokens));
            Ok(())
        }
        Err(Denied::Exceeded(exceeded)) => Err(exceeded.retry_after.as_secs()),
        Err(other) => panic!("{other}"),
    }
}

#[test]
fn room_comes_back_as_time_passes() {
    let (ledger, clock) = in_memory();
    // Slices of a minute.
    let it = rolling(100, "1h");
    spend(&ledger, &it, 60).unwrap();
    clock.set(NOON + 1800);
    spend(&ledger, &it, 40).unwrap();
    assert_eq!(spend(&ledger, &it, 1), Err(1860), "when the first slice is out");
    assert_eq!(spend(&ledger, &it, 61), Err(3660), "when the second one is");
    clock.set(NOON + 3659);
    assert_eq!(spend(&ledger, &it, 1), Err(1));
    clock.set(NOON + 3660);
    assert_eq!(total(&ledger, &it[0]), (40, 0));
    spend(&ledger, &it, 60).unwrap();
    assert!(spend(&ledger, &it, 1).is_err());
}

#[test]
fn a_failed_call_does_not_move_the_end() {
    let (ledger, clock) = in_memory();
    let it = rolling(100, "1h");
    let end = || ledger.balances(&it)[0].window_end;
    spend(&ledger, &it, 10).unwrap();
    assert_eq!(end(), NOON + 3660);
    clock.set(NOON + 1800);
    let call = ledger.try_reserve(&it, &ANN, estimate(0, 10)).unwrap();
    assert_eq!(end(), NOON + 5460, "it may be charged in this slice");
    call.release();
    assert_eq!(end(), NOON + 3660);
}

#[test]
fn slices_do_not_pile_up() {
    let (ledger, clock) = in_memory();
    let it = rolling(1_000_000, "1h");
    for minute in 0..5000 {
        clock.set(NOON + 60 * minute);
        spend(&ledger, &it, 1).unwrap();
    }
    assert_eq!(total(&ledger, &it[0]).0, 61);
    let mut state = ledger.shared.lock();
    assert!(state.book.counters().count() < 4096);
    state.book.sweep();
    assert_eq!(state.book.counters().count(), 61);
}

#[test]
fn a_rolling_window_outlives_the_process() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("ledger");
    let clock = TestClock::at(NOON);
    let it = rolling(100, "1h");
    for (after, spent) in [(0, 10), (600, 20), (1200, 30), (3700, 30), (4300, 30), (9000, 10)] {
        clock.set(NOON + after);
        let ledger = reopen(&path, &clock, 0);
        spend(&ledger, &it, 10).unwrap();
        assert_eq!(total(&ledger, &it[0]).0, spent, "after {after} s");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn no_stretch_holds_more_than_the_limit(
        span in 1..400_i64,
        limit in 1..200_u64,
        calls in prop::collection::vec((-30..90_i64, 1..80_u64, 0..120_u64), 1..80),
        restart in any::<prop::sample::Index>(),
    ) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("ledger");
        let clock = TestClock::at(NOON);
        let mut ledger = reopen(&path, &clock, 0);
        let it = rolling(limit, &format!("{span}s"));
        let mut latest = NOON;
        let mut charged: Vec<(i64, u64)> = Vec::new();
        let restart = restart.index(calls.len());
        for (at, (pass, held, percent)) in calls.into_iter().enumerate() {
            clock.set(clock.now() + pass);
            if at == restart {
                // A clock behind the last window at a restart has its own test.
                clock.set(latest.max(clock.now()));
                drop(ledger);
                ledger = reopen(&path, &clock, 0);
            }
            latest = latest.max(clock.now());
            if let Ok(call) = ledger.try_reserve(&it, &ANN, estimate(0, held)) {
                let used = (held * percent / 100).min(held);
                call.settle(charge(0, used));
                charged.push((latest, used));
            }
        }
        for &(end, _) in &charged {
            let within = charged.iter().filter(|(at, _)| end - span < *at && *at <= end);
            let sum: u64 = within.map(|(_, used)| used).sum();
            prop_assert!(sum <= limit, "{sum} of {limit} within {span} s up to {end}");
        }
    }
}
