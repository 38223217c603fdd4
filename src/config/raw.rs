//! The file as it is written: every section and key, nothing resolved yet.
//!
//! `conf/reference.yaml` says what each key means and what holds where it is left out.

use std::net::SocketAddr;
use std::time::Duration;

use providers::Schema;
use providers::catalog::Fact;
use providers::translate::{Droppable, Emulation};
use providers::vendor::Vendor;

use super::decode::{Chosen, Decode, Field, Keys, List, Named, Texts, read_from_map, section};
use super::dns::{Attempts, RawDnssec};
use super::money::{Price, Requests, Tokens, Until};
use super::node::{Entry, Kind, Node};
use super::problem::{Mark, Problems};
use super::raw_credential::RawCredential;
use super::raw_identity::{RawIdentity, RawProof};
use super::value::{Api, Client, Dialect, Plaintext, Size, Switch};
use crate::budget::rate::Interval;
use crate::budget::{Money, OnExceeded, Outage, Percent, Quantity, Scope, UnknownPrice, Window};
use crate::resolve::{Family, NamePattern, Server};
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
    /// Whose calls a rule is about.
    RawWho {
        caller: Texts,
        group: Texts,
        namespace: Texts,
        service_account: Texts,
        labels: Named<Texts>,
    }
}

section! {
    /// What some callers may use.
    RawAccess {
        who as "match": RawWho,
        routes: List<String>,
        backends: List<String>,
        models: List<String>,
        features: RawFeatures,
        max_output_tokens: u32,
    }
}

section! {
    /// What a request may make use of.
    RawFeatures {
        tools: Switch,
        hosted_tools: Switch,
        images: Switch,
        audio: Switch,
        files: Switch,
    }
}

section! {
    /// Where the calls of some callers may be served.
    RawRegions { who as "match": RawWho, allow: List<String>, }
}

section! {
    /// What may be spent.
    RawBudget {
        name: String,
        calls as "match": RawCalls,
        per: Scope,
        limit: Quantity,
        window: Window,
        limits: List<RawLimit>,
        cached_tokens: Switch,
        on_exceeded: Chosen<OnExceeded>,
        warn: List<Percent>,
        per_call: RawCeiling,
        grants: List<RawGrant>,
        unknown_price: UnknownPrice,
    }
}

section! {
    /// Which calls a budget counts.
    RawCalls {
        gateway: Texts,
        caller: Texts,
        group: Texts,
        namespace: Texts,
        service_account: Texts,
        labels: Named<Texts>,
        route: Texts,
        backend: Texts,
        provider: Texts,
        model: Texts,
    }
}

section! {
    /// One limit of several.
    RawLimit { limit: Quantity, window: Window, }
}

section! {
    /// What one call may come to.
    RawCeiling { cost: Money, tokens: Tokens, }
}

section! {
    /// A top-up.
    RawGrant { of: String, amount: Quantity, until: Until, }
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
    /// The store that replicas share.
    RawStore {
        redis: String,
        sentinel: RawSentinel,
        cluster: List<String>,
        plaintext: Plaintext,
        tls: RawStoreTls,
        username: String,
        password: RawSecret,
        prefix: String,
        outage: Chosen<Outage>,
    }
}

section! {
    /// Sentinels, and what they call the primary.
    RawSentinel { addresses: List<String>, primary: String, }
}

section! {
    /// How a store proves who it is.
    RawStoreCa { ca: String, }
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

section! {
    /// How the names of backends are resolved.
    RawDns {
        servers: List<Server>,
        ca: String,
        allow: List<NamePattern>,
        min_ttl: Duration,
        max_ttl: Duration,
        stale: Duration,
        timeout: Duration,
        attempts: Attempts,
        family: Family,
        dnssec: RawDnssec,
        reverse: Named<Texts>,
    }
}

read_from_map! {
    RawWho RawAccess RawFeatures RawRegions
    RawConfig RawListener RawListenerTls RawAdmin RawBackend RawTls RawCrl RawTimeouts RawRoute
    RawCaller RawBudget
    RawCalls RawLimit RawCeiling RawGrant RawRate RawPrice RawSeal RawStore RawSentinel RawWebhook
    RawLimits RawDns RawProxy
}

/// Whether a store is reached by TLS, and what is trusted.
#[derive(Clone, Debug)]
pub(super) enum RawStoreTls {
    /// `true` or `false`, in words.
    Plain(bool),
    /// By a CA of its own.
    Ca(RawStoreCa),
}

impl Decode for RawStoreTls {
    fn decode(node: &Node, key: &str, problems: &mut Problems) -> Option<Self> {
        match &node.kind {
            Kind::Scalar(_) => Switch::decode(node, key, problems).map(|on| Self::Plain(on.0)),
            _ => RawStoreCa::from_map(node, key, problems).map(Self::Ca),
        }
    }
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

/// What the operator knows of models.
#[derive(Clone, Debug)]
pub(super) struct RawModel {
    pub pattern: Field<String>,
    pub schema: Field<Schema>,
    pub facts: Vec<RawFact>,
    /// Those that hold on OpenAI's Responses only.
    pub on_responses: Vec<RawFact>,
}

/// A fact, and where it stands.
#[derive(Clone, Debug)]
pub(super) struct RawFact {
    pub mark: Mark,
    pub name: String,
    pub fact: Fact,
}

impl Decode for RawModel {
    fn decode(node: &Node, key: &str, problems: &mut Problems) -> Option<Self> {
        let entries = map(node, key, problems)?;
        let mut model = Self {
            pattern: Field::Absent,
            schema: Field::Absent,
            facts: Vec::new(),
            on_responses: Vec::new(),
        };
        for Entry { mark, key, value } in entries {
            match &**key {
                "match" => model.pattern = Field::read(value, key, problems),
                "schema" => model.schema = Field::read(value, key, problems),
                "on_responses" => {
                    let facts = map(value, key, problems).unwrap_or_default();
                    let facts = facts.iter().filter_map(|Entry { mark, key, value }| {
                        RawFact::read(*mark, key, value, problems)
                    });
                    model.on_responses = facts.collect();
                }
                _ => model.facts.extend(RawFact::read(*mark, key, value, problems)),
            }
        }
        Some(model)
    }
}

/// The entries of a mapping.
fn map<'n>(node: &'n Node, key: &str, problems: &mut Problems) -> Option<&'n [Entry]> {
    if let Kind::Map(entries) = &node.kind {
        return Some(entries);
    }
    let what = format!("`{key}` holds {}, not keys and values", node.kind.name());
    problems.add(node.mark, what, "{ max_output_tokens: 8192, … }");
    None
}

impl RawFact {
    fn read(mark: Mark, key: &str, node: &Node, problems: &mut Problems) -> Option<Self> {
        let fact = match &node.kind {
            Kind::Scalar(text) => match (&**text, text.parse()) {
                ("true", _) => Fact::Flag(true),
                ("false", _) => Fact::Flag(false),
                (_, Ok(number)) => Fact::Number(number),
                (word, Err(_)) => Fact::Word(word.to_owned()),
            },
            Kind::List(_) => {
                let words = List::<String>::decode(node, key, problems)?;
                Fact::Words(words.into_iter().filter_map(Field::value).collect())
            }
            kind => {
                let what = format!("`{key}` holds {}", kind.name());
                problems.add(mark, what, "true, false, a number, a word or a list of words");
                return None;
            }
        };
        Some(Self { mark: node.mark, name: key.to_owned(), fact })
    }
}
