//! The secret that proves reasoning which callers keep for a provider.

use providers::seal::{Key, TooShort};

use super::SecretSource;

/// The key made of a secret as it is now.
///
/// # Errors
///
/// The secret is shorter than a key must be.
pub fn sealing_key(source: &SecretSource) -> Result<Key, TooShort> {
    Key::new(source.current().expose())
}
