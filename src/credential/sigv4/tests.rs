#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::time::Duration;

use serde::Deserialize;

use super::*;

/// What Amazon's library makes of a request; `vectors.py` wrote it.
#[derive(Deserialize)]
struct Vector {
    name: String,
    method: String,
    path: String,
    query: String,
    headers: Vec<(String, String)>,
    body: String,
    id: String,
    secret: String,
    service: String,
    region: String,
    stamp: String,
    authorization: String,
}

fn vectors() -> Vec<Vector> {
    serde_json::from_str(include_str!("vectors.json")).unwrap()
}

fn sign(vector: &Vector) -> String {
    let Vector { id, secret, region, service, .. } = vector;
    let headers: Vec<(&str, &str)> =
        vector.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let signable = Signable {
        method: &vector.method,
        path: &vector.path,
        query: &vector.query,
        headers: &headers,
        body: vector.body.as_bytes(),
    };
    let signer = Signer { id, secret: secret.as_bytes(), region, service };
    let Signature { signature, authorization } = signer.sign(&signable, &vector.stamp);
    assert!(authorization.ends_with(&signature));
    authorization
}

#[test]
fn requests_are_signed_as_amazons_own_library_does() {
    let vectors = vectors();
    assert!(vectors.len() >= 25);
    for vector in vectors {
        assert_eq!(sign(&vector), vector.authorization, "{}", vector.name);
    }
}

/// A request of Amazon's published test suite (aws-sig-v4-test-suite), and its signature there. Its
/// paths are as they are before a client escapes them.
#[derive(Deserialize)]
struct Published {
    name: String,
    /// `GET /path?query`
    request: String,
    /// Besides host and time.
    headers: Vec<(String, String)>,
    body: String,
    signature: String,
}

/// So that neither library is all there is to go by.
#[test]
fn amazons_published_signatures_come_out() {
    const STAMP: &str = "20150830T123600Z";
    let published: Vec<Published> = serde_json::from_str(include_str!("published.json")).unwrap();
    assert!(published.len() >= 35);
    let secret = b"wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
    let signer = Signer { id: "AKIDEXAMPLE", secret, region: "us-east-1", service: "service" };
    for Published { name, request, headers, body, signature } in &published {
        let (method, target) = request.split_once(' ').unwrap();
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let own = [("host", "example.amazonaws.com"), ("x-amz-date", STAMP)];
        let more = headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let headers: Vec<(&str, &str)> = own.into_iter().chain(more).collect();
        let body = body.as_bytes();
        let signed = signer.sign(&Signable { method, path, query, headers: &headers, body }, STAMP);
        assert_eq!(signed.signature, *signature, "{name}");
    }
}

#[test]
fn a_moment_is_written_as_signatures_have_it() {
    let time = SystemTime::UNIX_EPOCH + Duration::from_secs(1_440_938_160);
    assert_eq!(stamp(time), "20150830T123600Z");
}
