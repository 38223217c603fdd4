use serde_json::{Value, json};

use super::super::Provider;
use super::{PNG, bench, read};

const PATH: &str = "/v1beta/models/gemini-2.5-flash:generateContent";
const NEW: &str = "/v1/models/gemini-3.1-pro-preview:generateContent";
const STREAM: &str = "/v1beta/models/gemini-2.5-flash:streamGenerateContent";

fn said(text: &str) -> Value {
    json!({"contents": [{"role": "user", "parts": [{"text": text}]}]})
}

fn with(mut body: Value, fields: Value) -> Value {
    for (name, value) in fields.as_object().unwrap() {
        body[name] = value.clone();
    }
    body
}

fn tools() -> Value {
    json!({"functionDeclarations": [{"name": "weather", "parametersJsonSchema": {
        "type": "object", "properties": {"city": {"type": "string"}}, "additionalProperties": false}}]})
}

#[tokio::test]
async fn answers_its_credential_only() {
    let bench = bench(Provider::Gemini).await;
    let (status, body) = bench.ask(PATH, said("hello")).await;
    assert_eq!(status, 200, "{body}");
    let candidate = &body["candidates"][0];
    assert_eq!(candidate["content"]["parts"][0]["text"], "gemini-2.5-flash here: hello");
    assert_eq!(candidate["finishReason"], "STOP");
    assert_eq!(body["usageMetadata"]["totalTokenCount"], 9);

    let url = format!("{}{PATH}", bench.simulator.base_url());
    let (status, body) = read(bench.sign(bench.client.post(&url), "wrong")).await;
    assert_eq!((status, &body["error"]["status"]), (400, &json!("INVALID_ARGUMENT")));
    assert_eq!(body["error"]["details"][0]["reason"], "API_KEY_INVALID");
    let bearer = bench.client.post(&url).header("authorization", "Bearer secret-1");
    assert_eq!(read(bearer).await.0, 403);
}

#[tokio::test]
async fn streams_events_with_crlf_or_an_array() {
    let bench = bench(Provider::Gemini).await;
    let text = bench.post(&format!("{STREAM}?alt=sse"), said("hello")).send().await.unwrap();
    let text = text.text().await.unwrap();
    assert!(
        text.ends_with("}\r\n\r\n")
            && text.matches("\r\n\r\n").count() == text.matches("data: ").count()
    );
    let events = super::events(&text);
    let list: Vec<Value> = serde_json::from_str(
        &bench.post(STREAM, said("hello")).send().await.unwrap().text().await.unwrap(),
    )
    .unwrap();
    assert_eq!(events, list);
    let spoken: String = events
        .iter()
        .map(|event| event["candidates"][0]["content"]["parts"][0]["text"].as_str().unwrap())
        .collect();
    assert_eq!(spoken, "gemini-2.5-flash here: hello");
    let last = events.last().unwrap();
    assert_eq!(last["candidates"][0]["finishReason"], "STOP");
    assert_eq!(last["usageMetadata"]["candidatesTokenCount"], 7);
    let counts: Vec<_> = events
        .iter()
        .map(|event| event["usageMetadata"]["candidatesTokenCount"].as_u64().unwrap())
        .collect();
    assert!(counts.is_sorted());
}

