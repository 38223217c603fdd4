//! The paths of OpenAI's API.

use super::super::route::{Api, Endpoint, Route, inside};

/// What is echoed: everything that is neither an answer nor a model, some of it.
const OPAQUE: &[&str] = &[
    "audio",
    "batches",
    "completions",
    "containers",
    "conversations",
    "files",
    "fine_tuning",
    "images",
    "moderations",
    "realtime",
    "responses",
    "uploads",
    "vector_stores",
    "videos",
];

/// What a path asks for, if it is one of OpenAI's.
pub(in super::super) fn find(path: &str) -> Option<Route> {
    let path = path.strip_prefix("/v1/")?;
    Some(match path {
        "chat/completions" => Route::post(Api::Chat, Endpoint::Answer),
        "responses" => Route::post(Api::Responses, Endpoint::Answer),
        "responses/input_tokens" => Route::post(Api::Responses, Endpoint::Count),
        "embeddings" => Route::post(Api::Chat, Endpoint::Embed),
        "models" => Route::get(Api::Chat, Endpoint::Models),
        path => match path.strip_prefix("models/") {
            Some(model) => Route::model(Api::Chat, model),
            None => inside(OPAQUE, path).map(|_| Route::opaque(Api::Chat))?,
        },
    })
}
