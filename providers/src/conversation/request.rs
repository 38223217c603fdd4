//! What a caller asks for.

use std::borrow::Cow;

use serde_json::value::RawValue;

use super::{Message, Namespaced, Part, Tool, ToolChoice};
use crate::Schema;

/// A request for one model turn, whatever schema it was written in.
#[derive(Clone, Debug)]
pub struct Request<'a> {
    /// The schema it was written in: losses and refusals name fields in its words.
    pub schema: Schema,
    /// The model name as the caller wrote it, without a `models/` prefix. What is served is the
    /// [`crate::codec::Target`]'s business.
    pub model: Cow<'a, str>,
    /// Whether the answer is to be streamed.
    pub stream: bool,
    /// Leading system (or developer) instructions: text parts, in order.
    pub system: Vec<Part<'a>>,
    /// The turns, oldest first. Tool results are parts of [`super::Role::User`] messages.
    pub messages: Vec<Message<'a>>,
    /// Tools the model may call.
    pub tools: Vec<Tool<'a>>,
    /// Those of the tools that are of a group, and those of which only calls are left.
    pub namespaced: Vec<Namespaced>,
    /// The groups as written, for their own schema.
    pub namespaces: Vec<&'a RawValue>,
    /// How the model is to choose among the tools; `None` where the caller did not say.
    pub tool_choice: Option<ToolChoice<'a>>,
    /// `Some(false)` where the caller allows one call a turn at most.
    pub parallel_tool_calls: Option<bool>,
    /// The format the answer must have.
    pub output: OutputFormat<'a>,
    /// Sampling parameters, each as the caller spelled it.
    pub sampling: Sampling<'a>,
    /// Most tokens the answer may have (reasoning included).
    pub max_tokens: Option<u64>,
    /// Strings at which the model stops.
    pub stop: Vec<Cow<'a, str>>,
    /// How many alternative answers to give; `None` and `Some(1)` mean one.
    pub candidates: Option<u32>,
    /// `Some(n)`: report log probabilities, with the `n` likeliest alternatives of each token.
    pub logprobs: Option<u32>,
    /// How hard the model is to think, and whether it shows its thoughts.
    pub reasoning: Reasoning,
    /// An opaque id of the end user (`user`, `safety_identifier`, `metadata.user_id`).
    pub user: Option<Cow<'a, str>>,
    /// What the answer may be made of; empty is text.
    pub modalities: Vec<Modality>,
    /// Fields of the caller's schema that have no place above.
    pub extensions: Vec<Extension<'a>>,
}

impl<'a> Request<'a> {
    /// An empty request of this schema.
    pub fn new(schema: Schema, model: impl Into<Cow<'a, str>>) -> Self {
        Self {
            schema,
            model: model.into(),
            stream: false,
            system: Vec::new(),
            messages: Vec::new(),
            tools: Vec::new(),
            namespaced: Vec::new(),
            namespaces: Vec::new(),
            tool_choice: None,
            parallel_tool_calls: None,
            output: OutputFormat::Text,
            sampling: Sampling::default(),
            max_tokens: None,
            stop: Vec::new(),
            candidates: None,
            logprobs: None,
            reasoning: Reasoning::default(),
            user: None,
            modalities: Vec::new(),
            extensions: Vec::new(),
        }
    }

    /// About how many bytes it has when it is written: what its texts have, and room for what
    /// stands around them and for its tools.
    pub(crate) fn written_size(&self) -> usize {
        const AROUND: usize = 128;
        const TOOL: usize = 512;
        let text = |part: &Part<'_>| match part {
            Part::Text(text) => text.text.len(),
            _ => 0,
        };
        let with_room = |part: &Part<'_>| {
            AROUND
                + match part {
                    Part::ToolResult(result) => result.content.iter().map(text).sum(),
                    part => text(part),
                }
        };
        let turns = self.messages.iter().flat_map(|message| &message.parts);
        let said: usize = self.system.iter().chain(turns).map(with_room).sum();
        said + self.tools.len() * TOOL
    }

    /// The tool of a group that has this name in the conversation.
    pub fn namespaced(&self, name: &str) -> Option<&Namespaced> {
        self.namespaced.iter().find(|tool| tool.joined() == name)
    }

    /// What this request's own schema calls a field.
    pub const fn name(&self, field: super::Field) -> &'static str {
        field.name(self.schema)
    }
}

