//! What an answer says beside its words: log probabilities, where it has something from, pictures
//! and sound; whole and streamed, both ways.

use serde_json::{Value, json};

use super::super::Gemini;
use crate::Schema;
use crate::codec::{Codec, Reply};
use crate::conversation::{Citation, Delta, Event, Part, PartKind, Response, Text};

/// A response of one candidate.
fn answer(candidate: Value) -> String {
    json!({"candidates": [candidate], "modelVersion": "m", "responseId": "r"}).to_string()
}

/// The candidate, read and written again.
fn again(body: &str) -> Value {
    let response = Gemini.decode_response(body.as_bytes()).unwrap();
    let written = Gemini.encode_response(&response, &Reply::default()).unwrap();
    serde_json::from_slice::<Value>(&written).unwrap()["candidates"][0].take()
}

/// All chunks of a stream, read and written again.
fn streamed(chunks: &[Value]) -> Vec<Value> {
    let mut encoder = Gemini.stream_encoder(Reply::default());
    let mut out = Vec::new();
    read(chunks, &mut |event| encoder.event(&event, &mut out));
    let out = String::from_utf8(out).unwrap();
    let frames = out.split_terminator("\r\n\r\n");
    frames
        .map(|frame| serde_json::from_str(frame.strip_prefix("data: ").unwrap()).unwrap())
        .collect()
}

