//! Writes Responses answers: the items and the object around them.

use serde_json::{Value, json};

use super::super::super::json::Json;
use super::super::super::turn::{Call, Finish, Reply, Thinking, Tokens, Turn};
use super::super::family::Family;
use super::ids;

const CREATED: u64 = 1_780_000_000;

pub(in super::super::super) fn answer(turn: &Turn<'_>, reply: &Reply) -> Value {
    let output = output(turn, reply);
    let mut body = response(turn, reply, status(reply), output);
    body["usage"] = reply.told().map_or(Value::Null, usage);
    body
}

/// The items of an answer, complete.
pub(super) fn output(turn: &Turn<'_>, reply: &Reply) -> Vec<Value> {
    let mut items = Vec::new();
    if let Some(thinking) = &reply.thinking {
        let mut item = reasoning(turn, reply);
        if turn.thinking == Thinking::Shown {
            item["summary"] = json!([{"type": "summary_text", "text": thinking}]);
        }
        items.push(item);
    }
    if reply.calls.is_empty() {
        let mut item = message(turn, reply, items.len(), status(reply));
        item["content"] = json!([part(reply, &reply.text())]);
        items.push(item);
    }
    for call in &reply.calls {
        let mut item = self::call(reply, items.len(), call, "completed");
        item[input_field(call)] = json!(call.arguments);
        items.push(item);
    }
    items
}

/// The reasoning item, without its summary.
pub(super) fn reasoning(turn: &Turn<'_>, reply: &Reply) -> Value {
    let mut item = json!({"id": ids::id("rs", reply.id, 0), "type": "reasoning", "summary": []});
    let include = turn.request.and_then(|body| body.get("include"));
    let include = include.map_or(&[][..], Json::items);
    if include.iter().any(|name| name.text() == Some("reasoning.encrypted_content")) {
        item["encrypted_content"] = json!(ids::seal(reply.id));
    }
    item
}

/// The message at this place in the output, without content.
pub(super) fn message(turn: &Turn<'_>, reply: &Reply, at: usize, status: &str) -> Value {
    let mut item = json!({
        "id": ids::id("msg", reply.id, at), "type": "message", "status": status, "content": [],
        "role": "assistant",
    });
    if Family::of(&turn.model).phase {
        item["phase"] = json!("final_answer");
    }
    item
}

/// The part of a message that holds this text of the reply.
pub(super) fn part(reply: &Reply, text: &str) -> Value {
    if reply.finish == Finish::Refusal {
        return json!({"type": "refusal", "refusal": text});
    }
    json!({"type": "output_text", "annotations": [], "logprobs": [], "text": text})
}

/// A call at this place in the output, without its arguments.
pub(super) fn call(reply: &Reply, at: usize, call: &Call, status: &str) -> Value {
    let (kind, prefix) =
        if call.custom { ("custom_tool_call", "ctc") } else { ("function_call", "fc") };
    let mut item = json!({
        "id": ids::id(prefix, reply.id, at), "type": kind, "status": status,
        "call_id": ids::id("call", reply.id, at), "name": call.name,
    });
    item[input_field(call)] = json!("");
    item
}

/// What the field with a call's arguments is called.
pub(super) fn input_field(call: &Call) -> &'static str {
    if call.custom { "input" } else { "arguments" }
}

/// Why an answer is incomplete, if it is.
fn incomplete(reply: &Reply) -> Option<&'static str> {
    match reply.finish {
        Finish::Length => Some("max_output_tokens"),
        Finish::Filter => Some("content_filter"),
        Finish::End | Finish::Stop(_) | Finish::Calls | Finish::Refusal => None,
    }
}

/// How an answer ends: `completed` or `incomplete`.
pub(super) fn status(reply: &Reply) -> &'static str {
    if incomplete(reply).is_some() { "incomplete" } else { "completed" }
}

/// The response object, which repeats what was asked for; without usage.
pub(super) fn response(turn: &Turn<'_>, reply: &Reply, status: &str, output: Vec<Value>) -> Value {
    let asked = |name: &str, otherwise: Value| {
        turn.request.and_then(|body| body.get(name)).map_or(otherwise, value)
    };
    let reason = incomplete(reply).filter(|_| status == "incomplete");
    let reason = reason.map(|reason| json!({"reason": reason}));
    let mut body = json!({
        "id": ids::id("resp", reply.id, 0), "object": "response", "created_at": CREATED,
        "status": status, "background": false,
        "completed_at": (status == "completed").then_some(CREATED + 1),
        "error": null, "incomplete_details": reason,
        "model": turn.model, "output": output, "usage": null,
        "reasoning": {"effort": null, "summary": null},
        "text": {"format": {"type": "text"}, "verbosity": "medium"},
        "service_tier": "default",
    });
    for (name, otherwise) in [
        ("instructions", Value::Null),
        ("max_output_tokens", Value::Null),
        ("max_tool_calls", Value::Null),
        ("parallel_tool_calls", json!(true)),
        ("previous_response_id", Value::Null),
        ("prompt_cache_key", Value::Null),
        ("safety_identifier", Value::Null),
        ("store", json!(true)),
        ("temperature", json!(1.0)),
        ("tool_choice", json!("auto")),
        ("tools", json!([])),
        ("top_logprobs", json!(0)),
        ("top_p", json!(1.0)),
        ("truncation", json!("disabled")),
        ("user", Value::Null),
        ("metadata", json!({})),
    ] {
        body[name] = asked(name, otherwise);
    }
    for name in ["reasoning", "text"] {
        for (key, given) in
            turn.request.and_then(|body| body.get(name)).map_or(&[][..], Json::members)
        {
            body[name][key.as_ref()] = value(given);
        }
    }
    for tool in body["tools"].as_array_mut().into_iter().flatten() {
        if tool["type"] == "function" && tool.get("strict").is_none_or(Value::is_null) {
            tool["strict"] = json!(true);
        }
    }
    body
}

fn value(json: &Json<'_>) -> Value {
    serde_json::from_str(&json.to_string()).unwrap_or_default()
}

pub(super) fn usage(tokens: Tokens) -> Value {
    json!({
        "input_tokens": tokens.input,
        "input_tokens_details": {"cached_tokens": tokens.cached, "cache_write_tokens": 0},
        "output_tokens": tokens.output,
        "output_tokens_details": {"reasoning_tokens": tokens.reasoning},
        "total_tokens": tokens.input + tokens.output,
    })
}
