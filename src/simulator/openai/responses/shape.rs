//! The request body of Responses, as a table.

use super::super::super::shape::Kind::{
    Any, Bool, Either, List, Map, Object, Real, Tagged, Text, Whole, Words,
};
use super::super::super::shape::{
    ANYTHING, Field, Kind, Shape, at_least, list, optional, required,
};

#[rustfmt::skip]
pub(super) static REQUEST: Shape = &[
    required("model", Text),
    required("input", Either(&[Text, List(&ITEM, 1, usize::MAX)])),
    optional("access_programs", Any),
    optional("background", Bool),
    optional("background_options", Map),
    optional("client_metadata", Map),
    optional("context_management", list(&Map)),
    optional("conversation", Any),
    optional("image", Map),
    optional("include", list(&Words(INCLUDE))),
    optional("instructions", Text),
    optional("max_output_tokens", at_least(16)),
    optional("max_tool_calls", at_least(1)),
    optional("metadata", Map),
    optional("moderation", Any),
    optional("parallel_tool_calls", Bool),
    optional("previous_response_id", Text),
    optional("prompt", Map),
    optional("prompt_cache_key", Text),
    optional("prompt_cache_options", Map),
    optional("prompt_cache_retention", Text),
    optional("reasoning", Object(&[
        optional("effort", Words(&["none", "minimal", "low", "medium", "high", "xhigh", "max"])),
        optional("summary", Words(&["auto", "concise", "detailed"])),
        optional("generate_summary", Words(&["auto", "concise", "detailed"])),
        optional("mode", Words(&["standard", "pro"])),
        optional("context", Words(&["auto", "current_turn", "all_turns"])),
    ])),
    optional("safety_identifier", Text),
    optional("service_tier", Words(&["auto", "default", "flex", "scale", "priority"])),
    optional("store", Bool),
    optional("stream", Bool),
    optional("stream_options", Object(&[optional("include_obfuscation", Bool)])),
    optional("temperature", Real(0.0, 2.0)),
    optional("text", Object(&[
        optional("verbosity", Words(&["low", "medium", "high"])),
        optional("format", Tagged("type", &[
            ("text", &[]),
            ("json_object", &[]),
            ("json_schema", &[
                required("name", Text), required("schema", Map), optional("description", Text), optional("strict", Bool),
            ]),
        ])),
    ])),
    optional("tool_choice", Either(&[Words(&["none", "auto", "required"]), Tagged("type", &[
        ("function", &[required("name", Text)]),
        ("custom", &[required("name", Text)]),
        ("allowed_tools", &[required("mode", Words(&["auto", "required"])), required("tools", list(&Map))]),
        ("mcp", &[required("server_label", Text), optional("name", Text)]),
        ("file_search", &[]), ("web_search", &[]), ("web_search_preview", &[]), ("image_generation", &[]),
        ("code_interpreter", &[]), ("computer_use_preview", &[]), ("computer", &[]), ("shell", &[]), ("apply_patch", &[]),
    ])])),
    optional("tools", List(&Tagged("type", TOOLS), 0, 128)),
    optional("top_logprobs", Whole(0.0, 20.0)),
    optional("top_p", Real(0.0, 1.0)),
    optional("truncation", Words(&["auto", "disabled"])),
    optional("user", Text),
];

const INCLUDE: &[&str] = &[
    "code_interpreter_call.outputs",
    "computer_call_output.output.image_url",
    "file_search_call.results",
    "message.input_image.image_url",
    "message.output_text.logprobs",
    "reasoning.encrypted_content",
    "web_search_call.action.sources",
    "web_search_call.results",
];

/// What a hosted tool, or an item of its making, has is not looked at.
const HOSTED: Shape = &[ANYTHING];

#[rustfmt::skip]
const TOOLS: &[(&str, Shape)] = &[
    ("function", &[
        required("name", Text), optional("description", Text), optional("parameters", Map), optional("strict", Bool),
        optional("defer_loading", Bool), optional("async", Any), optional("output_schema", Map),
    ]),
    ("custom", &[
        required("name", Text), optional("description", Text), optional("defer_loading", Bool), optional("async", Any),
        optional("format", Tagged("type", &[
            ("text", &[]),
            ("grammar", &[required("syntax", Words(&["lark", "regex"])), required("definition", Text)]),
        ])),
    ]),
    ("apply_patch", HOSTED), ("code_interpreter", HOSTED), ("computer", HOSTED), ("computer_use_preview", HOSTED),
    ("file_search", HOSTED), ("image_generation", HOSTED), ("local_shell", HOSTED), ("mcp", HOSTED),
    ("namespace", HOSTED), ("programmatic_tool_calling", HOSTED), ("shell", HOSTED), ("tool_search", HOSTED),
    ("web_search", HOSTED), ("web_search_2025_08_26", HOSTED), ("web_search_preview", HOSTED),
    ("web_search_preview_2025_03_11", HOSTED),
];

