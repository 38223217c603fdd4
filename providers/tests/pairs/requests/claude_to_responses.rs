//! Claude callers, Responses models.

use super::Want::{Lost, Partly, Refused, Says};
use super::{Row, beside, check};
use providers::Schema::{Claude, Responses};

const PLAIN: &[Row] = &[
    ("nothing", r#"{}"#, Says(r#"{}"#)),
    ("fewer tokens than OpenAI takes", r#"{"max_tokens":15}"#, Refused("max_tokens")),
    ("sampling", r#"{"temperature":1.0,"top_p":0.9}"#, Says(r#"{"temperature":1.0,"top_p":0.9}"#)),
    ("top_k", r#"{"top_k":40}"#, Lost(&["top_k"])),
    ("stops", r#"{"stop_sequences":["a"]}"#, Refused("stop_sequences")),
    ("streamed", r#"{"stream":true}"#, Says(r#"{"stream":true}"#)),
    ("user", r#"{"metadata":{"user_id":"u1"}}"#, Says(r#"{"safety_identifier":"u1"}"#)),
    (
        "user of Claude Code, too long for OpenAI",
        r#"{"metadata":{"user_id":"uuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuu"}}"#,
        Lost(&["metadata.user_id"]),
    ),
    (
        "hints",
        r#"{"service_tier":"auto","speed":"fast","diagnostics":{"a":1},"context_management":{"edits":[]},"cache_control":{"type":"ephemeral"},"user_profile_id":"p"}"#,
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
    ("system", r#"{"system":"Be brief"}"#, Says(r#"{"instructions":"Be brief"}"#)),
    (
        "system blocks of Claude Code",
        r#"{"system":[{"type":"text","text":"x-anthropic-billing-header: cc_version=2"},{"type":"text","text":"A","cache_control":{"type":"ephemeral"}},{"type":"text","text":"B"}]}"#,
        Partly(
            r#"{"input":[{"type":"message","role":"system","content":[{"type":"input_text","text":"A"},{"type":"input_text","text":"B"}]},{"type":"message","role":"user","content":"Hi"}]}"#,
            &["cache_control"],
        ),
    ),
    (
        "json_schema",
        r#"{"output_config":{"format":{"type":"json_schema","schema":{"type":"object"}}}}"#,
        Says(
            r#"{"text":{"format":{"type":"json_schema","name":"response","strict":false,"schema":{"type":"object"}}}}"#,
        ),
    ),
    (
        "thinking, which gpt-4.1 does not",
        r#"{"max_tokens":4000,"thinking":{"type":"enabled","budget_tokens":2000}}"#,
        Partly(r#"{"max_output_tokens":4000}"#, &["thinking"]),
    ),
];

const TOOLS: &[Row] = &[
    (
        "tool",
        r#"{"tools":[{"name":"f","description":"d","input_schema":{"type":"object"}}]}"#,
        Says(
            r#"{"tools":[{"type":"function","name":"f","description":"d","strict":false,"parameters":{"type":"object"}}]}"#,
        ),
    ),
    (
        "strict tool",
        r#"{"tools":[{"name":"f","strict":true,"input_schema":{"type":"object","properties":{"a":{}},"required":["a"]}}]}"#,
        Says(
            r#"{"tools":[{"type":"function","name":"f","strict":true,"parameters":{"type":"object","properties":{"a":{}},"required":["a"],"additionalProperties":false}}]}"#,
        ),
    ),
    (
        "strict tool with an option, which OpenAI refuses to hold",
        r#"{"tools":[{"name":"f","strict":true,"input_schema":{"type":"object","properties":{"a":{}},"additionalProperties":false}}]}"#,
        Partly(
            r#"{"tools":[{"type":"function","name":"f","strict":false,"parameters":{"type":"object","properties":{"a":{}},"additionalProperties":false}}]}"#,
            &["tools.strict"],
        ),
    ),
    (
        "what hangs on a tool",
        r#"{"tools":[{"name":"f","input_schema":{"type":"object"},"cache_control":{"type":"ephemeral"},"defer_loading":true,"input_examples":[{}]}]}"#,
        Partly(
            r#"{"tools":[{"type":"function","name":"f","strict":false,"parameters":{"type":"object"}}]}"#,
            &["cache_control", "tools.defer_loading", "tools.input_examples"],
        ),
    ),
    (
        "a name too long for OpenAI",
        r#"{"tools":[{"name":"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx","input_schema":{"type":"object"}}]}"#,
        Refused("tools"),
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
        Says(r#"{"tool_choice":{"type":"function","name":"g"}}"#),
    ),
    (
        "one at a time",
        r#"{"tool_choice":{"type":"auto","disable_parallel_tool_use":true}}"#,
        Says(r#"{"tool_choice":"auto","parallel_tool_calls":false}"#),
    ),
];

const TURNS: &[Row] = &[
    (
        "system in the middle",
        r#"{"messages":[{"role":"user","content":"Hi"},{"role":"system","content":"Be brief"}]}"#,
        Says(
            r#"{"input":[{"type":"message","role":"user","content":"Hi"},{"type":"message","role":"system","content":"Be brief"}]}"#,
        ),
    ),
    (
        "prefill",
        r#"{"messages":[{"role":"user","content":"Hi"},{"role":"assistant","content":"Yo"}]}"#,
        Refused("messages"),
    ),
    (
        "calls, results out of order, a failed one, a picture",
        r#"{"messages":[{"role":"user","content":"Go"},
        {"role":"assistant","content":[{"type":"text","text":"Let me see"},{"type":"tool_use","id":"toolu_1","name":"f","input":{"x":1.0}},
            {"type":"text","text":"And"},{"type":"tool_use","id":"toolu_2","name":"g","input":{}}]},
        {"role":"user","content":[{"type":"tool_result","tool_use_id":"toolu_2","is_error":true,"content":"no such file"},
            {"type":"tool_result","tool_use_id":"toolu_1","content":[{"type":"text","text":"one"},{"type":"image","source":{"type":"base64","media_type":"image/png","data":"iVBO"}}]},
            {"type":"text","text":"And?"}]}]}"#,
        Says(
            r#"{"input":[{"type":"message","role":"user","content":"Go"},{"type":"message","role":"assistant","content":"Let me see"},{"type":"function_call","call_id":"toolu_1","name":"f","arguments":"{\"x\":1.0}"},{"type":"message","role":"assistant","content":"And"},{"type":"function_call","call_id":"toolu_2","name":"g","arguments":"{}"},{"type":"function_call_output","call_id":"toolu_1","output":[{"type":"input_text","text":"one"},{"type":"input_image","image_url":"data:image/png;base64,iVBO","detail":"auto"}]},{"type":"function_call_output","call_id":"toolu_2","output":"Error: no such file"},{"type":"message","role":"user","content":"And?"}]}"#,
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
            r#"{"input":[{"type":"message","role":"user","content":[{"type":"input_file","filename":"a.pdf","file_data":"data:application/pdf;base64,JVBE"}]}]}"#,
        ),
    ),
    (
        "PDF address",
        r#"{"messages":[{"role":"user","content":[{"type":"document","source":{"type":"url","url":"https://x.io/a.pdf"}}]}]}"#,
        Says(
            r#"{"input":[{"type":"message","role":"user","content":[{"type":"input_file","file_url":"https://x.io/a.pdf"}]}]}"#,
        ),
    ),
    (
        "a document of text, its title and context",
        r#"{"messages":[{"role":"user","content":[{"type":"document","title":"T","context":"C","source":{"type":"text","media_type":"text/plain","data":"words"}}]}]}"#,
        Partly(
            r#"{"input":[{"type":"message","role":"user","content":"words"}]}"#,
            &["messages.content.context", "messages.document.title"],
        ),
    ),
    (
        "citations",
        r#"{"messages":[{"role":"user","content":[{"type":"document","citations":{"enabled":true},"source":{"type":"text","media_type":"text/plain","data":"words"}}]}]}"#,
        Refused("messages.content.citations"),
    ),
    (
        "search result",
        r#"{"messages":[{"role":"user","content":[{"type":"search_result","source":"s","title":"t","content":[]}]}]}"#,
        Refused("messages"),
    ),
    (
        "breakpoint, which gpt-4.1 does not know",
        r#"{"messages":[{"role":"user","content":[{"type":"text","text":"Hi","cache_control":{"type":"ephemeral"}}]}]}"#,
        Lost(&["cache_control"]),
    ),
    (
        "thoughts with another provider's proof",
        r#"{"messages":[{"role":"user","content":"A"},{"role":"assistant","content":[{"type":"thinking","thinking":"hm","signature":"own"},{"type":"redacted_thinking","data":"all"},
        {"type":"text","text":"Yo"}]},{"role":"user","content":"B"}]}"#,
        Partly(
            r#"{"input":[{"type":"message","role":"user","content":"A"},{"type":"message","role":"assistant","content":"Yo"},{"type":"message","role":"user","content":"B"}]}"#,
            &["messages.thinking"],
        ),
    ),
    (
        "a thought that nothing came of",
        r#"{"messages":[{"role":"user","content":"A"},{"role":"assistant","content":[{"type":"thinking","thinking":"","signature":"own"}]},{"role":"user","content":"B"}]}"#,
        Partly(
            r#"{"input":[{"type":"message","role":"user","content":[{"type":"input_text","text":"A"},{"type":"input_text","text":"B"}]}]}"#,
            &["messages.thinking"],
        ),
    ),
];

#[test]
fn fields() {
    check(Claude, Responses, "gpt-4.1", PLAIN);
}

#[test]
fn tools() {
    check(Claude, Responses, "gpt-4.1", TOOLS);
}

#[test]
fn choices() {
    beside(
        r#"{"tools":[{"name":"f","input_schema":{"type":"object"}},{"name":"g","input_schema":{"type":"object"}}]}"#,
        r#"{"tools":[{"type":"function","name":"f","strict":false,"parameters":{"type":"object"}},{"type":"function","name":"g","strict":false,"parameters":{"type":"object"}}]}"#,
        Claude,
        Responses,
        CHOICES,
    );
}

#[test]
fn turns() {
    check(Claude, Responses, "gpt-4.1", TURNS);
}

#[test]
fn models_that_reason() {
    check(
        Claude,
        Responses,
        "gpt-5.6",
        &[
            (
                "effort",
                r#"{"output_config":{"effort":"xhigh"},"thinking":{"type":"adaptive","display":"omitted"}}"#,
                Says(
                    r#"{"reasoning":{"effort":"xhigh"},"include":["reasoning.encrypted_content"]}"#,
                ),
            ),
            (
                "all effort",
                r#"{"output_config":{"effort":"max"}}"#,
                Says(r#"{"reasoning":{"effort":"max"},"include":["reasoning.encrypted_content"]}"#),
            ),
            (
                "thoughts shown",
                r#"{"thinking":{"type":"adaptive","display":"summarized"}}"#,
                Says(
                    r#"{"reasoning":{"summary":"auto"},"include":["reasoning.encrypted_content"]}"#,
                ),
            ),
            (
                "budget",
                r#"{"max_tokens":20000,"thinking":{"type":"enabled","budget_tokens":8000}}"#,
                Says(
                    r#"{"max_output_tokens":20000,"reasoning":{"effort":"medium","summary":"auto"},"include":["reasoning.encrypted_content"]}"#,
                ),
            ),
            (
                "no thinking",
                r#"{"thinking":{"type":"disabled"}}"#,
                Says(
                    r#"{"reasoning":{"effort":"none"},"include":["reasoning.encrypted_content"]}"#,
                ),
            ),
            (
                "between tools",
                r#"{"thinking":{"type":"between_tools"}}"#,
                Partly(
                    r#"{"reasoning":{"effort":"none"},"include":["reasoning.encrypted_content"]}"#,
                    &["thinking.type"],
                ),
            ),
            (
                "breakpoints",
                r#"{"system":[{"type":"text","text":"A","cache_control":{"type":"ephemeral","ttl":"1h"}}],"messages":[{"role":"user","content":[{"type":"text","text":"Hi","cache_control":{"type":"ephemeral","ttl":"5m"}}]}]}"#,
                Says(
                    r#"{"input":[{"type":"message","role":"system","content":[{"type":"input_text","text":"A","prompt_cache_breakpoint":{"mode":"explicit","ttl":"12h"}}]},{"type":"message","role":"user","content":[{"type":"input_text","text":"Hi","prompt_cache_breakpoint":{"mode":"explicit","ttl":"30m"}}]}],"include":["reasoning.encrypted_content"]}"#,
                ),
            ),
            (
                "breakpoint after a result",
                r#"{"messages":[{"role":"user","content":"Go"},{"role":"assistant","content":[{"type":"tool_use","id":"t","name":"f","input":{}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"t","content":"1","cache_control":{"type":"ephemeral"}}]}]}"#,
                Says(
                    r#"{"input":[{"type":"message","role":"user","content":"Go"},{"type":"function_call","call_id":"t","name":"f","arguments":"{}"},{"type":"function_call_output","call_id":"t","output":[{"type":"input_text","text":"1","prompt_cache_breakpoint":{"mode":"explicit"}}]}],"include":["reasoning.encrypted_content"]}"#,
                ),
            ),
        ],
    );
}
