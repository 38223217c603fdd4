//! How providers write answers: whole, and as the events of a stream.

use providers::Schema::{self, Chat, Claude, Gemini, Responses};
use serde_json::{Value, json};

use super::answer::{Answer, Finish, Part};

mod ladder;

fn args(pieces: &[&str]) -> Value {
    let text = pieces.concat();
    if text.is_empty() { json!({}) } else { serde_json::from_str(&text).unwrap() }
}

fn usage(schema: Schema) -> Value {
    match schema {
        Responses => json!({"input_tokens": 100, "output_tokens": 50, "total_tokens": 150,
            "input_tokens_details": {"cached_tokens": 30, "cache_write_tokens": 10},
            "output_tokens_details": {"reasoning_tokens": 20}}),
        Chat => json!({"prompt_tokens": 100, "completion_tokens": 50, "total_tokens": 150,
            "prompt_tokens_details": {"cached_tokens": 30, "cache_write_tokens": 10},
            "completion_tokens_details": {"reasoning_tokens": 20}}),
        Claude => json!({"input_tokens": 60, "cache_read_input_tokens": 30,
            "cache_creation_input_tokens": 10, "output_tokens": 50,
            "output_tokens_details": {"thinking_tokens": 20}}),
        Gemini => json!({"promptTokenCount": 100, "cachedContentTokenCount": 30,
            "candidatesTokenCount": 30, "thoughtsTokenCount": 20, "totalTokenCount": 150}),
    }
}

fn finish(schema: Schema, finish: Finish) -> &'static str {
    match (schema, finish) {
        (Responses, Finish::Length) => "max_output_tokens",
        (Responses, Finish::Filter) => "content_filter",
        (Responses, _) => "completed",
        (Chat, Finish::Length) => "length",
        (Chat, Finish::Calls) => "tool_calls",
        (Chat, Finish::Filter) => "content_filter",
        (Chat, _) => "stop",
        (Claude, Finish::Stop) => "end_turn",
        (Claude, Finish::Sequence) => "stop_sequence",
        (Claude, Finish::Length) => "max_tokens",
        (Claude, Finish::Calls) => "tool_use",
        (Claude, Finish::Filter) => "refusal",
        (Claude, Finish::Paused) => "pause_turn",
        (Gemini, Finish::Length) => "MAX_TOKENS",
        (Gemini, Finish::Filter) => "PROHIBITED_CONTENT",
        (Gemini, Finish::Paused) => "CONTINUATION",
        (Gemini, _) => "STOP",
    }
}

/// The whole answer.
pub(crate) fn whole(schema: Schema, answer: &Answer) -> String {
    let finish = finish(schema, answer.finish);
    match schema {
        Responses => ladder::response(answer),
        Chat => {
            let mut message = json!({"role": "assistant", "content": null, "refusal": null});
            let mut calls = Vec::new();
            for part in answer.parts {
                match part {
                    Part::Text(words) => message["content"] = words.concat().into(),
                    Part::Thought(words) => message["reasoning_content"] = words.concat().into(),
                    Part::Refusal(words) => message["refusal"] = words.concat().into(),
                    Part::Call(name, args) => calls.push(json!({"id": format!("call_{}", calls.len()),
                        "type": "function", "function": {"name": name, "arguments": args.concat()}})),
                }
            }
            if !calls.is_empty() {
                message["tool_calls"] = calls.into();
            }
            json!({"id": "chatcmpl-1", "object": "chat.completion", "created": 5, "model": "gpt-x",
                "choices": [{"index": 0, "message": message, "logprobs": null, "finish_reason": finish}],
                "usage": usage(schema)})
        }
        Claude => {
            let blocks = answer.parts.iter().enumerate().map(|(index, part)| match part {
                Part::Text(words) | Part::Refusal(words) => json!({"type": "text", "text": words.concat()}),
                Part::Thought(words) => {
                    json!({"type": "thinking", "thinking": words.concat(), "signature": "c2ln"})
                }
                Part::Call(name, pieces) => {
                    json!({"type": "tool_use", "id": format!("toolu_{index}"), "name": name, "input": args(pieces)})
                }
            });
            json!({"id": "msg_1", "type": "message", "role": "assistant", "model": "claude-x",
                "content": blocks.collect::<Vec<_>>(), "stop_reason": finish,
                "stop_sequence": sequence(answer.finish), "usage": usage(schema)})
        }
        Gemini => {
            let parts = answer.parts.iter().map(|part| match part {
                Part::Text(words) | Part::Refusal(words) => json!({"text": words.concat()}),
                Part::Thought(words) => json!({"text": words.concat(), "thought": true}),
                Part::Call(name, pieces) => json!({"functionCall": {"name": name, "args": args(pieces)}}),
            });
            json!({"candidates": [{"content": {"role": "model", "parts": parts.collect::<Vec<_>>()},
                "finishReason": finish, "index": 0}], "usageMetadata": usage(schema),
                "modelVersion": "gemini-x", "responseId": "r1"})
        }
    }
    .to_string()
}

