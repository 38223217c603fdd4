//! What a turn is made of.

use std::borrow::Cow;

use serde_json::value::RawValue;

use super::{ToolCall, ToolResult};
use crate::Schema;

/// One turn of the conversation.
#[derive(Clone, Debug)]
pub struct Message<'a> {
    /// Who speaks.
    pub role: Role,
    /// What is said, in order.
    pub parts: Vec<Part<'a>>,
}

/// Who speaks in a turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Instructions in the middle of a conversation (leading ones are `Request::system`).
    System,
    /// The caller; tool results are the caller's too.
    User,
    /// The model.
    Assistant,
}

/// A piece of a turn.
#[derive(Clone, Debug)]
pub enum Part<'a> {
    /// Text.
    Text(Text<'a>),
    /// A picture.
    Image(Media<'a>),
    /// A PDF or another document.
    Document(Media<'a>),
    /// Sound.
    Audio(Media<'a>),
    /// The model calls a tool.
    ToolCall(ToolCall<'a>),
    /// What a tool answered.
    ToolResult(ToolResult<'a>),
    /// The model's reasoning.
    Thinking(Thinking<'a>),
    /// Reasoning that its provider encrypted (Claude `redacted_thinking.data`).
    RedactedThinking(Cow<'a, str>),
    /// The model refuses, in words (OpenAI `refusal`).
    Refusal(Cow<'a, str>),
    /// Something that only its own schema can say.
    Opaque(Opaque<'a>),
}

/// Text, with what the schemas hang on it.
#[derive(Clone, Debug, Default)]
pub struct Text<'a> {
    /// The text itself.
    pub text: Cow<'a, str>,
    /// The caller asked for a cache breakpoint after this part.
    pub cache: Option<CacheBreakpoint>,
    /// Gemini's `thoughtSignature` on a text part, base64.
    pub signature: Option<Cow<'a, str>>,
    /// Where the model has it from.
    pub citations: Vec<Citation<'a>>,
}

impl<'a> Text<'a> {
    /// Plain text, nothing attached.
    pub fn new(text: impl Into<Cow<'a, str>>) -> Self {
        Self { text: text.into(), ..Self::default() }
    }

    /// Takes in the text right after it, if nothing hangs on either. Gives whether it did.
    pub(crate) fn join(&mut self, after: &Self) -> bool {
        let plain = |text: &Self| {
            text.cache.is_none() && text.signature.is_none() && text.citations.is_empty()
        };
        let joins = plain(self) && plain(after);
        if joins {
            self.text.to_mut().push_str(&after.text);
        }
        joins
    }

    /// Cuts it in two at this byte, a character's first, and gives the second half. What hangs on
    /// its end goes with that; citations stay.
    pub(crate) fn split_off(&mut self, at: usize) -> Self {
        let text = match &mut self.text {
            Cow::Borrowed(text) => {
                let (before, after) = text.split_at(at);
                *text = before;
                Cow::Borrowed(after)
            }
            Cow::Owned(text) => Cow::Owned(text.split_off(at)),
        };
        let (cache, signature) = (self.cache.take(), self.signature.take());
        Self { text, cache, signature, citations: Vec::new() }
    }
}

impl<'a> Part<'a> {
    /// A plain text part.
    pub fn text(text: impl Into<Cow<'a, str>>) -> Self {
        Self::Text(Text::new(text))
    }
}

/// A picture, document or sound.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Media<'a> {
    /// Where its bytes are.
    pub source: Source<'a>,
    /// A file name or title, where the schema has one.
    pub name: Option<Cow<'a, str>>,
    /// OpenAI's `detail` of an image: auto, low, high, original.
    pub detail: Option<Cow<'a, str>>,
    /// The caller asked for a cache breakpoint after this part.
    pub cache: Option<CacheBreakpoint>,
}

/// Where the bytes of a [`Media`] are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source<'a> {
    /// In the body.
    Base64 {
        /// MIME type, like `image/png`.
        media_type: Cow<'a, str>,
        /// Standard base64, not checked.
        data: Cow<'a, str>,
    },
    /// On the web. Egret never fetches it (S-36).
    Url {
        /// The address.
        url: Cow<'a, str>,
        /// MIME type, where the schema names one (Gemini `fileData.mimeType`).
        media_type: Option<Cow<'a, str>>,
    },
    /// Uploaded to the provider that knows this id.
    File {
        /// The provider's id.
        id: Cow<'a, str>,
    },
    /// Plain text given as a document (Claude `source.type: text`).
    Text {
        /// The text.
        text: Cow<'a, str>,
    },
}

/// Reasoning in words, with its provider's proof.
#[derive(Clone, Debug, Default)]
pub struct Thinking<'a> {
    /// The provider's id of it, where the schema has one (Responses `reasoning` items).
    pub id: Option<Cow<'a, str>>,
    /// The words; may be empty while the signature is not.
    pub text: Cow<'a, str>,
    /// The provider's proof, only of use to that provider: Claude's `signature`, Gemini's
    /// `thoughtSignature` on a thought, Responses' `encrypted_content`.
    pub signature: Option<Cow<'a, str>>,
}

/// Something only its own schema can say (server tools, code execution, …).
#[derive(Clone, Debug)]
pub struct Opaque<'a> {
    /// The schema it belongs to.
    pub schema: Schema,
    /// Its type name in that schema, for the report.
    pub kind: Cow<'a, str>,
    /// Its JSON as written.
    pub raw: &'a RawValue,
}

/// The provider is to keep what stands up to here in its prompt cache: Claude `cache_control`,
/// OpenAI `prompt_cache_breakpoint` (`wire.md` §0 row 8, §5.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CacheBreakpoint {
    /// For how long; `None` leaves it to the provider.
    pub ttl: Option<CacheTtl>,
}

/// How long a prompt stays in a provider's cache, shortest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CacheTtl {
    /// `5m` (Claude).
    FiveMinutes,
    /// `30m` (OpenAI).
    ThirtyMinutes,
    /// `1h` (Claude).
    OneHour,
    /// `12h` (OpenAI).
    TwelveHours,
}

/// Where the model has a piece of its text from (`wire.md` §3 "citations").
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Citation<'a> {
    /// The page.
    pub url: Option<Cow<'a, str>>,
    /// The title of page, document or file.
    pub title: Option<Cow<'a, str>>,
    /// What the source says there, word for word.
    pub cited_text: Option<Cow<'a, str>>,
    /// The piece of the text part it hangs on that it stands behind, from and to, in characters
    /// (Unicode code points); `None` is all of it.
    pub range: Option<(u64, u64)>,
    /// The citation in its own schema's words, for callers of that schema.
    pub raw: Option<(Schema, Cow<'a, str>)>,
}
