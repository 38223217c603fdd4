//! Recorded traffic of OpenAI, Azure and compatible hosts.

use std::path::PathBuf;

use serde_json::Value;

use super::{Responses, Told, events, ladder, reply};
use crate::codec::Codec;
use crate::conversation::ErrorClass;

/// All recordings of Responses whose names end so.
fn recordings(ending: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let files = crate::corpus::files(|kind| kind.starts_with("openai_responses"), ending);
    assert!(!files.is_empty() || crate::corpus::is_absent(), "none ends in {ending}");
    files
}

/// The answers of a recorded stream (two recordings hold those of several turns), each up to its
/// last event, and the response object in that.
fn answers(stream: &[u8]) -> Vec<(String, Value)> {
    let text = std::str::from_utf8(stream).unwrap().replace("\r\n", "\n");
    let mut answers = Vec::new();
    let mut answer = String::new();
    for frame in text.split_inclusive("\n\n") {
        answer += frame;
        let Some(data) = frame.lines().find_map(|line| line.strip_prefix("data:")) else {
            continue;
        };
        let event: Value = serde_json::from_str(data).unwrap();
        let terminal = ["response.completed", "response.incomplete", "response.failed"];
        if terminal.iter().any(|kind| event["type"] == *kind) {
            answers.push((std::mem::take(&mut answer), event["response"].clone()));
        }
    }
    assert!(!answers.is_empty());
    answers
}

#[test]
fn streams_say_what_their_last_event_says() {
    for (path, stream) in recordings(".sse") {
        for (stream, response) in answers(&stream) {
            let mut streamed = Told::of_stream(stream.as_bytes());
            let mut whole = Told::of_answer(response.to_string().as_bytes());
            // OpenAI encrypts the same reasoning anew in each event.
            for told in [&mut streamed, &mut whole] {
                for signature in told.parts.iter_mut().filter_map(|part| part.signature.as_mut()) {
                    assert!(signature.len() > 100);
                    signature.clear();
                }
            }
            assert_eq!(streamed, whole, "{}", path.display());
        }
    }
}

#[test]
fn streams_give_the_same_events_however_they_are_cut() {
    for (path, stream) in recordings(".sse") {
        let whole = events(&stream, stream.len());
        for size in [1, 7, 1000] {
            assert_eq!(events(&stream, size), whole, "{} by {size}", path.display());
        }
    }
}

#[test]
fn streams_are_written_as_valid_ladders() {
    for (path, stream) in recordings(".sse") {
        for (stream, response) in answers(&stream) {
            let mut encoder = Responses.stream_encoder(reply());
            let mut decoder = Responses.stream_decoder();
            let mut out = Vec::new();
            decoder.push(stream.as_bytes(), &mut |event| encoder.event(&event, &mut out));
            let out = String::from_utf8(out).unwrap();
            let last = ladder::check(&out);
            assert_eq!(last["response"]["status"], response["status"], "{}", path.display());
            // Read again it says the same, but for what only OpenAI can say.
            let mut again = Told::of_stream(out.as_bytes());
            let mut before = Told::of_stream(stream.as_bytes());
            for told in [&mut again, &mut before] {
                told.parts.retain(|part| !part.kind.starts_with("Opaque"));
                for part in &mut told.parts {
                    part.citations.retain(|cited| cited.contains("url: Some"));
                }
            }
            assert_eq!(again, before, "{}", path.display());
        }
    }
}

#[test]
fn answers_are_read_and_written() {
    for (path, body) in recordings(".response.json") {
        let name = path.display().to_string();
        let meta = std::fs::read(name.replace(".response.json", ".meta.json")).unwrap();
        let meta: Value = serde_json::from_slice(&meta).unwrap();
        let status = u16::try_from(meta["status"].as_u64().unwrap()).unwrap();
        let value: Value = serde_json::from_slice(&body).unwrap();
        if status != 200 {
            let error = Responses.decode_error(status, &body);
            assert_ne!(error.class, ErrorClass::Server, "{name}");
            assert_eq!(Responses.encode_error(&error, "").0, status, "{name}");
            continue;
        }
        if value.get("output").is_none() {
            assert!(Responses.decode_response(&body).is_err(), "{name}");
            continue;
        }
        let response =
            Responses.decode_response(&body).unwrap_or_else(|error| panic!("{name}: {error:?}"));
        assert_eq!(Responses.read_usage(&body), Ok(response.usage), "{name}");
        let usage = response.usage.unwrap();
        assert_eq!(usage.total_input(), value["usage"]["input_tokens"], "{name}");
        assert_eq!(usage.total_output(), value["usage"]["output_tokens"], "{name}");
        let written = Responses.encode_response(&response, &reply()).unwrap();
        let again: Value = serde_json::from_slice(&written).unwrap();
        ladder::object(&again);
        let id = value["id"].as_str().unwrap();
        assert_eq!(
            again["id"],
            format!("resp_{}", id.strip_prefix("resp_").unwrap_or(id)),
            "{name}"
        );
        for key in ["model", "incomplete_details"] {
            assert_eq!(again[key], value[key], "{name}");
        }
        assert_eq!(again["created_at"].as_f64(), value["created_at"].as_f64(), "{name}");
        let text = |response: &Value| {
            let items = response["output"].as_array().unwrap().iter();
            let parts = items.flat_map(|item| item["content"].as_array().into_iter().flatten());
            parts
                .filter(|part| part["type"] == "output_text")
                .map(|part| part["text"].as_str().unwrap())
                .collect::<String>()
        };
        assert_eq!(text(&again), text(&value), "{name}");
    }
}
