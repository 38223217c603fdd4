//! What a request must be before anything looks at it (`trust.md` §2): one exact reading of its
//! framing, and a path from the table.

use http::{HeaderValue, Method, Version, header};
use pingora::http::RequestHeader;
use providers::Schema;
use providers::conversation::{ApiError, ErrorClass};
use providers::surface::{self, HeaderHints};

use super::failure::Failure;
use crate::snapshot::Limits;

/// The methods of the paths in the table.
const METHODS: [Method; 2] = [Method::GET, Method::POST];

/// Refuses requests whose framing two readers could read in two ways (S-04, S-31), and those that
/// are larger than `limits` allow.
///
/// Pingora has refused most by now; here is what it lets through. `raw` is the header as it came
/// (empty on h2), since Pingora takes `Content-Length` away where there is `Transfer-Encoding`.
pub fn check(header: &RequestHeader, raw: &[u8], limits: &Limits) -> Result<(), Failure> {
    if header.version == Version::HTTP_11 || header.version == Version::HTTP_10 {
        check_h1(header, raw)?;
    }
    check_size(header, limits)?;
    if header.headers.get_all(header::UPGRADE).iter().any(|to| !is_h2c(to)) {
        return Err(Failure::bad_request(
            "protocol upgrades are not served here; remove `Upgrade`",
        ));
    }
    let encoded = header.headers.get_all(header::CONTENT_ENCODING).iter();
    if encoded.into_iter().any(|value| value.as_bytes() != b"identity") {
        return Err(Failure::bad_request(
            "compressed request bodies are not served; send the body without `Content-Encoding`",
        ));
    }
    let mut expected = header.headers.get_all(header::EXPECT).iter();
    if expected.any(|value| !value.as_bytes().eq_ignore_ascii_case(b"100-continue")) {
        let message = "the only `Expect` served is `100-continue`";
        return Err(refused("expectation", 417, message.to_owned()));
    }
    Ok(())
}

/// Refuses methods that no path here has. What is at this one, a `GET` or `POST` may ask; `unread`
/// are the methods of a path that is passed on.
pub fn check_method(
    header: &RequestHeader,
    hints: HeaderHints,
    unread: Option<&[Method]>,
) -> Result<(), Failure> {
    let method = &header.method;
    if unread.unwrap_or(&METHODS).contains(method) {
        return Ok(());
    }
    let path = header.uri.path();
    let served = |method: &&Method| surface::endpoint(method.as_str(), path, None, hints).is_some();
    let mut allowed: Vec<&Method> = match unread {
        Some(methods) => methods.iter().collect(),
        None => METHODS.iter().filter(served).collect(),
    };
    if allowed.is_empty() {
        allowed.extend(&METHODS);
    }
    let allowed: Vec<&str> = allowed.into_iter().map(Method::as_str).collect();
    Err(Failure::wrong_method(&allowed.join(", ")))
}

/// Pingora escapes what is in a path beyond ASCII, so it may be longer than what was sent.
fn check_size(header: &RequestHeader, limits: &Limits) -> Result<(), Failure> {
    let url = header.raw_path().len();
    if url > limits.url_bytes {
        let message =
            format!("the path and query are {url} bytes long; {} may be", limits.url_bytes);
        return Err(refused("url_too_long", 414, message));
    }
    let count = header.headers.len();
    if count > limits.header_count {
        let message = format!("there are {count} headers; {} may be", limits.header_count);
        return Err(refused("headers_too_large", 431, message));
    }
    let bytes: usize =
        header.headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
    if bytes > limits.header_bytes {
        let most = limits.header_bytes;
        let message = format!("the headers are {bytes} bytes long; {most} may be");
        return Err(refused("headers_too_large", 431, message));
    }
    Ok(())
}

/// Whether an upgrade to HTTP/2 without TLS is offered, as Java's client does with its first
/// request. It need not be taken up (RFC 9110 §7.8), and is answered over HTTP/1.1.
fn is_h2c(upgrade: &HeaderValue) -> bool {
    let mut protocols = upgrade.as_bytes().split(|byte| *byte == b',');
    protocols.all(|protocol| protocol.trim_ascii().eq_ignore_ascii_case(b"h2c"))
}

fn refused(reason: &'static str, status: u16, message: String) -> Failure {
    let error = ApiError::new(ErrorClass::BadRequest, message);
    Failure::denied(reason, ApiError { status: Some(status), ..error })
}

fn check_h1(header: &RequestHeader, raw: &[u8]) -> Result<(), Failure> {
    let mut hosts = header.headers.get_all(header::HOST).iter();
    if !matches!((hosts.next(), hosts.next()), (Some(host), None) if !host.is_empty()) {
        return Err(Failure::bad_request("send exactly one `Host` header, and not an empty one"));
    }
    let mut codings = header.headers.get_all(header::TRANSFER_ENCODING).iter();
    if let Some(coding) = codings.next() {
        if codings.next().is_some() || !coding.as_bytes().eq_ignore_ascii_case(b"chunked") {
            let message = "the only `Transfer-Encoding` served is `chunked`";
            return Err(refused("bad_request", 501, message.to_owned()));
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
    let before = |end: usize| end.checked_sub(1).and_then(|before| raw.get(before));
    memchr::memchr_iter(b'\n', raw).any(|end| before(end) != Some(&b'\r'))
}

/// The schema of a request of which `begun` is all that came: for whom it is too early to be read.
pub fn schema_of(begun: &[u8]) -> Schema {
    let line = begun.split(|byte| *byte == b'\r').next().unwrap_or_default();
    let target = line.split(|byte| *byte == b' ').nth(1).unwrap_or_default();
    let path = target.split(|byte| *byte == b'?').next().unwrap_or_default();
    let hints = HeaderHints {
        anthropic_version: raw_has(begun, b"anthropic-version"),
        goog_key: raw_has(begun, b"x-goog-api-key") || raw_has(begun, b"x-goog-api-client"),
    };
    surface::schema_of(str::from_utf8(path).unwrap_or_default(), hints)
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
