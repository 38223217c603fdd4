//! Reasoning that a caller of another schema keeps for its provider, over several replicas.

use serde_json::{Value, json};

use crate::support::provider::simulate;
use crate::support::speak::send;
use crate::support::{Answer, Config, Gateway, Provider, Running};

async fn replica(gemini: &Running, seal: Option<&str>) -> Gateway {
    let mut config =
        Config::new().backend("gemini", gemini).route("models: ['gemini-*'], backends: [gemini]");
    if let Some(secret) = seal {
        config.write("seal.key", secret);
        config = config.with("seal: { key: { file: seal.key } }");
    }
    Gateway::start(config).await
}

async fn ask(gateway: &Gateway, messages: &Value) -> Answer {
    let body = json!({
        "model": "gemini-3-flash-preview",
        "messages": messages,
        "tools": [{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}],
    });
    let post = gateway.client.post(gateway.url("/v1/chat/completions"));
    send(post.header("content-type", "application/json").body(body.to_string())).await
}

#[tokio::test]
async fn replicas_of_one_key_know_each_others_tokens_and_no_others() {
    let gemini = simulate(Provider::Gemini, "sk-canary-gemini").await;
    let secret = "c2VhbC1vZi1yZWFzb25pbmctZm9yLXRoZS10ZXN0cw";
    let (one, two) = (replica(&gemini, Some(secret)).await, replica(&gemini, Some(secret)).await);
    let (alone, other) = (replica(&gemini, None).await, replica(&gemini, None).await);
    for (first, second, known) in
        [(&one, &two, true), (&alone, &alone, true), (&alone, &other, false), (&one, &other, false)]
    {
        let user = json!({"role": "user", "content": "call f"});
        let answer = ask(first, &json!([user])).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        let turn = answer.json()["choices"][0]["message"].clone();
        let id = turn["tool_calls"][0]["id"].as_str().expect("a call").to_owned();
        let result = json!({"role": "tool", "tool_call_id": id, "content": "{}"});
        let answer = ask(second, &json!([user, turn, result])).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        let dropped = answer.header("x-egret-dropped").is_some();
        assert_eq!(dropped, !known, "{:?}", answer.headers);
        let sent: Value = serde_json::from_slice(&gemini.journal().last().unwrap().body).unwrap();
        assert!(!sent.to_string().contains("EgretTk"), "no envelope goes to a provider");
    }
    assert!(alone.output().contains("no `seal` in the configuration"));
    assert!(!one.output().contains("no `seal`"));
}
