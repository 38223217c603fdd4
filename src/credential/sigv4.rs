//! Amazon's Signature Version 4, as its reference describes it
//! (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html>).

use std::fmt::Write;
use std::time::SystemTime;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use ring::{digest, hmac};
use zeroize::Zeroizing;

const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// What a signature says of a request.
#[derive(Clone, Copy, Debug)]
pub struct Signable<'a> {
    /// `POST`.
    pub method: &'a str,
    /// The path as it stands in the request line. It is escaped once more to be signed, as every
    /// service but S3 wants it.
    pub path: &'a str,
    /// The query as it stands there, without the question mark.
    pub query: &'a str,
    /// Those headers that are signed, names in small letters.
    pub headers: &'a [(&'a str, &'a str)],
    /// The body.
    pub body: &'a [u8],
}

/// Whose signature, and for where.
#[derive(Clone, Copy)]
pub struct Signer<'a> {
    /// Access key id.
    pub id: &'a str,
    /// Secret access key.
    pub secret: &'a [u8],
    /// The region that the service is asked in.
    pub region: &'a str,
    /// The service, as it is called in signatures.
    pub service: &'a str,
}

/// A signature, and the header that holds it.
pub struct Signature {
    /// In hexadecimal digits.
    pub signature: String,
    /// The value of `authorization`.
    pub authorization: String,
}

/// A moment as signatures have it: `20150830T123600Z`.
pub fn stamp(time: SystemTime) -> String {
    let time = Timestamp::try_from(time).unwrap_or(Timestamp::UNIX_EPOCH);
    time.to_zoned(TimeZone::UTC).strftime("%Y%m%dT%H%M%SZ").to_string()
}

impl Signer<'_> {
    /// Signs a request at a moment that [`stamp`] wrote.
    pub fn sign(&self, request: &Signable<'_>, stamp: &str) -> Signature {
        let Self { id, secret, region, service } = self;
        let date = stamp.get(..8).unwrap_or_default();
        let scope = format!("{date}/{region}/{service}/aws4_request");
        let canonical = request.canonical();
        let text = format!("{ALGORITHM}\n{stamp}\n{scope}\n{}", sha256(canonical.text.as_bytes()));
        let first = Zeroizing::new([b"AWS4".as_slice(), secret].concat());
        let parts = [date, region, service, "aws4_request"];
        let mut key = hmac::Key::new(hmac::HMAC_SHA256, &first);
        for part in parts {
            key = hmac::Key::new(hmac::HMAC_SHA256, hmac::sign(&key, part.as_bytes()).as_ref());
        }
        let signature = hex(hmac::sign(&key, text.as_bytes()).as_ref());
        let authorization = format!(
            "{ALGORITHM} Credential={id}/{scope}, SignedHeaders={}, Signature={signature}",
            canonical.names
        );
        Signature { signature, authorization }
    }
}

struct Canonical {
    text: String,
    /// Of the signed headers.
    names: String,
}

impl Signable<'_> {
    fn canonical(&self) -> Canonical {
        let Self { method, path, query, headers, body } = self;
        let mut parameters: Vec<(String, String)> =
            query.split('&').filter(|pair| !pair.is_empty()).map(parameter).collect();
        // By name: of two that begin alike, the shorter comes first.
        parameters.sort_unstable();
        let parameters: Vec<String> =
            parameters.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let query = parameters.join("&");
        let mut headers = headers.to_vec();
        // Stable: several of one name keep their order.
        headers.sort_by_key(|(name, _)| *name);
        let (mut lines, mut names) = (String::new(), Vec::<&str>::new());
        for (name, value) in headers {
            let value = value.split_ascii_whitespace().collect::<Vec<_>>().join(" ");
            if names.last() == Some(&name) {
                lines.pop();
                lines.extend([",", &value, "\n"]);
            } else {
                lines.extend([name, ":", &value, "\n"]);
                names.push(name);
            }
        }
        let names = names.join(";");
        let text =
            [*method, &canonical_path(path), &query, &lines, &names, &sha256(body)].join("\n");
        Canonical { text, names }
    }
}

/// The path without `.`, `..` and empty segments, each of the others escaped.
fn canonical_path(path: &str) -> String {
    let mut segments: Vec<&str> = Vec::new();
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." => drop(segments.pop()),
            segment => segments.push(segment),
        }
    }
    let mut canonical = String::with_capacity(path.len() + 16);
    for segment in &segments {
        canonical.push('/');
        escape(segment, &mut canonical);
    }
    let ends = ["/", "/.", "/.."].iter().any(|end| path.ends_with(end));
    if segments.is_empty() || ends {
        canonical.push('/');
    }
    canonical
}

/// A parameter of the query; it may have no value. It is escaped already.
fn parameter(pair: &str) -> (String, String) {
    let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
    let (mut escaped_name, mut escaped_value) = (String::new(), String::new());
    escape_rest(name, &mut escaped_name);
    escape_rest(value, &mut escaped_value);
    (escaped_name, escaped_value)
}

/// Escapes all but what RFC 3986 calls unreserved.
fn escape(text: &str, out: &mut String) {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing into a text can't fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
}

/// The same to what is escaped in part.
fn escape_rest(text: &str, out: &mut String) {
    for (at, part) in text.split('%').enumerate() {
        if at > 0 {
            out.push('%');
        }
        escape(part, out);
    }
}

fn sha256(bytes: &[u8]) -> String {
    hex(digest::digest(&digest::SHA256, bytes).as_ref())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests;
