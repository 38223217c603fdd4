//! Streams to callers, written.

use serde_json::{Value, json};

use super::{Responses, ladder, reply};
use crate::codec::{Codec, Reply};
use crate::conversation::{
    ApiError, Citation, Delta, ErrorClass, Event, Finish, FinishReason, Likelihood, Media,
    PartKind, Source, TokenLogprob, Usage,
};

/// The last event of what these events are written as, and all that was written.
fn write(events: &[Event<'_>], reply: Reply) -> (Value, String) {
    let mut encoder = Responses.stream_encoder(reply);
    let mut out = Vec::new();
    for event in events {
        encoder.event(event, &mut out);
    }
    let out = String::from_utf8(out).unwrap();
    (ladder::check(&out), out)
}

fn start(part: u32, kind: PartKind<'_>) -> Event<'_> {
    Event::PartStart { candidate: 0, part, kind }
}

fn say(part: u32, delta: Delta<'_>) -> Event<'_> {
    Event::Delta { candidate: 0, part, delta }
}

fn stop(part: u32) -> Event<'static> {
    Event::PartStop { candidate: 0, part }
}

fn text(words: &str) -> Delta<'_> {
    Delta::Text(words.into())
}

fn call(id: Option<&'static str>, name: &'static str, custom: bool) -> PartKind<'static> {
    PartKind::ToolCall { id: id.map(Into::into), name: name.into(), custom }
}

#[test]
fn calls_that_interleave_are_written_one_after_the_other() {
    let (last, out) = write(
        &[
            start(0, call(Some("a"), "f", false)),
            start(1, call(None, "g", false)),
            say(1, Delta::Arguments("{\"b\"".into())),
            say(0, Delta::Arguments("{\"a\"".into())),
            start(2, PartKind::Text),
            say(2, text("meanwhile")),
            say(1, Delta::Arguments(":2}".into())),
            say(0, Delta::Arguments(":1}".into())),
            stop(0),
            stop(1),
            stop(2),
            Event::End,
        ],
        reply(),
    );
    let output = &last["response"]["output"];
    let shown: Vec<_> = output
        .as_array()
        .unwrap()
        .iter()
        .map(|item| (&item["call_id"], &item["arguments"]))
        .collect();
    assert_eq!(
        shown,
        [
            (&json!("a"), &json!("{\"a\":1}")),
            (&json!("call_egret1_1"), &json!("{\"b\":2}")),
            (&Value::Null, &Value::Null)
        ]
    );
    // What can be said is said at once.
    assert!(out.find("{\\\"a\\\"").unwrap() < out.find("output_item.done").unwrap());
}

#[test]
fn all_kinds_of_parts_have_their_events() {
    let cited = Citation { url: Some("u".into()), ..Citation::default() };
    let token = Likelihood { token: "é".into(), logprob: "-0.25".into(), bytes: None, id: None };
    let image = Media {
        source: Source::Base64 { media_type: "image/png".into(), data: "AAAA".into() },
        name: None,
        detail: None,
        cache: None,
    };
    let events = [
        Event::Start { id: Some("x".into()), model: Some("m".into()) },
        Event::Ping,
        start(0, PartKind::Thinking { id: None }),
        say(0, text("hm")),
        say(0, Delta::Signature("E".into())),
        stop(0),
        start(1, PartKind::RedactedThinking("R".into())),
        stop(1),
        start(2, PartKind::Text),
        say(2, text("é!")),
        say(2, Delta::Logprobs(vec![TokenLogprob { chosen: token, top: Vec::new() }])),
        say(2, Delta::Citation(cited)),
        stop(2),
        start(3, PartKind::Refusal),
        say(3, text("no")),
        stop(3),
        start(4, call(Some("c"), "g", true)),
        say(4, Delta::Arguments("x".into())),
        stop(4),
        start(5, call(Some("d"), "f", false)),
        stop(5),
        start(6, PartKind::Image(image)),
        stop(6),
        start(7, PartKind::Opaque("web".into())),
        stop(7),
        start(8, PartKind::Thinking { id: None }),
        say(8, Delta::Signature("S".into())),
        stop(8),
        Event::Finish { candidate: 0, finish: Finish::new(FinishReason::Stop) },
        Event::Usage(Usage { input: 4, output: 5, ..Usage::default() }),
        Event::End,
    ];
    let (last, out) = write(&events, reply());
    let response = &last["response"];
    assert_eq!((&response["id"], &response["model"]), (&json!("resp_x"), &json!("m")));
    assert_eq!(
        (&response["usage"]["total_tokens"], &last["type"]),
        (&json!(9), &json!("response.completed"))
    );
    let types: Vec<_> = response["output"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["type"].as_str().unwrap())
        .collect();
    assert_eq!(
        types,
        [
            "reasoning",
            "reasoning",
            "message",
            "custom_tool_call",
            "function_call",
            "image_generation_call",
            "reasoning"
        ]
    );
    let output = &response["output"];
    assert_eq!(
        (&output[0]["summary"][0]["text"], &output[0]["encrypted_content"]),
        (&json!("hm"), &json!("E"))
    );
    assert_eq!((&output[1]["summary"], &output[1]["encrypted_content"]), (&json!([]), &json!("R")));
    let said = &output[2]["content"][0];
    assert_eq!((&said["text"], &said["annotations"][0]["end_index"]), (&json!("é!"), &json!(2)));
    assert_eq!(said["logprobs"][0]["bytes"], json!([0xc3, 0xa9]));
    assert_eq!(output[2]["content"][1]["refusal"], "no");
    assert_eq!((&output[3]["input"], &output[4]["arguments"]), (&json!("x"), &json!("{}")));
    assert_eq!(output[6]["encrypted_content"], "S", "a seal without words is kept");
    assert!(out.contains(": ping\n\n") && !out.contains("[DONE]"));

    // Who did not ask for thoughts does not see them, and still gets the seals.
    let (last, out) = write(&events, Reply { include_thoughts: false, ..reply() });
    assert!(!out.contains("hm") && !out.contains("reasoning_summary"));
    assert_eq!(last["response"]["output"][0]["encrypted_content"], "E");
}

