//! Reasoning that goes round: a provider's answer, kept by a caller of another schema as its SDK
//! keeps it, and sent back with the results of its calls (`wire.md` §5.3).

use bytes::Bytes;
use providers::Schema::{self, Chat, Claude, Gemini, Responses};
use providers::codec::{Encoded, Reply};
use providers::conversation::{Field, Loss};
use providers::relay::{Outcome, Relay};
use serde_json::{Value, json};

use super::support::{CROSS, able_model, seal, sealed_send};

/// Tokens as providers spell them: base64 of both kinds, and anything else.
const SIGNED: &str = "EqQBCgIYAhIM/+abc0123456789QUJDREVGRw==";
const REDACTED: &str = "EmwKAhgBEgy3va3pzix-LafPsn4aDFIT2Xlxh0L5L8rLVyIwxtE3rAFBa8cr3qpP";
const ON_CALL: &str = "CiQBE1Bf/0uX+abcdefghijkl0123456789QUJDREVGRw==";
const ENCRYPTED: &str = "gAAAAABo-_0123456789QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVo=";
const ON_TEXT: &str = "not base64, but a token \"all\" the same";

/// A backend, a model and a route.
type Origin = [&'static str; 3];

const ORIGIN: Origin = ["backend", "model", "route"];

/// What a provider said: its turn, as its own SDK would send it back.
fn turns(provider: Schema) -> Vec<Vec<Value>> {
    let look = json!({"n": 1});
    match provider {
        Claude => {
            let thought = |text| json!({"type": "thinking", "thinking": text, "signature": SIGNED});
            let redacted = json!({"type": "redacted_thinking", "data": REDACTED});
            let text = json!({"type": "text", "text": "Ein Moment, é😀 "});
            let call = |id| json!({"type": "tool_use", "id": id, "name": "look", "input": look});
            vec![
                vec![thought("Let me \"think\""), redacted.clone(), text.clone(), call("toolu_1")],
                vec![thought(""), call("toolu_1"), call("toolu_2")],
                // Thoughts between words, as newer models have them.
                vec![text.clone(), thought("So…"), call("toolu_1"), thought(""), call("toolu_2")],
                vec![redacted, call("toolu_1")],
            ]
        }
        Gemini => {
            let thought = json!({"text": "Let me \"think\"", "thought": true});
            let text = json!({"text": "Ein Moment, é😀 "});
            let signed_text = json!({"text": "Ein Moment", "thoughtSignature": ON_TEXT});
            let call = |id| json!({"functionCall": {"id": id, "name": "look", "args": look}});
            let signed = |id| {
                let mut call = call(id);
                call["thoughtSignature"] = ON_CALL.into();
                call
            };
            vec![
                vec![thought.clone(), text.clone(), signed("c1"), call("c2")],
                vec![signed("c1")],
                vec![signed_text.clone(), signed("c1")],
                vec![thought, signed_text, text, signed("c1"), signed("c2")],
            ]
        }
        Responses => {
            let reasoning = |summary: Value| {
                json!({"type": "reasoning", "id": "rs_1",
                "summary": summary, "encrypted_content": ENCRYPTED})
            };
            let thought = reasoning(json!([{"type": "summary_text", "text": "Let me \"think\""}]));
            let silent = reasoning(json!([]));
            let text = json!({"type": "message", "role": "assistant",
                "content": "Ein Moment, é😀 "});
            let call = |id| {
                json!({"type": "function_call", "call_id": id, "name": "look",
                "arguments": "{\"n\":1}"})
            };
            vec![
                vec![thought.clone(), text.clone(), call("c1")],
                vec![silent.clone(), call("c1"), call("c2")],
                vec![silent, call("c1"), thought.clone(), call("c2")],
                vec![text, thought, call("c1")],
            ]
        }
        Chat => Vec::new(),
    }
}

/// The turn as the provider answers it, whole.
fn whole(provider: Schema, turn: &[Value]) -> String {
    match provider {
        Claude => json!({"id": "msg_1", "type": "message", "role": "assistant", "model": "m",
            "content": turn, "stop_reason": "tool_use", "stop_sequence": null,
            "usage": {"input_tokens": 1, "output_tokens": 1}}),
        Responses => response(turn),
        _ => json!({"candidates": [{"content": {"role": "model", "parts": turn},
            "finishReason": "STOP", "index": 0}], "usageMetadata": {"promptTokenCount": 1}}),
    }
    .to_string()
}

fn response(turn: &[Value]) -> Value {
    let output: Vec<Value> = turn.iter().map(item).collect();
    json!({"id": "resp_1", "object": "response", "created_at": 1, "status": "completed",
        "model": "m", "output": output, "usage": {"input_tokens": 1, "output_tokens": 1}})
}

/// An item of Responses' input as it was in its output.
fn item(item: &Value) -> Value {
    let mut item = item.clone();
    match item["type"].as_str().unwrap() {
        "message" => {
            item["content"] = json!([{"type": "output_text", "text": item["content"],
                "annotations": []}]);
            (item["id"], item["status"]) = ("msg_1".into(), "completed".into());
        }
        "function_call" => (item["id"], item["status"]) = ("fc_1".into(), "completed".into()),
        _ => {}
    }
    item
}

/// The events of a response, with its deltas.
fn ladder(turn: &[Value]) -> Vec<Value> {
    let mut events = vec![json!({"type": "response.created", "response": {"id": "resp_1",
        "object": "response", "status": "in_progress", "model": "m", "output": []}})];
    for (index, said) in turn.iter().enumerate() {
        let whole = item(said);
        let mut begun = whole.clone();
        let mut deltas = Vec::new();
        match said["type"].as_str().unwrap() {
            "message" => {
                begun["content"] = json!([]);
                deltas.push(json!({"type": "response.content_part.added", "content_index": 0,
                    "part": {"type": "output_text", "text": "", "annotations": []}}));
                deltas.push(json!({"type": "response.output_text.delta", "content_index": 0,
                    "delta": said["content"]}));
            }
            "function_call" => {
                begun["arguments"] = "".into();
                deltas.push(json!({"type": "response.function_call_arguments.delta",
                    "delta": said["arguments"]}));
            }
            _ => {
                (begun["summary"], begun["encrypted_content"]) = (json!([]), "gAAA".into());
                for words in said["summary"].as_array().unwrap() {
                    deltas.push(json!({"type": "response.reasoning_summary_part.added",
                        "summary_index": 0, "part": {"type": "summary_text", "text": ""}}));
                    deltas.push(json!({"type": "response.reasoning_summary_text.delta",
                        "summary_index": 0, "delta": words["text"]}));
                }
            }
        }
        events.push(json!({"type": "response.output_item.added", "item": begun}));
        events.append(&mut deltas);
        events.push(json!({"type": "response.output_item.done", "item": whole}));
        for event in events.iter_mut().filter(|event| event["output_index"].is_null()) {
            event["output_index"] = index.into();
        }
    }
    events.push(json!({"type": "response.completed", "response": response(turn)}));
    events
}

/// The same, as a stream.
fn stream(provider: Schema, turn: &[Value]) -> String {
    let event =
        |data: Value| format!("event: {}\ndata: {data}\n\n", data["type"].as_str().unwrap());
    match provider {
        Responses => ladder(turn).into_iter().map(event).collect(),
        Claude => {
            let mut out = event(json!({"type": "message_start", "message": {"id": "msg_1",
                "type": "message", "role": "assistant", "model": "m", "content": [],
                "usage": {"input_tokens": 1, "output_tokens": 1}}}));
            for (index, block) in turn.iter().enumerate() {
                let (mut start, mut deltas) = (block.clone(), Vec::new());
                match block["type"].as_str().unwrap() {
                    "text" => {
                        start["text"] = "".into();
                        for letter in block["text"].as_str().unwrap().chars() {
                            deltas.push(json!({"type": "text_delta", "text": letter}));
                        }
                    }
                    "thinking" => {
                        (start["thinking"], start["signature"]) = ("".into(), "".into());
                        let thinking = &block["thinking"];
                        deltas.push(json!({"type": "thinking_delta", "thinking": thinking}));
                        let signature = &block["signature"];
                        deltas.push(json!({"type": "signature_delta", "signature": signature}));
                    }
                    "tool_use" => {
                        start["input"] = json!({});
                        let json = block["input"].to_string();
                        deltas.push(json!({"type": "input_json_delta", "partial_json": json}));
                    }
                    _ => {}
                }
                let start =
                    json!({"type": "content_block_start", "index": index, "content_block": start});
                out += &event(start);
                for delta in deltas {
                    out += &event(
                        json!({"type": "content_block_delta", "index": index, "delta": delta}),
                    );
                }
                out += &event(json!({"type": "content_block_stop", "index": index}));
            }
            out += &event(json!({"type": "message_delta", "delta": {"stop_reason": "tool_use"},
                "usage": {"output_tokens": 1}}));
            out + &event(json!({"type": "message_stop"}))
        }
        _ => {
            let chunk = |parts: Value, finish: Value| {
                let candidate = json!({"content": {"role": "model", "parts": parts},
                    "finishReason": finish, "index": 0});
                format!("data: {}\r\n\r\n", json!({"candidates": [candidate]}))
            };
            let mut out = String::new();
            for part in turn {
                out += &chunk(json!([part]), Value::Null);
            }
            out + &chunk(json!([]), "STOP".into())
        }
    }
}

/// What a caller gets, as its SDK gives it back: the messages of the model's turn.
fn kept(from: Schema, to: Schema, turn: &[Value], shown: bool, streamed: bool) -> Vec<Value> {
    let seal = {
        let [backend, model, route] = ORIGIN;
        seal(backend, model, route)
    };
    let reply = || Reply { id: "1a".into(), include_thoughts: shown, ..Reply::default() };
    if !streamed {
        let body = whole(from, turn);
        let mut response = from.codec().decode_response(body.as_bytes()).unwrap();
        seal.response(&mut response, from, to, &reply());
        let out = to.codec().encode_response(&response, &reply()).unwrap();
        let out: Value = serde_json::from_slice(&out).unwrap();
        return vec![match to {
            Responses => return out["output"].as_array().unwrap().clone(),
            Chat => out["choices"][0]["message"].clone(),
            Claude => json!({"role": "assistant", "content": out["content"]}),
            _ => out["candidates"][0]["content"].clone(),
        }];
    }
    let encoder = seal.stream_encoder(from, to, reply());
    let mut relay = Relay::translate(from.codec().stream_decoder(), encoder);
    let mut out = relay.push(&Bytes::from(stream(from, turn))).to_vec();
    let (rest, outcome) = relay.end();
    assert_eq!(outcome, Outcome::Complete);
    out.extend_from_slice(&rest);
    let out = String::from_utf8(out).unwrap();
    let data = out.lines().filter_map(|line| line.strip_prefix("data: "));
    let data: Vec<Value> =
        data.filter(|data| *data != "[DONE]").map(super::support::json).collect();
    match to {
        Responses => {
            let last = data.last().unwrap();
            last["response"]["output"].as_array().unwrap().clone()
        }
        Chat => vec![chat_message(&data)],
        Claude => vec![claude_message(&data)],
        // The Python SDK keeps each chunk as a content of its own.
        _ => data.iter().map(|chunk| chunk["candidates"][0]["content"].clone()).collect(),
    }
}

fn append(to: &mut Value, piece: &Value) {
    if let Some(piece) = piece.as_str() {
        *to = format!("{}{piece}", to.as_str().unwrap_or_default()).into();
    }
}

fn chat_message(chunks: &[Value]) -> Value {
    let mut message = json!({"role": "assistant", "content": null});
    let mut calls: Vec<Value> = Vec::new();
    for delta in chunks.iter().map(|chunk| &chunk["choices"][0]["delta"]) {
        append(&mut message["content"], &delta["content"]);
        for call in delta["tool_calls"].as_array().into_iter().flatten() {
            let index = call["index"].as_u64().unwrap() as usize;
            if index == calls.len() {
                calls.push(json!({"id": call["id"], "type": "function",
                    "function": {"name": call["function"]["name"], "arguments": ""}}));
            }
            append(&mut calls[index]["function"]["arguments"], &call["function"]["arguments"]);
        }
    }
    message["tool_calls"] = calls.into();
    message
}

fn claude_message(events: &[Value]) -> Value {
    let mut blocks: Vec<Value> = Vec::new();
    let mut json = String::new();
    for event in events {
        match event["type"].as_str().unwrap() {
            "content_block_start" => {
                assert_eq!(event["index"], blocks.len());
                blocks.push(event["content_block"].clone());
            }
            "content_block_delta" => {
                let (block, delta) = (blocks.last_mut().unwrap(), &event["delta"]);
                for name in ["text", "thinking", "signature"] {
                    append(&mut block[name], &delta[name]);
                    if block[name].is_null() {
                        block.as_object_mut().unwrap().remove(name);
                    }
                }
                json += delta["partial_json"].as_str().unwrap_or_default();
            }
            "content_block_stop" if !json.is_empty() => {
                blocks.last_mut().unwrap()["input"] = super::support::json(&json);
                json.clear();
            }
            _ => {}
        }
    }
    json!({"role": "assistant", "content": blocks})
}

/// The request that follows: the history, with the results of all calls.
fn request(surface: Schema, kept: &[Value]) -> Value {
    let user = json!({"role": "user", "content": "Hi"});
    match surface {
        Responses => {
            let mut input = vec![user];
            input.extend(kept.iter().cloned());
            for call in kept.iter().filter(|item| item["type"] == "function_call") {
                input.push(json!({"type": "function_call_output", "call_id": call["call_id"],
                    "output": "seen"}));
            }
            json!({"model": "asked", "input": input})
        }
        Chat => {
            let mut messages = vec![user];
            messages.extend(kept.iter().cloned());
            for call in kept.iter().flat_map(|message| message["tool_calls"].as_array().unwrap()) {
                let id = &call["id"];
                messages.push(json!({"role": "tool", "tool_call_id": id, "content": "seen"}));
            }
            json!({"model": "asked", "messages": messages})
        }
        Claude => {
            let blocks = kept.iter().flat_map(|message| message["content"].as_array().unwrap());
            let results: Vec<Value> = blocks
                .filter(|block| block["type"] == "tool_use")
                .map(|call| {
                    json!({"type": "tool_result", "tool_use_id": call["id"],
                    "content": "seen"})
                })
                .collect();
            let mut messages = vec![user];
            messages.extend(kept.iter().cloned());
            messages.push(json!({"role": "user", "content": results}));
            json!({"model": "asked", "max_tokens": 5000, "messages": messages,
                "thinking": {"type": "enabled", "budget_tokens": 2000}})
        }
        _ => {
            let parts = kept.iter().flat_map(|content| content["parts"].as_array().unwrap());
            let results: Vec<Value> = parts
                .filter(|part| part["functionCall"].is_object())
                .map(|part| {
                    json!({"functionResponse": {"id": part["functionCall"]["id"],
                    "name": part["functionCall"]["name"], "response": {"result": "seen"}}})
                })
                .collect();
            let mut contents = vec![json!({"role": "user", "parts": [{"text": "Hi"}]})];
            contents.extend(kept.iter().cloned());
            contents.push(json!({"role": "user", "parts": results}));
            json!({"contents": contents})
        }
    }
}

fn send(
    surface: Schema,
    body: &Value,
    to: Schema,
    [backend, model, route]: Origin,
) -> (Value, Encoded) {
    let seal = seal(backend, model, route);
    let served = if to == Responses { "gpt-5.2" } else { able_model(to) };
    let encoded = sealed_send(surface, to, served, &body.to_string(), &seal)
        .unwrap_or_else(|refusal| panic!("{surface} to {to}: {refusal:?}\n{body}"));
    (super::support::json(&String::from_utf8_lossy(&encoded.body)), encoded)
}

/// The model's turn in a provider's request.
fn model_turn(provider: Schema, request: &Value) -> &[Value] {
    if provider == Responses {
        let items = request["input"].as_array().unwrap();
        let heard = |item: &Value| item["role"] == "user" || item["type"] == "function_call_output";
        let begin = items.iter().position(|item| !heard(item)).unwrap();
        let end = items.iter().rposition(|item| !heard(item)).unwrap();
        return &items[begin..=end];
    }
    let (turns, role, parts) = match provider {
        Gemini => ("contents", "model", "parts"),
        _ => ("messages", "assistant", "content"),
    };
    let turns = request[turns].as_array().unwrap();
    let mut turns = turns.iter().filter(|turn| turn["role"] == role);
    let turn = turns.next().unwrap();
    assert!(turns.next().is_none(), "{request}");
    turn[parts].as_array().unwrap()
}

/// A turn as it must come back: what its provider sent, but thoughts that it did not sign come
/// only from those who were shown them, and a stream of Gemini's does not say where one text ends
/// and the next begins.
fn expected(surface: Schema, turn: &[Value], shown: bool, streamed: bool) -> Vec<Value> {
    let mut parts: Vec<Value> = Vec::new();
    for part in turn {
        let is_text = |part: &Value| part["text"].is_string() && part["thought"].is_null();
        if part["thought"] == true && (!shown || surface == Chat) {
            continue;
        }
        match parts.last_mut() {
            Some(last) if streamed && part["type"].is_null() && is_text(last) && is_text(part) => {
                append(&mut last["text"], &part["text"]);
            }
            _ => parts.push(part.clone()),
        }
    }
    parts
}

fn each(mut test: impl FnMut(Schema, Schema, &[Value], bool, bool, &str)) -> usize {
    let mut count = 0;
    for (surface, provider) in CROSS {
        for (number, turn) in turns(provider).iter().enumerate() {
            for (shown, streamed) in [(true, true), (true, false), (false, true), (false, false)] {
                let name = format!(
                    "{provider}'s turn {number}, to {surface}, shown {shown}, streamed {streamed}"
                );
                test(surface, provider, turn, shown, streamed, &name);
                count += 1;
            }
        }
    }
    count
}

#[test]
fn what_a_provider_signed_comes_back_to_it_to_the_byte() {
    let count = each(|surface, provider, turn, shown, streamed, name| {
        let kept = kept(provider, surface, turn, shown, streamed);
        let (request, encoded) = send(surface, &request(surface, &kept), provider, ORIGIN);
        let found = model_turn(provider, &request);
        assert_eq!(found, &expected(surface, turn, shown, streamed), "{name}\n{}", json!(kept));
        assert_eq!(encoded.losses, [], "{name}");
    });
    // Three schemas have tokens, each has three others.
    assert_eq!(count, 9 * 4 * 4);
}

#[test]
fn nobody_else_gets_it() {
    const TOKENS: [&str; 6] =
        [SIGNED, REDACTED, ON_CALL, ENCRYPTED, "not base64, but a token", "EgretTk1"];
    each(|surface, provider, turn, shown, streamed, name| {
        let kept = kept(provider, surface, turn, shown, streamed);
        let body = request(surface, &kept);
        let strangers = [
            ["other", "model", "route"],
            ["backend", "other", "route"],
            ["backend", "model", "other"],
        ];
        let own = strangers.map(|origin| (provider, origin));
        let others = Schema::ALL.map(|other| (other, ORIGIN));
        let others = others.into_iter().filter(|(other, _)| *other != provider);
        for (to, origin) in own.into_iter().chain(others) {
            let (request, encoded) = send(surface, &body, to, origin);
            let text = request.to_string();
            for word in TOKENS.into_iter().chain(["think\\\"", "So…"]) {
                assert!(!text.contains(word), "{name}, then {to} {origin:?}: {word}\n{text}");
            }
            let field = Field::Thinking.name(surface);
            assert!(encoded.losses.contains(&Loss::of(field)), "{name}, then {to} {origin:?}");
        }
    });
}

#[test]
fn what_was_not_asked_for_is_not_shown() {
    each(|surface, provider, turn, shown, streamed, name| {
        let text = json!(kept(provider, surface, turn, shown, streamed)).to_string();
        assert_eq!(
            text.contains("think\\\""),
            shown && surface != Chat && { json!(turn).to_string().contains("think\\\"") },
            "{name}\n{text}"
        );
        // And in no case a token that is not in its envelope.
        for token in [SIGNED, REDACTED, ON_CALL, ENCRYPTED, "not base64"] {
            assert!(!text.contains(token), "{name}\n{text}");
        }
    });
}

#[test]
fn an_altered_token_is_dropped_with_its_thought() {
    each(|surface, provider, turn, shown, streamed, name| {
        let kept = kept(provider, surface, turn, shown, streamed);
        let body = request(surface, &kept).to_string();
        // One letter of each envelope, everywhere it stands.
        let altered: String = body
            .split("EgretTk1")
            .enumerate()
            .map(|(at, piece)| match at {
                0 => piece.to_owned(),
                _ => {
                    let other = if piece.as_bytes()[9] == b'A' { "B" } else { "A" };
                    format!("EgretTk1{}{other}{}", &piece[..9], &piece[10..])
                }
            })
            .collect();
        assert_ne!(altered, body, "{name}");
        let (request, encoded) = send(surface, &super::support::json(&altered), provider, ORIGIN);
        let text = request.to_string();
        for token in [SIGNED, REDACTED, ON_CALL, ENCRYPTED, "not base64", "EgretTk1"] {
            assert!(!text.contains(token), "{name}\n{text}");
        }
        let field = Field::Thinking.name(surface);
        assert!(encoded.losses.contains(&Loss::of(field)), "{name}");
    });
}

/// Claude Code takes the last block of an answer for its result.
#[test]
fn no_answer_ends_in_an_empty_thought() {
    let chunk = json!({"candidates": [{"content": {"role": "model", "parts":
        [{"text": "Done.", "thoughtSignature": "c2ln"}]}, "finishReason": "STOP"}]});
    let (body, stream) = (chunk.to_string(), format!("data: {chunk}\r\n\r\n"));
    let seal = seal("backend", "gemini-3-pro", "route");
    for to in [Claude, Responses] {
        let mut response = Gemini.codec().decode_response(body.as_bytes()).unwrap();
        seal.response(&mut response, Gemini, to, &Reply::default());
        let written = to.codec().encode_response(&response, &Reply::default()).unwrap();
        let encoder = seal.stream_encoder(Gemini, to, Reply::default());
        let mut relay = Relay::translate(Gemini.codec().stream_decoder(), encoder);
        let mut streamed = relay.push(&Bytes::from(stream.clone())).to_vec();
        streamed.extend_from_slice(&relay.end().0);
        for said in [written, streamed] {
            let said = String::from_utf8(said).unwrap();
            assert!(said.contains("Done."), "{said}");
            let thought = ["\"type\":\"thinking\"", "\"type\":\"reasoning\""];
            assert!(!thought.iter().any(|kind| said.contains(kind)), "{said}");
        }
    }
}
