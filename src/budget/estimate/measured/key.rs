//! What the keys of the four schemas say about their values.

/// What part of a request a key of its outermost object begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Section {
    /// Messages, instructions, and whatever is not known.
    Conversation,
    Tools,
    /// The form that the answer must have.
    Format,
    /// Settings, which the model does not read.
    Settings,
    /// The name of what the provider keeps.
    Reference,
}

impl Section {
    pub(super) fn of(key: &[u8]) -> Self {
        match key {
            b"tools" | b"functions" => Self::Tools,
            b"response_format" | b"text" | b"output_config" | b"output_format"
            | b"generationConfig" | b"generation_config" => Self::Format,
            b"cachedContent"
            | b"cached_content"
            | b"previous_response_id"
            | b"conversation"
            | b"container" => Self::Reference,
            b"toolConfig"
            | b"tool_config"
            | b"toolChoice"
            | b"model"
            | b"metadata"
            | b"tool_choice"
            | b"user"
            | b"safety_identifier"
            | b"stream_options"
            | b"reasoning"
            | b"reasoning_effort"
            | b"thinking"
            | b"include"
            | b"service_tier"
            | b"prompt_cache_key"
            | b"prompt_cache_retention"
            | b"stop"
            | b"stop_sequences"
            | b"labels"
            | b"safetySettings"
            | b"safety_settings"
            | b"inferenceConfig"
            | b"additionalModelRequestFields"
            | b"anthropic_version"
            | b"anthropic_beta"
            | b"truncation"
            | b"modalities"
            | b"audio"
            | b"verbosity"
            | b"encoding_format"
            | b"taskType"
            | b"context_management" => Self::Settings,
            _ => Self::Conversation,
        }
    }
}

/// What a key inside says about its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Key {
    /// A value that the model reads.
    Text,
    /// A word of the schema's own, or an id.
    Word,
    /// What only the provider can read: signed or encrypted thoughts.
    Opaque,
    /// Media in base64, or where they are.
    Media,
    /// The same, but only within [`Key::Place`]: citations have such a key, too.
    Url,
    /// The name of a file.
    File,
    /// An object whose `url` is media.
    Place,
    /// The same, or media, or where they are.
    Link,
    /// JSON of the caller's own, if it is an object: arguments and results.
    Data,
    /// The schema of a function.
    Schema,
}

impl Key {
    pub(super) fn of(key: &[u8]) -> Self {
        match key {
            b"role" | b"type" | b"id" | b"tool_call_id" | b"call_id" | b"tool_use_id"
            | b"toolUseId" | b"mimeType" | b"mime_type" | b"media_type" | b"status" | b"model"
            | b"detail" | b"format" | b"ttl" | b"phase" => Self::Word,
            b"signature" | b"thoughtSignature" | b"thought_signature" | b"encrypted_content"
            | b"redactedContent" | b"encrypted_index" => Self::Opaque,
            b"data" | b"file_data" | b"bytes" => Self::Media,
            b"url" => Self::Url,
            b"file_id" | b"fileUri" | b"file_uri" => Self::File,
            b"source" => Self::Place,
            b"image_url" | b"video_url" | b"file_url" => Self::Link,
            b"input" | b"args" | b"arguments" | b"response" | b"json" => Self::Data,
            b"parameters"
            | b"input_schema"
            | b"inputSchema"
            | b"parametersJsonSchema"
            | b"parameters_json_schema" => Self::Schema,
            _ => Self::Text,
        }
    }
}

/// Whether a key is a word of JSON Schema's or of the declarations around it.
pub(super) fn is_schema_word(key: &[u8]) -> bool {
    matches!(
        key,
        b"type"
            | b"function"
            | b"functionDeclarations"
            | b"function_declarations"
            | b"name"
            | b"description"
            | b"parameters"
            | b"input_schema"
            | b"inputSchema"
            | b"parametersJsonSchema"
            | b"parameters_json_schema"
            | b"properties"
            | b"required"
            | b"additionalProperties"
            | b"strict"
            | b"items"
            | b"title"
            | b"enum"
            | b"anyOf"
            | b"$schema"
            | b"cache_control"
            | b"schema"
            | b"json_schema"
            | b"format"
            | b"default"
    )
}

/// A tool of the provider's own that it bills by the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tool {
    Search,
    FileSearch,
    Code,
    Image,
}

impl Tool {
    /// By its kind, of which some end in a date or `_preview`.
    pub(super) fn of(word: &[u8]) -> Option<Self> {
        let begins = |starts: &[&[u8]]| starts.iter().any(|start| word.starts_with(start));
        if begins(&[b"web_search", b"google", b"enterprise", b"x_search"]) {
            Some(Self::Search)
        } else if begins(&[b"file_search", b"fileSearch", b"collections_search"]) {
            Some(Self::FileSearch)
        } else if begins(&[b"code_", b"codeExecution"]) {
            Some(Self::Code)
        } else if begins(&[b"image_generation"]) {
            Some(Self::Image)
        } else {
            None
        }
    }
}

/// Whether this is a time that a cache keeps what it is given, and longer than the shortest.
pub(super) fn is_long(word: &[u8]) -> bool {
    // Nobody writes it with escapes, unless to hide it.
    let is_escaped = word.len() <= 18 && word.windows(2).any(|two| two == b"\\u");
    matches!(word, b"1h" | b"30m" | b"12h" | b"24h") || is_escaped
}
