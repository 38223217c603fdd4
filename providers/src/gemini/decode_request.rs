//! Requests, from Gemini's words to the model's (`wire.md` §2, §3, §5.1).

use std::borrow::Cow;

use serde_json::value::RawValue;

use super::decode_parts::{Of, Piece, camel, opaque, parts, piece};
use super::wire::{Int, List, Number, Unknown, Word, read, refusal};
use super::{kept, modality, reasoning};
use crate::Schema;
use crate::codec::PathHints;
use crate::conversation::{
    Extension, Message, Modality, OutputFormat, Part, Refusal, Request, Role, Sampling, Tool,
    ToolChoice, Unsupported,
};
use crate::dialect;
use crate::json::{self, Str};

/// Settings that change what the answer means: a target that can't say them must refuse
/// (`wire.md` §5.1). All others are hints, and dropped.
const REFUSED: [&str; 6] = [
    "cachedContent",
    "generationConfig.responseMimeType",
    "generationConfig.responseSchema",
    "generationConfig.responseModalities",
    "generationConfig.speechConfig",
    "generationConfig.imageConfig",
];

/// Most members that are kept without being known: each is compared with the others when it is
/// put back or reported.
const MOST_UNKNOWN: usize = 256;

/// Reads a request.
pub(super) fn decode<'a>(body: &'a [u8], path: PathHints<'a>) -> Result<Request<'a>, Refusal> {
    let mut body_read: read::Request<'a> = json::read(body).map_err(|error| refusal(&error))?;
    let model = model(body_read.model.take(), path.model)?;
    let mut decoder = Decoder { body, outline: None, request: Request::new(Schema::Gemini, model) };
    decoder.request.stream = path.stream.unwrap_or(false);
    decoder.all(body_read)?;
    Ok(decoder.request)
}

/// The model of the path. A body that names another is refused: one of the two would be
/// authorised and the other served (S-20).
fn model<'a>(body: Option<Str<'a>>, path: Option<&'a str>) -> Result<Cow<'a, str>, Refusal> {
    fn bare(name: &str) -> &str {
        name.strip_prefix("models/").unwrap_or(name)
    }
    match (body, path) {
        (Some(body), Some(path)) if bare(&body) != bare(path) => Err(Refusal::of(
            "model",
            "`model` in the body is not the model of the path; leave it out of the body",
        )),
        (_, Some(path)) => Ok(Cow::Borrowed(bare(path))),
        (Some(Str(Cow::Borrowed(body))), None) => Ok(Cow::Borrowed(bare(body))),
        (Some(body), None) => Ok(Cow::Owned(bare(&body).to_owned())),
        (None, None) => Err(Refusal::of("model", "The path names no model")),
    }
}

struct Decoder<'a> {
    body: &'a [u8],
    /// Turns and tools unread, once something that only Gemini knows has been met.
    outline: Option<read::Outline<'a>>,
    request: Request<'a>,
}

impl<'a> Decoder<'a> {
    fn all(&mut self, body: read::Request<'a>) -> Result<(), Refusal> {
        let contents = body.contents.map_or_else(Vec::new, |contents| contents.0);
        if contents.is_empty() {
            return Err(Refusal::of("contents", "`contents` needs at least one turn"));
        }
        for (turn, content) in contents.into_iter().enumerate() {
            self.content(turn, content)?;
        }
        if let Some(read::Instruction(instruction)) = body.system_instruction {
            self.system(instruction)?;
        }
        for (place, tool) in
            body.tools.map_or_else(Vec::new, |tools| tools.0).into_iter().enumerate()
        {
            self.tool(place, tool)?;
        }
        if let Some(config) = body.tool_config {
            self.tool_config(config)?;
        }
        if let Some(config) = body.generation_config {
            self.generation_config(config)?;
        }
        self.unknown("", body.unknown);
        let is_unknown = |known: &&Extension<'_>| known.unsupported != Unsupported::Ignore;
        if self.request.extensions.iter().filter(is_unknown).count() > MOST_UNKNOWN {
            let message = format!("The body has more than {MOST_UNKNOWN} unknown fields");
            return Err(Refusal::body(message));
        }
        Ok(())
    }