fn sequence(finish: Finish) -> Option<&'static str> {
    (finish == Finish::Sequence).then_some("END")
}

/// The events of the same answer, streamed.
pub(crate) fn events(schema: Schema, answer: &Answer) -> Vec<String> {
    match schema {
        Responses => ladder::events(answer),
        Chat => chunks(answer),
        Claude => blocks(answer),
        Gemini => responses(answer),
    }
}

/// An error in the middle of a stream.
pub(crate) fn error(schema: Schema) -> &'static str {
    match schema {
        Responses => {
            "event: error\ndata: {\"type\":\"error\",\"code\":\"server_is_overloaded\",\"message\":\"Too busy\",\"param\":null,\"sequence_number\":9}\n\n"
        }
        Chat => {
            "data: {\"error\":{\"message\":\"Too busy\",\"type\":\"server_error\",\"param\":null,\"code\":\"overloaded\"}}\n\n"
        }
        Claude => {
            "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"Too busy\"}}\n\n"
        }
        Gemini => {
            "data: {\"error\":{\"code\":503,\"message\":\"Too busy\",\"status\":\"UNAVAILABLE\"}}\r\n\r\n"
        }
    }
}

/// Chat: arguments of parallel calls interleave, and a comment keeps the line open.
fn chunks(answer: &Answer) -> Vec<String> {
    let chunk = |choices: Value, usage: Value| {
        let chunk = json!({"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 5,
            "model": "gpt-x", "choices": choices, "usage": usage});
        format!("data: {chunk}\n\n")
    };
    let delta = |delta: Value| {
        chunk(json!([{"index": 0, "delta": delta, "finish_reason": null}]), Value::Null)
    };
    let mut events = vec![delta(json!({"role": "assistant", "content": "", "refusal": null}))];
    events.push(": keep-alive\n\n".to_owned());
    let mut calls: Vec<&[&str]> = Vec::new();
    for part in answer.parts {
        let (field, words) = match part {
            Part::Text(words) => ("content", words),
            Part::Thought(words) => ("reasoning_content", words),
            Part::Refusal(words) => ("refusal", words),
            Part::Call(name, pieces) => {
                events.push(delta(json!({"tool_calls": [{"index": calls.len(), "type": "function",
                    "id": format!("call_{}", calls.len()), "function": {"name": name, "arguments": ""}}]})));
                calls.push(pieces);
                continue;
            }
        };
        events.extend(words.iter().map(|words| delta(json!({field: words}))));
    }
    for turn in 0..calls.iter().map(|pieces| pieces.len()).max().unwrap_or(0) {
        for (index, pieces) in calls.iter().enumerate().filter(|(_, pieces)| turn < pieces.len()) {
            let function = json!({"arguments": pieces[turn]});
            events.push(delta(json!({"tool_calls": [{"index": index, "function": function}]})));
        }
    }
    let finish = finish(Chat, answer.finish);
    events.push(chunk(json!([{"index": 0, "delta": {}, "finish_reason": finish}]), Value::Null));
    events.push(chunk(json!([]), usage(Chat)));
    events.push("data: [DONE]\n\n".to_owned());
    events
}

