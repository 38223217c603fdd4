//! The request body as OpenAI's callers write it (`wire.md` §2).
//!
//! Items, parts and tools stay raw, so that one of a kind unknown here can be kept as it was
//! written; [`Kind`] tells which of the others to read it as. An item's `id` and `status` are the
//! provider's own notes, and say nothing more than the item does.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::json::Str;
use crate::openai::read::{List, Number, TextOr, object};

object! {
    /// The whole body.
    Body {
        model: "model" => Str<'a>,
        input: "input" => TextOr<'a, &'a RawValue>,
        instructions: "instructions" => Str<'a>,
        tools: "tools" => List<&'a RawValue>,
        tool_choice: "tool_choice" => &'a RawValue,
        parallel_tool_calls: "parallel_tool_calls" => bool,
        text: "text" => Text<'a>,
        temperature: "temperature" => Number<'a>,
        top_p: "top_p" => Number<'a>,
        max_output_tokens: "max_output_tokens" => u64,
        include: "include" => &'a RawValue,
        top_logprobs: "top_logprobs" => u32,
        reasoning: "reasoning" => Reasoning<'a>,
        user: "user" => Str<'a>,
        safety_identifier: "safety_identifier" => Str<'a>,
        stream: "stream" => bool,
        stream_options: "stream_options" => StreamOptions<'a>,
    }
}

/// What an item, a part or a tool is.
#[derive(Deserialize)]
pub(super) struct Kind<'a> {
    #[serde(borrow, rename = "type")]
    pub(super) kind: Option<Str<'a>>,
}

object! {
    /// What someone says. Easy messages have no `type`.
    Message {
        role: "role" => Str<'a>,
        content: "content" => TextOr<'a, &'a RawValue>,
    }
    ignoring "type", "id", "status"
}

object! {
    /// A part of what is said, or of what a tool answered.
    Part {
        kind: "type" => Str<'a>,
        text: "text" => Str<'a>,
        refusal: "refusal" => Str<'a>,
        image_url: "image_url" => Str<'a>,
        file_id: "file_id" => Str<'a>,
        file_data: "file_data" => Str<'a>,
        file_url: "file_url" => Str<'a>,
        filename: "filename" => Str<'a>,
        detail: "detail" => Str<'a>,
        cache: "prompt_cache_breakpoint" => &'a RawValue,
    }
}

object! {
    /// A call of a function.
    FunctionCall {
        call_id: "call_id" => Str<'a>,
        name: "name" => Str<'a>,
        namespace: "namespace" => Str<'a>,
        arguments: "arguments" => Str<'a>,
    }
    ignoring "type", "id", "status"
}

object! {
    /// A call of a free-text tool.
    CustomToolCall {
        call_id: "call_id" => Str<'a>,
        name: "name" => Str<'a>,
        namespace: "namespace" => Str<'a>,
        input: "input" => Str<'a>,
    }
    ignoring "type", "id", "status"
}

object! {
    /// What either of them answered.
    CallOutput {
        call_id: "call_id" => Str<'a>,
        name: "name" => Str<'a>,
        output: "output" => TextOr<'a, &'a RawValue>,
    }
    ignoring "type", "id", "status"
}

object! {
    /// A thought.
    ReasoningItem {
        id: "id" => Str<'a>,
        summary: "summary" => List<Words<'a>>,
        content: "content" => List<Words<'a>>,
        encrypted_content: "encrypted_content" => Str<'a>,
    }
    ignoring "type", "status"
}

object! {
    /// A piece of a thought.
    Words {
        text: "text" => Str<'a>,
    }
    ignoring "type"
}

object! {
    /// A function that may be called.
    Function {
        name: "name" => Str<'a>,
        description: "description" => Str<'a>,
        parameters: "parameters" => &'a RawValue,
        strict: "strict" => bool,
    }
    ignoring "type"
}

object! {
    /// A tool that takes free text.
    Custom {
        name: "name" => Str<'a>,
        description: "description" => Str<'a>,
        format: "format" => &'a RawValue,
    }
    ignoring "type"
}

object! {
    /// Tools that belong together.
    Namespace {
        name: "name" => Str<'a>,
        description: "description" => Str<'a>,
        tools: "tools" => List<&'a RawValue>,
    }
    ignoring "type"
}

object! {
    /// Tools that came later, or that are not the answering model's own.
    AdditionalTools {
        tools: "tools" => List<&'a RawValue>,
    }
    ignoring "type", "id", "role"
}

object! {
    /// A choice among the tools that is more than a word.
    ToolChoice {
        kind: "type" => Str<'a>,
        name: "name" => Str<'a>,
        mode: "mode" => Str<'a>,
        tools: "tools" => List<ToolChoice<'a>>,
    }
}

object! {
    /// What the answer's text is to be like.
    Text {
        format: "format" => Format<'a>,
        verbosity: "verbosity" => &'a RawValue,
    }
}

object! {
    /// The format of the answer.
    Format {
        kind: "type" => Str<'a>,
        name: "name" => Str<'a>,
        description: "description" => Str<'a>,
        schema: "schema" => &'a RawValue,
        strict: "strict" => bool,
    }
}

object! {
    /// How hard to think, and what to show of it.
    Reasoning {
        effort: "effort" => Str<'a>,
        summary: "summary" => &'a RawValue,
    }
}

object! {
    /// How the stream is to be.
    StreamOptions {
        include_obfuscation: "include_obfuscation" => bool,
    }
}
