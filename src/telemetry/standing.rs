//! What is asked of the ledger when somebody looks at the metrics.

use std::cmp::Reverse;

use prometheus::{GaugeVec, IntCounterVec, Opts, Registry};

use super::credentials::{Credentials, Minting};
use super::issuers::{Keys, KeysNow};
use super::names::Names;
use super::revocation::{Lists, ListsNow};
use crate::budget::estimate::Accuracy;
use crate::budget::{Balance, Quantity, StoreStatus};
use crate::resolve::Status;

/// Counters that are shown of each limit of a budget, those with the most spent; the others are one
/// series. A budget may keep one for each of a million callers.
const SERIES: usize = 2_000;
/// Models whose estimates are shown, those that are asked most: callers may make them up.
const MODELS: usize = 200;
/// What the rest is counted under.
const OTHER: &str = "(other)";

/// What the ledger says now.
#[derive(Debug, Default)]
pub struct Now<'a> {
    /// What the budgets stand at.
    pub balances: &'a [Balance],
    /// Whether reservations can be recorded.
    pub ledger_writable: bool,
    /// How the store is that replicas share, if there is one.
    pub store: Option<StoreStatus>,
    /// How far off the estimates of input tokens have been.
    pub accuracy: &'a [Accuracy],
    /// How the names of backends stand.
    pub names: &'a [Status],
    /// How the revocation lists of backends are, of those that have some.
    pub lists: &'a [ListsNow],
    /// How the keys of issuers of tokens are.
    pub keys: &'a [KeysNow],
    /// How the backends' credentials stand, of those that somebody mints.
    pub credentials: &'a [Minting<'a>],
}

/// Gauges that are set anew at each look.
#[derive(Debug)]
pub(super) struct Standing {
    limit: GaugeVec,
    spent: GaugeVec,
    reserved: GaugeVec,
    remaining: GaugeVec,
    writable: GaugeVec,
    reachable: GaugeVec,
    sync_age: GaugeVec,
    store_failures: IntCounterVec,
    store_passed: IntCounterVec,
    store_waits: IntCounterVec,
    error: GaugeVec,
    names: Names,
    lists: Lists,
    keys: Keys,
    credentials: Credentials,
}

/// The four numbers of a series.
#[derive(Clone, Copy, Default)]
struct Amounts {
    limit: u64,
    spent: u64,
    reserved: u64,
    remaining: u64,
}

impl Standing {
    pub(super) fn new(registry: &Registry) -> Result<Self, prometheus::Error> {
        let gauge = |name: &str, help: &str, labels: &[&str]| {
            let vec = GaugeVec::new(Opts::new(name, help), labels)?;
            registry.register(Box::new(vec.clone()))?;
            Ok::<_, prometheus::Error>(vec)
        };
        let budget = ["gateway", "budget", "per", "of", "unit", "window"];
        let counter = |name: &str, help: &str| {
            let vec = IntCounterVec::new(Opts::new(name, help), &["gateway"])?;
            registry.register(Box::new(vec.clone()))?;
            Ok::<_, prometheus::Error>(vec)
        };
        Ok(Self {
            limit: gauge("egret_budget_limit", "What a budget allows, grants included.", &budget)?,
            spent: gauge("egret_budget_spent", "What has been spent of it.", &budget)?,
            reserved: gauge(
                "egret_budget_reserved",
                "What calls in flight have reserved of it.",
                &budget,
            )?,
            remaining: gauge("egret_budget_remaining", "What is left of it.", &budget)?,
            writable: gauge(
                "egret_ledger_writable",
                "Whether the ledger can be written (1); while it can't (0), calls are refused.",
                &["gateway"],
            )?,
            reachable: gauge(
                "egret_store_reachable",
                "Whether the store that replicas share answered (1) when it was last asked.",
                &["gateway"],
            )?,
            sync_age: gauge(
                "egret_store_sync_age_seconds",
                "How long ago the store last answered.",
                &["gateway"],
            )?,
            store_failures: counter(
                "egret_store_failures_total",
                "How often the store did not answer.",
            )?,
            store_passed: counter(
                "egret_store_outage_calls_total",
                "Calls that an open outage let pass beyond what was leased.",
            )?,
            store_waits: counter(
                "egret_store_waits_total",
                "Calls that waited for the store, as they did not fit into what was leased.",
            )?,
            error: gauge(
                "egret_estimate_error_ratio",
                "How far off estimates of input tokens have been, as a share of the real count.",
                &["gateway", "model", "quantile"],
            )?,
            names: Names::new(registry)?,
            lists: Lists::new(registry)?,
            keys: Keys::new(registry)?,
            credentials: Credentials::new(registry)?,
        })
    }

