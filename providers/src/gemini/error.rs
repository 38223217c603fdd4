//! Errors, both ways: `google.rpc.Status` (`wire.md` §1.4).

use std::time::Duration;

use serde::Serialize;
use serde_json::value::RawValue;

use super::wire::{List, read};
use crate::conversation::{ApiError, ErrorClass};
use crate::json::Str;

/// Google's status names and what they mean.
const STATUSES: [(&str, ErrorClass); 15] = [
    ("INVALID_ARGUMENT", ErrorClass::BadRequest),
    ("FAILED_PRECONDITION", ErrorClass::BadRequest),
    ("OUT_OF_RANGE", ErrorClass::BadRequest),
    ("UNIMPLEMENTED", ErrorClass::BadRequest),
    ("UNAUTHENTICATED", ErrorClass::Authentication),
    ("PERMISSION_DENIED", ErrorClass::Permission),
    ("NOT_FOUND", ErrorClass::NotFound),
    ("ABORTED", ErrorClass::Conflict),
    ("ALREADY_EXISTS", ErrorClass::Conflict),
    ("RESOURCE_EXHAUSTED", ErrorClass::RateLimited),
    ("INTERNAL", ErrorClass::Server),
    ("UNKNOWN", ErrorClass::Server),
    ("DATA_LOSS", ErrorClass::Server),
    ("UNAVAILABLE", ErrorClass::Overloaded),
    ("DEADLINE_EXCEEDED", ErrorClass::Timeout),
];

/// Reasons of `google.rpc.ErrorInfo` that tell more than the status. A bad key is a 400
/// `INVALID_ARGUMENT` (R).
const REASONS: [(&str, ErrorClass); 5] = [
    ("API_KEY_INVALID", ErrorClass::Authentication),
    ("API_KEY_EXPIRED", ErrorClass::Authentication),
    ("ACCESS_TOKEN_EXPIRED", ErrorClass::Authentication),
    (BILLING, ErrorClass::Billing),
    ("RATE_LIMIT_EXCEEDED", ErrorClass::RateLimited),
];

const BILLING: &str = "BILLING_DISABLED";

/// What Gemini says of a prompt that its model can't hold.
const TOO_LONG: &str = "exceeds the maximum number of tokens allowed";

/// Reads an error response; whatever its body, the class is at least that of the HTTP status.
pub(super) fn decode(status: u16, body: &[u8]) -> ApiError {
    read(body).map_or_else(
        || {
            let message = format!("The provider answered with status {status} and no explanation");
            ApiError::new(of_http(status), message)
        },
        |error| of_status(error, status),
    )
}

/// The error in a body, alone or in a list of one (T).
fn read(body: &[u8]) -> Option<read::Status<'_>> {
    let List(responses) = serde_json::from_slice::<List<read::Response<'_>>>(body).ok()?;
    responses.into_iter().next()?.error
}

/// An error of a body or of a stream's chunk; `http` is what the response's head said.
pub(super) fn of_status(error: read::Status<'_>, http: u16) -> ApiError {
    let details = error.details.map_or_else(Vec::new, |raw| {
        let details = serde_json::from_str::<Vec<read::Detail<'_>>>(raw.get());
        details.unwrap_or_default()
    });
    let text = |raw: &RawValue| serde_json::from_str::<String>(raw.get()).ok();
    let reason = details.iter().find_map(|detail| detail.reason).and_then(text);
    let delay = details.iter().find_map(|detail| detail.retry_delay).and_then(text);
    let param = details.into_iter().filter_map(|detail| detail.field_violations).find_map(|list| {
        list.0.into_iter().find_map(|violation| violation.field).map(|Str(field)| field.into())
    });
    let status = error.status.map(|status| status.0).unwrap_or_default();

    // A stream's error comes under a 200.
    let code = error.code.and_then(|code| u16::try_from(code.0).ok());
    let http = if http < 400 { code.unwrap_or(500) } else { http };
    let named = |table: &[(&str, ErrorClass)], name: &str| {
        table.iter().find(|(known, _)| *known == name).map(|(_, class)| *class)
    };
    let class = match http {
        413 => ErrorClass::TooLarge,
        508 => ErrorClass::Loop,
        _ => reason
            .as_deref()
            .and_then(|reason| named(&REASONS, reason))
            .or_else(|| named(&STATUSES, &status))
            .unwrap_or_else(|| of_http(http)),
    };
    let message = match error.message {
        Some(message) if !message.is_empty() => message.0.into_owned(),
        _ => format!("The provider answered with status {http} and no explanation"),
    };
    // R: told by its words alone; agents of other schemas make their history shorter then.
    let too_long = class == ErrorClass::BadRequest && message.contains(TOO_LONG);
    ApiError {
        class,
        message,
        // What the class says already is said in each caller's own code.
        code: reason
            .filter(|reason| named(&REASONS, reason).is_none())
            .or_else(|| too_long.then(|| "context_length_exceeded".to_owned())),
        param,
        retry_after: delay.as_deref().and_then(seconds),
        status: None,
    }
}

