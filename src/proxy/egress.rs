//! The request as a provider sees it: headers from an allow-list, the credential last.

use http::{HeaderName, HeaderValue, Method, header};
use pingora::ErrorType::InvalidHTTPHeader;
use pingora::OrErr;
use pingora::http::RequestHeader;
use providers::Schema;
use providers::claude::FIRST_VERSION;

use super::failure::Failure;
use crate::snapshot::Backend;
use providers::conversation::{ApiError, ErrorClass};

/// What of a caller's headers goes on to a provider of the same schema. Everything else stays
/// here: credentials above all (S-41), cookies, forwarding headers, accepted encodings.
const PASSED: [(Schema, &[&str]); 4] = [
    (Schema::Chat, &["openai-beta"]),
    (Schema::Responses, &["openai-beta"]),
    (Schema::Claude, &["anthropic-version", "anthropic-beta"]),
    (Schema::Gemini, &[]),
];

/// What of a provider's headers goes back to a caller of the same schema (`wire.md` §1.3).
/// Never `Set-Cookie`, `Location`, or anything a provider might echo a credential in (S-09).
const RETURNED: [(Schema, &[&str]); 4] = [
    (Schema::Chat, OPENAI),
    (Schema::Responses, OPENAI),
    (
        Schema::Claude,
        &[
            "request-id",
            "anthropic-ratelimit-requests-limit",
            "anthropic-ratelimit-requests-remaining",
            "anthropic-ratelimit-requests-reset",
            "anthropic-ratelimit-tokens-limit",
            "anthropic-ratelimit-tokens-remaining",
            "anthropic-ratelimit-tokens-reset",
            "anthropic-ratelimit-input-tokens-limit",
            "anthropic-ratelimit-input-tokens-remaining",
            "anthropic-ratelimit-input-tokens-reset",
            "anthropic-ratelimit-output-tokens-limit",
            "anthropic-ratelimit-output-tokens-remaining",
            "anthropic-ratelimit-output-tokens-reset",
        ],
    ),
    (Schema::Gemini, &["server-timing"]),
];

/// Of OpenAI's headers.
const OPENAI: &[&str] = &[
    "x-request-id",
    "openai-processing-ms",
    "openai-version",
    "openai-model",
    "x-ratelimit-limit-requests",
    "x-ratelimit-remaining-requests",
    "x-ratelimit-reset-requests",
    "x-ratelimit-limit-tokens",
    "x-ratelimit-remaining-tokens",
    "x-ratelimit-reset-tokens",
];

/// The header names of a list that belong to a schema.
fn listed(
    lists: &'static [(Schema, &[&str]); 4],
    schema: Schema,
) -> impl Iterator<Item = &'static str> {
    lists.iter().filter(move |(s, _)| *s == schema).flat_map(|(_, names)| names.iter().copied())
}

/// The headers of a provider's answer that go back to a caller of the same schema.
pub fn returned(schema: Schema) -> impl Iterator<Item = &'static str> {
    listed(&RETURNED, schema)
}

/// What the request line and a few headers of a provider's request depend on.
#[derive(Clone, Copy, Debug)]
pub struct Line<'a> {
    /// The schema that the backend is asked in.
    pub schema: Schema,
    /// Path and query behind the backend's prefix.
    pub path: &'a str,
    /// Whether the caller speaks it.
    pub same_schema: bool,
    /// Whether a stream is asked for.
    pub stream: bool,
    /// Bytes of the body.
    pub length: usize,
}

/// Builds the header of a request to `backend` from nothing.
pub fn header(
    backend: &Backend,
    line: Line<'_>,
    caller: &RequestHeader,
) -> Result<RequestHeader, Failure> {
    build(backend, line, caller).map_err(|error| {
        log::error!("cannot build a request to backend {}: {error}", backend.name);
        let message = format!("a request to backend `{}` could not be built", backend.name);
        Failure::upstream("internal", ApiError::new(ErrorClass::Server, message))
    })
}

fn build(
    backend: &Backend,
    line: Line<'_>,
    caller: &RequestHeader,
) -> Result<RequestHeader, pingora::BError> {
    let path = format!("{}{}", backend.origin.prefix, line.path);
    let mut header = RequestHeader::build(Method::POST, path.as_bytes(), Some(10))?;
    header.insert_header(header::HOST, backend.origin.authority(backend.tls.is_some()))?;
    header.insert_header(header::CONTENT_TYPE, "application/json")?;
    header.insert_header(header::CONTENT_LENGTH, line.length)?;
    let accept = if line.stream { "text/event-stream" } else { "application/json" };
    header.insert_header(header::ACCEPT, accept)?;
    header.insert_header(header::ACCEPT_ENCODING, "identity")?;
    header.insert_header(header::USER_AGENT, concat!("egret/", env!("CARGO_PKG_VERSION")))?;
    if line.same_schema {
        for name in listed(&PASSED, line.schema) {
            for value in caller.headers.get_all(name) {
                header.append_header(HeaderName::from_static(name), value.clone())?;
            }
        }
    }
    if line.schema == Schema::Claude && !header.headers.contains_key("anthropic-version") {
        header.insert_header("anthropic-version", HeaderValue::from_static(FIRST_VERSION))?;
    }
    // Last, so that nothing above can stand in its place.
    if let Some((name, value)) =
        backend.credential.header().or_err(InvalidHTTPHeader, "credential")?
    {
        header.insert_header(name, value)?;
    }
    Ok(header)
}
