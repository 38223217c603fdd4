//! Answers, and their items, as providers write them.
//!
//! Lenient: what can't be read costs itself and not the answer, wherever that is honest.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::{annotation, usage};
use crate::conversation::{
    ApiError, Citation, ErrorClass, Finish, FinishReason, Media, Source, TokenLogprob, Usage,
};
use crate::openai::read::{as_text, is_null, words};
use crate::openai::{error, logprobs};

/// A response object. What is not read here says nothing that another schema's caller asked for.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Answer<'a> {
    #[serde(borrow)]
    pub(super) id: Option<&'a RawValue>,
    pub(super) model: Option<&'a RawValue>,
    pub(super) created_at: Option<&'a RawValue>,
    status: Option<&'a RawValue>,
    error: Option<&'a RawValue>,
    incomplete_details: Option<&'a RawValue>,
    pub(super) output: Option<&'a RawValue>,
    usage: Option<&'a RawValue>,
    service_tier: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct IncompleteDetails<'a> {
    #[serde(borrow)]
    reason: Option<&'a RawValue>,
}

impl<'a> Answer<'a> {
    /// The items of the output; `None` where there is no list of them.
    pub(super) fn items(&self) -> Option<Vec<&'a RawValue>> {
        serde_json::from_str(self.output?.get()).ok()
    }

    pub(super) fn usage(&self) -> Option<Usage> {
        let usage = self.usage.and_then(usage::decode)?;
        let served = usage::served(self.service_tier);
        Some(Usage { calls: usage::calls(self.output), served, ..usage })
    }

    /// The error that it is.
    ///
    /// # Errors
    /// It failed, was cancelled, or is not done yet (`background`).
    pub(super) fn check(&self) -> Result<(), ApiError> {
        if let Some(error) = self.error.filter(|raw| !is_null(raw)) {
            return Err(error::in_band(error));
        }
        match words(self.status).as_deref() {
            Some("failed" | "cancelled") => Err(broken()),
            Some("queued" | "in_progress") => Err(ApiError::new(
                ErrorClass::Server,
                "The provider sent an answer that it has not finished. Ask without `background`.",
            )),
            _ => Ok(()),
        }
    }

    /// Why it ended (`wire.md` §3.1). Calls wait for their results, and a refusal in words is
    /// one, though both are called `completed`. One that is incomplete for a reason not known
    /// here is at least not whole.
    pub(super) fn finish(&self, has_calls: bool, refused: bool) -> Finish<'static> {
        let details = self.incomplete_details.filter(|raw| !is_null(raw));
        let incomplete = details.is_some() || words(self.status).as_deref() == Some("incomplete");
        let details = details
            .and_then(|raw| serde_json::from_str::<IncompleteDetails<'_>>(raw.get()).ok())
            .and_then(|details| words(details.reason));
        Finish::new(match details.as_deref() {
            Some("content_filter") => FinishReason::ContentFilter,
            _ if incomplete => FinishReason::Length,
            _ if has_calls => FinishReason::ToolCalls,
            _ if refused => FinishReason::ContentFilter,
            _ => FinishReason::Stop,
        })
    }
}

/// The error of an answer that failed and does not say why.
pub(super) fn broken() -> ApiError {
    ApiError::new(ErrorClass::Server, "The provider broke its answer off. Try again.")
}

/// An item of the output, of any type.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Item<'a> {
    #[serde(borrow)]
    id: Option<&'a RawValue>,
    r#type: Option<&'a RawValue>,
    content: Option<&'a RawValue>,
    summary: Option<&'a RawValue>,
    encrypted_content: Option<&'a RawValue>,
    call_id: Option<&'a RawValue>,
    name: Option<&'a RawValue>,
    arguments: Option<&'a RawValue>,
    input: Option<&'a RawValue>,
    result: Option<&'a RawValue>,
    output_format: Option<&'a RawValue>,
}

/// What an item is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind<'a> {
    Message,
    Reasoning,
    Call {
        custom: bool,
    },
    Image,
    /// What only this schema can say, by its type.
    Hosted(Cow<'a, str>),
}

impl<'a> Item<'a> {
    pub(super) fn read(raw: &'a RawValue) -> Self {
        serde_json::from_str(raw.get()).unwrap_or_default()
    }

    pub(super) fn kind(&self) -> Kind<'a> {
        let name = words(self.r#type).unwrap_or(Cow::Borrowed("item"));
        match name.as_ref() {
            "message" => Kind::Message,
            "reasoning" => Kind::Reasoning,
            "function_call" => Kind::Call { custom: false },
            "custom_tool_call" => Kind::Call { custom: true },
            "image_generation_call" => Kind::Image,
            _ => Kind::Hosted(name),
        }
    }

