//! Gemini's `:countTokens`: contents alone, or a whole request in `generateContentRequest`.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::members::{Members, read, written};
use super::{Codec, unreadable};
use crate::Schema;
use crate::conversation::{ApiError, Refusal};
use crate::json::reports_error;

/// How Gemini counts.
#[derive(Clone, Copy, Debug)]
pub struct Gemini;

const HOLDERS: &[&str] = &["generateContentRequest", "generate_content_request"];

impl Codec for Gemini {
    fn holders(&self) -> &'static [&'static str] {
        HOLDERS
    }

    /// Vertex's callers send the request as it is, with nothing around it.
    fn unwrap<'a>(&self, body: &'a [u8]) -> Result<Cow<'a, [u8]>, Refusal> {
        let members = read(body)?;
        let held = HOLDERS.iter().find_map(|name| members.get(name));
        let Some(held) = held.filter(|held| held.get() != "null") else {
            return Ok(Cow::Borrowed(body));
        };
        if members.get("contents").is_some_and(|contents| contents.get() != "null") {
            let message = "`contents` and `generateContentRequest` exclude each other; send one";
            return Err(Refusal::of("contents", message));
        }
        Ok(Cow::Borrowed(held.get().as_bytes()))
    }

    fn wrap(&self, body: &[u8], model: &str) -> Result<Vec<u8>, Refusal> {
        let members = read(body)?.0;
        if members.iter().all(|(name, _)| name == "contents") {
            return Ok(body.to_vec());
        }
        let model = format!("models/{model}");
        let rest: Vec<(&str, &RawValue)> =
            members.iter().map(|(name, value)| (&**name, *value)).collect();
        written(&Out { request: Named { model: &model, rest: Members(rest) } })
    }

    fn decode_response(&self, body: &[u8]) -> Result<u64, ApiError> {
        if reports_error(body) {
            return Err(Schema::Gemini.codec().decode_error(200, body));
        }
        let answer: Answer = serde_json::from_slice(body).map_err(|_| unreadable())?;
        Ok(answer.total_tokens)
    }

    fn encode_response(&self, tokens: u64) -> Vec<u8> {
        format!(r#"{{"totalTokens":{tokens}}}"#).into_bytes()
    }
}

#[derive(Serialize)]
struct Out<'a> {
    #[serde(rename = "generateContentRequest")]
    request: Named<'a>,
}

#[derive(Serialize)]
struct Named<'a> {
    model: &'a str,
    #[serde(flatten)]
    rest: Members<'a>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    total_tokens: u64,
}
