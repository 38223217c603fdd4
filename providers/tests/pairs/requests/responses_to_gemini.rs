//! Responses callers, Gemini models.

use super::Want::{Emulated, Lost, Partly, Refused, Says};
use super::{Row, beside, check};
use providers::Schema::{Gemini, Responses};

const PLAIN: &[Row] = &[
    ("nothing", r#"{}"#, Says(r#"{}"#)),
    (
        "max_output_tokens",
        r#"{"max_output_tokens":77}"#,
        Says(r#"{"generationConfig":{"maxOutputTokens":77}}"#),
    ),
    (
        "sampling",
        r#"{"temperature":1.5,"top_p":0.9}"#,
        Says(r#"{"generationConfig":{"temperature":1.5,"topP":0.9}}"#),
    ),
    (
        "logprobs",
        r#"{"include":["message.output_text.logprobs"],"top_logprobs":2}"#,
        Says(r#"{"generationConfig":{"responseLogprobs":true,"logprobs":2}}"#),
    ),
    ("user", r#"{"safety_identifier":"u"}"#, Lost(&["safety_identifier"])),
    (
        "hints of both",
        r#"{"metadata":{"a":"b"},"service_tier":"flex","prompt_cache_key":"k","text":{"verbosity":"low"},"store":false}"#,
        Lost(&["metadata", "prompt_cache_key", "service_tier", "store", "text.verbosity"]),
    ),
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
        Says(r#"{"systemInstruction":{"parts":[{"text":"A"},{"text":"B"}]}}"#),
    ),
    (
        "json_schema",
        r#"{"text":{"format":{"type":"json_schema","name":"n","schema":{"type":"object"}}}}"#,
        Partly(
            r#"{"generationConfig":{"responseMimeType":"application/json","responseJsonSchema":{"type":"object"}}}"#,
            &["text.format.name"],
        ),
    ),
    (
        "effort and summary",
        r#"{"reasoning":{"effort":"low","summary":"auto"}}"#,
        Says(
            r#"{"generationConfig":{"thinkingConfig":{"thinkingBudget":1024,"includeThoughts":true}}}"#,
        ),
    ),
];

const TOOLS: &[Row] = &[
    (
        "tool",
        r#"{"tools":[{"type":"function","name":"f","description":"d","strict":false,"parameters":{"type":"object"}}]}"#,
        Says(
            r#"{"tools":[{"functionDeclarations":[{"name":"f","description":"d","parametersJsonSchema":{"type":"object"}}]}]}"#,
        ),
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
    (
        "auto",
        r#"{"tool_choice":"auto"}"#,
        Says(r#"{"toolConfig":{"functionCallingConfig":{"mode":"AUTO"}}}"#),
    ),
    (
        "none",
        r#"{"tool_choice":"none"}"#,
        Says(r#"{"toolConfig":{"functionCallingConfig":{"mode":"NONE"}}}"#),
    ),
    (
        "required",
        r#"{"tool_choice":"required"}"#,
        Says(r#"{"toolConfig":{"functionCallingConfig":{"mode":"ANY"}}}"#),
    ),
    (
        "named",
        r#"{"tool_choice":{"type":"function","name":"g"}}"#,
        Says(
            r#"{"toolConfig":{"functionCallingConfig":{"mode":"ANY","allowedFunctionNames":["g"]}}}"#,
        ),
    ),
    (
        "allowed",
        r#"{"tool_choice":{"type":"allowed_tools","mode":"required","tools":[{"type":"function","name":"g"}]}}"#,
        Says(
            r#"{"toolConfig":{"functionCallingConfig":{"mode":"ANY","allowedFunctionNames":["g"]}}}"#,
        ),
    ),
    ("one at a time", r#"{"parallel_tool_calls":false}"#, Emulated("{}", &["parallel_tool_calls"])),
];

const TURNS: &[Row] = &[
    (
        "calls, results out of order, a picture",
        r#"{"input":[{"type":"message","role":"user","content":"Go"},{"type":"message","role":"assistant","content":[{"type":"output_text","text":"Let me see","annotations":[]}]},{"type":"function_call","id":"fc_1","status":"completed","call_id":"call_1","name":"f","arguments":"{\"x\":1.0}"},{"type":"function_call","call_id":"call_2","name":"g","arguments":""},{"type":"function_call_output","call_id":"call_2","output":"two"},{"type":"function_call_output","call_id":"call_1","output":[{"type":"input_text","text":"one"},{"type":"input_image","image_url":"data:image/png;base64,iVBO"}]},{"type":"message","role":"user","content":"And?"}]}"#,
        Says(
            r#"{"contents":[{"role":"user","parts":[{"text":"Go"}]},{"role":"model","parts":[{"text":"Let me see"},{"functionCall":{"id":"call_1","name":"f","args":{"x":1.0}}},{"functionCall":{"id":"call_2","name":"g","args":{}}}]},{"role":"user","parts":[{"functionResponse":{"id":"call_1","name":"f","response":{"result":"one"}}},{"inlineData":{"mimeType":"image/png","data":"iVBO"}},{"functionResponse":{"id":"call_2","name":"g","response":{"result":"two"}}},{"text":"And?"}]}]}"#,
        ),
    ),
    (
        "developer in the middle",
        r#"{"input":[{"type":"message","role":"user","content":"Hi"},{"type":"message","role":"developer","content":"Be brief"}]}"#,
        Partly(
            r#"{"contents":[{"role":"user","parts":[{"text":"Hi"},{"text":"<system>Be brief</system>"}]}]}"#,
            &["instructions"],
        ),
    ),
    (
        "PDF",
        r#"{"input":[{"role":"user","content":[{"type":"input_file","file_data":"data:application/pdf;base64,JVBE"}]}]}"#,
        Says(
            r#"{"contents":[{"role":"user","parts":[{"inlineData":{"mimeType":"application/pdf","data":"JVBE"}}]}]}"#,
        ),
    ),
    (
        "PDF address",
        r#"{"input":[{"role":"user","content":[{"type":"input_file","file_url":"https://x.io/a.pdf"}]}]}"#,
        Says(
            r#"{"contents":[{"role":"user","parts":[{"fileData":{"mimeType":"application/pdf","fileUri":"https://x.io/a.pdf"}}]}]}"#,
        ),
    ),
    (
        "a call that nobody asked for",
        r#"{"input":[{"type":"function_call","call_id":"c","name":"f","arguments":"{}"},{"type":"function_call_output","call_id":"c","output":"1"}]}"#,
        Refused("input"),
    ),
    (
        "free-text call",
        r#"{"input":[{"type":"message","role":"user","content":"Go"},{"type":"custom_tool_call","call_id":"c","name":"sql","input":"select 1"},{"type":"custom_tool_call_output","call_id":"c","output":"1"}]}"#,
        Refused("input.function_call"),
    ),
    (
        "breakpoint",
        r#"{"input":[{"role":"user","content":[{"type":"input_text","text":"Hi","prompt_cache_breakpoint":{"mode":"explicit"}}]}]}"#,
        Lost(&["prompt_cache_breakpoint"]),
    ),
    (
        "item_reference",
        r#"{"input":[{"type":"message","role":"user","content":"Hi"},{"type":"item_reference","id":"msg_1"}]}"#,
        Refused("input.item_reference"),
    ),
    (
        "hosted call in history",
        r#"{"input":[{"type":"message","role":"user","content":"Hi"},{"type":"web_search_call","id":"ws_1"},{"type":"message","role":"user","content":"So"}]}"#,
        Refused("input.web_search_call"),
    ),
    (
        "compaction",
        r#"{"input":[{"type":"message","role":"user","content":"Hi"},{"type":"compaction","encrypted_content":"x"}]}"#,
        Refused("input.compaction"),
    ),
    (
        "novel part",
        r#"{"input":[{"role":"user","content":[{"type":"input_novel"}]}]}"#,
        Refused("input.input_novel"),
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
    check(Responses, Gemini, "gemini-2.5-flash", PLAIN);
}

#[test]
fn tools() {
    check(Responses, Gemini, "gemini-2.5-flash", TOOLS);
}

#[test]
fn choices() {
    beside(
        r#"{"tools":[{"type":"function","name":"f","strict":false,"parameters":{"type":"object"}},{"type":"function","name":"g","strict":false,"parameters":{"type":"object"}}]}"#,
        r#"{"tools":[{"functionDeclarations":[{"name":"f","parametersJsonSchema":{"type":"object"}},{"name":"g","parametersJsonSchema":{"type":"object"}}]}]}"#,
        Responses,
        Gemini,
        CHOICES,
    );
}

#[test]
fn turns() {
    check(Responses, Gemini, "gemini-2.5-flash", TURNS);
}

#[test]
fn thoughts_of_a_model_that_has_none() {
    let rows: &[Row] = &[
        ("to see them", r#"{"reasoning":{"summary":"auto"}}"#, Lost(&["reasoning"])),
        ("none of them", r#"{"reasoning":{"effort":"none"}}"#, Says("{}")),
    ];
    check(Responses, Gemini, "gemini-2.0-flash", rows);
}
