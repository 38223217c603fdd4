//! The key that a caller sends, in any form that an SDK knows.

use std::borrow::Cow;
use std::fmt;

use http::HeaderMap;
use http::header::AUTHORIZATION;
use zeroize::Zeroizing;

use super::Digest;

/// Headers that hold a key and nothing else (`wire.md` §1.2).
const PLAIN_HEADERS: [&str; 3] = ["x-api-key", "api-key", "x-goog-api-key"];

/// The hash of the key a caller sent. The key itself is not kept; of a token, which has to be read,
/// the request's own bytes are at hand.
#[derive(PartialEq, Eq)]
pub struct CallerKey<'a> {
    digest: Digest,
    token: Option<Cow<'a, [u8]>>,
}

impl fmt::Debug for CallerKey<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

/// A request carried two different keys: it is not for us to choose whose it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TwoKeys;

impl fmt::Display for TwoKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "the request carries two different keys; send one of `authorization: Bearer`, \
             `x-api-key`, `api-key`, `x-goog-api-key` or `?key=`",
        )
    }
}

impl std::error::Error for TwoKeys {}

impl<'a> CallerKey<'a> {
    /// The key in a request's headers and query; `None` if it carries none.
    ///
    /// The same key in two places counts once: the Anthropic SDK sends two when told to.
    ///
    /// # Errors
    ///
    /// The request carries two different keys.
    pub fn of(headers: &'a HeaderMap, query: Option<&str>) -> Result<Option<Self>, TwoKeys> {
        let bearer = headers.get_all(AUTHORIZATION).iter().filter_map(|v| bearer(v.as_bytes()));
        let plain = PLAIN_HEADERS
            .iter()
            .flat_map(|name| headers.get_all(*name))
            .map(|value| value.as_bytes().trim_ascii());
        let in_query = query
            .into_iter()
            .flat_map(|query| query.split('&'))
            .filter_map(|pair| pair.strip_prefix("key="))
            .map(percent_decoded);

        let keys = bearer
            .chain(plain)
            .filter(|key| !key.is_empty())
            .map(|key| Self::new(key, Cow::Borrowed))
            .chain(in_query.filter(|key| !key.is_empty()).map(|key| {
                // The query that it comes from stays where it is, too.
                Self::new(&key, |key| Cow::Owned(key.to_vec()))
            }));
        let mut found: Option<Self> = None;
        for key in keys {
            match &found {
                None => found = Some(key),
                Some(first) if first.digest == key.digest => {}
                Some(_) => return Err(TwoKeys),
            }
        }
        Ok(found)
    }

    fn new<'k>(key: &'k [u8], keep: impl FnOnce(&'k [u8]) -> Cow<'a, [u8]>) -> Self {
        Self { digest: Digest::of(key), token: looks_like_a_token(key).then(|| keep(key)) }
    }

    /// What keys are compared by.
    #[must_use]
    pub const fn digest(&self) -> &Digest {
        &self.digest
    }

    /// The key itself, if it looks like a signed token.
    #[must_use]
    pub fn token(&self) -> Option<&[u8]> {
        self.token.as_deref()
    }
}

/// Whether this looks like a signed token (RFC 7515 §7.1), rather than like a key: three parts, the
/// first of which is an object.
fn looks_like_a_token(key: &[u8]) -> bool {
    key.starts_with(b"eyJ") && memchr::memchr_iter(b'.', key).take(3).count() == 2
}

/// The token behind `Bearer`, whose case does not matter (RFC 9110 §11.1).
fn bearer(value: &[u8]) -> Option<&[u8]> {
    let (scheme, token) = value.split_at_checked("Bearer ".len())?;
    scheme.eq_ignore_ascii_case(b"Bearer ").then(|| token.trim_ascii())
}

/// Undoes percent-encoding (RFC 3986 §2.1); a `%` that begins none stays.
fn percent_decoded(text: &str) -> Zeroizing<Vec<u8>> {
    let mut decoded = Zeroizing::new(Vec::with_capacity(text.len()));
    let mut rest = text.as_bytes();
    while let Some((&byte, tail)) = rest.split_first() {
        let escaped = (byte == b'%').then(|| tail.split_at_checked(2)).flatten().and_then(
            |(digits, after)| {
                let digits = std::str::from_utf8(digits).ok()?;
                // `from_str_radix` takes a sign, an escape doesn't.
                let hex = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
                let byte = hex.then(|| u8::from_str_radix(digits, 16).ok()).flatten()?;
                Some((byte, after))
            },
        );
        let (byte, tail) = escaped.unwrap_or((byte, tail));
        decoded.push(byte);
        rest = tail;
    }
    decoded
}
