//! What a budget costs a request: `cargo test --release --lib -- --ignored --nocapture cost_of`.

use std::time::Instant;

use super::*;
use crate::budget::SystemClock;

const CALLS: u32 = 200_000;

/// As an operator would set them, none of which refuses anything.
fn budgets() -> Vec<Budget> {
    let each = |dimension| Scope::each(vec![dimension]);
    let mut budgets = vec![
        budget("daily", each(Dimension::Caller), usd(u64::MAX), Window::Day),
        budget("tokens", Scope::TOTAL, Quantity::Tokens(u64::MAX), Window::Month),
        budget("requests", each(Dimension::Model), Quantity::Requests(u64::MAX), Window::Hour),
        budget("rolling", each(Dimension::Caller), usd(u64::MAX), "rolling 1h".parse().unwrap()),
        budget("warned", each(Dimension::Group), usd(u64::MAX), Window::Month),
        budget("at once", each(Dimension::Backend), Quantity::Concurrent(1000), Window::Always),
    ];
    budgets[4].warn = vec![Percent(50), Percent(80), Percent(95)];
    budgets
}

fn measure(what: &str, path: Option<&Path>, threads: u32, budgets: &[Budget]) {
    let ledger = Ledger::open(path, SystemClock).unwrap();
    let started = Instant::now();
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                for _ in 0..CALLS / threads {
                    let estimate = estimate(4_213_000, 812);
                    let mut call = ledger.try_reserve(budgets, &ANN, estimate).unwrap();
                    call.dispatched();
                    call.settle(charge(2_100_000, 640));
                }
            });
        }
    });
    let each = started.elapsed() / CALLS;
    let kept = if path.is_some() { "disk" } else { "memory" };
    println!("{kept:>6}, {threads} threads, {what:>14}: {each:?} a call");
    let charged: u64 =
        ledger.statement("2000-01-01", "9999-12-31").iter().map(|it| it.spend.requests).sum();
    assert!(charged >= u64::from(CALLS / threads * threads), "the statement counts them all");
}

#[test]
#[ignore = "a measurement, not a check"]
fn cost_of_reserve_and_settle() {
    let directory = tempfile::tempdir().unwrap();
    let all = budgets();
    for path in [None, Some(directory.path().join("ledger"))] {
        for threads in [1, 2] {
            for count in [0, 1, 3, 6] {
                measure(&format!("{count} budgets"), path.as_deref(), threads, &all[..count]);
            }
            measure("rolling window", path.as_deref(), threads, &all[3..4]);
            measure("thresholds", path.as_deref(), threads, &all[4..5]);
        }
    }
}
