//! Chat callers, Gemini models.

use super::Want::{Lost, Partly, Refused, Says};
use super::{Row, beside, check};
use providers::Schema::{Chat, Gemini};

const PLAIN: &[Row] = &[
    ("nothing", "{}", Says("{}")),
    (
        "max tokens",
        r#"{"max_completion_tokens":5}"#,
        Says(r#"{"generationConfig":{"maxOutputTokens":5}}"#),
    ),
    (
        "sampling",
        r#"{"temperature":2,"top_p":0.5,"seed":7,"presence_penalty":-1,"frequency_penalty":1.5,"top_k":4}"#,
        Says(
            r#"{"generationConfig":{"temperature":2,"topP":0.5,"seed":7,"presencePenalty":-1,"frequencyPenalty":1.5,"topK":4}}"#,
        ),
    ),
    ("n", r#"{"n":2}"#, Says(r#"{"generationConfig":{"candidateCount":2}}"#)),
    ("logit_bias", r#"{"logit_bias":{"1":1}}"#, Refused("logit_bias")),
    (
        "logprobs",
        r#"{"logprobs":true,"top_logprobs":3}"#,
        Says(r#"{"generationConfig":{"responseLogprobs":true,"logprobs":3}}"#),
    ),
    ("no logit_bias", r#"{"logit_bias":{}}"#, Lost(&["logit_bias"])),
    ("stop", r#"{"stop":"END"}"#, Says(r#"{"generationConfig":{"stopSequences":["END"]}}"#)),
    (
        "five stops",
        r#"{"stop":["a","b","c","d","e"]}"#,
        Says(r#"{"generationConfig":{"stopSequences":["a","b","c","d","e"]}}"#),
    ),
    ("six stops", r#"{"stop":["a","b","c","d","e","f"]}"#, Refused("stop")),
    ("streamed", r#"{"stream":true}"#, Says("{}")),
    ("user", r#"{"user":"u1"}"#, Lost(&["user"])),
    (
        "hints",
        r#"{"service_tier":"flex","verbosity":"low","prompt_cache_key":"k","metadata":{"a":"b"}}"#,
        Lost(&["metadata", "prompt_cache_key", "service_tier", "verbosity"]),
    ),
    ("store true", r#"{"store":true}"#, Refused("store")),
    ("audio out", r#"{"modalities":["text","audio"]}"#, Refused("modalities")),
    (
        "json_object",
        r#"{"response_format":{"type":"json_object"}}"#,
        Says(r#"{"generationConfig":{"responseMimeType":"application/json"}}"#),
    ),
    (
        "what a json_schema is for",
        r#"{"response_format":{"type":"json_schema","json_schema":{"name":"n","description":"A book.",
        "schema":{"type":"object","properties":{},"additionalProperties":false}}}}"#,
        Partly(
            r#"{"generationConfig":{"responseMimeType":"application/json","responseJsonSchema":{"type":"object","properties":{},"additionalProperties":false}}}"#,
            &["response_format.json_schema.description", "response_format.json_schema.name"],
        ),
    ),
    (
        "json_schema",
        r#"{"response_format":{"type":"json_schema","json_schema":{"name":"n","strict":true,
        "schema":{"type":"object","properties":{"a":{"type":"string"}},"required":["a"],"additionalProperties":false}}}}"#,
        Partly(
            r#"{"generationConfig":{"responseMimeType":"application/json","responseJsonSchema":
            {"type":"object","properties":{"a":{"type":"string"}},"required":["a"],"additionalProperties":false}}}"#,
            &["response_format.json_schema.name"],
        ),
    ),
    (
        "json_schema that Gemini knows half of",
        r#"{"response_format":{"type":"json_schema","json_schema":{"name":"n",
        "schema":{"$schema":"https://json-schema.org/draft/2020-12/schema","type":"object",
            "properties":{"a":{"const":"x"},"b":{"type":"string","pattern":"^a"}}}}}}"#,
        Partly(
            r#"{"generationConfig":{"responseMimeType":"application/json","responseJsonSchema":
            {"type":"object","properties":{"a":{"enum":["x"]},"b":{"type":"string"}}}}}"#,
            &["response_format.json_schema.name", "response_format.json_schema.schema"],
        ),
    ),
    (
        "effort",
        r#"{"reasoning_effort":"medium"}"#,
        Says(r#"{"generationConfig":{"thinkingConfig":{"thinkingBudget":8192}}}"#),
    ),
    (
        "no effort",
        r#"{"reasoning_effort":"none"}"#,
        Says(r#"{"generationConfig":{"thinkingConfig":{"thinkingBudget":0}}}"#),
    ),
];

const TOOLS: &[Row] = &[
    (
        "tool",
        r#"{"tools":[{"type":"function","function":{"name":"f","description":"d",
        "parameters":{"type":"object","properties":{"x":{"type":"number"}}}}}]}"#,
        Says(
            r#"{"tools":[{"functionDeclarations":[{"name":"f","description":"d",
            "parametersJsonSchema":{"type":"object","properties":{"x":{"type":"number"}}}}]}]}"#,
        ),
    ),
    (
        "tool without arguments",
        r#"{"tools":[{"type":"function","function":{"name":"f"}}]}"#,
        Says(r#"{"tools":[{"functionDeclarations":[{"name":"f"}]}]}"#),
    ),
    (
        "strict tool",
        r#"{"tools":[{"type":"function","function":{"name":"f","strict":true,
        "parameters":{"type":"object","properties":{},"required":[],"additionalProperties":false}}}]}"#,
        Says(
            r#"{"tools":[{"functionDeclarations":[{"name":"f",
            "parametersJsonSchema":{"type":"object","properties":{},"required":[],"additionalProperties":false}}]}],
            "toolConfig":{"functionCallingConfig":{"mode":"VALIDATED"}}}"#,
        ),
    ),
    (
        "a schema of a draft",
        r#"{"tools":[{"type":"function","function":{"name":"f","parameters":{
        "$schema":"http://json-schema.org/draft-07/schema#","type":"object","properties":{"x":{"type":"integer","exclusiveMinimum":0},"y":{"type":"string","pattern":"^a"}}}}}]}"#,
        Partly(
            r#"{"tools":[{"functionDeclarations":[{"name":"f",
            "parametersJsonSchema":{"type":"object","properties":{"x":{"type":"integer","minimum":1},"y":{"type":"string"}}}}]}]}"#,
            &["tools"],
        ),
    ),
    (
        "custom tool",
        r#"{"tools":[{"type":"custom","custom":{"name":"sql"}}]}"#,
        Refused("tools.custom"),
    ),
    ("odd name", r#"{"tools":[{"type":"function","function":{"name":"1st"}}]}"#, Refused("tools")),
];