/// A `google.protobuf.Duration`: `"37s"`, `"0.5s"`.
fn seconds(text: &str) -> Option<Duration> {
    let seconds = text.trim().strip_suffix('s')?.parse::<f64>().ok()?;
    Duration::try_from_secs_f64(seconds).ok()
}

const fn of_http(status: u16) -> ErrorClass {
    match status {
        401 => ErrorClass::Authentication,
        402 => ErrorClass::Billing,
        403 => ErrorClass::Permission,
        404 => ErrorClass::NotFound,
        408 => ErrorClass::RequestTimeout,
        409 => ErrorClass::Conflict,
        413 => ErrorClass::TooLarge,
        429 => ErrorClass::RateLimited,
        400..=499 => ErrorClass::BadRequest,
        503 | 529 => ErrorClass::Overloaded,
        504 => ErrorClass::Timeout,
        508 => ErrorClass::Loop,
        _ => ErrorClass::Server,
    }
}

/// The HTTP status and Google's name of a class.
const fn status(class: ErrorClass) -> (u16, &'static str) {
    match class {
        ErrorClass::BadRequest | ErrorClass::TooLarge => (400, "INVALID_ARGUMENT"),
        ErrorClass::Authentication => (401, "UNAUTHENTICATED"),
        ErrorClass::Billing | ErrorClass::Permission => (403, "PERMISSION_DENIED"),
        ErrorClass::NotFound => (404, "NOT_FOUND"),
        ErrorClass::RequestTimeout => (408, "DEADLINE_EXCEEDED"),
        ErrorClass::Conflict => (409, "ABORTED"),
        ErrorClass::RateLimited => (429, "RESOURCE_EXHAUSTED"),
        ErrorClass::Server => (500, "INTERNAL"),
        ErrorClass::Overloaded => (503, "UNAVAILABLE"),
        ErrorClass::Timeout => (504, "DEADLINE_EXCEEDED"),
        ErrorClass::Loop => (508, "ABORTED"),
    }
}

#[derive(Serialize)]
struct Body<'a> {
    error: Status<'a>,
}

#[derive(Serialize)]
struct Status<'a> {
    code: u16,
    message: &'a str,
    status: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    details: Vec<Detail<'a>>,
}

#[derive(Serialize)]
#[serde(tag = "@type")]
enum Detail<'a> {
    #[serde(rename = "type.googleapis.com/google.rpc.ErrorInfo")]
    ErrorInfo { reason: &'a str, domain: &'static str },
    #[serde(rename = "type.googleapis.com/google.rpc.BadRequest", rename_all = "camelCase")]
    BadRequest { field_violations: [Violation<'a>; 1] },
    #[serde(rename = "type.googleapis.com/google.rpc.RetryInfo", rename_all = "camelCase")]
    RetryInfo { retry_delay: String },
    #[serde(rename = "type.googleapis.com/google.rpc.RequestInfo", rename_all = "camelCase")]
    RequestInfo { request_id: &'a str },
}

#[derive(Serialize)]
struct Violation<'a> {
    field: &'a str,
    description: &'a str,
}

/// Writes an error. An empty `request_id` is left out.
pub(super) fn encode(error: &ApiError, request_id: &str) -> (u16, Vec<u8>) {
    let (code, status) = status(error.class);
    let code = error.status.unwrap_or(code);
    let message = &*error.message;
    let mut details = Vec::new();
    let billing = (error.class == ErrorClass::Billing).then_some(BILLING);
    if let Some(reason) = billing.or(error.code.as_deref()) {
        details.push(Detail::ErrorInfo { reason, domain: "egret" });
    }
    if let Some(field) = error.param.as_deref() {
        let field_violations = [Violation { field, description: message }];
        details.push(Detail::BadRequest { field_violations });
    }
    if let Some(after) = error.retry_after {
        details.push(Detail::RetryInfo { retry_delay: format!("{}s", after.as_secs_f64()) });
    }
    if !request_id.is_empty() {
        details.push(Detail::RequestInfo { request_id });
    }
    let body = Body { error: Status { code, message, status, details } };
    // Strings and numbers can't fail to be written.
    (code, serde_json::to_vec(&body).unwrap_or_default())
}
