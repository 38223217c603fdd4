//! Reads a Responses request, and refuses what OpenAI refuses.

use super::super::super::Provider;
use super::super::super::json::Json;
use super::super::super::rejection::Rejection;
use super::super::super::route::Route;
use super::super::super::shape::{Reader, Violation, What};
use super::super::super::turn::{Choice, Thinking, Tool, Turn};
use super::super::family::Family;
use super::super::{strict, tool_name};
use super::{ids, items, shape};

const READER: Reader = Reader { proto: false, null: true, brackets: true };

pub(in super::super::super) fn read<'j>(
    body: &'j Json<'j>,
    route: &Route,
) -> Result<Turn<'j>, Rejection> {
    READER.check(body, shape::REQUEST).map_err(unlike_chat)?;
    let model = body.get("model").and_then(Json::text).unwrap_or_default();
    let thinking = thinking(body, model)?;
    together(body)?;
    let mut turn = Turn {
        model: model.to_owned(),
        host: route.host,
        request: Some(body),
        stream: body.get("stream").is_some_and(Json::is_true),
        serial: body.get("parallel_tool_calls") == Some(&Json::Bool(false)),
        limit: body.get("max_output_tokens").and_then(Json::whole),
        thinking,
        ..Turn::default()
    };
    let format = body.get("text").and_then(|text| text.get("format"));
    if let Some(format) = format {
        strict::format(format, "text.format.schema")?;
    }
    turn.format = format.and_then(|format| match format.get("type")?.text()? {
        "json_object" => Some(None),
        "json_schema" => Some(format.get("schema")),
        _ => None,
    });
    tools(body, &mut turn)?;
    turn.input.text(body.get("instructions").and_then(Json::text).unwrap_or_default());
    match body.get("input") {
        Some(Json::Text(said)) => {
            turn.input.text(said);
            turn.said = said.to_string();
        }
        input => {
            let goes_on = body.get("previous_response_id").is_some();
            items::read(input.map_or(&[][..], Json::items), goes_on, &mut turn)?;
        }
    }
    Ok(turn)
}

/// An unknown field of the body has other words here than in Chat Completions.
fn unlike_chat(broken: Violation) -> Rejection {
    match broken {
        Violation { path, what: What::Unknown(name) } if path.is_empty() => {
            let message = format!("Unknown parameter: '{name}'.");
            Rejection::bad(message).param(name).code("unknown_parameter")
        }
        broken => broken.reject(Provider::OpenAi),
    }
}

fn thinking(body: &Json<'_>, model: &str) -> Result<Thinking, Rejection> {
    let reasoning = body.get("reasoning");
    let asked = |name| reasoning.and_then(|reasoning| reasoning.get(name)?.text());
    let family = Family::of(model);
    let effort = family.effort(asked("effort"), "reasoning.effort", model)?;
    let summary = asked("summary").or(asked("generate_summary"));
    if summary.is_some() && !family.thinks() {
        let message =
            "Unsupported parameter: 'reasoning.summary' is not supported with this model.";
        return Err(Rejection::bad(message)
            .param("reasoning.summary")
            .code("unsupported_parameter"));
    }
    family.sampling(effort, body)?;
    Ok(match (effort, summary) {
        ("none", _) => Thinking::Off,
        (_, None) => Thinking::Hidden,
        (_, Some(_)) => Thinking::Shown,
    })
}

/// Rules about fields that only go together, and about what an earlier answer left behind.
fn together(body: &Json<'_>) -> Result<(), Rejection> {
    let given = |name| body.get(name).is_some();
    if given("stream_options") && !body.get("stream").is_some_and(Json::is_true) {
        let message = "The 'stream_options' parameter is only allowed when 'stream' is enabled.";
        return Err(Rejection::bad(message).param("stream_options"));
    }
    if given("previous_response_id") && given("conversation") {
        let message = "Mutually exclusive parameters: 'previous_response_id' and 'conversation'. \
                       Ensure you are only providing one of them.";
        return Err(Rejection::bad(message).code("mutually_exclusive_parameters"));
    }
    let previous = body.get("previous_response_id").and_then(Json::text);
    if let Some(id) = previous.filter(|id| !id.starts_with("resp_") || ids::answer(id).is_none()) {
        let message = format!("Previous response with id '{id}' not found.");
        let rejection = Rejection::bad(message).param("previous_response_id");
        return Err(rejection.code("previous_response_not_found"));
    }
    Ok(())
}

fn tools<'j>(body: &'j Json<'j>, turn: &mut Turn<'j>) -> Result<(), Rejection> {
    for (at, tool) in body.get("tools").map_or(&[][..], Json::items).iter().enumerate() {
        turn.input.tool();
        let custom = match tool.get("type").and_then(Json::text) {
            Some("function") => false,
            Some("custom") => true,
            _ => continue,
        };
        let name = tool.get("name").and_then(Json::text).unwrap_or_default();
        tool_name(name, &format!("tools[{at}].name"))?;
        let schema = tool.get("parameters");
        let kind = schema.and_then(|schema| schema.get("type"));
        let param = format!("tools[{at}].parameters");
        if schema.is_some_and(|schema| !schema.members().is_empty())
            && kind.and_then(Json::text) != Some("object")
        {
            let message = format!(
                "Invalid schema for function '{name}': schema must be a JSON Schema of 'type: \
                 \"object\"', got 'type: {}'.",
                kind.map_or("\"None\"".to_owned(), Json::to_string)
            );
            return Err(Rejection::bad(message).param(param).code("invalid_function_parameters"));
        }
        // Left out, `strict` means that the schema is made strict, not that it must be.
        if tool.get("strict").is_some_and(Json::is_true) {
            strict::function(name, schema, &param)?;
        }
        turn.tools.push(Tool { name: name.to_owned(), schema, custom });
    }
    let Some(choice) = body.get("tool_choice") else { return Ok(()) };
    let missing = |name: &str| {
        let message = format!("Tool choice '{name}' not found in 'tools' parameter.");
        Rejection::bad(message).param("tool_choice")
    };
    let member = |name| choice.get(name).and_then(Json::text);
    turn.choice = match choice.text().or(member("type")) {
        Some("none") => Choice::None,
        Some("required") if body.get("tools").is_none_or(|tools| tools.items().is_empty()) => {
            let message = "Tool choice 'required' must be specified with 'tools' parameter.";
            return Err(Rejection::bad(message).param("tool_choice"));
        }
        Some("required") => Choice::Any,
        Some("function" | "custom") => {
            let name = member("name").unwrap_or_default();
            if !turn.tools.iter().any(|tool| tool.name == name) {
                return Err(missing(name));
            }
            Choice::Named(name.to_owned())
        }
        Some("allowed_tools") => {
            let allowed = choice.get("tools").map_or(&[][..], Json::items);
            let names: Vec<_> =
                allowed.iter().filter_map(|tool| tool.get("name")?.text()).collect();
            let known = |name: &&&str| !turn.tools.iter().any(|tool| tool.name == **name);
            if let Some(name) = names.iter().find(known) {
                return Err(missing(name));
            }
            turn.tools.retain(|tool| names.contains(&tool.name.as_str()));
            if member("mode") == Some("required") { Choice::Any } else { Choice::Auto }
        }
        _ => Choice::Auto,
    };
    Ok(())
}
