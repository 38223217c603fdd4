//! Claude callers, Chat models.

use super::Want::{Lost, Partly, Refused, Says};
use super::{Row, beside, check};
use providers::Schema::{Chat, Claude};

const PLAIN: &[Row] = &[
    ("nothing", "{}", Says("{}")),
    ("sampling", r#"{"temperature":1.0,"top_p":0.9}"#, Says(r#"{"temperature":1.0,"top_p":0.9}"#)),
    ("top_k", r#"{"top_k":40}"#, Lost(&["top_k"])),
    ("stops", r#"{"stop_sequences":["a","b"]}"#, Says(r#"{"stop":["a","b"]}"#)),
    ("five stops", r#"{"stop_sequences":["a","b","c","d","e"]}"#, Refused("stop_sequences")),
    (
        "streamed",
        r#"{"stream":true}"#,
        Says(r#"{"stream":true,"stream_options":{"include_usage":true}}"#),
    ),
    ("user", r#"{"metadata":{"user_id":"u1"}}"#, Says(r#"{"safety_identifier":"u1"}"#)),
    (
        "user of Claude Code, too long for OpenAI",
        r#"{"metadata":{"user_id":"{\"device_id\":\"0123456789abcdef0123456789abcdef\",\"session_id\":\"01234567-89ab\"}"}}"#,
        Lost(&["metadata.user_id"]),
    ),
    (
        "hints",
        r#"{"service_tier":"auto","speed":"fast","diagnostics":{"a":1},"context_management":{"edits":[]},
        "cache_control":{"type":"ephemeral"},"user_profile_id":"p"}"#,
        Lost(&[
            "cache_control",
            "context_management",
            "diagnostics",
            "service_tier",
            "speed",
            "user_profile_id",
        ]),
    ),
    ("container", r#"{"container":"c1"}"#, Refused("container")),
    ("where", r#"{"inference_geo":"eu"}"#, Refused("inference_geo")),
    (
        "mcp_servers",
        r#"{"mcp_servers":[{"type":"url","url":"https://x.io","name":"x"}]}"#,
        Refused("mcp_servers"),
    ),
    ("unknown field", r#"{"brand_new":1}"#, Lost(&["brand_new"])),
    (
        "system text",
        r#"{"system":"Be brief"}"#,
        Says(
            r#"{"messages":[{"role":"system","content":"Be brief"},{"role":"user","content":"Hi"}]}"#,
        ),
    ),
    (
        "system blocks of Claude Code",
        r#"{"system":[{"type":"text","text":"x-anthropic-billing-header: cc_version=2"},
        {"type":"text","text":"A","cache_control":{"type":"ephemeral"}},{"type":"text","text":"B"}]}"#,
        Partly(
            r#"{"messages":[{"role":"system","content":[{"type":"text","text":"A"},{"type":"text","text":"B"}]},{"role":"user","content":"Hi"}]}"#,
            &["cache_control"],
        ),
    ),
    (
        "json_schema",
        r#"{"output_config":{"format":{"type":"json_schema","schema":{"type":"object"}}}}"#,
        Says(
            r#"{"response_format":{"type":"json_schema","json_schema":{"name":"response","schema":{"type":"object"}}}}"#,
        ),
    ),
    // gpt-4.1 does not think.
    (
        "thinking",
        r#"{"max_tokens":4000,"thinking":{"type":"enabled","budget_tokens":2000}}"#,
        Partly(r#"{"max_completion_tokens":4000}"#, &["thinking"]),
    ),
    ("no thinking", r#"{"thinking":{"type":"disabled"}}"#, Says("{}")),
];

const TOOLS: &[Row] = &[
    (
        "tool",
        r#"{"tools":[{"name":"f","description":"d","input_schema":{"type":"object","properties":{"x":{"type":"number","minimum":1.0}}}}]}"#,
        Says(
            r#"{"tools":[{"type":"function","function":{"name":"f","description":"d",
            "parameters":{"type":"object","properties":{"x":{"type":"number","minimum":1.0}}}}}]}"#,
        ),
    ),
    (
        "custom by name",
        r#"{"tools":[{"type":"custom","name":"f","input_schema":{"type":"object"}}]}"#,
        Says(
            r#"{"tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object"}}}]}"#,
        ),
    ),
    (
        "strict tool",
        r#"{"tools":[{"name":"f","strict":true,"input_schema":{"type":"object","properties":{"a":{"type":"string"}},
        "required":["a"],"additionalProperties":false}}]}"#,
        Says(
            r#"{"tools":[{"type":"function","function":{"name":"f","strict":true,"parameters":{"type":"object",
            "properties":{"a":{"type":"string"}},"required":["a"],"additionalProperties":false}}}]}"#,
        ),
    ),
    (
        "strict tool with an option, which OpenAI refuses to hold",
        r#"{"tools":[{"name":"f","strict":true,
        "input_schema":{"type":"object","properties":{"a":{"type":"string"}},"additionalProperties":false}}]}"#,
        Partly(
            r#"{"tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object",
            "properties":{"a":{"type":"string"}},"additionalProperties":false}}}]}"#,
            &["tools.strict"],
        ),
    ),
    (
        "what hangs on a tool",
        r#"{"tools":[{"name":"f","input_schema":{"type":"object"},"cache_control":{"type":"ephemeral"},
        "defer_loading":true,"input_examples":[{}],"eager_input_streaming":true}]}"#,
        Partly(
            r#"{"tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object"}}}]}"#,
            &[
                "cache_control",
                "tools.defer_loading",
                "tools.eager_input_streaming",
                "tools.input_examples",
            ],
        ),
    ),
    (
        "hosted tool",
        r#"{"tools":[{"type":"web_search_20250305","name":"web_search"}]}"#,
        Refused("tools.hosted"),
    ),
];

