#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod cap;

use super::*;
use crate::catalog::Catalog;
use crate::features::Feature;
use crate::seal::tests::seal;

const EASY: Leeway = Leeway { strict: false, drop: Vec::new(), emulate: Vec::new() };
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

/// Whatever is asked for, what it makes use of is seen.
#[test]
fn features_are_seen_in_every_operation() {
    let gemini = Some("gemini-2.5-flash");
    let (one, many) = (Operation::Embed { batch: false }, Operation::Embed { batch: true });
    let image = r#"{"parts":[{"inlineData":{"mimeType":"image/png","data":""}}]}"#;
    for (operation, surface, model, members, expected) in [
        (TURN, Schema::Chat, None, r#""model":"m","functions":[{"name":"f"}]"#.to_owned(), "tools"),
        (
            Operation::Count,
            Schema::Claude,
            None,
            r#""model":"m","messages":[{"content":[{"type":"image"}]}]"#.to_owned(),
            "images",
        ),
        (
            Operation::Count,
            Schema::Responses,
            None,
            r#""model":"m","tools":[{"type":"function","name":"f"}]"#.to_owned(),
            "tools",
        ),
        (Operation::Count, Schema::Gemini, gemini, format!(r#""contents":[{image}]"#), "images"),
        (
            Operation::Count,
            Schema::Gemini,
            gemini,
            r#""generateContentRequest":{"tools":[{"functionDeclarations":[{}]}]}"#.to_owned(),
            "tools",
        ),
        (one, Schema::Gemini, gemini, format!(r#""content":{image}"#), "images"),
        (
            many,
            Schema::Gemini,
            gemini,
            format!(r#""requests":[{{"content":{{"parts":[]}}}},{{"content":{image}}}]"#),
            "images",
        ),
    ] {
        let body = Bytes::from(format!("{{{members}}}"));
        let inbound = Inbound::of(operation, surface, &body, model).unwrap();
        let names: Vec<&str> = inbound.features().iter().map(Feature::name).collect();
        assert_eq!(names.join(" "), expected, "{operation:?} {surface} {members}");
    }
}

/// Which of OpenAI's two schemas suits a request for this model better.
fn best(surface: Schema, model: &str, fields: &str) -> Schema {
    let body = match surface {
        Schema::Gemini => Bytes::from_static(b"{}"),
        _ => Bytes::from(format!(r#"{{"model":"{model}"{fields}}}"#)),
    };
    let inbound = Inbound::of(TURN, surface, &body, Some(model)).unwrap();
    let spoken = [Schema::Chat, Schema::Responses]
        .map(|schema| (schema, Catalog::bundled().capabilities(schema, model)));
    let spoken: Vec<_> = spoken
        .iter()
        .map(|(schema, capabilities)| (*schema, Target { model, capabilities }))
        .collect();
    inbound.by_preference(&spoken)[0].0
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
        // It thinks unasked.
        (Schema::Chat, "gpt-5.6-sol", tools, Schema::Responses),
        (Schema::Chat, "gpt-5.6-sol", &idle, Schema::Chat),
        (Schema::Chat, "gpt-5-pro", "", Schema::Responses),
        (Schema::Chat, "gpt-5", &thinking, Schema::Chat),
        (Schema::Chat, "llama-4", &thinking, Schema::Chat),
        (Schema::Responses, "gpt-4o", "", Schema::Responses),
        (Schema::Responses, "gpt-5.4", "", Schema::Responses),
        (Schema::Claude, "gpt-5.4", "", Schema::Responses),
        (Schema::Claude, "gpt-4o", "", Schema::Chat),
        (Schema::Claude, "llama-4", "", Schema::Chat),
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
    assert!(
        inbound
            .encode(&[(Schema::Chat, target), (Schema::Responses, target)], &EASY, &seal())
            .is_err()
    );
    assert!(inbound.encode(&[], &EASY, &seal()).is_err());
    // Its own schema carries everything.
    let (schema, encoded) = inbound.encode(&[(Schema::Claude, target)], &EASY, &seal()).unwrap();
    assert_eq!((schema, encoded.body), (Schema::Claude, body.clone()));
}

/// What becomes of a Gemini request on its way to a new Claude, which refuses sampling.
fn to_claude(config: &str, leeway: &Leeway) -> Result<(String, Vec<String>), ApiError> {
    let body = Bytes::from(format!(
        r#"{{"contents":[{{"role":"user","parts":[{{"text":"Hi"}}]}}],"generationConfig":{{{config}}}}}"#
    ));
    let capabilities = Catalog::bundled().capabilities(Schema::Claude, "claude-opus-5");
    let target = Target { model: "claude-opus-5", capabilities: &capabilities };
    let mut inbound = Inbound::of(TURN, Schema::Gemini, &body, Some("m")).unwrap();
    let (_, encoded) = inbound.encode(&[(Schema::Claude, target)], leeway, &seal())?;
    let body = String::from_utf8(encoded.body.to_vec()).unwrap();
    Ok((body, encoded.losses.into_iter().map(|loss| loss.field.into_owned()).collect()))
}

#[test]
fn what_may_be_dropped_is_dropped_and_reported_instead_of_refused() {
    let drop = |names: &[&str]| {
        let drop = names.iter().map(|name| Droppable::named(name).unwrap()).collect();
        Leeway { drop, ..EASY }
    };
    let config = r#""topK":64,"topP":0.9"#;
    let refused = to_claude(config, &EASY).unwrap_err();
    assert!(refused.param.unwrap().starts_with("generationConfig.top"));
    // One of the two is not enough.
    assert!(to_claude(config, &drop(&["top_k", "temperature"])).is_err());
    let (body, lost) = to_claude(config, &drop(&["top_k", "top_p"])).unwrap();
    assert!(!body.contains("top_"), "{body}");
    assert_eq!(lost, ["generationConfig.topK", "generationConfig.topP"]);
    // Where nothing would be refused nothing is dropped.
    let (_, lost) = to_claude("", &drop(&["top_k", "top_p"])).unwrap();
    assert_eq!(lost, Vec::<String>::new());
}

#[test]
fn a_strict_route_refuses_every_loss_by_name_but_those_it_allows() {
    let config = r#""seed":7,"mediaResolution":"MEDIA_RESOLUTION_LOW""#;
    let (_, lost) = to_claude(config, &EASY).unwrap();
    assert_eq!(lost, ["generationConfig.mediaResolution", "generationConfig.seed"]);
    let mut strict = Leeway { strict: true, ..EASY };
    let refused = to_claude(config, &strict).unwrap_err();
    assert_eq!(refused.param.as_deref(), Some("generationConfig.mediaResolution"));
    for name in &lost {
        assert!(refused.message.contains(&format!("`{name}`")), "{}", refused.message);
    }
    // What may be dropped is not counted.
    strict.drop = vec![Droppable::named("seed").unwrap()];
    let refused = to_claude(config, &strict).unwrap_err().message;
    assert!(refused.contains("leave it out") && !refused.contains("seed"), "{refused}");
    assert_eq!(to_claude(r#""seed":7"#, &strict).unwrap().1, ["generationConfig.seed"]);
}

#[test]
fn every_droppable_field_has_a_name_of_its_own() {
    let names: Vec<&str> = Droppable::names().collect();
    for (at, name) in names.iter().enumerate() {
        assert!(!names[..at].contains(name), "{name}");
        assert_eq!(Droppable::named(name).map(Droppable::name), Some(*name));
    }
    assert!(Droppable::named("messages").is_none());
}
