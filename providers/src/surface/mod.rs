//! What callers may ask: the table of endpoints, and the lists of models they get
//! (`wire.md` §1.1, §1.2).
//!
//! The table is exact: no path is normalised, nothing is guessed. What is not here is not served,
//! because an endpoint that is passed on unread escapes access rules and budgets.

mod models;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

pub use models::{render_model, render_models};

use crate::Schema;

/// What is asked of a model, as far as the path says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// One model turn.
    Generate {
        /// Whether to stream, where that stands in the path (Gemini).
        stream: Option<bool>,
        /// Gemini's stream as a JSON array rather than as server-sent events.
        json_array: bool,
    },
    /// Vectors of texts.
    Embed {
        /// Gemini: the method is `:batchEmbedContents` and not `:embedContent`.
        batch: bool,
    },
    /// A count of the tokens that a model turn would have.
    Count,
}

/// What a caller asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Endpoint<'a> {
    /// Something of a model.
    Ask {
        /// The schema of the request and of its answer.
        schema: Schema,
        /// What.
        operation: Operation,
        /// The model in the path (Gemini), percent-decoded, without `models/`; `None` where the
        /// body names it.
        model: Option<Cow<'a, str>>,
    },
    /// The list of models.
    Models {
        /// The schema of the answer.
        schema: Schema,
    },
    /// One model.
    Model {
        /// The schema of the answer.
        schema: Schema,
        /// Its name, percent-decoded, without `models/`.
        id: Cow<'a, str>,
    },
}

/// What a request's headers say about the SDK that sent it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HeaderHints {
    /// `anthropic-version` is there.
    pub anthropic_version: bool,
    /// `x-goog-api-key` or `x-goog-api-client` is there, or `key` in the query.
    pub goog_key: bool,
}

impl HeaderHints {
    /// Whose SDK it is. A bearer token says nothing: Anthropic's SDKs send one too.
    const fn schema(self) -> Schema {
        match self {
            Self { anthropic_version: true, .. } => Schema::Claude,
            Self { goog_key: true, .. } => Schema::Gemini,
            _ => Schema::Chat,
        }
    }
}

/// The API versions that Google's SDKs put first in a path.
const GEMINI_VERSIONS: [&str; 4] = ["v1", "v1beta", "v1alpha", "v1beta1"];

/// Longest model name, in bytes.
pub(crate) const MODEL_MAX: usize = 256;

/// Finds what is asked for; `None` is a 404. `path` is as the caller sent it, without query.
pub fn endpoint<'a>(
    method: &str,
    path: &'a str,
    query: Option<&str>,
    hints: HeaderHints,
) -> Option<Endpoint<'a>> {
    match (method, path) {
        ("POST", "/v1/chat/completions") => Some(body_names_model(Schema::Chat, TURN)),
        ("POST", "/v1/responses") => Some(body_names_model(Schema::Responses, TURN)),
        ("POST", "/v1/messages") => Some(body_names_model(Schema::Claude, TURN)),
        ("POST", "/v1/embeddings") => {
            Some(body_names_model(Schema::Chat, Operation::Embed { batch: false }))
        }
        ("POST", "/v1/responses/input_tokens") => {
            Some(body_names_model(Schema::Responses, Operation::Count))
        }
        ("POST", "/v1/messages/count_tokens") => {
            Some(body_names_model(Schema::Claude, Operation::Count))
        }
        ("POST", _) => gemini_method(path, query),
        ("GET", _) => models(path, query, hints),
        _ => None,
    }
}

/// The schema in which to answer an error on a path that [`endpoint`] does not know.
pub fn schema_of(path: &str, hints: HeaderHints) -> Schema {
    if is_under(path, "/v1/messages") {
        return Schema::Claude;
    }
    if is_under(path, "/v1/responses") {
        return Schema::Responses;
    }
    if ["/v1/chat", "/v1/embeddings", "/v1/completions"].iter().any(|prefix| is_under(path, prefix))
    {
        return Schema::Chat;
    }
    match versioned(path) {
        Some(("v1", rest)) if is_gemini_resource(rest) && rest.contains(':') => Schema::Gemini,
        Some(("v1", _)) | None => hints.schema(),
        Some(_) => Schema::Gemini,
    }
}

/// A model turn of which the path says nothing more.
const TURN: Operation = Operation::Generate { stream: None, json_array: false };

const fn body_names_model(schema: Schema, operation: Operation) -> Endpoint<'static> {
    Endpoint::Ask { schema, operation, model: None }
}

