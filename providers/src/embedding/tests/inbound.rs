use bytes::Bytes;

use super::*;
use crate::conversation::ErrorClass;

#[test]
fn a_provider_of_the_same_schema_gets_the_callers_bytes() {
    let openai = br#"{ "input":[[1,2]], "model" : "m","x":1E2,"encoding_format":"base64"}"#;
    let batch =
        br#"{"requests":[{"model":"models/m","content":{"parts":[]}},{"model":"m"}], "y":-0}"#;
    let one = br#"{"content":{"parts":[{"text":"m"}]}, "model":"models/m"}"#;
    for (schema, body, path) in [
        (Schema::Chat, &openai[..], PathHints::default()),
        (Schema::Gemini, batch, BATCH),
        (Schema::Gemini, one, ONE),
    ] {
        let body = Bytes::from_static(body);
        let mut inbound = Inbound::of(schema, &body, path).unwrap();
        assert_eq!(inbound.model(), "m");
        assert_eq!(inbound.batch(schema), path.batch);
        assert_eq!(inbound.encode(schema, "m").unwrap().body, body);
        let renamed = inbound.encode(schema, "new").unwrap();
        let text = std::str::from_utf8(&renamed.body).unwrap();
        let expected = std::str::from_utf8(&body).unwrap();
        let expected = expected.replace("models/m\"", "models/new\"").replace("\"m\"", "\"new\"");
        let expected = expected.replace(r#"{"text":"new"}"#, r#"{"text":"m"}"#);
        assert_eq!(text, expected);
        assert!(renamed.losses.is_empty());
        assert_eq!(inbound.reply(), None);
    }
}

#[test]
fn a_provider_of_another_schema_gets_a_translation() {
    let body = Bytes::from_static(br#"{"input":["a","b"],"model":"m","encoding_format":"base64"}"#);
    let mut inbound = Inbound::of(Schema::Chat, &body, PathHints::default()).unwrap();
    let sent = inbound.encode(Schema::Gemini, "g").unwrap();
    assert_eq!(json(&sent.body)["requests"][1]["model"], "models/g");
    assert!(inbound.batch(Schema::Gemini));
    let reply = Reply { model: "m", vectors: 2, base64: true, batch: false };
    assert_eq!(inbound.reply(), Some(reply));

    let body = Bytes::from_static(br#"{"content":{"parts":[{"text":"a"}]}}"#);
    let mut inbound = Inbound::of(Schema::Gemini, &body, ONE).unwrap();
    assert_eq!(json(&inbound.encode(Schema::Chat, "o").unwrap().body)["model"], "o");
    let reply = Reply { model: "m", vectors: 1, base64: false, batch: false };
    assert_eq!(inbound.reply(), Some(reply));
}

#[test]
fn where_there_are_no_embeddings_the_caller_is_told() {
    let body = Bytes::from_static(br#"{"input":"a","model":"m"}"#);
    let mut inbound = Inbound::of(Schema::Chat, &body, PathHints::default()).unwrap();
    for schema in Schema::ALL {
        let served = matches!(schema, Schema::Chat | Schema::Gemini);
        assert_eq!(codec(schema).is_some(), served, "{schema}");
        match inbound.encode(schema, "x") {
            Ok(_) => assert!(served, "{schema}"),
            Err(error) => assert_eq!((error.class, served), (ErrorClass::NotFound, false)),
        }
    }
}

#[test]
fn a_refusal_of_the_codec_reaches_the_caller_as_one() {
    let body = Bytes::from_static(br#"{"input":[1],"model":"m"}"#);
    let mut inbound = Inbound::of(Schema::Chat, &body, PathHints::default()).unwrap();
    let error = inbound.encode(Schema::Gemini, "g").unwrap_err();
    assert_eq!((error.class, error.param.as_deref()), (ErrorClass::BadRequest, Some("input")));
}

#[test]
fn the_model_must_be_named_once_and_not_too_long() {
    for (schema, body, path, field) in [
        (Schema::Chat, r#"{"input":"a"}"#.to_owned(), PathHints::default(), "model"),
        (
            Schema::Chat,
            r#"{"input":"a","model":"m","Model":"n"}"#.into(),
            PathHints::default(),
            "model",
        ),
        (
            Schema::Chat,
            format!(r#"{{"model":"{}"}}"#, "m".repeat(257)),
            PathHints::default(),
            "model",
        ),
        (Schema::Gemini, r#"{"model":"models/n"}"#.into(), ONE, "model"),
        (Schema::Gemini, r#"{"requests":[{"model":"n"}]}"#.into(), BATCH, "model"),
        (Schema::Gemini, r#"{"Requests":[{"model":"n"}]}"#.into(), BATCH, "requests"),
    ] {
        let body = Bytes::from(body);
        let refusal = Inbound::of(schema, &body, path).unwrap_err();
        assert_eq!(refusal.field.as_deref(), Some(field), "{refusal}");
    }
}