/// Sampling parameters as raw JSON numbers: they are compared, not computed with, so their
/// spelling survives.
#[derive(Clone, Debug, Default)]
pub struct Sampling<'a> {
    /// Randomness; 0 to 2, on Claude 0 to 1.
    pub temperature: Option<&'a RawValue>,
    /// Nucleus sampling, 0 to 1.
    pub top_p: Option<&'a RawValue>,
    /// Sample from the `k` likeliest tokens only.
    pub top_k: Option<&'a RawValue>,
    /// Best-effort determinism.
    pub seed: Option<&'a RawValue>,
    /// Penalty on tokens that have appeared, -2 to 2.
    pub presence_penalty: Option<&'a RawValue>,
    /// Penalty by how often a token has appeared, -2 to 2.
    pub frequency_penalty: Option<&'a RawValue>,
}

/// The format that the caller wants the answer in.
#[derive(Clone, Debug, Default)]
pub enum OutputFormat<'a> {
    /// Free text.
    #[default]
    Text,
    /// Any JSON value (OpenAI's JSON mode, Gemini's `application/json`).
    Json,
    /// JSON that follows a JSON Schema.
    JsonSchema {
        /// OpenAI's name for the schema.
        name: Option<Cow<'a, str>>,
        /// OpenAI's description.
        description: Option<Cow<'a, str>>,
        /// The schema in JSON Schema's own dialect (Gemini's OpenAPI flavour already converted).
        schema: Cow<'a, RawValue>,
        /// Whether the provider must enforce it to the letter.
        strict: Option<bool>,
    },
}

/// What an answer may be made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Modality {
    /// Words.
    Text,
    /// Pictures.
    Image,
    /// Sound.
    Audio,
}

/// How hard the model is to think.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reasoning {
    /// Named effort.
    pub effort: Option<Effort>,
    /// Thinking mode, where the caller's schema names one.
    pub mode: Option<ThinkingMode>,
    /// Whether the caller wants to see thoughts (Gemini `includeThoughts`; Claude's `display`,
    /// where `omitted` is `Some(false)`).
    pub show: Option<bool>,
}

impl Reasoning {
    /// Whether a caller of this schema sees thoughts: as it said, or else as its own provider
    /// does. Claude shows what it thinks within a budget unless told not to.
    pub fn shown(&self, schema: Schema) -> Option<bool> {
        let budgeted = matches!(self.mode, Some(ThinkingMode::Budget(_)));
        self.show.or((schema == Schema::Claude && budgeted).then_some(true))
    }
}

/// Named reasoning effort, weakest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Effort {
    /// No reasoning at all.
    None,
    /// As little as the model can.
    Minimal,
    /// Little.
    Low,
    /// The usual amount.
    Medium,
    /// Much.
    High,
    /// More than high, where a model has it.
    XHigh,
    /// All the model can.
    Max,
}

/// The thinking mode that a caller named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ThinkingMode {
    /// No thinking (Claude `disabled`, Gemini budget 0).
    Disabled,
    /// The model decides (Claude `adaptive`, Gemini budget -1).
    Adaptive,
    /// Up to this many tokens (Claude `enabled.budget_tokens`, Gemini `thinkingBudget`).
    Budget(u64),
}

/// A field that only the caller's schema knows.
///
/// The schema's own encoder writes it back; every other encoder does as `unsupported` says.
#[derive(Clone, Debug)]
pub struct Extension<'a> {
    /// The schema the field belongs to.
    pub schema: Schema,
    /// Its path from the top of the body, like `generationConfig.speechConfig`.
    pub path: Cow<'a, str>,
    /// Its value as written.
    pub value: &'a RawValue,
    /// What an encoder that can't say it must do.
    pub unsupported: Unsupported,
}

/// What becomes of a field that the target can't express.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unsupported {
    /// A hint: dropped, and reported as a [`super::Loss`].
    Drop,
    /// It changes what the answer means: the request is refused, naming the field.
    Refuse,
    /// It is of the provider's own books and nothing that the caller asks for: left out without a
    /// word.
    Ignore,
}
