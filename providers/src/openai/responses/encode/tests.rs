//! What providers get.

#![allow(clippy::unwrap_used, clippy::panic)]

mod corpus;
mod property;

use serde_json::{Value, json};

use crate::Schema;
use crate::catalog::{Capabilities, Thinking};
use crate::codec::Target;
use crate::conversation::{
    Arguments, CacheBreakpoint, CacheTtl, Effort, Media, Message, Modality, OutputFormat, Part,
    Reasoning, Refusal, Request, Role, Source, Text, Thinking as Thought, Tool, ToolCall,
    ToolChoice, ToolResult,
};

/// What a current OpenAI model accepts.
fn modern() -> Capabilities {
    Capabilities {
        thinking: Thinking::Effort,
        efforts: vec![Effort::None, Effort::Low, Effort::Medium, Effort::High],
        tools_with_effort: false,
        cache_breakpoints: true,
        legacy_openai: false,
        ..Capabilities::default_for(Schema::Responses)
    }
}

/// A model that does not think.
fn plain() -> Capabilities {
    Capabilities {
        thinking: Thinking::Unsupported,
        cache_breakpoints: false,
        efforts: Vec::new(),
        ..modern()
    }
}

fn decode(body: &str) -> Result<Request<'_>, Refusal> {
    super::super::decode::request(body.as_bytes())
}

/// The body, what was lost, what was said in another way.
fn encode(
    request: &Request<'_>,
    capabilities: &Capabilities,
) -> Result<(Value, Vec<String>, Vec<String>), Refusal> {
    let target = Target { model: "gpt-y", capabilities };
    let encoded = super::request(request, &target)?;
    let named = |list: Vec<crate::conversation::Loss>| {
        list.into_iter().map(|loss| loss.field.into_owned()).collect()
    };
    let body = serde_json::from_slice(&encoded.body).unwrap();
    Ok((body, named(encoded.losses), named(encoded.emulated)))
}

/// A request from elsewhere that says "hi".
fn foreign(schema: Schema) -> Request<'static> {
    let mut request = Request::new(schema, "their-model");
    request.messages.push(Message { role: Role::User, parts: vec![Part::text("hi")] });
    request
}

#[test]
fn a_translated_request_says_what_is_assumed_otherwise() {
    let (body, losses, _) = encode(&foreign(Schema::Claude), &modern()).unwrap();
    assert_eq!(
        body,
        json!({"model": "gpt-y", "input": [{"type": "message", "role": "user", "content": "hi"}],
            "include": ["reasoning.encrypted_content"], "store": false})
    );
    assert_eq!(losses, [""; 0]);
    // Refused by models that don't think.
    let (body, ..) = encode(&foreign(Schema::Claude), &plain()).unwrap();
    assert_eq!(body.get("include"), None);
}

#[test]
fn a_callers_own_request_is_left_alone() {
    let text = r#"{"model":"m","input":"hi","store":true,"include":["file_search_call.results"]}"#;
    let (body, losses, _) = encode(&decode(text).unwrap(), &modern()).unwrap();
    assert_eq!(body["store"], true);
    assert_eq!(body["include"], json!(["file_search_call.results"]));
    assert_eq!(losses, [""; 0]);
}

#[test]
fn instructions_of_more_than_one_text_are_an_item() {
    let mut request = foreign(Schema::Claude);
    request.system = vec![Part::text("a")];
    let (body, ..) = encode(&request, &modern()).unwrap();
    assert_eq!(body["instructions"], "a");
    request.system.push(Part::Text(Text {
        cache: Some(CacheBreakpoint { ttl: Some(CacheTtl::OneHour) }),
        ..Text::new("b")
    }));
    let (body, losses, _) = encode(&request, &modern()).unwrap();
    assert_eq!(body.get("instructions"), None);
    assert_eq!(
        body["input"][0],
        json!({"type": "message", "role": "system", "content": [{"type": "input_text", "text": "a"},
            {"type": "input_text", "text": "b", "prompt_cache_breakpoint": {"mode": "explicit", "ttl": "12h"}}]})
    );
    assert_eq!(losses, [""; 0]);
    let (_, losses, _) = encode(&request, &plain()).unwrap();
    assert_eq!(losses, ["cache_control"]);
}

