//! What makes a connection trusted.

use std::collections::BTreeSet;
use std::time::Duration;

use sha2::{Digest, Sha256};

use super::one;
use crate::config::tests::files;
use crate::snapshot::{Depth, Pin, Stale, SubjectName, TlsVersion};

#[test]
fn tls_is_verified_under_a_name_that_is_never_empty() {
    let directory = files();
    let plain = one("schema: openai, credential: none", directory.path());
    assert_eq!(plain.backends[0].tls.as_ref().unwrap().sni, "api.openai.com");
    let text = "schema: openai, credential: none, url: 'https://10.0.0.1/v1', \
                allow_private: true, tls: { sni: models.internal, ca: ca.pem, certificate: client.pem, key: client.key }";
    let private = one(text, directory.path());
    let tls = private.backends[0].tls.as_ref().unwrap();
    assert_eq!(tls.sni, "models.internal");
    assert_eq!(tls.ca.as_ref().unwrap().len(), 1);
    assert_eq!(tls.identity.as_ref().unwrap().chain.len(), 1);
}

/// S-56: whatever makes a connection trusted tells it apart in the pool.
#[test]
fn s_56_connections_under_different_trust_have_different_keys() {
    let directory = files();
    let group_key = |backend: &str| {
        let text = format!("schema: openai, credential: none, {backend}");
        one(&text, directory.path()).backends[0].group_key
    };
    let variants = [
        "url: 'https://h.example/v1'",
        "url: 'https://h.example:444/v1'",
        "url: 'https://other.example/v1'",
        "url: 'https://h.example/v1', tls: { sni: other.example }",
        "url: 'https://h.example/v1', tls: { ca: ca.pem }",
        "url: 'https://h.example/v1', tls: { ca: client.pem }",
        "url: 'https://h.example/v1', tls: { certificate: client.pem, key: client.key }",
        "url: 'http://h.example:443/v1', plaintext: allowed",
        "url: 'https://h.example/v1', tls: { sans: ['dns:h.example'] }",
        "url: 'https://h.example/v1', tls: { sans: ['dns:h.example', 'ip:10.0.0.1'] }",
        "url: 'https://h.example/v1', tls: { sans: ['uri:spiffe://h.example'] }",
        "url: 'https://h.example/v1', tls: { sans: ['uri:spiffe://h.example'], sni: h2.example }",
        "url: 'https://h.example/v1', \
         tls: { pins: ['sha256/47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='] }",
        "url: 'https://h.example/v1', \
         tls: { pins: ['cert-sha256/47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='] }",
        "url: 'https://h.example/v1', tls: { min_version: '1.3' }",
        "url: 'https://h.example/v1', tls: { crl: { files: [root.crl] } }",
        "url: 'https://h.example/v1', tls: { crl: { files: [der.crl] } }",
        "url: 'https://h.example/v1', tls: { crl: { files: [root.crl], stale: accept } }",
        "url: 'https://h.example/v1', tls: { crl: { files: [root.crl], depth: leaf } }",
        "url: 'https://h.example/v1', tls: { crl: { urls: ['https://crl.example/a'] } }",
        "url: 'https://h.example/v1', tls: { crl: { urls: ['https://crl.example/b'] } }",
        "url: 'https://h.example/v1', \
         tls: { crl: { urls: ['https://crl.example/a'], ca: ca.pem } }",
        "url: 'https://h.example/v1', \
         tls: { crl: { urls: ['https://crl.example/a'], refresh: 2h } }",
    ];
    let keys: BTreeSet<u64> = variants.into_iter().map(group_key).collect();
    assert_eq!(keys.len(), variants.len());
    assert_eq!(group_key(variants[6]), group_key(variants[6]));
}

#[test]
fn revocation_lists_are_read_in_pem_and_der() {
    let directory = files();
    let revocation = |fields: &str| {
        let text = format!("schema: openai, credential: none, tls: {{ crl: {{ {fields} }} }}");
        one(&text, directory.path()).backends[0].tls.clone().unwrap().revocation.unwrap()
    };
    let both = revocation("files: [two.crl, der.crl]");
    let made: Vec<i64> = both.lists.iter().map(|list| list.this_update()).collect();
    assert_eq!(made, [1_767_225_600; 3]);
    let ends: Vec<i64> = both.lists.iter().map(|list| list.next_update()).collect();
    assert_eq!(ends, [2_398_377_600, 2_429_913_600, 2_461_449_600]);
    assert_eq!((both.stale, both.depth), (Stale::Refuse, Depth::Chain));
    assert_eq!(both.refresh, Duration::from_secs(3600));
    let lax = revocation("urls: ['http://h/a.crl'], refresh: 5m, stale: accept, depth: leaf");
    assert_eq!((lax.stale, lax.depth), (Stale::Accept, Depth::Leaf));
    assert_eq!(
        (&*lax.urls, lax.refresh),
        (&["http://h/a.crl".to_owned()][..], Duration::from_secs(300))
    );
}

#[test]
fn names_and_pins_are_read() {
    let directory = files();
    let text = "schema: openai, credential: none, url: 'https://10.0.0.1/v1', allow_private: true, tls: { \
                sans: ['dns:a.example', 'ip:::1', 'uri:spiffe://a.example/ns/x'], \
                pins: ['sha256/47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='], min_version: 1.3 }";
    let tls = one(text, directory.path()).backends[0].tls.clone().unwrap();
    let server = |name: &'static str| SubjectName::Server(name.try_into().unwrap());
    let uri = SubjectName::Uri("spiffe://a.example/ns/x".to_owned());
    assert_eq!(tls.sans, [server("a.example"), server("::1"), uri]);
    assert_eq!(tls.pins, [Pin::PublicKey(Sha256::digest([]).into())]);
    assert_eq!((&*tls.sni, tls.min_version), ("10.0.0.1", TlsVersion::V1_3));
}
