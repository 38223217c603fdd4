//! Where answers have something from, as callers of the other schemas are told (`wire.md` §3).

use bytes::Bytes;
use providers::Schema::{self, Chat, Claude};
use providers::codec::Reply;
use providers::relay::Relay;
use serde_json::{Value, json};

fn reply() -> Reply {
    Reply { id: "1".to_owned(), created: 7, include_usage: true, ..Reply::default() }
}

fn whole(from: Schema, to: Schema, body: &Value) -> Value {
    let body = body.to_string();
    let response = from.codec().decode_response(body.as_bytes()).unwrap();
    serde_json::from_slice(&to.codec().encode_response(&response, &reply()).unwrap()).unwrap()
}

fn annotation(url: &str, from: u64, to: u64) -> Value {
    let url_citation = json!({"url": url, "title": "T", "start_index": from, "end_index": to});
    json!({"type": "url_citation", "url_citation": url_citation})
}

#[test]
fn pages_come_back_behind_the_words_they_stood_behind() {
    let annotations = json!([annotation("https://a.io/", 0, 2), annotation("https://b.io/", 4, 9)]);
    let message = json!({"role": "assistant", "content": "Hé, wörld!", "annotations": annotations});
    let chat = json!({"id": "x", "model": "m",
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}]});
    let claude = whole(Chat, Claude, &chat);
    let cited: Vec<(&str, &str)> = claude["content"]
        .as_array()
        .unwrap()
        .iter()
        .map(|block| {
            let url = block["citations"][0]["url"].as_str().unwrap_or_default();
            (block["text"].as_str().unwrap(), url)
        })
        .collect();
    assert_eq!(cited, [("Hé", "https://a.io/"), (", ", ""), ("wörld", "https://b.io/"), ("!", "")]);
    let again = whole(Claude, Chat, &claude);
    assert_eq!(again["choices"][0]["message"]["content"], "Hé, wörld!");
    assert_eq!(again["choices"][0]["message"]["annotations"], annotations);
}

#[test]
fn pages_that_claude_found_are_told_in_a_chat_stream() {
    let frame = |data: Value| format!("data: {data}\n\n");
    let citation = json!({"type": "web_search_result_location", "url": "https://a.io/",
        "title": "T", "cited_text": "c", "encrypted_index": "E"});
    let stream = [
        frame(json!({"type": "message_start", "message": {"id": "msg_1", "model": "m"}})),
        frame(json!({"type": "content_block_start", "index": 0,
            "content_block": {"type": "text", "text": "", "citations": []}})),
        frame(json!({"type": "content_block_delta", "index": 0,
            "delta": {"type": "citations_delta", "citation": citation}})),
        frame(json!({"type": "content_block_delta", "index": 0,
            "delta": {"type": "text_delta", "text": "Hello"}})),
        frame(json!({"type": "content_block_stop", "index": 0})),
        frame(json!({"type": "message_delta", "delta": {"stop_reason": "end_turn"}})),
        frame(json!({"type": "message_stop"})),
    ]
    .concat();
    let (decoder, encoder) =
        (Claude.codec().stream_decoder(), Chat.codec().stream_encoder(reply()));
    let mut relay = Relay::translate(decoder, encoder);
    let mut out = relay.push(&Bytes::from(stream)).to_vec();
    out.extend_from_slice(&relay.end().0);
    let told: Vec<Value> = String::from_utf8(out)
        .unwrap()
        .lines()
        .filter_map(|line| serde_json::from_str(line.strip_prefix("data: ")?).ok())
        .map(|chunk: Value| chunk["choices"][0]["delta"]["annotations"].clone())
        .filter(|annotations| !annotations.is_null())
        .collect();
    assert_eq!(told, [json!([annotation("https://a.io/", 0, 5)])]);
}
