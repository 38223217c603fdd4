//! Whole answers, both ways.

use std::borrow::Cow;

use serde_json::{Value, json};

use super::{Chat, reply};
use crate::codec::Codec;
use crate::conversation::{
    Arguments, Candidate, ErrorClass, Finish, FinishReason, Part, Response, Thinking, ToolCall,
    Usage,
};

/// The parts of the first candidate as short texts, and why it ended.
fn first(choice: &Value) -> (Vec<String>, FinishReason) {
    let text = json!({"id": "x", "model": "m", "choices": [choice]}).to_string();
    let response = Chat.decode_response(text.as_bytes()).unwrap();
    let [candidate] = response.candidates.as_slice() else { panic!("{response:?}") };
    let parts = candidate.parts.iter().map(show).collect();
    (parts, candidate.finish.reason)
}

pub(super) fn show(part: &Part<'_>) -> String {
    match part {
        Part::Text(text) => text.text.to_string(),
        Part::Thinking(thinking) => format!("thinking({})", thinking.text),
        Part::Refusal(words) => format!("refusal({words})"),
        Part::ToolCall(call) => {
            format!(
                "{}#{}({})",
                call.name,
                call.id.as_deref().unwrap_or("-"),
                call.arguments.as_text()
            )
        }
        other => format!("{other:?}"),
    }
}

#[test]
fn choices_of_every_kind() {
    let call = |id: Value, arguments: Value| json!({"id": id, "type": "function", "function": {"name": "f", "arguments": arguments}});
    use FinishReason::{ContentFilter, Length, Stop, ToolCalls};
    let rows: Vec<(Value, &[&str], FinishReason)> = vec![
        (json!({"message": {"content": "a"}, "finish_reason": "stop"}), &["a"], Stop),
        (json!({"message": {"content": "a", "refusal": ""}, "finish_reason": ""}), &["a"], Stop),
        (json!({"message": {"content": "a"}, "finish_reason": null}), &["a"], Stop),
        (json!({"message": {"content": "a"}, "finish_reason": "eos"}), &["a"], Stop),
        (json!({"message": {"content": "a"}, "finish_reason": "length"}), &["a"], Length),
        (
            json!({"message": {"content": null}, "finish_reason": "content_filter"}),
            &[],
            ContentFilter,
        ),
        (
            json!({"message": {"content": null, "refusal": "no"}, "finish_reason": "stop"}),
            &["refusal(no)"],
            ContentFilter,
        ),
        (
            json!({"message": {"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]},
            {"type": "text", "text": "a"}]}, "finish_reason": "stop"}),
            &["thinking(hm)", "a"],
            Stop,
        ),
        (
            json!({"message": {"content": "a", "reasoning_content": "hm"}, "finish_reason": "stop"}),
            &["thinking(hm)", "a"],
            Stop,
        ),
        (
            json!({"message": {"content": "a", "reasoning": "hm", "reasoning_content": "hm"}}),
            &["thinking(hm)", "a"],
            Stop,
        ),
        (
            json!({"message": {"content": null, "tool_calls": [call(json!("c"), json!("{}")), call(json!("d"), json!(""))]},
            "finish_reason": "tool_calls"}),
            &["f#c({})", "f#d()"],
            ToolCalls,
        ),
        // The choice of tools was forced.
        (
            json!({"message": {"content": "", "tool_calls": [call(json!("c"), json!("{}"))]}, "finish_reason": "stop"}),
            &["f#c({})"],
            ToolCalls,
        ),
        (
            json!({"message": {"tool_calls": [call(json!(null), json!({"a": 1}))]}}),
            &["f#-({\"a\":1})"],
            ToolCalls,
        ),
        (
            json!({"message": {"content": null, "function_call": {"name": "f", "arguments": "{}"}}, "finish_reason": "function_call"}),
            &["f#-({})"],
            ToolCalls,
        ),
        (
            json!({"message": {"content": "a", "function_call": {"name": "", "arguments": ""}, "tool_calls": null}}),
            &["a"],
            Stop,
        ),
        (
            json!({"message": {"content": null, "audio": {"id": "a", "transcript": "spoken"}}}),
            &["spoken"],
            Stop,
        ),
        (
            json!({"message": {"content": null, "tool_calls": [{"id": "c", "type": "custom", "custom": {"name": "g", "input": "x"}}]}}),
            &["g#c(x)"],
            ToolCalls,
        ),
        (json!({"finish_reason": "stop"}), &[], Stop),
    ];
    for (choice, parts, reason) in rows {
        assert_eq!(
            first(&choice),
            (parts.iter().map(ToString::to_string).collect(), reason),
            "{choice}"
        );
    }
}

