//! What tests of several parts are given: a time, two callers, and money.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use crate::budget::{Clock, Money, Quantity, Subject};

/// 2026-11-21, 12:00:00 UTC, a Saturday.
pub(in crate::budget) const NOON: i64 = 1_795_262_400;
/// In seconds.
pub(in crate::budget) const DAY: i64 = 86_400;

pub(in crate::budget) const ANN: Subject<'_> = Subject {
    gateway: "egret",
    caller: "ann",
    group: "",
    namespace: "",
    service_account: "",
    labels: &[],
    route: "",
    backend: "openai",
    provider: "openai",
    model: "gpt-5.4",
};
pub(in crate::budget) const BOB: Subject<'_> =
    Subject { caller: "bob", model: "claude-sonnet-5", backend: "claude", ..ANN };

/// A clock that goes only when it is told to; its clones show the same time.
#[derive(Clone)]
pub(in crate::budget) struct TestClock(Arc<AtomicI64>);

impl TestClock {
    pub(in crate::budget) fn at(now: i64) -> Self {
        Self(Arc::new(AtomicI64::new(now)))
    }

    pub(in crate::budget) fn set(&self, now: i64) {
        self.0.store(now, Ordering::SeqCst);
    }

    pub(in crate::budget) fn pass(&self, seconds: i64) {
        self.0.fetch_add(seconds, Ordering::SeqCst);
    }
}

impl Clock for TestClock {
    fn now(&self) -> i64 {
        self.0.load(Ordering::SeqCst)
    }
}

pub(in crate::budget) fn usd(nanos: u64) -> Quantity {
    Quantity::Usd(Money::from_nanos(nanos))
}
