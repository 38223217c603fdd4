//! Money: never more than the budget, and what the ledger says is what the provider bills.

use std::time::Duration;

use futures_util::future::join_all;

use crate::support::metrics::Metrics;
use crate::support::provider::{Prices, all, arrived, model, simulate, start};
use crate::support::speak::{events, refused, request, said, send};
use crate::support::{
    Answer, Config, Fault, Gateway, Provider, Running, Simulator, ask, h2c, http1, until,
};

const PRICES: Prices = Prices { input: 500, cached: 125, output: 8000 };

/// The three providers at the same prices, under this budget.
pub fn priced(simulators: &[Running; 3], budget: &str) -> Config {
    priced_in(Config::serving(&simulators.each_ref()), PRICES, budget)
}

/// A configuration with these prices for all models, and this budget.
pub fn priced_in(config: Config, prices: Prices, budget: &str) -> Config {
    let entries: Vec<String> =
        Provider::ALL.iter().map(|provider| prices.entry(model(*provider))).collect();
    config.with(&format!("prices: [{}]", entries.join(", "))).with(&format!("budgets: [{budget}]"))
}

/// What all three simulators bill, in nano-dollars.
fn billed(simulators: &[Running]) -> u64 {
    simulators.iter().map(|simulator| PRICES.of(&simulator.bill().read())).sum()
}

fn reached(simulators: &[Running]) -> usize {
    simulators.iter().map(arrived).sum()
}

/// A thousand calls at once: three surfaces, two protocols, streamed and not.
async fn storm(gateway: &Gateway, text: &str) -> Vec<(Provider, bool, Answer)> {
    let clients = [http1(), h2c()];
    let calls = (0..1000).map(|number| {
        let surface = Provider::ALL[number % 3];
        let model = model(Provider::ALL[number / 3 % 3]);
        let stream = number % 2 == 0;
        let text = format!("{text} {}", if number % 5 == 0 { "cached" } else { "fresh" });
        let client = &clients[usize::from(number % 20 != 0)];
        let call = request(client, gateway, surface, model, &text, stream);
        async move { (surface, stream, send(call).await) }
    });
    join_all(calls).await
}

/// Asserts that each answer is whole, or the refusal of a budget.
fn served(answers: &[(Provider, bool, Answer)]) -> usize {
    let mut served = 0;
    for (surface, stream, answer) in answers {
        if answer.status == 200 {
            assert!(said(*surface, answer, *stream).is_some(), "{}", answer.text);
            served += 1;
            continue;
        }
        let message = refused(*surface, answer, 429);
        assert!(message.contains("budget"), "{message}");
        let wait: u64 = answer.header("retry-after").unwrap().parse().unwrap();
        assert!(wait > 0);
        assert_eq!(answer.header("x-should-retry"), Some("false"));
    }
    served
}

/// S-22.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s_22_a_thousand_parallel_calls_on_a_budget_for_ten_requests() {
    let simulators = all().await;
    let budget = "{ name: ten, per: total, limit: 10 requests, window: month }, \
                  { name: money, per: caller, limit: 1000 USD, window: month }";
    let gateway = Gateway::start(priced(&simulators, budget)).await;
    let answers = storm(&gateway, "hello").await;
    assert_eq!(served(&answers), 10);
    assert_eq!(reached(&simulators), 10);
    let metrics = gateway.settled().await;
    assert_eq!(metrics.count("egret_budget_spent", &["budget=\"ten\""]), 10);
    assert_eq!(metrics.spent_nanos("money"), billed(&simulators));
    assert_eq!(metrics.count("egret_denials_total", &["reason=\"budget\""]), 990);
}

/// S-22, in dollars. Each answer takes the whole of its output limit, so that ten calls fit.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s_22_a_thousand_parallel_calls_on_a_budget_in_dollars() {
    let simulators = all().await;
    let budget = "{ name: money, per: total, limit: 0.085 USD, window: month }";
    let gateway = Gateway::start(priced(&simulators, budget)).await;
    let answers = storm(&gateway, "[[bytes 4000]]").await;
    assert_eq!(served(&answers), 10);
    assert_eq!(reached(&simulators), 10);
    let metrics = gateway.settled().await;
    let billed = billed(&simulators);
    assert!((79_000_000..=85_000_000).contains(&billed), "{billed}");
    assert_eq!(metrics.spent_nanos("money"), billed);
    let cost = (metrics.sum("egret_cost_usd_total", &[]) * 1e9).round() as u64;
    assert_eq!(cost, billed);
}