fn read(chunks: &[Value], sink: &mut dyn FnMut(Event<'_>)) {
    let mut decoder = Gemini.stream_decoder();
    for chunk in chunks {
        let body = answer(chunk.clone());
        decoder.push(format!("data: {body}\r\n\r\n").as_bytes(), sink);
    }
    decoder.finish(sink);
}

fn said(text: &str) -> Value {
    json!({"content": {"role": "model", "parts": [{"text": text}]}, "index": 0})
}

fn with(mut candidate: Value, members: Value) -> Value {
    candidate.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    candidate
}

fn likely() -> Value {
    json!({
        "chosenCandidates": [{"token": "Hé", "tokenId": 7, "logProbability": -0.25},
            {"token": "!", "tokenId": -1, "logProbability": 0.0}],
        "topCandidates": [{"candidates": [{"token": "Hé", "tokenId": 7, "logProbability": -0.25},
            {"token": "A", "logProbability": -3.5}]}, {"candidates": []}],
    })
}

#[test]
fn log_probabilities() {
    let members = json!({"finishReason": "STOP", "logprobsResult": likely()});
    let candidate = with(said("Hé!"), members.clone());
    assert_eq!(again(&answer(candidate.clone())), candidate);
    let chunks = streamed(&[said("Hé"), with(said("!"), members)]);
    assert_eq!(chunks.last().unwrap()["candidates"][0]["logprobsResult"], likely());
    let early = &chunks[..chunks.len() - 1];
    assert!(early.iter().all(|chunk| chunk["candidates"][0].get("logprobsResult").is_none()));
    // Zeros and alternatives are left out, and what can't be read is no error.
    for (result, tokens) in [
        (json!({"chosenCandidates": [{"token": "a"}]}), 1),
        (json!({"chosen_candidates": {"token": "a", "log_probability": -1e-9}}), 1),
        (json!({"chosenCandidates": "?"}), 0),
        (json!(5), 0),
    ] {
        let body = answer(with(said("a"), json!({"logprobsResult": result})));
        let response = Gemini.decode_response(body.as_bytes()).unwrap();
        assert_eq!(response.candidates[0].logprobs.len(), tokens, "{body}");
    }
}

/// Text of 8 characters and 11 bytes, and the sources of its second word.
fn grounded() -> Value {
    json!({
        "groundingChunks": [
            {"web": {"uri": "https://a.example/", "title": "A", "domain": "a.example"}},
            {"retrievedContext": {"text": "words", "fileSearchStore": "s"}},
            {"web": {"uri": "https://unused.example/"}},
        ],
        "groundingSupports": [
            {"segment": {"startIndex": 5, "endIndex": 11}, "groundingChunkIndices": [0, 1]},
            {"segment": {"endIndex": 4}, "groundingChunkIndices": [0]},
        ],
        "webSearchQueries": ["q"],
    })
}

const GROUNDED: &str = "Zoë für";

fn cited() -> [Option<(u64, u64)>; 4] {
    [Some((4, 7)), Some((4, 7)), Some((0, 3)), None]
}

#[test]
fn grounding_is_read_in_characters() {
    assert_eq!((GROUNDED.len(), GROUNDED.chars().count()), (9, 7));
    let candidate = with(said(GROUNDED), json!({"groundingMetadata": grounded()}));
    let body = answer(candidate);
    let response = Gemini.decode_response(body.as_bytes()).unwrap();
    let [Part::Text(text)] = &*response.candidates[0].parts else { panic!("{response:?}") };
    let ranges: Vec<_> = text.citations.iter().map(|citation| citation.range).collect();
    assert_eq!(ranges, cited());
    let first = &text.citations[0];
    assert_eq!(
        (first.url.as_deref(), first.title.as_deref()),
        (Some("https://a.example/"), Some("A"))
    );
    assert_eq!(text.citations[1].cited_text.as_deref(), Some("words"));
    assert!(
        first.raw.as_ref().is_some_and(|(of, raw)| *of == Schema::Gemini && raw.contains("domain"))
    );
}

#[test]
fn grounding_is_streamed_with_the_end() {
    // Segments may be told before they are said, and twice.
    let finish = json!({"finishReason": "STOP", "groundingMetadata": grounded()});
    let chunks =
        [with(said("Zoë "), json!({"groundingMetadata": grounded()})), with(said("für"), finish)];
    let mut ranges = Vec::new();
    let mut open = false;
    read(&chunks, &mut |event| match event {
        Event::PartStart { kind: PartKind::Text, .. } => open = true,
        Event::PartStop { .. } => open = false,
        Event::Delta { delta: Delta::Citation(citation), .. } => {
            assert!(open);
            ranges.push(citation.range);
        }
        _ => {}
    });
    assert_eq!(ranges, cited());

    let written = streamed(&chunks);
    let found = &written.last().unwrap()["candidates"][0]["groundingMetadata"];
    assert_eq!(found["groundingChunks"], grounded()["groundingChunks"]);
    assert_eq!(
        found["groundingSupports"],
        json!([
            {"segment": {"startIndex": 5, "endIndex": 9}, "groundingChunkIndices": [0, 1]},
            {"segment": {"startIndex": 0, "endIndex": 4}, "groundingChunkIndices": [0]},
            {"segment": {"startIndex": 0, "endIndex": 9}, "groundingChunkIndices": [2]},
        ])
    );
    // The same as of a whole answer.
    let whole = with(said(GROUNDED), json!({"groundingMetadata": grounded()}));
    assert_eq!(again(&answer(whole))["groundingMetadata"], *found);
}

#[test]
fn recitations_are_citations() {
    for (member, metadata) in [
        ("citationSources", "citationMetadata"),
        ("citations", "citationMetadata"),
        ("citation_sources", "citation_metadata"),
    ] {
        let source =
            json!({"startIndex": 1, "endIndex": 3, "uri": "https://b.example/", "license": "mit"});
        let body = answer(with(said("aéb"), json!({metadata: {member: [source]}})));
        let response = Gemini.decode_response(body.as_bytes()).unwrap();
        let [Part::Text(text)] = &*response.candidates[0].parts else { panic!("{response:?}") };
        let [citation] = &*text.citations else { panic!("{text:?}") };
        assert_eq!(citation.url.as_deref(), Some("https://b.example/"));
        assert_eq!(citation.range, Some((1, 2)));
    }
}

#[test]
fn segments_count_over_all_text_but_thoughts() {
    let parts = json!([{"text": "hm", "thought": true}, {"text": "One. "},
        {"executableCode": {"code": "1"}}, {"text": "Twö."}]);
    let metadata = json!({"groundingChunks": [{"web": {"uri": "u"}}], "groundingSupports": [
        {"segment": {"startIndex": 5, "endIndex": 10}, "groundingChunkIndices": [0]},
        {"segment": {"startIndex": 0, "endIndex": 4}, "groundingChunkIndices": [0]},
        {"segment": {"startIndex": 99, "endIndex": 100}, "groundingChunkIndices": [0, 5]}]});
    let body = answer(json!({"content": {"parts": parts}, "groundingMetadata": metadata}));
    let response = Gemini.decode_response(body.as_bytes()).unwrap();
    let ranges: Vec<Vec<_>> = response.candidates[0]
        .parts
        .iter()
        .filter_map(|part| match part {
            Part::Text(text) => Some(text.citations.iter().map(|cited| cited.range).collect()),
            _ => None,
        })
        .collect();
    // What lies beyond the text stands at its end.
    assert_eq!(ranges, [vec![Some((0, 4))], vec![Some((0, 4)), Some((4, 4))]]);
}

#[test]
fn others_citations_are_written_for_geminis_callers() {
    let page = |range| Citation {
        url: Some("https://a.example/".into()),
        title: Some("A".into()),
        range,
        ..Citation::default()
    };
    let file =
        Citation { title: Some("F".into()), cited_text: Some("w".into()), ..Citation::default() };
    let text = |text: &'static str, citations| Part::Text(Text { citations, ..Text::new(text) });
    let parts = vec![
        text("é", vec![page(None)]),
        Part::Refusal("ö".into()),
        text("aëi", vec![page(Some((1, 2))), file, page(Some((2, 99)))]),
    ];
    let finish = crate::conversation::Finish::new(crate::conversation::FinishReason::Stop);
    let candidate =
        crate::conversation::Candidate { index: 0, parts, logprobs: Vec::new(), finish };
    let response = Response { candidates: vec![candidate], ..Response::default() };
    let written = Gemini.encode_response(&response, &Reply::default()).unwrap();
    let written: Value = serde_json::from_slice(&written).unwrap();
    let expected = json!({
        "groundingChunks": [{"web": {"uri": "https://a.example/", "title": "A"}},
            {"retrievedContext": {"title": "F", "text": "w"}}],
        "groundingSupports": [
            {"segment": {"startIndex": 0, "endIndex": 2}, "groundingChunkIndices": [0]},
            {"segment": {"startIndex": 5, "endIndex": 7}, "groundingChunkIndices": [0]},
            {"segment": {"startIndex": 4, "endIndex": 8}, "groundingChunkIndices": [1]},
            {"segment": {"startIndex": 7, "endIndex": 8}, "groundingChunkIndices": [0]},
        ],
    });
    assert_eq!(written["candidates"][0]["groundingMetadata"], expected);

    // A stream of the same tells the same.
    let mut encoder = Gemini.stream_encoder(Reply::default());
    let mut out = Vec::new();
    for (number, part) in response.candidates[0].parts.iter().enumerate() {
        stream_part(number as u32, part, &mut |event| encoder.event(&event, &mut out));
    }
    let finish = response.candidates[0].finish.clone();
    encoder.event(&Event::Finish { candidate: 0, finish }, &mut out);
    encoder.event(&Event::End, &mut out);
    let out = String::from_utf8(out).unwrap();
    let last = out.split_terminator("\r\n\r\n").last().unwrap();
    let last: Value = serde_json::from_str(last.strip_prefix("data: ").unwrap()).unwrap();
    assert_eq!(last["candidates"][0]["groundingMetadata"], expected);
}

fn stream_part(part: u32, said: &Part<'_>, sink: &mut dyn FnMut(Event<'_>)) {
    let (kind, words, citations) = match said {
        Part::Text(text) => (PartKind::Text, &text.text, &*text.citations),
        Part::Refusal(words) => (PartKind::Refusal, words, &[][..]),
        other => panic!("{other:?}"),
    };
    sink(Event::PartStart { candidate: 0, part, kind });
    // Citations may come before their text is whole.
    for citation in citations {
        let delta = Delta::Citation(citation.clone());
        sink(Event::Delta { candidate: 0, part, delta });
    }
    sink(Event::Delta { candidate: 0, part, delta: Delta::Text(words.clone()) });
    sink(Event::PartStop { candidate: 0, part });
}

