//! Issuers of tokens: their keys, which change while Egret runs, and their claims.

use std::sync::{Arc, Mutex};

use egret::simulator::{Provider, Running};
use serde_json::json;

use crate::support::https::{Asked, Https};
use crate::support::issuer::{AUDIENCE, ISSUER, Signer, but, jwks, now, service_account};
use crate::support::provider::{arrived, simulate};
use crate::support::speak::with_token;
use crate::support::{Config, Gateway, until};

/// What a server says, which a test may change.
pub type Said = Arc<Mutex<(u16, String)>>;

pub fn said(text: &str) -> Said {
    Arc::new(Mutex::new((200, text.to_owned())))
}

pub fn say(said: &Said, status: u16, text: &str) {
    *said.lock().unwrap() = (status, text.to_owned());
}

/// A server that says this of every path.
async fn saying(said: &Said) -> Https {
    let said = said.clone();
    Https::start(move |_| said.lock().unwrap().clone()).await
}

async fn start(simulator: &Running, identity: &str) -> Gateway {
    Gateway::start(Config::serving(&[simulator]).with(identity)).await
}

/// A gateway that fetches the cluster's keys from `server`.
pub fn fetched(server: &Https, more: &str) -> String {
    format!(
        "identity: {{ kubernetes: {{ issuer: '{ISSUER}', audience: {AUDIENCE}, unlisted: allow, \
         jwks: {{ url: '{}', ca: ca.pem, token: {{ file: own.token }}, refresh: 1s }}{more} }} }}",
        server.url("/openid/v1/jwks")
    )
}

pub fn fetches(metrics: &crate::support::metrics::Metrics, result: &str) -> u64 {
    let labels = ["issuer=\"kubernetes\"".to_owned(), format!("result=\"{result}\"")];
    let labels: Vec<&str> = labels.iter().map(String::as_str).collect();
    metrics.count("egret_jwks_fetches_total", &labels)
}

#[tokio::test]
async fn keys_rotate_while_it_runs_and_survive_an_outage() {
    let simulator = simulate(Provider::OpenAi, "sk-canary").await;
    let (old, new) = (Signer::p256("one"), Signer::p256("two"));
    let keys = said(&jwks(&[&old]));
    let server = saying(&keys).await;
    let config = Config::serving(&[&simulator]).with(&fetched(&server, ""));
    config.write("own.token", "token-of-egret");
    let gateway = Gateway::start(config).await;
    let (by_old, by_new) = (
        old.token(&service_account("shop", "checkout")),
        new.token(&service_account("shop", "search")),
    );
    assert_eq!(with_token(&gateway, &by_old).await.status, 200, "it waits for the first keys");
    let shown = server.asked().remove(0).authorization;
    assert_eq!(shown.as_deref(), Some("Bearer token-of-egret"));

    // Both for a while, then the new one only: a token that was taken before is not any more.
    say(&keys, 200, &jwks(&[&old, &new]));
    until("the new key is known", async || with_token(&gateway, &by_new).await.status == 200).await;
    assert_eq!(with_token(&gateway, &by_old).await.status, 200);
    say(&keys, 200, &jwks(&[&new]));
    until("the old key is forgotten", async || with_token(&gateway, &by_old).await.status == 401)
        .await;
    assert_eq!(with_token(&gateway, &by_new).await.status, 200);

    // Whatever its server says now, what is known stays.
    for (status, text) in [
        (500, "gone".to_owned()),
        (200, "{\"keys\": []}".to_owned()),
        (200, "<html>".to_owned()),
        (200, "[".repeat(100_000)),
        (200, format!("{{\"keys\": [{{\"x\": \"{}\"}}]}}", "x".repeat(2 << 20))),
        (200, json!({"keys": vec![old.jwk(); 101]}).to_string()),
        (200, json!({"keys": [{"kty": "oct", "kid": "two", "k": "c2VjcmV0"}]}).to_string()),
        (302, String::new()),
    ] {
        let before = fetches(&gateway.metrics().await, "failed");
        say(&keys, status, &text);
        until("it was asked", async || fetches(&gateway.metrics().await, "failed") > before).await;
        assert_eq!(with_token(&gateway, &by_new).await.status, 200, "{status}");
        let fresh = new.token(&service_account("shop", "other"));
        assert_eq!(with_token(&gateway, &fresh).await.status, 200, "{status}");
    }
    drop(server);
    assert_eq!(with_token(&gateway, &by_new).await.status, 200);
    assert!(gateway.output().contains("the last good ones stay"));
}

