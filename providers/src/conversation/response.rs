//! What a provider answers.

use std::borrow::Cow;

use super::{ApiError, ErrorClass, Part, Usage};

/// A whole answer.
#[derive(Clone, Debug, Default)]
pub struct Response<'a> {
    /// The provider's id of it.
    pub id: Option<Cow<'a, str>>,
    /// The model that answered, as the provider names it.
    pub model: Option<Cow<'a, str>>,
    /// When, in seconds since 1970, where the schema says so.
    pub created: Option<u64>,
    /// The alternatives; one unless more were asked for. None at all where a prompt was blocked
    /// before the model ran: decoders then add an empty candidate with a content-filter finish.
    pub candidates: Vec<Candidate<'a>>,
    /// What it cost in tokens; `None` where the provider did not say.
    pub usage: Option<Usage>,
}

impl Response<'_> {
    /// The error that this answer is, if one of its alternatives is no answer.
    pub fn failure(&self) -> Option<ApiError> {
        self.candidates.iter().find_map(|candidate| candidate.finish.failure())
    }

    /// Whether there is anything in it that takes tokens to say.
    pub fn says_something(&self) -> bool {
        self.candidates.iter().flat_map(|candidate| &candidate.parts).any(|part| match part {
            Part::Text(text) => !text.text.is_empty(),
            Part::Thinking(thinking) => !thinking.text.is_empty(),
            Part::Refusal(words) => !words.is_empty(),
            _ => true,
        })
    }

    /// Leaves out every tool call but the first of each alternative, for a caller that allows one
    /// a turn.
    pub fn keep_first_call(&mut self) {
        for candidate in &mut self.candidates {
            let mut called = false;
            candidate.parts.retain(|part| {
                let is_call = matches!(part, Part::ToolCall(_));
                !(is_call && std::mem::replace(&mut called, true))
            });
        }
    }
}

/// One alternative answer.
#[derive(Clone, Debug)]
pub struct Candidate<'a> {
    /// Its place among the alternatives, from 0.
    pub index: u32,
    /// What it says.
    pub parts: Vec<Part<'a>>,
    /// How likely each token was, where that was asked for; empty otherwise.
    pub logprobs: Vec<TokenLogprob<'a>>,
    /// Why it ended.
    pub finish: Finish<'a>,
}

/// A token of the answer, how likely it was, and what else might have stood there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenLogprob<'a> {
    /// The token that was chosen.
    pub chosen: Likelihood<'a>,
    /// The likeliest at this place, likeliest first.
    pub top: Vec<Likelihood<'a>>,
}

/// A token and its log probability.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Likelihood<'a> {
    /// The token as text.
    pub token: Cow<'a, str>,
    /// Its log probability: a JSON number as the provider spelled it.
    pub logprob: Cow<'a, str>,
    /// Its UTF-8 bytes as a JSON array of numbers, as the provider spelled it; `None` where it
    /// did not say.
    pub bytes: Option<Cow<'a, str>>,
    /// The provider's number of the token (Gemini).
    pub id: Option<i64>,
}

/// Why an answer ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finish<'a> {
    /// The reason in Egret's words.
    pub reason: FinishReason,
    /// The stop string that was met, where the schema says.
    pub stop_sequence: Option<Cow<'a, str>>,
    /// What kind of content was refused, in the provider's word (Claude `stop_details.category`).
    pub category: Option<Cow<'a, str>>,
    /// The provider's explanation of a refusal or failure.
    pub explanation: Option<Cow<'a, str>>,
}

impl Finish<'_> {
    /// A finish with nothing but a reason.
    pub const fn new(reason: FinishReason) -> Self {
        Self { reason, stop_sequence: None, category: None, explanation: None }
    }

    /// The error that this end is, for schemas without a word for it: a tool call that its
    /// provider could not read (`wire.md` §3.1).
    pub fn failure(&self) -> Option<ApiError> {
        const WHY: &str = "the model wrote a tool call that its provider could not read; try again";
        let why = || ApiError::new(ErrorClass::Server, self.explanation.as_deref().unwrap_or(WHY));
        (self.reason == FinishReason::BadToolCall).then(why)
    }

    /// The same, owning its text.
    pub fn into_owned(self) -> Finish<'static> {
        Finish {
            reason: self.reason,
            stop_sequence: self.stop_sequence.map(|s| Cow::Owned(s.into_owned())),
            category: self.category.map(|s| Cow::Owned(s.into_owned())),
            explanation: self.explanation.map(|s| Cow::Owned(s.into_owned())),
        }
    }
}

/// Why an answer ended, one word for all schemas (`wire.md` §3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FinishReason {
    /// It was done.
    Stop,
    /// It met one of the caller's stop strings.
    StopSequence,
    /// It met a token limit.
    Length,
    /// It calls tools and waits for their results.
    ToolCalls,
    /// The provider's filter, or the model itself, refused.
    ContentFilter,
    /// It paused and can go on (Claude `pause_turn`).
    Paused,
    /// The model wrote a tool call that its provider could not read: an error, not an answer.
    BadToolCall,
}
