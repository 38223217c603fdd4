//! What models accept and refuse: data, not code.

/// What one model accepts (`wire.md` §6).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Capabilities {
    /// Most output tokens the model can give; filled in where a schema demands a limit.
    pub max_output_tokens: u64,
    /// Whether `temperature`, `top_p` and `top_k` are accepted at other than their defaults.
    pub sampling: bool,
    /// How the model is told to think.
    pub thinking: Thinking,
    /// Whether a conversation may end in an assistant turn that the model goes on with.
    pub prefill: bool,
    /// Whether `tool_choice` may force a call.
    pub forced_tools: bool,
    /// Whether system turns are accepted in the middle of a conversation.
    pub system_turns: bool,
    /// OpenAI-compatible hosts that only know `max_tokens` and the `system` role.
    pub legacy_openai: bool,
}

/// How a model is told to think.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Thinking {
    /// It can't.
    Unsupported,
    /// By a budget of tokens (Claude up to 4.5, Gemini 2.5).
    Budget,
    /// By named effort (Claude from 4.6 with adaptive thinking, Gemini 3, GPT-5, o-series).
    Effort,
}
