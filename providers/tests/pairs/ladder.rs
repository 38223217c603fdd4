//! The grammar of a Responses stream (`wire.md` §4.1), checked event by event by one who knows
//! nothing of the code under test.
#![allow(clippy::unwrap_used, clippy::panic)]

use serde_json::{Value, json};

/// What every response object has, by the newest SDK's types.
const DEMANDED: [&str; 14] = [
    "id",
    "object",
    "created_at",
    "status",
    "error",
    "incomplete_details",
    "instructions",
    "metadata",
    "model",
    "output",
    "parallel_tool_calls",
    "tool_choice",
    "tools",
    "text",
];

/// Sees that this is a response object; gives its status.
pub(crate) fn object(response: &Value) -> &str {
    for key in DEMANDED {
        assert!(response.get(key).is_some(), "no {key} in {response}");
    }
    assert_eq!(response["object"], "response");
    assert!(response["id"].as_str().unwrap().starts_with("resp_"));
    assert!(response["created_at"].is_number() && response["tools"].is_array());
    assert!(response["parallel_tool_calls"].is_boolean() && response["model"].is_string());
    let status = response["status"].as_str().unwrap();
    assert_eq!(status == "failed", !response["error"].is_null(), "{response}");
    assert_eq!(status == "incomplete", !response["incomplete_details"].is_null(), "{response}");
    if status == "failed" {
        assert!(response["error"]["code"].is_string() && response["error"]["message"].is_string());
    }
    if matches!(status, "completed" | "incomplete") {
        let usage = &response["usage"];
        for count in [
            "/input_tokens",
            "/input_tokens_details/cached_tokens",
            "/input_tokens_details/cache_write_tokens",
            "/output_tokens",
            "/output_tokens_details/reasoning_tokens",
            "/total_tokens",
        ] {
            assert!(usage.pointer(count).is_some_and(Value::is_u64), "no {count} in {usage}");
        }
    }
    for item in response["output"].as_array().unwrap() {
        self::item(item);
    }
    status
}

/// Sees that an item that is done has what its type demands.
fn item(item: &Value) {
    let strings: &[&str] = match item["type"].as_str().unwrap() {
        "message" => {
            assert_eq!(item["role"], "assistant");
            for part in item["content"].as_array().unwrap() {
                match part["type"].as_str().unwrap() {
                    "output_text" => assert!(
                        part["text"].is_string()
                            && part["annotations"].is_array()
                            && part["logprobs"].is_array()
                    ),
                    "refusal" => assert!(part["refusal"].is_string()),
                    other => panic!("a part of type {other}"),
                }
            }
            &["id", "status"]
        }
        "function_call" => &["id", "status", "call_id", "name", "arguments"],
        "custom_tool_call" => &["id", "call_id", "name", "input"],
        "reasoning" => {
            for part in item["summary"].as_array().unwrap() {
                assert_eq!(part["type"], "summary_text");
                assert!(part["text"].is_string());
            }
            &["id"]
        }
        "image_generation_call" => &["id", "status", "result"],
        other => panic!("an item of type {other}"),
    };
    for key in strings {
        assert!(item[key].is_string(), "no {key} in {item}");
    }
}

/// An item under way.
struct Open {
    added: Value,
    /// The parts that are whole, as `content_part.done` or its like told them.
    parts: Vec<Value>,
    /// The part under way: how it began, its words, its annotations; told whole.
    part: Option<(Value, String, Vec<Value>, bool)>,
    /// What a tool is called with, and whether it was told whole.
    input: (String, bool),
}

