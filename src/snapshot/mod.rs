//! The resolved configuration: immutable, whole, swapped in one step.
//!
//! A request pins one [`Snapshot`] for its whole life, so a reload never shows it half of each.

mod access;
mod limits;
mod pattern;
mod proxy;
mod regions;
mod revocation_list;
mod terms;
mod tls;

use std::collections::BTreeSet;
use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use providers::Schema;
use providers::catalog::Catalog;
use providers::price::{PriceBook, known_models};
use providers::region::Place;
use providers::seal::Key;
use providers::translate::Leeway;
use providers::vendor::{Paths, Vendor};

pub use access::{Access, AccessRule, is_listed};
pub use limits::Limits;
pub use pattern::{allows_model, matches, path_matches, specificity};
pub use proxy::{Hop, Proxy, ProxyCredential, ProxyScheme};
pub use regions::{RegionRule, is_within};
pub use revocation_list::{ListError, RevocationList};
pub use terms::{Terms, TermsCache};
pub use tls::{ClientIdentity, Depth, Pin, Revocation, Stale, SubjectName, TlsPolicy, TlsVersion};

use crate::budget::rate::RateLimit;
use crate::budget::{Budget, Scope, StoreSettings};
use crate::credential::{Credential, SecretSource};
pub use crate::identity::Caller;
use crate::identity::{Directory, ServerTls};
use crate::resolve::{Host, Name, Settings as Dns};

/// Everything the gateway goes by, resolved and validated.
#[derive(Debug)]
pub struct Snapshot {
    /// Name of this gateway in metrics; `gateway` in the config, default `egret`.
    pub gateway: String,
    /// Where workloads connect. Their addresses are fixed at start: a change needs a restart, and a
    /// reload says so.
    pub listeners: Vec<Listener>,
    /// Where health and metrics are served; loopback by default. Fixed at start.
    pub admin: SocketAddr,
    /// What whoever changes something there has to show; `None`: nothing can be changed there.
    pub admin_token: Option<Arc<SecretSource>>,
    /// Bounds on what a caller may send and how long anything may take.
    pub limits: Limits,
    /// How the names of backends are resolved.
    pub dns: Arc<Dns>,
    /// Backends by their order in the config.
    pub backends: Vec<Arc<Backend>>,
    /// Routes, in the order of the config; the most specific model pattern wins, then the first.
    pub routes: Vec<Arc<Route>>,
    /// Who may call.
    pub callers: Callers,
    /// Who may use what; `None`: all of it, as far as callers' own lists go.
    pub access: Option<Access>,
    /// Where callers' calls may be served: all of those that fit a caller hold.
    pub regions: Vec<RegionRule>,
    /// Budgets that every call is held to.
    pub budgets: Vec<Arc<Budget>>,
    /// Request rates that every call is held to.
    pub rates: Vec<Arc<Rate>>,
    /// Prices: the operator's own on top of the catalogue's.
    pub prices: PriceBook,
    /// What models accept.
    pub catalog: Catalog,
    /// What has been looked up in the two above.
    pub terms: TermsCache,
    /// What proves reasoning that callers keep for a provider; `None`: a key of this process alone.
    pub seal: Option<Key>,
    /// The store that replicas share; `None`: the ledger counts for this replica alone. Fixed at
    /// start.
    pub store: Option<StoreSettings>,
    /// Who is told of budgets that run low.
    pub webhook: Option<Webhook>,
    /// Where the ledger lives; `None` keeps it in memory (demo). Fixed at start.
    pub ledger: Option<PathBuf>,
}

/// A place where workloads connect: HTTP/1.1 and h2, in plaintext or by TLS.
#[derive(Clone, Debug)]
pub struct Listener {
    /// Address and port. Fixed at start.
    pub address: SocketAddr,
    /// The certificate it shows, and whose it takes; `None`: plaintext.
    pub tls: Option<Arc<ServerTls>>,
}

impl fmt::Display for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { address, tls } = self;
        let how = match tls.as_ref().map(|tls| tls.clients().is_some()) {
            None => "in plaintext",
            Some(false) => "by TLS",
            Some(true) => "by TLS, with client certificates",
        };
        write!(f, "{address} {how}")
    }
}

