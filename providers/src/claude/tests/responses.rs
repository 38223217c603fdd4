//! Whole responses, both ways.

use serde_json::{Value, json};

use super::reply;
use crate::Schema;
use crate::claude::Claude;
use crate::codec::{Codec, Reply};
use crate::conversation::{
    Arguments, Candidate, ErrorClass, Finish, FinishReason, Opaque, Part, Response, Thinking,
    ToolCall, Usage,
};

fn answer(parts: Vec<Part<'_>>, finish: Finish<'static>) -> Value {
    answer_to(parts, finish, &reply())
}

fn answer_to(parts: Vec<Part<'_>>, finish: Finish<'static>, reply: &Reply) -> Value {
    let candidates = vec![Candidate { index: 0, parts, logprobs: vec![], finish }];
    let response = Response { candidates, ..Response::default() };
    serde_json::from_slice(&Claude.encode_response(&response, reply).unwrap()).unwrap()
}

fn call<'a>(id: Option<&'a str>, arguments: &'a str) -> Part<'a> {
    Part::ToolCall(ToolCall {
        custom: false,
        id: id.map(Into::into),
        name: "look".into(),
        arguments: Arguments::Text(arguments.into()),
        signature: None,
        cache: None,
    })
}

#[test]
fn finishes_are_mapped_both_ways() {
    let rows = [
        (FinishReason::Stop, "end_turn"),
        (FinishReason::Length, "max_tokens"),
        (FinishReason::ToolCalls, "tool_use"),
        (FinishReason::ContentFilter, "refusal"),
        (FinishReason::Paused, "pause_turn"),
    ];
    let read = |word: &str| {
        let body = json!({"type": "message", "content": [], "stop_reason": word}).to_string();
        Claude.decode_response(body.as_bytes()).unwrap().candidates[0].finish.reason
    };
    for (reason, word) in rows {
        assert_eq!(answer(vec![], Finish::new(reason))["stop_reason"], word);
        assert_eq!(read(word), reason);
    }
    assert_eq!(read("model_context_window_exceeded"), FinishReason::Length);
    assert_eq!(read("brand_new"), FinishReason::Stop);
    // A stop string without its text would break the promise of `stop_sequence`.
    let unnamed = answer(vec![], Finish::new(FinishReason::StopSequence));
    assert_eq!(unnamed["stop_reason"], "end_turn");
    let finish =
        Finish { stop_sequence: Some("END".into()), ..Finish::new(FinishReason::StopSequence) };
    let named = answer(vec![], finish);
    assert_eq!(
        (&named["stop_reason"], &named["stop_sequence"]),
        (&json!("stop_sequence"), &json!("END"))
    );
    let finish =
        Finish { explanation: Some("why".into()), ..Finish::new(FinishReason::ContentFilter) };
    assert_eq!(answer(vec![], finish)["stop_details"]["explanation"], "why");
}

#[test]
fn a_call_that_could_not_be_read_is_an_error() {
    let finish = Finish::new(FinishReason::BadToolCall);
    let candidates = vec![Candidate { index: 0, parts: vec![], logprobs: vec![], finish }];
    let response = Response { candidates, ..Response::default() };
    let error = Claude.encode_response(&response, &reply()).unwrap_err();
    assert_eq!(error.class, ErrorClass::Server);
}

#[test]
fn an_answer_has_all_that_sdks_read() {
    let written = answer(vec![Part::text("hi")], Finish::new(FinishReason::Stop));
    assert_eq!(
        written,
        json!({
            "id": "msg_minted1", "type": "message", "role": "assistant", "model": "asked-for",
            "content": [{"type": "text", "text": "hi"}],
            "stop_reason": "end_turn", "stop_sequence": null,
            "usage": {
                "input_tokens": 0, "cache_creation_input_tokens": 0, "cache_read_input_tokens": 0,
                "cache_creation": {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 0},
                "output_tokens": 0,
            },
        })
    );
}

