//! The paths on which providers serve model turns, embeddings and counts (`wire.md` §1.1).

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
/// Without server-sent events (`json_array`) a stream is a JSON array.
#[must_use]
pub fn gemini_path(version: &str, model: &str, stream: bool, json_array: bool) -> String {
    let method = match (stream, json_array) {
        (false, _) => "generateContent",
        (true, false) => "streamGenerateContent?alt=sse",
        (true, true) => "streamGenerateContent",
    };
    gemini_method(version, model, method)
}

/// The path of a request for embeddings, behind the backend's own prefix; `None` where the schema
/// has none.
///
/// `version` is Gemini's API version, and `batch` which of its two methods: what
/// [`crate::embedding::Inbound::batch`] says.
#[must_use]
pub fn embed_path(schema: Schema, version: &str, model: &str, batch: bool) -> Option<String> {
    match schema {
        Schema::Chat => Some("/embeddings".to_owned()),
        Schema::Gemini => {
            let method = if batch { "batchEmbedContents" } else { "embedContent" };
            Some(gemini_method(version, model, method))
        }
        Schema::Responses | Schema::Claude => None,
    }
}

/// The path of a request for a count of tokens, behind the backend's own prefix; `None` where
/// the schema has none. `version` is Gemini's API version.
#[must_use]
pub fn count_path(schema: Schema, version: &str, model: &str) -> Option<String> {
    match schema {
        Schema::Chat => None,
        Schema::Responses => Some("/responses/input_tokens".to_owned()),
        Schema::Claude => Some("/v1/messages/count_tokens".to_owned()),
        Schema::Gemini => Some(gemini_method(version, model, "countTokens")),
    }
}

/// The path of a Gemini method. The model becomes one path segment, whatever it holds: what is
/// not unreserved in RFC 3986 is percent-encoded (S-08).
fn gemini_method(version: &str, model: &str, method: &str) -> String {
    let mut path = format!("/{version}/models/");
    for byte in model.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            path.push(char::from(byte));
        } else {
            // Writing to a string can't fail.
            let _ = write!(path, "%{byte:02X}");
        }
    }
    path.push(':');
    path.push_str(method);
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

    #[test]
    fn embeddings_and_counts_have_paths_where_the_schema_has_them() {
        use Schema::{Chat, Claude, Gemini, Responses};
        let embed = |schema, batch| embed_path(schema, "v1beta", "a/b", batch);
        assert_eq!(embed(Chat, false).as_deref(), Some("/embeddings"));
        assert_eq!(embed(Chat, true).as_deref(), Some("/embeddings"));
        assert_eq!(embed(Gemini, false).as_deref(), Some("/v1beta/models/a%2Fb:embedContent"));
        assert_eq!(embed(Gemini, true).as_deref(), Some("/v1beta/models/a%2Fb:batchEmbedContents"));
        for schema in Schema::ALL {
            let codec = crate::embedding::codec(schema).is_some();
            assert_eq!(embed(schema, true).is_some(), codec, "{schema}");
            let codec = crate::count::codec(schema).is_some();
            assert_eq!(count_path(schema, "v1", "m").is_some(), codec, "{schema}");
        }
        let count = |schema| count_path(schema, "v1", "a/b");
        assert_eq!(count(Responses).as_deref(), Some("/responses/input_tokens"));
        assert_eq!(count(Claude).as_deref(), Some("/v1/messages/count_tokens"));
        assert_eq!(count(Gemini).as_deref(), Some("/v1/models/a%2Fb:countTokens"));
    }
}
