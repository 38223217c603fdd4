//! Reads a generateContent request, and refuses what Gemini refuses.

use super::super::Provider;
use super::super::base64::decoded_length;
use super::super::host::Host;
use super::super::json::{Json, same_in_proto};
use super::super::rejection::Rejection;
use super::super::route::Route;
use super::super::shape::Reader;
use super::super::turn::{Choice, Image, Thinking, Tool, Turn};
use super::contents::{self, parts, role};
use super::family::Family;
use super::{maker, shape};

const READER: Reader = Reader { proto: true, null: true, brackets: true };

pub(in super::super) fn read<'j>(body: &'j Json<'j>, route: &Route) -> Result<Turn<'j>, Rejection> {
    let labels = if route.host == Host::Vertex { shape::LABELS } else { &[] };
    READER
        .check_all(body, &[shape::REQUEST, labels])
        .map_err(|broken| broken.reject(Provider::Gemini))?;
    let model = route.model.clone().unwrap_or_default();
    let family = Family::of(&model);
    let stream = route.stream == Some(true);
    let mut turn = Turn { model, host: route.host, stream, sse: route.sse, ..Turn::default() };
    if let Some(config) = body.proto("generationConfig") {
        family.check(config)?;
        generation(config, &mut turn)?;
    }
    if !family.tools && body.proto("tools").is_some_and(|tools| !tools.items().is_empty()) {
        return Err(Rejection::bad("Function calling is not enabled for this model."));
    }
    tools(body, &mut turn)?;
    for part in body.proto("systemInstruction").map_or(&[][..], parts) {
        turn.input.text(part.get("text").and_then(Json::text).unwrap_or_default());
    }
    let all = body.proto("contents").map_or(&[][..], Json::items);
    contents::check(all, family.signs, maker(route.host))?;
    for content in all {
        listen(content, &mut turn);
    }
    Ok(turn)
}

fn generation<'j>(config: &'j Json<'j>, turn: &mut Turn<'j>) -> Result<(), Rejection> {
    turn.limit = config.proto("maxOutputTokens").and_then(Json::whole);
    turn.samples = config.proto("candidateCount").and_then(Json::whole).unwrap_or(1);
    let stops = config.proto("stopSequences").map_or(&[][..], Json::items);
    turn.stop = stops.iter().filter_map(Json::text).map(str::to_owned).collect();
    if turn.stop.iter().any(String::is_empty) {
        let message =
            "* GenerateContentRequest.generation_config.stop_sequences: must not be empty\n";
        return Err(Rejection::bad(message));
    }
    let json = config.proto("responseMimeType").and_then(Json::text) == Some("application/json");
    let openapi = config.proto("responseSchema");
    let schema = config.proto("responseJsonSchema").or(openapi);
    if let Some(openapi) = openapi {
        dialect(openapi, "generation_config.response_schema")?;
        if config.proto("responseJsonSchema").is_some() {
            let message =
                "response_schema and response_json_schema must not be set at the same time";
            return Err(Rejection::bad(message));
        }
    }
    if schema.is_some() && !json && config.proto("responseMimeType").is_none() {
        return Err(Rejection::bad(
            "* GenerateContentRequest.generation_config.response_mime_type: must be \
             application/json when a response schema is set\n",
        ));
    }
    turn.format = json.then_some(schema);
    if let Some(thinking) = config.proto("thinkingConfig") {
        let budget = thinking.proto("thinkingBudget");
        if budget.is_some() && thinking.proto("thinkingLevel").is_some() {
            let message = "You can only set only one of thinking budget and thinking level.";
            return Err(Rejection::bad(message));
        }
        let shown = thinking.proto("includeThoughts").is_some_and(Json::is_true);
        turn.thinking = match budget {
            Some(Json::Number(0.0)) => Thinking::Off,
            _ if shown => Thinking::Shown,
            _ => Thinking::Hidden,
        };
    }
    Ok(())
}

/// A schema in OpenAPI's dialect has that dialect's keywords only.
fn dialect(schema: &Json<'_>, path: &str) -> Result<(), Rejection> {
    for (key, value) in schema.members() {
        let Some(keyword) = shape::KEYWORDS.iter().find(|known| same_in_proto(key, known)) else {
            return Err(Rejection::bad(format!(
                "Invalid JSON payload received. Unknown name \"{key}\" at '{path}': Cannot find \
                 field."
            )));
        };
        match (*keyword, value) {
            ("type", Json::Text(kind))
                if shape::TYPES.contains(&kind.to_ascii_uppercase().as_str()) => {}
            ("type", other) => {
                let message = format!("Invalid value at '{path}.type' (TYPE_ENUM), {other}");
                return Err(Rejection::bad(message));
            }
            ("enum", list) if list.items().iter().any(|item| item.text().is_none()) => {
                let message = format!("Invalid value at '{path}.enum[0]' (TYPE_STRING), {list}");
                return Err(Rejection::bad(message));
            }
            ("items", item) => dialect(item, &format!("{path}.items"))?,
            ("anyOf", list) => {
                for (at, item) in list.items().iter().enumerate() {
                    dialect(item, &format!("{path}.any_of[{at}]"))?;
                }
            }
            ("properties", properties) => {
                for (name, property) in properties.members() {
                    dialect(property, &format!("{path}.properties[{name}]"))?;
                }
            }
            _ => {}
        }
    }
    Ok(())
}

