use serde_json::{Value, json};

use super::super::Provider;
use super::{PNG, bench, read};

const PATH: &str = "/v1/messages";

fn hello() -> Value {
    said(json!([{"role": "user", "content": "hello"}]))
}

fn said(messages: Value) -> Value {
    json!({"model": "claude-haiku-4-5", "max_tokens": 1000, "messages": messages})
}

fn with(mut body: Value, fields: Value) -> Value {
    for (name, value) in fields.as_object().unwrap() {
        body[name] = value.clone();
    }
    body
}

fn tools() -> Value {
    json!([{"name": "weather", "input_schema": {
        "type": "object", "properties": {"city": {"type": "string"}}}}])
}

#[tokio::test]
async fn answers_its_credential_only() {
    let bench = bench(Provider::Claude).await;
    let (status, body) = bench.ask(PATH, hello()).await;
    assert_eq!(status, 200, "{body}");
    assert_eq!(body["content"], json!([{"type": "text", "text": "claude-haiku-4-5 here: hello"}]));
    assert_eq!(
        (&body["usage"]["input_tokens"], &body["usage"]["output_tokens"]),
        (&json!(2), &json!(7))
    );
    assert_eq!(body["stop_reason"], "end_turn");

    let url = format!("{}{PATH}", bench.simulator.base_url());
    let post = || {
        bench.client.post(&url).header("content-type", "application/json").body(hello().to_string())
    };
    let bearer =
        post().header("authorization", "Bearer secret-1").header("anthropic-version", "2026-10-21");
    assert_eq!(read(bearer).await.0, 200);
    let (status, body) = read(bench.sign(post(), "wrong")).await;
    assert_eq!((status, &body["error"]["type"]), (401, &json!("authentication_error")));
    let (status, body) = read(post().header("x-api-key", "secret-1")).await;
    assert_eq!((status, &body["error"]["type"]), (400, &json!("invalid_request_error")));
    assert_eq!(bench.simulator.bill().total().requests, 2);
}

#[tokio::test]
async fn streams_the_whole_ladder() {
    let bench = bench(Provider::Claude).await;
    let thinking = json!({"type": "enabled", "budget_tokens": 1024});
    let body = with(hello(), json!({"stream": true, "max_tokens": 2000, "thinking": thinking}));
    let text = bench.post(PATH, body).send().await.unwrap().text().await.unwrap();
    let names: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("event: ")).collect();
    let events = super::events(&text);
    assert_eq!(names.len(), events.len());
    for (name, event) in names.iter().zip(&events) {
        assert_eq!(*name, event["type"]);
    }
    let mut ladder = names.clone();
    ladder.dedup();
    assert_eq!(
        ladder,
        [
            "message_start",
            "content_block_start",
            "ping",
            "content_block_delta",
            "content_block_stop",
            "content_block_start",
            "content_block_delta",
            "content_block_stop",
            "message_delta",
            "message_stop"
        ]
    );
    let deltas = |kind: &str, field: &str| -> String {
        let deltas =
            events.iter().map(|event| &event["delta"]).filter(|delta| delta["type"] == kind);
        deltas.filter_map(|delta| delta[field].as_str()).collect()
    };
    assert_eq!(deltas("thinking_delta", "thinking"), "I think about: hello");
    assert!(deltas("signature_delta", "signature").starts_with("EgretSim"));
    assert_eq!(deltas("text_delta", "text"), "claude-haiku-4-5 here: hello");
    assert_eq!(events[events.len() - 2]["usage"]["output_tokens"], 12);
    assert_eq!(bench.simulator.bill().total().output, 12);
}

