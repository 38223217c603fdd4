//! Recorded requests of real clients.

use std::path::PathBuf;

use super::*;
use crate::corpus;

#[test]
fn recorded_requests_are_accepted_as_serde_reads_them() {
    let mut seen = 0;
    for (kind, schema) in [
        ("openai_chat", Chat),
        ("openai_chat_compat", Chat),
        ("anthropic", Claude),
        ("gemini", Gemini),
    ] {
        for (path, body) in corpus::files(|name| name == kind, ".request.json") {
            seen += 1;
            check(schema, &path, body);
        }
    }
    assert!(seen > 0 || corpus::is_absent());
}

fn check(schema: Schema, path: &PathBuf, body: Vec<u8>) {
    let told: serde_json::Value = serde_json::from_slice(&body).unwrap();
    // OpenRouter's callers name models to ask instead.
    if told["models"].is_array() {
        let refusal = Peek::of(schema, &body).map(|_| ()).unwrap_err();
        return assert_eq!(refusal.field.as_deref(), Some("models"), "{path:?}");
    }
    let peek = Peek::of(schema, &body).unwrap_or_else(|error| panic!("{path:?}: {error}"));
    assert_eq!(peek.model(), told["model"].as_str(), "{path:?}");
    assert_eq!(peek.stream(), told["stream"].as_bool().unwrap_or(false), "{path:?}");
    let limit = match schema {
        Gemini => told["generationConfig"]["maxOutputTokens"].as_u64(),
        _ => told["max_tokens"].as_u64().max(told["max_completion_tokens"].as_u64()),
    };
    assert_eq!(peek.output_limit().map(u64::from), limit, "{path:?}");
    let Some(edit) = peek.set_model("another") else {
        return assert_eq!(schema, Gemini, "{path:?}");
    };
    let body = Bytes::from(body.clone());
    let mut expected = told;
    expected["model"] = "another".into();
    let out: serde_json::Value = serde_json::from_slice(&splice(&body, [edit])).unwrap();
    assert_eq!(out, expected, "{path:?}");
}
