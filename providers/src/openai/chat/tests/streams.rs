//! Streams, both ways.

use serde_json::{Value, json};

use super::{Chat, reply};
use crate::codec::{Codec, Reply};
use crate::conversation::{
    ApiError, Delta, ErrorClass, Event, Finish, FinishReason, PartKind, Usage,
};

/// An event as a short text, to compare whole streams at a glance.
pub(super) fn show(event: &Event<'_>) -> String {
    match event {
        Event::Start { id, model } => {
            format!("start {} {}", id.as_deref().unwrap_or("-"), model.as_deref().unwrap_or("-"))
        }
        Event::PartStart { candidate, part, kind } => match kind {
            PartKind::ToolCall { id, name, .. } => {
                format!("{candidate}.{part} call {name}#{}", id.as_deref().unwrap_or("-"))
            }
            other => format!("{candidate}.{part} {other:?}"),
        },
        Event::Delta { candidate, part, delta } => match delta {
            Delta::Text(text) | Delta::Arguments(text) | Delta::Signature(text) => {
                format!("{candidate}.{part} +{text}")
            }
            Delta::Citation(_) | Delta::Logprobs(_) => format!("{candidate}.{part} {delta:?}"),
        },
        Event::PartStop { candidate, part } => format!("{candidate}.{part} stop"),
        Event::Finish { candidate, finish } => format!("{candidate} {:?}", finish.reason),
        Event::Usage(usage) => format!("usage {} {}", usage.total_input(), usage.total_output()),
        Event::Ping => "ping".to_owned(),
        Event::Error(error) => format!("error {:?} {}", error.class, error.message),
        Event::End => "end".to_owned(),
    }
}

/// All events of a stream that comes in these pieces.
pub(super) fn events<'p>(pieces: impl IntoIterator<Item = &'p [u8]>) -> Vec<String> {
    let mut decoder = Chat.stream_decoder();
    let mut events = Vec::new();
    for piece in pieces {
        decoder.push(piece, &mut |event| events.push(show(&event)));
    }
    decoder.finish(&mut |event| events.push(show(&event)));
    events
}

/// The events of chunks with these choices, between id and `[DONE]`, without start and end.
fn decoded(choices: &[Value]) -> Vec<String> {
    let mut stream = String::new();
    for choice in choices {
        let chunk = json!({"id": "x", "model": "m", "choices": [choice]});
        stream += &format!("data: {chunk}\n\n");
    }
    stream += "data: [DONE]\n\n";
    let events = events([stream.as_bytes()]);
    assert_eq!(events.first().unwrap(), "start x m");
    events[1..].to_vec()
}

fn delta(delta: Value) -> Value {
    json!({"index": 0, "delta": delta, "finish_reason": null})
}

fn call(call: Value) -> Value {
    delta(json!({ "tool_calls": [call] }))
}

fn done(reason: &str) -> Value {
    json!({"index": 0, "delta": {}, "finish_reason": reason})
}

