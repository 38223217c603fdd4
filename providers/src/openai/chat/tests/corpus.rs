//! Recorded traffic of OpenAI, Azure and compatible hosts.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::Value;

use super::responses::show as show_part;
use super::streams::{events, show};
use super::{Chat, decode, legacy, modern, reply};
use crate::codec::{Codec, Target};
use crate::conversation::shape::normalize;
use crate::conversation::{ErrorClass, Part, Request, Response};

/// All recordings of Chat Completions whose names end so, as text.
fn recordings(ending: &str) -> Vec<(PathBuf, String)> {
    let files = crate::corpus::files(|kind| kind.starts_with("openai_chat"), ending);
    assert!(!files.is_empty() || crate::corpus::is_absent(), "none ends in {ending}");
    files.into_iter().map(|(path, bytes)| (path, String::from_utf8(bytes).unwrap())).collect()
}

/// What a request means: everything but where in the body unknown members stood.
fn meaning(request: &Request<'_>) -> String {
    let mut request = request.clone();
    request.model = "m".into();
    request.extensions.retain(|extension| !extension.path.contains('.'));
    request.candidates = request.candidates.filter(|&n| n > 1);
    format!("{request:#?}")
}

#[test]
fn requests_keep_their_meaning() {
    let mut lost = BTreeMap::<String, usize>::new();
    for (path, text) in recordings(".request.json") {
        let name = path.display();
        let request = decode(&text).unwrap_or_else(|refusal| panic!("{name}: {refusal}"));
        for capabilities in [modern(), legacy()] {
            let target = Target { model: "gpt-y", capabilities: &capabilities };
            let encoded = Chat
                .encode_request(&request, &target)
                .unwrap_or_else(|refusal| panic!("{name}: {refusal}"));
            let again = std::str::from_utf8(&encoded.body).unwrap();
            if capabilities.legacy_openai {
                assert_eq!(meaning(&request), meaning(&decode(again).unwrap()), "{name}");
                for loss in encoded.losses {
                    *lost.entry(loss.field.into_owned()).or_default() += 1;
                }
            }
        }
    }
    // Nothing but members that OpenAI does not have, and two that no other schema has.
    for field in lost.keys() {
        let known = ["messages.name", "messages.prefix", "messages.reasoning_details"];
        assert!(known.contains(&field.as_str()), "{lost:?}");
    }
}

#[test]
fn shaped_requests_keep_their_shape() {
    for (path, text) in recordings(".request.json") {
        let name = path.display();
        let mut request = decode(&text).unwrap();
        // Instructions alone are no conversation.
        if request.messages.is_empty() {
            continue;
        }
        normalize(&mut request).unwrap_or_else(|refusal| panic!("{name}: {refusal}"));
        let capabilities = legacy();
        let target = Target { model: "gpt-y", capabilities: &capabilities };
        let encoded = Chat.encode_request(&request, &target).unwrap();
        let mut again = decode(std::str::from_utf8(&encoded.body).unwrap()).unwrap();
        normalize(&mut again).unwrap();
        let moved = encoded.losses.iter().any(|loss| loss.field == "messages.tool");
        assert!(moved || meaning(&request) == meaning(&again), "{name}");
    }
}

/// What a caller is told: parts, reasons and counts; thoughts have no place in an answer.
fn told(response: &Response<'_>) -> String {
    let mut told = String::new();
    for candidate in &response.candidates {
        let said = candidate.parts.iter().filter(|part| !matches!(part, Part::Thinking(_)));
        let text: String = said
            .clone()
            .filter_map(|part| match part {
                Part::Text(text) => Some(text.text.as_ref()),
                _ => None,
            })
            .collect();
        let rest: Vec<_> =
            said.filter(|part| !matches!(part, Part::Text(_))).map(show_part).collect();
        told += &format!("{} {text:?} {rest:?} {:?}\n", candidate.index, candidate.finish);
    }
    format!("{told}{:?}", response.usage.unwrap_or_default().tokens())
}

#[test]
fn responses_say_the_same_again() {
    for (path, text) in recordings(".response.json") {
        let name = path.display().to_string();
        let meta = std::fs::read(name.replace(".response.json", ".meta.json")).unwrap();
        let meta: Value = serde_json::from_slice(&meta).unwrap();
        let status = u16::try_from(meta["status"].as_u64().unwrap()).unwrap();
        let value: Value = serde_json::from_str(&text).unwrap();
        if status != 200 {
            let error = Chat.decode_error(status, text.as_bytes());
            assert_eq!(error.message, value["error"]["message"], "{name}");
            assert_eq!(error.code.as_deref(), value["error"]["code"].as_str(), "{name}");
            assert_ne!(error.class, ErrorClass::Server, "{name}");
            assert_eq!(Chat.encode_error(&error, "").0, status, "{name}");
            continue;
        }
        let response =
            Chat.decode_response(text.as_bytes()).unwrap_or_else(|e| panic!("{name}: {e:?}"));
        assert_eq!(Chat.read_usage(text.as_bytes()), Ok(response.usage), "{name}");
        let counts = response.usage.unwrap();
        assert_eq!(
            counts.total_input(),
            value["usage"]["prompt_tokens"].as_u64().unwrap(),
            "{name}"
        );
        assert_eq!(counts.total(), value["usage"]["total_tokens"].as_u64().unwrap(), "{name}");
        let again = Chat.encode_response(&response, &reply()).unwrap();
        let again = Chat.decode_response(&again).unwrap();
        let expected = told(&response).replace("#-(", "#call_egret1_0_0(");
        assert_eq!(expected, told(&again), "{name}");
    }
}

