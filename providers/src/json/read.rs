//! Reading a whole body.

use serde::Deserialize;

/// Reads a body. It is checked to be UTF-8 once, not string by string and raw value by raw value.
///
/// # Errors
///
/// It is not JSON, or not a `T`.
pub(crate) fn read<'a, T: Deserialize<'a>>(body: &'a [u8]) -> serde_json::Result<T> {
    match std::str::from_utf8(body) {
        Ok(text) => serde_json::from_str(text),
        // It says where it is not.
        Err(_) => serde_json::from_slice(body),
    }
}
