//! What is written: camelCase, and only what there is to say.

use std::borrow::Cow;

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

use crate::json::{self, Text};

/// A turn.
#[derive(Debug, Default, Serialize)]
pub(in crate::gemini) struct Content<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::gemini) role: Option<&'static str>,
    pub(in crate::gemini) parts: Vec<Part<'a>>,
}

/// A piece of a turn.
#[derive(Debug)]
pub(in crate::gemini) enum Part<'a> {
    /// As it was read.
    Raw(&'a RawValue),
    /// Something said, or done, and the signature on it.
    Data(Data<'a>, Option<&'a str>),
}

/// What a part says or does.
#[derive(Debug)]
pub(in crate::gemini) enum Data<'a> {
    Text(Cow<'a, str>),
    Thought(&'a str),
    Inline(Blob<'a>),
    File(FileData<'a>),
    Call(FunctionCall<'a>),
    Answer(FunctionResponse<'a>),
}

impl<'a> Part<'a> {
    /// A part without a signature.
    pub(in crate::gemini) const fn of(data: Data<'a>) -> Self {
        Self::Data(data, None)
    }
}

impl Serialize for Part<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (data, signature) = match self {
            Self::Raw(raw) => return raw.serialize(serializer),
            Self::Data(data, signature) => (data, signature),
        };
        let mut map = serializer.serialize_map(None)?;
        match data {
            Data::Text(text) => map.serialize_entry("text", &Text(text))?,
            Data::Thought(text) => {
                map.serialize_entry("text", &Text(text))?;
                map.serialize_entry("thought", &true)?;
            }
            Data::Inline(blob) => map.serialize_entry("inlineData", blob)?,
            Data::File(file) => map.serialize_entry("fileData", file)?,
            Data::Call(call) => map.serialize_entry("functionCall", call)?,
            Data::Answer(answer) => map.serialize_entry("functionResponse", answer)?,
        }
        if let Some(signature) = signature {
            map.serialize_entry("thoughtSignature", signature)?;
        }
        map.end()
    }
}

/// Bytes in the body.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::gemini) struct Blob<'a> {
    pub(in crate::gemini) mime_type: &'a str,
    #[serde(serialize_with = "json::text")]
    pub(in crate::gemini) data: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::gemini) display_name: Option<&'a str>,
}

/// Bytes elsewhere.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::gemini) struct FileData<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::gemini) mime_type: Option<&'a str>,
    pub(in crate::gemini) file_uri: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::gemini) display_name: Option<&'a str>,
}

/// The model calls a function.
#[derive(Debug, Serialize)]
pub(in crate::gemini) struct FunctionCall<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::gemini) id: Option<&'a str>,
    pub(in crate::gemini) name: &'a str,
    pub(in crate::gemini) args: &'a RawValue,
}

/// What a function answered.
#[derive(Debug, Serialize)]
pub(in crate::gemini) struct FunctionResponse<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::gemini) id: Option<&'a str>,
    pub(in crate::gemini) name: &'a str,
    pub(in crate::gemini) response: Answer<'a>,
    /// `functionResponse.parts`: media.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(in crate::gemini) parts: Vec<Part<'a>>,
}

/// `functionResponse.response`, which must be an object (`wire.md` §5.2).
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::gemini) enum Answer<'a> {
    #[serde(serialize_with = "json::text")]
    Result(Cow<'a, str>),
    #[serde(serialize_with = "json::text")]
    Error(Cow<'a, str>),
    #[serde(untagged)]
    Object(&'a RawValue),
}

/// Tools of one kind.
#[derive(Debug)]
pub(in crate::gemini) enum Tool<'a> {
    Functions(Vec<Function<'a>>),
    /// A hosted tool: its name and its settings.
    Hosted(&'a str, &'a RawValue),
}

impl Serialize for Tool<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(1))?;
        match self {
            Self::Functions(functions) => {
                map.serialize_entry("functionDeclarations", functions)?;
            }
            Self::Hosted(kind, raw) => map.serialize_entry(kind, raw)?,
        }
        map.end()
    }
}

/// A function, as it was read or as it is said here.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(in crate::gemini) enum Function<'a> {
    Kept(&'a RawValue),
    Said(FunctionDeclaration<'a>),
}

/// A function that the model may call.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::gemini) struct FunctionDeclaration<'a> {
    pub(in crate::gemini) name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::gemini) description: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::gemini) parameters_json_schema: Option<Cow<'a, RawValue>>,
}

