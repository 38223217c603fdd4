//! Gemini callers, Chat models.

use super::Want::{Lost, Partly, Refused, Says};
use super::{Row, beside, check};
use providers::Schema::{Chat, Gemini};

const PLAIN: &[Row] = &[
    ("nothing", "{}", Says("{}")),
    (
        "sampling, in both spellings",
        r#"{"generation_config":{"temperature":1.5,"top_p":0.9,"max_output_tokens":10,"seed":3,
        "presencePenalty":0.5,"frequency_penalty":-0.5}}"#,
        Says(
            r#"{"temperature":1.5,"top_p":0.9,"max_completion_tokens":10,"seed":3,"presence_penalty":0.5,"frequency_penalty":-0.5}"#,
        ),
    ),
    (
        "logprobs",
        r#"{"generationConfig":{"responseLogprobs":true,"logprobs":2}}"#,
        Says(r#"{"logprobs":true,"top_logprobs":2}"#),
    ),
    ("top_k", r#"{"generationConfig":{"topK":64}}"#, Lost(&["generationConfig.topK"])),
    ("two candidates", r#"{"generationConfig":{"candidateCount":2}}"#, Says(r#"{"n":2}"#)),
    (
        "stops",
        r#"{"generationConfig":{"stopSequences":["a","\n"]}}"#,
        Says(r#"{"stop":["a","\n"]}"#),
    ),
    (
        "five stops",
        r#"{"generationConfig":{"stopSequences":["a","b","c","d","e"]}}"#,
        Refused("generationConfig.stopSequences"),
    ),
    (
        "safety",
        r#"{"safetySettings":[{"category":"HARM_CATEGORY_HARASSMENT","threshold":"BLOCK_NONE"}]}"#,
        Lost(&["safetySettings"]),
    ),
    ("cached content", r#"{"cachedContent":"cachedContents/1"}"#, Refused("cachedContent")),
    (
        "pictures out",
        r#"{"generationConfig":{"responseModalities":["IMAGE"]}}"#,
        Refused("generationConfig.responseModalities"),
    ),
    (
        "system",
        r#"{"systemInstruction":{"parts":[{"text":"Be brief"}]}}"#,
        Says(
            r#"{"messages":[{"role":"system","content":"Be brief"},{"role":"user","content":"Hi"}]}"#,
        ),
    ),
    (
        "JSON",
        r#"{"generationConfig":{"responseMimeType":"application/json"}}"#,
        Says(r#"{"response_format":{"type":"json_object"}}"#),
    ),
    (
        "OpenAPI schema",
        r#"{"generationConfig":{"responseMimeType":"application/json","responseSchema":{"type":"OBJECT",
        "properties":{"a":{"type":"STRING","nullable":true}},"required":["a"],"propertyOrdering":["a"]}}}"#,
        Says(
            r#"{"response_format":{"type":"json_schema","json_schema":{"name":"response","schema":{"type":"object",
            "properties":{"a":{"type":["string","null"]}},"required":["a"]}}}}"#,
        ),
    ),
    // gpt-4.1 does not think.
    (
        "level",
        r#"{"generationConfig":{"thinkingConfig":{"thinkingLevel":"HIGH"}}}"#,
        Lost(&["generationConfig.thinkingConfig"]),
    ),
    ("budget 0", r#"{"generationConfig":{"thinkingConfig":{"thinkingBudget":0}}}"#, Says("{}")),
];

