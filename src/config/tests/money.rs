//! Budgets, the store and the webhook, as they are meant.

use std::path::Path;
use std::time::Duration;

use super::{files, load};
use crate::budget::{
    Calls, Ceiling, Dimension, Grant, Limit, Money, OnExceeded, Outage, Percent, Quantity, Scope,
    StoreTls, Subject, Topology, UnknownPrice, Window,
};
use crate::config::{Source, check};
use crate::snapshot::{OnDisconnect, Snapshot};

const TOP: &str = "listeners: [{ address: 127.0.0.1:8080 }]\n\
    backends: { openai: { schema: openai, credential: none } }\n\
    routes: [{ models: ['gpt-*'], backends: [openai] }]\n";

fn with(text: &str, directory: &Path) -> Snapshot {
    load(&format!("{TOP}{text}"), directory).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn a_budget_that_says_everything() {
    let directory = files();
    let snapshot = with(
        "callers:\n\
         \x20 - { name: checkout, group: shop, namespace: prod, service_account: pay,\n\
         \x20     labels: { tier: gold, team: x }, key: { env: CHECKOUT_KEY } }\n\
         budgets:\n\
         \x20 - name: all\n\
         \x20   per: [group, 'label:team']\n\
         \x20   match: { group: [shop, 'lab-*'], labels: { tier: gold }, model: GPT-5 }\n\
         \x20   limits:\n\
         \x20     - { limit: 400 USD, window: month from 15 in Europe/Berlin }\n\
         \x20     - { limit: 5000 output tokens, window: rolling 5h }\n\
         \x20     - { limit: 20 concurrent }\n\
         \x20   cached_tokens: false\n\
         \x20   on_exceeded: { downgrade: gpt-5-mini }\n\
         \x20   warn: [100%, 80%]\n\
         \x20   per_call: { cost: 0.50 USD, tokens: 200_000 }\n\
         \x20   grants:\n\
         \x20     - { of: 'shop,x', amount: 50 USD, until: 2026-12-31 }\n\
         \x20     - { amount: 5 concurrent, until: '2026-12-31T18:00:00+01:00' }\n\
         \x20   unknown_price: allow\n",
        directory.path(),
    );
    let caller = &snapshot.callers.directory().unwrap().listed()[0];
    let labels = [("tier", "gold"), ("team", "x")].map(|(k, v)| (k.to_owned(), v.to_owned()));
    assert_eq!((&*caller.group, &*caller.namespace), ("shop", "prod"));
    assert_eq!((&*caller.service_account, &caller.labels[..]), ("pay", &labels[..]));

    let budget = &snapshot.budgets[0];
    assert_eq!(budget.per, Scope::each(vec![Dimension::Group, Dimension::Label("team".into())]));
    let values = |values: &[&str]| values.iter().map(|&value| value.to_owned()).collect();
    let calls = Calls(vec![
        (Dimension::Group, values(&["shop", "lab-*"])),
        (Dimension::Model, values(&["GPT-5"])),
        (Dimension::Label("tier".into()), values(&["gold"])),
    ]);
    assert_eq!(budget.calls, calls);
    let usd = |dollars: u64| Quantity::Usd(Money::from_nanos(dollars * 1_000_000_000));
    let window = |text: &str| text.parse::<Window>().unwrap();
    let limits = [
        Limit { quantity: usd(400), window: window("month from 15 in Europe/Berlin") },
        Limit { quantity: Quantity::OutputTokens(5000), window: window("rolling 5h") },
        Limit { quantity: Quantity::Concurrent(20), window: Window::Always },
    ];
    assert_eq!(budget.limits, limits);
    assert!(!budget.cached_tokens);
    assert_eq!(budget.on_exceeded, OnExceeded::Downgrade("gpt-5-mini".into()));
    assert_eq!(budget.warn, [Percent(80), Percent(100)]);
    let cost = Some(Money::from_nanos(500_000_000));
    assert_eq!(budget.per_call, Ceiling { cost, tokens: Some(200_000) });
    let grants = [
        // The first second of 2027.
        Grant { of: Some("shop,x".into()), quantity: usd(50), until: 1_798_761_600 },
        Grant { of: None, quantity: Quantity::Concurrent(5), until: 1_798_736_400 },
    ];
    assert_eq!(budget.grants, grants);
    assert_eq!(budget.unknown_price, UnknownPrice::Allow);
}

#[test]
fn a_budget_that_says_nothing_more() {
    let text = "budgets: [{ name: a, per: total, limit: 4 concurrent }]\n";
    let snapshot = with(text, Path::new(""));
    let budget = &snapshot.budgets[0];
    assert_eq!((&budget.per, &budget.calls), (&Scope::TOTAL, &Calls::default()));
    assert_eq!(budget.limits[0].window, Window::Always);
    assert_eq!((budget.cached_tokens, &budget.on_exceeded), (true, &OnExceeded::Block));
    assert_eq!((budget.per_call, budget.warn.len()), (Ceiling::default(), 0));
    assert_eq!((budget.grants.len(), budget.unknown_price), (0, UnknownPrice::Refuse));
    assert_eq!(snapshot.backends[0].on_disconnect, OnDisconnect::Estimate);
    assert!(snapshot.store.is_none() && snapshot.webhook.is_none());
}

#[test]
fn rates_go_by_any_dimension() {
    let text = "rates: [{ name: a, per: [group, namespace], limit: 9 requests, window: second }]\n";
    let snapshot = with(text, Path::new(""));
    let who = Subject { group: "shop", namespace: "prod", ..Subject::default() };
    assert_eq!(snapshot.rates[0].per.of(&who), "shop,prod");
}

#[test]
fn an_answer_without_its_caller_may_be_read_on() {
    let text = "listeners: [{ address: 127.0.0.1:8080 }]\n\
        backends: { a: { schema: openai, credential: none, on_disconnect: { drain: 30s } } }\n\
        routes: [{ models: ['*'], backends: [a] }]\n";
    let snapshot = load(text, Path::new("")).unwrap();
    let longest = Duration::from_secs(30);
    assert_eq!(snapshot.backends[0].on_disconnect, OnDisconnect::Drain(longest));
}

#[test]
fn a_store_is_one_server_sentinels_or_a_cluster() {
    let directory = files();
    let store = |text: &str| {
        let snapshot = with(&format!("store: {{ {text} }}\n"), directory.path());
        snapshot.store.unwrap()
    };
    let plain = store("redis: '127.0.0.1:6379'");
    assert_eq!(plain.topology, Topology::Single("127.0.0.1:6379".into()));
    assert_eq!((plain.tls, plain.username, plain.password), (None, None, None));
    assert_eq!((&*plain.prefix, plain.outage), ("egret", Outage::Closed));

    let sentinel = store(
        "sentinel: { addresses: ['s-0:26379', '[fd00::1]:26379'], primary: main }, tls: true, \
         username: egret, password: { env: REDIS_PASSWORD }, prefix: bank, outage: { open: 5% }",
    );
    let addresses = vec!["s-0:26379".to_owned(), "[fd00::1]:26379".to_owned()];
    assert_eq!(sentinel.topology, Topology::Sentinel { addresses, primary: "main".into() });
    assert_eq!(sentinel.tls, Some(StoreTls { ca: None }));
    assert_eq!(sentinel.username.as_deref(), Some("egret"));
    assert_eq!(sentinel.password.as_deref(), Some("password-of-redis"));
    assert_eq!((&*sentinel.prefix, sentinel.outage), ("bank", Outage::Open(Percent(5))));
    assert!(!format!("{sentinel:?}").contains("password-of-redis"));

    let cluster = store("cluster: ['a:6379', 'b:6379'], tls: { ca: ca.pem }");
    assert_eq!(cluster.topology, Topology::Cluster(vec!["a:6379".into(), "b:6379".into()]));
    let ca = std::fs::read(directory.path().join("ca.pem")).unwrap();
    assert_eq!(cluster.tls, Some(StoreTls { ca: Some(ca) }));
    assert!(store("redis: 'far:6379', plaintext: allowed").tls.is_none());
}

#[test]
fn a_webhook_is_reached_by_https_or_on_this_machine() {
    for url in ["https://alerts.example:8443/a?key=b", "http://127.0.0.1:9/a", "http://localhost"] {
        let snapshot = with(&format!("webhook: {{ url: '{url}' }}\n"), Path::new(""));
        let webhook = snapshot.webhook.unwrap();
        assert_eq!((&*webhook.url, webhook.token.is_none()), (url, true));
    }
    let text = "webhook: { url: 'https://a', token: { env: WEBHOOK_TOKEN } }\n";
    let snapshot = with(text, Path::new(""));
    let secrets = |secret: &[u8]| snapshot.secrets().any(|s| s.current().expose() == secret);
    assert!(secrets(b"token-of-webhook"), "it would not be rotated");
}

#[test]
fn a_check_names_the_paths_that_are_passed_on() {
    let directory = files();
    let path = directory.path().join("egret.yaml");
    let more = "backends: [openai] }, { paths: ['/v1/files', '/v1/files/*'], backends: [openai] }]";
    std::fs::write(&path, TOP.replace("backends: [openai] }]", more)).unwrap();
    let summary = check(&Source::File(path)).unwrap();
    let line = "  route     /v1/files, /v1/files/* → openai\n";
    assert!(summary.contains(line), "{summary}");
}

#[test]
fn a_check_sums_up_what_may_be_spent() {
    let directory = files();
    let path = directory.path().join("egret.yaml");
    let text = format!(
        "{TOP}callers: [{{ name: checkout, group: shop, labels: {{ tier: gold }}, key: {{ file: key }} }}]\n\
         budgets:\n\
         \x20 - name: all\n\
         \x20   per: caller\n\
         \x20   match: {{ group: [shop, 'lab-*'] }}\n\
         \x20   limits: [{{ limit: 4 USD, window: day in Europe/Berlin }}, {{ limit: 9 tokens, window: rolling 5h }}, {{ limit: 2 concurrent }}]\n\
         \x20   cached_tokens: false\n\
         \x20   per_call: {{ cost: 1 USD }}\n\
         \x20   grants: [{{ of: checkout, amount: 5 USD, until: 2026-12-31 }}]\n\
         \x20   warn: [80%, 100%]\n\
         \x20   on_exceeded: {{ downgrade: gpt-5-mini }}\n\
         store: {{ redis: '127.0.0.1:6379', password: {{ file: other }}, outage: {{ open: 5% }} }}\n\
         webhook: {{ url: 'https://alerts.example/canary' }}\n"
    );
    std::fs::write(&path, text).unwrap();
    let summary = check(&Source::File(path)).unwrap();
    for line in [
        "  callers   checkout (group shop, tier=gold)\n",
        "  budget    all: $4.00 per day in Europe/Berlin and 9 tokens in any 5h and 2 concurrent, \
         for each caller, of group shop or lab-*, cached input not counted, at most $1.00 a call, \
         $5.00 more for checkout until 2027-01-01T00:00:00Z, told at 80% and 100%, then gpt-5-mini\n",
        "  store     127.0.0.1:6379, unencrypted, keys under egret, open for 5% of each limit while \
         it can't be reached\n",
        "  webhook   alerts.example\n",
    ] {
        assert!(summary.contains(line), "{line} is missing from\n{summary}");
    }
    assert!(!summary.contains("canary") && !summary.contains("other-key"));
}