fn call(id: &'static str, custom: bool) -> ToolCall<'static> {
    ToolCall {
        id: Some(id.into()),
        name: "f".into(),
        arguments: Arguments::Text("".into()),
        custom,
        signature: None,
        cache: None,
    }
}

fn result(id: &'static str, content: Vec<Part<'static>>) -> ToolResult<'static> {
    ToolResult {
        call_id: Some(id.into()),
        name: Some("f".into()),
        content,
        object: None,
        custom: false,
        is_error: false,
        cache: None,
    }
}

#[test]
fn the_output_of_a_call_does_not_repeat_its_name() {
    // A caller's own request, in which the pairing of calls has filled the name in.
    let mut request = foreign(Schema::Responses);
    let parts = vec![Part::ToolCall(call("c1", false))];
    request.messages.push(Message { role: Role::Assistant, parts });
    let parts = vec![Part::ToolResult(result("c1", vec![Part::text("one")]))];
    request.messages.push(Message { role: Role::User, parts });
    let (body, ..) = encode(&request, &modern()).unwrap();
    let output = json!({"type": "function_call_output", "call_id": "c1", "output": "one"});
    assert_eq!(body["input"][2], output);
}

fn picture() -> Media<'static> {
    let source = Source::Base64 { media_type: "image/png".into(), data: "QQ==".into() };
    Media { source, name: None, detail: None, cache: None }
}

fn thought(text: &'static str, proof: Option<&'static str>) -> Part<'static> {
    let signature = proof.map(Into::into);
    Part::Thinking(Thought { id: None, text: text.into(), signature })
}

#[test]
fn an_answer_is_items_in_its_order() {
    let mut request = foreign(Schema::Claude);
    request.messages.push(Message {
        role: Role::Assistant,
        parts: vec![
            thought("hm", Some("enc")),
            Part::text("a"),
            Part::ToolCall(call("c1", false)),
            Part::text("b"),
            Part::ToolCall(call("c2", true)),
            Part::Refusal("no".into()),
            thought("foreign", None),
        ],
    });
    let mut failed = result("c2", vec![Part::Image(picture())]);
    (failed.custom, failed.is_error) = (true, true);
    let parts =
        vec![Part::ToolResult(result("c1", vec![Part::text("one")])), Part::ToolResult(failed)];
    request.messages.push(Message { role: Role::User, parts });
    let (body, losses, emulated) = encode(&request, &modern()).unwrap();
    assert_eq!(
        body["input"],
        json!([
            {"type": "message", "role": "user", "content": "hi"},
            {"type": "reasoning", "summary": [{"type": "summary_text", "text": "hm"}], "encrypted_content": "enc"},
            {"type": "message", "role": "assistant", "content": "a"},
            {"type": "function_call", "call_id": "c1", "name": "f", "arguments": "{}"},
            {"type": "message", "role": "assistant", "content": "b"},
            {"type": "custom_tool_call", "call_id": "c2", "name": "f", "input": ""},
            {"type": "message", "id": "msg_6", "status": "completed", "role": "assistant",
                "content": [{"type": "refusal", "refusal": "no"}]},
            {"type": "function_call_output", "call_id": "c1", "output": "one"},
            {"type": "custom_tool_call_output", "call_id": "c2", "output": [{"type": "input_text", "text": "Error"},
                {"type": "input_image", "image_url": "data:image/png;base64,QQ==", "detail": "auto"}]},
        ])
    );
    assert_eq!(losses, ["messages.thinking"]);
    assert_eq!(emulated, ["messages.tool_result.is_error"]);
}

