//! Amazon's signatures, checked from what arrived alone: written apart from the gateway's own, so
//! that they don't share a mistake.

use std::collections::BTreeMap;

use http::HeaderMap;
use jiff::{SignedDuration, Timestamp};
use ring::digest::{SHA256, digest};
use ring::hmac;

/// What a signature claims.
#[derive(Debug)]
pub struct Claimed {
    pub id: String,
    pub region: String,
    pub service: String,
}

/// How far a signature's time may be from the clock, which is now or a little later.
const SKEW: SignedDuration = SignedDuration::from_mins(5);

/// Checks that a request was just signed with `secret`, over at least its host and time, and returns
/// for what. `target` is path and query, `host` what it was sent to.
#[track_caller]
pub fn check(
    secret: &str,
    method: &str,
    target: &str,
    host: &str,
    headers: &HeaderMap,
    body: &[u8],
) -> Claimed {
    let header = |name: &str| headers.get(name).map(|value| value.to_str().unwrap());
    let authorization = header("authorization").expect("a signature");
    let rest = authorization.strip_prefix("AWS4-HMAC-SHA256 ").expect(authorization);
    let parts: BTreeMap<&str, &str> =
        rest.split(", ").map(|part| part.split_once('=').unwrap()).collect();
    let scope: Vec<&str> = parts["Credential"].split('/').collect();
    let [id, date, region, service, "aws4_request"] = scope[..] else { panic!("{scope:?}") };
    let stamp = header("x-amz-date").unwrap();
    assert!(stamp.starts_with(date) && stamp.len() == 16, "{stamp}");
    let off = Timestamp::now().duration_since(stamp.parse().unwrap());
    assert!(off.abs() <= SKEW, "{stamp} is {off:?} off");

    let signed: Vec<&str> = parts["SignedHeaders"].split(';').collect();
    for needed in ["host", "x-amz-date"] {
        assert!(signed.contains(&needed), "{signed:?}");
    }
    if headers.contains_key("x-amz-security-token") {
        assert!(signed.contains(&"x-amz-security-token"), "{signed:?}");
    }
    let lines = signed.iter().map(|name| {
        let value = if *name == "host" { host } else { header(name).unwrap() };
        format!("{name}:{}\n", value.trim())
    });
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let encode = |byte: u8| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
            char::from(byte).to_string()
        }
        byte => format!("%{byte:02X}"),
    };
    let path: String = path.bytes().map(encode).collect();
    let mut query: Vec<&str> = query.split('&').filter(|pair| !pair.is_empty()).collect();
    query.sort_unstable();
    let canonical = [
        method,
        &path,
        &query.join("&"),
        &lines.collect::<String>(),
        &signed.join(";"),
        &hex(digest(&SHA256, body).as_ref()),
    ]
    .join("\n");
    let hashed = hex(digest(&SHA256, canonical.as_bytes()).as_ref());
    let text = ["AWS4-HMAC-SHA256", stamp, &scope[1..].join("/"), &hashed].join("\n");
    let first = format!("AWS4{secret}").into_bytes();
    let key = [date, region, service, "aws4_request"].iter().fold(first, |key, part| {
        hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &key), part.as_bytes()).as_ref().to_vec()
    });
    let signature = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &key), text.as_bytes());
    assert_eq!(parts["Signature"], hex(signature.as_ref()), "{canonical}");
    Claimed { id: id.to_owned(), region: region.to_owned(), service: service.to_owned() }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
