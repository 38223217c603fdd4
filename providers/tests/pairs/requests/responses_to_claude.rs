//! Responses callers, Claude models.

use super::Want::{Emulated, Lost, Partly, Refused, Says};
use super::{Row, beside, check};
use providers::Schema::{Claude, Responses};

const PLAIN: &[Row] = &[
    ("nothing", r#"{}"#, Says(r#"{}"#)),
    ("max_output_tokens", r#"{"max_output_tokens":5}"#, Says(r#"{"max_tokens":5}"#)),
    ("too many tokens", r#"{"max_output_tokens":64001}"#, Refused("max_output_tokens")),
    ("sampling", r#"{"temperature":0.5}"#, Says(r#"{"temperature":0.5}"#)),
    ("temperature above 1", r#"{"temperature":1.5}"#, Refused("temperature")),
    ("logprobs", r#"{"include":["message.output_text.logprobs"]}"#, Refused("top_logprobs")),
    ("user", r#"{"safety_identifier":"u"}"#, Says(r#"{"metadata":{"user_id":"u"}}"#)),
    (
        "hints of both",
        r#"{"metadata":{"a":"b"},"service_tier":"flex","prompt_cache_key":"k","text":{"verbosity":"low"},"store":false}"#,
        Lost(&["metadata", "prompt_cache_key", "service_tier", "store", "text.verbosity"]),
    ),
    ("moderation", r#"{"moderation":{"model":"m"}}"#, Refused("moderation")),
    (
        "hints of OpenAI's",
        r#"{"truncation":"auto","max_tool_calls":3,"context_management":[{"type":"compaction"}],"client_metadata":{"a":"b"},"include":["file_search_call.results"],"background":false}"#,
        Lost(&[
            "background",
            "client_metadata",
            "context_management",
            "include",
            "max_tool_calls",
            "truncation",
        ]),
    ),
    ("store true", r#"{"store":true}"#, Refused("store")),
    ("previous_response_id", r#"{"previous_response_id":"r"}"#, Refused("previous_response_id")),
    ("conversation", r#"{"conversation":"c"}"#, Refused("conversation")),
    ("background", r#"{"background":true}"#, Refused("background")),
    ("prompt", r#"{"prompt":{"id":"p"}}"#, Refused("prompt")),
    (
        "instructions and developer",
        r#"{"instructions":"A","input":[{"type":"message","role":"developer","content":"B"},{"type":"message","role":"user","content":"Hi"}]}"#,
        Says(r#"{"system":[{"type":"text","text":"A"},{"type":"text","text":"B"}]}"#),
    ),
    (
        "json_object",
        r#"{"text":{"format":{"type":"json_object"}}}"#,
        Emulated(
            r#"{"system":[{"type":"text","text":"Answer with one valid JSON value and nothing else: no prose, no Markdown code fence."}]}"#,
            &["text.format"],
        ),
    ),
    (
        "json_schema",
        r#"{"text":{"format":{"type":"json_schema","name":"n","strict":true,"schema":{"type":"object","properties":{},"required":[],"additionalProperties":false}}}}"#,
        Partly(
            r#"{"output_config":{"format":{"type":"json_schema","schema":{"type":"object","properties":{},"required":[],"additionalProperties":false}}}}"#,
            &["text.format.name"],
        ),
    ),
    (
        "effort",
        r#"{"reasoning":{"effort":"medium"}}"#,
        Says(r#"{"thinking":{"type":"enabled","budget_tokens":8192}}"#),
    ),
];

const TOOLS: &[Row] = &[
    (
        "tool",
        r#"{"tools":[{"type":"function","name":"f","description":"d","strict":false,"parameters":{"type":"object"}}]}"#,
        Says(r#"{"tools":[{"name":"f","description":"d","input_schema":{"type":"object"}}]}"#),
    ),
    ("free-text tool", r#"{"tools":[{"type":"custom","name":"sql"}]}"#, Refused("tools.custom")),
    ("hosted tool", r#"{"tools":[{"type":"web_search"}]}"#, Refused("tools.hosted")),
    (
        "choice of a hosted tool",
        r#"{"tools":[{"type":"function","name":"f"}],"tool_choice":{"type":"file_search"}}"#,
        Refused("tool_choice"),
    ),
];

/// Each said beside two tools, `f` and `g`.
const CHOICES: &[Row] = &[
    ("auto", r#"{"tool_choice":"auto"}"#, Says(r#"{"tool_choice":{"type":"auto"}}"#)),
    ("none", r#"{"tool_choice":"none"}"#, Says(r#"{"tool_choice":{"type":"none"}}"#)),
    ("required", r#"{"tool_choice":"required"}"#, Says(r#"{"tool_choice":{"type":"any"}}"#)),
    (
        "named",
        r#"{"tool_choice":{"type":"function","name":"g"}}"#,
        Says(r#"{"tool_choice":{"type":"tool","name":"g"}}"#),
    ),
    (
        "allowed",
        r#"{"tool_choice":{"type":"allowed_tools","mode":"required","tools":[{"type":"function","name":"g"}]}}"#,
        Says(
            r#"{"tools":[{"name":"g","input_schema":{"type":"object"}}],"tool_choice":{"type":"any"}}"#,
        ),
    ),
    (
        "one at a time",
        r#"{"parallel_tool_calls":false}"#,
        Says(r#"{"tool_choice":{"type":"auto","disable_parallel_tool_use":true}}"#),
    ),
];

const TURNS: &[Row] = &[
    (
        "calls, results out of order, a picture",
        r#"{"input":[{"type":"message","role":"user","content":"Go"},{"type":"message","role":"assistant","content":[{"type":"output_text","text":"Let me see","annotations":[]}]},{"type":"function_call","id":"fc_1","status":"completed","call_id":"call_1","name":"f","arguments":"{\"x\":1.0}"},{"type":"function_call","call_id":"call_2","name":"g","arguments":""},{"type":"function_call_output","call_id":"call_2","output":"two"},{"type":"function_call_output","call_id":"call_1","output":[{"type":"input_text","text":"one"},{"type":"input_image","image_url":"data:image/png;base64,iVBO"}]},{"type":"message","role":"user","content":"And?"}]}"#,
        Says(
            r#"{"messages":[{"role":"user","content":[{"type":"text","text":"Go"}]},{"role":"assistant","content":[{"type":"text","text":"Let me see"},{"type":"tool_use","id":"call_1","name":"f","input":{"x":1.0}},{"type":"tool_use","id":"call_2","name":"g","input":{}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"call_1","content":[{"type":"text","text":"one"},{"type":"image","source":{"type":"base64","media_type":"image/png","data":"iVBO"}}]},{"type":"tool_result","tool_use_id":"call_2","content":[{"type":"text","text":"two"}]},{"type":"text","text":"And?"}]}]}"#,
        ),
    ),
    (
        "free-text call",
        r#"{"input":[{"type":"message","role":"user","content":"Go"},{"type":"custom_tool_call","call_id":"c","name":"sql","input":"select 1"},{"type":"custom_tool_call_output","call_id":"c","output":"1"}]}"#,
        Refused("input.function_call"),
    ),
    (
        "thoughts",
        r#"{"input":[{"type":"message","role":"user","content":"A"},{"type":"reasoning","id":"rs_1","summary":[{"type":"summary_text","text":"hm"}]},{"type":"message","role":"assistant","content":"B"},{"type":"message","role":"user","content":"C"}]}"#,
        Partly(
            r#"{"messages":[{"role":"user","content":[{"type":"text","text":"A"}]},{"role":"assistant","content":[{"type":"text","text":"B"}]},{"role":"user","content":[{"type":"text","text":"C"}]}]}"#,
            &["input.reasoning"],
        ),
    ),
    (
        "image detail",
        r#"{"input":[{"role":"user","content":[{"type":"input_image","image_url":"https://x.io/a.png","detail":"low"}]}]}"#,
        Partly(
            r#"{"messages":[{"role":"user","content":[{"type":"image","source":{"type":"url","url":"https://x.io/a.png"}}]}]}"#,
            &["input.content.detail"],
        ),
    ),
    (
        "PDF",
        r#"{"input":[{"role":"user","content":[{"type":"input_file","filename":"a.pdf","file_data":"data:application/pdf;base64,JVBE"}]}]}"#,
        Says(
            r#"{"messages":[{"role":"user","content":[{"type":"document","title":"a.pdf","source":{"type":"base64","media_type":"application/pdf","data":"JVBE"}}]}]}"#,
        ),
    ),
    (
        "PDF address",
        r#"{"input":[{"role":"user","content":[{"type":"input_file","file_url":"https://x.io/a.pdf"}]}]}"#,
        Says(
            r#"{"messages":[{"role":"user","content":[{"type":"document","source":{"type":"url","url":"https://x.io/a.pdf"}}]}]}"#,
        ),
    ),
    (
        "breakpoint",
        r#"{"input":[{"role":"user","content":[{"type":"input_text","text":"Hi","prompt_cache_breakpoint":{"mode":"explicit","ttl":"30m"}}]}]}"#,
        Says(
            r#"{"messages":[{"role":"user","content":[{"type":"text","text":"Hi","cache_control":{"type":"ephemeral","ttl":"1h"}}]}]}"#,
        ),
    ),
    (
        "item_reference",
        r#"{"input":[{"type":"message","role":"user","content":"Hi"},{"type":"item_reference","id":"msg_1"}]}"#,
        Refused("input"),
    ),
    (
        "hosted call in history",
        r#"{"input":[{"type":"message","role":"user","content":"Hi"},{"type":"web_search_call","id":"ws_1"},{"type":"message","role":"user","content":"So"}]}"#,
        Refused("input"),
    ),
    (
        "compaction",
        r#"{"input":[{"type":"message","role":"user","content":"Hi"},{"type":"compaction","encrypted_content":"x"}]}"#,
        Refused("input"),
    ),
    (
        "novel part",
        r#"{"input":[{"role":"user","content":[{"type":"input_novel"}]}]}"#,
        Refused("input"),
    ),
    (
        "a call without its result",
        r#"{"input":[{"type":"message","role":"user","content":"Hi"},{"type":"function_call","call_id":"c","name":"f","arguments":"{}"}]}"#,
        Refused("input.function_call_output"),
    ),
    (
        "a result without its call",
        r#"{"input":[{"type":"function_call_output","call_id":"c","output":"1"}]}"#,
        Refused("input.function_call_output"),
    ),
    (
        "uploaded image",
        r#"{"input":[{"role":"user","content":[{"type":"input_image","file_id":"f"}]}]}"#,
        Refused("input.input_image"),
    ),
    (
        "uploaded file",
        r#"{"input":[{"role":"user","content":[{"type":"input_file","file_id":"f"}]}]}"#,
        Refused("input.input_file"),
    ),
];

#[test]
fn fields() {
    check(Responses, Claude, "claude-sonnet-4-5", PLAIN);
}

#[test]
fn tools() {
    check(Responses, Claude, "claude-sonnet-4-5", TOOLS);
}

#[test]
fn choices() {
    beside(
        r#"{"tools":[{"type":"function","name":"f","strict":false,"parameters":{"type":"object"}},{"type":"function","name":"g","strict":false,"parameters":{"type":"object"}}]}"#,
        r#"{"tools":[{"name":"f","input_schema":{"type":"object"}},{"name":"g","input_schema":{"type":"object"}}]}"#,
        Responses,
        Claude,
        CHOICES,
    );
}

#[test]
fn turns() {
    check(Responses, Claude, "claude-sonnet-4-5", TURNS);
}
