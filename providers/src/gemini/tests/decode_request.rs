use serde_json::{Value, json};

use super::super::Gemini;
use super::{decode, encode};
use crate::Schema;
use crate::codec::{Codec, PathHints};
use crate::conversation::{
    Effort, OutputFormat, Part, Request, Role, Source, ThinkingMode, Tool, ToolChoice, Unsupported,
};

/// The request of one user turn and these other members.
fn with(members: Value) -> String {
    let mut body = json!({"contents": [{"role": "user", "parts": [{"text": "hi"}]}]});
    let body_members = body.as_object_mut().unwrap();
    body_members.extend(members.as_object().unwrap().clone());
    body.to_string()
}

fn parts(parts: Value) -> String {
    json!({"contents": [{"parts": parts}]}).to_string()
}

fn extensions(request: &Request<'_>) -> Vec<(String, Unsupported)> {
    // What is only kept for the way back is no unknown.
    let list = request.extensions.iter().filter(|e| e.unsupported != Unsupported::Ignore);
    list.map(|extension| (extension.path.to_string(), extension.unsupported)).collect()
}

#[test]
fn every_spelling_of_a_turn_is_read() {
    let bodies = [
        json!({"contents": [{"role": "user", "parts": [{"text": "hi"}]}]}),
        json!({"contents": {"role": "user", "parts": {"text": "hi"}}}),
        json!({"contents": [{"parts": [{"text": "hi"}]}]}),
        json!({"contents": [{"role": "", "parts": [{"text": "hi", "thought": null}]}]}),
        json!({"contents": [{"role": "user", "parts": [{"text": "hi"}, {}]}], "tools": null}),
    ];
    for body in bodies {
        let body = body.to_string();
        let request = decode(body.as_bytes()).unwrap();
        assert_eq!(request.messages.len(), 1, "{body}");
        assert_eq!(request.messages[0].role, Role::User);
        assert!(
            matches!(&*request.messages[0].parts, [Part::Text(text)] if text.text == "hi"),
            "{body}"
        );
        assert!(request.extensions.is_empty(), "{body}");
    }
}

#[test]
fn the_path_names_model_and_stream() {
    let body = with(json!({}));
    let path = PathHints { model: Some("models/gemini-3-pro"), stream: Some(true) };
    let request = Gemini.decode_request(body.as_bytes(), path).unwrap();
    assert_eq!((&*request.model, request.stream), ("gemini-3-pro", true));

    let same = with(json!({"model": "models/gemini-3-pro"}));
    assert!(Gemini.decode_request(same.as_bytes(), path).is_ok());
    let other = with(json!({"model": "gemini-3-ultra"}));
    let refusal = Gemini.decode_request(other.as_bytes(), path).unwrap_err();
    assert_eq!(refusal.field.as_deref(), Some("model"));
}

#[test]
fn instructions_are_read_in_every_form() {
    let forms = [
        json!("be brief"),
        json!({"parts": [{"text": "be brief"}], "role": "user"}),
        json!({"parts": {"text": "be brief"}}),
        json!([{"text": "be brief"}]),
    ];
    for form in forms {
        for key in ["systemInstruction", "system_instruction"] {
            let body = with(json!({key: form}));
            let request = decode(body.as_bytes()).unwrap();
            assert!(
                matches!(&*request.system, [Part::Text(text)] if text.text == "be brief"),
                "{body}"
            );
            assert!(request.extensions.is_empty(), "{body}");
        }
    }
}

