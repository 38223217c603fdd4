//! A caller that allows one tool call a turn, and a provider that can't be told.

use serde_json::{Value, json};

use crate::support::provider::{model, simulate};
use crate::support::speak::{events, send};
use crate::support::{Config, Gateway, Provider};

#[tokio::test]
async fn of_geminis_two_calls_the_caller_gets_one() {
    let gemini = simulate(Provider::Gemini, "sk-canary-gemini").await;
    let gateway = Gateway::start(Config::serving(&[&gemini])).await;
    for (one, stream) in [(false, false), (true, false), (false, true), (true, true)] {
        let body = json!({
            "model": model(Provider::Gemini), "stream": stream, "parallel_tool_calls": !one,
            "messages": [{"role": "user", "content": "call look twice"}],
            "tools": [{"type": "function", "function": {"name": "look"}}],
        });
        let post = gateway.client.post(gateway.url("/v1/chat/completions"));
        let post = post.header("content-type", "application/json").body(body.to_string());
        let answer = send(post).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        let calls = if stream {
            let chunks = events(&answer.text);
            let begun =
                |chunk: &&Value| !chunk["choices"][0]["delta"]["tool_calls"][0]["id"].is_null();
            chunks.iter().filter(begun).count()
        } else {
            answer.json()["choices"][0]["message"]["tool_calls"].as_array().unwrap().len()
        };
        assert_eq!(calls, if one { 1 } else { 2 }, "stream {stream}: {}", answer.text);
    }
}
