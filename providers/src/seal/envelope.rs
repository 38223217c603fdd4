//! The envelope: bytes that prove who made them, as text that any slot for a token takes.
//!
//! ```text
//! base64( magic 6 | HMAC-SHA-256 32 | payload )        always begins with "EgretTk1"
//! ```
//!
//! The tag is made with the key of the origin, over the schema and the payload. Nothing in the
//! envelope says who made it: read by anyone else it proves nothing. What it carries is not
//! hidden from the caller, whose conversation it is.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use memchr::memmem;
use ring::hmac;

use crate::Schema;

/// What every envelope begins with.
pub(super) const PREFIX: &str = "EgretTk1";

/// What stands between a tool call's id and the envelope on it: `call_1_EgretTk1…`.
const JOINT: &str = "_EgretTk1";

/// The prefix as bytes: eight letters of base64 are six bytes exactly.
const MAGIC: [u8; 6] = [0x12, 0x0a, 0xde, 0xb5, 0x39, 0x35];

const TAG: usize = 32;

/// Longest envelope, in letters. What is larger is not carried: it would come back with every
/// request of a conversation.
pub(super) const MOST: usize = 64 * 1024;

/// Where an envelope is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Slot {
    /// A field of its own: standard base64, padded. Google's SDKs decode it to bytes and encode
    /// it again.
    Token,
    /// In an id: the letters that ids may have.
    Id,
}

/// The envelope of a payload; `None` if it were too large.
pub(super) fn wrap(key: &hmac::Key, schema: Schema, payload: &[u8], slot: Slot) -> Option<String> {
    if payload.len() > MOST {
        return None;
    }
    let tag = tag(key, schema, payload);
    let bytes = [MAGIC.as_slice(), tag.as_ref(), payload].concat();
    let text = match slot {
        Slot::Token => STANDARD.encode(bytes),
        Slot::Id => URL_SAFE_NO_PAD.encode(bytes),
    };
    (text.len() <= MOST).then_some(text)
}

fn tag(key: &hmac::Key, schema: Schema, payload: &[u8]) -> hmac::Tag {
    let mut context = hmac::Context::with_key(key);
    signed(schema, payload).into_iter().for_each(|piece| context.update(piece));
    context.sign()
}

/// What is signed. No schema's name has a zero in it.
const fn signed(schema: Schema, payload: &[u8]) -> [&[u8]; 3] {
    [schema.as_str().as_bytes(), &[0], payload]
}

/// The payload of an envelope that was made with this key for this schema, and not altered
/// since. Python's Google SDK writes bytes in the URL-safe letters, so either kind is read, and
/// padding or not.
pub(super) fn unwrap(key: &hmac::Key, schema: Schema, text: &str) -> Option<Vec<u8>> {
    if text.len() > MOST {
        return None;
    }
    let text = text.trim_end_matches('=');
    let bytes = match text.contains(['-', '_']) {
        true => URL_SAFE_NO_PAD.decode(text),
        false => STANDARD_NO_PAD.decode(text),
    };
    let bytes = bytes.ok()?;
    let (tag, payload) = bytes.strip_prefix(&MAGIC)?.split_at_checked(TAG)?;
    hmac::verify(key, &signed(schema, payload).concat(), tag).ok()?;
    Some(payload.to_vec())
}

/// Whether a token looks like an envelope, whoever made it.
pub(super) fn is_envelope(token: &str) -> bool {
    token.starts_with(PREFIX)
}

/// Parts the id of a tool call from the envelope on it.
pub(super) fn split(id: &str) -> Option<(&str, &str)> {
    let at = memmem::find(id.as_bytes(), JOINT.as_bytes())?;
    let (id, rest) = id.split_at_checked(at)?;
    rest.get(1..).map(|envelope| (id, envelope))
}

/// An id with an envelope on it, as [`split`] parts it.
pub(super) fn join(id: &str, envelope: &str) -> String {
    format!("{id}_{envelope}")
}

/// Whether something in a body may be an envelope: it stands at the beginning of a string, or
/// after an id.
pub(super) fn is_in(body: &[u8]) -> bool {
    memmem::find_iter(body, PREFIX).any(|at| {
        let before = at.checked_sub(1).and_then(|before| body.get(before));
        matches!(before, Some(b'"' | b'_'))
    })
}
