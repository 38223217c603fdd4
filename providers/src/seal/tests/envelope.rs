//! What an envelope proves, and what its text goes through.

use base64::engine::general_purpose::URL_SAFE;
use base64::prelude::*;
use proptest::prelude::*;

use super::super::envelope::{MOST, PREFIX, Slot, join, split, unwrap, wrap};
use super::*;

const SLOTS: [Slot; 2] = [Slot::Token, Slot::Id];

fn wrapped(payload: &[u8], slot: Slot) -> String {
    wrap(seal().key(), Schema::Claude, payload, slot).unwrap()
}

fn read(text: &str) -> Option<Vec<u8>> {
    unwrap(seal().key(), Schema::Claude, text)
}

proptest! {
    #[test]
    fn what_was_wrapped_is_read(payload in any::<Vec<u8>>()) {
        for slot in SLOTS {
            let text = wrapped(&payload, slot);
            prop_assert!(text.starts_with(PREFIX));
            prop_assert_eq!(read(&text), Some(payload.clone()));
            // Nothing in it needs an escape, in JSON or in an id.
            let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"+/=-_".contains(&byte);
            prop_assert!(text.bytes().all(plain));
        }
        let id = wrapped(&payload, Slot::Id);
        prop_assert!(id.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b)));
        let joined = join("call_1", &id);
        prop_assert_eq!(split(&joined), Some(("call_1", id.as_str())));
    }

    #[test]
    fn sdks_may_decode_it_and_encode_it_again(payload in any::<Vec<u8>>()) {
        let text = wrapped(&payload, Slot::Token);
        let bytes = BASE64_STANDARD.decode(&text).unwrap();
        // JavaScript's, and Python's.
        prop_assert_eq!(&BASE64_STANDARD.encode(&bytes), &text);
        prop_assert_eq!(read(&URL_SAFE.encode(&bytes)), Some(payload.clone()));
        prop_assert_eq!(read(&BASE64_URL_SAFE_NO_PAD.encode(&bytes)), Some(payload));
    }

    #[test]
    fn anything_else_is_not_read(text in ".*", bytes in any::<Vec<u8>>()) {
        prop_assert_eq!(read(&text), None);
        let text = format!("{PREFIX}{}", BASE64_STANDARD.encode(&bytes));
        prop_assert_eq!(read(&text), None);
    }
}

#[test]
fn a_single_altered_bit_breaks_it() {
    for slot in SLOTS {
        let text = wrapped(b"a payload", slot);
        for (at, bit) in (0..text.len()).flat_map(|at| (0..8).map(move |bit| (at, bit))) {
            let mut altered = text.clone().into_bytes();
            altered[at] ^= 1 << bit;
            let altered = String::from_utf8_lossy(&altered);
            assert_eq!(read(&altered), None, "bit {bit} of letter {at}");
        }
        for kept in 0..text.trim_end_matches('=').len() {
            assert_eq!(read(&text[..kept]), None, "{kept} letters");
        }
        assert_eq!(read(&format!("{text}AAAA")), None);
    }
}

#[test]
fn only_who_made_it_reads_it() {
    let other = Key::new(&[8; Key::LEAST]).unwrap();
    let text = wrapped(b"a payload", Slot::Token);
    assert!(read(&text).is_some());
    for origin in [
        Origin { backend: "claude-eu", ..ORIGIN },
        Origin { model: "claude-opus-4-5", ..ORIGIN },
        Origin { route: "other", ..ORIGIN },
        // The same letters, divided in another way.
        Origin { backend: "claudec", model: "laude-sonnet-4-5", ..ORIGIN },
    ] {
        let seal = Seal::new(&key(), &origin);
        assert_eq!(unwrap(seal.key(), Schema::Claude, &text), None, "{origin:?}");
    }
    assert_eq!(unwrap(Seal::new(&other, &ORIGIN).key(), Schema::Claude, &text), None);
    assert_eq!(unwrap(seal().key(), Schema::Gemini, &text), None);
}

#[test]
fn what_is_too_large_is_not_wrapped_and_not_read() {
    let fits = vec![1; MOST / 4 * 3 - 38];
    let key = seal().key().clone();
    assert_eq!(wrapped(&fits, Slot::Token).len(), MOST);
    assert_eq!(read(&wrapped(&fits, Slot::Token)), Some(fits.clone()));
    for more in [1, MOST, 10 * MOST] {
        let large = [fits.clone(), vec![1; more]].concat();
        assert_eq!(wrap(&key, Schema::Claude, &large, Slot::Token), None);
    }
    assert_eq!(read(&format!("{PREFIX}{}", "A".repeat(MOST))), None);
}

#[test]
fn an_id_without_an_envelope_is_whole() {
    for id in ["", "call_1", "EgretTk1", "toolu_EgretTk", "_egrettk1"] {
        assert_eq!(split(id), None, "{id}");
    }
}