/// Whoever makes up the names of keys has their issuer asked no more often than it would be.
#[tokio::test]
async fn made_up_keys_are_asked_for_once_in_a_while() {
    let simulator = simulate(Provider::OpenAi, "sk-canary").await;
    let signer = Signer::p256("one");
    let server = saying(&said(&jwks(&[&signer]))).await;
    let identity =
        fetched(&server, "").replace("token: { file: own.token }, refresh: 1s", "refresh: 1h");
    let gateway = start(&simulator, &identity).await;
    let good = signer.token(&service_account("shop", "checkout"));
    assert_eq!(with_token(&gateway, &good).await.status, 200);
    let header = |kid: String| json!({"alg": "ES256", "kid": kid}).to_string();
    let claims = service_account("shop", "checkout").to_string();
    let begun = std::time::Instant::now();
    for number in 0..200 {
        let token = signer.token_of(&header(format!("made-up-{number}")), &claims);
        assert_eq!(with_token(&gateway, &token).await.status, 401);
    }
    // One at the start, and one in five seconds.
    let most = 2 + begun.elapsed().as_secs() / 5;
    assert!(
        u64::try_from(server.asked().len()).unwrap() <= most,
        "{} fetches",
        server.asked().len()
    );
    assert_eq!(with_token(&gateway, &good).await.status, 200);
}

#[tokio::test]
async fn without_keys_nobody_is_let_in_until_they_come() {
    let simulator = simulate(Provider::OpenAi, "sk-canary").await;
    let signer = Signer::rsa("one");
    let keys = said("");
    say(&keys, 503, "starting");
    let server = saying(&keys).await;
    let identity = fetched(&server, "").replace("token: { file: own.token }, ", "");
    let gateway = start(&simulator, &identity).await;
    let token = signer.token(&service_account("shop", "checkout"));
    let answer = with_token(&gateway, &token).await;
    assert_eq!(answer.status, 503, "{}", answer.text);
    assert!(answer.text.contains("could not be fetched yet"));
    assert_eq!(arrived(&simulator), 0);
    say(&keys, 200, &jwks(&[&signer]));
    until("the keys came", async || with_token(&gateway, &token).await.status == 200).await;
}

