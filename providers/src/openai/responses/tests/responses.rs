//! Whole answers, both ways.

use serde_json::{Value, json};

use super::{Responses, ladder, reply};
use crate::Schema;
use crate::codec::{Codec, Reply};
use crate::conversation::{
    ApiError, Arguments, Candidate, Citation, ErrorClass, Finish, FinishReason, Likelihood, Media,
    Part, Response, Source, Text, Thinking, TokenLogprob, ToolCall, Usage,
};

fn decode(body: &Value) -> Result<(Vec<String>, FinishReason), ApiError> {
    let body = body.to_string();
    let response = Responses.decode_response(body.as_bytes())?;
    let [candidate] = &response.candidates[..] else { panic!("{response:?}") };
    let parts = candidate.parts.iter().map(|part| format!("{part:?}")).collect();
    Ok((parts, candidate.finish.reason))
}

fn answer(output: &Value) -> Value {
    json!({"id": "resp_1", "status": "completed", "model": "m", "output": output})
}

/// What of an item is read, by words that must be in it; none, where it says nothing.
#[test]
fn items_are_read() {
    let rows = [
        (
            json!({"type": "message", "content": [{"type": "output_text", "text": "a"},
            {"type": "refusal", "refusal": "b"}, {"type": "output_text", "text": ""}]}),
            vec!["Text(Text { text: \"a\"", "Refusal(\"b\")"],
        ),
        // Commentary is text, too; some hosts write their text as a string.
        (
            json!({"type": "message", "phase": "commentary", "content": "a"}),
            vec!["Text(Text { text: \"a\""],
        ),
        (
            json!({"type": "reasoning", "id": "rs_1", "encrypted_content": "E", "summary": [
            {"type": "summary_text", "text": "a"}, {"type": "summary_text", "text": "b"}]}),
            vec!["Thinking { id: Some(\"rs_1\"), text: \"a\\n\\nb\", signature: Some(\"E\") }"],
        ),
        (
            json!({"type": "reasoning", "summary": [], "content": [{"type": "reasoning_text", "text": "a"}]}),
            vec!["text: \"a\", signature: None"],
        ),
        (
            json!({"type": "reasoning", "summary": [], "encrypted_content": "E"}),
            vec!["text: \"\", signature: Some(\"E\")"],
        ),
        (json!({"type": "reasoning", "id": "rs_1", "summary": []}), vec![]),
        (
            json!({"type": "function_call", "id": "fc_1", "call_id": "c", "name": "f", "arguments": "{}"}),
            vec!["ToolCall { id: Some(\"c\"), name: \"f\", arguments: Text(\"{}\"), custom: false"],
        ),
        (
            json!({"type": "function_call", "id": "fc_1", "name": "f", "arguments": {"a": 1}}),
            vec!["id: Some(\"fc_1\"), name: \"f\", arguments: Text(\"{\\\"a\\\":1}\")"],
        ),
        (
            json!({"type": "custom_tool_call", "call_id": "c", "name": "f", "input": "x"}),
            vec!["arguments: Text(\"x\"), custom: true"],
        ),
        (
            json!({"type": "image_generation_call", "result": "AAAA", "output_format": "webp"}),
            vec!["Base64 { media_type: \"image/webp\", data: \"AAAA\" }"],
        ),
        (
            json!({"type": "image_generation_call", "result": null, "status": "failed"}),
            vec!["Opaque { schema: Responses, kind: \"image_generation_call\""],
        ),
        (json!({"type": "web_search_call"}), vec!["kind: \"web_search_call\""]),
        (json!({"type": "of_tomorrow"}), vec!["kind: \"of_tomorrow\""]),
        (json!(7), vec!["kind: \"item\""]),
    ];
    for (item, wanted) in rows {
        let (parts, _) = decode(&answer(&json!([item]))).unwrap();
        assert_eq!(parts.len(), wanted.len(), "{item}: {parts:?}");
        for (part, wanted) in parts.iter().zip(wanted) {
            assert!(part.contains(wanted), "{item}: {part}");
        }
    }
    let nameless = json!([{"type": "function_call", "call_id": "c", "arguments": "{}"}]);
    assert_eq!(decode(&answer(&nameless)).unwrap_err().class, ErrorClass::Server);
}

