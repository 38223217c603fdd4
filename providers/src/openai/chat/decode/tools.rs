//! Tools and the choice among them.

use std::borrow::Cow;

use serde_json::value::RawValue;

use super::extension::Extensions;
use super::{invalid, missing};
use crate::Schema;
use crate::claude::cache;
use crate::conversation::{CacheBreakpoint, Refusal, Tool, ToolChoice};
use crate::openai::chat::wire;
use crate::openai::read::{self, List};

/// `functions` is the old form of `tools`.
pub(super) fn decode<'a>(
    tools: Option<List<&'a RawValue>>,
    functions: Option<List<wire::Function<'a>>>,
    extensions: &mut Extensions<'a>,
) -> Result<Vec<Tool<'a>>, Refusal> {
    let mut decoded = Vec::new();
    for (index, raw) in tools.map_or_else(Vec::new, |list| list.0).into_iter().enumerate() {
        decoded.push(tool(raw, index, extensions)?);
    }
    for declared in functions.map_or_else(Vec::new, |list| list.0) {
        decoded.push(function(declared, None, "functions", extensions)?);
    }
    Ok(decoded)
}

fn tool<'a>(
    raw: &'a RawValue,
    index: usize,
    extensions: &mut Extensions<'a>,
) -> Result<Tool<'a>, Refusal> {
    let tool: wire::Tool<'a> = read::parse(raw, &format!("tools[{index}]"))?;
    match (tool.kind, tool.function, tool.custom) {
        (kind, Some(declared), _) if kind.as_deref().is_none_or(|kind| kind == "function") => {
            extensions.unknown("tools", tool.unknown);
            function(declared, tool.cache_control.map(cache::read), "tools.function", extensions)
        }
        (_, None, Some(declared)) => {
            extensions.unknown("tools", tool.unknown);
            custom(declared, extensions)
        }
        (Some(kind), _, _) if &*kind != "function" => {
            Ok(Tool::Hosted { schema: Schema::Chat, kind: kind.0, raw })
        }
        _ => Err(missing("tools.function", "an object with the 'name' of the function")),
    }
}

/// Its format goes flat, as Responses has it: one form for both.
fn custom<'a>(
    declared: wire::Custom<'a>,
    extensions: &mut Extensions<'a>,
) -> Result<Tool<'a>, Refusal> {
    extensions.unknown("tools.custom", declared.unknown);
    let name = declared.name.ok_or_else(|| missing("tools.custom.name", "a name"))?;
    let format = match declared.format {
        Some(raw) => {
            let format: wire::CustomFormat<'a> = read::parse(raw, "tools.custom.format")?;
            extensions.unknown("tools.custom.format", format.unknown);
            match format.grammar {
                Some(grammar) => {
                    extensions.unknown("tools.custom.format.grammar", grammar.unknown);
                    let lacks = || missing("tools.custom.format.grammar", "definition and syntax");
                    let definition = grammar.definition.ok_or_else(lacks)?;
                    let syntax = grammar.syntax.ok_or_else(lacks)?;
                    let flat = format!(
                        r#"{{"type":"grammar","definition":{definition},"syntax":{syntax}}}"#
                    );
                    let flat = RawValue::from_string(flat);
                    Some(Cow::Owned(flat.map_err(|error| Refusal::body(error.to_string()))?))
                }
                None => Some(Cow::Borrowed(raw)),
            }
        }
        None => None,
    };
    let description = declared.description.map(Cow::from);
    Ok(Tool::Custom { name: name.0, description, format })
}

fn function<'a>(
    function: wire::Function<'a>,
    cache: Option<CacheBreakpoint>,
    at: &'static str,
    extensions: &mut Extensions<'a>,
) -> Result<Tool<'a>, Refusal> {
    extensions.unknown(at, function.unknown);
    let name = function.name.ok_or_else(|| missing("tools.function.name", "a name"))?;
    Ok(Tool::Function {
        name: name.0,
        description: function.description.map(Cow::from),
        parameters: function.parameters.map(Cow::Borrowed),
        strict: function.strict,
        cache,
    })
}

/// `function_call` is the old form of `tool_choice`.
pub(super) fn choice<'a>(
    choice: Option<&'a RawValue>,
    function_call: Option<&'a RawValue>,
    extensions: &mut Extensions<'a>,
) -> Result<Option<ToolChoice<'a>>, Refusal> {
    if let Some(raw) = choice {
        return match read::as_text(raw) {
            Some(word) => word_choice(&word, "tool_choice"),
            None => object_choice(read::parse(raw, "tool_choice")?, extensions),
        }
        .map(Some);
    }
    let Some(raw) = function_call else { return Ok(None) };
    if let Some(word) = read::as_text(raw) {
        return word_choice(&word, "function_call").map(Some);
    }
    let named: wire::Named<'a> = read::parse(raw, "function_call")?;
    extensions.unknown("function_call", named.unknown);
    let name = named.name.ok_or_else(|| missing("function_call.name", "a function's name"))?;
    Ok(Some(ToolChoice::Named(name.0)))
}

/// `any` is what some hosts call `required`.
fn word_choice(word: &str, field: &'static str) -> Result<ToolChoice<'static>, Refusal> {
    match word {
        "auto" => Ok(ToolChoice::Auto),
        "none" => Ok(ToolChoice::None),
        "required" | "any" => Ok(ToolChoice::Required),
        _ => Err(invalid(field, "auto, none, required, or an object that names a function")),
    }
}

fn object_choice<'a>(
    choice: wire::ToolChoice<'a>,
    extensions: &mut Extensions<'a>,
) -> Result<ToolChoice<'a>, Refusal> {
    extensions.unknown("tool_choice", choice.unknown);
    if let Some(allowed) = choice.allowed_tools {
        extensions.unknown("tool_choice.allowed_tools", allowed.unknown);
        let required = match allowed.mode.as_deref() {
            Some("required") => true,
            Some("auto") | None => false,
            Some(_) => return Err(invalid("tool_choice.allowed_tools.mode", "auto or required")),
        };
        let tools = allowed.tools.map_or_else(Vec::new, |list| list.0);
        let mut names = Vec::with_capacity(tools.len());
        for tool in tools {
            extensions.unknown("tool_choice.allowed_tools.tools", tool.unknown);
            names.push(named(tool.function, tool.custom, extensions)?);
        }
        return Ok(ToolChoice::Allowed { required, names });
    }
    named(choice.function, choice.custom, extensions).map(ToolChoice::Named)
}

fn named<'a>(
    function: Option<wire::Named<'a>>,
    custom: Option<wire::Named<'a>>,
    extensions: &mut Extensions<'a>,
) -> Result<Cow<'a, str>, Refusal> {
    let named = function.or(custom);
    let named = named.ok_or_else(|| missing("tool_choice.function", "an object with a 'name'"))?;
    extensions.unknown("tool_choice.function", named.unknown);
    named.name.map(Cow::from).ok_or_else(|| missing("tool_choice.function.name", "a name"))
}
