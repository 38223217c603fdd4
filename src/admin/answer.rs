//! What the admin listener answers with.

use http::{HeaderValue, Response, StatusCode, header};
use serde::Serialize;

/// A status and a body.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    kind: &'static str,
    /// A header that the status asks for.
    more: Option<(header::HeaderName, &'static str)>,
    body: Vec<u8>,
}

#[derive(Serialize)]
struct Told<'a> {
    error: &'a str,
}

impl Answer {
    /// A line for people and probes.
    pub(super) fn text(status: StatusCode, line: &str) -> Self {
        let body = format!("{line}\n").into_bytes();
        Self { status, kind: "text/plain; charset=utf-8", more: None, body }
    }

    /// Prometheus' text format.
    pub(super) const fn metrics(body: Vec<u8>) -> Self {
        let kind = "text/plain; version=0.0.4; charset=utf-8";
        Self { status: StatusCode::OK, kind, more: None, body }
    }

    /// JSON.
    pub(super) fn json(status: StatusCode, told: &impl Serialize) -> Self {
        match serde_json::to_vec(told) {
            Ok(mut body) => {
                body.push(b'\n');
                Self { status, kind: "application/json", more: None, body }
            }
            Err(error) => {
                log::error!("cannot write an answer of the admin listener: {error}");
                Self::text(StatusCode::INTERNAL_SERVER_ERROR, "the answer can't be written")
            }
        }
    }

    /// What is wrong and what to do.
    pub(super) fn refusal(status: StatusCode, error: &str) -> Self {
        Self::json(status, &Told { error })
    }

    /// The path has another method.
    pub(super) fn not_allowed(allowed: &'static str) -> Self {
        let error = format!("only {allowed} is known here");
        let answer = Self::refusal(StatusCode::METHOD_NOT_ALLOWED, &error);
        Self { more: Some((header::ALLOW, allowed)), ..answer }
    }

    /// The token is missing or wrong.
    pub(super) fn unauthorized(error: &str) -> Self {
        let answer = Self::refusal(StatusCode::UNAUTHORIZED, error);
        Self { more: Some((header::WWW_AUTHENTICATE, "Bearer")), ..answer }
    }

    pub(super) fn into_response(self) -> Response<Vec<u8>> {
        let Self { status, kind, more, body } = self;
        let length = body.len();
        let mut response = Response::new(body);
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
        headers.insert(header::CONTENT_LENGTH, length.into());
        if let Some((name, value)) = more {
            headers.insert(name, HeaderValue::from_static(value));
        }
        response
    }
}
