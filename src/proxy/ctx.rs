//! What is known of one request while it is served.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use providers::Schema;
use providers::conversation::Usage;

use super::hops::Hops;
use crate::admission::Who;
use crate::budget::Balance;
use crate::budget::rate::Room;
use crate::credential::Shown;
use crate::snapshot::{Backend, Route, Snapshot, matches};
use crate::telemetry::Place;
use crate::telemetry::metrics::UNKNOWN;

/// One request's state: filled in as it passes through the house, read by `logging`.
pub struct RequestCtx {
    /// The configuration it is served under, from its first to its last byte.
    pub snapshot: Arc<Snapshot>,
    /// Minted here; the caller's own ids are never trusted (S-25).
    pub id: String,
    /// When its header had been read.
    pub started: Instant,
    /// The same by the wall clock.
    pub time: SystemTime,
    /// What the caller speaks. Set first, so that every error has a shape.
    pub surface: Schema,
    /// The gateways that it has come through.
    pub hops: Hops,
    /// Who calls.
    pub who: Option<Who>,
    /// The route it took.
    pub route: Option<Arc<Route>>,
    /// The backend it was sent to last.
    pub backend: Option<Arc<Backend>>,
    /// What that backend was shown: no answer may quote it.
    pub shown: Shown,
    /// The schema that this backend was asked in.
    pub spoken: Option<Schema>,
    /// The model asked for.
    pub model: Option<String>,
    /// The model that the backend was asked for.
    pub served_model: Option<String>,
    /// Whether a stream was asked for.
    pub stream: bool,
    /// Backends tried.
    pub attempts: u32,
    /// Time to the first byte of the answer's body.
    pub first_byte: Option<Duration>,
    /// What the provider said it took, of the attempt that was charged last.
    pub usage: Option<Usage>,
    /// Nano-dollars charged.
    pub cost: u64,
    /// Whether the charge is an estimate.
    pub estimated: bool,
    /// What each candidate's output was capped at, where the budgets had no room for what the
    /// caller's own limit allows.
    pub output_cap: Option<u64>,
    /// The model that took over because a budget had no room for the one asked for.
    pub downgraded: Option<String>,
    /// Whether something of it has no price, so that the charge is not what it costs.
    pub unpriced: bool,
    /// What the budgets that it counts in stood at when they were last looked at, the one with the
    /// least room first.
    pub balances: Vec<Balance>,
    /// What is left of the tightest rate that it counts in.
    pub room: Option<Room>,
    /// When its caller was found to have gone, before the answer was whole.
    pub left: Option<Instant>,
    /// Fields left out.
    pub dropped: Vec<String>,
    /// Fields that were said in another way.
    pub emulated: Vec<String>,
    /// Why it was refused or failed, in a word.
    pub reason: Option<&'static str>,
    /// What went wrong, in words of ours.
    pub error: Option<String>,
}

impl RequestCtx {
    /// A request under this configuration.
    pub fn new(snapshot: Arc<Snapshot>, id: String) -> Self {
        Self {
            snapshot,
            id,
            started: Instant::now(),
            time: SystemTime::now(),
            surface: Schema::Chat,
            hops: Hops::default(),
            who: None,
            route: None,
            backend: None,
            shown: Shown::default(),
            spoken: None,
            model: None,
            served_model: None,
            stream: false,
            attempts: 0,
            first_byte: None,
            usage: None,
            cost: 0,
            estimated: false,
            output_cap: None,
            downgraded: None,
            unpriced: false,
            balances: Vec::new(),
            room: None,
            left: None,
            dropped: Vec::new(),
            emulated: Vec::new(),
            reason: None,
            error: None,
        }
    }

    /// Seconds since 1970.
    pub fn created(&self) -> u64 {
        self.time.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |d| d.as_secs())
    }

    /// Where the request is, for metrics.
    pub fn place(&self) -> Place<'_> {
        let who = self.who.as_ref().map(Who::in_metrics).unwrap_or_default();
        Place {
            gateway: &self.snapshot.gateway,
            route: self.route.as_ref().map_or(UNKNOWN, |route| &route.name),
            backend: self.backend.as_ref().map_or(UNKNOWN, |backend| &backend.name),
            namespace: or_unknown(who.namespace),
            service_account: or_unknown(who.service_account),
        }
    }

    /// Who calls, for metrics.
    pub fn caller(&self) -> &str {
        self.who.as_ref().map_or(UNKNOWN, |who| who.in_metrics().caller)
    }

    /// The model that was served, for metrics: as the configuration names it, never as the caller
    /// does, so that labels stay bounded (S-52).
    pub fn metric_model(&self) -> &str {
        let configured = self.route.as_ref().and_then(|route| {
            let backend = self.backend.as_ref()?;
            route
                .targets
                .iter()
                .filter(|target| target.backend.name == backend.name)
                .filter_map(|target| target.model.as_deref())
                .find(|model| Some(*model) == self.served_model.as_deref())
                .or_else(|| {
                    let asked = self.downgraded.as_deref().or(self.model.as_deref())?;
                    route.models.iter().map(String::as_str).find(|p| matches(p, asked))
                })
        });
        configured.unwrap_or(UNKNOWN)
    }
}

const fn or_unknown(name: &str) -> &str {
    if name.is_empty() { UNKNOWN } else { name }
}
