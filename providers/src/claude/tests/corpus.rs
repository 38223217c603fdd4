//! Recorded traffic, where it is to be found.

use std::fs;
use std::path::PathBuf;

use serde_json::Value;

use super::{Answer, able, encode, encoded, events, ladder, recoded, reply, said};
use crate::catalog::Thinking;
use crate::claude::Claude;
use crate::codec::{Codec, PathHints};
use crate::conversation::{Part, Request, ThinkingMode, shape};
use crate::corpus;

/// Recordings of the Messages API, by the end of their names.
fn recordings(ending: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let counts = |kind: &str| kind.contains("count_tokens");
    corpus::files(|kind| kind.starts_with("anthropic") && !counts(kind), ending)
}

/// The request in one of its spellings: blocks for strings, nothing for nothing, the newer name.
fn plain(value: &mut Value, under: &str) {
    match value {
        Value::Object(map) => {
            let raw = ["input_schema", "input", "schema"].contains(&under);
            if raw {
                return;
            }
            let kind = map.get("type").and_then(Value::as_str).unwrap_or_default().to_owned();
            if let Some(format) = map.remove("output_format") {
                let config =
                    map.entry("output_config").or_insert_with(|| Value::Object(Default::default()));
                config["format"] = format;
            }
            if kind == "custom" {
                map.remove("type");
            }
            for (key, value) in map.iter_mut() {
                let text = (key == "content" || key == "system") && value.is_string();
                if text && kind != "bash_code_execution_result" {
                    *value = serde_json::json!([{"type": "text", "text": value.clone()}]);
                }
                plain(value, key);
            }
            let nothing = |key: &str, value: &Value| {
                value.is_null()
                    || *value == Value::Bool(false)
                    || matches!(value, Value::Array(list) if list.is_empty() && key != "edits")
                    || (key == "citations" && *value == serde_json::json!({"enabled": false}))
            };
            // Raw blocks keep what says nothing; here both are rid of it.
            map.retain(|key, value| !nothing(key, value));
        }
        Value::Array(list) => {
            list.iter_mut().for_each(|value| plain(value, under));
            list.retain(|block| !(block["type"] == "text" && block["text"] == ""));
        }
        _ => {}
    }
}

/// A target that thinks as this request asks.
fn thinking_of(request: &Request<'_>) -> Thinking {
    match request.reasoning.mode {
        Some(ThinkingMode::Budget(_)) => Thinking::Budget,
        _ => Thinking::Effort,
    }
}

#[test]
fn a_recorded_request_comes_back() {
    let hints = PathHints { model: Some("in-the-path"), stream: None };
    let mut came_back = 0;
    for (path, body) in recordings(".request.json") {
        let name = path.display();
        let mut request = match Claude.decode_request(&body, hints) {
            Ok(request) => request,
            Err(refusal) => {
                // Recorded to be refused: the provider answered these with 400 too.
                let answer = fs::read(path.to_string_lossy().replace(".request.", ".response."));
                let answer = String::from_utf8(answer.unwrap()).unwrap();
                assert!(answer.contains("invalid_request_error"), "{name}: {refusal}");
                continue;
            }
        };
        let capabilities = able(thinking_of(&request));
        let shaped = shape::normalize(&mut request).and_then(|_| encode(&request, &capabilities));
        if let Err(refusal) = shaped {
            let answer = fs::read(path.to_string_lossy().replace(".request.", ".response."));
            let answer = String::from_utf8(answer.unwrap()).unwrap();
            assert!(answer.contains("invalid_request_error"), "{name}: {refusal}");
            continue;
        }
        let (mut after, losses) = encoded(&request, &capabilities);
        let mut before: Value = serde_json::from_slice(&body).unwrap();
        for value in [&mut before, &mut after] {
            value["model"] = "same".into();
            plain(value, "");
        }
        assert_eq!(before, after, "{name}");
        assert!(losses.is_empty(), "{name}: {losses:?}");
        came_back += 1;
    }
    assert!(came_back > 90 || corpus::is_absent(), "{came_back} requests came back");
}

