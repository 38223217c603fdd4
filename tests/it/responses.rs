//! OpenAI Responses: as a surface, and as what an OpenAI backend is asked in.

use serde_json::{Value, json};

use crate::support::provider::{all, model, only, simulate};
use crate::support::speak::{ask, events, send};
use crate::support::{Answer, Config, Gateway, Provider};

async fn respond(gateway: &Gateway, model: &str, stream: bool) -> Answer {
    let body = json!({
        "model": model, "input": "say something", "stream": stream, "max_output_tokens": 100,
        "store": false,
    });
    let post = gateway.client.post(gateway.url("/v1/responses"));
    send(post.header("content-type", "application/json").body(body.to_string())).await
}

/// The whole response in an answer, streamed or not.
fn response(answer: &Answer, stream: bool) -> Value {
    if !stream {
        return answer.json();
    }
    let last = events(&answer.text).pop().unwrap();
    assert_eq!(last["type"], "response.completed", "{}", answer.text);
    last["response"].clone()
}

fn text(response: &Value) -> String {
    let output = response["output"].as_array().unwrap();
    let message = output.iter().find(|item| item["type"] == "message").unwrap();
    message["content"][0]["text"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn responses_reaches_every_provider() {
    let simulators = all().await;
    let gateway = Gateway::start(Config::serving(&simulators.each_ref())).await;
    for simulator in &simulators {
        let model = model(simulator.provider());
        for stream in [false, true] {
            let answer = respond(&gateway, model, stream).await;
            assert_eq!(answer.status, 200, "{model}: {}", answer.text);
            let found = response(&answer, stream);
            assert_eq!(text(&found), format!("{model} here: say something"), "{stream}");
            assert_eq!(found["status"], "completed");
            assert!(found["usage"]["total_tokens"].as_u64().unwrap() > 0, "{found}");
        }
    }
    // That one is asked by Chat, as every host is of which nothing else is said.
    assert_eq!(simulators[0].journal().last().unwrap().target, "/v1/chat/completions");
    let metrics = gateway.settled().await;
    assert_eq!(metrics.count("egret_usage_unknown_total", &[]), 0);
}

#[tokio::test]
async fn a_backend_with_both_is_asked_in_the_callers_own_and_in_its_bytes() {
    let openai = simulate(Provider::OpenAi, "sk-canary-openai").await;
    let config = Config::new()
        .backend_with("openai", &openai, "api: both")
        .route("models: ['*'], backends: [openai]");
    let gateway = Gateway::start(config).await;
    for stream in [false, true] {
        let answer = respond(&gateway, "gpt-4o-mini", stream).await;
        assert_eq!(text(&response(&answer, stream)), "gpt-4o-mini here: say something");
        let arrival = openai.journal().last().unwrap();
        assert_eq!(arrival.target, "/v1/responses");
        let body: Value = serde_json::from_slice(&arrival.body).unwrap();
        assert_eq!(body["input"], "say something", "untouched");
    }
    ask(&gateway, Provider::OpenAi, "gpt-4o-mini", "hello", false).await;
    assert_eq!(openai.journal().last().unwrap().target, "/v1/chat/completions");
}

/// From GPT-5.4 on Chat refuses tools beside an effort: who asks by Chat is served all the same.
#[tokio::test]
async fn what_chat_refuses_is_asked_by_responses() {
    let openai = simulate(Provider::OpenAi, "sk-canary-openai").await;
    let config = Config::new()
        .backend_with("openai", &openai, "api: both")
        .route("models: ['*'], backends: [openai]");
    let gateway = Gateway::start(config).await;
    let body = json!({
        "model": "gpt-5.4", "reasoning_effort": "high",
        "messages": [{"role": "user", "content": "hello"}],
        "tools": [{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}],
    });
    let post = gateway.client.post(gateway.url("/v1/chat/completions")).body(body.to_string());
    let answer = send(post).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(answer.json()["object"], "chat.completion");
    assert_eq!(only(&openai).target, "/v1/responses");
    // New models of OpenAI's are asked so by callers of other schemas, too.
    let answer = ask(&gateway, Provider::Claude, "gpt-5.4", "hello", true).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(openai.journal().last().unwrap().target, "/v1/responses");
    ask(&gateway, Provider::Claude, "gpt-4o-mini", "hello", true).await;
    assert_eq!(openai.journal().last().unwrap().target, "/v1/chat/completions");
}
