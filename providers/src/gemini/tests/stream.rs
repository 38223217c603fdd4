use serde_json::{Value, json};

use super::super::Gemini;
use super::events;
use crate::codec::{Codec, Reply};
use crate::conversation::{
    ApiError, Delta, ErrorClass, Event, Finish, FinishReason, PartKind, Usage,
};

/// A stream of these chunks.
fn sse(chunks: &[Value]) -> Vec<u8> {
    chunks.iter().flat_map(|chunk| format!("data: {chunk}\r\n\r\n").into_bytes()).collect()
}

fn chunk(parts: Value) -> Value {
    json!({"candidates": [{"content": {"role": "model", "parts": parts}, "index": 0}],
        "modelVersion": "m", "responseId": "r"})
}

fn finish(parts: Value, reason: &str) -> Value {
    let mut chunk = chunk(parts);
    chunk["candidates"][0]["finishReason"] = json!(reason);
    chunk["usageMetadata"] = json!({"promptTokenCount": 3, "candidatesTokenCount": 2});
    chunk
}

fn whole(stream: &[u8]) -> Vec<String> {
    events([stream])
}

fn deltas(events: &[String]) -> Vec<&str> {
    let starts = ["Start", "PartStart", "Delta", "PartStop", "Finish", "Usage", "End", "Error"];
    let name = |event: &'_ String| {
        let name = event.split([' ', '(']).next().unwrap_or("").to_owned();
        starts.into_iter().find(|known| *known == name).unwrap()
    };
    events.iter().map(name).collect()
}

#[test]
fn parts_begin_where_their_kind_changes() {
    let stream = sse(&[
        chunk(json!([{"text": "hm", "thought": true}])),
        chunk(json!([{"text": "m", "thought": true}])),
        chunk(json!([{"text": "he"}])),
        chunk(json!([{"text": "llo"}, {"functionCall": {"name": "f", "args": {"a": 1}},
            "thoughtSignature": "s"}, {"functionCall": {"name": "g", "id": "7", "args": {}}}])),
        finish(json!([{"text": ""}]), "STOP"),
    ]);
    let events = whole(&stream);
    let expected = [
        "Start",
        "PartStart",
        "Delta",
        "Delta",
        "PartStop",
        "PartStart",
        "Delta",
        "Delta",
        "PartStop",
        "PartStart",
        "Delta",
        "Delta",
        "PartStop",
        "PartStart",
        "Delta",
        "PartStop",
        "Finish",
        "Usage",
        "End",
    ];
    assert_eq!(deltas(&events), expected);
    let finishes: Vec<&String> = events.iter().filter(|e| e.starts_with("Finish")).collect();
    assert!(finishes[0].contains("ToolCalls"), "{finishes:?}");
    assert!(events.iter().any(|e| e.contains("Signature(\"s\")")));
    assert!(events.iter().any(|e| e.contains("part: 3, kind: ToolCall { id: Some(\"7\")")));
}

#[test]
fn a_stream_without_a_finish_has_no_end() {
    let cut = sse(&[chunk(json!([{"text": "he"}])), chunk(json!([{"text": "llo"}]))]);
    let events = whole(&cut);
    assert!(!events.iter().any(|event| event == "End" || event.starts_with("Error")));
    assert!(whole(b"").is_empty());
    assert!(whole(b"<html>bad gateway</html>").is_empty());
}

#[test]
fn every_candidate_must_finish() {
    let mut first = finish(json!([{"text": "a"}]), "STOP");
    let mut second = first["candidates"][0].clone();
    second["index"] = json!(1);
    second["finishReason"] = Value::Null;
    first["candidates"].as_array_mut().unwrap().push(second.clone());
    assert!(!whole(&sse(&[first.clone()])).contains(&"End".to_owned()));
    second["finishReason"] = json!("MAX_TOKENS");
    let events = whole(&sse(&[first, json!({"candidates": [second]})]));
    assert_eq!(events.last().unwrap(), "End");
    assert!(events.iter().any(|e| e.starts_with("Finish { candidate: 1") && e.contains("Length")));
}

#[test]
fn a_blocked_prompt_finishes() {
    let stream = sse(&[json!({"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"},
        "usageMetadata": {"promptTokenCount": 3}})]);
    let events = whole(&stream);
    assert_eq!(deltas(&events), ["Start", "Finish", "Usage", "End"]);
    assert!(events[1].contains("ContentFilter") && events[1].contains("PROHIBITED_CONTENT"));
}