/// Each said beside two tools, `f` and `g`.
const CHOICES: &[Row] = &[
    (
        "auto",
        r#"{"tool_choice":"auto"}"#,
        Says(r#"{"toolConfig":{"functionCallingConfig":{"mode":"AUTO"}}}"#),
    ),
    (
        "none keeps the tools",
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
        r#"{"tool_choice":{"type":"function","function":{"name":"g"}}}"#,
        Says(
            r#"{"toolConfig":{"functionCallingConfig":{"mode":"ANY","allowedFunctionNames":["g"]}}}"#,
        ),
    ),
    (
        "allowed",
        r#"{"tool_choice":{"type":"allowed_tools","allowed_tools":{"mode":"auto","tools":[{"type":"function","function":{"name":"g"}}]}}}"#,
        Says(
            r#"{"toolConfig":{"functionCallingConfig":{"mode":"VALIDATED","allowedFunctionNames":["g"]}}}"#,
        ),
    ),
    (
        "one of the allowed",
        r#"{"tool_choice":{"type":"allowed_tools","allowed_tools":{"mode":"required","tools":[{"type":"function","function":{"name":"g"}}]}}}"#,
        Says(
            r#"{"toolConfig":{"functionCallingConfig":{"mode":"ANY","allowedFunctionNames":["g"]}}}"#,
        ),
    ),
    // The first call of the answer is kept.
    ("one at a time", r#"{"parallel_tool_calls":false}"#, Says("{}")),
    ("many", r#"{"parallel_tool_calls":true}"#, Says("{}")),
];

const TURNS: &[Row] = &[
    (
        "system and developer",
        r#"{"messages":[{"role":"system","content":"A"},{"role":"developer","content":"B"},{"role":"user","content":"Hi"}]}"#,
        Says(r#"{"systemInstruction":{"parts":[{"text":"A"},{"text":"B"}]}}"#),
    ),
    (
        "system in the middle",
        r#"{"messages":[{"role":"user","content":"Hi"},{"role":"assistant","content":"Yo"},
        {"role":"developer","content":"Be brief"},{"role":"user","content":"So"}]}"#,
        Partly(
            r#"{"contents":[{"role":"user","parts":[{"text":"Hi"}]},{"role":"model","parts":[{"text":"Yo"}]},
            {"role":"user","parts":[{"text":"<system>Be brief</system>"},{"text":"So"}]}]}"#,
            &["messages.system"],
        ),
    ),
    (
        "the model first",
        r#"{"messages":[{"role":"assistant","content":"Yo"},{"role":"user","content":"Hi"}]}"#,
        Says(
            r#"{"contents":[{"role":"model","parts":[{"text":"Yo"}]},{"role":"user","parts":[{"text":"Hi"}]}]}"#,
        ),
    ),
    (
        "refusal in history",
        r#"{"messages":[{"role":"user","content":"A"},{"role":"assistant","content":[{"type":"refusal","refusal":"No."}]},{"role":"user","content":"B"}]}"#,
        Says(
            r#"{"contents":[{"role":"user","parts":[{"text":"A"}]},{"role":"model","parts":[{"text":"No."}]},{"role":"user","parts":[{"text":"B"}]}]}"#,
        ),
    ),
    (
        "parallel calls, results out of order",
        r#"{"messages":[{"role":"user","content":"Go"},
        {"role":"assistant","content":"Let me see","tool_calls":[
            {"id":"call_1","type":"function","function":{"name":"f","arguments":"{\"x\":1.0}"}},
            {"id":"call_2","type":"function","function":{"name":"g","arguments":""}}]},
        {"role":"tool","tool_call_id":"call_2","content":"two"},
        {"role":"tool","tool_call_id":"call_1","content":"{\"a\":1}"},
        {"role":"user","content":"And?"}]}"#,
        Says(
            r#"{"contents":[{"role":"user","parts":[{"text":"Go"}]},
            {"role":"model","parts":[{"text":"Let me see"},
                {"functionCall":{"id":"call_1","name":"f","args":{"x":1.0}}},
                {"functionCall":{"id":"call_2","name":"g","args":{}}}]},
            {"role":"user","parts":[
                {"functionResponse":{"id":"call_1","name":"f","response":{"result":"{\"a\":1}"}}},
                {"functionResponse":{"id":"call_2","name":"g","response":{"result":"two"}}},
                {"text":"And?"}]}]}"#,
        ),
    ),
    (
        "a call without its result",
        r#"{"messages":[{"role":"user","content":"Go"},{"role":"assistant","tool_calls":[
        {"id":"c","type":"function","function":{"name":"f","arguments":"{}"}}]}]}"#,
        Refused("messages.tool"),
    ),
    (
        "arguments that are no object",
        r#"{"messages":[{"role":"user","content":"Go"},{"role":"assistant","tool_calls":[
        {"id":"c","type":"function","function":{"name":"f","arguments":"[1]"}}]},{"role":"tool","tool_call_id":"c","content":"1"}]}"#,
        Refused("messages.tool_calls"),
    ),
    (
        "image data",
        r#"{"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:image/png;base64,iVBO","detail":"auto"}}]}]}"#,
        Says(
            r#"{"contents":[{"role":"user","parts":[{"inlineData":{"mimeType":"image/png","data":"iVBO"}}]}]}"#,
        ),
    ),
    (
        "image address",
        r#"{"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"https://x.io/a.jpg?s=1"}}]}]}"#,
        Says(
            r#"{"contents":[{"role":"user","parts":[{"fileData":{"mimeType":"image/jpeg","fileUri":"https://x.io/a.jpg?s=1"}}]}]}"#,
        ),
    ),
    (
        "image address without a type",
        r#"{"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"https://x.io/a"}}]}]}"#,
        Refused("messages.image_url"),
    ),
    (
        "PDF",
        r#"{"messages":[{"role":"user","content":[{"type":"file","file":{"filename":"a.pdf","file_data":"data:application/pdf;base64,JVBE"}}]}]}"#,
        Partly(
            r#"{"contents":[{"role":"user","parts":[{"inlineData":{"mimeType":"application/pdf","data":"JVBE"}}]}]}"#,
            &["messages.file.filename"],
        ),
    ),
    (
        "uploaded file",
        r#"{"messages":[{"role":"user","content":[{"type":"file","file":{"file_id":"file-1"}}]}]}"#,
        Refused("messages.file"),
    ),
    (
        "audio",
        r#"{"messages":[{"role":"user","content":[{"type":"input_audio","input_audio":{"data":"UklG","format":"wav"}}]}]}"#,
        Says(
            r#"{"contents":[{"role":"user","parts":[{"inlineData":{"mimeType":"audio/wav","data":"UklG"}}]}]}"#,
        ),
    ),
];

