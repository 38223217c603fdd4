//! The request as a provider sees it: headers from an allow-list, the credential last.

use http::{Method, header};
use pingora::ErrorType::InvalidHTTPHeader;
use pingora::OrErr;
use pingora::http::RequestHeader;
use providers::catalog::ApiVersion;
use providers::conversation::{ApiError, ErrorClass};
use providers::vendor::{Offer, Place};

use super::failure::Failure;
use crate::snapshot::Backend;

/// Headers of Anthropic's API: its version, and what else is wanted of it.
const VERSION: &str = "anthropic-version";
const BETA: &str = "anthropic-beta";

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
    let accept = if line.stream { line.offer.framing().accept() } else { "application/json" };
    header.insert_header(header::ACCEPT, accept)?;
    header.insert_header(header::ACCEPT_ENCODING, "identity")?;
    header.insert_header(header::USER_AGENT, concat!("egret/", env!("CARGO_PKG_VERSION")))?;
    if line.same_schema {
        for name in line.offer.passes() {
            pass(&mut header, caller, name)?;
        }
        if line.offer.betas() == Place::Header {
            pass(&mut header, caller, BETA)?;
        }
    }
    if let Some((Place::Header, version)) = line.offer.version(line.version) {
        // A caller's own word goes through as it is.
        if line.same_schema {
            pass(&mut header, caller, VERSION)?;
        }
        if !header.headers.contains_key(VERSION) {
            header.insert_header(VERSION, version)?;
        }
    }
    // Last, so that nothing above can stand in its place.
    for (name, value) in backend.credential.headers().or_err(InvalidHTTPHeader, "credential")? {
        header.insert_header(name, value)?;
    }
    Ok(header)
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
