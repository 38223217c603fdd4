//! The paths of OpenAI's API.

use super::super::route::{Api, Endpoint, Route};

/// What a path asks for, if it is one of OpenAI's.
pub(in super::super) fn find(path: &str) -> Option<Route> {
    Some(match path.strip_prefix("/v1/")? {
        "chat/completions" => Route::post(Api::Chat, Endpoint::Answer),
        "responses" => Route::post(Api::Responses, Endpoint::Answer),
        "responses/input_tokens" => Route::post(Api::Responses, Endpoint::Count),
        "embeddings" => Route::post(Api::Chat, Endpoint::Embed),
        "models" => Route::get(Api::Chat, Endpoint::Models),
        _ => return None,
    })
}
