//! Recorded traffic through both codecs.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::*;
use crate::corpus;

fn schema(path: &Path) -> Schema {
    match path.to_string_lossy().contains("gemini_embed") {
        true => Schema::Gemini,
        false => Schema::Chat,
    }
}

fn recordings(ending: &str) -> Vec<(std::path::PathBuf, Vec<u8>)> {
    let mut files =
        corpus::files(|kind| matches!(kind, "gemini_embed" | "openai_embeddings"), ending);
    // Ollama's own endpoint, which is not OpenAI's.
    files.retain(|(path, _)| !path.to_string_lossy().contains("ollama"));
    files
}

/// The vectors of a body of either schema, as an SDK reads them: to the bit.
fn vectors(body: &[u8]) -> Vec<Vec<u32>> {
    let body = json(body);
    let bits = |value: &Value| match value {
        Value::String(text) => {
            let bytes = STANDARD.decode(text).unwrap();
            bytes.chunks(4).map(|b| f32::from_le_bytes(b.try_into().unwrap()).to_bits()).collect()
        }
        list => {
            let numbers = list.as_array().unwrap().iter();
            numbers.map(|n| n.to_string().parse::<f32>().unwrap().to_bits()).collect()
        }
    };
    match (body["data"].as_array(), body["embeddings"].as_array()) {
        (Some(data), _) => data.iter().map(|datum| bits(&datum["embedding"])).collect(),
        (_, Some(list)) => list.iter().map(|embedding| bits(&embedding["values"])).collect(),
        _ => vec![bits(&body["embedding"]["values"])],
    }
}

#[test]
fn recorded_vectors_are_the_same_to_the_bit_on_every_surface() {
    let mut seen = 0;
    for (path, body) in recordings(".response.json") {
        let codec = codec(schema(&path)).unwrap();
        if json(&body).get("error").is_some() || json(&body).get("detail").is_some() {
            assert!(codec.decode_response(&body).is_err(), "{}", path.display());
            continue;
        }
        let response = codec.decode_response(&body).unwrap();
        let expected = vectors(&body);
        assert!(!expected.is_empty() && !expected[0].is_empty());
        for base64 in [true, false] {
            let reply = Reply { model: "m", vectors: expected.len(), base64, batch: true };
            for surface in [&OpenAi as &dyn Codec, &Gemini] {
                let shown = surface.encode_response(&response, &reply).unwrap();
                assert!(vectors(&shown) == expected, "{}", path.display());
                let again = surface.decode_response(&shown).unwrap();
                if let Some(usage) = response.usage {
                    assert_eq!(again.usage.unwrap().total_input(), usage.total_input());
                }
            }
        }
        seen += 1;
    }
    println!("{seen} recorded answers, each on 2 surfaces and in 2 formats");
    assert!(seen > 14 || corpus::is_absent(), "{seen}");
}

#[test]
fn recorded_usage_is_read() {
    for (path, body) in recordings(".response.json") {
        let Ok(usage) = codec(schema(&path)).unwrap().read_usage(&body) else { continue };
        let body = json(&body);
        let said = [
            &body["usage"]["prompt_tokens"],
            &body["usageMetadata"]["promptTokenCount"],
            &body["usage"]["total_tokens"],
        ];
        let said = said.into_iter().find_map(Value::as_u64);
        assert_eq!(usage.map(|usage| usage.total_input()), said, "{}", path.display());
    }
}

#[test]
fn recorded_requests_are_carried_or_refused_by_name() {
    let (mut carried, mut refused) = (0, 0);
    for (path, body) in recordings(".request.json") {
        let schema = schema(&path);
        let model = json(&body)["requests"][0]["model"].as_str().map(str::to_owned);
        let model = model.map(|name| name.trim_start_matches("models/").to_owned());
        let hints = PathHints { model: model.as_deref(), batch: true };
        let request = codec(schema).unwrap().decode_request(&body, hints).unwrap();
        for target in [&OpenAi as &dyn Codec, &Gemini] {
            match target.encode_request(&request, "other") {
                Ok(sent) => {
                    let hints = PathHints { model: Some("other"), batch: true };
                    let again = target.decode_request(&sent.body, hints).unwrap();
                    assert_eq!(again.items.len(), request.items.len());
                    for (item, before) in again.items.iter().zip(&request.items) {
                        assert_eq!(item.dimensions, before.dimensions);
                        assert_eq!(format!("{:?}", item.input), format!("{:?}", before.input));
                    }
                    carried += 1;
                }
                Err(refusal) => {
                    assert!(path.to_string_lossy().contains("embeds-an-im"), "{refusal}");
                    assert_eq!(refusal.field.as_deref(), Some("requests.content.parts"));
                    refused += 1;
                }
            }
        }
    }
    println!("{carried} carried, {refused} refused by name");
    assert!((carried > 30 && refused == 1) || corpus::is_absent(), "{carried} {refused}");
}
