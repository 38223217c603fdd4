//! The items of a Responses input, and how they must follow each other (wire.md §2, §5.3).

use super::super::super::image;
use super::super::super::json::Json;
use super::super::super::rejection::Rejection;
use super::super::super::turn::{Image, Turn};
use super::super::tool_name;
use super::ids;

fn member<'j>(item: &'j Json<'j>, name: &str) -> &'j str {
    item.get(name).and_then(Json::text).unwrap_or_default()
}

/// The type of an item; a message may leave it out.
fn kind<'j>(item: &'j Json<'j>) -> &'j str {
    match member(item, "type") {
        "" => "message",
        kind => kind,
    }
}

/// Checks all items and takes them in. Where the conversation `goes_on` from an earlier answer,
/// the calls that outputs answer may be in that.
pub(super) fn read(
    items: &[Json<'_>],
    goes_on: bool,
    turn: &mut Turn<'_>,
) -> Result<(), Rejection> {
    for (at, item) in items.iter().enumerate() {
        ids(item, at)?;
        if kind(item) == "reasoning" {
            reasoning(item, items.get(at + 1))?;
        }
    }
    pairs(items, goes_on)?;
    let mut answered = false;
    for (at, item) in items.iter().enumerate() {
        match kind(item) {
            "message" => message(item, at, turn)?,
            "function_call" | "custom_tool_call" => {
                // A new round of calls: what the round before gave is told.
                if std::mem::take(&mut answered) {
                    turn.results.clear();
                }
                turn.input.text(member(item, "arguments"));
                turn.input.text(member(item, "input"));
            }
            "function_call_output" | "custom_tool_call_output" => {
                answered = true;
                let mut text = String::new();
                let parts = item.get("output").map_or(&[][..], Json::items);
                for image in parts_of(parts, &format!("input[{at}].output"), &mut text, turn)? {
                    text.push_str(&format!("[{}, {} bytes]", image.kind, image.bytes));
                }
                turn.input.text(&text);
                turn.results.push(text);
            }
            "reasoning" => {
                for part in item.get("summary").map_or(&[][..], Json::items) {
                    turn.input.text(member(part, "text"));
                }
            }
            _ => {}
        }
    }
    Ok(())
}

/// Ids are of the item's kind, call ids are not too long, names are names, references are to what
/// we made.
fn ids(item: &Json<'_>, at: usize) -> Result<(), Rejection> {
    let prefix = match kind(item) {
        "message" => "msg",
        "reasoning" => "rs",
        "function_call" => "fc",
        "custom_tool_call" => "ctc",
        _ => "",
    };
    let id = member(item, "id");
    if !id.is_empty() && !id.starts_with(prefix) {
        let param = format!("input[{at}].id");
        let message =
            format!("Invalid '{param}': '{id}'. Expected an ID that begins with '{prefix}'.");
        return Err(Rejection::bad(message).param(param).code("invalid_value"));
    }
    if let Some(call) = item.get("call_id").and_then(Json::text)
        && !(1..=64).contains(&call.len())
    {
        let param = format!("input[{at}].call_id");
        let (message, code) = if call.is_empty() {
            let message = format!(
                "Invalid '{param}': empty string. Expected a string with minimum length 1, but got \
                 an empty string instead."
            );
            (message, "empty_string")
        } else {
            let message = format!(
                "Invalid '{param}': string too long. Expected a string with maximum length 64, but \
                 got a string with length {} instead.",
                call.len()
            );
            (message, "string_above_max_length")
        };
        return Err(Rejection::bad(message).param(param).code(code));
    }
    match kind(item) {
        "function_call" | "custom_tool_call" => {
            tool_name(member(item, "name"), &format!("input[{at}].name"))
        }
        "item_reference" if ids::answer(id).is_none() => {
            let message = format!(
                "Item with id '{id}' not found. Items are not persisted when `store` is set to \
                 false. Try again with `store` set to true, or remove this item from your input."
            );
            Err(Rejection::new(404, message).param("input"))
        }
        _ => Ok(()),
    }
}

/// Reasoning is what we sealed, and the next item is of the answer that it led to.
fn reasoning(item: &Json<'_>, next: Option<&Json<'_>>) -> Result<(), Rejection> {
    let id = member(item, "id");
    let mut answer = ids::answer(id);
    if let Some(sealed) = item.get("encrypted_content").and_then(Json::text) {
        let unverified = |why: &str| {
            let start: String = sealed.chars().take(8).collect();
            let message =
                format!("The encrypted content {start}... could not be verified. Reason: {why}");
            Rejection::bad(message).code("invalid_encrypted_content")
        };
        let whose = ids::unseal(sealed)
            .ok_or_else(|| unverified("Encrypted content could not be decrypted or parsed."))?;
        if !id.is_empty() && answer != Some(whose) {
            return Err(unverified("Encrypted content item_id did not match the target item id."));
        }
        answer = Some(whose);
    } else if answer.is_none() {
        let message = format!(
            "Item with id '{id}' not found. Items are not persisted when `store` is set to false. \
             Try again with `store` set to true, or remove this item from your input."
        );
        return Err(Rejection::new(404, message).param("input"));
    }
    let follows = next.is_some_and(|next| {
        let made = match kind(next) {
            "message" => member(next, "role") == "assistant",
            "function_call" | "custom_tool_call" | "reasoning" => true,
            other => other.ends_with("_call"),
        };
        // Where the next item does not say whose it is, its kind has to do.
        let whose = ids::answer(member(next, "id")).or(ids::answer(member(next, "call_id")));
        made && (whose.is_none() || whose == answer)
    });
    if follows {
        return Ok(());
    }
    let message = format!(
        "Item '{id}' of type 'reasoning' was provided without its required following item."
    );
    Err(Rejection::bad(message).param("input"))
}

/// Each call is answered by an output further down, and each output answers a call of its kind.
fn pairs(items: &[Json<'_>], goes_on: bool) -> Result<(), Rejection> {
    let mut open: Vec<(&str, &str)> = Vec::new();
    for item in items {
        let id = member(item, "call_id");
        match kind(item) {
            call @ ("function_call" | "custom_tool_call") => {
                if open.contains(&(call, id)) {
                    let message = format!("Duplicate item found with call_id {id}.");
                    return Err(Rejection::bad(message).param("input"));
                }
                open.push((call, id));
            }
            output @ ("function_call_output" | "custom_tool_call_output") => {
                let call = output.trim_end_matches("_output");
                match open.iter().position(|known| *known == (call, id)) {
                    Some(found) => {
                        open.remove(found);
                    }
                    None if goes_on => {}
                    None => {
                        let call = call.replace('_', " ");
                        let message =
                            format!("No tool call found for {call} output with call_id {id}.");
                        return Err(Rejection::bad(message).param("input"));
                    }
                }
            }
            _ => {}
        }
    }
    match open.first() {
        None => Ok(()),
        Some((call, id)) => {
            let call = call.replace("_tool", " tool").replace('_', " ");
            let message = format!("No tool output found for {call} {id}.");
            Err(Rejection::bad(message).param("input"))
        }
    }
}

/// Takes in a message; a user's sets what was said last.
fn message(item: &Json<'_>, at: usize, turn: &mut Turn<'_>) -> Result<(), Rejection> {
    let role = member(item, "role");
    let parts = item.get("content").map_or(&[][..], Json::items);
    let allowed: &[&str] = if role == "assistant" {
        &["output_text", "refusal"]
    } else {
        &["input_text", "input_image", "input_file"]
    };
    for (index, part) in parts.iter().enumerate() {
        let kind = member(part, "type");
        if part.text().is_none() && !allowed.contains(&kind) {
            let allowed: Vec<_> = allowed.iter().map(|kind| format!("'{kind}'")).collect();
            let message =
                format!("Invalid value: '{kind}'. Supported values are: {}.", allowed.join(", "));
            let param = format!("input[{at}].content[{index}]");
            return Err(Rejection::bad(message).param(param).code("invalid_value"));
        }
    }
    let mut text = String::new();
    let images = parts_of(parts, &format!("input[{at}].content"), &mut text, turn)?;
    turn.input.text(&text);
    match role {
        "user" => {
            turn.said = text;
            turn.images = images;
            turn.results.clear();
        }
        "assistant" => turn.results.clear(),
        _ => {}
    }
    Ok(())
}

/// Appends the text of some parts, counts and returns their images.
fn parts_of(
    parts: &[Json<'_>],
    path: &str,
    text: &mut String,
    turn: &mut Turn<'_>,
) -> Result<Vec<Image>, Rejection> {
    let mut images = Vec::new();
    for (index, part) in parts.iter().enumerate() {
        let bad = |message: String, field: &str| {
            Rejection::bad(message).param(format!("{path}[{index}].{field}"))
        };
        text.push_str(part.text().unwrap_or_else(|| member(part, "text")));
        let given = |name| part.get(name).is_some();
        match member(part, "type") {
            "input_image" => {
                match (part.get("image_url").and_then(Json::text), given("file_id")) {
                    (Some(url), false) => images.push(image::of_url(url).map_err(|why| {
                        let message = format!("Invalid '{path}[{index}].image_url'. {why}");
                        bad(message, "image_url").code("invalid_value")
                    })?),
                    (None, true) => {}
                    _ => {
                        let message = "Provide exactly one of 'image_url' or 'file_id'.";
                        return Err(bad(message.to_owned(), "image_url"));
                    }
                }
                turn.input.image();
            }
            "input_file" => {
                let sources = ["file_data", "file_url", "file_id"];
                if sources.into_iter().filter(|name| given(name)).count() != 1 {
                    let message = "Provide exactly one of 'file_data', 'file_url' or 'file_id'.";
                    return Err(bad(message.to_owned(), "file_data"));
                }
                turn.input.image();
            }
            _ => {}
        }
    }
    Ok(images)
}