#[tokio::test]
async fn each_caller_model_and_backend_has_an_allowance_of_its_own() {
    let simulators = all().await;
    for (per, first, second) in [
        ("caller", ("one", "gpt-4o-mini"), ("two", "gpt-4o-mini")),
        ("model", ("one", "gpt-4o-mini"), ("one", "gpt-5.4")),
        ("backend", ("one", "gpt-4o-mini"), ("one", "claude-haiku-4-5")),
    ] {
        let config = priced(
            &simulators,
            &format!("{{ name: few, per: {per}, limit: 2 requests, window: month }}"),
        );
        let config = config.caller("one", "key-one", "").caller("two", "key-two", "");
        let gateway = Gateway::start(config).await;
        let call = |(caller, model): (&str, &str)| {
            let request = request(&gateway.client, &gateway, Provider::OpenAi, model, "x", false);
            send(request.bearer_auth(format!("key-{caller}")))
        };
        for _ in 0..2 {
            assert_eq!(call(first).await.status, 200);
        }
        refused(Provider::OpenAi, &call(first).await, 429);
        assert_eq!(call(second).await.status, 200, "{per}");
    }
}

/// Without it nobody could tell why a call is refused where most of a budget is left.
#[tokio::test]
async fn a_refusal_says_what_the_call_could_have_come_to() {
    let simulators = all().await;
    let (more, again) = ("that is more than all of it: ask for less", "there is room again in ");
    for (limit, told, remedy) in [
        ("0.000001 USD", "at least $0.0", more),
        ("1 tokens", "tokens has to be set aside for this call; ", more),
        ("1 input tokens", "input tokens has to be set aside for this call; ", more),
        ("1 output tokens", "output tokens has to be set aside for this call; ", more),
        ("1 requests", "0 requests reserved by calls under way; ", again),
    ] {
        let budget = format!("{{ name: tight, per: total, limit: {limit}, window: month }}");
        let gateway = Gateway::start(priced(&simulators, &budget)).await;
        if limit == "1 requests" {
            ask(&gateway, Provider::OpenAi, "gpt-4o-mini", "hello", false).await;
            gateway.settled().await;
        }
        for surface in Provider::ALL {
            let answer = ask(&gateway, surface, "gpt-4o-mini", "hello", false).await;
            let message = refused(surface, &answer, 429);
            assert!(message.contains(told), "{limit}: {message}");
            assert!(message.contains(remedy), "{limit}: {message}");
            assert_eq!(answer.header("retry-after").is_some(), remedy == again, "{limit}");
        }
    }
}

#[tokio::test]
async fn tokens_are_counted_as_the_provider_bills_them() {
    let simulators = all().await;
    let budget = "{ name: tokens, per: total, limit: 1000000 tokens, window: month }";
    let gateway = Gateway::start(priced(&simulators, budget)).await;
    for surface in Provider::ALL {
        for provider in Provider::ALL {
            for stream in [false, true] {
                ask(&gateway, surface, model(provider), "count cached words", stream).await;
            }
        }
    }
    let tokens: u64 = simulators
        .iter()
        .map(|simulator| simulator.bill().total())
        .map(|bill| bill.input + bill.output)
        .sum();
    let metrics = gateway.settled().await;
    assert_eq!(metrics.count("egret_budget_spent", &["budget=\"tokens\""]), tokens);
    assert_eq!(metrics.count("egret_tokens_total", &[]), tokens);
}