#[tokio::test]
async fn calls_tools_and_wants_their_signature_back() {
    let bench = bench(Provider::Gemini).await;
    let ask = json!({"role": "user", "parts": [{"text": "call weather twice"}]});
    let first = json!({"contents": [ask], "tools": [tools()]});
    let (_, body) = bench.ask(NEW, &first).await;
    let turn = body["candidates"][0]["content"].clone();
    let calls = turn["parts"].as_array().unwrap();
    assert_eq!((calls.len(), &calls[0]["functionCall"]["args"]), (2, &json!({"city": "Paris"})));
    assert!(calls[0]["thoughtSignature"].is_string() && calls[1]["thoughtSignature"].is_null());

    let response =
        json!({"functionResponse": {"name": "weather", "response": {"result": "sunny"}}});
    let answer = json!({"role": "user", "parts": [response, response]});
    let full = with(first.clone(), json!({"contents": [ask, turn, answer]}));
    let (status, body) = bench.ask(NEW, full).await;
    assert_eq!(status, 200, "{body}");
    let text = body["candidates"][0]["content"]["parts"][0]["text"].as_str().unwrap();
    assert!(text.contains(r#"the tool said {"result":"sunny"}"#), "{text}");

    let half = json!({"role": "user", "parts": [response]});
    let (status, body) =
        bench.ask(NEW, with(first.clone(), json!({"contents": [ask, turn, half]}))).await;
    assert_eq!(status, 400);
    assert!(
        body["error"]["message"].as_str().unwrap().contains("number of function response parts")
    );

    let mut bare = turn.clone();
    bare["parts"][0].as_object_mut().unwrap().remove("thoughtSignature");
    let unsigned = with(first, json!({"contents": [ask, bare, answer]}));
    let (status, body) = bench.ask(NEW, &unsigned).await;
    assert_eq!(status, 400);
    assert!(body["error"]["message"].as_str().unwrap().contains("missing a thought_signature"));
    assert_eq!(bench.ask(PATH, unsigned).await.0, 200);
}

#[tokio::test]
async fn refuses_what_gemini_refuses() {
    let bench = bench(Provider::Gemini).await;
    let config = |config: Value| with(said("x"), json!({"generationConfig": config}));
    let declared = |schema: Value| {
        with(
            said("x"),
            json!({"tools": [{"functionDeclarations": [{"name": "f", "parameters": schema}]}]}),
        )
    };
    for (body, part) in [
        (with(said("x"), json!({"messages": []})), "Unknown name \"messages\""),
        (with(said("x"), json!({"max_tokens": 1})), "Unknown name \"max_tokens\""),
        (config(json!({"stop_sequences": ["1", "2", "3", "4", "5", "6"]})), "must not exceed 5"),
        (config(json!({"topP": 0.5, "top_p": 0.5})), "given twice"),
        (config(json!({"responseSchema": {"type": "OBJECT"}})), "response_mime_type"),
        (
            declared(json!({"type": "object", "additionalProperties": false})),
            "Unknown name \"additionalProperties\"",
        ),
        (
            declared(json!({"type": "object", "properties": {"a": {"$ref": "#/b"}}})),
            "Unknown name \"$ref\"",
        ),
        (json!({"contents": []}), "must not be empty"),
        (
            json!({"contents": [{"role": "assistant", "parts": [{"text": "x"}]}]}),
            "contents[0].role",
        ),
        (json!({"contents": [{"role": "user", "parts": [{}]}]}), "required oneof field 'data'"),
        (
            json!({"contents": [{"role": "user", "parts": [{"text": "x"}]}, {"role": "model", "parts": [{"functionCall": {"name": "f", "args": "{}"}}]}]}),
            "contents[1].parts[0].functionCall.args",
        ),
    ] {
        let (status, answer) = bench.ask(PATH, &body).await;
        let message = answer["error"]["message"].as_str().unwrap();
        assert!(status == 400 && message.contains(part), "{body} → {message}");
    }
    let (status, body) =
        bench.ask("/v1beta/models/gemini-does-not-exist:generateContent", said("x")).await;
    assert_eq!((status, &body["error"]["status"]), (404, &json!("NOT_FOUND")));
}

#[tokio::test]
async fn reads_snake_case_and_shows_thoughts_images_json_and_refusals() {
    let bench = bench(Provider::Gemini).await;
    let thinking = json!({"thinking_config": {"include_thoughts": true, "thinkingBudget": 100}});
    let body = with(
        said("hello"),
        json!({"generation_config": thinking,
        "system_instruction": {"parts": {"text": "be brief"}}}),
    );
    let (status, body) = bench.ask(PATH, body).await;
    assert_eq!(status, 200, "{body}");
    let parts = &body["candidates"][0]["content"]["parts"];
    assert_eq!(
        (&parts[0]["thought"], &parts[0]["text"]),
        (&json!(true), &json!("I think about: hello"))
    );
    let usage = &body["usageMetadata"];
    assert_eq!(
        (&usage["thoughtsTokenCount"], &usage["candidatesTokenCount"]),
        (&json!(5), &json!(7))
    );
    assert_eq!(bench.simulator.bill().total().output, 12);

    let image = json!({"inline_data": {"mime_type": "image/png", "data": PNG}});
    let (_, body) =
        bench.ask(PATH, json!({"contents": [{"parts": [{"text": "see"}, image]}]})).await;
    assert!(body.to_string().contains("[image/png, 70 bytes]"), "{body}");

    let json_out = json!({"responseMimeType": "application/json", "responseSchema": {
        "type": "OBJECT", "properties": {"tags": {"type": "ARRAY", "items": {"type": "STRING"}}}}});
    let (_, body) = bench.ask(PATH, with(said("x"), json!({"generationConfig": json_out}))).await;
    assert_eq!(body["candidates"][0]["content"]["parts"][0]["text"], r#"{"tags":["text"]}"#);

    let (_, body) = bench.ask(PATH, said("refuse")).await;
    assert!(body.get("candidates").is_none() && body["promptFeedback"]["blockReason"].is_string());
}
