//! Claude callers, Gemini models.

use super::Want::{Lost, Partly, Refused, Says};
use super::{Row, beside, check};
use providers::Schema::{Claude, Gemini};

const PLAIN: &[Row] = &[
    ("nothing", "{}", Says("{}")),
    (
        "sampling",
        r#"{"temperature":1e0,"top_p":0.9,"top_k":40}"#,
        Says(r#"{"generationConfig":{"temperature":1e0,"topP":0.9,"topK":40}}"#),
    ),
    (
        "stops",
        r#"{"stop_sequences":["a","b"]}"#,
        Says(r#"{"generationConfig":{"stopSequences":["a","b"]}}"#),
    ),
    ("six stops", r#"{"stop_sequences":["a","b","c","d","e","f"]}"#, Refused("stop_sequences")),
    ("user", r#"{"metadata":{"user_id":"u1"}}"#, Lost(&["metadata.user_id"])),
    (
        "hints",
        r#"{"service_tier":"auto","speed":"fast","diagnostics":{"a":1},"context_management":{"edits":[]}}"#,
        Lost(&["context_management", "diagnostics", "service_tier", "speed"]),
    ),
    ("container", r#"{"container":"c1"}"#, Refused("container")),
    ("where", r#"{"inference_geo":"eu"}"#, Refused("inference_geo")),
    (
        "system blocks",
        r#"{"system":[{"type":"text","text":"x-anthropic-billing-header: cc_version=2"},
        {"type":"text","text":"A","cache_control":{"type":"ephemeral"}},{"type":"text","text":"B"}]}"#,
        Partly(
            r#"{"systemInstruction":{"parts":[{"text":"A"},{"text":"B"}]}}"#,
            &["cache_control"],
        ),
    ),
    (
        "json_schema",
        r#"{"output_config":{"format":{"type":"json_schema","schema":{"type":"object","properties":{"a":{"type":"string"}},
        "required":["a"],"additionalProperties":false}}}}"#,
        Says(
            r#"{"generationConfig":{"responseMimeType":"application/json","responseJsonSchema":{"type":"object",
            "properties":{"a":{"type":"string"}},"required":["a"],"additionalProperties":false}}}"#,
        ),
    ),
    (
        "budget",
        r#"{"max_tokens":20000,"thinking":{"type":"enabled","budget_tokens":2048}}"#,
        Says(
            r#"{"generationConfig":{"maxOutputTokens":20000,"thinkingConfig":{"includeThoughts":true,"thinkingBudget":2048}}}"#,
        ),
    ),
    (
        "adaptive",
        r#"{"thinking":{"type":"adaptive","display":"omitted"}}"#,
        Says(
            r#"{"generationConfig":{"thinkingConfig":{"thinkingBudget":-1,"includeThoughts":false}}}"#,
        ),
    ),
    (
        "adaptive by effort, shown",
        r#"{"thinking":{"type":"adaptive","display":"summarized"},"output_config":{"effort":"low"}}"#,
        Says(
            r#"{"generationConfig":{"thinkingConfig":{"thinkingBudget":1024,"includeThoughts":true}}}"#,
        ),
    ),
    (
        "no thinking",
        r#"{"thinking":{"type":"disabled"}}"#,
        Says(r#"{"generationConfig":{"thinkingConfig":{"thinkingBudget":0}}}"#),
    ),
];

const TOOLS: &[Row] = &[
    (
        "tool",
        r#"{"tools":[{"name":"f","description":"d","input_schema":{"$schema":"https://json-schema.org/draft/2020-12/schema",
        "type":"object","properties":{"x":{"type":"number"}},"additionalProperties":false}}]}"#,
        Says(
            r#"{"tools":[{"functionDeclarations":[{"name":"f","description":"d",
            "parametersJsonSchema":{"type":"object","properties":{"x":{"type":"number"}},"additionalProperties":false}}]}]}"#,
        ),
    ),
    (
        "strict tool",
        r#"{"tools":[{"name":"f","strict":true,"input_schema":{"type":"object"}}]}"#,
        Says(
            r#"{"tools":[{"functionDeclarations":[{"name":"f","parametersJsonSchema":{"type":"object"}}]}],
            "toolConfig":{"functionCallingConfig":{"mode":"VALIDATED"}}}"#,
        ),
    ),
    (
        "what hangs on a tool",
        r#"{"tools":[{"name":"f","input_schema":{"type":"object"},"cache_control":{"type":"ephemeral"},"defer_loading":true}]}"#,
        Partly(
            r#"{"tools":[{"functionDeclarations":[{"name":"f","parametersJsonSchema":{"type":"object"}}]}]}"#,
            &["cache_control", "tools.defer_loading"],
        ),
    ),
    (
        "hosted tool",
        r#"{"tools":[{"type":"code_execution_20250825","name":"code_execution"}]}"#,
        Refused("tools.hosted"),
    ),
    (
        "long name",
        r#"{"tools":[{"name":"f234567890123456789012345678901234567890123456789012345678901234567890","input_schema":{"type":"object"}}]}"#,
        Refused("tools"),
    ),
];