/// `wire.md` §3.1, Responses as source.
#[test]
fn ends_are_read() {
    let call = json!([{"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"}]);
    let refusal = json!([{"type": "message", "content": [{"type": "refusal", "refusal": "no"}]}]);
    let none = json!([]);
    let rows = [
        ("completed", Value::Null, &none, FinishReason::Stop),
        ("completed", Value::Null, &call, FinishReason::ToolCalls),
        ("completed", Value::Null, &refusal, FinishReason::ContentFilter),
        ("incomplete", json!("max_output_tokens"), &none, FinishReason::Length),
        ("incomplete", json!("max_output_tokens"), &call, FinishReason::Length),
        ("incomplete", json!("content_filter"), &none, FinishReason::ContentFilter),
        ("incomplete", json!("max_messages"), &none, FinishReason::Length),
        ("incomplete", Value::Null, &none, FinishReason::Length),
        ("complete", Value::Null, &none, FinishReason::Stop),
    ];
    for (status, reason, output, wanted) in rows {
        let mut body = answer(output);
        body["status"] = status.into();
        if !reason.is_null() {
            body["incomplete_details"] = json!({"reason": reason});
        }
        assert_eq!(decode(&body).unwrap().1, wanted, "{body}");
    }
}

#[test]
fn what_is_no_answer_is_an_error() {
    let error = |code: &str| json!({"code": code, "message": "M"});
    let rows = [
        (
            json!({"status": "failed", "error": error("rate_limit_exceeded"), "output": []}),
            ErrorClass::RateLimited,
        ),
        (
            json!({"status": "failed", "error": error("invalid_prompt"), "output": []}),
            ErrorClass::BadRequest,
        ),
        (
            json!({"status": "failed", "error": error("server_error"), "output": []}),
            ErrorClass::Server,
        ),
        (
            json!({"status": "completed", "error": error("server_is_overloaded"), "output": []}),
            ErrorClass::Overloaded,
        ),
        (json!({"error": error("model_not_found")}), ErrorClass::NotFound),
    ];
    for (body, class) in rows {
        let error = decode(&body).unwrap_err();
        assert_eq!((error.class, error.message.as_str()), (class, "M"), "{body}");
        assert_eq!(Responses.read_usage(body.to_string().as_bytes()), Err(error));
    }
    for body in [
        json!({"status": "failed", "error": null, "output": []}),
        json!({"status": "cancelled", "output": []}),
        json!({"status": "queued", "output": []}),
        json!({"status": "in_progress", "output": []}),
        json!({"status": "completed"}),
        json!({"status": "completed", "output": {}}),
        json!({}),
        json!([]),
        json!("x"),
    ] {
        assert_eq!(decode(&body).unwrap_err().class, ErrorClass::Server, "{body}");
        assert!(Responses.read_usage(body.to_string().as_bytes()).is_err(), "{body}");
    }
    assert!(Responses.decode_response(b"<html>").is_err());
}

#[test]
fn citations_and_log_probabilities_are_read() {
    let page = json!({"type": "url_citation", "url": "https://e.x", "title": "T", "start_index": 1, "end_index": 3});
    let file =
        json!({"type": "file_citation", "file_id": "file-1", "filename": "a.pdf", "index": 2});
    let logprob = json!({"token": "a", "logprob": -0.5, "bytes": [97],
        "top_logprobs": [{"token": "b", "logprob": -1.25, "bytes": [98]}]});
    let body =
        answer(&json!([{"type": "message", "content": [{"type": "output_text", "text": "abc",
        "annotations": [page, file], "logprobs": [logprob]}]}]))
        .to_string();
    let response = Responses.decode_response(body.as_bytes()).unwrap();
    let Part::Text(text) = &response.candidates[0].parts[0] else { panic!("{response:?}") };
    let [page, file] = &text.citations[..] else { panic!("{text:?}") };
    assert_eq!((page.url.as_deref(), page.title.as_deref()), (Some("https://e.x"), Some("T")));
    assert_eq!(page.range, Some((1, 3)));
    assert_eq!((file.url.as_deref(), file.title.as_deref()), (None, Some("a.pdf")));
    let (schema, raw) = file.raw.as_ref().unwrap();
    assert!(*schema == Schema::Responses && raw.contains("file-1"));
    let [token] = &response.candidates[0].logprobs[..] else { panic!("{response:?}") };
    assert_eq!((&*token.chosen.token, &*token.chosen.logprob), ("a", "-0.5"));
    assert_eq!((&*token.top[0].token, &*token.top[0].logprob), ("b", "-1.25"));
}

