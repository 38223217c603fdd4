//! Tools and the choice among them.

use std::borrow::Cow;

use serde_json::value::RawValue;

use crate::Schema;
use crate::conversation::{Refusal, Tool, ToolChoice};
use crate::json::Str;
use crate::openai::extension::Extensions;
use crate::openai::read::{self, List, invalid, missing};
use crate::openai::responses::wire;

pub(super) fn decode<'a>(
    tools: Option<List<&'a RawValue>>,
    extensions: &mut Extensions<'a>,
) -> Result<Vec<Tool<'a>>, Refusal> {
    let tools = tools.map_or_else(Vec::new, |list| list.0);
    let tools = tools.into_iter().enumerate();
    tools.map(|(index, raw)| tool(raw, &format!("tools[{index}]"), extensions)).collect()
}

fn tool<'a>(
    raw: &'a RawValue,
    at: &str,
    extensions: &mut Extensions<'a>,
) -> Result<Tool<'a>, Refusal> {
    let kind: wire::Kind<'a> = read::parse(raw, at)?;
    match kind.kind {
        Some(kind) if &*kind == "function" => {
            let function: wire::Function<'a> = read::parse(raw, at)?;
            extensions.unknown("tools", function.unknown);
            Ok(Tool::Function {
                name: name(function.name, "tools.name")?,
                description: function.description.map(Cow::from),
                parameters: function.parameters.map(Cow::Borrowed),
                strict: function.strict,
                cache: None,
            })
        }
        Some(kind) if &*kind == "custom" => {
            let custom: wire::Custom<'a> = read::parse(raw, at)?;
            extensions.unknown("tools", custom.unknown);
            Ok(Tool::Custom {
                name: name(custom.name, "tools.name")?,
                description: custom.description.map(Cow::from),
                format: custom.format.map(Cow::Borrowed),
            })
        }
        Some(kind) => Ok(Tool::Hosted { schema: Schema::Responses, kind: kind.0, raw }),
        None => Err(missing("tools.type", "what the tool is, like function")),
    }
}

fn name<'a>(name: Option<Str<'a>>, field: &'static str) -> Result<Cow<'a, str>, Refusal> {
    name.map(Cow::from).ok_or_else(|| missing(field, "a name"))
}

/// A choice of tools that only OpenAI has is kept as it is written, for OpenAI alone.
pub(super) fn choice<'a>(
    choice: Option<&'a RawValue>,
    extensions: &mut Extensions<'a>,
) -> Result<Option<ToolChoice<'a>>, Refusal> {
    let Some(raw) = choice else { return Ok(None) };
    if let Some(word) = read::as_text(raw) {
        return match &*word {
            "auto" => Ok(Some(ToolChoice::Auto)),
            "none" => Ok(Some(ToolChoice::None)),
            "required" => Ok(Some(ToolChoice::Required)),
            _ => Err(invalid("tool_choice", "auto, none, required, or an object")),
        };
    }
    let choice: wire::ToolChoice<'a> = read::parse(raw, "tool_choice")?;
    if is_mine(&choice) {
        extensions.unknown("tool_choice", choice.unknown);
        return name(choice.name, "tool_choice.name").map(|name| Some(ToolChoice::Named(name)));
    }
    let mine = |tools: &List<wire::ToolChoice<'_>>| tools.0.iter().all(is_mine);
    match (choice.kind.as_deref(), choice.tools) {
        (Some("allowed_tools"), Some(tools)) if mine(&tools) => {
            extensions.unknown("tool_choice", choice.unknown);
            let required = match choice.mode.as_deref() {
                Some("required") => true,
                Some("auto") | None => false,
                Some(_) => return Err(invalid("tool_choice.mode", "auto or required")),
            };
            let named = tools.0.into_iter().map(|tool| name(tool.name, "tool_choice.tools.name"));
            Ok(Some(ToolChoice::Allowed { required, names: named.collect::<Result<_, _>>()? }))
        }
        _ => {
            extensions.vital("tool_choice", raw);
            Ok(None)
        }
    }
}

/// Whether it names a tool of the caller's.
fn is_mine(choice: &wire::ToolChoice<'_>) -> bool {
    matches!(choice.kind.as_deref(), Some("function" | "custom"))
}