/// `wire.md` §3.1 and §4.2, streamed.
#[test]
fn each_end_has_its_event() {
    for (reason, kind, why) in [
        (FinishReason::Stop, "response.completed", None),
        (FinishReason::StopSequence, "response.completed", None),
        (FinishReason::ToolCalls, "response.completed", None),
        (FinishReason::Paused, "response.completed", None),
        (FinishReason::Length, "response.incomplete", Some("max_output_tokens")),
        (FinishReason::ContentFilter, "response.incomplete", Some("content_filter")),
        (FinishReason::BadToolCall, "response.failed", None),
    ] {
        let finish = Event::Finish { candidate: 0, finish: Finish::new(reason) };
        let (last, _) =
            write(&[start(0, PartKind::Text), say(0, text("a")), finish, Event::End], reply());
        assert_eq!(last["type"], kind, "{reason:?}");
        let found = last["response"]["incomplete_details"]["reason"].as_str();
        assert_eq!(found, why, "{reason:?}");
        if why.is_some() {
            assert_eq!(last["response"]["output"][0]["status"], "incomplete");
        }
    }
}

#[test]
fn an_error_ends_the_ladder_wherever_it_stands() {
    let busy = || Event::Error(ApiError::new(ErrorClass::Overloaded, "busy"));
    let said = [
        Event::Start { id: None, model: None },
        start(0, PartKind::Text),
        say(0, text("a")),
        stop(0),
        start(1, call(Some("c"), "f", false)),
        say(1, Delta::Arguments("{".into())),
    ];
    for kept in 0..=said.len() {
        let mut events = said[..kept].to_vec();
        events.extend([busy(), Event::End, busy()]);
        let (last, _) = write(&events, reply());
        assert_eq!(last["type"], "response.failed");
        assert_eq!(last["response"]["error"], json!({"code": "server_error", "message": "busy"}));
    }
    for (class, code, written) in [
        (ErrorClass::RateLimited, None, "rate_limit_exceeded"),
        (ErrorClass::BadRequest, None, "invalid_prompt"),
        (ErrorClass::BadRequest, Some("context_length_exceeded"), "context_length_exceeded"),
        (ErrorClass::Billing, None, "rate_limit_exceeded"),
        (ErrorClass::Timeout, Some("timeout"), "server_error"),
    ] {
        let error = ApiError { code: code.map(Into::into), ..ApiError::new(class, "M") };
        let (last, _) = write(&[Event::Error(error)], reply());
        assert_eq!(last["response"]["error"]["code"], written, "{class:?}");
    }
}

#[test]
fn alternatives_are_not_mixed_in() {
    let other = Event::PartStart { candidate: 1, part: 0, kind: PartKind::Text };
    let said = Event::Delta { candidate: 1, part: 0, delta: text("b") };
    let finish = Event::Finish { candidate: 1, finish: Finish::new(FinishReason::Length) };
    let (last, out) = write(
        &[start(0, PartKind::Text), other, said, say(0, text("a")), finish, Event::End],
        reply(),
    );
    assert_eq!(last["type"], "response.completed");
    assert!(!out.contains("\"b\""));
}
