#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::*;
use crate::catalog::Catalog;

const TURN: Operation = Operation::Generate { stream: None, json_array: false };

fn model_of(length: usize) -> Result<usize, Refusal> {
    let body = Bytes::from(format!(r#"{{"model":"{}"}}"#, "m".repeat(length)));
    Inbound::of(TURN, Schema::Chat, &body, None).map(|inbound| inbound.model().len())
}

#[test]
fn a_model_has_a_name_of_bounded_length() {
    assert_eq!(model_of(256), Ok(256));
    for length in [0, 257, 1 << 20] {
        let refused = model_of(length).map_err(|refusal| refusal.field);
        assert_eq!(refused, Err(Some("model".into())), "{length} bytes");
    }
}

/// Which of OpenAI's two schemas suits a request for this model better.
fn best(surface: Schema, model: &str, fields: &str) -> Schema {
    let body = match surface {
        Schema::Gemini => Bytes::from_static(b"{}"),
        _ => Bytes::from(format!(r#"{{"model":"{model}"{fields}}}"#)),
    };
    let inbound = Inbound::of(TURN, surface, &body, Some(model)).unwrap();
    let capabilities = Catalog::bundled().capabilities(Schema::Chat, model);
    let target = Target { model, capabilities: &capabilities };
    inbound.schemas(&[Schema::Chat, Schema::Responses], &target)[0]
}

#[test]
fn of_openais_two_schemas_the_one_that_suits_the_request_is_taken() {
    let tools = r#","tools":[{"type":"function","function":{"name":"f"}}]"#;
    let thinking = format!(r#"{tools},"reasoning_effort":"high""#);
    let idle = format!(r#"{tools},"reasoning_effort":"none""#);
    let unsaid = format!(r#"{tools},"reasoning_effort":null"#);
    for (surface, model, fields, expected) in [
        (Schema::Chat, "gpt-4o", "", Schema::Chat),
        (Schema::Chat, "gpt-5.4", "", Schema::Chat),
        (Schema::Chat, "gpt-5.4", tools, Schema::Chat),
        (Schema::Chat, "gpt-5.4", &idle, Schema::Chat),
        (Schema::Chat, "gpt-5.4", &unsaid, Schema::Chat),
        (Schema::Chat, "gpt-5.4", r#","reasoning_effort":"high""#, Schema::Chat),
        (Schema::Chat, "gpt-5.4", &thinking, Schema::Responses),
        (Schema::Chat, "gpt-5", &thinking, Schema::Chat),
        (Schema::Chat, "llama-4", &thinking, Schema::Chat),
        (Schema::Responses, "gpt-4o", "", Schema::Responses),
        (Schema::Responses, "gpt-5.4", "", Schema::Responses),
        (Schema::Claude, "gpt-5.4", "", Schema::Responses),
        (Schema::Claude, "gpt-4o", "", Schema::Chat),
        (Schema::Claude, "llama-4", "", Schema::Chat),
        (Schema::Gemini, "gpt-5", "", Schema::Responses),
        (Schema::Gemini, "gpt-oss-120b", "", Schema::Chat),
    ] {
        assert_eq!(best(surface, model, fields), expected, "{surface} {model} {fields}");
    }
}

#[test]
fn what_one_schema_cannot_carry_another_may() {
    // A conversation without a turn.
    let body = Bytes::from_static(br#"{"model":"m","messages":[]}"#);
    let capabilities = Catalog::bundled().capabilities(Schema::Chat, "gpt-5.4");
    let target = Target { model: "m", capabilities: &capabilities };
    let mut inbound = Inbound::of(TURN, Schema::Claude, &body, None).unwrap();
    assert!(inbound.encode(&[Schema::Chat, Schema::Responses], &target).is_err());
    assert!(inbound.encode(&[], &target).is_err());
    // Its own schema carries everything.
    let (schema, encoded) = inbound.encode(&[Schema::Chat, Schema::Claude], &target).unwrap();
    assert_eq!((schema, encoded.body), (Schema::Claude, body.clone()));
}
