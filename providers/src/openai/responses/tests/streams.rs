//! Streams, event by event.

use serde_json::{Value, json};

use super::{Responses, Told, events, ladder, reply};
use crate::codec::{Codec, Reply};
use crate::conversation::{
    ApiError, Citation, Delta, ErrorClass, Event, Finish, FinishReason, Likelihood, Media,
    PartKind, Source, TokenLogprob, Usage,
};

/// A stream of these events.
fn stream(events: &[Value]) -> String {
    let frame = |event: &Value| {
        format!("event: {}\ndata: {event}\n\n", event["type"].as_str().unwrap_or("none"))
    };
    events.iter().map(frame).collect()
}

fn told(events: &[Value]) -> Told {
    Told::of_stream(stream(events).as_bytes())
}

fn completed(output: Value) -> Value {
    json!({"type": "response.completed", "response": {"id": "resp_1", "status": "completed",
        "output": output, "usage": {"input_tokens": 7, "output_tokens": 3, "total_tokens": 10}}})
}

/// A message, reasoning, a call, told in every way there is.
fn ladder_of_all() -> Vec<Value> {
    let text = json!({"type": "output_text", "text": "Hello.", "annotations": [
        {"type": "url_citation", "url": "u", "title": "t", "start_index": 0, "end_index": 1}]});
    let refusal = json!({"type": "refusal", "refusal": "No way"});
    let message = json!({"type": "message", "id": "msg_1", "content": [text, refusal]});
    let reasoning = json!({"type": "reasoning", "id": "rs_1", "encrypted_content": "E", "summary": [
        {"type": "summary_text", "text": "one two"}, {"type": "summary_text", "text": "three"}]});
    let call = json!({"type": "function_call", "id": "fc_1", "call_id": "c", "name": "f",
        "arguments": "{\"a\":1}"});
    let custom = json!({"type": "custom_tool_call", "id": "ctc_1", "call_id": "d", "name": "g",
        "input": "x y"});
    let said = |kind: &str, item: u32, index: &str, place: u32, key: &str, words: &str| json!({"type": format!("response.{kind}"), "output_index": item, index: place, key: words});
    let added = |index: u32, item: &Value, empty: &str, none: Value| {
        let mut item = item.clone();
        item[empty] = none;
        json!({"type": "response.output_item.added", "output_index": index, "item": item})
    };
    let done = |index: u32, item: &Value| json!({"type": "response.output_item.done", "output_index": index, "item": item});
    let (summary, content) = ("summary_index", "content_index");
    let mut events = vec![
        json!({"type": "response.created", "response": {"id": "resp_1", "model": "m"}}),
        added(0, &reasoning, "summary", json!([])),
        said("reasoning_summary_text.delta", 0, summary, 0, "delta", "one"),
        said("reasoning_summary_text.delta", 0, summary, 0, "delta", " two"),
        said("reasoning_summary_text.done", 0, summary, 0, "text", "one two"),
        said("reasoning_summary_text.delta", 0, summary, 1, "delta", "three"),
        said("reasoning_summary_text.done", 0, summary, 1, "text", "three"),
        done(0, &reasoning),
        added(1, &message, "content", json!([])),
        said("output_text.delta", 1, content, 0, "delta", "Hel"),
        said("output_text.delta", 1, content, 0, "delta", "lo."),
        json!({"type": "response.output_text.annotation.added", "output_index": 1,
            "content_index": 0, "annotation": text["annotations"][0]}),
        said("output_text.done", 1, content, 0, "text", "Hello."),
        json!({"type": "response.content_part.done", "output_index": 1, "content_index": 0, "part": text}),
        said("refusal.delta", 1, content, 1, "delta", "No "),
        said("refusal.delta", 1, content, 1, "delta", "way"),
        said("refusal.done", 1, content, 1, "refusal", "No way"),
        json!({"type": "response.content_part.done", "output_index": 1, "content_index": 1, "part": refusal}),
        done(1, &message),
        added(2, &call, "arguments", json!("")),
        said("function_call_arguments.delta", 2, content, 0, "delta", "{\"a\""),
        said("function_call_arguments.delta", 2, content, 0, "delta", ":1}"),
        said("function_call_arguments.done", 2, content, 0, "arguments", "{\"a\":1}"),
        done(2, &call),
        added(3, &custom, "input", json!("")),
        said("custom_tool_call_input.delta", 3, content, 0, "delta", "x"),
        said("custom_tool_call_input.delta", 3, content, 0, "delta", " y"),
        said("custom_tool_call_input.done", 3, content, 0, "input", "x y"),
        done(3, &custom),
        completed(json!([reasoning, message, call, custom])),
    ];
    for event in events.iter_mut().filter(|event| event.get("item").is_none()) {
        if let Some(index) = event["output_index"].as_u64() {
            event["item_id"] = json!(["rs_1", "msg_1", "fc_1", "ctc_1"][index as usize]);
        }
    }
    events
}

