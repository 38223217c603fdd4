//! The request body of Messages, as a table.

use super::super::image::MEDIA_TYPES;
use super::super::shape::Kind::{
    Any, Bool, Either, List, Map, Object, Real, Tagged, Text, Whole, Words,
};
use super::super::shape::{Field, Kind, Shape, at_least, list, optional, required};

/// The model, unless the path names it.
pub(super) static MODEL: Shape = &[required("model", Text)];

/// Whether the answer is streamed, unless the path says so.
pub(super) static STREAM: Shape = &[optional("stream", Bool)];

/// What clouds put into the body instead of headers.
pub(super) static VERSION: Shape =
    &[required("anthropic_version", Text), optional("anthropic_beta", list(&Text))];

/// What makes up the input, and so is counted.
#[rustfmt::skip]
pub(super) static INPUT: Shape = &[
    MESSAGES, CACHED, OUTPUT_CONFIG, SPEED, SYSTEM, THINKING, TOOL_CHOICE, TOOLS,
];

/// The rest of a request of an answer.
#[rustfmt::skip]
pub(super) static REST: Shape = &[
    required("max_tokens", at_least(0)),
    optional("container", Any),
    optional("diagnostics", Any),
    optional("inference_geo", Text),
    optional("metadata", Object(&[optional("user_id", Text)])),
    optional("service_tier", Words(&["auto", "standard_only"])),
    optional("stop_sequences", list(&Text)),
    optional("temperature", Real(0.0, 1.0)),
    optional("top_k", at_least(0)),
    optional("top_p", Real(0.0, 1.0)),
    optional("user_profile_id", Text),
];

const MESSAGES: Field = required("messages", list(&MESSAGE));
const SPEED: Field = optional("speed", Words(&["standard", "fast"]));
const SYSTEM: Field = optional("system", Either(&[Text, list(&Tagged("type", &[("text", TEXT)]))]));
const TOOLS: Field = optional("tools", list(&Object(TOOL)));

#[rustfmt::skip]
const OUTPUT_CONFIG: Field = optional("output_config", Object(&[
    optional("effort", Words(&["low", "medium", "high", "xhigh", "max"])),
    optional("task_budget", Map),
    optional("format", Tagged("type", &[("json_schema", &[required("schema", Map)])])),
]));

#[rustfmt::skip]
const THINKING: Field = optional("thinking", Tagged("type", &[
    ("enabled", &[required("budget_tokens", at_least(1024)), DISPLAY]),
    ("adaptive", &[DISPLAY]),
    ("disabled", &[]),
    ("between_tools", &[DISPLAY]),
]));

#[rustfmt::skip]
const TOOL_CHOICE: Field = optional("tool_choice", Tagged("type", &[
    ("auto", &[SERIAL]),
    ("any", &[SERIAL]),
    ("tool", &[required("name", Text), SERIAL]),
    ("none", &[]),
]));

/// Fields that only a request with `anthropic-beta` may have.
pub(super) const BETA: &[&str] =
    &["context_management", "mcp_servers", "fallbacks", "output_format", "betas"];

const CACHE: Kind =
    Object(&[required("type", Words(&["ephemeral"])), optional("ttl", Words(&["5m", "1h"]))]);
const CACHED: Field = optional("cache_control", CACHE);
const DISPLAY: Field = optional("display", Words(&["summarized", "omitted"]));
const SERIAL: Field = optional("disable_parallel_tool_use", Bool);
const TEXT: Shape = &[required("text", Text), CACHED, optional("citations", list(&Any))];

