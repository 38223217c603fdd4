//! Log probabilities of tokens; Chat and Responses write them alike (`wire.md` §3).

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::read::as_text;
use crate::conversation::{Likelihood, TokenLogprob};

/// A token as OpenAI writes it.
#[derive(Deserialize)]
pub(super) struct Token<'a> {
    #[serde(borrow)]
    token: Option<&'a RawValue>,
    logprob: Option<&'a RawValue>,
    bytes: Option<&'a RawValue>,
    top_logprobs: Option<Vec<Self>>,
}

impl<'a> Token<'a> {
    /// What it says; `None` where it lacks its text or its probability.
    pub(super) fn read(self) -> Option<TokenLogprob<'a>> {
        let top = self.top_logprobs.iter().flatten().filter_map(Self::likelihood).collect();
        Some(TokenLogprob { chosen: self.likelihood()?, top })
    }

    fn likelihood(&self) -> Option<Likelihood<'a>> {
        let bytes = self.bytes.filter(|raw| raw.get().starts_with('['));
        Some(Likelihood {
            token: self.token.and_then(as_text)?,
            logprob: self.logprob.map(RawValue::get).filter(|text| *text != "null")?.into(),
            bytes: bytes.map(|raw| raw.get().into()),
            id: None,
        })
    }
}

/// A token as it is written.
#[derive(Serialize)]
pub(super) struct Written<'a> {
    #[serde(flatten)]
    chosen: One<'a>,
    top_logprobs: Vec<One<'a>>,
}

#[derive(Serialize)]
struct One<'a> {
    token: &'a str,
    logprob: f64,
    bytes: Bytes<'a>,
}

/// The token's bytes: as the provider said, or those of its text.
#[derive(Serialize)]
#[serde(untagged)]
enum Bytes<'a> {
    Told(Vec<u8>),
    Text(&'a [u8]),
}

impl<'a> Written<'a> {
    pub(super) fn of(token: &'a TokenLogprob<'_>) -> Self {
        Self {
            chosen: One::of(&token.chosen),
            top_logprobs: token.top.iter().map(One::of).collect(),
        }
    }
}

impl<'a> One<'a> {
    fn of(likelihood: &'a Likelihood<'_>) -> Self {
        let told = likelihood.bytes.as_deref().and_then(|text| serde_json::from_str(text).ok());
        Self {
            token: &likelihood.token,
            // What OpenAI says of a token that was not among the likeliest.
            logprob: likelihood.logprob.parse().unwrap_or(-9999.0),
            bytes: told.map_or(Bytes::Text(likelihood.token.as_bytes()), Bytes::Told),
        }
    }
}

/// Reads a list of tokens.
pub(super) fn read<'a>(tokens: impl IntoIterator<Item = Token<'a>>) -> Vec<TokenLogprob<'a>> {
    tokens.into_iter().filter_map(Token::read).collect()
}
