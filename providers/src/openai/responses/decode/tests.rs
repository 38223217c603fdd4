//! What callers send.

#![allow(clippy::unwrap_used, clippy::panic)]

use serde_json::{Value, json};

use super::request as decode;
use crate::conversation::{
    Arguments, CacheTtl, Effort, Media, OutputFormat, Part, Request, Role, Source, Text, Thinking,
    Tool, ToolCall, ToolChoice, ToolResult, Unsupported,
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
        Part::ToolCall(ToolCall { id, name, arguments: Arguments::Text(text), custom, .. }) => {
            let kind = if *custom { "!" } else { "" };
            format!("{name}{kind}#{}({text})", id.as_deref().unwrap_or("-"))
        }
        Part::ToolResult(ToolResult { call_id, content, custom, .. }) => format!(
            "result{}#{}[{}]",
            if *custom { "!" } else { "" },
            call_id.as_deref().unwrap_or("-"),
            content.iter().map(show).collect::<Vec<_>>().join("|")
        ),
        Part::Thinking(Thinking { id, text, signature }) => {
            let [id, proof] = [id, signature].map(|word| word.as_deref().unwrap_or("-"));
            format!("thinking#{id}({text}, {proof})")
        }
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

/// A body of these items.
fn items(items: &Value) -> String {
    json!({"model": "m", "input": items}).to_string()
}

/// A body that says "hi", with these members.
fn with(members: &Value) -> String {
    let mut body = json!({"model": "m", "input": "hi"});
    for (key, value) in members.as_object().unwrap() {
        body[key] = value.clone();
    }
    body.to_string()
}

#[test]
fn input_may_be_a_string() {
    let body = with(&json!({"instructions": "be brief", "stream": true}));
    let request = decode(body.as_bytes()).unwrap();
    assert_eq!(shown(&request), ["system: be brief", "user: hi"]);
    assert!(request.stream);
    assert_eq!(request.model, "m");
}

#[test]
fn items_of_every_kind() {
    let rows: Vec<(Value, &[&str], &[&str])> = vec![
        (
            json!([{"role": "developer", "content": "a"}, {"type": "message", "role": "system", "content": [{"type": "input_text", "text": "b"}]},
                {"role": "user", "content": "c"}, {"role": "developer", "content": "d"}]),
            &["system: a", "system: b", "user: c", "turn: d"],
            &[],
        ),
        (
            json!([{"role": "user", "content": [{"type": "input_text", "text": "a"}, {"type": "text", "text": "b"}]}]),
            &["user: a + b"],
            &[],
        ),
        (
            json!([{"type": "message", "id": "msg_1", "status": "completed", "role": "assistant", "phase": "commentary",
                "content": [{"type": "output_text", "text": "a", "annotations": [], "logprobs": []}, {"type": "refusal", "refusal": "b"}]}]),
            &["assistant: a + refusal(b)"],
            &["input.phase"],
        ),
        (
            json!([{"role": "assistant", "content": [{"type": "output_text", "text": "a", "annotations": [{"type": "url_citation"}]}]}]),
            &["assistant: a"],
            &["input.content.annotations"],
        ),
        (
            json!([{"role": "user", "content": [{"type": "input_image", "image_url": "https://x.io/a.png", "detail": "low"},
                {"type": "input_image", "image_url": "data:image/jpeg;base64,QUJD"}, {"type": "input_image", "file_id": "f"}]}]),
            &[
                "user: image(https://x.io/a.png, low) + image(image/jpeg QUJD, -) + image(file f, -)",
            ],
            &[],
        ),
        (
            json!([{"role": "user", "content": [
                {"type": "input_file", "filename": "a.pdf", "file_data": "data:application/pdf;base64,QQ=="},
                {"type": "input_file", "file_data": "QQ=="}, {"type": "input_file", "file_url": "https://x.io/a.pdf"},
                {"type": "input_file", "file_id": "f"}]}]),
            &["user: document(application/pdf QQ==, a.pdf) + document(application/pdf QQ==, -) \
               + document(https://x.io/a.pdf, -) + document(file f, -)"],
            &[],
        ),
        (
            json!([{"role": "user", "content": [{"type": "input_text", "text": "a", "prompt_cache_breakpoint": {"mode": "explicit", "ttl": "12h"}}]}]),
            &["user: a|cache"],
            &[],
        ),
        (
            json!([{"type": "function_call", "id": "fc_1", "status": "completed", "call_id": "c1", "name": "f", "arguments": "{\"a\": 1.0}"},
                {"type": "function_call", "call_id": "c2", "name": "g", "arguments": "", "namespace": "n"},
                {"type": "function_call_output", "call_id": "c1", "output": "one"},
                {"type": "function_call_output", "call_id": "c2", "output": [{"type": "input_text", "text": "two"},
                    {"type": "input_image", "image_url": "data:image/png;base64,QQ=="}]}]),
            &[
                "assistant: f#c1({\"a\": 1.0})",
                "assistant: n__g#c2()",
                "user: result#c1[one]",
                "user: result#c2[two|image(image/png QQ==, -)]",
            ],
            &[],
        ),
        (
            json!([{"type": "custom_tool_call", "call_id": "c", "name": "sql", "input": "select 1"},
                {"type": "custom_tool_call_output", "call_id": "c", "output": "1"}]),
            &["assistant: sql!#c(select 1)", "user: result!#c[1]"],
            &[],
        ),
        (
            json!([{"type": "reasoning", "id": "rs_1", "encrypted_content": "abc",
                "summary": [{"type": "summary_text", "text": "a"}, {"type": "summary_text", "text": "b"}]},
                {"type": "reasoning", "summary": [], "content": [{"type": "reasoning_text", "text": "hm"}]}]),
            &["assistant: thinking#rs_1(a\n\nb, abc)", "assistant: thinking#-(hm, -)"],
            &[],
        ),
        (
            json!([{"type": "web_search_call", "id": "ws_1"}, {"type": "item_reference", "id": "msg_1"},
                {"type": "computer_call_output", "call_id": "c"}]),
            &[
                "assistant: opaque(web_search_call {\"id\":\"ws_1\",\"type\":\"web_search_call\"})",
                "user: opaque(item_reference {\"id\":\"msg_1\",\"type\":\"item_reference\"})",
                "user: opaque(computer_call_output {\"call_id\":\"c\",\"type\":\"computer_call_output\"})",
            ],
            &[],
        ),
        // A part of a new kind: its item is kept whole.
        (
            json!([{"role": "user", "content": [{"type": "novel", "a": 1}]}]),
            &["user: opaque(novel {\"content\":[{\"a\":1,\"type\":\"novel\"}],\"role\":\"user\"})"],
            &[],
        ),
    ];
    for (input, turns, hints) in rows {
        let body = items(&input);
        let request =
            decode(body.as_bytes()).unwrap_or_else(|refusal| panic!("{input}: {refusal:?}"));
        assert_eq!(shown(&request), turns, "{input}");
        assert_eq!(extensions(&request), hints, "{input}");
    }
}

#[test]
fn fields_of_every_kind() {
    type Check = fn(&Request<'_>) -> bool;
    let rows: Vec<(Value, &[&str], Check)> = vec![
        (json!({"max_output_tokens": 77}), &[], |r| r.max_tokens == Some(77)),
        (json!({"temperature": 0.5, "top_p": 1.0}), &[], |r| {
            let [temperature, top_p] =
                [r.sampling.temperature, r.sampling.top_p].map(|n| n.unwrap());
            temperature.get() == "0.5" && top_p.get() == "1.0"
        }),
        (json!({"parallel_tool_calls": false}), &[], |r| r.parallel_tool_calls == Some(false)),
        (json!({"reasoning": {"effort": "high", "summary": "auto"}}), &[], |r| {
            r.reasoning.effort == Some(Effort::High) && r.reasoning.show == Some(true)
        }),
        (
            json!({"reasoning": {"summary": "detailed", "mode": "pro"}}),
            &["reasoning.summary", "reasoning.mode"],
            |r| r.reasoning.effort.is_none() && r.reasoning.show == Some(true),
        ),
        (json!({"reasoning": null, "text": null, "include": null}), &[], |r| {
            r.reasoning.show.is_none()
        }),
        (
            json!({"text": {"format": {"type": "text"}, "verbosity": "low"}}),
            &["text.verbosity"],
            |r| matches!(r.output, OutputFormat::Text),
        ),
        (json!({"text": {"format": {"type": "json_object"}}}), &[], |r| {
            matches!(r.output, OutputFormat::Json)
        }),
        (
            json!({"text": {"format": {"type": "json_schema", "name": "n", "strict": true, "schema": {"type": "object"}}}}),
            &[],
            |r| matches!(&r.output, OutputFormat::JsonSchema { name: Some(name), strict: Some(true), .. } if name == "n"),
        ),
        (json!({"top_logprobs": 3}), &[], |r| r.logprobs == Some(3)),
        (json!({"top_logprobs": 0}), &[], |r| r.logprobs.is_none()),
        (json!({"include": ["message.output_text.logprobs"]}), &[], |r| r.logprobs == Some(0)),
        // Encrypted thoughts come back wherever they can.
        (json!({"include": ["reasoning.encrypted_content"]}), &[], |r| r.logprobs.is_none()),
        (json!({"include": ["file_search_call.results"]}), &["include"], |r| r.logprobs.is_none()),
        (json!({"user": "u"}), &[], |r| r.user.as_deref() == Some("u")),
        (json!({"user": "u", "safety_identifier": "s"}), &["user"], |r| {
            r.user.as_deref() == Some("s")
        }),
        (
            json!({"tools": [{"type": "function", "name": "f", "description": "d", "parameters": {"type": "object"}, "strict": true, "defer_loading": true}]}),
            &["tools.defer_loading"],
            |r| matches!(&*r.tools, [Tool::Function { name, strict: Some(true), .. }] if name == "f"),
        ),
        (
            json!({"tools": [{"type": "custom", "name": "f", "format": {"type": "grammar", "syntax": "lark", "definition": "x"}}]}),
            &[],
            |r| matches!(&*r.tools, [Tool::Custom { format: Some(_), .. }]),
        ),
        (
            json!({"tools": [{"type": "web_search"}]}),
            &[],
            |r| matches!(&*r.tools, [Tool::Hosted { kind, .. }] if kind == "web_search"),
        ),
        (json!({"tool_choice": "required"}), &[], |r| r.tool_choice == Some(ToolChoice::Required)),
        (json!({"tool_choice": {"type": "function", "name": "f"}}), &[], |r| {
            r.tool_choice == Some(ToolChoice::Named("f".into()))
        }),
        (json!({"tool_choice": {"type": "custom", "name": "f"}}), &[], |r| {
            r.tool_choice == Some(ToolChoice::Named("f".into()))
        }),
        (
            json!({"tool_choice": {"type": "allowed_tools", "mode": "required", "tools": [{"type": "function", "name": "f"}]}}),
            &[],
            |r| {
                r.tool_choice
                    == Some(ToolChoice::Allowed { required: true, names: vec!["f".into()] })
            },
        ),
        (
            json!({"tool_choice": {"type": "allowed_tools", "mode": "auto", "tools": [{"type": "mcp", "server_label": "x"}]}}),
            &["tool_choice!"],
            |r| r.tool_choice.is_none(),
        ),
        (json!({"tool_choice": {"type": "web_search"}}), &["tool_choice!"], |r| {
            r.tool_choice.is_none()
        }),
        (
            json!({"store": false, "metadata": {"a": "b"}, "truncation": "disabled", "max_tool_calls": 3,
                "prompt_cache_key": "k", "service_tier": "flex", "client_metadata": {"x": "y"}}),
            &[
                "client_metadata",
                "max_tool_calls",
                "metadata",
                "prompt_cache_key",
                "service_tier",
                "store",
                "truncation",
            ],
            |_| true,
        ),
        (
            json!({"store": true, "previous_response_id": "r", "conversation": "c", "background": true, "prompt": {"id": "p"}}),
            &["background!", "conversation!", "previous_response_id!", "prompt!", "store!"],
            |_| true,
        ),
        (
            json!({"background": false, "previous_response_id": null, "stream_options": {"include_obfuscation": true}}),
            &["background", "stream_options.include_obfuscation"],
            |_| true,
        ),
    ];
    for (members, hints, check) in rows {
        let body = with(&members);
        let request =
            decode(body.as_bytes()).unwrap_or_else(|refusal| panic!("{members}: {refusal:?}"));
        assert!(check(&request), "{members}: {request:#?}");
        assert_eq!(extensions(&request), hints, "{members}");
    }
}

#[test]
fn what_cannot_be_read_is_named() {
    let rows: Vec<(String, &str)> = vec![
        (r#"{"input":"hi"}"#.into(), "model"),
        (r#"{"model":"m"}"#.into(), "input"),
        (r#"{"model":"m","input":7}"#.into(), "input"),
        (items(&json!([{"content": "x"}])), "input.type"),
        (items(&json!([{"role": "tool", "content": "x"}])), "input.role"),
        (items(&json!([{"role": "user"}])), "input.content"),
        (
            items(&json!([{"role": "user", "content": [{"type": "input_text"}]}])),
            "input.content.text",
        ),
        (
            items(&json!([{"role": "user", "content": [{"type": "input_image"}]}])),
            "input.content.image_url",
        ),
        (
            items(
                &json!([{"role": "user", "content": [{"type": "input_image", "image_url": "data:,x"}]}]),
            ),
            "input.content.image_url",
        ),
        (
            items(&json!([{"role": "user", "content": [{"type": "input_file"}]}])),
            "input.content.file_data",
        ),
        (items(&json!([{"type": "function_call", "name": "f", "arguments": ""}])), "input.call_id"),
        (items(&json!([{"type": "function_call", "call_id": "c", "arguments": ""}])), "input.name"),
        (
            items(
                &json!([{"type": "function_call", "call_id": "c", "name": "f", "arguments": {}}]),
            ),
            "input.arguments",
        ),
        (items(&json!([{"type": "function_call_output", "call_id": "c"}])), "input.output"),
        (items(&json!([{"type": "function_call_output", "output": "x"}])), "input.call_id"),
        (with(&json!({"tools": [{"name": "f"}]})), "tools.type"),
        (with(&json!({"tools": [{"type": "function"}]})), "tools.name"),
        (with(&json!({"tool_choice": "any"})), "tool_choice"),
        (with(&json!({"tool_choice": {"type": "function"}})), "tool_choice.name"),
        (with(&json!({"top_logprobs": 21})), "top_logprobs"),
        (with(&json!({"reasoning": {"effort": "huge"}})), "reasoning.effort"),
        (with(&json!({"text": {"format": {"type": "xml"}}})), "text.format.type"),
        (with(&json!({"text": {"format": {"type": "json_schema"}}})), "text.format.schema"),
        (with(&json!({"max_output_tokens": -1})), "max_output_tokens"),
    ];
    for (body, field) in rows {
        let refusal = decode(body.as_bytes()).unwrap_err();
        assert_eq!(refusal.field.as_deref(), Some(field), "{body}: {}", refusal.message);
    }
}

#[test]
fn a_breakpoint_keeps_its_time() {
    let body = items(&json!([{"role": "user", "content": [
        {"type": "input_text", "text": "a", "prompt_cache_breakpoint": {"mode": "explicit", "ttl": "30m"}}]}]));
    let request = decode(body.as_bytes()).unwrap();
    let Part::Text(text) = &request.messages[0].parts[0] else { panic!("{request:?}") };
    assert_eq!(text.cache.unwrap().ttl, Some(CacheTtl::ThirtyMinutes));
}

#[test]
fn many_unknown_members_are_told_as_one() {
    let message = |n| json!({"role": "user", "content": [{"type": "input_text", "text": "hi", format!("x{n}"): 1}]});
    let many: Vec<Value> = (0..300).map(message).collect();
    for body in [
        items(&json!(many)),
        // However many there are in one object.
        items(&json!([(0..300).fold(json!({"role": "user", "content": "hi"}), |mut item, n| {
            item[format!("x{n}")] = 1.into();
            item
        })])),
    ] {
        let request = decode(body.as_bytes()).unwrap();
        let told = extensions(&request);
        assert_eq!(told.len(), 129, "{told:?}");
        assert!(told[0].ends_with(".x0") && told[128].ends_with(".unknown"), "{told:?}");
    }
}
