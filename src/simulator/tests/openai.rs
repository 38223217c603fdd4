use serde_json::{Value, json};

use super::super::Provider;
use super::{PNG, bench, read};

const PATH: &str = "/v1/chat/completions";

fn hello() -> Value {
    json!({"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "hello"}]})
}

fn with(mut body: Value, fields: Value) -> Value {
    for (name, value) in fields.as_object().unwrap() {
        body[name] = value.clone();
    }
    body
}

fn tools() -> Value {
    json!([{"type": "function", "function": {"name": "weather", "parameters": {
        "type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}}}])
}

#[tokio::test]
async fn answers_its_credential_only() {
    let bench = bench(Provider::OpenAi).await;
    let (status, body) = bench.ask(PATH, hello()).await;
    assert_eq!(status, 200, "{body}");
    let message = &body["choices"][0]["message"];
    assert_eq!(message["content"], "gpt-4o-mini here: hello");
    assert_eq!(body["choices"][0]["finish_reason"], "stop");
    // 5 bytes in, 23 bytes out, a token for each 4 begun.
    assert_eq!(body["usage"]["prompt_tokens"], 2);
    assert_eq!(body["usage"]["completion_tokens"], 6);

    let url = format!("{}{PATH}", bench.simulator.base_url());
    for request in [
        bench.client.post(&url),
        bench.sign(bench.client.post(&url), "wrong"),
        bench.client.post(&url).header("x-api-key", "secret-1"),
    ] {
        let (status, body) = read(request.body(hello().to_string())).await;
        assert_eq!((status, &body["error"]["code"]), (401, &json!("invalid_api_key")));
        assert_eq!(body["error"]["type"], "invalid_request_error");
    }
    let bill = bench.simulator.bill().read();
    assert_eq!((bill["gpt-4o-mini"].requests, bill["gpt-4o-mini"].input), (1, 2));
    assert_eq!(bench.simulator.journal().read().len(), 4);
}

#[tokio::test]
async fn streams_role_text_finish_usage_and_done() {
    let bench = bench(Provider::OpenAi).await;
    let body = with(hello(), json!({"stream": true, "stream_options": {"include_usage": true}}));
    let events = bench.events(PATH, body).await;
    assert_eq!(events[0]["choices"][0]["delta"]["role"], "assistant");
    let text: String = events
        .iter()
        .filter_map(|event| event["choices"][0]["delta"]["content"].as_str())
        .collect();
    assert_eq!(text, "gpt-4o-mini here: hello");
    let end = events.len();
    assert_eq!(events[end - 1], "[DONE]");
    assert_eq!(events[end - 2]["choices"], json!([]));
    assert_eq!(events[end - 2]["usage"]["total_tokens"], 8);
    assert_eq!(events[end - 3]["choices"][0]["finish_reason"], "stop");
    assert_eq!(events[end - 3]["choices"][0]["delta"], json!({}));

    let events = bench.events(PATH, with(hello(), json!({"stream": true}))).await;
    assert!(events.iter().all(|event| event.get("usage").is_none()));
}

#[tokio::test]
async fn calls_tools_and_quotes_their_results() {
    let bench = bench(Provider::OpenAi).await;
    let ask = json!({"role": "user", "content": "call weather twice"});
    let first = json!({"model": "gpt-4o-mini", "messages": [ask], "tools": tools()});
    let (_, body) = bench.ask(PATH, &first).await;
    let message = body["choices"][0]["message"].clone();
    let calls = message["tool_calls"].as_array().unwrap();
    assert_eq!((calls.len(), &body["choices"][0]["finish_reason"]), (2, &json!("tool_calls")));
    assert_eq!(calls[0]["function"]["arguments"], r#"{"city":"Paris"}"#);
    assert_ne!(calls[0]["id"], calls[1]["id"]);

    let result =
        |call: &Value, text| json!({"role": "tool", "tool_call_id": call["id"], "content": text});
    let results = [result(&calls[0], "sunny"), result(&calls[1], "rain")];
    let second = with(first.clone(), json!({"messages": [ask, message, results[0], results[1]]}));
    let (status, body) = bench.ask(PATH, second).await;
    assert_eq!(status, 200, "{body}");
    assert_eq!(
        body["choices"][0]["message"]["content"],
        "gpt-4o-mini here: the tool said sunny; rain"
    );
    let half = with(first.clone(), json!({"messages": [ask, message, results[0]]}));
    let (status, body) = bench.ask(PATH, half).await;
    assert_eq!(status, 400);
    assert!(body["error"]["message"].as_str().unwrap().contains("did not have response messages"));

    let said = json!([{"role": "user", "content": "call weather with {\"city\": \"Rome\"} now"}]);
    let events = bench.events(PATH, with(first, json!({"messages": said, "stream": true}))).await;
    let arguments: String = events
        .iter()
        .filter_map(|event| {
            event["choices"][0]["delta"]["tool_calls"][0]["function"]["arguments"].as_str()
        })
        .collect();
    assert_eq!(arguments, "{\"city\": \"Rome\"}");
}

#[tokio::test]
async fn calls_custom_tools() {
    let bench = bench(Provider::OpenAi).await;
    let ask = json!({"role": "user", "content": "call run with print(3)"});
    let tool = json!({"type": "custom", "custom": {"name": "run"}});
    let first = json!({"model": "gpt-4o-mini", "messages": [ask], "tools": [tool]});
    let (_, body) = bench.ask(PATH, &first).await;
    let message = body["choices"][0]["message"].clone();
    let call = &message["tool_calls"][0];
    assert_eq!((&call["type"], &call["custom"]["input"]), (&json!("custom"), &json!("print(3)")));
    let result = json!({"role": "tool", "tool_call_id": call["id"], "content": "3"});
    let second = with(first, json!({"messages": [ask, message, result]}));
    let (status, body) = bench.ask(PATH, second).await;
    assert_eq!(status, 200, "{body}");
}

#[tokio::test]
async fn refuses_what_openai_refuses() {
    let bench = bench(Provider::OpenAi).await;
    let message = |message| json!({"messages": [message]});
    for (fields, param) in [
        (json!({"max_output_tokens": 5}), Value::Null),
        (json!({"messages": []}), json!("messages")),
        (json!({"temperature": 3}), json!("temperature")),
        (json!({"stop": ["a", "b", "c", "d", "e"]}), json!("stop")),
        (json!({"stream_options": {}}), json!("stream_options")),
        (json!({"tool_choice": "auto"}), json!("tool_choice")),
        (message(json!({"role": "model", "content": "x"})), json!("messages[0].role")),
        (
            message(json!({"role": "user", "content": [{"type": "image"}]})),
            json!("messages[0].content[0].type"),
        ),
        (
            message(json!({"role": "user", "content": "x", "cache_control": {}})),
            json!("messages[0].cache_control"),
        ),
        (
            message(json!({"role": "assistant", "content": null, "tool_calls": [
            {"id": "a", "type": "function", "function": {"name": "f", "arguments": {}}}]})),
            json!("messages[0].tool_calls[0].function.arguments"),
        ),
    ] {
        let (status, body) = bench.ask(PATH, with(hello(), fields.clone())).await;
        assert_eq!((status, &body["error"]["param"]), (400, &param), "{fields} {body}");
    }
    let (status, body) = bench.ask(PATH, r#"{"model":"gpt-5.4","model":"gpt-4o-mini"}"#).await;
    assert_eq!(status, 400);
    assert!(body["error"]["message"].as_str().unwrap().contains("given twice"), "{body}");
    let (status, body) = bench.ask(PATH, with(hello(), json!({"model": "claude-sonnet-5"}))).await;
    assert_eq!((status, &body["error"]["code"]), (404, &json!("model_not_found")));
    assert_eq!(bench.ask("/v1/messages", hello()).await.0, 404);
    assert_eq!(bench.simulator.bill().total().requests, 0);
}

#[tokio::test]
async fn shows_images_json_thinking_limits_refusals_and_the_cache() {
    let bench = bench(Provider::OpenAi).await;
    let image =
        json!({"type": "image_url", "image_url": {"url": format!("data:image/png;base64,{PNG}")}});
    let parts = json!([{"type": "text", "text": "see"}, image]);
    let said = |content: Value| json!({"messages": [{"role": "user", "content": content}]});
    let (_, body) = bench.ask(PATH, with(hello(), said(parts))).await;
    let text = body["choices"][0]["message"]["content"].as_str().unwrap();
    assert!(text.contains("[image/png, 70 bytes]"), "{text}");

    let schema = json!({"type": "object", "properties": {"n": {"type": "integer", "minimum": 3}}});
    let format = json!({"type": "json_schema", "json_schema": {"name": "a", "schema": schema}});
    let (_, body) = bench.ask(PATH, with(hello(), json!({"response_format": format}))).await;
    assert_eq!(body["choices"][0]["message"]["content"], r#"{"n":3}"#);

    let thinking = json!({"model": "gpt-5.4", "reasoning_effort": "high"});
    let (_, body) = bench.ask(PATH, with(hello(), thinking)).await;
    assert!(body["usage"]["completion_tokens_details"]["reasoning_tokens"].as_u64() > Some(0));

    let (_, body) = bench.ask(PATH, with(hello(), json!({"max_tokens": 2}))).await;
    assert_eq!(body["choices"][0]["message"]["content"], "gpt-4o-m");
    assert_eq!(body["choices"][0]["finish_reason"], "length");

    let (_, body) = bench.ask(PATH, with(hello(), said(json!("please refuse")))).await;
    assert_eq!(body["choices"][0]["message"]["content"], Value::Null);
    assert!(body["choices"][0]["message"]["refusal"].is_string());

    let (_, body) = bench.ask(PATH, with(hello(), said(json!("it is cached")))).await;
    assert_eq!(body["usage"]["prompt_tokens_details"]["cached_tokens"], 1);
}

#[tokio::test]
async fn lists_its_models() {
    let bench = bench(Provider::OpenAi).await;
    let url = format!("{}/v1/models", bench.simulator.base_url());
    let (_, body) = read(bench.sign(bench.client.get(url), "secret-1")).await;
    assert_eq!(body["data"][0]["id"], "gpt-5.4");
}