/// `/{version}/models/{model}:{method}`
fn gemini_method<'a>(path: &'a str, query: Option<&str>) -> Option<Endpoint<'a>> {
    let (_, resource) = versioned(path)?;
    let (resource, method) = resource.rsplit_once(':')?;
    let generate = |stream: bool| Operation::Generate {
        stream: Some(stream),
        json_array: stream && !has_pair(query, |pair| pair == "alt=sse"),
    };
    let operation = match method {
        "generateContent" => generate(false),
        "streamGenerateContent" => generate(true),
        "countTokens" => Operation::Count,
        "embedContent" => Operation::Embed { batch: false },
        "batchEmbedContents" => Operation::Embed { batch: true },
        _ => return None,
    };
    let model = Some(gemini_model(resource)?);
    Some(Endpoint::Ask { schema: Schema::Gemini, operation, model })
}

/// `/{version}/models` and `/{version}/models/{model}`
fn models<'a>(path: &'a str, query: Option<&str>, hints: HeaderHints) -> Option<Endpoint<'a>> {
    let (version, resource) = versioned(path)?;
    let schema = match version {
        "v1" => {
            let key = has_pair(query, |pair| pair.starts_with("key="));
            HeaderHints { goog_key: hints.goog_key || key, ..hints }.schema()
        }
        _ => Schema::Gemini,
    };
    if resource == "models" {
        return Some(Endpoint::Models { schema });
    }
    let id = match schema {
        Schema::Gemini => gemini_model(resource)?,
        Schema::Chat | Schema::Responses | Schema::Claude => {
            model_name(resource.strip_prefix("models/")?)?
        }
    };
    Some(Endpoint::Model { schema, id })
}

/// Splits `/v1beta/rest` into version and rest.
fn versioned(path: &str) -> Option<(&str, &str)> {
    let (version, rest) = path.strip_prefix('/')?.split_once('/')?;
    GEMINI_VERSIONS.contains(&version).then_some((version, rest))
}

fn is_gemini_resource(resource: &str) -> bool {
    resource.starts_with("models/") || resource.starts_with("tunedModels/")
}

/// `models/{model}` or `tunedModels/{model}`; SDKs given a prefixed name don't add their own, and
/// some hosts' SDKs do, so `models/models/{model}` is the same model.
fn gemini_model(resource: &str) -> Option<Cow<'_, str>> {
    if resource.starts_with("tunedModels/") {
        return model_name(resource);
    }
    model_name(resource.strip_prefix("models/")?)
}

/// A model name from the end of a path: decoded once, and refused where its meaning would depend
/// on who reads it (S-20).
fn model_name(text: &str) -> Option<Cow<'_, str>> {
    let slashes = text.matches('/').count();
    if slashes > 1 || (slashes == 1 && !is_gemini_resource(text)) {
        return None;
    }
    let name = match percent_decoded(text)? {
        Cow::Borrowed(name) => Cow::Borrowed(name.strip_prefix("models/").unwrap_or(name)),
        Cow::Owned(name) => {
            Cow::Owned(name.strip_prefix("models/").map(str::to_owned).unwrap_or(name))
        }
    };
    let plain = name.len() <= MODEL_MAX
        && !name.chars().any(|c| c.is_control() || matches!(c, '%' | '\\' | '?' | '#'))
        && name.split('/').all(|segment| !matches!(segment, "" | "." | ".."));
    plain.then_some(name)
}

/// Decodes `%XX` once; `None` if an escape is broken or the result is not UTF-8.
fn percent_decoded(text: &str) -> Option<Cow<'_, str>> {
    if !text.contains('%') {
        return Some(Cow::Borrowed(text));
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => hex(rest.next()?)? << 4 | hex(rest.next()?)?,
            other => other,
        });
    }
    String::from_utf8(bytes).ok().map(Cow::Owned)
}

const fn hex(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

fn has_pair(query: Option<&str>, wanted: impl Fn(&str) -> bool) -> bool {
    query.is_some_and(|query| query.split('&').any(wanted))
}

/// A query without what may be a key, for a request that is passed on unread: a caller's key stays
/// with the gateway, and a provider must not be shown another than the gateway's (S-41).
pub fn without_keys(query: &str) -> String {
    const KEYS: [&str; 6] = ["key", "api_key", "api-key", "access_token", "oauth_token", "token"];
    let may_be_key = |pair: &&str| {
        let name = pair.split('=').next().unwrap_or_default();
        let name = percent_decoded(name);
        // Google's APIs take each of their own parameters with a `$` before it, too.
        let is_key = |name: &str| KEYS.contains(&name.trim_start_matches('$'));
        name.is_none_or(|name| is_key(&name.to_ascii_lowercase()))
    };
    let kept: Vec<&str> = query.split('&').filter(|pair| !may_be_key(pair)).collect();
    kept.join("&")
}

/// Whether `path` is `prefix` or below it.
fn is_under(path: &str, prefix: &str) -> bool {
    path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}
