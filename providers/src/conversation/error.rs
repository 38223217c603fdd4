//! Errors, one class for all schemas (`wire.md` §1.4).

use std::time::Duration;

/// An error as a caller sees it; each schema's codec gives it its shape and status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiError {
    /// What kind of error.
    pub class: ErrorClass,
    /// What happened and what to do, in words. Shown to the caller.
    pub message: String,
    /// The provider's or Egret's own code, like `context_length_exceeded`.
    pub code: Option<String>,
    /// The field to blame, in the caller's words.
    pub param: Option<String>,
    /// When to try again.
    pub retry_after: Option<Duration>,
    /// HTTP's own word for it, where that is more exact than the class's: 405, 414, 431.
    pub status: Option<u16>,
}

impl ApiError {
    /// An error with nothing but a class and words.
    pub fn new(class: ErrorClass, message: impl Into<String>) -> Self {
        let message = message.into();
        Self { class, message, code: None, param: None, retry_after: None, status: None }
    }
}

impl From<super::Refusal> for ApiError {
    fn from(refusal: super::Refusal) -> Self {
        Self {
            param: refusal.field.map(Into::into),
            ..Self::new(ErrorClass::BadRequest, refusal.message)
        }
    }
}

/// The canonical class of an error: what every schema has a shape and a status for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ErrorClass {
    /// The request is wrong (400).
    BadRequest,
    /// Who calls is not known (401).
    Authentication,
    /// The account can't pay (402, OpenAI 429 `insufficient_quota`).
    Billing,
    /// The caller may not do this (403).
    Permission,
    /// No such model or path (404).
    NotFound,
    /// Two requests collided (409).
    Conflict,
    /// The body is too large (413).
    TooLarge,
    /// Too many requests, or a budget is spent (429).
    RateLimited,
    /// The caller took too long to send its request (408).
    RequestTimeout,
    /// Something broke (500, 502).
    Server,
    /// The provider is overloaded or none can be reached (503, Claude 529).
    Overloaded,
    /// The provider took too long (504).
    Timeout,
    /// The request has come round in a circle (508).
    Loop,
}
