//! Gemini callers, Claude models.

use super::Want::{Emulated, Lost, Partly, Refused, Says};
use super::{Row, beside, check};
use providers::Schema::{Claude, Gemini};

const PLAIN: &[Row] = &[
    ("nothing", "{}", Says("{}")),
    (
        "sampling, in both spellings",
        r#"{"generation_config":{"temperature":0.5,"top_p":0.9,"topK":64,"max_output_tokens":10}}"#,
        Says(r#"{"temperature":0.5,"top_p":0.9,"top_k":64,"max_tokens":10}"#),
    ),
    (
        "temperature above 1",
        r#"{"generationConfig":{"temperature":1.1}}"#,
        Refused("generationConfig.temperature"),
    ),
    ("seed", r#"{"generationConfig":{"seed":7}}"#, Lost(&["generationConfig.seed"])),
    (
        "penalty 0",
        r#"{"generationConfig":{"presencePenalty":0,"frequencyPenalty":0}}"#,
        Lost(&["generationConfig.frequencyPenalty", "generationConfig.presencePenalty"]),
    ),
    (
        "penalty",
        r#"{"generationConfig":{"presencePenalty":1}}"#,
        Refused("generationConfig.presencePenalty"),
    ),
    ("one candidate", r#"{"generationConfig":{"candidateCount":1}}"#, Says("{}")),
    (
        "two candidates",
        r#"{"generationConfig":{"candidateCount":2}}"#,
        Refused("generationConfig.candidateCount"),
    ),
    (
        "logprobs",
        r#"{"generationConfig":{"responseLogprobs":true,"logprobs":2}}"#,
        Refused("generationConfig.responseLogprobs"),
    ),
    (
        "stops",
        r#"{"generationConfig":{"stopSequences":["a"]}}"#,
        Says(r#"{"stop_sequences":["a"]}"#),
    ),
    (
        "blank stop",
        r#"{"generationConfig":{"stopSequences":["\n"]}}"#,
        Refused("generationConfig.stopSequences"),
    ),
    (
        "safety",
        r#"{"safetySettings":[{"category":"HARM_CATEGORY_HARASSMENT","threshold":"BLOCK_NONE"}]}"#,
        Lost(&["safetySettings"]),
    ),
    ("labels", r#"{"labels":{"a":"b"}}"#, Lost(&["labels"])),
    ("cached content", r#"{"cachedContent":"cachedContents/1"}"#, Refused("cachedContent")),
    (
        "pictures out",
        r#"{"generationConfig":{"responseModalities":["TEXT","IMAGE"]}}"#,
        Refused("generationConfig.responseModalities"),
    ),
    ("text out", r#"{"generationConfig":{"responseModalities":["TEXT"]}}"#, Says("{}")),
    (
        "speech",
        r#"{"generationConfig":{"speechConfig":{}}}"#,
        Refused("generationConfig.speechConfig"),
    ),
    (
        "resolution",
        r#"{"generationConfig":{"mediaResolution":"MEDIA_RESOLUTION_LOW"}}"#,
        Lost(&["generationConfig.mediaResolution"]),
    ),
    ("unknown field", r#"{"brandNew":1}"#, Lost(&["brandNew"])),
    (
        "system, snake and string-like",
        r#"{"system_instruction":{"role":"user","parts":{"text":"Be brief"}}}"#,
        Says(r#"{"system":[{"type":"text","text":"Be brief"}]}"#),
    ),
    (
        "JSON",
        r#"{"generationConfig":{"responseMimeType":"application/json"}}"#,
        Emulated(
            r#"{"system":[{"type":"text","text":"Answer with one valid JSON value and nothing else: no prose, no Markdown code fence."}]}"#,
            &["generationConfig.responseMimeType"],
        ),
    ),
    (
        "OpenAPI schema",
        r#"{"generationConfig":{"responseMimeType":"application/json","responseSchema":{"type":"OBJECT",
        "properties":{"a":{"type":"STRING","nullable":true}},"required":["a"],"propertyOrdering":["a"]}}}"#,
        Says(
            r#"{"output_config":{"format":{"type":"json_schema","schema":{"type":"object",
            "properties":{"a":{"type":["string","null"]}},"required":["a"],"additionalProperties":false}}}}"#,
        ),
    ),
    (
        "JSON schema",
        r#"{"generationConfig":{"responseMimeType":"application/json","responseJsonSchema":{"type":"object",
        "properties":{"a":{"type":"string"}},"required":["a"],"additionalProperties":false}}}"#,
        Says(
            r#"{"output_config":{"format":{"type":"json_schema","schema":{"type":"object",
            "properties":{"a":{"type":"string"}},"required":["a"],"additionalProperties":false}}}}"#,
        ),
    ),
    (
        "enum",
        r#"{"generationConfig":{"responseMimeType":"text/x.enum","responseSchema":{"type":"STRING","enum":["a"]}}}"#,
        Refused("generationConfig.responseSchema"),
    ),
    (
        "budget of gemini-cli",
        r#"{"generationConfig":{"thinkingConfig":{"thinkingBudget":8192,"includeThoughts":true}}}"#,
        Says(r#"{"thinking":{"type":"enabled","budget_tokens":8192,"display":"summarized"}}"#),
    ),
    (
        "level",
        r#"{"generationConfig":{"thinkingConfig":{"thinkingLevel":"low"}}}"#,
        Says(r#"{"thinking":{"type":"enabled","budget_tokens":2048}}"#),
    ),
    ("budget 0", r#"{"generationConfig":{"thinkingConfig":{"thinkingBudget":0}}}"#, Says("{}")),
    (
        "budget too small",
        r#"{"generationConfig":{"thinkingConfig":{"thinkingBudget":512}}}"#,
        Refused("generationConfig.thinkingConfig"),
    ),
];

const TOOLS: &[Row] = &[
    (
        "tool in OpenAPI",
        r#"{"tools":[{"functionDeclarations":[{"name":"f","description":"d",
        "parameters":{"type":"OBJECT","properties":{"x":{"type":"NUMBER"}},"required":["x"]}}]}]}"#,
        Says(
            r#"{"tools":[{"name":"f","description":"d","input_schema":{"type":"object","properties":{"x":{"type":"number"}},"required":["x"]}}]}"#,
        ),
    ),
    (
        "tool of the Python SDK",
        r#"{"tools":{"function_declarations":{"name":"f","parameters_json_schema":{"type":"object"}}}}"#,
        Says(r#"{"tools":[{"name":"f","input_schema":{"type":"object"}}]}"#),
    ),
    (
        "tool without arguments",
        r#"{"tools":[{"functionDeclarations":[{"name":"f"}]}]}"#,
        Says(r#"{"tools":[{"name":"f","input_schema":{"type":"object","properties":{}}}]}"#),
    ),
    (
        "what it answers",
        r#"{"tools":[{"functionDeclarations":[{"name":"f","response":{"type":"STRING"}}]}]}"#,
        Partly(
            r#"{"tools":[{"name":"f","input_schema":{"type":"object","properties":{}}}]}"#,
            &["tools.functionDeclarations.response"],
        ),
    ),
    ("search", r#"{"tools":[{"googleSearch":{}}]}"#, Refused("tools.hosted")),
    ("code", r#"{"tools":[{"code_execution":{}}]}"#, Refused("tools.hosted")),
    ("odd name", r#"{"tools":[{"functionDeclarations":[{"name":"a.b:c"}]}]}"#, Refused("tools")),
];

/// Each said beside two tools, `f` and `g`.
const CHOICES: &[Row] = &[
    (
        "AUTO",
        r#"{"toolConfig":{"functionCallingConfig":{"mode":"AUTO"}}}"#,
        Says(r#"{"tool_choice":{"type":"auto"}}"#),
    ),
    (
        "any, in snake case",
        r#"{"tool_config":{"function_calling_config":{"mode":"any"}}}"#,
        Says(r#"{"tool_choice":{"type":"any"}}"#),
    ),
    (
        "NONE",
        r#"{"toolConfig":{"functionCallingConfig":{"mode":"NONE"}}}"#,
        Says(r#"{"tool_choice":{"type":"none"}}"#),
    ),
    (
        "ANY of one",
        r#"{"toolConfig":{"functionCallingConfig":{"mode":"ANY","allowedFunctionNames":["g"]}}}"#,
        Says(r#"{"tool_choice":{"type":"tool","name":"g"}}"#),
    ),
    (
        "ANY of both",
        r#"{"toolConfig":{"functionCallingConfig":{"mode":"ANY","allowedFunctionNames":["g","f"]}}}"#,
        Says(r#"{"tool_choice":{"type":"any"}}"#),
    ),
    (
        "VALIDATED",
        r#"{"toolConfig":{"functionCallingConfig":{"mode":"VALIDATED"}}}"#,
        Says(
            r#"{"tool_choice":{"type":"auto"},"tools":[
            {"name":"f","strict":true,"input_schema":{"type":"object","properties":{},"additionalProperties":false}},
            {"name":"g","strict":true,"input_schema":{"type":"object","properties":{},"additionalProperties":false}}]}"#,
        ),
    ),
    (
        "retrieval",
        r#"{"toolConfig":{"retrievalConfig":{"languageCode":"en"}}}"#,
        Lost(&["toolConfig.retrievalConfig"]),
    ),
];

const TURNS: &[Row] = &[
    (
        "no role, single objects, empty parts",
        r#"{"contents":{"parts":[{"text":""},{"text":"Hi"}]}}"#,
        Says("{}"),
    ),
    (
        "the model first",
        r#"{"contents":[{"role":"model","parts":[{"text":"Yo"}]},{"role":"user","parts":[{"text":"Hi"}]}]}"#,
        Refused("contents"),
    ),
    (
        "thoughts and signatures",
        r#"{"contents":[{"role":"user","parts":[{"text":"A"}]},
        {"role":"model","parts":[{"text":"hm","thought":true},{"text":"Yo","thoughtSignature":"c2ln"},{"text":"","thoughtSignature":"c2ln"}]},
        {"role":"user","parts":[{"text":"B"}]}]}"#,
        Partly(
            r#"{"messages":[{"role":"user","content":[{"type":"text","text":"A"}]},{"role":"assistant","content":[{"type":"text","text":"Yo"}]},
            {"role":"user","content":[{"type":"text","text":"B"}]}]}"#,
            &["contents.parts.thought"],
        ),
    ),
    (
        "calls with ids, results out of order, a failed one, a picture, numbers",
        r#"{"contents":[{"role":"user","parts":[{"text":"Go"}]},
        {"role":"model","parts":[{"text":"Let me see"},{"functionCall":{"id":"c1","name":"f","args":{"x":1.0}},"thoughtSignature":"c2ln"},
            {"functionCall":{"id":"c2","name":"g"}}]},
        {"role":"user","parts":[{"functionResponse":{"id":"c2","name":"g","response":{"error":"no"}}},
            {"functionResponse":{"id":"c1","name":"f","response":{"b":[],"n":1.0},
                "parts":[{"inlineData":{"mimeType":"image/png","data":"iVBO"}}]}}]}]}"#,
        Partly(
            r#"{"messages":[{"role":"user","content":[{"type":"text","text":"Go"}]},
            {"role":"assistant","content":[{"type":"text","text":"Let me see"},
                {"type":"tool_use","id":"c1","name":"f","input":{"x":1.0}},{"type":"tool_use","id":"c2","name":"g","input":{}}]},
            {"role":"user","content":[
                {"type":"tool_result","tool_use_id":"c1","content":[{"type":"text","text":"{\"b\":[],\"n\":1.0}"},
                    {"type":"image","source":{"type":"base64","media_type":"image/png","data":"iVBO"}}]},
                {"type":"tool_result","tool_use_id":"c2","content":[{"type":"text","text":"no"}],"is_error":true}]}]}"#,
            &["contents.parts.thought"],
        ),
    ),
    (
        "a call without its result",
        r#"{"contents":[{"role":"user","parts":[{"text":"Go"}]},{"role":"model","parts":[{"functionCall":{"name":"f"}}]}]}"#,
        Refused("contents.parts.functionResponse"),
    ),
    (
        "image data, snake case",
        r#"{"contents":[{"parts":[{"inline_data":{"mime_type":"image/jpg","data":"/9j/"}}]}]}"#,
        Says(
            r#"{"messages":[{"role":"user","content":[{"type":"image","source":{"type":"base64","media_type":"image/jpeg","data":"/9j/"}}]}]}"#,
        ),
    ),
    (
        "image with a name",
        r#"{"contents":[{"parts":[{"inlineData":{"mimeType":"image/png","data":"iVBO","displayName":"a.png"}}]}]}"#,
        Partly(
            r#"{"messages":[{"role":"user","content":[{"type":"image","source":{"type":"base64","media_type":"image/png","data":"iVBO"}}]}]}"#,
            &["contents.parts.inlineData.displayName"],
        ),
    ),
    (
        "image of a strange type",
        r#"{"contents":[{"parts":[{"inlineData":{"mimeType":"image/heic","data":"AAAA"}}]}]}"#,
        Refused("contents.parts.inlineData"),
    ),
    (
        "PDF",
        r#"{"contents":[{"parts":[{"inlineData":{"mimeType":"application/pdf","data":"JVBE"}}]}]}"#,
        Says(
            r#"{"messages":[{"role":"user","content":[{"type":"document","source":{"type":"base64","media_type":"application/pdf","data":"JVBE"}}]}]}"#,
        ),
    ),
    (
        "image address",
        r#"{"contents":[{"parts":[{"fileData":{"mimeType":"image/png","fileUri":"https://x.io/a"}}]}]}"#,
        Says(
            r#"{"messages":[{"role":"user","content":[{"type":"image","source":{"type":"url","url":"https://x.io/a"}}]}]}"#,
        ),
    ),
    (
        "Google's file",
        r#"{"contents":[{"parts":[{"fileData":{"mimeType":"image/png","fileUri":"gs://b/a.png"}}]}]}"#,
        Refused("contents"),
    ),
    (
        "audio",
        r#"{"contents":[{"parts":[{"inlineData":{"mimeType":"audio/wav","data":"UklG"}}]}]}"#,
        Refused("contents.parts.inlineData"),
    ),
    (
        "video",
        r#"{"contents":[{"parts":[{"inlineData":{"mimeType":"video/mp4","data":"AAAA"}}]}]}"#,
        Refused("contents"),
    ),
    (
        "code that ran",
        r#"{"contents":[{"parts":[{"text":"Go"}]},{"role":"model","parts":[{"executableCode":{"language":"PYTHON","code":"1"}}]},{"parts":[{"text":"B"}]}]}"#,
        Refused("contents"),
    ),
];

