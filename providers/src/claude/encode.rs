//! Requests, from the model to the wire (`wire.md` §5.1, column Anthropic).

use std::borrow::Cow;

use serde_json::value::RawValue;

use super::body::{
    Block, Body, Choice, CustomTool, Format, Members, Metadata, Nested, OutputConfig,
    Tool as ToolOut,
};
use super::cache;
use super::extensions::UNKNOWN;
use super::hung::{self, Hung};
use super::losses::Losses;
use super::reasoning::{self, Plan};
use super::turns::Writer;
use crate::Schema;
use crate::codec::{Encoded, Target};
use crate::conversation::{
    Field, Loss, Modality, OutputFormat, Part, Refusal, Request, Role, Sampling, Tool, ToolChoice,
    Unsupported,
};
use crate::dialect;
use crate::json::Object;

/// What stands in for JSON mode, which Anthropic lacks.
const JSON_ONLY: &str =
    "Answer with one valid JSON value and nothing else: no prose, no Markdown code fence.";

/// The schema of a tool that takes no arguments.
const NO_ARGUMENTS: &str = r#"{"type":"object","properties":{}}"#;

/// Longest name of a tool.
const MAX_TOOL_NAME: usize = 128;

/// Writes a request body.
pub(super) fn request(request: &Request<'_>, target: &Target<'_>) -> Result<Encoded, Refusal> {
    let mut losses = Losses::new(request.schema);
    let own = extensions(request, &mut losses)?;
    let mut hung = Hung::of(request);
    unsupported(request, &mut losses)?;
    let max_tokens = max_tokens(request, target)?;
    let (temperature, top_p, top_k) = sampling(request, target, &mut losses)?;
    let Plan { mut thinking, effort } =
        reasoning::plan(request, target, max_tokens, &mut |field| losses.field(field))?;
    if thinking.is_some_and(|t| t.is_budget()) && lacks_thoughts(request) {
        losses.field(Field::Reasoning);
        thinking = None;
    }
    let Writer { mut system, turns, .. } = Writer::write(request, target, &mut hung, &mut losses)?;
    let format = output(request, &mut system, &mut losses)?;
    let tools = tools(request, &mut hung, &mut losses)?;
    hung.left().for_each(|path| losses.add(Loss::of(path)));
    let budget = thinking.is_some_and(|t| t.is_budget());
    let choice = tool_choice(request, target, budget, &tools, &mut losses)?;
    for stop in &request.stop {
        if stop.trim().is_empty() {
            return Err(Refusal::of(
                request.name(Field::Stop),
                "Claude can't stop at whitespace alone; give a stop string with words in it",
            ));
        }
    }

    let under = |parent: &str| own.under(parent);
    own.unwritten("tool_choice", choice.is_some(), &mut losses);
    own.unwritten("thinking", thinking.is_some(), &mut losses);
    let config = OutputConfig { effort, format };
    let config = (config.effort.is_some() || config.format.is_some(), config);
    let user_id = request.user.as_deref();
    let body = Body {
        model: target.model,
        max_tokens,
        system,
        messages: turns,
        tools,
        tool_choice: choice.map(|known| Nested { known, rest: under("tool_choice") }),
        thinking: thinking.map(|known| Nested { known, rest: under("thinking") }),
        output_config: nested(config, under("output_config")),
        temperature,
        top_p,
        top_k,
        stop_sequences: &request.stop,
        metadata: nested((user_id.is_some(), Metadata { user_id }), under("metadata")),
        stream: request.stream,
        rest: under(""),
    };
    let body = serde_json::to_vec(&body)
        .map_err(|error| Refusal::body(format!("the request can't be written: {error}")))?;
    Ok(Encoded { losses: losses.list, emulated: losses.emulated, ..Encoded::of(body) })
}

/// An object that is there if it says something.
fn nested<'a, T>((says, known): (bool, T), rest: Members<'a>) -> Option<Nested<'a, T>> {
    (says || !rest.0.is_empty()).then_some(Nested { known, rest })
}

/// The caller's own extensions that can be put back where they were.
struct Own<'r>(Vec<(&'r str, &'r str, &'r RawValue)>);

impl<'r> Own<'r> {
    /// Those of one object; the body itself is the nameless one.
    fn under(&self, parent: &str) -> Members<'r> {
        let of = self.0.iter().filter(|(of, _, _)| *of == parent);
        Members::new(of.map(|(_, name, value)| (*name, *value)))
    }

    /// Reports those of an object that is not written at all.
    fn unwritten(&self, parent: &str, written: bool, losses: &mut Losses) {
        for (_, name, _) in self.0.iter().filter(|(of, _, _)| !written && *of == parent) {
            losses.add(Loss::of(format!("{parent}.{name}")));
        }
    }
}

