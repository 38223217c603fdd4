//! Anthropic's callers and Anthropic's models: all comes back, whatever the model has a place for.
//! Bodies that hold sealed tokens go this way.

use serde_json::{Value, json};

use super::{able, decode, encode};
use crate::catalog::{Capabilities, Thinking as Kind};
use crate::codec::Encoded;
use crate::conversation::shape;

/// The body shaped and written again.
fn again(body: &Value) -> (Value, Encoded) {
    let text = body.to_string();
    let mut request = decode(&text).unwrap();
    shape::normalize(&mut request).unwrap();
    let encoded = encode(&request, &able(Kind::Effort)).unwrap();
    (serde_json::from_slice(&encoded.body).unwrap(), encoded)
}

fn body(members: Value) -> Value {
    let mut body = json!({"model": "claude-target", "max_tokens": 100,
        "messages": [{"role": "user", "content": [{"type": "text", "text": "hi"}]}]});
    for (name, value) in members.as_object().unwrap() {
        body[name] = value.clone();
    }
    body
}

fn turns(messages: Value) -> Value {
    body(json!({ "messages": messages }))
}

#[test]
fn members_that_only_anthropic_has_come_back_to_their_places() {
    let tools = json!([
        {"name": "a", "input_schema": {"type": "object"}, "defer_loading": true,
            "input_examples": [{"x": 1.0}], "eager_input_streaming": true,
            "cache_control": {"type": "ephemeral", "ttl": "1h"}},
        {"name": "b", "input_schema": {"type": "object"}, "allowed_callers": ["direct"]},
        {"name": "c", "input_schema": {"type": "object"},
            "cache_control": {"type": "ephemeral", "scope": "global"}},
        {"type": "web_search_20250305", "name": "web_search", "max_uses": 1},
    ]);
    let location = json!({"type": "char_location", "cited_text": "c", "document_index": 0,
        "document_title": null, "start_char_index": 0, "end_char_index": 1});
    let source = json!({"type": "text", "media_type": "text/plain", "data": "d"});
    let cases = [
        body(json!({ "tools": tools })),
        body(json!({"context_management": {"edits": []}, "container": {"id": "c"},
            "mcp_servers": [{"name": "m"}], "fallbacks": [{"model": "x"}], "speed": "fast",
            "cache_control": {"type": "ephemeral"}, "inference_geo": "eu", "diagnostics": {"a": 1},
            "service_tier": "auto", "user_profile_id": "p", "metadata": {"user_id": "u", "team": "t"},
            "thinking": {"type": "between_tools"}, "output_config": {"effort": "low", "task_budget": {}}})),
        body(json!({"system": [{"type": "text", "text": "x-anthropic-billing-header: v=1"},
            {"type": "text", "text": "A", "cache_control": {"type": "ephemeral", "scope": "global"}},
            {"type": "text", "text": "A"}]})),
        turns(json!([
            {"role": "user", "content": [
                {"type": "document", "source": source, "title": "T", "context": "C",
                    "cache_control": {"type": "ephemeral", "ttl": "5m"}},
                {"type": "document", "source": source, "citations": {"enabled": true}},
                {"type": "search_result", "source": "s", "title": "t", "content": [],
                    "citations": {"enabled": true}},
                {"type": "image", "source": {"type": "file", "file_id": "f"}, "brand_new": 1},
                {"type": "text", "text": "a", "brand_new": [1.50]}]},
            {"role": "assistant", "content": [
                {"type": "thinking", "thinking": "", "signature": "sig"},
                {"type": "redacted_thinking", "data": "x"},
                {"type": "text", "text": "b", "citations": [location]},
                {"type": "text", "text": "b"},
                {"type": "server_tool_use", "id": "s", "name": "web_search", "input": {}},
                {"type": "web_search_tool_result", "tool_use_id": "s", "content": []},
                {"type": "tool_use", "id": "t1", "name": "a", "input": {}, "caller": {"type": "direct"}},
                {"type": "tool_use", "id": "t2", "name": "a", "input": {"n": 1.0}}]},
            {"role": "user", "content": [
                {"type": "tool_result", "tool_use_id": "t1", "brand_new": 1, "content": [
                    {"type": "tool_reference", "tool_name": "c"},
                    {"type": "text", "text": "a", "brand_new": 2}]},
                {"type": "tool_result", "tool_use_id": "t2", "content": [{"type": "text", "text": "2"}]},
                {"type": "text", "text": "and?"}]},
            {"role": "system", "content": [{"type": "tool_addition", "tool": {}}]},
        ])),
    ];
    for body in cases {
        let (after, encoded) = again(&body);
        assert_eq!(after, body);
        assert!(encoded.losses.is_empty() && encoded.emulated.is_empty(), "{encoded:?}");
    }
}

