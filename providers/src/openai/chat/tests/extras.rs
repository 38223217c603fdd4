//! What an answer says beside its words: log probabilities, where it has something from, calls of
//! free-text tools. Read and written again it is the same.

use serde_json::{Value, json};

use super::{Chat, decode, modern, reply};
use crate::codec::{Codec, Target};

fn message(message: Value, logprobs: Value) -> Value {
    json!({"index": 0, "message": message, "logprobs": logprobs, "finish_reason": "stop"})
}

fn again(choice: &Value) -> Value {
    let text = json!({"id": "chatcmpl-x", "model": "m", "choices": [choice]}).to_string();
    let response = Chat.decode_response(text.as_bytes()).unwrap();
    let written = Chat.encode_response(&response, &reply()).unwrap();
    let mut written: Value = serde_json::from_slice(&written).unwrap();
    written["choices"][0].take()
}

fn token(token: &str, logprob: f64, top: &[(&str, f64)]) -> Value {
    let one = |token: &str, logprob: f64| json!({"token": token, "logprob": logprob, "bytes": token.as_bytes()});
    let mut said = one(token, logprob);
    said["top_logprobs"] = top.iter().map(|(token, logprob)| one(token, *logprob)).collect();
    said
}

#[test]
fn log_probabilities_and_citations() {
    let cited = json!({"type": "url_citation", "url_citation":
        {"start_index": 0, "end_index": 2, "url": "https://a.example/", "title": "A"}});
    let said =
        json!({"role": "assistant", "content": "Hé", "refusal": null, "annotations": [cited]});
    let tokens = [token("H", -0.25, &[("H", -0.25), ("h", -3.5)]), token("é", -1e-9, &[])];
    let choice = message(said, json!({"content": tokens, "refusal": null}));
    assert_eq!(again(&choice), choice);
}

#[test]
fn a_call_of_a_free_text_tool() {
    let call = json!({"id": "c", "type": "custom", "custom": {"name": "sh", "input": "ls \"x\""}});
    let mut choice = message(
        json!({"role": "assistant", "content": null, "refusal": null, "tool_calls": [call]}),
        Value::Null,
    );
    choice["finish_reason"] = "tool_calls".into();
    assert_eq!(again(&choice), choice);
}

#[test]
fn free_text_tools_and_their_history() {
    let format =
        json!({"type": "grammar", "grammar": {"definition": "start: \"a\"", "syntax": "lark"}});
    let body = json!({
        "model": "m",
        "messages": [
            {"role": "user", "content": "hi"},
            {"role": "assistant", "content": null, "tool_calls":
                [{"id": "c", "type": "custom", "custom": {"name": "sh", "input": "ls"}}]},
            {"role": "tool", "tool_call_id": "c", "content": "a b"},
        ],
        "tools": [{"type": "custom", "custom": {"name": "sh", "description": "d", "format": format}}],
        "tool_choice": {"type": "custom", "custom": {"name": "sh"}},
    });
    let text = body.to_string();
    let capabilities = modern();
    let target = Target { model: "m", capabilities: &capabilities };
    let encoded = Chat.encode_request(&decode(&text).unwrap(), &target).unwrap();
    assert!(encoded.losses.is_empty(), "{:?}", encoded.losses);
    let written: Value = serde_json::from_slice(&encoded.body).unwrap();
    for key in ["messages", "tools", "tool_choice"] {
        assert_eq!(written[key], body[key]);
    }
}

#[test]
fn streams_say_the_same() {
    let chunk = |delta: Value, logprobs: Value, finish: Value| {
        format!(
            "data: {}\n\n",
            json!({"id": "chatcmpl-x", "object": "chat.completion.chunk", "created": 1, "model": "m",
                "choices": [{"index": 0, "delta": delta, "logprobs": logprobs, "finish_reason": finish}]})
        )
    };
    let cited = json!({"type": "url_citation", "url_citation":
        {"start_index": 0, "end_index": 1, "url": "https://a.example/", "title": "A"}});
    let likely = json!({"content": [token("H", -0.5, &[])], "refusal": null});
    let stream = [
        chunk(json!({"role": "assistant", "content": "H"}), likely.clone(), Value::Null),
        chunk(json!({"annotations": [cited]}), Value::Null, Value::Null),
        chunk(
            json!({"tool_calls": [{"index": 0, "id": "c", "type": "custom", "custom": {"name": "sh", "input": "l"}}]}),
            Value::Null,
            Value::Null,
        ),
        chunk(
            json!({"tool_calls": [{"index": 0, "type": "custom", "custom": {"input": "s"}}]}),
            Value::Null,
            Value::Null,
        ),
        chunk(json!({}), Value::Null, "tool_calls".into()),
        "data: [DONE]\n\n".to_owned(),
    ]
    .concat();
    let mut decoder = Chat.stream_decoder();
    let mut encoder = Chat.stream_encoder(reply());
    let mut out = Vec::new();
    decoder.push(stream.as_bytes(), &mut |event| encoder.event(&event, &mut out));
    let out = String::from_utf8(out).unwrap();
    let chunks: Vec<Value> = out
        .lines()
        .filter_map(|line| line.strip_prefix("data: ").filter(|data| *data != "[DONE]"))
        .map(|data| serde_json::from_str(data).unwrap())
        .collect();
    let all = |path: &str| {
        let found = chunks.iter().filter_map(|chunk| chunk.pointer(path));
        found.filter(|value| !value.is_null()).cloned().collect::<Vec<_>>()
    };
    assert_eq!(all("/choices/0/logprobs"), [likely]);
    assert_eq!(all("/choices/0/delta/annotations/0"), [cited]);
    let inputs: String = all("/choices/0/delta/tool_calls/0/custom/input")
        .iter()
        .map(|input| input.as_str().unwrap())
        .collect();
    assert_eq!(inputs, "ls");
    assert_eq!(all("/choices/0/delta/tool_calls/0/id"), ["c"]);
}