/// Each said beside two tools, `f` and `g`.
const CHOICES: &[Row] = &[
    (
        "auto",
        r#"{"tool_choice":{"type":"auto"}}"#,
        Says(r#"{"toolConfig":{"functionCallingConfig":{"mode":"AUTO"}}}"#),
    ),
    (
        "none",
        r#"{"tool_choice":{"type":"none"}}"#,
        Says(r#"{"toolConfig":{"functionCallingConfig":{"mode":"NONE"}}}"#),
    ),
    (
        "any",
        r#"{"tool_choice":{"type":"any"}}"#,
        Says(r#"{"toolConfig":{"functionCallingConfig":{"mode":"ANY"}}}"#),
    ),
    (
        "tool",
        r#"{"tool_choice":{"type":"tool","name":"g"}}"#,
        Says(
            r#"{"toolConfig":{"functionCallingConfig":{"mode":"ANY","allowedFunctionNames":["g"]}}}"#,
        ),
    ),
    (
        "one at a time",
        r#"{"tool_choice":{"type":"any","disable_parallel_tool_use":true}}"#,
        // The first call of the answer is kept.
        Says(r#"{"toolConfig":{"functionCallingConfig":{"mode":"ANY"}}}"#),
    ),
    (
        "many",
        r#"{"tool_choice":{"type":"auto","disable_parallel_tool_use":false}}"#,
        Says(r#"{"toolConfig":{"functionCallingConfig":{"mode":"AUTO"}}}"#),
    ),
];

const TURNS: &[Row] = &[
    (
        "what the model had something from",
        r#"{"messages":[{"role":"user","content":"A"},{"role":"assistant","content":[{"type":"text","text":"Yo",
        "citations":[{"type":"char_location","cited_text":"c","document_index":0}]}]},{"role":"user","content":"B"}]}"#,
        Partly(
            r#"{"contents":[{"role":"user","parts":[{"text":"A"}]},{"role":"model","parts":[{"text":"Yo"}]},{"role":"user","parts":[{"text":"B"}]}]}"#,
            &["messages.citations"],
        ),
    ),
    (
        "system in the middle",
        r#"{"messages":[{"role":"user","content":"Hi"},{"role":"system","content":"Be brief"},
        {"role":"assistant","content":"Yo"},{"role":"user","content":"So"}]}"#,
        Partly(
            r#"{"contents":[{"role":"user","parts":[{"text":"Hi"},{"text":"<system>Be brief</system>"}]},
            {"role":"model","parts":[{"text":"Yo"}]},{"role":"user","parts":[{"text":"So"}]}]}"#,
            &["system"],
        ),
    ),
    (
        "thoughts in history",
        r#"{"messages":[{"role":"user","content":"A"},{"role":"assistant","content":[
        {"type":"thinking","thinking":"hm","signature":"c2ln"},{"type":"redacted_thinking","data":"eHh4"},{"type":"text","text":"Yo"}]},
        {"role":"user","content":"B"}]}"#,
        Partly(
            r#"{"contents":[{"role":"user","parts":[{"text":"A"}]},{"role":"model","parts":[{"text":"Yo"}]},{"role":"user","parts":[{"text":"B"}]}]}"#,
            &["messages.thinking"],
        ),
    ),
    (
        "thoughts alone",
        r#"{"messages":[{"role":"user","content":"A"},{"role":"assistant","content":[
        {"type":"thinking","thinking":"","signature":"c2ln"}]},{"role":"user","content":"B"}]}"#,
        Partly(
            r#"{"contents":[{"role":"user","parts":[{"text":"A"},{"text":"B"}]}]}"#,
            &["messages.thinking"],
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
        {"role":"assistant","content":[{"type":"text","text":"Let me see"},
            {"type":"tool_use","id":"toolu_1","name":"f","input":{"x":1.0}},
            {"type":"tool_use","id":"toolu_2","name":"g","input":{}}]},
        {"role":"user","content":[
            {"type":"tool_result","tool_use_id":"toolu_2","is_error":true,"content":"no such file"},
            {"type":"tool_result","tool_use_id":"toolu_1","content":[{"type":"text","text":"one"},
                {"type":"image","source":{"type":"base64","media_type":"image/png","data":"iVBO"}}]},
            {"type":"text","text":"And?"}]}]}"#,
        Says(
            r#"{"contents":[{"role":"user","parts":[{"text":"Go"}]},
            {"role":"model","parts":[{"text":"Let me see"},
                {"functionCall":{"id":"toolu_1","name":"f","args":{"x":1.0}}},
                {"functionCall":{"id":"toolu_2","name":"g","args":{}}}]},
            {"role":"user","parts":[
                {"functionResponse":{"id":"toolu_1","name":"f","response":{"result":"one"}}},
                {"inlineData":{"mimeType":"image/png","data":"iVBO"}},
                {"functionResponse":{"id":"toolu_2","name":"g","response":{"error":"no such file"}}},
                {"text":"And?"}]}]}"#,
        ),
    ),
    (
        "a result that says nothing",
        r#"{"messages":[{"role":"user","content":"Go"},
        {"role":"assistant","content":[{"type":"tool_use","id":"t","name":"f","input":{}}]},
        {"role":"user","content":[{"type":"tool_result","tool_use_id":"t"}]}]}"#,
        Says(
            r#"{"contents":[{"role":"user","parts":[{"text":"Go"}]},
            {"role":"model","parts":[{"functionCall":{"id":"t","name":"f","args":{}}}]},
            {"role":"user","parts":[{"functionResponse":{"id":"t","name":"f","response":{"result":""}}}]}]}"#,
        ),
    ),
    (
        "image data",
        r#"{"messages":[{"role":"user","content":[{"type":"image","source":{"type":"base64","media_type":"image/jpeg","data":"/9j/"}}]}]}"#,
        Says(
            r#"{"contents":[{"role":"user","parts":[{"inlineData":{"mimeType":"image/jpeg","data":"/9j/"}}]}]}"#,
        ),
    ),
    (
        "image address",
        r#"{"messages":[{"role":"user","content":[{"type":"image","source":{"type":"url","url":"https://x.io/a.webp"}}]}]}"#,
        Says(
            r#"{"contents":[{"role":"user","parts":[{"fileData":{"mimeType":"image/webp","fileUri":"https://x.io/a.webp"}}]}]}"#,
        ),
    ),
    (
        "image address without a type",
        r#"{"messages":[{"role":"user","content":[{"type":"image","source":{"type":"url","url":"https://x.io/a"}}]}]}"#,
        Refused("messages.image"),
    ),
    (
        "PDF address",
        r#"{"messages":[{"role":"user","content":[{"type":"document","source":{"type":"url","url":"https://x.io/a.pdf"}}]}]}"#,
        Says(
            r#"{"contents":[{"role":"user","parts":[{"fileData":{"mimeType":"application/pdf","fileUri":"https://x.io/a.pdf"}}]}]}"#,
        ),
    ),
    (
        "a document of text with a title",
        r#"{"messages":[{"role":"user","content":[{"type":"document","title":"T",
        "source":{"type":"text","media_type":"text/plain","data":"words"}}]}]}"#,
        Partly(
            r#"{"contents":[{"role":"user","parts":[{"text":"words"}]}]}"#,
            &["messages.document.title"],
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
        Refused("messages.search_result"),
    ),
    (
        "breakpoint",
        r#"{"messages":[{"role":"user","content":[{"type":"text","text":"Hi","cache_control":{"type":"ephemeral"}}]}]}"#,
        Lost(&["cache_control"]),
    ),
];

