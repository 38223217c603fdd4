#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod cost;
mod disk;
mod grants;
mod held;
mod model;
mod rolling;
mod told;

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};

use super::*;
use crate::budget::{
    Charge, Dimension, Exceeded, Grant, Limit, Money, OnExceeded, Percent, Quantity, Scope, Window,
    amount::Amount,
    tests::given::{ANN, BOB, DAY, NOON, TestClock, usd},
};

fn budget(name: &str, per: Scope, limit: Quantity, window: Window) -> Budget {
    Budget::plain(name, per, limit, window)
}

fn estimate(nanos: u64, tokens: u64) -> Estimate {
    let most = charge(nanos, tokens);
    Estimate { likely: most, most }
}

fn charge(nanos: u64, tokens: u64) -> Charge {
    Charge { cost: Money::from_nanos(nanos), input: tokens, ..Charge::default() }
}

fn in_memory() -> (Arc<Ledger>, TestClock) {
    let clock = TestClock::at(NOON);
    (Ledger::open(None, clock.clone()).unwrap(), clock)
}

/// Opens a ledger that was just closed, whose thread never wakes by itself. The lock may last a
/// moment longer: another test's child process has a copy of it between `fork` and `exec`.
fn reopen(path: &Path, clock: &TestClock, rewrite_past: u64) -> Arc<Ledger> {
    let never = Duration::from_secs(3600);
    for _ in 0..1000 {
        match Ledger::open_with(Some(path), clock.clone(), never, rewrite_past) {
            Err(OpenError::InUse(_)) => thread::sleep(Duration::from_millis(5)),
            opened => return opened.unwrap(),
        }
    }
    panic!("the lock of {} is never given back", path.display());
}

/// `(value, spent, reserved)` of each counter.
fn stand(ledger: &Ledger, budget: &Budget) -> Vec<(String, u64, u64)> {
    let balances = ledger.balances(&[budget]);
    balances.into_iter().map(|b| (b.of, b.spent.count(), b.reserved.count())).collect()
}

fn total(ledger: &Ledger, budget: &Budget) -> (u64, u64) {
    let rows = stand(ledger, budget);
    (rows.iter().map(|row| row.1).sum(), rows.iter().map(|row| row.2).sum())
}

/// S-22.
#[test]
fn a_thousand_calls_at_once_on_a_budget_for_ten() {
    for limit in [Quantity::Requests(10), usd(1000), Quantity::Tokens(70)] {
        let (ledger, _) = in_memory();
        let budgets = [budget("ten", Scope::TOTAL, limit, Window::Day)];
        let admitted = AtomicUsize::new(0);
        thread::scope(|scope| {
            for caller in 0..1000 {
                let (ledger, budgets, admitted) = (&ledger, &budgets, &admitted);
                scope.spawn(move || {
                    let name = format!("caller-{caller}");
                    let who = Subject { caller: &name, ..ANN };
                    if let Ok(mut call) = ledger.try_reserve(budgets, &who, estimate(100, 7)) {
                        admitted.fetch_add(1, Ordering::SeqCst);
                        call.dispatched();
                        call.settle(charge(100, 7));
                    }
                });
            }
        });
        assert_eq!(admitted.into_inner(), 10, "{limit}");
        assert_eq!(total(&ledger, &budgets[0]), (limit.count(), 0));
        assert_eq!(ledger.outstanding(), 0);
    }
}

#[test]
fn all_budgets_or_none() {
    let (ledger, _) = in_memory();
    let roomy = budget("roomy", Scope::each(vec![Dimension::Caller]), usd(1000), Window::Day);
    let tight =
        budget("tight", Scope::each(vec![Dimension::Model]), Quantity::Tokens(15), Window::Hour);
    let both = [&roomy, &tight];

    let first = ledger.try_reserve(&both, &ANN, estimate(100, 10)).unwrap();
    let denied = ledger.try_reserve(&both, &ANN, estimate(100, 10)).unwrap_err();
    assert_eq!(
        denied,
        Denied::Exceeded(Box::new(Exceeded {
            budget: "tight".to_owned(),
            on_exceeded: OnExceeded::Block,
            window: Window::Hour,
            limit: Quantity::Tokens(15),
            spent: Quantity::Tokens(0),
            reserved: Quantity::Tokens(10),
            needed: Quantity::Tokens(10),
            retry_after: Duration::from_secs(3600),
        }))
    );
    assert_eq!(stand(&ledger, &roomy), [("ann".to_owned(), 0, 100)], "no trace of the second");
    first.settle(charge(50, 5));
    assert_eq!(stand(&ledger, &roomy), [("ann".to_owned(), 50, 0)]);
    assert_eq!(stand(&ledger, &tight), [("gpt-5.4".to_owned(), 5, 0)]);
    assert!(ledger.try_reserve(&both, &ANN, estimate(100, 10)).is_ok(), "exactly to the limit");
}

