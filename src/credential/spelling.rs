//! The spellings in which a provider may quote a secret that it was shown (S-37).

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use memchr::memmem::Finder;

/// A shorter secret has one spelling only: those of its pieces would be found by chance.
const SHORTEST: usize = 8;

/// What takes the place of a secret. It is made as long as the secret is, so that lengths that were
/// told before stay true.
const MASK: &[u8] = b"[redacted]";
const FILL: u8 = b'*';

/// How a secret may be spelt in an answer: as it is, and as escaping and base64 make it.
pub(super) struct Spellings(Vec<Finder<'static>>);

impl fmt::Debug for Spellings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

impl Spellings {
    /// Those of this secret.
    pub(super) fn of(secret: &[u8]) -> Self {
        let mut spellings = vec![secret.to_vec()];
        if secret.len() >= SHORTEST {
            spellings.extend([percent(secret), json(secret)]);
            for before in 0..3 {
                spellings.push(inside_base64(&STANDARD_NO_PAD, secret, before));
                spellings.push(inside_base64(&URL_SAFE_NO_PAD, secret, before));
            }
        }
        spellings.sort_unstable();
        spellings.dedup();
        let finders = spellings.iter().filter(|spelling| !spelling.is_empty());
        Self(finders.map(|spelling| Finder::new(spelling).into_owned()).collect())
    }

    /// Whether one of them is there.
    pub(super) fn found_in(&self, text: &[u8]) -> bool {
        self.0.iter().any(|spelling| spelling.find(text).is_some())
    }

    /// Puts something else in the place of each.
    pub(super) fn mask(&self, text: &mut [u8]) {
        for spelling in &self.0 {
            let length = spelling.needle().len();
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
        let begun = self.0.iter().map(|spelling| begun_at_end(spelling.needle(), text));
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
fn percent(secret: &[u8]) -> Vec<u8> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let escape = |byte: &u8| match byte {
        byte if plain(*byte) => vec![*byte],
        byte => format!("%{byte:02X}").into_bytes(),
    };
    secret.iter().flat_map(escape).collect()
}

/// As JSON may write it.
fn json(secret: &[u8]) -> Vec<u8> {
    let escape = |byte: &u8| match byte {
        b'/' | b'"' | b'\\' => vec![b'\\', *byte],
        byte => vec![*byte],
    };
    secret.iter().flat_map(escape).collect()
}

/// What base64 makes of it behind `before` other bytes (modulo 3): only the characters that depend on
/// nothing else.
fn inside_base64(engine: &impl Engine, secret: &[u8], before: usize) -> Vec<u8> {
    let mut padded = vec![0; before];
    padded.extend_from_slice(secret);
    let encoded = engine.encode(&padded).into_bytes();
    // A character holds six bits; the first whole one, and the end of the last whole one.
    let from = (before * 8).div_ceil(6);
    let to = padded.len() * 8 / 6;
    encoded.get(from..to).map(<[u8]>::to_vec).unwrap_or_default()
}