/// Ids are made from what stands before, the same for call and result (`wire.md` §5.2).
const NO_IDS: &str = r#"{"contents":[{"role":"user","parts":[{"text":"Go"}]},
    {"role":"model","parts":[{"functionCall":{"name":"f","args":{"n":1}}},{"functionCall":{"name":"f","args":{"n":2}}},{"functionCall":{"name":"g","args":{}}}]},
    {"role":"function","parts":[{"functionResponse":{"name":"g","response":{"result":"three"}}},
        {"functionResponse":{"name":"f","response":{"result":"one"}}},{"functionResponse":{"name":"f","response":{"result":"two"}}}]}]}"#;

#[test]
fn fields() {
    check(Gemini, Claude, "claude-sonnet-4-5", PLAIN);
}

#[test]
fn tools() {
    check(Gemini, Claude, "claude-sonnet-4-5", TOOLS);
}

#[test]
fn choices() {
    beside(
        r#"{"tools":[{"functionDeclarations":[{"name":"f"},{"name":"g"}]}]}"#,
        r#"{"tools":[{"name":"f","input_schema":{"type":"object","properties":{}}},{"name":"g","input_schema":{"type":"object","properties":{}}}]}"#,
        Gemini,
        Claude,
        CHOICES,
    );
}

#[test]
fn turns() {
    check(Gemini, Claude, "claude-sonnet-4-5", TURNS);
}

