//! From Gemini to the model and back: a conversation that holds another's sealed thoughts goes this
//! way even to Gemini, and must lose nothing else.

use serde_json::{Value, json};

use super::super::decode_parts::camel;
use super::super::encode_contents::NO_SIGNATURE;
use super::corpus::recordings;
use super::{decode, encode_for};
use crate::catalog::Thinking;

fn again(body: &Value) -> (Value, Vec<String>) {
    let text = body.to_string();
    let request = decode(text.as_bytes()).unwrap_or_else(|refusal| panic!("{refusal:?}: {body}"));
    encode_for(&request, Thinking::Effort).unwrap()
}

/// What comes back as it was.
fn comes_back(body: Value) {
    let (written, losses) = again(&body);
    assert_eq!(written, body);
    assert!(losses.is_empty(), "{losses:?}: {body}");
}

fn with(mut body: Value, members: Value) -> Value {
    body.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    body
}

fn hello() -> Value {
    json!({"contents": [{"role": "user", "parts": [{"text": "hi"}]}]})
}

#[test]
fn settings_come_back() {
    for members in [
        json!({"safetySettings": [{"category": "c", "threshold": "t"}]}),
        json!({"cachedContent": "cachedContents/1"}),
        json!({"labels": {"a": "b"}}),
        json!({"serviceTier": "flex"}),
        json!({"store": true}),
        json!({"brandNew": {"deep": [1.0, 1e3]}}),
        json!({"toolConfig": {"includeServerSideToolInvocations": true}}),
        json!({"toolConfig": {"functionCallingConfig":
            {"mode": "ANY", "allowedFunctionNames": ["f"], "streamFunctionCallArguments": true}}}),
    ] {
        comes_back(with(hello(), members));
    }
    for config in [
        json!({"speechConfig": {"voiceConfig": {"prebuiltVoiceConfig": {"voiceName": "Kore"}}}}),
        json!({"imageConfig": {"aspectRatio": "1:1"}, "responseModalities": ["TEXT", "IMAGE"]}),
        json!({"responseModalities": ["VIDEO"]}),
        json!({"mediaResolution": "MEDIA_RESOLUTION_LOW", "audioTimestamp": true}),
        json!({"thinkingConfig": {"includeThoughts": true, "thinkingLevel": "LOW", "brandNew": 1}}),
        json!({"responseMimeType": "application/json",
            "responseSchema": {"type": "OBJECT", "properties": {"a": {"type": "STRING", "nullable": true,
                "minLength": "1", "pattern": "^a", "example": "ab", "default": "a"}},
                "propertyOrdering": ["a"], "minProperties": 1}}),
        json!({"responseMimeType": "application/json",
            "responseJsonSchema": {"type": "object", "patternProperties": {}, "$comment": "c"}}),
        json!({"responseMimeType": "text/x.enum", "responseSchema": {"type": "STRING", "enum": ["a"]}}),
        json!({"responseLogprobs": true, "logprobs": 5, "candidateCount": 2, "stopSequences": ["x"]}),
    ] {
        comes_back(with(hello(), json!({"generationConfig": config})));
    }
}

#[test]
fn tools_come_back() {
    for tools in [
        json!([{"functionDeclarations": [
            {"name": "f", "description": "d", "parameters": {"type": "OBJECT", "properties":
                {"a": {"type": "STRING", "maxLength": 5, "nullable": true, "format": "enum", "enum": ["x"]}}},
                "response": {"type": "STRING"}, "behavior": "NON_BLOCKING"},
            {"name": "g", "parametersJsonSchema": {"type": "object", "$comment": "kept"}},
            {"name": "h", "parametersJsonSchema": {"type": "object"}, "responseJsonSchema": {}}]}]),
        json!([{"googleSearch": {}}]),
        json!([{"functionDeclarations": [{"name": "f"}]}, {"googleSearch": {"timeRangeFilter": {}}},
            {"codeExecution": {}}, {"urlContext": {}}]),
    ] {
        comes_back(with(hello(), json!({"tools": tools})));
    }
}