#[test]
fn an_error_ends_everything() {
    let error = json!({"error": {"code": 503, "message": "busy", "status": "UNAVAILABLE"}});
    let stream = sse(&[chunk(json!([{"text": "a"}])), error.clone(), finish(json!([]), "STOP")]);
    let events = whole(&stream);
    assert_eq!(deltas(&events), ["Start", "PartStart", "Delta", "Error"]);
    assert!(events[3].contains("Overloaded") && events[3].contains("busy"));
    // Not framed at all, alone or in a list.
    for bare in [error.to_string(), json!([error]).to_string()] {
        assert_eq!(deltas(&whole(bare.as_bytes())), ["Error"]);
    }
    for garbage in ["data: {oops\n\n", "data: 5\n\n", "data: {\"candidates\":{\"index\":{}}}x\n\n"]
    {
        assert_eq!(deltas(&whole(garbage.as_bytes())), ["Error"], "{garbage}");
    }
}

#[test]
fn arguments_that_come_in_pieces_are_put_together() {
    let call = |call: Value| chunk(json!([{"functionCall": call}]));
    let piece = |path: &str, value: Value| {
        let mut piece = json!({"jsonPath": path});
        piece.as_object_mut().unwrap().extend(value.as_object().unwrap().clone());
        call(json!({"partialArgs": [piece], "willContinue": true}))
    };
    let stream = sse(&[
        call(json!({"name": "f", "willContinue": true})),
        piece("$.city", json!({"stringValue": "Bos", "willContinue": true})),
        piece("$.city", json!({"stringValue": "ton"})),
        piece("$.days[0].n", json!({"numberValue": 1.50})),
        piece("$.days[1].ok", json!({"boolValue": true})),
        piece("$['odd key']", json!({"nullValue": "NULL_VALUE"})),
        piece("$.days[9999999].n", json!({"numberValue": 1})),
        call(json!({})),
        call(json!({"name": "g", "willContinue": true})),
        finish(json!([{"text": ""}]), "STOP"),
    ]);
    let events = whole(&stream);
    let arguments: Vec<&String> = events.iter().filter(|e| e.contains("Arguments")).collect();
    assert_eq!(arguments.len(), 2, "{events:?}");
    let expected = r#"{"city":"Boston","days":[{"n":1.5},{"ok":true}],"odd key":null}"#;
    assert!(arguments[0].contains(&expected.replace('"', "\\\"")), "{arguments:?}");
    assert!(arguments[1].contains(r#"Arguments("{}")"#), "{arguments:?}");
    assert_eq!(events.last().unwrap(), "End");
}

fn encode(reply: Reply, events: &[Event<'_>]) -> String {
    let mut encoder = Gemini.stream_encoder(reply);
    let mut out = Vec::new();
    events.iter().for_each(|event| encoder.event(event, &mut out));
    String::from_utf8(out).unwrap()
}

fn reply() -> Reply {
    Reply { id: "minted".into(), model: "asked".into(), ..Reply::default() }
}

fn part(part: u32, kind: PartKind<'static>, deltas: Vec<Delta<'static>>) -> Vec<Event<'static>> {
    let mut events = vec![Event::PartStart { candidate: 0, part, kind }];
    events.extend(deltas.into_iter().map(|delta| Event::Delta { candidate: 0, part, delta }));
    events.push(Event::PartStop { candidate: 0, part });
    events
}

fn tool_call(arguments: &[&'static str]) -> Vec<Event<'static>> {
    let kind = PartKind::ToolCall { id: Some("c1".into()), name: "f".into(), custom: false };
    part(1, kind, arguments.iter().map(|piece| Delta::Arguments((*piece).into())).collect())
}

fn done(reason: FinishReason) -> Vec<Event<'static>> {
    let usage = Usage { input: 3, output: 2, ..Usage::default() };
    vec![
        Event::Finish { candidate: 0, finish: Finish::new(reason) },
        Event::Usage(usage),
        Event::End,
    ]
}

fn chunks(stream: &str) -> Vec<Value> {
    let frames = stream.split_terminator("\r\n\r\n");
    frames
        .map(|frame| serde_json::from_str(frame.strip_prefix("data: ").unwrap()).unwrap())
        .collect()
}

#[test]
fn chunks_are_written_as_soon_as_they_can_be() {
    let mut encoder = Gemini.stream_encoder(reply());
    let mut script = vec![Event::Start { id: Some("r".into()), model: None }, Event::Ping];
    script.extend(part(0, PartKind::Text, vec![Delta::Text("he".into()), Delta::Text("y".into())]));
    script.extend(tool_call(&["{\"a\"", ":1}"]));
    script.extend(done(FinishReason::ToolCalls));
    let mut sizes = Vec::new();
    let mut out = Vec::new();
    for event in &script {
        let before = out.len();
        encoder.event(event, &mut out);
        sizes.push(out.len() > before);
    }
    // Both texts at once, the call when it is whole, the finish with the usage.
    let written: Vec<usize> =
        sizes.iter().enumerate().filter(|(_, wrote)| **wrote).map(|(index, _)| index).collect();
    assert_eq!(written, [3, 4, 9, 11]);
    let chunks = chunks(std::str::from_utf8(&out).unwrap());
    assert_eq!(
        chunks[2],
        json!({"candidates": [{"index": 0, "content": {"role": "model", "parts": [
            {"functionCall": {"id": "c1", "name": "f", "args": {"a": 1}}}]}}],
            "modelVersion": "asked", "responseId": "r"})
    );
    assert_eq!(chunks[3]["candidates"][0]["finishReason"], "STOP");
    assert_eq!(chunks[3]["usageMetadata"]["totalTokenCount"], 5);
}

#[test]
fn a_call_that_is_no_json_finishes_as_malformed() {
    let mut script = tool_call(&["{\"a\": "]);
    script.extend(done(FinishReason::ToolCalls));
    let chunks = chunks(&encode(reply(), &script));
    assert_eq!(chunks.len(), 1);
    assert_eq!(chunks[0]["candidates"][0]["finishReason"], "MALFORMED_FUNCTION_CALL");
}

#[test]
fn no_arguments_are_an_empty_object() {
    for pieces in [&[][..], &[""]] {
        let mut script = tool_call(pieces);
        script.extend(done(FinishReason::ToolCalls));
        let chunks = chunks(&encode(reply(), &script));
        let part = &chunks[0]["candidates"][0]["content"]["parts"][0];
        assert_eq!(part["functionCall"]["args"], json!({}));
    }
}

#[test]
fn interleaved_calls_keep_their_arguments() {
    let start = |part, name: &'static str| Event::PartStart {
        candidate: 0,
        part,
        kind: PartKind::ToolCall { id: None, name: name.into(), custom: false },
    };
    let delta = |part, piece: &'static str| Event::Delta {
        candidate: 0,
        part,
        delta: Delta::Arguments(piece.into()),
    };
    let mut script = vec![start(0, "f"), start(1, "g")];
    script.extend([delta(0, "{\"a\":"), delta(1, "{\"b\":"), delta(0, "1}"), delta(1, "2}")]);
    script.extend(done(FinishReason::ToolCalls));
    let chunks = chunks(&encode(reply(), &script));
    let call =
        |chunk: &Value| chunk["candidates"][0]["content"]["parts"][0]["functionCall"].clone();
    assert_eq!(call(&chunks[0]), json!({"name": "f", "args": {"a": 1}}));
    assert_eq!(call(&chunks[1]), json!({"name": "g", "args": {"b": 2}}));
}

#[test]
fn thoughts_are_shown_to_who_asked() {
    let mut script = part(0, PartKind::Thinking { id: None }, vec![Delta::Text("hm".into())]);
    script.extend(done(FinishReason::Stop));
    assert_eq!(chunks(&encode(reply(), &script)).len(), 1);
    let shown = chunks(&encode(Reply { include_thoughts: true, ..reply() }, &script));
    assert_eq!(
        shown[0]["candidates"][0]["content"]["parts"][0],
        json!({"text": "hm", "thought": true})
    );
}

#[test]
fn a_usage_that_comes_first_is_kept_for_the_finish() {
    let mut script = vec![Event::Usage(Usage { input: 9, ..Usage::default() })];
    script.extend(part(0, PartKind::Text, vec![Delta::Text("a".into())]));
    script.push(Event::Finish { candidate: 0, finish: Finish::new(FinishReason::Length) });
    script.push(Event::End);
    let chunks = chunks(&encode(reply(), &script));
    assert_eq!(chunks.len(), 2);
    assert_eq!(chunks[1]["candidates"][0]["finishReason"], "MAX_TOKENS");
    assert_eq!(chunks[1]["usageMetadata"]["promptTokenCount"], 9);
}

#[test]
fn a_json_array_is_one_whatever_happens() {
    let array = || Reply { json_array: true, ..reply() };
    let mut script = part(0, PartKind::Text, vec![Delta::Text("a".into())]);
    script.extend(done(FinishReason::Stop));
    let stream = encode(array(), &script);
    assert_eq!(serde_json::from_str::<Vec<Value>>(&stream).unwrap().len(), 2);

    let busy = || Event::Error(ApiError::new(ErrorClass::Overloaded, "busy"));
    let script = [script.remove(0), script.remove(0), busy()];
    let stream = encode(array(), &script);
    let elements: Vec<Value> = serde_json::from_str(&stream).unwrap();
    assert_eq!(elements.last().unwrap()["error"]["status"], "UNAVAILABLE");

    assert_eq!(serde_json::from_str::<Vec<Value>>(&encode(array(), &[busy()])).unwrap().len(), 1);
    assert_eq!(encode(array(), &[Event::End]), "[]");
}

#[test]
fn an_error_closes_the_stream() {
    let script = [
        Event::Error(ApiError::new(ErrorClass::Overloaded, "busy")),
        Event::Finish { candidate: 0, finish: Finish::new(FinishReason::Stop) },
        Event::End,
    ];
    let chunks = chunks(&encode(reply(), &script));
    assert_eq!(
        chunks,
        [json!({"error": {"code": 503, "message": "busy", "status": "UNAVAILABLE"}})]
    );
}
