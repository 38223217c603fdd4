//! What a budget costs a request: `cargo test --release --lib -- --ignored --nocapture cost`.

use std::time::Instant;

use super::*;
use crate::budget::SystemClock;

const CALLS: u32 = 200_000;

#[test]
#[ignore = "a measurement, not a check"]
fn cost_of_reserve_and_settle() {
    let directory = tempfile::tempdir().unwrap();
    let budgets = [
        budget("daily", Scope::each(vec![Dimension::Caller]), usd(u64::MAX), Window::Day),
        budget("tokens", Scope::TOTAL, Quantity::Tokens(u64::MAX), Window::Month),
        budget(
            "requests",
            Scope::each(vec![Dimension::Model]),
            Quantity::Requests(u64::MAX),
            Window::Hour,
        ),
    ];
    for (kept, path) in [("memory", None), ("disk", Some(directory.path().join("ledger")))] {
        for (threads, count) in [(1, 1), (1, 3), (2, 1), (2, 3)] {
            let ledger = Ledger::open(path.as_deref(), SystemClock).unwrap();
            let started = Instant::now();
            thread::scope(|scope| {
                for _ in 0..threads {
                    scope.spawn(|| {
                        for _ in 0..CALLS / threads {
                            let budgets = &budgets[..count];
                            let mut call = ledger
                                .try_reserve(budgets, &ANN, estimate(4_213_000, 812))
                                .unwrap();
                            call.dispatched();
                            call.settle(charge(2_100_000, 640));
                        }
                    });
                }
            });
            let each = started.elapsed() / CALLS;
            println!("{kept:>6}: {count} budgets, {threads} threads: {each:?} a call");
        }
    }
}
