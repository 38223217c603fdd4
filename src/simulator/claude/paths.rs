//! The paths of Anthropic's API.

use super::super::route::{Api, Endpoint, Route, inside};

/// What is echoed.
const OPAQUE: &[&str] = &["files", "messages/batches", "organizations", "skills"];

/// What a path asks for, if it is one of Anthropic's.
pub(in super::super) fn find(path: &str) -> Option<Route> {
    let path = path.strip_prefix("/v1/")?;
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
