//! An answer as it comes: the events of a stream.

use std::borrow::Cow;

use super::{ApiError, Citation, Finish, Media, TokenLogprob, Usage};

/// One event of a streamed answer.
///
/// Grammar: `Start (PartStart Delta* PartStop | Finish | Usage)* End`, or `Error` in place of
/// what is left. Parts of one candidate may interleave (OpenAI's parallel tool calls do);
/// `part` numbers are dense from 0 in each candidate, in order of their start.
#[derive(Clone, Debug)]
pub enum Event<'a> {
    /// The answer begins. Comes once, first.
    Start {
        /// The provider's id of the answer.
        id: Option<Cow<'a, str>>,
        /// The model, as the provider names it.
        model: Option<Cow<'a, str>>,
    },
    /// A part of a candidate begins.
    PartStart {
        /// Which alternative.
        candidate: u32,
        /// Its number within the candidate.
        part: u32,
        /// What it is.
        kind: PartKind<'a>,
    },
    /// More of a part.
    Delta {
        /// Which alternative.
        candidate: u32,
        /// Which part.
        part: u32,
        /// The piece.
        delta: Delta<'a>,
    },
    /// A part is whole.
    PartStop {
        /// Which alternative.
        candidate: u32,
        /// Which part.
        part: u32,
    },
    /// A candidate ended, and why.
    Finish {
        /// Which alternative.
        candidate: u32,
        /// Why.
        finish: Finish<'a>,
    },
    /// Tokens so far (cumulative; may come more than once).
    Usage(Usage),
    /// The provider said that it is still there.
    Ping,
    /// The provider reported an error in the stream; nothing follows.
    Error(ApiError),
    /// The provider's own end of the stream. A stream without it was cut short.
    End,
}

/// What a streamed part is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PartKind<'a> {
    /// Text.
    Text,
    /// A tool call; its arguments follow as [`Delta::Arguments`].
    ToolCall {
        /// The id, where the schema gives one.
        id: Option<Cow<'a, str>>,
        /// The tool.
        name: Cow<'a, str>,
        /// The tool takes free text ([`super::Tool::Custom`]).
        custom: bool,
    },
    /// Reasoning.
    Thinking {
        /// The provider's id of it, where the schema has one.
        id: Option<Cow<'a, str>>,
    },
    /// Encrypted reasoning, whole.
    RedactedThinking(Cow<'a, str>),
    /// A refusal in words.
    Refusal,
    /// A picture, whole.
    Image(Media<'a>),
    /// Sound, whole.
    Audio(Media<'a>),
    /// Something only the provider's schema can say, named for the report.
    Opaque(Cow<'a, str>),
}

/// A piece of a part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delta<'a> {
    /// Text of a text, thinking or refusal part.
    Text(Cow<'a, str>),
    /// A piece of a tool call's arguments: any cut of their JSON text.
    Arguments(Cow<'a, str>),
    /// The signature of a thinking part (Claude, Responses), or of a text or call part (Gemini),
    /// whole.
    Signature(Cow<'a, str>),
    /// Where the text so far has something from.
    Citation(Citation<'a>),
    /// How likely the tokens of this piece of text were.
    Logprobs(Vec<TokenLogprob<'a>>),
}
