#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use proptest::prelude::*;
use ring::rand::SystemRandom;
use ring::signature::{Ed25519KeyPair, KeyPair};
use serde_json::json;

use super::claims::{ClaimPath, ClaimPaths, fit, service_account};
use super::json::Json;
use super::jwk::Jwks;
use super::jwt::Token;

fn base64url(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn object(text: &str) -> super::json::Object {
    match serde_json::from_str(text).unwrap() {
        Json::Map(object) => object,
        other => panic!("{other:?}"),
    }
}

fn text(path: &str) -> ClaimPath {
    ClaimPath::Text(path.to_owned())
}

fn paths(caller: &str, group: &str) -> ClaimPaths {
    ClaimPaths {
        caller: text(caller),
        group: Some(text(group)),
        namespace: None,
        service_account: None,
        labels: vec![("team".to_owned(), text("org.team"))],
    }
}

#[test]
fn a_key_that_stands_twice_is_no_json() {
    for text in [r#"{"a":1,"a":1}"#, r#"{"b":{"a":1,"\u0061":2}}"#, r#"[{"a":1,"a":2}]"#] {
        assert!(serde_json::from_str::<Json>(text).is_err(), "{text}");
    }
    assert!(serde_json::from_str::<Json>(r#"{"a":{"a":1},"A":2}"#).is_ok());
}

#[test]
fn claims_are_found_whole_before_they_are_taken_apart() {
    let claims = object(
        r#"{"sub":"s","a.b":"whole","a":{"b":"part"},"list":["first","second"],"none":null,
            "number":4711,"org":{"team":"blue"}}"#,
    );
    let named = |caller: &str| paths(caller, "missing").read("corp", &claims);
    assert_eq!(named("a.b").unwrap().name, "corp:whole");
    assert_eq!(named("list").unwrap().name, "corp:first");
    assert_eq!(named("number").unwrap().name, "corp:4711");
    assert_eq!(named("org.team").unwrap().name, "corp:blue");
    for (number, name) in [
        ("9007199254740991", Some("corp:9007199254740991")),
        ("-7", Some("corp:-7")),
        // From here on several numbers are one to who reads them as floats.
        ("9007199254740992", None),
        ("9007199254740993", None),
        ("-9007199254740993", None),
        ("1e300", None),
        ("0.1", None),
    ] {
        let claims = object(&format!(r#"{{"uid":{number}}}"#));
        let named = paths("uid", "missing").read("corp", &claims).map(|proven| proven.name);
        assert_eq!(named.ok().as_deref(), name, "{number}");
    }
    for missing in ["none", "missing", "a.c", "org.team.x", ""] {
        assert_eq!(named(missing).unwrap_err().reason, "token_claims", "{missing}");
    }
    // One odd group refuses the token, and is found by the name of its claim.
    let odd = object(r#"{"sub":"s","a":{"roles":["dev",{}]}}"#);
    let refused = paths("sub", "a.roles").read("corp", &odd).unwrap_err();
    assert!(refused.message.contains("`a.roles`"), "{}", refused.message);
    let proven = named("sub").unwrap();
    assert_eq!((proven.groups.len(), &*proven.subject), (0, "s"));
    assert_eq!(proven.labels, [("team".to_owned(), "blue".to_owned())]);
    assert_eq!(paths("sub", "list").read("corp", &claims).unwrap().groups, ["first", "second"]);
}

#[test]
fn claims_are_found_step_by_step() {
    let claims = object(
        r#"{"sub":"s","a.b":"whole","a":{"b":"part","b.c":{"d":"deep"},"none":null},
            "https://corp/groups":["web","", null,"team blue",7],"list":["s",{"b":"x"}]}"#,
    );
    let groups = |steps: &[&str]| {
        let steps = steps.iter().map(|step| (*step).to_owned()).collect();
        let paths = ClaimPaths { group: Some(ClaimPath::Steps(steps)), ..paths("sub", "") };
        paths.read("corp", &claims).map(|proven| proven.groups)
    };
    for (steps, expected) in [
        (&["a", "b"][..], &["part"][..]),
        (&["a.b"], &["whole"]),
        (&["a", "b.c", "d"], &["deep"]),
        (&["https://corp/groups"], &["web", "team%20blue", "7"]),
        (&["a", "none"], &[]),
        (&["a", "b", "c"], &[]),
        (&["a", "c"], &[]),
        (&["list", "b"], &[]),
        (&["a.b.c.d"], &[]),
    ] {
        assert_eq!(groups(steps).unwrap(), expected, "{steps:?}");
    }
    for unfit in [&["a"][..], &["a", "b.c"], &["list"]] {
        assert_eq!(groups(unfit).unwrap_err().reason, "token_claims", "{unfit:?}");
    }
}

#[test]
fn service_accounts_are_named_twice_and_alike() {
    let claims = |subject: &str, namespace: &str, name: &str| {
        let claims = json!({"sub": subject, "kubernetes.io":
            {"namespace": namespace, "serviceaccount": {"name": name}}});
        service_account("kubernetes", &object(&claims.to_string()))
    };
    let proven = claims("system:serviceaccount:shop:till", "shop", "till").unwrap();
    assert_eq!((&*proven.name, &*proven.namespace), ("shop/till", "shop"));
    for (subject, namespace, name) in [
        ("system:serviceaccount:shop:till", "shop", "other"),
        ("system:serviceaccount:shop:till", "other", "till"),
        ("system:serviceaccount:shop:till:x", "shop", "till"),
        ("system:serviceaccount:a:b:c", "a:b", "c"),
        ("system:serviceaccount:Shop:till", "Shop", "till"),
        ("system:serviceaccount::till", "", "till"),
        ("system:serviceaccount:a/b:till", "a/b", "till"),
        ("till", "shop", "till"),
    ] {
        assert!(claims(subject, namespace, name).is_err(), "{subject}");
    }
}

#[test]
fn keys_for_other_ends_are_passed_over() {
    let public = |key: &Ed25519KeyPair| base64url(key.public_key());
    let document = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
    let key = Ed25519KeyPair::from_pkcs8(document.as_ref()).unwrap();
    let good = json!({"kty": "OKP", "crv": "Ed25519", "kid": "a", "x": public(&key)});
    let with = |name: &str, value: serde_json::Value| {
        let mut key = good.clone();
        key[name] = value;
        json!({"keys": [key]}).to_string()
    };
    assert!(Jwks::read(json!({"keys": [good]}).to_string().as_bytes()).is_ok());
    for (name, value) in [
        ("use", json!("enc")),
        ("key_ops", json!(["sign"])),
        ("kty", json!("oct")),
        ("crv", json!("X25519")),
        ("alg", json!("HS256")),
        ("alg", json!("none")),
        ("x", json!("not base64url!")),
        ("x", json!(7)),
    ] {
        assert!(Jwks::read(with(name, value.clone()).as_bytes()).is_err(), "{name}: {value}");
    }
    let short = json!({"keys": [{"kty": "RSA", "n": base64url([0xff; 128]), "e": "AQAB"}]});
    assert!(Jwks::read(short.to_string().as_bytes()).is_err(), "1024 bits");

    // One that names no key means the only one of its kind.
    let (header, claims) = (base64url(r#"{"alg":"EdDSA"}"#), base64url("{}"));
    let signed = format!("{header}.{claims}");
    let token = format!("{signed}.{}", base64url(key.sign(signed.as_bytes())));
    let token = Token::read(token.as_bytes()).unwrap();
    let one = Jwks::read(json!({"keys": [good]}).to_string().as_bytes()).unwrap();
    assert!(one.verify(&token));
    let two = Jwks::read(json!({"keys": [good, good]}).to_string().as_bytes()).unwrap();
    assert!(!two.verify(&token), "it could be either's");
}

proptest! {
    /// Whatever is sent as a token, the answer is one, or a reason.
    #[test]
    fn no_text_makes_it_panic(text in r"[eyJ\.\-_A-Za-z0-9=]{0,200}|\PC{0,60}") {
        let _ = Token::read(text.as_bytes());
    }

    /// The same for whatever stands in its parts.
    #[test]
    fn no_parts_make_it_panic(header in r#"(\{"alg":"(ES256|none)"(,"kid":\PC{0,9})?\}|\PC{0,40})"#,
                              claims in r#"[\[\]{}",:a0-9. e\-]{0,60}"#) {
        let _ = Token::read(format!("{}.{}.", base64url(header), base64url(claims)).as_bytes());
    }

    /// No two texts have the same name, and a name is fit for a metric and a line of a log.
    #[test]
    fn names_are_fit_and_tell_texts_apart(one in r"\PC{0,40}", other in r"\PC{0,40}") {
        let (first, second) = (fit(&one), fit(&other));
        if let (Some(first), Some(second)) = (first, second) {
            prop_assert_eq!(first == second, one == other);
            prop_assert!(first.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'"'));
        }
    }

    #[test]
    fn no_key_set_makes_it_panic(text in r#"[\[\]{}",:a-z0-9. \-]{0,80}"#) {
        let _ = Jwks::read(text.as_bytes());
        let _ = Jwks::read(format!(r#"{{"keys":[{text}]}}"#).as_bytes());
    }
}
