//! How the names of backends stand, when somebody looks at the metrics.

use prometheus::{GaugeVec, IntCounterVec, Opts, Registry};

use crate::resolve::Status;

/// What all series of a name have in common. Names are the operator's own (S-52).
const NAME: [&str; 3] = ["gateway", "name", "allow_private"];

/// Gauges and counters that are set anew at each look.
#[derive(Debug)]
pub(super) struct Names {
    lookups: IntCounterVec,
    refused: IntCounterVec,
    addresses: GaugeVec,
    age: GaugeVec,
    fresh: GaugeVec,
}

impl Names {
    pub(super) fn new(registry: &Registry) -> Result<Self, prometheus::Error> {
        let gauge = |name: &str, help: &str| {
            let vec = GaugeVec::new(Opts::new(name, help), &NAME)?;
            registry.register(Box::new(vec.clone()))?;
            Ok::<_, prometheus::Error>(vec)
        };
        let counter = |name: &str, help: &str, label: &str| {
            let labels = [&NAME[..], &[label]].concat();
            let vec = IntCounterVec::new(Opts::new(name, help), &labels)?;
            registry.register(Box::new(vec.clone()))?;
            Ok::<_, prometheus::Error>(vec)
        };
        Ok(Self {
            lookups: counter(
                "egret_dns_lookups_total",
                "Times a backend's name was asked for, by result.",
                "result",
            )?,
            refused: counter(
                "egret_dns_refused_addresses_total",
                "Addresses in answers of name servers that a backend may not have, by what they are.",
                "kind",
            )?,
            addresses: gauge("egret_dns_addresses", "Addresses of a name that are in use.")?,
            age: gauge(
                "egret_dns_answer_age_seconds",
                "How old the answer is that a name's addresses are of.",
            )?,
            fresh: gauge(
                "egret_dns_answer_fresh_seconds",
                "How long that answer is still good for; 0 if a new one is overdue.",
            )?,
        })
    }

    /// Shows this instead of what was shown before.
    pub(super) fn set(&self, gateway: &str, names: &[Status]) {
        self.lookups.reset();
        self.refused.reset();
        for gauge in [&self.addresses, &self.age, &self.fresh] {
            gauge.reset();
        }
        for status in names {
            let private = if status.name.allow_private { "true" } else { "false" };
            let name = [gateway, &status.name.host, private];
            for (result, count) in &status.lookups {
                let [gateway, name, private] = name;
                self.lookups.with_label_values(&[gateway, name, private, result]).inc_by(*count);
            }
            for (kind, count) in &status.refusals {
                let [gateway, name, private] = name;
                self.refused.with_label_values(&[gateway, name, private, kind]).inc_by(*count);
            }
            #[expect(clippy::cast_precision_loss, reason = "a name has few addresses")]
            self.addresses.with_label_values(&name).set(status.addresses.len() as f64);
            if let Some(age) = status.age {
                self.age.with_label_values(&name).set(age.as_secs_f64());
                self.fresh.with_label_values(&name).set(status.fresh.as_secs_f64());
            }
        }
    }
}
