//! Streams, both ways.

use serde_json::{Value, json};

use super::{
    Answer, arguments, call, events, finish, ladder, recoded, reply, start, stop, streamed, text,
};
use crate::codec::Reply;
use crate::conversation::{
    ApiError, Delta, ErrorClass, Event, Finish, FinishReason, PartKind, Usage,
};

fn begin() -> Event<'static> {
    Event::Start { id: Some("msg_1".into()), model: Some("m".into()) }
}

fn done(reason: FinishReason) -> Event<'static> {
    finish(Finish::new(reason))
}

/// The blocks of a written stream: type and whole text, arguments or data.
fn blocks(bytes: &[u8]) -> Vec<(String, String)> {
    let mut blocks: Vec<(String, String)> = Vec::new();
    for frame in ladder(bytes) {
        let block = &frame["content_block"];
        if let Some(kind) = block["type"].as_str() {
            blocks.push((kind.to_owned(), block["data"].as_str().unwrap_or_default().to_owned()));
        }
        for member in ["text", "thinking", "partial_json"] {
            if let Some(piece) = frame["delta"][member].as_str() {
                blocks.last_mut().unwrap().1.push_str(piece);
            }
        }
    }
    blocks
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected.iter().map(|(kind, text)| ((*kind).to_owned(), (*text).to_owned())).collect()
}

#[test]
fn a_plain_answer_is_written_to_the_letter() {
    let usage = Usage { input: 3, cache_read: 2, output: 1, reasoning: 4, ..Usage::default() };
    // OpenAI's order: the usage comes after the finish.
    let written = streamed(
        &[
            begin(),
            start(0, PartKind::Text),
            text(0, "hi"),
            stop(0),
            done(FinishReason::Stop),
            Event::Usage(usage),
            Event::End,
        ],
        reply(),
    );
    let usage = |input: u64, read: u64| {
        format!(
            r#""usage":{{"input_tokens":{input},"cache_creation_input_tokens":0,"cache_read_input_tokens":{read},"cache_creation":{{"ephemeral_5m_input_tokens":0,"ephemeral_1h_input_tokens":0}}"#
        )
    };
    let expected = [
        "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"msg_1\",\"type\":\"message\",\"role\":\"assistant\",\"model\":\"m\",\"content\":[],\"stop_reason\":null,\"stop_sequence\":null,",
        &usage(0, 0),
        ",\"output_tokens\":0}}}\n\n",
        "event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"text\",\"text\":\"\"}}\n\n",
        "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"hi\"}}\n\n",
        "event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":0}\n\n",
        "event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\",\"stop_sequence\":null},",
        &usage(3, 2),
        ",\"output_tokens\":5,\"output_tokens_details\":{\"thinking_tokens\":4}}}\n\n",
        "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n",
    ];
    assert_eq!(String::from_utf8(written).unwrap(), expected.concat());
}

#[test]
fn calls_that_interleave_are_untangled() {
    let written = streamed(
        &[
            begin(),
            start(0, PartKind::Text),
            text(0, "I look. "),
            call(1, "a", "look"),
            arguments(1, "{\"n\":"),
            call(2, "b", "hear"),
            arguments(2, "{}"),
            text(0, "Still."),
            arguments(1, "1}"),
            stop(1),
            stop(2),
            stop(0),
            done(FinishReason::ToolCalls),
            Event::End,
        ],
        reply(),
    );
    let expected =
        [("text", "I look. "), ("tool_use", "{\"n\":1}"), ("tool_use", "{}"), ("text", "Still.")];
    let mut blocks = blocks(&written);
    blocks[2..].sort();
    let mut sorted = pairs(&expected);
    sorted[2..].sort();
    assert_eq!(blocks, sorted);
}

#[test]
fn words_are_written_at_once_even_if_an_earlier_part_is_still_open() {
    let begun = [
        begin(),
        start(0, PartKind::Thinking { id: None }),
        text(0, "hm"),
        start(1, PartKind::Text),
        text(1, "a"),
        text(1, "b"),
    ];
    let written = blocks(&streamed(&begun, reply()));
    assert_eq!(written, pairs(&[("thinking", "hm"), ("text", "ab")]));
    let hidden = Reply { include_thoughts: false, ..reply() };
    assert_eq!(blocks(&streamed(&begun, hidden)), pairs(&[("text", "ab")]));
}

#[test]
fn hidden_thoughts_show_only_if_they_are_signed() {
    let hidden = Reply { include_thoughts: false, ..reply() };
    let signature = Delta::Signature("sig".into());
    let stream = |signed: bool| {
        let mut events = vec![begin(), start(0, PartKind::Thinking { id: None }), text(0, "hm")];
        if signed {
            events.push(Event::Delta { candidate: 0, part: 0, delta: signature.clone() });
        }
        events.extend([stop(0), start(1, PartKind::Text), text(1, "a"), stop(1), Event::End]);
        streamed(&events, hidden.clone())
    };
    assert_eq!(blocks(&stream(true)), pairs(&[("thinking", "hm"), ("text", "a")]));
    assert_eq!(blocks(&stream(false)), pairs(&[("text", "a")]));
    let signed = ladder(&stream(true));
    assert!(signed.iter().any(|frame| frame["delta"]["signature"] == "sig"));
}

