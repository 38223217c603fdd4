//! Requests, from the wire into the model (`wire.md` §2, §5.1).

use std::borrow::Cow;

use serde_json::value::RawValue;

use super::cache;
use super::extensions::Extensions;
use super::wire::{Body, Choice, Content, CustomTool, Format, Kind, Number, OutputConfig, Turn};
use super::{blocks, object, reasoning};
use crate::Schema;
use crate::codec::PathHints;
use crate::conversation::{
    Message, OutputFormat, Part, Refusal, Request, Role, Sampling, Tool, ToolChoice, Unsupported,
};
use crate::json;

/// What Claude Code's first system block begins with: for Anthropic's own books, no instruction.
pub(super) const BILLING_HEADER: &str = "x-anthropic-billing-header:";

/// Reads a request body.
pub(super) fn request<'a>(bytes: &'a [u8], path: PathHints<'a>) -> Result<Request<'a>, Refusal> {
    let body: Body<'a> =
        json::read(bytes).map_err(|error| match serde_json::from_slice::<&RawValue>(bytes) {
            Ok(_) => object::refusal("", &error),
            Err(error) => Refusal::body(format!("the body is not JSON: {error}")),
        })?;
    let model = match (body.model, path.model) {
        (Some(model), _) if !model.is_empty() => model.into(),
        (_, Some(model)) => Cow::Borrowed(model),
        _ => return Err(Refusal::of("model", "`model` is missing; name the model to use")),
    };
    if body.max_tokens.is_none() {
        return Err(Refusal::of(
            "max_tokens",
            "`max_tokens` is missing; say how many tokens the answer may have",
        ));
    }
    let turns = body
        .messages
        .ok_or_else(|| Refusal::of("messages", "`messages` is missing; send at least one turn"))?;

    let mut extensions = Extensions::default();
    let mut request = Request::new(Schema::Claude, model);
    request.stream = path.stream.or(body.stream).unwrap_or_default();
    request.max_tokens = body.max_tokens;
    request.system = system(body.system, &mut extensions)?;
    request.messages =
        turns.into_iter().map(|turn| message(turn, &mut extensions)).collect::<Result<_, _>>()?;
    request.tools = body
        .tools
        .unwrap_or_default()
        .into_iter()
        .map(|raw| tool(raw, &mut extensions))
        .collect::<Result<_, _>>()?;
    if let Some(choice) = body.tool_choice {
        tool_choice(choice, &mut request, &mut extensions)?;
    }
    let number = |number: Option<Number<'a>>| number.map(|number| number.0);
    request.sampling = Sampling {
        temperature: number(body.temperature),
        top_p: number(body.top_p),
        top_k: number(body.top_k),
        ..Sampling::default()
    };
    request.stop = body.stop_sequences.unwrap_or_default().into_iter().map(Into::into).collect();
    if let Some(mut metadata) = body.metadata {
        request.user = metadata.user_id.take().map(Into::into);
        metadata.leftovers(&mut |name, value| extensions.unknown("metadata", name, value));
    }
    if let Some(thinking) = body.thinking {
        reasoning::decode_thinking(thinking, &mut request.reasoning, &mut extensions)?;
    }
    let mut format = body.output_format;
    if let Some(config) = body.output_config {
        let mut config: OutputConfig<'a> = config;
        if let Some(effort) = config.effort.take() {
            request.reasoning.effort = Some(reasoning::decode_effort(&effort)?);
        }
        format = config.format.take().or(format);
        config.leftovers(&mut |name, value| extensions.unknown("output_config", name, value));
    }
    if let Some(format) = format {
        request.output = output(format, &mut extensions)?;
    }
    for (name, value) in body.rest {
        if value.get() != "null" {
            extensions.unknown("", &name, value);
        }
    }
    request.extensions = extensions.list;
    Ok(request)
}

/// Reads `system`: text alone.
fn system<'a>(
    content: Option<Content<'a>>,
    extensions: &mut Extensions<'a>,
) -> Result<Vec<Part<'a>>, Refusal> {
    let blocks = match content {
        None => return Ok(Vec::new()),
        Some(Content::Text(text)) => return Ok(vec![Part::text(text)]),
        Some(Content::Blocks(blocks)) => blocks,
    };
    let mut parts = Vec::with_capacity(blocks.len());
    for raw in blocks {
        match blocks::block(raw, "system", extensions)? {
            Part::Text(text) if parts.is_empty() && text.text.starts_with(BILLING_HEADER) => {
                let name = BILLING_HEADER.trim_end_matches(':');
                extensions.add("system", name, raw, Unsupported::Ignore);
            }
            part @ Part::Text(_) => parts.push(part),
            _ => {
                return Err(Refusal::of(
                    "system",
                    "`system` holds a block that is not text; send text blocks or a string",
                ));
            }
        }
    }
    Ok(parts)
}

