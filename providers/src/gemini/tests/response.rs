use serde_json::{Value, json};

use super::super::Gemini;
use crate::Schema;
use crate::codec::{Codec, Reply};
use crate::conversation::{
    Arguments, Candidate, ErrorClass, Finish, FinishReason, Opaque, Part, Response, Served,
    ServiceTier, Thinking, ToolCall, Usage,
};

fn reply() -> Reply {
    Reply { id: "minted".into(), model: "asked".into(), ..Reply::default() }
}

fn written(response: &Response<'_>, reply: &Reply) -> Value {
    serde_json::from_slice(&Gemini.encode_response(response, reply).unwrap()).unwrap()
}

fn answer(parts: Vec<Part<'_>>, reason: FinishReason) -> Response<'_> {
    let finish = Finish::new(reason);
    Response {
        candidates: vec![Candidate { index: 0, parts, logprobs: vec![], finish }],
        ..Response::default()
    }
}

#[test]
fn finish_reasons_are_read() {
    let call = json!({"functionCall": {"name": "f", "args": {}}});
    let text = json!({"text": "a"});
    let rows = [
        (json!("STOP"), &text, FinishReason::Stop),
        (json!(1), &text, FinishReason::Stop),
        (Value::Null, &text, FinishReason::Stop),
        (json!("STOP"), &call, FinishReason::ToolCalls),
        (json!("MAX_TOKENS"), &text, FinishReason::Length),
        (json!("MAX_TOKENS"), &call, FinishReason::Length),
        (json!("SAFETY"), &text, FinishReason::ContentFilter),
        (json!("PROHIBITED_CONTENT"), &text, FinishReason::ContentFilter),
        (json!("BLOCKLIST"), &text, FinishReason::ContentFilter),
        (json!("SPII"), &text, FinishReason::ContentFilter),
        (json!("RECITATION"), &text, FinishReason::ContentFilter),
        (json!("IMAGE_SAFETY"), &text, FinishReason::ContentFilter),
        (json!("LANGUAGE"), &text, FinishReason::ContentFilter),
        (json!("MODEL_ARMOR"), &text, FinishReason::ContentFilter),
        (json!("OTHER"), &text, FinishReason::ContentFilter),
        (json!("CONTINUATION"), &text, FinishReason::Paused),
        (json!("MALFORMED_FUNCTION_CALL"), &text, FinishReason::BadToolCall),
        (json!("UNEXPECTED_TOOL_CALL"), &text, FinishReason::BadToolCall),
        (json!("TOO_MANY_TOOL_CALLS"), &text, FinishReason::BadToolCall),
        (json!("MISSING_THOUGHT_SIGNATURE"), &text, FinishReason::BadToolCall),
        (json!("MALFORMED_RESPONSE"), &text, FinishReason::BadToolCall),
    ];
    for (reason, part, expected) in rows {
        let body = json!({"candidates": [
            {"content": {"role": "model", "parts": [part]}, "finishReason": reason}]})
        .to_string();
        let response = Gemini.decode_response(body.as_bytes()).unwrap();
        assert_eq!(response.candidates[0].finish.reason, expected, "{body}");
    }
}

#[test]
fn finish_reasons_are_written() {
    let rows = [
        (FinishReason::Stop, "STOP"),
        (FinishReason::StopSequence, "STOP"),
        (FinishReason::ToolCalls, "STOP"),
        (FinishReason::Length, "MAX_TOKENS"),
        (FinishReason::ContentFilter, "SAFETY"),
        (FinishReason::Paused, "CONTINUATION"),
        (FinishReason::BadToolCall, "MALFORMED_FUNCTION_CALL"),
    ];
    for (reason, expected) in rows {
        let body = written(&answer(vec![Part::text("a")], reason), &reply());
        assert_eq!(body["candidates"][0]["finishReason"], expected);
    }
}

#[test]
fn usage_is_read_in_disjoint_kinds() {
    let rows = [
        (
            json!({"promptTokenCount": 100, "cachedContentTokenCount": 30,
                "toolUsePromptTokenCount": 7, "candidatesTokenCount": 5, "thoughtsTokenCount": 9,
                "totalTokenCount": 121,
                "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 60},
                    {"modality": "AUDIO", "tokenCount": 40}],
                "candidatesTokensDetails": [{"modality": "AUDIO", "tokenCount": 2}]}),
            Some(Usage {
                input: 77,
                cache_read: 30,
                output: 5,
                reasoning: 9,
                audio_input: 40,
                audio_output: 2,
                ..Usage::default()
            }),
        ),
        (json!({"promptTokenCount": null, "candidatesTokenCount": -4}), None),
        (json!({"promptTokenCount": 3, "candidatesTokenCount": -4}), None),
        (json!({"promptTokenCount": 3, "candidatesTokenCount": "x"}), None),
        (json!({"promptTokenCount": 3, "thoughtsTokenCount": 1e300}), None),
        (
            json!({"promptTokenCount": 3.0, "candidatesTokenCount": "4",
                "thoughtsTokenCount": 4_294_967_296_u64}),
            Some(Usage { input: 3, output: 4, reasoning: 4_294_967_296, ..Usage::default() }),
        ),
        (
            json!({"promptTokenCount": 1000, "candidatesTokenCount": 1300, "serviceTier": "flex",
                "promptTokensDetails": [{"modality": "IMAGE", "tokenCount": 258},
                    {"modality": "DOCUMENT", "tokenCount": 500},
                    {"modality": "VIDEO", "tokenCount": 100}],
                "candidatesTokensDetails": [{"modality": "IMAGE", "tokenCount": 1290},
                    {"modality": "VIDEO", "tokenCount": -1}]}),
            Some(Usage {
                input: 1000,
                output: 1300,
                image_input: 758,
                video_input: 100,
                image_output: 1290,
                served: Served { tier: ServiceTier::Flex, ..Served::default() },
                ..Usage::default()
            }),
        ),
        (
            json!({"promptTokenCount": 3, "cachedContentTokenCount": 50}),
            Some(Usage { cache_read: 3, ..Usage::default() }),
        ),
        (json!({"trafficType": "ON_DEMAND"}), None),
    ];
    for (usage, expected) in rows {
        let body = json!({"candidates": [{"content": {"parts": [{"text": "a"}]}}],
            "usageMetadata": usage})
        .to_string();
        let response = Gemini.decode_response(body.as_bytes()).unwrap();
        assert_eq!(response.usage, expected, "{body}");
    }
}

