//! Recorded traffic. It lies beside the project; without it these tests say so and do nothing,
//! except in CI, where they fail.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::super::Gemini;
use super::{decode, encoded, events};
use crate::catalog::Thinking;
use crate::codec::{Codec, Reply};
use crate::conversation::{Event, Part, Request, Response, Source, Usage};

/// The files of both Gemini kinds with this ending.
pub(super) fn recordings(ending: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let shared = std::env::var_os("EGRET_SHARED")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared"), PathBuf::from);
    let mut found = Vec::new();
    for folder in ["gemini/json", "gemini/sse", "gemini_vertex/json", "gemini_vertex/sse"] {
        let entries = fs::read_dir(shared.join("corpus").join(folder));
        for entry in entries.into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.to_string_lossy().ends_with(ending) {
                let bytes = fs::read(&path).unwrap();
                found.push((path, bytes));
            }
        }
    }
    if found.is_empty() {
        let absent = format!("no recordings in {}: set EGRET_SHARED", shared.display());
        assert!(std::env::var_os("CI").is_none_or(|ci| ci != "true"), "{absent}");
        eprintln!("skipped: {absent}");
    }
    found.sort();
    found
}

/// A request as text that compares by meaning: raw JSON without its spaces, paths of its own.
fn meaning(request: &Request<'_>) -> String {
    let mut text = format!("{:?}", request.system);
    let mut role = None;
    for message in &request.messages {
        // Turns of one role that follow each other are one.
        if role.replace(message.role) != Some(message.role) {
            text += &format!(" {:?}:", message.role);
        }
        message.parts.iter().for_each(|part| text += &format!("{part:?}"));
    }
    // Functions are written before hosted tools.
    let mut tools: Vec<String> = request.tools.iter().map(|tool| format!("{tool:?}")).collect();
    tools.sort();
    text += &format!("{tools:?} {:?}", request.tool_choice);
    text += &format!("{:?} {:?} {:?}", request.output, request.sampling, request.reasoning);
    text += &format!(
        "{:?} {:?} {:?} {:?}",
        request.max_tokens, request.stop, request.candidates, request.logprobs
    );
    let mut extensions: Vec<String> =
        request.extensions.iter().map(|extension| format!("{extension:?}")).collect();
    extensions.sort();
    text += &extensions.join(" ");
    let text: String = text.split_whitespace().collect();
    // Empty instructions say nothing.
    text.replacen(r#"[Text(Text{text:"",cache:None,signature:None,citations:[]})]"#, "[]", 1)
}

#[test]
fn requests_keep_their_meaning() {
    for (path, bytes) in recordings(".request.json") {
        let at = path.display();
        // Compact, as it is when it was written again.
        let body: Value = serde_json::from_slice(&bytes).unwrap();
        let body = serde_json::to_vec(&body).unwrap();
        if !body.windows(10).any(|window| window == b"\"contents\"") {
            continue;
        }
        let request = decode(&body).unwrap_or_else(|refusal| panic!("{at}: {refusal:?}"));
        let written = encoded(&request, Thinking::Effort).unwrap_or_else(|r| panic!("{at}: {r:?}"));
        assert!(written.losses.is_empty(), "{at}: {:?}", written.losses);
        let again = decode(&written.body).unwrap_or_else(|refusal| panic!("{at}: {refusal:?}"));
        let (before, after) = (meaning(&request), meaning(&again));
        // What is put in for a signature that was never there is not a change of meaning.
        let sentinel = format!("Some(\"{}\")", super::super::encode_contents::NO_SIGNATURE);
        let unsigned = |text: String| text.replace(&sentinel, "None");
        assert_eq!(unsigned(before), unsigned(after), "{at}");
    }
}

/// What a response says, whatever its form.
fn said(response: &Response<'_>) -> String {
    let candidates = response.candidates.iter().map(|candidate| {
        let parts: Vec<String> = candidate.parts.iter().filter_map(said_part).collect();
        format!("{} {parts:?} {:?}", candidate.index, candidate.finish.reason)
    });
    let candidates: Vec<String> = candidates.collect();
    format!(
        "{:?} {:?} {candidates:?} {:?}",
        response.id,
        response.model,
        response.usage.map(Usage::tokens)
    )
}

fn said_part(part: &Part<'_>) -> Option<String> {
    Some(match part {
        Part::Text(text) => format!("text {} {:?}", text.text, text.signature),
        Part::Thinking(thinking) if !thinking.text.is_empty() => {
            format!("thinking {}", thinking.text)
        }
        Part::ToolCall(call) => {
            let arguments: Value = serde_json::from_str(call.arguments.as_object()?).unwrap();
            format!("call {:?} {} {arguments} {:?}", call.id, call.name, call.signature)
        }
        Part::Image(media) => match &media.source {
            Source::Base64 { data, .. } => format!("image {data}"),
            other => format!("{other:?}"),
        },
        Part::Opaque(opaque) => format!("{} {}", opaque.kind, opaque.raw),
        _ => return None,
    })
}

#[test]
fn responses_keep_what_they_say() {
    let reply = Reply { include_thoughts: true, ..Reply::default() };
    for (path, bytes) in recordings(".response.json") {
        let at = path.display();
        let body: Value = serde_json::from_slice(&bytes).unwrap();
        if body.get("error").is_some() {
            let error = Gemini.decode_response(&bytes).unwrap_err();
            assert_eq!(error.message, body["error"]["message"].as_str().unwrap(), "{at}");
            let status = u16::try_from(body["error"]["code"].as_u64().unwrap()).unwrap();
            assert_eq!(Gemini.decode_error(status, &bytes).class, error.class, "{at}");
            continue;
        }
        if body.is_array() {
            // A stream without `alt=sse`.
            let events = split_anywhere(&bytes);
            assert_eq!(events.last().map(String::as_str), Some("End"), "{at}");
            continue;
        }
        if body.get("candidates").is_none() && body.get("usageMetadata").is_none() {
            continue;
        }
        let response = Gemini.decode_response(&bytes).unwrap_or_else(|e| panic!("{at}: {e:?}"));
        let written = Gemini.encode_response(&response, &reply).unwrap();
        let again = Gemini.decode_response(&written).unwrap_or_else(|e| panic!("{at}: {e:?}"));
        assert_eq!(said(&response), said(&again), "{at}");
    }
}

/// The events of a stream, after checking that they are the same however it is cut.
fn split_anywhere(stream: &[u8]) -> Vec<String> {
    let whole = events([stream]);
    for size in [1, 2, 3, 7, 64, 1000] {
        assert_eq!(events(stream.chunks(size)), whole, "pieces of {size}");
    }
    whole
}

#[test]
fn streams_read_the_same_however_they_are_cut() {
    for (path, bytes) in recordings(".sse") {
        let at = path.display();
        let whole = split_anywhere(&bytes);
        let last = whole.last().unwrap_or_else(|| panic!("{at}: no events"));
        let is_error = bytes.starts_with(b"{");
        assert_eq!(last == "End", !is_error, "{at}: {last}");
        assert_eq!(last.starts_with("Error"), is_error, "{at}: {last}");
        // A cut between two events is a cut, unless only the finished answer's tail is missing.
        let boundaries = bytes.windows(7).enumerate().filter(|(_, w)| w.ends_with(b"data: "));
        for (index, _) in boundaries {
            let cut = events([&bytes[..index]]);
            let finished = cut.iter().any(|event| event.starts_with("Finish"));
            assert_eq!(cut.contains(&"End".to_owned()), finished, "{at}: cut at {index}");
            if finished {
                assert!(!bytes[index..].windows(8).any(|w| w == b"\"text\":\""), "{at}");
            }
        }
    }
}

#[test]
fn streams_keep_what_they_say() {
    for (path, bytes) in recordings(".sse") {
        let at = path.display();
        let reply = Reply { include_thoughts: true, ..Reply::default() };
        for json_array in [false, true] {
            let mut decoder = Gemini.stream_decoder();
            let mut encoder = Gemini.stream_encoder(Reply { json_array, ..reply.clone() });
            let mut stream = Vec::new();
            let mut sink = |event: Event<'_>| encoder.event(&event, &mut stream);
            decoder.push(&bytes, &mut sink);
            decoder.finish(&mut sink);
            assert_eq!(told(&events([&*stream])), told(&events([&*bytes])), "{at}");
            assert_eq!(counted(&stream), counted(&bytes), "{at}");
            if json_array {
                serde_json::from_slice::<Vec<Value>>(&stream).unwrap();
            }
        }
    }
}

/// The most that a stream counts. R: counts shrink while old models stream.
fn counted(stream: &[u8]) -> Usage {
    let mut usage = Usage::default();
    let mut decoder = Gemini.stream_decoder();
    decoder.push(stream, &mut |event| {
        if let Event::Usage(counted) = event {
            usage = usage.max(counted.tokens());
        }
    });
    usage
}

/// What events tell together: text and arguments in order, and the finish.
fn told(events: &[String]) -> Vec<String> {
    let is_told = |event: &&String| {
        let silent = ["Usage", "PartStop"].iter().any(|name| event.starts_with(name));
        // Thoughts' signatures are not for others; what only Gemini knows stays in its own lane.
        !silent && !event.contains("Opaque") && !event.contains("Signature")
    };
    let strip = |event: &String| {
        let after = event.find("kind:").or_else(|| event.find("delta:"));
        after.map_or_else(|| event.clone(), |at| event[at..].to_owned())
    };
    let mut told: Vec<String> = events.iter().filter(is_told).map(strip).collect();
    // Parts of one kind may become one where what stood between them was not told.
    told.retain(|event| !event.starts_with("kind: Text") && !event.starts_with("kind: Thinking"));
    told
}
