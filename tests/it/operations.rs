//! What else than model turns is asked of a model: embeddings, and counts of tokens.

use serde_json::{Value, json};

use crate::support::provider::{Prices, all, arrived, only, simulate};
use crate::support::speak::{Answer, refused, send};
use crate::support::{Config, Gateway, Provider};

async fn post(gateway: &Gateway, path: &str, body: &Value) -> Answer {
    let post = gateway.client.post(gateway.url(path)).header("content-type", "application/json");
    send(post.body(body.to_string())).await
}

/// How each surface asks for embeddings of two texts.
fn embed(surface: Provider, model: &str) -> (String, Value) {
    match surface {
        Provider::OpenAi => (
            "/v1/embeddings".to_owned(),
            json!({"model": model, "input": ["one", "two"], "encoding_format": "float"}),
        ),
        _ => {
            let text = |text: &str| json!({"model": format!("models/{model}"), "content": {"parts": [{"text": text}]}});
            (
                format!("/v1beta/models/{model}:batchEmbedContents"),
                json!({"requests": [text("one"), text("two")]}),
            )
        }
    }
}

#[tokio::test]
async fn embeddings_cross_schemas_and_are_paid_for_by_their_input() {
    let simulators = all().await;
    let prices = Prices { input: 3000, cached: 3000, output: 9_000_000 };
    let (openai, gemini) = ("text-embedding-3-small", "gemini-embedding-001");
    let config = Config::serving(&simulators.each_ref())
        .route("models: ['text-embedding-*'], backends: [openai]")
        .with("budgets: [{ name: all, per: total, limit: 10 USD, window: day }]")
        .with(&format!("prices: [{}, {}]", prices.entry(openai), prices.entry(gemini)));
    let gateway = Gateway::start(config).await;
    for model in [openai, gemini] {
        for surface in [Provider::OpenAi, Provider::Gemini] {
            let (path, body) = embed(surface, model);
            let answer = post(&gateway, &path, &body).await;
            let case = format!("{} to {model}: {}", surface.name(), answer.text);
            assert_eq!(answer.status, 200, "{case}");
            let found = answer.json();
            let vectors = match surface {
                Provider::OpenAi => &found["data"],
                _ => &found["embeddings"],
            };
            assert_eq!(vectors.as_array().unwrap().len(), 2, "{case}");
            let numbers = vectors[0].get("embedding").or(vectors[0].get("values")).unwrap();
            assert!(numbers[0].is_f64(), "{case}");
        }
    }
    let metrics = gateway.settled().await;
    let paid = |simulator: &crate::support::Running| prices.of(&simulator.bill().read());
    let bill = paid(&simulators[0]);
    assert!(bill > 0);
    // This Gemini model tells no usage: twice the estimate is charged.
    assert_eq!(metrics.count("egret_usage_unknown_total", &[]), 2);
    assert_eq!(metrics.count("egret_estimated_charges_total", &[]), 2);
    assert!(metrics.spent_nanos("all") > bill + paid(&simulators[2]));
}

/// How each surface asks for a count.
fn count(surface: &str, model: &str) -> (String, Value) {
    let turn = json!([{"role": "user", "content": "one two three"}]);
    match surface {
        "responses" => {
            ("/v1/responses/input_tokens".to_owned(), json!({"model": model, "input": turn}))
        }
        "claude" => {
            ("/v1/messages/count_tokens".to_owned(), json!({"model": model, "messages": turn}))
        }
        _ => (
            format!("/v1beta/models/{model}:countTokens"),
            json!({"contents": [{"role": "user", "parts": [{"text": "one two three"}]}]}),
        ),
    }
}

/// The count in an answer.
fn counted(answer: &Answer) -> Option<u64> {
    let body = answer.json();
    body["input_tokens"].as_u64().or(body["totalTokens"].as_u64())
}

#[tokio::test]
async fn counts_cross_schemas_and_cost_nothing_but_their_turn() {
    let simulators = all().await;
    // Models that have no price: nothing is to be paid, so no budget minds.
    let config = Config::serving(&simulators.each_ref())
        .route("models: ['claude-unpriced'], backends: [claude]")
        .route("models: ['gemini-unpriced'], backends: [gemini]")
        .with(
            "budgets:\n  - { name: money, per: total, limit: 10 USD, window: day }\n  \
             - { name: calls, per: total, limit: 4 requests, window: day }",
        );
    let gateway = Gateway::start(config).await;
    for surface in ["claude", "gemini"] {
        for model in ["claude-unpriced", "gemini-unpriced"] {
            let (path, body) = count(surface, model);
            let answer = post(&gateway, &path, &body).await;
            assert_eq!(answer.status, 200, "{surface} to {model}: {}", answer.text);
            assert!(counted(&answer).unwrap() > 0, "{}", answer.text);
        }
    }
    let metrics = gateway.settled().await;
    assert_eq!(metrics.spent_nanos("money"), 0);
    assert_eq!(metrics.count("egret_usage_unknown_total", &[]), 0);
    assert_eq!(metrics.count("egret_estimated_charges_total", &[]), 0);
    let (path, body) = count("claude", "claude-unpriced");
    let answer = post(&gateway, &path, &body).await;
    refused(Provider::Claude, &answer, 429);
    assert_eq!(arrived(&simulators[1]) + arrived(&simulators[2]), 4);
}

#[tokio::test]
async fn what_a_backend_does_not_offer_is_said_in_the_callers_schema() {
    let simulators = all().await;
    let gateway = Gateway::start(Config::serving(&simulators.each_ref())).await;
    let (path, body) = embed(Provider::OpenAi, "claude-haiku-4-5");
    let message = refused(Provider::OpenAi, &post(&gateway, &path, &body).await, 404);
    assert!(message.contains("no embeddings; name a model of another backend"), "{message}");
    // This one is asked by Chat only, which counts nothing.
    let (path, body) = count("claude", "gpt-4o-mini");
    let message = refused(Provider::Claude, &post(&gateway, &path, &body).await, 404);
    assert!(message.contains("does not count tokens"), "{message}");
    assert!(simulators.iter().all(|simulator| arrived(simulator) == 0));
}

/// Embeddings stand beside both of OpenAI's schemas.
#[tokio::test]
async fn a_backend_asked_by_responses_embeds_too() {
    let openai = simulate(Provider::OpenAi, "sk-canary-openai").await;
    let config = Config::new()
        .backend_with("openai", &openai, "api: responses")
        .route("models: ['*'], backends: [openai]");
    let gateway = Gateway::start(config).await;
    let (path, body) = embed(Provider::OpenAi, "text-embedding-3-small");
    let answer = post(&gateway, &path, &body).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(only(&openai).target, "/v1/embeddings");
    let (path, body) = count("responses", "gpt-4o-mini");
    let answer = post(&gateway, &path, &body).await;
    assert!(counted(&answer).is_some_and(|tokens| tokens > 0), "{}", answer.text);
}