#[test]
fn parts_come_back() {
    let image = || json!({"inlineData": {"mimeType": "image/png", "data": "iVBO"}});
    let user = [
        json!([{"text": "see"}, with(image(), json!({"mediaResolution": {"level": "LOW"}})),
            {"inlineData": {"mimeType": "image/png", "data": "iVBP", "brandNew": 1}},
            with(image(), json!({"mediaResolution": {"level": "HIGH"}}))]),
        json!([{"inlineData": {"mimeType": "video/mp4", "data": "aGk="}, "videoMetadata": {"fps": 1}}]),
        json!([{"fileData": {"mimeType": "image/png", "fileUri": "gs://b/o"}}]),
        json!([{"fileData": {"mimeType": "application/pdf", "fileUri": "https://x.io/a.pdf", "displayName": "a"}}]),
        json!([{"inlineData": {"mimeType": "image/tiff", "data": "aGk="}}]),
    ];
    for parts in user {
        comes_back(json!({"contents": [{"role": "user", "parts": parts}]}));
    }
    let call =
        json!({"functionCall": {"name": "f", "args": {"n": 1.0}}, "thoughtSignature": "c2ln"});
    comes_back(json!({"contents": [
        {"role": "user", "parts": [{"text": "go"}]},
        {"role": "model", "parts": [{"text": "hm", "thought": true}, {"text": "", "thoughtSignature": "c2ln"},
            {"executableCode": {"language": "PYTHON", "code": "1"}},
            {"codeExecutionResult": {"outcome": "OUTCOME_OK"}},
            {"toolCall": {"id": "x"}, "thoughtSignature": "c2ln"},
            with(image(), json!({"thoughtSignature": "c2ln"})), call]},
        {"role": "user", "parts": [{"functionResponse": {"name": "f", "response": {"any": [1.0]},
            "parts": [image()]}}]},
    ]}));
}

/// A request in the one spelling that is written: what is left of it is compared.
fn canonical(body: &mut Value) {
    spell(body);
    let Some(body) = body.as_object_mut() else { return };
    if let Some(system) = body.get_mut("systemInstruction") {
        listed(system, "parts");
        let parts = system["parts"].as_array_mut().unwrap();
        // Google's SDKs send empty instructions, and a role that means nothing.
        parts.retain(|part| part["text"] != "");
        system.as_object_mut().unwrap().remove("role");
    }
    body.retain(|name, value| match name.as_str() {
        "systemInstruction" => value["parts"] != json!([]),
        "generationConfig" | "toolConfig" => *value != json!({}),
        _ => true,
    });
    let mut contents: Vec<Value> = Vec::new();
    for mut turn in body["contents"].take().as_array().cloned().unwrap() {
        listed(&mut turn, "parts");
        match contents.last_mut().filter(|last| last["role"] == turn["role"]) {
            Some(last) => {
                let more = turn["parts"].as_array().unwrap().clone();
                last["parts"].as_array_mut().unwrap().extend(more);
            }
            None => contents.push(turn),
        }
    }
    for part in contents.iter_mut().flat_map(|turn| turn["parts"].as_array_mut().unwrap()) {
        // Put in for a signature that was never there.
        let part = part.as_object_mut().unwrap();
        part.retain(|name, value| name != "thoughtSignature" || value != NO_SIGNATURE);
    }
    body["contents"] = contents.into();
    // Functions stand in one tool, before the others.
    if let Some(tools) = body.get_mut("tools") {
        let (mut functions, mut others) = (Vec::new(), Vec::new());
        for tool in tools.as_array().unwrap() {
            for (name, value) in tool.as_object().unwrap() {
                match name.as_str() {
                    "functionDeclarations" => functions.extend(value.as_array().unwrap().clone()),
                    _ => others.push(json!({name: value})),
                }
            }
        }
        let functions = (!functions.is_empty()).then(|| json!({"functionDeclarations": functions}));
        *tools = functions.into_iter().chain(others).collect();
    }
    let level =
        body.get_mut("generationConfig").and_then(|config| config.get_mut("thinkingConfig"));
    if let Some(level) = level.and_then(|config| config.get_mut("thinkingLevel")) {
        *level = level.as_str().unwrap().to_ascii_uppercase().into();
    }
}

fn listed(object: &mut Value, member: &str) {
    if !object[member].is_array() {
        object[member] = json!([object[member].take()]);
    }
}

/// Names of members in camelCase.
fn spell(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(spell),
        Value::Object(members) => {
            for (name, mut value) in std::mem::take(members) {
                spell(&mut value);
                if !value.is_null() {
                    members.insert(camel(name.into()).into_owned(), value);
                }
            }
        }
        _ => {}
    }
}

#[test]
fn recorded_requests_come_back() {
    let mut count = 0;
    for (path, bytes) in recordings(".request.json") {
        let mut body: Value = serde_json::from_slice(&bytes).unwrap();
        if body.get("contents").is_none() {
            continue;
        }
        let (mut written, losses) = again(&body);
        assert!(losses.is_empty(), "{}: {losses:?}", path.display());
        canonical(&mut body);
        canonical(&mut written);
        assert_eq!(written, body, "{}", path.display());
        count += 1;
    }
    eprintln!("{count} recorded requests came back");
}

#[test]
fn what_has_no_way_back_is_said() {
    for (part, lost) in [
        (json!({"text": "hi", "videoMetadata": {"fps": 1}}), "contents.parts.videoMetadata"),
        (json!({"text": "hi", "brandNew": 1}), "contents.parts.brandNew"),
    ] {
        let (_, losses) = again(&json!({"contents": [{"role": "user", "parts": [part]}]}));
        assert_eq!(losses, [lost]);
    }
}
