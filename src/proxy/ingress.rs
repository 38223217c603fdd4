//! What a request must be before anything looks at it (`trust.md` §2): one exact reading of its
//! framing, and a path from the table.

use http::{Method, Version, header};
use pingora::http::RequestHeader;
use providers::surface::HeaderHints;

use super::failure::Failure;

/// Most bytes of the path with its query, and of header names and values, together.
const HEADER_BYTES: usize = 64 * 1024;

/// The methods of the paths in the table.
pub const METHODS: &[Method] = &[Method::GET, Method::POST];

/// Refuses requests whose framing two readers could read in two ways (S-04, S-31), and requests
/// that no surface has.
///
/// Pingora has refused most by now; here is what it lets through. `raw` is the header as it came
/// (empty on h2), since Pingora takes `Content-Length` away where there is `Transfer-Encoding`.
///
/// `methods` are those that the path may be asked with.
pub fn check(header: &RequestHeader, raw: &[u8], methods: &[Method]) -> Result<(), Failure> {
    if header.version == Version::HTTP_11 || header.version == Version::HTTP_10 {
        check_h1(header, raw)?;
    }
    let headers: usize =
        header.headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
    // Paths are logged, and named in refusals.
    if headers + header.raw_path().len() > HEADER_BYTES {
        return Err(Failure::bad_request(
            "the path and the headers are larger than 64 KiB; send less",
        ));
    }
    if header.headers.contains_key(header::UPGRADE) {
        return Err(Failure::bad_request(
            "protocol upgrades are not served here; remove `Upgrade`",
        ));
    }
    if !methods.contains(&header.method) {
        let methods: Vec<&str> = methods.iter().map(Method::as_str).collect();
        let message = format!("only {} are served here", methods.join(" and "));
        return Err(Failure::bad_request(message));
    }
    let encoded = header.headers.get_all(header::CONTENT_ENCODING).iter();
    if encoded.into_iter().any(|value| value.as_bytes() != b"identity") {
        return Err(Failure::bad_request(
            "compressed request bodies are not served; send the body without `Content-Encoding`",
        ));
    }
    Ok(())
}

fn check_h1(header: &RequestHeader, raw: &[u8]) -> Result<(), Failure> {
    let mut hosts = header.headers.get_all(header::HOST).iter();
    if !matches!((hosts.next(), hosts.next()), (Some(host), None) if !host.is_empty()) {
        return Err(Failure::bad_request("send exactly one `Host` header, and not an empty one"));
    }
    let mut codings = header.headers.get_all(header::TRANSFER_ENCODING).iter();
    if let Some(coding) = codings.next() {
        if codings.next().is_some() || !coding.as_bytes().eq_ignore_ascii_case(b"chunked") {
            return Err(Failure::bad_request("the only `Transfer-Encoding` served is `chunked`"));
        }
        if raw_has(raw, b"content-length") {
            return Err(Failure::bad_request(
                "send either `Content-Length` or `Transfer-Encoding`, not both",
            ));
        }
    }
    let lengths = header.headers.get_all(header::CONTENT_LENGTH);
    let one = lengths.iter().count() <= 1;
    if !one || !lengths.iter().all(|value| value.as_bytes().iter().all(u8::is_ascii_digit)) {
        return Err(Failure::bad_request("send one `Content-Length` of digits only"));
    }
    if bare_line_feed(raw) {
        return Err(Failure::bad_request("end header lines with CR LF, not with LF alone"));
    }
    Ok(())
}

/// Whether a header of this (lower-case) name stands in the raw header.
fn raw_has(raw: &[u8], name: &[u8]) -> bool {
    raw.split(|byte| *byte == b'\n').skip(1).any(|line| {
        line.split(|byte| *byte == b':').next().is_some_and(|n| n.eq_ignore_ascii_case(name))
    })
}

/// Whether a line of the raw header ends with LF alone.
fn bare_line_feed(raw: &[u8]) -> bool {
    let mut before = b'\n';
    raw.iter().any(|byte| {
        let bare = *byte == b'\n' && before != b'\r';
        before = *byte;
        bare
    })
}

/// What the headers say about which surface is meant.
pub fn hints(header: &RequestHeader) -> HeaderHints {
    let key_in_query = header
        .uri
        .query()
        .is_some_and(|query| query.split('&').any(|pair| pair.starts_with("key=")));
    HeaderHints {
        anthropic_version: header.headers.contains_key("anthropic-version"),
        goog_key: key_in_query
            || header.headers.contains_key("x-goog-api-key")
            || header.headers.contains_key("x-goog-api-client"),
    }
}
