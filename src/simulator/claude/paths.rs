//! The paths of Anthropic's API, and of the clouds that offer it.

use super::super::host::{Host, bare};
use super::super::route::{Api, Endpoint, Route, inside, vertex};

/// What is echoed.
const OPAQUE: &[&str] = &["files", "messages/batches", "organizations", "skills"];

/// What a path asks for, if it is one of these.
pub(in super::super) fn find(path: &str) -> Option<Route> {
    let answer = Route::post(Api::Messages, Endpoint::Answer);
    if let Some((model, verb)) = vertex(path, "anthropic") {
        let stream = match verb {
            "rawPredict" => false,
            "streamRawPredict" => true,
            _ => return None,
        };
        if model == "count-tokens" {
            let count = Route::post(Api::Messages, Endpoint::Count);
            return Some(Route { host: Host::Vertex, ..count });
        }
        let model = Some(model.to_owned());
        return Some(Route { host: Host::Vertex, model, stream: Some(stream), ..answer });
    }
    if let Some(path) = path.strip_prefix("/model/") {
        let (model, verb) = path.split_once('/')?;
        let stream = match verb {
            "invoke" => false,
            "invoke-with-response-stream" => true,
            _ => return None,
        };
        let model = model.replace("%3A", ":").replace("%3a", ":");
        let model = Some(bare(&model).to_owned());
        return Some(Route { host: Host::Bedrock, model, stream: Some(stream), ..answer });
    }
    if let Some(path) = path.strip_prefix("/anthropic/v1/") {
        return Some(Route { host: Host::Hosted, ..own(path)? });
    }
    own(path.strip_prefix("/v1/")?)
}

fn own(path: &str) -> Option<Route> {
    Some(match path {
        "messages" => Route::post(Api::Messages, Endpoint::Answer),
        "messages/count_tokens" => Route::post(Api::Messages, Endpoint::Count),
        "models" => Route::get(Api::Messages, Endpoint::Models),
        path => match path.strip_prefix("models/") {
            Some(model) => Route::model(Api::Messages, model),
            None => inside(OPAQUE, path).map(|_| Route::opaque(Api::Messages))?,
        },
    })
}
