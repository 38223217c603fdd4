//! How serving a request can end badly.

use pingora::BError;
use providers::conversation::{ApiError, ErrorClass, Refusal};

use super::upstream::NoAnswer;
use crate::admission::Denial;

/// Why a request could not be served.
#[derive(Debug)]
pub enum Failure {
    /// The caller is told so, in its own schema.
    Refused(Box<Refused>),
    /// The caller went away, or its connection broke: nobody is left to tell.
    CallerGone,
    /// The answer had begun, and was ended with the schema's in-band error. It is well framed, so
    /// the connection can be used again.
    Ended(&'static str),
    /// The answer broke off in the middle: the connection can't be used again.
    Broken(&'static str),
}

/// What the caller is told.
#[derive(Debug)]
pub struct Refused {
    /// The error.
    pub error: ApiError,
    /// Why, in a word, for metrics and the log.
    pub reason: &'static str,
    /// Whether Egret decided it (a denial), not a provider.
    pub denied: bool,
    /// Whether the error is in words of ours, fit for the log: what a provider says may quote a
    /// prompt.
    pub own: bool,
    /// The methods that may be used instead: `GET, POST`.
    pub allow: Option<String>,
}

impl Failure {
    /// Egret refuses.
    pub fn denied(reason: &'static str, error: ApiError) -> Self {
        Self::Refused(Box::new(Refused { error, reason, denied: true, own: true, allow: None }))
    }

    /// No provider could do it.
    pub fn upstream(reason: &'static str, error: ApiError) -> Self {
        Self::Refused(Box::new(Refused { error, reason, denied: false, own: false, allow: None }))
    }

    /// A provider could not be asked, or did not answer: in words of ours.
    pub fn unanswered(reason: &'static str, error: ApiError) -> Self {
        Self::Refused(Box::new(Refused { error, reason, denied: false, own: true, allow: None }))
    }

    /// The path can't be asked with this method, but with those in `allow`.
    pub fn wrong_method(allow: &str) -> Self {
        let message = format!("this method is not served here; use {allow}");
        let error = ApiError::new(ErrorClass::BadRequest, message);
        let error = ApiError { status: Some(405), ..error };
        let allow = Some(allow.to_owned());
        Self::Refused(Box::new(Refused { error, reason: "method", denied: true, own: true, allow }))
    }

    /// A header of an answer can't be built, which is a mistake in here.
    pub fn unbuildable(error: BError) -> Self {
        log::error!("cannot build a response header: {error}");
        Self::Broken("internal")
    }

    /// The request is not well-formed.
    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::denied("bad_request", ApiError::new(ErrorClass::BadRequest, message))
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self::denied("bad_request", refusal.into())
    }
}

impl From<Denial> for Failure {
    fn from(denial: Denial) -> Self {
        Self::denied(denial.reason, denial.error)
    }
}

impl From<NoAnswer> for Failure {
    fn from(no_answer: NoAnswer) -> Self {
        let class = if no_answer.timeout { ErrorClass::Timeout } else { ErrorClass::Server };
        Self::unanswered(no_answer.reason, ApiError::new(class, no_answer.message))
    }
}
