//! `generationConfig`, from the model's words (`wire.md` §3, §5.1). What Gemini's own callers wrote
//! is Gemini's to judge.

use std::borrow::Cow;

use serde_json::value::RawValue;

use super::encode_request::Losses;
use super::wire::write::Node;
use super::{logprobs, modality};
use crate::Schema;
use crate::catalog::Capabilities;
use crate::conversation::{
    Extension, Field, Modality, OutputFormat, Refusal, Request, Unsupported,
};

/// Most stop strings that Gemini takes.
const MOST_STOPS: usize = 5;

/// The highest temperature.
const HOTTEST: f64 = 2.0;

/// Writes all but `thinkingConfig`.
pub(super) fn all<'a>(
    request: &'a Request<'_>,
    capabilities: &Capabilities,
    settings: &mut Node<'a>,
    losses: &mut Losses<'_>,
) -> Result<(), Refusal> {
    sampling(request, capabilities, settings, losses)?;
    penalties(request, capabilities, settings, losses)?;
    limits(request, settings)?;
    likelihoods(request, settings)?;
    modalities(request, capabilities, settings)?;
    output(request, capabilities, settings, losses)
}

fn refuse(request: &Request<'_>, field: Field, why: impl FnOnce(&str) -> String) -> Refusal {
    let field = request.name(field);
    Refusal::of(field, why(field))
}

fn is_own(request: &Request<'_>) -> bool {
    request.schema == Schema::Gemini
}

fn put<'a>(settings: &mut Node<'a>, name: &'a str, value: Node<'a>) {
    settings.put(&["generationConfig", name], value);
}

fn sampling<'a>(
    request: &'a Request<'_>,
    capabilities: &Capabilities,
    settings: &mut Node<'a>,
    losses: &mut Losses<'_>,
) -> Result<(), Refusal> {
    let sampling = &request.sampling;
    let hot = |raw: &RawValue| raw.get().parse::<f64>().is_ok_and(|number| number > HOTTEST);
    if sampling.temperature.is_some_and(hot) && !is_own(request) {
        return Err(refuse(request, Field::Temperature, |field| {
            format!("Gemini takes {HOTTEST} as `{field}` at most")
        }));
    }
    let raw: [(&str, Field, Option<&'a RawValue>); 3] = [
        ("temperature", Field::Temperature, sampling.temperature),
        ("topP", Field::TopP, sampling.top_p),
        ("topK", Field::TopK, sampling.top_k),
    ];
    for (name, field, value) in raw {
        let Some(value) = value else { continue };
        if capabilities.sampling || is_own(request) {
            put(settings, name, Node::Raw(Cow::Borrowed(value)));
        } else {
            // The newest models take it and pay no heed to it.
            losses.note(field);
        }
    }
    if let Some(seed) = sampling.seed {
        put(settings, "seed", Node::Raw(Cow::Borrowed(seed)));
    }
    Ok(())
}

fn penalties<'a>(
    request: &'a Request<'_>,
    capabilities: &Capabilities,
    settings: &mut Node<'a>,
    losses: &mut Losses<'_>,
) -> Result<(), Refusal> {
    let sampling = &request.sampling;
    let raw: [(&str, Field, Option<&'a RawValue>); 2] = [
        ("presencePenalty", Field::PresencePenalty, sampling.presence_penalty),
        ("frequencyPenalty", Field::FrequencyPenalty, sampling.frequency_penalty),
    ];
    for (name, field, value) in raw {
        let Some(value) = value else { continue };
        if capabilities.penalties || is_own(request) {
            put(settings, name, Node::Raw(Cow::Borrowed(value)));
        } else if value.get().parse() == Ok(0.0) {
            losses.note(field);
        } else {
            return Err(refuse(request, field, |field| {
                format!("This model takes no penalties; leave `{field}` out, or write 0")
            }));
        }
    }
    Ok(())
}

fn limits<'a>(request: &'a Request<'_>, settings: &mut Node<'a>) -> Result<(), Refusal> {
    if let Some(most) = request.max_tokens {
        put(settings, "maxOutputTokens", number(most));
    }
    if let Some(candidates) = request.candidates {
        put(settings, "candidateCount", number(candidates));
    }
    if request.stop.len() > MOST_STOPS {
        return Err(refuse(request, Field::Stop, |field| {
            format!("Gemini takes {MOST_STOPS} strings in `{field}` at most")
        }));
    }
    if !request.stop.is_empty() {
        let stops = request.stop.iter().map(|stop| Cow::Borrowed(&**stop)).collect();
        put(settings, "stopSequences", Node::Texts(stops));
    }
    Ok(())
}

