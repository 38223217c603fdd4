//! Whole answers, both ways.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::value::RawValue;

use super::answer::{Answer, Billed, Choice, Voice, finish};
use super::{annotation, usage};
use crate::codec::Reply;
use crate::conversation::{
    ApiError, Arguments, Candidate, Finish, FinishReason, Media, Part, Response, Source, Thinking,
    ToolCall, Usage,
};
use crate::openai::read::{count, words};
use crate::openai::{error, logprobs};

/// Reads a whole answer.
pub(super) fn decode(body: &[u8]) -> Result<Response<'_>, ApiError> {
    // All of it is text, also what is passed over: as strict as `read_usage`.
    let text = std::str::from_utf8(body).map_err(|_| error::unreadable("an answer"))?;
    let answer: Answer<'_> = serde_json::from_str(text).map_err(|_| in_another_shape(body))?;
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
        usage: usage.and_then(|raw| usage::decode(raw, answer.service_tier)),
    })
}

/// Reads of an answer only what it cost; building the rest would take longer than all of this.
pub(super) fn read_usage(body: &[u8]) -> Result<Option<Usage>, ApiError> {
    let answer: Billed<'_> = serde_json::from_slice(body).map_err(|_| in_another_shape(body))?;
    if let Some(error) = answer.error {
        return Err(error::in_band(error));
    }
    let choices = answer.choices.map_or("", RawValue::get);
    let some = choices.strip_prefix('[').is_some_and(|rest| !rest.trim_start().starts_with(']'));
    if !some {
        return Err(error::unreadable("an answer without choices"));
    }
    Ok(answer.usage())
}

/// Reads of an answer only what it cost, be it one that failed.
pub(super) fn usage_of_failure(body: &[u8]) -> Option<Usage> {
    serde_json::from_slice::<Billed<'_>>(body).ok()?.usage()
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
    let logprobs = choice.logprobs();
    let mut said = choice.message.take().or(choice.delta.take()).unwrap_or_default();
    let mut parts = Vec::new();
    said.each_words(&mut |voice, words| {
        parts.push(match voice {
            Voice::Text => Part::text(words),
            Voice::Thinking => Part::Thinking(Thinking { text: words, ..Thinking::default() }),
            Voice::Refusal => Part::Refusal(words),
        });
    });
    if let Some(Part::Text(text)) = parts.iter_mut().rfind(|part| matches!(part, Part::Text(_))) {
        text.citations = said.citations();
    }
    let refused = parts.iter().any(|part| matches!(part, Part::Refusal(_)));
    let before = parts.len();
    for call in said.calls() {
        let Some(name) = call.name() else { continue };
        parts.push(Part::ToolCall(ToolCall {
            id: call.id(),
            name,
            arguments: call.arguments().unwrap_or(Arguments::Text(Cow::Borrowed(""))),
            custom: call.is_custom(),
            signature: None,
            cache: None,
        }));
    }
    let reason = finish(ended.as_deref(), parts.len() > before, refused)?;
    Ok(Candidate { index, parts, logprobs, finish: Finish::new(reason) })
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
    logprobs: Option<WrittenLogprobs<'a>>,
    finish_reason: &'static str,
}

/// How likely the tokens were.
#[derive(Serialize)]
struct WrittenLogprobs<'a> {
    content: Vec<logprobs::Written<'a>>,
    refusal: Option<()>,
}

#[derive(Serialize)]
struct WrittenMessage<'a> {
    role: &'static str,
    content: Option<Cow<'a, str>>,
    refusal: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    annotations: Vec<annotation::Written<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    audio: Option<WrittenAudio<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tool_calls: Vec<WrittenCall<'a>>,
}

#[derive(Serialize)]
struct WrittenCall<'a> {
    id: Cow<'a, str>,
    #[serde(flatten)]
    called: WrittenTool<'a>,
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
enum WrittenTool<'a> {
    Function { function: WrittenFunction<'a> },
    Custom { custom: WrittenCustom<'a> },
}

#[derive(Serialize)]
struct WrittenFunction<'a> {
    name: &'a str,
    arguments: &'a str,
}