/// One provider endpoint: where it is, what it speaks, how it is trusted and paid.
#[derive(Debug)]
pub struct Backend {
    /// Its name in config, metrics and logs.
    pub name: String,
    /// Who serves it, and what is particular about that.
    pub vendor: &'static Vendor,
    /// What the catalogue of prices calls it, where the configuration says who it is.
    pub seller: Option<&'static str>,
    /// Where its operations are, behind the origin.
    pub paths: Paths,
    /// Whose models it serves; Chat stands for both of OpenAI's schemas.
    pub schema: Schema,
    /// The schemas in which it can be asked for a model turn; never none.
    pub spoken: Vec<Schema>,
    /// Where it is.
    pub origin: Origin,
    /// What it is to this gateway.
    pub mode: Mode,
    /// Whether one deployment answers whatever model it is asked for.
    pub deployed: bool,
    /// Where calls to it are served; `None` if nobody knows: outside of every place.
    pub region: Option<&'static Place>,
    /// Whether the name of a model may say over which regions a call is spread.
    pub has_inference_profiles: bool,
    /// The host of `origin`, and which addresses it may have.
    pub host: Host,
    /// What it is shown.
    pub credential: Credential,
    /// How its identity is proved, and ours to it.
    pub tls: Option<TlsPolicy>,
    /// Deadlines of one attempt.
    pub timeouts: Timeouts,
    /// An OpenAI-compatible host that knows only `max_tokens` and the `system` role.
    pub legacy_openai: bool,
    /// Which HTTP versions to offer.
    pub http: HttpVersions,
    /// What becomes of an answer whose caller has gone.
    pub on_disconnect: OnDisconnect,
    /// What it is reached through; `None`: it is dialled itself.
    pub proxy: Option<Proxy>,
    /// Distinguishes everything that makes a connection trusted (backend, origin, and all of `tls`):
    /// Pingora's pool must never hand one backend's connection to another (S-56).
    pub group_key: u64,
}

/// Scheme, host, port and path prefix of a backend.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// Host name or IP address, without brackets.
    pub host: String,
    /// Port.
    pub port: u16,
    /// Path in front of the schema's own paths, without a trailing slash; often empty.
    pub prefix: String,
}

impl Origin {
    /// What goes into `Host`: the port only where it is not the scheme's own.
    pub fn authority(&self, tls: bool) -> String {
        let Self { host, port, .. } = self;
        let host = if host.contains(':') { format!("[{host}]") } else { host.clone() };
        let usual = if tls { 443 } else { 80 };
        if *port == usual { host } else { format!("{host}:{port}") }
    }
}

/// Which HTTP versions to offer to a backend.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum HttpVersions {
    /// h2 by ALPN, else HTTP/1.1 (plain HTTP: HTTP/1.1).
    Auto,
    /// HTTP/1.1 only.
    H1,
    /// h2 only.
    H2,
}

/// What a backend is to this gateway.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// Where the destination is itself.
    #[default]
    Endpoint,
    /// Another gateway, which tries requests again itself.
    Parent,
}

/// What becomes of an answer whose caller has gone: the provider may bill all of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnDisconnect {
    /// It is left, and what was set aside for it is charged.
    #[default]
    Estimate,
    /// It is read on for so long at most, to learn what it costs.
    Drain(Duration),
}

/// Who is told of events by a POST request with a JSON body.
#[derive(Debug)]
pub struct Webhook {
    /// Where to.
    pub url: String,
    /// What is sent as `Authorization: Bearer`; `None`: nothing.
    pub token: Option<Arc<SecretSource>>,
}

/// Deadlines of one attempt at a backend.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// Until a connection is there: its name, TCP, a proxy and TLS together.
    pub connect: Duration,
    /// From the request's last byte to the response's header.
    pub first_byte: Duration,
    /// Between two pieces of a response.
    pub idle: Duration,
}

/// Which models go to which backends.
#[derive(Debug)]
pub struct Route {
    /// Its name in metrics: `name` in the config, else its first model pattern.
    pub name: String,
    /// Exact names or patterns with `*`; empty where it has paths.
    pub models: Vec<String>,
    /// Paths that are passed on unread, exact or with `*` at the end; empty where it has models.
    pub paths: Vec<String>,
    /// How far requests may be changed on their way.
    pub leeway: Leeway,
    /// Where its calls may be served; `None`: anywhere.
    pub regions: Option<Vec<&'static Place>>,
    /// Where to, in order of preference.
    pub targets: Vec<RouteTarget>,
}

