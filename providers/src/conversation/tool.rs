//! Tools: what may be called, what was called, what came back.

use std::borrow::Cow;

use serde_json::value::RawValue;

use super::{CacheBreakpoint, Part};
use crate::Schema;

/// A tool that the model may call.
#[derive(Clone, Debug)]
pub enum Tool<'a> {
    /// A function of the caller's.
    Function {
        /// Its name.
        name: Cow<'a, str>,
        /// What it does.
        description: Option<Cow<'a, str>>,
        /// JSON Schema of its arguments; `None` where it takes none.
        parameters: Option<Cow<'a, RawValue>>,
        /// Whether the provider must hold arguments to the schema.
        strict: Option<bool>,
        /// The caller asked for a cache breakpoint after this tool.
        cache: Option<CacheBreakpoint>,
    },
    /// A tool of the caller's that takes free text, maybe of a grammar (OpenAI `custom`).
    Custom {
        /// Its name.
        name: Cow<'a, str>,
        /// What it does.
        description: Option<Cow<'a, str>>,
        /// OpenAI's `format`, raw, in the flat form of Responses; `None` is any text.
        format: Option<Cow<'a, RawValue>>,
    },
    /// A tool that only one schema knows (hosted search, code execution, …).
    /// No other encoder can carry it: the request is refused.
    Hosted {
        /// The schema it belongs to.
        schema: Schema,
        /// Its type name, for the refusal.
        kind: Cow<'a, str>,
        /// Its JSON as written.
        raw: &'a RawValue,
    },
}

/// A tool of a group (Responses `namespace`). No other schema has groups: the tool's name in the
/// conversation is both names, joined.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Namespaced {
    /// The group's name.
    pub namespace: String,
    /// The tool's name within it.
    pub name: String,
}

impl Namespaced {
    /// The tool's name in the conversation, one that all schemas take if they take both.
    pub fn joined(&self) -> String {
        format!("{}__{}", self.namespace, self.name)
    }
}

/// How the model is to choose among the tools.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ToolChoice<'a> {
    /// It may call or answer.
    Auto,
    /// It must answer.
    None,
    /// It must call one.
    Required,
    /// It must call this one.
    Named(Cow<'a, str>),
    /// It may (or must) call, but only these.
    Allowed {
        /// Whether it must call one.
        required: bool,
        /// The names.
        names: Vec<Cow<'a, str>>,
    },
}

/// The model calls a tool.
#[derive(Clone, Debug)]
pub struct ToolCall<'a> {
    /// The id that its result refers to; `None` where the schema left it out (Gemini before 3.5).
    pub id: Option<Cow<'a, str>>,
    /// The tool.
    pub name: Cow<'a, str>,
    /// Its arguments.
    pub arguments: Arguments<'a>,
    /// The tool is [`Tool::Custom`]: the arguments are free text.
    pub custom: bool,
    /// Gemini's `thoughtSignature` on the call, base64.
    pub signature: Option<Cow<'a, str>>,
    /// The caller asked for a cache breakpoint after this part.
    pub cache: Option<CacheBreakpoint>,
}

/// Arguments of a call, as written: OpenAI has JSON in a string, the others a JSON object.
#[derive(Clone, Debug)]
pub enum Arguments<'a> {
    /// A JSON object, spelling kept.
    Json(Cow<'a, RawValue>),
    /// Text that need not be JSON: the model may have written anything, or nothing.
    Text(Cow<'a, str>),
}

impl Arguments<'_> {
    /// The arguments as text: what OpenAI's `arguments` string holds.
    pub fn as_text(&self) -> &str {
        match self {
            Self::Json(raw) => raw.get(),
            Self::Text(text) => text,
        }
    }

    /// The arguments as the text of a JSON object; empty text is an empty object.
    /// `None` if they are anything else.
    pub fn as_object(&self) -> Option<&str> {
        let text = self.as_text().trim();
        if text.is_empty() {
            return Some("{}");
        }
        let raw: &RawValue = serde_json::from_str(text).ok()?;
        raw.get().starts_with('{').then_some(text)
    }
}

/// What a tool answered.
#[derive(Clone, Debug)]
pub struct ToolResult<'a> {
    /// The id of the call; `None` where the schema left it out (Gemini).
    pub call_id: Option<Cow<'a, str>>,
    /// The tool's name, where the schema gives it (Gemini does).
    pub name: Option<Cow<'a, str>>,
    /// What it answered: text, images, documents.
    pub content: Vec<Part<'a>>,
    /// The answer as a JSON object, where the schema has one (Gemini `response`), raw.
    pub object: Option<&'a RawValue>,
    /// It answers a call of a [`Tool::Custom`].
    pub custom: bool,
    /// The tool failed.
    pub is_error: bool,
    /// The caller asked for a cache breakpoint after this part.
    pub cache: Option<CacheBreakpoint>,
}