#[tokio::test]
async fn an_issuer_says_itself_where_its_keys_are() {
    let simulator = simulate(Provider::OpenAi, "sk-canary").await;
    let signer = Signer::p256("one");
    // Its own address is known once it is there.
    let place: Arc<Mutex<String>> = Arc::default();
    let (base, keys) = (place.clone(), jwks(&[&signer]));
    let server = Https::start(move |asked: &Asked| {
        let base = base.lock().unwrap().clone();
        match &*asked.path {
            "/tenant/.well-known/openid-configuration" => {
                let issuer = format!("{base}/tenant");
                (200, json!({"issuer": issuer, "jwks_uri": format!("{base}/keys")}).to_string())
            }
            "/other/.well-known/openid-configuration" => {
                let issuer = format!("{base}/tenant");
                (200, json!({"issuer": issuer, "jwks_uri": format!("{base}/keys")}).to_string())
            }
            "/keys" => (200, keys.clone()),
            _ => (404, String::new()),
        }
    })
    .await;
    *place.lock().unwrap() = server.url("");
    let (issuer, liar) = (server.url("/tenant"), server.url("/other"));
    let identity = format!(
        "identity: {{ jwt: [\n  \
         {{ name: corp, issuer: '{issuer}', audience: [egret, 'api://egret'], jwks: {{ ca: ca.pem }}, unlisted: allow, \
         claims: {{ caller: email, group: groups, namespace: work.namespace, labels: {{ team: department }} }} }},\n  \
         {{ name: liar, issuer: '{liar}', audience: egret, jwks: {{ ca: ca.pem }}, unlisted: allow }}] }}\n\
         budgets: [{{ name: teams, per: [group, 'label:team'], limit: 10 USD, window: day }}]"
    );
    let gateway = start(&simulator, &identity).await;
    let claims = json!({
        "iss": issuer, "aud": "api://egret", "exp": now() + 600, "sub": "6f2c",
        "email": "ada@example.com", "groups": ["Domain Users", "dev"], "department": "R&D",
        "work": {"namespace": "lab"},
    });
    assert_eq!(with_token(&gateway, &signer.token(&claims)).await.status, 200);
    let metrics = gateway.settled().await;
    let named = ["caller=\"corp:ada@example.com\"", "namespace=\"lab\"", "code=\"200\""];
    assert_eq!(metrics.count("egret_requests_total", &named), 1);
    // A name with a space is written without, and a percent sign of a name stays one in accounts.
    let account = ["of=\"Domain%2520Users,R%2526D\""];
    assert!(metrics.sum("egret_budget_spent", &account) > 0.0, "{}", metrics.0);

    // Metadata that name another issuer tell nothing.
    let other = but(claims.clone(), json!({"iss": liar, "aud": "egret"}));
    assert_eq!(with_token(&gateway, &signer.token(&other)).await.status, 503);
    // Without the claim that names it, or with one that is no name, it is nobody.
    for wrong in [
        json!({"email": null}),
        json!({"email": ""}),
        json!({"email": {"a": 1}}),
        json!({"email": "x".repeat(4_000)}),
        json!({"groups": [["dev"]]}),
    ] {
        let token = signer.token(&but(claims.clone(), wrong.clone()));
        assert_eq!(with_token(&gateway, &token).await.status, 401, "{wrong}");
    }
    // S-55: nothing in a claim makes a line of a log, or a metric of its own.
    let hostile = but(claims, json!({"email": "a\r\n{\"caller\":\"root\"}\u{1b}[31m"}));
    assert_eq!(with_token(&gateway, &signer.token(&hostile)).await.status, 200);
    let named = r#""caller":"corp:a%0D%0A%7B%22caller%22:%22root%22%7D%1B%5B31m""#;
    until("it is logged", async || gateway.output().contains(named)).await;
    assert!(!gateway.output().contains('\u{1b}'));
}

/// What is shown to an issuer is shown to nobody whom that one names.
#[tokio::test]
async fn the_token_for_an_issuer_goes_to_no_other_host() {
    let simulator = simulate(Provider::OpenAi, "sk-canary").await;
    let signer = Signer::p256("one");
    let keys = jwks(&[&signer]);
    let elsewhere = saying(&said(&keys)).await;
    for own in [true, false] {
        let place: Arc<Mutex<String>> = Arc::default();
        let (base, keys, foreign) = (place.clone(), keys.clone(), elsewhere.url("/keys"));
        let server = Https::start(move |asked: &Asked| {
            let base = base.lock().unwrap().clone();
            let uri = if own { format!("{base}/keys") } else { foreign.clone() };
            match &*asked.path {
                "/keys" => (200, keys.clone()),
                _ => (200, json!({"issuer": base, "jwks_uri": uri}).to_string()),
            }
        })
        .await;
        *place.lock().unwrap() = server.url("");
        let issuer = server.url("");
        let identity = format!(
            "identity: {{ jwt: [{{ name: corp, issuer: '{issuer}', audience: egret, \
             jwks: {{ ca: ca.pem, token: {{ file: own.token }} }}, unlisted: allow }}] }}"
        );
        let config = Config::serving(&[&simulator]).with(&identity);
        config.write("own.token", "token-of-egret");
        let gateway = Gateway::start(config).await;
        let claims = json!({"iss": issuer, "aud": "egret", "exp": now() + 600, "sub": "6f2c"});
        assert_eq!(with_token(&gateway, &signer.token(&claims)).await.status, 200);
        let shown = |server: &Https, path: &str| {
            let asked = server.asked().into_iter().filter(|asked| asked.path == path);
            asked.map(|asked| asked.authorization.is_some()).collect::<Vec<_>>()
        };
        assert!(shown(&server, "/.well-known/openid-configuration").iter().all(|shown| *shown));
        assert_eq!(shown(&server, "/keys").first(), own.then_some(&true));
        assert_eq!(shown(&elsewhere, "/keys").first(), (!own).then_some(&false));
    }
}