#[test]
fn each_scope_counts_by_its_own() {
    let (ledger, _) = in_memory();
    let budgets = [
        Scope::TOTAL,
        Scope::each(vec![Dimension::Caller]),
        Scope::each(vec![Dimension::Model]),
        Scope::each(vec![Dimension::Backend]),
    ]
    .map(|per| budget(&per.to_string(), per, Quantity::Requests(100), Window::Day));
    let row = |name: &str, spent| (name.to_owned(), spent, 0);

    ledger.try_reserve(&budgets, &ANN, estimate(1, 1)).unwrap().settle(charge(1, 1));
    ledger.try_reserve(&budgets, &BOB, estimate(1, 1)).unwrap().settle(charge(1, 1));
    let carl = Subject { caller: "carl", ..ANN };
    ledger.try_reserve(&budgets, &carl, estimate(1, 1)).unwrap().settle(charge(1, 1));

    let [total, caller, model, backend] = budgets;
    assert_eq!(stand(&ledger, &total), [row("", 3)]);
    assert_eq!(stand(&ledger, &caller), [row("ann", 1), row("bob", 1), row("carl", 1)]);
    assert_eq!(stand(&ledger, &model), [row("claude-sonnet-5", 1), row("gpt-5.4", 2)]);
    assert_eq!(stand(&ledger, &backend), [row("claude", 1), row("openai", 2)]);
}

/// S-24.
#[test]
fn every_way_out_ends_a_reservation_once() {
    let (ledger, _) = in_memory();
    let budgets = [
        budget("usd", Scope::TOTAL, usd(1000), Window::Day),
        budget("requests", Scope::TOTAL, Quantity::Requests(100), Window::Day),
    ];
    let reserve = || ledger.try_reserve(&budgets, &ANN, estimate(100, 10)).unwrap();
    let spent = || (total(&ledger, &budgets[0]).0, total(&ledger, &budgets[1]).0);

    reserve().settle(charge(30, 3));
    assert_eq!(spent(), (30, 1), "settled below the estimate");
    reserve().settle(charge(170, 17));
    assert_eq!(spent(), (200, 2), "settled above the estimate");
    let mut failed = reserve();
    failed.dispatched();
    failed.release();
    assert_eq!(spent(), (200, 2), "released");
    drop(reserve());
    assert_eq!((spent(), ledger.estimated()), ((200, 2), 0), "dropped before it was sent");
    let mut cut = reserve();
    cut.dispatched();
    drop(cut);
    assert_eq!((spent(), ledger.estimated()), ((300, 3), 1), "dropped after it was sent");
    let bug = thread::scope(|scope| {
        let call = scope.spawn(|| {
            let mut call = reserve();
            call.dispatched();
            std::panic::resume_unwind(Box::new("a bug elsewhere"));
        });
        call.join().is_err()
    });
    assert!(bug);
    assert_eq!((spent(), ledger.estimated()), ((400, 4), 2), "lost in a panic");
    assert_eq!((ledger.outstanding(), total(&ledger, &budgets[0]).1), (0, 0));
}

#[test]
fn one_call_above_its_estimate_is_the_last() {
    let (ledger, _) = in_memory();
    let budgets = [budget("usd", Scope::TOTAL, usd(100), Window::Day)];
    let call = ledger.try_reserve(&budgets, &ANN, estimate(90, 0)).unwrap();
    call.settle(charge(130, 0));
    let denied = ledger.try_reserve(&budgets, &ANN, estimate(0, 0)).unwrap_err();
    assert!(denied.to_string().contains("$0.00000013 spent"), "{denied}");
}

#[test]
fn a_call_under_no_budget_is_recorded_all_the_same() {
    let (ledger, _) = in_memory();
    let call = ledger.try_reserve::<Budget>(&[], &ANN, estimate(u64::MAX, u64::MAX)).unwrap();
    assert_eq!(ledger.outstanding(), 1);
    call.settle(charge(1, 1));
    assert_eq!(ledger.outstanding(), 0);
}

#[test]
fn absurd_estimates_neither_lock_out_nor_wrap_nor_stick() {
    let (ledger, _) = in_memory();
    let requests = [budget("requests", Scope::TOTAL, Quantity::Requests(10_000), Window::Day)];
    let money = [budget("money", Scope::TOTAL, usd(1_000_000_000_000), Window::Day)];
    let huge = |budgets| ledger.try_reserve(budgets, &ANN, estimate(u64::MAX, u64::MAX));
    assert!(matches!(huge(&money), Err(Denied::Exceeded(_))));
    let first = huge(&requests).unwrap();
    let small = ledger.try_reserve(&requests, &ANN, estimate(5, 5)).unwrap();
    let mut calls = vec![first, small];
    calls.extend((0..5000).map_while(|_| huge(&requests).ok()));
    assert!((1000..5000).contains(&calls.len()), "the sum would wrap: {}", calls.len());
    calls.into_iter().for_each(Reservation::release);
    let counters = ledger.shared.lock().book.counters().map(|it| it.reserved).collect::<Vec<_>>();
    assert_eq!(counters, [Amount::ZERO]);
}