#[test]
fn a_thought_never_stands_without_what_came_of_it() {
    let mut request = foreign(Schema::Claude);
    let parts = vec![Part::text("a"), thought("hm", Some("enc"))];
    request.messages.push(Message { role: Role::Assistant, parts });
    request.messages.push(Message { role: Role::User, parts: vec![Part::text("b")] });
    let (body, losses, _) = encode(&request, &modern()).unwrap();
    assert!(!body.to_string().contains("enc\""), "{body}");
    assert_eq!(losses, ["messages.thinking"]);
}

#[test]
fn proofs_on_calls_and_texts_go_before_them() {
    let mut request = foreign(Schema::Gemini);
    let signed = ToolCall { signature: Some("on-call".into()), ..call("c1", false) };
    let text = Text { signature: Some("on-text".into()), ..Text::new("a") };
    let parts = vec![
        Part::Text(text),
        Part::ToolCall(signed),
        Part::RedactedThinking("all".into()),
        Part::text("b"),
    ];
    request.messages.push(Message { role: Role::Assistant, parts });
    let (body, losses, _) = encode(&request, &modern()).unwrap();
    let proofs: Vec<_> = body["input"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["encrypted_content"].as_str().unwrap_or("-"))
        .collect();
    assert_eq!(proofs, ["-", "on-text", "-", "on-call", "-", "all", "-"]);
    assert_eq!(losses, [""; 0]);
}

fn raw(text: &str) -> Box<serde_json::value::RawValue> {
    serde_json::value::RawValue::from_string(text.to_owned()).unwrap()
}