#[test]
fn deltas_of_every_kind() {
    let begin = |index: Value, id: &str, name: &str| {
        call(
            json!({"index": index, "id": id, "type": "function", "function": {"name": name, "arguments": ""}}),
        )
    };
    let more =
        |index: Value, piece: &str| call(json!({"index": index, "function": {"arguments": piece}}));
    let rows: Vec<(Vec<Value>, &[&str])> = vec![
        (
            vec![
                delta(json!({"role": "assistant", "content": ""})),
                delta(json!({"content": "a"})),
                delta(json!({"content": "b"})),
                done("stop"),
            ],
            &["0.0 Text", "0.0 +a", "0.0 +b", "0.0 stop", "0 Stop", "end"],
        ),
        (
            vec![delta(json!({"refusal": "no"})), done("stop")],
            &["0.0 Refusal", "0.0 +no", "0.0 stop", "0 ContentFilter", "end"],
        ),
        (
            vec![
                delta(json!({"reasoning_content": "hm"})),
                delta(json!({"reasoning": "!"})),
                delta(json!({"content": "a"})),
                done("length"),
            ],
            &[
                "0.0 Thinking { id: None }",
                "0.0 +hm",
                "0.0 +!",
                "0.0 stop",
                "0.1 Text",
                "0.1 +a",
                "0.1 stop",
                "0 Length",
                "end",
            ],
        ),
        // Parallel calls that interleave.
        (
            vec![
                begin(json!(0), "c", "f"),
                begin(json!(1), "d", "g"),
                more(json!(1), "{"),
                more(json!(0), "{}"),
                more(json!(1), "}"),
                done("tool_calls"),
            ],
            &[
                "0.0 call f#c",
                "0.1 call g#d",
                "0.1 +{",
                "0.0 +{}",
                "0.1 +}",
                "0.0 stop",
                "0.1 stop",
                "0 ToolCalls",
                "end",
            ],
        ),
        // Text between and after calls.
        (
            vec![
                delta(json!({"content": "a"})),
                begin(json!(0), "c", "f"),
                delta(json!({"content": "b"})),
                done("tool_calls"),
            ],
            &[
                "0.0 Text",
                "0.0 +a",
                "0.0 stop",
                "0.1 call f#c",
                "0.2 Text",
                "0.2 +b",
                "0.2 stop",
                "0.1 stop",
                "0 ToolCalls",
                "end",
            ],
        ),
        // No index: the id tells calls apart, or the name where there is no id.
        (
            vec![
                begin(json!(null), "c", "f"),
                more(json!(null), "{}"),
                begin(json!(null), "d", "f"),
                more(json!(null), "1"),
                done("stop"),
            ],
            &[
                "0.0 call f#c",
                "0.0 +{}",
                "0.1 call f#d",
                "0.1 +1",
                "0.0 stop",
                "0.1 stop",
                "0 ToolCalls",
                "end",
            ],
        ),
        (
            vec![begin(json!(null), "", "f"), begin(json!(null), "", "f"), done("stop")],
            &["0.0 call f#-", "0.1 call f#-", "0.0 stop", "0.1 stop", "0 ToolCalls", "end"],
        ),
        // Every call has index 0; the same id again is the same call.
        (
            vec![
                begin(json!(0), "c", "f"),
                begin(json!(0), "c", "f"),
                begin(json!(0), "d", "g"),
                more(json!(0), "{}"),
                done("tool_calls"),
            ],
            &[
                "0.0 call f#c",
                "0.1 call g#d",
                "0.1 +{}",
                "0.0 stop",
                "0.1 stop",
                "0 ToolCalls",
                "end",
            ],
        ),
        // The name comes late.
        (
            vec![
                call(json!({"index": 0, "id": "c"})),
                call(json!({"index": 0, "function": {"name": "f", "arguments": "{}"}})),
                done("tool_calls"),
            ],
            &["0.0 call f#c", "0.0 +{}", "0.0 stop", "0 ToolCalls", "end"],
        ),
        (
            vec![call(json!({"index": 0, "id": "c", "function": {"arguments": "{}"}}))],
            &[
                "error Server The provider sent a tool call without a name that can't be read. Try again.",
            ],
        ),
        (
            vec![
                delta(json!({"function_call": {"name": "f", "arguments": ""}})),
                delta(json!({"function_call": {"arguments": "{}"}})),
                done("function_call"),
            ],
            &["0.0 call f#-", "0.0 +{}", "0.0 stop", "0 ToolCalls", "end"],
        ),
        // Two alternatives.
        (
            vec![
                delta(json!({"content": "a"})),
                json!({"index": 1, "delta": {"content": "b"}}),
                done("stop"),
                json!({"index": 1, "delta": {}, "finish_reason": "length"}),
            ],
            &[
                "0.0 Text", "0.0 +a", "1.0 Text", "1.0 +b", "0.0 stop", "0 Stop", "1.0 stop",
                "1 Length", "end",
            ],
        ),
        // The end is said twice, or never.
        (
            vec![delta(json!({"content": "a"})), done("stop"), done("stop")],
            &["0.0 Text", "0.0 +a", "0.0 stop", "0 Stop", "end"],
        ),
        (vec![begin(json!(0), "c", "f")], &["0.0 call f#c", "0.0 stop", "0 ToolCalls", "end"]),
        (
            vec![delta(json!({"content": "a"})), done("error")],
            &[
                "0.0 Text",
                "0.0 +a",
                "0.0 stop",
                "error Server The provider broke its answer off. Try again.",
            ],
        ),
        (
            vec![
                json!({"index": 0, "delta": {"content": "a"}, "error": {"message": "m", "code": 503}, "finish_reason": "error"}),
            ],
            &["error Overloaded m"],
        ),
    ];
    for (choices, expected) in rows {
        assert_eq!(decoded(&choices), expected, "{choices:?}");
    }
}

