//! The clouds that offer a provider's API: wire.md §7.

use serde_json::{Value, json};

use super::super::{Fault, Provider};
use super::{Bench, bench, events, read, unpacked};

/// A POST with these headers only.
fn post(
    bench: &Bench,
    path: &str,
    headers: &[(&str, &str)],
    body: &Value,
) -> reqwest::RequestBuilder {
    let request = bench
        .client
        .post(format!("{}{path}", bench.simulator.base_url()))
        .header("content-type", "application/json")
        .body(body.to_string());
    headers.iter().fold(request, |request, (name, value)| request.header(*name, *value))
}

const BEARER: &[(&str, &str)] = &[("authorization", "Bearer secret-1")];
const API_KEY: &[(&str, &str)] = &[("api-key", "secret-1")];

#[tokio::test]
async fn azure_serves_deployments_and_v1() {
    let bench = bench(Provider::OpenAi).await;
    let classic = "/openai/deployments/my-gpt/chat/completions?api-version=2024-10-21";
    let body = json!({"messages": [{"role": "user", "content": "x"}]});
    let (status, answer) = read(post(&bench, classic, API_KEY, &body)).await;
    assert_eq!(status, 200, "{answer}");
    assert_eq!(answer["choices"][0]["message"]["content"], "my-gpt here: x");
    assert_eq!(answer["choices"][0]["content_filter_results"]["hate"]["filtered"], false);
    assert!(answer["prompt_filter_results"].is_array());
    assert_eq!(bench.simulator.bill().read()["my-gpt"].requests, 1);

    let streamed = json!({"messages": [{"role": "user", "content": "x"}], "stream": true});
    let text =
        post(&bench, classic, API_KEY, &streamed).send().await.unwrap().text().await.unwrap();
    let events = events(&text);
    assert_eq!((&events[0]["choices"], &events[0]["id"]), (&json!([]), &json!("")));
    assert_eq!(events[1]["choices"][0]["delta"]["role"], "assistant");

    let v1 = json!({"model": "gpt-5.4", "messages": [{"role": "user", "content": "x"}]});
    let responses = json!({"model": "gpt-5.4", "input": "x"});
    let embedding = json!({"input": "x"});
    let lost = "/openai/deployments/does-not-exist/chat/completions?api-version=1";
    for (path, headers, body, status, code) in [
        ("/openai/v1/chat/completions", API_KEY, &v1, 200, Value::Null),
        ("/openai/v1/chat/completions", BEARER, &v1, 200, Value::Null),
        ("/openai/v1/responses", API_KEY, &responses, 200, Value::Null),
        ("/openai/v1/files", API_KEY, &responses, 200, Value::Null),
        (
            "/openai/deployments/text-embedding-3-small/embeddings?api-version=1",
            API_KEY,
            &embedding,
            200,
            Value::Null,
        ),
        (classic, &[("api-key", "wrong")], &body, 401, json!("401")),
        (classic, &[("x-api-key", "secret-1")], &body, 401, json!("401")),
        (lost, API_KEY, &body, 404, json!("DeploymentNotFound")),
        ("/openai/deployments/my-gpt/chat/completions", API_KEY, &body, 404, Value::Null),
        ("/openai/v1/chat/completions", API_KEY, &body, 400, json!("missing_required_parameter")),
    ] {
        let (got, answer) = read(post(&bench, path, headers, body)).await;
        assert_eq!((got, &answer["error"]["code"]), (status, &code), "{path} {answer}");
    }
}

#[tokio::test]
async fn mantle_serves_models_under_their_long_names() {
    let bench = bench(Provider::OpenAi).await;
    let body = json!({"model": "us.openai.gpt-5.6-sol", "input": "x"});
    let (status, answer) = read(post(&bench, "/openai/v1/responses", BEARER, &body)).await;
    // It thinks unasked, as gpt-5.6 does.
    assert_eq!((status, &answer["output"][0]["type"]), (200, &json!("reasoning")), "{answer}");
    let body = json!({"model": "openai.gpt-5.4", "messages": [{"role": "user", "content": "x"}]});
    let (_, answer) = read(post(&bench, "/openai/v1/chat/completions", BEARER, &body)).await;
    assert_eq!(answer.get("prompt_filter_results"), None);
}

