//! Revocation lists: what becomes of connections that are kept when they change, and how it shows
//! how they are.

use egret::simulator::Identity;
use tokio::net::TcpListener;
use tokio_rustls::rustls::HandshakeKind::Full;

use super::calls::{backend, backend_at, call, serves, until_refused, until_served};
use crate::support::metrics::Metrics;
use crate::support::pki::Pki;
use crate::support::tls_server::{ListServer, Serves};
use crate::support::tunnel::Tunnel;
use crate::support::{Config, Gateway};

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
            until_served(&gateway, name).await;
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
    let labels = ["backend=\"a\"", "hop=\"backend\""];
    let metrics = gateway.metrics().await;
    assert_eq!(metrics.count("egret_crl_lists", &labels), 1);
    assert_eq!(metrics.count("egret_crl_missing", &labels), 1);
    assert!(metrics.count("egret_crl_fetch_failures_total", &labels) >= 1);
    assert!(metrics.sum("egret_crl_age_seconds", &labels) > 0.0);
    assert!(!metrics.0.contains("egret_crl_lists{backend=\"none\""), "it asks for no list");
    list.set(Some(pki.issuing.list(&[]).der()));
    until_served(&gateway, "a").await;
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

/// A proxy has a certificate of its own, and lists of its own.
#[tokio::test]
async fn the_lists_of_a_proxy_are_told_from_those_of_its_backend() {
    let pki = Pki::new();
    let leaf = pki.issuing.leaf(&["localhost"]);
    let server = Serves::new(&leaf, &pki.issuing).start().await;
    let shown = pki.issuing.leaf(&["localhost"]);
    let certificate_pem = format!("{}{}", shown.pem(), pki.issuing.pem());
    let identity = Identity { certificate_pem, key_pem: shown.key.serialize_pem() };
    let tunnel = Tunnel::start(None, Some(identity)).await;
    let config = Config::new();
    config.write_bytes("root.pem", pki.root.pem());
    config.write_bytes("root.crl", pki.root.list(&[]).pem().unwrap());
    config.write_bytes("backend.crl", pki.issuing.list(&[]).pem().unwrap());
    config.write_bytes("proxy.crl", pki.issuing.list(&[]).pem().unwrap());
    let through = format!(
        "timeouts: {{ connect: 60s }}, proxy: {{ url: 'https://localhost:{}', allow_private: true, \
         tls: {{ ca: root.pem, crl: {{ files: [root.crl, proxy.crl] }} }} }}",
        tunnel.address.port()
    );
    let own = "ca: root.pem, crl: { files: [backend.crl], depth: leaf }";
    let config = backend_at(config, "both", "localhost", &server, own, &through);
    let config = backend_at(config, "proxy", "localhost", &server, "ca: root.pem", &through);
    let gateway = Gateway::start(config).await;
    serves(&gateway, "both").await;
    serves(&gateway, "proxy").await;
    let of = |metrics: &Metrics, series: &str, backend: &str, hop: &str| {
        metrics.sum(series, &[&format!("backend=\"{backend}\""), &format!("hop=\"{hop}\"")])
    };
    let metrics = gateway.metrics().await;
    let hops = [("both", "backend", 1.0), ("both", "proxy", 2.0), ("proxy", "proxy", 2.0)];
    for (backend, hop, lists) in hops {
        assert_eq!(of(&metrics, "egret_crl_lists", backend, hop), lists, "{backend} {hop}");
        assert!(of(&metrics, "egret_crl_seconds_left", backend, hop) > 0.0, "{backend} {hop}");
    }
    let asks = |line: &str| line.contains("backend=\"proxy\"") && line.contains("hop=\"backend\"");
    assert!(!metrics.0.lines().any(asks), "it asks for no list itself");

    gateway.config.write_bytes("proxy.crl", pki.issuing.stale_list(&[]).pem().unwrap());
    until_refused(&gateway, "both", "proxy").await;
    until_refused(&gateway, "proxy", "proxy").await;
    let metrics = gateway.metrics().await;
    for (backend, hop, _) in hops {
        let left = of(&metrics, "egret_crl_seconds_left", backend, hop);
        assert_eq!(left < 0.0, hop == "proxy", "{backend} {hop}: {left}");
    }
    gateway.config.write_bytes("proxy.crl", pki.issuing.list(&[]).pem().unwrap());
    until_served(&gateway, "both").await;
    until_served(&gateway, "proxy").await;
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
    let within = |config, name| {
        backend_at(config, name, "localhost", &server, &crl(name), "timeouts: { connect: 4s }")
    };
    let config = within(within(config, "accept"), "refuse");
    let gateway = Gateway::start(config).await;
    serves(&gateway, "accept").await;
    let answer = call(&gateway, "refuse").await;
    assert!(answer.text.contains("no revocation list"), "{}", answer.text);
}
