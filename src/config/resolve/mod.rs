//! From the file as written to the state the gateway goes by.
//!
//! Every section is destructured, so a key that nothing reads does not compile. Nothing stops at
//! the first mistake.

mod access;
mod backend;
mod budget;
mod caller;
mod credential;
mod dns;
mod file;
mod identity;
mod known;
mod limits;
mod listener;
mod models;
mod origin;
mod proxy;
mod region;
mod revocation;
mod route;
mod spending;
mod store;
mod tls;
mod vendor;

use std::collections::HashMap;
use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use providers::seal::Key;

use self::known::Known;
use super::decode::{Field, List};
use super::problem::{Mark, Problems};
use super::raw::{RawAdmin, RawConfig, RawSeal};
use super::read_file::ReadFile;
use super::value::Switch;
use crate::credential::{SecretSource, sealing_key};
use crate::resolve::Settings as Dns;
use crate::snapshot::{Listener, Snapshot, TermsCache, path_matches};

/// What the meaning of a file depends on besides its text.
pub struct Surroundings<'a> {
    /// Where relative paths in the file start: its own directory.
    pub directory: &'a Path,
    /// Where state is kept.
    pub state: &'a Path,
    /// The environment.
    pub env: &'a dyn Fn(&str) -> Option<OsString>,
}

/// Resolves a file section by section and gathers what is wrong on the way.
pub(super) struct Resolver<'a> {
    surroundings: &'a Surroundings<'a>,
    problems: &'a mut Problems,
    /// Files that the snapshot was made from, besides the config file.
    files: Vec<ReadFile>,
    /// How names are resolved: which ones backends may have.
    dns: Arc<Dns>,
    /// Where workloads connect.
    own: Vec<SocketAddr>,
}

/// Resolves the file at `top`; the snapshot counts only if no problem was added. The files are
/// those it was made from, secrets left out: those are watched on their own.
pub(super) fn resolve(
    raw: RawConfig,
    top: Mark,
    surroundings: &Surroundings<'_>,
    problems: &mut Problems,
) -> (Option<Snapshot>, Vec<ReadFile>) {
    let mut resolver = Resolver {
        surroundings,
        problems,
        files: Vec::new(),
        dns: Arc::default(),
        own: Vec::new(),
    };
    let snapshot = resolver.config(raw, top);
    (snapshot, resolver.files)
}

