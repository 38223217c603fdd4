//! Whole answers, both ways.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::error;
use super::read::{TextOr, as_text};
use super::usage::{self, count};
use crate::codec::Reply;
use crate::conversation::{
    ApiError, Arguments, Candidate, ErrorClass, Finish, FinishReason, Part, Response, Thinking,
    ToolCall, Usage,
};

/// An answer, or a chunk of one, as providers write it. What is not read here says nothing that
/// another schema's caller asked for.
#[derive(Deserialize)]
pub(super) struct Answer<'a> {
    #[serde(borrow)]
    pub(super) id: Option<&'a RawValue>,
    pub(super) model: Option<&'a RawValue>,
    created: Option<&'a RawValue>,
    pub(super) choices: Option<Vec<Choice<'a>>>,
    pub(super) usage: Option<&'a RawValue>,
    pub(super) error: Option<&'a RawValue>,
    pub(super) x_groq: Option<Groq<'a>>,
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
    message: Option<Said<'a>>,
    pub(super) delta: Option<Said<'a>>,
    finish_reason: Option<&'a RawValue>,
    pub(super) error: Option<&'a RawValue>,
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

/// A string that is not empty.
pub(super) fn words<'a>(raw: Option<&'a RawValue>) -> Option<Cow<'a, str>> {
    raw.and_then(as_text).filter(|text| !text.is_empty())
}

impl<'a> Choice<'a> {
    /// Its place among the alternatives; `position` where it does not say.
    pub(super) fn place(&self, position: usize) -> u32 {
        let place = count(self.index).unwrap_or(position as u64);
        u32::try_from(place).unwrap_or(u32::MAX)
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
                        words(thought.text).map(|text| each(Voice::Thinking, text));
                    }
                    words(piece.text).map(|text| each(Voice::Text, text));
                    words(piece.refusal).map(|text| each(Voice::Refusal, text));
                }
            }
            _ => {
                let spoken = self.audio.as_ref().and_then(|audio| words(audio.transcript));
                spoken.map(|text| each(Voice::Text, text));
            }
        }
        words(self.refusal).map(|text| each(Voice::Refusal, text));
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
/// results: OpenAI says so where the choice of tools was forced. `Err` where it broke.
pub(super) fn finish(word: Option<&str>, has_calls: bool) -> Result<FinishReason, ApiError> {
    match word {
        Some("length" | "max_tokens" | "model_length") => Ok(FinishReason::Length),
        Some("tool_calls" | "function_call") => Ok(FinishReason::ToolCalls),
        Some("content_filter") => Ok(FinishReason::ContentFilter),
        Some("error") => Err(broken(ErrorClass::Server)),
        Some("insufficient_system_resource") => Err(broken(ErrorClass::Overloaded)),
        _ if has_calls => Ok(FinishReason::ToolCalls),
        _ => Ok(FinishReason::Stop),
    }
}

fn broken(class: ErrorClass) -> ApiError {
    ApiError::new(class, "The provider broke its answer off. Try again.")
}

/// Reads a whole answer.
pub(super) fn decode(body: &[u8]) -> Result<Response<'_>, ApiError> {
    let answer: Answer<'_> = serde_json::from_slice(body).map_err(|_| in_another_shape(body))?;
    if let Some(error) = answer.error {
        return Err(error::in_band(error));
    }
    let choices = answer.choices.filter(|choices| !choices.is_empty());
    let choices = choices.ok_or_else(|| error::unreadable("an answer without choices"))?;
    let candidates = choices
        .into_iter()
        .enumerate()
        .map(|(position, choice)| candidate(choice, position))
        .collect::<Result<_, _>>()?;
    let usage = answer.usage.or(answer.x_groq.and_then(|groq| groq.usage));
    Ok(Response {
        id: words(answer.id),
        model: words(answer.model),
        created: count(answer.created),
        candidates,
        usage: usage.and_then(usage::decode),
    })
}

/// What came instead of an answer: an error in a list (Gemini's compatible endpoint), or garbage.
pub(super) fn in_another_shape(body: &[u8]) -> ApiError {
    match serde_json::from_slice::<&RawValue>(body) {
        Ok(raw) if raw.get().starts_with('[') => error::in_band(raw),
        _ => error::unreadable("an answer"),
    }
}

