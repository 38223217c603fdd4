#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::ffi::OsString;
use std::fs;
use std::io::Write;
use std::path::Path;

use http::header::{HeaderMap, HeaderName, HeaderValue};
use proptest::prelude::*;
use providers::Schema;
use providers::vendor::Vendor;

use super::source::refresh_after;
use super::*;

/// Headers and a query.
type Request<'a> = (&'a [(&'static str, &'a str)], Option<&'a str>);

fn secret(text: &str) -> Secret {
    Secret::token(text.into()).unwrap()
}

fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in pairs {
        let value = HeaderValue::from_str(value).unwrap();
        headers.append(HeaderName::from_static(name), value);
    }
    headers
}

fn key(pairs: &[(&'static str, &str)], query: Option<&str>) -> Result<Option<Digest>, TwoKeys> {
    Ok(CallerKey::of(&headers(pairs), query)?.map(|key| *key.digest()))
}

fn headers_of(credential: &Credential) -> Vec<Header> {
    let (method, uri) = (http::Method::POST, http::Uri::from_static("/v1"));
    let request = Unsigned { method: &method, uri: &uri, headers: &HeaderMap::new(), body: b"{}" };
    credential.show(&request).unwrap().unwrap().take_headers()
}

/// Replaces a file in one step.
fn replace(path: &Path, content: impl AsRef<[u8]>) {
    let aside = path.with_extension("aside");
    fs::write(&aside, content).unwrap();
    fs::rename(aside, path).unwrap();
}

/// S-38, with the compile-time half: `Secret` has no `Serialize` and no `Clone`.
#[test]
fn s_38_secrets_cannot_be_printed() {
    let secret = secret("sk-canary");
    let source = SecretSource::fixed(Secret::token("sk-canary".into()).unwrap());
    let forms = Vendor::of(Schema::Chat).unwrap().credential().stated();
    let header = inject(&forms[0], &secret).unwrap();
    let credential = Credential::new(forms, source.into());
    let headers = headers(&[("x-api-key", "sk-canary")]);
    let key = CallerKey::of(&headers, None).unwrap();
    let shown = format!("{secret} {secret:?} {secret:#?} {header:?} {credential:?} {key:?}");
    assert!(shown.contains("[redacted]"));
    assert!(!shown.contains("canary"), "{shown}");
}

#[test]
fn a_secret_is_one_token() {
    for good in ["sk-1", "sk-1\n", "sk-1\r\n"] {
        assert_eq!(Secret::token(good.into()).unwrap().expose(), b"sk-1");
    }
    for empty in ["", "\n", "\r\n"] {
        assert_eq!(Secret::token(empty.into()).unwrap_err(), SecretError::Empty);
    }
    for bad in ["sk-1\n\n", "sk 1", " sk-1", "sk-1\t", "a\nb", "a\0b", "clé", "\u{feff}sk-1"] {
        assert_eq!(Secret::token(bad.into()).unwrap_err(), SecretError::NotAToken, "{bad:?}");
    }
    assert_eq!(Secret::token(vec![b'a', 0xff]).unwrap_err(), SecretError::NotAToken);
}

#[test]
fn each_vendor_is_shown_the_secret_in_its_own_forms() {
    let expected: [(&str, &[(&str, &str)]); 5] = [
        ("openai", &[("authorization", "Bearer sk-1")]),
        ("anthropic", &[("x-api-key", "sk-1")]),
        ("gemini", &[("x-goog-api-key", "sk-1")]),
        ("azure-openai", &[("api-key", "sk-1")]),
        ("foundry-claude", &[("x-api-key", "sk-1"), ("api-key", "sk-1")]),
    ];
    for (vendor, headers) in expected {
        let source = SecretSource::fixed(secret("sk-1"));
        let forms = Vendor::named(vendor).unwrap().credential().stated();
        let shown = headers_of(&Credential::new(forms, source.into()));
        assert!(shown.iter().all(|(_, value)| value.is_sensitive()));
        let shown: Vec<(&str, &str)> =
            shown.iter().map(|(name, value)| (name.as_str(), value.to_str().unwrap())).collect();
        assert_eq!(shown, headers, "{vendor}");
    }
    assert_eq!(headers_of(&Credential::none()), []);
}

/// None is only to be had with Amazon's signature, or not at all.
#[test]
fn every_vendor_takes_a_credential_that_can_be_stated() {
    for vendor in Vendor::all() {
        let forms = vendor.credential().stated();
        assert!(!forms.is_empty(), "{}", vendor.name());
        for form in forms {
            inject(form, &secret("sk-1")).unwrap();
        }
    }
}

#[test]
fn a_callers_key_is_found_in_every_form_an_sdk_sends() {
    let expected = Some(Digest::of(b"k+1"));
    let forms: [Request<'_>; 9] = [
        (&[("authorization", "Bearer k+1")], None),
        (&[("authorization", "bearer  k+1 ")], None),
        (&[("api-key", "k+1")], None),
        (&[("x-goog-api-key", "k+1")], None),
        (&[], Some("key=k+1")),
        (&[], Some("alt=sse&key=k%2B1")),
        (&[("x-api-key", "k+1"), ("authorization", "Bearer k+1")], Some("key=k%2b1")),
        (&[("x-api-key", "k+1"), ("authorization", "Basic dTpw")], None),
        (&[("x-api-key", "k+1"), ("authorization", "Bearer ")], Some("key=&monkey=2")),
    ];
    for (pairs, query) in forms {
        assert_eq!(key(pairs, query).unwrap(), expected, "{pairs:?} {query:?}");
    }
    for (pairs, query) in [(&[][..], None), (&[("cookie", "key=k")], Some("k=1&keys=k%2B1"))] {
        assert_eq!(key(pairs, query), Ok(None));
    }
}

#[test]
fn two_different_keys_are_refused() {
    let twice: [Request<'_>; 4] = [
        (&[("x-api-key", "a"), ("authorization", "Bearer b")], None),
        (&[("x-api-key", "a"), ("x-api-key", "b")], None),
        (&[("x-goog-api-key", "a")], Some("key=b")),
        (&[], Some("key=a&key=b")),
    ];
    for (pairs, query) in twice {
        assert_eq!(key(pairs, query), Err(TwoKeys), "{pairs:?} {query:?}");
    }
}

#[test]
fn a_key_names_one_caller_or_nobody() {
    let keys = ["a", "b", "twice", "twice"].map(|text| SecretSource::fixed(secret(text)));
    let position = |text: &str| find(secret(text).digest(), &keys);
    assert_eq!(position("a"), Some(0));
    assert_eq!(position("b"), Some(1));
    assert_eq!(position("c"), None);
    assert_eq!(position("twice"), None);
    assert_eq!(find(secret("a").digest(), []), None);
}

/// S-13: long keys that differ in their last byte stay apart.
#[test]
fn s_13_keys_are_compared_whole() {
    let long = "x".repeat(200);
    let keys = [secret(&format!("{long}1")), secret(&format!("{long}2"))].map(SecretSource::fixed);
    assert_eq!(find(secret(&format!("{long}2")).digest(), &keys), Some(1));
    assert_eq!(find(secret(&format!("{long}3")).digest(), &keys), None);
}

#[test]
fn the_environment_gives_a_secret() {
    let env = |name: &str| (name == "KEY").then(|| OsString::from("sk-1"));
    assert_eq!(*SecretSource::from_env("KEY", &env).unwrap().current(), secret("sk-1"));
    assert_eq!(SecretSource::from_env("OTHER", &env).unwrap_err(), SecretError::Unset);
}

/// S-39: a rotated key is taken over whole, and a broken one never.
#[test]
fn s_39_a_rotated_file_is_taken_over_and_a_broken_one_is_not() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("key");
    fs::write(&path, "first\n").unwrap();
    let source = SecretSource::from_file(&path).unwrap();
    assert_eq!(*source.current(), secret("first"));

    replace(&path, "second\n");
    refresh([&source]);
    assert_eq!(*source.current(), secret("second"));

    for broken in ["", "\n", "two\nlines", "has space"] {
        replace(&path, broken);
        refresh([&source]);
        assert_eq!(*source.current(), secret("second"), "{broken:?}");
    }
    fs::remove_file(&path).unwrap();
    refresh([&source]);
    assert_eq!(*source.current(), secret("second"));

    replace(&path, "third");
    refresh([&source]);
    assert_eq!(*source.current(), secret("third"));
}

/// S-39: a file that is still being written is left alone until it stays the same.
#[test]
fn s_39_no_half_of_a_key_is_ever_current() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("key");
    fs::write(&path, "old").unwrap();
    let source = SecretSource::from_file(&path).unwrap();

    fs::write(&path, "new-").unwrap();
    let finish =
        || fs::File::options().append(true).open(&path).unwrap().write_all(b"key").unwrap();
    refresh_after([&source], finish);
    assert_eq!(*source.current(), secret("old"));
    refresh_after([&source], || {});
    assert_eq!(*source.current(), secret("new-key"));

    // Truncated to be written anew.
    fs::write(&path, "third").unwrap();
    refresh_after([&source], || fs::write(&path, "").unwrap());
    assert_eq!(*source.current(), secret("new-key"));
}

#[test]
fn what_is_not_a_key_file_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let at = |name: &str| directory.path().join(name);
    fs::write(at("huge"), vec![b'x'; 65 * 1024]).unwrap();
    fs::write(at("empty"), "").unwrap();
    let error =
        |name: &str| SecretError::to_string(&SecretSource::from_file(&at(name)).unwrap_err());
    assert_eq!(error("nowhere"), "there is no such file");
    assert_eq!(error("."), "the path does not lead to a file");
    assert_eq!(error("huge"), "the file is larger than 64 KiB");
    assert_eq!(error("empty"), "the secret is empty");
}

proptest! {
    /// Any query is read without a panic, and an escaped key is the key.
    #[test]
    fn queries_are_read(query in "[a-z=&%0-9+]{0,40}", token in "[!-~]{1,30}") {
        let _ = CallerKey::of(&HeaderMap::new(), Some(&query));
        let escaped: String = token.bytes().map(|byte| format!("%{byte:02X}")).collect();
        prop_assert_eq!(
            key(&[("x-api-key", &token)], None).unwrap(),
            key(&[], Some(&format!("key={escaped}"))).unwrap()
        );
    }
}
