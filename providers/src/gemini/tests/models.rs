//! What a model can't be told or shown, by its capabilities (`wire.md` §5.1, §6).

use serde_json::{Value, json};

use super::super::Gemini;
use crate::Schema;
use crate::catalog::Catalog;
use crate::codec::{Codec, Encoded, PathHints, Target};
use crate::conversation::Refusal;

/// A caller's request as it is sent to this model.
fn sent(from: Schema, model: &str, members: Value) -> Result<Encoded, Refusal> {
    let mut body = match from {
        Schema::Gemini => json!({"contents": [{"role": "user", "parts": [{"text": "hi"}]}]}),
        _ => json!({"model": "m", "messages": [{"role": "user", "content": "hi"}]}),
    };
    body.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    let body = body.to_string();
    let path = match from {
        Schema::Gemini => super::PATH,
        _ => PathHints::default(),
    };
    let request = from.codec().decode_request(body.as_bytes(), path)?;
    let capabilities = Catalog::bundled().capabilities(Schema::Gemini, model);
    Gemini.encode_request(&request, &Target { model, capabilities: &capabilities })
}

/// Its settings and its losses, or the field it is refused for.
fn config(from: Schema, model: &str, members: Value) -> Result<(Value, Vec<String>), String> {
    let encoded =
        sent(from, model, members).map_err(|refusal| refusal.field.unwrap().into_owned())?;
    let body: Value = serde_json::from_slice(&encoded.body).unwrap();
    let losses = encoded.losses.into_iter().map(|loss| loss.field.into_owned()).collect();
    Ok((body["generationConfig"].clone(), losses))
}

type Want = Result<(Value, &'static [&'static str]), &'static str>;

fn check(rows: &[(&str, Value, Want)]) {
    for (model, members, want) in rows {
        let found = config(Schema::Chat, model, members.clone());
        let want = match want {
            Ok((config, losses)) => {
                Ok((config.clone(), losses.iter().map(|loss| (*loss).to_owned()).collect()))
            }
            Err(field) => Err((*field).to_owned()),
        };
        assert_eq!(found, want, "{model}: {members}");
    }
}

#[test]
fn sampling_and_penalties() {
    check(&[
        ("gemini-2.5-flash", json!({"temperature": 2}), Ok((json!({"temperature": 2}), &[]))),
        ("gemini-2.5-flash", json!({"temperature": 2.01}), Err("temperature")),
        // Taken by the model, and paid no heed to.
        (
            "gemini-3.8-flash",
            json!({"temperature": 0.5, "top_p": 0.5, "seed": 5}),
            Ok((json!({"seed": 5}), &["temperature", "top_p"])),
        ),
        (
            "gemini-2.5-flash",
            json!({"presence_penalty": 0.5, "frequency_penalty": -1}),
            Ok((json!({"presencePenalty": 0.5, "frequencyPenalty": -1}), &[])),
        ),
        ("gemini-3-pro-preview", json!({"presence_penalty": 0.5}), Err("presence_penalty")),
        ("gemini-3-pro-preview", json!({"frequency_penalty": 0.5}), Err("frequency_penalty")),
        (
            "gemini-3-pro-preview",
            json!({"frequency_penalty": 0.0}),
            Ok((Value::Null, &["frequency_penalty"])),
        ),
    ]);
}

#[test]
fn thinking() {
    let thinks = |config: Value| json!({"thinkingConfig": config});
    check(&[
        (
            "gemini-2.5-flash",
            json!({"reasoning_effort": "none"}),
            Ok((thinks(json!({"thinkingBudget": 0})), &[])),
        ),
        (
            "gemini-2.5-pro",
            json!({"reasoning_effort": "none"}),
            Ok((thinks(json!({"thinkingBudget": 128})), &["reasoning_effort"])),
        ),
        (
            "gemini-2.5-pro",
            json!({"reasoning_effort": "high"}),
            Ok((thinks(json!({"thinkingBudget": 24576})), &[])),
        ),
        (
            "gemini-3.1-pro-preview",
            json!({"reasoning_effort": "minimal"}),
            Ok((thinks(json!({"thinkingLevel": "LOW"})), &["reasoning_effort"])),
        ),
        (
            "gemini-3-flash-preview",
            json!({"reasoning_effort": "minimal"}),
            Ok((thinks(json!({"thinkingLevel": "MINIMAL"})), &[])),
        ),
        (
            "gemini-2.5-flash-image",
            json!({"reasoning_effort": "high"}),
            Ok((Value::Null, &["reasoning_effort"])),
        ),
        ("gemini-2.5-flash-image", json!({"reasoning_effort": "none"}), Ok((Value::Null, &[]))),
    ]);
}

