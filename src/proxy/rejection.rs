//! The error that a backend answered with, and whose fault it is.

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::{HeaderMap, StatusCode, header};
use pingora::http::ResponseHeader;
use providers::Schema;
use providers::conversation::{ApiError, ErrorClass};

use super::encoding;
use crate::credential::Shown;
use crate::snapshot::Backend;

/// Longest body of one that is read.
pub const LONGEST: usize = 1 << 20;

/// A backend's error.
#[derive(Debug)]
pub struct Rejection {
    /// Its status: not one of success.
    pub status: StatusCode,
    /// Its header, as it came.
    pub head: Option<ResponseHeader>,
    /// Its body without encoding; empty if it can't be read, since then it can't be searched for
    /// the credential either.
    pub body: Bytes,
    /// What it says, but for the credential.
    pub error: ApiError,
}

/// Whose fault an error is.
pub enum Fault {
    /// The caller's: it is told, and nobody else is asked.
    Caller,
    /// The gateway's credential: the next backend may do, and the operator must know.
    Ours,
    /// The backend's: the next one may do.
    Backend,
}

impl Rejection {
    /// Reads what a backend that was asked in this schema, and was shown this, answered with.
    pub fn of(
        backend: &Backend,
        schema: Schema,
        shown: &Shown,
        status: StatusCode,
        head: Option<ResponseHeader>,
        body: Bytes,
    ) -> Self {
        let body = encoding::plain(head.as_ref(), body, LONGEST).unwrap_or_default();
        let headers = head.as_ref().map(|head| &head.headers);
        let text = |name: &str| headers.and_then(|headers| headers.get(name)?.to_str().ok());
        let mut error = backend.vendor.error(schema, status.as_u16(), &body, text);
        let wish = headers.and_then(|headers| retry_after(headers, SystemTime::now()));
        error.retry_after = wish.or(error.retry_after);
        scrub(&mut error, shown);
        Self { status, head, body, error }
    }

    /// Whose fault it is.
    pub fn fault(&self) -> Fault {
        match (self.error.class, self.status.as_u16()) {
            (ErrorClass::Authentication, _) => Fault::Ours,
            // A redirect is never followed (S-10): a backend that sends one is misconfigured. What
            // the gateway's account may not do, another one's may.
            (_, 300..=399 | 403 | 408 | 409 | 429 | 500..) => Fault::Backend,
            (ErrorClass::Billing | ErrorClass::Permission, _) => Fault::Backend,
            _ => Fault::Caller,
        }
    }

    /// In a word, for metrics, where the backend is at fault.
    pub const fn reason(&self) -> &'static str {
        match self.status.as_u16() {
            300..=399 => "provider_3xx",
            402 => "provider_402",
            403 => "provider_403",
            408 => "provider_408",
            409 => "provider_409",
            429 => "provider_429",
            400..=499 => "provider_4xx",
            _ => "provider_5xx",
        }
    }
}

/// A provider that quotes the credential it was sent must not tell the caller (S-37).
pub fn scrub(error: &mut ApiError, shown: &Shown) {
    error.message = shown.scrub(&error.message);
    error.code = error.code.take().map(|code| shown.scrub(&code));
    error.param = error.param.take().map(|param| shown.scrub(&param));
}

/// `retry-after-ms`, or `retry-after` in seconds or as a date (RFC 9110 §10.2.3).
fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let text = |name: &str| headers.get(name)?.to_str().ok().map(str::trim);
    let number = |name: &str| text(name)?.parse::<f64>().ok();
    let seconds = number("retry-after-ms")
        .map(|ms| ms / 1000.0)
        .or_else(|| number(header::RETRY_AFTER.as_str()));
    if let Some(seconds) = seconds {
        return Duration::try_from_secs_f64(seconds).ok();
    }
    let date = httpdate::parse_http_date(text(header::RETRY_AFTER.as_str())?).ok()?;
    Some(date.duration_since(now).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]

    use super::*;

    #[test]
    fn when_to_come_back_is_read_in_every_form() {
        let now = httpdate::parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT").unwrap();
        let read = |pairs: &[(&'static str, &str)]| {
            let headers = pairs.iter().map(|(n, v)| (n.parse().unwrap(), v.parse().unwrap()));
            retry_after(&headers.collect::<HeaderMap>(), now)
        };
        let after = |ms| Some(Duration::from_millis(ms));
        assert_eq!(read(&[("retry-after", "7")]), after(7000));
        assert_eq!(read(&[("retry-after", "0.5"), ("retry-after-ms", "20")]), after(20));
        assert_eq!(read(&[("retry-after", "Sun, 06 Nov 1994 08:50:37 GMT")]), after(60_000));
        assert_eq!(read(&[("retry-after", "Sunday, 06-Nov-94 08:50:37 GMT")]), after(60_000));
        assert_eq!(read(&[("retry-after", "Sun, 06 Nov 1994 08:49:00 GMT")]), after(0));
        for wrong in ["soon", "-1", "1e999", "Sun, 06 Nov 1994", ""] {
            assert_eq!(read(&[("retry-after", wrong)]), None, "{wrong}");
        }
    }
}