/// Each said beside two tools, `f` and `g`.
const CHOICES: &[Row] = &[
    ("auto", r#"{"tool_choice":{"type":"auto"}}"#, Says(r#"{"tool_choice":"auto"}"#)),
    ("none", r#"{"tool_choice":{"type":"none"}}"#, Says(r#"{"tool_choice":"none"}"#)),
    ("any", r#"{"tool_choice":{"type":"any"}}"#, Says(r#"{"tool_choice":"required"}"#)),
    (
        "tool",
        r#"{"tool_choice":{"type":"tool","name":"g"}}"#,
        Says(r#"{"tool_choice":{"type":"function","function":{"name":"g"}}}"#),
    ),
    (
        "one at a time",
        r#"{"tool_choice":{"type":"auto","disable_parallel_tool_use":true}}"#,
        Says(r#"{"tool_choice":"auto","parallel_tool_calls":false}"#),
    ),
];

const TURNS: &[Row] = &[
    (
        "what the model had something from",
        r#"{"messages":[{"role":"user","content":"A"},{"role":"assistant","content":[{"type":"text","text":"Yo",
        "citations":[{"type":"char_location","cited_text":"c","document_index":0}]}]},{"role":"user","content":"B"}]}"#,
        Partly(
            r#"{"messages":[{"role":"user","content":"A"},{"role":"assistant","content":"Yo"},{"role":"user","content":"B"}]}"#,
            &["messages.citations"],
        ),
    ),
    (
        "turns of one role",
        r#"{"messages":[{"role":"user","content":"A"},{"role":"user","content":[{"type":"text","text":"B"}]}]}"#,
        Says(
            r#"{"messages":[{"role":"user","content":[{"type":"text","text":"A"},{"type":"text","text":"B"}]}]}"#,
        ),
    ),
    (
        "system in the middle",
        r#"{"messages":[{"role":"user","content":"Hi"},{"role":"system","content":[{"type":"text","text":"Be brief","cache_control":{"type":"ephemeral"}}]}]}"#,
        Partly(
            r#"{"messages":[{"role":"user","content":"Hi"},{"role":"system","content":"Be brief"}]}"#,
            &["cache_control"],
        ),
    ),
    (
        "prefill",
        r#"{"messages":[{"role":"user","content":"Hi"},{"role":"assistant","content":"Yo"}]}"#,
        Refused("messages"),
    ),
    (
        "thoughts in history",
        r#"{"messages":[{"role":"user","content":"A"},{"role":"assistant","content":[
        {"type":"thinking","thinking":"hm","signature":"c2ln"},{"type":"redacted_thinking","data":"eHh4"},{"type":"text","text":"Yo"}]},
        {"role":"user","content":"B"}]}"#,
        Partly(
            r#"{"messages":[{"role":"user","content":"A"},{"role":"assistant","content":"Yo"},{"role":"user","content":"B"}]}"#,
            &["messages.thinking"],
        ),
    ),
    (
        "thoughts alone",
        r#"{"messages":[{"role":"user","content":"A"},{"role":"assistant","content":[
        {"type":"thinking","thinking":"","signature":"c2ln"}]},{"role":"user","content":"B"}]}"#,
        Partly(
            r#"{"messages":[{"role":"user","content":[
            {"type":"text","text":"A"},{"type":"text","text":"B"}]}]}"#,
            &["messages.thinking"],
        ),
    ),
    (
        "calls, results out of order, a failed one, a picture",
        r#"{"messages":[{"role":"user","content":"Go"},
        {"role":"assistant","content":[{"type":"text","text":"Let me see"},
            {"type":"tool_use","id":"toolu_1","name":"f","input":{"x":1.0}},
            {"type":"tool_use","id":"toolu_2","name":"g","input":{}}]},
        {"role":"user","content":[
            {"type":"tool_result","tool_use_id":"toolu_2","is_error":true,"content":"no such file"},
            {"type":"tool_result","tool_use_id":"toolu_1","content":[{"type":"text","text":"one"},
                {"type":"image","source":{"type":"base64","media_type":"image/png","data":"iVBO"}}]},
            {"type":"text","text":"And?"}]}]}"#,
        Partly(
            r#"{"messages":[{"role":"user","content":"Go"},
            {"role":"assistant","content":"Let me see","tool_calls":[
                {"id":"toolu_1","type":"function","function":{"name":"f","arguments":"{\"x\":1.0}"}},
                {"id":"toolu_2","type":"function","function":{"name":"g","arguments":"{}"}}]},
            {"role":"tool","tool_call_id":"toolu_1","content":"one"},
            {"role":"tool","tool_call_id":"toolu_2","content":"Error: no such file"},
            {"role":"user","content":[{"type":"text","text":"From the result of tool call toolu_1:"},
                {"type":"image_url","image_url":{"url":"data:image/png;base64,iVBO"}},
                {"type":"text","text":"And?"}]}]}"#,
            &["messages.tool_result"],
        ),
    ),
    (
        "a result that says nothing",
        r#"{"messages":[{"role":"user","content":"Go"},
        {"role":"assistant","content":[{"type":"tool_use","id":"t","name":"f","input":{}}]},
        {"role":"user","content":[{"type":"tool_result","tool_use_id":"t"}]}]}"#,
        Says(
            r#"{"messages":[{"role":"user","content":"Go"},
            {"role":"assistant","content":null,"tool_calls":[{"id":"t","type":"function","function":{"name":"f","arguments":"{}"}}]},
            {"role":"tool","tool_call_id":"t","content":""}]}"#,
        ),
    ),
    (
        "a result of nothing asked",
        r#"{"messages":[{"role":"user","content":[{"type":"tool_result","tool_use_id":"t","content":"1"}]}]}"#,
        Refused("messages.tool_result"),
    ),
    (
        "image data",
        r#"{"messages":[{"role":"user","content":[{"type":"image","source":{"type":"base64","media_type":"image/jpeg","data":"/9j/"}}]}]}"#,
        Says(
            r#"{"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:image/jpeg;base64,/9j/"}}]}]}"#,
        ),
    ),
    (
        "image address",
        r#"{"messages":[{"role":"user","content":[{"type":"image","source":{"type":"url","url":"https://x.io/a"}}]}]}"#,
        Says(
            r#"{"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"https://x.io/a"}}]}]}"#,
        ),
    ),
    (
        "uploaded image",
        r#"{"messages":[{"role":"user","content":[{"type":"image","source":{"type":"file","file_id":"file_1"}}]}]}"#,
        Refused("messages.image"),
    ),
    (
        "PDF",
        r#"{"messages":[{"role":"user","content":[{"type":"document","title":"a.pdf","source":{"type":"base64","media_type":"application/pdf","data":"JVBE"}}]}]}"#,
        Says(
            r#"{"messages":[{"role":"user","content":[{"type":"file","file":{"filename":"a.pdf","file_data":"data:application/pdf;base64,JVBE"}}]}]}"#,
        ),
    ),
    (
        "PDF address",
        r#"{"messages":[{"role":"user","content":[{"type":"document","source":{"type":"url","url":"https://x.io/a.pdf"}}]}]}"#,
        Refused("messages.document"),
    ),
    (
        "a document of text, its title and context",
        r#"{"messages":[{"role":"user","content":[{"type":"document","title":"T","context":"C",
        "source":{"type":"text","media_type":"text/plain","data":"words"}}]}]}"#,
        Partly(
            r#"{"messages":[{"role":"user","content":"words"}]}"#,
            &["messages.content.context", "messages.document.title"],
        ),
    ),
    (
        "citations",
        r#"{"messages":[{"role":"user","content":[{"type":"document","citations":{"enabled":true},
        "source":{"type":"text","media_type":"text/plain","data":"words"}}]}]}"#,
        Refused("messages.content.citations"),
    ),
    (
        "search result",
        r#"{"messages":[{"role":"user","content":[{"type":"search_result","source":"s","title":"t","content":[]}]}]}"#,
        Refused("messages"),
    ),
    (
        "breakpoint",
        r#"{"messages":[{"role":"user","content":[{"type":"text","text":"Hi","cache_control":{"type":"ephemeral"}}]}]}"#,
        Lost(&["cache_control"]),
    ),
];

