#![allow(clippy::unwrap_used)]

use bytes::Bytes;
use proptest::prelude::*;

use super::*;
use crate::json::splice;

const BATCH: &[&str] = &["requests"];
const COUNT: &[&str] = &["generateContentRequest", "generate_content_request"];

fn of<'a>(body: &'a str, names: &[&'static str], path: &str) -> Result<Models<'a>, Refusal> {
    Models::of(Schema::Gemini, body.as_bytes(), names, Some(path))
}

fn renamed(body: &str, names: &[&'static str]) -> String {
    let edits = of(body, names, "a").unwrap().set("b");
    String::from_utf8(splice(&Bytes::from(body.to_owned()), edits).to_vec()).unwrap()
}

#[test]
fn every_place_is_set_and_nothing_else_changes() {
    let body = r#"{ "requests" : [ {"model":"models/a","content":{"parts":[{"text":"model"}]}},
        {"content":{"parts":[{"text":"\u00e9"}]},"model" : "a"}, {} ] , "model":"models/a"}"#;
    let expected = r#"{ "requests" : [ {"model":"models/b","content":{"parts":[{"text":"model"}]}},
        {"content":{"parts":[{"text":"\u00e9"}]},"model" : "b"}, {} ] , "model":"models/b"}"#;
    assert_eq!(renamed(body, BATCH), expected);

    let body = r#"{"generateContentRequest":{"contents":[],"model":"models/a"}}"#;
    assert_eq!(renamed(body, COUNT), body.replace("models/a", "models/b"));
    let body = body.replace("generateContentRequest", "generate_content_request");
    assert_eq!(renamed(&body, COUNT), body.replace("models/a", "models/b"));
    assert_eq!(renamed(r#"{"requests":{"model":"a"}}"#, BATCH), r#"{"requests":{"model":"b"}}"#);
    assert_eq!(renamed(r#"{"requests":null}"#, BATCH), r#"{"requests":null}"#);
}

#[test]
fn a_second_model_is_refused_wherever_it_stands() {
    for (body, names) in [
        (r#"{"model":"other"}"#, &[][..]),
        (r#"{"requests":[{"model":"models/a"},{"model":"models/other"}]}"#, BATCH),
        (r#"{"requests":{"model":"other"}}"#, BATCH),
        (r#"{"model":"other","requests":[{"model":"a"}]}"#, BATCH),
        (r#"{"generateContentRequest":{"model":"models/other"}}"#, COUNT),
        (r#"{"generate_content_request":{"model":"other"}}"#, COUNT),
    ] {
        let refusal = of(body, names, "a").unwrap_err();
        assert_eq!(refusal.field.as_deref(), Some("model"), "{body}");
        assert!(refusal.message.contains("path"), "{body}: {refusal}");
    }
}

#[test]
fn no_reader_can_find_another_model_than_this_one() {
    for (body, names, field) in [
        (r#"{"requests":[{"Model":"other"}]}"#, BATCH, "requests.model"),
        (r#"{"requests":[{"\u006dodel":"other"}]}"#, BATCH, "requests.model"),
        (r#"{"requests":[{"model":"a","model":"other"}]}"#, BATCH, "requests.model"),
        (r#"{"requests":[{"model":1}]}"#, BATCH, "requests.model"),
        (r#"{"requests":[1]}"#, BATCH, "requests"),
        (r#"{"requests":"a"}"#, BATCH, "requests"),
        (r#"{"Requests":[{"model":"other"}]}"#, BATCH, "requests"),
        (r#"{"reque\u017fts":[{"model":"other"}]}"#, BATCH, "requests"),
        (
            r#"{"generateContentRequest":{},"generate_content_request":{"model":"other"}}"#,
            COUNT,
            "generate_content_request",
        ),
        (r#"{"GenerateContentRequest":{"model":"other"}}"#, COUNT, "generateContentRequest"),
    ] {
        let refusal = of(body, names, "a").unwrap_err();
        assert_eq!(refusal.field.as_deref(), Some(field), "{body}: {refusal}");
    }
    assert!(of(r#"{"requests":[],"requests":[{"model":"other"}]}"#, BATCH, "a").is_err());
}

#[test]
fn a_body_holds_a_bounded_number_of_requests() {
    let body = |count: usize| format!("{{\"requests\":[{}]}}", vec!["{}"; count].join(","));
    assert!(of(&body(REQUESTS_MAX), BATCH, "a").is_ok());
    let refusal = of(&body(REQUESTS_MAX + 1), BATCH, "a").unwrap_err();
    assert_eq!(refusal.field.as_deref(), Some("requests"));
}

#[test]
fn without_a_path_the_body_names_the_model() {
    let models = Models::of(Schema::Claude, br#"{"model":"a"}"#, &[], None).unwrap();
    assert_eq!(models.model(), Some("a"));
}

proptest! {
    /// Whatever is read as renamed, reads as naming only the new model.
    #[test]
    fn after_setting_there_is_only_the_new_model(
        names in prop::collection::vec(prop::option::of("(models/)?a"), 0..6),
        space in "[ \n]{0,3}",
    ) {
        let request = |name: &Option<String>| match name {
            Some(name) => format!("{{{space}\"model\"{space}:{space}\"{name}\"}}"),
            None => "{}".to_owned(),
        };
        let requests: Vec<_> = names.iter().map(request).collect();
        let body = format!("{{\"requests\":{space}[{}]}}", requests.join(","));
        let after = renamed(&body, BATCH);
        prop_assert!(of(&after, BATCH, "b").is_ok(), "{after}");
        prop_assert_eq!(after.matches('b').count(), names.iter().flatten().count());
        prop_assert_eq!(after.replace('b', "a"), body);
    }
}
