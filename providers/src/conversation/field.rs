//! What each schema calls the fields that may be lost or refused.

use crate::Schema;

/// A field of the conversation model that some target can't express.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "each is named after the field of the model it stands for")]
pub enum Field {
    Messages,
    System,
    Tools,
    ToolStrict,
    ToolChoice,
    ParallelToolCalls,
    Output,
    OutputName,
    OutputDescription,
    OutputStrict,
    OutputSchema,
    Temperature,
    TopP,
    TopK,
    Seed,
    PresencePenalty,
    FrequencyPenalty,
    MaxTokens,
    Stop,
    Candidates,
    Logprobs,
    Reasoning,
    User,
    Image,
    ImageDetail,
    Document,
    Audio,
    MediaName,
    Thinking,
    CacheControl,
    ToolCall,
    ToolResult,
    ToolResultError,
    CustomTool,
    HostedTools,
    Citations,
    Modalities,
}

impl Field {
    /// The field's path in this schema's own words. Where the schema has no such field the
    /// nearest one that could have meant it.
    pub const fn name(self, schema: Schema) -> &'static str {
        let [chat, responses, claude, gemini] = self.names();
        match schema {
            Schema::Chat => chat,
            Schema::Responses => responses,
            Schema::Claude => claude,
            Schema::Gemini => gemini,
        }
    }

    /// Chat, Responses, Claude, Gemini.
    const fn names(self) -> [&'static str; 4] {
        match self {
            Self::Messages => ["messages", "input", "messages", "contents"],
            Self::System => ["messages.system", "instructions", "system", "systemInstruction"],
            Self::Tools => ["tools", "tools", "tools", "tools"],
            Self::ToolStrict => ["tools.function.strict", "tools.strict", "tools.strict", "tools"],
            Self::ToolChoice => {
                ["tool_choice", "tool_choice", "tool_choice", "toolConfig.functionCallingConfig"]
            }
            Self::ParallelToolCalls => [
                "parallel_tool_calls",
                "parallel_tool_calls",
                "tool_choice.disable_parallel_tool_use",
                "toolConfig",
            ],
            Self::Output => [
                "response_format",
                "text.format",
                "output_config.format",
                "generationConfig.responseMimeType",
            ],
            Self::OutputName => [
                "response_format.json_schema.name",
                "text.format.name",
                "output_config.format",
                "generationConfig",
            ],
            Self::OutputDescription => [
                "response_format.json_schema.description",
                "text.format.description",
                "output_config.format",
                "generationConfig",
            ],
            Self::OutputStrict => [
                "response_format.json_schema.strict",
                "text.format.strict",
                "output_config.format",
                "generationConfig",
            ],
            Self::OutputSchema => [
                "response_format.json_schema.schema",
                "text.format.schema",
                "output_config.format.schema",
                "generationConfig.responseSchema",
            ],
            Self::Temperature => {
                ["temperature", "temperature", "temperature", "generationConfig.temperature"]
            }
            Self::TopP => ["top_p", "top_p", "top_p", "generationConfig.topP"],
            Self::TopK => ["top_k", "top_k", "top_k", "generationConfig.topK"],
            Self::Seed => ["seed", "seed", "seed", "generationConfig.seed"],
            Self::PresencePenalty => [
                "presence_penalty",
                "presence_penalty",
                "presence_penalty",
                "generationConfig.presencePenalty",
            ],
            Self::FrequencyPenalty => [
                "frequency_penalty",
                "frequency_penalty",
                "frequency_penalty",
                "generationConfig.frequencyPenalty",
            ],
            Self::MaxTokens => [
                "max_completion_tokens",
                "max_output_tokens",
                "max_tokens",
                "generationConfig.maxOutputTokens",
            ],
            Self::Stop => ["stop", "stop", "stop_sequences", "generationConfig.stopSequences"],
            Self::Candidates => ["n", "n", "n", "generationConfig.candidateCount"],
            Self::Logprobs => {
                ["logprobs", "top_logprobs", "logprobs", "generationConfig.responseLogprobs"]
            }
            Self::Reasoning => {
                ["reasoning_effort", "reasoning", "thinking", "generationConfig.thinkingConfig"]
            }
            Self::User => ["user", "safety_identifier", "metadata.user_id", "labels"],
            Self::Image => [
                "messages.image_url",
                "input.input_image",
                "messages.image",
                "contents.parts.inlineData",
            ],
            Self::ImageDetail => [
                "messages.image_url.detail",
                "input.content.detail",
                "messages.image",
                "contents.parts",
            ],
            Self::Document => [
                "messages.file",
                "input.input_file",
                "messages.document",
                "contents.parts.inlineData",
            ],
            Self::Audio => [
                "messages.input_audio",
                "input.input_audio",
                "messages.audio",
                "contents.parts.inlineData",
            ],
            Self::MediaName => [
                "messages.file.filename",
                "input.input_file.filename",
                "messages.document.title",
                "contents.parts.inlineData.displayName",
            ],
            Self::Thinking => [
                "messages.reasoning_content",
                "input.reasoning",
                "messages.thinking",
                "contents.parts.thought",
            ],
            Self::CacheControl => {
                ["cache_control", "prompt_cache_breakpoint", "cache_control", "cachedContent"]
            }
            Self::ToolCall => [
                "messages.tool_calls",
                "input.function_call",
                "messages.tool_use",
                "contents.parts.functionCall",
            ],
            Self::ToolResult => [
                "messages.tool",
                "input.function_call_output",
                "messages.tool_result",
                "contents.parts.functionResponse",
            ],
            Self::CustomTool => ["tools.custom", "tools.custom", "tools", "tools"],
            Self::HostedTools => ["tools.hosted"; 4],
            Self::Citations => [
                "messages.annotations",
                "input.annotations",
                "messages.citations",
                "contents.parts",
            ],
            Self::Modalities => {
                ["modalities", "modalities", "modalities", "generationConfig.responseModalities"]
            }
            Self::ToolResultError => [
                "messages.tool",
                "input.function_call_output",
                "messages.tool_result.is_error",
                "contents.parts.functionResponse",
            ],
        }
    }
}
