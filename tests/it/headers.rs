//! What a caller is told of money: in headers, at the end of a stream, and in its surface's own
//! rate limits.

use http_body_util::BodyExt;
use serde_json::json;

use crate::budget::priced;
use crate::support::provider::{Prices, all, model};
use crate::support::speak::{refused, request, said, send};
use crate::support::{Answer, Config, Fault, Gateway, Provider, Running, ask, h2c};

const PRICES: Prices = Prices { input: 500, cached: 125, output: 8000 };
const BUDGETS: &str = "{ name: daily, per: total, limit: 1000 USD, window: day }, \
                       { name: team, per: total, limit: 1000000 tokens, window: month }";

/// Nano-dollars as the gateway writes dollars: made here without its code.
fn dollars(nanos: u64) -> String {
    let text = format!("{}.{:09}", nanos / 1_000_000_000, nanos % 1_000_000_000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn billed(simulator: &Running) -> u64 {
    PRICES.of(&simulator.bill().read())
}

/// What is left of the budgets, by name: `name;unit=left;reset=seconds, …`.
fn remaining(text: &str) -> Vec<(String, String, f64)> {
    let entries = text.split(", ").map(|entry| {
        let mut parts = entry.split(';');
        let name = parts.next().unwrap().to_owned();
        let (unit, left) = parts.next().unwrap().split_once('=').unwrap();
        let reset = parts.next().unwrap().strip_prefix("reset=").unwrap();
        assert!(reset.parse::<u64>().unwrap() <= 31 * 86_400, "{text}");
        (name, unit.to_owned(), left.parse().unwrap())
    });
    entries.collect()
}

#[tokio::test]
async fn an_answer_says_what_it_cost_and_what_is_left() {
    let simulators = all().await;
    let gateway = Gateway::start(priced(&simulators, BUDGETS)).await;
    let (mut spent, mut tokens) = (0, 0);
    for surface in Provider::ALL {
        for (provider, simulator) in Provider::ALL.into_iter().zip(&simulators) {
            let (before, bill) = (billed(simulator), simulator.bill().total());
            let answer = ask(&gateway, surface, model(provider), "count cached words", false).await;
            assert_eq!(answer.status, 200, "{}", answer.text);
            let cost = billed(simulator) - before;
            let used = simulator.bill().total();
            let (input, output) = (used.input - bill.input, used.output - bill.output);
            (spent, tokens) = (spent + cost, tokens + input + output);
            assert_eq!(answer.header("x-egret-cost"), Some(&*dollars(cost)));
            assert_eq!(answer.header("x-egret-input-tokens"), Some(&*input.to_string()));
            assert_eq!(answer.header("x-egret-output-tokens"), Some(&*output.to_string()));
            assert_eq!(answer.header("x-egret-cost-estimated"), None);
            // It is in the books before it is told.
            assert_eq!(gateway.metrics().await.spent_nanos("daily"), spent);
            let left = remaining(answer.header("x-egret-budget-remaining").unwrap());
            let thousandths = (1_000_000_000_000 - spent) / 1_000_000;
            let tightest = ("team".to_owned(), "tokens".to_owned(), (1_000_000 - tokens) as f64);
            let money = ("daily".to_owned(), "usd".to_owned(), thousandths as f64 / 1000.0);
            assert_eq!(left, [tightest, money]);
        }
    }
}

#[tokio::test]
async fn an_estimate_says_that_it_is_one() {
    let simulators = all().await;
    let gateway = Gateway::start(priced(&simulators, BUDGETS)).await;
    for surface in Provider::ALL {
        let text = "[[usage absent]]";
        let before = gateway.metrics().await.spent_nanos("daily");
        let answer = ask(&gateway, surface, model(surface), text, false).await;
        let cost = gateway.metrics().await.spent_nanos("daily") - before;
        assert_eq!(answer.header("x-egret-cost-estimated"), Some("true"));
        assert_eq!(answer.header("x-egret-cost"), Some(&*dollars(cost)));
        assert_eq!(answer.header("x-egret-input-tokens"), None);
    }
}

/// What nobody knows is not said.
#[tokio::test]
async fn a_model_without_a_price_costs_nothing_that_could_be_told() {
    let simulators = all().await;
    let config = Config::serving(&simulators.each_ref()).with(
        "budgets: [{ name: money, per: total, limit: 1 USD, window: day, unknown_price: allow }]",
    );
    let gateway = Gateway::start(config).await;
    let answer = ask(&gateway, Provider::OpenAi, "gpt-zz-unheard-of", "x", false).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("x-egret-cost"), None);
    assert!(answer.header("x-egret-output-tokens").is_some());
}

#[tokio::test]
async fn what_is_refused_costs_nothing_and_says_so() {
    let simulators = all().await;
    let budgets = "{ name: few, per: caller, limit: 2 requests, window: day }, \
                   { name: money, per: total, limit: 1 USD, window: day }";
    let config = priced(&simulators, budgets).caller("one", "key-one", "models: ['gpt-*']");
    let gateway = Gateway::start(config).await;
    let call = |model: &str| {
        let call = request(&gateway.client, &gateway, Provider::OpenAi, model, "x", false);
        send(call.bearer_auth("key-one"))
    };
    // Nobody knows that caller's budgets.
    let stranger = ask(&gateway, Provider::OpenAi, "gpt-4o-mini", "x", false).await;
    refused(Provider::OpenAi, &stranger, 401);
    assert_eq!(stranger.header("x-egret-cost"), None);
    assert_eq!(stranger.header("x-egret-budget-remaining"), None);
    assert_eq!(call("claude-haiku-4-5").await.status, 403);
    for left in [1.0, 0.0] {
        let answer = call("gpt-4o-mini").await;
        let told = remaining(answer.header("x-egret-budget-remaining").unwrap());
        assert_eq!(told[0], ("few".to_owned(), "requests".to_owned(), left));
    }
    let before = gateway.settled().await.spent_nanos("money");
    let answer = call("gpt-4o-mini").await;
    refused(Provider::OpenAi, &answer, 429);
    assert_eq!(answer.header("x-egret-cost"), Some("0"));
    assert_eq!(answer.header("x-egret-input-tokens"), None);
    let told = remaining(answer.header("x-egret-budget-remaining").unwrap());
    assert_eq!(told[0], ("few".to_owned(), "requests".to_owned(), 0.0));
    assert_eq!(gateway.settled().await.spent_nanos("money"), before);
}

#[tokio::test]
async fn what_a_provider_refuses_costs_nothing() {
    let simulators = all().await;
    let gateway = Gateway::start(priced(&simulators, BUDGETS)).await;
    for (provider, simulator) in Provider::ALL.into_iter().zip(&simulators) {
        for stream in [false, true] {
            simulator.script().next_n(1, [Fault::Status(400)]);
            let answer = ask(&gateway, provider, model(provider), "x", stream).await;
            assert_eq!(answer.status, 400);
            assert_eq!(answer.header("x-egret-cost"), Some("0"));
            let left = remaining(answer.header("x-egret-budget-remaining").unwrap());
            assert!(left.contains(&("daily".to_owned(), "usd".to_owned(), 1000.0)), "{left:?}");
        }
    }
    assert_eq!(gateway.settled().await.spent_nanos("daily"), 0);
}

/// Counting tokens is free, and is a request all the same.
#[tokio::test]
async fn counting_costs_nothing_and_is_a_request() {
    let simulators = all().await;
    let budgets = "{ name: few, per: total, limit: 2 requests, window: day }, \
                   { name: money, per: total, limit: 0.000001 USD, window: day }";
    let gateway = Gateway::start(priced(&simulators, budgets)).await;
    let count = || {
        let body = json!({
            "model": "claude-haiku-4-5", "messages": [{"role": "user", "content": "x"}],
        });
        let url = gateway.url("/v1/messages/count_tokens");
        let call = gateway.client.post(url).header("content-type", "application/json");
        send(call.header("anthropic-version", "2023-06-01").body(body.to_string()))
    };
    for left in [1.0, 0.0] {
        let answer = count().await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        assert_eq!(answer.header("x-egret-cost"), Some("0"));
        let told = remaining(answer.header("x-egret-budget-remaining").unwrap());
        assert_eq!(told[0], ("few".to_owned(), "requests".to_owned(), left));
        // 0.000001 USD are less than a tenth of a cent.
        assert_eq!(told[1], ("money".to_owned(), "usd".to_owned(), 0.0));
    }
    assert_eq!(count().await.status, 429);
    let metrics = gateway.settled().await;
    assert_eq!(metrics.count("egret_budget_spent", &["budget=\"few\""]), 2);
    assert_eq!(metrics.spent_nanos("money"), 0);
}

/// A stream over HTTP/2: its head, its text and its trailers.
async fn over_h2(
    gateway: &Gateway,
    surface: Provider,
    text: &str,
) -> (Answer, reqwest::header::HeaderMap) {
    let call = request(&h2c(), gateway, surface, model(surface), text, true);
    let response = http::Response::from(call.send().await.unwrap());
    let (head, body) = response.into_parts();
    let body = body.collect().await.unwrap();
    let trailers = body.trailers().cloned().unwrap_or_default();
    let text = String::from_utf8(body.to_bytes().to_vec()).unwrap();
    (Answer { status: head.status.as_u16(), headers: head.headers, text }, trailers)
}

#[tokio::test]
async fn a_stream_says_in_its_trailers_what_it_cost() {
    let simulators = all().await;
    let gateway = Gateway::start(priced(&simulators, BUDGETS)).await;
    let mut spent = 0;
    for (surface, simulator) in Provider::ALL.into_iter().zip(&simulators) {
        let before = billed(simulator);
        let (answer, trailers) = over_h2(&gateway, surface, "some words").await;
        assert!(said(surface, &answer, true).is_some(), "{}", answer.text);
        let cost = billed(simulator) - before;
        spent += cost;
        assert_eq!(trailers["x-egret-cost"], *dollars(cost));
        assert_eq!(gateway.metrics().await.spent_nanos("daily"), spent);
        assert!(trailers["x-egret-output-tokens"].to_str().unwrap().parse::<u64>().unwrap() > 0);
        assert!(trailers.get("x-egret-cost-estimated").is_none());
        // At its head all of the estimate is set aside; at its end only what it took.
        let at_head = remaining(answer.header("x-egret-budget-remaining").unwrap());
        let at_end = remaining(trailers["x-egret-budget-remaining"].to_str().unwrap());
        let tokens = |told: &[(String, String, f64)]| {
            told.iter().find(|(name, ..)| name == "team").unwrap().2
        };
        assert!(tokens(&at_head) < tokens(&at_end), "{at_head:?} {at_end:?}");
        // Nothing is said of the cost before it is known.
        assert_eq!(answer.header("x-egret-cost"), None);
    }
    let (answer, trailers) = over_h2(&gateway, Provider::Claude, "a b c [[cut after 4]]").await;
    assert!(answer.text.contains("event: error"), "{}", answer.text);
    assert_eq!(trailers["x-egret-cost-estimated"], "true");
}

#[tokio::test]
async fn a_stream_says_in_a_comment_what_it_cost_to_who_asks() {
    let simulators = all().await;
    let gateway = Gateway::start(priced(&simulators, BUDGETS)).await;
    for surface in Provider::ALL {
        for (provider, simulator) in Provider::ALL.into_iter().zip(&simulators) {
            for asked in [true, false] {
                let (before, bill) = (billed(simulator), simulator.bill().total());
                let mut call =
                    request(&gateway.client, &gateway, surface, model(provider), "words", true);
                if asked {
                    call = call.header("x-egret-cost", "comment");
                }
                let answer = send(call).await;
                assert!(said(surface, &answer, true).is_some(), "{}", answer.text);
                let used = simulator.bill().total();
                let comment = format!(
                    ": egret cost={} input_tokens={} output_tokens={}\n\n",
                    dollars(billed(simulator) - before),
                    used.input - bill.input,
                    used.output - bill.output
                );
                // Google's SDKs take comments for data.
                if asked && surface != Provider::Gemini {
                    assert!(answer.text.ends_with(&comment), "{comment} {}", answer.text);
                } else {
                    assert!(!answer.text.contains("egret"), "{}", answer.text);
                }
            }
        }
    }
}

/// The provider's own limits are about the gateway's account, and stay here.
#[tokio::test]
async fn each_surface_hears_of_its_limits_in_its_own_headers() {
    let simulators = all().await;
    let limits = "budgets: [{ name: calls, per: total, limit: 1000 requests, window: day }, \
                  { name: tokens, per: total, limit: 1000000 tokens, window: day }, \
                  { name: out, per: total, limit: 50000 output tokens, window: day }]";
    let config = Config::serving(&simulators.each_ref())
        .with(limits)
        .with("rates: [{ name: pace, per: total, limit: 600 requests, window: minute }]");
    let gateway = Gateway::start(config).await;
    for (number, (surface, stream)) in Provider::ALL
        .into_iter()
        .flat_map(|surface| [(surface, false), (surface, true)])
        .enumerate()
    {
        let answer = ask(&gateway, surface, model(surface), "x", stream).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        let told = |name: &str| answer.header(name).unwrap_or_else(|| panic!("no {name}"));
        let names = answer.headers.keys().filter(|name| name.as_str().contains("ratelimit"));
        let left = 600 - number as u64 - 1;
        match surface {
            Provider::OpenAi => {
                assert_eq!(names.count(), 6);
                assert_eq!(told("x-ratelimit-limit-requests"), "600");
                let remaining: u64 = told("x-ratelimit-remaining-requests").parse().unwrap();
                assert!((left..600).contains(&remaining), "{remaining}");
                assert!(told("x-ratelimit-reset-requests").ends_with('s'));
                assert_eq!(told("x-ratelimit-limit-tokens"), "1000000");
                assert!(told("x-ratelimit-reset-tokens").ends_with('s'));
            }
            Provider::Claude => {
                assert_eq!(names.count(), 9);
                assert_eq!(told("anthropic-ratelimit-requests-limit"), "600");
                assert_eq!(told("anthropic-ratelimit-output-tokens-limit"), "50000");
                assert!(told("anthropic-ratelimit-tokens-reset").ends_with("T00:00:00Z"));
            }
            Provider::Gemini => assert_eq!(names.count(), 0),
        }
    }
    // One provider's answers on the other's surface have that surface's headers.
    let answer = ask(&gateway, Provider::OpenAi, "claude-haiku-4-5", "x", false).await;
    assert_eq!(answer.header("x-ratelimit-limit-tokens"), Some("1000000"));
    assert_eq!(answer.header("anthropic-ratelimit-requests-remaining"), None);
}

#[tokio::test]
async fn a_rate_that_is_used_up_says_when_it_is_whole_again() {
    let simulators = all().await;
    let config = Config::serving(&simulators.each_ref())
        .with("rates: [{ name: pace, per: total, limit: 1 requests, window: minute }]");
    let gateway = Gateway::start(config).await;
    let first = ask(&gateway, Provider::OpenAi, "gpt-4o-mini", "x", false).await;
    assert_eq!(first.header("x-ratelimit-remaining-requests"), Some("0"));
    let answer = ask(&gateway, Provider::OpenAi, "gpt-4o-mini", "x", false).await;
    refused(Provider::OpenAi, &answer, 429);
    assert_eq!(answer.header("x-ratelimit-limit-requests"), Some("1"));
    assert_eq!(answer.header("x-ratelimit-remaining-requests"), Some("0"));
    assert!(answer.header("x-ratelimit-reset-requests").is_some());
}

/// Without budgets and rates there is nothing to tell of, and the provider's is not told either.
#[tokio::test]
async fn without_limits_there_are_no_headers_of_limits() {
    let simulators = all().await;
    let gateway = Gateway::start(Config::serving(&simulators.each_ref())).await;
    for surface in Provider::ALL {
        let answer = ask(&gateway, surface, model(surface), "x", false).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        let limits = answer.headers.keys().filter(|name| name.as_str().contains("ratelimit"));
        assert_eq!(limits.count(), 0, "{:?}", answer.headers);
        assert_eq!(answer.header("x-egret-budget-remaining"), None);
    }
}
