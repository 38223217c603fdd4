//! The paths of the Gemini API, which name model and verb.

use super::super::host::Host;
use super::super::route::{Api, Endpoint, Route, inside, vertex};
use super::VERSIONS;

/// What is echoed.
const OPAQUE: &[&str] = &["batches", "cachedContents", "fileSearchStores", "files", "interactions"];

/// What a path asks for, if it is one of Gemini's.
pub(in super::super) fn find(path: &str, query: &str) -> Option<Route> {
    if let Some((model, verb)) = vertex(path, "google") {
        return Some(Route { host: Host::Vertex, ..call(model, verb, query)? });
    }
    let (version, rest) = path.strip_prefix('/')?.split_once('/')?;
    if !VERSIONS.contains(&version) {
        return None;
    }
    if rest == "models" {
        return Some(Route::get(Api::Generate, Endpoint::Models));
    }
    let Some(model) = rest.strip_prefix("models/") else {
        return inside(OPAQUE, rest).map(|_| Route::opaque(Api::Generate));
    };
    let Some((model, verb)) = model.rsplit_once(':') else {
        return Some(Route::model(Api::Generate, model));
    };
    call(model, verb, query)
}

/// A verb on a model.
fn call(model: &str, verb: &str, query: &str) -> Option<Route> {
    let (endpoint, stream) = match verb {
        "generateContent" => (Endpoint::Answer, false),
        "streamGenerateContent" => (Endpoint::Answer, true),
        "countTokens" => (Endpoint::Count, false),
        "embedContent" => (Endpoint::Embed, false),
        "batchEmbedContents" => (Endpoint::EmbedBatch, false),
        _ => return None,
    };
    let sse = stream && query.split('&').any(|pair| pair == "alt=sse");
    let route = Route::post(Api::Generate, endpoint);
    Some(Route { model: Some(model.to_owned()), stream: Some(stream), sse, ..route })
}
