//! Grants: used after the limit, good until they end, never twice.

use proptest::prelude::*;

use super::*;

const HOUR: i64 = 3600;

fn path() -> (tempfile::TempDir, std::path::PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("ledger");
    (directory, path)
}

fn hourly() -> Budget {
    budget("hourly", Scope::each(vec![Dimension::Caller]), usd(100), Window::Hour)
}

fn granted(grants: &[(u64, i64)]) -> Budget {
    let grants = grants.iter();
    let grant = |&(nanos, until): &(u64, i64)| Grant { of: None, quantity: usd(nanos), until };
    Budget { grants: grants.map(grant).collect(), ..hourly() }
}

/// Spends this; false if there is no room for it.
fn spend(ledger: &Arc<Ledger>, it: &Budget, nanos: u64) -> bool {
    let call = ledger.try_reserve(&[it], &ANN, estimate(nanos, 0));
    call.map(|call| call.settle(charge(nanos, 0))).is_ok()
}

fn remaining(ledger: &Ledger, it: &Budget) -> u64 {
    let rows = ledger.balances_of(&[it], &ANN);
    assert_eq!(rows.len(), 1);
    rows[0].remaining().count()
}

#[test]
fn a_grant_is_used_after_the_limit_and_its_rest_stays_good() {
    let (ledger, clock) = in_memory();
    let it = granted(&[(50, NOON + 10 * HOUR)]);
    assert_eq!(remaining(&ledger, &it), 150);
    assert!(!spend(&ledger, &it, 151));
    assert!(spend(&ledger, &it, 120));
    assert_eq!(remaining(&ledger, &it), 30);
    clock.set(NOON + HOUR);
    assert_eq!(remaining(&ledger, &it), 130, "20 of the grant were used");
    assert!(spend(&ledger, &it, 90), "nothing of the grant");
    clock.set(NOON + 2 * HOUR);
    assert_eq!(remaining(&ledger, &it), 130);
    assert!(spend(&ledger, &it, 130));
    assert!(!spend(&ledger, &it, 1));
    clock.set(NOON + 3 * HOUR);
    assert_eq!(remaining(&ledger, &it), 100, "it is used up");
    assert!(!spend(&ledger, &it, 101));
}

#[test]
fn a_grant_ends() {
    let (ledger, clock) = in_memory();
    let it = granted(&[(50, NOON + 10)]);
    assert!(spend(&ledger, &it, 120));
    clock.set(NOON + 9);
    assert!(spend(&ledger, &it, 10));
    clock.set(NOON + 10);
    assert!(!spend(&ledger, &it, 1));
    clock.set(NOON + HOUR);
    assert_eq!(remaining(&ledger, &it), 100);
}

#[test]
fn the_first_to_end_is_used_first() {
    let (ledger, clock) = in_memory();
    let it = granted(&[(50, NOON + 9 * HOUR), (30, NOON + 2 * HOUR)]);
    assert!(spend(&ledger, &it, 140));
    clock.set(NOON + HOUR);
    assert_eq!(remaining(&ledger, &it), 140, "30 of one and 10 of the other were used");
    assert!(spend(&ledger, &it, 0));
    clock.set(NOON + 2 * HOUR);
    assert_eq!(remaining(&ledger, &it), 140);
    clock.set(NOON + 9 * HOUR);
    assert_eq!(remaining(&ledger, &it), 100);
}

#[test]
fn grants_are_for_whom_they_are_given_and_in_one_unit() {
    let (ledger, _) = in_memory();
    let mut it = hourly();
    it.limits.push(Limit { quantity: Quantity::Tokens(10), window: Window::Hour });
    it.grants.push(Grant { of: Some("bob".to_owned()), quantity: usd(7), until: NOON + DAY });
    ledger.top_up(&it, "ann", Quantity::Tokens(5), NOON + DAY).unwrap();
    let limits = |who: &Subject<'_>| {
        let rows = ledger.balances_of(&[&it], who).into_iter();
        rows.map(|row| row.limit).collect::<Vec<_>>()
    };
    assert_eq!(limits(&ANN), [usd(100), Quantity::Tokens(15)]);
    assert_eq!(limits(&BOB), [usd(107), Quantity::Tokens(10)]);
    let wrong = ledger.top_up(&it, "ann", Quantity::Requests(5), NOON + DAY);
    assert_eq!(wrong, Err(AdjustError::NoSuchLimit));
    assert_eq!(ledger.top_up(&it, "ann", usd(5), NOON), Err(AdjustError::Over));
    assert_eq!(limits(&ANN), [usd(100), Quantity::Tokens(15)]);
}

#[test]
fn grants_outlive_the_process_and_are_not_given_twice() {
    let (_directory, path) = path();
    let clock = TestClock::at(NOON);
    let it = granted(&[(50, NOON + 20 * HOUR)]);
    let open = || reopen(&path, &clock, 0);
    let ledger = open();
    ledger.top_up(&it, "ann", usd(30), NOON + 10 * HOUR).unwrap();
    assert!(spend(&ledger, &it, 160));
    drop(ledger);
    assert_eq!(remaining(&open(), &it), 20);
    // The window ends while no process is there, and the next one sweeps.
    clock.set(NOON + 2 * HOUR);
    drop(open());
    let ledger = open();
    assert_eq!(remaining(&ledger, &it), 120);
    assert!(spend(&ledger, &it, 110));
    drop(ledger);
    clock.set(NOON + 3 * HOUR);
    let ledger = open();
    assert!(spend(&ledger, &it, 0));
    drop(ledger);
    let ledger = open();
    assert_eq!(remaining(&ledger, &it), 110);
    clock.set(NOON + 4 * HOUR);
    ledger.shared.keep();
    drop(ledger);
    assert!(spend(&open(), &it, 110));
    clock.set(NOON + 5 * HOUR);
    assert_eq!(remaining(&open(), &it), 100);
}

