use std::time::Duration;

use serde_json::{Value, json};

use super::super::Gemini;
use crate::codec::Codec;
use crate::conversation::{ApiError, ErrorClass};

fn decode(status: u16, body: &str) -> ApiError {
    Gemini.decode_error(status, body.as_bytes())
}

#[test]
fn statuses_are_read() {
    let rows = [
        (400, "INVALID_ARGUMENT", ErrorClass::BadRequest),
        (400, "FAILED_PRECONDITION", ErrorClass::BadRequest),
        (401, "UNAUTHENTICATED", ErrorClass::Authentication),
        (403, "PERMISSION_DENIED", ErrorClass::Permission),
        (404, "NOT_FOUND", ErrorClass::NotFound),
        (409, "ABORTED", ErrorClass::Conflict),
        (429, "RESOURCE_EXHAUSTED", ErrorClass::RateLimited),
        (500, "INTERNAL", ErrorClass::Server),
        (503, "UNAVAILABLE", ErrorClass::Overloaded),
        (504, "DEADLINE_EXCEEDED", ErrorClass::Timeout),
        (418, "BRAND_NEW", ErrorClass::BadRequest),
    ];
    for (status, name, class) in rows {
        let body = json!({"error": {"code": status, "message": "why", "status": name}});
        for body in [body.to_string(), json!([body]).to_string()] {
            let error = decode(status, &body);
            assert_eq!((error.class, &*error.message), (class, "why"), "{body}");
            assert_eq!(error.code, None);
        }
    }
}

#[test]
fn bodies_of_any_shape_have_the_class_of_their_status() {
    let rows = [
        (400, ErrorClass::BadRequest),
        (401, ErrorClass::Authentication),
        (402, ErrorClass::Billing),
        (403, ErrorClass::Permission),
        (404, ErrorClass::NotFound),
        (408, ErrorClass::RequestTimeout),
        (409, ErrorClass::Conflict),
        (413, ErrorClass::TooLarge),
        (429, ErrorClass::RateLimited),
        (500, ErrorClass::Server),
        (502, ErrorClass::Server),
        (503, ErrorClass::Overloaded),
        (504, ErrorClass::Timeout),
    ];
    for (status, class) in rows {
        for body in ["", "<html>no</html>", "{}", "[]", r#"{"error":"x"}"#, r#"{"error":{}}"#] {
            let error = decode(status, body);
            assert_eq!(error.class, class, "{status} {body}");
            assert!(!error.message.is_empty());
        }
    }
}

#[test]
fn details_tell_more() {
    let bad_key = r#"{"error":{"code":400,"message":"API key not valid.","status":
        "INVALID_ARGUMENT","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo",
        "reason":"API_KEY_INVALID","domain":"googleapis.com","metadata":{}}]}}"#;
    let error = decode(400, bad_key);
    assert_eq!(error.class, ErrorClass::Authentication);
    assert_eq!(error.code, None);

    let limited = r#"{"error":{"code":429,"message":"m","status":"RESOURCE_EXHAUSTED","details":[
        {"@type":"type.googleapis.com/google.rpc.QuotaFailure","violations":[{"quotaId":"q"}]},
        {"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"37.5s"}]}}"#;
    assert_eq!(decode(429, limited).retry_after, Some(Duration::from_millis(37_500)));

    let field = r#"{"error":{"code":400,"message":"m","status":"INVALID_ARGUMENT","details":[
        {"@type":"type.googleapis.com/google.rpc.BadRequest","fieldViolations":[
        {"field":"contents[0].role","description":"d"}]}]}}"#;
    assert_eq!(decode(400, field).param.as_deref(), Some("contents[0].role"));

    for delay in ["\"-1s\"", "\"s\"", "5", "\"1e400s\"", "null", "{}"] {
        let body = limited.replace("\"37.5s\"", delay);
        assert_eq!(decode(429, &body).retry_after, None, "{delay}");
    }
}

#[test]
fn every_class_is_written() {
    let rows = [
        (ErrorClass::BadRequest, 400, "INVALID_ARGUMENT"),
        (ErrorClass::Authentication, 401, "UNAUTHENTICATED"),
        (ErrorClass::Billing, 403, "PERMISSION_DENIED"),
        (ErrorClass::Permission, 403, "PERMISSION_DENIED"),
        (ErrorClass::NotFound, 404, "NOT_FOUND"),
        (ErrorClass::RequestTimeout, 408, "DEADLINE_EXCEEDED"),
        (ErrorClass::Conflict, 409, "ABORTED"),
        (ErrorClass::TooLarge, 400, "INVALID_ARGUMENT"),
        (ErrorClass::RateLimited, 429, "RESOURCE_EXHAUSTED"),
        (ErrorClass::Server, 500, "INTERNAL"),
        (ErrorClass::Overloaded, 503, "UNAVAILABLE"),
        (ErrorClass::Timeout, 504, "DEADLINE_EXCEEDED"),
        (ErrorClass::Loop, 508, "ABORTED"),
    ];
    for (class, code, name) in rows {
        let (status, body) = Gemini.encode_error(&ApiError::new(class, "why \"so\""), "");
        let body: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(status, code);
        assert_eq!(body["error"]["code"], code);
        assert_eq!(body["error"]["status"], name);
        assert_eq!(body["error"]["message"], "why \"so\"");
    }
}

#[test]
fn what_is_known_of_an_error_survives() {
    let error = ApiError {
        code: Some("budget_spent".into()),
        param: Some("contents".into()),
        retry_after: Some(Duration::from_secs(37)),
        ..ApiError::new(ErrorClass::RateLimited, "spent")
    };
    let (status, body) = Gemini.encode_error(&error, "req1");
    let text = String::from_utf8(body.clone()).unwrap();
    assert!(text.contains(r#""retryDelay":"37s""#), "{text}");
    assert!(text.contains(r#""requestId":"req1""#), "{text}");
    assert_eq!(Gemini.decode_error(status, &body), error);
    let billing = ApiError::new(ErrorClass::Billing, "broke");
    let (status, body) = Gemini.encode_error(&billing, "");
    assert_eq!(Gemini.decode_error(status, &body).class, ErrorClass::Billing);
}

#[test]
fn a_prompt_that_is_too_long_is_told_apart() {
    let body = json!({"error": {"code": 400, "status": "INVALID_ARGUMENT", "message":
        "The input token count (1048577) exceeds the maximum number of tokens allowed (1048576)."}});
    let error = Gemini.decode_error(400, body.to_string().as_bytes());
    assert_eq!(error.class, ErrorClass::BadRequest);
    assert_eq!(error.code.as_deref(), Some("context_length_exceeded"));
}
