//! Requests, from the model to the wire, one row of `wire.md` §5.1 after the other.

use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::{able, decode, encode, encoded};
use crate::Schema;
use crate::catalog::{Capabilities, Thinking as Kind};
use crate::conversation::{
    Arguments, Effort, Extension, Loss, Media, Message, Modality, Opaque, OutputFormat, Part,
    Request, Role, Source, Text, Thinking, ThinkingMode, Tool, ToolCall, ToolChoice, ToolResult,
    Unsupported,
};

type Change = Box<dyn FnOnce(&mut Request<'static>)>;

pub(super) fn raw(text: &str) -> &'static RawValue {
    Box::leak(RawValue::from_string(text.to_owned()).unwrap())
}

pub(super) fn message(role: Role, parts: Vec<Part<'static>>) -> Message<'static> {
    Message { role, parts }
}

pub(super) fn asked(change: impl FnOnce(&mut Request<'static>)) -> Request<'static> {
    let mut request = Request::new(Schema::Chat, "asked");
    request.messages = vec![message(Role::User, vec![Part::text("hi")])];
    change(&mut request);
    request
}

fn tool(name: &'static str) -> Tool<'static> {
    Tool::Function {
        name: name.into(),
        description: None,
        parameters: None,
        strict: None,
        cache: None,
    }
}

pub(super) fn call(id: &'static str, arguments: &'static str) -> Part<'static> {
    Part::ToolCall(ToolCall {
        custom: false,
        id: Some(id.into()),
        name: "look".into(),
        arguments: Arguments::Text(arguments.into()),
        signature: None,
        cache: None,
    })
}

pub(super) fn result(id: &'static str, content: Vec<Part<'static>>) -> Part<'static> {
    Part::ToolResult(ToolResult {
        custom: false,
        call_id: Some(id.into()),
        name: None,
        content,
        object: None,
        is_error: false,
        cache: None,
    })
}

fn media(source: Source<'static>) -> Media<'static> {
    Media { source, name: None, detail: None, cache: None }
}

pub(super) fn base64(media_type: &'static str) -> Media<'static> {
    media(Source::Base64 { media_type: media_type.into(), data: "aGk=".into() })
}

#[test]
fn what_anthropic_can_not_say_is_refused_in_the_callers_words() {
    let said =
        |part: Part<'static>| -> Change { Box::new(move |r| r.messages[0].parts.push(part)) };
    let unable =
        Capabilities { sampling: false, forced_tools: false, prefill: false, ..able(Kind::Budget) };
    let cases: Vec<(&str, Capabilities, Change)> = vec![
        ("n", able(Kind::Effort), Box::new(|r| r.candidates = Some(2))),
        ("logprobs", able(Kind::Effort), Box::new(|r| r.logprobs = Some(0))),
        (
            "modalities",
            able(Kind::Effort),
            Box::new(|r| r.modalities = vec![Modality::Text, Modality::Audio]),
        ),
        (
            "tools.custom",
            able(Kind::Effort),
            Box::new(|r| {
                r.tools =
                    vec![Tool::Custom { name: "sql".into(), description: None, format: None }];
            }),
        ),
        (
            // Free text that happens to be JSON is free text.
            "messages.tool_calls",
            able(Kind::Effort),
            Box::new(|r| {
                let Part::ToolCall(mut call) = call("a", "{}") else { panic!() };
                call.custom = true;
                r.messages.push(message(Role::Assistant, vec![Part::ToolCall(call)]));
            }),
        ),
        (
            "presence_penalty",
            able(Kind::Effort),
            Box::new(|r| r.sampling.presence_penalty = Some(raw("0.1"))),
        ),
        (
            "frequency_penalty",
            able(Kind::Effort),
            Box::new(|r| r.sampling.frequency_penalty = Some(raw("-1"))),
        ),
        (
            "temperature",
            able(Kind::Effort),
            Box::new(|r| r.sampling.temperature = Some(raw("1.01"))),
        ),
        (
            "temperature",
            able(Kind::Effort),
            Box::new(|r| r.sampling.temperature = Some(raw("-0.1"))),
        ),
        ("temperature", unable.clone(), Box::new(|r| r.sampling.temperature = Some(raw("0.5")))),
        ("top_p", unable.clone(), Box::new(|r| r.sampling.top_p = Some(raw("0.9")))),
        ("top_k", unable.clone(), Box::new(|r| r.sampling.top_k = Some(raw("40")))),
        ("max_completion_tokens", able(Kind::Effort), Box::new(|r| r.max_tokens = Some(128_001))),
        ("stop", able(Kind::Effort), Box::new(|r| r.stop = vec![" \n".into()])),
        ("tools", able(Kind::Effort), Box::new(|r| r.tools = vec![tool("a.b")])),
        ("tools", able(Kind::Effort), Box::new(|r| r.tools = vec![tool("")])),
        (
            "tools.hosted",
            able(Kind::Effort),
            Box::new(|r| {
                let raw = raw("{}");
                r.tools = vec![Tool::Hosted { schema: Schema::Chat, kind: "custom".into(), raw }];
            }),
        ),
        (
            "tool_choice",
            able(Kind::Effort),
            Box::new(|r| r.tool_choice = Some(ToolChoice::Required)),
        ),
        (
            "tool_choice",
            unable.clone(),
            Box::new(|r| {
                r.tools = vec![tool("a")];
                r.tool_choice = Some(ToolChoice::Required);
            }),
        ),
        (
            "tool_choice",
            able(Kind::Budget),
            Box::new(|r| {
                r.tools = vec![tool("a")];
                r.tool_choice = Some(ToolChoice::Named("a".into()));
                r.reasoning.effort = Some(Effort::Low);
            }),
        ),
        (
            "tool_choice",
            able(Kind::Effort),
            Box::new(|r| {
                r.tools = vec![tool("a")];
                r.tool_choice =
                    Some(ToolChoice::Allowed { required: true, names: vec!["b".into()] });
            }),
        ),
        (
            "reasoning_effort",
            able(Kind::Budget),
            Box::new(|r| r.reasoning.mode = Some(ThinkingMode::Budget(1023))),
        ),
        (
            "reasoning_effort",
            able(Kind::Budget),
            Box::new(|r| {
                r.max_tokens = Some(2000);
                r.reasoning.mode = Some(ThinkingMode::Budget(2000));
            }),
        ),
        ("messages.image_url", able(Kind::Effort), said(Part::Image(base64("image/bmp")))),
        (
            "messages.image_url",
            able(Kind::Effort),
            said(Part::Image(media(Source::Url { url: "gs://b/o".into(), media_type: None }))),
        ),
        (
            "messages.image_url",
            able(Kind::Effort),
            said(Part::Image(media(Source::File { id: "f".into() }))),
        ),
        ("messages.file", able(Kind::Effort), said(Part::Document(base64("application/zip")))),
        ("messages.input_audio", able(Kind::Effort), said(Part::Audio(base64("audio/wav")))),
        (
            "messages",
            able(Kind::Effort),
            said(Part::Opaque(Opaque {
                schema: Schema::Gemini,
                kind: "executableCode".into(),
                raw: raw("{}"),
            })),
        ),
        ("messages", able(Kind::Effort), Box::new(|r| r.messages.clear())),
        ("messages", able(Kind::Effort), Box::new(|r| r.messages[0].role = Role::Assistant)),
        (
            "messages",
            unable,
            Box::new(|r| r.messages.push(message(Role::Assistant, vec![Part::text("Well,")]))),
        ),
        (
            "messages.tool_calls",
            able(Kind::Effort),
            Box::new(|r| r.messages.push(message(Role::Assistant, vec![call("a", "[]")]))),
        ),
        (
            "x",
            able(Kind::Effort),
            Box::new(|r| {
                r.extensions = vec![Extension {
                    schema: Schema::Chat,
                    path: "x".into(),
                    value: raw("1"),
                    unsupported: Unsupported::Refuse,
                }];
            }),
        ),
    ];
    for (n, (field, capabilities, change)) in cases.into_iter().enumerate() {
        let refusal = encode(&asked(change), &capabilities).expect_err(&format!("{n}: {field}"));
        assert_eq!(refusal.field.as_deref(), Some(field), "{n}: {refusal}");
    }
}

#[test]
fn hints_are_dropped_and_said() {
    let unable = Capabilities { sampling: false, ..able(Kind::Unsupported) };
    let cases: Vec<(&str, Change)> = vec![
        ("seed", Box::new(|r| r.sampling.seed = Some(raw("7")))),
        ("presence_penalty", Box::new(|r| r.sampling.presence_penalty = Some(raw("0.0")))),
        ("temperature", Box::new(|r| r.sampling.temperature = Some(raw("1.0")))),
        ("top_p", Box::new(|r| r.sampling.top_p = Some(raw("1")))),
        ("reasoning_effort", Box::new(|r| r.reasoning.effort = Some(Effort::High))),
        ("reasoning_effort", Box::new(|r| r.reasoning.mode = Some(ThinkingMode::Budget(5000)))),
        ("parallel_tool_calls", Box::new(|r| r.parallel_tool_calls = Some(false))),
        (
            "messages.reasoning_content",
            Box::new(|r| {
                // Words that nobody signed.
                let thinking = Thinking { text: "hm".into(), ..Thinking::default() };
                let parts = vec![Part::Thinking(thinking), Part::text("a")];
                r.messages.push(message(Role::Assistant, parts));
            }),
        ),
        (
            "messages.reasoning_content",
            Box::new(|r| {
                let text = Text { signature: Some("s".into()), ..Text::new("a") };
                r.messages.push(message(Role::User, vec![Part::Text(text)]));
            }),
        ),
        (
            "messages.image_url.detail",
            Box::new(|r| {
                let image = Media { detail: Some("low".into()), ..base64("image/png") };
                r.messages[0].parts.push(Part::Image(image));
            }),
        ),
        (
            "verbosity",
            Box::new(|r| {
                r.extensions = vec![Extension {
                    schema: Schema::Chat,
                    path: "verbosity".into(),
                    value: raw("\"low\""),
                    unsupported: Unsupported::Drop,
                }];
            }),
        ),
    ];
    for (field, change) in cases {
        let (body, losses) = encoded(&asked(change), &unable);
        assert_eq!(losses, [field]);
        let text = body.to_string();
        for word in
            ["seed", "penalty", "temperature", "top_p", "thinking", "signature", "verbosity"]
        {
            assert!(!text.contains(word), "{field}: {text}");
        }
    }
}

#[test]
fn what_is_asked_for_is_written() {
    let cases: Vec<(Change, &str, Value)> = vec![
        (Box::new(|_| {}), "/max_tokens", json!(128_000)),
        (Box::new(|r| r.max_tokens = Some(5)), "/max_tokens", json!(5)),
        (Box::new(|r| r.stream = true), "/stream", json!(true)),
        (Box::new(|_| {}), "/model", json!("claude-target")),
        (Box::new(|r| r.user = Some("u".into())), "/metadata", json!({"user_id": "u"})),
        (Box::new(|r| r.stop = vec!["END".into()]), "/stop_sequences", json!(["END"])),
        (Box::new(|r| r.sampling.temperature = Some(raw("0.5"))), "/temperature", json!(0.5)),
        (Box::new(|r| r.sampling.top_k = Some(raw("40"))), "/top_k", json!(40)),
        (
            Box::new(|r| r.system = vec![Part::text("a"), Part::text(""), Part::text("b")]),
            "/system",
            json!([{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]),
        ),
        (
            Box::new(|r| r.tools = vec![tool("a")]),
            "/tools",
            json!([{"name": "a", "input_schema": {"type": "object", "properties": {}}}]),
        ),
        (
            Box::new(|r| {
                r.tools = vec![tool("a")];
                r.parallel_tool_calls = Some(false);
            }),
            "/tool_choice",
            json!({"type": "auto", "disable_parallel_tool_use": true}),
        ),
        (
            Box::new(|r| {
                r.tools = vec![tool("a")];
                r.tool_choice = Some(ToolChoice::Named("a".into()));
                r.parallel_tool_calls = Some(false);
            }),
            "/tool_choice",
            json!({"type": "tool", "name": "a", "disable_parallel_tool_use": true}),
        ),
        (
            Box::new(|r| {
                r.tools = vec![tool("a")];
                r.tool_choice = Some(ToolChoice::None);
            }),
            "/tool_choice",
            json!({"type": "none"}),
        ),
        (
            Box::new(|r| {
                r.tools = vec![tool("a"), tool("b")];
                r.tool_choice =
                    Some(ToolChoice::Allowed { required: true, names: vec!["b".into()] });
            }),
            "/tools/0/name",
            json!("b"),
        ),
        (
            Box::new(|r| {
                r.output = OutputFormat::JsonSchema {
                    name: None,
                    description: None,
                    schema: std::borrow::Cow::Borrowed(raw("{\"type\":\"object\"}")),
                    strict: Some(true),
                };
            }),
            "/output_config",
            json!({"format": {"type": "json_schema",
                "schema": {"type": "object", "additionalProperties": false}}}),
        ),
        (
            Box::new(|r| r.messages[0].parts = vec![Part::Image(base64("image/JPG"))]),
            "/messages/0/content/0/source",
            json!({"type": "base64", "media_type": "image/jpeg", "data": "aGk="}),
        ),
        (
            Box::new(|r| r.messages[0].parts = vec![Part::Document(base64("text/markdown"))]),
            "/messages/0/content/0/source",
            json!({"type": "text", "media_type": "text/plain", "data": "hi"}),
        ),
        (
            Box::new(|r| {
                let url = Source::Url { url: "https://x/y.pdf".into(), media_type: None };
                r.messages[0].parts =
                    vec![Part::Document(Media { name: Some("y.pdf".into()), ..media(url) })];
            }),
            "/messages/0/content/0",
            json!({"type": "document", "title": "y.pdf", "source": {"type": "url", "url": "https://x/y.pdf"}}),
        ),
        (
            Box::new(|r| r.messages.insert(0, message(Role::System, vec![Part::text("first")]))),
            "/system/0/text",
            json!("first"),
        ),
        (
            Box::new(|r| {
                let parts = vec![Part::Refusal("no".into()), Part::text("")];
                r.messages.push(message(Role::Assistant, parts));
                r.messages.push(message(Role::User, vec![Part::text("why")]));
            }),
            "/messages/1",
            json!({"role": "assistant", "content": [{"type": "text", "text": "no"}]}),
        ),
    ];
    for (change, pointer, expected) in cases {
        let (body, losses) = encoded(&asked(change), &able(Kind::Effort));
        assert_eq!(body.pointer(pointer), Some(&expected), "{body}");
        assert!(losses.is_empty(), "{losses:?}");
    }
}

#[test]
fn json_mode_becomes_an_instruction_and_is_said() {
    let encoded = encode(&asked(|r| r.output = OutputFormat::Json), &able(Kind::Effort)).unwrap();
    assert_eq!((encoded.losses, encoded.emulated), (vec![], vec![Loss::of("response_format")]));
    let body: Value = serde_json::from_slice(&encoded.body).unwrap();
    assert!(body["system"][0]["text"].as_str().unwrap().contains("JSON"));
}

#[test]
fn schemas_are_written_as_anthropic_takes_them() {
    let with = |parameters: &str, strict: bool| {
        let parameters = Some(std::borrow::Cow::Borrowed(raw(parameters)));
        let request = asked(|r| {
            r.tools = vec![Tool::Function {
                name: "a".into(),
                description: None,
                parameters,
                strict: Some(strict),
                cache: None,
            }];
        });
        let (body, losses) = encoded(&request, &able(Kind::Effort));
        (body["tools"][0]["input_schema"].clone(), losses)
    };
    assert_eq!(with("{}", false).0, json!({"type": "object"}));
    assert_eq!(with(r#"{ "x": 1}"#, false).0, json!({"type": "object", "x": 1}));
    let number = r#"{"type":"object","properties":{"n":{"type":"integer","minimum":3}}}"#;
    let (loose, losses) = with(number, false);
    assert_eq!((&loose["properties"]["n"]["minimum"], losses.len()), (&json!(3), 0));
    let (strict, losses) = with(number, true);
    assert_eq!(strict["additionalProperties"], false);
    assert_eq!(losses, ["tools.function.strict"]);
}

#[test]
fn extensions_of_anthropics_own_go_back_to_their_place() {
    let body = r#"{"model":"m","max_tokens":2000,"messages":[{"role":"user","content":[
        {"type":"text","text":"a","new":1},
        {"type":"document","citations":{"enabled":true},"source":{"type":"text","data":"d"}}]}],
        "context_management":{"edits":[]},"container":"c","brand_new":[1.0],"bad name":1,
        "metadata":{"team":"x"},"output_config":{"task_budget":{"total":5}},
        "thinking":{"type":"between_tools","display":"new"}}"#;
    let (after, losses) = encoded(&decode(body).unwrap(), &able(Kind::Effort));
    assert_eq!(losses, ["unknown"]);
    let before: Value = serde_json::from_str(body).unwrap();
    for member in
        ["context_management", "container", "brand_new", "metadata", "output_config", "thinking"]
    {
        assert_eq!(before[member], after[member], "{member}");
    }
    assert_eq!(before["messages"], after["messages"]);
}