#[test]
fn a_grant_raises_each_limit_in_its_unit() {
    let (ledger, clock) = in_memory();
    let mut it = granted(&[(50, NOON + 9 * HOUR)]);
    it.limits.push(Limit { quantity: usd(250), window: Window::Day });
    let spend = |nanos| spend(&ledger, &it, nanos);
    assert!(spend(150) && !spend(1));
    clock.set(NOON + HOUR);
    assert!(!spend(101), "the hour's is used");
    assert!(spend(100));
    clock.set(NOON + 2 * HOUR);
    assert!(!spend(51) && spend(50), "the day's is not");
    assert!(!spend(1));
}

#[test]
fn a_rolling_window_uses_a_grant_once() {
    let (ledger, clock) = in_memory();
    let window: Window = "rolling 1h".parse().unwrap();
    let limits = vec![Limit { quantity: usd(100), window }];
    let it = Budget { limits, ..granted(&[(50, NOON + 90 * HOUR)]) };
    let mut spent = 0;
    for minute in 0..600 {
        clock.set(NOON + 60 * minute);
        spent += u64::from(spend(&ledger, &it, 1));
        spent += u64::from(spend(&ledger, &it, 1));
    }
    // 100 in each stretch of 61 slices of a minute, and the grant once.
    let stretches = 600 / 61 + 1;
    assert!(spent <= 100 * stretches + 50, "{spent}");
    assert!(spent >= 100 * (600 / 61) + 50, "{spent}");
    assert_eq!(
        remaining(&ledger, &Budget { grants: Vec::new(), ..it.clone() }),
        remaining(&ledger, &it)
    );
}

#[test]
fn a_reset_begins_anew_and_calls_under_way_end_on_the_old_one() {
    let (_directory, path) = path();
    let clock = TestClock::at(NOON);
    let open = || reopen(&path, &clock, 0);
    for window in [Window::Hour, "rolling 1h".parse().unwrap()] {
        let limits = vec![Limit { quantity: usd(100), window: window.clone() }];
        let it = Budget { name: window.to_string(), limits, ..hourly() };
        let ledger = open();
        assert!(spend(&ledger, &it, 60));
        clock.set(clock.now() + 120);
        assert!(spend(&ledger, &it, 10));
        let under_way = ledger.try_reserve(&[&it], &ANN, estimate(30, 0)).unwrap();
        assert!(ledger.try_reserve(&[&it], &BOB, estimate(30, 0)).is_ok_and(|call| {
            call.settle(charge(30, 0));
            true
        }));
        ledger.reset(&it, "ann").unwrap();
        ledger.reset(&it, "nobody").unwrap();
        assert_eq!(stand(&ledger, &it), [("bob".to_owned(), 30, 0)]);
        assert!(spend(&ledger, &it, 90));
        ledger.shared.keep();
        under_way.settle(charge(25, 0));
        let expected = [("ann".to_owned(), 90, 0), ("bob".to_owned(), 30, 0)];
        assert_eq!(stand(&ledger, &it), expected);
        drop(ledger);
        for _ in 0..2 {
            assert_eq!(stand(&open(), &it), expected);
        }
        let ledger = open();
        ledger.reset(&it, "ann").unwrap();
        drop(ledger);
        assert_eq!(stand(&open(), &it), expected[1..]);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Against the rule itself: what each window used beyond its limit comes off the grants.
    #[test]
    fn grants_are_used_to_the_last_and_never_twice(
        grants in prop::collection::vec((0..60_u64, any::<bool>()), 0..4),
        steps in prop::collection::vec((0..2000_i64, 0..160_u64, 0..10_u8), 1..60),
    ) {
        let (_directory, path) = path();
        let clock = TestClock::at(NOON);
        let open = || reopen(&path, &clock, 0);
        let end = NOON + 400 * DAY;
        let declared = grants.iter().filter(|it| it.1).map(|it| (it.0, end)).collect::<Vec<_>>();
        let it = granted(&declared);
        let mut ledger = open();
        for (nanos, _) in grants.iter().filter(|it| !it.1) {
            ledger.top_up(&it, "ann", usd(*nanos), end).unwrap();
        }
        let mut left: u64 = grants.iter().map(|it| it.0).sum();
        let (mut window, mut spent) = (NOON, 0);
        for (pass, nanos, then) in steps {
            clock.set(clock.now() + pass);
            let now = Window::Hour.bounds(clock.now()).0;
            if now > window {
                left -= spent.max(100) - 100;
                (window, spent) = (now, 0);
            }
            prop_assert_eq!(remaining(&ledger, &it), 100 + left - spent);
            let fits = spent + nanos <= 100 + left;
            prop_assert_eq!(spend(&ledger, &it, nanos), fits);
            spent += if fits { nanos } else { 0 };
            match then {
                0 => {
                    drop(ledger);
                    ledger = open();
                }
                1 => ledger.shared.keep(),
                _ => {}
            }
        }
    }
}
