//! Answers, and pieces of them, as OpenAI and the compatible hosts write them.
//!
//! Lenient: what can't be read costs itself and not the answer, wherever that is honest.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::{annotation, usage};
use crate::conversation::{
    ApiError, Arguments, Citation, ErrorClass, FinishReason, TokenLogprob, Usage,
};
use crate::openai::logprobs;
use crate::openai::read::{TextOr, as_text, count, words};

/// An answer, or a chunk of one, as providers write it. What is not read here says nothing that
/// another schema's caller asked for.
#[derive(Deserialize)]
pub(super) struct Answer<'a> {
    #[serde(borrow)]
    pub(super) id: Option<&'a RawValue>,
    pub(super) model: Option<&'a RawValue>,
    pub(super) created: Option<&'a RawValue>,
    pub(super) choices: Option<Vec<Choice<'a>>>,
    pub(super) usage: Option<&'a RawValue>,
    pub(super) error: Option<&'a RawValue>,
    pub(super) x_groq: Option<Groq<'a>>,
    pub(super) service_tier: Option<&'a RawValue>,
}

/// An answer of which only the cost matters.
#[derive(Deserialize)]
pub(super) struct Billed<'a> {
    #[serde(borrow)]
    pub(super) choices: Option<&'a RawValue>,
    pub(super) usage: Option<&'a RawValue>,
    pub(super) error: Option<&'a RawValue>,
    pub(super) x_groq: Option<Groq<'a>>,
    pub(super) service_tier: Option<&'a RawValue>,
}

impl Billed<'_> {
    pub(super) fn usage(self) -> Option<Usage> {
        let usage = self.usage.or(self.x_groq.and_then(|groq| groq.usage))?;
        usage::decode(usage, self.service_tier)
    }
}

/// Where Groq's older streams tell the usage.
#[derive(Deserialize)]
pub(super) struct Groq<'a> {
    #[serde(borrow)]
    pub(super) usage: Option<&'a RawValue>,
}

/// One alternative: `message` in an answer, `delta` in a chunk.
#[derive(Deserialize)]
pub(super) struct Choice<'a> {
    #[serde(borrow)]
    index: Option<&'a RawValue>,
    pub(super) message: Option<Said<'a>>,
    pub(super) delta: Option<Said<'a>>,
    finish_reason: Option<&'a RawValue>,
    logprobs: Option<Logprobs<'a>>,
    pub(super) error: Option<&'a RawValue>,
}

/// How likely the tokens of a piece were: of its text, or of its refusal.
#[derive(Deserialize)]
struct Logprobs<'a> {
    #[serde(borrow)]
    content: Option<Vec<logprobs::Token<'a>>>,
    refusal: Option<Vec<logprobs::Token<'a>>>,
}

/// What is said: a message, or a piece of one.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Said<'a> {
    #[serde(borrow)]
    content: Option<TextOr<'a, &'a RawValue>>,
    refusal: Option<&'a RawValue>,
    reasoning_content: Option<&'a RawValue>,
    reasoning: Option<&'a RawValue>,
    pub(super) tool_calls: Option<Vec<Call<'a>>>,
    function_call: Option<Function<'a>>,
    audio: Option<Audio<'a>>,
    annotations: Option<Vec<&'a RawValue>>,
}

/// A call of a tool, or a piece of one.
#[derive(Deserialize)]
pub(super) struct Call<'a> {
    #[serde(borrow)]
    pub(super) index: Option<&'a RawValue>,
    id: Option<&'a RawValue>,
    function: Option<Function<'a>>,
    custom: Option<Function<'a>>,
}

#[derive(Deserialize)]
struct Function<'a> {
    #[serde(borrow)]
    name: Option<&'a RawValue>,
    /// `input` is what a custom tool's arguments are called.
    #[serde(alias = "input")]
    arguments: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Audio<'a> {
    #[serde(borrow)]
    transcript: Option<&'a RawValue>,
}

/// A part of content that is written as a list.
#[derive(Deserialize)]
struct Piece<'a> {
    #[serde(borrow)]
    text: Option<&'a RawValue>,
    refusal: Option<&'a RawValue>,
    /// Mistral's reasoning: a list of text parts.
    thinking: Option<Vec<Words<'a>>>,
}

#[derive(Deserialize)]
struct Words<'a> {
    #[serde(borrow)]
    text: Option<&'a RawValue>,
}

/// In what voice words are said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Voice {
    Text,
    Thinking,
    Refusal,
}