const TOOLS: &[Row] = &[
    (
        "tool in OpenAPI",
        r#"{"tools":[{"functionDeclarations":[{"name":"f","description":"d",
        "parameters":{"type":"OBJECT","properties":{"x":{"type":"NUMBER"}},"required":["x"]}}]}]}"#,
        Says(
            r#"{"tools":[{"type":"function","function":{"name":"f","description":"d",
            "parameters":{"type":"object","properties":{"x":{"type":"number"}},"required":["x"]}}}]}"#,
        ),
    ),
    ("search", r#"{"tools":[{"googleSearch":{}}]}"#, Refused("tools.hosted")),
    ("odd name", r#"{"tools":[{"functionDeclarations":[{"name":"a.b"}]}]}"#, Refused("tools")),
];

/// Each said beside two tools: `f`, all of whose arguments are required, and `g`, of which one is
/// not.
const CHOICES: &[Row] = &[
    (
        "AUTO",
        r#"{"toolConfig":{"functionCallingConfig":{"mode":"AUTO"}}}"#,
        Says(r#"{"tool_choice":"auto"}"#),
    ),
    (
        "ANY",
        r#"{"toolConfig":{"functionCallingConfig":{"mode":"ANY"}}}"#,
        Says(r#"{"tool_choice":"required"}"#),
    ),
    (
        "NONE",
        r#"{"toolConfig":{"functionCallingConfig":{"mode":"NONE"}}}"#,
        Says(r#"{"tool_choice":"none"}"#),
    ),
    (
        "ANY of one",
        r#"{"toolConfig":{"functionCallingConfig":{"mode":"ANY","allowedFunctionNames":["g"]}}}"#,
        Says(r#"{"tool_choice":{"type":"function","function":{"name":"g"}}}"#),
    ),
    (
        "ANY of both",
        r#"{"toolConfig":{"functionCallingConfig":{"mode":"ANY","allowedFunctionNames":["g","f"]}}}"#,
        Says(
            r#"{"tool_choice":{"type":"allowed_tools","allowed_tools":{"mode":"required","tools":[
            {"type":"function","function":{"name":"g"}},{"type":"function","function":{"name":"f"}}]}}}"#,
        ),
    ),
    (
        "VALIDATED as far as OpenAI can be held to it",
        r#"{"toolConfig":{"functionCallingConfig":{"mode":"VALIDATED"}}}"#,
        Partly(
            r#"{"tool_choice":"auto","tools":[
            {"type":"function","function":{"name":"f","strict":true,"parameters":{"type":"object","properties":{"x":{"type":"number"}},
                "required":["x"],"additionalProperties":false}}},
            {"type":"function","function":{"name":"g","parameters":{"type":"object","properties":{"x":{"type":"number"}}}}}]}"#,
            &["tools"],
        ),
    ),
];

const TURNS: &[Row] = &[
    (
        "the model first",
        r#"{"contents":[{"role":"model","parts":[{"text":"Yo"}]},{"role":"user","parts":[{"text":"Hi"}]}]}"#,
        Says(
            r#"{"messages":[{"role":"assistant","content":"Yo"},{"role":"user","content":"Hi"}]}"#,
        ),
    ),
    (
        "thoughts and signatures",
        r#"{"contents":[{"role":"user","parts":[{"text":"A"}]},
        {"role":"model","parts":[{"text":"hm","thought":true},{"text":"Yo","thoughtSignature":"c2ln"}]},
        {"role":"user","parts":[{"text":"B"}]}]}"#,
        Partly(
            r#"{"messages":[{"role":"user","content":"A"},{"role":"assistant","content":"Yo"},{"role":"user","content":"B"}]}"#,
            &["contents.parts.thought"],
        ),
    ),
    (
        "calls with ids, results out of order, a failed one, a picture",
        r#"{"contents":[{"role":"user","parts":[{"text":"Go"}]},
        {"role":"model","parts":[{"functionCall":{"id":"c1","name":"f","args":{"x":1.0}},"thoughtSignature":"c2ln"},
            {"functionCall":{"id":"c2","name":"g"}}]},
        {"role":"user","parts":[{"functionResponse":{"id":"c2","name":"g","response":{"error":"no"}}},
            {"functionResponse":{"id":"c1","name":"f","response":{"output":"one"},
                "parts":[{"inlineData":{"mimeType":"image/png","data":"iVBO"}}]}}]}]}"#,
        Partly(
            r#"{"messages":[{"role":"user","content":"Go"},
            {"role":"assistant","content":null,"tool_calls":[
                {"id":"c1","type":"function","function":{"name":"f","arguments":"{\"x\":1.0}"}},
                {"id":"c2","type":"function","function":{"name":"g","arguments":"{}"}}]},
            {"role":"tool","tool_call_id":"c1","content":"one"},{"role":"tool","tool_call_id":"c2","content":"Error: no"},
            {"role":"user","content":[{"type":"text","text":"From the result of tool call c1:"},
                {"type":"image_url","image_url":{"url":"data:image/png;base64,iVBO"}}]}]}"#,
            &["contents.parts.functionResponse", "contents.parts.thought"],
        ),
    ),
    (
        "image",
        r#"{"contents":[{"parts":[{"inlineData":{"mimeType":"image/png","data":"iVBO","displayName":"a.png"}}]}]}"#,
        Partly(
            r#"{"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:image/png;base64,iVBO"}}]}]}"#,
            &["contents.parts.inlineData.displayName"],
        ),
    ),
    (
        "how finely to look",
        r#"{"contents":[{"parts":[{"inlineData":{"mimeType":"image/png","data":"iVBO"},"mediaResolution":{"level":"LOW"}}]}]}"#,
        Partly(
            r#"{"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:image/png;base64,iVBO"}}]}]}"#,
            &["contents.parts.mediaResolution"],
        ),
    ),
    (
        "PDF",
        r#"{"contents":[{"parts":[{"inlineData":{"mimeType":"application/pdf","data":"JVBE"}}]}]}"#,
        Says(
            r#"{"messages":[{"role":"user","content":[{"type":"file","file":{"filename":"document.pdf","file_data":"data:application/pdf;base64,JVBE"}}]}]}"#,
        ),
    ),
    (
        "audio",
        r#"{"contents":[{"parts":[{"inlineData":{"mimeType":"audio/mp3","data":"SUQz"}}]}]}"#,
        Says(
            r#"{"messages":[{"role":"user","content":[{"type":"input_audio","input_audio":{"data":"SUQz","format":"mp3"}}]}]}"#,
        ),
    ),
    (
        "audio that Chat can't hear",
        r#"{"contents":[{"parts":[{"inlineData":{"mimeType":"audio/ogg","data":"T2dn"}}]}]}"#,
        Refused("contents.parts.inlineData"),
    ),
    (
        "PDF address",
        r#"{"contents":[{"parts":[{"fileData":{"mimeType":"application/pdf","fileUri":"https://x.io/a.pdf"}}]}]}"#,
        Refused("contents.parts.inlineData"),
    ),
    (
        "Google's file",
        r#"{"contents":[{"parts":[{"fileData":{"mimeType":"image/png","fileUri":"https://generativelanguage.googleapis.com/v1beta/files/1"}}]}]}"#,
        Refused("contents"),
    ),
    (
        "picture of the model's",
        r#"{"contents":[{"parts":[{"text":"A"}]},{"role":"model","parts":[{"inlineData":{"mimeType":"image/png","data":"iVBO"}}]},{"parts":[{"text":"B"}]}]}"#,
        Refused("contents.parts.inlineData"),
    ),
];

