//! Tools, from the model to the wire.

use std::borrow::Cow;
use std::collections::HashSet;

use serde_json::value::RawValue;

use super::body::{Choice, CustomTool, Nested, Tool as Out};
use super::cache;
use super::hung::Hung;
use super::losses::Losses;
use super::reasoning::ThinkingOut;
use crate::Schema;
use crate::codec::Target;
use crate::conversation::{Field, Refusal, Request, Tool, ToolChoice};
use crate::dialect;
use crate::json::Object;

/// The schema of a tool that takes no arguments.
const NO_ARGUMENTS: &str = r#"{"type":"object","properties":{}}"#;

/// Longest name of a tool.
const MAX_TOOL_NAME: usize = 128;

/// A schema as Anthropic enforces it, and whether a constraint was lost on the way there. One
/// that was written for Anthropic is left as it is.
pub(super) fn enforceable(
    raw: &RawValue,
    from: Schema,
) -> Result<(Cow<'_, RawValue>, bool), Refusal> {
    match from {
        Schema::Claude => Ok((Cow::Borrowed(raw), false)),
        _ => dialect::for_claude_format(raw),
    }
}

/// The schema of a tool's arguments. They are always an object, which Anthropic wants said.
fn arguments(parameters: Option<&RawValue>) -> Result<Cow<'_, RawValue>, Refusal> {
    let raw = |text: String| RawValue::from_string(text).map(Cow::Owned);
    let schema = match parameters {
        None => raw(NO_ARGUMENTS.to_owned()),
        Some(schema) => match serde_json::from_str::<Object<'_>>(schema.get()) {
            Ok(members) if members.get("type").is_none() => {
                let rest = schema.get().trim_start_matches('{');
                let comma = if members.0.is_empty() { "" } else { "," };
                raw(format!("{{\"type\":\"object\"{comma}{rest}"))
            }
            _ => Ok(Cow::Borrowed(schema)),
        },
    };
    schema.map_err(|error| Refusal::body(error.to_string()))
}

/// The tools; where the caller allows only some, only those.
pub(super) fn tools<'r>(
    request: &'r Request<'_>,
    target: &Target<'_>,
    hung: &mut Hung<'r>,
    losses: &mut Losses,
) -> Result<Vec<Out<'r>>, Refusal> {
    if !request.tools.is_empty() && !target.capabilities.tools {
        return Err(Refusal::of(
            request.name(Field::Tools),
            format!("`{}` takes no tools; leave them out", target.model),
        ));
    }
    let names = match &request.tool_choice {
        Some(ToolChoice::Allowed { names, .. }) => Some(names),
        _ => None,
    };
    let allowed = names.map(|names| names.iter().map(|name| &**name).collect::<HashSet<_>>());
    let mut out = Vec::with_capacity(request.tools.len());
    for tool in &request.tools {
        match tool {
            Tool::Function { name, description, parameters, strict, cache } => {
                if allowed.as_ref().is_some_and(|names| !names.contains(&**name)) {
                    continue;
                }
                let fine = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
                if !(1..=MAX_TOOL_NAME).contains(&name.len()) || !name.bytes().all(fine) {
                    return Err(Refusal::of(
                        request.name(Field::Tools),
                        format!(
                            "Claude does not take the tool name `{name}`; use up to {MAX_TOOL_NAME} letters, digits, `_` and `-`"
                        ),
                    ));
                }
                let mut strict = strict.unwrap_or_default();
                if strict && !target.capabilities.structured_output {
                    losses.field(Field::ToolStrict);
                    strict = false;
                }
                let mut input_schema = arguments(parameters.as_deref())?;
                if strict {
                    let (schema, changed) = enforceable(&input_schema, request.schema)?;
                    if changed {
                        losses.field(Field::ToolStrict);
                    }
                    if let Cow::Owned(schema) = schema {
                        input_schema = Cow::Owned(schema);
                    }
                }
                let rest = hung.on_tool(name).unwrap_or_default();
                let own_cache = rest.0.iter().any(|(name, _)| name == "cache_control");
                let known = CustomTool {
                    name,
                    description: description.as_deref(),
                    input_schema,
                    strict,
                    cache_control: cache.filter(|_| !own_cache).map(cache::write),
                };
                out.push(Out::Custom(Nested { known, rest }));
            }
            Tool::Custom { name, .. } => {
                return Err(Refusal::of(
                    request.name(Field::CustomTool),
                    format!("Claude has no free-text tools like `{name}`; make it a function"),
                ));
            }
            Tool::Hosted { schema: Schema::Claude, raw, .. } => out.push(Out::Hosted(raw)),
            Tool::Hosted { kind, .. } => {
                return Err(Refusal::of(
                    request.name(Field::HostedTools),
                    format!("Claude has no tool of type `{kind}`; leave it out"),
                ));
            }
        }
    }
    let there: HashSet<&str> = out.iter().filter_map(name).collect();
    if let Some(name) = names.and_then(|names| names.iter().find(|name| !there.contains(&***name)))
    {
        return Err(Refusal::of(
            request.name(Field::ToolChoice),
            format!("`{name}` is allowed but is not among the tools"),
        ));
    }
    Ok(out)
}

fn name<'t>(tool: &Out<'t>) -> Option<&'t str> {
    match tool {
        Out::Custom(tool) => Some(tool.known.name),
        Out::Hosted(_) => None,
    }
}

/// How the model is to choose.
pub(super) fn tool_choice<'r>(
    request: &'r Request<'_>,
    target: &Target<'_>,
    thinking: Option<ThinkingOut>,
    tools: &[Out<'_>],
    losses: &mut Losses,
) -> Result<Option<Choice<'r>>, Refusal> {
    let field = request.name(Field::ToolChoice);
    let (kind, name) = match &request.tool_choice {
        None => (None, None),
        Some(ToolChoice::Auto | ToolChoice::Allowed { required: false, .. }) => {
            (Some("auto"), None)
        }
        Some(ToolChoice::None) => (Some("none"), None),
        Some(ToolChoice::Required | ToolChoice::Allowed { required: true, .. }) => {
            (Some("any"), None)
        }
        Some(ToolChoice::Named(name)) => (Some("tool"), Some(&**name)),
    };
    let forced = matches!(kind, Some("any" | "tool"));
    let one = request.parallel_tool_calls == Some(false);
    if tools.is_empty() {
        // Without tools Anthropic refuses any choice; there is nothing to choose either.
        return match forced {
            true => Err(Refusal::of(field, "a tool must be called, but there is none; add it")),
            false => {
                if one {
                    losses.field(Field::ParallelToolCalls);
                }
                Ok(None)
            }
        };
    }
    if forced && !target.capabilities.forced_tools {
        return Err(Refusal::of(
            field,
            format!("`{}` can't be forced to call a tool; let it choose (`auto`)", target.model),
        ));
    }
    if forced && thinking.is_some_and(|thinking| thinking.forbids_force(target.capabilities)) {
        return Err(Refusal::of(
            field,
            format!(
                "`{}` can't be forced to call a tool while it thinks so; drop one of the two",
                target.model
            ),
        ));
    }
    // Where no tool may be called there is no word for how many.
    let disable_parallel_tool_use =
        one && kind != Some("none") && target.capabilities.parallel_switch;
    if one && !disable_parallel_tool_use {
        losses.field(Field::ParallelToolCalls);
    }
    let kind = kind.or(disable_parallel_tool_use.then_some("auto"));
    Ok(kind.map(|kind| Choice { kind, name, disable_parallel_tool_use }))
}
