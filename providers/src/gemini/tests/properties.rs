//! What holds for all requests and streams.

use std::borrow::Cow;

use proptest::prelude::*;
use serde_json::value::RawValue;

use super::super::Gemini;
use super::{decode, encode_for, events};
use crate::Schema;
use crate::catalog::Thinking as Thinks;
use crate::codec::{Codec, Reply};
use crate::conversation::{
    Arguments, Delta, Event, Finish, FinishReason, Media, Message, Part, PartKind, Request, Role,
    Source, Text, Thinking, ThinkingMode, ToolCall, ToolChoice, ToolResult, Usage,
};

fn object() -> impl Strategy<Value = Box<RawValue>> {
    ("[a-z]{0,4}", any::<i64>(), ".{0,6}").prop_map(|(key, number, text)| {
        let json = serde_json::json!({ "n": number, key: text }).to_string();
        RawValue::from_string(json).unwrap()
    })
}

fn optional() -> impl Strategy<Value = Option<Cow<'static, str>>> {
    proptest::option::of("[a-zA-Z0-9+/]{1,8}".prop_map(Cow::Owned))
}

fn part() -> impl Strategy<Value = Part<'static>> {
    let media = |media_type: &'static str| {
        move |data: String| Media {
            source: Source::Base64 { media_type: media_type.into(), data: data.into() },
            name: None,
            detail: None,
            cache: None,
        }
    };
    prop_oneof![
        (".{1,12}", optional()).prop_map(|(text, signature)| Part::Text(Text {
            citations: Vec::new(),
            text: text.into(),
            cache: None,
            signature,
        })),
        (".{0,12}", optional()).prop_map(|(text, signature)| Part::Thinking(Thinking {
            id: None,
            text: text.into(),
            signature,
        })),
        "[a-zA-Z0-9+/]{0,8}".prop_map(media("image/png")).prop_map(Part::Image),
        "[a-zA-Z0-9+/]{0,8}".prop_map(media("application/pdf")).prop_map(Part::Document),
        "[a-zA-Z0-9+/]{0,8}".prop_map(media("audio/wav")).prop_map(Part::Audio),
        ("[a-z]{1,6}", optional(), optional(), object()).prop_map(
            |(name, id, signature, object)| Part::ToolCall(ToolCall {
                custom: false,
                id,
                name: name.into(),
                arguments: Arguments::Json(Cow::Owned(object)),
                signature,
                cache: None,
            })
        ),
        ("[a-z]{1,6}", optional(), ".{0,12}", any::<bool>()).prop_map(
            |(name, call_id, text, is_error)| Part::ToolResult(ToolResult {
                custom: false,
                call_id,
                name: Some(name.into()),
                content: vec![Part::text(text)],
                object: None,
                is_error,
                cache: None,
            })
        ),
    ]
}

fn request() -> impl Strategy<Value = Request<'static>> {
    let turns = proptest::collection::vec(proptest::collection::vec(part(), 1..4), 1..5);
    let choice = prop_oneof![
        Just(None),
        Just(Some(ToolChoice::Auto)),
        Just(Some(ToolChoice::None)),
        Just(Some(ToolChoice::Required)),
        Just(Some(ToolChoice::Named("f".into()))),
        Just(Some(ToolChoice::Allowed { required: true, names: vec!["f".into(), "g".into()] })),
        Just(Some(ToolChoice::Allowed { required: false, names: vec!["f".into()] })),
    ];
    let mode = prop_oneof![
        Just(None),
        Just(Some(ThinkingMode::Disabled)),
        Just(Some(ThinkingMode::Adaptive)),
        (1..1_000_000u64).prop_map(|budget| Some(ThinkingMode::Budget(budget))),
    ];
    let stop = proptest::collection::vec(".{1,4}".prop_map(Cow::Owned), 0..=5);
    let limits = (any::<Option<u32>>(), any::<Option<u16>>(), any::<Option<u8>>());
    (turns, choice, mode, stop, limits).prop_map(|(turns, choice, mode, stop, limits)| {
        let mut request = Request::new(Schema::Gemini, "gemini-x");
        let roles = [Role::User, Role::Assistant].into_iter().cycle();
        let turns = turns.into_iter().zip(roles);
        request.messages = turns.map(|(parts, role)| Message { role, parts }).collect();
        request.tool_choice = choice;
        request.reasoning.mode = mode;
        request.stop = stop;
        request.max_tokens = limits.0.map(u64::from);
        request.candidates = limits.1.map(u32::from);
        request.logprobs = limits.2.map(u32::from);
        request
    })
}

/// A request as text; results by their words, as only Gemini's own have an object, too.
fn meaning(request: &Request<'_>) -> String {
    let mut text = format!(
        "{:?} {:?} {:?} {:?} {:?} {:?}",
        request.tool_choice,
        request.reasoning,
        request.stop,
        request.max_tokens,
        request.candidates,
        request.logprobs
    );
    for message in &request.messages {
        text += &format!(" {:?}:", message.role);
        for part in &message.parts {
            text += &match part {
                Part::ToolResult(result) => {
                    let ToolResult { call_id, name, content, is_error, .. } = result;
                    format!(" {call_id:?} {name:?} {content:?} {is_error}")
                }
                part => format!(" {part:?}"),
            };
        }
    }
    text
}

