#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::borrow::Cow;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::custom::unwrapped;
use super::*;
use crate::codec::StreamEncoder;
use crate::conversation::{
    Arguments, Candidate, Delta, Event, Finish, FinishReason, Message, Part, PartKind, Request,
    Response, Role, Tool, ToolCall, ToolResult,
};

fn custom(format: Option<Value>) -> Tool<'static> {
    Tool::Custom {
        name: "patch".into(),
        description: Some("Edits files.".into()),
        format: format.map(|format| Cow::Owned(serde_json::value::to_raw_value(&format).unwrap())),
    }
}

fn call(name: &'static str, custom: bool, arguments: &str) -> ToolCall<'static> {
    ToolCall {
        id: Some("c".into()),
        name: name.into(),
        arguments: Arguments::Text(Cow::Owned(arguments.to_owned())),
        custom,
        signature: None,
        cache: None,
    }
}

/// The request's only tool as a function: its description and its schema.
fn function(format: Option<Value>) -> (String, Value) {
    let mut request = Request::new(Schema::Responses, "m");
    request.tools = vec![custom(format)];
    CustomTools::emulate(&mut request);
    let [Tool::Function { name, description: Some(told), parameters: Some(schema), .. }] =
        request.tools.as_slice()
    else {
        panic!("{:?}", request.tools)
    };
    assert_eq!(name, "patch");
    (told.clone().into_owned(), serde_json::from_str(schema.get()).unwrap())
}

#[test]
fn a_custom_tool_becomes_a_function_that_says_what_its_text_must_be() {
    let (plain, schema) = function(None);
    let expected = json!({
        "type": "object", "properties": {"input": {"type": "string"}}, "required": ["input"],
    });
    assert_eq!(schema, expected);
    assert!(plain.starts_with("Edits files.\n\n") && plain.contains("`input`"), "{plain}");
    assert_eq!(function(Some(json!({"type": "text"}))).0, plain);
    let lark = json!({"type": "grammar", "syntax": "lark", "definition": "start: \"a\"\n"});
    let (told, _) = function(Some(lark));
    assert!(told.starts_with(&plain) && told.contains("lark grammar:\nstart: \"a\"\n"), "{told}");
    // Of a format of another day, all of it.
    let (told, _) = function(Some(json!({"type": "new", "a": 1})));
    assert!(told.contains(r#"{"a":1,"type":"new"}"#), "{told}");
}

/// A turn that called the tool with this text, and its result.
fn history(text: &str) -> Request<'static> {
    let mut request = Request::new(Schema::Responses, "m");
    let result = ToolResult {
        call_id: Some("c".into()),
        name: None,
        content: vec![Part::text("done")],
        object: None,
        custom: true,
        is_error: false,
        cache: None,
    };
    let calls = vec![Part::ToolCall(call("patch", true, text))];
    request.messages.push(Message { role: Role::Assistant, parts: calls });
    let results = vec![Part::ToolResult(result)];
    request.messages.push(Message { role: Role::User, parts: results });
    request
}

fn calls<'r>(request: &'r Request<'_>) -> Vec<(&'r str, bool)> {
    let parts = request.messages.iter().flat_map(|message| &message.parts);
    let call = |part: &'r Part<'_>| match part {
        Part::ToolCall(call) => Some((call.arguments.as_text(), call.custom)),
        Part::ToolResult(result) => Some(("", result.custom)),
        _ => None,
    };
    parts.filter_map(call).collect()
}

#[test]
fn history_is_told_in_the_same_way() {
    let mut request = history("*** \"Begin\"\n");
    CustomTools::emulate(&mut request);
    assert_eq!(calls(&request), [(r#"{"input":"*** \"Begin\"\n"}"#, false), ("", false)]);
}

#[test]
fn arguments_that_are_another_s_stay_as_they_are() {
    for other in
        ["", "{}", "text", r#"{"input":1}"#, r#"{"input":"a","b":1}"#, r#"{"input":"cut of"#, "[]"]
    {
        assert_eq!(unwrapped(other), other);
    }
    assert_eq!(unwrapped(r#" {"input" : "\u00e4\n"} "#), "ä\n");
}

fn tools() -> CustomTools {
    let mut request = Request::new(Schema::Responses, "m");
    request.tools = vec![custom(None)];
    CustomTools::emulate(&mut request)
}

#[test]
fn an_answer_calls_the_tool_with_free_text_again() {
    let parts = vec![
        Part::ToolCall(call("patch", false, r#"{"input":"a\nb"}"#)),
        Part::ToolCall(call("other", false, r#"{"input":"a"}"#)),
    ];
    let finish = Finish::new(FinishReason::ToolCalls);
    let mut response = Response {
        candidates: vec![Candidate { index: 0, parts, logprobs: Vec::new(), finish }],
        ..Response::default()
    };
    tools().restore(&mut response);
    let told: Vec<_> = response.candidates[0]
        .parts
        .iter()
        .map(|part| match part {
            Part::ToolCall(call) => (call.arguments.as_text(), call.custom),
            _ => panic!("{part:?}"),
        })
        .collect();
    assert_eq!(told, [("a\nb", true), (r#"{"input":"a"}"#, false)]);
}

/// Writes what it is given, a line each.
struct Lines;

impl StreamEncoder for Lines {
    fn event(&mut self, event: &Event<'_>, out: &mut Vec<u8>) {
        let line = match event {
            Event::PartStart { part, kind: PartKind::ToolCall { name, custom, .. }, .. } => {
                format!("{part} {name} {custom}\n")
            }
            Event::Delta { part, delta: Delta::Arguments(text), .. } => format!("{part} {text}\n"),
            Event::Delta { part, delta: Delta::Text(text), .. } => format!("{part} says {text}\n"),
            Event::PartStop { part, .. } => format!("{part} stops\n"),
            Event::Finish { .. } => "finish\n".to_owned(),
            Event::End => "end\n".to_owned(),
            Event::Error(_) => "error\n".to_owned(),
            _ => return,
        };
        out.extend_from_slice(line.as_bytes());
    }
}

fn start(part: u32, name: &'static str) -> Event<'static> {
    let kind = PartKind::ToolCall { id: None, name: name.into(), custom: false };
    Event::PartStart { candidate: 0, part, kind }
}

fn arguments(part: u32, piece: &str) -> Event<'static> {
    let delta = Delta::Arguments(Cow::Owned(piece.to_owned()));
    Event::Delta { candidate: 0, part, delta }
}

const fn stop(part: u32) -> Event<'static> {
    Event::PartStop { candidate: 0, part }
}

fn streamed(events: &[Event<'_>]) -> String {
    let mut encoder = tools().encoder(Box::new(Lines));
    let mut out = Vec::new();
    for event in events {
        encoder.event(event, &mut out);
    }
    String::from_utf8(out).unwrap()
}

#[test]
fn a_streamed_call_comes_as_text_once_it_is_whole() {
    let finish = || Event::Finish { candidate: 0, finish: Finish::new(FinishReason::ToolCalls) };
    let told = streamed(&[
        start(0, "patch"),
        start(1, "other"),
        arguments(0, r#"{"inp"#),
        arguments(1, r#"{"input":"#),
        arguments(0, r#"ut":"one"}"#),
        arguments(1, r#""two"}"#),
        stop(1),
        stop(0),
        finish(),
        Event::End,
    ]);
    let expected = [
        "0 patch true",
        "1 other false",
        r#"1 {"input":"#,
        r#"1 "two"}"#,
        "1 stops",
        "0 one",
        "0 stops",
        "finish",
        "end",
    ];
    assert_eq!(told.lines().collect::<Vec<_>>(), expected);
    // One that met the limit of tokens is told as far as it came, and one that broke off is not.
    let cut = [start(0, "patch"), arguments(0, r#"{"input":"on"#)];
    let told = streamed(&[&cut[..], &[finish(), Event::End]].concat());
    assert_eq!(told, "0 patch true\n0 {\"input\":\"on\nfinish\nend\n");
    let broken = Event::Error(crate::conversation::ApiError::new(
        crate::conversation::ErrorClass::Server,
        "gone",
    ));
    assert_eq!(streamed(&[&cut[..], &[broken]].concat()), "0 patch true\nerror\n");
}

proptest! {
    #[test]
    fn any_text_comes_back_however_the_stream_is_cut(text in any::<String>(), at in any::<prop::sample::Index>()) {
        let mut request = history(&text);
        CustomTools::emulate(&mut request);
        let written = calls(&request)[0].0.to_owned();
        prop_assert_eq!(unwrapped(&written), text.as_str());
        let mut cut = at.index(written.len() + 1);
        while !written.is_char_boundary(cut) {
            cut -= 1;
        }
        let (one, two) = written.split_at(cut);
        let told = streamed(&[start(0, "patch"), arguments(0, one), arguments(0, two), stop(0)]);
        let line = if text.is_empty() { String::new() } else { format!("0 {text}\n") };
        prop_assert_eq!(told, format!("0 patch true\n{line}0 stops\n"));
    }

    #[test]
    fn what_is_no_such_object_comes_as_it_is(text in any::<String>()) {
        prop_assume!(!text.contains("input"));
        prop_assert_eq!(unwrapped(&text), text.as_str());
    }
}