    pub(super) fn id(&self) -> Option<Cow<'a, str>> {
        words(self.id)
    }

    /// What the result of a call refers to; a few hosts know only the item's id.
    pub(super) fn call_id(&self) -> Option<Cow<'a, str>> {
        words(self.call_id).or_else(|| self.id())
    }

    pub(super) fn name(&self) -> Option<Cow<'a, str>> {
        words(self.name)
    }

    /// Reasoning that only its provider can read.
    pub(super) fn encrypted_content(&self) -> Option<Cow<'a, str>> {
        words(self.encrypted_content)
    }

    /// The picture; `None` while there is none, or if it could not be made.
    pub(super) fn image(&self) -> Option<Media<'a>> {
        let format = words(self.output_format).unwrap_or(Cow::Borrowed("png"));
        let format = if format == "svg" { Cow::Borrowed("svg+xml") } else { format };
        let media_type = Cow::Owned(format!("image/{format}"));
        let source = Source::Base64 { media_type, data: words(self.result)? };
        Some(Media { source, name: None, detail: None, cache: None })
    }

    /// All that it says in words, in order, none of it empty.
    pub(super) fn said(&self) -> Vec<Said<'a>> {
        let mut said = Vec::new();
        for (place, raw) in list(self.summary).into_iter().enumerate() {
            said.extend(Said::read(raw, Voice::Summary, place as u64));
        }
        if let Some(text) = words(self.content) {
            said.push(Said::plain(Voice::Text, text));
        }
        let voice = match self.kind() {
            Kind::Reasoning => Voice::Thought,
            _ => Voice::Text,
        };
        for (place, raw) in list(self.content).into_iter().enumerate() {
            said.extend(Said::read(raw, voice, place as u64));
        }
        // A few hosts write the object itself.
        if let Some(raw) = self.arguments.or(self.input).filter(|raw| !is_null(raw)) {
            let text = as_text(raw).unwrap_or(Cow::Borrowed(raw.get()));
            said.push(Said::plain(Voice::Arguments, text));
        }
        said
    }
}

fn list(raw: Option<&RawValue>) -> Vec<&RawValue> {
    raw.and_then(|raw| serde_json::from_str(raw.get()).ok()).unwrap_or_default()
}

/// In what voice something is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Voice {
    Text,
    Refusal,
    /// What the model's thoughts come to.
    Summary,
    /// The thoughts themselves.
    Thought,
    /// What a tool is called with.
    Arguments,
}

/// What stands between two pieces of one reasoning.
pub(super) const BETWEEN_THOUGHTS: &str = "\n\n";

/// A piece of an item, and its place among those of its voice.
#[derive(Debug)]
pub(super) struct Said<'a> {
    pub(super) voice: Voice,
    pub(super) place: u64,
    pub(super) text: Cow<'a, str>,
    pub(super) citations: Vec<Citation<'a>>,
    pub(super) logprobs: Vec<TokenLogprob<'a>>,
}

/// A part of an item's content.
#[derive(Deserialize)]
struct Content<'a> {
    #[serde(borrow)]
    r#type: Option<&'a RawValue>,
    text: Option<&'a RawValue>,
    refusal: Option<&'a RawValue>,
    annotations: Option<&'a RawValue>,
    logprobs: Option<&'a RawValue>,
}

impl<'a> Said<'a> {
    fn plain(voice: Voice, text: Cow<'a, str>) -> Self {
        Self { voice, place: 0, text, citations: Vec::new(), logprobs: Vec::new() }
    }

    /// A part that is said in this voice unless it says otherwise.
    pub(super) fn read(raw: &'a RawValue, voice: Voice, place: u64) -> Option<Self> {
        let content: Content<'a> = serde_json::from_str(raw.get()).ok()?;
        let (voice, text) = match words(content.r#type).as_deref() {
            Some("refusal") => (Voice::Refusal, words(content.refusal)),
            Some("reasoning_text") => (Voice::Thought, words(content.text)),
            Some("summary_text") => (Voice::Summary, words(content.text)),
            _ => (voice, words(content.text)),
        };
        let citations: Vec<_> =
            list(content.annotations).into_iter().filter_map(annotation::read).collect();
        let logprobs = tokens(content.logprobs);
        let silent = text.is_none() && citations.is_empty();
        let text = text.unwrap_or_default();
        (!silent).then_some(Self { voice, place, text, citations, logprobs })
    }
}

/// A list of log probabilities.
pub(super) fn tokens<'a>(raw: Option<&'a RawValue>) -> Vec<TokenLogprob<'a>> {
    let list = raw.filter(|raw| raw.get().starts_with('['));
    let tokens = list.and_then(|raw| serde_json::from_str::<Vec<_>>(raw.get()).ok());
    logprobs::read(tokens.unwrap_or_default())
}
