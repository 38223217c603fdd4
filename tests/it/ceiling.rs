//! What a budget allows one call, whatever is left of it.

use serde_json::json;

use crate::support::provider::{Prices, arrived, model, simulate};
use crate::support::speak::{body, path, refused, send};
use crate::support::{Config, Gateway, Provider, Running};

const PRICES: Prices = Prices { input: 500, cached: 125, output: 8000 };

fn serving(openai: &Running, budget: &str) -> Config {
    Config::serving(&[openai])
        .with(&format!("prices: [{}]", PRICES.entry(model(Provider::OpenAi))))
        .with(&format!(
            "budgets: [{{ name: b, per: total, limit: 100 USD, window: month, {budget} }}]"
        ))
}

/// A call with a limit on its output, at OpenAI's.
async fn call(gateway: &Gateway, surface: Provider, limit: u64) -> crate::support::Answer {
    let model = model(Provider::OpenAi);
    let mut body = body(surface, model, "x", false);
    match surface {
        Provider::OpenAi => body["max_completion_tokens"] = json!(limit),
        Provider::Claude => body["max_tokens"] = json!(limit),
        Provider::Gemini => body["generationConfig"]["maxOutputTokens"] = json!(limit),
    }
    send(gateway.client.post(gateway.url(&path(surface, model, false))).body(body.to_string()))
        .await
}

#[tokio::test]
async fn a_call_is_held_below_the_ceiling_or_refused() {
    let openai = simulate(Provider::OpenAi, "sk-x").await;
    for ceiling in ["per_call: { tokens: 5000 }", "per_call: { cost: 0.037 USD }"] {
        let gateway = Gateway::start(serving(&openai, ceiling)).await;
        for surface in Provider::ALL {
            let before = arrived(&openai);
            let answer = call(&gateway, surface, 1000).await;
            assert_eq!(answer.status, 200, "{}", answer.text);
            assert_eq!(answer.header("x-egret-output-cap"), None);
            let answer = call(&gateway, surface, 16_000).await;
            assert_eq!(answer.status, 200, "{}", answer.text);
            let cap: u64 = answer.header("x-egret-output-cap").unwrap().parse().unwrap();
            assert!((4096..5000).contains(&cap), "{cap}");
            let arrivals = openai.journal().read();
            let last: serde_json::Value =
                serde_json::from_slice(&arrivals.last().unwrap().body).unwrap();
            assert_eq!(last["max_completion_tokens"], cap);
            assert_eq!(arrivals.len(), before + 2);
        }
    }
    for (ceiling, says) in
        [("per_call: { tokens: 1200 }", "1200 tokens"), ("per_call: { cost: 0.005 USD }", "$0.005")]
    {
        let gateway = Gateway::start(serving(&openai, ceiling)).await;
        for surface in Provider::ALL {
            let before = arrived(&openai);
            let answer = call(&gateway, surface, 1000).await;
            let message = refused(surface, &answer, 400);
            for word in ["budget `b`", says, "output tokens at most"] {
                assert!(message.contains(word), "{message}");
            }
            if surface == Provider::OpenAi {
                assert_eq!(answer.json()["error"]["code"], "call_too_expensive");
            }
            assert_eq!(arrived(&openai), before, "nothing was sent");
            // What is said to do is good.
            let fits = message.split("limit of ").nth(1).unwrap().split(' ').next().unwrap();
            let answer = call(&gateway, surface, fits.parse().unwrap()).await;
            assert_eq!(answer.status, 200, "{}", answer.text);
        }
        let metrics = gateway.settled().await;
        assert_eq!(metrics.count("egret_denials_total", &["reason=\"call_too_expensive\""]), 3);
    }
}

#[tokio::test]
async fn a_budget_that_only_watches_holds_no_call_back() {
    let openai = simulate(Provider::OpenAi, "sk-x").await;
    let budget = "per_call: { tokens: 10, cost: 0.000001 USD }, on_exceeded: audit";
    let gateway = Gateway::start(serving(&openai, budget)).await;
    let answer = call(&gateway, Provider::OpenAi, 16_000).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(answer.header("x-egret-output-cap"), None);
}

/// S-47: nobody can hold a call without a price below a ceiling in money.
#[tokio::test]
async fn s_47_a_ceiling_in_money_needs_a_price() {
    let openai = simulate(Provider::OpenAi, "sk-x").await;
    let config = Config::serving(&[&openai]).with(
        "budgets: [{ name: b, per: total, limit: 5 requests, window: month, \
         per_call: { cost: 1 USD } }]",
    );
    let gateway = Gateway::start(config).await;
    let body = body(Provider::OpenAi, "gpt-zz-unheard-of", "x", false).to_string();
    let url = gateway.url("/v1/chat/completions");
    let answer = send(gateway.client.post(url).body(body)).await;
    assert!(refused(Provider::OpenAi, &answer, 403).contains("price"));
    assert_eq!(arrived(&openai), 0);
}
