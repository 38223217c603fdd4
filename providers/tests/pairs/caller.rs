//! How callers read answers: strictly, as the schemas' grammars have it (`wire.md` §4.1, §4.2),
//! and knowing nothing of the code under test.

use providers::Schema::{self, Chat, Claude, Gemini, Responses};
use serde_json::Value;

use super::answer::Tokens;
use super::ladder;
use super::support::json;

/// What an answer says to its reader.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Read {
    pub(crate) text: String,
    pub(crate) thoughts: String,
    pub(crate) refusal: String,
    /// Names and arguments.
    pub(crate) calls: Vec<(String, Value)>,
    /// Why it ended, in the schema's word.
    pub(crate) finish: String,
    pub(crate) stop_sequence: Option<String>,
    pub(crate) tokens: Tokens,
}

/// A stream, read to its end or to its error.
#[derive(Debug)]
pub(crate) struct Stream {
    pub(crate) read: Read,
    pub(crate) error: Option<Value>,
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("not a string: {value}"))
}

fn count(value: &Value) -> u64 {
    if value.is_null() { 0 } else { value.as_u64().unwrap_or_else(|| panic!("no count: {value}")) }
}

fn tokens(schema: Schema, usage: &Value) -> Tokens {
    let n = |path: &str| usage.pointer(path).map_or(0, count);
    match schema {
        Responses => {
            assert_eq!(n("/total_tokens"), n("/input_tokens") + n("/output_tokens"));
            Tokens {
                input: n("/input_tokens"),
                cached: n("/input_tokens_details/cached_tokens"),
                output: n("/output_tokens"),
                reasoning: n("/output_tokens_details/reasoning_tokens"),
            }
        }
        Chat => {
            assert_eq!(n("/total_tokens"), n("/prompt_tokens") + n("/completion_tokens"));
            Tokens {
                input: n("/prompt_tokens"),
                cached: n("/prompt_tokens_details/cached_tokens"),
                output: n("/completion_tokens"),
                reasoning: n("/completion_tokens_details/reasoning_tokens"),
            }
        }
        Claude => Tokens {
            input: n("/input_tokens")
                + n("/cache_read_input_tokens")
                + n("/cache_creation_input_tokens"),
            cached: n("/cache_read_input_tokens"),
            output: n("/output_tokens"),
            reasoning: n("/output_tokens_details/thinking_tokens"),
        },
        Gemini => {
            let output = n("/candidatesTokenCount") + n("/thoughtsTokenCount");
            assert_eq!(n("/totalTokenCount"), n("/promptTokenCount") + output);
            Tokens {
                input: n("/promptTokenCount"),
                cached: n("/cachedContentTokenCount"),
                output,
                reasoning: n("/thoughtsTokenCount"),
            }
        }
    }
}

fn distinct(ids: &[String]) {
    let mut sorted = ids.to_vec();
    sorted.sort();
    sorted.dedup();
    assert!(sorted.len() == ids.len() && !ids.contains(&String::new()), "ids of calls: {ids:?}");
}