#[test]
fn a_blocked_prompt_is_a_refusal() {
    let body = br#"{"promptFeedback":{"blockReason":"SAFETY"},"usageMetadata":
        {"promptTokenCount":4},"modelVersion":"m","responseId":"r"}"#;
    let response = Gemini.decode_response(body).unwrap();
    let [candidate] = &*response.candidates else { panic!("{response:?}") };
    assert_eq!(candidate.finish.reason, FinishReason::ContentFilter);
    assert_eq!(candidate.finish.explanation.as_deref(), Some("SAFETY"));
    assert!(candidate.parts.is_empty());
    assert_eq!(response.usage.unwrap().input, 4);
}

#[test]
fn errors_and_garbage_under_a_200_are_errors() {
    let error = r#"{"error":{"code":429,"message":"slow down","status":"RESOURCE_EXHAUSTED"}}"#;
    for body in [error.to_owned(), format!("[{error}]")] {
        let error = Gemini.decode_response(body.as_bytes()).unwrap_err();
        assert_eq!(error.class, ErrorClass::RateLimited);
        assert_eq!(error.message, "slow down");
    }
    for body in ["", "<html>", "{}", "[]", "null", r#"{"choices":[]}"#, r#"{"candidates":5}"#] {
        let error = Gemini.decode_response(body.as_bytes()).unwrap_err();
        assert_eq!(error.class, ErrorClass::Server, "{body}");
    }
}

#[test]
fn a_whole_answer_is_written() {
    let call = |arguments: &'static str| {
        Part::ToolCall(ToolCall {
            custom: false,
            id: Some("c1".into()),
            name: "f".into(),
            arguments: Arguments::Text(arguments.into()),
            signature: None,
            cache: None,
        })
    };
    let thought =
        || Part::Thinking(Thinking { id: None, text: "hm".into(), signature: Some("s".into()) });
    let mut response = answer(vec![thought(), Part::text("a"), call("")], FinishReason::ToolCalls);
    response.usage = Some(Usage {
        input: 10,
        cache_read: 2,
        cache_write: 3,
        output: 4,
        reasoning: 5,
        ..Usage::default()
    });
    assert_eq!(
        written(&response, &reply()),
        json!({
            "candidates": [{"index": 0, "finishReason": "STOP", "content": {"role": "model",
                "parts": [{"text": "a"},
                    {"functionCall": {"id": "c1", "name": "f", "args": {}}}]}}],
            "usageMetadata": {"promptTokenCount": 15, "cachedContentTokenCount": 2,
                "candidatesTokenCount": 4, "thoughtsTokenCount": 5, "totalTokenCount": 24},
            "modelVersion": "asked",
            "responseId": "minted",
        })
    );
    let shown = written(&response, &Reply { include_thoughts: true, ..reply() });
    assert_eq!(
        shown["candidates"][0]["content"]["parts"][0],
        json!({"text": "hm", "thought": true, "thoughtSignature": "s"})
    );
}

#[test]
fn a_call_that_is_no_json_ends_the_answer_as_malformed() {
    let call = ToolCall {
        custom: false,
        id: None,
        name: "f".into(),
        arguments: Arguments::Text("{\"a\": ".into()),
        signature: None,
        cache: None,
    };
    let response = answer(vec![Part::ToolCall(call)], FinishReason::ToolCalls);
    let body = written(&response, &reply());
    let candidate = &body["candidates"][0];
    assert_eq!(candidate["finishReason"], "MALFORMED_FUNCTION_CALL");
    assert!(candidate["finishMessage"].is_string());
    assert_eq!(candidate["content"]["parts"], json!([]));
}

#[test]
fn only_own_opaque_parts_are_written() {
    let raw = serde_json::from_str(r#"{"executableCode":{"code":"1"}}"#).unwrap();
    let of = |schema| Part::Opaque(Opaque { schema, kind: "x".into(), raw });
    let response = answer(vec![of(Schema::Gemini), of(Schema::Claude)], FinishReason::Stop);
    let body = written(&response, &reply());
    assert_eq!(
        body["candidates"][0]["content"]["parts"],
        json!([{"executableCode": {"code": "1"}}])
    );
}
