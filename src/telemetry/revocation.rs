//! How the revocation lists are that backends are verified by.

use prometheus::{GaugeVec, IntCounterVec, Opts, Registry};

/// The revocation lists of one backend, or of the proxy on the way to it.
#[derive(Clone, Debug)]
pub struct ListsNow {
    /// The backend.
    pub backend: String,
    /// Who is verified by them: `backend` or `proxy`.
    pub hop: &'static str,
    /// Lists that are held.
    pub held: usize,
    /// Places that have not given one yet.
    pub missing: usize,
    /// Seconds since the oldest list was made.
    pub age: i64,
    /// Seconds until the first of them is out of date; negative if it is already.
    pub left: i64,
    /// How often one could not be fetched.
    pub failures: u64,
}

/// Gauges that are set anew at each look.
#[derive(Debug)]
pub(super) struct Lists {
    held: GaugeVec,
    missing: GaugeVec,
    age: GaugeVec,
    left: GaugeVec,
    failures: IntCounterVec,
}

impl Lists {
    pub(super) fn new(registry: &Registry) -> Result<Self, prometheus::Error> {
        let labels = ["gateway", "backend", "hop"];
        let gauge = |name: &str, help: &str| {
            let vec = GaugeVec::new(Opts::new(name, help), &labels)?;
            registry.register(Box::new(vec.clone()))?;
            Ok::<_, prometheus::Error>(vec)
        };
        let help = "How often a revocation list could not be fetched.";
        let failures =
            IntCounterVec::new(Opts::new("egret_crl_fetch_failures_total", help), &labels)?;
        registry.register(Box::new(failures.clone()))?;
        Ok(Self {
            held: gauge("egret_crl_lists", "Revocation lists that a hop is verified by.")?,
            missing: gauge("egret_crl_missing", "Places that have not given a list yet.")?,
            age: gauge("egret_crl_age_seconds", "How long ago the oldest list was made.")?,
            left: gauge(
                "egret_crl_seconds_left",
                "How soon the first of them is out of date; negative if it is already.",
            )?,
            failures,
        })
    }

    /// Shows these instead of what was shown before.
    pub(super) fn set(&self, gateway: &str, backends: &[ListsNow]) {
        let Self { held, missing, age, left, failures } = self;
        [held, missing, age, left].into_iter().for_each(GaugeVec::reset);
        failures.reset();
        for now in backends {
            let labels = [gateway, &*now.backend, now.hop];
            #[expect(clippy::cast_precision_loss, reason = "a float is what Prometheus takes")]
            let set = |gauge: &GaugeVec, value: i64| {
                gauge.with_label_values(&labels).set(value as f64);
            };
            set(held, i64::try_from(now.held).unwrap_or(i64::MAX));
            set(missing, i64::try_from(now.missing).unwrap_or(i64::MAX));
            if now.held > 0 {
                set(age, now.age);
                set(left, now.left);
            }
            failures.with_label_values(&labels).inc_by(now.failures);
        }
    }
}
