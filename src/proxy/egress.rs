//! The request as a provider sees it: headers from an allow-list. The credential comes last, when
//! it is about to be sent ([`super::credential`]).

use http::{Method, header};
use pingora::http::RequestHeader;
use providers::catalog::ApiVersion;
use providers::conversation::{ApiError, ErrorClass};
use providers::vendor::{Offer, Place};

use super::failure::Failure;
use crate::snapshot::Backend;

/// Headers of Anthropic's API: its version, and what else is wanted of it.
const VERSION: &str = "anthropic-version";
const BETA: &str = "anthropic-beta";

/// What Egret calls itself.
pub const USER_AGENT: &str = concat!("egret/", env!("CARGO_PKG_VERSION"));

/// What the request line and a few headers of a provider's request depend on.
#[derive(Clone, Copy)]
pub struct Line<'a> {
    /// How the backend's vendor serves the schema that it is asked in.
    pub offer: &'a Offer,
    /// Path and query behind the backend's prefix.
    pub path: &'a str,
    /// Whether the caller speaks that schema.
    pub same_schema: bool,
    /// The version of Anthropic's API that the body is written for.
    pub version: ApiVersion,
    /// Whether a stream is asked for.
    pub stream: bool,
    /// Bytes of the body.
    pub length: usize,
}

/// What the request line of a request that nobody reads depends on.
#[derive(Clone, Copy)]
pub struct Passed<'a> {
    /// How the backend's vendor serves the API that the path is of.
    pub offer: &'a Offer,
    /// The caller's own.
    pub method: &'a Method,
    /// Path and query behind the backend's prefix.
    pub path: &'a str,
    /// The version of Anthropic's API, where the caller names none.
    pub version: ApiVersion,
}

/// Builds the header of a request to `backend` from nothing.
pub fn header(
    backend: &Backend,
    line: Line<'_>,
    caller: &RequestHeader,
) -> Result<RequestHeader, Failure> {
    built(backend, build(backend, line, caller))
}

/// Builds the header of a request whose body nobody reads: what it is, the caller says.
pub fn unread_header(
    backend: &Backend,
    passed: Passed<'_>,
    length: usize,
    caller: &RequestHeader,
) -> Result<RequestHeader, Failure> {
    built(backend, build_unread(backend, passed, length, caller))
}

fn built(
    backend: &Backend,
    header: Result<RequestHeader, pingora::BError>,
) -> Result<RequestHeader, Failure> {
    header.map_err(|error| {
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
    let mut header = begin(backend, &Method::POST, line.path)?;
    header.insert_header(header::CONTENT_TYPE, "application/json")?;
    header.insert_header(header::CONTENT_LENGTH, line.length)?;
    let accept = if line.stream { line.offer.framing().accept() } else { "application/json" };
    header.insert_header(header::ACCEPT, accept)?;
    if line.same_schema {
        pass_all(&mut header, line.offer, caller)?;
    }
    finish(header, line.offer, line.version)
}

fn build_unread(
    backend: &Backend,
    passed: Passed<'_>,
    length: usize,
    caller: &RequestHeader,
) -> Result<RequestHeader, pingora::BError> {
    let mut header = begin(backend, passed.method, passed.path)?;
    if length > 0 || !matches!(*passed.method, Method::GET | Method::DELETE) {
        header.insert_header(header::CONTENT_LENGTH, length)?;
    }
    pass(&mut header, caller, header::CONTENT_TYPE.as_str())?;
    pass(&mut header, caller, header::ACCEPT.as_str())?;
    pass_all(&mut header, passed.offer, caller)?;
    finish(header, passed.offer, passed.version)
}

/// The request line, and what every request says.
fn begin(backend: &Backend, method: &Method, path: &str) -> Result<RequestHeader, pingora::BError> {
    let path = format!("{}{path}", backend.origin.prefix);
    let mut header = RequestHeader::build(method.clone(), path.as_bytes(), Some(10))?;
    header.insert_header(header::HOST, backend.origin.authority(backend.tls.is_some()))?;
    header.insert_header(header::ACCEPT_ENCODING, "identity")?;
    header.insert_header(header::USER_AGENT, USER_AGENT)?;
    Ok(header)
}

/// The version where none is said yet.
fn finish(
    mut header: RequestHeader,
    offer: &Offer,
    version: ApiVersion,
) -> Result<RequestHeader, pingora::BError> {
    if let Some((Place::Header, version)) = offer.version(version)
        && !header.headers.contains_key(VERSION)
    {
        header.insert_header(VERSION, version)?;
    }
    Ok(header)
}

/// Passes on what a caller of the same schema may say. Everything else stays here: credentials
/// above all (S-41), cookies, forwarding headers, accepted encodings.
fn pass_all(
    header: &mut RequestHeader,
    offer: &Offer,
    caller: &RequestHeader,
) -> Result<(), pingora::BError> {
    for name in offer.passes() {
        pass(header, caller, name)?;
    }
    if offer.betas() == Place::Header {
        pass(header, caller, BETA)?;
    }
    if matches!(offer.version(ApiVersion::V2023), Some((Place::Header, _))) {
        pass(header, caller, VERSION)?;
    }
    Ok(())
}

/// Passes a caller's header on.
fn pass(
    header: &mut RequestHeader,
    caller: &RequestHeader,
    name: &str,
) -> Result<(), pingora::BError> {
    for value in caller.headers.get_all(name) {
        header.append_header(name.to_owned(), value.clone())?;
    }
    Ok(())
}
