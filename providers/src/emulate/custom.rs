//! Tools that take free text, maybe of a grammar, as functions with one text.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};

use super::stream::FreeText;
use crate::Schema;
use crate::codec::{StreamEncoder, Target};
use crate::conversation::{Arguments, Part, Request, Response, Tool, ToolCall};

/// The arguments of the function.
const PARAMETERS: &str =
    r#"{"type":"object","properties":{"input":{"type":"string"}},"required":["input"]}"#;

/// How the model is to call it; the tool's own description may forbid JSON.
const CALL: &str = "Call it with `input`: all of its text, as one JSON string.";

/// What it is called with.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Input<'a> {
    input: Cow<'a, str>,
}

/// OpenAI's `format`, in the flat form of Responses.
#[derive(Deserialize)]
struct Format<'a> {
    #[serde(borrow, rename = "type")]
    kind: Cow<'a, str>,
    #[serde(borrow, default)]
    syntax: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    definition: Option<Cow<'a, str>>,
}

/// The free-text tools of one request, which its target knows as functions.
#[derive(Clone, Debug)]
pub(crate) struct CustomTools {
    names: Vec<String>,
}

impl CustomTools {
    /// Makes functions of a request's free-text tools, and of what was called and answered of
    /// them so far.
    pub(crate) fn emulate(request: &mut Request<'_>) -> Self {
        let mut names = Vec::new();
        for tool in &mut request.tools {
            if let Tool::Custom { name, description, format } = tool {
                names.push(name.clone().into_owned());
                *tool = Tool::Function {
                    name: std::mem::take(name),
                    description: Some(told(description.as_deref(), format.as_deref()).into()),
                    parameters: RawValue::from_string(PARAMETERS.to_owned()).ok().map(Cow::Owned),
                    strict: None,
                    cache: None,
                };
            }
        }
        for part in request.messages.iter_mut().flat_map(|message| &mut message.parts) {
            match part {
                Part::ToolCall(call) if call.custom => wrap(call),
                Part::ToolResult(result) => result.custom = false,
                _ => {}
            }
        }
        Self { names }
    }

    /// Whether a request has what its target doesn't.
    pub(crate) fn wanted(request: &Request<'_>, schema: Schema, target: &Target<'_>) -> bool {
        let takes = match schema {
            Schema::Responses => true,
            Schema::Chat => !target.capabilities.legacy_openai,
            Schema::Claude | Schema::Gemini => false,
        };
        let mut parts = request.messages.iter().flat_map(|message| &message.parts);
        !takes
            && (request.tools.iter().any(|tool| matches!(tool, Tool::Custom { .. }))
                || parts.any(|part| matches!(part, Part::ToolCall(call) if call.custom)))
    }

    /// Whether this is one of them.
    pub(super) fn has(&self, name: &str) -> bool {
        self.names.iter().any(|known| known == name)
    }

    /// Makes free-text calls again of an answer's calls of them.
    pub(crate) fn restore(&self, response: &mut Response<'_>) {
        let candidates = response.candidates.iter_mut();
        for part in candidates.flat_map(|candidate| &mut candidate.parts) {
            if let Part::ToolCall(call) = part
                && self.has(&call.name)
                && !call.custom
            {
                call.custom = true;
                let text = unwrapped(call.arguments.as_text()).into_owned();
                call.arguments = Arguments::Text(Cow::Owned(text));
            }
        }
    }

    /// An encoder that is given free-text calls again.
    pub(crate) fn encoder(self, inner: Box<dyn StreamEncoder>) -> Box<dyn StreamEncoder> {
        Box::new(FreeText::new(self, inner))
    }
}

fn wrap(call: &mut ToolCall<'_>) {
    let input = Input { input: Cow::Borrowed(call.arguments.as_text()) };
    // There is nothing in a string that could fail.
    if let Ok(raw) = to_raw_value(&input) {
        call.arguments = Arguments::Json(Cow::Owned(raw));
        call.custom = false;
    }
}

/// The text that a function was called with; its arguments as they are, if they are another's.
pub(super) fn unwrapped(arguments: &str) -> Cow<'_, str> {
    match serde_json::from_str::<Input<'_>>(arguments) {
        Ok(Input { input }) => input,
        Err(_) => Cow::Borrowed(arguments),
    }
}

/// What the function does, and what its text must be like.
fn told(description: Option<&str>, format: Option<&RawValue>) -> String {
    let grammar = format.and_then(|raw| match serde_json::from_str::<Format<'_>>(raw.get()) {
        Ok(format) if format.kind == "text" => None,
        Ok(Format { syntax: Some(syntax), definition: Some(definition), .. }) => {
            Some(format!("The text must follow this {syntax} grammar:\n{definition}"))
        }
        _ => Some(format!("The format of the text: {}", raw.get())),
    });
    let pieces = description.into_iter().chain([CALL]).chain(grammar.as_deref());
    pieces.filter(|piece| !piece.is_empty()).collect::<Vec<_>>().join("\n\n")
}
