//! Reads a Messages request, and refuses what Anthropic refuses.

use http::HeaderMap;

use super::super::Provider;
use super::super::image;
use super::super::json::Json;
use super::super::rejection::Rejection;
use super::super::shape::{Reader, Shape, Violation, What};
use super::super::turn::{Choice, Image, Thinking, Tool, Turn};
use super::{Family, conversation, family, shape};

const READER: Reader = Reader { proto: false, null: true, brackets: false };

pub(in super::super) fn read<'j>(
    body: &'j Json<'j>,
    headers: &HeaderMap,
) -> Result<Turn<'j>, Rejection> {
    read_as(shape::REQUEST, body, headers)
}

/// Reads a request of `count_tokens`: one of Messages without what is not input.
pub(in super::super) fn read_count<'j>(
    body: &'j Json<'j>,
    headers: &HeaderMap,
) -> Result<Turn<'j>, Rejection> {
    read_as(shape::COUNT, body, headers)
}

fn read_as<'j>(
    shape: Shape,
    body: &'j Json<'j>,
    headers: &HeaderMap,
) -> Result<Turn<'j>, Rejection> {
    let beta = headers.contains_key("anthropic-beta");
    if let Err(broken) = READER.check(body, shape) {
        let known = matches!(&broken, Violation { path, what: What::Unknown(name) }
            if path.is_empty() && shape::BETA.contains(&name.as_str()));
        if !(beta && known) {
            return Err(broken.reject(Provider::Claude));
        }
    }
    let model = body.get("model").and_then(Json::text).unwrap_or_default();
    let family = family(model).ok_or_else(|| super::unknown_model(model))?;
    sampling(body, family, headers)?;
    let mut turn = Turn {
        model: model.to_owned(),
        stream: body.get("stream").is_some_and(Json::is_true),
        limit: body.get("max_tokens").and_then(Json::whole),
        thinking: thinking(body, family)?,
        ..Turn::default()
    };
    turn.format = body
        .get("output_config")
        .and_then(|config| config.get("format"))
        .map(|format| format.get("schema"));
    for stop in body.get("stop_sequences").map_or(&[][..], Json::items) {
        let stop = stop.text().unwrap_or_default();
        if stop.trim().is_empty() {
            let message = "stop_sequences: each stop sequence must contain non-whitespace";
            return Err(Rejection::bad(message));
        }
        turn.stop.push(stop.to_owned());
    }
    tools(body, &mut turn)?;
    for block in body.get("system").map_or(&[][..], Json::items) {
        turn.input.text(block.text().unwrap_or_default());
        if let Some(text) = block.get("text") {
            let text = text.text().unwrap_or_default();
            if text.is_empty() {
                return Err(Rejection::bad("system: text content blocks must be non-empty"));
            }
            turn.input.text(text);
        }
    }
    let messages = body.get("messages").map_or(&[][..], Json::items);
    conversation::check(messages, family)?;
    for message in messages {
        listen(message, &mut turn);
    }
    Ok(turn)
}

fn sampling(body: &Json<'_>, family: &Family, headers: &HeaderMap) -> Result<(), Rejection> {
    let version = headers.get("anthropic-version").and_then(|version| version.to_str().ok());
    let Some(name) =
        ["temperature", "top_p", "top_k"].into_iter().find(|name| body.get(name).is_some())
    else {
        return Ok(());
    };
    if version != Some("2023-06-01") {
        return Err(Rejection::bad(format!("{name}: Extra inputs are not permitted")));
    }
    if !family.sampling {
        return Err(Rejection::bad(format!("`{name}` is not supported on this model.")));
    }
    Ok(())
}

fn thinking(body: &Json<'_>, family: &Family) -> Result<Thinking, Rejection> {
    let Some(thinking) = body.get("thinking") else { return Ok(Thinking::Off) };
    let kind = thinking.get("type").and_then(Json::text).unwrap_or_default();
    let supported = match kind {
        "enabled" => family.budget,
        "adaptive" | "between_tools" => family.adaptive,
        _ => return Ok(Thinking::Off),
    };
    if !supported {
        return Err(Rejection::bad(format!(
            "\"thinking.type.{kind}\" is not supported for this model."
        )));
    }
    let budget = thinking.get("budget_tokens").and_then(Json::whole);
    let limit = body.get("max_tokens").and_then(Json::whole);
    if budget.zip(limit).is_some_and(|(budget, limit)| budget >= limit) {
        return Err(Rejection::bad("`max_tokens` must be greater than `thinking.budget_tokens`"));
    }
    let choice = body.get("tool_choice").and_then(|choice| choice.get("type")?.text());
    if budget.is_some() && matches!(choice, Some("any" | "tool")) {
        return Err(Rejection::bad(
            "Thinking may not be enabled when tool_choice forces tool use.",
        ));
    }
    let temperature = body.get("temperature");
    if temperature.is_some_and(|temperature| *temperature != Json::Number(1.0)) {
        return Err(Rejection::bad("`temperature` may only be set to 1 when thinking is enabled."));
    }
    let omitted = thinking.get("display").and_then(Json::text) == Some("omitted");
    Ok(if omitted { Thinking::Hidden } else { Thinking::Shown })
}

