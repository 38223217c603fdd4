//! How OpenAI writes answers of the Responses API.

use providers::Schema::Responses;
use serde_json::{Value, json};

use super::super::answer::{Answer, Finish, Part};

/// The items of an answer, and of each the events between its first and its last.
fn items(answer: &Answer) -> Vec<(Value, Vec<Value>)> {
    let items = answer.parts.iter().enumerate().map(|(index, part)| match part {
        Part::Text(words) => message(index, "output_text", "text", words),
        Part::Refusal(words) => message(index, "refusal", "refusal", words),
        Part::Thought(words) => {
            let id = format!("rs_{index}");
            let text = words.concat();
            let event = |kind: &str, key: &str, value: Value| {
                json!({"type": format!("response.reasoning_summary_{kind}"), "item_id": id,
                    "output_index": index, "summary_index": 0, key: value})
            };
            let part = |text: &str| json!({"type": "summary_text", "text": text});
            let mut events = vec![event("part.added", "part", part(""))];
            events.extend(words.iter().map(|words| event("text.delta", "delta", json!(words))));
            events.push(event("text.done", "text", json!(text)));
            events.push(event("part.done", "part", part(&text)));
            let item = json!({"type": "reasoning", "id": id, "summary": [part(&text)]});
            (item, events)
        }
        Part::Call(name, pieces) => {
            let id = format!("fc_{index}");
            let event = |kind: &str, key: &str, value: &str| {
                json!({"type": format!("response.function_call_arguments.{kind}"), "item_id": id,
                    "output_index": index, key: value, "obfuscation": "x7"})
            };
            let arguments = pieces.concat();
            let mut events: Vec<_> =
                pieces.iter().map(|json| event("delta", "delta", json)).collect();
            events.push(event("done", "arguments", &arguments));
            let item = json!({"type": "function_call", "id": id, "status": "completed",
                "call_id": format!("call_{index}"), "name": name, "arguments": arguments});
            (item, events)
        }
    });
    items.collect()
}

fn message(index: usize, kind: &str, key: &str, words: &[&str]) -> (Value, Vec<Value>) {
    let id = format!("msg_{index}");
    let event = |kind: &str, key: &str, value: Value| json!({"type": kind, "item_id": id, "output_index": index, "content_index": 0, key: value});
    let part = |text: &str| {
        let mut part = json!({"type": kind, key: text});
        if kind == "output_text" {
            part["annotations"] = json!([]);
            part["logprobs"] = json!([]);
        }
        part
    };
    let text = words.concat();
    let mut events = vec![event("response.content_part.added", "part", part(""))];
    events.extend(words.iter().map(|words| {
        let mut delta = event(&format!("response.{kind}.delta"), "delta", json!(words));
        delta["obfuscation"] = json!("x7");
        delta
    }));
    events.push(event(&format!("response.{kind}.done"), key, json!(text)));
    events.push(event("response.content_part.done", "part", part(&text)));
    let item = json!({"type": "message", "id": id, "status": "completed", "role": "assistant",
        "content": [part(&text)]});
    (item, events)
}

fn object(answer: &Answer, output: Vec<Value>) -> Value {
    let finish = super::finish(Responses, answer.finish);
    let incomplete = matches!(answer.finish, Finish::Length | Finish::Filter);
    json!({"id": "resp_1", "object": "response", "created_at": 5, "model": "gpt-x",
        "status": if incomplete { "incomplete" } else { finish }, "error": null,
        "incomplete_details": incomplete.then(|| json!({"reason": finish})),
        "output": output, "usage": super::usage(Responses)})
}

/// The whole answer.
pub(super) fn response(answer: &Answer) -> Value {
    object(answer, items(answer).into_iter().map(|(item, _)| item).collect())
}

/// The events of the same answer, streamed; among them one that keeps the line open, and one of
/// a type that no one knows.
pub(super) fn events(answer: &Answer) -> Vec<String> {
    let whole = response(answer);
    let mut begun = whole.clone();
    begun["status"] = "in_progress".into();
    begun["output"] = json!([]);
    begun["usage"] = Value::Null;
    begun["incomplete_details"] = Value::Null;
    let mut events = vec![
        json!({"type": "response.created", "response": begun}),
        json!({"type": "keepalive"}),
        json!({"type": "response.in_progress", "response": begun}),
        json!({"type": "response.of_tomorrow", "item_id": "x", "output_index": 9, "delta": "no"}),
    ];
    for (index, (item, between)) in items(answer).into_iter().enumerate() {
        let mut added = item.clone();
        for empty in ["content", "summary"] {
            if item.get(empty).is_some() {
                added[empty] = json!([]);
            }
        }
        if item.get("arguments").is_some() {
            added["arguments"] = "".into();
        }
        events.push(
            json!({"type": "response.output_item.added", "output_index": index, "item": added}),
        );
        events.extend(between);
        events.push(
            json!({"type": "response.output_item.done", "output_index": index, "item": item}),
        );
    }
    let last = format!("response.{}", whole["status"].as_str().unwrap());
    events.push(json!({"type": last, "response": whole}));
    let number = |(number, mut event): (usize, Value)| {
        event["sequence_number"] = number.into();
        format!("event: {}\ndata: {event}\n\n", event["type"].as_str().unwrap())
    };
    events.into_iter().enumerate().map(number).collect()
}
