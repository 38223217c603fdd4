//! How much is held: between what is likely and what is possible, in all budgets at once.

use super::*;

/// 100 nano-dollars and 10 tokens are likely; 900 and 410 are possible.
const WIDE: Estimate = Estimate {
    likely: Charge { cost: Money::from_nanos(100), input: 10, cached: 0, output: 0 },
    most: Charge { cost: Money::from_nanos(900), input: 10, cached: 0, output: 400 },
};

fn quarters(reserved: Result<Reservation, Denied>) -> Option<u8> {
    reserved.ok().map(|call| call.quarters())
}

#[test]
fn as_much_is_held_as_leaves_room_for_others() {
    for (limit, expected) in [
        (usd(1800), Some((4, 900, 400))),
        (usd(1799), Some((3, 700, 300))),
        (usd(1400), Some((3, 700, 300))),
        (usd(1399), Some((2, 500, 200))),
        (usd(600), Some((1, 300, 100))),
        (usd(599), Some((0, 100, 0))),
        (usd(100), Some((0, 100, 0))),
        (usd(99), None),
        (Quantity::Tokens(819), Some((3, 700, 300))),
        (Quantity::OutputTokens(199), Some((0, 100, 0))),
        (Quantity::InputTokens(10), Some((4, 900, 400))),
        (Quantity::InputTokens(9), None),
        (Quantity::Requests(1), Some((4, 900, 400))),
    ] {
        let (ledger, _) = in_memory();
        let it = budget("b", Scope::TOTAL, limit, Window::Day);
        let call = ledger.try_reserve(&[&it], &ANN, WIDE).ok();
        let found = call.as_ref().map(|call| {
            let Charge { cost, output, .. } = call.held();
            (call.quarters(), cost.nanos(), output)
        });
        assert_eq!(found, expected, "{limit}");
    }
}

#[test]
fn the_tightest_budget_decides_for_all() {
    let (ledger, _) = in_memory();
    let money = budget("money", Scope::TOTAL, usd(10_000), Window::Day);
    let tokens = budget("tokens", Scope::TOTAL, Quantity::Tokens(500), Window::Day);
    for both in [[&money, &tokens], [&tokens, &money]] {
        let call = ledger.try_reserve(&both, &ANN, WIDE).unwrap();
        assert_eq!(call.quarters(), 2);
        assert_eq!(total(&ledger, &money), (0, 500));
        assert_eq!(total(&ledger, &tokens), (0, 210));
        call.release();
    }
}

/// S-42.
#[test]
fn a_huge_limit_on_the_answer_locks_nobody_out() {
    let (ledger, _) = in_memory();
    let it = [budget("b", Scope::TOTAL, usd(1000), Window::Day)];
    let mut calls: Vec<_> = (0..6).map(|_| ledger.try_reserve(&it, &ANN, WIDE).unwrap()).collect();
    let held: Vec<_> = calls.iter().map(Reservation::quarters).collect();
    assert_eq!(held, [2, 0, 0, 0, 0, 0], "all of what is left, but the first only half of it");
    assert_eq!(quarters(ledger.try_reserve(&it, &ANN, WIDE)), None);
    calls.swap_remove(0).settle(charge(120, 12));
    assert_eq!(quarters(ledger.try_reserve(&it, &ANN, WIDE)), Some(0));
}

#[test]
fn quarters_are_rounded_up_and_never_wrap() {
    let part = |likely, most, quarters| {
        let (likely, most) = (charge(likely, 0), charge(most, 0));
        Estimate { likely, most }.part(quarters).cost.nanos()
    };
    assert_eq!([0, 1, 2, 3, 4].map(|quarters| part(1, 2, quarters)), [1, 2, 2, 2, 2]);
    assert_eq!([0, 1, 2, 3, 4].map(|quarters| part(0, 10, quarters)), [0, 3, 5, 8, 10]);
    assert_eq!([1, 4].map(|quarters| part(u64::MAX, u64::MAX, quarters)), [1 << 53; 2]);
    assert_eq!(part(7, 3, 4), 7, "likely is always held");
}

#[test]
fn what_was_held_is_charged_if_nobody_knows_better() {
    let (ledger, _) = in_memory();
    let it = [budget("b", Scope::TOTAL, usd(1400), Window::Day)];
    let mut call = ledger.try_reserve(&it, &ANN, WIDE).unwrap();
    call.dispatched();
    drop(call);
    assert_eq!(total(&ledger, &it[0]), (700, 0));
}

#[test]
fn several_limits_of_one_budget_all_hold() {
    let (ledger, clock) = in_memory();
    let mut it = budget("b", Scope::TOTAL, usd(100), Window::Day);
    it.limits.push(Limit { quantity: Quantity::Requests(3), window: Window::Day });
    it.limits.push(Limit { quantity: usd(250), window: Window::Month });
    let it = [it];
    let spend = |nanos| {
        let call = ledger.try_reserve(&it, &ANN, estimate(nanos, 0));
        call.map(|call| call.settle(charge(nanos, 0))).map_err(|denied| match denied {
            Denied::Exceeded(exceeded) => (exceeded.limit, exceeded.window),
            other => panic!("{other}"),
        })
    };
    for _ in 0..3 {
        spend(1).unwrap();
    }
    assert_eq!(spend(1), Err((Quantity::Requests(3), Window::Day)));
    clock.set(NOON + DAY);
    assert_eq!(spend(101), Err((usd(100), Window::Day)));
    spend(100).unwrap();
    clock.set(NOON + 2 * DAY);
    spend(100).unwrap();
    clock.set(NOON + 3 * DAY);
    assert_eq!(spend(50), Err((usd(250), Window::Month)));
    let rows: Vec<_> = ledger.balances(&it).into_iter().map(|b| (b.window, b.spent)).collect();
    let (day, month) = (Window::Day, Window::Month);
    assert_eq!(rows, [(day.clone(), usd(0)), (day, Quantity::Requests(0)), (month, usd(203))]);
}

