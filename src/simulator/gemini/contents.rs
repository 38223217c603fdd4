//! The rules that contents must keep, beyond their shape (wire.md §5.2, §5.3).

use super::super::base64;
use super::super::json::Json;
use super::super::rejection::Rejection;
use super::super::signature::Maker;
use super::shape::DATA;

/// What stands in for a signature that the client does not have.
const SENTINELS: &[&str] = &[
    "skip_thought_signature_validator",
    "c2tpcF90aG91Z2h0X3NpZ25hdHVyZV92YWxpZGF0b3I=",
    "context_engineering_is_the_way_to_go",
];

pub(super) fn parts<'j>(content: &'j Json<'j>) -> &'j [Json<'j>] {
    content.proto("parts").map_or(&[], Json::items)
}

pub(super) fn role<'j>(content: &'j Json<'j>) -> &'j str {
    content.get("role").and_then(Json::text).unwrap_or("user")
}

/// Checks every part, and that each turn of calls is answered by as many responses right after.
pub(super) fn check(
    contents: &[Json<'_>],
    signatures: bool,
    maker: Maker,
) -> Result<(), Rejection> {
    let count = |content: &Json<'_>, name| {
        parts(content).iter().filter(|part| part.proto(name).is_some()).count()
    };
    let mut open: Vec<&str> = Vec::new();
    for (at, content) in contents.iter().enumerate() {
        for (index, part) in parts(content).iter().enumerate() {
            self::part(part, &format!("contents[{at}].parts[{index}]"), maker)?;
        }
        let calls = count(content, "functionCall");
        let responses = count(content, "functionResponse");
        if calls > 0 && role(content) != "model" {
            let message = "Please ensure that function call turn has the role 'model'.";
            return Err(Rejection::bad(message));
        }
        if responses > 0 && role(content) == "model" {
            let message = "Please ensure that function response turn has the role 'user'.";
            return Err(Rejection::bad(message));
        }
        if responses != open.len() {
            return Err(Rejection::bad(
                "Please ensure that the number of function response parts is equal to the number \
                 of function call parts of the function call turn.",
            ));
        }
        for response in parts(content).iter().filter_map(|part| part.proto("functionResponse")) {
            let name = response.get("name").and_then(Json::text).unwrap_or_default();
            let Some(found) = open.iter().position(|called| *called == name) else {
                return Err(Rejection::bad(format!(
                    "Please ensure that function response '{name}' answers a function call of the \
                     function call turn."
                )));
            };
            open.remove(found);
        }
        if calls > 0 {
            let before = at.checked_sub(1).and_then(|before| contents.get(before));
            if before.is_none_or(|before| role(before) == "model") {
                return Err(Rejection::bad(
                    "Please ensure that function call turn comes immediately after a user turn or \
                     after a function response turn.",
                ));
            }
            let named = |part: &'_ Json<'_>| part.proto("functionCall").is_some();
            let called = parts(content).iter().filter(|part| named(part));
            open =
                called.filter_map(|part| part.proto("functionCall")?.get("name")?.text()).collect();
        }
    }
    if !open.is_empty() {
        return Err(Rejection::bad(
            "Please ensure that the number of function response parts is equal to the number of \
             function call parts of the function call turn.",
        ));
    }
    if signatures { signed_calls(contents) } else { Ok(()) }
}

/// One data field; base64 that is base64; a signature that is ours or the sentinel.
pub(super) fn part(part: &Json<'_>, path: &str, maker: Maker) -> Result<(), Rejection> {
    let data = DATA.iter().filter(|name| part.proto(name).is_some()).count();
    if data != 1 {
        let message = match data {
            0 => format!(
                "* GenerateContentRequest.{path}.data: required oneof field 'data' must have one \
                 initialized field\n"
            ),
            _ => format!(
                "Invalid value at '{path}' (oneof), oneof field 'data' is already set. Cannot set \
                 it twice."
            ),
        };
        return Err(Rejection::bad(message));
    }
    if let Some(blob) = part.proto("inlineData") {
        let kind = blob.proto("mimeType").and_then(Json::text).unwrap_or_default();
        let known = ["image/", "audio/", "video/", "text/", "application/pdf"];
        if !known.iter().any(|known| kind.starts_with(known)) {
            return Err(Rejection::bad(format!("Unsupported MIME type: {kind}")));
        }
        let data = blob.get("data").and_then(Json::text).unwrap_or_default();
        if base64::decoded_length(data).is_none() {
            return Err(Rejection::bad(format!(
                "Invalid value at '{path}.inline_data.data' (TYPE_BYTES), Base64 decoding failed"
            )));
        }
    }
    match part.proto("thoughtSignature").and_then(Json::text) {
        Some(given) if !SENTINELS.contains(&given) && !maker.made(given, "", None) => {
            Err(Rejection::bad("Corrupted thought signature."))
        }
        _ => Ok(()),
    }
}

/// The first call of each step of the current turn carries a signature. The current turn begins
/// at the last user content that is not a function response.
fn signed_calls(contents: &[Json<'_>]) -> Result<(), Rejection> {
    let asks = |content: &Json<'_>| {
        role(content) == "user"
            && parts(content).iter().all(|part| part.proto("functionResponse").is_none())
    };
    let start = contents.iter().rposition(asks).unwrap_or(0);
    for (at, content) in contents.iter().enumerate().skip(start) {
        let first = parts(content).iter().position(|part| part.proto("functionCall").is_some());
        let Some((index, part)) = first.and_then(|index| Some((index, parts(content).get(index)?)))
        else {
            continue;
        };
        if part.proto("thoughtSignature").is_none() {
            let call = part.proto("functionCall").and_then(|call| call.get("name")?.text());
            return Err(Rejection::bad(format!(
                "Function call is missing a thought_signature in functionCall parts. This is \
                 required for tools to work correctly, and missing thought_signature may lead to \
                 degraded model performance. Additional data, function call `default_api:{}`, \
                 position {}.",
                call.unwrap_or_default(),
                at + index + 1
            )));
        }
    }
    Ok(())
}
