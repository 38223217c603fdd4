//! How credentials stand that somebody mints for a while.

use std::time::Duration;

use prometheus::{GaugeVec, IntCounterVec, Opts, Registry};

/// How a backend's credential stands.
#[derive(Clone, Copy, Debug)]
pub struct Minting<'a> {
    /// The backend.
    pub backend: &'a str,
    /// What kind it is.
    pub kind: &'static str,
    /// How often it was minted.
    pub succeeded: u64,
    /// How often that failed.
    pub failed: u64,
    /// How long it still holds; `None` if it has no end.
    pub left: Option<Duration>,
}

/// Shown anew at each look.
#[derive(Debug)]
pub(super) struct Credentials {
    refreshes: IntCounterVec,
    left: GaugeVec,
}

impl Credentials {
    pub(super) fn new(registry: &Registry) -> Result<Self, prometheus::Error> {
        let refreshes = IntCounterVec::new(
            Opts::new(
                "egret_credential_refreshes_total",
                "Times that a backend's credential was minted anew, by kind and result; backends with the same credential share it.",
            ),
            &["gateway", "backend", "kind", "result"],
        )?;
        let left = GaugeVec::new(
            Opts::new(
                "egret_credential_expires_seconds",
                "How long a backend's credential still holds; 0 while there is none.",
            ),
            &["gateway", "backend", "kind"],
        )?;
        registry.register(Box::new(refreshes.clone()))?;
        registry.register(Box::new(left.clone()))?;
        Ok(Self { refreshes, left })
    }

    pub(super) fn set(&self, gateway: &str, credentials: &[Minting<'_>]) {
        self.refreshes.reset();
        self.left.reset();
        for Minting { backend, kind, succeeded, failed, left } in credentials {
            for (result, count) in [("ok", succeeded), ("failed", failed)] {
                let labels = [gateway, *backend, *kind, result];
                self.refreshes.with_label_values(&labels).inc_by(*count);
            }
            if let Some(left) = left {
                self.left.with_label_values(&[gateway, *backend, *kind]).set(left.as_secs_f64());
            }
        }
    }
}
