//! Where requests go.

use std::fmt::Write as _;

/// The path and query of a request for this model (`wire.md` §1.1).
///
/// The model becomes one path segment, whatever it holds: what is not unreserved in RFC 3986 is
/// percent-encoded (S-08).
#[must_use]
pub fn path(model: &str, stream: bool) -> String {
    let mut path = String::from("/v1beta/models/");
    for byte in model.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            path.push(char::from(byte));
        } else {
            // Writing to a string can't fail.
            let _ = write!(path, "%{byte:02X}");
        }
    }
    path.push_str(if stream { ":streamGenerateContent?alt=sse" } else { ":generateContent" });
    path
}