/// Objects of the body that have extensions written back into them. What stood in a list
/// (turns, blocks, tools) can't be put back: which of its elements it belonged to is not kept.
const WRITTEN_BACK: [&str; 4] = ["metadata", "output_config", "thinking", "tool_choice"];

/// Sorts the extensions: Anthropic's own are written back, others' are dropped or refused.
fn extensions<'r>(request: &'r Request<'_>, losses: &mut Losses) -> Result<Own<'r>, Refusal> {
    let mut own = Vec::new();
    for extension in &request.extensions {
        let path: &'r str = &extension.path;
        if extension.schema == Schema::Claude {
            let (parent, name) = path.rsplit_once('.').unwrap_or(("", path));
            let placed = parent.is_empty() || WRITTEN_BACK.contains(&parent);
            // Refused elsewhere, carried here by an opaque part that stands beside it.
            let carried = extension.unsupported != Unsupported::Drop || hung::is_hung(extension);
            if path == reasoning::BETWEEN_TOOLS {
                continue;
            } else if placed && name != UNKNOWN && extension.value.get() != "null" {
                own.push((parent, name, extension.value));
            } else if placed || !carried {
                losses.add(Loss::of(path.to_owned()));
            }
            continue;
        }
        match extension.unsupported {
            Unsupported::Ignore => {}
            Unsupported::Drop => losses.add(Loss::of(path.to_owned())),
            Unsupported::Refuse => {
                return Err(Refusal::of(
                    path.to_owned(),
                    format!("Claude has nothing like `{path}`; leave it out, or use another model"),
                ));
            }
        }
    }
    Ok(Own(own))
}

/// Fields that Anthropic has no word for at all.
fn unsupported(request: &Request<'_>, losses: &mut Losses) -> Result<(), Refusal> {
    if request.candidates.is_some_and(|n| n > 1) {
        return Err(Refusal::of(
            request.name(Field::Candidates),
            "Claude gives one answer at a time; ask for one, or send the request several times",
        ));
    }
    if request.modalities.iter().any(|modality| *modality != Modality::Text) {
        return Err(Refusal::of(
            request.name(Field::Modalities),
            "Claude answers in text only; ask for nothing else",
        ));
    }
    if request.logprobs.is_some() {
        return Err(Refusal::of(
            request.name(Field::Logprobs),
            "Claude does not report log probabilities; leave them out",
        ));
    }
    let Sampling { seed, presence_penalty, frequency_penalty, .. } = request.sampling;
    if seed.is_some() {
        losses.field(Field::Seed);
    }
    let penalties =
        [(presence_penalty, Field::PresencePenalty), (frequency_penalty, Field::FrequencyPenalty)];
    for (penalty, field) in penalties {
        match penalty {
            None => {}
            Some(penalty) if number(penalty) == Some(0.0) => losses.field(field),
            Some(_) => {
                return Err(Refusal::of(
                    request.name(field),
                    "Claude has no penalties; leave it out or set it to 0",
                ));
            }
        }
    }
    Ok(())
}

/// How long the answer may be: Anthropic must be told.
fn max_tokens(request: &Request<'_>, target: &Target<'_>) -> Result<u64, Refusal> {
    let most = target.capabilities.max_output_tokens;
    match request.max_tokens {
        Some(asked) if asked > most => Err(Refusal::of(
            request.name(Field::MaxTokens),
            format!("`{}` gives {most} tokens at most, not {asked}; ask for less", target.model),
        )),
        Some(asked) => Ok(asked),
        None => Ok(most),
    }
}

fn number(raw: &RawValue) -> Option<f64> {
    raw.get().parse().ok()
}

type Sampled<'r> = (Option<&'r RawValue>, Option<&'r RawValue>, Option<&'r RawValue>);

/// `temperature`, `top_p` and `top_k` as far as the model takes them. Never clamped.
fn sampling<'r>(
    request: &'r Request<'_>,
    target: &Target<'_>,
    losses: &mut Losses,
) -> Result<Sampled<'r>, Refusal> {
    let Sampling { temperature, top_p, top_k, .. } = request.sampling;
    if let Some(temperature) = temperature
        && !number(temperature).is_some_and(|t| (0.0..=1.0).contains(&t))
    {
        return Err(Refusal::of(
            request.name(Field::Temperature),
            format!("Claude takes a temperature from 0 to 1, not {}", temperature.get()),
        ));
    }
    if target.capabilities.sampling {
        return Ok((temperature, top_p, top_k));
    }
    let fields = [
        (temperature, Some(1.0), Field::Temperature),
        (top_p, Some(1.0), Field::TopP),
        (top_k, None, Field::TopK),
    ];
    for (value, default, field) in fields {
        let Some(value) = value else { continue };
        if default.is_none() || number(value) != default {
            let name = request.name(field);
            return Err(Refusal::of(
                name,
                format!("`{}` does not take `{name}`; leave it out", target.model),
            ));
        }
        losses.field(field);
    }
    Ok((None, None, None))
}