#[test]
fn frames_and_ends() {
    let a = r#"{"id":"x","choices":[{"index":0,"delta":{"content":"a"}}]}"#;
    let end = r#"{"id":"x","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}"#;
    let usage = r#"{"id":"x","choices":[],"usage":{"prompt_tokens":2,"completion_tokens":3}}"#;
    let both = r#"{"id":"x","choices":[{"delta":{},"finish_reason":"stop"}],"usage":{"prompt_tokens":2,"completion_tokens":3}}"#;
    let filter = r#"{"id":"","model":"","choices":[],"prompt_filter_results":[]}"#;
    let groq =
        r#"{"id":"x","choices":[],"x_groq":{"usage":{"prompt_tokens":2,"completion_tokens":3}}}"#;
    let text = ["start x -", "0.0 Text", "0.0 +a"];
    let rows: Vec<(String, Vec<&str>)> = vec![
        (
            format!("data: {a}\n\ndata: {end}\n\ndata: {usage}\n\ndata: [DONE]\n\n"),
            vec!["0.0 stop", "0 Stop", "usage 2 3", "end"],
        ),
        (
            format!("data: {a}\r\n\r\ndata: {end}\r\n\r\ndata: {groq}\r\n\r\ndata: [DONE]\r\n\r\n"),
            vec!["0.0 stop", "0 Stop", "usage 2 3", "end"],
        ),
        (format!("data:{a}\r\rdata:{end}\r\rdata:[DONE]\r\r"), vec!["0.0 stop", "0 Stop", "end"]),
        (
            format!(
                ": hello\n\nevent: x\nid: 1\ndata: {filter}\n\ndata: {a}\n\n: x\ndata: {end}\n\ndata: [DONE]"
            ),
            vec!["0.0 stop", "0 Stop", "end"],
        ),
        // Hosts without [DONE], whose last chunk says it all.
        (format!("data: {a}\n\ndata: {both}\n\n"), vec!["0.0 stop", "0 Stop", "usage 2 3", "end"]),
        (format!("data: {a}\n\ndata: {both}"), vec!["0.0 stop", "0 Stop", "usage 2 3", "end"]),
        // A comment while the caller waits; one before the answer began says nothing.
        (
            format!(": wait\n\ndata: {a}\n\n: wait\n\n\n\ndata: {end}\n\ndata: [DONE]\n\n"),
            vec!["ping", "0.0 stop", "0 Stop", "end"],
        ),
        // Cut short.
        (
            format!("data: {a}\n\ndata: {end}\n\ndata: {usage}\n\n"),
            vec!["0.0 stop", "0 Stop", "usage 2 3"],
        ),
        (format!("data: {a}\n\ndata: {end}\n\n"), vec!["0.0 stop", "0 Stop"]),
        (format!("data: {a}\n\n"), vec![]),
        // Broken, and nothing after it.
        (
            format!(
                "data: {a}\n\ndata: {{\"error\":{{\"message\":\"m\",\"code\":\"rate_limit_exceeded\"}}}}\n\ndata: [DONE]\n\n"
            ),
            vec!["error RateLimited m"],
        ),
        (
            format!("data: {a}\n\ndata: {{\"id\n\ndata: {end}\n\n"),
            vec!["error Server The provider sent an answer that can't be read. Try again."],
        ),
        (format!("data: {a}\n\ndata: {{\ndata: \"choices\":[]}}\n\n"), vec![]),
        (format!("data: {a}\n\ndata: [DONE]\n\ndata: {a}\n\n"), vec!["0.0 stop", "0 Stop", "end"]),
    ];
    for (stream, rest) in rows {
        let expected: Vec<_> = text.iter().copied().chain(rest).collect();
        assert_eq!(events([stream.as_bytes()]), expected, "{stream}");
        let bytes: Vec<_> = stream.as_bytes().chunks(1).collect();
        assert_eq!(events(bytes), expected, "byte by byte: {stream}");
    }
    let empty =
        ["error Server The provider sent a stream without choices that can't be read. Try again."];
    assert_eq!(events([&b"data: [DONE]\n\n"[..]]), empty);
    assert!(events([&b""[..]]).is_empty());
}

