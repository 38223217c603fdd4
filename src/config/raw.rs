//! The file as it is written: every section and key, nothing resolved yet.
//!
//! `conf/reference.yaml` says what each key means and what holds where it is left out.

use std::net::SocketAddr;
use std::time::Duration;

use providers::Schema;
use providers::translate::{Droppable, Emulation};
use providers::vendor::Vendor;

use super::decode::{Decode, Field, Keys, List, Named, section};
use super::node::{Kind, Node};
use super::problem::Problems;
use super::value::{Api, Dialect, Plaintext, Price, Requests, Size, Switch};
use crate::budget::rate::Interval;
use crate::budget::{Limit, Scope, UnknownPrice, Window};
use crate::snapshot::HttpVersions;

section! {
    /// The whole file.
    RawConfig {
        gateway: String,
        listeners: List<RawListener>,
        admin: RawAdmin,
        backends: Named<RawBackend>,
        routes: List<RawRoute>,
        callers: List<RawCaller>,
        anonymous: Switch,
        budgets: List<RawBudget>,
        rates: List<RawRate>,
        prices: List<RawPrice>,
        limits: RawLimits,
        ledger: String,
    }
}

section! {
    /// Where workloads connect.
    RawListener { address: SocketAddr, }
}

section! {
    /// Where health and metrics are served.
    RawAdmin { address: SocketAddr, }
}

section! {
    /// A provider's endpoint.
    RawBackend {
        schema: Schema,
        vendor: &'static Vendor,
        resource: String,
        deployment: String,
        api_version: String,
        region: String,
        project: String,
        location: String,
        api: Api,
        url: String,
        credential: RawCredential,
        tls: RawTls,
        plaintext: Plaintext,
        http: HttpVersions,
        timeouts: RawTimeouts,
        dialect: Dialect,
    }
}

section! {
    /// Where a secret is kept.
    RawSecret { env: String, file: String, }
}

section! {
    /// How a backend proves who it is, and we to it.
    RawTls { ca: String, sni: String, certificate: String, key: String, }
}

section! {
    /// Deadlines of one attempt.
    RawTimeouts { connect: Duration, first_byte: Duration, idle: Duration, }
}

section! {
    /// Which models go where.
    RawRoute {
        name: String,
        models: List<String>,
        backends: List<RawTarget>,
        strict: Switch,
        drop: List<Droppable>,
        emulate: List<Emulation>,
    }
}

section! {
    /// One choice of a route.
    RawTarget { backend: String, model: String, weight: u32, }
}

section! {
    /// Who may call.
    RawCaller { name: String, key: RawSecret, models: List<String>, }
}

section! {
    /// What may be spent.
    RawBudget { name: String, per: Scope, limit: Limit, window: Window, unknown_price: UnknownPrice, }
}

section! {
    /// How often one may ask.
    RawRate { name: String, per: Scope, limit: Requests, window: Interval, }
}

section! {
    /// What a model costs.
    RawPrice { model: String, input: Price, output: Price, cache_read: Price, cache_write: Price, }
}

section! {
    /// Bounds that hold for every caller.
    RawLimits {
        body: Size,
        in_flight: Size,
        body_idle: Duration,
        body_total: Duration,
        total: Duration,
        drain: Duration,
    }
}

macro_rules! read_from_map {
    ($($name:ident)*) => {
        $(impl Decode for $name {
            fn decode(node: &Node, key: &str, problems: &mut Problems) -> Option<Self> {
                Self::from_map(node, key, problems)
            }
        })*
    };
}
read_from_map! {
    RawConfig RawListener RawAdmin RawBackend RawTls RawTimeouts RawRoute RawCaller RawBudget
    RawRate RawPrice RawLimits
}

/// What a backend is shown.
#[derive(Clone, Debug)]
pub(super) enum RawCredential {
    /// `none`, in words.
    None,
    /// A secret.
    Secret(RawSecret),
}

impl Decode for RawCredential {
    fn decode(node: &Node, key: &str, problems: &mut Problems) -> Option<Self> {
        match &node.kind {
            Kind::Scalar(text) if text == "none" => Some(Self::None),
            _ => RawSecret::decode(node, key, problems).map(Self::Secret),
        }
    }
}

impl Decode for RawSecret {
    fn decode(node: &Node, key: &str, problems: &mut Problems) -> Option<Self> {
        if let Kind::Scalar(_) = node.kind {
            // What stands here is likely to be the secret itself: it must not be repeated.
            let what = format!("`{key}` says where the secret is kept; it is not written here");
            problems.add(node.mark, what, "{ env: NAME } or { file: /path/to/it }");
            return None;
        }
        Self::from_map(node, key, problems)
    }
}

impl Decode for RawTarget {
    fn decode(node: &Node, key: &str, problems: &mut Problems) -> Option<Self> {
        let Kind::Scalar(_) = node.kind else { return Self::from_map(node, key, problems) };
        let backend = Field::Given(node.mark, String::decode(node, key, problems)?);
        Some(Self { backend, model: Field::Absent, weight: Field::Absent })
    }
}
