//! Tools and the choice among them.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::value::RawValue;

use crate::Schema;
use crate::codec::Target;
use crate::conversation::{self, Field, Refusal, Request, ToolChoice};
use crate::openai::losses::{Losses, refuse};
use crate::openai::tool;

/// A tool as it is written.
#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum Tool<'a> {
    Known(Known<'a>),
    Raw(&'a RawValue),
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Known<'a> {
    Function {
        name: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        description: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        parameters: Option<Cow<'a, RawValue>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        strict: Option<bool>,
    },
    Custom {
        name: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        description: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        format: Option<&'a RawValue>,
    },
}

/// The schema of a tool that takes no arguments, fit to be held to the letter.
const NO_PARAMETERS: &str =
    r#"{"type":"object","properties":{},"required":[],"additionalProperties":false}"#;

pub(super) fn all<'a>(
    request: &'a Request<'_>,
    losses: &mut Losses<'_, '_>,
) -> Result<Vec<Tool<'a>>, Refusal> {
    let own = request.schema == Schema::Responses;
    let mut tools = Vec::with_capacity(request.tools.len());
    // They stand in their groups.
    let grouped = |tool: &&conversation::Tool<'_>| match tool {
        conversation::Tool::Function { name, .. } | conversation::Tool::Custom { name, .. } => {
            request.namespaced(name).is_some()
        }
        conversation::Tool::Hosted { .. } => false,
    };
    for tool in request.tools.iter().filter(|tool| !grouped(tool)) {
        tools.push(match tool {
            conversation::Tool::Function { name, description, parameters, strict, cache } => {
                if cache.is_some() {
                    losses.of(Field::CacheControl);
                }
                let description = description.as_deref();
                let (parameters, strict) = if own {
                    (parameters.as_deref().map(Cow::Borrowed), *strict)
                } else {
                    tool::named(request, name)?;
                    let (parameters, strict) =
                        held(request, parameters.as_deref(), *strict, losses)?;
                    (Some(parameters), Some(strict))
                };
                Tool::Known(Known::Function { name, description, parameters, strict })
            }
            conversation::Tool::Custom { name, description, format } => {
                if !own {
                    tool::named(request, name)?;
                }
                let (description, format) = (description.as_deref(), format.as_deref());
                Tool::Known(Known::Custom { name, description, format })
            }
            conversation::Tool::Hosted { schema: Schema::Responses, raw, .. } => Tool::Raw(raw),
            conversation::Tool::Hosted { kind, .. } => {
                let why = format!(
                    "the tool '{kind}' exists at its own provider only: use a function, or send \
                     the request to a model of that provider."
                );
                return Err(refuse(request, Field::HostedTools, &why));
            }
        });
    }
    tools.extend(request.namespaces.iter().copied().map(Tool::Raw));
    Ok(tools)
}

/// A tool's schema, and whether OpenAI is to hold arguments to it: always said, since it would
/// hold them to a schema of which nothing is said (`wire.md` §2).
fn held<'a>(
    request: &Request<'_>,
    schema: Option<&'a RawValue>,
    strict: Option<bool>,
    losses: &mut Losses<'_, '_>,
) -> Result<(Cow<'a, RawValue>, bool), Refusal> {
    let strict = strict.unwrap_or(false);
    match schema {
        None => {
            let none = RawValue::from_string(NO_PARAMETERS.to_owned());
            Ok((Cow::Owned(none.map_err(|error| Refusal::body(error.to_string()))?), strict))
        }
        Some(raw) if !strict => Ok((Cow::Borrowed(raw), false)),
        Some(raw) => tool::strict(request, raw, (Field::Tools, Field::ToolStrict), losses),
    }
}

/// `tool_choice` as it is written.
#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum Choice<'a> {
    Word(&'static str),
    Named(Named<'a>),
    Allowed { r#type: &'static str, mode: &'static str, tools: Vec<Named<'a>> },
}

#[derive(Serialize)]
pub(super) struct Named<'a> {
    r#type: &'static str,
    name: &'a str,
}

pub(super) fn choice<'a>(
    request: &'a Request<'_>,
    target: &Target<'_>,
) -> Result<Option<Choice<'a>>, Refusal> {
    let Some(choice) = tool::choice(request, target)? else { return Ok(None) };
    Ok(Some(match choice {
        ToolChoice::Auto => Choice::Word("auto"),
        ToolChoice::None => Choice::Word("none"),
        ToolChoice::Required => Choice::Word("required"),
        ToolChoice::Named(name) => Choice::Named(named(request, name)),
        ToolChoice::Allowed { required, names } => Choice::Allowed {
            r#type: "allowed_tools",
            mode: tool::mode(*required),
            tools: names.iter().map(|name| named(request, name)).collect(),
        },
    }))
}

/// A tool by name.
fn named<'a>(request: &Request<'_>, name: &'a str) -> Named<'a> {
    let custom = request.tools.iter().any(
        |tool| matches!(tool, conversation::Tool::Custom { name: known, .. } if known == name),
    );
    Named { r#type: if custom { "custom" } else { "function" }, name }
}
