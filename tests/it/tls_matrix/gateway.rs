//! The matrix through the gateway: what callers get, what the log says of it, and what becomes of
//! connections that are kept.

use std::collections::HashMap;

use serde_json::Value;
use tokio::net::TcpListener;
use tokio_rustls::rustls::HandshakeKind::{Full, Resumed};

use super::rows::{Matrix, matrix};
use crate::support::pki::Pki;
use crate::support::tls_server::{BOTH, ListServer, ONLY_1_2, Serves, TlsServer, clients_of};
use crate::support::{Answer, Config, Gateway, Provider, ask, until};

/// A backend that serves the model of its own name.
fn backend(config: Config, name: &str, server: &TlsServer, tls: &str) -> Config {
    backend_at(config, name, "localhost", "auto", server, tls)
}

fn backend_at(
    config: Config,
    name: &str,
    host: &str,
    http: &str,
    server: &TlsServer,
    tls: &str,
) -> Config {
    let fields = [
        "schema: openai, credential: none, allow_private: true".to_owned(),
        format!("url: 'https://{host}:{}/v1'", server.address.port()),
        format!("tls: {{ {tls} }}"),
        "timeouts: { connect: 60s }".to_owned(),
        format!("http: {http}"),
    ];
    let route = format!("models: [{name}], backends: [{{ backend: {name}, model: gpt-4o-mini }}]");
    config.backend_of(name, &fields).route(&route)
}

fn backend_within(
    config: Config,
    name: &str,
    patience: &str,
    server: &TlsServer,
    tls: &str,
) -> Config {
    let fields = [
        "schema: openai, credential: none, allow_private: true".to_owned(),
        format!("url: 'https://localhost:{}/v1'", server.address.port()),
        format!("tls: {{ {tls} }}, timeouts: {{ connect: {patience} }}"),
    ];
    let route = format!("models: [{name}], backends: [{{ backend: {name}, model: gpt-4o-mini }}]");
    config.backend_of(name, &fields).route(&route)
}

async fn call(gateway: &Gateway, model: &str) -> Answer {
    ask(gateway, Provider::OpenAi, model, "x", false).await
}

async fn serves(gateway: &Gateway, model: &str) {
    let answer = call(gateway, model).await;
    assert_eq!(answer.status, 200, "{model}: {}", answer.text);
    assert!(answer.text.contains("served"), "{model}: {}", answer.text);
}

/// Why each model was not served the last time, as the access log has it.
fn reasons(gateway: &Gateway) -> HashMap<String, Option<String>> {
    let text = |line: &Value, key: &str| line[key].as_str().map(str::to_owned);
    let output = gateway.output();
    let lines = output.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    lines.filter_map(|line| Some((text(&line, "model")?, text(&line, "reason")))).collect()
}

/// Waits until a model is refused for this reason.
async fn until_refused(gateway: &Gateway, model: &str, reason: &str) {
    until(reason, async || {
        let answer = call(gateway, model).await;
        assert!(answer.status == 200 || answer.status >= 500, "{}", answer.text);
        answer.status >= 500
    })
    .await;
    until("the line is in the log", async || {
        reasons(gateway).get(model).is_some_and(|found| found.as_deref() == Some(reason))
    })
    .await;
}

