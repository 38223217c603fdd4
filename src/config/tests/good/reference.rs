//! The reference: every key there is, and the defaults that hold.

use std::collections::BTreeSet;
use std::time::Duration;

use providers::catalog::Fact;

use super::{good, one};
use crate::config::decode::{Decode, Field};
use crate::config::node;
use crate::config::problem::Problems;
use crate::config::raw::{RawConfig, RawCredential, RawDnssec, RawKinds, RawStore, RawStoreTls};
use crate::config::tests::files;
use crate::resolve::Settings;
use crate::snapshot::HttpVersions;

const REFERENCE: &str = include_str!("../../../../conf/reference.yaml");

/// The reference names every key there is, and states the defaults that hold.
#[test]
fn the_reference_is_complete_and_loads() {
    let directory = files();
    let at = |name: &str| directory.path().join(name).display().to_string();
    let text = REFERENCE
        .replace("/run/secrets/anthropic/key", &at("other"))
        .replace("/etc/egret/anchors", &at("anchors"))
        .replace("/run/secrets/anthropic/", &at(""))
        .replace("/run/secrets/egret/", &at(""));
    let reference = good(&text, directory.path());

    let default = one("schema: openai, credential: { env: OPENAI_API_KEY }", directory.path());
    assert_eq!(reference.gateway, default.gateway);
    assert_eq!(reference.admin, default.admin);
    assert_eq!(reference.limits, default.limits);
    assert_eq!(reference.ledger, default.ledger);
    let times = |dns: &Settings| {
        (dns.min_ttl, dns.max_ttl, dns.stale, dns.timeout, dns.attempts, dns.family)
    };
    assert_eq!(times(&reference.dns), times(&default.dns));
    let (stated, holds) = (&reference.backends[0], &default.backends[0]);
    assert_eq!(stated.origin, holds.origin);
    assert_eq!(stated.spoken, holds.spoken);
    assert_eq!(stated.timeouts, holds.timeouts);
    assert_eq!((stated.http, stated.legacy_openai), (HttpVersions::Auto, false));
    assert_eq!((holds.http, holds.legacy_openai), (HttpVersions::Auto, false));
    assert_eq!(stated.on_disconnect, holds.on_disconnect);
    assert_eq!(stated.host, holds.host);
    assert_eq!(stated.timeouts.first_byte, Duration::from_secs(600));

    // There is one store; what else it may be stands in comments.
    let stores = ["sentinel", "cluster"].map(|kind| {
        let none = text.replace("\n  redis: ", "\n  # redis: ");
        let other = none.replace(&format!("\n  # {kind}: "), &format!("\n  {kind}: "));
        good(&other, directory.path());
        raw(&other).store.value().unwrap()
    });
    assert_eq!(missing(raw(REFERENCE), &stores), Vec::<String>::new());
    for fact in Fact::names() {
        assert!(
            REFERENCE.contains(&format!(" {fact},")) || REFERENCE.contains(&format!(" {fact}."))
        );
    }
}

fn raw(text: &str) -> RawConfig {
    let mut problems = Problems::default();
    let node = node::parse(text, &mut problems).unwrap();
    RawConfig::decode(&node, "the file", &mut problems).unwrap()
}