#[test]
fn fields() {
    check(Gemini, Chat, "gpt-4.1", PLAIN);
}

#[test]
fn tools() {
    check(Gemini, Chat, "gpt-4.1", TOOLS);
}

#[test]
fn choices() {
    beside(
        r#"{"tools":[{"functionDeclarations":[
            {"name":"f","parametersJsonSchema":{"type":"object","properties":{"x":{"type":"number"}},"required":["x"]}},
            {"name":"g","parametersJsonSchema":{"type":"object","properties":{"x":{"type":"number"}}}}]}]}"#,
        r#"{"tools":[
            {"type":"function","function":{"name":"f","parameters":{"type":"object","properties":{"x":{"type":"number"}},"required":["x"]}}},
            {"type":"function","function":{"name":"g","parameters":{"type":"object","properties":{"x":{"type":"number"}}}}}]}"#,
        Gemini,
        Chat,
        CHOICES,
    );
}

#[test]
fn turns() {
    check(Gemini, Chat, "gpt-4.1", TURNS);
}

#[test]
fn models_that_reason() {
    check(
        Gemini,
        Chat,
        "gpt-5.2",
        &[
            (
                "level",
                r#"{"generationConfig":{"thinkingConfig":{"thinkingLevel":"HIGH"}}}"#,
                Says(r#"{"reasoning_effort":"high"}"#),
            ),
            (
                "budget, shown",
                r#"{"generationConfig":{"thinkingConfig":{"thinkingBudget":8192,"includeThoughts":true}}}"#,
                Partly(r#"{"reasoning_effort":"medium"}"#, &["generationConfig.thinkingConfig"]),
            ),
            (
                "budget 0",
                r#"{"generationConfig":{"thinkingConfig":{"thinkingBudget":0}}}"#,
                Says(r#"{"reasoning_effort":"none"}"#),
            ),
            (
                "any budget",
                r#"{"generationConfig":{"thinkingConfig":{"thinkingBudget":-1}}}"#,
                Says("{}"),
            ),
        ],
    );
}
