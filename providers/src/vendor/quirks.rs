//! How a host that is compatible with OpenAI differs from OpenAI.

use crate::catalog::Capabilities;

/// How a host's Chat Completions differ from OpenAI's own (`wire.md` §7).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quirks {
    /// The field of the output limit.
    pub output_limit: OutputLimit,
    /// Whether the role `developer` is known; else it is `system`.
    pub developer_role: bool,
    /// The field of messages and deltas in which the host tells the model's reasoning, and takes
    /// it back. OpenAI tells none.
    pub reasoning: Option<ReasoningField>,
    /// Whether `stream_options.include_usage` is known.
    pub stream_options: bool,
    /// Whether a stream's usage stands in `x_groq.usage`.
    pub x_groq_usage: bool,
    /// Whether `finish_reason` may be `error`.
    pub error_finish: bool,
    /// Whether a stream that began with 200 may hold `{"error": …}`.
    pub error_chunks: bool,
    /// Whether streamed tool calls have their `index`.
    pub call_index: bool,
    /// Whether chunks without choices come before the first (Azure's `prompt_filter_results`).
    pub chunks_without_choices: bool,
    /// Whether `top_k` is known.
    pub top_k: bool,
    /// Whether `strict` is known in tools.
    pub strict_tools: bool,
    /// Whether `tool_choice` may be `required` or name a function.
    pub forced_tools: bool,
    /// Whether `tool_choice` may be `allowed_tools`.
    pub allowed_tools: bool,
}

/// The field of the output limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutputLimit {
    /// `max_completion_tokens`.
    MaxCompletionTokens,
    /// `max_tokens`, all that hosts of before 2024 know.
    MaxTokens,
}

/// The field of the model's reasoning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReasoningField {
    /// `reasoning_content` (DeepSeek, and those who follow it).
    ReasoningContent,
    /// `reasoning` (OpenRouter, Groq, newer vLLM, Ollama).
    Reasoning,
}

impl ReasoningField {
    /// Its name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ReasoningContent => "reasoning_content",
            Self::Reasoning => "reasoning",
        }
    }
}

impl Default for Quirks {
    /// OpenAI's own ways.
    fn default() -> Self {
        Self {
            output_limit: OutputLimit::MaxCompletionTokens,
            developer_role: true,
            reasoning: None,
            stream_options: true,
            x_groq_usage: false,
            error_finish: false,
            error_chunks: false,
            call_index: true,
            chunks_without_choices: false,
            top_k: false,
            strict_tools: true,
            forced_tools: true,
            allowed_tools: true,
        }
    }
}

impl Quirks {
    /// What a model accepts where this host serves it over Chat Completions: a request is written
    /// for the weaker of the two.
    #[must_use]
    pub fn narrow(&self, mut model: Capabilities) -> Capabilities {
        model.legacy_openai |= self.output_limit == OutputLimit::MaxTokens || !self.developer_role;
        model.forced_tools &= self.forced_tools;
        model.top_k &= self.top_k;
        model
    }
}
