//! The paths of Anthropic's API.

use super::super::route::{Api, Endpoint, Route};

/// What a path asks for, if it is one of Anthropic's.
pub(in super::super) fn find(path: &str) -> Option<Route> {
    Some(match path {
        "/v1/messages" => Route::post(Api::Messages, Endpoint::Answer),
        "/v1/messages/count_tokens" => Route::post(Api::Messages, Endpoint::Count),
        "/v1/models" => Route::get(Api::Messages, Endpoint::Models),
        _ => return None,
    })
}
