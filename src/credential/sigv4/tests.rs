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

/// As Amazon publishes them, so that neither library is all there is to go by.
#[test]
fn amazons_published_signatures_come_out() {
    let published = [
        ("get-vanilla", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
        (
            "get-vanilla-query-order-key-case",
            "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
        ),
        (
            "post-x-www-form-urlencoded",
            "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a",
        ),
    ];
    let vectors = vectors();
    for (name, signature) in published {
        let vector = vectors.iter().find(|vector| vector.name == name).unwrap();
        assert!(sign(vector).ends_with(signature), "{name}");
    }
}

#[test]
fn a_moment_is_written_as_signatures_have_it() {
    let time = SystemTime::UNIX_EPOCH + Duration::from_secs(1_440_938_160);
    assert_eq!(stamp(time), "20150830T123600Z");
}