#[test]
fn pictures_and_sound() {
    let parts = [
        json!({"inlineData": {"mimeType": "image/png", "data": "iVBO"}}),
        json!({"inlineData": {"mimeType": "audio/L16;rate=24000", "data": "AAAA"}}),
    ];
    let content =
        |parts: &[Value]| json!({"content": {"role": "model", "parts": parts}, "index": 0});
    let whole = with(content(&parts), json!({"finishReason": "STOP"}));
    assert_eq!(again(&answer(whole)), with(content(&parts), json!({"finishReason": "STOP"})));

    let finish = with(content(&[]), json!({"finishReason": "STOP"}));
    let chunks = [content(&parts[..1]), content(&parts[1..]), finish];
    let mut kinds = Vec::new();
    read(&chunks, &mut |event| {
        if let Event::PartStart { kind, .. } = event {
            kinds.push(match kind {
                PartKind::Image(_) => "image",
                PartKind::Audio(_) => "audio",
                _ => "else",
            });
        }
    });
    assert_eq!(kinds, ["image", "audio"]);
    let written = streamed(&chunks);
    let parts_of = |chunk: &Value| chunk["candidates"][0]["content"]["parts"][0].clone();
    assert_eq!([parts_of(&written[0]), parts_of(&written[1])], parts);
    assert_eq!(written.len(), 3);
}

#[test]
fn a_signed_picture_is_shown_and_a_thought_one_is_not() {
    let picture = json!({"inlineData": {"mimeType": "image/png", "data": "iVBO"}});
    for (members, shown) in [
        (json!({"thoughtSignature": "c2ln"}), true),
        (json!({"thought": true}), false),
        (json!({"thought": true, "thoughtSignature": "c2ln"}), false),
    ] {
        let part = with(picture.clone(), members);
        let body = answer(json!({"content": {"parts": [part]}}));
        let response = Gemini.decode_response(body.as_bytes()).unwrap();
        let is_shown = matches!(&*response.candidates[0].parts, [Part::Image(_)]);
        assert_eq!(is_shown, shown, "{body}");
    }
}