impl<'a> Choice<'a> {
    /// Its place among the alternatives; `position` where it does not say.
    pub(super) fn place(&self, position: usize) -> u32 {
        let place = count(self.index).unwrap_or(position as u64);
        u32::try_from(place).unwrap_or(u32::MAX)
    }

    /// How likely its tokens were, if it says.
    pub(super) fn logprobs(&mut self) -> Vec<TokenLogprob<'a>> {
        let said = self.logprobs.take();
        let lists = said.into_iter().flat_map(|said| [said.content, said.refusal]);
        logprobs::read(lists.flatten().flatten())
    }

    /// The word in which it says why it ended.
    pub(super) fn ended(&self) -> Option<Cow<'a, str>> {
        words(self.finish_reason)
    }
}

impl<'a> Said<'a> {
    /// All words in the order in which they read: thoughts, then text, then a refusal.
    pub(super) fn each_words(&mut self, each: &mut dyn FnMut(Voice, Cow<'a, str>)) {
        // Some hosts say the same thoughts under both names.
        if let Some(text) = words(self.reasoning_content).or_else(|| words(self.reasoning)) {
            each(Voice::Thinking, text);
        }
        match self.content.take() {
            Some(TextOr::Text(text)) if !text.is_empty() => each(Voice::Text, text),
            Some(TextOr::List(pieces)) => {
                for raw in pieces {
                    let Ok(piece) = serde_json::from_str::<Piece<'a>>(raw.get()) else { continue };
                    for thought in piece.thinking.into_iter().flatten() {
                        if let Some(text) = words(thought.text) {
                            each(Voice::Thinking, text);
                        }
                    }
                    if let Some(text) = words(piece.text) {
                        each(Voice::Text, text);
                    }
                    if let Some(text) = words(piece.refusal) {
                        each(Voice::Refusal, text);
                    }
                }
            }
            _ => {
                let spoken = self.audio.as_ref().and_then(|audio| words(audio.transcript));
                if let Some(text) = spoken {
                    each(Voice::Text, text);
                }
            }
        }
        if let Some(text) = words(self.refusal) {
            each(Voice::Refusal, text);
        }
    }

    /// Where it has something from.
    pub(super) fn citations(&self) -> Vec<Citation<'a>> {
        self.annotations.iter().flatten().filter_map(|raw| annotation::read(raw)).collect()
    }

    /// All calls, the old `function_call` among them.
    pub(super) fn calls(&mut self) -> impl Iterator<Item = Call<'a>> {
        let old = self.function_call.take().filter(|function| {
            words(function.name).is_some() || words(function.arguments).is_some()
        });
        let old = old.map(|function| Call {
            index: None,
            id: None,
            function: Some(function),
            custom: None,
        });
        self.tool_calls.take().into_iter().flatten().chain(old)
    }
}

impl<'a> Call<'a> {
    pub(super) fn id(&self) -> Option<Cow<'a, str>> {
        words(self.id)
    }

    /// It calls a tool that takes free text.
    pub(super) const fn is_custom(&self) -> bool {
        self.function.is_none() && self.custom.is_some()
    }

    pub(super) fn name(&self) -> Option<Cow<'a, str>> {
        words(self.function.as_ref().or(self.custom.as_ref())?.name)
    }

    /// Its arguments; a few hosts write the object itself.
    pub(super) fn arguments(&self) -> Option<Arguments<'a>> {
        let raw = self.function.as_ref().or(self.custom.as_ref())?.arguments?;
        Some(match as_text(raw) {
            Some(text) => Arguments::Text(text),
            None => Arguments::Json(Cow::Borrowed(raw)),
        })
    }
}

/// Why an answer ended (`wire.md` §3.1). With calls in it, `stop` means that they wait for their
/// results: OpenAI says so where the choice of tools was forced. With a refusal it means that.
/// `Err` where it broke.
pub(super) fn finish(
    word: Option<&str>,
    has_calls: bool,
    refused: bool,
) -> Result<FinishReason, ApiError> {
    match word {
        Some("length" | "max_tokens" | "model_length") => Ok(FinishReason::Length),
        Some("tool_calls" | "function_call") => Ok(FinishReason::ToolCalls),
        Some("content_filter") => Ok(FinishReason::ContentFilter),
        Some("error") => Err(broken(ErrorClass::Server)),
        Some("insufficient_system_resource") => Err(broken(ErrorClass::Overloaded)),
        _ if has_calls => Ok(FinishReason::ToolCalls),
        _ if refused => Ok(FinishReason::ContentFilter),
        _ => Ok(FinishReason::Stop),
    }
}

fn broken(class: ErrorClass) -> ApiError {
    ApiError::new(class, "The provider broke its answer off. Try again.")
}