/// Reads one turn.
fn message<'a>(
    mut turn: Turn<'a>,
    extensions: &mut Extensions<'a>,
) -> Result<Message<'a>, Refusal> {
    let role = match turn.role.take().as_deref() {
        Some("user") => Role::User,
        Some("assistant") => Role::Assistant,
        Some("system") => Role::System,
        _ => {
            return Err(Refusal::of(
                "messages.role",
                "`messages.role` must be `user`, `assistant` or `system`",
            ));
        }
    };
    let content = turn.content.take().ok_or_else(|| {
        Refusal::of("messages.content", "a turn has no `content`; send a string or blocks")
    })?;
    turn.leftovers(&mut |name, value| extensions.unknown("messages", name, value));
    Ok(Message { role, parts: blocks::decode(content, "messages.content", extensions)? })
}

/// Reads one tool.
pub(super) fn tool<'a>(
    raw: &'a RawValue,
    extensions: &mut Extensions<'a>,
) -> Result<Tool<'a>, Refusal> {
    let hosted = |kind: Cow<'a, str>| Tool::Hosted { schema: Schema::Claude, kind, raw };
    let kind = serde_json::from_str::<Kind<'a>>(raw.get())
        .map_err(|error| object::refusal("tools", &error))?
        .kind;
    match kind {
        Some(kind) if &*kind != "custom" => return Ok(hosted(kind.into())),
        _ => {}
    }
    let mut tool: CustomTool<'a> =
        serde_json::from_str(raw.get()).map_err(|error| object::refusal("tools", &error))?;
    tool.kind = None;
    let name = tool.name.take().ok_or_else(|| {
        Refusal::of("tools.name", "a tool has no `name`; name it to let the model call it")
    })?;
    let function = Tool::Function {
        name: name.into(),
        description: tool.description.take().map(Into::into),
        parameters: tool.input_schema.take().map(Cow::Borrowed),
        strict: tool.strict.take(),
        cache: tool.cache_control.take().map(|control| {
            if !cache::is_plain(control) {
                extensions.unknown("tools", "cache_control", raw);
            }
            cache::read(control)
        }),
    };
    tool.leftovers(&mut |name, _| extensions.unknown("tools", name, raw));
    Ok(function)
}

/// Reads `tool_choice`.
fn tool_choice<'a>(
    mut choice: Choice<'a>,
    request: &mut Request<'a>,
    extensions: &mut Extensions<'a>,
) -> Result<(), Refusal> {
    request.tool_choice = match choice.kind.take().as_deref() {
        Some("auto") => Some(ToolChoice::Auto),
        Some("any") => Some(ToolChoice::Required),
        Some("none") => Some(ToolChoice::None),
        Some("tool") => {
            let name = choice.name.take().ok_or_else(|| {
                Refusal::of("tool_choice.name", "`tool_choice.name` must name the tool to call")
            })?;
            Some(ToolChoice::Named(name.into()))
        }
        _ => {
            return Err(Refusal::of(
                "tool_choice.type",
                "`tool_choice.type` must be `auto`, `any`, `tool` or `none`",
            ));
        }
    };
    request.parallel_tool_calls = choice.disable_parallel_tool_use.take().map(|off| !off);
    choice.leftovers(&mut |name, value| extensions.unknown("tool_choice", name, value));
    Ok(())
}

/// Reads `output_config.format`.
fn output<'a>(
    mut format: Format<'a>,
    extensions: &mut Extensions<'a>,
) -> Result<OutputFormat<'a>, Refusal> {
    let kind = format.kind.take();
    match (kind.as_deref(), format.schema.take()) {
        (Some("json_schema"), Some(schema)) => {
            format.leftovers(&mut |name, value| {
                extensions.unknown("output_config.format", name, value);
            });
            Ok(OutputFormat::JsonSchema {
                name: None,
                description: None,
                schema: Cow::Borrowed(schema),
                strict: None,
            })
        }
        _ => Err(Refusal::of(
            "output_config.format",
            "`output_config.format` must be `{\"type\": \"json_schema\", \"schema\": {…}}`",
        )),
    }
}