fn blocks(answer: &Answer) -> Vec<String> {
    let event =
        |data: Value| format!("event: {}\ndata: {data}\n\n", data["type"].as_str().unwrap());
    let mut started = usage(Claude);
    started["output_tokens"] = 1.into();
    started["output_tokens_details"] = Value::Null;
    let mut events = vec![event(
        json!({"type": "message_start", "message": {"id": "msg_1", "type": "message",
        "role": "assistant", "model": "claude-x", "content": [], "stop_reason": null, "stop_sequence": null,
        "usage": started}}),
    )];
    for (index, part) in answer.parts.iter().enumerate() {
        let (block, deltas) = match part {
            Part::Text(words) | Part::Refusal(words) => (
                json!({"type": "text", "text": ""}),
                words.iter().map(|text| json!({"type": "text_delta", "text": text})).collect(),
            ),
            Part::Thought(words) => {
                let delta = |text| json!({"type": "thinking_delta", "thinking": text});
                let mut deltas: Vec<_> = words.iter().map(delta).collect();
                deltas.push(json!({"type": "signature_delta", "signature": "c2ln"}));
                (json!({"type": "thinking", "thinking": "", "signature": ""}), deltas)
            }
            Part::Call(name, pieces) => {
                let delta = |json| json!({"type": "input_json_delta", "partial_json": json});
                let deltas: Vec<_> = [""].iter().chain(*pieces).map(delta).collect();
                (
                    json!({"type": "tool_use", "id": format!("toolu_{index}"), "name": name, "input": {}}),
                    deltas,
                )
            }
        };
        events.push(event(
            json!({"type": "content_block_start", "index": index, "content_block": block}),
        ));
        if index == 0 {
            events.push(event(json!({"type": "ping"})));
        }
        for delta in deltas {
            events.push(event(
                json!({"type": "content_block_delta", "index": index, "delta": delta}),
            ));
        }
        events.push(event(json!({"type": "content_block_stop", "index": index})));
    }
    events.push(event(json!({"type": "message_delta", "usage": usage(Claude),
        "delta": {"stop_reason": finish(Claude, answer.finish), "stop_sequence": sequence(answer.finish)}})));
    events.push(event(json!({"type": "message_stop"})));
    events
}

fn responses(answer: &Answer) -> Vec<String> {
    let event = |candidate: Value, usage: Value| {
        let response = json!({"candidates": [candidate], "usageMetadata": usage,
            "modelVersion": "gemini-x", "responseId": "r1"});
        format!("data: {response}\r\n\r\n")
    };
    let said = |part: Value| {
        let candidate = json!({"content": {"role": "model", "parts": [part]}, "index": 0});
        event(candidate, json!({"promptTokenCount": 100, "totalTokenCount": 100}))
    };
    let mut events = Vec::new();
    for part in answer.parts {
        match part {
            Part::Text(words) | Part::Refusal(words) => {
                events.extend(words.iter().map(|text| said(json!({"text": text}))));
            }
            Part::Thought(words) => {
                events
                    .extend(words.iter().map(|text| said(json!({"text": text, "thought": true}))));
            }
            Part::Call(name, pieces) => {
                events.push(said(json!({"functionCall": {"name": name, "args": args(pieces)}})));
            }
        }
    }
    let last = json!({"content": {"role": "model", "parts": [{"text": ""}]},
        "finishReason": finish(Gemini, answer.finish), "index": 0});
    events.push(event(last, usage(Gemini)));
    events
}
