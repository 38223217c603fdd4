//! Callers' certificates: whom they name, and how they are taken back.

use egret::simulator::{Provider, Running};
use tokio_rustls::rustls::HandshakeKind;
use tokio_rustls::rustls::version::{TLS12, TLS13};

use crate::listener_tls::{ask, client, second_handshake};
use crate::support::issuer::{AUDIENCE, ISSUER, Signer, jwks, service_account};
use crate::support::provider::{ROOT, arrived, simulate};
use crate::support::wire::client_config;
use crate::support::workloads::{Workload, Workloads};
use crate::support::{Config, Gateway, until};

/// A listener that takes this CA's certificates, and believes SPIFFE IDs of `cluster.local`.
fn config(simulator: &Running, workloads: &Workloads, tls: &str, more: &str) -> Config {
    let config = Config::serving(&[simulator])
        .with(&format!("identity: {{ mtls: {{ trust_domains: cluster.local, unlisted: allow }}{more} }}"))
        .with("budgets: [{ name: daily, per: [namespace, service_account], limit: 10 USD, window: day }]");
    config.write("workloads.pem", workloads.ca_pem());
    config.secured(&format!(", client_ca: workloads.pem{tls}"))
}

fn shows(gateway: &Gateway, workload: &Workload) -> reqwest::Client {
    client(gateway, ROOT.ca_pem()).identity(workload.identity()).build().unwrap()
}

fn shows_over_h1(gateway: &Gateway, workload: &Workload) -> reqwest::Client {
    client(gateway, ROOT.ca_pem()).identity(workload.identity()).http1_only().build().unwrap()
}

#[tokio::test]
async fn a_spiffe_id_names_its_workload() {
    let simulator = simulate(Provider::OpenAi, "sk-canary").await;
    let workloads = Workloads::new();
    let gateway = Gateway::start(config(&simulator, &workloads, "", "")).await;
    let checkout = workloads.spiffe("cluster.local", "shop", "checkout");
    for client in [shows(&gateway, &checkout), shows_over_h1(&gateway, &checkout)] {
        for _ in 0..2 {
            let answer = ask(&gateway, &client).await.unwrap();
            assert_eq!(answer.status, 200, "{}", answer.text);
        }
    }
    let other = workloads.issue(&["uri:spiffe://cluster.local/batch/nightly job"]);
    assert_eq!(ask(&gateway, &shows(&gateway, &other)).await.unwrap().status, 200);

    let metrics = gateway.settled().await;
    let place = ["namespace=\"shop\"", "serviceAccount=\"checkout\"", "caller=\"shop/checkout\""];
    assert_eq!(metrics.count("egret_requests_total", &place), 4);
    let other = ["caller=\"mtls:cluster.local/batch/nightly%20job\"", "namespace=\"unknown\""];
    assert_eq!(metrics.count("egret_requests_total", &other), 1);
    let recognised = ["method=\"mtls\"", "result=\"ok\""];
    assert_eq!(metrics.count("egret_authentications_total", &recognised), 5);
    assert!(metrics.sum("egret_budget_spent", &["of=\"shop,checkout\""]) > 0.0);
}

#[tokio::test]
async fn certificates_that_prove_nothing_get_no_connection() {
    let simulator = simulate(Provider::OpenAi, "sk-canary").await;
    let (workloads, strangers) = (Workloads::new(), Workloads::new());
    let gateway = Gateway::start(config(&simulator, &workloads, "", "")).await;
    let id = "uri:spiffe://cluster.local/ns/shop/sa/checkout";
    // The client may know before it is counted.
    let counted = async |result: &str| {
        let label = format!("result=\"{result}\"");
        until(&label, async || {
            gateway.metrics().await.count("egret_tls_handshakes_total", &[&label]) == 1
        })
        .await;
    };
    for (workload, reason) in [
        (strangers.issue(&[id]), "certificate_issuer"),
        (workloads.issue_until(&[id], 2026), "certificate_expired"),
    ] {
        assert!(ask(&gateway, &shows(&gateway, &workload)).await.is_err(), "{reason}");
        counted(reason).await;
    }
    // A server's certificate is not a client's.
    let server = ROOT.issue(&["localhost"]).unwrap();
    let pem = format!("{}{}", server.certificate_pem, server.key_pem);
    let identity = reqwest::Identity::from_pem(pem.as_bytes()).unwrap();
    let wrong = client(&gateway, ROOT.ca_pem()).identity(identity).build().unwrap();
    assert!(ask(&gateway, &wrong).await.is_err());
    let nobody = client(&gateway, ROOT.ca_pem()).build().unwrap();
    assert!(ask(&gateway, &nobody).await.is_err());
    counted("no_certificate").await;
    assert_eq!(arrived(&simulator), 0);

    let good = shows(&gateway, &workloads.issue(&[id]));
    assert_eq!(ask(&gateway, &good).await.unwrap().status, 200);
}