#[test]
fn a_new_window_starts_anew_and_an_old_call_stays_in_its_own() {
    let (ledger, clock) = in_memory();
    let daily = budget("daily", Scope::each(vec![Dimension::Caller]), usd(100), Window::Day);
    let monthly = budget("monthly", Scope::each(vec![Dimension::Caller]), usd(1000), Window::Month);
    let both = [&daily, &monthly];

    ledger.try_reserve(&both, &ANN, estimate(60, 0)).unwrap().settle(charge(60, 0));
    let across_midnight = ledger.try_reserve(&both, &ANN, estimate(40, 0)).unwrap();
    assert!(ledger.try_reserve(&both, &ANN, estimate(1, 0)).is_err());

    clock.set(NOON + DAY);
    assert_eq!(stand(&ledger, &daily), [], "nothing yet today");
    let today = ledger.try_reserve(&both, &ANN, estimate(70, 0)).unwrap();
    across_midnight.settle(charge(35, 0));
    today.settle(charge(70, 0));
    assert_eq!(stand(&ledger, &daily), [("ann".to_owned(), 70, 0)]);
    assert_eq!(stand(&ledger, &monthly), [("ann".to_owned(), 165, 0)]);
}

/// S-46.
#[test]
fn s_46_a_clock_that_steps_back_opens_no_window_again() {
    let (ledger, clock) = in_memory();
    let budgets = [budget("hourly", Scope::TOTAL, Quantity::Requests(2), Window::Hour)];
    let spend =
        || ledger.try_reserve(&budgets, &ANN, estimate(1, 1)).map(|it| it.settle(charge(1, 1)));
    spend().unwrap();
    spend().unwrap();
    for back in [1, 3599, 3600, 86_400] {
        clock.set(NOON - back);
        let Err(Denied::Exceeded(exceeded)) = spend() else { panic!("went back {back}") };
        assert_eq!(exceeded.retry_after.as_secs(), 3600 + back as u64, "by the clock as it is now");
    }
    clock.set(NOON + 3599);
    assert!(spend().is_err(), "still the same hour");
    clock.set(NOON + 3600);
    spend().unwrap();
    clock.set(NOON + 3599);
    spend().unwrap();
    assert!(spend().is_err(), "the new hour was not begun twice");
}

#[test]
fn old_and_unused_counters_are_forgotten() {
    let (ledger, clock) = in_memory();
    let budgets = [budget(
        "minute",
        Scope::each(vec![Dimension::Model]),
        Quantity::Tokens(10),
        Window::Minute,
    )];
    let held = ledger.try_reserve(&budgets, &ANN, estimate(1, 1)).unwrap();
    for round in 0..20 {
        clock.set(NOON + 60 * round);
        for model in 0..1000 {
            let model = format!("made-up-{model}");
            let who = Subject { model: &model, ..ANN };
            let call = ledger.try_reserve(&budgets, &who, estimate(1, 1)).unwrap();
            if round % 2 == 0 { call.settle(charge(1, 1)) } else { call.release() }
        }
        let kept = ledger.shared.lock().book.counters().count();
        assert!(kept <= 4096, "{kept} counters in round {round}");
    }
    held.settle(charge(1, 1));
    assert_eq!(ledger.outstanding(), 0);
}

#[test]
fn changing_a_limit_keeps_what_was_spent_even_in_another_unit() {
    let (ledger, _) = in_memory();
    let mut it = budget("b", Scope::each(vec![Dimension::Caller]), usd(100), Window::Day);
    ledger.try_reserve(&[&it], &ANN, estimate(60, 7)).unwrap().settle(charge(60, 7));
    it.limits[0].quantity = usd(70);
    assert!(ledger.try_reserve(&[&it], &ANN, estimate(11, 1)).is_err());
    it.limits[0].quantity = Quantity::Tokens(8);
    assert_eq!(stand(&ledger, &it), [("ann".to_owned(), 7, 0)]);
    it.limits[0].window = Window::Week;
    assert_eq!(stand(&ledger, &it), [], "another window is another counter");
}

#[test]
fn a_total_has_a_balance_before_anything_is_spent() {
    let (ledger, _) = in_memory();
    let it = budget("all", Scope::TOTAL, usd(5), Window::Day);
    let balances = ledger.balances(&[
        &it,
        &budget("each", Scope::each(vec![Dimension::Caller]), usd(1), Window::Day),
    ]);
    assert_eq!(
        balances,
        [Balance {
            budget: "all".to_owned(),
            scope: Scope::TOTAL,
            of: String::new(),
            window: Window::Day,
            limit: usd(5),
            spent: usd(0),
            reserved: usd(0),
            window_end: NOON + DAY / 2,
        }]
    );
}

#[test]
fn a_counter_on_which_nothing_was_spent_has_no_balance() {
    let (ledger, _) = in_memory();
    let it = budget("each", Scope::each(vec![Dimension::Model]), usd(100), Window::Day);
    let made_up = Subject { model: "gpt-made-up", ..ANN };
    let call = ledger.try_reserve(&[&it], &made_up, estimate(10, 1)).unwrap();
    assert_eq!(stand(&ledger, &it), [("gpt-made-up".to_owned(), 0, 10)]);
    call.release();
    assert_eq!(stand(&ledger, &it), [], "no label of a caller's choosing stays behind");
}