/// Reads a whole answer.
pub(crate) fn whole(schema: Schema, body: &[u8]) -> Read {
    let body = json(std::str::from_utf8(body).unwrap());
    let mut read = Read::default();
    let mut ids = Vec::new();
    match schema {
        Responses => return response(&body),
        Chat => {
            assert_eq!(body["object"], "chat.completion");
            assert!(text(&body["id"]).starts_with("chatcmpl-") && body["created"].is_u64());
            let [choice] = body["choices"].as_array().unwrap().as_slice() else { panic!("{body}") };
            let message = &choice["message"];
            assert_eq!((&choice["index"], &message["role"]), (&0.into(), &"assistant".into()));
            read.text = message["content"].as_str().unwrap_or_default().to_owned();
            read.refusal = message["refusal"].as_str().unwrap_or_default().to_owned();
            for call in message["tool_calls"].as_array().into_iter().flatten() {
                assert_eq!(call["type"], "function");
                ids.push(text(&call["id"]).to_owned());
                let function = &call["function"];
                read.calls
                    .push((text(&function["name"]).to_owned(), json(text(&function["arguments"]))));
            }
            assert!(
                !message["content"].is_null()
                    || message["tool_calls"].is_array()
                    || !message["refusal"].is_null()
            );
            read.finish = text(&choice["finish_reason"]).to_owned();
            read.tokens = tokens(schema, &body["usage"]);
        }
        Claude => {
            assert_eq!((&body["type"], &body["role"]), (&"message".into(), &"assistant".into()));
            assert!(text(&body["id"]).starts_with("msg_") && !text(&body["model"]).is_empty());
            for block in body["content"].as_array().unwrap() {
                claude_block(block, &mut read, &mut ids);
            }
            read.finish = text(&body["stop_reason"]).to_owned();
            read.stop_sequence = body["stop_sequence"].as_str().map(str::to_owned);
            read.tokens = tokens(schema, &body["usage"]);
        }
        Gemini => {
            let [candidate] = body["candidates"].as_array().unwrap().as_slice() else {
                panic!("{body}")
            };
            gemini_candidate(candidate, &mut read, &mut ids);
            read.tokens = tokens(schema, &body["usageMetadata"]);
        }
    }
    distinct(&ids);
    read
}

/// Reads a response object, be it the answer or what the last event of a stream repeats.
fn response(response: &Value) -> Read {
    let status = ladder::object(response);
    let mut read = Read { tokens: tokens(Responses, &response["usage"]), ..Read::default() };
    let mut ids = Vec::new();
    for item in response["output"].as_array().unwrap() {
        match text(&item["type"]) {
            "message" => {
                for part in item["content"].as_array().unwrap() {
                    read.text += part["text"].as_str().unwrap_or_default();
                    read.refusal += part["refusal"].as_str().unwrap_or_default();
                }
            }
            "reasoning" => {
                let summary = item["summary"].as_array().unwrap();
                read.thoughts.extend(summary.iter().map(|part| text(&part["text"])));
            }
            "function_call" => {
                ids.push(text(&item["call_id"]).to_owned());
                read.calls.push((text(&item["name"]).to_owned(), json(text(&item["arguments"]))));
            }
            other => panic!("an item of type {other}"),
        }
    }
    distinct(&ids);
    read.finish = match response["incomplete_details"]["reason"].as_str() {
        Some(reason) => format!("{status}: {reason}"),
        None => status.to_owned(),
    };
    read
}

fn claude_block(block: &Value, read: &mut Read, ids: &mut Vec<String>) {
    match text(&block["type"]) {
        "text" => {
            assert!(!text(&block["text"]).is_empty(), "an empty text block is refused in history");
            read.text += text(&block["text"]);
        }
        "thinking" => {
            assert!(block["signature"].is_string());
            read.thoughts += text(&block["thinking"]);
        }
        "tool_use" => {
            assert!(block["input"].is_object());
            ids.push(text(&block["id"]).to_owned());
            read.calls.push((text(&block["name"]).to_owned(), block["input"].clone()));
        }
        other => panic!("a block of type {other}"),
    }
}

fn gemini_candidate(candidate: &Value, read: &mut Read, ids: &mut Vec<String>) {
    assert_eq!(candidate["index"], 0);
    assert_eq!(candidate["content"]["role"], "model");
    for part in candidate["content"]["parts"].as_array().unwrap() {
        if let Some(call) = part.get("functionCall") {
            assert!(call["args"].is_object());
            ids.extend(call["id"].as_str().map(str::to_owned));
            read.calls.push((text(&call["name"]).to_owned(), call["args"].clone()));
        } else if part["thought"] == true {
            read.thoughts += text(&part["text"]);
        } else {
            read.text += text(&part["text"]);
        }
    }
    if let Some(reason) = candidate.get("finishReason") {
        assert!(read.finish.is_empty(), "finished twice");
        read.finish = text(reason).to_owned();
    }
}

