//! `:countTokens`.

use serde_json::{Value, json};

use super::super::host::Host;
use super::super::json::Json;
use super::super::rejection::Rejection;
use super::super::route::Route;
use super::super::turn::Turn;
use super::read;

/// Reads `contents` alone, or a whole request under `generateContentRequest`.
pub(in super::super) fn read_count<'j>(
    body: &'j Json<'j>,
    route: &Route,
) -> Result<Turn<'j>, Rejection> {
    // Vertex takes a whole request as it is.
    if route.host == Host::Vertex {
        return read(body, route);
    }
    let whole = body.proto("generateContentRequest");
    for (name, _) in body.members() {
        if !["contents", "generateContentRequest", "generate_content_request"]
            .contains(&name.as_ref())
        {
            return Err(Rejection::bad(format!(
                "Invalid JSON payload received. Unknown name \"{name}\": Cannot find field."
            )));
        }
    }
    match (whole, body.get("contents")) {
        (Some(_), Some(_)) => Err(Rejection::bad(
            "Invalid value (oneof): contents and generate_content_request must not both be set.",
        )),
        (Some(whole), None) if whole.get("model").is_none() => Err(Rejection::bad(
            "* CountTokensRequest.generate_content_request.model: model is not specified\n",
        )),
        (Some(whole), None) => read(whole, route),
        (None, _) => read(body, route),
    }
}

pub(in super::super) fn count(tokens: u64) -> Value {
    json!({
        "totalTokens": tokens,
        "promptTokensDetails": [{"modality": "TEXT", "tokenCount": tokens}],
    })
}
