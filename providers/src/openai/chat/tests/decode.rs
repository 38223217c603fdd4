//! What callers send.

use std::borrow::Cow;

use serde_json::{Value, json};

use super::{body, decode};
use crate::Schema;
use crate::conversation::{
    Arguments, Effort, Media, OutputFormat, Part, Request, Role, Source, Text, Tool, ToolCall,
    ToolChoice, ToolResult, Unsupported,
};

/// A part as a short text, to compare whole conversations at a glance.
fn show(part: &Part<'_>) -> String {
    let media = |kind: &str, media: &Media<'_>| {
        let source = match &media.source {
            Source::Base64 { media_type, data } => format!("{media_type} {data}"),
            Source::Url { url, .. } => url.to_string(),
            Source::File { id } => format!("file {id}"),
            Source::Text { text } => format!("text {text}"),
        };
        let name = media.name.as_deref().or(media.detail.as_deref()).unwrap_or("-");
        format!("{kind}({source}, {name})")
    };
    match part {
        Part::Text(Text { text, cache, .. }) => {
            format!("{text}{}", if cache.is_some() { "|cache" } else { "" })
        }
        Part::Image(image) => media("image", image),
        Part::Document(document) => media("document", document),
        Part::Audio(audio) => media("audio", audio),
        Part::ToolCall(ToolCall { id, name, arguments: Arguments::Text(text), .. }) => {
            format!("{name}#{}({text})", id.as_deref().unwrap_or("-"))
        }
        Part::ToolResult(ToolResult { call_id, name, content, .. }) => format!(
            "result#{}/{}[{}]",
            call_id.as_deref().unwrap_or("-"),
            name.as_deref().unwrap_or("-"),
            content.iter().map(show).collect::<Vec<_>>().join("|")
        ),
        Part::Thinking(thinking) => format!("thinking({})", thinking.text),
        Part::Refusal(text) => format!("refusal({text})"),
        Part::Opaque(opaque) => format!("opaque({} {})", opaque.kind, opaque.raw),
        other => format!("{other:?}"),
    }
}

fn shown(request: &Request<'_>) -> Vec<String> {
    let system = request.system.iter().map(|part| format!("system: {}", show(part)));
    let turns = request.messages.iter().map(|message| {
        let role = match message.role {
            Role::System => "turn",
            Role::User => "user",
            Role::Assistant => "assistant",
        };
        format!("{role}: {}", message.parts.iter().map(show).collect::<Vec<_>>().join(" + "))
    });
    system.chain(turns).collect()
}

/// The paths of all extensions, those that may not be dropped with a `!`.
fn extensions(request: &Request<'_>) -> Vec<String> {
    let mark = |unsupported| if unsupported == Unsupported::Refuse { "!" } else { "" };
    request.extensions.iter().map(|e| format!("{}{}", e.path, mark(e.unsupported))).collect()
}

