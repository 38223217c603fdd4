//! The wire schemas Egret speaks, on the caller's side and on the provider's.

use std::fmt;

use crate::claude::Claude;
use crate::codec::Codec;
use crate::gemini::Gemini;
use crate::openai::chat::Chat;
use crate::openai::responses::Responses;

/// A wire schema: the shape of requests, responses, streams and errors of one API.
///
/// The same type names a *surface* (what a caller speaks) and what a *backend* speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Schema {
    /// OpenAI Chat Completions, and every host that is compatible with it.
    Chat,
    /// OpenAI Responses.
    Responses,
    /// Anthropic Messages.
    Claude,
    /// Gemini `generateContent` and `streamGenerateContent`.
    Gemini,
}

impl Schema {
    /// Every schema, in the order in which tables show them.
    pub const ALL: [Self; 4] = [Self::Chat, Self::Responses, Self::Claude, Self::Gemini];

    /// The codec of this schema.
    pub const fn codec(self) -> &'static dyn Codec {
        match self {
            Self::Chat => &Chat,
            Self::Responses => &Responses,
            Self::Claude => &Claude,
            Self::Gemini => &Gemini,
        }
    }

    /// Whether SDKs that read its streams pass comments over; Google's take them for data, and fail
    /// (`wire.md` §4.2).
    pub const fn takes_comments(self) -> bool {
        match self {
            Self::Chat | Self::Responses | Self::Claude => true,
            Self::Gemini => false,
        }
    }

    /// The name used in configuration, metrics and logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Chat => "chat",
            Self::Responses => "responses",
            Self::Claude => "claude",
            Self::Gemini => "gemini",
        }
    }
}

impl fmt::Display for Schema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