/// `wire.md` §3.2.
#[test]
fn tokens_are_counted_once() {
    let rows = [
        (
            json!({"input_tokens": 100, "input_tokens_details": {"cached_tokens": 30, "cache_write_tokens": 10},
                "output_tokens": 50, "output_tokens_details": {"reasoning_tokens": 20}, "total_tokens": 150}),
            Some(Usage {
                input: 60,
                cache_read: 30,
                cache_write: 10,
                output: 30,
                reasoning: 20,
                ..Usage::default()
            }),
        ),
        (
            json!({"input_tokens": 5, "output_tokens": 2}),
            Some(Usage { input: 5, output: 2, ..Usage::default() }),
        ),
        // A cache larger than the input is not believed.
        (
            json!({"input_tokens": 5, "input_tokens_details": {"cached_tokens": 6}, "output_tokens": 0}),
            Some(Usage { input: 5, ..Usage::default() }),
        ),
        // What only the total counts was thought.
        (
            json!({"input_tokens": 5, "output_tokens": 2, "total_tokens": 17}),
            Some(Usage { input: 5, output: 2, reasoning: 10, ..Usage::default() }),
        ),
        (json!({"input_tokens": "5"}), None),
        (Value::Null, None),
    ];
    for (usage, wanted) in rows {
        let mut body = answer(&json!([]));
        body["usage"] = usage;
        assert_eq!(Responses.read_usage(body.to_string().as_bytes()), Ok(wanted), "{body}");
    }
}

fn encode(parts: Vec<Part<'_>>, reason: FinishReason, reply: &Reply) -> Value {
    let finish = Finish { explanation: Some("why".into()), ..Finish::new(reason) };
    let candidate = Candidate { index: 0, parts, logprobs: Vec::new(), finish };
    let response = Response { candidates: vec![candidate], ..Response::default() };
    let body = Responses.encode_response(&response, reply).unwrap();
    let body = serde_json::from_slice(&body).unwrap();
    ladder::object(&body);
    body
}

/// `wire.md` §3.1, Responses as target.
#[test]
fn ends_are_written() {
    let rows = [
        (FinishReason::Stop, "completed", None),
        (FinishReason::StopSequence, "completed", None),
        (FinishReason::ToolCalls, "completed", None),
        (FinishReason::Paused, "completed", None),
        (FinishReason::Length, "incomplete", Some("max_output_tokens")),
        (FinishReason::ContentFilter, "incomplete", Some("content_filter")),
        (FinishReason::BadToolCall, "failed", None),
    ];
    for (reason, status, why) in rows {
        let body = encode(vec![Part::text("a")], reason, &reply());
        assert_eq!(body["status"], status, "{reason:?}");
        assert_eq!(body["incomplete_details"]["reason"].as_str(), why, "{reason:?}");
        let message = if status == "incomplete" { "incomplete" } else { "completed" };
        assert_eq!(body["output"][0]["status"], message, "{reason:?}");
    }
    let refused = encode(vec![Part::Refusal("no".into())], FinishReason::ContentFilter, &reply());
    assert_eq!(refused["status"], "completed", "a refusal in words is a whole answer");
}

#[test]
fn parts_become_items() {
    let call = |id: Option<&'static str>, arguments: &'static str, custom| {
        Part::ToolCall(ToolCall {
            id: id.map(Into::into),
            name: "f".into(),
            arguments: Arguments::Text(arguments.into()),
            custom,
            signature: None,
            cache: None,
        })
    };
    let image = Media {
        source: Source::Base64 { media_type: "image/png".into(), data: "AAAA".into() },
        name: None,
        detail: None,
        cache: None,
    };
    let cited = Citation { url: Some("https://e.x".into()), ..Citation::default() };
    let unnamed = Citation { title: Some("a book".into()), ..Citation::default() };
    let parts = vec![
        Part::Thinking(Thinking { text: "hm".into(), signature: Some("E".into()), id: None }),
        Part::RedactedThinking("R".into()),
        Part::text("a"),
        Part::text(""),
        Part::Text(Text { citations: vec![cited, unnamed], ..Text::new("äb") }),
        Part::Refusal("no".into()),
        call(Some("toolu_1"), "{\"a\": 1.0}", false),
        call(None, "", false),
        call(None, "", true),
        Part::text("c"),
        Part::Image(image),
    ];
    let body = encode(parts.clone(), FinishReason::Stop, &reply());
    assert_eq!(
        body["output"],
        json!([
            {"type": "reasoning", "id": "rs_egret1_0", "encrypted_content": "E",
                "summary": [{"type": "summary_text", "text": "hm"}]},
            {"type": "reasoning", "id": "rs_egret1_1", "summary": [], "encrypted_content": "R"},
            {"type": "message", "id": "msg_egret1_2", "status": "completed", "role": "assistant",
                "content": [
                    {"type": "output_text", "text": "a", "annotations": [], "logprobs": []},
                    {"type": "output_text", "text": "äb", "logprobs": [], "annotations": [
                        {"type": "url_citation", "url": "https://e.x", "title": "https://e.x",
                            "start_index": 0, "end_index": 2}]},
                    {"type": "refusal", "refusal": "no"}]},
            {"type": "function_call", "id": "fc_egret1_3", "status": "completed",
                "call_id": "toolu_1", "name": "f", "arguments": "{\"a\": 1.0}"},
            {"type": "function_call", "id": "fc_egret1_4", "status": "completed",
                "call_id": "call_egret1_1", "name": "f", "arguments": "{}"},
            {"type": "custom_tool_call", "id": "ctc_egret1_5", "status": "completed",
                "call_id": "call_egret1_2", "name": "f", "input": ""},
            {"type": "message", "id": "msg_egret1_6", "status": "completed", "role": "assistant",
                "content": [{"type": "output_text", "text": "c", "annotations": [], "logprobs": []}]},
            {"type": "image_generation_call", "id": "ig_egret1_7", "status": "completed",
                "result": "AAAA", "output_format": "png"},
        ])
    );
    // Whoever did not ask for thoughts gets what they are sealed in, and no more.
    let hidden = Reply { include_thoughts: false, ..reply() };
    let body = encode(parts, FinishReason::Stop, &hidden);
    assert_eq!(
        body["output"][0],
        json!({"type": "reasoning", "id": "rs_egret1_0", "summary": [], "encrypted_content": "E"})
    );
    let unsealed = Part::Thinking(Thinking { text: "hm".into(), ..Thinking::default() });
    assert_eq!(encode(vec![unsealed], FinishReason::Stop, &hidden)["output"], json!([]));
}

