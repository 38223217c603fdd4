//! Errors (`wire.md` §1.4).

use serde::Serialize;
use serde_json::value::RawValue;

use super::object::object;
use crate::conversation::{ApiError, ErrorClass};
use crate::json::Str;

object! {
    /// `{type: "error", error, request_id}`, and what stands in its place on hosts of Claude:
    /// Vertex has Google's shape, Bedrock `{message}`.
    Envelope {
        error: &'a RawValue = "error",
        message: &'a RawValue = "message",
    }
}

object! {
    /// The `error` inside.
    Inner {
        kind: Str<'a> = "type",
        status: Str<'a> = "status",
        message: Str<'a> = "message",
        details: &'a RawValue = "details",
    }
}

object! {
    /// `error.details`.
    Details {
        error_code: Str<'a> = "error_code",
    }
}

/// Reads an error body of any shape.
pub(super) fn decode(status: u16, body: &[u8]) -> ApiError {
    // Vertex wraps streamed errors in a list.
    let envelope: Option<Envelope<'_>> = serde_json::from_slice(body)
        .or_else(|_| serde_json::from_slice(body).map(|[envelope]: [Envelope<'_>; 1]| envelope))
        .ok();
    let Some(envelope) = envelope else {
        return unreadable(status);
    };
    match (envelope.error, envelope.message) {
        (Some(error), _) => inner(status, error),
        (None, Some(message)) => match serde_json::from_str::<Str<'_>>(message.get()) {
            Ok(message) => classified(status, None, &message),
            Err(_) => unreadable(status),
        },
        (None, None) => unreadable(status),
    }
}

/// Reads the value of `error`, as bodies and stream events have it.
pub(super) fn inner(status: u16, raw: &RawValue) -> ApiError {
    let Ok(inner) = serde_json::from_str::<Inner<'_>>(raw.get()) else {
        return match serde_json::from_str::<Str<'_>>(raw.get()) {
            Ok(message) => classified(status, None, &message),
            Err(_) => unreadable(status),
        };
    };
    let kind = inner.kind.or(inner.status);
    let mut error = match &inner.message {
        Some(message) => classified(status, kind.as_deref(), message),
        None => ApiError { class: class(status, kind.as_deref()), ..unreadable(status) },
    };
    let details = inner.details.and_then(|raw| serde_json::from_str::<Details<'_>>(raw.get()).ok());
    if let Some(code) = details.and_then(|details| details.error_code) {
        error.code = Some(code.0.into_owned());
    }
    error
}

/// An error of a body that says nothing readable.
fn unreadable(status: u16) -> ApiError {
    let message = match status {
        200..=299 => "the provider's answer could not be read".to_owned(),
        _ => format!("the provider answered {status} without a readable error"),
    };
    ApiError::new(class(status, None), message)
}

/// An error of this type and words; two cases are told by their words alone.
fn classified(status: u16, kind: Option<&str>, message: &str) -> ApiError {
    let mut error = ApiError::new(class(status, kind), message);
    if error.class == ErrorClass::BadRequest {
        if message.contains("prompt is too long") {
            error.code = Some("context_length_exceeded".to_owned());
        } else if message.contains("credit balance is too low") {
            error.class = ErrorClass::Billing;
        }
    }
    error
}

/// Type names: Anthropic's, then Google's (Vertex). The first row of a class is what is written.
const TYPES: [(&str, ErrorClass); 23] = [
    ("invalid_request_error", ErrorClass::BadRequest),
    ("authentication_error", ErrorClass::Authentication),
    ("billing_error", ErrorClass::Billing),
    ("permission_error", ErrorClass::Permission),
    ("not_found_error", ErrorClass::NotFound),
    ("conflict_error", ErrorClass::Conflict),
    ("request_too_large", ErrorClass::TooLarge),
    ("rate_limit_error", ErrorClass::RateLimited),
    ("api_error", ErrorClass::Server),
    ("overloaded_error", ErrorClass::Overloaded),
    ("timeout_error", ErrorClass::Timeout),
    ("INVALID_ARGUMENT", ErrorClass::BadRequest),
    ("FAILED_PRECONDITION", ErrorClass::BadRequest),
    ("UNAUTHENTICATED", ErrorClass::Authentication),
    ("PERMISSION_DENIED", ErrorClass::Permission),
    ("NOT_FOUND", ErrorClass::NotFound),
    ("ABORTED", ErrorClass::Conflict),
    ("RESOURCE_EXHAUSTED", ErrorClass::RateLimited),
    ("INTERNAL", ErrorClass::Server),
    ("UNAVAILABLE", ErrorClass::Overloaded),
    ("DEADLINE_EXCEEDED", ErrorClass::Timeout),
    // No type of its own: nearest in words, told apart by its status.
    ("timeout_error", ErrorClass::RequestTimeout),
    ("api_error", ErrorClass::Loop),
];

/// Statuses; the first row of a class is what is written.
const STATUSES: [(u16, ErrorClass); 16] = [
    (400, ErrorClass::BadRequest),
    (401, ErrorClass::Authentication),
    (402, ErrorClass::Billing),
    (403, ErrorClass::Permission),
    (404, ErrorClass::NotFound),
    (405, ErrorClass::NotFound),
    (408, ErrorClass::RequestTimeout),
    (409, ErrorClass::Conflict),
    (413, ErrorClass::TooLarge),
    (422, ErrorClass::BadRequest),
    (429, ErrorClass::RateLimited),
    (500, ErrorClass::Server),
    (529, ErrorClass::Overloaded),
    (503, ErrorClass::Overloaded),
    (504, ErrorClass::Timeout),
    (508, ErrorClass::Loop),
];

fn class(status: u16, kind: Option<&str>) -> ErrorClass {
    let by_type = TYPES.iter().find(|(name, _)| Some(*name) == kind);
    let by_status = STATUSES.iter().find(|(code, _)| *code == status);
    match (by_type, by_status) {
        // It has no type of its own.
        (_, Some((508, class))) => *class,
        (Some((_, class)), _) => *class,
        (None, Some((_, class))) => *class,
        (None, None) if (400..500).contains(&status) => ErrorClass::BadRequest,
        (None, None) => ErrorClass::Server,
    }
}

#[derive(Serialize)]
struct Out<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    error: InnerOut<'a>,
    request_id: &'a str,
}

#[derive(Serialize)]
struct InnerOut<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    details: Option<DetailsOut<'a>>,
}

#[derive(Serialize)]
struct DetailsOut<'a> {
    error_code: &'a str,
}

/// Writes an error: status and body. The schema has no place for the field to blame, so the
/// message names it.
pub(super) fn encode(error: &ApiError, request_id: &str) -> (u16, Vec<u8>) {
    let status = STATUSES.iter().find(|(_, class)| *class == error.class).map_or(500, |row| row.0);
    let status = error.status.unwrap_or(status);
    let kind = TYPES.iter().find(|(_, class)| *class == error.class).map_or("api_error", |r| r.0);
    let message = match &error.param {
        Some(param) if !error.message.contains(param.as_str()) => {
            format!("{param}: {}", error.message)
        }
        _ => error.message.clone(),
    };
    let details = error.code.as_deref().map(|error_code| DetailsOut { error_code });
    let out = Out { kind: "error", error: InnerOut { kind, message, details }, request_id };
    // Strings and numbers alone: nothing here that serde_json could fail on.
    (status, serde_json::to_vec(&out).unwrap_or_default())
}
