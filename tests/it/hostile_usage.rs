//! S-43: what a provider says an answer cost may be wrong in every way.

use bytes::Bytes;
use egret::simulator::Reported;
use serde_json::json;

use crate::budget::{priced, priced_in};
use crate::support::provider::{Prices, all, arrived, model, simulate};
use crate::support::speak::{path, said, send};
use crate::support::{Answer, Canned, Config, Fault, Gateway, Provider, Running, ask};

const PRICES: Prices = Prices { input: 500, cached: 125, output: 8000 };

fn generous(simulators: &[Running; 3]) -> Config {
    priced(simulators, "{ name: money, per: total, limit: 1000 USD, window: month }")
}

/// The charge and the bill of one answer whose usage is reported so.
async fn charged(reported: Reported, streams: &[bool]) -> Vec<(String, u64, u64)> {
    let simulators = all().await;
    let gateway = Gateway::start(generous(&simulators)).await;
    let mut charges = Vec::new();
    for (provider, simulator) in Provider::ALL.into_iter().zip(&simulators) {
        for surface in Provider::ALL {
            for stream in streams.iter().copied() {
                let before = gateway.settled().await.spent_nanos("money");
                let owed = PRICES.of(&simulator.bill().read());
                simulator.script().next_n(1, [Fault::Usage(reported)]);
                let answer =
                    ask(&gateway, surface, model(provider), "some words to bill", stream).await;
                assert_eq!(answer.status, 200, "{}", answer.text);
                assert!(said(surface, &answer, stream).is_some(), "{}", answer.text);
                let spent = gateway.settled().await.spent_nanos("money") - before;
                let owed = PRICES.of(&simulator.bill().read()) - owed;
                let case = format!("{} to {}, {stream}", surface.name(), provider.name());
                charges.push((case, spent, owed));
            }
        }
    }
    charges
}

#[tokio::test]
async fn s_43_usage_that_is_absent_is_charged_as_estimated() {
    for (case, spent, owed) in charged(Reported::Absent, &[false, true]).await {
        assert!(spent > owed, "{case}: {spent} for {owed}");
    }
}

/// A stream may be longer than anybody expected; what has come is paid for.
#[tokio::test]
async fn s_43_a_long_stream_without_usage_is_charged_for_what_has_come() {
    let simulators = all().await;
    let gateway = Gateway::start(generous(&simulators)).await;
    let words = "[[bytes 400000]] [[usage absent]]";
    for (provider, simulator) in Provider::ALL.into_iter().zip(&simulators) {
        let before = gateway.settled().await.spent_nanos("money");
        let owed = PRICES.of(&simulator.bill().read());
        let answer = ask(&gateway, Provider::Gemini, model(provider), words, true).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        let spent = gateway.settled().await.spent_nanos("money") - before;
        let owed = PRICES.of(&simulator.bill().read()) - owed;
        assert!(spent >= owed, "{}: {spent} for {owed}", provider.name());
    }
}

#[tokio::test]
async fn s_43_usage_of_zero_is_not_believed() {
    for (case, spent, owed) in charged(Reported::Zero, &[false, true]).await {
        assert!(spent >= owed, "{case}: {spent} for {owed}");
    }
}

#[tokio::test]
async fn s_43_usage_that_is_told_twice_counts_once() {
    for (case, spent, owed) in charged(Reported::Duplicated, &[true]).await {
        assert_eq!(spent, owed, "{case}");
    }
}

/// The most that was said counts. Claude's simulator says the truth of its input only.
#[tokio::test]
async fn s_43_usage_that_decreases_counts_as_its_most() {
    for (case, spent, owed) in charged(Reported::Decreasing, &[true]).await {
        if case.contains("to claude") {
            assert!(spent > PRICES.input + PRICES.output, "{case}: {spent}");
        } else {
            assert_eq!(spent, owed, "{case}");
        }
    }
}

