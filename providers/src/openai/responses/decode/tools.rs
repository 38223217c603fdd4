//! Tools and the choice among them.

use std::borrow::Cow;

use serde_json::value::RawValue;

use crate::Schema;
use crate::conversation::{Namespaced, Refusal, Request, Tool, ToolChoice};
use crate::json::Str;
use crate::openai::extension::Extensions;
use crate::openai::read::{self, List, invalid, missing};
use crate::openai::responses::wire;

pub(super) fn decode<'a>(
    tools: Option<List<&'a RawValue>>,
    request: &mut Request<'a>,
    extensions: &mut Extensions<'a>,
) -> Result<(), Refusal> {
    all(tools, "tools", request, extensions)
}

/// An item that is no turn but more tools. All that are known are told in one place: the model
/// that answers now may call each of them, wherever it came.
pub(super) fn additional<'a>(
    raw: &'a RawValue,
    at: &str,
    request: &mut Request<'a>,
    extensions: &mut Extensions<'a>,
) -> Result<(), Refusal> {
    let item: wire::AdditionalTools<'a> = read::parse(raw, at)?;
    extensions.unknown("input", item.unknown);
    all(item.tools, &format!("{at}.tools"), request, extensions)
}

fn all<'a>(
    tools: Option<List<&'a RawValue>>,
    at: &str,
    request: &mut Request<'a>,
    extensions: &mut Extensions<'a>,
) -> Result<(), Refusal> {
    let tools = tools.map_or_else(Vec::new, |list| list.0);
    for (index, raw) in tools.into_iter().enumerate() {
        let tool = tool(raw, &format!("{at}[{index}]"), extensions)?;
        match tool {
            Tool::Hosted { ref kind, .. } if kind == "namespace" => {
                namespace(raw, tool, &format!("{at}[{index}]"), request, extensions)?;
            }
            tool => request.tools.push(tool),
        }
    }
    Ok(())
}

/// A group of tools, one by one, each under both names and with what is said of them all. One
/// that holds other tools than the caller's own, or none, stays whole, for OpenAI alone.
fn namespace<'a>(
    raw: &'a RawValue,
    whole: Tool<'a>,
    at: &str,
    request: &mut Request<'a>,
    extensions: &mut Extensions<'a>,
) -> Result<(), Refusal> {
    let group: wire::Namespace<'a> = read::parse(raw, at)?;
    let namespace = name(group.name, "tools.name")?;
    let mut tools = Vec::new();
    for (index, raw) in group.tools.map_or_else(Vec::new, |list| list.0).into_iter().enumerate() {
        let mut tool = tool(raw, &format!("{at}.tools[{index}]"), extensions)?;
        let (Tool::Function { name, description, .. } | Tool::Custom { name, description, .. }) =
            &mut tool
        else {
            request.tools.push(whole);
            return Ok(());
        };
        let (namespace, within) = (namespace.clone().into_owned(), name.clone().into_owned());
        let namespaced = Namespaced { namespace, name: within };
        *name = Cow::Owned(namespaced.joined());
        if let Some(of_all) = group.description.as_deref().filter(|text| !text.is_empty()) {
            let own = description.as_deref().map(|own| format!("\n\n{own}")).unwrap_or_default();
            *description = Some(Cow::Owned(format!("{of_all}{own}")));
        }
        tools.push((tool, namespaced));
    }
    if tools.is_empty() {
        request.tools.push(whole);
        return Ok(());
    }
    extensions.unknown("tools", group.unknown);
    for (tool, namespaced) in tools {
        request.tools.push(tool);
        request.namespaced.push(namespaced);
    }
    request.namespaces.push(raw);
    Ok(())
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
