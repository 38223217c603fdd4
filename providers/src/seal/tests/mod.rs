//! Tests of the seal; what it is for is tested over all pairs (`tests/pairs/reasoning.rs`).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod envelope;
mod records;
mod turns;

use super::*;

pub(super) fn key() -> Key {
    Key::new(&[7; Key::LEAST]).unwrap()
}

pub(super) const ORIGIN: Origin<'_> =
    Origin { backend: "claude", model: "claude-sonnet-4-5", route: "main" };

/// A seal, where it does not matter whose.
pub(crate) fn seal() -> Seal {
    Seal::new(&key(), &ORIGIN)
}

#[test]
fn a_key_has_enough_bytes_and_never_shows_them() {
    for length in [0, 16, 31] {
        let told = Key::new(&[7; 64][..length]).unwrap_err().to_string();
        assert!(told.contains(&format!("has {length} bytes; give it at least 32")), "{told}");
    }
    assert_eq!(format!("{:?}", Key::new(&[7; 64]).unwrap()), "Key(…)");
}

#[test]
fn only_what_begins_a_string_or_follows_an_id_may_be_sealed() {
    for body in [r#"{"signature":"EgretTk1AAAA"}"#, r#"{"id":"call_1_EgretTk1AAAA"}"#] {
        assert!(is_sealed(body.as_bytes()), "{body}");
    }
    for body in ["", "EgretTk1", r#"{"text":"What is EgretTk1?"}"#, r#"{"signature":"EgretTk"}"#] {
        assert!(!is_sealed(body.as_bytes()), "{body}");
    }
}
