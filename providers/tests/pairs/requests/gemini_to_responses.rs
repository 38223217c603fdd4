//! Gemini callers, Responses models.

use super::Want::{Lost, Partly, Refused, Says};
use super::{Row, beside, check};
use providers::Schema::{Gemini, Responses};

const PLAIN: &[Row] = &[
    ("nothing", r#"{}"#, Says(r#"{}"#)),
    (
        "limit and sampling",
        r#"{"generationConfig":{"maxOutputTokens":77,"temperature":0.5,"topP":0.9}}"#,
        Says(r#"{"max_output_tokens":77,"temperature":0.5,"top_p":0.9}"#),
    ),
    (
        "fewer tokens than OpenAI takes",
        r#"{"generationConfig":{"maxOutputTokens":15}}"#,
        Refused("generationConfig.maxOutputTokens"),
    ),
    (
        "topK and seed",
        r#"{"generationConfig":{"topK":40,"seed":7}}"#,
        Lost(&["generationConfig.seed", "generationConfig.topK"]),
    ),
    (
        "stops",
        r#"{"generationConfig":{"stopSequences":["a"]}}"#,
        Refused("generationConfig.stopSequences"),
    ),
    (
        "penalty",
        r#"{"generationConfig":{"presencePenalty":0.5}}"#,
        Refused("generationConfig.presencePenalty"),
    ),
    (
        "candidates",
        r#"{"generationConfig":{"candidateCount":2}}"#,
        Refused("generationConfig.candidateCount"),
    ),
    (
        "logprobs",
        r#"{"generationConfig":{"responseLogprobs":true,"logprobs":3}}"#,
        Says(r#"{"top_logprobs":3,"include":["message.output_text.logprobs"]}"#),
    ),
    (
        "pictures out",
        r#"{"generationConfig":{"responseModalities":["TEXT","IMAGE"]}}"#,
        Refused("generationConfig.responseModalities"),
    ),
    (
        "safetySettings",
        r#"{"safetySettings":[{"category":"c","threshold":"t"}]}"#,
        Lost(&["safetySettings"]),
    ),
    ("cachedContent", r#"{"cachedContent":"cachedContents/1"}"#, Refused("cachedContent")),
    ("store", r#"{"store":true}"#, Lost(&["store"])),
    (
        "JSON",
        r#"{"generationConfig":{"responseMimeType":"application/json"}}"#,
        Says(r#"{"text":{"format":{"type":"json_object"}}}"#),
    ),
    (
        "OpenAPI schema",
        r#"{"generationConfig":{"responseMimeType":"application/json","responseSchema":{"type":"OBJECT","properties":{"a":{"type":"STRING","nullable":true}}}}}"#,
        Says(
            r#"{"text":{"format":{"type":"json_schema","name":"response","strict":false,"schema":{"type":"object","properties":{"a":{"type":["string","null"]}}}}}}"#,
        ),
    ),
    (
        "system",
        r#"{"systemInstruction":{"parts":[{"text":"Be"}]}}"#,
        Says(r#"{"instructions":"Be"}"#),
    ),
];

const TOOLS: &[Row] = &[
    (
        "tool",
        r#"{"tools":[{"functionDeclarations":[{"name":"f","description":"d","parametersJsonSchema":{"type":"object"}}]}]}"#,
        Says(
            r#"{"tools":[{"type":"function","name":"f","description":"d","strict":false,"parameters":{"type":"object"}}]}"#,
        ),
    ),
    (
        "OpenAPI parameters",
        r#"{"tools":[{"functionDeclarations":[{"name":"f","parameters":{"type":"OBJECT","properties":{"a":{"type":"STRING"}}}}]}]}"#,
        Says(
            r#"{"tools":[{"type":"function","name":"f","strict":false,"parameters":{"type":"object","properties":{"a":{"type":"string"}}}}]}"#,
        ),
    ),
    (
        "a name that OpenAI does not take",
        r#"{"tools":[{"functionDeclarations":[{"name":"a.b"}]}]}"#,
        Refused("tools"),
    ),
    ("hosted tool", r#"{"tools":[{"googleSearch":{}}]}"#, Refused("tools.hosted")),
];

/// Each said beside two tools, `f` and `g`.
const CHOICES: &[Row] = &[
    (
        "AUTO",
        r#"{"toolConfig":{"functionCallingConfig":{"mode":"AUTO"}}}"#,
        Says(r#"{"tool_choice":"auto"}"#),
    ),
    (
        "NONE",
        r#"{"toolConfig":{"functionCallingConfig":{"mode":"NONE"}}}"#,
        Says(r#"{"tool_choice":"none"}"#),
    ),
    (
        "ANY",
        r#"{"toolConfig":{"functionCallingConfig":{"mode":"ANY"}}}"#,
        Says(r#"{"tool_choice":"required"}"#),
    ),
    (
        "ANY of one",
        r#"{"toolConfig":{"functionCallingConfig":{"mode":"ANY","allowedFunctionNames":["g"]}}}"#,
        Says(r#"{"tool_choice":{"type":"function","name":"g"}}"#),
    ),
    (
        "ANY of both",
        r#"{"toolConfig":{"functionCallingConfig":{"mode":"ANY","allowedFunctionNames":["g","f"]}}}"#,
        Says(
            r#"{"tool_choice":{"type":"allowed_tools","mode":"required","tools":[{"type":"function","name":"g"},{"type":"function","name":"f"}]}}"#,
        ),
    ),
];

const TURNS: &[Row] = &[
    (
        "calls without ids, a failed one, a picture",
        r#"{"contents":[{"role":"user","parts":[{"text":"Go"}]},{"role":"model","parts":[{"functionCall":{"name":"f","args":{"x":1.0}}},{"functionCall":{"id":"c2","name":"g"}}]},{"role":"user","parts":[{"functionResponse":{"id":"c2","name":"g","response":{"error":"no"}}},{"functionResponse":{"name":"f","response":{"output":"one"},"parts":[{"inlineData":{"mimeType":"image/png","data":"iVBO"}}]}}]}]}"#,
        Says(
            r#"{"input":[{"type":"message","role":"user","content":"Go"},{"type":"function_call","call_id":"call_a7ec0179101c95aa","name":"f","arguments":"{\"x\":1.0}"},{"type":"function_call","call_id":"c2","name":"g","arguments":"{}"},{"type":"function_call_output","call_id":"call_a7ec0179101c95aa","output":[{"type":"input_text","text":"one"},{"type":"input_image","image_url":"data:image/png;base64,iVBO","detail":"auto"}]},{"type":"function_call_output","call_id":"c2","output":"Error: no"}]}"#,
        ),
    ),
    (
        "thoughts with another provider's proof",
        r#"{"contents":[{"role":"user","parts":[{"text":"A"}]},{"role":"model","parts":[{"text":"hm","thought":true},{"functionCall":{"id":"c","name":"f","args":{}},"thoughtSignature":"own"}]},{"role":"user","parts":[{"functionResponse":{"id":"c","name":"f","response":{"result":"1"}}}]}]}"#,
        Partly(
            r#"{"input":[{"type":"message","role":"user","content":"A"},{"type":"function_call","call_id":"c","name":"f","arguments":"{}"},{"type":"function_call_output","call_id":"c","output":"1"}]}"#,
            &["contents.parts.thought"],
        ),
    ),
    (
        "image",
        r#"{"contents":[{"parts":[{"inlineData":{"mimeType":"image/png","data":"iVBO","displayName":"a.png"}}]}]}"#,
        Partly(
            r#"{"input":[{"type":"message","role":"user","content":[{"type":"input_image","image_url":"data:image/png;base64,iVBO","detail":"auto"}]}]}"#,
            &["contents.parts.inlineData.displayName"],
        ),
    ),
    (
        "PDF",
        r#"{"contents":[{"parts":[{"inlineData":{"mimeType":"application/pdf","data":"JVBE"}}]}]}"#,
        Says(
            r#"{"input":[{"type":"message","role":"user","content":[{"type":"input_file","filename":"document.pdf","file_data":"data:application/pdf;base64,JVBE"}]}]}"#,
        ),
    ),
    (
        "PDF address",
        r#"{"contents":[{"parts":[{"fileData":{"mimeType":"application/pdf","fileUri":"https://x.io/a.pdf"}}]}]}"#,
        Says(
            r#"{"input":[{"type":"message","role":"user","content":[{"type":"input_file","file_url":"https://x.io/a.pdf"}]}]}"#,
        ),
    ),
    (
        "Google's file",
        r#"{"contents":[{"parts":[{"fileData":{"mimeType":"image/png","fileUri":"https://generativelanguage.googleapis.com/v1beta/files/1"}}]}]}"#,
        Refused("contents"),
    ),
    (
        "audio",
        r#"{"contents":[{"parts":[{"inlineData":{"mimeType":"audio/mp3","data":"SUQz"}}]}]}"#,
        Refused("contents.parts.inlineData"),
    ),
    (
        "code execution",
        r#"{"contents":[{"role":"user","parts":[{"text":"A"}]},{"role":"model","parts":[{"executableCode":{"language":"PYTHON","code":"1"}}]},{"role":"user","parts":[{"text":"B"}]}]}"#,
        Refused("contents"),
    ),
];

#[test]
fn fields() {
    check(Gemini, Responses, "gpt-4.1", PLAIN);
}

#[test]
fn tools() {
    check(Gemini, Responses, "gpt-4.1", TOOLS);
}

#[test]
fn choices() {
    beside(
        r#"{"tools":[{"functionDeclarations":[{"name":"f","parametersJsonSchema":{"type":"object"}},{"name":"g","parametersJsonSchema":{"type":"object"}}]}]}"#,
        r#"{"tools":[{"type":"function","name":"f","strict":false,"parameters":{"type":"object"}},{"type":"function","name":"g","strict":false,"parameters":{"type":"object"}}]}"#,
        Gemini,
        Responses,
        CHOICES,
    );
}

#[test]
fn turns() {
    check(Gemini, Responses, "gpt-4.1", TURNS);
}

#[test]
fn models_that_reason() {
    check(
        Gemini,
        Responses,
        "gpt-5.6",
        &[
            (
                "level, shown",
                r#"{"generationConfig":{"thinkingConfig":{"thinkingLevel":"HIGH","includeThoughts":true}}}"#,
                Says(
                    r#"{"reasoning":{"effort":"high","summary":"auto"},"include":["reasoning.encrypted_content"]}"#,
                ),
            ),
            (
                "budget 0",
                r#"{"generationConfig":{"thinkingConfig":{"thinkingBudget":0}}}"#,
                Says(
                    r#"{"reasoning":{"effort":"none"},"include":["reasoning.encrypted_content"]}"#,
                ),
            ),
        ],
    );
}