#[test]
fn strictness_is_always_said() {
    let open = raw(r#"{"type":"object","properties":{"a":{}}}"#);
    let closed = raw(r#"{"type":"object","properties":{"a":{}},"required":["a"]}"#);
    let rows = [
        (None, Some(&open), json!(false), &[][..]),
        (Some(false), Some(&open), json!(false), &[]),
        (Some(true), Some(&closed), json!(true), &[]),
        (Some(true), Some(&open), json!(false), &["tools.strict"]),
        (None, None, json!(false), &[]),
        (Some(true), None, json!(true), &[]),
    ];
    for (strict, schema, said, lost) in rows {
        let mut request = foreign(Schema::Claude);
        request.tools.push(Tool::Function {
            name: "f".into(),
            description: None,
            parameters: schema.map(|schema| std::borrow::Cow::Borrowed(&**schema)),
            strict,
            cache: None,
        });
        let (body, losses, _) = encode(&request, &modern()).unwrap();
        assert_eq!(body["tools"][0]["strict"], said, "{strict:?} {schema:?}");
        assert_eq!(losses, lost, "{strict:?} {schema:?}");
        let parameters = &body["tools"][0]["parameters"];
        assert!(said == false || parameters["additionalProperties"] == false, "{parameters}");
        assert_eq!(parameters["type"], "object");
    }
}

#[test]
fn choices_are_flat() {
    let mut request = foreign(Schema::Chat);
    let custom = Tool::Custom { name: "sql".into(), description: None, format: None };
    request.tools.push(custom);
    let rows = [
        (ToolChoice::Auto, json!("auto")),
        (ToolChoice::None, json!("none")),
        (ToolChoice::Required, json!("required")),
        (ToolChoice::Named("f".into()), json!({"type": "function", "name": "f"})),
        (ToolChoice::Named("sql".into()), json!({"type": "custom", "name": "sql"})),
        (
            ToolChoice::Allowed { required: false, names: vec!["f".into(), "sql".into()] },
            json!({"type": "allowed_tools", "mode": "auto",
                "tools": [{"type": "function", "name": "f"}, {"type": "custom", "name": "sql"}]}),
        ),
    ];
    for (choice, said) in rows {
        request.tool_choice = Some(choice);
        let (body, ..) = encode(&request, &modern()).unwrap();
        assert_eq!(body["tool_choice"], said);
    }
    let stubborn = Capabilities { forced_tools: false, ..modern() };
    request.tool_choice = Some(ToolChoice::Required);
    let refusal = encode(&request, &stubborn).unwrap_err();
    assert_eq!(refusal.field.as_deref(), Some("tool_choice"));
}

#[test]
fn effort_is_asked_for_beside_tools_too() {
    let mut request = foreign(Schema::Claude);
    request.tools.push(Tool::Function {
        name: "f".into(),
        description: None,
        parameters: None,
        strict: None,
        cache: None,
    });
    request.reasoning = Reasoning { effort: Some(Effort::Max), show: Some(true), mode: None };
    let (body, losses, _) = encode(&request, &modern()).unwrap();
    assert_eq!(body["reasoning"], json!({"effort": "high", "summary": "auto"}));
    assert_eq!(losses, ["thinking"]);
    let (body, losses, _) = encode(&request, &plain()).unwrap();
    assert_eq!(body.get("reasoning"), None);
    assert_eq!(losses, ["thinking"]);
}

#[test]
fn what_responses_has_no_word_for() {
    type Change = fn(&mut Request<'static>);
    let number = |text: &str| -> &'static serde_json::value::RawValue { Box::leak(raw(text)) };
    let refused: [(&str, Change); 6] = [
        ("stop", |r| r.stop.push("x".into())),
        ("n", |r| r.candidates = Some(2)),
        ("max_completion_tokens", |r| r.max_tokens = Some(15)),
        ("modalities", |r| r.modalities = vec![Modality::Text, Modality::Audio]),
        ("messages.input_audio", |r| r.messages[0].parts.push(Part::Audio(picture()))),
        ("messages.image_url", |r| {
            let source = Source::File { id: "file-1".into() };
            r.messages[0].parts.push(Part::Image(Media { source, ..picture() }));
        }),
    ];
    for (field, change) in refused {
        let mut request = foreign(Schema::Chat);
        change(&mut request);
        let refusal = encode(&request, &modern()).unwrap_err();
        assert_eq!(refusal.field.as_deref(), Some(field), "{}", refusal.message);
    }
    let mut request = foreign(Schema::Chat);
    request.sampling.seed = Some(number("7"));
    request.sampling.top_k = Some(number("7"));
    request.sampling.presence_penalty = Some(number("0.0"));
    let (body, losses, _) = encode(&request, &modern()).unwrap();
    assert_eq!(losses, ["presence_penalty", "seed", "top_k"]);
    assert_eq!(body.get("seed"), None);
    request.sampling.frequency_penalty = Some(number("0.1"));
    let refusal = encode(&request, &modern()).unwrap_err();
    assert_eq!(refusal.field.as_deref(), Some("frequency_penalty"));
}

#[test]
fn formats_are_flat() {
    let mut request = foreign(Schema::Gemini);
    request.output = OutputFormat::Json;
    let (body, ..) = encode(&request, &modern()).unwrap();
    assert_eq!(body["text"], json!({"format": {"type": "json_object"}}));
    let schema = std::borrow::Cow::Owned(raw(r#"{"type":"object"}"#));
    request.output =
        OutputFormat::JsonSchema { name: None, description: None, schema, strict: None };
    let (body, ..) = encode(&request, &modern()).unwrap();
    assert_eq!(
        body["text"],
        json!({"format": {"type": "json_schema", "name": "response", "schema": {"type": "object"}, "strict": false}})
    );
}

#[test]
fn own_fields_go_back_to_their_places() {
    let written = json!({"model": "gpt-y", "input": [{"type": "message", "role": "user", "content": "hi"}],
        "text": {"verbosity": "low", "novel": 1,
            "format": {"type": "json_schema", "name": "n", "schema": {"type": "object"}, "novel": 2}},
        "reasoning": {"effort": "low", "summary": "detailed", "context": "c"},
        "tool_choice": {"type": "web_search"}, "tools": [{"type": "web_search", "novel": 3}],
        "stream": true, "stream_options": {"include_obfuscation": true, "novel": 4},
        "include": ["web_search_call.action.sources"], "previous_response_id": "r", "client_metadata": {"a": "b"}});
    let text = written.to_string();
    let (body, losses, _) = encode(&decode(&text).unwrap(), &modern()).unwrap();
    assert_eq!(body, written);
    assert_eq!(losses, [""; 0]);
}
