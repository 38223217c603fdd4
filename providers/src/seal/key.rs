//! Keys: the gateway's, and the one of each origin.

use std::fmt;

use ring::hmac;
use zeroize::Zeroizing;

/// The gateway's secret that proves its tokens. Callers who know it could forge them; who
/// changes it makes all tokens that are out there foreign.
#[derive(Clone)]
pub struct Key(Zeroizing<[u8; 32]>);

impl Key {
    /// Fewest bytes that a secret may have.
    pub const LEAST: usize = 32;

    /// A key of this secret, which should be random.
    ///
    /// # Errors
    ///
    /// The secret has less than [`Self::LEAST`] bytes.
    pub fn new(secret: &[u8]) -> Result<Self, TooShort> {
        if secret.len() < Self::LEAST {
            return Err(TooShort(secret.len()));
        }
        // Not the secret itself: what it is used for elsewhere tells nothing here.
        let secret = hmac::Key::new(hmac::HMAC_SHA256, secret);
        let derived = hmac::sign(&secret, b"egret: the seal of reasoning, 1");
        let mut key = Zeroizing::new([0; 32]);
        key.iter_mut().zip(derived.as_ref()).for_each(|(to, from)| *to = *from);
        Ok(Self(key))
    }
}

impl Key {
    /// The key of one origin alone, from its [`Origin::name`].
    pub(super) fn of(&self, origin: &[u8]) -> hmac::Key {
        let key = hmac::Key::new(hmac::HMAC_SHA256, self.0.as_slice());
        hmac::Key::new(hmac::HMAC_SHA256, hmac::sign(&key, origin).as_ref())
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(…)")
    }
}

/// A secret that is too short to make a key of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the secret that seals reasoning has {0} bytes; give it at least {least} random ones",
    least = Key::LEAST
)]
pub struct TooShort(usize);

/// Who made a token: only there it is of use again (`wire.md` §5.3). The schema that was spoken
/// belongs to it too and is said where a token is made or read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Origin<'a> {
    /// The backend, by its name in the configuration.
    pub backend: &'a str,
    /// The model that it was asked for, as it was sent.
    pub model: &'a str,
    /// The route that led there.
    pub route: &'a str,
}

impl Origin<'_> {
    /// Its name: each part with its length, so that no two origins read the same.
    pub(super) fn name(&self) -> Vec<u8> {
        let parts = [self.backend, self.model, self.route];
        let mut name = Vec::with_capacity(parts.iter().map(|part| 8 + part.len()).sum());
        for part in parts {
            name.extend_from_slice(&(part.len() as u64).to_be_bytes());
            name.extend_from_slice(part.as_bytes());
        }
        name
    }
}
