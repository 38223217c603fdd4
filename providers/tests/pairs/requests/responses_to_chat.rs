//! Responses callers, Chat models.

use super::Want::{Lost, Partly, Refused, Says};
use super::{Row, beside, check};
use providers::Schema::{Chat, Responses};

const PLAIN: &[Row] = &[
    ("nothing", r#"{}"#, Says(r#"{}"#)),
    ("input as a string", r#"{"input":"Hi"}"#, Says(r#"{}"#)),
    ("max_output_tokens", r#"{"max_output_tokens":5}"#, Says(r#"{"max_completion_tokens":5}"#)),
    ("sampling", r#"{"temperature":0.5,"top_p":0.9}"#, Says(r#"{"temperature":0.5,"top_p":0.9}"#)),
    (
        "logprobs",
        r#"{"include":["message.output_text.logprobs"],"top_logprobs":2}"#,
        Says(r#"{"logprobs":true,"top_logprobs":2}"#),
    ),
    (
        "streamed",
        r#"{"stream":true}"#,
        Says(r#"{"stream":true,"stream_options":{"include_usage":true}}"#),
    ),
    (
        "padding of the stream",
        r#"{"stream":true,"stream_options":{"include_obfuscation":true}}"#,
        Says(
            r#"{"stream":true,"stream_options":{"include_usage":true,"include_obfuscation":true}}"#,
        ),
    ),
    ("user", r#"{"user":"u"}"#, Says(r#"{"safety_identifier":"u"}"#)),
    (
        "what both have",
        r#"{"metadata":{"a":"b"},"service_tier":"flex","prompt_cache_key":"k","prompt_cache_options":{"ttl":"30m"},"prompt_cache_retention":"24h","moderation":{"model":"m"},"store":false}"#,
        Says(
            r#"{"metadata":{"a":"b"},"service_tier":"flex","prompt_cache_key":"k","prompt_cache_options":{"ttl":"30m"},"prompt_cache_retention":"24h","moderation":{"model":"m"},"store":false}"#,
        ),
    ),
    ("verbosity", r#"{"text":{"verbosity":"low"}}"#, Says(r#"{"verbosity":"low"}"#)),
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
        "json_object",
        r#"{"text":{"format":{"type":"json_object"}}}"#,
        Says(r#"{"response_format":{"type":"json_object"}}"#),
    ),
    (
        "json_schema",
        r#"{"text":{"format":{"type":"json_schema","name":"n","description":"d","strict":true,"schema":{"type":"object","properties":{},"required":[],"additionalProperties":false}}}}"#,
        Says(
            r#"{"response_format":{"type":"json_schema","json_schema":{"name":"n","description":"d","strict":true,"schema":{"type":"object","properties":{},"required":[],"additionalProperties":false}}}}"#,
        ),
    ),
];

const TOOLS: &[Row] = &[
    (
        "tool",
        r#"{"tools":[{"type":"function","name":"f","description":"d","strict":true,"parameters":{"type":"object","properties":{"a":{}},"required":["a"],"additionalProperties":false},"defer_loading":true}]}"#,
        Partly(
            r#"{"tools":[{"type":"function","function":{"name":"f","description":"d","strict":true,"parameters":{"type":"object","properties":{"a":{}},"required":["a"],"additionalProperties":false}}}]}"#,
            &["tools.defer_loading"],
        ),
    ),
    (
        "free-text tool",
        r#"{"tools":[{"type":"custom","name":"sql","format":{"type":"grammar","syntax":"lark","definition":"start: X"}}],"tool_choice":{"type":"custom","name":"sql"}}"#,
        Says(
            r#"{"tools":[{"type":"custom","custom":{"name":"sql","format":{"type":"grammar","grammar":{"syntax":"lark","definition":"start: X"}}}}],"tool_choice":{"type":"custom","custom":{"name":"sql"}}}"#,
        ),
    ),
    ("hosted tool", r#"{"tools":[{"type":"web_search"}]}"#, Refused("tools.hosted")),
    (
        "choice of a hosted tool",
        r#"{"tools":[{"type":"function","name":"f"}],"tool_choice":{"type":"file_search"}}"#,
        Refused("tool_choice"),
    ),
];

/// Each said beside two tools, `f` and `g`.
const CHOICES: &[Row] = &[
    ("auto", r#"{"tool_choice":"auto"}"#, Says(r#"{"tool_choice":"auto"}"#)),
    ("none", r#"{"tool_choice":"none"}"#, Says(r#"{"tool_choice":"none"}"#)),
    ("required", r#"{"tool_choice":"required"}"#, Says(r#"{"tool_choice":"required"}"#)),
    (
        "named",
        r#"{"tool_choice":{"type":"function","name":"g"}}"#,
        Says(r#"{"tool_choice":{"type":"function","function":{"name":"g"}}}"#),
    ),
    (
        "allowed",
        r#"{"tool_choice":{"type":"allowed_tools","mode":"required","tools":[{"type":"function","name":"g"}]}}"#,
        Says(
            r#"{"tool_choice":{"type":"allowed_tools","allowed_tools":{"mode":"required","tools":[{"type":"function","function":{"name":"g"}}]}}}"#,
        ),
    ),
    ("one at a time", r#"{"parallel_tool_calls":false}"#, Says(r#"{"parallel_tool_calls":false}"#)),
];

const TURNS: &[Row] = &[
    (
        "instructions and developer",
        r#"{"instructions":"A","input":[{"type":"message","role":"developer","content":"B"},{"type":"message","role":"user","content":"Hi"}]}"#,
        Says(
            r#"{"messages":[{"role":"system","content":[{"type":"text","text":"A"},{"type":"text","text":"B"}]},{"role":"user","content":"Hi"}]}"#,
        ),
    ),
    (
        "developer in the middle",
        r#"{"input":[{"type":"message","role":"user","content":"Hi"},{"type":"message","role":"developer","content":"Be brief"}]}"#,
        Says(
            r#"{"messages":[{"role":"user","content":"Hi"},{"role":"system","content":"Be brief"}]}"#,
        ),
    ),
    (
        "several output messages",
        r#"{"input":[{"type":"message","role":"user","content":"A"},{"type":"message","role":"assistant","content":"B"},{"role":"assistant","phase":"final_answer","content":"C"},{"type":"message","role":"user","content":"D"}]}"#,
        Partly(
            r#"{"messages":[{"role":"user","content":"A"},{"role":"assistant","content":[{"type":"text","text":"B"},{"type":"text","text":"C"}]},{"role":"user","content":"D"}]}"#,
            &["input.phase"],
        ),
    ),
    (
        "thoughts",
        r#"{"input":[{"type":"message","role":"user","content":"A"},{"type":"reasoning","id":"rs_1","summary":[],"encrypted_content":"x"},{"type":"message","role":"assistant","content":"B"},{"type":"message","role":"user","content":"C"}]}"#,
        Partly(
            r#"{"messages":[{"role":"user","content":"A"},{"role":"assistant","content":"B"},{"role":"user","content":"C"}]}"#,
            &["input.reasoning"],
        ),
    ),
    (
        "calls, results out of order, a picture",
        r#"{"input":[{"type":"message","role":"user","content":"Go"},{"type":"message","role":"assistant","content":[{"type":"output_text","text":"Let me see","annotations":[]}]},{"type":"function_call","id":"fc_1","status":"completed","call_id":"call_1","name":"f","arguments":"{\"x\":1.0}"},{"type":"function_call","call_id":"call_2","name":"g","arguments":""},{"type":"function_call_output","call_id":"call_2","output":"two"},{"type":"function_call_output","call_id":"call_1","output":[{"type":"input_text","text":"one"},{"type":"input_image","image_url":"data:image/png;base64,iVBO"}]},{"type":"message","role":"user","content":"And?"}]}"#,
        Partly(
            r#"{"messages":[{"role":"user","content":"Go"},{"role":"assistant","content":"Let me see","tool_calls":[
            {"id":"call_1","type":"function","function":{"name":"f","arguments":"{\"x\":1.0}"}},{"id":"call_2","type":"function","function":{"name":"g","arguments":"{}"}}]},
            {"role":"tool","tool_call_id":"call_1","content":"one"},{"role":"tool","tool_call_id":"call_2","content":"two"},
            {"role":"user","content":[{"type":"text","text":"From the result of tool call call_1:"},{"type":"image_url","image_url":{"url":"data:image/png;base64,iVBO"}},{"type":"text","text":"And?"}]}]}"#,
            &["input.function_call_output"],
        ),
    ),
    (
        "free-text call",
        r#"{"input":[{"type":"message","role":"user","content":"Go"},{"type":"custom_tool_call","call_id":"c","name":"sql","input":"select 1"},{"type":"custom_tool_call_output","call_id":"c","output":"1"}]}"#,
        Says(
            r#"{"messages":[{"role":"user","content":"Go"},{"role":"assistant","content":null,"tool_calls":[{"id":"c","type":"custom","custom":{"name":"sql","input":"select 1"}}]},{"role":"tool","tool_call_id":"c","content":"1"}]}"#,
        ),
    ),
    (
        "refusal",
        r#"{"input":[{"type":"message","role":"user","content":"A"},{"type":"message","role":"assistant","content":[{"type":"refusal","refusal":"No."}]},{"type":"message","role":"user","content":"B"}]}"#,
        Says(
            r#"{"messages":[{"role":"user","content":"A"},{"role":"assistant","content":[{"type":"refusal","refusal":"No."}]},{"role":"user","content":"B"}]}"#,
        ),
    ),
    (
        "image",
        r#"{"input":[{"role":"user","content":[{"type":"input_image","image_url":"https://x.io/a","detail":"low"}]}]}"#,
        Says(
            r#"{"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"https://x.io/a","detail":"low"}}]}]}"#,
        ),
    ),
    (
        "PDF",
        r#"{"input":[{"role":"user","content":[{"type":"input_file","filename":"a.pdf","file_data":"data:application/pdf;base64,JVBE"}]}]}"#,
        Says(
            r#"{"messages":[{"role":"user","content":[{"type":"file","file":{"filename":"a.pdf","file_data":"data:application/pdf;base64,JVBE"}}]}]}"#,
        ),
    ),
    (
        "PDF address",
        r#"{"input":[{"role":"user","content":[{"type":"input_file","file_url":"https://x.io/a.pdf"}]}]}"#,
        Refused("input.input_file"),
    ),
    (
        "breakpoint",
        r#"{"input":[{"role":"user","content":[{"type":"input_text","text":"Hi","prompt_cache_breakpoint":{"mode":"explicit"}}]}]}"#,
        Lost(&["prompt_cache_breakpoint"]),
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
    check(Responses, Chat, "gpt-4.1", PLAIN);
}

#[test]
fn tools() {
    check(Responses, Chat, "gpt-4.1", TOOLS);
}

#[test]
fn choices() {
    beside(
        r#"{"tools":[{"type":"function","name":"f","strict":false,"parameters":{"type":"object"}},{"type":"function","name":"g","strict":false,"parameters":{"type":"object"}}]}"#,
        r#"{"tools":[{"type":"function","function":{"name":"f","strict":false,"parameters":{"type":"object"}}},{"type":"function","function":{"name":"g","strict":false,"parameters":{"type":"object"}}}]}"#,
        Responses,
        Chat,
        CHOICES,
    );
}

#[test]
fn turns() {
    check(Responses, Chat, "gpt-4.1", TURNS);
}

#[test]
fn models_that_reason() {
    check(
        Responses,
        Chat,
        "gpt-5.2",
        &[
            (
                "effort",
                r#"{"reasoning":{"effort":"xhigh"}}"#,
                Says(r#"{"reasoning_effort":"xhigh"}"#),
            ),
            (
                "thoughts shown",
                r#"{"reasoning":{"effort":"low","summary":"detailed"}}"#,
                Partly(r#"{"reasoning_effort":"low"}"#, &["reasoning", "reasoning.summary"]),
            ),
        ],
    );
}

#[test]
fn models_that_keep_prompts() {
    check(
        Responses,
        Chat,
        "gpt-5.6",
        &[(
            "breakpoint",
            r#"{"input":[{"role":"user","content":[{"type":"input_text","text":"Hi","prompt_cache_breakpoint":{"mode":"explicit","ttl":"30m"}}]}]}"#,
            Says(
                r#"{"messages":[{"role":"user","content":[{"type":"text","text":"Hi","prompt_cache_breakpoint":{"mode":"explicit","ttl":"30m"}}]}]}"#,
            ),
        )],
    );
}

#[test]
fn compatible_hosts() {
    check(
        Responses,
        Chat,
        "qwen3-coder",
        &[
            (
                "what only OpenAI takes",
                r#"{"metadata":{"a":"b"},"service_tier":"flex","text":{"verbosity":"low"},"store":false}"#,
                Lost(&["metadata", "service_tier", "store", "text.verbosity"]),
            ),
            (
                "user and limit",
                r#"{"safety_identifier":"u","max_output_tokens":77}"#,
                Says(r#"{"user":"u","max_tokens":77}"#),
            ),
        ],
    );
}
