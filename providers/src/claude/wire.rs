//! What an Anthropic Messages request and response look like when read (`wire.md` §2).

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::object::object;
use super::usage::{Lenient, Tally};
use crate::json::Str;

object! {
    /// The body of `POST /v1/messages`.
    Body {
        model: Str<'a> = "model",
        messages: Vec<Turn<'a>> = "messages",
        system: Content<'a> = "system",
        max_tokens: u64 = "max_tokens",
        stream: bool = "stream",
        tools: Vec<&'a RawValue> = "tools",
        tool_choice: Choice<'a> = "tool_choice",
        thinking: ThinkingConfig<'a> = "thinking",
        output_config: OutputConfig<'a> = "output_config",
        output_format: Format<'a> = "output_format",
        temperature: Number<'a> = "temperature",
        top_p: Number<'a> = "top_p",
        top_k: Number<'a> = "top_k",
        stop_sequences: Vec<Str<'a>> = "stop_sequences",
        metadata: Metadata<'a> = "metadata",
    }
}

object! {
    /// One turn.
    Turn {
        role: Str<'a> = "role",
        content: Content<'a> = "content",
    }
}

object! {
    /// A block of any kind: which members count is the business of who reads it.
    Block {
        kind: Str<'a> = "type",
        text: Str<'a> = "text",
        source: Source<'a> = "source",
        id: Str<'a> = "id",
        name: Str<'a> = "name",
        input: &'a RawValue = "input",
        tool_use_id: Str<'a> = "tool_use_id",
        content: Content<'a> = "content",
        is_error: bool = "is_error",
        thinking: Str<'a> = "thinking",
        signature: Str<'a> = "signature",
        data: Str<'a> = "data",
        title: Str<'a> = "title",
        citations: &'a RawValue = "citations",
        cache_control: &'a RawValue = "cache_control",
    }
}

object! {
    /// Nothing but the type name of a block or tool.
    Kind {
        kind: Str<'a> = "type",
    }
}

object! {
    /// Where the bytes of an image or document are.
    Source {
        kind: Str<'a> = "type",
        media_type: Str<'a> = "media_type",
        data: Str<'a> = "data",
        url: Str<'a> = "url",
        file_id: Str<'a> = "file_id",
        content: Content<'a> = "content",
    }
}

object! {
    /// A tool of the caller's own.
    CustomTool {
        kind: Str<'a> = "type",
        name: Str<'a> = "name",
        description: Str<'a> = "description",
        input_schema: &'a RawValue = "input_schema",
        strict: bool = "strict",
        cache_control: &'a RawValue = "cache_control",
    }
}

object! {
    /// `tool_choice`.
    Choice {
        kind: Str<'a> = "type",
        name: Str<'a> = "name",
        disable_parallel_tool_use: bool = "disable_parallel_tool_use",
    }
}

object! {
    /// `thinking`.
    ThinkingConfig {
        kind: Str<'a> = "type",
        budget_tokens: u64 = "budget_tokens",
        display: &'a RawValue = "display",
    }
}

object! {
    /// `output_config`.
    OutputConfig {
        effort: Str<'a> = "effort",
        format: Format<'a> = "format",
    }
}

object! {
    /// `output_config.format`, or the older `output_format`.
    Format {
        kind: Str<'a> = "type",
        schema: &'a RawValue = "schema",
    }
}

object! {
    /// `metadata`.
    Metadata {
        user_id: Str<'a> = "user_id",
    }
}

object! {
    /// A whole response, or the `message` of `message_start`.
    Reply {
        kind: Str<'a> = "type",
        id: Str<'a> = "id",
        model: Str<'a> = "model",
        content: Vec<&'a RawValue> = "content",
        stop_reason: Str<'a> = "stop_reason",
        stop_sequence: Str<'a> = "stop_sequence",
        stop_details: StopDetails<'a> = "stop_details",
        usage: Lenient<Tally> = "usage",
        error: &'a RawValue = "error",
    }
}

object! {
    /// Why the provider refused.
    StopDetails {
        category: Str<'a> = "category",
        explanation: Str<'a> = "explanation",
    }
}

object! {
    /// One event of a stream.
    Frame {
        kind: Str<'a> = "type",
        message: Reply<'a> = "message",
        index: u64 = "index",
        content_block: &'a RawValue = "content_block",
        delta: Delta<'a> = "delta",
        usage: Lenient<Tally> = "usage",
        error: &'a RawValue = "error",
    }
}

object! {
    /// The `delta` of `content_block_delta` or of `message_delta`.
    Delta {
        kind: Str<'a> = "type",
        text: Str<'a> = "text",
        thinking: Str<'a> = "thinking",
        signature: Str<'a> = "signature",
        partial_json: Str<'a> = "partial_json",
        citation: &'a RawValue = "citation",
        stop_reason: Str<'a> = "stop_reason",
        stop_sequence: Str<'a> = "stop_sequence",
        stop_details: StopDetails<'a> = "stop_details",
    }
}

/// A JSON number, spelling kept.
#[derive(Clone, Copy, Debug)]
pub(super) struct Number<'a>(pub(super) &'a RawValue);

impl<'de: 'a, 'a> Deserialize<'de> for Number<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = <&RawValue>::deserialize(deserializer)?;
        match raw.get().starts_with(|first: char| first == '-' || first.is_ascii_digit()) {
            true => Ok(Self(raw)),
            false => Err(D::Error::custom("expected a number")),
        }
    }
}

/// What is said: a string, or blocks.
#[derive(Clone, Debug)]
pub(super) enum Content<'a> {
    Text(Cow<'a, str>),
    Blocks(Vec<&'a RawValue>),
}

impl<'de: 'a, 'a> Deserialize<'de> for Content<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;

        impl<'de> Visitor<'de> for Either {
            type Value = Content<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string or a list of blocks")
            }

            fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Content::Text(Cow::Borrowed(text)))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Content::Text(Cow::Owned(text.to_owned())))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
                let mut blocks = Vec::new();
                while let Some(block) = seq.next_element()? {
                    blocks.push(block);
                }
                Ok(Content::Blocks(blocks))
            }
        }

        deserializer.deserialize_any(Either)
    }
}