#[tokio::test]
async fn calls_tools_and_quotes_their_results() {
    let bench = bench(Provider::Claude).await;
    let ask = json!({"role": "user", "content": "call weather twice"});
    let first = with(said(json!([ask])), json!({"tools": tools()}));
    let (_, body) = bench.ask(PATH, &first).await;
    assert_eq!(body["stop_reason"], "tool_use", "{body}");
    let calls = body["content"].as_array().unwrap().clone();
    assert_eq!((calls.len(), &calls[0]["input"]), (2, &json!({"city": "Paris"})));

    let turn = json!({"role": "assistant", "content": calls});
    let result = |at: usize, text: &str| json!({"type": "tool_result", "tool_use_id": calls[at]["id"], "content": text});
    let answer = json!({"role": "user", "content": [result(0, "sunny"), result(1, "rain")]});
    let (status, body) =
        bench.ask(PATH, with(first.clone(), json!({"messages": [ask, turn, answer]}))).await;
    assert_eq!(status, 200, "{body}");
    assert_eq!(body["content"][0]["text"], "claude-haiku-4-5 here: the tool said sunny; rain");

    let half = json!({"role": "user", "content": [result(0, "sunny")]});
    let late = json!({"role": "user", "content": [
        {"type": "text", "text": "x"}, result(0, "sunny"), result(1, "rain")]});
    let stray = json!({"role": "user", "content": [
        {"type": "tool_result", "tool_use_id": "toolu_x", "content": "x"}]});
    for messages in [
        json!([ask, turn, half]),
        json!([ask, turn, late]),
        json!([stray]),
        json!([ask, turn, ask]),
    ] {
        let (status, body) =
            bench.ask(PATH, with(first.clone(), json!({"messages": messages}))).await;
        assert_eq!(status, 400);
        assert!(body["error"]["message"].as_str().unwrap().contains("tool_use"), "{body}");
    }
    let events = bench.events(PATH, with(first, json!({"stream": true}))).await;
    let partial: String = events
        .iter()
        .filter(|event| event["index"] == 1)
        .filter_map(|event| event["delta"]["partial_json"].as_str())
        .collect();
    assert_eq!(partial, r#"{"city":"Paris"}"#);
}

#[tokio::test]
async fn refuses_what_anthropic_refuses() {
    let bench = bench(Provider::Claude).await;
    let user = json!({"role": "user", "content": "x"});
    for (body, message) in [
        (with(hello(), json!({"n": 1})), "n: Extra inputs are not permitted"),
        (json!({"model": "claude-haiku-4-5", "messages": [user]}), "max_tokens: Field required"),
        (
            said(json!([{"role": "assistant", "content": "x"}, user])),
            "messages: first message must use the \"user\" role",
        ),
        (
            said(json!([{"role": "user", "content": ""}])),
            "messages.0: all messages must have non-empty content except for the optional final assistant message",
        ),
        (
            said(json!([{"role": "user", "content": [{"type": "text", "text": ""}]}])),
            "messages: text content blocks must be non-empty",
        ),
        (
            said(json!([{"role": "tool", "content": "x"}])),
            "messages.0.role: Input should be 'user' or 'assistant' or 'system'",
        ),
        (
            said(
                json!([user, {"role": "assistant", "content": [{"type": "tool_use", "id": "a.b", "name": "f", "input": {}}]}]),
            ),
            "messages.1.content.0.tool_use.id: String should match pattern '^[a-zA-Z0-9_-]+$'",
        ),
        (
            said(
                json!([user, {"role": "assistant", "content": [{"type": "thinking", "thinking": "x", "signature": "y"}]}, user]),
            ),
            "messages.1.content.0: Invalid `signature` in `thinking` block",
        ),
        (
            said(
                json!([{"role": "user", "content": [{"type": "image", "source": {"type": "base64", "media_type": "image/bmp", "data": PNG}}]}]),
            ),
            "messages.0.content.0.source.media_type: Input should be 'image/jpeg' or 'image/png' or 'image/gif' or 'image/webp'",
        ),
        (
            with(hello(), json!({"tools": [{"name": "f", "input_schema": {}}]})),
            "tools.0.custom.input_schema.type: Field required",
        ),
        (
            with(hello(), json!({"model": "claude-sonnet-5", "temperature": 1})),
            "`temperature` is not supported on this model.",
        ),
    ] {
        let (status, answer) = bench.ask(PATH, &body).await;
        assert_eq!((status, &answer["error"]["message"]), (400, &json!(message)), "{body}");
    }
    let newer = bench
        .client
        .post(format!("{}{PATH}", bench.simulator.base_url()))
        .header("x-api-key", "secret-1")
        .header("anthropic-version", "2026-10-21")
        .header("content-type", "application/json")
        .body(with(hello(), json!({"temperature": 1})).to_string());
    assert_eq!(
        read(newer).await.1["error"]["message"],
        "temperature: Extra inputs are not permitted"
    );
    let (status, body) =
        bench.ask(PATH, with(hello(), json!({"model": "claude-does-not-exist"}))).await;
    assert_eq!((status, &body["error"]["type"]), (404, &json!("not_found_error")));
}

#[tokio::test]
async fn shows_images_json_stops_refusals_and_the_cache() {
    let bench = bench(Provider::Claude).await;
    let source = json!({"type": "base64", "media_type": "image/png", "data": PNG});
    let parts = json!([{"type": "text", "text": "see"}, {"type": "image", "source": source}]);
    let (_, body) = bench.ask(PATH, said(json!([{"role": "user", "content": parts}]))).await;
    let text = body["content"][0]["text"].as_str().unwrap();
    assert!(text.contains("[image/png, 70 bytes]"), "{text}");

    let format = json!({"format": {"type": "json_schema", "schema": {
        "type": "object", "properties": {"on": {"type": "boolean"}}, "additionalProperties": false}}});
    let (_, body) = bench.ask(PATH, with(hello(), json!({"output_config": format}))).await;
    assert_eq!(body["content"][0]["text"], r#"{"on":true}"#);

    let (_, body) = bench.ask(PATH, with(hello(), json!({"stop_sequences": [" here"]}))).await;
    assert_eq!(body["content"][0]["text"], "claude-haiku-4-5");
    assert_eq!(
        (&body["stop_reason"], &body["stop_sequence"]),
        (&json!("stop_sequence"), &json!(" here"))
    );

    let (_, body) = bench.ask(PATH, said(json!([{"role": "user", "content": "refuse"}]))).await;
    assert_eq!(body["stop_reason"], "refusal");
    let (_, body) =
        bench.ask(PATH, said(json!([{"role": "user", "content": "it is cached"}]))).await;
    let usage = &body["usage"];
    assert_eq!((&usage["input_tokens"], &usage["cache_read_input_tokens"]), (&json!(2), &json!(1)));
    assert_eq!(bench.simulator.bill().total().cached, 1);
}

#[tokio::test]
async fn redacts_thoughts_and_knows_them_again() {
    let bench = bench(Provider::Claude).await;
    let thinking = json!({"type": "enabled", "budget_tokens": 1024});
    let ask = json!({"role": "user", "content": "hello [[redacted]]"});
    let first = with(said(json!([ask])), json!({"max_tokens": 2000, "thinking": thinking}));
    let (_, body) = bench.ask(PATH, &first).await;
    let block = &body["content"][0];
    assert_eq!(block["type"], "redacted_thinking");
    let events = bench.events(PATH, with(first.clone(), json!({"stream": true}))).await;
    let start = events.iter().find(|event| event["type"] == "content_block_start").unwrap();
    assert_eq!(&start["content_block"], block);
    let mut foreign = body["content"].clone();
    foreign[0]["data"] = json!("bm90IG91cnM=");
    for (content, status) in [(&body["content"], 200), (&foreign, 400)] {
        let turn = json!({"role": "assistant", "content": content});
        let again = with(first.clone(), json!({"messages": [ask, turn, ask]}));
        assert_eq!(bench.ask(PATH, again).await.0, status);
    }
}