/// Reads a stream to its end; gives the terminal event.
pub(crate) fn check(all: &str) -> Value {
    let (mut sequence, mut begun) = (0, Vec::new());
    let mut open: Option<Open> = None;
    let mut done: Vec<Value> = Vec::new();
    let mut terminal = None;
    for frame in all.strip_suffix("\n\n").expect("ends in the middle of an event").split("\n\n") {
        if frame.starts_with(':') {
            assert!(!frame.contains('\n'));
            continue;
        }
        let (kind, data) = frame.split_once('\n').unwrap_or_else(|| panic!("frame {frame:?}"));
        let kind = kind.strip_prefix("event: ").unwrap_or_else(|| panic!("frame {frame:?}"));
        let data = data.strip_prefix("data: ").unwrap_or_else(|| panic!("frame {frame:?}"));
        let data: Value = serde_json::from_str(data).unwrap_or_else(|e| panic!("{e}: {data}"));
        assert_eq!((&data["type"], &data["sequence_number"]), (&json!(kind), &json!(sequence)));
        sequence += 1;
        assert!(terminal.is_none(), "after the end: {data}");
        let text = |key: &str| data[key].as_str().unwrap_or_else(|| panic!("{key} in {data}"));
        if kind == "response.created" || kind == "response.in_progress" {
            begun.push(kind.to_owned());
            assert_eq!(object(&data["response"]), "in_progress");
            assert_eq!(data["response"]["output"], json!([]));
            assert!(open.is_none() && done.is_empty());
            begun.push(data["response"]["id"].to_string());
            continue;
        }
        let [created, first, in_progress, second] = begun.as_slice() else { panic!("{begun:?}") };
        assert_eq!(
            (created.as_str(), in_progress.as_str()),
            ("response.created", "response.in_progress")
        );
        assert_eq!(first, second, "the id changed");
        if matches!(kind, "response.completed" | "response.incomplete" | "response.failed") {
            let response = &data["response"];
            assert_eq!(object(response), &kind["response.".len()..]);
            assert_eq!(&response["id"].to_string(), first);
            assert!(open.is_none() || kind == "response.failed", "{data}");
            assert_eq!(response["output"], json!(done), "the output is what was told");
            terminal = Some(data);
            continue;
        }
        assert_eq!(data["output_index"], done.len(), "one item after the other: {data}");
        if kind == "response.output_item.added" {
            let added = data["item"].clone();
            assert!(open.is_none() && added["id"].is_string(), "{data}");
            assert!(done.iter().all(|item| item["id"] != added["id"]), "an id twice: {data}");
            assert!(added["type"] == "reasoning" || added["status"] == "in_progress");
            open = Some(Open { added, parts: vec![], part: None, input: Default::default() });
            continue;
        }
        let item = open.as_mut().unwrap_or_else(|| panic!("no item is open: {data}"));
        let item_type = item.added["type"].as_str().unwrap().to_owned();
        if kind == "response.output_item.done" {
            let whole = &data["item"];
            self::item(whole);
            assert!(whole["id"] == item.added["id"] && whole["type"] == item.added["type"]);
            assert!(item.part.is_none(), "a part is open: {data}");
            match &*item_type {
                "message" => assert_eq!(whole["content"], json!(item.parts)),
                "reasoning" => assert_eq!(whole["summary"], json!(item.parts)),
                "function_call" => {
                    assert_eq!((&whole["arguments"], true), (&json!(item.input.0), item.input.1))
                }
                "custom_tool_call" => {
                    assert_eq!((&whole["input"], true), (&json!(item.input.0), item.input.1))
                }
                _ => {}
            }
            done.push(whole.clone());
            open = None;
            continue;
        }
        assert_eq!(data["item_id"], item.added["id"], "{data}");
        let (index, expected) = match &*item_type {
            "message" => ("content_index", json!(item.parts.len())),
            "reasoning" => ("summary_index", json!(item.parts.len())),
            _ => ("content_index", Value::Null),
        };
        assert_eq!(data[index], expected, "{data}");
        let member = |part: &Value| if part["type"] == "refusal" { "refusal" } else { "text" };
        match (&*item_type, kind) {
            ("message", "response.content_part.added")
            | ("reasoning", "response.reasoning_summary_part.added") => {
                assert!(item.part.is_none(), "a part is open: {data}");
                assert_eq!(data["part"][member(&data["part"])], "");
                item.part = Some((data["part"].clone(), String::new(), vec![], false));
            }
            ("message", "response.output_text.delta" | "response.refusal.delta")
            | ("reasoning", "response.reasoning_summary_text.delta") => {
                let part = item.part.as_mut().unwrap();
                let kinds = [
                    ("output_text", "response.output_text.delta"),
                    ("refusal", "response.refusal.delta"),
                    ("summary_text", "response.reasoning_summary_text.delta"),
                ];
                assert!(
                    kinds.contains(&(part.0["type"].as_str().unwrap(), kind)) && !part.3,
                    "{data}"
                );
                assert_eq!(kind == "response.output_text.delta", data["logprobs"].is_array());
                part.1 += text("delta");
            }
            ("message", "response.output_text.annotation.added") => {
                let part = item.part.as_mut().unwrap();
                assert!(part.0["type"] == "output_text" && !part.3);
                assert_eq!(data["annotation_index"], part.2.len());
                part.2.push(data["annotation"].clone());
            }
            ("message", "response.output_text.done" | "response.refusal.done")
            | ("reasoning", "response.reasoning_summary_text.done") => {
                let part = item.part.as_mut().unwrap();
                assert_eq!(text(member(&part.0)), part.1);
                assert!(!std::mem::replace(&mut part.3, true), "told whole twice");
            }
            ("message", "response.content_part.done")
            | ("reasoning", "response.reasoning_summary_part.done") => {
                let (began, said, annotations, whole) = item.part.take().unwrap();
                assert!(whole && data["part"]["type"] == began["type"]);
                assert_eq!(data["part"][member(&began)], said);
                if began["type"] == "output_text" {
                    assert_eq!(data["part"]["annotations"], json!(annotations));
                }
                item.parts.push(data["part"].clone());
            }
            ("function_call", "response.function_call_arguments.delta")
            | ("custom_tool_call", "response.custom_tool_call_input.delta") => {
                assert!(!item.input.1);
                item.input.0 += text("delta");
            }
            ("function_call", "response.function_call_arguments.done") => {
                assert!(!std::mem::replace(&mut item.input.1, true));
                assert_eq!(text("arguments"), item.input.0);
            }
            ("custom_tool_call", "response.custom_tool_call_input.done") => {
                assert!(!std::mem::replace(&mut item.input.1, true));
                assert_eq!(text("input"), item.input.0);
            }
            _ => panic!("{kind} in a {item_type}"),
        }
    }
    terminal.expect("exactly one of completed, incomplete, failed")
}
