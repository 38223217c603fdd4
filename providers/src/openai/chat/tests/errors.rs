//! Errors, both ways (`wire.md` §1.4).

use serde_json::{Value, json};

use super::Chat;
use crate::codec::Codec;
use crate::conversation::{ApiError, ErrorClass};

#[test]
fn every_class_has_its_status_and_all_four_keys() {
    let rows = [
        (ErrorClass::BadRequest, 400, "invalid_request_error", json!(null)),
        (ErrorClass::Authentication, 401, "invalid_request_error", json!("invalid_api_key")),
        (ErrorClass::Billing, 429, "insufficient_quota", json!("insufficient_quota")),
        (ErrorClass::Permission, 403, "permission_error", json!(null)),
        (ErrorClass::NotFound, 404, "invalid_request_error", json!("model_not_found")),
        (ErrorClass::Conflict, 409, "conflict_error", json!(null)),
        (ErrorClass::TooLarge, 400, "invalid_request_error", json!("context_length_exceeded")),
        (ErrorClass::RateLimited, 429, "rate_limit_exceeded", json!("rate_limit_exceeded")),
        (ErrorClass::RequestTimeout, 408, "invalid_request_error", json!("request_timeout")),
        (ErrorClass::Server, 500, "server_error", json!(null)),
        (ErrorClass::Overloaded, 503, "server_error", json!("overloaded")),
        (ErrorClass::Timeout, 504, "server_error", json!("timeout")),
        (ErrorClass::Loop, 508, "server_error", json!("loop_detected")),
    ];
    for (class, status, kind, code) in rows {
        let (written, body) = Chat.encode_error(&ApiError::new(class, "why"), "req");
        assert_eq!(written, status, "{class:?}");
        let body: Value = serde_json::from_slice(&body).unwrap();
        let expected =
            json!({"error": {"message": "why", "type": kind, "param": null, "code": code}});
        assert_eq!(body, expected, "{class:?}");
        if class != ErrorClass::TooLarge {
            let text = serde_json::to_vec(&body).unwrap();
            assert_eq!(Chat.decode_error(status, &text).class, class);
        }
    }
    let own = ApiError {
        code: Some("c".into()),
        param: Some("p".into()),
        ..ApiError::new(ErrorClass::RateLimited, "m")
    };
    let (_, body) = Chat.encode_error(&own, "");
    let body: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!((&body["error"]["code"], &body["error"]["param"]), (&json!("c"), &json!("p")));
}

#[test]
fn errors_of_any_shape_are_read() {
    let rows = [
        (
            400,
            r#"{"error":{"message":"m","type":"invalid_request_error","param":"p","code":"c"}}"#,
            ErrorClass::BadRequest,
            "m",
            Some("c"),
        ),
        (
            401,
            r#"{"error":{"code":"401","message":"m"}}"#,
            ErrorClass::Authentication,
            "m",
            Some("401"),
        ),
        (
            404,
            r#"{"error":{"code":"DeploymentNotFound","message":"m"}}"#,
            ErrorClass::NotFound,
            "m",
            Some("DeploymentNotFound"),
        ),
        (
            400,
            r#"{"error":{"code":"model_not_found","message":"m"}}"#,
            ErrorClass::NotFound,
            "m",
            Some("model_not_found"),
        ),
        (
            429,
            r#"{"error":{"code":"insufficient_quota","message":"m"}}"#,
            ErrorClass::Billing,
            "m",
            Some("insufficient_quota"),
        ),
        (
            429,
            r#"{"error":{"code":"rate_limit_exceeded","message":"m"}}"#,
            ErrorClass::RateLimited,
            "m",
            Some("rate_limit_exceeded"),
        ),
        (
            402,
            "{}",
            ErrorClass::Billing,
            "The provider answered with status 402 and no reason.",
            None,
        ),
        (422, r#"{"detail":"m"}"#, ErrorClass::BadRequest, "m", None),
        (500, r#"{"error":"m"}"#, ErrorClass::Server, "m", None),
        (500, r#""m""#, ErrorClass::Server, "m", None),
        (
            429,
            r#"[{"error":{"code":429,"message":"m","status":"RESOURCE_EXHAUSTED"}}]"#,
            ErrorClass::RateLimited,
            "m",
            Some("429"),
        ),
        (
            400,
            r#"{"object":"error","message":"m","type":"BadRequestError","code":400}"#,
            ErrorClass::BadRequest,
            "m",
            Some("400"),
        ),
        (
            529,
            "",
            ErrorClass::Overloaded,
            "The provider answered with status 529 and no reason.",
            None,
        ),
        (
            503,
            "<html>",
            ErrorClass::Overloaded,
            "The provider answered with status 503 and no reason.",
            None,
        ),
        (
            418,
            "[]",
            ErrorClass::BadRequest,
            "The provider answered with status 418 and no reason.",
            None,
        ),
        (302, "", ErrorClass::Server, "The provider answered with status 302 and no reason.", None),
        (200, r#"{"error":{"code":502,"message":"m"}}"#, ErrorClass::Server, "m", Some("502")),
        (
            200,
            r#"{"error":{"type":"rate_limit_error","message":"m"}}"#,
            ErrorClass::RateLimited,
            "m",
            None,
        ),
    ];
    for (status, body, class, message, code) in rows {
        let error = Chat.decode_error(status, body.as_bytes());
        assert_eq!(error.class, class, "{status} {body}");
        assert_eq!(error.message, message, "{status} {body}");
        assert_eq!(error.code.as_deref(), code, "{status} {body}");
    }
    let error = Chat.decode_error(400, br#"{"error":{"message":"m","param":"p"}}"#);
    assert_eq!(error.param.as_deref(), Some("p"));
}
