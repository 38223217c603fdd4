//! Base64: the size of what comes in, and what goes out.

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// How many bytes padded standard (or URL-safe) base64 decodes to; `None` if it is not base64.
pub fn decoded_length(base64: &str) -> Option<usize> {
    let data = base64.trim_end_matches('=');
    let good = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_');
    let whole =
        base64.len().is_multiple_of(4) && base64.len() - data.len() <= 2 && !base64.is_empty();
    (whole && data.bytes().all(good)).then_some(data.len() * 3 / 4)
}

/// Padded standard base64.
pub fn encode(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let byte = |at: usize| u32::from(chunk.get(at).copied().unwrap_or_default());
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for at in 0..4 {
            let index = (bits >> (18 - 6 * at)) & 63;
            let letter = ALPHABET.get(index as usize).copied().unwrap_or_default();
            text.push(if at > chunk.len() as u32 { '=' } else { char::from(letter) });
        }
    }
    text
}