#[test]
fn messages_of_every_kind() {
    let call = json!({"id": "c1", "type": "function", "index": 0,
        "function": {"name": "f", "arguments": "{\"a\": 1.0}"}});
    let rows: Vec<(Value, &[&str], &[&str])> = vec![
        (
            json!([{"role": "developer", "content": "be brief"}, {"role": "system", "content": "x"}]),
            &["system: be brief", "system: x"],
            &[],
        ),
        (
            json!([{"role": "user", "content": "a"}, {"role": "system", "content": "b"}]),
            &["user: a", "turn: b"],
            &[],
        ),
        (
            json!([{"role": "user", "content": [{"type": "text", "text": "a"}, "b"]}]),
            &["user: a + b"],
            &[],
        ),
        (
            json!([{"role": "user", "name": "ann", "content": "a"}]),
            &["user: a"],
            &["messages.name"],
        ),
        (json!([{"role": "user", "content": "a", "name": null, "odd": null}]), &["user: a"], &[]),
        (
            json!([{"role": "user", "content": "a", "odd": 1}, {"role": "user", "content": "b", "odd": 2}]),
            &["user: a", "user: b"],
            &["messages.odd"],
        ),
        (
            json!([{"role": "user", "content": [{"type": "image_url", "image_url":
            {"url": "https://x/y.png", "detail": "low"}}]}]),
            &["user: image(https://x/y.png, low)"],
            &[],
        ),
        (
            json!([{"role": "user", "content": [{"type": "image_url", "image_url": "https://x/y.png"}]}]),
            &["user: image(https://x/y.png, -)"],
            &[],
        ),
        (
            json!([{"role": "user", "content": [{"type": "image_url", "image_url":
            {"url": "data:image/jpeg;base64,QUJD"}}]}]),
            &["user: image(image/jpeg QUJD, -)"],
            &[],
        ),
        (
            json!([{"role": "user", "content": [{"type": "input_audio", "input_audio":
            {"data": "QQ==", "format": "wav"}}]}]),
            &["user: audio(audio/wav QQ==, -)"],
            &[],
        ),
        (
            json!([{"role": "user", "content": [{"type": "file", "file":
            {"file_data": "data:application/pdf;base64,QQ==", "filename": "a.pdf"}}]}]),
            &["user: document(application/pdf QQ==, a.pdf)"],
            &[],
        ),
        (
            json!([{"role": "user", "content": [{"type": "file", "file": {"file_id": "file-1"}}]}]),
            &["user: document(file file-1, -)"],
            &[],
        ),
        (
            json!([{"role": "user", "content": [{"type": "video_url", "video_url": 1}]}]),
            &["user: opaque(video_url {\"type\":\"video_url\",\"video_url\":1})"],
            &[],
        ),
        (
            json!([{"role": "user", "content": [{"type": "text", "text": "a",
            "cache_control": {"type": "ephemeral"}}, {"type": "text", "text": "b",
            "prompt_cache_breakpoint": {"mode": "explicit"}}]}]),
            &["user: a|cache + b|cache"],
            &[],
        ),
        (
            json!([{"role": "assistant", "content": null, "tool_calls": [call]},
            {"role": "tool", "tool_call_id": "c1", "content": "42"}]),
            &["assistant: f#c1({\"a\": 1.0})", "user: result#c1/-[42]"],
            &[],
        ),
        (
            json!([{"role": "assistant", "content": "", "tool_calls": [call], "refusal": null,
            "annotations": []}]),
            &["assistant: f#c1({\"a\": 1.0})"],
            &[],
        ),
        (
            json!([{"role": "assistant", "content": "so", "reasoning_content": "hm", "reasoning": "hm"}]),
            &["assistant: thinking(hm) + so"],
            &[],
        ),
        (
            json!([{"role": "assistant", "content": "so", "reasoning_content": "hm", "reasoning": "ha"}]),
            &["assistant: thinking(hm) + so"],
            &["messages.reasoning"],
        ),
        (
            json!([{"role": "assistant", "content": null, "refusal": "no"}]),
            &["assistant: refusal(no)"],
            &[],
        ),
        (
            json!([{"role": "assistant", "content": [{"type": "refusal", "refusal": "no"}]}]),
            &["assistant: refusal(no)"],
            &[],
        ),
        (
            json!([{"role": "assistant", "content": "a", "audio": {"id": "audio_1"}}]),
            &["assistant: a"],
            &["messages.audio!"],
        ),
        (
            json!([{"role": "assistant", "content": null, "function_call": {"name": "f", "arguments": "{}"}},
            {"role": "function", "name": "f", "content": "1"}]),
            &["assistant: f#-({})", "user: result#-/f[1]"],
            &[],
        ),
        (
            json!([{"role": "tool", "tool_call_id": "c", "content": [{"type": "text", "text": "a"},
            {"type": "image_url", "image_url": {"url": "http://x"}}]}]),
            &["user: result#c/-[a|image(http://x, -)]"],
            &[],
        ),
        (
            json!([{"role": "assistant", "content": null, "tool_calls": [{"id": "c", "type": "custom",
            "custom": {"name": "g"}}]}]),
            &["assistant: g#c()"],
            &[],
        ),
    ];
    for (messages, expected, lost) in rows {
        let text = body(&json!({ "messages": messages }));
        let request = decode(&text).unwrap_or_else(|refusal| panic!("{messages}: {refusal}"));
        assert_eq!(shown(&request), expected, "{messages}");
        assert_eq!(extensions(&request), lost, "{messages}");
    }
}

#[test]
fn plain_text_is_borrowed_from_the_body() {
    let text = r#"{"model":"m","messages":[{"role":"assistant","content":"plain","tool_calls":[
        {"id":"c","type":"function","function":{"name":"f","arguments":"{}"}}]}]}"#;
    let request = decode(text).unwrap();
    let [Part::Text(said), Part::ToolCall(call)] = request.messages[0].parts.as_slice() else {
        panic!("{:?}", request.messages)
    };
    assert!(matches!(said.text, Cow::Borrowed("plain")));
    assert!(matches!(call.arguments, Arguments::Text(Cow::Borrowed("{}"))));
    assert!(matches!(request.model, Cow::Borrowed("m")));
}

