//! Tool call ids that Anthropic accepts: `^[a-zA-Z0-9_-]+$`.

use std::borrow::Cow;

/// Longest id that is left as it is: nothing says where Anthropic's limit lies.
const MAX_ID: usize = 64;

/// FNV-1a with 128 bits: stable over releases, so that a replayed conversation reads the same
/// and meets the provider's prompt cache.
const OFFSET: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
const PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013b;

/// The id itself where Anthropic accepts it, else one made from it, always the same: call and
/// result stay together without a table.
pub(super) fn accepted(id: &str) -> Cow<'_, str> {
    let fine = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    if (1..=MAX_ID).contains(&id.len()) && id.bytes().all(fine) {
        return Cow::Borrowed(id);
    }
    let step = |hash: u128, byte: u8| (hash ^ u128::from(byte)).wrapping_mul(PRIME);
    Cow::Owned(format!("toolu_{:032x}", id.bytes().fold(OFFSET, step)))
}

/// Gives every call of one answer an id of its own.
#[derive(Debug, Default)]
pub(super) struct Ids(Vec<String>);

impl Ids {
    /// The id to write for a call: the provider's where it is there, accepted and not yet given.
    pub(super) fn unique(&mut self, id: Option<&str>, answer: &str) -> &str {
        let minted = |n: usize| accepted(&format!("toolu_{answer}_{n}")).into_owned();
        let given = id.map(|id| accepted(id).into_owned()).filter(|id| !self.0.contains(id));
        let mut n = self.0.len();
        let mut id = given.unwrap_or_else(|| minted(n));
        while self.0.contains(&id) {
            n += 1;
            id = minted(n);
        }
        self.0.push(id);
        self.0.last().map_or("", String::as_str)
    }
}