#[test]
fn signatures_of_others_on_text_hold_nothing_up() {
    let signed =
        |part: u32| Event::Delta { candidate: 0, part, delta: Delta::Signature("s".into()) };
    let written = streamed(
        &[
            begin(),
            start(0, PartKind::Text),
            start(1, PartKind::Text),
            signed(0),
            signed(1),
            text(0, "a"),
            text(1, "b"),
            Event::End,
        ],
        reply(),
    );
    assert_eq!(blocks(&written), pairs(&[("text", "a"), ("text", "b")]));
}

#[test]
fn what_is_empty_or_foreign_leaves_no_block() {
    let written = streamed(
        &[
            begin(),
            start(0, PartKind::Text),
            stop(0),
            start(1, PartKind::Opaque("x".into())),
            text(1, "secret"),
            stop(1),
            start(2, PartKind::RedactedThinking("data".into())),
            stop(2),
            start(3, PartKind::Refusal),
            text(3, "no"),
            stop(3),
            Event::PartStart { candidate: 1, part: 0, kind: PartKind::Text },
            done(FinishReason::ContentFilter),
            Event::End,
        ],
        reply(),
    );
    assert_eq!(blocks(&written), pairs(&[("redacted_thinking", "data"), ("text", "no")]));
}

#[test]
fn an_error_closes_the_stream_in_its_own_words() {
    let error = Event::Error(ApiError::new(ErrorClass::Overloaded, "busy"));
    for before in [vec![], vec![begin()], vec![begin(), start(0, PartKind::Text), text(0, "a")]] {
        let mut events = before;
        events.extend([error.clone(), text(0, "more"), Event::End]);
        let frames = ladder(&streamed(&events, reply()));
        let last = frames.last().unwrap();
        assert_eq!(last["error"], json!({"type": "overloaded_error", "message": "busy"}));
    }
    let bad = streamed(&[begin(), done(FinishReason::BadToolCall), Event::End], reply());
    assert_eq!(ladder(&bad).last().unwrap()["error"]["type"], "api_error");
}

#[test]
fn an_end_without_a_reason_is_told_by_the_calls() {
    let reason = |events: &[Event<'_>]| -> Value {
        let frames = ladder(&streamed(events, reply()));
        frames[frames.len() - 2]["delta"]["stop_reason"].clone()
    };
    assert_eq!(reason(&[begin(), Event::End]), "end_turn");
    assert_eq!(reason(&[begin(), call(0, "a", "look"), Event::Ping, Event::End]), "tool_use");
    assert_eq!(reason(&[Event::End]), "end_turn");
}

#[test]
fn calls_have_ids_of_their_own() {
    let nameless = start(1, PartKind::ToolCall { id: None, name: "x".into(), custom: false });
    let written = streamed(
        &[begin(), call(0, "a", "x"), stop(0), nameless, stop(1), call(2, "a", "x"), Event::End],
        reply(),
    );
    let ids: Vec<Value> = ladder(&written)
        .into_iter()
        .map(|frame| frame["content_block"]["id"].clone())
        .filter(|id| !id.is_null())
        .collect();
    assert_eq!(ids, ["a", "toolu_minted1_1", "toolu_minted1_2"]);
}

const HEAD: &str = "data: {\"type\":\"message_start\",\"message\":{\"id\":\"msg_1\",\"model\":\"m\",\"usage\":{\"input_tokens\":5,\"output_tokens\":1}}}\n\n";

fn stream(frames: &[&str]) -> String {
    frames.iter().fold(HEAD.to_owned(), |all, frame| format!("{all}data: {frame}\n\n"))
}

