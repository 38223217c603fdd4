//! Errors (`wire.md` §1.4, §4.2).

use serde::Serialize;

use crate::conversation::{ApiError, ErrorClass};
use crate::openai::error;

/// Writes an error: status and body. Here a model that is not there is a bad request.
pub(super) fn encode(error: &ApiError) -> (u16, Vec<u8>) {
    let (status, body) = error::encode(error);
    (if error.class == ErrorClass::NotFound { 400 } else { status }, body)
}

/// The error of an answer that failed.
#[derive(Serialize)]
pub(super) struct Fault<'a> {
    code: &'a str,
    message: &'a str,
}

/// Codes that are kept: those of the SDKs' types, and two that OpenAI sends and agents act on.
const KNOWN: [&str; 5] = [
    "server_error",
    "rate_limit_exceeded",
    "invalid_prompt",
    "context_length_exceeded",
    "insufficient_quota",
];

impl<'a> Fault<'a> {
    pub(super) fn of(error: &'a ApiError) -> Self {
        let known = error.code.as_deref().filter(|code| KNOWN.contains(code));
        let code = known.unwrap_or(match error.class {
            ErrorClass::BadRequest | ErrorClass::TooLarge => "invalid_prompt",
            ErrorClass::Billing | ErrorClass::RateLimited => "rate_limit_exceeded",
            ErrorClass::Authentication
            | ErrorClass::Permission
            | ErrorClass::NotFound
            | ErrorClass::Conflict
            | ErrorClass::RequestTimeout
            | ErrorClass::Server
            | ErrorClass::Overloaded
            | ErrorClass::Timeout
            | ErrorClass::Loop => "server_error",
        });
        Self { code, message: &error.message }
    }
}
