//! Everything that is one field: limits, effort, the answer's format, what is included.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::value::RawValue;

use crate::Schema;
use crate::catalog::Thinking;
use crate::codec::Target;
use crate::conversation::{Field, Modality, OutputFormat, Refusal, Request};
use crate::openai::losses::{Losses, refuse};
use crate::openai::pairs::{self, Own};
use crate::openai::responses::{ENCRYPTED, LOGPROBS, MIN_TOKENS};
use crate::openai::{reasoning, sampling, tool};

/// The plain fields of a body.
pub(super) struct Options<'a> {
    pub(super) text: Option<Text<'a>>,
    pub(super) numbers: Vec<(&'static str, &'a RawValue)>,
    pub(super) counts: Vec<(&'static str, u64)>,
    pub(super) reasoning: Option<Reasoning<'a>>,
    pub(super) user: Option<&'a str>,
    pub(super) include: Vec<&'static str>,
    pub(super) store: Option<bool>,
}

#[derive(Serialize)]
pub(super) struct Text<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    format: Option<Format<'a>>,
    #[serde(flatten)]
    own: Own<'a>,
}

#[derive(Serialize)]
struct Format<'a> {
    #[serde(flatten)]
    kind: Kind<'a>,
    #[serde(flatten)]
    own: Own<'a>,
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Kind<'a> {
    JsonObject,
    JsonSchema {
        name: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        description: Option<&'a str>,
        schema: Cow<'a, RawValue>,
        #[serde(skip_serializing_if = "Option::is_none")]
        strict: Option<bool>,
    },
}

#[derive(Serialize)]
pub(super) struct Reasoning<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    effort: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    summary: Option<&'static str>,
    #[serde(flatten)]
    own: Own<'a>,
}

impl<'a> Options<'a> {
    pub(super) fn of(
        request: &'a Request<'_>,
        target: &Target<'_>,
        own: &Own<'a>,
        losses: &mut Losses<'_, '_>,
    ) -> Result<Self, Refusal> {
        unsupported(request, losses)?;
        let mut counts = Vec::new();
        if let Some(most) = request.max_tokens {
            if most < MIN_TOKENS && request.schema != Schema::Responses {
                let why = format!("this provider takes no less than {MIN_TOKENS}: write more.");
                return Err(refuse(request, Field::MaxTokens, &why));
            }
            counts.push(("max_output_tokens", most));
        }
        if let Some(top) = request.logprobs.filter(|&top| top > 0) {
            counts.push(("top_logprobs", top.into()));
        }
        let user = request.user.as_deref().filter(|user| pairs::takes_user(request.schema, user));
        if user.is_none() && request.user.is_some() {
            losses.of(Field::User);
        }
        Ok(Self {
            text: text(request, own, losses)?,
            numbers: sampling::common(request, target, losses)?,
            counts,
            reasoning: thinking(request, target, own, losses),
            user,
            include: include(request, target, own),
            // Kept by nobody whom the caller did not ask to (`wire.md` §5.4).
            store: Some(false).filter(|_| request.schema != Schema::Responses && !own.has("store")),
        })
    }
}

/// Fields that Responses has no word for at all.
fn unsupported(request: &Request<'_>, losses: &mut Losses<'_, '_>) -> Result<(), Refusal> {
    let none = |field, why| Err(refuse(request, field, why));
    if !request.stop.is_empty() {
        return none(Field::Stop, "this provider takes none: leave it out.");
    }
    if request.candidates.is_some_and(|n| n > 1) {
        return none(Field::Candidates, "this provider gives one answer: ask for one.");
    }
    if request.modalities.iter().any(|modality| *modality != Modality::Text) {
        return none(Field::Modalities, "this provider answers in text only.");
    }
    let sampling = &request.sampling;
    for (penalty, field) in [
        (sampling.presence_penalty, Field::PresencePenalty),
        (sampling.frequency_penalty, Field::FrequencyPenalty),
    ] {
        match penalty {
            None => {}
            Some(penalty) if penalty.get().parse() == Ok(0.0) => losses.of(field),
            Some(_) => return none(field, "this provider has none: leave it out, or write 0."),
        }
    }
    for (hint, field) in [(sampling.seed, Field::Seed), (sampling.top_k, Field::TopK)] {
        if hint.is_some() {
            losses.of(field);
        }
    }
    Ok(())
}

fn text<'a>(
    request: &'a Request<'_>,
    own: &Own<'a>,
    losses: &mut Losses<'_, '_>,
) -> Result<Option<Text<'a>>, Refusal> {
    let kind = match &request.output {
        OutputFormat::Text => None,
        OutputFormat::Json => Some(Kind::JsonObject),
        OutputFormat::JsonSchema { name, description, schema, strict } => {
            let (schema, strict) = if request.schema == Schema::Responses {
                (Cow::Borrowed(&**schema), *strict)
            } else if *strict == Some(true) {
                let fields = (Field::OutputSchema, Field::OutputStrict);
                let (schema, strict) = tool::strict(request, schema, fields, losses)?;
                (schema, Some(strict))
            } else {
                (Cow::Borrowed(&**schema), Some(false))
            };
            let name = name.as_deref().unwrap_or("response");
            let description = description.as_deref();
            Some(Kind::JsonSchema { name, description, schema, strict })
        }
    };
    let text = Text {
        format: kind.map(|kind| Format { kind, own: own.under("text.format") }),
        own: own.under("text"),
    };
    Ok(Some(text).filter(|text| text.format.is_some() || !text.own.is_empty()))
}

fn thinking<'a>(
    request: &'a Request<'_>,
    target: &Target<'_>,
    own: &Own<'a>,
    losses: &mut Losses<'_, '_>,
) -> Option<Reasoning<'a>> {
    let effort = reasoning::nearest(request, target, true, losses);
    let own = own.under("reasoning");
    let mut summary = None;
    if request.reasoning.shown(request.schema) == Some(true) && !own.has("summary") {
        if target.capabilities.thinking == Thinking::Unsupported {
            losses.of(Field::Reasoning);
        } else {
            summary = Some("auto");
        }
    }
    let says = effort.is_some() || summary.is_some() || !own.is_empty();
    says.then_some(Reasoning { effort, summary, own })
}

/// Thoughts come encrypted, so that they can be given back to a provider that keeps nothing;
/// models that don't think refuse to be asked for them.
fn include(request: &Request<'_>, target: &Target<'_>, own: &Own<'_>) -> Vec<&'static str> {
    if own.has("include") {
        return Vec::new();
    }
    let thinks = target.capabilities.thinking != Thinking::Unsupported;
    let encrypted = Some(ENCRYPTED).filter(|_| thinks);
    encrypted.into_iter().chain(request.logprobs.map(|_| LOGPROBS)).collect()
}
