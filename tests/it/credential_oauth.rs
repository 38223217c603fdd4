//! Access tokens of OAuth servers: minted once, renewed, never used beyond their end.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use futures_util::future::join_all;

use crate::support::leases::bearer;
use crate::support::provider::{arrived, simulate};
use crate::support::speak::refused;
use crate::support::{Answer, Config, Fake, Fault, Gateway, Provider, Running, Said, ask, until};

const SECRET: &str = "canary-client:secret/+";

/// A gateway whose one backend is shown what `credential` says.
async fn gateway(simulator: &Running, credential: &str, files: &[(&str, &str)]) -> Gateway {
    let url = format!("{}/v1", simulator.base_url());
    let config = Config::new()
        .files(files)
        .backend_shown("corporate", &url, "vendor: compatible", credential)
        .route("models: ['*'], backends: [corporate]")
        .with("budgets: [{ name: day, per: total, limit: 10 USD, window: day }]");
    Gateway::start(config).await
}

fn client(fake: &Fake, more: &str) -> String {
    format!(
        "{{ oauth: {{ token_url: '{}', client_id: egret, client_secret: {{ file: secret }}{more} }} }}",
        fake.url("/token")
    )
}

async fn one(gateway: &Gateway) -> Answer {
    ask(gateway, Provider::OpenAi, "gpt-4o-mini", "x", false).await
}

/// Has the configuration read again.
async fn reload(gateway: &Gateway) {
    gateway.takes_over(|gateway| gateway.signal("HUP")).await;
}

async fn backend() -> Arc<Running> {
    let simulator = simulate(Provider::OpenAi, "token-0").await;
    simulator.accepted().remove("token-0");
    Arc::new(simulator)
}

#[tokio::test]
async fn many_first_requests_share_one_token() {
    let openai = backend().await;
    openai.accepted().add("token-1");
    let fake = Fake::start(|_| Said::token("token-1", 3600)).await;
    let credential = client(&fake, ", scope: 'a b', audience: models, resource: 'https://x'");
    let gateway = gateway(&openai, &credential, &[("secret", SECRET)]).await;
    let answers = join_all((0..50).map(|_| one(&gateway))).await;
    for answer in answers {
        assert_eq!(answer.status, 200, "{}", answer.text);
    }
    let asked = fake.received();
    assert_eq!(asked.len(), 1, "one at a time");
    let form = asked[0].form();
    assert_eq!((&*asked[0].method, &*form["grant_type"]), ("POST", "client_credentials"));
    assert_eq!(
        (&*form["scope"], &*form["audience"], &*form["resource"]),
        ("a b", "models", "https://x")
    );
    // RFC 6749 §2.3.1: each part is escaped as in a form.
    assert_eq!(asked[0].basic().unwrap(), "egret:canary-client%3Asecret%2F%2B");
    assert!(!form.contains_key("client_secret"));
    for arrival in openai.journal().read() {
        assert_eq!(arrival.headers["authorization"], "Bearer token-1");
    }
    let metrics = gateway.settled().await;
    let labels = ["backend=\"corporate\"", "kind=\"oauth\"", "result=\"ok\""];
    assert_eq!(metrics.count("egret_credential_refreshes_total", &labels), 1);
    let left = metrics.sum("egret_credential_expires_seconds", &["backend=\"corporate\""]);
    assert!((3000.0..=3600.0).contains(&left), "{left}");
}

#[tokio::test]
async fn a_client_may_prove_itself_in_the_form() {
    let openai = backend().await;
    openai.accepted().add("token-1");
    let fake = Fake::start(|_| Said::token("token-1", 3600)).await;
    let gateway = gateway(&openai, &client(&fake, ", auth: post"), &[("secret", SECRET)]).await;
    assert_eq!(one(&gateway).await.status, 200);
    let form = fake.received()[0].form();
    assert_eq!((&*form["client_id"], &*form["client_secret"]), ("egret", SECRET));
    assert_eq!(fake.received()[0].basic(), None);
}