#[tokio::test]
async fn foundry_and_mantle_serve_messages() {
    let bench = bench(Provider::Claude).await;
    let body = json!({"model": "claude-haiku-4-5", "max_tokens": 9, "messages": [{"role": "user", "content": "x"}]});
    let path = "/anthropic/v1/messages";
    let version = ("anthropic-version", "2023-06-01");
    for (headers, status) in [
        (vec![("x-api-key", "secret-1"), version], 200),
        (vec![("api-key", "secret-1"), version], 200),
        (vec![("authorization", "Bearer secret-1"), version], 200),
        (vec![("api-key", "secret-1")], 400),
        (vec![("api-key", "wrong"), version], 401),
    ] {
        let (got, answer) = read(post(&bench, path, &headers, &body)).await;
        assert_eq!(got, status, "{answer}");
        assert!(status == 200 || answer["type"] == "error", "{answer}");
    }
    let mut long = body;
    long["model"] = json!("us.anthropic.claude-haiku-4-5-20251001-v1:0");
    let headers = [("authorization", "Bearer secret-1"), version];
    assert_eq!(read(post(&bench, path, &headers, &long)).await.0, 200);
}

#[tokio::test]
async fn vertex_serves_gemini_and_its_own_signatures() {
    let bench = bench(Provider::Gemini).await;
    let at = |verb: &str| {
        format!(
            "/v1/projects/p/locations/global/publishers/google/models/gemini-3-flash-preview:{verb}"
        )
    };
    let ask = json!({"contents": [{"role": "user", "parts": [{"text": "call f"}]}], "labels": {"a": "b"},
                     "tools": [{"functionDeclarations": [{"name": "f"}]}]});
    let path = at("generateContent");
    let (status, answer) = read(post(&bench, &path, BEARER, &ask)).await;
    assert_eq!(status, 200, "{answer}");
    let turn = answer["candidates"][0]["content"].clone();
    let result =
        json!({"role": "user", "parts": [{"functionResponse": {"name": "f", "response": {}}}]});
    let mut full = json!({"contents": [ask["contents"][0], turn, result], "tools": ask["tools"]});
    assert_eq!(read(post(&bench, &path, BEARER, &full)).await.0, 200);
    let own = "/v1beta/models/gemini-3-flash-preview:generateContent";
    let (status, answer) = bench.ask(own, &full).await;
    assert_eq!(
        (status, &answer["error"]["message"]),
        (400, &json!("Corrupted thought signature."))
    );

    let text = post(&bench, &format!("{}?alt=sse", at("streamGenerateContent")), BEARER, &ask)
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    assert!(events(&text).last().unwrap()["candidates"][0]["finishReason"] == "STOP");
    let (_, counted) = read(post(&bench, &at("countTokens"), BEARER, &ask)).await;
    assert!(counted["totalTokens"].is_u64(), "{counted}");

    full["labels"] = json!({});
    assert_eq!(bench.ask(own, &full).await.0, 400, "labels are Vertex's");
    let (status, answer) = read(post(&bench, &path, &[("x-goog-api-key", "secret-1")], &ask)).await;
    assert_eq!((status, &answer["error"]["status"]), (401, &json!("UNAUTHENTICATED")));
    let lost = path.replace("gemini-3-flash-preview", "nobody");
    let (status, answer) = read(post(&bench, &lost, BEARER, &ask)).await;
    assert_eq!((status, &answer["error"]["status"]), (404, &json!("NOT_FOUND")));
}

#[tokio::test]
async fn vertex_serves_claude_with_the_version_in_the_body() {
    let bench = bench(Provider::Claude).await;
    let at = |model: &str, verb: &str| {
        format!("/v1/projects/p/locations/us-east5/publishers/anthropic/models/{model}:{verb}")
    };
    let body = json!({"anthropic_version": "vertex-2023-10-16", "max_tokens": 99,
                      "messages": [{"role": "user", "content": "x"}]});
    let path = at("claude-haiku-4-5@20251001", "rawPredict");
    let (status, answer) = read(post(&bench, &path, BEARER, &body)).await;
    assert_eq!(status, 200, "{answer}");
    assert!(answer["id"].as_str().unwrap().starts_with("msg_vrtx_"));
    let text = post(&bench, &path.replace("rawPredict", "streamRawPredict"), BEARER, &body)
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    assert!(text.starts_with("event: message_start") && text.contains("event: message_stop"));
    let mut count = json!({"anthropic_version": "vertex-2023-10-16", "model": "claude-haiku-4-5"});
    count["messages"] = body["messages"].clone();
    let (_, counted) = read(post(&bench, &at("count-tokens", "rawPredict"), BEARER, &count)).await;
    assert_eq!(counted, json!({"input_tokens": 1}));

    let with = |name: &str, value: Value| {
        let mut body = body.clone();
        body[name] = value;
        body
    };
    for (path, headers, body, status) in [
        (&path, BEARER, with("temperature", json!(1)), 200),
        (&path, BEARER, with("model", json!("claude-haiku-4-5")), 400),
        (&path, BEARER, with("anthropic_version", Value::Null), 400),
        (&path, BEARER, with("anthropic_version", json!("2023-06-01")), 400),
        (&path, &[("x-api-key", "secret-1")], body.clone(), 401),
        (&at("nobody", "rawPredict"), BEARER, body.clone(), 404),
    ] {
        let (got, answer) = read(post(&bench, path, headers, &body)).await;
        assert_eq!(got, status, "{body} {answer}");
    }
    let mut newer = with("anthropic_version", json!("2026-10-21"));
    assert_eq!(read(post(&bench, &path, BEARER, &newer)).await.0, 200);
    newer["temperature"] = json!(1);
    assert_eq!(read(post(&bench, &path, BEARER, &newer)).await.0, 400);
}