/// What a model says, as events, and the pieces in which they come.
fn answer() -> impl Strategy<Value = Vec<(bool, String, Vec<String>)>> {
    let pieces = proptest::collection::vec(".{1,5}", 1..4);
    proptest::collection::vec((any::<bool>(), "[a-z]{1,5}", pieces), 0..6)
}

proptest! {
    #[test]
    fn what_is_written_reads_as_it_was(request in request()) {
        let (body, losses) = encode_for(&request, Thinks::Budget).unwrap();
        prop_assert!(losses.is_empty());
        let body = body.to_string();
        let again = decode(body.as_bytes()).unwrap();
        prop_assert!(again.extensions.is_empty());
        prop_assert_eq!(meaning(&request), meaning(&again));
    }

    #[test]
    fn any_bytes_are_read_or_refused(body in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = decode(&body);
        let _ = Gemini.decode_response(&body);
        let _ = Gemini.decode_error(400, &body);
        let whole = events([&*body]);
        prop_assert_eq!(events(body.chunks(3)), whole);
    }

    #[test]
    fn what_is_streamed_reads_as_it_was(answer in answer(), array in any::<bool>(), size in 1..40usize) {
        let reply = Reply { json_array: array, ..Reply::default() };
        let mut encoder = Gemini.stream_encoder(reply);
        let mut stream = Vec::new();
        let mut said = Vec::new();
        for (part, (is_call, name, pieces)) in (0..).zip(&answer) {
            let kind = if *is_call {
                PartKind::ToolCall { id: None, name: name.into(), custom: false }
            } else {
                PartKind::Text
            };
            encoder.event(&Event::PartStart { candidate: 0, part, kind }, &mut stream);
            let whole = serde_json::json!({ name: pieces.concat() }).to_string();
            let (start, end) = whole.split_at(2);
            let deltas: Vec<Delta<'_>> = if *is_call {
                said.push(format!("{name} {whole}"));
                [start, end].map(|piece| Delta::Arguments(piece.into())).into()
            } else {
                said.push(pieces.concat());
                pieces.iter().map(|piece| Delta::Text(piece.into())).collect()
            };
            for delta in deltas {
                encoder.event(&Event::Delta { candidate: 0, part, delta }, &mut stream);
            }
            encoder.event(&Event::PartStop { candidate: 0, part }, &mut stream);
        }
        let finish = Finish::new(FinishReason::Stop);
        encoder.event(&Event::Finish { candidate: 0, finish }, &mut stream);
        encoder.event(&Event::Usage(Usage { input: 1, ..Usage::default() }), &mut stream);
        encoder.event(&Event::End, &mut stream);

        let mut heard = String::new();
        let mut ended = false;
        let mut decoder = Gemini.stream_decoder();
        let mut sink = |event: Event<'_>| match event {
            Event::PartStart { kind: PartKind::ToolCall { name, .. }, .. } => {
                heard += &format!("{name} ");
            }
            Event::Delta { delta: Delta::Text(text) | Delta::Arguments(text), .. } => heard += &text,
            Event::End => ended = true,
            _ => {}
        };
        for piece in stream.chunks(size) {
            decoder.push(piece, &mut sink);
        }
        decoder.finish(&mut sink);
        prop_assert!(ended);
        prop_assert_eq!(heard, said.concat());
    }
}

#[test]
fn bodies_of_very_many_small_things_are_read_in_passing() {
    // Each would take minutes if it were compared with every other.
    let many = |item: &str| vec![item; 200_000].join(",");
    let opaque = format!(r#"{{"contents":[{{"parts":[{}]}}]}}"#, many(r#"{"new":1}"#));
    let request = decode(opaque.as_bytes()).unwrap();
    assert_eq!(request.messages[0].parts.len(), 200_000);

    let members: Vec<String> = (0..200_000).map(|index| format!("\"a{index}\":1")).collect();
    let members = members.join(",");
    let unknown = format!(r#"{{"contents":[{{"parts":[{{"text":"a"}}]}}],{members}}}"#);
    assert!(decode(unknown.as_bytes()).is_err());
    let response = format!(
        r#"{{"contents":[{{"parts":[{{"functionResponse":{{"name":"f","response":{{{members}}}}}}}]}}]}}"#
    );
    assert!(decode(response.as_bytes()).is_ok());
    let functions = (0..50_000).map(|n| format!(r#"{{"name":"f{n}","parameters":{{}}}}"#));
    let functions = functions.collect::<Vec<_>>().join(",");
    let functions = format!(
        r#"{{"contents":[{{"parts":[{{"text":"a"}}]}}],"tools":[{{"functionDeclarations":[{functions}]}}]}}"#
    );
    let request = decode(functions.as_bytes()).unwrap();
    assert_eq!(request.tools.len(), 50_000);
    assert!(super::encode(&request).is_ok());
    let deep = format!(r#"{{"contents":[{{"parts":[{{"new":{}"#, "[".repeat(1_000_000));
    assert!(decode(deep.as_bytes()).is_err());
}
