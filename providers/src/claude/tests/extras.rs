//! What an answer says beside its words: where it has something from, why it was refused, what
//! this API has no form for.

use serde_json::{Value, json};

use super::{Answer, finish, ladder, recoded, reply, start, stop, streamed, text};
use crate::Schema;
use crate::claude::Claude;
use crate::codec::Codec;
use crate::conversation::{
    Candidate, Citation, Delta, Event, Finish, FinishReason, Media, Part, PartKind, Response,
    Source, Text,
};

fn read(body: &str) -> Response<'_> {
    Claude.decode_response(body.as_bytes()).unwrap()
}

fn written(parts: Vec<Part<'_>>, finish: Finish<'static>) -> Value {
    let candidates = vec![Candidate { index: 0, parts, logprobs: vec![], finish }];
    let response = Response { candidates, ..Response::default() };
    serde_json::from_slice(&Claude.encode_response(&response, &reply()).unwrap()).unwrap()
}

/// Citations of each kind (T), and what all schemas are told of them: page, title, quotation.
fn kinds() -> [(Value, [Option<&'static str>; 3]); 6] {
    let document = |kind: &str, from: &str, to: &str| {
        json!({"type": kind, "cited_text": "c", "document_index": 0, "document_title": "D",
            "file_id": null, from: 1, to: 2})
    };
    let of_document = [None, Some("D"), Some("c")];
    [
        (document("char_location", "start_char_index", "end_char_index"), of_document),
        (document("page_location", "start_page_number", "end_page_number"), of_document),
        (document("content_block_location", "start_block_index", "end_block_index"), of_document),
        (
            json!({"type": "web_search_result_location", "cited_text": "c", "encrypted_index": "E",
                "title": "T", "url": "https://a.example/"}),
            [Some("https://a.example/"), Some("T"), Some("c")],
        ),
        (
            json!({"type": "search_result_location", "cited_text": "c", "search_result_index": 0,
                "source": "https://b.example/", "start_block_index": 0, "end_block_index": 1,
                "title": null}),
            [Some("https://b.example/"), None, Some("c")],
        ),
        (json!({"type": "brand_new", "place": [1.0]}), [None, None, None]),
    ]
}

#[test]
fn citations_of_every_kind_are_read_and_come_back_as_they_were() {
    for (citation, told) in kinds() {
        let block = json!([{"type": "text", "text": "a", "citations": [citation, citation]}]);
        let body = json!({"type": "message", "content": block}).to_string();
        let mut response = read(&body);
        let Part::Text(text) = &response.candidates[0].parts[0] else { panic!("{body}") };
        let [first, _] = &text.citations[..] else { panic!("{body}") };
        let found = [first.url.as_deref(), first.title.as_deref(), first.cited_text.as_deref()];
        assert_eq!(found, told, "{body}");
        let parts = std::mem::take(&mut response.candidates[0].parts);
        assert_eq!(written(parts, Finish::new(FinishReason::Stop))["content"], block);
    }
}

/// What another provider's search found, behind these characters.
fn page(url: &'static str, range: Option<(u64, u64)>) -> Citation<'static> {
    let title = Some("A".into());
    Citation { url: Some(url.into()), title, range, ..Citation::default() }
}

#[test]
fn pages_of_others_stand_behind_blocks_of_their_own() {
    let cited = |url: &str| {
        json!([{"type": "web_search_result_location", "url": url, "title": "A", "cited_text": "",
            "encrypted_index": ""}])
    };
    let block = |text: &str, url: Option<&str>| match url {
        Some(url) => json!({"type": "text", "text": text, "citations": cited(url)}),
        None => json!({"type": "text", "text": text}),
    };
    let cases = [
        (vec![page("x", None)], json!([block("Hé, wörld", Some("x"))])),
        (
            vec![page("x", Some((0, 2))), page("y", Some((4, 9)))],
            json!([block("Hé", Some("x")), block(", ", None), block("wörld", Some("y"))]),
        ),
        // The longer of two that overlap keeps its end; a range that is none is all of the text.
        (
            vec![page("x", Some((0, 9))), page("y", Some((0, 2)))],
            json!([block("Hé", Some("y")), block(", wörld", Some("x"))]),
        ),
        (
            vec![page("x", Some((7, u64::MAX)))],
            json!([block("Hé, wör", None), block("ld", Some("x"))]),
        ),
        (vec![page("x", Some((3, 3)))], json!([block("Hé, wörld", Some("x"))])),
        (vec![Citation::default()], json!([block("Hé, wörld", None)])),
    ];
    for (citations, expected) in cases {
        let text = Text { citations, ..Text::new("Hé, wörld") };
        let answer = written(vec![Part::Text(text)], Finish::new(FinishReason::Stop));
        assert_eq!(answer["content"], expected);
        // Nobody signed these, so that Anthropic is never sent them.
        let body = answer.to_string();
        for part in &read(&body).candidates[0].parts {
            let Part::Text(text) = part else { panic!("{part:?}") };
            assert!(text.citations.iter().all(|citation| citation.raw.is_none()), "{body}");
        }
    }
}

#[test]
fn citations_are_streamed_after_the_words_they_stand_behind() {
    let raw = r#"{"type":"char_location","cited_text":"c","document_index":0}"#;
    let frames = [
        r#"{"type":"message_start","message":{"id":"msg_1","model":"m"}}"#.to_owned(),
        r#"{"type":"content_block_start","index":0,"content_block":{"type":"text","text":"","citations":[]}}"#.to_owned(),
        // Anthropic's search tells before its words what they are from.
        format!(r#"{{"type":"content_block_delta","index":0,"delta":{{"type":"citations_delta","citation":{raw}}}}}"#),
        r#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Hi"}}"#.to_owned(),
        r#"{"type":"content_block_stop","index":0}"#.to_owned(),
        r#"{"type":"message_stop"}"#.to_owned(),
    ];
    let stream: String = frames.iter().map(|frame| format!("data: {frame}\n\n")).collect();
    let answer = Answer::of(stream.as_bytes());
    assert_eq!(answer.cited.len(), 1);
    assert!(answer.cited[0].starts_with("Hi: "), "{:?}", answer.cited);
    let cited: Vec<Value> = ladder(&recoded(stream.as_bytes(), reply()))
        .into_iter()
        .filter(|frame| frame["delta"]["type"] == "citations_delta")
        .map(|frame| frame["delta"]["citation"].clone())
        .collect();
    assert_eq!(cited, [serde_json::from_str::<Value>(raw).unwrap()]);
}

#[test]
fn pages_of_others_are_streamed_too() {
    let citation = Delta::Citation(page("https://a.example/", Some((0, 2))));
    let frames = ladder(&streamed(
        &[
            start(0, PartKind::Text),
            text(0, "Hi"),
            Event::Delta { candidate: 0, part: 0, delta: citation },
            stop(0),
            Event::End,
        ],
        reply(),
    ));
    let told =
        frames.iter().filter(|frame| frame["delta"]["citation"]["url"] == "https://a.example/");
    assert_eq!(told.count(), 1, "{frames:?}");
}

#[test]
fn many_citations_of_one_block_are_all_told() {
    let mut stream =
        r#"data: {"type":"content_block_start","index":0,"content_block":{"type":"text","text":"a"}}"#
            .to_owned()
            + "\n\n";
    for _ in 0..1000 {
        stream += r#"data: {"type":"content_block_delta","index":0,"delta":{"type":"citations_delta","citation":{"type":"x"}}}"#;
        stream += "\n\n";
    }
    stream += "data: {\"type\":\"message_stop\"}\n\n";
    assert_eq!(Answer::of(stream.as_bytes()).cited.len(), 1000);
}

#[test]
fn a_refusal_keeps_its_category_and_explanation() {
    let details = json!({"type": "refusal", "category": "cyber", "explanation": "why"});
    let body = json!({"type": "message", "content": [], "stop_reason": "refusal",
        "stop_details": details})
    .to_string();
    let refused = read(&body).candidates[0].finish.clone().into_owned();
    assert_eq!(
        (refused.category.as_deref(), refused.explanation.as_deref()),
        (Some("cyber"), Some("why"))
    );
    assert_eq!(written(vec![], refused.clone())["stop_details"], details);
    let frames = ladder(&streamed(&[finish(refused), Event::End], reply()));
    let told = frames.iter().find(|frame| frame["type"] == "message_delta").unwrap();
    assert_eq!(told["delta"]["stop_details"], details);
    let delta = json!({"type": "message_delta", "delta": {"stop_reason": "refusal", "stop_details": details}});
    let stream = format!("data: {delta}\n\ndata: {{\"type\":\"message_stop\"}}\n\n");
    assert!(Answer::of(stream.as_bytes()).finish.unwrap().contains("cyber"));
}

#[test]
fn pictures_and_sound_are_missed_aloud() {
    let media = |media_type: &'static str| Media {
        source: Source::Base64 { media_type: media_type.into(), data: "AA==".into() },
        name: None,
        detail: None,
        cache: None,
    };
    let parts =
        vec![Part::text("Here:"), Part::Image(media("image/png")), Part::Audio(media("audio/wav"))];
    let whole = written(parts, Finish::new(FinishReason::Stop));
    let texts: Vec<&str> =
        whole["content"].as_array().unwrap().iter().map(|b| b["text"].as_str().unwrap()).collect();
    assert_eq!(texts[0], "Here:");
    assert!(texts[1].contains("image/png") && texts[2].contains("audio/wav"), "{texts:?}");
    let frames = ladder(&streamed(
        &[
            start(0, PartKind::Image(media("image/png"))),
            stop(0),
            start(1, PartKind::Audio(media("audio/wav"))),
            stop(1),
            Event::End,
        ],
        reply(),
    ));
    let streamed: Vec<&str> =
        frames.iter().filter_map(|frame| frame["delta"]["text"].as_str()).collect();
    assert_eq!(streamed, texts[1..]);
}

#[test]
fn foreign_citations_say_which_schema_they_are_of() {
    let raw = Some((Schema::Chat, "{}".into()));
    let text = Text { citations: vec![Citation { raw, ..page("x", None) }], ..Text::new("a") };
    let answer = written(vec![Part::Text(text)], Finish::new(FinishReason::Stop));
    assert_eq!(answer["content"][0]["citations"][0]["type"], "web_search_result_location");
}