/// Reads a stream.
pub(crate) fn stream(schema: Schema, bytes: &[u8]) -> Stream {
    let all = std::str::from_utf8(bytes).unwrap();
    match schema {
        Responses => {
            let last = ladder::check(all);
            let error = Some(last["response"]["error"].clone()).filter(|error| !error.is_null());
            Stream { read: response(&last["response"]), error }
        }
        Chat => chat(all),
        Claude => claude(all),
        Gemini => gemini(all),
    }
}

fn chat(all: &str) -> Stream {
    let mut read = Read::default();
    let (mut first, mut done, mut usage, mut error) = (true, false, None, None);
    let mut calls: Vec<(String, String, String)> = Vec::new();
    for frame in all.strip_suffix("\n\n").expect("ends in the middle of an event").split("\n\n") {
        if frame.starts_with(':') {
            continue;
        }
        let data = frame.strip_prefix("data: ").unwrap_or_else(|| panic!("frame {frame:?}"));
        assert!(!data.contains('\n') && !done && error.is_none(), "after the end: {data}");
        if data == "[DONE]" {
            done = true;
            continue;
        }
        let chunk = json(data);
        if let Some(reported) = chunk.get("error") {
            assert!(
                ["message", "type", "param", "code"].iter().all(|key| reported.get(key).is_some())
            );
            error = Some(reported.clone());
            continue;
        }
        assert!(usage.is_none(), "after the usage: {data}");
        assert_eq!(chunk["object"], "chat.completion.chunk");
        assert!(chunk["id"].is_string() && chunk["created"].is_u64() && chunk["model"].is_string());
        let [choice] = chunk["choices"].as_array().unwrap().as_slice() else {
            assert_eq!(chunk["choices"], serde_json::json!([]));
            usage = Some(tokens(Chat, &chunk["usage"]));
            continue;
        };
        assert!(chunk["usage"].is_null() && choice["index"] == 0 && read.finish.is_empty());
        let delta = &choice["delta"];
        assert_eq!(
            delta.get("role").is_some(),
            std::mem::take(&mut first),
            "the role comes first, and once"
        );
        read.text += delta["content"].as_str().unwrap_or_default();
        read.refusal += delta["refusal"].as_str().unwrap_or_default();
        for call in delta["tool_calls"].as_array().into_iter().flatten() {
            let index = usize::try_from(count(&call["index"])).unwrap();
            let function = &call["function"];
            if index == calls.len() {
                assert_eq!(call["type"], "function");
                calls.push((
                    text(&call["id"]).to_owned(),
                    text(&function["name"]).to_owned(),
                    String::new(),
                ));
            } else {
                assert!(call.get("id").is_none() && function.get("name").is_none());
            }
            calls[index].2 += text(&function["arguments"]);
        }
        read.finish = choice["finish_reason"].as_str().unwrap_or_default().to_owned();
    }
    assert_ne!(done, error.is_some(), "[DONE] last, or an error");
    distinct(&calls.iter().map(|call| call.0.clone()).collect::<Vec<_>>());
    if done {
        assert!(!read.finish.is_empty(), "no reason why it ended");
        read.tokens = usage.expect("the usage that was asked for");
        read.calls = calls.into_iter().map(|(_, name, args)| (name, json(&args))).collect();
    }
    Stream { read, error }
}

