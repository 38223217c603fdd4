#![allow(clippy::unwrap_used, clippy::panic)]

use bytes::Bytes;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::catalog::Capabilities;
use crate::codec::{Encoded, PathHints, Target};
use crate::corpus;
use crate::seal::tests::seal;

fn json(body: &[u8]) -> Value {
    serde_json::from_slice(body).unwrap()
}

/// What a provider is sent of a request for a count.
fn sent(surface: Schema, body: &str, model: Option<&str>, to: Schema) -> Result<Encoded, ApiError> {
    let body = Bytes::from(body.to_owned());
    let capabilities = Capabilities::default_for(to);
    let target = Target { model: "new", capabilities: &capabilities };
    Inbound::of(surface, &body, model)?.encode(to, &target, &seal())
}

const CLAUDE: &str = r#"{"model":"m","system":"Be terse.","messages":[{"role":"user","content":"Hi"}],
    "tools":[{"name":"f","input_schema":{"type":"object"}}],"tool_choice":{"type":"auto"}}"#;

#[test]
fn a_claude_count_is_a_gemini_request_within_its_wrapping() {
    let sent = sent(Schema::Claude, CLAUDE, None, Schema::Gemini).unwrap();
    let body = json(&sent.body);
    let request = &body["generateContentRequest"];
    assert_eq!(request["model"], "models/new");
    assert_eq!(request["contents"][0]["parts"][0]["text"], "Hi");
    assert_eq!(request["systemInstruction"]["parts"][0]["text"], "Be terse.");
    assert_eq!(request["tools"][0]["functionDeclarations"][0]["name"], "f");
    assert_eq!(body.as_object().unwrap().len(), 1);
    assert!(sent.losses.is_empty(), "{:?}", sent.losses);
}

#[test]
fn contents_alone_need_no_wrapping() {
    let body = r#"{"model":"m","messages":[{"role":"user","content":"Hi"}]}"#;
    let body = json(&sent(Schema::Claude, body, None, Schema::Gemini).unwrap().body);
    let expected = json!({"contents": [{"role": "user", "parts": [{"text": "Hi"}]}]});
    assert_eq!(body, expected);
}

#[test]
fn a_gemini_count_is_a_claude_request_without_limit() {
    let inner = r#""contents":[{"parts":[{"text":"Hi"}]}],"systemInstruction":{"parts":[{"text":"Be
        terse."}]},"tools":[{"functionDeclarations":[{"name":"f"}]}],"generationConfig":{"temperature":2,
        "topK":3,"seed":1,"maxOutputTokens":99999999,"stopSequences":[" "],"candidateCount":4,
        "responseLogprobs":true,"presencePenalty":1}"#
        .replace("\n        ", " ");
    for body in [
        format!("{{{inner}}}"),
        format!(r#"{{"generateContentRequest":{{{inner},"model":"models/m"}}}}"#),
        format!(r#"{{"generate_content_request":{{{inner}}},"contents":null}}"#),
    ] {
        let sent = sent(Schema::Gemini, &body, Some("m"), Schema::Claude).unwrap();
        let shown = json(&sent.body);
        let members: Vec<_> = shown.as_object().unwrap().keys().map(|key| &**key).collect();
        assert_eq!(members, ["messages", "model", "system", "tools"], "{shown}");
        assert_eq!(shown["model"], "new");
        assert_eq!(shown["messages"][0]["content"][0]["text"], "Hi");
        assert_eq!(shown["system"][0]["text"], "Be terse.");
        assert_eq!(shown["tools"][0]["name"], "f");
        // Nothing of what is left out would have been counted.
        assert!(sent.losses.is_empty(), "{:?}", sent.losses);
    }
}

#[test]
fn what_openai_counts_not_is_left_out() {
    let body =
        br#"{"model":"new","input":[{"role":"user","content":"Hi"}],"store":false,"stream":false,
        "include":["reasoning.encrypted_content"],"max_output_tokens":5,"instructions":"x",
        "reasoning":{"effort":"low"},"text":{"format":{"type":"text"}},"temperature":1E0}"#;
    let shown = String::from_utf8(Responses.wrap(body, "new").unwrap()).unwrap();
    assert_eq!(
        shown,
        r#"{"model":"new","input":[{"role":"user","content":"Hi"}],"instructions":"x","reasoning":{"effort":"low"},"text":{"format":{"type":"text"}}}"#
    );
    assert_eq!(&*Responses.unwrap(shown.as_bytes()).unwrap(), shown.as_bytes());
}

