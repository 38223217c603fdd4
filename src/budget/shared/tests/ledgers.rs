//! Several ledgers that share budgets.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use super::{
    calls::{admit, is_over, refuse, spend, statement, use_up},
    server::Server,
};
use crate::budget::{
    Budget, Charge, Denied, Dimension, Estimate, Event, Grant, Ledger, Limit, Money, OnExceeded,
    OpenError, Quantity, Scope, StoreSettings, Subject, Window,
    tests::given::{ANN, DAY, NOON, TestClock, usd},
};

pub(super) fn budget(quantity: Quantity, window: Window) -> Budget {
    Budget::plain("team", Scope::TOTAL, quantity, window)
}

pub(super) fn charge(nanos: u64) -> Charge {
    Charge { cost: Money::from_nanos(nanos), input: 1, ..Charge::default() }
}

pub(super) fn exactly(nanos: u64) -> Estimate {
    Estimate { likely: charge(nanos), most: charge(nanos) }
}

pub(super) fn open(
    path: Option<&Path>,
    settings: &StoreSettings,
    budgets: &[Budget],
) -> Arc<Ledger> {
    open_at(&TestClock::at(NOON), path, settings, budgets)
}

fn open_at(
    clock: &TestClock,
    path: Option<&Path>,
    settings: &StoreSettings,
    budgets: &[Budget],
) -> Arc<Ledger> {
    let begun = Instant::now();
    let ledger = loop {
        match Ledger::open(path, clock.clone()) {
            // A server that another test starts has all files of this process until it runs.
            Err(OpenError::InUse(_)) if begun.elapsed() < Duration::from_secs(10) => {
                std::thread::sleep(Duration::from_millis(20));
            }
            opened => break opened.unwrap(),
        }
    };
    ledger.share(settings, budgets).unwrap();
    ledger
}

/// Spent and reserved, of all.
pub(super) fn stand(ledger: &Ledger, budget: &Budget) -> (u64, u64) {
    let balances = ledger.balances(&[budget]);
    (balances[0].spent.count(), balances[0].reserved.count())
}

/// Only a hang takes that long.
pub(super) const HANG: Duration = Duration::from_secs(120);