#[tokio::test]
async fn names_that_nobody_believes_are_nobody() {
    let simulator = simulate(Provider::OpenAi, "sk-canary").await;
    let workloads = Workloads::new();
    let config = config(&simulator, &workloads, "", "").with(
        "callers:\n  \
         - { name: legacy, group: old, identity: { san: 'dns:legacy.internal' } }\n  \
         - { name: other, identity: { san: 'uri:urn:example:other' } }",
    );
    let gateway = Gateway::start(config).await;
    for (names, told) in [
        (&["uri:spiffe://evil.example/ns/shop/sa/checkout"][..], "another trust domain"),
        (&["uri:spiffe://cluster.local.evil.example/ns/shop/sa/checkout"], "another trust domain"),
        (&["uri:spiffe://CLUSTER.LOCAL/ns/shop/sa/checkout"], "another trust domain"),
        (
            &[
                "uri:spiffe://cluster.local/ns/shop/sa/checkout",
                "uri:spiffe://cluster.local/ns/bank/sa/treasury",
            ],
            "another URI",
        ),
        (&["uri:https://cluster.local/ns/shop/sa/checkout"], "not among the callers"),
        (&["dns:unknown.internal"], "not among the callers"),
        (&["dns:legacy.internal.evil.example"], "not among the callers"),
        (&["dns:*.internal"], "not among the callers"),
    ] {
        let client = shows(&gateway, &workloads.issue(names));
        let answer = ask(&gateway, &client).await.unwrap();
        assert_eq!(answer.status, 401, "{names:?}: {}", answer.text);
        assert!(answer.text.contains(told), "{names:?}: {}", answer.text);
    }
    for (name, caller) in [
        ("dns:LEGACY.internal", "legacy"),
        ("uri:urn:example:other", "other"),
        ("uri:spiffe://cluster.local/ns/shop/sa/checkout", "shop/checkout"),
        // Not the workload that its path looks like.
        (
            "uri:spiffe://cluster.local/ns/Shop/sa/checkout",
            "mtls:cluster.local/ns/Shop/sa/checkout",
        ),
    ] {
        let client = shows(&gateway, &workloads.issue(&[name]));
        assert_eq!(ask(&gateway, &client).await.unwrap().status, 200, "{name}");
        let of = [format!("caller=\"{caller}\""), "code=\"200\"".to_owned()];
        let of: Vec<&str> = of.iter().map(String::as_str).collect();
        assert_eq!(gateway.settled().await.count("egret_requests_total", &of), 1, "{name}");
    }
}

/// A certificate that is revoked counts neither for a new connection, nor for a session that would
/// be resumed, nor for requests on a connection that is open.
#[tokio::test]
async fn revoked_certificates_end_at_once() {
    let simulator = simulate(Provider::OpenAi, "sk-canary").await;
    let workloads = Workloads::new();
    let config = config(&simulator, &workloads, ", client_crl: [workloads.crl]", "");
    config.write("workloads.crl", &workloads.revoked(&[]));
    let gateway = Gateway::start(config).await;
    let (bad, good) = (
        workloads.spiffe("cluster.local", "shop", "checkout"),
        workloads.spiffe("cluster.local", "shop", "search"),
    );
    let (open, open_h1) = (shows(&gateway, &bad), shows_over_h1(&gateway, &bad));
    let kept = shows(&gateway, &good);
    for client in [&open, &open_h1, &kept] {
        assert_eq!(ask(&gateway, client).await.unwrap().status, 200);
    }
    gateway.config.write("workloads.crl", &workloads.revoked(&[&bad]));
    for client in [&open, &open_h1] {
        until("the open connection is nobody's", async || {
            // Its client may have to connect anew, and then gets no connection.
            ask(&gateway, client).await.map_or(true, |answer| answer.status == 401)
        })
        .await;
    }
    let revoked = async || {
        let metrics = gateway.metrics().await;
        metrics.count("egret_tls_handshakes_total", &["result=\"certificate_revoked\""])
    };
    let before = revoked().await;
    assert!(ask(&gateway, &shows(&gateway, &bad)).await.is_err());
    until("the handshake is counted", async || revoked().await > before).await;
    for client in [&kept, &shows(&gateway, &good)] {
        assert_eq!(ask(&gateway, client).await.unwrap().status, 200);
    }

    // A list that has passed its end tells nothing: everyone is refused.
    gateway.config.write("workloads.crl", &workloads.revoked_until(&[], 2026));
    until("nobody is let in", async || ask(&gateway, &shows(&gateway, &good)).await.is_err()).await;
    gateway.config.write("workloads.crl", &workloads.revoked(&[]));
    until("all are let in", async || {
        ask(&gateway, &shows(&gateway, &bad)).await.is_ok_and(|answer| answer.status == 200)
    })
    .await;
}

