//! Kubernetes' word on whether a token still counts (TokenReview).

use std::sync::{Arc, Mutex};

use egret::simulator::Provider;
use serde_json::{Value, json};

use crate::identity_jwt::{Said, fetched, fetches, said, say};
use crate::support::https::{Asked, Https};
use crate::support::issuer::{AUDIENCE, Signer, jwks, service_account};
use crate::support::provider::simulate;
use crate::support::speak::with_token;
use crate::support::{Config, Gateway, until};

/// What the API server says of tokens: of their subjects, and for whom they are.
fn reviewed(subjects: &Mutex<Vec<String>>, asked: &Asked) -> (u16, String) {
    let question: Value = serde_json::from_str(&asked.body).unwrap();
    assert_eq!(question["kind"], "TokenReview");
    let token = question["spec"]["token"].as_str().unwrap();
    let claims = token.split('.').nth(1).unwrap();
    let claims = base64::Engine::decode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, claims);
    let claims: Value = serde_json::from_slice(&claims.unwrap()).unwrap();
    let subject = claims["sub"].as_str().unwrap().to_owned();
    let for_us = question["spec"]["audiences"].as_array().unwrap().contains(&json!(AUDIENCE));
    let known = for_us && subjects.lock().unwrap().contains(&subject);
    let status = if known {
        json!({"authenticated": true, "user": {"username": subject}, "audiences": [AUDIENCE]})
    } else {
        json!({"error": "serviceaccounts \"x\" not found"})
    };
    (201, json!({"kind": "TokenReview", "status": status}).to_string())
}

#[tokio::test]
async fn kubernetes_is_asked_whether_a_token_still_counts() {
    let simulator = simulate(Provider::OpenAi, "sk-canary").await;
    let signer = Signer::rsa("cluster");
    let path = "/apis/authentication.k8s.io/v1/tokenreviews";
    let subjects = Arc::new(Mutex::new(vec!["system:serviceaccount:shop:checkout".to_owned()]));
    let out: Said = said("");
    let (known, outage, keys) = (subjects.clone(), out.clone(), jwks(&[&signer]));
    let server = Https::start(move |asked: &Asked| {
        if asked.path == "/openid/v1/jwks" {
            return (200, keys.clone());
        }
        let (status, text) = outage.lock().unwrap().clone();
        if status == 200 { reviewed(&known, asked) } else { (status, text) }
    })
    .await;
    let review = format!(
        ", token_review: {{ url: '{}', ca: ca.pem, token: {{ file: own.token }}, cache: 1s }}",
        server.url("/")
    );
    let config = Config::serving(&[&simulator]).with(&fetched(&server, &review));
    config.write("own.token", "token-of-egret");
    let gateway = Gateway::start(config).await;
    let token = signer.token(&service_account("shop", "checkout"));
    let ghost = signer.token(&service_account("shop", "ghost"));
    assert_eq!(with_token(&gateway, &token).await.status, 200);
    assert_eq!(server.count(path), 1);

    // One that does not count is remembered, too; one that is forged is not even asked about.
    for _ in 0..20 {
        let answer = with_token(&gateway, &ghost).await;
        assert_eq!(answer.status, 401);
        assert!(answer.text.contains("does not count any more"), "{}", answer.text);
    }
    let before = server.count(path);
    let forged = Signer::p256("cluster").token(&service_account("shop", "checkout"));
    assert_eq!(with_token(&gateway, &forged).await.status, 401);
    assert_eq!(server.count(path), before);
    let of_ghost = server.asked().into_iter().filter(|asked| asked.body.contains(&ghost)).count();
    assert!((1..=3).contains(&of_ghost), "it was asked {of_ghost} times");

    // The account is deleted: soon its token does not count any more.
    subjects.lock().unwrap().clear();
    until("the token is refused", async || with_token(&gateway, &token).await.status == 401).await;

    // Nobody can be asked: nobody is let in, and told why.
    let fresh = signer.token(&service_account("shop", "search"));
    subjects.lock().unwrap().push("system:serviceaccount:shop:search".to_owned());
    for (status, text) in [(500, "no"), (403, "no"), (201, "{"), (201, "{}")] {
        say(&out, status, text);
        let before = server.count(path);
        until("it is asked in vain", async || {
            let answer = with_token(&gateway, &fresh).await;
            assert_eq!(answer.status, 503, "{status}: {}", answer.text);
            assert!(answer.text.contains("can't be asked"), "{}", answer.text);
            server.count(path) > before
        })
        .await;
    }
    say(&out, 200, "");
    until("it can be asked", async || with_token(&gateway, &fresh).await.status == 200).await;
    // However many asked in vain, it is told once, and once that it is over.
    let told = |what: &str| gateway.output().matches(&format!("token review: {what}")).count();
    until("it is told", async || told("Kubernetes can be asked again") == 1).await;
    assert_eq!(told("Kubernetes can't be asked"), 1);
    assert!(!gateway.output().contains("token-of-egret"));
}