#[test]
fn calls_at_once_count_while_they_are_under_way() {
    let (ledger, clock) = in_memory();
    let each = Scope::each(vec![Dimension::Caller]);
    let it = [budget("b", each, Quantity::Concurrent(2), Window::Always)];
    let reserve = || ledger.try_reserve(&it, &ANN, estimate(5, 5));
    for _ in 0..3 {
        let (first, second) = (reserve().unwrap(), reserve().unwrap());
        let Err(Denied::Exceeded(exceeded)) = reserve() else { panic!("a third") };
        assert_eq!(exceeded.reserved, Quantity::Concurrent(2));
        assert_eq!(exceeded.retry_after, Duration::from_secs(1));
        assert!(ledger.try_reserve(&it, &BOB, estimate(5, 5)).is_ok(), "bob has his own");
        first.settle(charge(5, 5));
        let third = reserve().unwrap();
        second.release();
        let mut fourth = reserve().unwrap();
        fourth.dispatched();
        drop((third, fourth));
        assert_eq!(stand(&ledger, &it[0]), [], "nothing stays behind");
        clock.set(clock.now() + 400 * DAY);
    }
    ledger.shared.lock().book.sweep();
    assert_eq!(ledger.shared.lock().book.counters().count(), 0);
}

#[test]
fn cached_input_counts_as_the_budget_says() {
    let (ledger, _) = in_memory();
    let plain = budget("all", Scope::TOTAL, Quantity::Tokens(1000), Window::Day);
    let fresh = Budget { name: "fresh".to_owned(), cached_tokens: false, ..plain.clone() };
    let both = [&plain, &fresh];
    let call = ledger.try_reserve(&both, &ANN, WIDE).unwrap();
    assert_eq!(total(&ledger, &fresh), (0, 410), "nobody knows yet what is cached");
    call.settle(Charge { cost: Money::ZERO, input: 100, cached: 90, output: 7 });
    assert_eq!(total(&ledger, &plain), (107, 0));
    assert_eq!(total(&ledger, &fresh), (17, 0));
}

#[test]
fn an_audit_never_refuses() {
    let (ledger, _) = in_memory();
    let on_exceeded = OnExceeded::Audit;
    let it = budget("b", Scope::TOTAL, usd(150), Window::Day);
    let it = [Budget { on_exceeded, ..it }];
    for _ in 0..3 {
        let call = ledger.try_reserve(&it, &ANN, WIDE).unwrap();
        assert_eq!(call.quarters(), 4);
        call.settle(charge(100, 0));
    }
    assert_eq!(total(&ledger, &it[0]), (300, 0));
    let absurd = Estimate { most: charge(u64::MAX, u64::MAX), ..WIDE };
    let first = ledger.try_reserve(&it, &ANN, absurd).unwrap();
    let second = ledger.try_reserve(&it, &ANN, absurd).unwrap();
    first.release();
    second.release();
    assert_eq!(total(&ledger, &it[0]), (300, 0), "what is held comes off again exactly");
}

#[test]
fn of_several_refusals_one_that_blocks_is_told_then_the_longest() {
    let (ledger, _) = in_memory();
    let made = |name: &str, window, on_exceeded| Budget {
        on_exceeded,
        ..budget(name, Scope::TOTAL, usd(10), window)
    };
    let cheap = || OnExceeded::Downgrade("gpt-5.4-mini".to_owned());
    let month = made("month", Window::Month, cheap());
    let hour = made("hour", Window::Hour, OnExceeded::Block);
    let day = made("day", Window::Day, OnExceeded::Block);
    let refusal = |budgets: &[&Budget]| match ledger.try_reserve(budgets, &ANN, WIDE) {
        Err(Denied::Exceeded(exceeded)) => (exceeded.budget, exceeded.on_exceeded),
        other => panic!("{other:?}"),
    };
    assert_eq!(refusal(&[&month]), ("month".to_owned(), cheap()));
    for budgets in [[&month, &hour, &day], [&day, &hour, &month], [&hour, &month, &day]] {
        assert_eq!(refusal(&budgets), ("day".to_owned(), OnExceeded::Block));
    }
}

/// Waiting for the one would be in vain because of the other.
#[test]
fn of_several_refusals_one_that_never_ends_is_told() {
    let (ledger, _) = in_memory();
    let month = budget("month", Scope::TOTAL, usd(150), Window::Month);
    let hour = budget("hour", Scope::TOTAL, Quantity::InputTokens(9), Window::Hour);
    let _held = ledger.try_reserve(&[&month], &ANN, WIDE).unwrap();
    for budgets in [[&month, &hour], [&hour, &month]] {
        match ledger.try_reserve(&budgets, &ANN, WIDE) {
            Err(Denied::Exceeded(exceeded)) => {
                assert_eq!((&*exceeded.budget, exceeded.retry_after()), ("hour", None));
            }
            other => panic!("{other:?}"),
        }
    }
    match ledger.try_reserve(&[&month], &ANN, WIDE) {
        Err(Denied::Exceeded(exceeded)) => assert!(exceeded.retry_after().is_some()),
        other => panic!("{other:?}"),
    }
}
