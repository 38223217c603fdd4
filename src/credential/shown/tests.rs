#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use proptest::prelude::*;

use super::*;

const KEY: &str = "sk-canary/with+odd=signs";

fn shown(secret: &str) -> Shown {
    Shown::new(Vec::new(), vec![Arc::new(Secret::token(secret.into()).unwrap())], 0)
}

/// What comes out of a scrubber for these pieces.
fn streamed(shown: &Shown, pieces: &[&[u8]]) -> Vec<u8> {
    let mut scrubber = shown.scrubber();
    let mut out = Vec::new();
    for piece in pieces {
        out.extend_from_slice(&scrubber.push(Bytes::copy_from_slice(piece)));
    }
    out.extend_from_slice(&scrubber.end());
    out
}

/// S-37: in every spelling that a provider may quote it in.
#[test]
fn s_37_a_secret_is_masked_in_each_of_its_spellings() {
    let shown = shown(KEY);
    let basic = |before: &str| STANDARD.encode(format!("{before}{KEY}:more"));
    let url_safe = |before: &str| URL_SAFE.encode(format!("{before}{KEY}:more"));
    let spellings = [
        KEY.to_owned(),
        "sk-canary%2Fwith%2Bodd%3Dsigns".to_owned(),
        r"sk-canary\/with+odd=signs".to_owned(),
        basic(""),
        basic("x"),
        basic("xy"),
        basic("Bearer "),
        url_safe(""),
        url_safe("x"),
        url_safe("xy"),
    ];
    for spelling in spellings {
        let text = format!("your key {spelling} is wrong");
        let clean = shown.scrub(&text);
        assert_eq!(clean.len(), text.len());
        assert!(clean.contains("[redacted]"), "{clean}");
        assert!(!clean.contains("canary") && !clean.contains("c2stY2FuYXJ5"), "{clean}");
        assert_eq!(streamed(&shown, &[text.as_bytes()]), clean.as_bytes());
        assert_eq!(shown.scrub_answer(text.into()), clean);
    }
}

#[test]
fn an_answer_that_quotes_nothing_is_the_same_bytes() {
    let shown = shown(KEY);
    let body = Bytes::from_static(b"data: {\"text\":\"sk-canary is a bird\"}\n\n");
    assert_eq!(shown.scrub_answer(body.clone()).as_ptr(), body.as_ptr());
    assert_eq!(shown.scrubber().push(body.clone()).as_ptr(), body.as_ptr());
}

/// Whoever writes `none` or `test` where a key is asked for must not lose the word in answers.
#[test]
fn a_short_key_is_masked_in_errors_only() {
    let shown = shown("lm-studio");
    assert_eq!(shown.scrub("bad key lm-studio"), "bad key *********");
    let body = Bytes::from_static(b"install lm-studio first");
    assert_eq!(shown.scrub_answer(body.clone()), body);
    assert_eq!(streamed(&shown, &[&body]), body);
}

/// S-37: split at every byte, and a stream that only seems to begin one waits for no more than that.
#[test]
fn s_37_a_secret_is_masked_wherever_it_is_cut() {
    let shown = shown(KEY);
    let text = format!("data: key {KEY} and sk-canary\n\n");
    let clean = shown.scrub(&text);
    for first in 0..text.len() {
        for second in first..text.len() {
            let bytes = text.as_bytes();
            let pieces = [&bytes[..first], &bytes[first..second], &bytes[second..]];
            assert_eq!(streamed(&shown, &pieces), clean.as_bytes());
        }
    }
    let mut scrubber = shown.scrubber();
    assert_eq!(scrubber.push(Bytes::from_static(b"data: sk-ca")), "data: ");
    assert_eq!(scrubber.push(Bytes::from_static(b"t\n\n")), "sk-cat\n\n");
    assert_eq!(scrubber.push(Bytes::from_static(b"data: ok\n\n")), "data: ok\n\n");
}

proptest! {
    /// However answers are made of pieces of a secret, and cut: nothing is lost, and no secret stays.
    #[test]
    fn no_cut_and_no_repetition_lets_one_through(
        parts in prop::collection::vec((0_usize..24, 0_usize..25), 1..12),
        cuts in prop::collection::vec(0_usize..200, 0..8),
    ) {
        let text: String = parts.iter().map(|(from, to)| &KEY[*from.min(to)..*from.max(to)]).collect();
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut % (text.len() + 1)).collect();
        cuts.extend([0, text.len()]);
        cuts.sort_unstable();
        let pieces: Vec<&[u8]> = cuts.windows(2).map(|cut| &text.as_bytes()[cut[0]..cut[1]]).collect();
        let shown = shown(KEY);
        let out = streamed(&shown, &pieces);
        prop_assert_eq!(out.len(), text.len());
        prop_assert!(!String::from_utf8(out).unwrap().contains(KEY));
    }
}
