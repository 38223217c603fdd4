//! Answers that not every schema has a form for: alternatives, and calls that can't be read.

use bytes::Bytes;
use providers::Schema::{self, Chat, Claude, Gemini, Responses};
use providers::codec::Reply;
use providers::relay::{Outcome, Relay};
use serde_json::Value;

use super::support::json;

fn whole(from: Schema, to: Schema, body: &str) -> Value {
    let response = from.codec().decode_response(body.as_bytes()).unwrap();
    let reply = Reply { id: "1".to_owned(), ..Reply::default() };
    serde_json::from_slice(&to.codec().encode_response(&response, &reply).unwrap()).unwrap()
}

fn streamed(from: Schema, to: Schema, stream: &str) -> (String, Outcome) {
    let encoder = to.codec().stream_encoder(Reply { id: "1".to_owned(), ..Reply::default() });
    let mut relay = Relay::translate(from.codec().stream_decoder(), encoder);
    let mut out = relay.push(&Bytes::copy_from_slice(stream.as_bytes())).to_vec();
    let (rest, outcome) = relay.end();
    out.extend_from_slice(&rest);
    (String::from_utf8(out).unwrap(), outcome)
}

const TWO_OF_GEMINI: &str = r#"{"candidates":[
    {"index":0,"content":{"role":"model","parts":[{"text":"a"}]},"finishReason":"STOP"},
    {"index":1,"content":{"role":"model","parts":[{"text":"b"}]},"finishReason":"MAX_TOKENS"}]}"#;

const TWO_OF_CHAT: &str = r#"{"id":"x","choices":[
    {"index":1,"message":{"role":"assistant","content":"b"},"finish_reason":"length"},
    {"index":0,"message":{"role":"assistant","content":"a"},"finish_reason":"stop"}]}"#;

#[test]
fn alternatives_keep_their_places() {
    let choices = whole(Gemini, Chat, TWO_OF_GEMINI)["choices"].clone();
    for (index, text, finish) in [(0, "a", "stop"), (1, "b", "length")] {
        let choice =
            choices.as_array().unwrap().iter().find(|choice| choice["index"] == index).unwrap();
        assert_eq!(
            (&choice["message"]["content"], &choice["finish_reason"]),
            (&text.into(), &finish.into())
        );
    }
    let candidates = whole(Chat, Gemini, TWO_OF_CHAT)["candidates"].clone();
    for (index, text, finish) in [(0, "a", "STOP"), (1, "b", "MAX_TOKENS")] {
        let found =
            candidates.as_array().unwrap().iter().find(|found| found["index"] == index).unwrap();
        assert_eq!(
            (&found["content"]["parts"][0]["text"], &found["finishReason"]),
            (&text.into(), &finish.into())
        );
    }
}

#[test]
fn alternatives_are_streamed_side_by_side() {
    let chunk = |index: u32, delta: &str, finish: &str| {
        format!(
            "data: {{\"choices\":[{{\"index\":{index},\"delta\":{delta},\"finish_reason\":{finish}}}]}}\n\n"
        )
    };
    let stream = [
        chunk(0, r#"{"content":"a"}"#, "null"),
        chunk(1, r#"{"content":"b"}"#, "null"),
        chunk(0, r#"{"content":"A"}"#, "null"),
        chunk(1, "{}", "\"length\""),
        chunk(0, "{}", "\"stop\""),
        "data: [DONE]\n\n".to_owned(),
    ]
    .concat();
    let (out, outcome) = streamed(Chat, Gemini, &stream);
    assert_eq!(outcome, Outcome::Complete);
    let mut texts = [String::new(), String::new()];
    let mut finishes = [Value::Null, Value::Null];
    for frame in out.split_terminator("\r\n\r\n") {
        for candidate in
            json(&frame["data: ".len()..])["candidates"].as_array().into_iter().flatten()
        {
            let index = usize::from(candidate["index"] == 1);
            for part in candidate["content"]["parts"].as_array().unwrap() {
                texts[index] += part["text"].as_str().unwrap();
            }
            if let Some(reason) = candidate.get("finishReason") {
                finishes[index] = reason.clone();
            }
        }
    }
    assert_eq!(
        (texts, finishes),
        (["aA".to_owned(), "b".to_owned()], ["STOP".into(), "MAX_TOKENS".into()])
    );
}

#[test]
fn a_call_that_can_not_be_read_is_no_success() {
    const BAD: &str = "data: {\"candidates\":[{\"content\":{},\"finishReason\":\"MALFORMED_FUNCTION_CALL\",\"finishMessage\":\"Bad call\"}]}\r\n\r\n";
    for to in [Chat, Responses, Claude] {
        let (out, _) = streamed(Gemini, to, BAD);
        assert!(out.contains("\"error\"") && out.contains("Bad call"), "{to}: {out}");
        assert!(
            !["[DONE]", "message_stop", "response.completed"].iter().any(|end| out.contains(end)),
            "{to}: {out}"
        );
    }
    const CHAT: &str = "data: {\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":0,\"id\":\"c\",\"function\":{\"name\":\"f\",\"arguments\":\"{oops\"}}]},\"finish_reason\":\"tool_calls\"}]}\n\ndata: [DONE]\n\n";
    const CLAUDE: &str = "event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"tool_use\",\"id\":\"t\",\"name\":\"f\",\"input\":{}}}\n\n\
        event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"input_json_delta\",\"partial_json\":\"{oops\"}}\n\n\
        event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":0}\n\n\
        event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"tool_use\"}}\n\n\
        event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n";
    const RESPONSES: &str = "data: {\"type\":\"response.output_item.done\",\"output_index\":0,\"item\":{\"type\":\"function_call\",\"call_id\":\"c\",\"name\":\"f\",\"arguments\":\"{oops\"}}\n\n\
        data: {\"type\":\"response.completed\",\"response\":{\"status\":\"completed\"}}\n\n";
    for (from, stream) in [(Chat, CHAT), (Claude, CLAUDE), (Responses, RESPONSES)] {
        let (out, _) = streamed(from, Gemini, stream);
        assert!(
            out.contains("MALFORMED_FUNCTION_CALL") && !out.contains("functionCall\""),
            "{from}: {out}"
        );
    }
}

#[test]
fn a_call_that_can_not_be_read_is_a_failed_response() {
    const BAD: &str = r#"{"candidates":[{"content":{},"finishReason":"MALFORMED_FUNCTION_CALL","finishMessage":"Bad call"}]}"#;
    let response = whole(Gemini, Responses, BAD);
    assert_eq!(response["status"], "failed");
    assert_eq!(
        response["error"],
        serde_json::json!({"code": "server_error", "message": "Bad call"})
    );
    // And one that failed is no answer to callers of any other schema.
    let body = response.to_string();
    let error = Responses.codec().decode_response(body.as_bytes()).unwrap_err();
    assert_eq!(error.message, "Bad call");
}
