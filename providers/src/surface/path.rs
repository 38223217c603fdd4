//! The paths on which providers serve model turns (`wire.md` §1.1).

use std::fmt::Write;

use crate::Schema;

/// The path, and query, of a request for one model turn, behind the backend's own prefix.
///
/// OpenAI's begins behind `/v1`, which its SDKs count as part of the base URL.
#[must_use]
pub fn path(schema: Schema, model: &str, stream: bool) -> String {
    match schema {
        Schema::Chat => "/chat/completions".to_owned(),
        Schema::Responses => "/responses".to_owned(),
        Schema::Claude => "/v1/messages".to_owned(),
        Schema::Gemini => gemini_path("v1beta", model, stream, false),
    }
}

/// The path and query of a Gemini request under this API version.
///
/// The model becomes one path segment, whatever it holds: what is not unreserved in RFC 3986 is
/// percent-encoded (S-08). Without server-sent events (`json_array`) a stream is a JSON array.
#[must_use]
pub fn gemini_path(version: &str, model: &str, stream: bool, json_array: bool) -> String {
    let mut path = format!("/{version}/models/");
    for byte in model.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            path.push(char::from(byte));
        } else {
            // Writing to a string can't fail.
            let _ = write!(path, "%{byte:02X}");
        }
    }
    path.push_str(match (stream, json_array) {
        (false, _) => ":generateContent",
        (true, false) => ":streamGenerateContent?alt=sse",
        (true, true) => ":streamGenerateContent",
    });
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_is_one_segment_whatever_it_holds() {
        let path = path(Schema::Gemini, "../x?y#z\r\n/ä", false);
        assert_eq!(path, "/v1beta/models/..%2Fx%3Fy%23z%0D%0A%2F%C3%A4:generateContent");
    }

    #[test]
    fn streams_are_events_unless_an_array_is_asked_for() {
        let path = |array| gemini_path("v1", "gemini-2.5-pro", true, array);
        assert_eq!(path(false), "/v1/models/gemini-2.5-pro:streamGenerateContent?alt=sse");
        assert_eq!(path(true), "/v1/models/gemini-2.5-pro:streamGenerateContent");
    }
}