/// S-24: an attempt that fails costs nothing, and leaves nothing reserved.
#[tokio::test]
async fn s_24_what_fails_is_released() {
    let simulators = all().await;
    let budget = "{ name: money, per: total, limit: 1 USD, window: month }";
    let gateway = Gateway::start(priced(&simulators, budget)).await;
    for fault in [Fault::Status(500), Fault::Status(429), Fault::Status(400)] {
        for (provider, simulator) in Provider::ALL.into_iter().zip(&simulators) {
            for stream in [false, true] {
                simulator.script().next_n(1, [fault.clone()]);
                let answer = ask(&gateway, provider, model(provider), "x", stream).await;
                assert_ne!(answer.status, 200);
            }
        }
    }
    let metrics: Metrics = gateway.settled().await;
    assert_eq!(billed(&simulators), 0);
    assert_eq!(metrics.spent_nanos("money"), 0);
    assert_eq!(ask(&gateway, Provider::OpenAi, "gpt-4o-mini", "x", false).await.status, 200);
    assert_eq!(gateway.settled().await.spent_nanos("money"), billed(&simulators));
}

/// A provider that got the whole request and hung up, or answered gibberish, may bill it; one that
/// answers with an error says that it won't.
#[tokio::test]
async fn a_request_that_may_have_been_worked_on_is_charged_its_estimate() {
    let simulators = all().await;
    let budget = "{ name: money, per: total, limit: 1 USD, window: month }";
    let gateway = Gateway::start(priced(&simulators, budget)).await;
    let mut charged = 0;
    for (provider, simulator) in Provider::ALL.into_iter().zip(&simulators) {
        simulator.script().next_n(1, [Fault::ErrorIn200]);
        assert_ne!(ask(&gateway, provider, model(provider), "x", false).await.status, 200);
        let now = gateway.settled().await.spent_nanos("money");
        assert_eq!(now, charged, "{} says that it did nothing", provider.name());
        for fault in [Fault::Close, Fault::Garbage] {
            simulator.script().next_n(1, [fault]);
            let answer = ask(&gateway, provider, model(provider), "x", false).await;
            assert_ne!(answer.status, 200);
        }
        let now = gateway.settled().await.spent_nanos("money");
        assert!(now > charged, "{}", provider.name());
        charged = now;
    }
    assert_eq!(gateway.settled().await.count("egret_estimated_charges_total", &[]), 6);
}

/// A pooled connection that breaks while the provider works on a request is not one that was dead
/// already: the request is not sent again, which would be billed twice.
#[tokio::test]
async fn a_request_that_was_worked_on_is_not_sent_again() {
    let openai = start(Simulator::new(Provider::OpenAi, "sk-x")).await;
    let model = model(Provider::OpenAi);
    let config = Config::new()
        .backend_with("openai", &openai, "http: h1")
        .route(&format!("models: ['{model}'], backends: [openai]"))
        .with("budgets: [{ name: money, per: total, limit: 1 USD, window: month }]");
    let gateway = Gateway::start(config).await;
    assert_eq!(ask(&gateway, Provider::OpenAi, model, "x", false).await.status, 200);
    let spent = gateway.settled().await.spent_nanos("money");
    openai.script().next_n(1, [Fault::Delay(Duration::from_secs(3)), Fault::Close]);
    let answer = ask(&gateway, Provider::OpenAi, model, "x", false).await;
    assert_eq!(answer.status, 500, "{}", answer.text);
    assert_eq!((openai.counts().requests, openai.counts().connections), (2, 1));
    let metrics = gateway.settled().await;
    assert!(metrics.spent_nanos("money") > spent);
    assert_eq!(metrics.count("egret_estimated_charges_total", &[]), 1);
}

/// S-23: leaving early is no way to get tokens for nothing.
#[tokio::test]
async fn s_23_a_caller_that_leaves_is_charged_at_least_the_bill() {
    let simulators = all().await;
    let budget = "{ name: money, per: total, limit: 100 USD, window: month }";
    let gateway = Gateway::start(priced(&simulators, budget)).await;
    for surface in Provider::ALL {
        for (provider, simulator) in Provider::ALL.into_iter().zip(&simulators) {
            let before = gateway.settled().await.spent_nanos("money");
            let owed = billed(&simulators);
            let gone = simulator.counts().aborted;
            let text = "[[chunks 900 every 20ms]]";
            let call = request(&gateway.client, &gateway, surface, model(provider), text, true);
            let mut response = call.send().await.unwrap();
            assert!(response.chunk().await.unwrap().is_some());
            drop(response);
            until("the provider notices", || async { simulator.counts().aborted > gone }).await;
            let charged = gateway.settled().await.spent_nanos("money") - before;
            let owed = billed(&simulators) - owed;
            assert!(owed > 0 && charged >= owed, "{}: {charged} < {owed}", surface.name());
        }
    }
    // Before the header of the answer, and during an answer that is not streamed.
    for text in ["[[stall]]", "[[bytes 4000]] [[stall after 3]]"] {
        let before = reached(&simulators);
        let spent = gateway.settled().await.spent_nanos("money");
        let owed = billed(&simulators);
        let call = request(&gateway.client, &gateway, Provider::OpenAi, "gpt-4o-mini", text, false);
        let call = tokio::spawn(call.send());
        until("the request arrives", || async { reached(&simulators) > before }).await;
        call.abort();
        let spent = gateway.settled().await.spent_nanos("money") - spent;
        let owed = billed(&simulators) - owed;
        assert!(spent > 0 && spent >= owed, "{text}: {spent} for {owed}");
    }
}

