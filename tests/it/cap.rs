//! Budgets that have room for less than a call allows: it is sent all the same, with a lower limit.

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::support::provider::{Prices, all, model, only, simulate};
use crate::support::speak::{Answer, body, path, refused, said, send};
use crate::support::{Config, Fault, Gateway, Provider, Running, http1, until};

const PRICES: Prices = Prices { input: 500, cached: 125, output: 8000 };

/// What a coding agent allows: 0.128 USD.
const HUGE: u64 = 16_000;

fn serving(simulators: &[&Running], budgets: &str) -> Config {
    let entries: Vec<String> =
        Provider::ALL.iter().map(|provider| PRICES.entry(model(*provider))).collect();
    Config::serving(simulators)
        .with(&format!("prices: [{}]", entries.join(", ")))
        .with(&format!("budgets: [{budgets}]"))
}

fn billed(simulators: &[&Running]) -> u64 {
    simulators.iter().map(|simulator| PRICES.of(&simulator.bill().read())).sum()
}

/// A model turn with a huge limit.
fn huge(surface: Provider, model: &str, text: &str, stream: bool) -> Value {
    let mut body = body(surface, model, text, stream);
    match surface {
        Provider::OpenAi => body["max_completion_tokens"] = json!(HUGE),
        Provider::Claude => body["max_tokens"] = json!(HUGE),
        Provider::Gemini => body["generationConfig"]["maxOutputTokens"] = json!(HUGE),
    }
    body
}

async fn ask(
    client: &reqwest::Client,
    gateway: &Gateway,
    surface: Provider,
    model: &str,
    body: &Value,
    stream: bool,
) -> Answer {
    send(client.post(gateway.url(&path(surface, model, stream))).body(body.to_string())).await
}

fn cap(answer: &Answer) -> Option<u64> {
    answer.header("x-egret-output-cap").map(|cap| cap.parse().unwrap())
}

/// The limit with which the only request arrived.
fn limit(simulator: &Running) -> u64 {
    let body: Value = serde_json::from_slice(&only(simulator).body).unwrap();
    let limit = match simulator.provider() {
        Provider::OpenAi => &body["max_completion_tokens"],
        Provider::Claude => &body["max_tokens"],
        Provider::Gemini => &body["generationConfig"]["maxOutputTokens"],
    };
    limit.as_u64().unwrap_or_else(|| panic!("no limit in {body}"))
}

#[tokio::test]
async fn a_huge_limit_locks_nobody_out_and_spends_no_more_than_there_is() {
    for surface in Provider::ALL {
        for provider in Provider::ALL {
            for stream in [false, true] {
                let simulator = simulate(provider, "sk-x").await;
                let budget = "{ name: money, per: total, limit: 0.06 USD, window: month }";
                let gateway = Gateway::start(serving(&[&simulator], budget)).await;
                let model = model(provider);
                // The answer is as long as it may be.
                let body = huge(surface, model, "[[bytes 64000]]", stream);
                let answer = ask(&gateway.client, &gateway, surface, model, &body, stream).await;
                assert_eq!(answer.status, 200, "{}", answer.text);
                assert!(said(surface, &answer, stream).is_some(), "{}", answer.text);
                let cap = cap(&answer).expect("it says so");
                assert!((4096..HUGE).contains(&cap), "{cap}");
                assert_eq!(limit(&simulator), cap);
                assert_eq!(simulator.bill().total().output, cap, "all of it was used");
                let metrics = gateway.settled().await;
                let billed = billed(&[&simulator]);
                assert!(billed <= 60_000_000, "{billed}");
                assert_eq!(metrics.spent_nanos("money"), billed);
                let logged = format!(r#""output_cap":{cap}"#);
                until("the log says it", || async { gateway.output().contains(&logged) }).await;
            }
        }
    }
}

#[tokio::test]
async fn what_there_is_room_for_is_sent_as_it_came() {
    let openai = simulate(Provider::OpenAi, "sk-x").await;
    let budget = "{ name: money, per: total, limit: 1 USD, window: month }";
    let gateway = Gateway::start(serving(&[&openai], budget)).await;
    let body = huge(Provider::OpenAi, "gpt-4o-mini", "x", false);
    let answer =
        ask(&gateway.client, &gateway, Provider::OpenAi, "gpt-4o-mini", &body, false).await;
    assert_eq!((answer.status, cap(&answer)), (200, None));
    assert_eq!(only(&openai).body, body.to_string());
}

/// S-22, with limits that are far above what there is: whatever is under way at once, the provider
/// bills no more than the budget.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s_22_huge_limits_in_parallel_never_pass_the_budget() {
    let simulators = all().await;
    let each = simulators.each_ref();
    let budget = "{ name: money, per: total, limit: 1 USD, window: month }";
    let gateway = Gateway::start(serving(&each, budget)).await;
    let client = http1();
    let calls = (0..300).map(|number| {
        let surface = Provider::ALL[number % 3];
        let provider = Provider::ALL[number / 3 % 3];
        let (model, stream) = (model(provider), number % 2 == 0);
        let text = if number % 4 == 0 { "[[bytes 64000]]" } else { "short" };
        let body = huge(surface, model, text, stream);
        let (client, gateway) = (&client, &gateway);
        async move { (surface, ask(client, gateway, surface, model, &body, stream).await) }
    });
    let answers = join_all(calls).await;
    let served = answers.iter().filter(|(_, answer)| answer.status == 200).count();
    for (surface, answer) in &answers {
        if answer.status != 200 {
            assert!(refused(*surface, answer, 429).contains("budget money"), "{}", answer.text);
        }
    }
    assert!(served > 0);
    assert!(answers.iter().any(|(_, answer)| cap(answer).is_some()), "some were capped");
    let billed = billed(&each);
    assert!(billed <= 1_000_000_000, "{billed}");
    assert_eq!(gateway.settled().await.spent_nanos("money"), billed);
}