/// The keys that no section of their kind holds; `stores` are more sections of one kind.
fn missing(raw: RawConfig, stores: &[RawStore]) -> Vec<String> {
    fn list<T>(field: Field<Vec<Field<T>>>) -> Vec<T> {
        field.value().unwrap_or_default().into_iter().filter_map(Field::value).collect()
    }
    let mut missing: Vec<String> = Vec::new();
    let mut gather = |section: &str, absent: Vec<BTreeSet<&'static str>>| {
        let everywhere = absent.into_iter().reduce(|a, b| &a & &b);
        let keys = everywhere.unwrap_or_else(|| BTreeSet::from(["everything"]));
        missing.extend(keys.into_iter().map(|key| format!("{section}.{key}")));
    };
    gather("the file", vec![raw.absent()]);
    let backends: Vec<_> = raw.backends.value().unwrap_or_default();
    let backends: Vec<_> = backends.into_iter().filter_map(|(_, _, raw)| raw.value()).collect();
    let routes = list(raw.routes);
    let callers = list(raw.callers);
    let listeners = list(raw.listeners);
    gather("listeners", listeners.iter().map(|raw| raw.absent()).collect());
    let listener_tls = listeners.iter().filter_map(|raw| raw.tls.peek());
    gather("listeners.tls", listener_tls.map(|raw| raw.absent()).collect());
    gather("admin", raw.admin.value().iter().map(|raw| raw.absent()).collect());
    gather("backends", backends.iter().map(|raw| raw.absent()).collect());
    let tls = backends.iter().filter_map(|raw| raw.tls.clone().value());
    gather("tls", tls.map(|raw| raw.absent()).collect());
    let crl = backends.iter().filter_map(|raw| raw.tls.peek()?.crl.peek());
    gather("crl", crl.map(|raw| raw.absent()).collect());
    let proxies = backends.iter().filter_map(|raw| raw.proxy.peek());
    let shown = proxies.clone().filter_map(|raw| raw.credential.peek());
    gather("proxy", proxies.map(|raw| raw.absent()).collect());
    gather("proxy.credential", shown.map(|raw| raw.absent()).collect());
    let timeouts = backends.iter().filter_map(|raw| raw.timeouts.clone().value());
    gather("timeouts", timeouts.map(|raw| raw.absent()).collect());
    let credentials: Vec<RawKinds> = backends
        .iter()
        .filter_map(|raw| match raw.credential.clone().value() {
            Some(RawCredential::Of(raw)) => Some(*raw),
            _ => None,
        })
        .collect();
    gather("credential", credentials.iter().map(|raw| raw.absent()).collect());
    let keys = credentials.iter().flat_map(|raw| list(raw.keys.clone()));
    gather("keys", keys.map(|raw| raw.absent()).collect());
    let each = |raw: &RawKinds| {
        [
            ("aws", raw.aws.peek().map(|raw| raw.absent())),
            ("google", raw.google.peek().map(|raw| raw.absent())),
            ("azure", raw.azure.peek().map(|raw| raw.absent())),
            ("oauth", raw.oauth.peek().map(|raw| raw.absent())),
            ("token_exchange", raw.token_exchange.peek().map(|raw| raw.absent())),
        ]
    };
    for kind in ["aws", "google", "azure", "oauth", "token_exchange"] {
        let of_kind = credentials.iter().flat_map(each).filter(|(name, _)| *name == kind);
        gather(kind, of_kind.filter_map(|(_, absent)| absent).collect());
    }
    gather("routes", routes.iter().map(|raw| raw.absent()).collect());
    let targets = routes.into_iter().flat_map(|raw| list(raw.backends));
    gather("targets", targets.map(|raw| raw.absent()).collect());
    gather("callers", callers.iter().map(|raw| raw.absent()).collect());
    let proofs = callers.iter().filter_map(|raw| raw.identity.peek());
    gather("callers.identity", proofs.map(|raw| raw.absent()).collect());
    let identity = raw.identity.value();
    gather("identity", identity.iter().map(|raw| raw.absent()).collect());
    let identity = identity.unwrap();
    let kubernetes = identity.kubernetes.value().unwrap();
    gather("kubernetes", vec![kubernetes.absent()]);
    gather("token_review", vec![kubernetes.token_review.value().unwrap().absent()]);
    let issuers = list(identity.jwt);
    gather("jwt", issuers.iter().map(|raw| raw.absent()).collect());
    let claims = issuers.iter().filter_map(|raw| raw.claims.peek());
    gather("claims", claims.map(|raw| raw.absent()).collect());
    let jwks = issuers.iter().map(|raw| &raw.jwks).chain([&kubernetes.jwks]);
    gather("jwks", jwks.filter_map(Field::peek).map(|raw| raw.absent()).collect());
    gather("mtls", identity.mtls.value().iter().map(|raw| raw.absent()).collect());
    let budgets = list(raw.budgets);
    gather("budgets", budgets.iter().map(|raw| raw.absent()).collect());
    let calls = budgets.iter().filter_map(|raw| raw.calls.peek());
    gather("match", calls.map(|raw| raw.absent()).collect());
    let access = list(raw.access);
    gather("access", access.iter().map(|raw| raw.absent()).collect());
    let who = access.iter().filter_map(|raw| raw.who.peek());
    gather("access.match", who.map(|raw| raw.absent()).collect());
    let features = access.iter().filter_map(|raw| raw.features.peek());
    gather("features", features.map(|raw| raw.absent()).collect());
    gather("regions", list(raw.regions).iter().map(|raw| raw.absent()).collect());
    let ceilings = budgets.iter().filter_map(|raw| raw.per_call.peek());
    gather("per_call", ceilings.map(|raw| raw.absent()).collect());
    let limits = budgets.iter().flat_map(|raw| list(raw.limits.clone()));
    gather("limits", limits.map(|raw| raw.absent()).collect());
    let grants = budgets.into_iter().flat_map(|raw| list(raw.grants));
    gather("grants", grants.map(|raw| raw.absent()).collect());
    gather("rates", list(raw.rates).iter().map(|raw| raw.absent()).collect());
    gather("prices", list(raw.prices).iter().map(|raw| raw.absent()).collect());
    gather("seal", raw.seal.value().iter().map(|raw| raw.absent()).collect());
    let stores: Vec<&RawStore> = raw.store.peek().into_iter().chain(stores).collect();
    gather("store", stores.iter().map(|raw| raw.absent()).collect());
    let sentinels = stores.iter().filter_map(|raw| raw.sentinel.peek());
    gather("sentinel", sentinels.map(|raw| raw.absent()).collect());
    let cas = stores.iter().filter_map(|raw| match raw.tls.peek() {
        Some(RawStoreTls::Ca(raw)) => Some(raw.absent()),
        _ => None,
    });
    gather("store.tls", cas.collect());
    gather("webhook", raw.webhook.peek().iter().map(|raw| raw.absent()).collect());
    let dns = raw.dns.value();
    gather("dns", dns.iter().map(|raw| raw.absent()).collect());
    let anchors = dns.iter().filter_map(|raw| match raw.dnssec.peek() {
        Some(RawDnssec::Anchors(raw)) => Some(raw.absent()),
        _ => None,
    });
    gather("dnssec", anchors.collect());
    gather("limits", raw.limits.value().iter().map(|raw| raw.absent()).collect());
    missing
}
