//! Images in requests: their media type and size.

use super::base64::decoded_length;
use super::turn::Image;

/// The media types that all three providers take.
pub const MEDIA_TYPES: &[&str] = &["image/jpeg", "image/png", "image/gif", "image/webp"];

/// An image given as a `data:` or `https:` URL.
///
/// # Errors
/// What is wrong with it, as the end of a sentence.
pub fn of_url(url: &str) -> Result<Image, String> {
    if let Some(data) = url.strip_prefix("data:") {
        let (kind, base64) = data.split_once(";base64,").ok_or(
            "Expected a base64-encoded data URL with an image MIME type \
             (e.g. 'data:image/png;base64,aW1nIGJ5dGVzIGhlcmU=').",
        )?;
        return of_base64(kind, base64);
    }
    if url.starts_with("https://") || url.starts_with("http://") {
        return Ok(Image { kind: url.to_owned(), bytes: 0 });
    }
    Err("Expected a valid URL.".to_owned())
}

/// An image given as base64.
///
/// # Errors
/// What is wrong with it, as the end of a sentence.
pub fn of_base64(kind: &str, base64: &str) -> Result<Image, String> {
    if !MEDIA_TYPES.contains(&kind) {
        let kinds = MEDIA_TYPES.join("', '");
        return Err(format!("Unsupported image type {kind}. Supported are '{kinds}'."));
    }
    let bytes = decoded_length(base64).ok_or("The base64 data is not valid.")?;
    Ok(Image { kind: kind.to_owned(), bytes })
}