/// Whether an event is of this kind.
fn is(event: &Value, kinds: &[&str]) -> bool {
    let kind = event["type"].as_str().unwrap();
    kinds.iter().any(|end| kind.ends_with(end))
}

#[test]
fn what_is_told_twice_is_told_once_and_what_is_missing_is_found() {
    let all = ladder_of_all();
    let whole = told(&all);
    assert_eq!(whole.parts.len(), 5);
    assert_eq!(whole.parts[0].text, "one two\n\nthree");
    assert_eq!(whole.parts[0].signature.as_deref(), Some("E"));
    assert_eq!((&*whole.parts[1].text, &*whole.parts[2].text), ("Hello.", "No way"));
    assert_eq!(whole.parts[1].citations.len(), 1);
    assert_eq!((&*whole.parts[3].text, &*whole.parts[4].text), ("{\"a\":1}", "x y"));
    assert!(whole.ended && whole.usage.is_some());

    let without = |kinds: &[&str]| -> Vec<Value> {
        all.iter().filter(|event| !is(event, kinds)).cloned().collect()
    };
    let pieces = ["text.done", "refusal.done", "arguments.done", "input.done", "annotation.added"];
    for missing in [
        &[".delta"][..],
        &[".delta", "annotation.added"],
        &pieces,
        &["content_part.done"],
        &[".delta", "content_part.done"],
        &["item.added"],
        &["item.added", ".delta"],
        &[
            "item.added",
            ".delta",
            "text.done",
            "refusal.done",
            "arguments.done",
            "input.done",
            "content_part.done",
            "annotation.added",
        ],
        &["item.done"],
        &["item.done", ".delta"],
        &["created"],
        // Only the last event is left.
        &[
            "created",
            "item.added",
            "item.done",
            ".delta",
            "text.done",
            "refusal.done",
            "arguments.done",
            "input.done",
            "content_part.done",
            "annotation.added",
        ],
    ] {
        let found = told(&without(missing));
        assert_eq!(found, whole, "without {missing:?}");
    }

    // The last delta of each piece is lost; the rest is found where the whole is told.
    let lost: Vec<Value> = all
        .iter()
        .enumerate()
        .filter(|(at, event)| !is(event, &[".delta"]) || is(&all[at + 1], &[".delta"]))
        .map(|(_, event)| event.clone())
        .collect();
    assert_eq!(told(&lost), whole);

    // And all of it twice is no more than once.
    let twice: Vec<Value> = all
        .iter()
        .flat_map(|event| {
            vec![event.clone(); if is(event, &[".delta", "annotation.added"]) { 1 } else { 2 }]
        })
        .collect();
    assert_eq!(told(&twice), whole);
}

#[test]
fn places_may_be_counted_otherwise_or_not_at_all() {
    let all = ladder_of_all();
    let whole = told(&all);
    let mut shifted = all.clone();
    for event in shifted.iter_mut().filter(|event| event.get("content_index").is_some()) {
        event["content_index"] = json!(event["content_index"].as_u64().unwrap() + 1);
    }
    assert_eq!(told(&shifted), whole, "Bedrock begins at 1");
    let mut uncounted = all;
    for event in &mut uncounted {
        event.as_object_mut().unwrap().remove("output_index");
    }
    assert_eq!(told(&uncounted), whole, "by item_id");
    for event in &mut uncounted {
        event.as_object_mut().unwrap().remove("item_id");
    }
    assert_eq!(told(&uncounted), whole, "by nothing but their order");
}

#[test]
fn hosted_tools_are_named_and_their_progress_is_passed_over() {
    let told = told(&[
        json!({"type": "response.queued", "response": {"id": "resp_1"}}),
        json!({"type": "response.output_item.added", "output_index": 0, "item": {"type": "web_search_call", "id": "ws"}}),
        json!({"type": "response.web_search_call.searching", "output_index": 0, "item_id": "ws"}),
        json!({"type": "response.code_interpreter_call_code.delta", "output_index": 0, "item_id": "ws", "delta": "1+1"}),
        json!({"type": "response.output_item.done", "output_index": 0, "item": {"type": "web_search_call", "id": "ws"}}),
        json!({"type": "response.output_item.added", "output_index": 1, "item": {"type": "image_generation_call", "id": "ig", "result": null}}),
        json!({"type": "response.image_generation_call.partial_image", "output_index": 1, "partial_image_b64": "AA"}),
        json!({"type": "response.output_item.done", "output_index": 1, "item": {"type": "image_generation_call", "id": "ig", "result": "AAAA", "output_format": "jpeg"}}),
        completed(json!([])),
    ]);
    let kinds: Vec<_> = told.parts.iter().map(|part| part.kind.as_str()).collect();
    assert_eq!(kinds.len(), 2, "{kinds:?}");
    assert_eq!(kinds[0], "Opaque(\"web_search_call\")");
    assert!(kinds[1].contains("image/jpeg") && kinds[1].contains("AAAA"));
    assert!(told.parts.iter().all(|part| part.text.is_empty()));
}