const ID: Field = optional("id", Text);
const STATUS: Field = optional("status", Words(&["in_progress", "completed", "incomplete"]));
const BREAKPOINT: Field = optional("prompt_cache_breakpoint", Map);

#[rustfmt::skip]
const MESSAGE: Shape = &[
    required("role", Words(&["user", "assistant", "system", "developer"])),
    required("content", Either(&[Text, list(&Tagged("type", PARTS))])),
    ID, STATUS, optional("phase", Words(&["commentary", "final_answer"])),
];

/// The parts of messages of any role; which role has which is looked at by [`super::items`].
#[rustfmt::skip]
const PARTS: &[(&str, Shape)] = &[
    ("input_text", INPUT_TEXT), ("input_image", INPUT_IMAGE), ("input_file", INPUT_FILE),
    ("output_text", &[required("text", Text), optional("annotations", list(&Map)), optional("logprobs", list(&Any))]),
    ("refusal", &[required("refusal", Text)]),
];

const INPUT_TEXT: Shape = &[required("text", Text), BREAKPOINT];

#[rustfmt::skip]
const INPUT_IMAGE: Shape = &[
    optional("image_url", Text), optional("file_id", Text), BREAKPOINT,
    optional("detail", Words(&["auto", "low", "high", "original"])),
];

#[rustfmt::skip]
const INPUT_FILE: Shape = &[
    optional("file_data", Text), optional("file_url", Text), optional("file_id", Text), optional("filename", Text),
    optional("detail", Words(&["auto", "low", "high"])), BREAKPOINT,
];

const OUTPUT: Kind = Either(&[
    Text,
    list(&Tagged(
        "type",
        &[("input_text", INPUT_TEXT), ("input_image", INPUT_IMAGE), ("input_file", INPUT_FILE)],
    )),
]);

#[rustfmt::skip]
static ITEM: Kind = Tagged("type", &[
    ("", MESSAGE),
    ("message", MESSAGE),
    ("function_call", &[
        required("call_id", Text), required("name", Text), required("arguments", Text),
        ID, STATUS, optional("namespace", Text), optional("async", Any), optional("caller", Any),
    ]),
    ("function_call_output", &[
        required("call_id", Text), required("output", OUTPUT), ID, STATUS, optional("caller", Any),
    ]),
    ("custom_tool_call", &[
        required("call_id", Text), required("name", Text), required("input", Text),
        ID, STATUS, optional("namespace", Text), optional("async", Any), optional("caller", Any),
    ]),
    ("custom_tool_call_output", &[
        required("call_id", Text), required("output", OUTPUT), ID, STATUS, optional("caller", Any),
    ]),
    ("reasoning", &[
        required("summary", list(&Tagged("type", &[("summary_text", &[required("text", Text)])]))),
        optional("content", list(&Tagged("type", &[("reasoning_text", &[required("text", Text)])]))),
        optional("encrypted_content", Text), ID, STATUS,
    ]),
    ("item_reference", &[required("id", Text)]),
    ("additional_tools", HOSTED), ("apply_patch_call", HOSTED), ("apply_patch_call_output", HOSTED),
    ("code_interpreter_call", HOSTED), ("compaction", HOSTED), ("computer_call", HOSTED), ("computer_call_output", HOSTED),
    ("file_search_call", HOSTED), ("image_generation_call", HOSTED), ("local_shell_call", HOSTED),
    ("local_shell_call_output", HOSTED), ("mcp_approval_request", HOSTED), ("mcp_approval_response", HOSTED),
    ("mcp_call", HOSTED), ("mcp_list_tools", HOSTED), ("program", HOSTED), ("program_output", HOSTED),
    ("shell_call", HOSTED), ("shell_call_output", HOSTED), ("tool_search_call", HOSTED), ("tool_search_output", HOSTED),
    ("web_search_call", HOSTED),
]);