#[test]
fn parts_become_what_they_are() {
    let body = parts(json!([
        {"inlineData": {"mimeType": "image/png", "data": "aGk="}},
        {"inline_data": {"mime_type": "application/pdf", "data": "aGk=", "displayName": "a.pdf"}},
        {"inlineData": {"mimeType": "audio/wav", "data": "aGk="}},
        {"fileData": {"fileUri": "https://example.com/a.jpg"}},
        {"text": "hm", "thought": true, "thoughtSignature": "c2ln"},
        {"thoughtSignature": "c2ln"},
        {"functionCall": {"name": "f", "id": "1", "args": {"a": 1.0}}, "thought_signature": "c2ln"},
        {"functionCall": {"name": "f"}},
    ]));
    let request = decode(body.as_bytes()).unwrap();
    let [image, pdf, audio, linked, thought, bare, call, empty] = &*request.messages[0].parts
    else {
        panic!("{request:?}");
    };
    assert!(matches!(image, Part::Image(media)
        if matches!(&media.source, Source::Base64 { media_type, data }
            if media_type == "image/png" && data == "aGk=")));
    assert!(matches!(pdf, Part::Document(media) if media.name.as_deref() == Some("a.pdf")));
    assert!(matches!(audio, Part::Audio(_)));
    assert!(matches!(linked, Part::Image(media)
        if matches!(&media.source, Source::Url { media_type: None, .. })));
    assert!(matches!(thought, Part::Thinking(thinking)
        if thinking.text == "hm" && thinking.signature.as_deref() == Some("c2ln")));
    assert!(matches!(bare, Part::Text(text)
        if text.text.is_empty() && text.signature.as_deref() == Some("c2ln")));
    assert!(matches!(call, Part::ToolCall(call) if call.id.as_deref() == Some("1")
        && call.arguments.as_text() == r#"{"a":1.0}"# && call.signature.is_some()));
    assert!(matches!(empty, Part::ToolCall(call) if call.arguments.as_text() == "{}"));
    assert!(request.extensions.is_empty());
}

#[test]
fn what_only_gemini_knows_stays_as_written() {
    let opaque = [
        ("executableCode", json!({"executableCode": {"code": "1"}, "thoughtSignature": "c2ln"})),
        ("toolCall", json!({"tool_call": {"id": "x"}})),
        ("fileData", json!({"fileData": {"fileUri": "gs://b/a.png", "mimeType": "image/png"}})),
        (
            "fileData",
            json!({"fileData":
            {"fileUri": "https://generativelanguage.googleapis.com/v1beta/files/a"}}),
        ),
        (
            "inlineData",
            json!({"inlineData": {"mimeType": "video/mp4", "data": "aGk="},
            "videoMetadata": {"fps": 1}}),
        ),
    ];
    for (kind, part) in opaque {
        for body in [parts(json!([{"text": "a"}, part])), parts(part.clone())] {
            let request = decode(body.as_bytes()).unwrap();
            let Some(Part::Opaque(found)) = request.messages[0].parts.last() else {
                panic!("{body}");
            };
            assert_eq!((found.schema, &*found.kind), (Schema::Gemini, kind), "{body}");
            let raw: Value = serde_json::from_str(found.raw.get()).unwrap();
            assert_eq!(raw, part);
            assert!(request.extensions.is_empty(), "{:?}", request.extensions);
        }
    }
}

#[test]
fn results_are_an_object_and_words() {
    let rows = [
        (json!({"result": "sunny"}), "sunny", false),
        (json!({"output": "sunny"}), "sunny", false),
        (json!({"content": 5}), "5", false),
        (json!({"error": "no such town"}), "no such town", true),
        (json!({"error": {"code": 5}}), r#"{"code":5}"#, true),
        (json!({"a": 1, "error": "x"}), r#"{"a":1,"error":"x"}"#, false),
    ];
    for (response, words, is_error) in rows {
        let body = parts(json!([{"functionResponse": {"name": "f", "response": response}}]));
        let request = decode(body.as_bytes()).unwrap();
        let [Part::ToolResult(result)] = &*request.messages[0].parts else { panic!("{body}") };
        assert!(matches!(&*result.content, [Part::Text(text)] if text.text == words), "{body}");
        assert_eq!(result.is_error, is_error);
        assert_eq!(result.object.unwrap().get(), response.to_string());
        assert_eq!(result.name.as_deref(), Some("f"));
    }
    let body = json!({"contents": [{"role": "function", "parts": [{"function_response": {
        "name": "f", "response": {}, "parts": [
            {"inline_data": {"mime_type": "image/png", "data": "aGk="}}]}}]}]})
    .to_string();
    let request = decode(body.as_bytes()).unwrap();
    assert_eq!(request.messages[0].role, Role::User);
    let [Part::ToolResult(result)] = &*request.messages[0].parts else { panic!("{body}") };
    assert!(matches!(&*result.content, [Part::Image(_)]));
}

#[test]
fn tools_and_their_schemas() {
    let body = with(json!({"tools": [
        {"functionDeclarations": [{"name": "f", "parametersJsonSchema": {"type": "object"}}]},
        {"function_declarations": {"name": "g", "parameters": {"type": "object"}},
         "google_search": {}},
    ]}));
    let request = decode(body.as_bytes()).unwrap();
    let names: Vec<&str> = request
        .tools
        .iter()
        .map(|tool| match tool {
            Tool::Custom { name, .. } => name,
            Tool::Function { name, parameters, .. } => {
                assert_eq!(parameters.as_ref().unwrap().get(), r#"{"type":"object"}"#);
                name
            }
            Tool::Hosted { kind, .. } => kind,
        })
        .map(|name| &**name)
        .collect();
    assert_eq!(names, ["f", "g", "googleSearch"]);
}

#[test]
fn tool_choice_has_a_row_for_every_mode() {
    let rows = [
        (json!({"mode": "AUTO"}), Some(ToolChoice::Auto), None),
        (json!({"mode": "auto"}), Some(ToolChoice::Auto), None),
        (json!({"mode": "MODE_UNSPECIFIED"}), None, None),
        (json!({"mode": "NONE"}), Some(ToolChoice::None), None),
        (json!({"mode": "ANY"}), Some(ToolChoice::Required), None),
        (
            json!({"mode": "ANY", "allowedFunctionNames": ["f"]}),
            Some(ToolChoice::Named("f".into())),
            None,
        ),
        (
            json!({"mode": "ANY", "allowed_function_names": ["f", "g"]}),
            Some(ToolChoice::Allowed { required: true, names: vec!["f".into(), "g".into()] }),
            None,
        ),
        (json!({"mode": "VALIDATED"}), Some(ToolChoice::Auto), Some(true)),
        (
            json!({"mode": "VALIDATED", "allowedFunctionNames": "f"}),
            Some(ToolChoice::Allowed { required: false, names: vec!["f".into()] }),
            Some(true),
        ),
    ];
    for (config, choice, strictness) in rows {
        let body = with(json!({
            "tools": [{"functionDeclarations": [{"name": "f"}]}],
            "tool_config": {"function_calling_config": config},
        }));
        let request = decode(body.as_bytes()).unwrap();
        assert_eq!(request.tool_choice, choice, "{config}");
        let [Tool::Function { strict, .. }] = &*request.tools else { panic!() };
        assert_eq!(*strict, strictness, "{config}");
    }
}

#[test]
fn generation_settings() {
    let body = with(json!({"generation_config": {
        "temperature": 0.70, "topP": 1, "top_k": 40, "seed": 7, "presencePenalty": -1,
        "frequency_penalty": 0.5, "candidateCount": 2, "max_output_tokens": 100.0,
        "stopSequences": ["a", "b"], "responseLogprobs": true, "logprobs": 3,
        "responseModalities": ["TEXT"],
    }}));
    let request = decode(body.as_bytes()).unwrap();
    let raw = |raw: Option<&serde_json::value::RawValue>| raw.unwrap().get().to_owned();
    assert_eq!(raw(request.sampling.temperature), "0.7");
    assert_eq!(raw(request.sampling.top_p), "1");
    assert_eq!(raw(request.sampling.top_k), "40");
    assert_eq!(raw(request.sampling.seed), "7");
    assert_eq!(raw(request.sampling.presence_penalty), "-1");
    assert_eq!(raw(request.sampling.frequency_penalty), "0.5");
    assert_eq!((request.candidates, request.max_tokens), (Some(2), Some(100)));
    assert_eq!(request.stop, ["a", "b"]);
    assert_eq!(request.logprobs, Some(3));
    assert!(request.extensions.is_empty());
}

#[test]
fn output_formats() {
    let schema = json!({"type": "object"});
    for (config, expected) in [
        (json!({"responseMimeType": "application/json"}), "json"),
        (json!({"responseMimeType": "text/plain"}), "text"),
        (json!({"response_mime_type": "application/json", "response_schema": schema}), "schema"),
        (json!({"responseMimeType": "application/json", "responseJsonSchema": schema}), "schema"),
        (json!({"_responseJsonSchema": schema}), "schema"),
    ] {
        let body = with(json!({"generationConfig": config}));
        let request = decode(body.as_bytes()).unwrap();
        let found = match &request.output {
            OutputFormat::Text => "text",
            OutputFormat::Json => "json",
            OutputFormat::JsonSchema { schema, .. } => {
                assert_eq!(schema.get(), r#"{"type":"object"}"#);
                "schema"
            }
        };
        assert_eq!(found, expected, "{config}");
        assert!(extensions(&request).is_empty());
    }
}

#[test]
fn thinking() {
    for (config, effort, mode) in [
        (json!({"thinkingBudget": 0}), None, Some(ThinkingMode::Disabled)),
        (json!({"thinking_budget": -1}), None, Some(ThinkingMode::Adaptive)),
        (json!({"thinkingBudget": "512"}), None, Some(ThinkingMode::Budget(512))),
        (json!({"thinkingLevel": "low"}), Some(Effort::Low), None),
        (json!({"thinkingLevel": "MINIMAL"}), Some(Effort::Minimal), None),
        (json!({"thinkingLevel": "MEDIUM"}), Some(Effort::Medium), None),
        (json!({"thinking_level": "HIGH"}), Some(Effort::High), None),
        (json!({"thinking_level": "XHIGH"}), Some(Effort::XHigh), None),
    ] {
        let mut config = config;
        config["include_thoughts"] = json!(true);
        let body = with(json!({"generationConfig": {"thinkingConfig": config}}));
        let request = decode(body.as_bytes()).unwrap();
        assert_eq!((request.reasoning.effort, request.reasoning.mode), (effort, mode));
        assert_eq!(request.reasoning.show, Some(true));
    }
}

#[test]
fn everything_else_is_kept_with_its_policy() {
    use Unsupported::{Drop, Refuse};
    let rows = [
        (json!({"safetySettings": []}), "safetySettings", Drop),
        (json!({"cached_content": "x"}), "cachedContent", Refuse),
        (json!({"labels": {}}), "labels", Drop),
        (json!({"serviceTier": "flex"}), "serviceTier", Drop),
        (json!({"store": true}), "store", Drop),
        (json!({"brandNew": 1}), "brandNew", Drop),
        (json!({"evil\r\nx-header": 1}), "?", Drop),
        (json!({"toolConfig": {"retrievalConfig": {}}}), "toolConfig.retrievalConfig", Drop),
        (
            json!({"toolConfig": {"functionCallingConfig": {"streamFunctionCallArguments": true}}}),
            "toolConfig.functionCallingConfig.streamFunctionCallArguments",
            Drop,
        ),
        (
            json!({"generationConfig": {"responseModalities": ["VIDEO"]}}),
            "generationConfig.responseModalities",
            Refuse,
        ),
        (
            json!({"generationConfig": {"speech_config": {}}}),
            "generationConfig.speechConfig",
            Refuse,
        ),
        (json!({"generationConfig": {"imageConfig": {}}}), "generationConfig.imageConfig", Refuse),
        (
            json!({"generationConfig": {"mediaResolution": "X"}}),
            "generationConfig.mediaResolution",
            Drop,
        ),
        (
            json!({"generationConfig": {"thinkingConfig": {"brandNew": 1}}}),
            "generationConfig.thinkingConfig.brandNew",
            Drop,
        ),
    ];
    for (members, path, policy) in rows {
        let body = with(members);
        let request = decode(body.as_bytes()).unwrap();
        assert_eq!(extensions(&request), [(path.to_owned(), policy)], "{body}");
        // What can be put back is put back, and what can't is reported.
        let (written, losses) = encode(&request).unwrap();
        let found = path.split('.').try_fold(&written, |value, name| value.get(name));
        assert_eq!(found.is_none(), path == "?", "{written}");
        assert_eq!(losses, if path == "?" { vec!["?"] } else { vec![] });
    }
}

#[test]
fn unknown_members_inside_lists_are_reported_without_indices() {
    let rows = [
        (json!({"contents": [{"parts": [{"text": "a"}], "new": 1}]}), "contents.new"),
        (json!({"contents": [{"parts": [{"text": "a", "new": 1}]}]}), "contents.parts.new"),
        (
            json!({"contents": [{"parts": [{"functionCall": {"name": "f", "new": 1}}]}]}),
            "contents.parts.functionCall.new",
        ),
        (
            json!({"contents": [{"parts": [
                {"functionCall": {"name": "f", "willContinue": true}}]}]}),
            "contents.parts.functionCall.willContinue",
        ),
        (
            json!({"contents": [{"parts": [
                {"functionResponse": {"name": "f", "response": {}, "scheduling": "X"}}]}]}),
            "contents.parts.functionResponse.scheduling",
        ),
        (
            json!({"contents": [{"parts": [
                {"inlineData": {"mimeType": "image/png", "data": "", "new": 1}}]}]}),
            "contents.parts.inlineData.new",
        ),
        (
            json!({"contents": [{"parts": [{"text": "a"}]}],
                "tools": [{"functionDeclarations": [{"name": "f", "behavior": "BLOCKING"}]}]}),
            "tools.functionDeclarations.behavior",
        ),
        (
            json!({"contents": [{"parts": [{"text": "a"}]}],
                "systemInstruction": {"parts": [{"text": "x", "new": 1}]}}),
            "systemInstruction.parts.new",
        ),
    ];
    for (body, path) in rows {
        let body = body.to_string();
        let request = decode(body.as_bytes()).unwrap();
        assert_eq!(extensions(&request), [(path.to_owned(), Unsupported::Drop)], "{body}");
        let (_, losses) = encode(&request).unwrap();
        // Functions and media are written back as they were.
        let kept = path.starts_with("tools.") || path.contains("inlineData");
        assert_eq!(losses, if kept { vec![] } else { vec![path] });
    }
}

#[test]
fn bad_bodies_are_refused_by_name() {
    let rows = [
        (with(json!({"contents": []})), "contents"),
        (json!({}).to_string(), "contents"),
        (with(json!({"contents": 5})), "contents"),
        (json!({"contents": [{"parts": [{"text": 5}]}]}).to_string(), "contents.parts.text"),
        (json!({"contents": [{"role": "system", "parts": []}]}).to_string(), "contents.role"),
        (parts(json!([{"text": "a", "functionCall": {"name": "f"}}])), "contents.parts"),
        (parts(json!([{"inlineData": {"data": ""}}])), "contents.parts.inlineData"),
        (parts(json!([{"fileData": {}}])), "contents.parts.fileData"),
        (parts(json!([{"functionCall": {}}])), "contents.parts.functionCall"),
        (
            parts(json!([{"functionCall": {"name": "f", "args": [1]}}])),
            "contents.parts.functionCall.args",
        ),
        (
            parts(json!([{"functionResponse": {"name": "f", "response": "x"}}])),
            "contents.parts.functionResponse.response",
        ),
        (with(json!({"generationConfig": {"temperature": "hot"}})), "generationConfig.temperature"),
        (
            with(json!({"generationConfig": {"maxOutputTokens": 1.5}})),
            "generationConfig.maxOutputTokens",
        ),
        (
            with(json!({"generationConfig": {"candidateCount": -1}})),
            "generationConfig.candidateCount",
        ),
        (with(json!({"generationConfig": {"logprobs": 3}})), "generationConfig.logprobs"),
        (
            with(json!({"generationConfig": {"responseMimeType": "image/png"}})),
            "generationConfig.responseMimeType",
        ),
        (
            with(json!({"generationConfig": {"thinkingConfig": {"thinkingLevel": "much"}}})),
            "generationConfig.thinkingConfig.thinkingLevel",
        ),
        (
            with(json!({"generationConfig": {"thinkingConfig": {"thinkingBudget": -2}}})),
            "generationConfig.thinkingConfig.thinkingBudget",
        ),
        (
            with(json!({"generationConfig": {"thinkingConfig":
                {"thinkingBudget": 1, "thinkingLevel": "LOW"}}})),
            "generationConfig.thinkingConfig",
        ),
        (
            with(json!({"toolConfig": {"functionCallingConfig": {"mode": "SOME"}}})),
            "toolConfig.functionCallingConfig.mode",
        ),
        (
            with(json!({"toolConfig": {"functionCallingConfig":
                {"mode": "AUTO", "allowedFunctionNames": ["f"]}}})),
            "toolConfig.functionCallingConfig.allowedFunctionNames",
        ),
        (
            with(json!({"tools": [{"functionDeclarations": [{}]}]})),
            "tools.functionDeclarations.name",
        ),
        (
            with(json!({"systemInstruction": {"parts": [{"inlineData":
            {"mimeType": "image/png", "data": ""}}]}})),
            "systemInstruction",
        ),
        (
            r#"{"contents":[{"parts":[{"text":"a"}]}],"tool_config":{},"toolConfig":{}}"#.into(),
            "toolConfig",
        ),
        (r#"{"contents":[{"parts":[{"text":"a","text":"b"}]}]}"#.into(), "contents.parts.text"),
    ];
    for (body, field) in rows {
        let refusal = decode(body.as_bytes()).unwrap_err();
        assert_eq!(refusal.field.as_deref(), Some(field), "{body}: {refusal:?}");
        assert!(!refusal.message.contains('\u{1}'));
    }
    for body in ["", "[]", "5", "{", "\u{feff}{}", r#"{"contents":[{"parts":[{"text":"a"#] {
        assert!(decode(body.as_bytes()).is_err(), "{body}");
    }
}
