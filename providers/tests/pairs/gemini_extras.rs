//! What Gemini says beside its words, as callers of OpenAI's and Claude's schemas are told.

use bytes::Bytes;
use providers::Schema::{self, Chat, Claude, Gemini};
use providers::codec::Reply;
use providers::relay::{Outcome, Relay};
use serde_json::{Value, json};

/// A grounded answer with the likelihood of its tokens. "für" stands behind bytes 5 to 9.
fn answer() -> Value {
    json!({"candidates": [{"content": {"role": "model", "parts": [{"text": "Zoë für"}]},
        "finishReason": "STOP",
        "logprobsResult": {"chosenCandidates": [{"token": "Zoë", "tokenId": 7, "logProbability": -0.5}],
            "topCandidates": [{"candidates": [{"token": "A", "tokenId": 8, "logProbability": -2.5}]}]},
        "groundingMetadata": {
            "groundingChunks": [{"web": {"uri": "https://a.io/", "title": "A"}}],
            "groundingSupports": [{"segment": {"startIndex": 5, "endIndex": 9}, "groundingChunkIndices": [0]}]}}],
        "usageMetadata": {"promptTokenCount": 1, "candidatesTokenCount": 1}})
}

fn reply() -> Reply {
    Reply { id: "1".to_owned(), created: 7, ..Reply::default() }
}

fn whole(to: Schema) -> Value {
    let body = answer().to_string();
    let response = Gemini.codec().decode_response(body.as_bytes()).unwrap();
    serde_json::from_slice(&to.codec().encode_response(&response, &reply()).unwrap()).unwrap()
}

/// The data of all events of a stream.
fn streamed(to: Schema) -> Vec<Value> {
    let encoder = to.codec().stream_encoder(reply());
    let mut relay = Relay::translate(Gemini.codec().stream_decoder(), encoder);
    let stream = format!("data: {}\r\n\r\n", answer());
    let mut out = relay.push(&Bytes::from(stream)).to_vec();
    let (rest, outcome) = relay.end();
    out.extend_from_slice(&rest);
    assert_eq!(outcome, Outcome::Complete);
    let out = String::from_utf8(out).unwrap();
    let data = out.lines().filter_map(|line| line.strip_prefix("data: "));
    data.filter(|data| *data != "[DONE]").map(|data| serde_json::from_str(data).unwrap()).collect()
}

#[test]
fn sources_and_likelihoods_are_told_to_chats_callers() {
    let annotation = json!({"type": "url_citation", "url_citation":
        {"start_index": 4, "end_index": 7, "url": "https://a.io/", "title": "A"}});
    let likelihoods = json!([{"token": "Zoë", "logprob": -0.5, "bytes": "Zoë".as_bytes(),
        "top_logprobs": [{"token": "A", "logprob": -2.5, "bytes": [65]}]}]);
    let choice = whole(Chat)["choices"][0].take();
    assert_eq!(choice["message"]["annotations"], json!([annotation]));
    assert_eq!(choice["logprobs"]["content"], likelihoods);

    let found = |path: &str| {
        let all = streamed(Chat);
        let mut found = all.iter().filter_map(|data| data.pointer(path)).filter(|v| !v.is_null());
        found.next().cloned().unwrap_or_default()
    };
    assert_eq!(found("/choices/0/delta/annotations/0"), annotation);
    assert_eq!(found("/choices/0/logprobs/content"), likelihoods);
}

#[test]
fn sources_are_told_to_claudes_callers() {
    let found = whole(Claude).to_string();
    assert!(found.contains("https://a.io/"), "{found}");
    let found = streamed(Claude).iter().map(Value::to_string).collect::<String>();
    assert!(found.contains("https://a.io/"), "{found}");
}
