//! What providers are sent.

use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::{body, decode, encode, foreign, legacy, modern};
use crate::Schema;
use crate::catalog::{Capabilities, Thinking};
use crate::conversation::{
    Arguments, Effort, Extension, Media, Message, Opaque, OutputFormat, Part, Request, Role,
    Source, Text, ThinkingMode, Tool, ToolCall, ToolChoice, ToolResult, Unsupported,
};

fn raw(text: &str) -> &RawValue {
    serde_json::from_str(text).unwrap()
}

fn call(id: Option<&'static str>, arguments: &'static str) -> Part<'static> {
    Part::ToolCall(ToolCall {
        custom: false,
        id: id.map(Into::into),
        name: "f".into(),
        arguments: Arguments::Text(arguments.into()),
        signature: None,
        cache: None,
    })
}

fn result(id: Option<&'static str>, content: Vec<Part<'static>>) -> ToolResult<'static> {
    ToolResult {
        custom: false,
        call_id: id.map(Into::into),
        name: None,
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
    media(Source::Base64 { media_type: media_type.into(), data: "QQ==".into() })
}

fn url(url: &'static str) -> Media<'static> {
    media(Source::Url { url: url.into(), media_type: None })
}

/// A Claude request of these turns; what its messages become, and what is lost.
fn turns(turns: Vec<(Role, Vec<Part<'static>>)>) -> (Value, Vec<String>) {
    let mut request = Request::new(Schema::Claude, "m");
    request.messages = turns.into_iter().map(|(role, parts)| Message { role, parts }).collect();
    let (body, losses) = encode(&request, &Capabilities { prefill: true, ..modern() }).unwrap();
    (body["messages"].clone(), losses)
}

#[test]
fn messages_of_every_kind() {
    use Role::{Assistant, System, User};
    let data = json!({"type": "image_url", "image_url": {"url": "data:image/png;base64,QQ=="}});
    let moved =
        |id: &str| json!({"type": "text", "text": format!("From the result of tool call {id}:")});
    let function = |id: &str, arguments: &str| json!({"id": id, "type": "function", "function": {"name": "f", "arguments": arguments}});
    let thinking = || Part::Thinking(crate::conversation::Thinking::default());
    type Row = (Vec<(Role, Vec<Part<'static>>)>, Value, &'static [&'static str]);
    let rows: Vec<Row> = vec![
        (vec![(User, vec![Part::text("a")])], json!([{"role": "user", "content": "a"}]), &[]),
        (
            vec![(User, vec![Part::text("a"), Part::text("b")])],
            json!([{"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]}]),
            &[],
        ),
        (vec![(System, vec![Part::text("a")])], json!([{"role": "system", "content": "a"}]), &[]),
        (
            vec![(User, vec![Part::Image(base64("image/png"))])],
            json!([{"role": "user", "content": [data]}]),
            &[],
        ),
        (
            vec![(
                User,
                vec![Part::Image(Media { detail: Some("low".into()), ..url("https://x") })],
            )],
            json!([{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "https://x", "detail": "low"}}]}]),
            &[],
        ),
        (
            vec![(User, vec![Part::Document(base64("application/pdf"))])],
            json!([{"role": "user", "content": [{"type": "file", "file":
                {"filename": "document.pdf", "file_data": "data:application/pdf;base64,QQ=="}}]}]),
            &[],
        ),
        (
            vec![(User, vec![Part::Document(media(Source::Text { text: "t".into() }))])],
            json!([{"role": "user", "content": "t"}]),
            &[],
        ),
        (
            vec![(User, vec![Part::Audio(base64("audio/mpeg"))])],
            json!([{"role": "user", "content": [{"type": "input_audio", "input_audio": {"data": "QQ==", "format": "mp3"}}]}]),
            &[],
        ),
        (
            vec![(
                User,
                vec![Part::Text(Text { cache: Some(Default::default()), ..Text::new("a") })],
            )],
            json!([{"role": "user", "content": "a"}]),
            &["cache_control"],
        ),
        (
            vec![(
                Assistant,
                vec![thinking(), Part::RedactedThinking("x".into()), Part::text("a")],
            )],
            json!([{"role": "assistant", "content": "a"}]),
            &["messages.thinking"],
        ),
        (vec![(Assistant, vec![thinking()])], json!([]), &["messages.thinking"]),
        (
            vec![(Assistant, vec![Part::Refusal("no".into())])],
            json!([{"role": "assistant", "content": [{"type": "refusal", "refusal": "no"}]}]),
            &[],
        ),
        (
            vec![(Assistant, vec![Part::text("a"), Part::Refusal("no".into())])],
            json!([{"role": "assistant", "content": "a", "refusal": "no"}]),
            &[],
        ),
        (
            vec![
                (Assistant, vec![call(Some("c"), "{}")]),
                (User, vec![Part::ToolResult(result(Some("c"), vec![Part::text("1")]))]),
            ],
            json!([{"role": "assistant", "content": null, "tool_calls": [function("c", "{}")]},
                {"role": "tool", "tool_call_id": "c", "content": "1"}]),
            &[],
        ),
        (
            vec![
                (Assistant, vec![Part::text("a"), call(None, ""), call(None, "{}")]),
                (
                    User,
                    vec![
                        Part::ToolResult(result(None, vec![])),
                        Part::ToolResult(result(None, vec![])),
                        Part::text("b"),
                    ],
                ),
            ],
            json!([{"role": "assistant", "content": "a", "tool_calls": [function("call_1", "{}"), function("call_2", "{}")]},
                {"role": "tool", "tool_call_id": "call_1", "content": ""},
                {"role": "tool", "tool_call_id": "call_2", "content": ""},
                {"role": "user", "content": "b"}]),
            &[],
        ),
        (
            vec![(
                User,
                vec![Part::ToolResult(ToolResult {
                    custom: false,
                    is_error: true,
                    ..result(Some("c"), vec![Part::text("1"), Part::text("2")])
                })],
            )],
            json!([{"role": "tool", "tool_call_id": "c", "content":
                [{"type": "text", "text": "Error: 1"}, {"type": "text", "text": "2"}]}]),
            &[],
        ),
        (
            vec![(
                User,
                vec![Part::ToolResult(ToolResult {
                    custom: false,
                    object: Some(raw("{\"a\":1.0}")),
                    ..result(Some("c"), vec![])
                })],
            )],
            json!([{"role": "tool", "tool_call_id": "c", "content": "{\"a\":1.0}"}]),
            &[],
        ),
        // Images wait until all results of the turn are told.
        (
            vec![
                (
                    User,
                    vec![Part::ToolResult(result(
                        Some("c"),
                        vec![Part::Image(base64("image/png"))],
                    ))],
                ),
                (User, vec![Part::ToolResult(result(Some("d"), vec![Part::text("1")]))]),
                (User, vec![Part::text("b")]),
            ],
            json!([{"role": "tool", "tool_call_id": "c", "content": "The result is in the next user message."},
                {"role": "tool", "tool_call_id": "d", "content": "1"},
                {"role": "user", "content": [moved("c"), data, {"type": "text", "text": "b"}]}]),
            &["messages.tool_result"],
        ),
        (
            vec![
                (
                    User,
                    vec![Part::ToolResult(result(
                        Some("c"),
                        vec![Part::text("1"), Part::Image(base64("image/png"))],
                    ))],
                ),
                (Assistant, vec![Part::text("a")]),
            ],
            json!([{"role": "tool", "tool_call_id": "c", "content": "1"},
                {"role": "user", "content": [moved("c"), data]}, {"role": "assistant", "content": "a"}]),
            &["messages.tool_result"],
        ),
    ];
    for (said, expected, lost) in rows {
        let shown = format!("{said:?}");
        let (messages, losses) = turns(said);
        assert_eq!(messages, expected, "{shown}");
        assert_eq!(losses, lost, "{shown}");
    }
}

#[test]
fn fields_are_mapped_or_reported() {
    type Change = fn(&mut Request<'static>);
    let rows: Vec<(Change, Value, &[&str])> = vec![
        (
            |r| r.system = vec![Part::text("s")],
            json!({"messages": [
            {"role": "system", "content": "s"}, {"role": "user", "content": "hi"}]}),
            &[],
        ),
        (|r| r.max_tokens = Some(5), json!({"max_completion_tokens": 5}), &[]),
        (
            |r| r.stream = true,
            json!({"stream": true, "stream_options": {"include_usage": true}}),
            &[],
        ),
        (|r| r.sampling.temperature = Some(raw("0.50")), json!({"temperature": 0.5}), &[]),
        (|r| r.sampling.top_k = Some(raw("5")), json!({}), &["top_k"]),
        (|r| r.sampling.seed = Some(raw("5")), json!({"seed": 5}), &[]),
        (|r| r.sampling.presence_penalty = Some(raw("1")), json!({"presence_penalty": 1}), &[]),
        (|r| r.stop = vec!["a".into()], json!({"stop": ["a"]}), &[]),
        (|r| r.candidates = Some(1), json!({}), &[]),
        (|r| r.candidates = Some(2), json!({"n": 2}), &[]),
        (|r| r.logprobs = Some(3), json!({"logprobs": true, "top_logprobs": 3}), &[]),
        (|r| r.user = Some("u".into()), json!({"safety_identifier": "u"}), &[]),
        (
            |r| r.output = OutputFormat::Json,
            json!({"response_format": {"type": "json_object"}}),
            &[],
        ),
        (
            |r| {
                r.output = OutputFormat::JsonSchema {
                    name: None,
                    description: None,
                    schema: std::borrow::Cow::Borrowed(raw("{}")),
                    strict: None,
                }
            },
            json!({"response_format": {"type": "json_schema", "json_schema": {"name": "response", "schema": {}}}}),
            &[],
        ),
        (|r| r.reasoning.effort = Some(Effort::Low), json!({"reasoning_effort": "low"}), &[]),
        (|r| r.reasoning.effort = Some(Effort::Max), json!({"reasoning_effort": "max"}), &[]),
        (
            |r| r.reasoning.mode = Some(ThinkingMode::Disabled),
            json!({"reasoning_effort": "none"}),
            &[],
        ),
        (|r| r.reasoning.mode = Some(ThinkingMode::Adaptive), json!({}), &[]),
        (
            |r| r.reasoning.mode = Some(ThinkingMode::Budget(1023)),
            json!({"reasoning_effort": "minimal"}),
            &[],
        ),
        (
            |r| r.reasoning.mode = Some(ThinkingMode::Budget(1024)),
            json!({"reasoning_effort": "low"}),
            &[],
        ),
        (
            |r| r.reasoning.mode = Some(ThinkingMode::Budget(4096)),
            json!({"reasoning_effort": "medium"}),
            &[],
        ),
        (
            |r| r.reasoning.mode = Some(ThinkingMode::Budget(16384)),
            json!({"reasoning_effort": "high"}),
            &[],
        ),
        (|r| r.reasoning.show = Some(true), json!({}), &["thinking"]),
        (|r| r.reasoning.show = Some(false), json!({}), &[]),
        (|r| r.tool_choice = Some(ToolChoice::Auto), json!({}), &[]),
        (|r| r.parallel_tool_calls = Some(false), json!({}), &[]),
        (
            |r| {
                r.extensions.push(Extension {
                    schema: Schema::Claude,
                    path: "container".into(),
                    value: raw("1"),
                    unsupported: Unsupported::Drop,
                })
            },
            json!({}),
            &["container"],
        ),
    ];
    for (index, (change, members, lost)) in rows.into_iter().enumerate() {
        let mut request = foreign(Schema::Claude);
        change(&mut request);
        let (written, losses) = encode(&request, &modern()).unwrap();
        let mut expected =
            json!({"model": "gpt-y", "messages": [{"role": "user", "content": "hi"}]});
        for (key, value) in members.as_object().unwrap() {
            expected[key] = value.clone();
        }
        assert_eq!(written, expected, "row {index}");
        assert_eq!(losses, lost, "row {index}");
    }
}

#[test]
fn tools_and_choices() {
    let function = |name: &'static str| Tool::Function {
        name: name.into(),
        description: Some("d".into()),
        parameters: Some(std::borrow::Cow::Borrowed(raw("{\"type\":\"object\"}"))),
        strict: Some(true),
        cache: Some(Default::default()),
    };
    let mut request = foreign(Schema::Claude);
    request.tools = vec![function("f"), function("g")];
    request.parallel_tool_calls = Some(false);
    let written = |name: &str| {
        json!({"type": "function", "function":
        {"name": name, "description": "d", "parameters": {"type": "object", "additionalProperties": false}, "strict": true}})
    };
    let named = |name: &str| json!({"type": "function", "function": {"name": name}});
    let allowed = |required| ToolChoice::Allowed { required, names: vec!["g".into()] };
    let both = json!([written("f"), written("g")]);
    let subset =
        json!({"type": "allowed_tools", "allowed_tools": {"mode": "auto", "tools": [named("g")]}});
    let rows = [
        (ToolChoice::Auto, modern(), json!("auto"), both.clone()),
        (ToolChoice::None, modern(), json!("none"), both.clone()),
        (ToolChoice::Required, modern(), json!("required"), both.clone()),
        (ToolChoice::Named("f".into()), modern(), named("f"), both.clone()),
        (allowed(false), modern(), subset, both),
        (allowed(true), legacy(), json!("required"), json!([written("g")])),
    ];
    for (choice, capabilities, expected, tools) in rows {
        request.tool_choice = Some(choice);
        let (body, losses) = encode(&request, &capabilities).unwrap();
        assert_eq!(body["tool_choice"], expected);
        assert_eq!(body["tools"], tools);
        assert_eq!(body["parallel_tool_calls"], json!(false));
        assert_eq!(losses, ["cache_control"]);
    }
}

#[test]
fn compatible_hosts_get_the_old_names() {
    let mut request = foreign(Schema::Chat);
    request.max_tokens = Some(5);
    request.user = Some("u".into());
    request.sampling.top_k = Some(raw("3"));
    let thought = crate::conversation::Thinking { id: None, text: "hm".into(), signature: None };
    let parts = vec![Part::Thinking(thought), Part::text("a")];
    request.messages.push(Message { role: Role::Assistant, parts });
    let (written, losses) = encode(&request, &legacy()).unwrap();
    assert_eq!(
        written,
        json!({"model": "gpt-y", "max_tokens": 5, "user": "u", "top_k": 3, "messages": [
            {"role": "user", "content": "hi"},
            {"role": "assistant", "content": "a", "reasoning_content": "hm"}]})
    );
    assert!(losses.is_empty(), "{losses:?}");
    let (written, losses) = encode(&request, &Capabilities { prefill: true, ..modern() }).unwrap();
    assert_eq!(written["messages"][1], json!({"role": "assistant", "content": "a"}));
    assert!(losses.contains(&"messages.reasoning_content".to_owned()), "{losses:?}");
}

#[test]
fn models_without_sampling_or_thinking() {
    let fixed = Capabilities { sampling: false, thinking: Thinking::Unsupported, ..modern() };
    for spelled in ["1", "1.0", "1e0"] {
        let mut request = foreign(Schema::Claude);
        request.sampling.temperature = Some(raw(spelled));
        request.sampling.top_p = Some(raw(spelled));
        request.reasoning.effort = Some(Effort::High);
        let (written, losses) = encode(&request, &fixed).unwrap();
        assert_eq!(written.as_object().unwrap().len(), 2, "{written}");
        assert_eq!(losses, ["thinking", "temperature", "top_p"]);
    }
    let mut request = foreign(Schema::Claude);
    request.reasoning.mode = Some(ThinkingMode::Disabled);
    let (_, losses) = encode(&request, &fixed).unwrap();
    assert!(losses.is_empty(), "{losses:?}");
    request.sampling.temperature = Some(raw("0.7"));
    let refusal = encode(&request, &fixed).unwrap_err();
    assert_eq!(refusal.field.as_deref(), Some("temperature"));
}

#[test]
fn effort_is_the_nearest_that_the_model_has() {
    let gpt5 = Capabilities {
        thinking_off: false,
        efforts: vec![Effort::Minimal, Effort::Low, Effort::Medium, Effort::High],
        ..modern()
    };
    let chosen = |effort, capabilities: &Capabilities, tools| {
        let mut request = foreign(Schema::Claude);
        request.reasoning.effort = Some(effort);
        request.tools = tools;
        let (written, losses) = encode(&request, capabilities).unwrap();
        (written["reasoning_effort"].clone(), losses.len())
    };
    assert_eq!(chosen(Effort::Max, &gpt5, vec![]), (json!("high"), 1));
    assert_eq!(chosen(Effort::None, &gpt5, vec![]), (json!("minimal"), 1));
    assert_eq!(chosen(Effort::Low, &gpt5, vec![]), (json!("low"), 0));
    // Refused beside functions, which matter more.
    let tool = Tool::Function {
        name: "f".into(),
        description: None,
        parameters: None,
        strict: None,
        cache: None,
    };
    let gpt54 = Capabilities { tools_with_effort: false, ..modern() };
    assert_eq!(chosen(Effort::High, &gpt54, vec![tool.clone()]), (json!("none"), 1));
    assert_eq!(chosen(Effort::None, &gpt54, vec![tool]), (json!("none"), 0));
    assert_eq!(chosen(Effort::High, &gpt54, vec![]), (json!("high"), 0));
    let mut request = foreign(Schema::Claude);
    request.stop = vec!["a".into()];
    let deaf = Capabilities { stop: false, ..modern() };
    assert_eq!(encode(&request, &deaf).unwrap_err().field.as_deref(), Some("stop_sequences"));
}

#[test]
fn what_cannot_be_said_is_refused_in_the_callers_words() {
    type Change = fn(&mut Request<'static>);
    fn say(request: &mut Request<'static>, part: Part<'static>) {
        request.messages[0].parts = vec![part];
    }
    let rows: Vec<(Change, &str)> = vec![
        (|r| r.stop = vec!["a".into(); 5], "generationConfig.stopSequences"),
        (
            |r| {
                r.tools.push(Tool::Hosted {
                    schema: Schema::Gemini,
                    kind: "googleSearch".into(),
                    raw: raw("{}"),
                })
            },
            "tools.hosted",
        ),
        (
            |r| {
                r.extensions.push(Extension {
                    schema: Schema::Gemini,
                    path: "cachedContent".into(),
                    value: raw("1"),
                    unsupported: Unsupported::Refuse,
                })
            },
            "cachedContent",
        ),
        (|r| say(r, Part::Document(url("https://x/y.pdf"))), "contents.parts.inlineData"),
        (
            |r| say(r, Part::Document(media(Source::File { id: "f".into() }))),
            "contents.parts.inlineData",
        ),
        (
            |r| say(r, Part::Image(media(Source::File { id: "f".into() }))),
            "contents.parts.inlineData",
        ),
        (|r| say(r, Part::Image(url("gs://x"))), "contents.parts.inlineData"),
        (|r| say(r, Part::Image(base64("text/html"))), "contents.parts.inlineData"),
        (|r| say(r, Part::Audio(base64("audio/ogg"))), "contents.parts.inlineData"),
        (|r| say(r, Part::Audio(url("https://x"))), "contents.parts.inlineData"),
        (
            |r| {
                say(
                    r,
                    Part::Opaque(Opaque {
                        schema: Schema::Gemini,
                        kind: "executableCode".into(),
                        raw: raw("{}"),
                    }),
                )
            },
            "contents",
        ),
        (|r| say(r, call(None, "")), "contents.parts.functionCall"),
        (
            |r| {
                r.messages.push(Message {
                    role: Role::Assistant,
                    parts: vec![Part::Image(url("https://x"))],
                })
            },
            "contents.parts.inlineData",
        ),
    ];
    for (index, (change, field)) in rows.into_iter().enumerate() {
        let mut request = foreign(Schema::Gemini);
        change(&mut request);
        let refusal = encode(&request, &modern()).unwrap_err();
        assert_eq!(refusal.field.as_deref(), Some(field), "row {index}: {refusal}");
        assert!(refusal.message.contains(field), "row {index}: {refusal}");
    }
    let mut prefilled = foreign(Schema::Claude);
    prefilled.messages.push(Message { role: Role::Assistant, parts: vec![Part::text("{")] });
    assert_eq!(encode(&prefilled, &modern()).unwrap_err().field.as_deref(), Some("messages"));
    let mut forced = foreign(Schema::Claude);
    forced.tool_choice = Some(ToolChoice::Required);
    let shy = Capabilities { forced_tools: false, ..modern() };
    assert_eq!(encode(&forced, &shy).unwrap_err().field.as_deref(), Some("tool_choice"));
}

#[test]
fn own_extensions_go_back_and_nested_ones_are_reported() {
    let members = json!({"logit_bias": {"1": 2}, "seed": 1, "metadata": {"a": "b"}, "never_heard_of": [1],
        "tools": [{"type": "custom", "custom": {"name": "h"}}, {"type": "function", "function": {"name": "f"}}],
        "tool_choice": {"type": "custom", "custom": {"name": "h"}},
        "messages": [{"role": "user", "name": "ann", "content": [
            {"type": "text", "text": "a", "cache_control": {"type": "ephemeral"}}, {"type": "video_url", "v": 1}]}]});
    let text = body(&members);
    let (written, losses) = encode(&decode(&text).unwrap(), &modern()).unwrap();
    for key in ["logit_bias", "seed", "metadata", "never_heard_of", "tools", "tool_choice"] {
        assert_eq!(written[key], members[key], "{key}");
    }
    assert_eq!(written["messages"][0]["content"], members["messages"][0]["content"]);
    assert_eq!(losses, ["messages.name"]);
}