#[test]
fn an_endless_event_is_an_error() {
    let piece = vec![b'x'; 1 << 20];
    let events = events(std::iter::once(&b"data: "[..]).chain(std::iter::repeat_n(&piece[..], 33)));
    assert_eq!(events, ["error Server The provider sent an event that can't be read. Try again."]);
}

/// What a caller gets for these events: the chunks' data.
fn encoded(reply: Reply, events: &[Event<'_>]) -> Vec<String> {
    let mut encoder = Chat.stream_encoder(reply);
    let mut out = Vec::new();
    for event in events {
        encoder.event(event, &mut out);
    }
    let text = String::from_utf8(out).unwrap();
    assert!(text.is_empty() || text.ends_with("\n\n"), "{text}");
    text.split_terminator("\n\n").map(ToOwned::to_owned).collect()
}

fn start() -> Event<'static> {
    Event::Start { id: Some("msg_1".into()), model: Some("m".into()) }
}

fn part(part: u32, kind: PartKind<'static>) -> Event<'static> {
    Event::PartStart { candidate: 0, part, kind }
}

fn piece(part: u32, delta: Delta<'static>) -> Event<'static> {
    Event::Delta { candidate: 0, part, delta }
}

const fn stop(part: u32) -> Event<'static> {
    Event::PartStop { candidate: 0, part }
}

fn finish(reason: FinishReason) -> Event<'static> {
    Event::Finish { candidate: 0, finish: Finish::new(reason) }
}

