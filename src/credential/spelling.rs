//! The spellings in which a provider may quote a secret that it was shown (S-37).

use std::fmt;
use std::io::Write;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use zeroize::Zeroizing;

use super::needle::Needle;

/// A shorter secret has one spelling only: those of its pieces would be found by chance.
const SHORTEST: usize = 8;

/// What takes the place of a secret. It is made as long as the secret is, so that lengths that were
/// told before stay true.
const MASK: &[u8] = b"[redacted]";
const FILL: u8 = b'*';

/// A secret in some spelling. Each is made in one piece of memory that is large enough: one that
/// grows leaves copies behind.
type Spelling = Zeroizing<Vec<u8>>;

/// How a secret may be spelt in an answer: as it is, and as escaping and base64 make it.
pub(super) struct Spellings(Vec<Needle>);

impl fmt::Debug for Spellings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

impl Spellings {
    /// Those of this secret.
    pub(super) fn of(secret: &[u8]) -> Self {
        let mut spellings = vec![Zeroizing::new(secret.to_vec())];
        if secret.len() >= SHORTEST {
            spellings.extend([percent(secret), json(secret)]);
            for before in 0..3 {
                spellings.push(inside_base64(&STANDARD_NO_PAD, secret, before));
                spellings.push(inside_base64(&URL_SAFE_NO_PAD, secret, before));
            }
        }
        spellings.sort_unstable_by(|one, other| one.as_slice().cmp(other));
        spellings.dedup();
        Self(spellings.into_iter().filter_map(Needle::new).collect())
    }

    /// Whether one of them is there.
    pub(super) fn found_in(&self, text: &[u8]) -> bool {
        self.0.iter().any(|spelling| spelling.find(text).is_some())
    }

    /// Puts something else in the place of each.
    pub(super) fn mask(&self, text: &mut [u8]) {
        for spelling in &self.0 {
            let length = spelling.bytes().len();
            let mut from = 0;
            while let Some(at) = text.get(from..).and_then(|rest| spelling.find(rest)) {
                let start = from + at;
                if let Some(found) = text.get_mut(start..start + length) {
                    found.fill(FILL);
                    if let Some(begin) = found.get_mut(..MASK.len()) {
                        begin.copy_from_slice(MASK);
                    }
                }
                from = start + length;
            }
        }
    }

    /// How many bytes at the end of `text` may be the beginning of one of them.
    pub(super) fn begun_at_end(&self, text: &[u8]) -> usize {
        let begun = self.0.iter().map(|spelling| begun_at_end(spelling.bytes(), text));
        begun.max().unwrap_or(0)
    }
}

fn begun_at_end(spelling: &[u8], text: &[u8]) -> usize {
    let Some((first, _)) = spelling.split_first() else { return 0 };
    let most = text.len().min(spelling.len() - 1);
    let tail = text.get(text.len() - most..).unwrap_or_default();
    let begins = |at: &usize| tail.get(*at..).is_some_and(|begun| spelling.starts_with(begun));
    memchr::memchr_iter(*first, tail).find(begins).map_or(0, |at| most - at)
}

/// As a URL escapes it (RFC 3986 §2.1).
fn percent(secret: &[u8]) -> Spelling {
    let mut spelling = Zeroizing::new(Vec::with_capacity(secret.len() * 3));
    for byte in secret {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(byte) {
            spelling.push(*byte);
        } else {
            // Writing to memory does not fail.
            let _ = write!(*spelling, "%{byte:02X}");
        }
    }
    spelling
}

/// As JSON may write it.
fn json(secret: &[u8]) -> Spelling {
    let mut spelling = Zeroizing::new(Vec::with_capacity(secret.len() * 2));
    for byte in secret {
        if matches!(byte, b'/' | b'"' | b'\\') {
            spelling.push(b'\\');
        }
        spelling.push(*byte);
    }
    spelling
}

/// What base64 makes of it behind `before` other bytes (modulo 3): only the characters that depend on
/// nothing else.
fn inside_base64(engine: &impl Engine, secret: &[u8], before: usize) -> Spelling {
    let mut padded = Zeroizing::new(vec![0; before + secret.len()]);
    if let Some(place) = padded.get_mut(before..) {
        place.copy_from_slice(secret);
    }
    let mut encoded = Zeroizing::new(vec![0; padded.len().div_ceil(3) * 4]);
    // A character holds six bits; the first whole one, and the end of the last whole one.
    let from = (before * 8).div_ceil(6);
    let to = padded.len() * 8 / 6;
    match engine.encode_slice(padded.as_slice(), &mut encoded) {
        Ok(_) => Zeroizing::new(encoded.get(from..to).unwrap_or_default().to_vec()),
        Err(_) => Zeroizing::default(),
    }
}