#[derive(Serialize)]
struct WrittenCustom<'a> {
    name: &'a str,
    input: &'a str,
}

/// Sound that the model made.
#[derive(Serialize)]
struct WrittenAudio<'a> {
    id: String,
    data: &'a str,
    expires_at: u64,
    transcript: &'static str,
}

/// Writes a whole answer. Thoughts are left out: Chat answers have no place for them, and the
/// extensions that compatible hosts invented for it are not the caller's schema.
pub(super) fn encode(response: &Response<'_>, reply: &Reply) -> Result<Vec<u8>, ApiError> {
    if let Some(error) = response.failure() {
        return Err(error);
    }
    let written = Written {
        id: Cow::Owned(answer_id(response.id.as_deref(), reply)),
        object: "chat.completion",
        created: response.created.unwrap_or(reply.created),
        model: response.model.as_deref().unwrap_or(&reply.model),
        choices: response.candidates.iter().map(|candidate| choice(candidate, reply)).collect(),
        // SDK users read the counts without asking whether they are there.
        usage: usage::Written::from(response.usage.unwrap_or_default()),
    };
    Ok(serde_json::to_vec(&written).unwrap_or_default())
}

fn choice<'a>(candidate: &'a Candidate<'_>, reply: &Reply) -> WrittenChoice<'a> {
    let mut content: Option<Cow<'a, str>> = None;
    let mut refusal: Option<Cow<'a, str>> = None;
    let mut tool_calls = Vec::new();
    let mut annotations = Vec::new();
    let mut audio = None;
    let mut characters = 0;
    for part in &candidate.parts {
        match part {
            Part::Text(text) => {
                let own = text.text.chars().count() as u64;
                let cited = text.citations.iter();
                annotations
                    .extend(cited.filter_map(|cited| annotation::write(cited, characters, own)));
                characters += own;
                append(&mut content, &text.text);
            }
            Part::Audio(Media { source: Source::Base64 { data, .. }, .. }) => {
                audio = Some(WrittenAudio {
                    id: format!("audio_{}", reply.id),
                    data,
                    expires_at: reply.created,
                    transcript: "",
                });
            }
            Part::Refusal(words) => append(&mut refusal, words),
            Part::ToolCall(call) => {
                let id = match &call.id {
                    Some(id) => Cow::Borrowed(id.as_ref()),
                    None => Cow::Owned(call_id(reply, candidate.index, tool_calls.len())),
                };
                let called = match call.arguments.as_text() {
                    input if call.custom => {
                        let custom = WrittenCustom { name: &call.name, input };
                        WrittenTool::Custom { custom }
                    }
                    text => {
                        let arguments = if text.is_empty() { "{}" } else { text };
                        let function = WrittenFunction { name: &call.name, arguments };
                        WrittenTool::Function { function }
                    }
                };
                tool_calls.push(WrittenCall { id, called });
            }
            _ => {}
        }
    }
    let logprobs = (!candidate.logprobs.is_empty()).then(|| WrittenLogprobs {
        content: candidate.logprobs.iter().map(logprobs::Written::of).collect(),
        refusal: None,
    });
    if content.is_none() && tool_calls.is_empty() && refusal.is_none() && audio.is_none() {
        content = Some(Cow::Borrowed(""));
    }
    WrittenChoice {
        index: candidate.index,
        message: WrittenMessage {
            role: "assistant",
            content,
            refusal,
            annotations,
            audio,
            tool_calls,
        },
        logprobs,
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

/// `finish_reason`. A call that its provider could not read has no word here: it is a
/// [failure](Finish::failure) before it is asked for one.
pub(super) const fn finish_word(reason: FinishReason) -> &'static str {
    match reason {
        FinishReason::Stop | FinishReason::StopSequence | FinishReason::Paused => "stop",
        FinishReason::Length => "length",
        FinishReason::ToolCalls => "tool_calls",
        FinishReason::ContentFilter | FinishReason::BadToolCall => "content_filter",
    }
}
