//! Errors of each provider as each caller is told of them (`wire.md` §1.4).

use providers::Schema::{self, Chat, Claude, Gemini, Responses};
use providers::conversation::{ApiError, ErrorClass};
use serde_json::{Value, json};

use super::support::CROSS;

/// What a class is called: status and word (OpenAI `type`, Claude `error.type`, Gemini `status`).
type Shape = (u16, &'static str);

/// A class, how each provider says it, and how each caller is told; OpenAI, Claude, Gemini.
struct Row {
    class: ErrorClass,
    said: [&'static [(u16, &'static str)]; 3],
    told: [Shape; 3],
    /// OpenAI's `code`, where the provider named none of its own.
    code: Option<&'static str>,
}

const ROWS: &[Row] = &[
    Row {
        class: ErrorClass::BadRequest,
        said: [
            &[(
                400,
                r#"{"error":{"message":"M","type":"invalid_request_error","param":null,"code":null}}"#,
            )],
            &[(
                400,
                r#"{"type":"error","error":{"type":"invalid_request_error","message":"M"},"request_id":"r"}"#,
            )],
            &[
                (400, r#"{"error":{"code":400,"message":"M","status":"INVALID_ARGUMENT"}}"#),
                (400, r#"[{"error":{"code":400,"message":"M","status":"FAILED_PRECONDITION"}}]"#),
            ],
        ],
        told: [
            (400, "invalid_request_error"),
            (400, "invalid_request_error"),
            (400, "INVALID_ARGUMENT"),
        ],
        code: None,
    },
    Row {
        class: ErrorClass::Authentication,
        said: [
            &[(
                401,
                r#"{"error":{"message":"M","type":"invalid_request_error","param":null,"code":"invalid_api_key"}}"#,
            )],
            &[(401, r#"{"type":"error","error":{"type":"authentication_error","message":"M"}}"#)],
            &[
                (
                    400,
                    r#"{"error":{"code":400,"message":"M","status":"INVALID_ARGUMENT","details":[
                    {"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"API_KEY_INVALID"}]}}"#,
                ),
                (401, r#"{"error":{"code":401,"message":"M","status":"UNAUTHENTICATED"}}"#),
            ],
        ],
        told: [
            (401, "invalid_request_error"),
            (401, "authentication_error"),
            (401, "UNAUTHENTICATED"),
        ],
        code: Some("invalid_api_key"),
    },
    Row {
        class: ErrorClass::Billing,
        said: [
            &[(
                429,
                r#"{"error":{"message":"M","type":"insufficient_quota","param":null,"code":"insufficient_quota"}}"#,
            )],
            &[(402, r#"{"type":"error","error":{"type":"billing_error","message":"M"}}"#)],
            &[(
                403,
                r#"{"error":{"code":403,"message":"M","status":"PERMISSION_DENIED","details":[{"reason":"BILLING_DISABLED"}]}}"#,
            )],
        ],
        told: [(429, "insufficient_quota"), (402, "billing_error"), (403, "PERMISSION_DENIED")],
        code: Some("insufficient_quota"),
    },
    Row {
        class: ErrorClass::Permission,
        said: [
            &[(
                403,
                r#"{"error":{"message":"M","type":"permission_error","param":null,"code":null}}"#,
            )],
            &[(403, r#"{"type":"error","error":{"type":"permission_error","message":"M"}}"#)],
            &[(403, r#"{"error":{"code":403,"message":"M","status":"PERMISSION_DENIED"}}"#)],
        ],
        told: [(403, "permission_error"), (403, "permission_error"), (403, "PERMISSION_DENIED")],
        code: None,
    },
    Row {
        class: ErrorClass::NotFound,
        said: [
            &[(
                404,
                r#"{"error":{"message":"M","type":"invalid_request_error","param":null,"code":"model_not_found"}}"#,
            )],
            &[(404, r#"{"type":"error","error":{"type":"not_found_error","message":"M"}}"#)],
            &[(404, r#"{"error":{"code":404,"message":"M","status":"NOT_FOUND"}}"#)],
        ],
        told: [(404, "invalid_request_error"), (404, "not_found_error"), (404, "NOT_FOUND")],
        code: Some("model_not_found"),
    },
    Row {
        class: ErrorClass::Conflict,
        said: [
            &[(409, r#"{"error":{"message":"M","type":"conflict","param":null,"code":null}}"#)],
            &[(409, r#"{"type":"error","error":{"type":"conflict_error","message":"M"}}"#)],
            &[(409, r#"{"error":{"code":409,"message":"M","status":"ABORTED"}}"#)],
        ],
        told: [(409, "conflict_error"), (409, "conflict_error"), (409, "ABORTED")],
        code: None,
    },
    Row {
        class: ErrorClass::TooLarge,
        said: [
            &[(
                413,
                r#"{"error":{"message":"M","type":"invalid_request_error","param":null,"code":null}}"#,
            )],
            &[(413, r#"{"type":"error","error":{"type":"request_too_large","message":"M"}}"#)],
            &[(413, r#"{"error":{"code":413,"message":"M","status":"INVALID_ARGUMENT"}}"#)],
        ],
        told: [
            (400, "invalid_request_error"),
            (413, "request_too_large"),
            (400, "INVALID_ARGUMENT"),
        ],
        code: Some("context_length_exceeded"),
    },
    Row {
        class: ErrorClass::RateLimited,
        said: [
            &[(
                429,
                r#"{"error":{"message":"M","type":"tokens","param":null,"code":"rate_limit_exceeded"}}"#,
            )],
            &[(429, r#"{"type":"error","error":{"type":"rate_limit_error","message":"M"}}"#)],
            &[(429, r#"{"error":{"code":429,"message":"M","status":"RESOURCE_EXHAUSTED"}}"#)],
        ],
        told: [
            (429, "rate_limit_exceeded"),
            (429, "rate_limit_error"),
            (429, "RESOURCE_EXHAUSTED"),
        ],
        code: Some("rate_limit_exceeded"),
    },
    Row {
        class: ErrorClass::RequestTimeout,
        said: [
            &[(408, r#"{"error":{"message":"M","type":"x","param":null,"code":null}}"#)],
            &[],
            &[(408, r#"{"error":{"code":408,"message":"M"}}"#)],
        ],
        told: [(408, "invalid_request_error"), (408, "timeout_error"), (408, "DEADLINE_EXCEEDED")],
        code: Some("request_timeout"),
    },
    Row {
        class: ErrorClass::Server,
        said: [
            &[(500, r#"{"error":{"message":"M","type":"server_error","param":null,"code":null}}"#)],
            &[(500, r#"{"type":"error","error":{"type":"api_error","message":"M"}}"#)],
            &[(500, r#"{"error":{"code":500,"message":"M","status":"INTERNAL"}}"#)],
        ],
        told: [(500, "server_error"), (500, "api_error"), (500, "INTERNAL")],
        code: None,
    },
    Row {
        class: ErrorClass::Overloaded,
        said: [
            &[(503, r#"{"error":{"message":"M","type":"server_error","param":null,"code":null}}"#)],
            &[(529, r#"{"type":"error","error":{"type":"overloaded_error","message":"M"}}"#)],
            &[(503, r#"{"error":{"code":503,"message":"M","status":"UNAVAILABLE"}}"#)],
        ],
        told: [(503, "server_error"), (529, "overloaded_error"), (503, "UNAVAILABLE")],
        code: Some("overloaded"),
    },
    Row {
        class: ErrorClass::Timeout,
        said: [
            &[(504, r#"{"error":{"message":"M","type":"server_error","param":null,"code":null}}"#)],
            &[(504, r#"{"type":"error","error":{"type":"timeout_error","message":"M"}}"#)],
            &[(504, r#"{"error":{"code":504,"message":"M","status":"DEADLINE_EXCEEDED"}}"#)],
        ],
        told: [(504, "server_error"), (504, "timeout_error"), (504, "DEADLINE_EXCEEDED")],
        code: Some("timeout"),
    },
];

/// A schema's place in the columns of the table.
fn place(schema: Schema) -> usize {
    match schema {
        Chat | Responses => 0,
        Claude => 1,
        Gemini => 2,
    }
}

/// Sees that an error has its schema's shape, and gives its words.
fn told(schema: Schema, error: &ApiError) -> (u16, String, String, Value) {
    let (status, body) = schema.codec().encode_error(error, "req_1");
    let body: Value = serde_json::from_slice(&body).unwrap();
    let inner = &body["error"];
    let word = match schema {
        Chat | Responses => {
            let mut keys: Vec<_> = inner.as_object().unwrap().keys().collect();
            keys.sort();
            assert_eq!(keys, ["code", "message", "param", "type"]);
            &inner["type"]
        }
        Claude => {
            assert_eq!((&body["type"], &body["request_id"]), (&json!("error"), &json!("req_1")));
            &inner["type"]
        }
        Gemini => {
            assert_eq!(inner["code"], status);
            &inner["status"]
        }
    };
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    (status, text(word), text(&inner["message"]), body)
}

#[test]
fn every_class_has_its_status_and_shape() {
    let mut cells = 0;
    for row in ROWS {
        for (from, to) in CROSS {
            for (status, body) in row.said[place(from)] {
                let error = from.codec().decode_error(*status, body.as_bytes());
                let shown = format!("{from} to {to}: {body}");
                assert_eq!(error.class, row.class, "{shown}");
                let (status, word, message, out) = told(to, &error);
                let mut expected = row.told[place(to)];
                // No such model is a bad request on this API.
                if (to, row.class) == (Responses, ErrorClass::NotFound) {
                    expected.0 = 400;
                }
                assert_eq!((status, &*word), expected, "{shown}");
                assert_eq!(message, "M", "{shown}");
                if matches!(to, Chat | Responses) {
                    assert_eq!(out["error"]["code"].as_str(), row.code, "{shown}");
                }
                cells += 1;
            }
        }
    }
    assert!(cells >= 140, "{cells} cells");
}

#[test]
fn no_upstream_body_of_another_shape_goes_through() {
    for (from, to) in CROSS {
        for body in [
            "",
            "<html>502</html>",
            "null",
            "[]",
            "{}",
            "{\"error\":\"x\"}",
            "\"x\"",
            "{\"error\":{\"code\":[1]}}",
        ] {
            for status in [400, 404, 418, 429, 500, 502, 529] {
                let error = from.codec().decode_error(status, body.as_bytes());
                let (out, ..) = told(to, &error);
                assert_eq!(out / 100, status / 100, "{from} to {to}: {status} {body} became {out}");
            }
        }
    }
}

#[test]
fn when_to_try_again_and_what_to_blame_are_kept() {
    const BODY: &str = r#"{"error":{"code":429,"message":"M","status":"RESOURCE_EXHAUSTED","details":[
        {"@type":"type.googleapis.com/google.rpc.QuotaFailure","violations":[{}]},
        {"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"37s"}]}}"#;
    let error = Gemini.codec().decode_error(429, BODY.as_bytes());
    assert_eq!(error.retry_after, Some(std::time::Duration::from_secs(37)));

    const BLAMED: &str = r#"{"error":{"message":"M","type":"invalid_request_error","param":"tools","code":"unsupported_value"}}"#;
    let error = Chat.codec().decode_error(400, BLAMED.as_bytes());
    let (_, _, message, _) = told(Claude, &error);
    assert_eq!(message, "tools: M");
    let (_, _, _, body) = told(Gemini, &error);
    assert_eq!(body["error"]["details"][1]["fieldViolations"][0]["field"], "tools");
}

#[test]
fn a_prompt_that_is_too_long_is_known_as_one() {
    const CLAUDE: &str = r#"{"type":"error","error":{"type":"invalid_request_error","message":"prompt is too long: 9 > 8"}}"#;
    let error = Claude.codec().decode_error(400, CLAUDE.as_bytes());
    let (status, _, _, body) = told(Chat, &error);
    assert_eq!((status, &body["error"]["code"]), (400, &json!("context_length_exceeded")));
}