#[test]
fn calls_without_ids_are_paired_by_name_and_order() {
    let encoded = crate::support::send(Gemini, Claude, "claude-sonnet-4-5", NO_IDS).unwrap();
    let body: serde_json::Value = serde_json::from_slice(&encoded.body).unwrap();
    let text = |index: usize| body["messages"][2]["content"][index]["content"][0]["text"].clone();
    assert_eq!([text(0), text(1), text(2)], ["one", "two", "three"]);
    for index in 0..3 {
        let id = &body["messages"][1]["content"][index]["id"];
        assert!(id.as_str().unwrap().starts_with("call_"), "{id}");
        assert_eq!(id, &body["messages"][2]["content"][index]["tool_use_id"]);
    }
}

#[test]
fn newer_models() {
    check(
        Gemini,
        Claude,
        "claude-opus-5",
        &[
            (
                "what gemini-cli always says",
                r#"{"generationConfig":{"temperature":1,"topP":0.95,"topK":64}}"#,
                Refused("generationConfig.topP"),
            ),
            (
                "level",
                r#"{"generationConfig":{"thinkingConfig":{"thinkingLevel":"HIGH","includeThoughts":true}}}"#,
                Says(
                    r#"{"max_tokens":128000,"thinking":{"type":"adaptive","display":"summarized"},"output_config":{"effort":"high"}}"#,
                ),
            ),
            (
                "budget",
                r#"{"generationConfig":{"thinkingConfig":{"thinkingBudget":8192}}}"#,
                Partly(
                    r#"{"max_tokens":128000,"thinking":{"type":"adaptive"},"output_config":{"effort":"medium"}}"#,
                    &["generationConfig.thinkingConfig"],
                ),
            ),
            (
                "any budget",
                r#"{"generationConfig":{"thinkingConfig":{"thinkingBudget":-1}}}"#,
                Says(r#"{"max_tokens":128000,"thinking":{"type":"adaptive"}}"#),
            ),
            (
                "budget 0",
                r#"{"generationConfig":{"thinkingConfig":{"thinkingBudget":0}}}"#,
                Says(r#"{"max_tokens":128000,"thinking":{"type":"disabled"}}"#),
            ),
        ],
    );
}
