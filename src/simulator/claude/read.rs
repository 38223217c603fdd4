//! Reads a Messages request, and refuses what Anthropic refuses.

use http::HeaderMap;

use super::super::Provider;
use super::super::host::{Host, bare};
use super::super::image;
use super::super::json::Json;
use super::super::rejection::Rejection;
use super::super::route::Route;
use super::super::shape::{Reader, Shape, Violation, What};
use super::super::turn::{Choice, Image, Thinking, Tool, Turn};
use super::family::Family;
use super::{conversation, prefix, shape};

const READER: Reader = Reader { proto: false, null: true, brackets: false };

pub(in super::super) fn read<'j>(
    body: &'j Json<'j>,
    headers: &HeaderMap,
    route: &Route,
) -> Result<Turn<'j>, Rejection> {
    let shapes: &[Shape] = match route.host {
        Host::Vertex => &[shape::INPUT, shape::REST, shape::STREAM, shape::VERSION],
        Host::Bedrock => &[shape::INPUT, shape::REST, shape::VERSION],
        _ => &[shape::MODEL, shape::INPUT, shape::REST, shape::STREAM],
    };
    read_as(shapes, body, headers, route)
}

/// Reads a request of `count_tokens`: one of Messages without what is not input.
pub(in super::super) fn read_count<'j>(
    body: &'j Json<'j>,
    headers: &HeaderMap,
    route: &Route,
) -> Result<Turn<'j>, Rejection> {
    let shapes: &[Shape] = match route.host {
        Host::Vertex => &[shape::MODEL, shape::INPUT, shape::VERSION],
        _ => &[shape::MODEL, shape::INPUT],
    };
    read_as(shapes, body, headers, route)
}

fn read_as<'j>(
    shapes: &[Shape],
    body: &'j Json<'j>,
    headers: &HeaderMap,
    route: &Route,
) -> Result<Turn<'j>, Rejection> {
    let beta = headers.contains_key("anthropic-beta")
        || body.get("anthropic_beta").is_some_and(|betas| !betas.items().is_empty());
    if let Err(broken) = READER.check_all(body, shapes) {
        let known = matches!(&broken, Violation { path, what: What::Unknown(name) }
            if path.is_empty() && shape::BETA.contains(&name.as_str()));
        if !(beta && known) {
            return Err(broken.reject(Provider::Claude));
        }
    }
    let newer = newer(body, headers, route.host)?;
    let model = body.get("model").and_then(Json::text).unwrap_or_default();
    let model = bare(route.model.as_deref().unwrap_or(model));
    let family = Family::of(model).ok_or_else(|| super::unknown_model(model))?;
    sampling(body, family, newer)?;
    let mut turn = Turn {
        model: model.to_owned(),
        host: route.host,
        stream: route.stream.unwrap_or(body.get("stream").is_some_and(Json::is_true)),
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
    conversation::check(messages, family, newer)?;
    if family.bound {
        conversation::bound(body, model, messages)?;
        turn.prefix = Some(prefix::of(body, model, messages));
    }
    if route.host == Host::Bedrock {
        conversation::inline(messages)?;
    }
    for message in messages {
        listen(message, &mut turn);
    }
    Ok(turn)
}

/// Whether the newer version is asked for: in a header, or where the host wants it in the body.
fn newer(body: &Json<'_>, headers: &HeaderMap, host: Host) -> Result<bool, Rejection> {
    if host.version_in_header() {
        let version = headers.get("anthropic-version").and_then(|version| version.to_str().ok());
        return Ok(version != Some(super::OLD_VERSION));
    }
    let version = body.get("anthropic_version").and_then(Json::text).unwrap_or_default();
    match (host, version) {
        (Host::Vertex, "vertex-2023-10-16") | (Host::Bedrock, "bedrock-2023-05-31") => Ok(false),
        (Host::Vertex, "2026-10-21") => Ok(true),
        _ => Err(Rejection::bad(format!("anthropic_version: \"{version}\" is not supported"))),
    }
}

fn sampling(body: &Json<'_>, family: &Family, newer: bool) -> Result<(), Rejection> {
    let Some(name) =
        ["temperature", "top_p", "top_k"].into_iter().find(|name| body.get(name).is_some())
    else {
        return Ok(());
    };
    if newer {
        return Err(Rejection::bad(format!("{name}: Extra inputs are not permitted")));
    }
    if !family.sampling {
        return Err(Rejection::bad(format!("`{name}` is not supported on this model.")));
    }
    Ok(())
}

/// Whether it thinks; refuses what of thinking, effort and forcing the model does not take.
fn thinking(body: &Json<'_>, family: &Family) -> Result<Thinking, Rejection> {
    let thinking = body.get("thinking");
    let asked = |name| thinking.and_then(|thinking| thinking.get(name)?.text());
    let kind = asked("type");
    if let Some(kind) = kind.filter(|kind| !family.thinking.contains(kind)) {
        let message = format!("\"thinking.type.{kind}\" is not supported for this model.");
        return Err(Rejection::bad(message));
    }
    let thinks = kind.map_or(family.thinks, |kind| kind != "disabled");
    effort(body, family, thinks)?;
    let choice = body.get("tool_choice").and_then(|choice| choice.get("type")?.text());
    let forced = choice.filter(|choice| matches!(*choice, "any" | "tool"));
    if let Some(choice) = forced.filter(|_| !family.forced) {
        let message = format!("tool_choice.type: \"{choice}\" is not supported on this model.");
        return Err(Rejection::bad(message));
    }
    if !thinks {
        return Ok(Thinking::Off);
    }
    let budget = thinking.and_then(|thinking| thinking.get("budget_tokens")).and_then(Json::whole);
    let limit = body.get("max_tokens").and_then(Json::whole);
    if budget.zip(limit).is_some_and(|(budget, limit)| budget >= limit) {
        return Err(Rejection::bad("`max_tokens` must be greater than `thinking.budget_tokens`"));
    }
    if kind == Some("enabled") && forced.is_some() {
        return Err(Rejection::bad(
            "Thinking may not be enabled when tool_choice forces tool use.",
        ));
    }
    let temperature = body.get("temperature");
    if temperature.is_some_and(|temperature| *temperature != Json::Number(1.0)) {
        return Err(Rejection::bad("`temperature` may only be set to 1 when thinking is enabled."));
    }
    let shown = asked("display").map_or(family.shows, |display| display == "summarized");
    Ok(if shown { Thinking::Shown } else { Thinking::Hidden })
}

fn effort(body: &Json<'_>, family: &Family, thinks: bool) -> Result<(), Rejection> {
    let effort = body.get("output_config").and_then(|config| config.get("effort")?.text());
    let Some(effort) = effort else { return Ok(()) };
    if !family.efforts.contains(&effort) {
        return Err(Rejection::bad(format!(
            "This model does not support effort level '{effort}'. Supported levels: {}.",
            family.efforts.join(", ")
        )));
    }
    if !thinks && family.high_needs_thinking && matches!(effort, "xhigh" | "max") {
        return Err(Rejection::bad(format!(
            "output_config.effort: '{effort}' is not supported when thinking is disabled."
        )));
    }
    Ok(())
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
