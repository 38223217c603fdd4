//! `:embedContent` and `:batchEmbedContents`.

use serde_json::json;

use super::super::Provider;
use super::super::json::Json;
use super::super::rejection::Rejection;
use super::super::route::Route;
use super::super::shape::Kind::{List, Object, Text, Whole, Words};
use super::super::shape::{Kind, Reader, Shape, optional, required};
use super::super::signature::Maker;
use super::super::turn::Meter;
use super::super::vector::{self, Embedded};
use super::contents::{self, parts};
use super::shape::CONTENT;

const READER: Reader = Reader { proto: true, null: true, brackets: true };

#[rustfmt::skip]
static REQUEST: Shape = &[
    required("content", CONTENT),
    optional("model", Text),
    optional("taskType", Words(&[
        "TASK_TYPE_UNSPECIFIED", "RETRIEVAL_QUERY", "RETRIEVAL_DOCUMENT", "SEMANTIC_SIMILARITY", "CLASSIFICATION",
        "CLUSTERING", "QUESTION_ANSWERING", "FACT_VERIFICATION", "CODE_RETRIEVAL_QUERY",
    ])),
    optional("title", Text),
    optional("outputDimensionality", Whole(1.0, SIZE as f64)),
];

static ONE: Kind = Object(REQUEST);
static BATCH: Shape = &[required("requests", List(&ONE, 1, 100))];

/// The size of a vector unless told.
const SIZE: u64 = 3072;

pub(in super::super) fn embed(body: &Json<'_>, route: &Route) -> Result<Embedded, Rejection> {
    READER.check(body, REQUEST).map_err(|broken| broken.reject(Provider::Gemini))?;
    let model = model(route)?;
    let mut input = Input::default();
    let values = input.take(body, model, 0)?;
    let mut answer = json!({"embedding": {"values": values}});
    if tells_usage(model) {
        answer["usageMetadata"] = usage(&input);
    }
    Ok(input.embedded(model, answer))
}

pub(in super::super) fn embed_batch(body: &Json<'_>, route: &Route) -> Result<Embedded, Rejection> {
    READER.check(body, BATCH).map_err(|broken| broken.reject(Provider::Gemini))?;
    let model = model(route)?;
    let mut input = Input::default();
    let mut embeddings = Vec::new();
    for (at, request) in body.get("requests").map_or(&[][..], Json::items).iter().enumerate() {
        let named = request.get("model").and_then(Json::text).unwrap_or_default();
        if named.strip_prefix("models/") != Some(model) {
            return Err(Rejection::bad(format!(
                "* BatchEmbedContentsRequest.requests[{at}].model: the model must be the one of \
                 the URL, models/{model}\n"
            )));
        }
        embeddings.push(json!({"values": input.take(request, model, at)?}));
    }
    let mut answer = json!({"embeddings": embeddings});
    if tells_usage(model) {
        answer["usageMetadata"] = usage(&input);
    }
    Ok(input.embedded(model, answer))
}

fn model(route: &Route) -> Result<&str, Rejection> {
    let model = route.model.as_deref().unwrap_or_default();
    if model.starts_with("gemini-embedding") { Ok(model) } else { Err(super::unknown_model(model)) }
}

/// Newer models say what they read, and see more than text.
fn tells_usage(model: &str) -> bool {
    model != "gemini-embedding-001"
}

fn usage(input: &Input) -> serde_json::Value {
    let tokens = input.tokens;
    json!({"promptTokenCount": tokens,
           "promptTokenDetails": [{"modality": "TEXT", "tokenCount": tokens}]})
}

/// What was read so far.
#[derive(Default)]
struct Input {
    said: String,
    tokens: u64,
}

impl Input {
    /// The vector of one request: all parts of its content make one.
    fn take(&mut self, request: &Json<'_>, model: &str, at: usize) -> Result<Vec<f32>, Rejection> {
        let content = request.get("content").map_or(&Json::Null, |content| content);
        let mut meter = Meter::default();
        let mut key = String::new();
        for (index, part) in parts(content).iter().enumerate() {
            let path = format!("requests[{at}].content.parts[{index}]");
            contents::part(part, &path, Maker::Gemini)?;
            match part.get("text").and_then(Json::text) {
                Some(text) => {
                    meter.text(text);
                    key.push_str(text);
                }
                None if tells_usage(model) => {
                    meter.image();
                    key.push_str(&part.to_string());
                }
                None => return Err(Rejection::bad(format!("{model} embeds text only."))),
            }
        }
        self.said.push_str(&key);
        self.tokens += meter.tokens();
        let size = request.proto("outputDimensionality").and_then(Json::whole).unwrap_or(SIZE);
        Ok(vector::of(key.as_bytes(), size as usize))
    }

    fn embedded(self, model: &str, body: serde_json::Value) -> Embedded {
        Embedded { model: model.to_owned(), said: self.said, tokens: self.tokens, body }
    }
}