/// The text and the arguments of a stream, read without the codec.
fn raw_text(stream: &str) -> (String, String) {
    let (mut text, mut arguments) = (String::new(), String::new());
    for line in stream.lines().filter_map(|line| line.strip_prefix("data:")) {
        let Ok(chunk) = serde_json::from_str::<Value>(line) else { continue };
        for choice in chunk["choices"].as_array().into_iter().flatten() {
            text += choice["delta"]["content"].as_str().unwrap_or_default();
            for call in choice["delta"]["tool_calls"].as_array().into_iter().flatten() {
                arguments += call["function"]["arguments"].as_str().unwrap_or_default();
            }
        }
    }
    (text, arguments)
}

/// The text and the arguments that events tell.
fn told_text(events: &[String]) -> (String, String) {
    let (mut text, mut arguments) = (String::new(), String::new());
    let mut kinds = BTreeMap::new();
    for event in events {
        let (place, what) = event.split_once(' ').unwrap_or((event, ""));
        if let Some(piece) = what.strip_prefix('+') {
            match kinds.get(place) {
                Some(&"Text") => text += piece,
                Some(&"call") => arguments += piece,
                _ => {}
            }
        } else if what == "Text" || what.starts_with("call ") {
            kinds.insert(place.to_owned(), if what == "Text" { "Text" } else { "call" });
        }
    }
    (text, arguments)
}

#[test]
fn streams_decode_the_same_however_they_are_cut() {
    for (path, stream) in recordings(".response.sse") {
        let name = path.display();
        let whole = events([stream.as_bytes()]);
        assert!(whole[0].starts_with("start "), "{name}: {whole:?}");
        assert_eq!(whole.iter().filter(|event| *event == "end").count(), 1, "{name}: {whole:?}");
        assert_eq!(whole.last().unwrap(), "end", "{name}");
        assert_eq!(told_text(&whole), raw_text(&stream), "{name}");
        for size in [1, 2, 7, 64, 1000] {
            assert_eq!(events(stream.as_bytes().chunks(size)), whole, "{name} in pieces of {size}");
        }
    }
}

#[test]
fn a_stream_that_is_cut_short_has_no_end() {
    for (path, stream) in recordings(".response.sse") {
        // Groq counts twice, and says the second time how it was served.
        let counted_once = |mut events: Vec<String>| {
            events.dedup();
            events
        };
        let whole = counted_once(events([stream.as_bytes()]));
        for (end, _) in stream.match_indices("data: ").chain(stream.match_indices("\ndata:")) {
            let cut = counted_once(events([&stream.as_bytes()[..end]]));
            // Compatible hosts may say all there is to say before [DONE], and then nothing is lost.
            let allowed = path.to_string_lossy().contains("openai_chat_") && cut == whole;
            let ended = cut.last().is_some_and(|last| last == "end");
            assert!(allowed || !ended, "{} cut at {end}", path.display());
        }
    }
}

#[test]
fn streams_say_the_same_again() {
    for (path, stream) in recordings(".response.sse") {
        let mut decoder = Chat.stream_decoder();
        let mut encoder = Chat.stream_encoder(reply());
        let (mut out, mut before) = (Vec::new(), Vec::new());
        let mut sink = |event: crate::conversation::Event<'_>| {
            before.push(show(&event));
            encoder.event(&event, &mut out);
        };
        decoder.push(stream.as_bytes(), &mut sink);
        decoder.finish(&mut sink);
        let after = events([out.as_slice()]);
        let name = path.display();
        let (text, arguments) = told_text(&before);
        let again = told_text(&after);
        assert_eq!(text, again.0, "{name}");
        assert!(arguments == again.1 || again.1.contains("{}"), "{name}: {arguments} {}", again.1);
        let ends = |events: &[String]| {
            let mut ends: Vec<_> = events
                .iter()
                .filter(|event| !event.contains('.') && !event.starts_with("start"))
                .cloned()
                .collect();
            // Some hosts count while they write; the caller gets the sum at the end.
            let usage = ends.iter().rposition(|end| end.starts_with("usage"));
            let usage = usage.map_or_else(|| "usage 0 0".to_owned(), |last| ends.remove(last));
            ends.retain(|end| !end.starts_with("usage"));
            ends.push(usage);
            ends
        };
        assert_eq!(ends(&before), ends(&after), "{name}");
    }
}