/// S-47.
#[tokio::test]
async fn s_47_a_model_without_a_price_is_refused_unless_the_budget_says_otherwise() {
    let openai = simulate(Provider::OpenAi, "sk-x").await;
    for unknown in ["refuse", "allow"] {
        let config = Config::serving(&[&openai])
            .route("models: ['text-embedding-*'], backends: [openai]")
            .with(&format!(
                "budgets: [{{ name: money, per: total, limit: 1 USD, window: month, \
                 unknown_price: {unknown} }}]"
            ));
        let gateway = Gateway::start(config).await;
        // Of a model that makes embeddings nobody knows what a turn costs; its provider refuses it.
        for (model, answered) in [("gpt-zz-unheard-of", 200), ("text-embedding-3-small", 404)] {
            let status = if unknown == "refuse" { 403 } else { answered };
            for surface in Provider::ALL {
                let answer = ask(&gateway, surface, model, "x", false).await;
                assert_eq!(answer.status, status, "{}", answer.text);
                if status == 403 {
                    assert!(refused(surface, &answer, 403).contains("price"));
                }
                if status == 200 {
                    assert_eq!(answer.header("x-egret-cost"), None);
                }
            }
        }
        assert_eq!(ask(&gateway, Provider::OpenAi, "gpt-4o-mini", "x", false).await.status, 200);
    }
    assert_eq!(arrived(&openai), 1 + 7);
}

/// S-44: the gateway needs the usage of a stream even where its caller does not want to see it.
#[tokio::test]
async fn s_44_the_usage_of_a_stream_is_asked_for_and_shown_only_to_who_asked() {
    let simulators = all().await;
    let gateway = Gateway::start(priced(
        &simulators,
        "{ name: money, per: total, limit: 1 USD, window: month }",
    ))
    .await;
    for provider in Provider::ALL {
        for (options, shown) in [
            ("", false),
            (r#","stream_options":{"include_usage":false}"#, false),
            (r#","stream_options":null"#, false),
            (r#","stream_options":{}"#, false),
            (r#","stream_options":{"include_usage":true}"#, true),
        ] {
            let model = model(provider);
            let body = format!(
                r#"{{"model":"{model}","stream":true,"max_completion_tokens":50{options},
                    "messages":[{{"role":"user","content":"x"}}]}}"#
            );
            let url = gateway.url("/v1/chat/completions");
            let answer = send(gateway.client.post(url).body(body)).await;
            assert_eq!(answer.status, 200, "{options} {}", answer.text);
            assert!(said(Provider::OpenAi, &answer, true).is_some());
            let told = events(&answer.text).iter().any(|event| event["usage"].is_object());
            assert_eq!(told, shown, "{model} {options}: {}", answer.text);
            let empty = events(&answer.text)
                .iter()
                .any(|event| event["choices"].as_array().is_some_and(Vec::is_empty));
            assert_eq!(empty, shown, "{model} {options}: {}", answer.text);
        }
    }
    assert_eq!(gateway.settled().await.spent_nanos("money"), billed(&simulators));
    for arrival in simulators[0].journal().read() {
        let body: serde_json::Value = serde_json::from_slice(&arrival.body).unwrap();
        assert_eq!(body["stream_options"]["include_usage"], true);
    }
}
