//! Items of the output as SDKs expect them.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};

use crate::codec::Reply;
use crate::conversation::{Media, Source, TokenLogprob};
use crate::openai::logprobs;

/// An item of the output.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Item<'a> {
    Message {
        id: String,
        status: Status,
        role: &'static str,
        content: &'a [Content<'a>],
    },
    FunctionCall {
        id: String,
        status: Status,
        call_id: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        namespace: Option<&'a str>,
        name: &'a str,
        arguments: &'a str,
    },
    CustomToolCall {
        id: String,
        status: Status,
        call_id: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        namespace: Option<&'a str>,
        name: &'a str,
        input: &'a str,
    },
    Reasoning {
        id: String,
        summary: &'a [Summary<'a>],
        #[serde(skip_serializing_if = "Option::is_none")]
        encrypted_content: Option<&'a str>,
    },
    ImageGenerationCall {
        id: String,
        status: Status,
        result: Option<&'a str>,
        output_format: Option<&'a str>,
    },
}

/// How far an item is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Status {
    InProgress,
    Completed,
    /// The answer ended before the item did.
    Incomplete,
}

impl Status {
    /// That of the last message of an answer that is incomplete for this reason, if it is.
    pub(super) const fn of_last(incomplete: Option<&str>) -> Self {
        if incomplete.is_some() { Self::Incomplete } else { Self::Completed }
    }
}

/// A part of a message.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Content<'a> {
    OutputText { annotations: Vec<Box<RawValue>>, logprobs: Vec<Box<RawValue>>, text: Cow<'a, str> },
    Refusal { refusal: Cow<'a, str> },
}

impl Content<'_> {
    /// One that nothing was said in yet.
    pub(super) fn empty(refusal: bool) -> Self {
        if refusal {
            Self::Refusal { refusal: Cow::Borrowed("") }
        } else {
            let (annotations, logprobs) = (Vec::new(), Vec::new());
            Self::OutputText { annotations, logprobs, text: Cow::Borrowed("") }
        }
    }
}

/// Reasoning in words.
#[derive(Serialize)]
#[serde(tag = "type", rename = "summary_text")]
pub(super) struct Summary<'a> {
    pub(super) text: &'a str,
}

/// The id of the item at this place: the same whenever the same answer is written.
pub(super) fn id(prefix: &str, reply: &Reply, place: usize) -> String {
    format!("{prefix}_{}_{place}", reply.id)
}

/// A call of a function, or of a tool that takes free text.
pub(super) struct Call<'a> {
    pub(super) call_id: &'a str,
    pub(super) name: &'a str,
    pub(super) custom: bool,
}

impl<'a> Call<'a> {
    pub(super) fn id(&self, reply: &Reply, place: usize) -> String {
        id(if self.custom { "ctc" } else { "fc" }, reply, place)
    }

    /// What it is called with. Callers read arguments as JSON: none are an empty object.
    pub(super) const fn whole<'t>(&self, input: &'t str) -> &'t str {
        if input.is_empty() && !self.custom { "{}" } else { input }
    }

    pub(super) fn item(
        &self,
        id: String,
        status: Status,
        input: &'a str,
        reply: &'a Reply,
    ) -> Item<'a> {
        let call_id = self.call_id;
        let group = reply.namespaced.iter().find(|tool| tool.joined() == self.name);
        let namespace = group.map(|tool| tool.namespace.as_str());
        let name = group.map_or(self.name, |tool| tool.name.as_str());
        if self.custom {
            Item::CustomToolCall { id, status, call_id, namespace, name, input }
        } else {
            Item::FunctionCall { id, status, call_id, namespace, name, arguments: input }
        }
    }
}

/// The id of a call whose provider gave none.
pub(super) fn call_id(reply: &Reply, ordinal: usize) -> String {
    format!("call_{}_{ordinal}", reply.id)
}

/// The id of reasoning, which its provider may know by one.
pub(super) fn reasoning_id(known: Option<&str>, reply: &Reply, place: usize) -> String {
    known.map_or_else(|| id("rs", reply, place), str::to_owned)
}

/// A picture whose bytes are at hand.
#[derive(Debug)]
pub(super) struct Picture<'a> {
    data: Cow<'a, str>,
    format: Option<&'static str>,
}

/// The formats that have a name here.
const FORMATS: [(&str, &str); 5] = [
    ("image/png", "png"),
    ("image/jpeg", "jpeg"),
    ("image/webp", "webp"),
    ("image/gif", "gif"),
    ("image/svg+xml", "svg"),
];

impl<'a> Picture<'a> {
    pub(super) fn of(media: &'a Media<'_>) -> Option<Self> {
        let Source::Base64 { media_type, data } = &media.source else { return None };
        let format = FORMATS.iter().find(|(name, _)| name == media_type).map(|&(_, format)| format);
        Some(Self { data: Cow::Borrowed(data), format })
    }

    /// The same, owning its bytes.
    pub(super) fn into_owned(self) -> Picture<'static> {
        Picture { data: Cow::Owned(self.data.into_owned()), format: self.format }
    }

    /// Its item before it is there.
    pub(super) fn awaited(&self, id: String) -> Item<'_> {
        let (status, result) = (Status::InProgress, None);
        Item::ImageGenerationCall { id, status, result, output_format: self.format }
    }

    pub(super) fn item(&self, id: String) -> Item<'_> {
        let (status, result) = (Status::Completed, Some(self.data.as_ref()));
        Item::ImageGenerationCall { id, status, result, output_format: self.format }
    }
}

/// Log probabilities as they are written.
pub(super) fn tokens(tokens: &[TokenLogprob<'_>]) -> Vec<Box<RawValue>> {
    tokens.iter().filter_map(|token| raw(&logprobs::Written::of(token))).collect()
}

/// JSON of something. Strings and numbers: there is nothing to fail.
pub(super) fn raw(value: &impl Serialize) -> Option<Box<RawValue>> {
    to_raw_value(value).ok()
}