#[test]
fn the_grammar_is_exact() {
    let chunk = |choices: Value, usage: Value| {
        let mut chunk = json!({"id": "chatcmpl-msg_1", "object": "chat.completion.chunk",
            "created": 1_700_000_000, "model": "m", "choices": choices});
        if !usage.is_boolean() {
            chunk["usage"] = usage;
        }
        chunk
    };
    let delta = |delta: Value| json!([{"index": 0, "delta": delta, "logprobs": null, "finish_reason": null}]);
    let first = delta(json!({"role": "assistant", "content": "", "refusal": null}));
    let begin = |index: u32, id: &str, name: &str| {
        delta(json!({"tool_calls": [{"index": index, "id": id,
        "type": "function", "function": {"name": name, "arguments": ""}}]}))
    };
    let more = |index: u32, piece: &str| {
        delta(json!({"tool_calls": [{"index": index, "function": {"arguments": piece}}]}))
    };
    let end = |reason: &str| json!([{"index": 0, "delta": {}, "logprobs": null, "finish_reason": reason}]);
    let tool = |id: Option<&'static str>, name: &'static str| PartKind::ToolCall {
        custom: false,
        id: id.map(Into::into),
        name: name.into(),
    };
    let rows: Vec<(Vec<Event<'static>>, Vec<Value>)> = vec![
        (
            vec![
                part(0, PartKind::Text),
                piece(0, Delta::Text("a\n\"".into())),
                stop(0),
                finish(FinishReason::Stop),
            ],
            vec![delta(json!({"content": "a\n\""})), end("stop")],
        ),
        (
            vec![
                part(0, PartKind::Thinking { id: None }),
                piece(0, Delta::Text("hm".into())),
                piece(0, Delta::Signature("s".into())),
                stop(0),
                part(1, PartKind::RedactedThinking("x".into())),
                stop(1),
                part(2, PartKind::Opaque("y".into())),
                stop(2),
                part(3, PartKind::Text),
                piece(3, Delta::Text("a".into())),
                stop(3),
                finish(FinishReason::Length),
            ],
            vec![delta(json!({"content": "a"})), end("length")],
        ),
        (
            vec![
                part(0, PartKind::Refusal),
                piece(0, Delta::Text("no".into())),
                stop(0),
                finish(FinishReason::ContentFilter),
            ],
            vec![delta(json!({"refusal": "no"})), end("content_filter")],
        ),
        // The index counts calls, not parts; they may interleave; no arguments are an empty object.
        (
            vec![
                part(0, PartKind::Text),
                part(1, tool(Some("c"), "f")),
                part(2, tool(None, "g")),
                part(3, tool(Some("e"), "h")),
                piece(2, Delta::Arguments("{\"a\"".into())),
                piece(1, Delta::Arguments("".into())),
                piece(3, Delta::Arguments("{}".into())),
                piece(2, Delta::Arguments(":1}".into())),
                stop(0),
                stop(1),
                stop(2),
                stop(3),
                finish(FinishReason::ToolCalls),
            ],
            vec![
                begin(0, "c", "f"),
                begin(1, "call_egret1_0_1", "g"),
                begin(2, "e", "h"),
                more(1, "{\"a\""),
                more(2, "{}"),
                more(1, ":1}"),
                more(0, "{}"),
                end("tool_calls"),
            ],
        ),
    ];
    let usage = Usage { input: 2, output: 3, ..Usage::default() };
    let less = Usage { input: 2, ..Usage::default() };
    for (said, choices) in rows {
        for include_usage in [false, true] {
            let mut events = vec![start()];
            events.extend(said.iter().cloned());
            events.extend([
                Event::Usage(usage),
                Event::Usage(less),
                Event::End,
                finish(FinishReason::Stop),
            ]);
            let written = encoded(Reply { include_usage, ..reply() }, &events);
            let none = if include_usage { json!(null) } else { json!(true) };
            let mut expected: Vec<Value> = std::iter::once(first.clone())
                .chain(choices.clone())
                .map(|c| chunk(c, none.clone()))
                .collect();
            if include_usage {
                expected.push(chunk(json!([]), json!({"prompt_tokens": 2, "completion_tokens": 3, "total_tokens": 5,
                    "prompt_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0, "audio_tokens": 0},
                    "completion_tokens_details": {"reasoning_tokens": 0, "audio_tokens": 0,
                        "accepted_prediction_tokens": 0, "rejected_prediction_tokens": 0}})));
            }
            assert_eq!(written.last().unwrap(), "data: [DONE]");
            let chunks: Vec<Value> = written[..written.len() - 1]
                .iter()
                .map(|line| serde_json::from_str(line.strip_prefix("data: ").unwrap()).unwrap())
                .collect();
            assert_eq!(chunks, expected, "{said:?}");
        }
    }
}

#[test]
fn errors_close_the_stream_in_band() {
    let error = Event::Error(ApiError::new(ErrorClass::Overloaded, "busy"));
    let written = encoded(reply(), &[start(), Event::Ping, error, Event::End]);
    assert_eq!(written.len(), 3);
    assert_eq!(written[1], ": ping");
    let data: Value = serde_json::from_str(written[2].strip_prefix("data: ").unwrap()).unwrap();
    assert_eq!(
        data,
        json!({"error": {"message": "busy", "type": "server_error", "param": null, "code": "overloaded"}})
    );

    let bad = Event::Finish {
        candidate: 0,
        finish: Finish {
            explanation: Some("MALFORMED".into()),
            ..Finish::new(FinishReason::BadToolCall)
        },
    };
    let written = encoded(reply(), &[start(), bad, Event::End]);
    assert!(written.last().unwrap().contains("MALFORMED"), "{written:?}");
    assert!(written.last().unwrap().starts_with("data: {\"error\""), "{written:?}");
}

#[test]
fn every_alternative_names_its_role_first() {
    let text = |candidate| Event::PartStart { candidate, part: 0, kind: PartKind::Text };
    let written = encoded(reply(), &[start(), text(0), text(1), text(1)]);
    let roles: Vec<_> = written.iter().map(|line| line.contains("\"index\":1")).collect();
    assert_eq!(roles, [false, true]);
    assert!(written.iter().all(|line| line.contains("\"role\":\"assistant\"")), "{written:?}");
    // Even where the answer never began.
    assert!(encoded(reply(), &[text(0)])[0].contains("\"chatcmpl-egret1\""));
}
