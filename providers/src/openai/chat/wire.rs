//! The request body as OpenAI's callers write it (`wire.md` §2).
//!
//! Lists whose items may be of a kind unknown here stay raw, so that such an item can be kept
//! as it was written.

use serde_json::value::RawValue;

use crate::json::Str;
use crate::openai::read::{List, Number, TextOr, object};

object! {
    /// The whole body.
    Body {
        model: "model" => Str<'a>,
        messages: "messages" => List<Message<'a>>,
        tools: "tools" => List<&'a RawValue>,
        tool_choice: "tool_choice" => &'a RawValue,
        functions: "functions" => List<Function<'a>>,
        function_call: "function_call" => &'a RawValue,
        parallel_tool_calls: "parallel_tool_calls" => bool,
        response_format: "response_format" => ResponseFormat<'a>,
        temperature: "temperature" => Number<'a>,
        top_p: "top_p" => Number<'a>,
        top_k: "top_k" => Number<'a>,
        seed: "seed" => Number<'a>,
        presence_penalty: "presence_penalty" => Number<'a>,
        frequency_penalty: "frequency_penalty" => Number<'a>,
        max_completion_tokens: "max_completion_tokens" => u64,
        max_tokens: "max_tokens" => u64,
        stop: "stop" => TextOr<'a, Str<'a>>,
        n: "n" => u32,
        logprobs: "logprobs" => bool,
        top_logprobs: "top_logprobs" => u32,
        reasoning_effort: "reasoning_effort" => Str<'a>,
        user: "user" => Str<'a>,
        safety_identifier: "safety_identifier" => Str<'a>,
        stream: "stream" => bool,
        stream_options: "stream_options" => StreamOptions<'a>,
    }
}

object! {
    /// Egret always asks the provider for usage; what the caller wants to see is read elsewhere.
    StreamOptions {
        include_obfuscation: "include_obfuscation" => bool,
    }
    ignoring "include_usage"
}

object! {
    /// A message of any role.
    Message {
        role: "role" => Str<'a>,
        content: "content" => TextOr<'a, &'a RawValue>,
        name: "name" => Str<'a>,
        tool_call_id: "tool_call_id" => Str<'a>,
        tool_calls: "tool_calls" => List<&'a RawValue>,
        function_call: "function_call" => FunctionCall<'a>,
        refusal: "refusal" => Str<'a>,
        reasoning_content: "reasoning_content" => Str<'a>,
        reasoning: "reasoning" => Str<'a>,
    }
}

object! {
    /// A part of a message's content.
    Part {
        kind: "type" => Str<'a>,
        text: "text" => Str<'a>,
        refusal: "refusal" => Str<'a>,
        image_url: "image_url" => &'a RawValue,
        input_audio: "input_audio" => InputAudio<'a>,
        file: "file" => File<'a>,
        prompt_cache_breakpoint: "prompt_cache_breakpoint" => &'a RawValue,
        cache_control: "cache_control" => &'a RawValue,
    }
}

object! {
    /// An image's address.
    ImageUrl {
        url: "url" => Str<'a>,
        detail: "detail" => Str<'a>,
    }
}

object! {
    /// Sound in the body.
    InputAudio {
        data: "data" => Str<'a>,
        format: "format" => Str<'a>,
    }
}

object! {
    /// A file in the body, or uploaded.
    File {
        file_id: "file_id" => Str<'a>,
        file_data: "file_data" => Str<'a>,
        filename: "filename" => Str<'a>,
    }
}

object! {
    /// A call of a tool. Some hosts repeat the stream's `index` in history.
    ToolCall {
        id: "id" => Str<'a>,
        function: "function" => FunctionCall<'a>,
        custom: "custom" => CustomCall<'a>,
    }
    ignoring "index", "type"
}

object! {
    /// What is called, with what.
    FunctionCall {
        name: "name" => Str<'a>,
        arguments: "arguments" => Str<'a>,
    }
}

object! {
    /// What free-text tool is called, with what.
    CustomCall {
        name: "name" => Str<'a>,
        input: "input" => Str<'a>,
    }
}

object! {
    /// A tool that may be called.
    Tool {
        kind: "type" => Str<'a>,
        function: "function" => Function<'a>,
        custom: "custom" => Custom<'a>,
        cache_control: "cache_control" => &'a RawValue,
    }
}

object! {
    /// A function that may be called.
    Function {
        name: "name" => Str<'a>,
        description: "description" => Str<'a>,
        parameters: "parameters" => &'a RawValue,
        strict: "strict" => bool,
    }
}

object! {
    /// A tool that takes free text.
    Custom {
        name: "name" => Str<'a>,
        description: "description" => Str<'a>,
        format: "format" => &'a RawValue,
    }
}

object! {
    /// The format of what a tool takes.
    CustomFormat {
        grammar: "grammar" => Grammar<'a>,
    }
    ignoring "type"
}

object! {
    /// A grammar.
    Grammar {
        definition: "definition" => &'a RawValue,
        syntax: "syntax" => &'a RawValue,
    }
}

object! {
    /// A choice among the tools that is more than a word.
    ToolChoice {
        function: "function" => Named<'a>,
        custom: "custom" => Named<'a>,
        allowed_tools: "allowed_tools" => AllowedTools<'a>,
    }
    ignoring "type"
}

object! {
    /// A tool by its name.
    Named {
        name: "name" => Str<'a>,
    }
}

object! {
    /// The tools that may be chosen.
    AllowedTools {
        mode: "mode" => Str<'a>,
        tools: "tools" => List<ToolChoice<'a>>,
    }
}

object! {
    /// The format of the answer.
    ResponseFormat {
        kind: "type" => Str<'a>,
        json_schema: "json_schema" => JsonSchema<'a>,
    }
}

object! {
    /// The JSON Schema of the answer.
    JsonSchema {
        name: "name" => Str<'a>,
        description: "description" => Str<'a>,
        schema: "schema" => &'a RawValue,
        strict: "strict" => bool,
    }
}
