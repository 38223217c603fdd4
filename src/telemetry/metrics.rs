//! Prometheus metrics, with stable names and bounded labels.
//!
//! Labels hold only what the operator configured (gateway, route, backend, caller, target model),
//! identities that were proved, of which a bounded number is told by name, or words of ours; never a
//! string that a caller chose (S-52).

use std::time::Duration;

use prometheus::{
    CounterVec, Encoder, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, Opts,
    Registry, TextEncoder,
};
use providers::conversation::Usage;

use super::standing::{Now, Standing};

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
    /// The namespace of the caller, or [`UNKNOWN`].
    pub namespace: &'a str,
    /// The service account of the caller, or [`UNKNOWN`].
    pub service_account: &'a str,
}

impl<'a> Place<'a> {
    fn labels<const N: usize>(self, more: [&'a str; N]) -> Vec<&'a str> {
        let Self { gateway, route, backend, namespace, service_account } = self;
        let mut labels = vec![gateway, route, backend, namespace, service_account];
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
    key_rests: IntCounterVec,
    dropped: IntCounterVec,
    downgrades: IntCounterVec,
    denials: IntCounterVec,
    usage_unknown: IntCounterVec,
    estimated: IntCounterVec,
    callers_left: IntCounterVec,
    reloads: IntCounterVec,
    budget_events: IntCounterVec,
    webhooks: IntCounterVec,
    standing: Standing,
    authentications: IntCounterVec,
    handshakes: IntCounterVec,
    connections_refused: IntCounterVec,
    /// Requests being served now.
    pub in_flight: IntGauge,
    /// Connections of callers; set when somebody looks.
    pub connections: IntGauge,
    /// Tasks of the runtime that serves callers; set when somebody looks.
    pub tasks: IntGauge,
    /// Lines of the access log that nobody took.
    pub log_dropped: IntCounter,
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
        // From a cache hit at a provider to an hour of a thinking stream.
        let buckets = [0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1000.0];

        let cost = CounterVec::new(
            Opts::new("egret_cost_usd_total", "Dollars charged to budgets and callers."),
            &with(&["caller", "model"]),
        )?;
        registry.register(Box::new(cost.clone()))?;
        let in_flight = IntGauge::new("egret_requests_in_flight", "Requests being served now.")?;
        registry.register(Box::new(in_flight.clone()))?;
        let connections = IntGauge::new("egret_connections", "Connections of callers.")?;
        registry.register(Box::new(connections.clone()))?;
        let tasks = IntGauge::new("egret_tasks", "Tasks of the runtime that serves callers.")?;
        registry.register(Box::new(tasks.clone()))?;
        let log_dropped = IntCounter::new(
            "egret_access_log_dropped_total",
            "Lines of the access log that were dropped because standard output was not read.",
        )?;
        registry.register(Box::new(log_dropped.clone()))?;

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
            key_rests: count(
                "egret_key_rests_total",
                "Times that one of a backend's several keys was refused and left alone, by reason.",
                &["gateway", "backend", "reason"],
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
            authentications: count(
                "egret_authentications_total",
                "Requests by how their callers were recognised: method is key, mtls, kubernetes or the name of an issuer; result is ok, or why not.",
                &["gateway", "method", "result"],
            )?,
            handshakes: count(
                "egret_tls_handshakes_total",
                "TLS handshakes of listeners; result is ok, or why not.",
                &["gateway", "result"],
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
            budget_events: count(
                "egret_budget_events_total",
                "Thresholds that spending has reached, and limits that it went beyond (audit).",
                &["gateway", "budget", "event"],
            )?,
            webhooks: count(
                "egret_webhook_deliveries_total",
                "Events sent to the webhook, by result: ok, failed, dropped.",
                &["gateway", "result"],
            )?,
            connections_refused: count(
                "egret_connections_refused_total",
                "Connections closed before a request was read, by reason: too_many, too_many_from_one, silent, slow_header, malformed.",
                &["gateway", "reason"],
            )?,
            standing: Standing::new(&registry)?,
            cost,
            in_flight,
            connections,
            tasks,
            log_dropped,
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

    /// A provider told what an attempt took. `model` is the configured one, not the caller's word.
    pub fn used(&self, at: Place<'_>, caller: &str, model: &str, usage: &Usage) {
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
    }

    /// Dollars were charged for an attempt, known or estimated.
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

    /// One of a backend's keys was refused, and rests.
    pub fn key_rests(&self, gateway: &str, backend: &str, reason: &str) {
        self.key_rests.with_label_values(&[gateway, backend, reason]).inc();
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

    /// A caller was recognised by this method (`ok`), or was not, for a reason in a word.
    pub fn authenticated(&self, gateway: &str, method: &str, result: &str) {
        self.authentications.with_label_values(&[gateway, method, result]).inc();
    }

    /// A TLS handshake of a listener ended well (`ok`), or did not, for a reason in a word.
    pub fn shook_hands(&self, gateway: &str, result: &str) {
        self.handshakes.with_label_values(&[gateway, result]).inc();
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

    /// A connection was closed before a request was read.
    pub fn connection_refused(&self, gateway: &str, reason: &str) {
        self.connections_refused.with_label_values(&[gateway, reason]).inc();
    }

    /// The configuration was reloaded, or could not be.
    pub fn reloaded(&self, gateway: &str, ok: bool) {
        let result = if ok { "ok" } else { "failed" };
        self.reloads.with_label_values(&[gateway, result]).inc();
    }

    /// Someone was told of a budget.
    pub fn budget_event(&self, gateway: &str, budget: &str, event: &str) {
        self.budget_events.with_label_values(&[gateway, budget, event]).inc();
    }

    /// What became of an event for the webhook.
    pub fn webhook(&self, gateway: &str, result: &str) {
        self.webhooks.with_label_values(&[gateway, result]).inc();
    }

    /// Everything in Prometheus' text format; what the ledger knows as it is `now`.
    pub fn render(&self, gateway: &str, now: &Now<'_>) -> Vec<u8> {
        self.standing.set(gateway, now);
        let mut text = Vec::new();
        if let Err(error) = TextEncoder::new().encode(&self.registry.gather(), &mut text) {
            log::error!("cannot render metrics: {error}");
        }
        text
    }
}
