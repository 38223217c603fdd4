//! `POST /v1/embeddings`.

use serde_json::{Value, json};

use super::super::Provider;
use super::super::base64;
use super::super::json::Json;
use super::super::rejection::Rejection;
use super::super::route::Route;
use super::super::shape::Kind::{Any, Text, Words};
use super::super::shape::{Reader, Shape, at_least, optional, required};
use super::super::turn::Meter;
use super::super::vector::{self, Embedded};

const READER: Reader = Reader { proto: false, null: true, brackets: true };

static MODEL: Shape = &[required("model", Text)];
static NO_MODEL: Shape = &[optional("model", Text)];
static REQUEST: Shape = &[
    required("input", Any),
    optional("dimensions", at_least(1)),
    optional("encoding_format", Words(&["float", "base64"])),
    optional("user", Text),
];

/// The models, the size of their vectors, and whether those may be cut.
const MODELS: &[(&str, u64, bool)] = &[
    ("text-embedding-3-small", 1536, true),
    ("text-embedding-3-large", 3072, true),
    ("text-embedding-ada-002", 1536, false),
];

/// The most inputs of one request.
const MOST: usize = 2048;

pub(in super::super) fn embed(body: &Json<'_>, route: &Route) -> Result<Embedded, Rejection> {
    let model = if route.model.is_some() { NO_MODEL } else { MODEL };
    READER.check_all(body, &[model, REQUEST]).map_err(|broken| broken.reject(Provider::OpenAi))?;
    let model = body.get("model").and_then(Json::text).unwrap_or_default();
    let model = route.model.as_deref().unwrap_or(model);
    let Some((_, size, cut)) = MODELS.iter().find(|(known, ..)| *known == model) else {
        let message = "You are not allowed to generate embeddings from this model";
        return Err(Rejection::new(403, message));
    };
    let dimensions = match body.get("dimensions").and_then(Json::whole) {
        Some(_) if !cut => {
            let message = "This model does not support specifying dimensions.";
            return Err(Rejection::bad(message).param("dimensions"));
        }
        Some(given) if given > *size => {
            let message = format!(
                "Invalid value for 'dimensions' = {given}. Must be less than or equal to {size}."
            );
            return Err(Rejection::bad(message).param("dimensions"));
        }
        given => given.unwrap_or(*size),
    };
    let inputs = inputs(body)?;
    let base64 = body.get("encoding_format").and_then(Json::text) == Some("base64");
    let data = inputs.iter().enumerate().map(|(index, input)| {
        let vector = vector::of(input.key.as_bytes(), dimensions as usize);
        let embedding = if base64 { packed(&vector) } else { json!(vector) };
        json!({"object": "embedding", "index": index, "embedding": embedding})
    });
    let data: Vec<_> = data.collect();
    let tokens = inputs.iter().map(|input| input.tokens).sum();
    let body = json!({
        "object": "list", "data": data, "model": model,
        "usage": {"prompt_tokens": tokens, "total_tokens": tokens},
    });
    let said = inputs.iter().map(|input| input.key.as_str()).collect();
    Ok(Embedded { model: model.to_owned(), said, tokens, body })
}

/// One thing to embed.
struct Input {
    /// What its vector depends on.
    key: String,
    tokens: u64,
}

/// A text, a list of tokens, or a list of either.
fn inputs(body: &Json<'_>) -> Result<Vec<Input>, Rejection> {
    let invalid = || {
        Rejection::bad(
            "'$.input' is invalid. Please check the API reference: \
             https://platform.openai.com/docs/api-reference.",
        )
    };
    let inputs: Option<Vec<_>> = match body.get("input") {
        Some(text @ Json::Text(_)) => one(text).map(|input| vec![input]),
        Some(tokens @ Json::List(items)) if matches!(items.first(), Some(Json::Number(_))) => {
            one(tokens).map(|input| vec![input])
        }
        Some(Json::List(items)) if (1..=MOST).contains(&items.len()) => {
            items.iter().map(one).collect()
        }
        _ => None,
    };
    inputs.ok_or_else(invalid)
}

/// A text or a list of tokens, neither of them empty.
fn one(json: &Json<'_>) -> Option<Input> {
    match json {
        Json::Text(text) if !text.is_empty() => {
            let mut meter = Meter::default();
            meter.text(text);
            Some(Input { key: text.to_string(), tokens: meter.tokens() })
        }
        Json::List(tokens) if !tokens.is_empty() => {
            tokens.iter().try_for_each(|token| token.whole().map(|_| ()))?;
            Some(Input { key: json.to_string(), tokens: tokens.len() as u64 })
        }
        _ => None,
    }
}

/// A vector as base64 of its little-endian 32-bit floats.
fn packed(vector: &[f32]) -> Value {
    let bytes: Vec<u8> = vector.iter().flat_map(|value| value.to_le_bytes()).collect();
    json!(base64::encode(&bytes))
}