/// An API server that says this of reviews, and the keys of `signer` of all else.
async fn cluster(signer: &Signer, subjects: &Arc<Mutex<Vec<String>>>, out: &Said) -> Https {
    let (known, outage, keys) = (subjects.clone(), out.clone(), jwks(&[signer]));
    Https::start(move |asked: &Asked| {
        if asked.path == "/openid/v1/jwks" {
            return (200, keys.clone());
        }
        let (status, text) = outage.lock().unwrap().clone();
        if status == 200 { reviewed(&known, asked) } else { (status, text) }
    })
    .await
}

/// A token is asked about once, however many requests bring it; and while nobody can be asked, a
/// good answer counts as long as the configuration says, and no other token does.
#[tokio::test]
async fn reviews_are_shared_and_outlive_an_outage_for_a_while() {
    let simulator = simulate(Provider::OpenAi, "sk-canary").await;
    let signer = Signer::p256("cluster");
    let path = "/apis/authentication.k8s.io/v1/tokenreviews";
    for (stale, outlives) in [("1h", true), ("1s", false)] {
        let subjects = Arc::new(Mutex::new(vec![
            "system:serviceaccount:shop:checkout".to_owned(),
            "system:serviceaccount:shop:search".to_owned(),
        ]));
        let out: Said = said("");
        let server = cluster(&signer, &subjects, &out).await;
        let review = format!(
            ", token_review: {{ url: '{}', ca: ca.pem, token: {{ file: own.token }}, cache: 10s, \
             stale: {stale} }}",
            server.url("/")
        );
        let config = Config::serving(&[&simulator]).with(&fetched(&server, &review));
        config.write("own.token", "token-of-egret");
        let gateway = Gateway::start(config).await;
        until("the keys are there", async || fetches(&gateway.metrics().await, "ok") > 0).await;
        let token = signer.token(&service_account("shop", "checkout"));
        let fresh = signer.token(&service_account("shop", "search"));
        let many = (0..30).map(|_| with_token(&gateway, &token));
        for answer in futures_util::future::join_all(many).await {
            assert_eq!(answer.status, 200, "{}", answer.text);
        }
        assert_eq!(server.count(path), 1, "thirty requests, one question");

        say(&out, 500, "no");
        if outlives {
            // Asked again and again, long after the answer has ended.
            until("it is asked in vain", async || {
                assert_eq!(with_token(&gateway, &token).await.status, 200);
                server.count(path) >= 7
            })
            .await;
            assert_eq!(with_token(&gateway, &fresh).await.status, 503);
            // The account was deleted meanwhile: that counts as soon as it can be said.
            subjects.lock().unwrap().remove(0);
            say(&out, 200, "");
            until("it is refused", async || with_token(&gateway, &token).await.status == 401).await;
        } else {
            until("it ends", async || with_token(&gateway, &token).await.status == 503).await;
            say(&out, 200, "");
            until("it begins", async || with_token(&gateway, &token).await.status == 200).await;
        }
        assert_eq!(with_token(&gateway, &fresh).await.status, 200);
    }
}

/// A reload keeps what Kubernetes said, but only where it would be asked the same.
#[tokio::test]
async fn a_reload_keeps_reviews_of_the_same_question_only() {
    let simulator = simulate(Provider::OpenAi, "sk-canary").await;
    let signer = Signer::p256("cluster");
    let path = "/apis/authentication.k8s.io/v1/tokenreviews";
    let subjects = Arc::new(Mutex::new(vec!["system:serviceaccount:shop:checkout".to_owned()]));
    let (server, other) = (
        cluster(&signer, &subjects, &said("")).await,
        cluster(&signer, &subjects, &said("")).await,
    );
    let review = format!(
        ", token_review: {{ url: '{}', ca: ca.pem, token: {{ file: own.token }}, cache: 1h }}",
        server.url("/")
    );
    let config = Config::serving(&[&simulator]).with(&fetched(&server, &review));
    config.write("own.token", "token-of-egret");
    let first = config.text();
    let gateway = Gateway::start(config).await;
    let token = signer.token(&service_account("shop", "checkout"));
    assert_eq!(with_token(&gateway, &token).await.status, 200);
    assert_eq!((server.count(path), other.count(path)), (1, 0));
    let audience = first.replace("audience: egret", "audience: [other, egret]");
    let elsewhere = audience
        .replace(&format!("url: '{}'", server.url("/")), &format!("url: '{}'", other.url("/")));
    for (text, asked) in [
        (format!("# The same.\n{first}"), (1, 0)),
        (audience.clone(), (2, 0)),
        (format!("# The same.\n{audience}"), (2, 0)),
        (audience.replace("cache: 1h", "cache: 2h"), (3, 0)),
        (elsewhere, (3, 1)),
    ] {
        let write = |gateway: &Gateway| drop(gateway.config.write("egret.yaml", &text));
        gateway.takes_over(write).await;
        assert_eq!(with_token(&gateway, &token).await.status, 200);
        assert_eq!((server.count(path), other.count(path)), asked, "{text}");
    }
}