fn claude(all: &str) -> Stream {
    let mut read = Read::default();
    let (mut next, mut open, mut ids) = (0, None::<Value>, Vec::new());
    let (mut started, mut told, mut over, mut error) = (false, false, false, None);
    for frame in all.strip_suffix("\n\n").expect("ends in the middle of an event").split("\n\n") {
        let (event, data) = frame.split_once('\n').unwrap_or_else(|| panic!("frame {frame:?}"));
        let (event, data) =
            (event.strip_prefix("event: ").unwrap(), data.strip_prefix("data: ").unwrap());
        let data = json(data);
        assert_eq!(data["type"], event);
        assert!(!over && error.is_none(), "after the end: {data}");
        assert!(started || matches!(event, "message_start" | "error"), "{event} before the start");
        match event {
            "message_start" => {
                assert!(!std::mem::replace(&mut started, true));
                let message = &data["message"];
                assert!(
                    text(&message["id"]).starts_with("msg_")
                        && message["usage"]["input_tokens"].is_u64()
                );
                assert_eq!(
                    (&message["role"], &message["content"]),
                    (&"assistant".into(), &Value::Array(vec![]))
                );
            }
            "ping" => {}
            "content_block_start" => {
                assert!(!told && open.is_none() && data["index"] == next);
                let mut block = data["content_block"].clone();
                if block["type"] == "tool_use" {
                    assert_eq!(block["input"], serde_json::json!({}));
                    block["input"] = "".into();
                }
                open = Some(block);
            }
            "content_block_delta" => {
                assert_eq!(data["index"], next);
                let (block, delta) = (open.as_mut().unwrap(), &data["delta"]);
                let (kind, member, piece) = match text(&delta["type"]) {
                    "text_delta" => ("text", "text", &delta["text"]),
                    "thinking_delta" => ("thinking", "thinking", &delta["thinking"]),
                    "signature_delta" => ("thinking", "signature", &delta["signature"]),
                    "input_json_delta" => ("tool_use", "input", &delta["partial_json"]),
                    other => panic!("a delta of type {other}"),
                };
                assert_eq!(block["type"], kind);
                block[member] = (text(&block[member]).to_owned() + text(piece)).into();
            }
            "content_block_stop" => {
                assert_eq!(data["index"], next);
                let mut block = open.take().unwrap();
                if block["type"] == "tool_use" {
                    let input = text(&block["input"]).to_owned();
                    block["input"] =
                        if input.is_empty() { serde_json::json!({}) } else { json(&input) };
                }
                claude_block(&block, &mut read, &mut ids);
                next += 1;
            }
            "message_delta" => {
                assert!(open.is_none() && !std::mem::replace(&mut told, true));
                read.finish = text(&data["delta"]["stop_reason"]).to_owned();
                read.stop_sequence = data["delta"]["stop_sequence"].as_str().map(str::to_owned);
                read.tokens = tokens(Claude, &data["usage"]);
            }
            "message_stop" => over = true,
            "error" => error = Some(data["error"].clone()),
            other => panic!("an event named {other}"),
        }
    }
    assert!(error.is_some() || (told && over), "message_delta, then message_stop, or an error");
    distinct(&ids);
    Stream { read, error }
}

fn gemini(all: &str) -> Stream {
    let mut read = Read::default();
    let (mut ids, mut error) = (Vec::new(), None);
    let mut last = Value::Null;
    for frame in
        all.strip_suffix("\r\n\r\n").expect("ends in the middle of an event").split("\r\n\r\n")
    {
        let data = frame.strip_prefix("data: ").unwrap_or_else(|| panic!("frame {frame:?}"));
        assert!(!data.contains(['\r', '\n']) && error.is_none(), "frame {frame:?}");
        last = json(data);
        if let Some(reported) = last.get("error") {
            assert!(
                (400..600).contains(&count(&reported["code"])) && reported["status"].is_string()
            );
            error = Some(reported.clone());
            continue;
        }
        assert!(read.finish.is_empty(), "after the end: {data}");
        assert!(last["modelVersion"].is_string() && last["responseId"].is_string());
        for candidate in last["candidates"].as_array().unwrap() {
            gemini_candidate(candidate, &mut read, &mut ids);
        }
        if let Some(usage) = last.get("usageMetadata") {
            read.tokens = tokens(Gemini, usage);
        }
    }
    if error.is_none() {
        assert!(!read.finish.is_empty() && last.get("usageMetadata").is_some(), "the last: {last}");
    }
    distinct(&ids);
    Stream { read, error }
}