/// An attempt that was capped says nothing about the next one.
#[tokio::test]
async fn each_attempt_starts_from_the_callers_own_limit() {
    let (tight, wide) =
        (simulate(Provider::OpenAi, "sk-1").await, simulate(Provider::OpenAi, "sk-2").await);
    let config = Config::new()
        .backend("tight", &tight)
        .backend("wide", &wide)
        .route("models: ['gpt-*'], backends: [tight, wide]")
        .with(&format!("prices: [{}]", PRICES.entry("gpt-4o-mini")))
        .with(
            "budgets: [{ name: money, match: { backend: tight }, per: total, limit: 0.06 USD, \
             window: month }]",
        );
    let gateway = Gateway::start(config).await;
    tight.script().next_n(1, [Fault::Status(500)]);
    let body = huge(Provider::OpenAi, "gpt-4o-mini", "x", false);
    let answer =
        ask(&gateway.client, &gateway, Provider::OpenAi, "gpt-4o-mini", &body, false).await;
    assert_eq!((answer.status, cap(&answer)), (200, None), "{}", answer.text);
    assert!(limit(&tight) < HUGE);
    assert_eq!(limit(&wide), HUGE);
}

#[tokio::test]
async fn what_claude_may_think_stays_below_the_cap() {
    let claude = simulate(Provider::Claude, "sk-x").await;
    let budget = "{ name: money, per: total, limit: 0.06 USD, window: month }";
    let gateway = Gateway::start(serving(&[&claude], budget)).await;
    let model = model(Provider::Claude);
    let mut body = huge(Provider::Claude, model, "x", false);
    body["thinking"] = json!({"type": "enabled", "budget_tokens": HUGE - 1});
    let answer = ask(&gateway.client, &gateway, Provider::Claude, model, &body, false).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let cap = cap(&answer).expect("it says so");
    let arrived: Value = serde_json::from_slice(&only(&claude).body).unwrap();
    assert_eq!(arrived["max_tokens"], cap);
    assert_eq!(arrived["thinking"]["budget_tokens"], cap / 2);
}

/// Answers of which there are several have the room together.
#[tokio::test]
async fn the_cap_is_on_each_of_several_answers() {
    let openai = simulate(Provider::OpenAi, "sk-x").await;
    let budget = "{ name: money, per: total, limit: 0.12 USD, window: month }";
    let gateway = Gateway::start(serving(&[&openai], budget)).await;
    let mut body = huge(Provider::OpenAi, "gpt-4o-mini", "[[bytes 64000]]", false);
    body["n"] = json!(3);
    let answer =
        ask(&gateway.client, &gateway, Provider::OpenAi, "gpt-4o-mini", &body, false).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let cap = cap(&answer).expect("it says so");
    assert_eq!(limit(&openai), cap);
    let billed = billed(&[&openai]);
    assert!(billed <= 120_000_000, "{billed}");
    assert!(openai.bill().total().output > cap);
}
