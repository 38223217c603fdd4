//! Errors, both ways.

use serde_json::Value;

use crate::claude::Claude;
use crate::codec::Codec;
use crate::conversation::{ApiError, ErrorClass};

const ROWS: [(ErrorClass, u16, &str); 13] = [
    (ErrorClass::BadRequest, 400, "invalid_request_error"),
    (ErrorClass::Authentication, 401, "authentication_error"),
    (ErrorClass::Billing, 402, "billing_error"),
    (ErrorClass::Permission, 403, "permission_error"),
    (ErrorClass::NotFound, 404, "not_found_error"),
    (ErrorClass::Conflict, 409, "conflict_error"),
    (ErrorClass::TooLarge, 413, "request_too_large"),
    (ErrorClass::RateLimited, 429, "rate_limit_error"),
    (ErrorClass::RequestTimeout, 408, "timeout_error"),
    (ErrorClass::Server, 500, "api_error"),
    (ErrorClass::Overloaded, 529, "overloaded_error"),
    (ErrorClass::Timeout, 504, "timeout_error"),
    (ErrorClass::Loop, 508, "api_error"),
];

#[test]
fn every_class_has_its_status_and_type() {
    for (class, status, kind) in ROWS {
        let mut error = ApiError::new(class, "words");
        error.code = Some("some_code".to_owned());
        let (written, body) = Claude.encode_error(&error, "req_1");
        let value: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(written, status);
        assert_eq!(
            value,
            serde_json::json!({
                "type": "error",
                "error": {"type": kind, "message": "words", "details": {"error_code": "some_code"}},
                "request_id": "req_1",
            })
        );
        if class != ErrorClass::RequestTimeout {
            assert_eq!(Claude.decode_error(status, &body), error);
        }
    }
}

#[test]
fn the_field_to_blame_is_in_the_words() {
    let mut error = ApiError::new(ErrorClass::BadRequest, "too hot");
    error.param = Some("temperature".to_owned());
    let (_, body) = Claude.encode_error(&error, "r");
    assert!(String::from_utf8(body).unwrap().contains("temperature: too hot"));
}

#[test]
fn bodies_of_any_shape_have_a_class() {
    use ErrorClass::{
        Authentication, BadRequest, Billing, NotFound, Overloaded, RateLimited, Server, Timeout,
    };
    let google = r#"[{"error":{"code":429,"message":"slow","status":"RESOURCE_EXHAUSTED"}}]"#;
    let cases = [
        (400, r#"{"message":"bedrock says no"}"#, BadRequest, "bedrock says no"),
        (429, google, RateLimited, "slow"),
        (403, r#"{"error":"plain"}"#, ErrorClass::Permission, "plain"),
        (200, r#"{"error":{"type":"overloaded_error","message":"busy"}}"#, Overloaded, "busy"),
        (500, r#"{"error":{"type":"brand_new","message":"m"}}"#, Server, "m"),
        (401, "<html>", Authentication, "without a readable error"),
        (404, "", NotFound, "without a readable error"),
        (418, "{}", BadRequest, "418"),
        (502, "null", Server, "502"),
        (503, "[]", Overloaded, "503"),
        (504, r#"{"error":7}"#, Timeout, "504"),
        (529, r#"{"error":{}}"#, Overloaded, "529"),
        (
            400,
            r#"{"error":{"type":"invalid_request_error","message":"Your credit balance is too low"}}"#,
            Billing,
            "credit",
        ),
    ];
    for (status, body, class, words) in cases {
        let error = Claude.decode_error(status, body.as_bytes());
        assert_eq!(error.class, class, "{body}");
        assert!(error.message.contains(words), "{body}: {}", error.message);
    }
}

#[test]
fn a_prompt_that_is_too_long_has_the_code_that_callers_look_for() {
    let body = br#"{"type":"error","error":{"type":"invalid_request_error","message":"prompt is too long: 3 tokens > 2 maximum"}}"#;
    let error = Claude.decode_error(400, body);
    assert_eq!(error.code.as_deref(), Some("context_length_exceeded"));
}