/// A tool of the caller's own (`type` absent or `custom`) or one that the provider runs, whose
/// further fields are not looked at.
#[rustfmt::skip]
const TOOL: Shape = &[
    optional("type", Text), required("name", Text), optional("input_schema", Map),
    optional("description", Text), optional("strict", Bool), CACHED,
    optional("defer_loading", Bool), optional("input_examples", list(&Map)),
    optional("eager_input_streaming", Bool),
    optional("allowed_callers", list(&Text)), optional("max_uses", Whole(0.0, 1e9)),
    optional("allowed_domains", list(&Text)), optional("blocked_domains", list(&Text)),
    optional("user_location", Map), optional("citations", Map), optional("max_content_tokens", at_least(1)),
    optional("display_width_px", at_least(1)), optional("display_height_px", at_least(1)),
    optional("display_number", at_least(0)), optional("max_characters", at_least(1)),
    optional("model", Text), optional("caching", Map), optional("max_tokens", at_least(1)),
];

#[rustfmt::skip]
const IMAGE: Shape = &[required("source", Tagged("type", &[
    ("base64", &[required("media_type", Words(MEDIA_TYPES)), required("data", Text)]),
    ("url", &[required("url", Text)]),
    ("file", &[required("file_id", Text)]),
])), CACHED];

#[rustfmt::skip]
const DOCUMENT: Shape = &[
    required("source", Tagged("type", &[
        ("base64", &[required("media_type", Words(&["application/pdf"])), required("data", Text)]),
        ("text", &[required("media_type", Words(&["text/plain"])), required("data", Text)]),
        ("url", &[required("url", Text)]),
        ("content", &[required("content", Any)]),
        ("file", &[required("file_id", Text)]),
    ])),
    optional("title", Text), optional("context", Text), optional("citations", Map), CACHED,
];

#[rustfmt::skip]
const SEARCH_RESULT: Shape = &[
    required("source", Text), required("title", Text), required("content", list(&Map)),
    optional("citations", Map), CACHED,
];

#[rustfmt::skip]
const RESULT_BLOCKS: &[(&str, Shape)] = &[
    ("text", TEXT), ("image", IMAGE), ("document", DOCUMENT), ("search_result", SEARCH_RESULT),
    ("tool_reference", &[required("tool_name", Text), CACHED]),
];

const SERVER_RESULT: Shape =
    &[required("tool_use_id", Text), required("content", Any), optional("caller", Map), CACHED];

#[rustfmt::skip]
const BLOCKS: &[(&str, Shape)] = &[
    ("text", TEXT),
    ("image", IMAGE),
    ("document", DOCUMENT),
    ("search_result", SEARCH_RESULT),
    ("thinking", &[required("thinking", Text), required("signature", Text)]),
    ("redacted_thinking", &[required("data", Text)]),
    ("tool_use", &[required("id", Text), required("name", Text), required("input", Map), optional("caller", Map), CACHED]),
    ("tool_result", &[
        required("tool_use_id", Text), optional("is_error", Bool), CACHED,
        optional("content", Either(&[Text, list(&Tagged("type", RESULT_BLOCKS))])),
    ]),
    ("server_tool_use", &[required("id", Text), required("name", Text), required("input", Map), optional("caller", Map), CACHED]),
    ("web_search_tool_result", &[required("tool_use_id", Text), required("content", Any), optional("caller", Map), CACHED]),
    ("web_fetch_tool_result", &[required("tool_use_id", Text), required("content", Any), optional("caller", Map), CACHED]),
    ("code_execution_tool_result", SERVER_RESULT),
    ("bash_code_execution_tool_result", SERVER_RESULT),
    ("text_editor_code_execution_tool_result", SERVER_RESULT),
    ("tool_search_tool_result", SERVER_RESULT),
    ("advisor_tool_result", SERVER_RESULT),
    ("mcp_tool_result", &[required("tool_use_id", Text), required("content", Any), optional("is_error", Bool), CACHED]),
    ("mcp_tool_use", &[required("id", Text), required("name", Text), required("server_name", Text), required("input", Map), CACHED]),
    ("tool_addition", &[required("tool", Map), CACHED]),
    ("tool_removal", &[required("tool", Map), CACHED]),
    ("container_upload", &[required("file_id", Text), CACHED]),
];

static MESSAGE: Kind = Object(&[
    required("role", Words(&["user", "assistant", "system"])),
    required("content", Either(&[Text, List(&Tagged("type", BLOCKS), 0, usize::MAX)])),
]);
