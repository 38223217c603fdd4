//! The response object as SDKs expect it: every member that their types demand.
//!
//! What repeats the request (tools, sampling, …) is not known here and says what OpenAI says of
//! a request without any of it.

use serde::Serialize;
use serde_json::value::RawValue;

use super::error::Fault;
use super::usage;
use crate::codec::Reply;
use crate::conversation::{FinishReason, Usage};

/// A response object.
#[derive(Serialize)]
pub(super) struct Object<'a> {
    id: &'a str,
    object: &'static str,
    created_at: u64,
    status: &'static str,
    background: bool,
    completed_at: Option<u64>,
    error: Option<Fault<'a>>,
    incomplete_details: Option<IncompleteDetails>,
    instructions: Option<()>,
    max_output_tokens: Option<()>,
    max_tool_calls: Option<()>,
    metadata: Empty,
    model: &'a str,
    output: &'a [Box<RawValue>],
    parallel_tool_calls: bool,
    previous_response_id: Option<()>,
    reasoning: Reasoning,
    /// Egret keeps no answers.
    store: bool,
    temperature: Option<()>,
    text: Text,
    tool_choice: &'static str,
    tools: [(); 0],
    top_logprobs: u8,
    top_p: Option<()>,
    truncation: &'static str,
    usage: Option<usage::Written>,
    user: Option<()>,
}

#[derive(Serialize)]
struct IncompleteDetails {
    reason: &'static str,
}

#[derive(Serialize)]
struct Empty {}

#[derive(Serialize)]
struct Reasoning {
    effort: Option<()>,
    summary: Option<()>,
}

#[derive(Serialize)]
struct Text {
    format: Format,
}

#[derive(Serialize)]
struct Format {
    r#type: &'static str,
}

/// What stays the same in all objects of one answer.
#[derive(Debug)]
pub(super) struct Head {
    pub(super) id: String,
    pub(super) model: String,
    pub(super) created: u64,
}

impl Head {
    /// The provider's id, recognisable under the prefix that this schema's have, and its model.
    pub(super) fn new(id: Option<&str>, model: Option<&str>, reply: &Reply) -> Self {
        let id = match id.filter(|id| !id.is_empty()).unwrap_or(&reply.id) {
            id if id.starts_with("resp_") => id.to_owned(),
            id => format!("resp_{id}"),
        };
        let model = model.filter(|model| !model.is_empty()).unwrap_or(&reply.model).to_owned();
        Self { id, model, created: reply.created }
    }

    /// The answer before anything is said.
    pub(super) fn begun(&self) -> Object<'_> {
        self.object("in_progress", &[], None)
    }

    /// The answer as it ended, what it says and what it cost.
    pub(super) fn ended<'a>(
        &'a self,
        incomplete: Option<&'static str>,
        output: &'a [Box<RawValue>],
        usage: Usage,
    ) -> Object<'a> {
        let status = if incomplete.is_some() { "incomplete" } else { "completed" };
        let object = self.object(status, output, Some(usage));
        let incomplete_details = incomplete.map(|reason| IncompleteDetails { reason });
        Object { incomplete_details, ..object }
    }

    /// The answer as it failed.
    pub(super) fn failed<'a>(
        &'a self,
        error: Fault<'a>,
        output: &'a [Box<RawValue>],
        usage: Option<Usage>,
    ) -> Object<'a> {
        Object { error: Some(error), ..self.object("failed", output, usage) }
    }

    fn object<'a>(
        &'a self,
        status: &'static str,
        output: &'a [Box<RawValue>],
        usage: Option<Usage>,
    ) -> Object<'a> {
        Object {
            id: &self.id,
            object: "response",
            created_at: self.created,
            status,
            background: false,
            completed_at: None,
            error: None,
            incomplete_details: None,
            instructions: None,
            max_output_tokens: None,
            max_tool_calls: None,
            metadata: Empty {},
            model: &self.model,
            output,
            parallel_tool_calls: true,
            previous_response_id: None,
            reasoning: Reasoning { effort: None, summary: None },
            store: false,
            temperature: None,
            text: Text { format: Format { r#type: "text" } },
            tool_choice: "auto",
            tools: [],
            top_logprobs: 0,
            top_p: None,
            truncation: "disabled",
            usage: usage.map(usage::Written::from),
            user: None,
        }
    }
}

/// Why an answer is not whole (`wire.md` §3.1); `None` if it is. One that refuses in words is.
pub(super) const fn incomplete(reason: FinishReason, refused: bool) -> Option<&'static str> {
    match reason {
        FinishReason::Length => Some("max_output_tokens"),
        FinishReason::ContentFilter if refused => None,
        FinishReason::ContentFilter => Some("content_filter"),
        FinishReason::Stop
        | FinishReason::StopSequence
        | FinishReason::ToolCalls
        | FinishReason::Paused
        | FinishReason::BadToolCall => None,
    }
}