/// Waits until something is true.
pub(super) async fn eventually(what: &str, mut is: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is() {
        assert!(begun.elapsed() < HANG, "never: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Waits until the store knows all that a ledger knows now.
pub(super) async fn told(ledger: &Ledger) {
    // The first round that ends from now on may have begun before.
    for _ in 0..2 {
        let now = Instant::now();
        let ended = || {
            let last = ledger.store_status().unwrap().last_sync;
            last.is_some_and(|ago| ago < now.elapsed())
        };
        eventually("a round ends", ended).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_calls_at_each_of_three_replicas_on_a_budget_for_ten() {
    for limit in [usd(1000), Quantity::Requests(10), Quantity::Tokens(10)] {
        let Some(server) = Server::start(&[]) else { return };
        let budgets = [budget(limit, Window::Day)];
        let ledgers: Vec<_> = (0..3).map(|_| open(None, &server.settings(), &budgets)).collect();
        let admitted = Arc::new(AtomicUsize::new(0));
        let calls = (0..3000).map(|call| {
            let (ledger, admitted) = (Arc::clone(&ledgers[call % 3]), Arc::clone(&admitted));
            let budgets = budgets.clone();
            tokio::spawn(async move {
                loop {
                    match ledger.reserve(&budgets, &ANN, exactly(100)).await {
                        Ok(mut call) => {
                            admitted.fetch_add(1, Ordering::SeqCst);
                            call.dispatched();
                            tokio::task::yield_now().await;
                            return call.settle(charge(100));
                        }
                        Err(Denied::Exceeded(exceeded)) if is_over(&exceeded) => return,
                        // On a slow machine so many wait for too long: for the store, or for others
                        // that hold what they don't use.
                        Err(Denied::Exceeded(_) | Denied::Unavailable) => {}
                        Err(other) => panic!("{other:?}"),
                    }
                }
            })
        });
        for call in calls.collect::<Vec<_>>() {
            tokio::time::timeout(HANG, call).await.expect("the end of a call").unwrap();
        }
        assert_eq!(admitted.load(Ordering::SeqCst), 10, "{limit}");
        for ledger in &ledgers {
            assert_eq!(ledger.outstanding(), 0);
            let all = (limit.count(), 0);
            eventually("all see all", || stand(ledger, &budgets[0]) == all).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_others_lease_and_do_not_use_comes_back_when_it_is_needed() {
    for _ in 0..5 {
        let Some(server) = Server::start(&[]) else { return };
        if comes_back(&server).await {
            return;
        }
    }
    panic!("nothing comes back while a call waits for it");
}

/// Whether what another one does not use comes back in time for a call that waits for it. On a slow
/// machine it may not.
async fn comes_back(server: &Server) -> bool {
    let budgets = [budget(usd(1000), Window::Day)];
    let [a, b] = [0, 1].map(|_| open(None, &server.settings(), &budgets));
    // A lease is left over where a call used less than it held.
    admit(&a, &budgets, &ANN, 800).await.settle(charge(100));
    let Ok(call) = b.reserve(&budgets, &ANN, exactly(900)).await else { return false };
    let exceeded = refuse(&a, &budgets, &ANN, 1).await;
    assert_eq!((exceeded.spent, exceeded.reserved), (usd(100), usd(900)));
    call.settle(charge(0));
    eventually("there is room again", || stand(&a, &budgets[0]) == (100, 0)).await;
    spend(&a, &budgets, &ANN, 900).await;
    true
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_within_the_lease_does_not_wait() {
    let Some(server) = Server::start(&[]) else { return };
    let budgets = [budget(Quantity::Requests(1_000_000), Window::Day)];
    let ledger = open(None, &server.settings(), &budgets);
    let mut waited = [0; 2];
    for number in 0..2000 {
        let call = match ledger.try_reserve(&budgets, &ANN, exactly(1)) {
            Ok(call) => call,
            Err(Denied::Short(_)) => {
                // How many are made at a time, it learns from the first ones.
                waited[usize::from(number >= 500)] += 1;
                admit(&ledger, &budgets, &ANN, 1).await
            }
            Err(other) => panic!("{other:?}"),
        };
        call.settle(charge(1));
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let [first, later] = waited;
    assert!(first <= 40 && later <= 20, "{first} of 500 and {later} of 1500 calls waited");
    // A lease may come just before it is waited for, and a call may have to come again.
    let (waited, waits) = (first + later, ledger.store_status().unwrap().waits);
    assert!(waits > waited / 2 && waits < waited * 2, "{waits} instead of {waited}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ledger_that_was_alone_carries_its_balances_over() {
    let Some(server) = Server::start(&[]) else { return };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger");
    let per_caller = Budget {
        name: "each".to_owned(),
        ..Budget::plain("", Scope::each(vec![Dimension::Caller]), usd(500), Window::Day)
    };
    let budgets = [budget(usd(1000), Window::Day), per_caller];
    let alone = Ledger::open(Some(&path), || NOON).unwrap();
    alone.reserve(&budgets, &ANN, exactly(400)).await.unwrap().settle(charge(400));
    drop(alone);

    let ledger = open(Some(&path), &server.settings(), &budgets);
    let other = open(None, &server.settings(), &budgets);
    eventually("the other knows", || stand(&other, &budgets[0]) == (400, 0)).await;
    let exceeded = refuse(&other, &budgets, &ANN, 101).await;
    assert_eq!((exceeded.budget.as_str(), exceeded.spent), ("each", usd(400)));
    spend(&other, &budgets, &ANN, 100).await;

    // The same replica again, not another one that spent the same.
    drop(ledger);
    let ledger = open(Some(&path), &server.settings(), &budgets);
    eventually("it knows", || stand(&ledger, &budgets[0]) == (500, 0)).await;
    let bob = Subject { caller: "bob", ..ANN };
    spend(&ledger, &budgets, &bob, 500).await;
    refuse(&ledger, &budgets, &bob, 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn windows_begin_anew_for_all() {
    let Some(server) = Server::start(&[]) else { return };
    for (window, wait) in [("hour", 3600), ("rolling 1h", 3660)] {
        let budgets = [budget(usd(100), window.parse().unwrap())];
        let clock = TestClock::at(NOON);
        let settings =
            StoreSettings { prefix: budgets[0].limits[0].window.to_string(), ..server.settings() };
        let [a, b] = [0, 1].map(|_| open_at(&clock, None, &settings, &budgets));
        spend(&a, &budgets, &ANN, 60).await;
        spend(&b, &budgets, &ANN, 40).await;
        for ledger in [&a, &b] {
            let exceeded = refuse(ledger, &budgets, &ANN, 1).await;
            assert_eq!(exceeded.retry_after.as_secs(), wait, "{window}");
        }
        clock.pass(2 * 3600);
        for ledger in [&a, &b] {
            eventually("it is over", || stand(ledger, &budgets[0]) == (0, 0)).await;
        }
        spend(&b, &budgets, &ANN, 100).await;
        refuse(&a, &budgets, &ANN, 1).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn resets_and_top_ups_are_for_all() {
    let Some(server) = Server::start(&[]) else { return };
    let budgets = [budget(usd(100), Window::Day)];
    let [a, b] = [0, 1].map(|_| open(None, &server.settings(), &budgets));
    // The clock of the ledger is not the store's: in the far future of both.
    let until = NOON + 400 * DAY;
    a.top_up(&budgets[0], "", usd(50), until).unwrap();
    eventually("b knows", || b.balances(&budgets)[0].limit == usd(150)).await;
    spend(&b, &budgets, &ANN, 150).await;
    refuse(&a, &budgets, &ANN, 1).await;

    b.reset(&budgets[0], "").unwrap();
    eventually("a knows", || stand(&a, &budgets[0]) == (0, 0)).await;
    spend(&a, &budgets, &ANN, 100).await;
    a.reset(&budgets[0], "").unwrap();
    eventually("b knows again", || stand(&b, &budgets[0]) == (0, 0)).await;
    spend(&b, &budgets, &ANN, 100).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_counter_is_reset_wherever_that_is_asked_for() {
    let Some(server) = Server::start(&[]) else { return };
    for window in ["day", "rolling 1h"] {
        let window: Window = window.parse().unwrap();
        let each = Scope::each(vec![Dimension::Caller]);
        let budgets = [Budget::plain(&window.to_string(), each, usd(100), window)];
        let clock = TestClock::at(NOON);
        let [a, b] = [0, 1].map(|_| open_at(&clock, None, &server.settings(), &budgets));
        for asked in [&b, &a, &b] {
            clock.pass(1);
            spend(&a, &budgets, &ANN, 100).await;
            refuse(&a, &budgets, &ANN, 1).await;
            asked.reset(&budgets[0], "ann").unwrap();
            eventually("a knows", || a.balances(&budgets).is_empty()).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn replicas_with_copies_of_one_journal_stay_within_the_limit() {
    let Some(server) = Server::start(&[]) else { return };
    let folder = tempfile::tempdir().unwrap();
    let [path, copy] = ["ledger", "copy"].map(|name| folder.path().join(name));
    let budgets = [budget(usd(1000), Window::Day)];
    let a = open(Some(&path), &server.settings(), &budgets);
    for beside in ["", ".replica"] {
        let [from, to] = [&path, &copy].map(|it| format!("{}{beside}", it.display()));
        std::fs::copy(from, to).unwrap();
    }
    let call = admit(&a, &budgets, &ANN, 700).await;
    let b = open(Some(&copy), &server.settings(), &budgets);
    assert_eq!(use_up(&[&b, &a], &budgets, &ANN, 100).await, 300);
    call.settle(charge(700));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_declared_grant_is_the_same_when_others_are_not_declared_any_more() {
    let Some(server) = Server::start(&[]) else { return };
    let clock = TestClock::at(NOON);
    let grant = |nanos, until| Grant { of: None, quantity: usd(nanos), until };
    let mut budgets = [budget(usd(100), Window::Hour)];
    // The clock of the ledger is not the store's: in the far future of both.
    let ends = NOON + 400 * DAY;
    budgets[0].grants = vec![grant(1, NOON + 1), grant(50, ends)];
    let ledger = open_at(&clock, None, &server.settings(), &budgets);
    clock.pass(1);
    spend(&ledger, &budgets, &ANN, 150).await;
    budgets[0].grants.remove(0);
    for _ in 0..2 {
        // What a window used in its last moment is not taken off grants.
        told(&ledger).await;
        clock.pass(3600);
        refuse(&ledger, &budgets, &ANN, 101).await;
        spend(&ledger, &budgets, &ANN, 100).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_audit_tells_of_what_passes_the_limit_and_not_of_what_is_not_leased() {
    let Some(server) = Server::start(&[]) else { return };
    let on_exceeded = OnExceeded::Audit;
    let budgets = [Budget { on_exceeded, ..budget(usd(100), Window::Day) }];
    let [a, b] = [0, 1].map(|_| open(None, &server.settings(), &budgets));
    let told = b.take_events().unwrap();
    a.reserve(&budgets, &ANN, exactly(60)).await.unwrap().settle(charge(60));
    eventually("b knows", || stand(&b, &budgets[0]) == (60, 0)).await;
    b.reserve(&budgets, &ANN, exactly(40)).await.unwrap().settle(charge(40));
    assert_eq!(told.try_recv().ok(), None, "it fits");
    b.reserve(&budgets, &ANN, exactly(1)).await.unwrap().settle(charge(1));
    let event = told.try_recv().unwrap();
    let Event::Exceeded { limit, spent, .. } = event else { panic!("{event:?}") };
    assert_eq!((limit, spent), (usd(100), usd(100)), "of all");
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_at_once_are_counted_everywhere() {
    let Some(server) = Server::start(&[]) else { return };
    let mut budgets = [budget(Quantity::Concurrent(4), Window::Always)];
    budgets[0].limits.push(Limit { quantity: usd(1_000_000), window: Window::Day });
    let [a, b] = [0, 1].map(|_| open(None, &server.settings(), &budgets));
    let mut calls = Vec::new();
    for ledger in [&a, &a, &a, &b] {
        calls.push(admit(ledger, &budgets, &ANN, 1).await);
    }
    refuse(&a, &budgets, &ANN, 1).await;
    refuse(&b, &budgets, &ANN, 1).await;
    calls.remove(0).settle(charge(1));
    // As soon as it is known.
    eventually("there is a place", || stand(&b, &budgets[0]).1 == 3).await;
    admit(&b, &budgets, &ANN, 1).await.release();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_that_leaves_gives_back_what_it_did_not_use() {
    for _ in 0..20 {
        let Some(server) = Server::start(&[]) else { return };
        let budgets = [budget(usd(1000), Window::Day)];
        let [a, b] = [0, 1].map(|_| open(None, &server.settings(), &budgets));
        admit(&a, &budgets, &ANN, 900).await.settle(charge(100));
        a.leave();
        // It says so once: a store that was too slow then does not know.
        if a.store_status().unwrap().failures == 0 {
            return spend(&b, &budgets, &ANN, 900).await;
        }
    }
    panic!("the store is always slow");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_statement_is_of_all() {
    let Some(mut server) = Server::start(&[]) else { return };
    let budgets = [budget(usd(1000), Window::Day)];
    let [a, b] = [0, 1].map(|_| open(None, &server.settings(), &budgets));
    let bob = Subject { caller: "bob", ..ANN };
    for (ledger, who, nanos) in [(&a, &ANN, 10), (&b, &ANN, 20), (&b, &bob, 40)] {
        spend(ledger, &budgets, who, nanos).await;
    }
    let read = async || {
        let rows = a.shared_statement("2026-11-21", "2026-11-21").await?;
        let told = rows.into_iter().map(|row| (row.caller, row.spend.requests, row.spend.nanos));
        Some(told.collect::<Vec<_>>())
    };
    let all = Some(vec![("ann".to_owned(), 2, 30), ("bob".to_owned(), 1, 40)]);
    for lost in [false, true] {
        if lost {
            server.kill();
            assert_eq!(read().await, None);
            server.resume();
        }
        let begun = Instant::now();
        while read().await != all {
            assert!(begun.elapsed() < Duration::from_secs(30), "{:?}", read().await);
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }
    assert_eq!(statement(&a, "2026-11-22", "2026-11-30").await, vec![]);
    assert_eq!(statement(&a, "2026-11-30", "2026-11-01").await, vec![]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_statement_of_days_in_which_the_store_was_away_is_told_later() {
    let Some(server) = Server::start(&[]) else { return };
    let budgets = [budget(usd(1000), Window::Day)];
    let clock = TestClock::at(NOON);
    let ledger = open_at(&clock, None, &server.settings(), &budgets);
    let other = open(None, &server.settings(), &budgets);
    let told = async |nanos: u64| {
        let begun = Instant::now();
        loop {
            let rows = statement(&other, "2026-11-21", "2026-11-30").await;
            let sum: u64 = rows.iter().map(|row| row.spend.nanos).sum();
            if sum == nanos {
                break;
            }
            assert!(begun.elapsed() < Duration::from_secs(30), "{sum} instead of {nanos}");
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    };
    spend(&ledger, &budgets, &ANN, 10).await;
    told(10).await;
    let call = admit(&ledger, &budgets, &ANN, 5).await;
    server.pause();
    call.settle(charge(5));
    clock.pass(3 * DAY);
    server.unpause();
    told(15).await;
}