#[test]
fn log_probabilities_stand_by_their_words() {
    let token = |token: &'static str| TokenLogprob {
        chosen: Likelihood { token: token.into(), logprob: "-0.5".into(), bytes: None, id: None },
        top: Vec::new(),
    };
    let candidate = Candidate {
        index: 0,
        parts: vec![Part::text("ab"), Part::text("cd")],
        logprobs: vec![token("a"), token("b"), token("cd")],
        finish: Finish::new(FinishReason::Stop),
    };
    let response = Response { candidates: vec![candidate], ..Response::default() };
    let body = Responses.encode_response(&response, &reply()).unwrap();
    let body: Value = serde_json::from_slice(&body).unwrap();
    let tokens = |part: usize| {
        let logprobs = body["output"][0]["content"][part]["logprobs"].as_array().unwrap();
        logprobs.iter().map(|token| token["token"].as_str().unwrap()).collect::<Vec<_>>()
    };
    assert_eq!((tokens(0), tokens(1)), (vec!["a", "b"], vec!["cd"]));
    let first = &body["output"][0]["content"][0]["logprobs"][0];
    assert_eq!(first, &json!({"token": "a", "logprob": -0.5, "bytes": [97], "top_logprobs": []}));
}

#[test]
fn heads_are_the_providers_where_it_has_them() {
    let empty = Candidate {
        index: 0,
        parts: Vec::new(),
        logprobs: Vec::new(),
        finish: Finish::new(FinishReason::Stop),
    };
    let mut response = Response { candidates: vec![empty], ..Response::default() };
    let head = |response: &Response<'_>| {
        let body = Responses.encode_response(response, &reply()).unwrap();
        let body: Value = serde_json::from_slice(&body).unwrap();
        (body["id"].clone(), body["model"].clone(), body["created_at"].clone())
    };
    let own = (json!("resp_egret1"), json!("asked"), json!(1_700_000_000));
    assert_eq!(head(&response), own);
    response.id = Some("msg_01".into());
    response.model = Some("claude-x".into());
    response.created = Some(5);
    assert_eq!(head(&response), (json!("resp_msg_01"), json!("claude-x"), json!(5)));
    response.id = Some("resp_7".into());
    assert_eq!(head(&response).0, "resp_7");
}

/// `wire.md` §1.4: no such model is a bad request here, and only here.
#[test]
fn errors_have_their_status() {
    for (class, status, code) in [
        (ErrorClass::BadRequest, 400, Value::Null),
        (ErrorClass::Authentication, 401, json!("invalid_api_key")),
        (ErrorClass::NotFound, 400, json!("model_not_found")),
        (ErrorClass::RateLimited, 429, json!("rate_limit_exceeded")),
        (ErrorClass::Overloaded, 503, json!("overloaded")),
    ] {
        let (found, body) = Responses.encode_error(&ApiError::new(class, "M"), "req_1");
        let body: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!((found, &body["error"]["code"]), (status, &code), "{class:?}");
        assert_eq!(body["error"]["message"], "M");
    }
    let missing = br#"{"error":{"message":"M","type":"invalid_request_error","param":"model","code":"model_not_found"}}"#;
    assert_eq!(Responses.decode_error(400, missing).class, ErrorClass::NotFound);
}