/// rustls does not look at a certificate again when a session is resumed.
#[tokio::test]
async fn sessions_with_a_certificate_are_not_resumed() {
    let simulator = simulate(Provider::OpenAi, "sk-canary").await;
    let workloads = Workloads::new();
    let gateway = Gateway::start(config(&simulator, &workloads, "", "")).await;
    let workload = workloads.spiffe("cluster.local", "shop", "checkout");
    for version in [&TLS12, &TLS13] {
        let how = client_config(&[version], &["http/1.1"], Some(&workload));
        assert_eq!(second_handshake(&gateway, &how).await, HandshakeKind::Full);
    }
}

/// The CA changes: what the old one gave counts no more, also on open connections.
#[tokio::test]
async fn another_ca_ends_what_the_old_one_gave() {
    let simulator = simulate(Provider::OpenAi, "sk-canary").await;
    let (old, new) = (Workloads::new(), Workloads::new());
    let gateway = Gateway::start(config(&simulator, &old, "", "")).await;
    let before = shows(&gateway, &old.spiffe("cluster.local", "shop", "checkout"));
    assert_eq!(ask(&gateway, &before).await.unwrap().status, 200);
    gateway.config.write("workloads.pem", new.ca_pem());
    until("the old one's are nobody's", async || {
        ask(&gateway, &before).await.map_or(true, |answer| answer.status == 401)
    })
    .await;
    let after = shows(&gateway, &new.spiffe("cluster.local", "shop", "checkout"));
    assert_eq!(ask(&gateway, &after).await.unwrap().status, 200);
}

/// Where certificates are optional, a token that counts decides, a token that does not is refused,
/// and what SDKs make up where they have no key is not looked at.
#[tokio::test]
async fn tokens_and_certificates_side_by_side() {
    let simulator = simulate(Provider::OpenAi, "sk-canary").await;
    let workloads = Workloads::new();
    let signer = Signer::p256("cluster");
    let kubernetes = format!(
        ", kubernetes: {{ issuer: '{ISSUER}', audience: {AUDIENCE}, jwks: {{ file: jwks.json }}, unlisted: allow }}"
    );
    let config = config(&simulator, &workloads, ", client: optional", &kubernetes);
    let config = config.caller("keyed", "key-of-keyed", "");
    config.write("jwks.json", &jwks(&[&signer]));
    let gateway = Gateway::start(config).await;
    let workload = workloads.spiffe("cluster.local", "shop", "checkout");
    let with = shows(&gateway, &workload);
    let without = client(&gateway, ROOT.ca_pem()).build().unwrap();
    let token = signer.token(&service_account("lab", "notebook"));
    let forged = Signer::p256("cluster").token(&service_account("lab", "notebook"));
    let url = format!("https://localhost:{}/v1/models", gateway.config.port);
    for (client, key, status, caller) in [
        (&with, None, 200, "shop/checkout"),
        (&with, Some("sk-made-up"), 200, "shop/checkout"),
        (&with, Some(&*token), 200, "lab/notebook"),
        (&with, Some("key-of-keyed"), 200, "keyed"),
        (&with, Some(&*forged), 401, "unknown"),
        (&without, None, 401, "unknown"),
        (&without, Some("sk-made-up"), 401, "unknown"),
        (&without, Some(&*token), 200, "lab/notebook"),
        (&without, Some("key-of-keyed"), 200, "keyed"),
    ] {
        let labels = [format!("caller=\"{caller}\""), format!("code=\"{status}\"")];
        let labels: Vec<&str> = labels.iter().map(String::as_str).collect();
        let before = gateway.settled().await.count("egret_requests_total", &labels);
        let asked = client.get(&url);
        let asked = match key {
            Some(key) => asked.bearer_auth(key),
            None => asked,
        };
        assert_eq!(asked.send().await.unwrap().status(), status, "{key:?} {caller}");
        let after = gateway.settled().await.count("egret_requests_total", &labels);
        assert_eq!(after - before, 1, "{key:?} {caller}");
    }
    // A certificate that does not hold is no connection, optional or not.
    let stranger = Workloads::new().spiffe("cluster.local", "shop", "checkout");
    assert!(ask(&gateway, &shows(&gateway, &stranger)).await.is_err());
    assert_eq!(ask(&gateway, &with).await.unwrap().status, 200);
}
