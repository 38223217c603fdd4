//! The file as it is written: every section and key, nothing resolved yet.
//!
//! `conf/reference.yaml` says what each key means and what holds where it is left out.

mod access;
mod budget;
mod credential;
mod dns;
mod identity;
mod models;
mod region;
mod store;

use std::net::SocketAddr;
use std::time::Duration;

use providers::Schema;
use providers::translate::{Droppable, Emulation};
use providers::vendor::Vendor;

pub(super) use self::access::{RawAccess, RawFeatures, RawWho};
pub(super) use self::budget::{RawBudget, RawCalls, RawCeiling, RawGrant, RawLimit};
pub(super) use self::credential::{
    RawAws, RawAzure, RawCredential, RawExchange, RawGoogle, RawKinds, RawOAuth,
};
pub(super) use self::dns::{RawAnchors, RawDns, RawDnssec};
pub(super) use self::identity::{
    RawClaims, RawIdentity, RawJwks, RawJwt, RawKubernetes, RawMtls, RawReview,
};
pub(super) use self::models::{RawFact, RawModel};
pub(super) use self::region::RawRegions;
pub(super) use self::store::{RawSentinel, RawStore, RawStoreCa, RawStoreTls};
use super::decode::{Chosen, Decode, Field, List, Named, read_from_map, section};
use super::money::{Price, Requests};
use super::node::{Kind, Node};
use super::problem::Problems;
use super::value::{Api, Client, Dialect, Plaintext, Size, Switch};
use crate::budget::Scope;
use crate::budget::rate::Interval;
use crate::snapshot::{Depth, HttpVersions, Mode, OnDisconnect, ProxyScheme, Stale, TlsVersion};

section! {
    /// The whole file.
    RawConfig {
        gateway: String,
        listeners: List<RawListener>,
        admin: RawAdmin,
        backends: Named<RawBackend>,
        routes: List<RawRoute>,
        callers: List<RawCaller>,
        identity: RawIdentity,
        anonymous: Switch,
        access: List<RawAccess>,
        regions: List<RawRegions>,
        budgets: List<RawBudget>,
        rates: List<RawRate>,
        prices: List<RawPrice>,
        models: List<RawModel>,
        limits: RawLimits,
        dns: RawDns,
        seal: RawSeal,
        ledger: String,
        store: RawStore,
        webhook: RawWebhook,
    }
}

section! {
    /// Where workloads connect.
    RawListener { address: SocketAddr, tls: RawListenerTls, }
}

section! {
    /// What a listener shows, and whose certificates it takes.
    RawListenerTls {
        certificate: String,
        key: String,
        min_version: TlsVersion,
        client_ca: String,
        client: Client,
        client_crl: List<String>,
    }
}

section! {
    /// Where health and metrics are served, and what whoever changes something has to show.
    RawAdmin { address: SocketAddr, token: RawSecret, }
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
        allow_private: Switch,
        mode: Mode,
        credential: RawCredential,
        tls: RawTls,
        plaintext: Plaintext,
        http: HttpVersions,
        timeouts: RawTimeouts,
        dialect: Dialect,
        on_disconnect: Chosen<OnDisconnect>,
        proxy: RawProxy,
    }
}

section! {
    /// An HTTP proxy on the way to a backend.
    RawProxy {
        url: String,
        plaintext: Plaintext,
        credential: RawProxyCredential,
        tls: RawTls,
        no_proxy: List<String>,
        allow_private: Switch,
    }
}

section! {
    /// What a proxy is shown, and how.
    RawProxyCredential { env: String, file: String, scheme: ProxyScheme, }
}

section! {
    /// Where a secret is kept.
    RawSecret { env: String, file: String, }
}

section! {
    /// How a backend proves who it is, and we to it.
    RawTls {
        ca: String,
        sni: String,
        certificate: String,
        key: String,
        sans: List<String>,
        pins: List<String>,
        min_version: TlsVersion,
        crl: RawCrl,
    }
}

section! {
    /// Where it is said which certificates are revoked.
    RawCrl {
        files: List<String>,
        urls: List<String>,
        ca: String,
        refresh: Duration,
        stale: Stale,
        depth: Depth,
    }
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
        paths: List<String>,
        backends: List<RawTarget>,
        strict: Switch,
        drop: List<Droppable>,
        emulate: List<Emulation>,
        regions: List<String>,
    }
}

section! {
    /// One choice of a route.
    RawTarget { backend: String, model: String, weight: u32, }
}

section! {
    /// Who may call.
    RawCaller {
        name: String,
        group: String,
        namespace: String,
        service_account: String,
        labels: Named<String>,
        key: RawSecret,
        identity: RawProof,
        models: List<String>,
        paths: List<String>,
    }
}

section! {
    /// Which identity a caller has.
    RawProof { issuer: String, subject: String, service_account: String, san: String, }
}

section! {
    /// How often one may ask.
    RawRate { name: String, per: Scope, limit: Requests, window: Interval, }
}

section! {
    /// What a model costs.
    RawPrice {
        model: String,
        input: Price,
        output: Price,
        cache_read: Price,
        cache_write: Price,
        web_search: Price,
        file_search: Price,
        code_session: Price,
        image: Price,
        assume: Switch,
    }
}

section! {
    /// What proves reasoning that callers keep for a provider.
    RawSeal { key: RawSecret, }
}

section! {
    /// Who is told of budgets.
    RawWebhook { url: String, token: RawSecret, }
}

section! {
    /// Bounds that hold for every caller.
    RawLimits {
        body: Size,
        in_flight: Size,
        headers: Size,
        header_count: u32,
        url: Size,
        connections: u32,
        connections_per_address: u32,
        streams: u32,
        body_idle: Duration,
        body_total: Duration,
        total: Duration,
        drain: Duration,
        heartbeat: Duration,
        hops: u32,
    }
}

read_from_map! {
    RawConfig RawListener RawListenerTls RawProof RawAdmin RawBackend RawTls RawCrl RawTimeouts
    RawRoute RawCaller RawRate RawPrice RawSeal RawWebhook RawLimits RawProxy
}

impl Decode for RawSecret {
    fn decode(node: &Node, key: &str, problems: &mut Problems) -> Option<Self> {
        if is_written_out(node, key, problems) { None } else { Self::from_map(node, key, problems) }
    }
}

impl Decode for RawProxyCredential {
    fn decode(node: &Node, key: &str, problems: &mut Problems) -> Option<Self> {
        if is_written_out(node, key, problems) { None } else { Self::from_map(node, key, problems) }
    }
}

/// Refuses a secret where it should be said where it is kept.
fn is_written_out(node: &Node, key: &str, problems: &mut Problems) -> bool {
    let Kind::Scalar(_) = node.kind else { return false };
    // What stands here is likely to be the secret itself: it must not be repeated.
    let what = format!("`{key}` says where the secret is kept; it is not written here");
    problems.add(node.mark, what, "{ env: NAME } or { file: /path/to/it }");
    true
}

impl Decode for RawTarget {
    fn decode(node: &Node, key: &str, problems: &mut Problems) -> Option<Self> {
        let Kind::Scalar(_) = node.kind else { return Self::from_map(node, key, problems) };
        let backend = Field::Given(node.mark, String::decode(node, key, problems)?);
        Some(Self { backend, model: Field::Absent, weight: Field::Absent })
    }
}
