//! Prometheus metrics, with stable names and bounded labels.
//!
//! Labels hold only what the operator configured (gateway, route, backend, caller, target model)
//! or words of ours; never a string that a caller chose (S-52).

use std::time::Duration;

use prometheus::{
    CounterVec, Encoder, GaugeVec, HistogramOpts, HistogramVec, IntCounterVec, IntGauge, Opts,
    Registry, TextEncoder,
};
use providers::conversation::Usage;

use crate::budget::{Balance, Quantity};

/// The labels of every metric that is about a request (`egress.md` E14).
const PLACE: [&str; 5] = ["gateway", "route", "backend", "namespace", "serviceAccount"];
/// What a label says when it is not known.
pub const UNKNOWN: &str = "unknown";

/// Where a request was when something happened to it.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// This gateway.
    pub gateway: &'a str,
    /// The route, or [`UNKNOWN`].
    pub route: &'a str,
    /// The backend, or [`UNKNOWN`].
    pub backend: &'a str,
}

impl<'a> Place<'a> {
    /// Callers are known by key only so far, so namespace and service account are not known.
    fn labels<const N: usize>(self, more: [&'a str; N]) -> Vec<&'a str> {
        let mut labels = vec![self.gateway, self.route, self.backend, UNKNOWN, UNKNOWN];
        labels.extend(more);
        labels
    }
}

/// All metrics of the gateway.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    requests: IntCounterVec,
    duration: HistogramVec,
    first_token: HistogramVec,
    tokens: IntCounterVec,
    cost: CounterVec,
    failovers: IntCounterVec,
    ejections: IntCounterVec,
    dropped: IntCounterVec,
    downgrades: IntCounterVec,
    denials: IntCounterVec,
    usage_unknown: IntCounterVec,
    estimated: IntCounterVec,
    callers_left: IntCounterVec,
    reloads: IntCounterVec,
    budget_limit: GaugeVec,
    budget_spent: GaugeVec,
    budget_reserved: GaugeVec,
    budget_remaining: GaugeVec,
    /// Requests being served now.
    pub in_flight: IntGauge,
}

impl Metrics {
    /// Registers every metric.
    pub fn new() -> Result<Self, prometheus::Error> {
        let registry = Registry::new();
        let with = |more: &[&'static str]| [&PLACE[..], more].concat();
        let count = |name: &str, help: &str, labels: &[&str]| {
            let vec = IntCounterVec::new(Opts::new(name, help), labels)?;
            registry.register(Box::new(vec.clone()))?;
            Ok::<_, prometheus::Error>(vec)
        };
        let seconds = |name: &str, help: &str, labels: &[&str], buckets: &[f64]| {
            let opts = HistogramOpts::new(name, help).buckets(buckets.to_vec());
            let vec = HistogramVec::new(opts, labels)?;
            registry.register(Box::new(vec.clone()))?;
            Ok::<_, prometheus::Error>(vec)
        };
        let gauge = |name: &str, help: &str, labels: &[&str]| {
            let vec = GaugeVec::new(Opts::new(name, help), labels)?;
            registry.register(Box::new(vec.clone()))?;
            Ok::<_, prometheus::Error>(vec)
        };
        // From a cache hit at a provider to an hour of a thinking stream.
        let buckets = [0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1000.0];
        let budget = ["gateway", "budget", "per", "of", "unit"];

        let cost = CounterVec::new(
            Opts::new("egret_cost_usd_total", "Dollars charged to budgets and callers."),
            &with(&["caller", "model"]),
        )?;
        registry.register(Box::new(cost.clone()))?;
        let in_flight = IntGauge::new("egret_requests_in_flight", "Requests being served now.")?;
        registry.register(Box::new(in_flight.clone()))?;

        Ok(Self {
            requests: count(
                "egret_requests_total",
                "Requests answered, by surface, caller and HTTP status.",
                &with(&["caller", "surface", "code"]),
            )?,
            duration: seconds(
                "egret_request_duration_seconds",
                "From a request's header to the last byte of its answer.",
                &with(&["surface"]),
                &buckets,
            )?,
            first_token: seconds(
                "egret_time_to_first_token_seconds",
                "From a request's header to the first text, thought or tool call of its streamed answer.",
                &with(&["surface"]),
                &buckets,
            )?,
            tokens: count(
                "egret_tokens_total",
                "Tokens used, by kind.",
                &with(&["caller", "model", "kind"]),
            )?,
            failovers: count(
                "egret_failovers_total",
                "Attempts that failed and were followed by another; backend is the one that failed.",
                &with(&["reason"]),
            )?,
            ejections: count(
                "egret_ejections_total",
                "Times a backend was left alone because it kept failing.",
                &["gateway", "backend"],
            )?,
            dropped: count(
                "egret_dropped_fields_total",
                "Fields that the backend's schema can't express and that were left out.",
                &with(&["surface", "target", "field"]),
            )?,
            downgrades: count(
                "egret_downgrades_total",
                "Requests that a cheaper model took over because a budget had no room for the one asked for.",
                &with(&["caller", "budget"]),
            )?,
            denials: count(
                "egret_denials_total",
                "Requests that Egret itself refused, by reason.",
                &with(&["caller", "reason"]),
            )?,
            usage_unknown: count(
                "egret_usage_unknown_total",
                "Answers whose provider told no usage; their estimate was charged.",
                &with(&[]),
            )?,
            estimated: count(
                "egret_estimated_charges_total",
                "Calls charged with their estimate: cut short, timed out, or without usage.",
                &with(&[]),
            )?,
            callers_left: count(
                "egret_callers_left_total",
                "Callers that left before their answer was whole, by what was charged: the usage that reading on has shown, or an estimate.",
                &with(&["charged"]),
            )?,
            reloads: count(
                "egret_config_reloads_total",
                "Reloads of the configuration, by result.",
                &["gateway", "result"],
            )?,
            budget_limit: gauge("egret_budget_limit", "What a budget allows.", &budget)?,
            budget_spent: gauge("egret_budget_spent", "What has been spent of it.", &budget)?,
            budget_reserved: gauge(
                "egret_budget_reserved",
                "What calls in flight have reserved of it.",
                &budget,
            )?,
            budget_remaining: gauge("egret_budget_remaining", "What is left of it.", &budget)?,
            cost,
            in_flight,
            registry,
        })
    }

    /// A request was answered.
    pub fn answered(
        &self,
        at: Place<'_>,
        caller: &str,
        surface: &str,
        status: u16,
        took: Duration,
    ) {
        let code = status.to_string();
        self.requests.with_label_values(&at.labels([caller, surface, &code])).inc();
        self.duration.with_label_values(&at.labels([surface])).observe(took.as_secs_f64());
    }

    /// The first token of a streamed answer went out.
    pub fn first_token(&self, at: Place<'_>, surface: &str, took: Duration) {
        self.first_token.with_label_values(&at.labels([surface])).observe(took.as_secs_f64());
    }

    /// A provider told what an answer cost. `model` is the configured one, not the caller's word.
    pub fn used(&self, at: Place<'_>, caller: &str, model: &str, usage: &Usage, nano_usd: u64) {
        for (kind, count) in [
            ("input", usage.input),
            ("cache_read", usage.cache_read),
            ("cache_write", usage.cache_write),
            ("output", usage.output),
            ("reasoning", usage.reasoning),
        ] {
            if count > 0 {
                let labels = at.labels([caller, model, kind]);
                self.tokens.with_label_values(&labels).inc_by(count);
            }
        }
        self.spent(at, caller, model, nano_usd);
    }

    /// Dollars were charged, known or estimated.
    pub fn spent(&self, at: Place<'_>, caller: &str, model: &str, nano_usd: u64) {
        // A metric is for looking at; the ledger counts in integers.
        #[expect(clippy::cast_precision_loss, reason = "a float is what Prometheus takes")]
        let dollars = nano_usd as f64 / 1e9;
        self.cost.with_label_values(&at.labels([caller, model])).inc_by(dollars);
    }

    /// An attempt failed and the next one follows.
    pub fn failed_over(&self, at: Place<'_>, reason: &str) {
        self.failovers.with_label_values(&at.labels([reason])).inc();
    }

    /// A backend is left alone for a while.
    pub fn ejected(&self, gateway: &str, backend: &str) {
        self.ejections.with_label_values(&[gateway, backend]).inc();
    }

    /// A field was left out.
    pub fn dropped(&self, at: Place<'_>, surface: &str, target: &str, field: &str) {
        self.dropped.with_label_values(&at.labels([surface, target, field])).inc();
    }

    /// A budget had no room for a request, and another model took over.
    pub fn downgraded(&self, at: Place<'_>, caller: &str, budget: &str) {
        self.downgrades.with_label_values(&at.labels([caller, budget])).inc();
    }

    /// Egret refused a request.
    pub fn denied(&self, at: Place<'_>, caller: &str, reason: &str) {
        self.denials.with_label_values(&at.labels([caller, reason])).inc();
    }

    /// An estimate was charged, because nobody will know what the provider bills.
    pub fn charge_estimated(&self, at: Place<'_>) {
        self.estimated.with_label_values(&at.labels([])).inc();
    }

    /// A caller left before its answer was whole, and was charged `usage` or an `estimate`.
    pub fn caller_left(&self, at: Place<'_>, charged: &str) {
        self.callers_left.with_label_values(&at.labels([charged])).inc();
    }

    /// A provider told no usage.
    pub fn usage_unknown(&self, at: Place<'_>) {
        self.usage_unknown.with_label_values(&at.labels([])).inc();
    }

    /// The configuration was reloaded, or could not be.
    pub fn reloaded(&self, gateway: &str, ok: bool) {
        let result = if ok { "ok" } else { "failed" };
        self.reloads.with_label_values(&[gateway, result]).inc();
    }

    /// Everything in Prometheus' text format; budgets as they stand now.
    pub fn render(&self, gateway: &str, balances: &[Balance]) -> Vec<u8> {
        for gauge in
            [&self.budget_limit, &self.budget_spent, &self.budget_reserved, &self.budget_remaining]
        {
            gauge.reset();
        }
        for balance in balances {
            let unit = balance.limit.unit();
            let scale = if matches!(balance.limit, Quantity::Usd(_)) { 1e9 } else { 1.0 };
            let per = balance.scope.to_string();
            let labels = [gateway, &balance.budget, &per, &balance.of, unit];
            let [limit, spent, reserved] =
                [balance.limit, balance.spent, balance.reserved].map(Quantity::count);
            let remaining = limit.saturating_sub(spent).saturating_sub(reserved);
            for (gauge, amount) in [
                (&self.budget_limit, limit),
                (&self.budget_spent, spent),
                (&self.budget_reserved, reserved),
                (&self.budget_remaining, remaining),
            ] {
                #[expect(clippy::cast_precision_loss, reason = "a float is what Prometheus takes")]
                gauge.with_label_values(&labels).set(amount as f64 / scale);
            }
        }
        let mut text = Vec::new();
        if let Err(error) = TextEncoder::new().encode(&self.registry.gather(), &mut text) {
            log::error!("cannot render metrics: {error}");
        }
        text
    }
}