/// One choice of a route.
#[derive(Clone, Debug)]
pub struct RouteTarget {
    /// The backend.
    pub backend: Arc<Backend>,
    /// The model to ask it for; `None` passes the caller's on.
    pub model: Option<String>,
    /// Share of the traffic among the targets that have a weight; `None`: only as a fallback,
    /// in order, unless no target has one (then they are simply tried in order).
    pub weight: Option<u32>,
}

/// A request rate under a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rate {
    /// Its name in metrics and refusals.
    pub name: String,
    /// One counter for each of these.
    pub per: Scope,
    /// How often.
    pub limit: RateLimit,
}

/// Who may call.
#[derive(Debug)]
pub enum Callers {
    /// Anyone who reaches a listener: the config said so, or every listener is on loopback.
    Anyone,
    /// Only those who prove who they are.
    Known(Box<Directory>),
}

impl Callers {
    /// What a caller is called in budgets, metrics and logs where anyone may call.
    pub const ANYONE: &str = "anyone";
}

impl Snapshot {
    /// The models that may be asked for: those that routes name, and, where a route has a
    /// wildcard, those of its backends' vendors that are known and fit.
    /// `may_use` is asked for each, with the target that would serve it.
    pub fn models(&self, may_use: impl Fn(&Route, &RouteTarget, &str) -> bool) -> BTreeSet<&str> {
        let mut names = BTreeSet::new();
        for route in &self.routes {
            for target in &route.targets {
                let named = route.models.iter().flat_map(|p| named(p, target.backend.schema));
                names.extend(named.filter(|model| may_use(route, target, model)));
            }
        }
        names
    }

    /// The names that are to be resolved: of backends, or of their proxies.
    pub fn names(&self) -> impl Iterator<Item = &Name> {
        self.backends.iter().filter_map(|backend| backend.hop().host.name())
    }

    /// Where workloads connect.
    pub fn addresses(&self) -> impl Iterator<Item = SocketAddr> {
        self.listeners.iter().map(|listener| listener.address)
    }

    /// How backends and their proxies are verified, each policy with what stands for it and for
    /// whom it is.
    pub fn tls_policies(&self) -> impl Iterator<Item = (u64, &TlsPolicy)> {
        let own = self.backends.iter().map(|backend| (backend.group_key, backend.tls.as_ref()));
        let proxies = self.backends.iter().filter_map(|backend| backend.proxy.as_ref());
        let proxies = proxies.map(|proxy| (proxy.group_key, proxy.tls.as_ref()));
        own.chain(proxies).filter_map(|(key, policy)| Some((key, policy?)))
    }

    /// Every secret that may be rotated: of backends, their proxies, callers, the admin listener
    /// and the webhook.
    pub fn secrets(&self) -> impl Iterator<Item = &SecretSource> {
        let callers = self.callers.directory().into_iter().flat_map(Directory::secrets);
        let backends = self.backends.iter().flat_map(|backend| backend.credential.sources());
        let proxies = self.backends.iter().filter_map(|backend| backend.proxy.as_ref());
        let proxies = proxies.filter_map(|proxy| Some(&proxy.credential.as_ref()?.secret));
        let webhook = self.webhook.iter().filter_map(|webhook| webhook.token.as_ref());
        let ours = self.admin_token.iter().chain(webhook).chain(proxies);
        backends.chain(ours.map(|source| &**source)).chain(callers)
    }
}

impl Callers {
    /// Those who may call, unless anyone may.
    #[must_use]
    pub const fn directory(&self) -> Option<&Directory> {
        match self {
            Self::Anyone => None,
            Self::Known(directory) => Some(directory),
        }
    }
}

/// The models that a route's pattern names.
fn named(pattern: &str, schema: Schema) -> Vec<&str> {
    if pattern.contains('*') {
        known_models(schema).filter(|model| matches(pattern, model)).collect()
    } else {
        vec![pattern]
    }
}
