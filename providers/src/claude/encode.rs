//! Requests, from the model to the wire (`wire.md` §5.1, column Anthropic).

use serde_json::value::RawValue;

use super::body::{Block, Body, Format, Members, Metadata, Nested, OutputConfig};
use super::extensions::UNKNOWN;
use super::hung::{self, Hung};
use super::losses::Losses;
use super::reasoning::{self, Plan};
use super::turns::Writer;
use super::{cache, citation, tools};
use crate::Schema;
use crate::catalog::{ApiVersion, Capabilities};
use crate::codec::{Encoded, Target};
use crate::conversation::{
    Extension, Field, Loss, Message, Modality, OutputFormat, Part, Refusal, Request, Role,
    Sampling, ThinkingMode, Unsupported,
};
use crate::json;

/// What stands in for JSON mode, which Anthropic lacks.
const JSON_ONLY: &str =
    "Answer with one valid JSON value and nothing else: no prose, no Markdown code fence.";

/// What stands in for a schema that the model can't be held to; the schema follows.
const JSON_OF_SCHEMA: &str = "Answer with one JSON value that follows this JSON Schema and nothing \
    else: no prose, no Markdown code fence.\n";

/// Writes a request body.
pub(super) fn request(request: &Request<'_>, target: &Target<'_>) -> Result<Encoded, Refusal> {
    let mut losses = Losses::new(request.schema);
    let own = extensions(request, &mut losses)?;
    let mut hung = Hung::of(request);
    unsupported(request, &mut losses)?;
    let max_tokens = max_tokens(request, target)?;
    let (temperature, top_p, top_k) = sampling(request, target, &mut losses)?;
    let Plan { mut thinking, effort } = reasoning::plan(request, target, max_tokens, &mut losses)?;
    if thinking.is_some_and(|t| t.is_budget()) && lacks_thoughts(request) {
        losses.field(Field::Reasoning);
        thinking = None;
    }
    let Writer { mut system, turns, .. } = Writer::write(request, target, &mut hung, &mut losses)?;
    // For Anthropic's own books: it stands first, or it is taken for an instruction.
    if let Some(header) = request.extensions.iter().find(|e| is_billing_header(e)) {
        system.insert(0, Block::Raw(header.value));
    }
    let format = output(request, target, &mut system, &mut losses)?;
    let offered = tools::tools(request, target, &mut hung, &mut losses)?;
    hung.left().for_each(|path| losses.add(Loss::of(path)));
    let choice = tools::tool_choice(request, target, thinking, &offered, &mut losses)?;
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
    let version = version(request, target, temperature.or(top_p).or(top_k).is_some());
    let mut body = Body {
        model: target.model,
        max_tokens,
        system,
        messages: turns,
        tools: offered,
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
    if request.schema != Schema::Claude && cache::limit(&mut body) {
        losses.field(Field::CacheControl);
    }
    let body = json::write(&body, request.written_size())
        .map_err(|error| Refusal::body(format!("the request can't be written: {error}")))?;
    Ok(Encoded {
        losses: losses.list,
        emulated: losses.emulated,
        api_version: Some(version.as_str()),
        ..Encoded::of(body)
    })
}

/// The version of the API that takes all of a request: what the newer refuses is said in the
/// older (`wire.md` §0.2).
fn version(request: &Request<'_>, target: &Target<'_>, sampled: bool) -> ApiVersion {
    let older = |message: &Message<'_>| match message.role {
        Role::Assistant => message.parts.iter().any(|part| match part {
            Part::Document(_) => true,
            Part::Opaque(opaque) => opaque.kind == "document",
            _ => false,
        }),
        _ => message.parts.iter().any(
            |part| matches!(part, Part::Text(text) if text.citations.iter().any(citation::is_own)),
        ),
    };
    match sampled || request.messages.iter().any(older) {
        true => ApiVersion::V2023,
        false => target.capabilities.api_version,
    }
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

/// Whether it is what Claude Code's first system block says about itself.
fn is_billing_header(extension: &Extension<'_>) -> bool {
    extension.schema == Schema::Claude && extension.unsupported == Unsupported::Ignore
}

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
        None => Ok(default_limit(request, target.capabilities)),
    }
}

/// How long the answer may be where the caller does not say. A limit that nobody asked for must
/// not be in the way of a budget that was.
pub(crate) fn default_limit(request: &Request<'_>, capabilities: &Capabilities) -> u64 {
    let default = capabilities.default_max_tokens;
    match request.reasoning.mode {
        Some(ThinkingMode::Budget(budget)) if budget >= default => capabilities.max_output_tokens,
        _ => default.min(capabilities.max_output_tokens),
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
    target: &Target<'_>,
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
        OutputFormat::JsonSchema { schema, strict, .. }
            if !target.capabilities.structured_output =>
        {
            let promised = *strict == Some(true) || request.schema == Schema::Claude;
            if promised {
                return Err(Refusal::of(
                    request.name(Field::Output),
                    format!("`{}` can't be held to a JSON Schema; ask a newer model", target.model),
                ));
            }
            losses.emulated(Field::Output);
            system.push(Block::text(format!("{JSON_OF_SCHEMA}{}", schema.get())));
            Ok(None)
        }
        OutputFormat::JsonSchema { name, description, schema, strict: _ } => {
            // Anthropic always holds the answer to the schema: `strict` is kept either way.
            if name.is_some() {
                losses.field(Field::OutputName);
            }
            if description.is_some() {
                losses.field(Field::OutputDescription);
            }
            let (schema, changed) = tools::enforceable(schema, request.schema)?;
            if changed {
                losses.field(Field::OutputSchema);
            }
            Ok(Some(Format::JsonSchema { schema }))
        }
    }
}
