//! Tools and the choice among them.

use std::borrow::Cow;
use std::collections::HashSet;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::options::{Losses, refuse};
use crate::Schema;
use crate::codec::Target;
use crate::conversation::{self, Field, Refusal, Request, ToolChoice};
use crate::openai::tool;

/// A tool as it is written.
#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum Tool<'a> {
    Function { r#type: &'static str, function: Function<'a> },
    Custom { r#type: &'static str, custom: Custom<'a> },
    Raw(&'a RawValue),
}

#[derive(Serialize)]
pub(super) struct Function<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    parameters: Option<Cow<'a, RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    strict: Option<bool>,
}

#[derive(Serialize)]
pub(super) struct Custom<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    format: Option<Format<'a>>,
}

/// What a free-text tool takes. A grammar stands in an object of its own here.
#[derive(Serialize)]
#[serde(untagged)]
enum Format<'a> {
    Grammar { r#type: &'static str, grammar: Grammar<'a> },
    Other(&'a RawValue),
}

#[derive(Deserialize, Serialize)]
struct Grammar<'a> {
    #[serde(borrow)]
    definition: &'a RawValue,
    syntax: &'a RawValue,
}

fn nested(flat: &RawValue) -> Format<'_> {
    match serde_json::from_str::<Grammar<'_>>(flat.get()) {
        Ok(grammar) => Format::Grammar { r#type: "grammar", grammar },
        Err(_) => Format::Other(flat),
    }
}

pub(super) fn all<'a>(
    request: &'a Request<'_>,
    target: &Target<'_>,
    losses: &mut Losses<'_, '_>,
) -> Result<Vec<Tool<'a>>, Refusal> {
    // Hosts that know no `allowed_tools` are told of the allowed ones only.
    let allowed: Option<HashSet<&str>> = match &request.tool_choice {
        Some(ToolChoice::Allowed { names, .. }) if target.capabilities.legacy_openai => {
            Some(names.iter().map(|name| &**name).collect())
        }
        _ => None,
    };
    let mut tools = Vec::with_capacity(request.tools.len());
    for tool in &request.tools {
        match tool {
            conversation::Tool::Function { name, description, parameters, strict, cache } => {
                if allowed.as_ref().is_some_and(|names| !names.contains(&**name)) {
                    continue;
                }
                if request.schema != Schema::Chat {
                    tool::named(request, name)?;
                }
                if cache.is_some() {
                    losses.of(Field::CacheControl);
                }
                let description = description.as_deref();
                let (parameters, strict) = match (parameters.as_deref(), strict) {
                    (Some(raw), Some(true)) if request.schema != Schema::Chat => {
                        let field = (Field::Tools, Field::ToolStrict);
                        let (schema, strict) = tool::strict(request, raw, field, losses)?;
                        (Some(schema), strict.then_some(true))
                    }
                    (raw, strict) => (raw.map(Cow::Borrowed), *strict),
                };
                let function = Function { name, description, parameters, strict };
                tools.push(Tool::Function { r#type: "function", function });
            }
            conversation::Tool::Custom { name, .. }
                if request.schema != Schema::Chat && target.capabilities.legacy_openai =>
            {
                let why = format!("'{name}' takes free text: make it a function.");
                return Err(refuse(request, Field::CustomTool, &why));
            }
            conversation::Tool::Custom { name, description, format } => {
                let description = description.as_deref();
                let format = format.as_deref().map(nested);
                let custom = Custom { name, description, format };
                tools.push(Tool::Custom { r#type: "custom", custom });
            }
            conversation::Tool::Hosted { schema: Schema::Chat, raw, .. } => {
                tools.push(Tool::Raw(raw));
            }
            conversation::Tool::Hosted { kind, .. } => {
                let why = format!(
                    "the tool '{kind}' exists at its own provider only: use a function, or send \
                     the request to a model of that provider."
                );
                return Err(refuse(request, Field::HostedTools, &why));
            }
        }
    }
    Ok(tools)
}

/// `tool_choice` as it is written.
#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum Choice<'a> {
    Word(&'static str),
    Named(Named<'a>),
    Allowed { r#type: &'static str, allowed_tools: Allowed<'a> },
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub(super) enum Named<'a> {
    Function { function: Name<'a> },
    Custom { custom: Name<'a> },
}

#[derive(Serialize)]
pub(super) struct Name<'a> {
    name: &'a str,
}

#[derive(Serialize)]
pub(super) struct Allowed<'a> {
    mode: &'static str,
    tools: Vec<Named<'a>>,
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
        ToolChoice::Allowed { required, .. } if target.capabilities.legacy_openai => {
            Choice::Word(tool::mode(*required))
        }
        ToolChoice::Allowed { required, names } => Choice::Allowed {
            r#type: "allowed_tools",
            allowed_tools: Allowed {
                mode: tool::mode(*required),
                tools: names.iter().map(|name| named(request, name)).collect(),
            },
        },
    }))
}

/// A tool by name.
fn named<'a>(request: &Request<'_>, name: &'a str) -> Named<'a> {
    let is_custom = request.tools.iter().any(
        |tool| matches!(tool, conversation::Tool::Custom { name: known, .. } if known == name),
    );
    if is_custom {
        Named::Custom { custom: Name { name } }
    } else {
        Named::Function { function: Name { name } }
    }
}