#[tokio::test]
async fn callers_are_served_by_whom_the_policy_trusts_and_nobody_else() {
    let config = Config::new();
    let pki = Pki::new();
    let Matrix { rows, .. } = &matrix(&config, &pki).await;
    let leaf = pki.issuing.leaf(&["localhost"]);
    let clean = Serves::new(&leaf, &pki.issuing).start().await;
    let mut config = backend(config, "clean", &clean, "ca: root.pem");
    for (number, row) in rows.iter().enumerate() {
        let name = format!("r{number}");
        config = backend_at(config, &name, row.host, "h1", &row.server, &row.tls);
    }
    let gateway = Gateway::start(config).await;
    let mut wrong = Vec::new();
    for (number, row) in rows.iter().enumerate() {
        let answer = call(&gateway, &format!("r{number}")).await;
        let served = answer.status == 200;
        if served != row.refused.is_none() || (!served && answer.status < 500) {
            wrong.push(format!("{}: {} {}", row.name, answer.status, answer.text));
        }
        if row.refused.is_some() && row.server.requests() > 0 {
            wrong.push(format!("{}: a request was served", row.name));
        }
        serves(&gateway, "clean").await;
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    until("all lines are in the log", async || reasons(&gateway).len() > rows.len()).await;
    let reasons = reasons(&gateway);
    for (number, row) in rows.iter().enumerate() {
        let reason = reasons[&format!("r{number}")].as_deref();
        if reason != row.refused {
            wrong.push(format!("{}: {reason:?}, not {:?}", row.name, row.refused));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn sessions_are_resumed_where_the_ca_is_private() {
    let pki = Pki::new();
    let leaf = pki.issuing.leaf(&["localhost"]);
    let server = Serves::new(&leaf, &pki.issuing).start().await;
    let config = Config::new();
    config.write_bytes("root.pem", pki.root.pem());
    let config = backend(config, "a", &server, "ca: root.pem");
    let gateway = Gateway::start(config).await;
    for _ in 0..3 {
        serves(&gateway, "a").await;
    }
    let kinds: Vec<_> = server.seen().iter().map(|seen| seen.kind).collect();
    assert_eq!(kinds, [Full, Resumed, Resumed]);
}

/// S-56: a connection of the pool that another trust has verified.
#[tokio::test]
async fn s_56_a_connection_is_not_used_any_more_once_its_certificate_is_on_a_list() {
    for alpn in [&["http/1.1"][..], &["h2"]] {
        let pki = Pki::new();
        let leaf = pki.issuing.leaf(&["localhost"]);
        let serves_it = || Serves { alpn, keep_alive: true, ..Serves::new(&leaf, &pki.issuing) };
        let (by_file, by_url) = (serves_it().start().await, serves_it().start().await);
        let list = ListServer::start(Some(pki.issuing.list(&[]).der())).await;
        let config = Config::new();
        config.write_bytes("root.pem", pki.root.pem());
        config.write_bytes("a.crl", pki.issuing.list(&[]).pem().unwrap());
        let file = "ca: root.pem, crl: { files: [a.crl], depth: leaf }";
        let url =
            format!("ca: root.pem, crl: {{ urls: ['{}'], refresh: 1s, depth: leaf }}", list.url());
        let config = backend(config, "file", &by_file, file);
        let config = backend(config, "url", &by_url, &url);
        let gateway = Gateway::start(config).await;
        for (name, server) in [("file", &by_file), ("url", &by_url)] {
            serves(&gateway, name).await;
            serves(&gateway, name).await;
            let seen = server.seen();
            assert_eq!((seen.len(), seen[0].requests), (1, 2), "{name}: kept and used again");
        }
        let revoking = pki.issuing.list(&[leaf.serial]);
        gateway.config.write_bytes("a.crl", revoking.pem().unwrap());
        list.set(Some(revoking.der()));
        for (name, server) in [("file", &by_file), ("url", &by_url)] {
            until_refused(&gateway, name, "tls_revoked").await;
            let requests = server.requests();
            let answer = call(&gateway, name).await;
            assert!(answer.status >= 500, "{}", answer.text);
            let seen = server.seen();
            assert_eq!((seen.len(), server.requests()), (1, requests), "{name}");
        }
        let good = pki.issuing.list(&[4711]);
        gateway.config.write_bytes("a.crl", good.pem().unwrap());
        list.set(Some(good.der()));
        for (name, server) in [("file", &by_file), ("url", &by_url)] {
            until("served again", async || call(&gateway, name).await.status == 200).await;
            let seen = server.seen();
            assert_eq!((seen.len(), seen[1].kind, seen[1].requests), (2, Full, 1), "{name}");
        }
    }
}

#[tokio::test]
async fn the_state_of_lists_is_in_the_metrics() {
    let pki = Pki::new();
    let leaf = pki.issuing.leaf(&["localhost"]);
    let server = Serves::new(&leaf, &pki.issuing).start().await;
    let list = ListServer::start(None).await;
    let config = Config::new();
    config.write_bytes("root.pem", pki.root.pem());
    config.write_bytes("root.crl", pki.root.list(&[]).pem().unwrap());
    let tls = format!(
        "ca: root.pem, crl: {{ files: [root.crl], urls: ['{}'], refresh: 1s }}",
        list.url()
    );
    let config = backend(config, "a", &server, &tls);
    let config = backend(config, "none", &server, "ca: root.pem");
    let gateway = Gateway::start(config).await;
    until_refused(&gateway, "a", "tls_crl_missing").await;
    let labels = ["backend=\"a\""];
    let metrics = gateway.metrics().await;
    assert_eq!(metrics.count("egret_crl_lists", &labels), 1);
    assert_eq!(metrics.count("egret_crl_missing", &labels), 1);
    assert!(metrics.count("egret_crl_fetch_failures_total", &labels) >= 1);
    assert!(metrics.sum("egret_crl_age_seconds", &labels) > 0.0);
    assert!(!metrics.0.contains("egret_crl_lists{backend=\"none\""), "it asks for no list");
    list.set(Some(pki.issuing.list(&[]).der()));
    until("served", async || call(&gateway, "a").await.status == 200).await;
    let metrics = gateway.metrics().await;
    assert_eq!(metrics.count("egret_crl_lists", &labels), 2);
    assert_eq!(metrics.count("egret_crl_missing", &labels), 0);
    assert!(metrics.sum("egret_crl_seconds_left", &labels) > 0.0);
    gateway.config.write_bytes("root.crl", pki.root.stale_list(&[]).pem().unwrap());
    until_refused(&gateway, "a", "tls_crl_stale").await;
    assert!(gateway.metrics().await.sum("egret_crl_seconds_left", &labels) < 0.0);
    serves(&gateway, "none").await;
    let output = gateway.output();
    assert!(output.contains("no new revocation list: the answer is 404"), "{output}");
    assert!(output.contains("has been out of date since 2026-02-01"), "{output}");
}

/// Whose list nobody gets is served all the same, if the policy says so.
#[tokio::test]
async fn a_place_of_lists_that_says_nothing_leaves_time_for_the_backend() {
    let pki = Pki::new();
    let leaf = pki.issuing.leaf(&["localhost"]);
    let server = Serves::new(&leaf, &pki.issuing).start().await;
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/ca.crl", silent.local_addr().unwrap());
    let config = Config::new();
    config.write_bytes("root.pem", pki.root.pem());
    let crl = |stale| format!("ca: root.pem, crl: {{ urls: ['{url}'], stale: {stale} }}");
    let config = backend_within(config, "accept", "4s", &server, &crl("accept"));
    let config = backend_within(config, "refuse", "4s", &server, &crl("refuse"));
    let gateway = Gateway::start(config).await;
    serves(&gateway, "accept").await;
    let answer = call(&gateway, "refuse").await;
    assert!(answer.text.contains("no revocation list"), "{}", answer.text);
}

/// Under TLS 1.3 the request is out before the server says that it wants another certificate: it is
/// not sent again, and nobody pays for it.
#[tokio::test]
async fn a_request_that_is_turned_away_for_its_client_certificate_costs_nothing() {
    let pki = Pki::new();
    let leaf = pki.issuing.leaf(&["localhost"]);
    let (h1, h2) = (&["http/1.1"][..], &["h2"][..]);
    for (versions, alpn) in [(BOTH, h1), (BOTH, h2), (ONLY_1_2, h1), (ONLY_1_2, h2)] {
        let clients = Some(clients_of(&pki.root));
        let wants = Serves { clients, versions, alpn, ..Serves::new(&leaf, &pki.issuing) };
        let (server, clean) = (wants.start().await, Serves::new(&leaf, &pki.issuing).start().await);
        let budget = "budgets: [{ name: all, per: gateway, limit: 1 USD, window: day }]";
        let config = Config::new().with(budget);
        config.write_bytes("root.pem", pki.root.pem());
        let config = backend(config, "a", &server, "ca: root.pem");
        let config = backend(config, "clean", &clean, "ca: root.pem");
        let gateway = Gateway::start(config).await;
        let answer = call(&gateway, "a").await;
        assert!(answer.status >= 500, "{}", answer.text);
        assert_eq!(gateway.settled().await.spent_nanos("all"), 0, "{versions:?} {alpn:?}");
        serves(&gateway, "clean").await;
        assert!(gateway.settled().await.spent_nanos("all") > 0);
    }
}
