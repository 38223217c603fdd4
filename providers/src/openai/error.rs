//! Errors (`wire.md` §1.4).

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::read::as_text;
use crate::conversation::{ApiError, ErrorClass};

/// An error as OpenAI and the compatible hosts write it, in any of their shapes.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Reported<'a> {
    #[serde(borrow)]
    error: Option<&'a RawValue>,
    message: Option<&'a RawValue>,
    detail: Option<&'a RawValue>,
    #[serde(rename = "type")]
    kind: Option<&'a RawValue>,
    code: Option<&'a RawValue>,
    status: Option<&'a RawValue>,
    param: Option<&'a RawValue>,
}

/// Reads an error response of any shape.
pub(super) fn decode(status: u16, body: &[u8]) -> ApiError {
    let raw = serde_json::from_slice::<&RawValue>(body).ok();
    read(raw.and_then(first), Some(status))
}

/// Reads the `error` member of something that came with status 200.
pub(super) fn in_band(error: &RawValue) -> ApiError {
    read(first(error), None)
}

/// An error for something that can't be read.
pub(super) fn unreadable(what: &str) -> ApiError {
    ApiError::new(
        ErrorClass::Server,
        format!("The provider sent {what} that can't be read. Try again."),
    )
}

/// The error itself, out of the one-element lists in which some hosts send it.
fn first(raw: &RawValue) -> Option<&RawValue> {
    if raw.get().starts_with('[') {
        serde_json::from_str::<Vec<&RawValue>>(raw.get()).ok()?.first().copied()
    } else {
        Some(raw)
    }
}

fn read(raw: Option<&RawValue>, status: Option<u16>) -> ApiError {
    let outer: Reported<'_> = raw.and_then(parsed).unwrap_or_default();
    let inner = outer.error.and_then(first);
    let reported = inner.and_then(parsed).unwrap_or(outer);
    let code = word(reported.code).or_else(|| word(reported.status));
    let kind = word(reported.kind);
    let class = class(status, code.as_deref(), kind.as_deref());
    let message = [reported.message, reported.detail, inner, raw]
        .into_iter()
        .find_map(|raw| raw.and_then(as_text).filter(|text| !text.is_empty()));
    let message = message.map_or_else(
        || match status {
            Some(status) => format!("The provider answered with status {status} and no reason."),
            None => "The provider reported an error and no reason.".to_owned(),
        },
        |text| text.chars().take(4096).collect(),
    );
    ApiError { code, param: word(reported.param), ..ApiError::new(class, message) }
}

fn parsed(raw: &RawValue) -> Option<Reported<'_>> {
    raw.get().starts_with('{').then(|| serde_json::from_str(raw.get()).ok()).flatten()
}

/// A string, or a number as one (OpenRouter's codes are statuses).
fn word(raw: Option<&RawValue>) -> Option<String> {
    let raw = raw?;
    let text = match raw.get().as_bytes().first() {
        Some(b'"') => as_text(raw)?.into_owned(),
        Some(b'0'..=b'9') => raw.get().to_owned(),
        _ => return None,
    };
    (!text.is_empty() && text.len() <= 256).then_some(text)
}

/// Codes and types that say more than a status does, or stand where there is none.
const CLASS_OF_WORD: [(&str, ErrorClass); 26] = [
    ("insufficient_quota", ErrorClass::Billing),
    ("billing_hard_limit_reached", ErrorClass::Billing),
    ("billing_not_active", ErrorClass::Billing),
    ("invalid_api_key", ErrorClass::Authentication),
    ("authentication_error", ErrorClass::Authentication),
    ("model_not_found", ErrorClass::NotFound),
    ("DeploymentNotFound", ErrorClass::NotFound),
    ("not_found_error", ErrorClass::NotFound),
    ("permission_error", ErrorClass::Permission),
    ("permission_denied", ErrorClass::Permission),
    ("rate_limit_exceeded", ErrorClass::RateLimited),
    ("rate_limit_error", ErrorClass::RateLimited),
    ("RESOURCE_EXHAUSTED", ErrorClass::RateLimited),
    ("overloaded", ErrorClass::Overloaded),
    ("overloaded_error", ErrorClass::Overloaded),
    ("service_unavailable", ErrorClass::Overloaded),
    ("server_is_overloaded", ErrorClass::Overloaded),
    ("slow_down", ErrorClass::Overloaded),
    ("UNAVAILABLE", ErrorClass::Overloaded),
    ("timeout", ErrorClass::Timeout),
    ("vector_store_timeout", ErrorClass::Timeout),
    ("context_length_exceeded", ErrorClass::BadRequest),
    ("content_filter", ErrorClass::BadRequest),
    ("invalid_prompt", ErrorClass::BadRequest),
    ("invalid_request_error", ErrorClass::BadRequest),
    ("server_error", ErrorClass::Server),
];

