//! Bodies.

use bytes::Bytes;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::super::*;
use super::vendor;
use crate::catalog::ApiVersion;
use crate::json::splice;

/// The body as the vendor gets it.
fn body(name: &str, schema: Schema, operation: Operation, body: &str, betas: &[&str]) -> String {
    let offer = vendor(name).offer(schema).unwrap();
    let bytes = Bytes::from(body.to_owned());
    let edits = offer.edits(operation, &bytes, ApiVersion::V2023, betas).unwrap();
    String::from_utf8(splice(&bytes, edits).to_vec()).unwrap()
}

#[test]
fn claude_over_bedrock_has_version_and_betas_in_the_body() {
    let bedrock = |text, betas: &[&str]| {
        body("bedrock-invoke", Schema::Claude, Operation::Stream, text, betas)
    };
    for (text, betas, expected) in [
        (
            r#"{"model":"m","max_tokens":8,"stream":true,"messages":[]}"#,
            &[][..],
            r#"{"anthropic_version":"bedrock-2023-05-31","max_tokens":8,"messages":[]}"#,
        ),
        (
            "{\n  \"max_tokens\" : 8 ,\n  \"model\" : \"m\"\n}",
            &["a-1", " b-2", ""],
            "{\"anthropic_version\":\"bedrock-2023-05-31\",\"anthropic_beta\":[\"a-1\",\"b-2\"],\
             \n  \"max_tokens\" : 8\n}",
        ),
        (r#"{"stream":true,"model":"m"}"#, &[], r#"{"anthropic_version":"bedrock-2023-05-31"}"#),
        (r"{ }", &[], r#"{"anthropic_version":"bedrock-2023-05-31" }"#),
        (
            r#"{"anthropic_beta":["b-2","c"],"x":1,"anthropic_version":"old"}"#,
            &["a-1", "b-2"],
            r#"{"anthropic_version":"bedrock-2023-05-31","anthropic_beta":["b-2","c","a-1"],"x":1}"#,
        ),
        (
            r#"{"\u006dodel":"m","tools":[{"model":"kept"}]}"#,
            &[],
            r#"{"anthropic_version":"bedrock-2023-05-31","tools":[{"model":"kept"}]}"#,
        ),
    ] {
        assert_eq!(bedrock(text, betas), expected);
    }
}

#[test]
fn claude_over_vertex_names_the_model_in_the_path_except_to_count() {
    let text = r#"{"model":"m","stream":true}"#;
    let vertex = |operation| body("vertex-claude", Schema::Claude, operation, text, &["x"]);
    assert_eq!(
        vertex(Operation::Stream),
        r#"{"anthropic_version":"vertex-2023-10-16","anthropic_beta":["x"],"stream":true}"#
    );
    assert_eq!(
        vertex(Operation::Count),
        r#"{"anthropic_version":"vertex-2023-10-16","anthropic_beta":["x"],"model":"m","stream":true}"#
    );
}

#[test]
fn hosts_that_know_the_old_limit_only_get_that() {
    let host = |text| body("mistral", Schema::Chat, Operation::Generate, text, &[]);
    assert_eq!(
        host(r#"{"max_completion_tokens" : 5,"model":"m"}"#),
        r#"{"max_tokens" : 5,"model":"m"}"#
    );
    assert_eq!(host(r#"{"stream_options":{},"model":"m"}"#), r#"{"model":"m"}"#);
    // The caller's own counts.
    assert_eq!(
        host(r#"{"max_completion_tokens":5,"max_tokens":4,"model":"m"}"#),
        r#"{"max_tokens":4,"model":"m"}"#
    );
    // A null is none, and must not be in the way of one.
    for text in [
        r#"{"max_tokens":null,"max_completion_tokens":5,"model":"m"}"#,
        r#"{"max_completion_tokens":5,"max_tokens":null,"model":"m"}"#,
    ] {
        assert_eq!(host(text), r#"{"max_tokens":5,"model":"m"}"#);
    }
}

#[test]
fn what_needs_no_change_is_not_touched() {
    for (name, schema) in [
        ("openai", Schema::Chat),
        ("openai", Schema::Responses),
        ("anthropic", Schema::Claude),
        ("bedrock", Schema::Claude),
        ("foundry-claude", Schema::Claude),
        ("gemini", Schema::Gemini),
        ("vertex-gemini", Schema::Gemini),
        ("azure-openai", Schema::Chat),
    ] {
        let offer = vendor(name).offer(schema).unwrap();
        // Not even looked at.
        let edits = offer.edits(Operation::Stream, b"not JSON", ApiVersion::V2026, &["b"]);
        assert_eq!(edits, Ok(Vec::new()), "{name}");
    }
    let offer = vendor("vertex-claude").offer(Schema::Claude).unwrap();
    assert!(offer.edits(Operation::Stream, b"[]", ApiVersion::V2026, &[]).is_err());
}

proptest! {
    /// Against a reader that knows nothing of spans.
    #[test]
    fn edits_do_to_a_body_what_they_say(
        members in prop::collection::btree_map(
            "model|stream|anthropic_version|max_tokens|max_completion_tokens|[a-c\"\\\\{}ä]{0,3}",
            prop_oneof![
                Just(json!(null)),
                any::<i32>().prop_map(|n| json!(n)),
                "\\PC{0,6}".prop_map(|text| json!(text)),
                Just(json!({"model": [1, "}"], "max_completion_tokens": 1})),
            ],
            0..6,
        ),
        pretty in any::<bool>(),
        which in 0_usize..3,
    ) {
        let value: Value = members.into_iter().collect::<serde_json::Map<_, _>>().into();
        let text = if pretty { serde_json::to_string_pretty(&value) } else { serde_json::to_string(&value) };
        let (name, schema) = [
            ("bedrock-invoke", Schema::Claude),
            ("vertex-claude", Schema::Claude),
            ("mistral", Schema::Chat),
        ][which];
        let edited = body(name, schema, Operation::Generate, &text.unwrap(), &[]);
        let mut expected = value.as_object().unwrap().clone();
        match name {
            "bedrock-invoke" => {
                expected.remove("model");
                expected.remove("stream");
                expected.insert("anthropic_version".into(), json!("bedrock-2023-05-31"));
            }
            "vertex-claude" => {
                expected.remove("model");
                expected.insert("anthropic_version".into(), json!("vertex-2023-10-16"));
            }
            _ => {
                if let Some(limit) = expected.remove("max_completion_tokens")
                    && !limit.is_null()
                    && expected.get("max_tokens").is_none_or(Value::is_null)
                {
                    expected.insert("max_tokens".into(), limit);
                }
            }
        }
        prop_assert_eq!(serde_json::from_str::<Value>(&edited).unwrap(), Value::Object(expected));
    }
}