    fn content(&mut self, turn: usize, content: read::Content<'a>) -> Result<(), Refusal> {
        let role = match content.role.as_deref() {
            // "function" is how results were said before they were the user's.
            None | Some("" | "user" | "function") => Role::User,
            Some("model") => Role::Assistant,
            Some(_) => {
                return Err(Refusal::of(
                    "contents.role",
                    "`contents.role` must be \"user\" or \"model\"; instructions go into \
                     `systemInstruction`",
                ));
            }
        };
        self.unknown("contents", content.unknown);
        let mut said = Vec::new();
        let mut raw: Option<Vec<&'a RawValue>> = None;
        for (index, mut part) in parts(content.parts).into_iter().enumerate() {
            let known = self.request.extensions.len();
            self.inner_unknown(&mut part);
            let has_unknown = !part.unknown.is_empty() || self.request.extensions.len() > known;
            let piece = piece(&mut part, Of::Request)?;
            let is_media =
                matches!(piece, Piece::Said(Part::Image(_) | Part::Audio(_) | Part::Document(_)));
            let whole = match &piece {
                Piece::Opaque(_) => true,
                _ => is_media && has_unknown,
            };
            let raw = whole.then(|| raw.get_or_insert_with(|| self.parts_of(turn)));
            let raw = raw.and_then(|raw| raw.get(index).copied());
            match piece {
                Piece::Said(part) => {
                    said.push(part);
                    self.request.extensions.extend(raw.map(kept::part));
                }
                Piece::Opaque(kind) => said.extend(raw.map(|raw| opaque(kind, raw))),
                Piece::Empty => {}
            }
            self.unknown("contents.parts", part.unknown);
        }
        self.request.messages.push(Message { role, parts: said });
        Ok(())
    }

    /// Reports what the members of a part don't know.
    fn inner_unknown(&mut self, part: &mut read::Part<'a>) {
        if let Some(blob) = &mut part.inline_data {
            self.unknown("contents.parts.inlineData", std::mem::take(&mut blob.unknown));
        }
        if let Some(file) = &mut part.file_data {
            self.unknown("contents.parts.fileData", std::mem::take(&mut file.unknown));
        }
        if let Some(call) = &mut part.function_call {
            const PATH: &str = "contents.parts.functionCall";
            self.unknown(PATH, std::mem::take(&mut call.unknown));
            // A call of the past is whole.
            let pieces = [("partialArgs", call.partial_args), ("willContinue", call.will_continue)];
            for (name, value) in pieces {
                value.into_iter().for_each(|value| self.extend(format!("{PATH}.{name}"), value));
            }
        }
        if let Some(answer) = &mut part.function_response {
            const PATH: &str = "contents.parts.functionResponse";
            self.unknown(PATH, std::mem::take(&mut answer.unknown));
            for part in answer.parts.iter_mut().flat_map(|parts| &mut parts.0) {
                self.unknown("contents.parts.functionResponse.parts", {
                    std::mem::take(&mut part.unknown)
                });
            }
        }
    }