fn tools<'j>(body: &'j Json<'j>, turn: &mut Turn<'j>) -> Result<(), Rejection> {
    for (at, tool) in body.get("tools").map_or(&[][..], Json::items).iter().enumerate() {
        turn.input.tool();
        if tool.get("type").and_then(Json::text).is_some_and(|kind| kind != "custom") {
            continue;
        }
        let name = tool.get("name").and_then(Json::text).unwrap_or_default();
        let good = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
        if !(1..=128).contains(&name.len()) || !name.bytes().all(good) {
            return Err(Rejection::bad(format!(
                "tools.{at}.custom.name: String should match pattern '^[a-zA-Z0-9_-]{{1,128}}$'"
            )));
        }
        let Some(schema) = tool.get("input_schema") else {
            return Err(Rejection::bad(format!("tools.{at}.custom.input_schema: Field required")));
        };
        match schema.get("type").map(Json::text) {
            Some(Some("object")) => {}
            None => {
                let message = format!("tools.{at}.custom.input_schema.type: Field required");
                return Err(Rejection::bad(message));
            }
            Some(_) => {
                let message =
                    format!("tools.{at}.custom.input_schema.type: Input should be 'object'");
                return Err(Rejection::bad(message));
            }
        }
        if turn.tools.iter().any(|known| known.name == name) {
            return Err(Rejection::bad("tools: Tool names must be unique."));
        }
        turn.tools.push(Tool { name: name.to_owned(), schema: Some(schema), custom: false });
    }
    let Some(choice) = body.get("tool_choice") else { return Ok(()) };
    let kind = choice.get("type").and_then(Json::text).unwrap_or_default();
    if body.get("tools").is_none_or(|tools| tools.items().is_empty()) {
        return Err(Rejection::bad(
            "tool_choice: `tool_choice` may only be specified while providing `tools`.",
        ));
    }
    turn.serial = choice.get("disable_parallel_tool_use").is_some_and(Json::is_true);
    turn.choice = match kind {
        "none" => Choice::None,
        "any" => Choice::Any,
        "tool" => {
            let name = choice.get("name").and_then(Json::text).unwrap_or_default();
            if !turn.tools.iter().any(|tool| tool.name == name) {
                let message = format!("Tool '{name}' not found in provided tools");
                return Err(Rejection::bad(message));
            }
            Choice::Named(name.to_owned())
        }
        _ => Choice::Auto,
    };
    Ok(())
}

/// Takes in one message; a user's sets what was said last.
fn listen(message: &Json<'_>, turn: &mut Turn<'_>) {
    let mut said = String::new();
    let mut images = Vec::new();
    let mut results = Vec::new();
    for block in message.get("content").map_or(&[][..], Json::items) {
        let member = |name| block.get(name).and_then(Json::text).unwrap_or_default();
        said.push_str(block.text().unwrap_or_default());
        match member("type") {
            "text" => said.push_str(member("text")),
            "image" => {
                images.extend(image_of(block));
                turn.input.image();
            }
            "tool_use" => {
                if let Some(input) = block.get("input") {
                    turn.input.text(&input.to_string());
                }
            }
            "tool_result" => {
                let mut text = String::new();
                for part in block.get("content").map_or(&[][..], Json::items) {
                    text.push_str(part.text().unwrap_or_default());
                    if let Some(inner) = part.get("text").and_then(Json::text) {
                        text.push_str(inner);
                    }
                    if let Some(image) = image_of(part) {
                        text.push_str(&format!("[{}, {} bytes]", image.kind, image.bytes));
                        turn.input.image();
                    }
                }
                if block.get("is_error").is_some_and(Json::is_true) {
                    text.insert_str(0, "(error) ");
                }
                turn.input.text(&text);
                results.push(text);
            }
            _ => {}
        }
    }
    turn.input.text(&said);
    match message.get("role").and_then(Json::text) {
        Some("user") => {
            // Results keep what was said before them, unless new words come with them.
            if results.is_empty() || !said.is_empty() {
                turn.said = said;
                turn.images = images;
            }
            turn.results = results;
        }
        Some("assistant") => turn.results.clear(),
        _ => {}
    }
}

fn image_of(block: &Json<'_>) -> Option<Image> {
    if block.get("type").and_then(Json::text) != Some("image") {
        return None;
    }
    let source = block.get("source")?;
    let member = |name| source.get(name).and_then(Json::text);
    match (member("media_type"), member("data"), member("url")) {
        (Some(kind), Some(data), _) => image::of_base64(kind, data).ok(),
        (_, _, Some(url)) => Some(Image { kind: url.to_owned(), bytes: 0 }),
        _ => None,
    }
}