#[test]
fn a_claude_count_is_read_without_a_limit() {
    for body in [
        r#" { "model":"m","messages":[]}"#,
        r#"{"model":"m","messages":[],"max_tokens":1}"#,
        "{}",
        " { } ",
    ] {
        let read = Claude.unwrap(body.as_bytes()).unwrap();
        let mut expected = json(body.as_bytes());
        expected["max_tokens"] = 1.into();
        assert_eq!(json(&read), expected, "{body}");
    }
    for body in ["", "[]", "{", r#"{"a":1,"a":2}"#] {
        assert!(Claude.unwrap(body.as_bytes()).is_err(), "{body}");
    }
}

#[test]
fn two_requests_in_one_are_refused() {
    let body =
        r#"{"contents":[{"parts":[{"text":"a"}]}],"generateContentRequest":{"contents":[]}}"#;
    let error = sent(Schema::Gemini, body, Some("m"), Schema::Claude).unwrap_err();
    assert_eq!((error.class, error.param.as_deref()), (ErrorClass::BadRequest, Some("contents")));
}

#[test]
fn a_provider_of_the_same_schema_gets_the_callers_bytes() {
    let wrapped = r#"{"generateContentRequest":{"contents":[],"x":1E2,"model":"models/m"}}"#;
    let renamed = wrapped.replace("models/m", "models/new");
    let same = |schema, body, model| {
        let sent = sent(schema, body, model, schema).unwrap();
        String::from_utf8(sent.body.to_vec()).unwrap()
    };
    assert_eq!(same(Schema::Gemini, wrapped, Some("m")), renamed);
    assert_eq!(same(Schema::Claude, CLAUDE, None), CLAUDE.replace(r#""m""#, r#""new""#));
    let openai = r#"{"input":"m", "model":"gpt","previous_response_id":"r"}"#;
    assert_eq!(same(Schema::Responses, openai, None), openai.replace("gpt", "new"));
    let alone = r#"{"contents":[{"parts":[{"text":"m"}]}]}"#;
    assert_eq!(same(Schema::Gemini, alone, Some("m")), alone);
}

#[test]
fn a_second_model_is_refused() {
    for name in ["generateContentRequest", "generate_content_request"] {
        let body = format!(r#"{{"{name}":{{"contents":[],"model":"models/other"}}}}"#);
        for to in [Schema::Gemini, Schema::Claude] {
            let error = sent(Schema::Gemini, &body, Some("m"), to).unwrap_err();
            assert_eq!(error.param.as_deref(), Some("model"), "{name} to {to}");
        }
    }
    let long = format!(r#"{{"model":"{}"}}"#, "m".repeat(257));
    for body in [&*long, "{}", r#"{"model":"m","Model":"n"}"#] {
        let error = sent(Schema::Claude, body, None, Schema::Claude).unwrap_err();
        assert_eq!(error.param.as_deref(), Some("model"), "{body}");
    }
}

#[test]
fn where_nothing_is_counted_the_caller_is_told() {
    let error = sent(Schema::Claude, CLAUDE, None, Schema::Chat).unwrap_err();
    assert_eq!(error.class, ErrorClass::NotFound);
    let counting: Vec<_> = Schema::ALL.into_iter().filter(|s| codec(*s).is_some()).collect();
    assert_eq!(counting, [Schema::Responses, Schema::Claude, Schema::Gemini]);
}

#[test]
fn answers_are_shown_as_each_sdk_reads_them() {
    for (schema, body) in [
        (Schema::Claude, r#"{"input_tokens":12}"#),
        (Schema::Gemini, r#"{"totalTokens":12}"#),
        (Schema::Responses, r#"{"object":"response.input_tokens","input_tokens":12}"#),
    ] {
        let counting = codec(schema).unwrap();
        assert_eq!(counting.encode_response(12), body.as_bytes());
        assert_eq!(counting.decode_response(body.as_bytes()), Ok(12));
    }
}

#[test]
fn errors_and_garbage_under_a_200_are_errors() {
    for schema in [Schema::Responses, Schema::Claude, Schema::Gemini] {
        let counting = codec(schema).unwrap();
        for body in ["", "{}", "[]", "7", r#"{"input_tokens":-1}"#, r#"{"totalTokens":"x"}"#] {
            let error = counting.decode_response(body.as_bytes()).unwrap_err();
            assert_eq!(error.class, ErrorClass::Server, "{schema} {body}");
        }
        let body = br#"{"error":{"message":"why"},"input_tokens":1,"totalTokens":1}"#;
        assert_eq!(counting.decode_response(body).unwrap_err().message, "why", "{schema}");
    }
}

/// The surface of a recording.
fn surface(path: &std::path::Path) -> Schema {
    match path.to_string_lossy().contains("gemini_count_tokens") {
        true => Schema::Gemini,
        false => Schema::Claude,
    }
}

fn recordings(ending: &str) -> Vec<(std::path::PathBuf, Vec<u8>)> {
    corpus::files(|kind| kind.ends_with("_count_tokens"), ending)
}

#[test]
fn recorded_requests_are_carried() {
    let mut seen = 0;
    for (path, body) in recordings(".request.json") {
        let from = surface(&path);
        let model = json(&body)["generateContentRequest"]["model"].as_str().map(str::to_owned);
        let model = model.unwrap_or_else(|| "models/m".to_owned()).replace("models/", "");
        let model = (from == Schema::Gemini).then_some(&*model);
        let text = std::str::from_utf8(&body).unwrap();
        let to = if from == Schema::Claude { Schema::Gemini } else { Schema::Claude };
        let there = sent(from, text, model, to);
        let there = there.unwrap_or_else(|error| panic!("{}: {error:?}", path.display()));
        // What was made of it is a count request of the other schema, and says the same.
        let text = std::str::from_utf8(&there.body).unwrap();
        let path_model = (to == Schema::Gemini).then_some("new");
        let back = sent(to, text, path_model, from);
        let back = back.unwrap_or_else(|error| panic!("{}: {error:?}", path.display()));
        let said = |body: &[u8], schema: Schema, model: Option<&str>| {
            let body = codec(schema).unwrap().unwrap(body).unwrap().into_owned();
            let hints = PathHints { model, stream: None };
            let request = schema.codec().decode_request(&body, hints).unwrap();
            (request.messages.len(), request.system.len(), request.tools.len())
        };
        let model = (from == Schema::Gemini).then_some("new");
        let original = std::str::from_utf8(&body).unwrap();
        let original = original.replace("models/gemini-3.5-flash", "models/new");
        let (mut before, after) =
            (said(original.as_bytes(), from, model), said(&back.body, from, model));
        if original.contains(r#""systemInstruction":{"parts":{"text":""}}"#) {
            // Empty instructions are none.
            before.1 = after.1;
        }
        assert_eq!(after, before, "{}", path.display());
        seen += 1;
    }
    println!("{seen} recorded requests for a count, there and back");
    assert!(seen == 8 || corpus::is_absent(), "{seen}");
}

#[test]
fn recorded_answers_are_shown_on_every_surface() {
    let mut seen = 0;
    for (path, body) in recordings(".response.json") {
        let tokens = codec(surface(&path)).unwrap().decode_response(&body).unwrap();
        let answer = json(&body);
        let said = answer["input_tokens"].as_u64().or(answer["totalTokens"].as_u64());
        assert_eq!(Some(tokens), said);
        for other in Schema::ALL.into_iter().filter_map(codec) {
            assert_eq!(other.decode_response(&other.encode_response(tokens)), Ok(tokens));
        }
        seen += 1;
    }
    assert!(seen == 8 || corpus::is_absent(), "{seen}");
}

proptest! {
    /// Garbage is refused or read, never a panic, and what is read is still JSON.
    #[test]
    fn any_body_is_read_or_refused(
        body in r#"[{}\[\]",:a-z0-9. ]{0,60}"#,
        bytes in prop::collection::vec(any::<u8>(), 0..60),
    ) {
        for body in [body.as_bytes(), &bytes] {
            for counting in Schema::ALL.into_iter().filter_map(codec) {
                let _ = counting.decode_response(body);
                if let Ok(wrapped) = counting.wrap(body, "m") {
                    prop_assert!(serde_json::from_slice::<Value>(&wrapped).is_ok());
                }
            }
            if let Ok(turn) = Claude.unwrap(body) {
                prop_assert!(serde_json::from_slice::<Value>(&turn).is_ok());
            }
        }
    }
}