#[test]
fn a_line_kept_open_is_a_ping() {
    let alive = b"data: {\"type\":\"keepalive\"}\n\n: ka\n\n".as_slice();
    assert_eq!(events(alive, 3), Vec::<String>::new(), "nothing to keep alive yet");
    let created = b"data: {\"type\":\"response.created\",\"response\":{}}\n\n".as_slice();
    assert_eq!(events(&[created, alive].concat(), 5)[1..], ["Ping", "Ping"]);
}

fn error_of(events: &[Value]) -> (ErrorClass, String, Option<Usage>) {
    let mut decoder = Responses.stream_decoder();
    let (mut error, mut usage) = (None, None);
    let mut sink = |event: Event<'_>| match event {
        Event::Error(reported) => error = Some(reported),
        Event::Usage(count) => usage = Some(count),
        Event::End | Event::Finish { .. } => panic!("it failed"),
        _ => {}
    };
    decoder.push(stream(events).as_bytes(), &mut sink);
    decoder.finish(&mut sink);
    let error = error.unwrap_or_else(|| panic!("no error: {events:?}"));
    (error.class, error.message, usage)
}

#[test]
fn errors_in_the_stream_are_told() {
    let created = json!({"type": "response.created", "response": {"id": "resp_1"}});
    let error = json!({"code": "rate_limit_exceeded", "message": "M"});
    let usage = json!({"input_tokens": 7, "output_tokens": 3});
    for (event, class) in [
        (
            json!({"type": "error", "code": "server_error", "message": "M", "param": null}),
            ErrorClass::Server,
        ),
        (json!({"type": "error", "error": error}), ErrorClass::RateLimited),
        (
            json!({"error": {"message": "M", "type": "invalid_request_error", "code": null}}),
            ErrorClass::BadRequest,
        ),
        (
            json!({"type": "response.failed", "response": {"status": "failed", "error": error}}),
            ErrorClass::RateLimited,
        ),
        (
            json!({"type": "response.completed", "response": {"error": error}}),
            ErrorClass::RateLimited,
        ),
    ] {
        let mut frame = stream(&[event.clone()]);
        if event.get("type").is_none() {
            frame = format!("data: {event}\n\n");
        }
        let mut told = Told::default();
        let mut decoder = Responses.stream_decoder();
        let mut found = None;
        let mut sink = |event: Event<'_>| {
            if let Event::Error(error) = &event {
                found = Some(error.class);
            }
            told.event(&event);
        };
        decoder.push(stream(std::slice::from_ref(&created)).as_bytes(), &mut sink);
        decoder.push(frame.as_bytes(), &mut sink);
        decoder.push(b"data: {\"type\":\"response.completed\",\"response\":{}}\n\n", &mut sink);
        decoder.finish(&mut sink);
        assert_eq!(found, Some(class), "{event}");
        assert_eq!((told.error.as_deref(), told.ended), (Some("M"), false), "{event}");
    }
    // What failed has cost something, all the same.
    let failed = json!({"type": "response.failed", "response": {"status": "failed", "error": error, "usage": usage}});
    let (class, _, usage) = error_of(&[created.clone(), failed]);
    assert_eq!((class, usage.unwrap().total()), (ErrorClass::RateLimited, 10));
    let silent = json!({"type": "response.failed", "response": {"error": null}});
    assert_eq!(error_of(&[created.clone(), silent]).0, ErrorClass::Server);
    let nameless = json!({"type": "response.output_item.done", "output_index": 0,
        "item": {"type": "function_call", "arguments": "{}"}});
    assert_eq!(error_of(&[created, nameless]).0, ErrorClass::Server);
    assert!(events(b"data: {oops\n\n", 4)[0].starts_with("Error"));
}

#[test]
fn only_the_last_event_ends_an_answer() {
    let all = ladder_of_all();
    for kept in 0..all.len() {
        let cut = told(&all[..kept]);
        assert!(!cut.ended && cut.error.is_none() && cut.finish.is_none(), "at {kept}");
    }
    let mut after = all.clone();
    after.extend(all.clone());
    assert_eq!(told(&after), told(&all), "nothing follows the end");
    let done = stream(&all) + "data: [DONE]\n\n";
    assert_eq!(Told::of_stream(done.as_bytes()), told(&all), "a [DONE] too much is none too much");
}

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