fn likelihoods<'a>(request: &'a Request<'_>, settings: &mut Node<'a>) -> Result<(), Refusal> {
    let Some(alternatives) = request.logprobs else { return Ok(()) };
    if alternatives > logprobs::MOST && !is_own(request) {
        return Err(refuse(request, Field::Logprobs, |field| {
            format!(
                "Gemini tells {} alternatives of a token at most: ask fewer of `{field}`",
                logprobs::MOST
            )
        }));
    }
    put(settings, "responseLogprobs", Node::Bool(true));
    if alternatives > 0 {
        put(settings, "logprobs", number(alternatives));
    }
    Ok(())
}

fn number<'a>(number: impl Into<u64>) -> Node<'a> {
    Node::Number(i64::try_from(number.into()).unwrap_or(i64::MAX))
}

fn modalities<'a>(
    request: &'a Request<'_>,
    capabilities: &Capabilities,
    settings: &mut Node<'a>,
) -> Result<(), Refusal> {
    if request.modalities.is_empty() {
        return Ok(());
    }
    let can = |modality: &Modality| capabilities.outputs.contains(modality);
    if !is_own(request) && !request.modalities.iter().all(can) {
        return Err(refuse(request, Field::Modalities, |field| {
            format!("This model can't answer in all of `{field}`; ask one that can")
        }));
    }
    let names = request.modalities.iter().map(|modality| modality::encode(*modality).into());
    put(settings, "responseModalities", Node::Texts(names.collect()));
    Ok(())
}

fn output<'a>(
    request: &'a Request<'_>,
    capabilities: &Capabilities,
    settings: &mut Node<'a>,
    losses: &mut Losses<'_>,
) -> Result<(), Refusal> {
    let plain = matches!(request.output, OutputFormat::Text);
    if !plain && !capabilities.structured_output && !is_own(request) {
        return Err(refuse(request, Field::Output, |field| {
            format!("This model can't be held to a format; leave `{field}` out")
        }));
    }
    let json = || Node::Text(Cow::Borrowed("application/json"));
    match &request.output {
        OutputFormat::Text => {}
        OutputFormat::Json => put(settings, "responseMimeType", json()),
        OutputFormat::JsonSchema { name, description, schema, strict: _ } => {
            // Gemini always holds the answer to the schema, so that `strict` is not lost.
            losses.note_if(name.is_some(), Field::OutputName);
            losses.note_if(description.is_some(), Field::OutputDescription);
            put(settings, "responseMimeType", json());
            let is_kept = |kept: &Extension<'_>| {
                kept.unsupported == Unsupported::Ignore
                    && kept.path == "generationConfig.responseSchema"
            };
            if is_own(request) && request.extensions.iter().any(is_kept) {
                return Ok(());
            }
            let (schema, lost) = dialect(request, schema, request.name(Field::OutputSchema))?;
            losses.note_if(lost, Field::OutputSchema);
            put(settings, "responseJsonSchema", Node::Raw(schema));
        }
    }
    Ok(())
}

/// A schema as Gemini takes it, and whether something of it was lost.
///
/// What Gemini's own caller wrote as JSON Schema is borrowed still, and is Gemini's to judge.
#[expect(clippy::ptr_arg, reason = "whether it is borrowed is what counts")]
pub(super) fn dialect<'a>(
    request: &Request<'_>,
    schema: &'a Cow<'_, RawValue>,
    field: &'static str,
) -> Result<(Cow<'a, RawValue>, bool), Refusal> {
    if request.schema == Schema::Gemini && matches!(schema, Cow::Borrowed(_)) {
        return Ok((Cow::Borrowed(schema), false));
    }
    let schema = crate::dialect::for_gemini(schema);
    schema.map_err(|refusal| Refusal { field: Some(Cow::Borrowed(field)), ..refusal })
}