#[test]
fn usage_is_split_into_kinds_that_do_not_overlap() {
    let usage = |input, cache_read, cache_write, output, reasoning| {
        Some(Usage { input, cache_read, cache_write, output, reasoning, ..Usage::default() })
    };
    let rows: Vec<(&str, Option<Usage>)> = vec![
        (r#"{"prompt_tokens":10,"completion_tokens":5,"total_tokens":15}"#, usage(10, 0, 0, 5, 0)),
        (
            r#"{"prompt_tokens":10,"completion_tokens":5,"total_tokens":15,
            "prompt_tokens_details":{"cached_tokens":4,"cache_write_tokens":3},
            "completion_tokens_details":{"reasoning_tokens":2}}"#,
            usage(3, 4, 3, 3, 2),
        ),
        // DeepSeek and Moonshot.
        (
            r#"{"prompt_tokens":10,"completion_tokens":5,"prompt_cache_hit_tokens":4}"#,
            usage(6, 4, 0, 5, 0),
        ),
        (r#"{"prompt_tokens":10,"completion_tokens":5,"cached_tokens":4}"#, usage(6, 4, 0, 5, 0)),
        // xAI counts reasoning beside the completion, Gemini's compatible endpoint in the total only.
        (
            r#"{"prompt_tokens":432,"completion_tokens":68,"total_tokens":636,
            "completion_tokens_details":{"reasoning_tokens":136}}"#,
            usage(432, 0, 0, 68, 136),
        ),
        (
            r#"{"prompt_tokens":66,"completion_tokens":6,"total_tokens":100}"#,
            usage(66, 0, 0, 6, 28),
        ),
        (r#"{"prompt_tokens":397,"completion_tokens":null,"total_tokens":null}"#, None),
        (r#"{"prompt_tokens":10.0,"completion_tokens":5e0}"#, usage(10, 0, 0, 5, 0)),
        (
            r#"{"prompt_tokens":10.5,"completion_tokens":4294967296}"#,
            usage(11, 0, 0, 4_294_967_296, 0),
        ),
        (r#"{"prompt_tokens":10,"completion_tokens":-5}"#, None),
        (r#"{"prompt_tokens":10}"#, None),
        (r#"{"prompt_tokens":10,"completion_tokens":18446744073709551616}"#, None),
        (r#"{"prompt_tokens":10,"completion_tokens":[5]}"#, None),
        (r#"{"prompt_tokens":10,"completion_tokens":5,"total_tokens":-15}"#, usage(10, 0, 0, 5, 0)),
        (
            r#"{"prompt_tokens":10,"completion_tokens":5,"prompt_tokens_details":{"cached_tokens":99},
            "completion_tokens_details":{"reasoning_tokens":99}}"#,
            usage(10, 0, 0, 0, 5),
        ),
        (
            r#"{"prompt_tokens":10,"completion_tokens":5,"prompt_tokens_details":null,"completion_tokens_details":7}"#,
            usage(10, 0, 0, 5, 0),
        ),
        (
            r#"{"prompt_tokens":10,"completion_tokens":5,"total_tokens":99999999999999999999999999}"#,
            usage(10, 0, 0, 5, 0),
        ),
        (r#"{"prompt_tokens":1e999,"completion_tokens":"5"}"#, None),
        ("{}", None),
        ("null", None),
        ("7", None),
        ("[]", None),
    ];
    for (text, expected) in rows {
        let body = format!(r#"{{"choices":[{{"message":{{"content":"a"}}}}],"usage":{text}}}"#);
        let response = Chat.decode_response(body.as_bytes()).unwrap();
        assert_eq!(response.usage, expected, "{text}");
    }
}

#[test]
fn what_is_no_answer_is_an_error() {
    let rows = [
        (r#"{"error":{"message":"m","code":"rate_limit_exceeded"}}"#, ErrorClass::RateLimited, "m"),
        (r#"{"error":{"message":"m","code":503},"choices":[]}"#, ErrorClass::Overloaded, "m"),
        (r#"[{"error":{"message":"m","code":429}}]"#, ErrorClass::RateLimited, "m"),
        (
            r#"{"choices":[{"message":{"content":"a"},"error":{"message":"m","code":502}}]}"#,
            ErrorClass::Server,
            "m",
        ),
        (
            r#"{"choices":[{"message":{"content":"a"},"finish_reason":"error"}]}"#,
            ErrorClass::Server,
            "broke",
        ),
        (r#"{"choices":[]}"#, ErrorClass::Server, "without choices"),
        (r#"{"object":"list"}"#, ErrorClass::Server, "without choices"),
        (r#"{"choices":{}}"#, ErrorClass::Server, "can't be read"),
        ("<html>", ErrorClass::Server, "can't be read"),
        ("", ErrorClass::Server, "can't be read"),
        ("null", ErrorClass::Server, "can't be read"),
    ];
    for (body, class, words) in rows {
        let error = Chat.decode_response(body.as_bytes()).unwrap_err();
        assert_eq!(error.class, class, "{body}");
        assert!(error.message.contains(words), "{body}: {}", error.message);
    }
}

fn encoded(parts: Vec<Part<'static>>, reason: FinishReason, usage: Option<Usage>) -> Value {
    let candidates =
        vec![Candidate { index: 0, parts, logprobs: vec![], finish: Finish::new(reason) }];
    let response = Response { candidates, usage, ..Response::default() };
    serde_json::from_slice(&Chat.encode_response(&response, &reply()).unwrap()).unwrap()
}

#[test]
fn answers_are_written_whole() {
    let usage = Usage {
        input: 3,
        cache_read: 4,
        cache_write: 2,
        output: 5,
        reasoning: 6,
        ..Usage::default()
    };
    let answer = encoded(vec![Part::text("a"), Part::text("b")], FinishReason::Stop, Some(usage));
    assert_eq!(
        answer,
        json!({"id": "chatcmpl-egret1", "object": "chat.completion", "created": 1_700_000_000,
            "model": "asked",
            "choices": [{"index": 0, "message": {"role": "assistant", "content": "ab", "refusal": null},
                "logprobs": null, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 9, "completion_tokens": 11, "total_tokens": 20,
                "prompt_tokens_details": {"cached_tokens": 4, "cache_write_tokens": 2, "audio_tokens": 0},
                "completion_tokens_details": {"reasoning_tokens": 6, "audio_tokens": 0,
                    "accepted_prediction_tokens": 0, "rejected_prediction_tokens": 0}}})
    );
    let unknown = encoded(vec![], FinishReason::Stop, None);
    assert_eq!(unknown["usage"]["total_tokens"], 0);
    assert_eq!(unknown["choices"][0]["message"]["content"], "");
}

#[test]
fn parts_and_reasons_are_mapped() {
    let call = |id: Option<&'static str>, arguments: &'static str| {
        Part::ToolCall(ToolCall {
            custom: false,
            id: id.map(Into::into),
            name: "f".into(),
            arguments: Arguments::Json(Cow::Borrowed(serde_json::from_str(arguments).unwrap())),
            signature: None,
            cache: None,
        })
    };
    let message = |parts| encoded(parts, FinishReason::Stop, None)["choices"][0]["message"].clone();
    assert_eq!(
        message(vec![call(Some("c"), "{\"a\": 1.0}"), call(None, "{}")]),
        json!({"role": "assistant", "content": null, "refusal": null, "tool_calls": [
            {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{\"a\": 1.0}"}},
            {"id": "call_egret1_0_1", "type": "function", "function": {"name": "f", "arguments": "{}"}}]})
    );
    assert_eq!(
        message(vec![Part::Refusal("no".into())]),
        json!({"role": "assistant", "content": null, "refusal": "no"})
    );
    let thought =
        Part::Thinking(Thinking { id: None, text: "hm".into(), signature: Some("s".into()) });
    assert_eq!(
        message(vec![thought, Part::RedactedThinking("x".into()), Part::text("a")]),
        json!({"role": "assistant", "content": "a", "refusal": null})
    );
    for (reason, word) in [
        (FinishReason::Stop, "stop"),
        (FinishReason::StopSequence, "stop"),
        (FinishReason::Length, "length"),
        (FinishReason::ToolCalls, "tool_calls"),
        (FinishReason::ContentFilter, "content_filter"),
        (FinishReason::Paused, "stop"),
    ] {
        assert_eq!(encoded(vec![], reason, None)["choices"][0]["finish_reason"], word);
    }
    let finish =
        Finish { explanation: Some("MALFORMED".into()), ..Finish::new(FinishReason::BadToolCall) };
    let candidates = vec![Candidate { index: 0, parts: vec![], logprobs: vec![], finish }];
    let bad = Response { candidates, ..Response::default() };
    let error = Chat.encode_response(&bad, &reply()).unwrap_err();
    assert_eq!((error.class, error.message.as_str()), (ErrorClass::Server, "MALFORMED"));
    for (id, expected) in
        [("chatcmpl-1", "chatcmpl-1"), ("msg_1", "chatcmpl-msg_1"), ("", "chatcmpl-egret1")]
    {
        let response = Response { id: Some(id.into()), created: Some(5), ..Response::default() };
        let answer: Value =
            serde_json::from_slice(&Chat.encode_response(&response, &reply()).unwrap()).unwrap();
        assert_eq!((&answer["id"], &answer["created"]), (&json!(expected), &json!(5)));
    }
}

#[test]
fn what_an_answer_cost_is_read_as_the_whole_answer_reads_it() {
    for body in [
        r#"{"choices":[{"message":{"content":"a"}}],"usage":{"prompt_tokens":3,"completion_tokens":2}}"#,
        r#"{"choices":[{"message":{"content":"a"}}],"x_groq":{"usage":{"prompt_tokens":3}}}"#,
        r#"{"choices":[{"message":{"content":"a"}}]}"#,
        r#"{"choices":[ ]}"#,
        r#"{"choices":null}"#,
        r#"{"usage":{"prompt_tokens":3}}"#,
        r#"{"error":{"message":"no","code":429}}"#,
        r#"[{"error":{"message":"no","code":429}}]"#,
        "<html>",
        "",
        "3",
    ] {
        let whole = Chat.decode_response(body.as_bytes()).map(|response| response.usage);
        assert_eq!(Chat.read_usage(body.as_bytes()), whole, "{body}");
    }
}

#[test]
fn an_answer_that_is_no_text_can_not_be_read_nor_billed_by_what_it_says() {
    let mut body =
        br#"{"choices":[{"odd":"?","message":{"content":"a"}}],"usage":{"prompt_tokens":1}}"#
            .to_vec();
    assert!(Chat.decode_response(&body).is_ok() && Chat.read_usage(&body).is_ok());
    let odd = body.iter().position(|byte| *byte == b'?').unwrap();
    body[odd] = 0xff;
    assert!(Chat.decode_response(&body).is_err() && Chat.read_usage(&body).is_err());
}
