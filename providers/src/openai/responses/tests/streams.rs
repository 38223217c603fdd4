//! Streams of providers, read.

use serde_json::{Value, json};

use super::{Responses, Told, events};
use crate::codec::Codec;
use crate::conversation::{ErrorClass, Event, Usage};

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
        let mut frame = stream(std::slice::from_ref(&event));
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