#[test]
fn fields() {
    check(Claude, Chat, "gpt-4.1", PLAIN);
}

#[test]
fn tools() {
    check(Claude, Chat, "gpt-4.1", TOOLS);
}

#[test]
fn choices() {
    beside(
        r#"{"tools":[{"name":"f","input_schema":{"type":"object"}},{"name":"g","input_schema":{"type":"object"}}]}"#,
        r#"{"tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object"}}},
            {"type":"function","function":{"name":"g","parameters":{"type":"object"}}}]}"#,
        Claude,
        Chat,
        CHOICES,
    );
}

#[test]
fn turns() {
    check(Claude, Chat, "gpt-4.1", TURNS);
}

#[test]
fn models_that_reason() {
    check(
        Claude,
        Chat,
        "gpt-5.2",
        &[
            (
                "effort",
                r#"{"output_config":{"effort":"xhigh"},"thinking":{"type":"adaptive","display":"omitted"}}"#,
                Says(r#"{"reasoning_effort":"xhigh"}"#),
            ),
            (
                "more effort than there is",
                r#"{"output_config":{"effort":"max"}}"#,
                Partly(r#"{"reasoning_effort":"xhigh"}"#, &["thinking"]),
            ),
            (
                "thoughts shown",
                r#"{"thinking":{"type":"adaptive","display":"summarized"}}"#,
                Lost(&["thinking"]),
            ),
            (
                "budget",
                r#"{"max_tokens":20000,"thinking":{"type":"enabled","budget_tokens":8000}}"#,
                Says(r#"{"max_completion_tokens":20000,"reasoning_effort":"medium"}"#),
            ),
            (
                "no thinking",
                r#"{"thinking":{"type":"disabled"}}"#,
                Says(r#"{"reasoning_effort":"none"}"#),
            ),
            (
                "between tools",
                r#"{"thinking":{"type":"between_tools"}}"#,
                Partly(r#"{"reasoning_effort":"none"}"#, &["thinking.type"]),
            ),
            ("stops", r#"{"stop_sequences":["a"]}"#, Refused("stop_sequences")),
        ],
    );
    check(
        Claude,
        Chat,
        "gpt-5.6",
        &[
            (
                "effort beside tools",
                r#"{"output_config":{"effort":"high"},"tools":[{"name":"f","input_schema":{"type":"object"}}]}"#,
                Partly(
                    r#"{"reasoning_effort":"none","tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object"}}}]}"#,
                    &["thinking"],
                ),
            ),
            (
                "breakpoint",
                r#"{"messages":[{"role":"user","content":[{"type":"text","text":"Hi","cache_control":{"type":"ephemeral","ttl":"1h"}}]}]}"#,
                Says(
                    r#"{"messages":[{"role":"user","content":[{"type":"text","text":"Hi","prompt_cache_breakpoint":{"mode":"explicit","ttl":"12h"}}]}]}"#,
                ),
            ),
        ],
    );
}

#[test]
fn compatible_hosts() {
    check(
        Claude,
        Chat,
        "llama-4",
        &[(
            "limit, user and top_k by their old names",
            r#"{"max_tokens":100,"top_k":4,"metadata":{"user_id":"u"}}"#,
            Says(r#"{"max_completion_tokens":null,"max_tokens":100,"top_k":4,"user":"u"}"#),
        )],
    );
}