#[test]
fn a_recorded_response_comes_back() {
    for (path, body) in recordings(".response.json") {
        let name = path.display();
        let value: Value = serde_json::from_slice(&body).unwrap();
        let decoded = Claude.decode_response(&body);
        if value["type"] == "error" {
            let error = decoded.unwrap_err();
            assert_eq!(error.message, value["error"]["message"], "{name}");
            continue;
        }
        let response = decoded.unwrap();
        let parts = &response.candidates[0].parts;
        assert_eq!(parts.len(), value["content"].as_array().unwrap().len(), "{name}");
        let usage = response.usage.unwrap();
        assert_eq!(usage.input, value["usage"]["input_tokens"], "{name}");
        assert_eq!(usage.total_output(), value["usage"]["output_tokens"], "{name}");
        let written = Claude.encode_response(&response, &reply()).unwrap();
        let again = Claude.decode_response(&written).unwrap();
        assert_eq!(said(&response), said(&again), "{name}");
        assert_eq!((&response.id, &response.model), (&again.id, &again.model), "{name}");
        let mut written: Value = serde_json::from_slice(&written).unwrap();
        assert_eq!(written["stop_reason"], value["stop_reason"], "{name}");
        for told in ["category", "explanation"] {
            assert_eq!(written["stop_details"][told], value["stop_details"][told], "{name}");
        }
        let mut content = value["content"].clone();
        for content in [&mut content, &mut written["content"]] {
            plain(content, "");
            for block in content.as_array_mut().unwrap() {
                // An answer has no place for it; its own callers get Anthropic's bytes.
                block.as_object_mut().unwrap().remove("caller");
            }
        }
        assert_eq!(written["content"], content, "{name}");
        for part in parts {
            if let Part::ToolCall(call) = part {
                assert!(call.arguments.as_object().is_some(), "{name}");
            }
        }
    }
}

#[test]
fn a_recorded_stream_is_the_same_however_it_is_cut() {
    for (path, body) in recordings(".response.sse") {
        let whole = events(&body, body.len());
        assert_eq!(whole.last().map(String::as_str), Some("End"), "{}", path.display());
        for piece in [1, 7, 1500] {
            assert_eq!(whole, events(&body, piece), "{} by {piece}", path.display());
        }
    }
}

#[test]
fn a_recorded_stream_that_is_cut_short_has_no_end() {
    for (path, body) in recordings(".response.sse") {
        let text = std::str::from_utf8(&body).unwrap();
        let cuts: Vec<usize> = text.match_indices("\n\n").map(|(at, _)| at + 2).collect();
        // Some recordings hold several streams; the first ends with its own stop.
        let before_stop = text.find("event: message_stop").unwrap();
        for cut in cuts.into_iter().filter(|cut| *cut <= before_stop) {
            if cut > 40_000 {
                continue;
            }
            let events = events(&body[..cut], cut);
            assert!(!events.iter().any(|e| e == "End"), "{} at {cut}", path.display());
        }
    }
}

#[test]
fn a_recorded_stream_comes_back() {
    for (path, body) in recordings(".response.sse") {
        let name = path.display();
        let mut before = Answer::of(&body);
        let written = recoded(&body, reply());
        let frames = ladder(&written);
        let after = Answer::of(&written);
        // A stream has no raw blocks to give back, and empty text is not written.
        before.parts.retain(|(kind, text, signature)| match kind.as_str() {
            "Text" => !text.is_empty(),
            "Thinking" => !text.is_empty() || signature.is_some(),
            kind => !kind.starts_with("Opaque"),
        });
        assert_eq!(before, after, "{name}");
        assert!(after.ended, "{name}");
        assert_eq!(frames.last().unwrap()["type"], "message_stop");
    }
}