    /// Shows this instead of what was shown before.
    pub(super) fn set(&self, gateway: &str, now: &Now<'_>) {
        for gauge in [&self.limit, &self.spent, &self.reserved, &self.remaining] {
            gauge.reset();
        }
        self.writable.reset();
        self.writable.with_label_values(&[gateway]).set(f64::from(u8::from(now.ledger_writable)));
        self.set_store(gateway, now.store);
        self.set_error(gateway, now.accuracy);
        self.names.set(gateway, now.names);
        self.lists.set(gateway, now.lists);
        self.keys.set(gateway, now.keys);
        self.credentials.set(gateway, now.credentials);

        let mut balances: Vec<&Balance> = now.balances.iter().collect();
        balances.sort_by_cached_key(|it| (series(it), Reverse(it.spent.count())));
        for of_one in balances.chunk_by(|a, b| series(a) == series(b)) {
            let (shown, rest) = of_one.split_at(of_one.len().min(SERIES));
            for balance in shown {
                self.show(gateway, balance, &balance.of, Amounts::of(balance));
            }
            if let Some(first) = rest.first() {
                let sum = rest.iter().fold(Amounts::default(), |sum, balance| sum.plus(balance));
                self.show(gateway, first, OTHER, sum);
            }
        }
    }

    fn set_store(&self, gateway: &str, store: Option<StoreStatus>) {
        self.reachable.reset();
        self.sync_age.reset();
        self.store_failures.reset();
        self.store_passed.reset();
        self.store_waits.reset();
        let Some(StoreStatus { reachable, last_sync, failures, passed, waits }) = store else {
            return;
        };
        self.reachable.with_label_values(&[gateway]).set(f64::from(u8::from(reachable)));
        self.store_failures.with_label_values(&[gateway]).inc_by(failures);
        self.store_passed.with_label_values(&[gateway]).inc_by(passed);
        self.store_waits.with_label_values(&[gateway]).inc_by(waits);
        if let Some(age) = last_sync {
            self.sync_age.with_label_values(&[gateway]).set(age.as_secs_f64());
        }
    }

    fn set_error(&self, gateway: &str, accuracy: &[Accuracy]) {
        self.error.reset();
        let mut models: Vec<&Accuracy> = accuracy.iter().collect();
        models.sort_by_key(|model| Reverse(model.calls));
        for Accuracy { model, median, p90, .. } in models.into_iter().take(MODELS) {
            for (quantile, error) in [("0.5", median), ("0.9", p90)] {
                self.error.with_label_values(&[gateway, &**model, quantile]).set(*error);
            }
        }
    }

    fn show(&self, gateway: &str, like: &Balance, of: &str, amounts: Amounts) {
        let unit = like.limit.unit();
        let scale = if matches!(like.limit, Quantity::Usd(_)) { 1e9 } else { 1.0 };
        let (per, window) = (like.scope.to_string(), like.window.to_string());
        let labels = [gateway, &like.budget, &per, of, unit, &window];
        let Amounts { limit, spent, reserved, remaining } = amounts;
        for (gauge, amount) in [
            (&self.limit, limit),
            (&self.spent, spent),
            (&self.reserved, reserved),
            (&self.remaining, remaining),
        ] {
            #[expect(clippy::cast_precision_loss, reason = "a float is what Prometheus takes")]
            gauge.with_label_values(&labels).set(amount as f64 / scale);
        }
    }
}

/// What all counters of one limit have in common.
fn series(balance: &Balance) -> (&str, &'static str, String) {
    (&balance.budget, balance.limit.unit(), balance.window.to_string())
}

impl Amounts {
    fn of(balance: &Balance) -> Self {
        Self {
            limit: balance.limit.count(),
            spent: balance.spent.count(),
            reserved: balance.reserved.count(),
            remaining: balance.remaining().count(),
        }
    }

    fn plus(self, balance: &Balance) -> Self {
        let more = Self::of(balance);
        Self {
            limit: self.limit.saturating_add(more.limit),
            spent: self.spent.saturating_add(more.spent),
            reserved: self.reserved.saturating_add(more.reserved),
            remaining: self.remaining.saturating_add(more.remaining),
        }
    }
}

#[cfg(test)]
mod tests;