const MODEL: &str = "gemini-2.5-flash";

#[test]
fn fields() {
    check(Claude, Gemini, MODEL, PLAIN);
}

#[test]
fn tools() {
    check(Claude, Gemini, MODEL, TOOLS);
}

#[test]
fn choices() {
    beside(
        r#"{"tools":[{"name":"f","input_schema":{"type":"object"}},{"name":"g","input_schema":{"type":"object"}}]}"#,
        r#"{"tools":[{"functionDeclarations":[{"name":"f","parametersJsonSchema":{"type":"object"}},
            {"name":"g","parametersJsonSchema":{"type":"object"}}]}]}"#,
        Claude,
        Gemini,
        CHOICES,
    );
}

#[test]
fn turns() {
    check(Claude, Gemini, MODEL, TURNS);
}

#[test]
fn models_that_are_told_by_level_and_take_pictures_in_results() {
    check(
        Claude,
        Gemini,
        "gemini-3-flash-preview",
        &[
            (
                "effort",
                r#"{"thinking":{"type":"adaptive"},"output_config":{"effort":"medium"}}"#,
                Says(r#"{"generationConfig":{"thinkingConfig":{"thinkingLevel":"MEDIUM"}}}"#),
            ),
            (
                "budget",
                r#"{"max_tokens":9000,"thinking":{"type":"enabled","budget_tokens":8192}}"#,
                Says(
                    r#"{"generationConfig":{"maxOutputTokens":9000,"thinkingConfig":{"includeThoughts":true,"thinkingLevel":"MEDIUM"}}}"#,
                ),
            ),
            (
                "a picture in a result",
                r#"{"messages":[{"role":"user","content":"Go"},
            {"role":"assistant","content":[{"type":"tool_use","id":"t","name":"f","input":{}}]},
            {"role":"user","content":[{"type":"tool_result","tool_use_id":"t","content":[
                {"type":"image","source":{"type":"base64","media_type":"image/png","data":"iVBO"}}]}]}]}"#,
                Says(
                    r#"{"contents":[{"role":"user","parts":[{"text":"Go"}]},
                {"role":"model","parts":[{"functionCall":{"id":"t","name":"f","args":{}},
                    "thoughtSignature":"c2tpcF90aG91Z2h0X3NpZ25hdHVyZV92YWxpZGF0b3I="}]},
                {"role":"user","parts":[{"functionResponse":{"id":"t","name":"f","response":{"result":""},
                    "parts":[{"inlineData":{"mimeType":"image/png","data":"iVBO"}}]}}]}]}"#,
                ),
            ),
        ],
    );
}
