//! Reads a Chat Completions request, and refuses what OpenAI refuses.

use std::collections::HashSet;

use super::super::super::Provider;
use super::super::super::image;
use super::super::super::json::Json;
use super::super::super::rejection::Rejection;
use super::super::super::route::Route;
use super::super::super::shape::Reader;
use super::super::super::turn::{Choice, Meter, Thinking, Tool, Turn};
use super::super::family::Family;
use super::super::{strict, tool_name};
use super::shape;

const READER: Reader = Reader { proto: false, null: true, brackets: true };

pub(in super::super::super) fn read<'j>(
    body: &'j Json<'j>,
    route: &Route,
) -> Result<Turn<'j>, Rejection> {
    let model = if route.model.is_some() { shape::NO_MODEL } else { shape::MODEL };
    READER
        .check_all(body, &[model, shape::REQUEST])
        .map_err(|broken| broken.reject(Provider::OpenAi))?;
    let model = body.get("model").and_then(Json::text).unwrap_or_default();
    let model = route.model.as_deref().unwrap_or(model);
    let effort = together(body, model)?;
    let messages = body.get("messages").map_or(&[][..], Json::items);
    pairs(messages)?;
    let mut turn = Turn {
        model: model.to_owned(),
        host: route.host,
        stream: body.get("stream").is_some_and(Json::is_true),
        include_usage: body
            .get("stream_options")
            .and_then(|options| options.get("include_usage"))
            .is_some_and(Json::is_true),
        serial: body.get("parallel_tool_calls") == Some(&Json::Bool(false)),
        limit: body.get("max_completion_tokens").or(body.get("max_tokens")).and_then(Json::whole),
        samples: body.get("n").and_then(Json::whole).unwrap_or(1),
        ..Turn::default()
    };
    let stops = body.get("stop").map_or(&[][..], Json::items);
    turn.stop = stops.iter().filter_map(Json::text).map(str::to_owned).collect();
    if effort != "none" {
        turn.thinking = Thinking::Hidden;
    }
    if let Some(format) = body.get("response_format").and_then(|format| format.get("json_schema")) {
        strict::format(format, "response_format")?;
    }
    turn.format =
        body.get("response_format").and_then(|format| match format.get("type")?.text()? {
            "json_object" => Some(None),
            "json_schema" => Some(format.get("json_schema")?.get("schema")),
            _ => None,
        });
    tools(body, &mut turn)?;
    for (at, message) in messages.iter().enumerate() {
        listen(message, at, &mut turn)?;
    }
    Ok(turn)
}

/// Rules about fields that only go together, or not with this model. Returns the effort.
fn together<'j>(body: &'j Json<'_>, model: &str) -> Result<&'j str, Rejection> {
    let given = |name| body.get(name).is_some();
    let tools = body.get("tools").is_some_and(|tools| !tools.items().is_empty());
    for name in ["tool_choice", "parallel_tool_calls"] {
        if given(name) && !tools {
            let message = format!("'{name}' is only allowed when 'tools' are specified.");
            return Err(Rejection::bad(message).param(name));
        }
    }
    if given("stream_options") && !body.get("stream").is_some_and(Json::is_true) {
        let message = "The 'stream_options' parameter is only allowed when 'stream' is enabled.";
        return Err(Rejection::bad(message).param("stream_options"));
    }
    if given("top_logprobs") && !body.get("logprobs").is_some_and(Json::is_true) {
        let message = "'top_logprobs' is only allowed when 'logprobs' is enabled.";
        return Err(Rejection::bad(message).param("top_logprobs"));
    }
    let unsupported = |name: &str, hint: &str| {
        let message =
            format!("Unsupported parameter: '{name}' is not supported with this model.{hint}");
        Err(Rejection::bad(message).param(name).code("unsupported_parameter"))
    };
    let family = Family::of(model);
    if family.thinks() && given("max_tokens") {
        return unsupported("max_tokens", " Use 'max_completion_tokens' instead.");
    }
    if !family.stop && given("stop") {
        return unsupported("stop", "");
    }
    let effort = body.get("reasoning_effort").and_then(Json::text);
    let effort = family.effort(effort, "reasoning_effort", model)?;
    family.sampling(effort, body)?;
    if effort != "none" && tools && !family.chat_tools {
        let message = format!(
            "Function tools with reasoning_effort are not supported for {model} in \
             /v1/chat/completions. Please use /v1/responses instead."
        );
        return Err(Rejection::bad(message).param("reasoning_effort"));
    }
    Ok(effort)
}