    fn outline(&mut self) -> &read::Outline<'a> {
        // The body was read once, so it can be read again.
        self.outline.get_or_insert_with(|| serde_json::from_slice(self.body).unwrap_or_default())
    }

    /// The parts of a turn, unread.
    fn parts_of(&mut self, turn: usize) -> Vec<&'a RawValue> {
        let turn = self.outline().contents.as_ref().and_then(|turns| turns.0.get(turn));
        turn.map_or_else(Vec::new, read::ContentOutline::parts)
    }

    /// The functions of a tool, unread.
    fn functions_of(&mut self, tool: usize) -> Vec<&'a RawValue> {
        let tool = self.outline().tools.as_ref().and_then(|tools| tools.0.get(tool));
        tool.map_or_else(Vec::new, read::ToolOutline::functions)
    }

    fn system(&mut self, instruction: read::Content<'a>) -> Result<(), Refusal> {
        // Its `role` means nothing, but SDKs send one.
        self.unknown("systemInstruction", instruction.unknown);
        for mut part in parts(instruction.parts) {
            match piece(&mut part, Of::Request)? {
                Piece::Said(part @ Part::Text(_)) => self.request.system.push(part),
                Piece::Empty => {}
                Piece::Said(_) | Piece::Opaque(_) => {
                    return Err(Refusal::of(
                        "systemInstruction",
                        "`systemInstruction` can hold text only",
                    ));
                }
            }
            self.unknown("systemInstruction.parts", part.unknown);
        }
        Ok(())
    }

    fn tool(&mut self, place: usize, tool: read::Tool<'a>) -> Result<(), Refusal> {
        const FIELD: &str = "tools.functionDeclarations";
        let functions = tool.function_declarations.map_or_else(Vec::new, |list| list.0);
        let is_googles = |function: &read::FunctionDeclaration<'_>| {
            function.parameters.is_some() || !function.unknown.is_empty()
        };
        if functions.iter().any(is_googles) {
            let raw = self.functions_of(place).into_iter().zip(&functions);
            let raw = raw.filter(|(_, function)| is_googles(function));
            self.request.extensions.extend(raw.map(|(raw, _)| kept::function(raw)));
        }
        for declaration in functions {
            let Some(name) = declaration.name.filter(|name| !name.is_empty()) else {
                let message = format!("Every function of `{FIELD}` needs a `name`");
                return Err(Refusal::of(format!("{FIELD}.name"), message));
            };
            let parameters = match (declaration.parameters, declaration.parameters_json_schema) {
                (Some(_), Some(_)) => {
                    return Err(Refusal::of(
                        format!("{FIELD}.parameters"),
                        format!(
                            "Function `{}` has both `parameters` and `parametersJsonSchema`; \
                             write one",
                            &*name
                        ),
                    ));
                }
                (Some(openapi), None) => {
                    Some(from_openapi(openapi, "tools.functionDeclarations.parameters")?)
                }
                (None, schema) => schema.map(Cow::Borrowed),
            };
            self.unknown(FIELD, declaration.unknown);
            self.request.tools.push(Tool::Function {
                name: name.into(),
                description: declaration.description.map(Into::into),
                parameters,
                strict: None,
                cache: None,
            });
        }
        for Unknown { name, value } in tool.unknown {
            let kind = camel(name.into());
            self.request.tools.push(Tool::Hosted { schema: Schema::Gemini, kind, raw: value });
        }
        Ok(())
    }

    fn tool_config(&mut self, config: read::ToolConfig<'a>) -> Result<(), Refusal> {
        const FIELD: &str = "toolConfig.functionCallingConfig";
        self.unknown("toolConfig", config.unknown);
        let Some(config) = config.function_calling_config else { return Ok(()) };
        self.unknown(FIELD, config.unknown);
        let names = texts(config.allowed_function_names);
        let mode = config.mode.map(|mode| mode.0.to_ascii_uppercase());
        self.request.tool_choice = match mode.as_deref() {
            None | Some("MODE_UNSPECIFIED" | "0") if names.is_empty() => None,
            None | Some("MODE_UNSPECIFIED" | "0" | "AUTO" | "1") if !names.is_empty() => {
                return Err(Refusal::of(
                    format!("{FIELD}.allowedFunctionNames"),
                    format!("`{FIELD}.allowedFunctionNames` needs `mode` \"ANY\" or \"VALIDATED\""),
                ));
            }
            Some("AUTO" | "1") => Some(ToolChoice::Auto),
            Some("NONE" | "3") => Some(ToolChoice::None),
            Some("ANY" | "2") => Some(match <[_; 1]>::try_from(names) {
                Ok([name]) => ToolChoice::Named(name),
                Err(names) if names.is_empty() => ToolChoice::Required,
                Err(names) => ToolChoice::Allowed { required: true, names },
            }),
            Some("VALIDATED" | "4") => {
                for tool in &mut self.request.tools {
                    if let Tool::Function { strict, .. } = tool {
                        *strict = Some(true);
                    }
                }
                Some(match names {
                    names if names.is_empty() => ToolChoice::Auto,
                    names => ToolChoice::Allowed { required: false, names },
                })
            }
            _ => {
                return Err(Refusal::of(
                    format!("{FIELD}.mode"),
                    format!("`{FIELD}.mode` must be \"AUTO\", \"ANY\", \"NONE\" or \"VALIDATED\""),
                ));
            }
        };
        Ok(())
    }

    fn generation_config(&mut self, config: read::GenerationConfig<'a>) -> Result<(), Refusal> {
        const NAME: &str = "generationConfig";
        self.output(&config)?;
        self.modalities(config.response_modalities);
        if let Some(thinking) = config.thinking_config {
            self.request.reasoning = reasoning::decode(&thinking)?;
            self.unknown("generationConfig.thinkingConfig", thinking.unknown);
        }
        self.unknown(NAME, config.unknown);

        let raw = |number: Option<Number<'a>>| number.map(|number| number.0);
        self.request.sampling = Sampling {
            temperature: raw(config.temperature),
            top_p: raw(config.top_p),
            top_k: raw(config.top_k),
            seed: raw(config.seed),
            presence_penalty: raw(config.presence_penalty),
            frequency_penalty: raw(config.frequency_penalty),
        };
        self.request.stop = texts(config.stop_sequences);
        self.request.max_tokens = count(config.max_output_tokens, "maxOutputTokens")?;
        self.request.candidates = count(config.candidate_count, "candidateCount")?;
        let logprobs = count(config.logprobs, "logprobs")?;
        self.request.logprobs = match (config.response_logprobs.unwrap_or(false), logprobs) {
            (true, logprobs) => Some(logprobs.unwrap_or(0)),
            (false, None) => None,
            (false, Some(_)) => {
                return Err(Refusal::of(
                    "generationConfig.logprobs",
                    "`generationConfig.logprobs` needs `responseLogprobs` true",
                ));
            }
        };
        Ok(())
    }

    fn output(&mut self, config: &read::GenerationConfig<'a>) -> Result<(), Refusal> {
        const FIELD: &str = "generationConfig.responseMimeType";
        let json_schema = config.response_json_schema.or(config._response_json_schema);
        let written = config.response_mime_type;
        let mime_type = written.map_or(Ok(Str::default()), |raw| serde_json::from_str(raw.get()));
        let Ok(mime_type) = mime_type else {
            return Err(Refusal::of(FIELD, format!("`{FIELD}` must be a string")));
        };
        match (mime_type.to_ascii_lowercase().as_str(), config.response_schema, json_schema) {
            (_, Some(_), Some(_)) => {
                return Err(Refusal::of(
                    "generationConfig.responseSchema",
                    "Write `responseSchema` or `responseJsonSchema`, not both",
                ));
            }
            ("" | "text/plain", None, None) => {}
            ("application/json", None, None) => self.request.output = OutputFormat::Json,
            ("" | "application/json", Some(openapi), None) => {
                let kept = kept::kept("generationConfig.responseSchema", openapi);
                self.request.extensions.push(kept);
                self.set_schema(from_openapi(openapi, "generationConfig.responseSchema")?);
            }
            ("" | "application/json", None, Some(schema)) => {
                self.set_schema(Cow::Borrowed(schema));
            }
            // `text/x.enum` answers with one of the schema's words, bare.
            ("text/x.enum", Some(schema), None) => {
                self.extend("generationConfig.responseSchema".into(), schema);
                written.into_iter().for_each(|raw| self.extend(FIELD.into(), raw));
            }
            _ => {
                return Err(Refusal::of(
                    FIELD,
                    format!(
                        "`{FIELD}` must be \"application/json\", with a schema or without, or \
                         \"text/plain\" without"
                    ),
                ));
            }
        }
        Ok(())
    }

    fn set_schema(&mut self, schema: Cow<'a, RawValue>) {
        self.request.output =
            OutputFormat::JsonSchema { name: None, description: None, schema, strict: None };
    }

    fn modalities(&mut self, modalities: Option<&'a RawValue>) {
        let Some(raw) = modalities else { return };
        let names = serde_json::from_str::<List<Word<'_>>>(raw.get()).map(|list| list.0);
        let known: Option<Vec<Modality>> =
            names.ok().and_then(|names| names.iter().map(modality::decode).collect());
        match known {
            Some(known) => self.request.modalities = known,
            None => self.extend("generationConfig.responseModalities".into(), raw),
        }
    }

    fn unknown(&mut self, parent: &str, members: Vec<Unknown<'a>>) {
        for Unknown { name, value } in members {
            let name = camel(name.into());
            // The path becomes a header and a metric label: only words.
            let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
            let name = if name.len() <= 64 && name.bytes().all(word) { &*name } else { "?" };
            self.extend(
                if parent.is_empty() { name.into() } else { format!("{parent}.{name}") },
                value,
            );
        }
    }

    fn extend(&mut self, path: String, value: &'a RawValue) {
        let refused = REFUSED.contains(&&*path);
        self.request.extensions.push(Extension {
            schema: Schema::Gemini,
            unsupported: if refused { Unsupported::Refuse } else { Unsupported::Drop },
            path: Cow::Owned(path),
            value,
        });
    }
}

/// A schema in Google's OpenAPI flavour as JSON Schema.
fn from_openapi<'a>(schema: &RawValue, field: &'static str) -> Result<Cow<'a, RawValue>, Refusal> {
    let schema = dialect::from_openapi(schema).map(Cow::Owned);
    schema.map_err(|refusal| Refusal { field: Some(Cow::Borrowed(field)), ..refusal })
}

fn texts(list: Option<List<Str<'_>>>) -> Vec<Cow<'_, str>> {
    list.map_or_else(Vec::new, |list| list.0.into_iter().map(Cow::from).collect())
}

fn count<T: TryFrom<i64>>(number: Option<Int>, name: &str) -> Result<Option<T>, Refusal> {
    let Some(Int(number)) = number else { return Ok(None) };
    T::try_from(number).map(Some).map_err(|_| {
        let field = format!("generationConfig.{name}");
        let message = format!("`{field}` is {number}, which is out of range");
        Refusal::of(field, message)
    })
}
