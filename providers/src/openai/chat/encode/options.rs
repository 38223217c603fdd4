//! Everything that is one field: limits, sampling, effort, the answer's format, extensions.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::value::RawValue;

use crate::Schema;
use crate::catalog;
use crate::codec::Target;
use crate::conversation::{
    Effort, Field, Loss, OutputFormat, Refusal, Request, ThinkingMode, Unsupported,
};

/// What is left out, each field once.
pub(super) struct Losses<'r, 'a> {
    request: &'r Request<'a>,
    losses: Vec<Loss>,
}

impl<'r, 'a> Losses<'r, 'a> {
    pub(super) fn new(request: &'r Request<'a>) -> Self {
        Self { request, losses: Vec::new() }
    }

    /// This field is left out.
    pub(super) fn of(&mut self, field: Field) {
        self.named(Cow::Borrowed(self.request.name(field)));
    }

    fn named(&mut self, field: Cow<'static, str>) {
        if self.losses.iter().all(|loss| loss.field != field) {
            self.losses.push(Loss { field });
        }
    }

    pub(super) fn into_vec(self) -> Vec<Loss> {
        self.losses
    }
}

/// The refusal of a field in the caller's words: `why`, then what to write.
pub(super) fn refuse(request: &Request<'_>, field: Field, why: &str) -> Refusal {
    let field = request.name(field);
    Refusal::of(field, format!("'{field}': {why}"))
}

/// `response_format`; free text needs none.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Format<'a> {
    JsonObject,
    JsonSchema { json_schema: JsonSchema<'a> },
}

#[derive(Serialize)]
pub(super) struct JsonSchema<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
    schema: &'a RawValue,
    #[serde(skip_serializing_if = "Option::is_none")]
    strict: Option<bool>,
}

pub(super) fn format<'a>(output: &'a OutputFormat<'_>) -> Option<Format<'a>> {
    match output {
        OutputFormat::Text => None,
        OutputFormat::Json => Some(Format::JsonObject),
        OutputFormat::JsonSchema { name, description, schema, strict } => {
            Some(Format::JsonSchema {
                json_schema: JsonSchema {
                    name: name.as_deref().unwrap_or("response"),
                    description: description.as_deref(),
                    schema,
                    strict: *strict,
                },
            })
        }
    }
}

/// Most characters of a user's id; OpenAI answers 400 to more.
const MAX_USER: usize = 64;

/// The plain fields of a body.
pub(super) struct Limits<'a> {
    pub(super) numbers: Vec<(&'static str, &'a RawValue)>,
    pub(super) counts: Vec<(&'static str, u64)>,
    pub(super) stop: &'a [Cow<'a, str>],
    pub(super) logprobs: bool,
    pub(super) words: Vec<(&'static str, &'a str)>,
}

pub(super) fn limits<'a>(
    request: &'a Request<'a>,
    target: &Target<'_>,
    losses: &mut Losses<'_, '_>,
) -> Result<Limits<'a>, Refusal> {
    let legacy = target.capabilities.legacy_openai;
    if !request.stop.is_empty() && !target.capabilities.stop {
        let why = format!("{} takes none: leave it out.", target.model);
        return Err(refuse(request, Field::Stop, &why));
    }
    if request.stop.len() > 4 {
        return Err(refuse(request, Field::Stop, "this provider takes 4 at most."));
    }
    let logprobs = request.logprobs;
    let mut counts = Vec::new();
    if let Some(most) = request.max_tokens {
        counts.push((if legacy { "max_tokens" } else { "max_completion_tokens" }, most));
    }
    if let Some(candidates) = request.candidates.filter(|&n| n > 1) {
        counts.push(("n", candidates.into()));
    }
    if let Some(top) = logprobs.filter(|&top| top > 0) {
        counts.push(("top_logprobs", top.into()));
    }
    let mut words = Vec::new();
    if let Some(effort) = effort(request, target, losses) {
        words.push(("reasoning_effort", effort));
    }
    if let Some(user) = &request.user {
        // Claude Code's are longer than OpenAI and most compatible hosts take.
        if request.schema != Schema::Chat && user.chars().count() > MAX_USER {
            losses.of(Field::User);
        } else {
            words.push((if legacy { "user" } else { "safety_identifier" }, user.as_ref()));
        }
    }
    Ok(Limits {
        numbers: sampling(request, target, losses)?,
        counts,
        stop: &request.stop,
        logprobs: logprobs.is_some(),
        words,
    })
}

