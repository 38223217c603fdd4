//! The paths of OpenAI's API, and of Azure and other clouds that offer it.

use http::HeaderMap;

use super::super::host::Host;
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

/// What a path asks for, if it is one of these. Azure and mantle share `/openai/v1`; who sends
/// `api-key` means Azure.
pub(in super::super) fn find(path: &str, query: &str, headers: &HeaderMap) -> Option<Route> {
    if let Some(path) = path.strip_prefix("/v1/") {
        return own(path);
    }
    let path = path.strip_prefix("/openai/")?;
    if let Some(path) = path.strip_prefix("v1/") {
        let host = if headers.contains_key("api-key") { Host::Azure } else { Host::Hosted };
        return Some(Route { host, ..own(path)? });
    }
    // Classic Azure: the deployment is the model, and the version is in the query.
    let (deployment, path) = path.strip_prefix("deployments/")?.split_once('/')?;
    let versioned = |pair: &str| pair.strip_prefix("api-version=").is_some_and(|it| !it.is_empty());
    if !query.split('&').any(versioned) {
        return None;
    }
    let route = match path {
        "chat/completions" => Route::post(Api::Chat, Endpoint::Answer),
        "embeddings" => Route::post(Api::Chat, Endpoint::Embed),
        _ => return None,
    };
    Some(Route { host: Host::Azure, model: Some(deployment.to_owned()), ..route })
}

fn own(path: &str) -> Option<Route> {
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
