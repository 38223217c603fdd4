//! A Chat Completions request, read (`wire.md` §2).

mod message;
mod tools;

use std::borrow::Cow;

use self::extension::Extensions;
use super::wire;
use crate::Schema;
use crate::conversation::{OutputFormat, Reasoning, Refusal, Request, Sampling};
use crate::openai::extension;
use crate::openai::read::{self, TextOr, invalid, missing};
use crate::openai::reasoning;

/// Reads a request body.
pub(super) fn request(body: &[u8]) -> Result<Request<'_>, Refusal> {
    let body: wire::Body<'_> = read::parse_body(body)?;
    let mut extensions = Extensions::of(Schema::Chat);
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
    let mut request = Request::new(Schema::Chat, model.0);
    request.stream = body.stream.unwrap_or(false);
    let messages = body.messages.ok_or_else(|| missing("messages", "a list of messages"))?;
    message::decode(messages.0, &mut request, &mut extensions)?;
    request.tools = tools::decode(body.tools, body.functions, &mut extensions)?;
    request.tool_choice = tools::choice(body.tool_choice, body.function_call, &mut extensions)?;
    request.parallel_tool_calls = body.parallel_tool_calls;
    if let Some(format) = body.response_format {
        request.output = output(format, &mut extensions)?;
    }
    request.sampling = Sampling {
        temperature: body.temperature.map(|number| number.0),
        top_p: body.top_p.map(|number| number.0),
        top_k: body.top_k.map(|number| number.0),
        seed: body.seed.map(|number| number.0),
        presence_penalty: body.presence_penalty.map(|number| number.0),
        frequency_penalty: body.frequency_penalty.map(|number| number.0),
    };
    request.max_tokens = max_tokens(body.max_completion_tokens, body.max_tokens)?;
    request.stop = match body.stop {
        None => Vec::new(),
        Some(TextOr::Text(text)) => vec![text],
        Some(TextOr::List(texts)) => texts.into_iter().map(Cow::from).collect(),
    };
    request.candidates = body.n;
    if request.candidates == Some(0) {
        return Err(Refusal::of("n", "Invalid value for 'n': write 1 or more."));
    }
    request.logprobs = logprobs(body.logprobs, body.top_logprobs)?;
    request.reasoning = Reasoning {
        effort: match body.reasoning_effort {
            Some(word) => Some(reasoning::effort(&word, "reasoning_effort")?),
            None => None,
        },
        ..Reasoning::default()
    };
    request.user = extensions.user(body.safety_identifier, body.user);
    request.extensions = extensions.into_vec();
    Ok(request)
}

/// `max_tokens` is the old name of `max_completion_tokens`.
fn max_tokens(new: Option<u64>, old: Option<u64>) -> Result<Option<u64>, Refusal> {
    match (new, old) {
        (Some(new), Some(old)) if new != old => Err(Refusal::of(
            "max_tokens",
            "'max_tokens' and 'max_completion_tokens' differ: write 'max_completion_tokens' only.",
        )),
        (new, old) => Ok(new.or(old)),
    }
}

fn logprobs(wanted: Option<bool>, top: Option<u32>) -> Result<Option<u32>, Refusal> {
    match (wanted.unwrap_or(false), top.unwrap_or(0)) {
        (false, 0) => Ok(None),
        (false, _) => Err(Refusal::of(
            "top_logprobs",
            "'top_logprobs' needs 'logprobs': write \"logprobs\": true beside it, or leave both out.",
        )),
        (true, top) if top > 20 => Err(Refusal::of(
            "top_logprobs",
            "Invalid value for 'top_logprobs': write a whole number from 0 to 20.",
        )),
        (true, top) => Ok(Some(top)),
    }
}

fn output<'a>(
    format: wire::ResponseFormat<'a>,
    extensions: &mut Extensions<'a>,
) -> Result<OutputFormat<'a>, Refusal> {
    extensions.unknown("response_format", format.unknown);
    match (format.kind.as_deref(), format.json_schema) {
        (Some("text"), _) => Ok(OutputFormat::Text),
        (Some("json_object"), _) => Ok(OutputFormat::Json),
        (Some("json_schema"), Some(json)) => {
            extensions.unknown("response_format.json_schema", json.unknown);
            let schema = json.schema.ok_or_else(|| {
                missing("response_format.json_schema.schema", "the JSON Schema of the answer")
            })?;
            Ok(OutputFormat::JsonSchema {
                name: json.name.map(Cow::from),
                description: json.description.map(Cow::from),
                schema: Cow::Borrowed(schema),
                strict: json.strict,
            })
        }
        (Some("json_schema"), None) => {
            Err(missing("response_format.json_schema", "an object with 'name' and 'schema'"))
        }
        _ => Err(invalid("response_format.type", "text, json_object or json_schema")),
    }
}