/// Nothing is sent, nothing is charged, nobody learns a secret; and then it works.
#[tokio::test]
async fn without_a_token_nothing_is_sent() {
    let openai = backend().await;
    openai.accepted().add("token-1");
    let works = Arc::new(AtomicBool::new(false));
    let fake = Fake::start({
        let works = works.clone();
        move |_| match works.load(Ordering::SeqCst) {
            true => Said::token("token-1", 3600),
            false => Said::refusal(401, "invalid_client"),
        }
    })
    .await;
    let gateway = gateway(&openai, &client(&fake, ""), &[("secret", SECRET)]).await;
    for surface in Provider::ALL {
        let answer = ask(&gateway, surface, "gpt-4o-mini", "x", false).await;
        let message = refused(surface, &answer, 500);
        assert!(message.contains("has no credential for backend `corporate`"), "{message}");
        assert!(message.contains("tell your platform team"), "{message}");
        assert!(!answer.text.contains("canary"), "{}", answer.text);
    }
    assert_eq!(arrived(&openai), 0);
    let metrics = gateway.settled().await;
    assert_eq!(metrics.spent_nanos("day"), 0);
    let failed = ["result=\"failed\""];
    assert!(metrics.count("egret_credential_refreshes_total", &failed) >= 1);
    assert_eq!(metrics.sum("egret_credential_expires_seconds", &[]), 0.0);
    let output = gateway.output();
    assert!(output.contains("invalid_client") && !output.contains("canary"), "{output}");
    // Callers don't make the server of tokens be asked more often.
    let asked = fake.count();
    join_all((0..20).map(|_| one(&gateway))).await;
    assert!(fake.count() <= asked + 1, "{} times", fake.count());
    works.store(true, Ordering::SeqCst);
    until("there is a token", || async { one(&gateway).await.status == 200 }).await;
}

/// A backend that has others beside it is passed over.
#[tokio::test]
async fn the_next_backend_serves_where_one_has_no_token() {
    let openai = backend().await;
    let other = simulate(Provider::Claude, "sk-canary-claude").await;
    let fake = Fake::start(|_| Said::new(500, "no")).await;
    let (url, credential) = (format!("{}/v1", openai.base_url()), client(&fake, ""));
    let config = Config::new()
        .files(&[("secret", SECRET)])
        .backend_shown("corporate", &url, "vendor: compatible", &credential)
        .backend("claude", &other)
        .route(
            "models: [both], backends: [{ backend: corporate, model: gpt-4o-mini }, \
         { backend: claude, model: claude-haiku-4-5 }]",
        );
    let gateway = Gateway::start(config).await;
    let answer = ask(&gateway, Provider::OpenAi, "both", "x", false).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(answer.header("x-egret-backend"), Some("claude"));
    let failovers = gateway.settled().await;
    assert_eq!(failovers.count("egret_failovers_total", &["reason=\"credential\""]), 1);
    assert_eq!(arrived(&openai), 0);
}

/// Tokens of a few seconds: requests go on, and none carries one that has expired.
#[tokio::test]
async fn tokens_are_renewed_and_an_expired_one_is_never_sent() {
    const LIFE: u64 = 4;
    let openai = backend().await;
    let minted = Arc::new(AtomicU64::new(0));
    let works = Arc::new(AtomicBool::new(true));
    let fake = Fake::start({
        let (openai, minted, works) = (openai.clone(), minted.clone(), works.clone());
        move |_| {
            if !works.load(Ordering::SeqCst) {
                return Said::new(503, "later");
            }
            let number = minted.fetch_add(1, Ordering::SeqCst) + 1;
            let token = format!("token-{number}");
            openai.accepted().add(&token);
            Said::token(&token, LIFE)
        }
    })
    .await;
    let gateway = gateway(&openai, &client(&fake, ""), &[("secret", SECRET)]).await;
    // When each was seen first. It had come to the gateway by then, so a call that begins a life
    // later must not carry it, however slow this machine is.
    let mut seen: Vec<(String, Instant)> = Vec::new();
    let mut call = async || {
        let begun = Instant::now();
        let answer = one(&gateway).await;
        if answer.status == 200 {
            let shown = bearer(&openai.journal().last().unwrap());
            match seen.iter().position(|(token, _)| *token == shown) {
                Some(at) => {
                    assert_eq!(at + 1, seen.len(), "{shown} was replaced");
                    let end = seen[at].1 + Duration::from_secs(LIFE);
                    assert!(begun < end, "{shown} is shown {:?} beyond its end", begun - end);
                }
                None => seen.push((shown, Instant::now())),
            }
        }
        answer
    };
    while minted.load(Ordering::SeqCst) < 3 {
        let answer = call().await;
        assert_eq!(answer.status, 200, "{}", answer.text);
    }
    // An outage: the last token serves to its end, and is not shown beyond.
    works.store(false, Ordering::SeqCst);
    let mut served = 0;
    loop {
        let answer = call().await;
        if answer.status == 200 {
            served += 1;
            continue;
        }
        assert!(answer.text.contains("has no credential"), "{}", answer.text);
        break;
    }
    assert!(served > 0);
    works.store(true, Ordering::SeqCst);
    until("there is a token again", || async { one(&gateway).await.status == 200 }).await;
}