/// Whether a tool's result is to be answered to a model that would have to see the thoughts
/// behind its call: with a thinking budget Anthropic refuses the turn without them, and the
/// history may be another's.
fn lacks_thoughts(request: &Request<'_>) -> bool {
    let mut turns = request.messages.iter().rev().filter(|turn| turn.role != Role::System);
    let answers = |part: &Part<'_>| matches!(part, Part::ToolResult(_));
    let thought = |part: &Part<'_>| match part {
        Part::Thinking(thinking) => thinking.signature.is_some(),
        part => matches!(part, Part::RedactedThinking(_)),
    };
    turns.next().is_some_and(|turn| turn.parts.iter().any(answers))
        && !turns.next().is_some_and(|turn| turn.parts.first().is_some_and(thought))
}

/// The output format; JSON mode becomes an instruction.
fn output<'r>(
    request: &'r Request<'_>,
    system: &mut Vec<Block<'r>>,
    losses: &mut Losses,
) -> Result<Option<Format<'r>>, Refusal> {
    match &request.output {
        OutputFormat::Text => Ok(None),
        OutputFormat::Json => {
            losses.emulated(Field::Output);
            system.push(Block::text(JSON_ONLY));
            Ok(None)
        }
        OutputFormat::JsonSchema { name, description, schema, strict: _ } => {
            // Anthropic always holds the answer to the schema: `strict` is kept either way.
            if name.is_some() || description.is_some() {
                losses.field(Field::OutputName);
            }
            let (schema, changed) = enforceable(schema, request.schema)?;
            if changed {
                losses.field(Field::OutputSchema);
            }
            Ok(Some(Format::JsonSchema { schema }))
        }
    }
}

/// A schema as Anthropic enforces it, and whether a constraint was lost on the way there. One
/// that was written for Anthropic is left as it is.
fn enforceable(raw: &RawValue, from: Schema) -> Result<(Cow<'_, RawValue>, bool), Refusal> {
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
fn tools<'r>(
    request: &'r Request<'_>,
    hung: &mut Hung<'r>,
    losses: &mut Losses,
) -> Result<Vec<ToolOut<'r>>, Refusal> {
    let allowed = match &request.tool_choice {
        Some(ToolChoice::Allowed { names, .. }) => Some(names),
        _ => None,
    };
    let mut out = Vec::with_capacity(request.tools.len());
    for tool in &request.tools {
        match tool {
            Tool::Function { name, description, parameters, strict, cache } => {
                if allowed.is_some_and(|names| !names.contains(name)) {
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
                let strict = strict.unwrap_or_default();
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
                out.push(ToolOut::Custom(Nested { known, rest }));
            }
            Tool::Custom { name, .. } => {
                return Err(Refusal::of(
                    request.name(Field::CustomTool),
                    format!("Claude has no free-text tools like `{name}`; make it a function"),
                ));
            }
            Tool::Hosted { schema: Schema::Claude, raw, .. } => out.push(ToolOut::Hosted(raw)),
            Tool::Hosted { kind, .. } => {
                return Err(Refusal::of(
                    request.name(Field::HostedTools),
                    format!("Claude has no tool of type `{kind}`; leave it out"),
                ));
            }
        }
    }
    if let Some(names) = allowed
        && let Some(name) = names.iter().find(|name| !has(&out, name))
    {
        return Err(Refusal::of(
            request.name(Field::ToolChoice),
            format!("`{name}` is allowed but is not among the tools"),
        ));
    }
    Ok(out)
}

fn has(tools: &[ToolOut<'_>], name: &str) -> bool {
    tools.iter().any(|tool| matches!(tool, ToolOut::Custom(tool) if tool.known.name == name))
}

/// How the model is to choose.
fn tool_choice<'r>(
    request: &'r Request<'_>,
    target: &Target<'_>,
    budget: bool,
    tools: &[ToolOut<'_>],
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
    if forced && budget {
        return Err(Refusal::of(
            field,
            "Claude can't be forced to call a tool while it thinks by budget; drop one of the two",
        ));
    }
    // Where no tool may be called there is no word for how many.
    let disable_parallel_tool_use = one && kind != Some("none");
    if one && !disable_parallel_tool_use {
        losses.field(Field::ParallelToolCalls);
    }
    let kind = kind.or(disable_parallel_tool_use.then_some("auto"));
    Ok(kind.map(|kind| Choice { kind, name, disable_parallel_tool_use }))
}
