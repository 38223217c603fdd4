//! The request body of Chat Completions, as a table.

use super::super::super::shape::Kind::{
    Any, Bool, Either, List, Map, Object, Real, Tagged, Text, Whole, Words,
};
use super::super::super::shape::{Field, Kind, Shape, at_least, list, optional, required};

pub(super) const EFFORTS: &[&str] = &["none", "minimal", "low", "medium", "high", "xhigh", "max"];

/// The model; a path that names it makes it superfluous.
pub(super) static MODEL: Shape = &[required("model", Text)];
pub(super) static NO_MODEL: Shape = &[optional("model", Text)];

#[rustfmt::skip]
pub(super) static REQUEST: Shape = &[
    required("messages", List(&MESSAGE, 1, usize::MAX)),
    optional("audio", Object(&[required("voice", Any), required("format", Text)])),
    optional("frequency_penalty", Real(-2.0, 2.0)),
    optional("function_call", Any),
    optional("functions", list(&Object(FUNCTION))),
    optional("logit_bias", Map),
    optional("logprobs", Bool),
    optional("max_completion_tokens", at_least(1)),
    optional("max_tokens", at_least(1)),
    optional("metadata", Map),
    optional("modalities", list(&Words(&["text", "audio"]))),
    optional("moderation", Any),
    optional("n", Whole(1.0, 128.0)),
    optional("parallel_tool_calls", Bool),
    optional("prediction", Map),
    optional("presence_penalty", Real(-2.0, 2.0)),
    optional("prompt_cache_key", Text),
    optional("prompt_cache_options", Map),
    optional("prompt_cache_retention", Text),
    optional("reasoning_effort", Words(EFFORTS)),
    optional("response_format", Tagged("type", &[
        ("text", &[]),
        ("json_object", &[]),
        ("json_schema", &[required("json_schema", Object(&[
            required("name", Text), optional("description", Text), optional("schema", Map), optional("strict", Bool),
        ]))]),
    ])),
    optional("safety_identifier", Text),
    optional("seed", Whole(i64::MIN as f64, i64::MAX as f64)),
    optional("service_tier", Words(&["auto", "default", "flex", "scale", "priority"])),
    optional("stop", Either(&[Text, List(&Text, 0, 4)])),
    optional("store", Bool),
    optional("stream", Bool),
    optional("stream_options", Object(&[optional("include_usage", Bool), optional("include_obfuscation", Bool)])),
    optional("temperature", Real(0.0, 2.0)),
    optional("tool_choice", Either(&[Words(&["none", "auto", "required"]), Tagged("type", &[
        ("function", &[required("function", Object(&[required("name", Text)]))]),
        ("custom", &[required("custom", Object(&[required("name", Text)]))]),
        ("allowed_tools", &[required("allowed_tools", Object(&[
            required("mode", Words(&["auto", "required"])), required("tools", list(&Map)),
        ]))]),
    ])])),
    optional("tools", List(&Tagged("type", &[
        ("function", &[required("function", Object(FUNCTION))]),
        ("custom", &[required("custom", Object(&[
            required("name", Text), optional("description", Text), optional("format", Map),
        ]))]),
    ]), 0, 128)),
    optional("top_logprobs", Whole(0.0, 20.0)),
    optional("top_p", Real(0.0, 1.0)),
    optional("user", Text),
    optional("verbosity", Words(&["low", "medium", "high"])),
    optional("web_search_options", Map),
];

#[rustfmt::skip]
const FUNCTION: Shape = &[
    required("name", Text), optional("description", Text), optional("parameters", Map), optional("strict", Bool),
];

const BREAKPOINT: Field = optional("prompt_cache_breakpoint", Map);

const TEXT: Shape = &[required("text", Text), BREAKPOINT];

const TEXTS: Kind = Either(&[Text, List(&Tagged("type", &[("text", TEXT)]), 1, usize::MAX)]);
const SAID: Kind = Either(&[Text, List(&Tagged("type", PARTS), 1, usize::MAX)]);

#[rustfmt::skip]
const PARTS: &[(&str, Shape)] = &[
    ("text", TEXT),
    ("image_url", &[required("image_url", Object(&[
        required("url", Text), optional("detail", Words(&["auto", "low", "high", "original"])),
    ])), BREAKPOINT]),
    ("input_audio", &[required("input_audio", Object(&[
        required("data", Text), required("format", Words(&["wav", "mp3"])),
    ])), BREAKPOINT]),
    ("file", &[required("file", Object(&[
        optional("file_id", Text), optional("file_data", Text), optional("filename", Text),
    ])), BREAKPOINT]),
];

#[rustfmt::skip]
static MESSAGE: Kind = Tagged("role", &[
    ("developer", &[required("content", TEXTS), optional("name", Text)]),
    ("system", &[required("content", TEXTS), optional("name", Text)]),
    ("user", &[required("content", SAID), optional("name", Text)]),
    ("assistant", &[
        optional("content", Either(&[Text, List(&Tagged("type", &[
            ("text", TEXT), ("refusal", &[required("refusal", Text)]),
        ]), 1, usize::MAX)])),
        optional("refusal", Text),
        optional("name", Text),
        optional("annotations", list(&Map)),
        optional("audio", Object(&[required("id", Text)])),
        optional("function_call", Map),
        optional("tool_calls", List(&Tagged("type", &[
            ("function", &[required("id", Text), required("function", Object(&[
                required("name", Text), required("arguments", Text),
            ]))]),
            ("custom", &[required("id", Text), required("custom", Object(&[
                required("name", Text), required("input", Text),
            ]))]),
        ]), 1, usize::MAX)),
    ]),
    ("tool", &[required("content", TEXTS), required("tool_call_id", Text)]),
    ("function", &[required("content", Text), required("name", Text)]),
]);