#[test]
fn ids_of_calls_are_accepted_and_unique() {
    let parts = vec![
        call(Some("call_1"), "{}"),
        call(Some("call_1"), "{}"),
        call(Some("has space"), "{}"),
        call(Some(""), ""),
        call(None, "{}"),
    ];
    let written = answer(parts, Finish::new(FinishReason::ToolCalls));
    let ids: Vec<&str> =
        written["content"].as_array().unwrap().iter().map(|b| b["id"].as_str().unwrap()).collect();
    assert_eq!(ids[0], "call_1");
    for (n, id) in ids.iter().enumerate() {
        assert!(!id.is_empty() && !ids[..n].contains(id), "{ids:?}");
        assert!(id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-'), "{id}");
    }
}

#[test]
fn arguments_are_an_object_or_said_not_to_be() {
    let cases = [
        (r#"{"a": 1.0}"#, json!({"a": 1.0})),
        ("", json!({})),
        ("{\"a\":", json!({"INVALID_JSON": "{\"a\":"})),
        ("[1]", json!({"INVALID_JSON": "[1]"})),
    ];
    for (arguments, input) in cases {
        let written =
            answer(vec![call(Some("a"), arguments)], Finish::new(FinishReason::ToolCalls));
        assert_eq!(written["content"][0]["input"], input);
    }
}

#[test]
fn thoughts_are_shown_where_signed_or_asked_for() {
    let thinking = |signature: Option<&'static str>| {
        vec![Part::Thinking(Thinking {
            id: None,
            text: "hm".into(),
            signature: signature.map(Into::into),
        })]
    };
    let hidden = Reply { include_thoughts: false, ..reply() };
    let block =
        |signature: &str| json!([{"type": "thinking", "thinking": "hm", "signature": signature}]);
    let stop = || Finish::new(FinishReason::Stop);
    assert_eq!(answer_to(thinking(Some("s")), stop(), &hidden)["content"], block("s"));
    assert_eq!(answer_to(thinking(None), stop(), &hidden)["content"], json!([]));
    assert_eq!(answer_to(thinking(None), stop(), &reply())["content"], block(""));
}

#[test]
fn what_other_schemas_alone_can_say_is_left_out() {
    let raw = serde_json::value::RawValue::from_string("{}".to_owned()).unwrap();
    let opaque = |schema| Part::Opaque(Opaque { schema, kind: "x".into(), raw: &raw });
    let parts = vec![
        opaque(Schema::Gemini),
        opaque(Schema::Claude),
        Part::text(""),
        Part::Refusal("no".into()),
    ];
    let written = answer(parts, Finish::new(FinishReason::Stop));
    assert_eq!(written["content"], json!([{}, {"type": "text", "text": "no"}]));
}

#[test]
fn usage_is_disjoint() {
    let body = json!({"type": "message", "content": [], "usage": {
        "input_tokens": 5, "cache_read_input_tokens": 7, "cache_creation_input_tokens": 11,
        "cache_creation": {"ephemeral_5m_input_tokens": 8, "ephemeral_1h_input_tokens": 3},
        "output_tokens": 13, "output_tokens_details": {"thinking_tokens": 4}}});
    let body = body.to_string();
    let usage = Claude.decode_response(body.as_bytes()).unwrap().usage.unwrap();
    let expected = Usage {
        input: 5,
        cache_read: 7,
        cache_write: 11,
        cache_write_1h: 3,
        output: 9,
        reasoning: 4,
        ..Usage::default()
    };
    assert_eq!(usage, expected);
    let response = Response { usage: Some(usage), ..Response::default() };
    let written = Claude.encode_response(&response, &reply()).unwrap();
    assert_eq!(Claude.decode_response(&written).unwrap().usage, Some(expected));
}

#[test]
fn runs_that_the_totals_leave_out_are_counted() {
    let body = json!({"type": "message", "content": [], "usage": {
        "input_tokens": 224, "output_tokens": 22, "iterations": [
            {"type": "compaction", "input_tokens": 83555, "output_tokens": 154},
            {"type": "message", "input_tokens": 224, "output_tokens": 22}]}});
    let usage = Claude.decode_response(body.to_string().as_bytes()).unwrap().usage.unwrap();
    assert_eq!((usage.input, usage.output), (83_779, 176));
}

#[test]
fn nonsense_in_usage_costs_no_answer() {
    let cases = [
        ("null", None),
        ("5", None),
        (r#"{"input_tokens":null,"output_tokens":"x"}"#, None),
        (r#"{"input_tokens":-5,"output_tokens":2.2}"#, None),
        (r#"{"input_tokens":5,"output_tokens":2.2}"#, Some((5, 3))),
        (r#"{"input_tokens":5,"output_tokens":2,"cache_read_input_tokens":-1}"#, None),
        (r#"{"input_tokens":5,"output_tokens":4294967296}"#, Some((5, 4_294_967_296))),
        (r#"{"input_tokens":1e300,"output_tokens":5}"#, None),
        (r#"{"input_tokens":5,"output_tokens":99999999999999999999999}"#, None),
        (
            r#"{"input_tokens":0,"output_tokens":5,"output_tokens_details":{"thinking_tokens":9}}"#,
            Some((0, 5)),
        ),
        (
            r#"{"input_tokens":0,"output_tokens":5,"output_tokens_details":[],"cache_creation":7,
            "iterations":{}}"#,
            Some((0, 5)),
        ),
        (r#"{"input_tokens":5,"output_tokens":5,"iterations":[{"input_tokens":-9}]}"#, None),
    ];
    for (usage, expected) in cases {
        let body = format!(r#"{{"type":"message","content":[],"usage":{usage}}}"#);
        let response = Claude.decode_response(body.as_bytes()).unwrap();
        let read = response.usage.map(|usage| (usage.total_input(), usage.total_output()));
        assert_eq!(read, expected, "{usage}");
    }
}

#[test]
fn what_is_no_answer_is_an_error() {
    let cases = [
        (
            r#"{"type":"error","error":{"type":"rate_limit_error","message":"m"}}"#,
            ErrorClass::RateLimited,
        ),
        (
            r#"{"type":"error","error":{"type":"not_found_error","message":"m"}}"#,
            ErrorClass::NotFound,
        ),
        ("<html>", ErrorClass::Server),
        ("", ErrorClass::Server),
        ("{}", ErrorClass::Server),
        (r#"{"type":"message","content":[{"type":"tool_use"}]}"#, ErrorClass::Server),
        (r#"{"choices":[]}"#, ErrorClass::Server),
    ];
    for (body, class) in cases {
        assert_eq!(Claude.decode_response(body.as_bytes()).unwrap_err().class, class, "{body}");
    }
}