const MODEL: &str = "gemini-2.5-flash";

#[test]
fn fields() {
    check(Chat, Gemini, MODEL, PLAIN);
}

#[test]
fn tools() {
    check(Chat, Gemini, MODEL, TOOLS);
}

#[test]
fn choices() {
    beside(
        r#"{"tools":[{"type":"function","function":{"name":"f"}},{"type":"function","function":{"name":"g"}}]}"#,
        r#"{"tools":[{"functionDeclarations":[{"name":"f"},{"name":"g"}]}]}"#,
        Chat,
        Gemini,
        CHOICES,
    );
}

#[test]
fn turns() {
    check(Chat, Gemini, MODEL, TURNS);
}

#[test]
fn models_that_are_told_by_level_and_want_signatures() {
    check(
        Chat,
        Gemini,
        "gemini-3-flash-preview",
        &[
            (
                "effort",
                r#"{"reasoning_effort":"low"}"#,
                Says(r#"{"generationConfig":{"thinkingConfig":{"thinkingLevel":"LOW"}}}"#),
            ),
            (
                "most effort",
                r#"{"reasoning_effort":"xhigh"}"#,
                Partly(
                    r#"{"generationConfig":{"thinkingConfig":{"thinkingLevel":"HIGH"}}}"#,
                    &["reasoning_effort"],
                ),
            ),
            (
                "no effort",
                r#"{"reasoning_effort":"none"}"#,
                Partly(
                    r#"{"generationConfig":{"thinkingConfig":{"thinkingLevel":"MINIMAL"}}}"#,
                    &["reasoning_effort"],
                ),
            ),
            (
                "two steps of the current turn",
                r#"{"messages":[{"role":"user","content":"Go"},
            {"role":"assistant","tool_calls":[{"id":"a","type":"function","function":{"name":"f","arguments":"{}"}},
                {"id":"b","type":"function","function":{"name":"f","arguments":"{}"}}]},
            {"role":"tool","tool_call_id":"a","content":"1"},{"role":"tool","tool_call_id":"b","content":"2"},
            {"role":"assistant","tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{}"}}]},
            {"role":"tool","tool_call_id":"c","content":"3"}]}"#,
                Says(
                    r#"{"contents":[{"role":"user","parts":[{"text":"Go"}]},
                {"role":"model","parts":[
                    {"functionCall":{"id":"a","name":"f","args":{}},"thoughtSignature":"c2tpcF90aG91Z2h0X3NpZ25hdHVyZV92YWxpZGF0b3I="},
                    {"functionCall":{"id":"b","name":"f","args":{}}}]},
                {"role":"user","parts":[{"functionResponse":{"id":"a","name":"f","response":{"result":"1"}}},
                    {"functionResponse":{"id":"b","name":"f","response":{"result":"2"}}}]},
                {"role":"model","parts":[
                    {"functionCall":{"id":"c","name":"f","args":{}},"thoughtSignature":"c2tpcF90aG91Z2h0X3NpZ25hdHVyZV92YWxpZGF0b3I="}]},
                {"role":"user","parts":[{"functionResponse":{"id":"c","name":"f","response":{"result":"3"}}}]}]}"#,
                ),
            ),
        ],
    );
}
