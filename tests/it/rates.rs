//! How often backends may be called, whatever leads to them.

use crate::support::provider::{arrived, simulate};
use crate::support::speak::refused;
use crate::support::{Config, Fault, Gateway, Provider, Running, ask};

const GPT: &str = "gpt-4o-mini";

/// Two backends for the same models, the second behind the first, and rates.
async fn two(rates: &str) -> (Running, Running, Gateway) {
    let first = simulate(Provider::OpenAi, "sk-1").await;
    let second = simulate(Provider::OpenAi, "sk-2").await;
    let config = Config::new()
        .backend("first", &first)
        .backend("second", &second)
        .route("models: ['gpt-*'], backends: [first, second]")
        .with(&format!("rates: [{rates}]"));
    let gateway = Gateway::start(config).await;
    (first, second, gateway)
}

#[tokio::test]
async fn a_backend_that_was_called_often_enough_leaves_the_call_to_the_next() {
    let (first, second, gateway) =
        two("{ name: each, per: backend, limit: 2 requests, window: minute }").await;
    for _ in 0..4 {
        let answer = ask(&gateway, Provider::OpenAi, GPT, "x", false).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
    }
    assert_eq!((arrived(&first), arrived(&second)), (2, 2));
    let answer = ask(&gateway, Provider::OpenAi, GPT, "x", false).await;
    assert!(refused(Provider::OpenAi, &answer, 429).contains("rate `each`"));
    assert!(answer.header("retry-after").is_some());
}

/// To be the second choice is no way around the rate of a backend.
#[tokio::test]
async fn a_fallback_counts_in_its_own_rate() {
    let (first, second, gateway) =
        two("{ name: each, per: backend, limit: 3 requests, window: minute }").await;
    first.script().next_n(3, [Fault::Status(500)]);
    for _ in 0..3 {
        assert_eq!(ask(&gateway, Provider::OpenAi, GPT, "x", false).await.status, 200);
    }
    assert_eq!((arrived(&first), arrived(&second)), (3, 3));
    let answer = ask(&gateway, Provider::OpenAi, GPT, "x", false).await;
    refused(Provider::OpenAi, &answer, 429);
    assert_eq!((arrived(&first), arrived(&second)), (3, 3));
}

/// However many backends are tried for it, a call is one call.
#[tokio::test]
async fn a_call_counts_once_where_its_attempts_make_no_difference() {
    let (first, _second, gateway) =
        two("{ name: all, per: caller, limit: 3 requests, window: minute }").await;
    first.script().next_n(3, [Fault::Status(500)]);
    for left in [2, 1, 0] {
        let answer = ask(&gateway, Provider::OpenAi, GPT, "x", false).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        assert_eq!(
            answer.header("x-ratelimit-remaining-requests"),
            Some(&*left.to_string()),
            "{:?}",
            answer.headers
        );
    }
    let answer = ask(&gateway, Provider::OpenAi, GPT, "x", false).await;
    refused(Provider::OpenAi, &answer, 429);
    assert_eq!(answer.header("x-ratelimit-remaining-requests"), Some("0"));
}