/// The status decides, except where a code tells two apart that share one; without a status the
/// code does, then the type.
fn class(status: Option<u16>, code: Option<&str>, kind: Option<&str>) -> ErrorClass {
    let of_word = |word: Option<&str>| {
        let word = word?;
        CLASS_OF_WORD.iter().find_map(|&(known, class)| (known == word).then_some(class))
    };
    let said = of_word(code).or_else(|| of_word(kind));
    let status = status.filter(|&status| status != 200);
    let status = status.or_else(|| code?.parse().ok().filter(|code| (400..600).contains(code)));
    match (status, said) {
        (Some(400 | 401 | 403 | 429), Some(ErrorClass::Billing)) => ErrorClass::Billing,
        (Some(400 | 403), Some(ErrorClass::Authentication)) => ErrorClass::Authentication,
        (Some(400), Some(ErrorClass::NotFound)) => ErrorClass::NotFound,
        (Some(status), _) => of_status(status),
        (None, said) => said.unwrap_or(ErrorClass::Server),
    }
}

const fn of_status(status: u16) -> ErrorClass {
    match status {
        401 => ErrorClass::Authentication,
        402 => ErrorClass::Billing,
        403 => ErrorClass::Permission,
        404 => ErrorClass::NotFound,
        408 => ErrorClass::RequestTimeout,
        409 => ErrorClass::Conflict,
        413 => ErrorClass::TooLarge,
        429 => ErrorClass::RateLimited,
        503 | 529 => ErrorClass::Overloaded,
        504 => ErrorClass::Timeout,
        508 => ErrorClass::Loop,
        400..=499 => ErrorClass::BadRequest,
        _ => ErrorClass::Server,
    }
}

/// Status, type, and the code where the error has none of its own.
const fn shape(class: ErrorClass) -> (u16, &'static str, Option<&'static str>) {
    match class {
        ErrorClass::BadRequest => (400, "invalid_request_error", None),
        ErrorClass::Authentication => (401, "invalid_request_error", Some("invalid_api_key")),
        ErrorClass::Billing => (429, "insufficient_quota", Some("insufficient_quota")),
        ErrorClass::Permission => (403, "permission_error", None),
        ErrorClass::NotFound => (404, "invalid_request_error", Some("model_not_found")),
        ErrorClass::Conflict => (409, "conflict_error", None),
        ErrorClass::TooLarge => (400, "invalid_request_error", Some("context_length_exceeded")),
        ErrorClass::RateLimited => (429, "rate_limit_exceeded", Some("rate_limit_exceeded")),
        ErrorClass::RequestTimeout => (408, "invalid_request_error", Some("request_timeout")),
        ErrorClass::Server => (500, "server_error", None),
        ErrorClass::Overloaded => (503, "server_error", Some("overloaded")),
        ErrorClass::Timeout => (504, "server_error", Some("timeout")),
        ErrorClass::Loop => (508, "server_error", Some("loop_detected")),
    }
}

/// An error as SDKs expect it: all four keys, always.
#[derive(Serialize)]
struct Body<'a> {
    error: Written<'a>,
}

#[derive(Serialize)]
struct Written<'a> {
    message: &'a str,
    r#type: &'static str,
    param: Option<&'a str>,
    code: Option<&'a str>,
}

/// Writes an error: status and body.
pub(super) fn encode(error: &ApiError) -> (u16, Vec<u8>) {
    let (status, r#type, code) = shape(error.class);
    let written = Written {
        message: &error.message,
        r#type,
        param: error.param.as_deref(),
        code: error.code.as_deref().or(code),
    };
    // Strings written into memory: there is no way for it to fail.
    let status = error.status.unwrap_or(status);
    (status, serde_json::to_vec(&Body { error: written }).unwrap_or_default())
}