#[tokio::test]
async fn unlisted_identities_are_refused_unless_they_are_allowed() {
    let simulator = simulate(Provider::OpenAi, "sk-canary").await;
    let signer = Signer::ed25519("one");
    let identity = "identity: { jwt: [{ name: corp, issuer: 'https://login.example', audience: egret, \
                    jwks: { file: jwks.json } }] }\n\
                    callers: [{ name: ada, group: lab, identity: { issuer: corp, subject: 6f2c } }]";
    let config = Config::serving(&[&simulator]).with(identity);
    config.write("jwks.json", &jwks(&[&signer]));
    let gateway = Gateway::start(config).await;
    let claims = |subject: &str| json!({"iss": "https://login.example", "aud": "egret", "exp": now() + 600, "sub": subject});
    let answer = with_token(&gateway, &signer.token(&claims("6f2d"))).await;
    assert_eq!(answer.status, 401);
    assert!(answer.text.contains("corp:6f2d is not among the callers"), "{}", answer.text);
    assert_eq!(with_token(&gateway, &signer.token(&claims("6f2c"))).await.status, 200);

    // New keys in the file, and a new list of callers, count without a restart.
    let next = Signer::ed25519("two");
    gateway.config.write("jwks.json", &jwks(&[&next]));
    until("the new keys count", async || {
        with_token(&gateway, &next.token(&claims("6f2c"))).await.status == 200
    })
    .await;
    assert_eq!(with_token(&gateway, &signer.token(&claims("6f2c"))).await.status, 401);
}

/// What some issuer writes into a claim makes nobody a ServiceAccount of the cluster's.
#[tokio::test]
async fn a_service_account_of_a_claim_is_only_its_issuers() {
    let simulator = simulate(Provider::OpenAi, "sk-canary").await;
    let (cluster, corp) = (Signer::p256("cluster"), Signer::p256("corp"));
    let identity = format!(
        "identity:\n  \
         kubernetes: {{ issuer: '{ISSUER}', audience: {AUDIENCE}, jwks: {{ file: cluster.json }} }}\n  \
         jwt: [{{ name: corp, issuer: 'https://login.example', audience: egret, \
         jwks: {{ file: corp.json }}, claims: {{ namespace: ns, service_account: sa }} }}]\n\
         callers:\n  \
         - {{ name: treasury, identity: {{ service_account: 'payments/*' }} }}\n  \
         - {{ name: desk, identity: {{ issuer: corp, service_account: desk/one }} }}"
    );
    let config = Config::serving(&[&simulator]).with(&identity);
    config.write("cluster.json", &jwks(&[&cluster]));
    config.write("corp.json", &jwks(&[&corp]));
    let gateway = Gateway::start(config).await;
    let claims = |namespace: &str, account: &str| {
        json!({"iss": "https://login.example", "aud": "egret", "exp": now() + 600, "sub": "x",
            "ns": namespace, "sa": account})
    };
    let answer = with_token(&gateway, &corp.token(&claims("payments", "one"))).await;
    assert_eq!(answer.status, 401, "{}", answer.text);
    assert_eq!(with_token(&gateway, &corp.token(&claims("desk", "one"))).await.status, 200);
    let own = cluster.token(&service_account("payments", "one"));
    assert_eq!(with_token(&gateway, &own).await.status, 200);
    let metrics = gateway.settled().await;
    assert_eq!(metrics.count("egret_requests_total", &["caller=\"treasury\""]), 1);
    assert_eq!(metrics.count("egret_requests_total", &["caller=\"desk\""]), 1);
}