impl Resolver<'_> {
    fn config(&mut self, raw: RawConfig, top: Mark) -> Option<Snapshot> {
        let RawConfig {
            gateway,
            listeners,
            admin,
            backends,
            routes,
            callers,
            identity,
            anonymous,
            access,
            regions,
            budgets,
            rates,
            prices,
            models,
            limits,
            dns,
            seal,
            ledger,
            store,
            webhook,
        } = raw;

        let gateway = self.name(gateway, "gateway").unwrap_or_else(|| "egret".to_owned());
        let asked = listener::ask_for_certificates(&listeners);
        let (listeners, public) = self.listeners(listeners, top);
        self.own = listeners.iter().map(|listener| listener.address).collect();
        let (admin, admin_token) = self.admin(admin, &listeners, top);
        let limits = self.limits(limits);
        self.dns = Arc::new(self.dns(dns));
        let identified = !matches!(identity, Field::Absent);
        let known = Known::of(&callers, &routes, &backends, identified);
        let backends = self.backends(backends, top);
        let routes = self.routes(routes, &backends, top);
        let listed = identified || !matches!(callers, Field::Absent);
        let Switch(anonymous) = self.anonymous(anonymous, listed);
        let governed = !matches!(access, Field::Absent);
        let believed = self.believed(identity, &callers, asked, governed);
        let access = self.access(access, &known);
        let regions = self.regions(regions, &known);
        let shared = !matches!(store, Field::Absent);
        let budgets = self.budgets(budgets, &known, &routes, shared);
        let of_access = access.iter().flat_map(|access| &access.0).map(|rule| &rule.who);
        let of_others = regions.iter().map(|rule| &rule.who);
        let of_budgets = budgets.iter().map(|budget| &budget.calls);
        let mentioned = caller::mentioned(of_access.chain(of_others).chain(of_budgets));
        let callers = self.callers(callers, believed, anonymous, public, mentioned);
        let rates = self.rates(rates);
        let prices = self.prices(prices, top);
        let catalog = self.catalog(models);
        let seal = self.seal(seal);
        let store = self.store(store);
        let webhook = self.webhook(webhook);
        let ledger = match ledger.value().as_deref() {
            Some("memory") => None,
            path => Some(self.surroundings.state.join(path.unwrap_or("egret.ledger"))),
        };

        Some(Snapshot {
            gateway,
            listeners,
            admin,
            admin_token,
            limits,
            dns: self.dns.clone(),
            backends: backends.resolved(),
            routes,
            callers: callers?,
            access,
            regions,
            budgets,
            rates,
            prices,
            catalog,
            terms: TermsCache::default(),
            seal,
            store,
            webhook,
            ledger,
        })
    }

    /// Where the admin listener is, and the token that changes need. It must not be among those of
    /// workloads.
    fn admin(
        &mut self,
        raw: Field<RawAdmin>,
        listeners: &[Listener],
        top: Mark,
    ) -> (SocketAddr, Option<Arc<SecretSource>>) {
        let default = SocketAddr::from(([127, 0, 0, 1], 9090));
        let (at, RawAdmin { address, token }) = match raw {
            Field::Given(section, raw) => (section, raw),
            Field::Absent => (top, RawAdmin { address: Field::Absent, token: Field::Absent }),
            Field::Wrong => return (default, None),
        };
        let token = token.given().and_then(|(mark, token)| self.secret(mark, token)).map(Arc::new);
        let (mark, address) = match address {
            Field::Wrong => return (default, token),
            Field::Absent => (at, default),
            Field::Given(mark, address) => (mark, address),
        };
        let remedy = "admin: { address: 127.0.0.1:9091 }, or another port";
        if listeners.iter().any(|listener| listener.address == address) {
            let what =
                format!("`{address}` is where workloads connect; health and metrics are not");
            self.problems.add(mark, what, remedy);
        }
        self.check_reach(mark, address, listeners, remedy);
        (address, token)
    }

    /// The key that proves reasoning. Its file is watched like the configuration.
    fn seal(&mut self, raw: Field<RawSeal>) -> Option<Key> {
        let (section, RawSeal { key }) = raw.given()?;
        let remedy = "key: { env: NAME } or { file: /path }";
        let (mark, key) = key.require(section, "key", remedy, self.problems)?;
        if let Field::Given(_, path) = &key.file {
            let path = self.path(path);
            self.files.push(ReadFile::read(path).0);
        }
        let source = self.secret(mark, key)?;
        let key = sealing_key(&source);
        key.map_err(|error| {
            self.problems.add(mark, error.to_string(), "a secret of `openssl rand -base64 32`");
        })
        .ok()
    }

    /// Whether everyone is let in; that contradicts a list of callers.
    fn anonymous(&mut self, anonymous: Field<Switch>, listed: bool) -> Switch {
        let Some((mark, switch)) = anonymous.given() else { return Switch(false) };
        if switch.0 && listed {
            let what =
                "`anonymous: true` lets everyone in, and `callers` or `identity` says who may";
            self.problems.add(mark, what, "one of the two");
        }
        switch
    }

    /// The entries of a list that may not be empty, and of which one is needed if `needed_by` is
    /// given.
    fn entries<T>(
        &mut self,
        raw: Field<List<T>>,
        key: &str,
        remedy: &str,
        needed_by: Option<Mark>,
    ) -> Vec<(Mark, T)> {
        let given = match needed_by {
            Some(section) => raw.require(section, key, remedy, self.problems),
            None => raw.given(),
        };
        let Some((mark, list)) = given else { return Vec::new() };
        if list.is_empty() {
            self.problems.add(mark, format!("`{key}` is empty"), remedy);
        }
        list.into_iter().filter_map(Field::given).collect()
    }

    /// A name that is fit for metrics, logs and the ledger.
    fn name(&mut self, raw: Field<String>, key: &str) -> Option<String> {
        let (mark, name) = raw.given()?;
        self.check_name(mark, &name, key);
        Some(name)
    }

    fn check_name(&mut self, mark: Mark, name: &str, key: &str) {
        let fit = |c: char| c.is_ascii_alphanumeric() || "._-/:@*".contains(c);
        if name.len() > 64 || !name.chars().all(fit) {
            let what = format!("`{key}` is not fit for metrics and logs");
            let remedy = "at most 64 letters, digits and any of . _ - / : @";
            self.problems.add(mark, what, remedy);
        }
    }

    /// Model names or patterns: each once, with at most one `*`.
    fn models(&mut self, raw: List<String>) -> Vec<(Mark, String)> {
        let mut seen = Seen::new("the model");
        let mut models = Vec::new();
        for (mark, model) in raw.into_iter().filter_map(Field::given) {
            self.check_model(mark, &model, true);
            seen.check(mark, &model, "it once", self.problems);
            models.push((mark, model));
        }
        models
    }

    /// Paths that are passed on unread: each once, plain, with at most one `*`, at its end.
    fn path_patterns(&mut self, raw: List<String>) -> Vec<(Mark, String)> {
        let mut seen = Seen::new("the path");
        let mut paths = Vec::new();
        for (mark, path) in raw.into_iter().filter_map(Field::given) {
            // A folder fits what is in it, if it is plain.
            let inside = path.strip_suffix("/*").map(|folder| format!("{folder}/x"));
            let sample = inside.as_deref().unwrap_or(&path);
            if !path_matches(sample, sample) {
                let what = "this is not a path, or a folder of paths";
                self.problems.add(mark, what, "such as /v1/files or /v1/files/*");
            }
            seen.check(mark, &path, "it once", self.problems);
            paths.push((mark, path));
        }
        paths
    }

    fn check_model(&mut self, mark: Mark, model: &str, pattern: bool) {
        let stars = model.matches('*').count();
        if model.len() > 256 || !model.bytes().all(|byte| byte.is_ascii_graphic()) {
            let remedy = "visible ASCII without spaces, at most 256 characters";
            self.problems.add(mark, "this is not the name of a model", remedy);
        } else if !pattern && stars > 0 {
            let what = format!("`{model}` is a pattern; one model is asked for");
            self.problems.add(mark, what, "the name of a model, without `*`");
        } else if stars > 1 {
            let what = format!("`{model}` holds more than one `*`");
            self.problems.add(mark, what, "one `*`, such as gpt-* or *");
        }
    }
}

/// What was seen before, to refuse it the second time.
struct Seen {
    what: &'static str,
    marks: HashMap<String, Mark>,
}

impl Seen {
    fn new(what: &'static str) -> Self {
        Self { what, marks: HashMap::new() }
    }

    fn check(&mut self, mark: Mark, value: &str, remedy: &str, problems: &mut Problems) {
        if let Some(first) = self.marks.get(value) {
            let line = first.line;
            let what = format!("{} `{value}` is taken already, on line {line}", self.what);
            problems.add(mark, what, remedy);
        } else {
            self.marks.insert(value.to_owned(), mark);
        }
    }
}
