//! A Responses request, read (`wire.md` §2).

mod item;
mod part;
#[cfg(test)]
mod tests;
mod tools;

use std::borrow::Cow;

use serde_json::value::RawValue;

use super::{ENCRYPTED, LOGPROBS, wire};
use crate::Schema;
use crate::conversation::{OutputFormat, Part, Reasoning, Refusal, Request, Sampling};
use crate::json::Str;
use crate::openai::extension::Extensions;
use crate::openai::read::{self, List, invalid, missing};
use crate::openai::reasoning;

/// Reads a request body.
pub(super) fn request(body: &[u8]) -> Result<Request<'_>, Refusal> {
    let body: wire::Body<'_> = read::parse_body(body)?;
    let mut extensions = Extensions::of(Schema::Responses);
    for (key, value) in body.unknown {
        extensions.top(&key, value);
    }
    if let Some(options) = body.stream_options {
        // Padding against eavesdroppers who measure, which no one else's stream has.
        if options.include_obfuscation == Some(true) {
            extensions.lost("stream_options.include_obfuscation");
        }
        extensions.unknown("stream_options", options.unknown);
    }

    let model = body.model.ok_or_else(|| missing("model", "the name of a model"))?;
    let mut request = Request::new(Schema::Responses, model.0);
    request.stream = body.stream.unwrap_or(false);
    request.system.extend(body.instructions.map(|text| Part::text(text.0)));
    let input = body.input.ok_or_else(|| missing("input", "a string or a list of items"))?;
    tools::decode(body.tools, &mut request, &mut extensions)?;
    item::decode(input, &mut request, &mut extensions)?;
    request.tool_choice = tools::choice(body.tool_choice, &mut extensions)?;
    request.parallel_tool_calls = body.parallel_tool_calls;
    if let Some(text) = body.text {
        if let Some(verbosity) = text.verbosity {
            extensions.hint("text.verbosity", verbosity);
        }
        extensions.unknown("text", text.unknown);
        if let Some(format) = text.format {
            request.output = output(format, &mut extensions)?;
        }
    }
    request.sampling = Sampling {
        temperature: body.temperature.map(|number| number.0),
        top_p: body.top_p.map(|number| number.0),
        ..Sampling::default()
    };
    request.max_tokens = body.max_output_tokens;
    let logprobs = match body.include {
        Some(include) => includes_logprobs(include, &mut extensions)?,
        None => false,
    };
    request.logprobs = match body.top_logprobs {
        Some(top) if top > 20 => {
            return Err(invalid("top_logprobs", "a whole number from 0 to 20"));
        }
        Some(top) if logprobs || top > 0 => Some(top),
        _ => logprobs.then_some(0),
    };
    if let Some(reasoning) = body.reasoning {
        request.reasoning = thinking(reasoning, &mut extensions)?;
    }
    request.user = extensions.user(body.safety_identifier, body.user);
    request.extensions = extensions.into_vec();
    Ok(request)
}

/// Whether log probabilities are to be included; what else is, only OpenAI has.
fn includes_logprobs<'a>(
    include: &'a RawValue,
    extensions: &mut Extensions<'a>,
) -> Result<bool, Refusal> {
    let names: List<Str<'_>> = read::parse(include, "include")?;
    if names.0.iter().any(|name| ![LOGPROBS, ENCRYPTED].contains(&&**name)) {
        extensions.hint("include", include);
    }
    Ok(names.0.iter().any(|name| &**name == LOGPROBS))
}

/// A summary is what a provider shows of its thoughts; how long it is to be is a hint.
fn thinking<'a>(
    reasoning: wire::Reasoning<'a>,
    extensions: &mut Extensions<'a>,
) -> Result<Reasoning, Refusal> {
    let show = reasoning.summary.map(|raw| {
        if read::as_text(raw).is_none_or(|word| word != "auto") {
            extensions.hint("reasoning.summary", raw);
        }
        true
    });
    extensions.unknown("reasoning", reasoning.unknown);
    let effort = match reasoning.effort {
        Some(word) => Some(reasoning::effort(&word, "reasoning.effort")?),
        None => None,
    };
    Ok(Reasoning { effort, show, mode: None })
}

fn output<'a>(
    format: wire::Format<'a>,
    extensions: &mut Extensions<'a>,
) -> Result<OutputFormat<'a>, Refusal> {
    extensions.unknown("text.format", format.unknown);
    match format.kind.as_deref() {
        Some("text") => Ok(OutputFormat::Text),
        Some("json_object") => Ok(OutputFormat::Json),
        Some("json_schema") => {
            let lacks = || missing("text.format.schema", "the JSON Schema of the answer");
            Ok(OutputFormat::JsonSchema {
                name: format.name.map(Cow::from),
                description: format.description.map(Cow::from),
                schema: Cow::Borrowed(format.schema.ok_or_else(lacks)?),
                strict: format.strict,
            })
        }
        _ => Err(invalid("text.format.type", "text, json_object or json_schema")),
    }
}
