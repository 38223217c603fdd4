//! The matrix through the gateway: what callers get, and what the log says of it.

use tokio_rustls::rustls::HandshakeKind::{Full, Resumed};

use super::calls::{backend, backend_at, call, reasons, serves};
use super::rows::{Matrix, matrix};
use crate::support::pki::Pki;
use crate::support::tls_server::{BOTH, ONLY_1_2, Serves, clients_of};
use crate::support::{Config, Gateway, until};

/// Each row's server speaks no more.
const H1: &str = "http: h1, timeouts: { connect: 60s }";

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
        config = backend_at(config, &name, row.host, &row.server, &row.tls, H1);
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