#[test]
fn numbers_keep_their_spelling() {
    let text = r#"{"model":"m","messages":[],"temperature":1.50E0,"seed":123456789012345678901234,
        "top_p":0.10,"top_k":3,"presence_penalty":-0,"frequency_penalty":1e-1}"#;
    let sampling = decode(text).unwrap().sampling;
    let spelled = [
        (sampling.temperature, "1.50E0"),
        (sampling.seed, "123456789012345678901234"),
        (sampling.top_p, "0.10"),
        (sampling.top_k, "3"),
        (sampling.presence_penalty, "-0"),
        (sampling.frequency_penalty, "1e-1"),
    ];
    for (number, expected) in spelled {
        assert_eq!(number.unwrap().get(), expected);
    }
}

#[test]
fn tools_and_choices() {
    let text = body(&json!({"tools": [
        {"type": "function", "function": {"name": "f", "description": "d",
            "parameters": {"type": "object"}, "strict": true, "odd": 1}},
        {"function": {"name": "g"}},
        {"type": "custom", "custom": {"name": "h"}},
    ], "functions": [{"name": "i"}], "parallel_tool_calls": false}));
    let request = decode(&text).unwrap();
    let names: Vec<_> = request
        .tools
        .iter()
        .map(|tool| match tool {
            Tool::Custom { name, .. } => format!("custom {name}"),
            Tool::Function { name, .. } => name.to_string(),
            Tool::Hosted { schema, kind, .. } => format!("{schema} {kind}"),
        })
        .collect();
    assert_eq!(names, ["f", "g", "custom h", "i"]);
    let Tool::Function { description, parameters, strict, .. } = &request.tools[0] else {
        panic!()
    };
    assert_eq!(description.as_deref(), Some("d"));
    assert_eq!(parameters.as_ref().unwrap().get(), r#"{"type":"object"}"#);
    assert_eq!(*strict, Some(true));
    assert_eq!(request.parallel_tool_calls, Some(false));
    assert_eq!(extensions(&request), ["tools.function.odd"]);

    let named = |name: &'static str| json!({"type": "function", "function": {"name": name}});
    let rows = [
        (json!({"tool_choice": "auto"}), Some(ToolChoice::Auto)),
        (json!({"tool_choice": "none"}), Some(ToolChoice::None)),
        (json!({"tool_choice": "required"}), Some(ToolChoice::Required)),
        (json!({"tool_choice": "any"}), Some(ToolChoice::Required)),
        (json!({"tool_choice": named("f")}), Some(ToolChoice::Named("f".into()))),
        (
            json!({"tool_choice": {"type": "custom", "custom": {"name": "h"}}}),
            Some(ToolChoice::Named("h".into())),
        ),
        (
            json!({"tool_choice": {"type": "allowed_tools", "allowed_tools":
            {"mode": "required", "tools": [named("f"), named("g")]}}}),
            Some(ToolChoice::Allowed { required: true, names: vec!["f".into(), "g".into()] }),
        ),
        (json!({"function_call": "none"}), Some(ToolChoice::None)),
        (json!({"function_call": {"name": "i"}}), Some(ToolChoice::Named("i".into()))),
        (json!({"tool_choice": null}), None),
    ];
    for (members, expected) in rows {
        assert_eq!(decode(&body(&members)).unwrap().tool_choice, expected, "{members}");
    }
}

#[test]
fn single_fields() {
    type Check = fn(&Request<'_>) -> bool;
    let rows: Vec<(Value, Check)> = vec![
        (json!({"stream": true}), |r| r.stream),
        (json!({"stream": null}), |r| !r.stream),
        (json!({"max_tokens": 5}), |r| r.max_tokens == Some(5)),
        (json!({"max_completion_tokens": 6}), |r| r.max_tokens == Some(6)),
        (json!({"max_completion_tokens": 6, "max_tokens": null}), |r| r.max_tokens == Some(6)),
        (json!({"stop": "a"}), |r| r.stop == ["a"]),
        (json!({"stop": ["a", "b"]}), |r| r.stop == ["a", "b"]),
        (json!({"stop": null}), |r| r.stop.is_empty()),
        (json!({"n": 3}), |r| r.candidates == Some(3)),
        (json!({"logprobs": true}), |r| r.logprobs == Some(0)),
        (json!({"logprobs": true, "top_logprobs": 5}), |r| r.logprobs == Some(5)),
        (json!({"logprobs": false}), |r| r.logprobs.is_none()),
        (json!({"reasoning_effort": "xhigh"}), |r| r.reasoning.effort == Some(Effort::XHigh)),
        (json!({"user": "u"}), |r| r.user.as_deref() == Some("u")),
        (json!({"user": "u", "safety_identifier": "s"}), |r| r.user.as_deref() == Some("s")),
        (json!({"response_format": {"type": "text"}}), |r| matches!(r.output, OutputFormat::Text)),
        (json!({"response_format": {"type": "json_object"}}), |r| {
            matches!(r.output, OutputFormat::Json)
        }),
        (
            json!({"response_format": {"type": "json_schema", "json_schema":
            {"name": "n", "description": "d", "schema": {"type": "object"}, "strict": true}}}),
            |r| {
                matches!(&r.output, OutputFormat::JsonSchema { name: Some(n), description: Some(d),
                schema, strict: Some(true) } if n == "n" && d == "d" && schema.get() == r#"{"type":"object"}"#)
            },
        ),
    ];
    for (members, check) in rows {
        let text = body(&members);
        let request = decode(&text).unwrap_or_else(|refusal| panic!("{members}: {refusal}"));
        assert!(check(&request), "{members}: {request:?}");
        assert_eq!(request.schema, Schema::Chat);
    }
}

#[test]
fn what_has_no_place_is_reported_with_its_policy() {
    let rows: Vec<(Value, &[&str])> = vec![
        (json!({"logit_bias": {"1": 2}}), &["logit_bias!"]),
        (json!({"logit_bias": {}}), &["logit_bias"]),
        (json!({"modalities": ["text", "audio"]}), &["modalities!"]),
        (json!({"modalities": ["text"]}), &["modalities"]),
        (json!({"audio": {"voice": "v"}}), &["audio!"]),
        (json!({"web_search_options": {}}), &["web_search_options!"]),
        (json!({"moderation": {"model": "m"}}), &["moderation!"]),
        (json!({"store": true}), &["store!"]),
        (json!({"store": false}), &["store"]),
        (json!({"store": null}), &[]),
        (json!({"previous_response_id": "r"}), &["previous_response_id!"]),
        (json!({"background": true}), &["background!"]),
        (json!({"metadata": {}}), &["metadata"]),
        (json!({"service_tier": "flex"}), &["service_tier"]),
        (json!({"verbosity": "low"}), &["verbosity"]),
        (json!({"prediction": {}}), &["prediction"]),
        (json!({"prompt_cache_key": "k"}), &["prompt_cache_key"]),
        (json!({"user": "u", "safety_identifier": "s"}), &["user"]),
        (json!({"never_heard_of": 1}), &["never_heard_of"]),
        (json!({"line\nbreak": 1}), &["unknown"]),
        (json!({"stream_options": {"include_usage": true, "include_obfuscation": false}}), &[]),
        (json!({"stream_options": {"odd": true}}), &["stream_options.odd"]),
        (json!({"response_format": {"type": "text", "odd": 1}}), &["response_format.odd"]),
        (
            json!({"tool_choice": {"type": "function", "function": {"name": "f", "odd": 1}, "odd": 1}}),
            &["tool_choice.odd", "tool_choice.function.odd"],
        ),
        (
            json!({"messages": [{"role": "user", "content": [
            {"type": "image_url", "image_url": {"url": "https://x", "odd": 1}, "odd": 1}]}]}),
            &["messages.content.image_url.odd", "messages.content.odd"],
        ),
        (
            json!({"messages": [{"role": "assistant", "content": null, "tool_calls": [{"id": "c", "odd": 1,
            "type": "function", "function": {"name": "f", "arguments": "", "odd": 1}}]}]}),
            &["messages.tool_calls.odd", "messages.tool_calls.function.odd"],
        ),
    ];
    for (members, expected) in rows {
        let text = body(&members);
        assert_eq!(extensions(&decode(&text).unwrap()), expected, "{members}");
    }
}

#[test]
fn wrong_requests_are_refused_by_name() {
    let user = |content: Value| json!({"messages": [{"role": "user", "content": content}]});
    let rows: Vec<(Value, Option<&str>, &str)> = vec![
        (json!({"model": null}), Some("model"), "Write the name of a model"),
        (json!({"model": 5}), Some("model"), "'model': write a string instead of this integer"),
        (json!({"messages": null}), Some("messages"), "Write a list of messages"),
        (json!({"messages": {}}), Some("messages"), "'messages': write a list instead of this map"),
        (
            json!({"messages": [{"role": "user", "content": "a"}, {"role": "user", "content": 7}]}),
            Some("messages.content"),
            "'messages[1].content': write a string or a list",
        ),
        (
            json!({"messages": [{"role": "user"}]}),
            Some("messages.content"),
            "'messages[0].content'",
        ),
        (json!({"messages": [{"content": "a"}]}), Some("messages.role"), "who says"),
        (
            json!({"messages": [{"role": "bot", "content": "a"}]}),
            Some("messages.role"),
            "developer, system",
        ),
        (
            json!({"messages": [{"role": "tool", "content": "a"}]}),
            Some("messages.tool_call_id"),
            "the id",
        ),
        (user(json!([{"text": "a"}])), Some("messages.content.type"), "messages[0].content[0]"),
        (
            user(json!([{"type": "text", "text": 1}])),
            Some("messages.content.text"),
            "'messages[0].content[0].text': write a string instead of this integer",
        ),
        (user(json!([{"type": "image_url"}])), Some("messages.content.image_url"), "messages[0]"),
        (
            user(json!([{"type": "image_url", "image_url": {"url": "data:image/png,abc"}}])),
            Some("messages.content"),
            "data:<type>;base64,<data>",
        ),
        (
            json!({"messages": [{"role": "assistant", "tool_calls": [{"id": "c", "type": "function",
            "function": {"name": "f", "arguments": {}}}]}]}),
            Some("messages.tool_calls.function.arguments"),
            "'messages[0].tool_calls[0].function.arguments': write a string instead of this map",
        ),
        (
            json!({"temperature": "hot"}),
            Some("temperature"),
            "write a number instead of this string",
        ),
        (
            json!({"max_tokens": -1}),
            Some("max_tokens"),
            "write a whole number from 0 instead of this integer",
        ),
        (json!({"max_tokens": 1.5}), Some("max_tokens"), "write a whole number from 0"),
        (json!({"max_tokens": 1, "max_completion_tokens": 2}), Some("max_tokens"), "differ"),
        (json!({"n": 0}), Some("n"), "1 or more"),
        (json!({"top_logprobs": 2}), Some("top_logprobs"), "needs 'logprobs'"),
        (json!({"logprobs": true, "top_logprobs": 21}), Some("top_logprobs"), "0 to 20"),
        (json!({"reasoning_effort": "huge"}), Some("reasoning_effort"), "none, minimal"),
        (json!({"stop": [1]}), Some("stop"), "'stop[0]': write a string"),
        (json!({"tools": [5]}), Some("tools"), "'tools[0]': write an object"),
        (
            json!({"tools": [{"type": "function"}]}),
            Some("tools.function"),
            "'name' of the function",
        ),
        (json!({"tool_choice": "maybe"}), Some("tool_choice"), "auto, none, required"),
        (json!({"tool_choice": {"type": "function"}}), Some("tool_choice.function"), "'name'"),
        (json!({"response_format": {"type": "xml"}}), Some("response_format.type"), "json_schema"),
        (
            json!({"response_format": {"type": "json_schema", "json_schema": {"name": "n"}}}),
            Some("response_format.json_schema.schema"),
            "JSON Schema",
        ),
    ];
    for (members, field, words) in rows {
        let refusal = decode(&body(&members)).unwrap_err();
        assert_eq!(refusal.field.as_deref(), field, "{members}: {refusal}");
        assert!(refusal.message.contains(words), "{members}: {refusal}");
    }
}

#[test]
fn broken_bodies_are_refused() {
    let deep = "[".repeat(100_000);
    for text in [
        "",
        "{",
        "[]",
        "null",
        "\"x\"",
        "{\"model\":\"m\",\"model\":\"n\",\"messages\":[]}",
        "{\"model\":null,\"model\":\"n\",\"messages\":[]}",
        "{\"mod\\u0065l\":1,\"model\":\"n\"}",
        "{\"x\":1,\"x\":2,\"model\":\"m\",\"messages\":[]}",
        "{\"model\":\"m\",\"messages\":[}",
        &deep,
    ] {
        let refusal = decode(text).unwrap_err();
        assert!(refusal.message.len() < 400, "{refusal}");
    }
    let refusal = decode(r#"{"model":"m","messages":[{"content":true,"role":"\u001fa\u001fb"}]}"#);
    assert_eq!(refusal.unwrap_err().field.as_deref(), Some("messages.content"));
    let refusal = decode(r#"{"model":"m","messages":"\u001fa\u001fb"}"#).unwrap_err();
    assert_eq!(refusal.field.as_deref(), Some("messages"));
    let text = format!("{{\"model\":\"m\",\"messages\":\"{}\"}}", "x".repeat(10_000));
    let refusal = decode(&text).unwrap_err();
    assert_eq!(
        refusal.message,
        "Invalid type for 'messages': write a list instead of this string."
    );
    let bytes = b"{\"model\":\"\xff\",\"messages\":[]}";
    assert!(super::Codec::decode_request(&super::Chat, bytes, Default::default()).is_err());
}