fn sampling<'a>(
    request: &'a Request<'_>,
    target: &Target<'_>,
    losses: &mut Losses<'_, '_>,
) -> Result<Vec<(&'static str, &'a RawValue)>, Refusal> {
    let sampling = &request.sampling;
    let mut numbers = Vec::new();
    for (key, field, value) in [
        ("temperature", Field::Temperature, sampling.temperature),
        ("top_p", Field::TopP, sampling.top_p),
    ] {
        let Some(value) = value else { continue };
        if target.capabilities.sampling {
            numbers.push((key, value));
        } else if value.get().parse() == Ok(1.0) {
            losses.of(field);
        } else {
            let why = format!("{} takes no other value than 1: leave it out.", target.model);
            return Err(refuse(request, field, &why));
        }
    }
    match sampling.top_k {
        Some(top_k) if target.capabilities.legacy_openai => numbers.push(("top_k", top_k)),
        Some(_) => losses.of(Field::TopK),
        None => {}
    }
    numbers.extend(
        [
            ("seed", sampling.seed),
            ("presence_penalty", sampling.presence_penalty),
            ("frequency_penalty", sampling.frequency_penalty),
        ]
        .into_iter()
        .filter_map(|(key, value)| Some((key, value?))),
    );
    Ok(numbers)
}

/// The least budget of thinking tokens that asks for each effort.
const EFFORT_OF_BUDGET: [(u64, Effort); 4] =
    [(16_384, Effort::High), (4_096, Effort::Medium), (1_024, Effort::Low), (0, Effort::Minimal)];

fn effort(
    request: &Request<'_>,
    target: &Target<'_>,
    losses: &mut Losses<'_, '_>,
) -> Option<&'static str> {
    let reasoning = &request.reasoning;
    if reasoning.show == Some(true) {
        // Chat answers have no place for thoughts.
        losses.of(Field::Reasoning);
    }
    let wanted = match (reasoning.mode, reasoning.effort) {
        (Some(ThinkingMode::Disabled), _) => Effort::None,
        (_, Some(effort)) => effort,
        (Some(ThinkingMode::Budget(tokens)), None) => EFFORT_OF_BUDGET
            .iter()
            .find_map(|&(least, effort)| (tokens >= least).then_some(effort))?,
        // The model decides, as it does unasked.
        (Some(ThinkingMode::Adaptive) | None, None) => return None,
    };
    let capabilities = target.capabilities;
    if capabilities.thinking == catalog::Thinking::Unsupported {
        // Who wants no thoughts misses none.
        if wanted != Effort::None {
            losses.of(Field::Reasoning);
        }
        return None;
    }
    let free = request.tools.is_empty() || capabilities.tools_with_effort;
    let given = match wanted {
        // Refused beside functions, which matter more (`wire.md` §0.4).
        _ if !free => Effort::None,
        Effort::None if capabilities.thinking_off => Effort::None,
        wanted => capabilities.nearest_effort(wanted).unwrap_or(wanted),
    };
    if given != wanted {
        losses.of(Field::Reasoning);
    }
    Some(match given {
        Effort::None => "none",
        Effort::Minimal => "minimal",
        Effort::Low => "low",
        Effort::Medium => "medium",
        Effort::High => "high",
        Effort::XHigh => "xhigh",
        Effort::Max => "max",
    })
}

/// Fields of this schema go back to the top of the body; what stood further in has no way back,
/// since its path names no index.
pub(super) fn extensions<'a>(
    request: &'a Request<'_>,
    losses: &mut Losses<'_, '_>,
) -> Result<Vec<(&'a str, &'a RawValue)>, Refusal> {
    let mut own = Vec::new();
    for extension in &request.extensions {
        let path = extension.path.as_ref();
        if extension.schema == Schema::Chat && !path.contains('.') && path != "unknown" {
            own.push((path, extension.value));
        } else if extension.unsupported == Unsupported::Refuse {
            return Err(Refusal::of(
                path.to_owned(),
                format!("'{path}' can't be said to this provider: leave it out."),
            ));
        } else if extension.unsupported == Unsupported::Drop {
            losses.named(Cow::Owned(path.to_owned()));
        }
    }
    Ok(own)
}
