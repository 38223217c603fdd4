use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::super::encode_contents::NO_SIGNATURE;
use super::{encode, encode_for, encoded};
use crate::Schema;
use crate::catalog::{Capabilities, Thinking as Thinks};
use crate::codec::{Codec, Target};
use crate::conversation::{
    Arguments, Effort, Extension, Media, Message, Opaque, OutputFormat, Part, Request, Role,
    Source, Text, ThinkingMode, Tool, ToolCall, ToolChoice, ToolResult, Unsupported,
};

fn raw(json: &str) -> &RawValue {
    serde_json::from_str(json).unwrap()
}

fn user(parts: Vec<Part<'_>>) -> Message<'_> {
    Message { role: Role::User, parts }
}

fn model(parts: Vec<Part<'_>>) -> Message<'_> {
    Message { role: Role::Assistant, parts }
}

fn call(name: &'static str) -> Part<'static> {
    Part::ToolCall(ToolCall {
        custom: false,
        id: Some(format!("call_{name}").into()),
        name: name.into(),
        arguments: Arguments::Text(r#"{"a": 1.0}"#.into()),
        signature: None,
        cache: None,
    })
}

fn result(name: &'static str, content: Vec<Part<'static>>) -> ToolResult<'static> {
    ToolResult {
        custom: false,
        call_id: Some(format!("call_{name}").into()),
        name: Some(name.into()),
        content,
        object: None,
        is_error: false,
        cache: None,
    }
}

fn media(source: Source<'static>) -> Media<'static> {
    Media { source, name: None, detail: None, cache: None }
}

fn base64(media_type: &'static str) -> Media<'static> {
    media(Source::Base64 { media_type: media_type.into(), data: "aGk=".into() })
}

fn linked(url: &'static str) -> Media<'static> {
    media(Source::Url { url: url.into(), media_type: None })
}

fn function(name: &'static str) -> Tool<'static> {
    Tool::Function {
        name: name.into(),
        description: Some("does it".into()),
        parameters: Some(std::borrow::Cow::Borrowed(raw(r#"{"type":"object"}"#))),
        strict: None,
        cache: None,
    }
}

/// An OpenAI request of these turns.
fn request(messages: Vec<Message<'static>>) -> Request<'static> {
    Request { messages, ..Request::new(Schema::Chat, "gpt-x") }
}

fn hello() -> Request<'static> {
    request(vec![user(vec![Part::text("hi")])])
}

#[test]
fn a_conversation_with_tools() {
    let mut request = request(vec![
        user(vec![Part::text("weather?")]),
        model(vec![Part::text("let me see"), call("f"), call("g")]),
        user(vec![
            Part::ToolResult(result("f", vec![Part::text("sun"), Part::text("ny")])),
            Part::ToolResult(ToolResult {
                custom: false,
                is_error: true,
                ..result("g", vec![Part::text("boom")])
            }),
        ]),
    ]);
    request.system = vec![Part::text("be brief")];
    request.tools = vec![function("f")];
    let (body, losses) = encode(&request).unwrap();
    assert_eq!(
        body,
        json!({
            "systemInstruction": {"parts": [{"text": "be brief"}]},
            "contents": [
                {"role": "user", "parts": [{"text": "weather?"}]},
                {"role": "model", "parts": [
                    {"text": "let me see"},
                    {"functionCall": {"id": "call_f", "name": "f", "args": {"a": 1.0}},
                     "thoughtSignature": NO_SIGNATURE},
                    {"functionCall": {"id": "call_g", "name": "g", "args": {"a": 1.0}}},
                ]},
                {"role": "user", "parts": [
                    {"functionResponse":
                        {"id": "call_f", "name": "f", "response": {"result": "sun\nny"}}},
                    {"functionResponse":
                        {"id": "call_g", "name": "g", "response": {"error": "boom"}}},
                ]},
            ],
            "tools": [{"functionDeclarations": [
                {"name": "f", "description": "does it",
                 "parametersJsonSchema": {"type": "object"}}]}],
        })
    );
    assert!(losses.is_empty());
}

#[test]
fn the_signature_sentinel_stands_on_the_first_call_of_each_step_of_the_current_turn() {
    let answered = |name| user(vec![Part::ToolResult(result(name, vec![Part::text("ok")]))]);
    let signed = match call("d") {
        Part::ToolCall(call) => Part::ToolCall(ToolCall { signature: Some("own".into()), ..call }),
        _ => unreachable!(),
    };
    let request = request(vec![
        user(vec![Part::text("first")]),
        model(vec![call("a")]),
        answered("a"),
        model(vec![Part::text("done")]),
        user(vec![Part::text("second")]),
        model(vec![call("b"), call("c")]),
        answered("b"),
        model(vec![signed]),
        answered("d"),
        model(vec![call("e")]),
    ]);
    let signatures = |thinks| -> Vec<Value> {
        let (body, _) = encode_for(&request, thinks).unwrap();
        let contents = body["contents"].as_array().unwrap().clone();
        let parts = contents.iter().flat_map(|content| content["parts"].as_array().unwrap());
        parts
            .filter(|part| part.get("functionCall").is_some())
            .map(|part| part.get("thoughtSignature").cloned().unwrap_or(Value::Null))
            .collect()
    };
    let none = Value::Null;
    assert_eq!(
        signatures(Thinks::Effort),
        [none.clone(), json!(NO_SIGNATURE), none.clone(), json!("own"), json!(NO_SIGNATURE)]
    );
    assert_eq!(
        signatures(Thinks::Budget),
        [none.clone(), none.clone(), none.clone(), json!("own"), none]
    );
}

#[test]
fn what_is_said_beside_a_tools_answer_begins_no_turn() {
    let answer = || Part::ToolResult(result("a", vec![Part::text("ok")]));
    for rest in [
        vec![user(vec![answer(), Part::text("and?")])],
        vec![user(vec![answer()]), user(vec![Part::text("and?")])],
    ] {
        let mut messages = vec![user(vec![Part::text("first")]), model(vec![call("a")])];
        messages.extend(rest);
        let (body, _) = encode_for(&request(messages), Thinks::Effort).unwrap();
        assert_eq!(body["contents"][1]["parts"][0]["thoughtSignature"], NO_SIGNATURE);
    }
}

#[test]
fn system_turns_fold_into_the_next_user_turn() {
    let system = Message { role: Role::System, parts: vec![Part::text("now in French")] };
    let request = request(vec![
        user(vec![Part::text("hi")]),
        model(vec![Part::text("hello")]),
        system,
        user(vec![Part::text("go on")]),
    ]);
    let (body, losses) = encode(&request).unwrap();
    assert_eq!(
        body["contents"][2],
        json!({"role": "user", "parts": [
            {"text": "<system>now in French</system>"}, {"text": "go on"}]})
    );
    assert_eq!(losses, ["messages.system"]);
}

#[test]
fn media_say_where_their_bytes_are() {
    let rows = [
        (
            Part::Image(base64("image/jpg")),
            json!({"inlineData": {"mimeType": "image/jpeg", "data": "aGk="}}),
        ),
        (
            Part::Document(base64("application/pdf")),
            json!({"inlineData": {"mimeType": "application/pdf", "data": "aGk="}}),
        ),
        (
            Part::Audio(base64("audio/mpeg")),
            json!({"inlineData": {"mimeType": "audio/mp3", "data": "aGk="}}),
        ),
        (
            Part::Image(linked("https://example.com/a/b.PNG?x=1")),
            json!({"fileData": {"mimeType": "image/png",
                "fileUri": "https://example.com/a/b.PNG?x=1"}}),
        ),
        (Part::Document(media(Source::Text { text: "words".into() })), json!({"text": "words"})),
        (Part::Refusal("no".into()), json!({"text": "no"})),
    ];
    for (part, written) in rows {
        let (body, losses) = encode(&request(vec![user(vec![part])])).unwrap();
        assert_eq!(body["contents"][0]["parts"], json!([written]));
        assert!(losses.is_empty());
    }
}

#[test]
fn media_in_results_go_where_the_model_takes_them() {
    let results = Part::ToolResult(result("f", vec![Part::Image(base64("image/png"))]));
    let request =
        request(vec![user(vec![Part::text("hi")]), model(vec![call("f")]), user(vec![results])]);
    let image = json!({"inlineData": {"mimeType": "image/png", "data": "aGk="}});
    let (body, _) = encode_for(&request, Thinks::Effort).unwrap();
    assert_eq!(body["contents"][2]["parts"][0]["functionResponse"]["parts"], json!([image]));
    let (body, _) = encode_for(&request, Thinks::Budget).unwrap();
    assert_eq!(body["contents"][2]["parts"][1], image);
}

#[test]
fn tool_choice_and_strictness() {
    let rows = [
        (None, false, Value::Null),
        (None, true, json!({"mode": "VALIDATED"})),
        (Some(ToolChoice::Auto), false, json!({"mode": "AUTO"})),
        (Some(ToolChoice::Auto), true, json!({"mode": "VALIDATED"})),
        (Some(ToolChoice::None), false, json!({"mode": "NONE"})),
        (Some(ToolChoice::Required), false, json!({"mode": "ANY"})),
        (
            Some(ToolChoice::Named("f".into())),
            true,
            json!({"mode": "ANY", "allowedFunctionNames": ["f"]}),
        ),
        (
            Some(ToolChoice::Allowed { required: true, names: vec!["f".into(), "g".into()] }),
            false,
            json!({"mode": "ANY", "allowedFunctionNames": ["f", "g"]}),
        ),
        (
            Some(ToolChoice::Allowed { required: false, names: vec!["f".into()] }),
            false,
            json!({"mode": "VALIDATED", "allowedFunctionNames": ["f"]}),
        ),
    ];
    for (choice, is_strict, config) in rows {
        let mut tool = function("f");
        if let Tool::Function { strict, .. } = &mut tool {
            *strict = Some(is_strict);
        }
        let request = Request { tools: vec![tool], tool_choice: choice, ..hello() };
        let (body, losses) = encode(&request).unwrap();
        assert_eq!(body["toolConfig"]["functionCallingConfig"], config);
        assert!(losses.is_empty());
    }
}

#[test]
fn settings() {
    let mut request = hello();
    request.sampling.temperature = Some(raw("1.0"));
    request.sampling.top_p = Some(raw("0.50"));
    request.sampling.top_k = Some(raw("4"));
    request.sampling.seed = Some(raw("12345678901234567890"));
    request.sampling.presence_penalty = Some(raw("1"));
    request.sampling.frequency_penalty = Some(raw("-2"));
    request.max_tokens = Some(9);
    request.candidates = Some(2);
    request.logprobs = Some(5);
    request.stop = vec!["x".into()];
    let encoded = encoded(&request, Thinks::Effort).unwrap();
    assert_eq!(
        std::str::from_utf8(&encoded.body).unwrap(),
        r#"{"contents":[{"role":"user","parts":[{"text":"hi"}]}],"generationConfig":{"temperature":1.0,"topP":0.50,"topK":4,"seed":12345678901234567890,"presencePenalty":1,"frequencyPenalty":-2,"maxOutputTokens":9,"candidateCount":2,"stopSequences":["x"],"responseLogprobs":true,"logprobs":5}}"#
    );
}

#[test]
fn output() {
    let request = Request { output: OutputFormat::Json, ..hello() };
    let (body, _) = encode(&request).unwrap();
    assert_eq!(body["generationConfig"], json!({"responseMimeType": "application/json"}));
    let output = OutputFormat::JsonSchema {
        name: Some("answer".into()),
        description: None,
        schema: std::borrow::Cow::Borrowed(raw(r#"{"type":"object"}"#)),
        strict: Some(true),
    };
    let (body, losses) = encode(&Request { output, ..hello() }).unwrap();
    assert_eq!(
        body["generationConfig"],
        json!({"responseMimeType": "application/json", "responseJsonSchema": {"type": "object"}})
    );
    assert_eq!(losses, ["response_format.json_schema.name"]);
}

#[test]
fn effort_becomes_level_or_budget() {
    // Effort, Gemini 3's level and whether that is a loss, Gemini 2.5's budget.
    let rows = [
        (Effort::None, "MINIMAL", true, 0),
        (Effort::Minimal, "MINIMAL", false, 1_024),
        (Effort::Low, "LOW", false, 1_024),
        (Effort::Medium, "MEDIUM", false, 8_192),
        (Effort::High, "HIGH", false, 24_576),
        (Effort::XHigh, "XHIGH", false, 24_576),
        (Effort::Max, "XHIGH", false, 24_576),
    ];
    for (effort, level, lost, budget) in rows {
        let mut request = hello();
        request.reasoning.effort = Some(effort);
        let (body, losses) = encode_for(&request, Thinks::Effort).unwrap();
        assert_eq!(body["generationConfig"]["thinkingConfig"], json!({"thinkingLevel": level}));
        assert_eq!(losses.contains(&"reasoning_effort".to_owned()), lost, "{effort:?}");
        let (body, losses) = encode_for(&request, Thinks::Budget).unwrap();
        assert_eq!(body["generationConfig"]["thinkingConfig"], json!({"thinkingBudget": budget}));
        assert!(losses.is_empty());
        let (body, losses) = encode_for(&request, Thinks::Unsupported).unwrap();
        assert_eq!(body.get("generationConfig"), None);
        assert_eq!(losses.is_empty(), effort == Effort::None);
    }
}

#[test]
fn what_a_model_cannot_be_told_becomes_the_nearest_and_is_said() {
    let told = |effort, capabilities: Capabilities| {
        let mut request = hello();
        request.reasoning.effort = Some(effort);
        let target = Target { model: "gemini-x", capabilities: &capabilities };
        let encoded = super::Gemini.encode_request(&request, &target).unwrap();
        let body: Value = serde_json::from_slice(&encoded.body).unwrap();
        (body["generationConfig"]["thinkingConfig"].clone(), !encoded.losses.is_empty())
    };
    let levels = || Capabilities {
        efforts: vec![Effort::Low, Effort::High],
        ..super::capabilities(Thinks::Effort)
    };
    for (effort, level, lost) in [
        (Effort::None, "LOW", true),
        (Effort::Minimal, "LOW", true),
        (Effort::Medium, "LOW", true),
        (Effort::High, "HIGH", false),
        (Effort::XHigh, "HIGH", true),
        (Effort::Max, "HIGH", false),
    ] {
        assert_eq!(told(effort, levels()), (json!({"thinkingLevel": level}), lost), "{effort:?}");
    }
    let always = Capabilities { thinking_off: false, ..super::capabilities(Thinks::Budget) };
    assert_eq!(told(Effort::None, always), (json!({"thinkingBudget": 128}), true));
}

#[test]
fn thinking_modes_become_level_or_budget() {
    let rows = [
        (ThinkingMode::Disabled, json!({"thinkingLevel": "MINIMAL"}), json!({"thinkingBudget": 0})),
        (ThinkingMode::Adaptive, Value::Null, json!({"thinkingBudget": -1})),
        (
            ThinkingMode::Budget(1024),
            json!({"thinkingLevel": "LOW"}),
            json!({"thinkingBudget": 1024}),
        ),
        (
            ThinkingMode::Budget(5000),
            json!({"thinkingLevel": "MEDIUM"}),
            json!({"thinkingBudget": 5000}),
        ),
        (
            ThinkingMode::Budget(60_000),
            json!({"thinkingLevel": "HIGH"}),
            json!({"thinkingBudget": 24_576}),
        ),
    ];
    for (mode, level, budget) in rows {
        let mut request = hello();
        request.reasoning.mode = Some(mode);
        let (body, _) = encode_for(&request, Thinks::Effort).unwrap();
        assert_eq!(body["generationConfig"]["thinkingConfig"], level, "{mode:?}");
        let (body, losses) = encode_for(&request, Thinks::Budget).unwrap();
        assert_eq!(body["generationConfig"]["thinkingConfig"], budget, "{mode:?}");
        assert_eq!(losses.is_empty(), mode != ThinkingMode::Budget(60_000));
    }
    let mut request = hello();
    request.reasoning.show = Some(true);
    let (body, _) = encode(&request).unwrap();
    assert_eq!(body["generationConfig"]["thinkingConfig"], json!({"includeThoughts": true}));
}

#[test]
fn what_is_lost_is_said_once_and_in_the_callers_words() {
    let cached = || {
        let cache = Some(crate::conversation::CacheBreakpoint::default());
        Part::Text(Text { cache, ..Text::new("hi") })
    };
    let mut request = Request::new(Schema::Claude, "claude-x");
    request.messages = vec![
        user(vec![cached(), cached()]),
        model(vec![
            Part::RedactedThinking("x".into()),
            Part::RedactedThinking("x".into()),
            Part::text("a"),
        ]),
        user(vec![Part::text("b")]),
    ];
    request.user = Some("u".into());
    request.extensions = vec![Extension {
        schema: Schema::Claude,
        path: "speed".into(),
        value: raw("\"fast\""),
        unsupported: Unsupported::Drop,
    }];
    let (body, losses) = encode(&request).unwrap();
    assert_eq!(losses, ["speed", "cache_control", "messages.thinking", "metadata.user_id"]);
    assert_eq!(body["contents"][1], json!({"role": "model", "parts": [{"text": "a"}]}));
}

#[test]
fn what_may_not_be_left_out_is_refused_by_name() {
    let with = |part: Part<'static>| request(vec![user(vec![part])]);
    let bad_call = match call("f") {
        Part::ToolCall(call) => {
            Part::ToolCall(ToolCall { arguments: Arguments::Text("{oops".into()), ..call })
        }
        _ => unreachable!(),
    };
    let opaque = Part::Opaque(Opaque {
        schema: Schema::Claude,
        kind: "server_tool_use".into(),
        raw: raw("{}"),
    });
    let hosted = Tool::Hosted { schema: Schema::Chat, kind: "custom".into(), raw: raw("{}") };
    let extension = Extension {
        schema: Schema::Chat,
        path: "logit_bias".into(),
        value: raw("{}"),
        unsupported: Unsupported::Refuse,
    };
    let nameless = ToolResult { name: None, ..result("f", vec![]) };
    let stops = vec!["a".into(), "b".into(), "c".into(), "d".into(), "e".into(), "f".into()];
    let rows = [
        (with(bad_call), "messages.tool_calls"),
        (with(Part::ToolResult(nameless)), "messages.tool"),
        (with(Part::Image(linked("https://example.com/picture"))), "messages.image_url"),
        (with(Part::Image(linked("ftp://example.com/a.png"))), "messages.image_url"),
        (with(Part::Document(media(Source::File { id: "file-1".into() }))), "messages.file"),
        (with(opaque), "messages.server_tool_use"),
        (with(Part::text("")), "messages"),
        (Request { tools: vec![hosted], ..hello() }, "tools.hosted"),
        (Request { tools: vec![function("1st")], ..hello() }, "tools"),
        (Request { extensions: vec![extension], ..hello() }, "logit_bias"),
        (Request { stop: stops, ..hello() }, "stop"),
        (Request { system: vec![Part::Image(base64("image/png"))], ..hello() }, "messages.system"),
    ];
    for (request, field) in rows {
        let refusal = encode(&request).unwrap_err();
        assert_eq!(refusal.field.as_deref(), Some(field), "{refusal:?}");
    }
}