/// Every call is answered by the tool messages right after it, and nothing else is.
fn pairs(messages: &[Json<'_>]) -> Result<(), Rejection> {
    let mut open: HashSet<&str> = HashSet::new();
    let mut answered: HashSet<&str> = HashSet::new();
    let unanswered = |open: &HashSet<&str>, at: usize| {
        let mut ids: Vec<_> = open.iter().copied().collect();
        ids.sort_unstable();
        Rejection::bad(format!(
            "An assistant message with 'tool_calls' must be followed by tool messages responding \
             to each 'tool_call_id'. The following tool_call_ids did not have response messages: {}",
            ids.join(", ")
        ))
        .param(format!("messages[{at}].role"))
    };
    for (at, message) in messages.iter().enumerate() {
        let role = message.get("role").and_then(Json::text);
        if role == Some("tool") {
            let id = message.get("tool_call_id").and_then(Json::text).unwrap_or_default();
            if open.remove(id) {
                answered.insert(id);
                continue;
            }
            let message = if answered.contains(id) {
                format!("Duplicate value for 'tool_call_id' of '{id}' in message[{at}].")
            } else {
                "Invalid parameter: messages with role 'tool' must be a response to a preceeding \
                 message with 'tool_calls'."
                    .to_owned()
            };
            return Err(Rejection::bad(message).param(format!("messages.[{at}].role")));
        }
        if !open.is_empty() {
            return Err(unanswered(&open, at));
        }
        answered.clear();
        let calls = message.get("tool_calls").map_or(&[][..], Json::items);
        for call in calls {
            let id = call.get("id").and_then(Json::text).unwrap_or_default();
            if id.is_empty() || id.len() > 64 || !open.insert(id) {
                let message =
                    format!("Invalid 'messages[{at}].tool_calls': bad or repeated id '{id}'.");
                return Err(Rejection::bad(message).param(format!("messages[{at}].tool_calls")));
            }
        }
        let said = ["content", "refusal", "audio", "function_call"];
        let empty = calls.is_empty() && said.iter().all(|name| message.get(name).is_none());
        if empty {
            let message = format!(
                "Invalid value for 'content': expected a string, got null. (messages[{at}])"
            );
            return Err(Rejection::bad(message).param(format!("messages[{at}].content")));
        }
    }
    if open.is_empty() { Ok(()) } else { Err(unanswered(&open, messages.len())) }
}

fn tools<'j>(body: &'j Json<'j>, turn: &mut Turn<'j>) -> Result<(), Rejection> {
    let tools = body.get("tools").map_or(&[][..], Json::items);
    for (at, tool) in tools.iter().enumerate() {
        if let Some(custom) = tool.get("custom") {
            let name = custom.get("name").and_then(Json::text).unwrap_or_default();
            tool_name(name, &format!("tools[{at}].custom.name"))?;
            turn.input.tool();
            turn.tools.push(Tool { name: name.to_owned(), schema: None, custom: true });
            continue;
        }
        let Some(function) = tool.get("function") else { continue };
        let name = function.get("name").and_then(Json::text).unwrap_or_default();
        tool_name(name, &format!("tools[{at}].function.name"))?;
        let schema = function.get("parameters");
        let kind = schema.and_then(|schema| schema.get("type"));
        if schema.is_some_and(|schema| !schema.members().is_empty())
            && kind.and_then(Json::text) != Some("object")
        {
            let message = format!(
                "Invalid schema for function '{name}': schema must be a JSON Schema of 'type: \
                 \"object\"', got 'type: {}'.",
                kind.map_or("\"None\"".to_owned(), Json::to_string)
            );
            let param = format!("tools[{at}].function.parameters");
            return Err(Rejection::bad(message).param(param).code("invalid_function_parameters"));
        }
        if function.get("strict").is_some_and(Json::is_true) {
            strict::function(name, schema, &format!("tools[{at}].function.parameters"))?;
        }
        turn.input.tool();
        turn.tools.push(Tool { name: name.to_owned(), schema, custom: false });
    }
    let choice = body.get("tool_choice");
    turn.choice = match choice.and_then(Json::text) {
        Some("none") => Choice::None,
        Some("required") => Choice::Any,
        _ => Choice::Auto,
    };
    if let Some(allowed) = choice.and_then(|choice| choice.get("allowed_tools")) {
        let name =
            |tool: &'j Json<'j>| tool.get("function").or(tool.get("custom"))?.get("name")?.text();
        let names: Vec<_> =
            allowed.get("tools").map_or(&[][..], Json::items).iter().filter_map(name).collect();
        turn.tools.retain(|tool| names.contains(&tool.name.as_str()));
        if allowed.get("mode").and_then(Json::text) == Some("required") {
            turn.choice = Choice::Any;
        }
    }
    let named = choice
        .and_then(|choice| choice.get("function").or(choice.get("custom"))?.get("name")?.text());
    if let Some(name) = named {
        if !turn.tools.iter().any(|tool| tool.name == name) {
            let message = format!("Tool choice '{name}' not found in 'tools' parameter.");
            return Err(Rejection::bad(message).param("tool_choice"));
        }
        turn.choice = Choice::Named(name.to_owned());
    }
    Ok(())
}

/// Takes in one message; a user's sets what was said last.
fn listen(message: &Json<'_>, at: usize, turn: &mut Turn<'_>) -> Result<(), Rejection> {
    let role = message.get("role").and_then(Json::text).unwrap_or_default();
    let mut text = String::new();
    let mut images = Vec::new();
    for (index, part) in message.get("content").map_or(&[][..], Json::items).iter().enumerate() {
        if let Some(said) = part.text().or_else(|| part.get("text").and_then(Json::text)) {
            text.push_str(said);
        }
        if let Some(url) = part.get("image_url").and_then(|image| image.get("url")?.text()) {
            let param = format!("messages[{at}].content[{index}].image_url.url");
            images.push(image::of_url(url).map_err(|why| {
                let message = format!("Invalid '{param}': {why}");
                Rejection::bad(message).param(param).code("invalid_image_url")
            })?);
            turn.input.image();
        }
    }
    turn.input.text(&text);
    for call in message.get("tool_calls").map_or(&[][..], Json::items) {
        arguments(call, &mut turn.input);
    }
    match role {
        "user" => {
            turn.said = text;
            turn.images = images;
            turn.results.clear();
        }
        "assistant" => turn.results.clear(),
        "tool" => turn.results.push(text),
        _ => {}
    }
    Ok(())
}

fn arguments(call: &Json<'_>, meter: &mut Meter) {
    let function = call.get("function").and_then(|call| call.get("arguments")?.text());
    let custom = call.get("custom").and_then(|call| call.get("input")?.text());
    meter.text(function.or(custom).unwrap_or_default());
}