fn tools<'j>(body: &'j Json<'j>, turn: &mut Turn<'j>) -> Result<(), Rejection> {
    let tools = body.proto("tools").map_or(&[][..], Json::items);
    for (at, tool) in tools.iter().enumerate() {
        let declared = tool.proto("functionDeclarations").map_or(&[][..], Json::items);
        for (index, function) in declared.iter().enumerate() {
            let path = format!("tools[{at}].function_declarations[{index}]");
            let name = function.get("name").and_then(Json::text).unwrap_or_default();
            if !good_name(name) {
                return Err(Rejection::bad(format!(
                    "* GenerateContentRequest.{path}.name: [Invalid function name. Must start with \
                     a letter or an underscore. Must be alphameric (a-z, A-Z, 0-9), underscores \
                     (_), dots (.), colons (:), or dashes (-), with a maximum length of 64.]\n"
                )));
            }
            let (openapi, json) =
                (function.proto("parameters"), function.proto("parametersJsonSchema"));
            if let Some(openapi) = openapi {
                dialect(openapi, &format!("{path}.parameters"))?;
                if json.is_some() {
                    return Err(Rejection::bad(format!(
                        "{path}: parameters and parameters_json_schema must not be set at the same \
                         time"
                    )));
                }
            }
            if turn.tools.iter().any(|known| known.name == name) {
                let message = format!("Duplicate function declaration found: {name}");
                return Err(Rejection::bad(message));
            }
            turn.input.tool();
            turn.tools.push(Tool {
                name: name.to_owned(),
                schema: json.or(openapi),
                custom: false,
            });
        }
    }
    let config = body.proto("toolConfig").and_then(|config| config.proto("functionCallingConfig"));
    let Some(config) = config else { return Ok(()) };
    let mode = config.get("mode").and_then(Json::text).unwrap_or("AUTO");
    let allowed: Vec<&str> = config
        .proto("allowedFunctionNames")
        .map_or(&[][..], Json::items)
        .iter()
        .filter_map(Json::text)
        .collect();
    if !allowed.is_empty() && !matches!(mode, "ANY" | "VALIDATED") {
        return Err(Rejection::bad(
            "Function calling config: allowed_function_names can only be set when mode is ANY or \
             VALIDATED.",
        ));
    }
    if let Some(stray) =
        allowed.iter().find(|name| turn.tools.iter().all(|tool| tool.name != **name))
    {
        let message = format!("allowed_function_names contains '{stray}', which is not declared.");
        return Err(Rejection::bad(message));
    }
    if mode == "ANY" && turn.tools.is_empty() {
        let message = "Function calling mode is ANY but no function_declarations are provided.";
        return Err(Rejection::bad(message));
    }
    if !allowed.is_empty() {
        turn.tools.retain(|tool| allowed.contains(&tool.name.as_str()));
    }
    turn.choice = match (mode, allowed.as_slice()) {
        ("NONE", _) => Choice::None,
        ("ANY", [one]) => Choice::Named((*one).to_owned()),
        ("ANY", _) => Choice::Any,
        _ => Choice::Auto,
    };
    Ok(())
}

fn good_name(name: &str) -> bool {
    let first = name.bytes().next();
    first.is_some_and(|first| first.is_ascii_alphabetic() || first == b'_')
        && name.len() <= 64
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.:-".contains(&byte))
}

/// Takes in one content; a user's sets what was said last.
fn listen(content: &Json<'_>, turn: &mut Turn<'_>) {
    let mut said = String::new();
    let mut images = Vec::new();
    let mut results = Vec::new();
    for part in parts(content) {
        said.push_str(part.get("text").and_then(Json::text).unwrap_or_default());
        if let Some(image) = image_of(part) {
            images.push(image);
            turn.input.image();
        }
        if let Some(args) = part.proto("functionCall").and_then(|call| call.get("args")) {
            turn.input.text(&args.to_string());
        }
        if let Some(response) = part.proto("functionResponse") {
            let mut text = response.get("response").map_or_else(String::new, Json::to_string);
            for image in response.proto("parts").map_or(&[][..], Json::items) {
                if let Some(image) = image_of(image) {
                    text.push_str(&format!("[{}, {} bytes]", image.kind, image.bytes));
                    turn.input.image();
                }
            }
            turn.input.text(&text);
            results.push(text);
        }
    }
    turn.input.text(&said);
    if role(content) == "model" {
        turn.results.clear();
        return;
    }
    // Results keep what was said before them, unless new words come with them.
    if results.is_empty() || !said.is_empty() {
        turn.said = said;
        turn.images = images;
    }
    turn.results = results;
}

fn image_of(part: &Json<'_>) -> Option<Image> {
    if let Some(blob) = part.proto("inlineData") {
        let kind = blob.proto("mimeType")?.text()?.to_owned();
        return Some(Image { kind, bytes: decoded_length(blob.get("data")?.text()?)? });
    }
    let kind = part.proto("fileData")?.proto("fileUri")?.text()?.to_owned();
    Some(Image { kind, bytes: 0 })
}
