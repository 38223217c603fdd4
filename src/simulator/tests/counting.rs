use serde_json::{Value, json};

use super::super::Provider;
use super::bench;

/// An answer's own count of its input, and what counting says.
async fn both(
    provider: Provider,
    answer: (&str, Value),
    count: (&str, Value),
    at: &str,
) -> (u64, Value) {
    let bench = bench(provider).await;
    let (status, answer) = bench.ask(answer.0, answer.1).await;
    assert_eq!(status, 200, "{answer}");
    let (status, counted) = bench.ask(count.0, count.1).await;
    assert_eq!(status, 200, "{counted}");
    assert_eq!(bench.simulator.bill().total().requests, 1, "counting is free");
    (answer.pointer(at).unwrap().as_u64().unwrap(), counted)
}

#[tokio::test]
async fn claude_counts_what_an_answer_would_read() {
    let count = json!({"model": "claude-haiku-4-5", "system": "Be kind.",
        "messages": [{"role": "user", "content": "hello"}],
        "thinking": {"type": "enabled", "budget_tokens": 1024},
        "tools": [{"name": "f", "input_schema": {"type": "object"}}]});
    let mut answer = count.clone();
    answer["max_tokens"] = json!(2000);
    let path = "/v1/messages/count_tokens";
    let (input, counted) = both(
        Provider::Claude,
        ("/v1/messages", answer.clone()),
        (path, count.clone()),
        "/usage/input_tokens",
    )
    .await;
    assert_eq!(counted, json!({"input_tokens": input}));

    let bench = bench(Provider::Claude).await;
    let (status, body) = bench.ask(path, answer).await;
    assert_eq!(
        (status, &body["error"]["message"]),
        (400, &json!("max_tokens: Extra inputs are not permitted"))
    );
    let mut lost = count;
    lost["messages"][0]["content"] =
        json!([{"type": "tool_result", "tool_use_id": "a", "content": "x"}]);
    assert_eq!(bench.ask(path, lost).await.0, 400);
}

#[tokio::test]
async fn gemini_counts_contents_or_a_whole_request() {
    let whole = json!({"contents": [{"role": "user", "parts": [{"text": "hello"}]}],
                       "systemInstruction": {"parts": [{"text": "Be kind."}]}});
    let mut named = whole.clone();
    named["model"] = json!("models/gemini-2.5-flash");
    let path = "/v1beta/models/gemini-2.5-flash:countTokens";
    let (input, counted) = both(
        Provider::Gemini,
        ("/v1beta/models/gemini-2.5-flash:generateContent", whole.clone()),
        (path, json!({"generateContentRequest": named})),
        "/usageMetadata/promptTokenCount",
    )
    .await;
    assert_eq!(counted["totalTokens"], input);
    let bench = bench(Provider::Gemini).await;
    let contents = json!({"contents": whole["contents"]});
    assert_eq!(bench.ask(&path.replace("v1beta", "v1"), &contents).await.1["totalTokens"], 2);
    for bad in [
        whole.clone(),
        json!({}),
        json!({"generateContentRequest": whole}),
        json!({"contents": whole["contents"], "generateContentRequest": named}),
    ] {
        let (status, body) = bench.ask(path, &bad).await;
        assert_eq!((status, &body["error"]["status"]), (400, &json!("INVALID_ARGUMENT")), "{bad}");
    }
}

#[tokio::test]
async fn openai_counts_what_responses_would_read() {
    let count = json!({"model": "gpt-4o-mini", "input": "hello", "instructions": "Be kind."});
    let path = "/v1/responses/input_tokens";
    let (input, counted) = both(
        Provider::OpenAi,
        ("/v1/responses", count.clone()),
        (path, count.clone()),
        "/usage/input_tokens",
    )
    .await;
    assert_eq!(counted, json!({"object": "response.input_tokens", "input_tokens": input}));
    let bench = bench(Provider::OpenAi).await;
    let mut streamed = count;
    streamed["stream"] = json!(true);
    let (status, body) = bench.ask(path, streamed).await;
    assert_eq!((status, &body["error"]["param"]), (400, &json!("stream")));
}