#[test]
fn budgets_stay_within_the_models() {
    for (model, budget, given, lost) in [
        ("gemini-2.5-pro", 100, 128, true),
        ("gemini-2.5-pro", 32_768, 32_768, false),
        ("gemini-2.5-flash", 30_000, 24_576, true),
        ("gemini-2.5-flash-lite", 100, 512, true),
    ] {
        let thinking =
            json!({"max_tokens": 60_000, "thinking": {"type": "enabled", "budget_tokens": budget}});
        let (config, losses) = config(Schema::Claude, model, thinking).unwrap();
        assert_eq!(config["thinkingConfig"]["thinkingBudget"], given, "{model}");
        assert_eq!(losses, if lost { vec!["thinking"] } else { vec![] }, "{model}");
    }
}

#[test]
fn what_models_that_draw_or_speak_cannot_do() {
    let tools = json!([{"type": "function", "function": {"name": "f"}}]);
    let image = json!([{"role": "user", "content": [
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBO"}}]}]);
    let audio = json!([{"role": "user", "content": [
        {"type": "input_audio", "input_audio": {"data": "UklG", "format": "wav"}}]}]);
    let pdf = json!([{"role": "user", "content": [
        {"type": "file", "file": {"file_data": "data:application/pdf;base64,JVBE"}}]}]);
    check(&[
        ("gemini-2.5-flash-image", json!({"tools": tools}), Err("tools")),
        (
            "gemini-2.5-flash-image",
            json!({"response_format": {"type": "json_object"}}),
            Err("response_format"),
        ),
        ("gemini-2.5-flash-image", json!({"messages": image}), Ok((Value::Null, &[]))),
        ("gemini-2.5-flash-image", json!({"messages": audio}), Err("messages.input_audio")),
        ("gemini-2.5-flash-image", json!({"messages": pdf}), Err("messages.file")),
        ("gemini-2.5-flash-preview-tts", json!({"messages": image}), Err("messages.image_url")),
        ("gemini-2.5-flash", json!({"messages": audio}), Ok((Value::Null, &[]))),
        ("gemini-2.5-flash", json!({"messages": pdf}), Ok((Value::Null, &[]))),
    ]);
}

#[test]
fn log_probabilities_are_asked_for_as_far_as_gemini_tells_them() {
    check(&[
        (
            "gemini-2.5-flash",
            json!({"logprobs": true}),
            Ok((json!({"responseLogprobs": true}), &[])),
        ),
        (
            "gemini-2.5-flash",
            json!({"logprobs": true, "top_logprobs": 20}),
            Ok((json!({"responseLogprobs": true, "logprobs": 20}), &[])),
        ),
    ]);
    let request = crate::conversation::Request {
        logprobs: Some(21),
        messages: vec![crate::conversation::Message {
            role: crate::conversation::Role::User,
            parts: vec![crate::conversation::Part::text("hi")],
        }],
        ..crate::conversation::Request::new(Schema::Chat, "m")
    };
    let refusal = super::encode(&request).unwrap_err();
    assert_eq!(refusal.field.as_deref(), Some("logprobs"));
}

#[test]
fn geminis_own_callers_are_told_no_by_gemini() {
    for (model, settings) in [
        ("gemini-3-pro-preview", json!({"temperature": 3, "presencePenalty": 1.5, "topK": 4})),
        ("gemini-3.8-flash", json!({"temperature": 0.5, "responseModalities": ["AUDIO"]})),
        (
            "gemini-2.5-flash-image",
            json!({"thinkingConfig": {"thinkingLevel": "HIGH", "includeThoughts": true}}),
        ),
        ("gemini-3-flash-preview", json!({"thinkingConfig": {"thinkingBudget": 0}})),
        ("gemini-2.5-pro", json!({"thinkingConfig": {"thinkingBudget": -1}})),
        ("gemini-2.5-flash", json!({"responseLogprobs": true, "logprobs": 30})),
    ] {
        let found = config(Schema::Gemini, model, json!({"generationConfig": settings}));
        assert_eq!(found, Ok((settings, vec![])), "{model}");
    }
}