/// The messages of an event stream: headers and payload. Checks lengths and both sums.
fn messages(mut bytes: &[u8]) -> Vec<(Vec<(String, String)>, Value)> {
    let number =
        |bytes: &[u8], at: usize| u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap());
    let mut messages = Vec::new();
    while !bytes.is_empty() {
        let total = number(bytes, 0) as usize;
        let (message, rest) = bytes.split_at(total);
        assert_eq!(number(message, 8), crc32fast::hash(&message[..8]));
        assert_eq!(number(message, total - 4), crc32fast::hash(&message[..total - 4]));
        let (mut head, payload) = message[12..total - 4].split_at(number(message, 4) as usize);
        let mut headers = Vec::new();
        while let [length, after @ ..] = head {
            let (name, after) = after.split_at(*length as usize);
            assert_eq!(after[0], 7);
            let (value, after) =
                after[3..].split_at(usize::from(after[1]) << 8 | usize::from(after[2]));
            let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
            headers.push((text(name), text(value)));
            head = after;
        }
        messages.push((headers, serde_json::from_slice(payload).unwrap()));
        bytes = rest;
    }
    messages
}

#[tokio::test]
async fn bedrock_invokes_claude() {
    let bench = bench(Provider::Claude).await;
    let body = json!({"anthropic_version": "bedrock-2023-05-31", "max_tokens": 99,
                      "messages": [{"role": "user", "content": "x"}]});
    let path = "/model/us.anthropic.claude-haiku-4-5-20251001-v1%3A0/invoke";
    let (status, answer) = read(post(&bench, path, BEARER, &body)).await;
    assert_eq!(status, 200, "{answer}");
    assert!(answer["id"].as_str().unwrap().starts_with("msg_bdrk_"));

    let stream = format!("{path}-with-response-stream");
    let response = post(&bench, &stream, BEARER, &body).send().await.unwrap();
    assert_eq!(response.headers()["content-type"], "application/vnd.amazon.eventstream");
    let chunks = messages(&response.bytes().await.unwrap());
    let mut text = String::new();
    for (headers, payload) in &chunks {
        assert_eq!(headers[0], (":event-type".to_owned(), "chunk".to_owned()));
        let event: Value =
            serde_json::from_slice(&unpacked(payload["bytes"].as_str().unwrap())).unwrap();
        text.push_str(event["delta"]["text"].as_str().unwrap_or_default());
        if event["type"] == "message_stop" {
            assert!(event["amazon-bedrock-invocationMetrics"]["outputTokenCount"].is_u64());
        }
    }
    assert_eq!(text, "claude-haiku-4-5-20251001-v1:0 here: x");
    bench.simulator.script().next_n(1, [Fault::Error(2, 429)]);
    let bytes = post(&bench, &stream, BEARER, &body).send().await.unwrap().bytes().await.unwrap();
    let last = messages(&bytes).pop().unwrap();
    assert_eq!(last.0[0], (":exception-type".to_owned(), "throttlingException".to_owned()));

    let with = |name: &str, value: Value| {
        let mut body = body.clone();
        body[name] = value;
        body
    };
    let url = json!([{"role": "user", "content": [{"type": "image", "source": {"type": "url", "url": "https://x/"}}]}]);
    for (path, headers, body, status, kind) in [
        (path, BEARER, with("stream", json!(true)), 400, "ValidationException"),
        (path, BEARER, with("model", json!("x")), 400, "ValidationException"),
        (path, BEARER, with("anthropic_version", json!("2026-10-21")), 400, "ValidationException"),
        (path, BEARER, with("messages", url), 400, "ValidationException"),
        (path, API_KEY, body.clone(), 403, "AccessDeniedException"),
        ("/model/anthropic.nobody/invoke", BEARER, body.clone(), 400, "ValidationException"),
        (path, BEARER, with("anthropic_beta", json!(["x"])), 200, ""),
    ] {
        let response = post(&bench, path, headers, &body).send().await.unwrap();
        let got = response
            .headers()
            .get("x-amzn-errortype")
            .map_or("", |kind| kind.to_str().unwrap())
            .to_owned();
        assert_eq!((response.status().as_u16(), got.as_str()), (status, kind), "{body}");
        let answer: Value = serde_json::from_slice(&response.bytes().await.unwrap()).unwrap();
        assert!(status == 200 || answer["message"].is_string(), "{answer}");
    }
}
