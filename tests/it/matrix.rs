//! Each surface to each provider, streaming and not.

use serde_json::Value;

use crate::support::provider::{all, arrived, model};
use crate::support::speak::{body, path, said, send};
use crate::support::{Config, Gateway, Provider, ask, h2c};

#[tokio::test]
async fn every_surface_reaches_every_provider() {
    let simulators = all().await;
    let gateway = Gateway::start(Config::serving(&simulators.each_ref())).await;
    for surface in Provider::ALL {
        for simulator in &simulators {
            for stream in [false, true] {
                let model = model(simulator.provider());
                let answer = ask(&gateway, surface, model, "say something", stream).await;
                let case = format!("{} to {model}, {stream}", surface.name());
                assert_eq!(answer.status, 200, "{case}: {}", answer.text);
                let text = said(surface, &answer, stream);
                assert_eq!(text, Some(format!("{model} here: say something")), "{case}");
                assert_eq!(answer.header("x-egret-backend"), Some(simulator.provider().name()));
            }
        }
    }
    for simulator in &simulators {
        assert_eq!(arrived(simulator), 6);
        assert_eq!(simulator.bill().total().requests, 6);
    }
    let metrics = gateway.settled().await;
    assert_eq!(metrics.count("egret_requests_total", &["code=\"200\""]), 18);
}

/// Gemini without `alt=sse` streams a JSON array; as such it must be whole for a reader that
/// waits for its end.
#[tokio::test]
async fn a_gemini_stream_without_sse_is_a_json_array() {
    let simulators = all().await;
    let gateway = Gateway::start(Config::serving(&simulators.each_ref())).await;
    for simulator in &simulators {
        let model = model(simulator.provider());
        let url = gateway.url(&format!("/v1beta/models/{model}:streamGenerateContent"));
        let body = body(Provider::Gemini, model, "one two three", true).to_string();
        let post = gateway.client.post(url).header("content-type", "application/json");
        let answer = send(post.body(body)).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        assert!(answer.header("content-type").unwrap().starts_with("application/json"));
        let Value::Array(chunks) = answer.json() else { panic!("no array: {}", answer.text) };
        let text: String = chunks
            .iter()
            .filter_map(|chunk| chunk["candidates"][0]["content"]["parts"][0]["text"].as_str())
            .collect();
        assert_eq!(text, format!("{model} here: one two three"));
        let last = chunks.last().unwrap();
        assert_eq!(last["candidates"][0]["finishReason"], "STOP", "{}", answer.text);
        assert!(last["usageMetadata"]["totalTokenCount"].is_u64());
    }
    let gemini = simulators[2].journal().last().unwrap();
    assert!(!gemini.target.contains("alt=sse"), "{}", gemini.target);
}

#[tokio::test]
async fn h2c_multiplexes_and_keeps_answers_apart() {
    let simulators = all().await;
    let gateway = Gateway::start(Config::serving(&simulators.each_ref())).await;
    let client = h2c();
    let calls = (0..60).map(|number| {
        let (client, gateway) = (client.clone(), &gateway);
        async move {
            let surface = Provider::ALL[number % 3];
            let model = model(Provider::ALL[number / 3 % 3]);
            let stream = number % 2 == 0;
            let nonce = format!("nonce-{number}");
            let request = client
                .post(gateway.url(&path(surface, model, stream)))
                .header("content-type", "application/json")
                .body(body(surface, model, &nonce, stream).to_string());
            let answer = send(request).await;
            assert_eq!(said(surface, &answer, stream), Some(format!("{model} here: {nonce}")));
        }
    });
    futures_util::future::join_all(calls).await;
}
