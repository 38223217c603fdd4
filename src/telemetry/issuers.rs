//! How the keys are that callers' tokens are verified with.

use prometheus::{GaugeVec, IntCounterVec, Opts, Registry};

/// The keys of one issuer.
#[derive(Clone, Debug, PartialEq)]
pub struct KeysNow {
    /// The issuer, as the configuration calls it.
    pub issuer: String,
    /// How many seconds ago they were fetched; `None`: never.
    pub age: Option<f64>,
    /// Fetches that ended well.
    pub fetches: u64,
    /// Fetches that failed.
    pub failures: u64,
}

/// Their metrics.
#[derive(Debug)]
pub(super) struct Keys {
    age: GaugeVec,
    fetches: IntCounterVec,
}

impl Keys {
    pub(super) fn new(registry: &Registry) -> Result<Self, prometheus::Error> {
        let age = Opts::new(
            "egret_jwks_age_seconds",
            "How long ago the keys of an issuer of tokens were fetched.",
        );
        let age = GaugeVec::new(age, &["gateway", "issuer"])?;
        registry.register(Box::new(age.clone()))?;
        let fetches = Opts::new(
            "egret_jwks_fetches_total",
            "How often the keys of an issuer of tokens were fetched (ok), or could not be (failed).",
        );
        let fetches = IntCounterVec::new(fetches, &["gateway", "issuer", "result"])?;
        registry.register(Box::new(fetches.clone()))?;
        Ok(Self { age, fetches })
    }

    /// Shows this instead of what was shown before.
    pub(super) fn set(&self, gateway: &str, issuers: &[KeysNow]) {
        self.age.reset();
        self.fetches.reset();
        for KeysNow { issuer, age, fetches, failures } in issuers {
            if let Some(age) = age {
                self.age.with_label_values(&[gateway, &**issuer]).set(*age);
            }
            for (result, count) in [("ok", fetches), ("failed", failures)] {
                let labels = [gateway, &**issuer, result];
                self.fetches.with_label_values(&labels).inc_by(*count);
            }
        }
    }
}