/// 2^52 tokens at these prices are more dollars than there are; nothing overflows.
#[tokio::test]
async fn s_43_usage_beyond_all_measure_uses_the_budget_up() {
    for stream in [false, true] {
        let simulators = all().await;
        let gateway = Gateway::start(generous(&simulators)).await;
        simulators[0].script().next_n(1, [Fault::Usage(Reported::Huge)]);
        let answer = ask(&gateway, Provider::OpenAi, "gpt-4o-mini", "x", stream).await;
        assert_eq!(answer.status, 200);
        let metrics = gateway.settled().await;
        assert!(metrics.spent_nanos("money") > 1_000_000_000_000);
        assert_eq!(metrics.sum("egret_budget_remaining", &["budget=\"money\""]), 0.0);
        let answer = ask(&gateway, Provider::OpenAi, "gpt-4o-mini", "x", stream).await;
        assert_eq!(answer.status, 429, "{}", answer.text);
    }
}

/// An answer of this provider in these very words: 5 bytes of text, and its usage as it is spelled,
/// of input and of output.
fn answer_with(provider: Provider, input: &str, output: &str, stream: bool) -> Fault {
    let body = match (provider, stream) {
        (Provider::OpenAi, false) => format!(
            r#"{{"id":"c","object":"chat.completion","created":1,"model":"m","choices":[{{"index":0,"message":{{"role":"assistant","content":"words"}},"finish_reason":"stop"}}],"usage":{{"prompt_tokens":{input},"completion_tokens":{output}}}}}"#
        ),
        (Provider::OpenAi, true) => [
            r#"{"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"role":"assistant","content":"words"},"finish_reason":null}]}"#.to_owned(),
            r#"{"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}"#.to_owned(),
            format!(r#"{{"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[],"usage":{{"prompt_tokens":{input},"completion_tokens":{output}}}}}"#),
            "[DONE]".to_owned(),
        ]
        .map(|data| format!("data: {data}\n\n"))
        .concat(),
        (Provider::Claude, false) => format!(
            r#"{{"id":"m","type":"message","role":"assistant","model":"m","content":[{{"type":"text","text":"words"}}],"stop_reason":"end_turn","stop_sequence":null,"usage":{{"input_tokens":{input},"output_tokens":{output}}}}}"#
        ),
        (Provider::Claude, true) => [
            ("message_start", format!(r#"{{"type":"message_start","message":{{"id":"m","type":"message","role":"assistant","model":"m","content":[],"stop_reason":null,"stop_sequence":null,"usage":{{"input_tokens":{input},"output_tokens":0}}}}}}"#)),
            ("content_block_start", r#"{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}"#.to_owned()),
            ("content_block_delta", r#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"words"}}"#.to_owned()),
            ("content_block_stop", r#"{"type":"content_block_stop","index":0}"#.to_owned()),
            ("message_delta", format!(r#"{{"type":"message_delta","delta":{{"stop_reason":"end_turn","stop_sequence":null}},"usage":{{"output_tokens":{output}}}}}"#)),
            ("message_stop", r#"{"type":"message_stop"}"#.to_owned()),
        ]
        .map(|(event, data)| format!("event: {event}\ndata: {data}\n\n"))
        .concat(),
        (Provider::Gemini, _) => {
            let body = format!(
                r#"{{"candidates":[{{"content":{{"role":"model","parts":[{{"text":"words"}}]}},"finishReason":"STOP","index":0}}],"usageMetadata":{{"promptTokenCount":{input},"candidatesTokenCount":{output}}}}}"#
            );
            if stream { format!("data: {body}\r\n\r\n") } else { body }
        }
    };
    canned(body, stream)
}

fn canned(body: String, stream: bool) -> Fault {
    let kind = if stream { "text/event-stream" } else { "application/json" };
    let headers = vec![("content-type".to_owned(), kind.to_owned())];
    Fault::Canned(Canned { status: 200, headers, body: vec![Bytes::from(body), Bytes::new()] })
}

/// What is said of a usage that is spelled so, to every surface by every provider.
async fn told(input: &str, output: &str, check: impl Fn(&str, u64, bool)) {
    let simulators = all().await;
    let budget = "{ name: money, per: total, limit: 1000000000 USD, window: month }";
    let gateway = Gateway::start(priced(&simulators, budget)).await;
    for (provider, simulator) in Provider::ALL.into_iter().zip(&simulators) {
        for surface in Provider::ALL {
            for stream in [false, true] {
                let metrics = gateway.settled().await;
                let before = metrics.spent_nanos("money");
                let estimated = metrics.count("egret_estimated_charges_total", &[]);
                simulator.script().next_n(1, [answer_with(provider, input, output, stream)]);
                let answer = ask(&gateway, surface, model(provider), "some words", stream).await;
                assert_eq!(said(surface, &answer, stream).as_deref(), Some("words"), "{answer:?}");
                let metrics = gateway.settled().await;
                let spent = metrics.spent_nanos("money") - before;
                let estimated = metrics.count("egret_estimated_charges_total", &[]) > estimated;
                let case = format!(
                    "{input} and {output}: {} to {}, {stream}",
                    surface.name(),
                    provider.name()
                );
                check(&case, spent, estimated);
            }
        }
    }
}

/// Nothing that is no count is taken for one; an answer is not lost for it.
#[tokio::test]
async fn s_43_usage_that_is_no_count_is_charged_as_estimated() {
    for nonsense in ["-5", "null", "[7]", "true", r#""many""#, "0"] {
        told(nonsense, nonsense, |case, spent, estimated| {
            assert!(estimated && spent > 1000 * PRICES.output, "{case}: {spent}");
        })
        .await;
    }
}

/// The half that can be read is not all.
#[tokio::test]
async fn s_43_half_a_usage_is_charged_as_estimated_for_the_other_half() {
    told("-5", "7", |case, spent, estimated| {
        let output = 7 * PRICES.output;
        assert!(estimated && spent > output + 100 * PRICES.input, "{case}: {spent}");
    })
    .await;
    told("7", "-5", |case, spent, estimated| {
        assert!(estimated && spent > 1000 * PRICES.output, "{case}: {spent}");
    })
    .await;
}

#[tokio::test]
async fn s_43_a_part_of_a_token_is_a_token() {
    told("6.5", "2.25", |case, spent, estimated| {
        assert!(!estimated && spent == 7 * PRICES.input + 3 * PRICES.output, "{case}: {spent}");
    })
    .await;
}

#[tokio::test]
async fn s_43_counts_need_more_than_32_bits() {
    told("4294967301", "4294967303", |case, spent, estimated| {
        let due = 4_294_967_301 * PRICES.input + 4_294_967_303 * PRICES.output;
        assert!(!estimated && spent == due, "{case}: {spent} for {due}");
    })
    .await;
}

/// OpenAI tells the usage in a chunk of its own, Claude in two places, Gemini at the end; whatever
/// chunk it is in, it counts.
#[tokio::test]
async fn s_43_usage_in_the_wrong_chunk_counts() {
    let openai = [
        r#"{"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"role":"assistant","content":"words"},"finish_reason":null}],"usage":{"prompt_tokens":7,"completion_tokens":3}}"#,
        r#"{"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"usage":null}"#,
        "[DONE]",
    ]
    .map(|data| format!("data: {data}\n\n"))
    .concat();
    let claude = [
        ("message_start", r#"{"type":"message_start","message":{"id":"m","type":"message","role":"assistant","model":"m","content":[],"stop_reason":null,"stop_sequence":null}}"#),
        ("content_block_start", r#"{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}"#),
        ("content_block_delta", r#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"words"}}"#),
        ("content_block_stop", r#"{"type":"content_block_stop","index":0}"#),
        ("message_delta", r#"{"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null},"usage":{"input_tokens":7,"output_tokens":3}}"#),
        ("message_stop", r#"{"type":"message_stop"}"#),
    ]
    .map(|(event, data)| format!("event: {event}\ndata: {data}\n\n"))
    .concat();
    let gemini = [
        r#"{"candidates":[{"content":{"role":"model","parts":[{"text":"words"}]},"index":0}],"usageMetadata":{"promptTokenCount":7,"candidatesTokenCount":3}}"#,
        r#"{"candidates":[{"content":{"role":"model","parts":[{"text":""}]},"finishReason":"STOP","index":0}]}"#,
    ]
    .map(|data| format!("data: {data}\r\n\r\n"))
    .concat();
    let simulators = all().await;
    let gateway = Gateway::start(generous(&simulators)).await;
    let streams = [openai, claude, gemini];
    for ((provider, simulator), body) in Provider::ALL.into_iter().zip(&simulators).zip(streams) {
        for surface in Provider::ALL {
            let before = gateway.settled().await.spent_nanos("money");
            simulator.script().next_n(1, [canned(body.clone(), true)]);
            let answer = ask(&gateway, surface, model(provider), "x", true).await;
            assert_eq!(said(surface, &answer, true).as_deref(), Some("words"), "{}", answer.text);
            let spent = gateway.settled().await.spent_nanos("money") - before;
            let due = 7 * PRICES.input + 3 * PRICES.output;
            assert_eq!(spent, due, "{} to {}", surface.name(), provider.name());
        }
    }
}

/// An OpenAI backend that is asked by Responses, and its answer in these words.
async fn responses() -> (Running, Gateway) {
    let openai = simulate(Provider::OpenAi, "sk-x").await;
    let config = Config::new()
        .backend_with("openai", &openai, "api: responses")
        .route("models: ['gpt-*'], backends: [openai]");
    let budget = "{ name: money, per: total, limit: 1000 USD, window: month }";
    let gateway = Gateway::start(priced_in(config, PRICES, budget)).await;
    (openai, gateway)
}

async fn respond(gateway: &Gateway, stream: bool) -> Answer {
    let body = json!({
        "model": "gpt-4o-mini", "input": "x", "stream": stream, "max_output_tokens": 100,
        "store": false,
    });
    let post = gateway.client.post(gateway.url("/v1/responses"));
    send(post.header("content-type", "application/json").body(body.to_string())).await
}

/// A response that failed, with what it has cost all the same.
fn failed(usage: &str) -> String {
    format!(
        r#"{{"id":"resp_1","object":"response","created_at":1,"model":"m","status":"failed","error":{{"code":"server_error","message":"it broke"}},"output":[],"usage":{usage}}}"#
    )
}

const USED: &str = r#"{"input_tokens":70,"output_tokens":30,"total_tokens":100}"#;

#[tokio::test]
async fn a_response_that_failed_is_charged_what_it_says_it_used() {
    let (openai, gateway) = responses().await;
    let due = 70 * PRICES.input + 30 * PRICES.output;
    for (usage, due) in [(USED, due), ("null", 0)] {
        for surface in [None, Some(Provider::OpenAi), Some(Provider::Claude)] {
            let before = gateway.settled().await.spent_nanos("money");
            openai.script().next_n(1, [canned(failed(usage), false)]);
            let answer = match surface {
                None => respond(&gateway, false).await,
                Some(surface) => ask(&gateway, surface, "gpt-4o-mini", "x", false).await,
            };
            assert_ne!(answer.status, 200, "{}", answer.text);
            let spent = gateway.settled().await.spent_nanos("money") - before;
            assert_eq!(spent, due, "{surface:?} {usage}");
            // The caller is told what the failure cost.
            let cost = if due == 0 { "0" } else { "0.000275" };
            assert_eq!(answer.header("x-egret-cost"), Some(cost), "{surface:?}");
        }
    }
    assert_eq!(respond(&gateway, false).await.status, 200);
}

#[tokio::test]
async fn a_stream_that_fails_at_once_is_charged_what_it_says_it_used() {
    let (openai, gateway) = responses().await;
    for (usage, due) in [(USED, 70 * PRICES.input + 30 * PRICES.output), ("null", 0)] {
        let event = format!(
            r#"{{"type":"response.failed","sequence_number":0,"response":{}}}"#,
            failed(usage)
        );
        for surface in [None, Some(Provider::OpenAi), Some(Provider::Gemini)] {
            let before = gateway.settled().await.spent_nanos("money");
            let stream = format!("event: response.failed\ndata: {event}\n\n");
            openai.script().next_n(1, [canned(stream, true)]);
            let answer = match surface {
                None => respond(&gateway, true).await,
                Some(surface) => ask(&gateway, surface, "gpt-4o-mini", "x", true).await,
            };
            assert_ne!(answer.status, 200, "{}", answer.text);
            let spent = gateway.settled().await.spent_nanos("money") - before;
            assert_eq!(spent, due, "{surface:?} {usage}");
        }
    }
    assert_eq!(respond(&gateway, true).await.status, 200);
}

/// What failed and was paid for is paid for beside what another backend then did.
#[tokio::test]
async fn s_45_an_attempt_that_failed_and_was_billed_is_charged_beside_the_one_that_served() {
    let (openai, claude) =
        (simulate(Provider::OpenAi, "sk-x").await, simulate(Provider::Claude, "sk-y").await);
    let config = Config::new()
        .backend_with("openai", &openai, "api: responses")
        .backend("claude", &claude)
        .route("models: ['*'], backends: [openai, { backend: claude, model: claude-haiku-4-5 }]");
    let budget = "{ name: money, per: total, limit: 1000 USD, window: month }";
    let gateway = Gateway::start(priced_in(config, PRICES, budget)).await;
    for stream in [false, true] {
        let body = if stream {
            let event = format!(
                r#"{{"type":"response.failed","sequence_number":0,"response":{}}}"#,
                failed(USED)
            );
            format!("event: response.failed\ndata: {event}\n\n")
        } else {
            failed(USED)
        };
        let before = gateway.settled().await.spent_nanos("money");
        let owed = PRICES.of(&claude.bill().read());
        openai.script().next_n(1, [canned(body, stream)]);
        let answer = ask(&gateway, Provider::OpenAi, "gpt-4o-mini", "x", stream).await;
        assert!(said(Provider::OpenAi, &answer, stream).is_some(), "{}", answer.text);
        let spent = gateway.settled().await.spent_nanos("money") - before;
        let owed = PRICES.of(&claude.bill().read()) - owed;
        assert_eq!(spent, owed + 70 * PRICES.input + 30 * PRICES.output);
    }
    assert_eq!(arrived(&openai), 2);
    // The metrics tell the two apart, as the statement does.
    let metrics = gateway.settled().await;
    let cost = |backend: &str| (metrics.sum("egret_cost_usd_total", &[backend]) * 1e9).round();
    let failed = 2 * (70 * PRICES.input + 30 * PRICES.output);
    assert_eq!(cost("backend=\"openai\"") as u64, failed);
    assert_eq!(cost("backend=\"claude\"") as u64, PRICES.of(&claude.bill().read()));
    let input = ["backend=\"openai\"", "kind=\"input\""];
    assert_eq!(metrics.count("egret_tokens_total", &input), 140);
}

/// A provider that hangs up without a word may have done the work.
#[tokio::test]
async fn an_answer_without_a_word_is_charged_as_estimated() {
    let simulators = all().await;
    let gateway = Gateway::start(generous(&simulators)).await;
    for (provider, simulator) in Provider::ALL.into_iter().zip(&simulators) {
        for stream in [false, true] {
            let before = gateway.settled().await.spent_nanos("money");
            let kind = if stream { "text/event-stream" } else { "application/json" };
            let headers = vec![("content-type".to_owned(), kind.to_owned())];
            let nothing = Canned { status: 200, headers, body: Vec::new() };
            simulator.script().next_n(1, [Fault::Canned(nothing)]);
            let answer = ask(&gateway, provider, model(provider), "x", stream).await;
            assert_ne!(answer.status, 200, "{}", answer.text);
            let spent = gateway.settled().await.spent_nanos("money") - before;
            assert!(spent > 0, "{}, stream: {stream}", provider.name());
        }
    }
}

/// S-44: hidden from the caller, and counted.
#[tokio::test]
async fn s_44_a_usage_that_is_hidden_counts() {
    let simulators = all().await;
    let gateway = Gateway::start(generous(&simulators)).await;
    let body = r#"{"model":"gpt-4o-mini","stream":true,"stream_options":{"include_usage":false},
        "max_completion_tokens":50,"messages":[{"role":"user","content":"x"}]}"#;
    let url = gateway.url(&path(Provider::OpenAi, "gpt-4o-mini", true));
    let answer = send(gateway.client.post(url).body(body)).await;
    assert!(!answer.text.contains("prompt_tokens"), "{}", answer.text);
    let bill = PRICES.of(&simulators[0].bill().read());
    assert_eq!(gateway.settled().await.spent_nanos("money"), bill);
}