/// Settings: objects whose members come from the model and from extensions alike.
#[derive(Debug)]
pub(in crate::gemini) enum Node<'a> {
    Object(Vec<(Cow<'a, str>, Self)>),
    Raw(Cow<'a, RawValue>),
    Text(Cow<'a, str>),
    Texts(Vec<Cow<'a, str>>),
    Number(i64),
    Bool(bool),
}

impl<'a> Node<'a> {
    /// An object without members.
    pub(in crate::gemini) const fn object() -> Self {
        Self::Object(Vec::new())
    }

    /// Puts a value at a path of member names, making the objects on the way.
    /// What is already there stays.
    pub(in crate::gemini) fn put(&mut self, path: &[&'a str], value: Self) {
        let (Self::Object(members), Some((name, rest))) = (self, path.split_first()) else {
            return;
        };
        let found = members.iter().position(|(member, _)| member == name);
        let next = match found {
            Some(index) => members.get_mut(index),
            None if rest.is_empty() => {
                members.push((Cow::Borrowed(*name), value));
                return;
            }
            None => {
                members.push((Cow::Borrowed(*name), Self::object()));
                members.last_mut()
            }
        };
        if let Some((_, next)) = next {
            next.put(rest, value);
        }
    }
}

impl Serialize for Node<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Object(members) => {
                serializer.collect_map(members.iter().map(|(name, value)| (name, value)))
            }
            Self::Raw(raw) => raw.serialize(serializer),
            Self::Text(text) => serializer.serialize_str(text),
            Self::Texts(texts) => texts.serialize(serializer),
            Self::Number(number) => serializer.serialize_i64(*number),
            Self::Bool(bool) => serializer.serialize_bool(*bool),
        }
    }
}

/// A `generateContent` body: what is said, and the settings beside it.
#[derive(Debug)]
pub(in crate::gemini) struct Request<'a> {
    pub(in crate::gemini) system: Option<Content<'a>>,
    pub(in crate::gemini) contents: Vec<Content<'a>>,
    pub(in crate::gemini) tools: Vec<Tool<'a>>,
    /// `toolConfig`, `generationConfig` and whatever else stands at the top.
    pub(in crate::gemini) settings: Node<'a>,
}

impl Serialize for Request<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        if let Some(system) = &self.system {
            map.serialize_entry("systemInstruction", system)?;
        }
        map.serialize_entry("contents", &self.contents)?;
        if !self.tools.is_empty() {
            map.serialize_entry("tools", &self.tools)?;
        }
        if let Node::Object(members) = &self.settings {
            for (name, value) in members {
                map.serialize_entry(name, value)?;
            }
        }
        map.end()
    }
}

/// An answer, or a chunk of one.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::gemini) struct Response<'a> {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(in crate::gemini) candidates: Vec<Candidate<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::gemini) usage_metadata: Option<UsageMetadata>,
    pub(in crate::gemini) model_version: &'a str,
    pub(in crate::gemini) response_id: &'a str,
}

/// One alternative.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::gemini) struct Candidate<'a> {
    pub(in crate::gemini) content: Content<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::gemini) finish_reason: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::gemini) finish_message: Option<&'a str>,
    pub(in crate::gemini) index: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::gemini) logprobs_result: Option<LogprobsResult>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::gemini) grounding_metadata: Option<GroundingMetadata>,
}

/// How likely the tokens were.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::gemini) struct LogprobsResult {
    pub(in crate::gemini) chosen_candidates: Vec<Likely>,
    pub(in crate::gemini) top_candidates: Vec<Top>,
}

/// The likeliest at one place.
#[derive(Debug, Serialize)]
pub(in crate::gemini) struct Top {
    pub(in crate::gemini) candidates: Vec<Likely>,
}

/// A token.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::gemini) struct Likely {
    pub(in crate::gemini) token: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::gemini) token_id: Option<i64>,
    pub(in crate::gemini) log_probability: f64,
}

/// What an answer was grounded in.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::gemini) struct GroundingMetadata {
    /// Each a [`Chunk`], or as it was read.
    pub(in crate::gemini) grounding_chunks: Vec<Box<RawValue>>,
    pub(in crate::gemini) grounding_supports: Vec<Support>,
}

/// A source.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::gemini) enum Chunk<'a> {
    Web(Site<'a>),
    RetrievedContext(Site<'a>),
}

/// A page, or a piece of a file.
#[derive(Debug, Serialize)]
pub(in crate::gemini) struct Site<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::gemini) uri: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::gemini) title: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::gemini) text: Option<&'a str>,
}

/// Which sources stand behind a segment.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::gemini) struct Support {
    pub(in crate::gemini) segment: Segment,
    pub(in crate::gemini) grounding_chunk_indices: Vec<usize>,
}

/// A piece of the answer, in bytes.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::gemini) struct Segment {
    pub(in crate::gemini) start_index: u64,
    pub(in crate::gemini) end_index: u64,
}

/// What was used (`wire.md` §3.2).
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::gemini) struct UsageMetadata {
    pub(in crate::gemini) prompt_token_count: u64,
    #[serde(skip_serializing_if = "is_zero")]
    pub(in crate::gemini) cached_content_token_count: u64,
    pub(in crate::gemini) candidates_token_count: u64,
    #[serde(skip_serializing_if = "is_zero")]
    pub(in crate::gemini) thoughts_token_count: u64,
    pub(in crate::gemini) total_token_count: u64,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(in crate::gemini) prompt_tokens_details: Vec<ModalityCount>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(in crate::gemini) candidates_tokens_details: Vec<ModalityCount>,
}

/// Tokens of one kind.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::gemini) struct ModalityCount {
    pub(in crate::gemini) modality: &'static str,
    pub(in crate::gemini) token_count: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
const fn is_zero(count: &u64) -> bool {
    *count == 0
}
