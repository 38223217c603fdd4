//! Requests, from the wire into the model.

use super::decode;
use crate::conversation::{
    Arguments, Effort, OutputFormat, Part, Role, Source, ThinkingMode, Tool, ToolChoice,
    Unsupported,
};

/// A body with these members beside a minimal conversation.
fn body(members: &str) -> String {
    format!(
        r#"{{"model":"m","max_tokens":10,"messages":[{{"role":"user","content":"hi"}}]{members}}}"#
    )
}

/// A body with one user turn of this one block.
fn block(block: &str) -> String {
    format!(r#"{{"model":"m","max_tokens":10,"messages":[{{"role":"user","content":[{block}]}}]}}"#)
}

#[test]
fn every_field_of_the_model_is_read() {
    let body = r#"{
        "model": "claude-x", "max_tokens": 2048, "stream": true,
        "system": [{"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral"}}],
        "messages": [
            {"role": "user", "content": "hi"},
            {"role": "assistant", "content": [
                {"type": "thinking", "thinking": "hm", "signature": "sig"},
                {"type": "redacted_thinking", "data": "xyz"},
                {"type": "text", "text": "I look."},
                {"type": "tool_use", "id": "toolu_1", "name": "look", "input": {"n": 1.0}}]},
            {"role": "user", "content": [
                {"type": "tool_result", "tool_use_id": "toolu_1", "is_error": true, "content": [
                    {"type": "text", "text": "no"},
                    {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AA=="}}]},
                {"type": "document", "title": "T", "source": {"type": "url", "url": "https://x/y.pdf"}}]},
            {"role": "system", "content": "Now be long."}],
        "tools": [{"name": "look", "description": "Looks.", "strict": true, "input_schema": {"type": "object"}}],
        "tool_choice": {"type": "tool", "name": "look", "disable_parallel_tool_use": true},
        "thinking": {"type": "enabled", "budget_tokens": 1024, "display": "omitted"},
        "output_config": {"effort": "xhigh", "format": {"type": "json_schema", "schema": {"type": "object"}}},
        "temperature": 0.70, "top_p": 1E-1, "top_k": 5,
        "stop_sequences": ["\n\nHuman"], "metadata": {"user_id": "u1"}
    }"#;
    let request = decode(body).unwrap();
    assert_eq!((&*request.model, request.max_tokens), ("claude-x", Some(2048)));
    assert!(request.stream);
    let Part::Text(system) = &request.system[0] else { panic!() };
    assert_eq!(&*system.text, "Be brief.");
    assert_eq!(system.cache, Some(crate::conversation::CacheBreakpoint { ttl: None }));
    let roles: Vec<Role> = request.messages.iter().map(|message| message.role).collect();
    assert_eq!(roles, [Role::User, Role::Assistant, Role::User, Role::System]);
    let [
        Part::Thinking(thinking),
        Part::RedactedThinking(data),
        Part::Text(_),
        Part::ToolCall(call),
    ] = &request.messages[1].parts[..]
    else {
        panic!()
    };
    assert_eq!((&*thinking.text, thinking.signature.as_deref()), ("hm", Some("sig")));
    assert_eq!(&**data, "xyz");
    assert_eq!(call.id.as_deref(), Some("toolu_1"));
    // Numbers keep their spelling.
    assert!(matches!(&call.arguments, Arguments::Json(raw) if raw.get() == r#"{"n": 1.0}"#));
    let [Part::ToolResult(result), Part::Document(document)] = &request.messages[2].parts[..]
    else {
        panic!()
    };
    assert!(result.is_error);
    assert!(matches!(&result.content[..], [Part::Text(_), Part::Image(_)]));
    assert_eq!(document.name.as_deref(), Some("T"));
    assert!(matches!(&document.source, Source::Url { url, .. } if url == "https://x/y.pdf"));
    let Tool::Function { name, strict, .. } = &request.tools[0] else { panic!() };
    assert_eq!((&**name, *strict), ("look", Some(true)));
    assert_eq!(request.tool_choice, Some(ToolChoice::Named("look".into())));
    assert_eq!(request.parallel_tool_calls, Some(false));
    assert_eq!(request.reasoning.mode, Some(ThinkingMode::Budget(1024)));
    assert_eq!(request.reasoning.effort, Some(Effort::XHigh));
    assert_eq!(request.reasoning.show, Some(false));
    assert!(matches!(&request.output, OutputFormat::JsonSchema { .. }));
    assert_eq!(request.sampling.temperature.unwrap().get(), "0.70");
    assert_eq!(request.sampling.top_p.unwrap().get(), "1E-1");
    assert_eq!(request.sampling.top_k.unwrap().get(), "5");
    assert_eq!(request.stop, ["\n\nHuman"]);
    assert_eq!(request.user.as_deref(), Some("u1"));
    assert!(request.extensions.is_empty(), "{:?}", request.extensions);
}

#[test]
fn tool_choices_are_read() {
    let cases =
        [("auto", ToolChoice::Auto), ("any", ToolChoice::Required), ("none", ToolChoice::None)];
    for (word, choice) in cases {
        let body = body(&format!(r#","tool_choice":{{"type":"{word}"}}"#));
        let request = decode(&body).unwrap();
        assert_eq!((request.tool_choice, request.parallel_tool_calls), (Some(choice), None));
    }
}

#[test]
fn what_has_no_place_is_kept_and_said() {
    use Unsupported::{Drop, Refuse};
    let cases = [
        (body(r#","context_management":{"edits":[]}"#), "context_management", Drop),
        (body(r#","diagnostics":{}"#), "diagnostics", Drop),
        (body(r#","service_tier":"auto""#), "service_tier", Drop),
        (body(r#","speed":"fast""#), "speed", Drop),
        (body(r#","cache_control":{"type":"ephemeral"}"#), "cache_control", Drop),
        (body(r#","container":{"id":"c"}"#), "container", Refuse),
        (body(r#","inference_geo":"eu""#), "inference_geo", Refuse),
        (body(r#","mcp_servers":[]"#), "mcp_servers", Refuse),
        (body(r#","brand_new":1"#), "brand_new", Drop),
        (body(r#","bad name\r\n":1"#), "unknown", Drop),
        (body(r#","metadata":{"team":"x"}"#), "metadata.team", Drop),
        (body(r#","thinking":{"type":"adaptive","display":"new"}"#), "thinking.display", Drop),
        (body(r#","thinking":{"type":"between_tools"}"#), "thinking.type", Drop),
        (body(r#","output_config":{"task_budget":{}}"#), "output_config.task_budget", Drop),
        (body(r#","tool_choice":{"type":"auto","x":1}"#), "tool_choice.x", Drop),
        (body(r#","tools":[{"name":"t","defer_loading":true}]"#), "tools.defer_loading", Drop),
        (block(r#"{"type":"text","text":"a","x":1}"#), "messages.content.x", Drop),
        // A member that the schema knows, on a block that it has no place on.
        (block(r#"{"type":"text","text":"a","title":"t"}"#), "messages.content.title", Drop),
        (
            block(r#"{"type":"text","text":"a","cache_control":{"type":"ephemeral","ttl":"2d"}}"#),
            "messages.content.cache_control",
            Drop,
        ),
        (
            block(
                r#"{"type":"document","citations":{"enabled":true},"source":{"type":"text","data":"d"}}"#,
            ),
            "messages.content.citations",
            Refuse,
        ),
        (
            block(r#"{"type":"document","context":"c","source":{"type":"text","data":"d"}}"#),
            "messages.content.context",
            Drop,
        ),
        (
            block(r#"{"type":"image","source":{"type":"s3","uri":"u"}}"#),
            "messages.content.source",
            Refuse,
        ),
        (
            block(r#"{"type":"image","source":{"type":"url","url":"u","x":1}}"#),
            "messages.content.source.x",
            Drop,
        ),
        (
            block(
                r#"{"type":"tool_result","tool_use_id":"i","content":[{"type":"text","text":"a","x":1}]}"#,
            ),
            "messages.content.content.x",
            Drop,
        ),
    ];
    for (body, path, unsupported) in cases {
        let request = decode(&body).unwrap_or_else(|refusal| panic!("{body}: {refusal}"));
        let [extension] = &request.extensions[..] else {
            panic!("{body}: {:?}", request.extensions)
        };
        assert_eq!((&*extension.path, extension.unsupported), (path, unsupported), "{body}");
    }
}

#[test]
fn nulls_are_absent() {
    let members = [
        "system",
        "tools",
        "tool_choice",
        "thinking",
        "output_config",
        "output_format",
        "temperature",
        "top_p",
        "top_k",
        "stop_sequences",
        "metadata",
        "stream",
        "container",
        "anything",
    ];
    let nulls: String = members.iter().map(|name| format!(r#","{name}":null"#)).collect();
    let body = body(&nulls);
    let request = decode(&body).unwrap();
    assert!(request.extensions.is_empty(), "{:?}", request.extensions);
    assert_eq!(request.tool_choice, None);
    let block =
        block(r#"{"type":"text","text":"a","cache_control":null,"citations":null,"new":null}"#);
    assert!(decode(&block).unwrap().extensions.is_empty());
}

#[test]
fn blocks_that_only_anthropic_knows_stay_whole() {
    let blocks = [
        (
            "server_tool_use",
            r#"{"type":"server_tool_use","id":"s","name":"web_search","input":{}}"#,
        ),
        (
            "web_fetch_tool_result",
            r#"{"type":"web_fetch_tool_result","tool_use_id":"s","content":{"type":"x"}}"#,
        ),
        (
            "search_result",
            r#"{"type":"search_result","source":"https://x","title":"t","content":[]}"#,
        ),
        ("container_upload", r#"{"type":"container_upload","file_id":"f"}"#),
    ];
    for (kind, raw) in blocks {
        let body = block(raw);
        let request = decode(&body).unwrap_or_else(|refusal| panic!("{kind}: {refusal}"));
        let Part::Opaque(opaque) = &request.messages[0].parts[0] else { panic!("{kind}") };
        assert_eq!((&*opaque.kind, opaque.raw.get()), (kind, raw));
    }
    let body =
        body(r#","tools":[{"type":"web_search_20250305","name":"web_search","max_uses":2}]"#);
    let request = decode(&body).unwrap();
    assert!(
        matches!(&request.tools[0], Tool::Hosted { kind, .. } if kind == "web_search_20250305")
    );
}

#[test]
fn the_billing_header_of_claude_code_is_no_instruction() {
    let body = body(
        r#","system":[{"type":"text","text":"x-anthropic-billing-header: v=1"},{"type":"text","text":"Be brief."}]"#,
    );
    let request = decode(&body).unwrap();
    assert_eq!(request.system.len(), 1);
    assert_eq!(request.extensions[0].path, "system.x-anthropic-billing-header");
}

#[test]
fn what_is_wrong_is_refused_by_name() {
    let messages =
        |messages: &str| format!(r#"{{"model":"m","max_tokens":1,"messages":{messages}}}"#);
    let cases = [
        (r#"{"model":"m","messages":[]}"#.to_owned(), Some("max_tokens")),
        (r#"{"max_tokens":1,"messages":[]}"#.to_owned(), Some("model")),
        (r#"{"model":"m","max_tokens":1}"#.to_owned(), Some("messages")),
        (body(r#","max_tokens":11"#), None),
        (body(r#","temperature":"0.5""#), Some("temperature")),
        (body(r#","stream":"yes""#), Some("stream")),
        (body(r#","stop_sequences":"x""#), Some("stop_sequences")),
        (body(r#","metadata":{"user_id":5}"#), Some("metadata.user_id")),
        (body(r#","tool_choice":"auto""#), Some("tool_choice")),
        (body(r#","tool_choice":{"type":"required"}"#), Some("tool_choice.type")),
        (body(r#","tool_choice":{"type":"tool"}"#), Some("tool_choice.name")),
        (body(r#","thinking":{"type":"on"}"#), Some("thinking.type")),
        (body(r#","thinking":{"type":"enabled"}"#), Some("thinking.budget_tokens")),
        (
            body(r#","thinking":{"type":"enabled","budget_tokens":-1}"#),
            Some("thinking.budget_tokens"),
        ),
        (body(r#","output_config":{"effort":"huge"}"#), Some("output_config.effort")),
        (body(r#","output_config":{"format":{"type":"json"}}"#), Some("output_config.format")),
        (body(r#","tools":[{"description":"d"}]"#), Some("tools.name")),
        (body(r#","tools":[{"name":7}]"#), Some("tools.name")),
        (body(r#","tools":[7]"#), Some("tools")),
        (body(r#","system":[{"type":"image","source":{"type":"url","url":"u"}}]"#), Some("system")),
        (messages(r#"[{"role":"tool","content":"x"}]"#), Some("messages.role")),
        (messages(r#"[{"role":"user"}]"#), Some("messages.content")),
        (messages(r#"[{"role":"user","content":5}]"#), Some("messages.content")),
        (block(r#"{"text":"a"}"#), Some("messages.content.type")),
        (block(r#"{"type":"text","text":5}"#), Some("messages.content.text")),
        (block(r#"{"type":"text"}"#), Some("messages.content.text")),
        (block(r#"{"type":"image"}"#), Some("messages.content.source")),
        (
            block(r#"{"type":"image","source":{"type":"base64","data":"x"}}"#),
            Some("messages.content.source.media_type"),
        ),
        (
            block(r#"{"type":"tool_use","id":"a","name":"b","input":"c"}"#),
            Some("messages.content.input"),
        ),
        (block(r#"{"type":"tool_result"}"#), Some("messages.content.tool_use_id")),
        (block("5"), Some("messages.content")),
        ("[]".to_owned(), None),
        ("{".to_owned(), None),
        (String::new(), None),
    ];
    for (body, field) in cases {
        let refusal = decode(&body).expect_err(&body);
        assert_eq!(refusal.field.as_deref(), field, "{body}: {refusal}");
        assert!(refusal.message.len() > 10, "{refusal}");
    }
}

#[test]
fn a_fault_says_what_was_expected() {
    let body = body(r#","metadata":{"user_id":5}"#);
    let refusal = decode(&body).unwrap_err();
    assert_eq!(refusal.message, "`metadata.user_id`: invalid type: integer `5`, expected a string");
    let long = format!(r#"{{"model":"m","max_tokens":"{}"}}"#, "x".repeat(100_000));
    assert!(decode(&long).unwrap_err().message.len() < 300);
}

#[test]
fn hostile_bodies_are_refused_in_good_time() {
    let members: String = (0..100_000).map(|n| format!(r#","k{n}":1"#)).collect();
    assert!(decode(&body(&members)).is_err());
    let deep = "[".repeat(100_000);
    assert!(decode(&block(&deep)).is_err());
    let opening = r#"{"type":"tool_result","tool_use_id":"a","content":["#;
    let nested = format!("{}{}", opening.repeat(20_000), "]}".repeat(20_000));
    let refusal = decode(&block(&nested)).unwrap_err();
    assert_eq!(refusal.field.as_deref(), Some("messages.content.content"));
    let odd = |n: usize| format!(r#"{{"type":"text","text":"a","k{n}":1}}"#);
    let blocks: Vec<String> = (0..20_000).map(odd).collect();
    let body_of_many = block(&blocks.join(","));
    let extensions = decode(&body_of_many).unwrap().extensions;
    assert!(extensions.len() < 200, "{}", extensions.len());
    assert!(extensions.iter().any(|known| known.path == "messages.content.unknown"));
    assert!(decode(&body(r#","top_p":1,"top_p":2"#)).is_err());
    assert!(decode(&block(r#"{"type":"text","text":null,"text":"a"}"#)).is_err());
}