#[test]
fn what_moved_keeps_what_hung_on_it() {
    // Results out of order, text before them, an empty block: shaped, and nothing torn off.
    let (after, encoded) = again(&turns(json!([
        {"role": "user", "content": "hi"},
        {"role": "assistant", "content": [
            {"type": "tool_use", "id": "t1", "name": "a", "input": {}},
            {"type": "tool_use", "id": "t2", "name": "a", "input": {}, "caller": {"type": "direct"}}]},
        {"role": "user", "content": [{"type": "text", "text": "so", "x": 1}, {"type": "text", "text": ""},
            {"type": "tool_result", "tool_use_id": "t2", "content": "2", "y": 2}]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t1", "content": "1"}]},
    ])));
    let words = |text: &str| json!([{"type": "text", "text": text}]);
    assert_eq!(
        after["messages"][2]["content"],
        json!([
            {"type": "tool_result", "tool_use_id": "t1", "content": words("1")},
            {"type": "tool_result", "tool_use_id": "t2", "content": words("2"), "y": 2},
            {"type": "text", "text": "so", "x": 1}])
    );
    assert_eq!(after["messages"][1]["content"][1]["caller"], json!({"type": "direct"}));
    assert!(encoded.losses.is_empty(), "{encoded:?}");
}

#[test]
fn what_has_no_way_back_is_reported() {
    let long = "t".repeat(65);
    let (_, encoded) = again(&turns(json!([
        {"role": "user", "content": "hi", "turn_member": 1},
        {"role": "assistant", "content": [
            {"type": "tool_use", "id": long, "name": "a", "input": {}, "caller": {"type": "direct"}}]},
        {"role": "user", "content": [
            {"type": "tool_result", "tool_use_id": long, "content": "1"},
            {"type": "image", "source": {"type": "url", "url": "https://x.io/a", "brand_new": 1}}]},
    ])));
    let mut losses: Vec<_> = encoded.losses.iter().map(|loss| &*loss.field).collect();
    losses.sort_unstable();
    assert_eq!(
        losses,
        ["messages.content.caller", "messages.content.source.brand_new", "messages.turn_member"]
    );
}

#[test]
fn pages_that_anthropic_did_not_find_are_not_sent_to_it() {
    let page = json!({"type": "web_search_result_location", "cited_text": "", "encrypted_index": "",
        "title": "T", "url": "https://a.example/"});
    let (after, encoded) = again(&turns(json!([
        {"role": "user", "content": "hi"},
        {"role": "assistant", "content": [{"type": "text", "text": "b", "citations": [page]}]},
        {"role": "user", "content": "so"},
    ])));
    assert_eq!(after["messages"][1]["content"], json!([{"type": "text", "text": "b"}]));
    assert_eq!(encoded.losses.len(), 1, "{encoded:?}");
}

#[test]
fn a_request_is_written_for_the_newest_version_that_takes_it() {
    let older = "2023-06-01";
    let newer = "2026-10-21";
    let newest =
        Capabilities { api_version: crate::catalog::ApiVersion::V2026, ..able(Kind::Effort) };
    let of_user = |citations: Value| {
        turns(
            json!([{"role": "user", "content": [{"type": "text", "text": "a", "citations": citations}]}]),
        )
    };
    let document = |citations: bool| {
        turns(json!([{"role": "user", "content": "a"}, {"role": "assistant", "content": [
            {"type": "document", "citations": {"enabled": citations},
                "source": {"type": "url", "url": "https://x.io/a.pdf"}}]}, {"role": "user", "content": "b"}]))
    };
    let cases = [
        (body(json!({})), newer),
        (body(json!({"temperature": 1})), older),
        (body(json!({"top_p": 1})), older),
        (body(json!({"top_k": 5})), older),
        (of_user(json!([{"type": "char_location"}])), older),
        (of_user(json!([])), newer),
        (document(false), older),
        (document(true), older),
    ];
    for (body, version) in cases {
        let text = body.to_string();
        let request = decode(&text).unwrap();
        let encoded = encode(&request, &newest).unwrap();
        assert_eq!(encoded.api_version, Some(version), "{body}");
        // A host that never heard of the newer is never asked with it.
        let encoded = encode(&request, &able(Kind::Effort)).unwrap();
        assert_eq!(encoded.api_version, Some(older), "{body}");
    }
    // A default that the model does not take is left out, and needs no version of its own.
    let plain = body(json!({"temperature": 1.0})).to_string();
    let fixed = Capabilities { sampling: false, ..newest };
    assert_eq!(encode(&decode(&plain).unwrap(), &fixed).unwrap().api_version, Some(newer));
}