fn candidate(mut choice: Choice<'_>, position: usize) -> Result<Candidate<'_>, ApiError> {
    if let Some(error) = choice.error {
        return Err(error::in_band(error));
    }
    let index = choice.place(position);
    let ended = choice.ended();
    let mut said = choice.message.take().or(choice.delta.take()).unwrap_or_default();
    let mut parts = Vec::new();
    said.each_words(&mut |voice, words| {
        parts.push(match voice {
            Voice::Text => Part::text(words),
            Voice::Thinking => Part::Thinking(Thinking { text: words, signature: None }),
            Voice::Refusal => Part::Refusal(words),
        });
    });
    let before = parts.len();
    for call in said.calls() {
        let Some(name) = call.name() else { continue };
        parts.push(Part::ToolCall(ToolCall {
            id: call.id(),
            name,
            arguments: call.arguments().unwrap_or(Arguments::Text(Cow::Borrowed(""))),
            signature: None,
            cache_control: None,
        }));
    }
    let reason = finish(ended.as_deref(), parts.len() > before)?;
    Ok(Candidate { index, parts, finish: Finish::new(reason) })
}

#[derive(Serialize)]
struct Written<'a> {
    id: Cow<'a, str>,
    object: &'static str,
    created: u64,
    model: &'a str,
    choices: Vec<WrittenChoice<'a>>,
    usage: usage::Written,
}

#[derive(Serialize)]
struct WrittenChoice<'a> {
    index: u32,
    message: WrittenMessage<'a>,
    logprobs: Option<()>,
    finish_reason: &'static str,
}

#[derive(Serialize)]
struct WrittenMessage<'a> {
    role: &'static str,
    content: Option<Cow<'a, str>>,
    refusal: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tool_calls: Vec<WrittenCall<'a>>,
}

#[derive(Serialize)]
struct WrittenCall<'a> {
    id: Cow<'a, str>,
    r#type: &'static str,
    function: WrittenFunction<'a>,
}

#[derive(Serialize)]
struct WrittenFunction<'a> {
    name: &'a str,
    arguments: &'a str,
}

/// Writes a whole answer. Thoughts are left out: Chat answers have no place for them, and the
/// extensions that compatible hosts invented for it are not the caller's schema.
pub(super) fn encode(response: &Response<'_>, reply: &Reply) -> Vec<u8> {
    let written = Written {
        id: Cow::Owned(answer_id(response.id.as_deref(), reply)),
        object: "chat.completion",
        created: response.created.unwrap_or(reply.created),
        model: response.model.as_deref().unwrap_or(&reply.model),
        choices: response.candidates.iter().map(|candidate| choice(candidate, reply)).collect(),
        // SDK users read the counts without asking whether they are there.
        usage: usage::Written::from(response.usage.unwrap_or(Usage::default())),
    };
    serde_json::to_vec(&written).unwrap_or_default()
}

fn choice<'a>(candidate: &'a Candidate<'_>, reply: &Reply) -> WrittenChoice<'a> {
    let mut content: Option<Cow<'a, str>> = None;
    let mut refusal: Option<Cow<'a, str>> = None;
    let mut tool_calls = Vec::new();
    for part in &candidate.parts {
        match part {
            Part::Text(text) => append(&mut content, &text.text),
            Part::Refusal(words) => append(&mut refusal, words),
            Part::ToolCall(call) => {
                let id = match &call.id {
                    Some(id) => Cow::Borrowed(id.as_ref()),
                    None => Cow::Owned(call_id(reply, candidate.index, tool_calls.len())),
                };
                let arguments = match call.arguments.as_text() {
                    "" => "{}",
                    text => text,
                };
                let function = WrittenFunction { name: &call.name, arguments };
                tool_calls.push(WrittenCall { id, r#type: "function", function });
            }
            _ => {}
        }
    }
    if content.is_none() && tool_calls.is_empty() && refusal.is_none() {
        content = Some(Cow::Borrowed(""));
    }
    WrittenChoice {
        index: candidate.index,
        message: WrittenMessage { role: "assistant", content, refusal, tool_calls },
        logprobs: None,
        finish_reason: finish_word(candidate.finish.reason),
    }
}

fn append<'a>(text: &mut Option<Cow<'a, str>>, more: &'a str) {
    match text {
        None => *text = Some(Cow::Borrowed(more)),
        Some(text) => text.to_mut().push_str(more),
    }
}

/// The id of an answer: the provider's, recognisable under the prefix that this schema's have.
pub(super) fn answer_id(id: Option<&str>, reply: &Reply) -> String {
    match id.filter(|id| !id.is_empty()).unwrap_or(&reply.id) {
        id if id.starts_with("chatcmpl-") => id.to_owned(),
        id => format!("chatcmpl-{id}"),
    }
}

/// The id of a call whose provider gave none.
pub(super) fn call_id(reply: &Reply, candidate: u32, ordinal: usize) -> String {
    format!("call_{}_{candidate}_{ordinal}", reply.id)
}

/// `finish_reason`. A call that its provider could not read has no word here, and is no success:
/// callers are told that the answer was withheld. (Streams end in an error instead.)
pub(super) const fn finish_word(reason: FinishReason) -> &'static str {
    match reason {
        FinishReason::Stop | FinishReason::StopSequence | FinishReason::Paused => "stop",
        FinishReason::Length => "length",
        FinishReason::ToolCalls => "tool_calls",
        FinishReason::ContentFilter | FinishReason::BadToolCall => "content_filter",
    }
}