/// One that the backend does not take any more is exchanged; where that fails, it goes on being
/// used as long as it lives.
#[tokio::test]
async fn a_token_that_is_refused_is_exchanged_and_an_outage_is_survived() {
    let openai = backend().await;
    openai.accepted().add("token-1");
    let works = Arc::new(AtomicBool::new(true));
    let fake = Fake::start({
        let works = works.clone();
        let minted = AtomicU64::new(0);
        move |_| {
            if !works.load(Ordering::SeqCst) {
                return Said::new(503, "later");
            }
            let number = minted.fetch_add(1, Ordering::SeqCst) + 1;
            Said::token(&format!("token-{number}"), 3600)
        }
    })
    .await;
    let gateway = gateway(&openai, &client(&fake, ""), &[("secret", SECRET)]).await;
    assert_eq!(one(&gateway).await.status, 200);
    works.store(false, Ordering::SeqCst);
    openai.script().next_n(1, [Fault::Status(401)]);
    assert_eq!(one(&gateway).await.status, 500);
    let failed = || async {
        let metrics = gateway.metrics().await;
        metrics.count("egret_credential_refreshes_total", &["result=\"failed\""]) > 0
    };
    until("a refresh has failed", failed).await;
    assert_eq!(one(&gateway).await.status, 200, "the old one lives");
    openai.accepted().add("token-2");
    works.store(true, Ordering::SeqCst);
    let second = || async {
        assert_eq!(one(&gateway).await.status, 200);
        openai.journal().last().unwrap().headers["authorization"] == "Bearer token-2"
    };
    until("the new token is shown", second).await;
}

#[tokio::test]
async fn a_reload_keeps_the_token_and_a_new_secret_gets_a_new_one() {
    let openai = backend().await;
    let fake = Fake::start(|received| {
        Said::token(&format!("token-of-{}", received.form()["client_secret"]), 3600)
    })
    .await;
    openai.accepted().add("token-of-first-secret");
    openai.accepted().add("token-of-second-secret");
    let gateway =
        gateway(&openai, &client(&fake, ", auth: post"), &[("secret", "first-secret")]).await;
    assert_eq!(one(&gateway).await.status, 200);
    reload(&gateway).await;
    assert_eq!(one(&gateway).await.status, 200);
    assert_eq!(fake.count(), 1, "the token outlives the reload");
    gateway.config.write("secret", "second-secret");
    reload(&gateway).await;
    assert_eq!(one(&gateway).await.status, 200);
    let shown = openai.journal().last().unwrap().headers["authorization"].clone();
    assert_eq!(shown, "Bearer token-of-second-secret");
}

#[tokio::test]
async fn a_token_is_exchanged_for_another() {
    let openai = backend().await;
    openai.accepted().add("token-1");
    let fake = Fake::start(|_| Said::token("token-1", 3600)).await;
    let credential = format!(
        "{{ token_exchange: {{ token_url: '{}', subject_token: {{ file: subject }}, \
         audience: models, scope: ask }} }}",
        fake.url("/token")
    );
    let gateway = gateway(&openai, &credential, &[("subject", "canary.subject.token")]).await;
    assert_eq!(one(&gateway).await.status, 200);
    let form = fake.received()[0].form();
    assert_eq!(form["grant_type"], "urn:ietf:params:oauth:grant-type:token-exchange");
    assert_eq!(form["subject_token"], "canary.subject.token");
    assert_eq!(form["subject_token_type"], "urn:ietf:params:oauth:token-type:jwt");
    assert_eq!((&*form["audience"], &*form["scope"]), ("models", "ask"));
    assert_eq!(fake.received()[0].basic(), None);
    // Another subject gets another token.
    gateway.config.write("subject", "canary.other.token");
    reload(&gateway).await;
    assert_eq!(one(&gateway).await.status, 200);
    let last = fake.received().pop().unwrap();
    assert_eq!(last.form()["subject_token"], "canary.other.token");
    assert!(!gateway.output().contains("canary"));
}