#[test]
fn every_kind_of_event_is_read() {
    let stream = stream(&[
        r#"{"type":"ping"}"#,
        r#"{"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":"","signature":""}}"#,
        r#"{"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"hm"}}"#,
        r#"{"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"sig"}}"#,
        r#"{"type":"content_block_stop","index":0}"#,
        r#"{"type":"content_block_start","index":1,"content_block":{"type":"server_tool_use","id":"s","name":"web_search","input":{}}}"#,
        r#"{"type":"content_block_delta","index":1,"delta":{"type":"input_json_delta","partial_json":"{}"}}"#,
        r#"{"type":"content_block_stop","index":1}"#,
        r#"{"type":"content_block_start","index":2,"content_block":{"type":"web_fetch_tool_result","tool_use_id":"s","content":{"type":"x"}}}"#,
        r#"{"type":"content_block_stop","index":2}"#,
        r#"{"type":"brand_new","message":"ignored","delta":7}"#,
        r#"{"type":"content_block_start","index":3,"content_block":{"type":"text","text":"a"}}"#,
        r#"{"type":"content_block_delta","index":3,"delta":{"type":"citations_delta","citation":{"type":"x"}}}"#,
        r#"{"type":"content_block_delta","index":3,"delta":{"type":"text_delta","text":"b"}}"#,
        r#"{"type":"content_block_stop","index":3}"#,
        r#"{"type":"content_block_start","index":4,"content_block":{"type":"tool_use","id":"t","name":"look","input":{}}}"#,
        r#"{"type":"content_block_delta","index":4,"delta":{"type":"input_json_delta","partial_json":""}}"#,
        r#"{"type":"content_block_delta","index":4,"delta":{"type":"input_json_delta","partial_json":"{\"a\""}}"#,
        r#"{"type":"content_block_delta","index":4,"delta":{"type":"input_json_delta","partial_json":":1}"}}"#,
        r#"{"type":"content_block_stop","index":4}"#,
        r#"{"type":"content_block_start","index":5,"content_block":{"type":"tool_use","id":"u","name":"whole","input":{"b":2}}}"#,
        r#"{"type":"content_block_stop","index":5}"#,
        r#"{"type":"message_delta","delta":{"stop_reason":"tool_use"},"usage":{"input_tokens":null,"output_tokens":30,"output_tokens_details":{"thinking_tokens":10}}}"#,
        r#"{"type":"message_stop"}"#,
        r#"{"type":"content_block_start","index":6,"content_block":{"type":"text","text":"late"}}"#,
    ]);
    let answer = Answer::of(stream.as_bytes());
    let call = |id: &str, name: &str| {
        format!("ToolCall {{ id: Some({id:?}), name: {name:?}, custom: false }}")
    };
    let part = |kind: &str, text: &str| (kind.to_owned(), text.to_owned(), None);
    let mut thinking = part("Thinking { id: None }", "hm");
    thinking.2 = Some("sig".to_owned());
    let expected = [
        thinking,
        part("Opaque(\"server_tool_use\")", ""),
        part("Opaque(\"web_fetch_tool_result\")", ""),
        part("Text", "ab"),
        part(&call("t", "look"), "{\"a\":1}"),
        part(&call("u", "whole"), "{\"b\":2}"),
    ];
    assert_eq!(answer.parts, expected);
    assert!(answer.finish.unwrap().contains("ToolCalls"));
    let usage = Usage { input: 5, output: 20, reasoning: 10, ..Usage::default() };
    assert_eq!((answer.usage, answer.ended), (Some(usage), true));
}

#[test]
fn errors_in_a_stream_are_read() {
    let cases = [
        (
            r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#,
            "Overloaded",
        ),
        (r#"{"type":"content_block_start","index":"x"}"#, "can't be read"),
        ("{not json", "can't be read"),
        (r#"{"error":{"message":"lost its type"}}"#, "lost its type"),
    ];
    for (frame, words) in cases {
        let answer = Answer::of(stream(&[frame, r#"{"type":"message_stop"}"#]).as_bytes());
        assert!(answer.error.unwrap().contains(words), "{frame}");
        assert!(!answer.ended);
    }
}

#[test]
fn a_stream_that_breaks_off_has_no_end() {
    let whole = stream(&[r#"{"type":"message_delta","delta":{"stop_reason":"end_turn"}}"#]);
    let cut = format!("{whole}data: {{\"type\":\"message_st");
    for text in [HEAD, &whole, &cut] {
        let answer = Answer::of(text.as_bytes());
        assert!(!answer.ended && answer.error.is_none());
    }
    // The last event is whole, though its blank line is not there.
    assert!(Answer::of(format!("{whole}data: {{\"type\":\"message_stop\"}}").as_bytes()).ended);
}

#[test]
fn lines_may_end_in_any_way() {
    let unix = stream(&[r#"{"type":"message_stop"}"#]);
    let expected = events(unix.as_bytes(), 1);
    for end in ["\r\n", "\r"] {
        let other = format!(": comment{end}{}", unix.replace('\n', end));
        for piece in [1, 2, 3, 4096] {
            assert_eq!(events(other.as_bytes(), piece), expected, "{end:?} by {piece}");
        }
    }
}

#[test]
fn a_ping_before_the_start_hides_nothing() {
    let ping = "data: {\"type\":\"ping\"}\n\n";
    let events = events(format!("{ping}{HEAD}").as_bytes(), 4096);
    assert!(events[0].contains("msg_1"), "{events:?}");
    let frames = ladder(&streamed(&[Event::Ping, begin(), Event::Ping, Event::End], reply()));
    assert_eq!(frames[0]["message"]["id"], "msg_1");
    assert_eq!(frames[1]["type"], "ping");
}

#[test]
fn a_stream_without_its_start_still_begins_with_one() {
    let frames = r#"data: {"type":"content_block_start","index":0,"content_block":{"type":"text","text":"a"}}"#;
    let events = events(format!("{frames}\n\n").as_bytes(), 4096);
    assert!(events[0].starts_with("Start"), "{events:?}");
    ladder(&recoded(frames.as_bytes(), reply()));
}
