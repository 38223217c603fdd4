//! What holds for any input.

use proptest::prelude::*;

use super::{
    Answer, able, arguments, call, decode, encode, ladder, recoded, reply, start, stop, streamed,
    text,
};
use crate::catalog::Thinking;
use crate::claude::Claude;
use crate::codec::{Codec, PathHints};
use crate::conversation::{Citation, Delta, Event, PartKind, Request, Text};

/// What a request says, extensions aside.
fn meaning(request: &Request<'_>) -> String {
    format!(
        "{:?}",
        (
            (&request.system, &request.messages, &request.tools, &request.tool_choice),
            (request.stream, request.parallel_tool_calls, &request.output, &request.sampling),
            (request.max_tokens, &request.stop, &request.reasoning, &request.user),
        )
    )
}

fn quoted() -> impl Strategy<Value = String> {
    "[a-z\"\\\\\u{e9}\n ]{0,6}x".prop_map(|text| serde_json::to_string(&text).unwrap())
}

fn user_block() -> impl Strategy<Value = String> {
    prop_oneof![
        quoted().prop_map(|text| format!(r#"{{"type":"text","text":{text}}}"#)),
        quoted().prop_map(|text| {
            format!(r#"{{"type":"text","text":{text},"cache_control":{{"type":"ephemeral"}}}}"#)
        }),
        Just(r#"{"type":"image","source":{"type":"base64","media_type":"image/png","data":"AA=="}}"#.to_owned()),
        Just(r#"{"type":"image","source":{"type":"file","file_id":"file_1"}}"#.to_owned()),
        quoted().prop_map(|text| {
            format!(r#"{{"type":"document","title":{text},"source":{{"type":"text","media_type":"text/plain","data":{text}}}}}"#)
        }),
        quoted().prop_map(|text| format!(r#"{{"type":"search_result","new":[{text}, 1.0]}}"#)),
    ]
}

fn assistant_block() -> impl Strategy<Value = String> {
    prop_oneof![
        quoted().prop_map(|text| format!(r#"{{"type":"text","text":{text}}}"#)),
        quoted().prop_map(|text| {
            format!(r#"{{"type":"thinking","thinking":{text},"signature":"c2ln"}}"#)
        }),
        Just(r#"{"type":"redacted_thinking","data":"ZGF0YQ=="}"#.to_owned()),
        (quoted(), quoted()).prop_map(|(text, from)| {
            format!(r#"{{"type":"text","text":{text},"new":1,"citations":[{{"type":"char_location","cited_text":{from}}}]}}"#)
        }),
        (quoted(), "[a-zA-Z0-9_-]{1,64}").prop_map(|(text, id)| {
            format!(r#"{{"type":"tool_use","id":"{id}","name":"look","input":{{"a": {text}, "n": 1.50}}}}"#)
        }),
    ]
}

fn result_block() -> impl Strategy<Value = String> {
    ("[a-zA-Z0-9_-]{1,64}", quoted(), any::<bool>()).prop_map(|(id, text, failed)| {
        format!(
            r#"{{"type":"tool_result","tool_use_id":"{id}","content":{text},"is_error":{failed}}}"#
        )
    })
}

fn list(blocks: impl Strategy<Value = String>, least: usize) -> impl Strategy<Value = String> {
    prop::collection::vec(blocks, least..4).prop_map(|blocks| blocks.join(","))
}

prop_compose! {
    /// A conversation of user and assistant turns that ends with the user's.
    fn turns()(
        turns in prop::collection::vec((list(assistant_block(), 1), list(result_block(), 1), list(user_block(), 1)), 0..3),
        first in list(user_block(), 1),
    ) -> String {
        let mut out = format!(r#"{{"role":"user","content":[{first}]}}"#);
        for (assistant, results, user) in turns {
            out += &format!(r#",{{"role":"assistant","content":[{assistant}]}}"#);
            out += &format!(r#",{{"role":"user","content":[{results},{user}]}}"#);
        }
        out
    }
}

fn members() -> impl Strategy<Value = String> {
    let member = prop_oneof![
        Just(r#""stream":true"#),
        Just(r#""temperature":0.30"#),
        Just(r#""top_k":7"#),
        Just(r#""stop_sequences":["a","b\n"]"#),
        Just(r#""metadata":{"user_id":"u"}"#),
        Just(r#""thinking":{"type":"adaptive","display":"summarized"}"#),
        Just(r#""thinking":{"type":"disabled"}"#),
        Just(r#""output_config":{"effort":"max"}"#),
        Just(r#""output_config":{"format":{"type":"json_schema","schema":{"b":1,"a":2}}}"#),
        Just(r#""system":"be brief""#),
        Just(
            r#""tools":[{"name":"look","input_schema":{"type":"object"}},{"type":"bash_1","name":"bash"}],"tool_choice":{"type":"any","disable_parallel_tool_use":true}"#
        ),
        Just(r#""context_management":{"edits":[]}"#),
    ];
    prop::collection::vec(member, 0..6).prop_map(|mut members: Vec<&str>| {
        members.sort_unstable();
        members.dedup_by_key(|member| member.split(':').next().map(str::to_owned));
        members.iter().map(|member| format!(",{member}")).collect()
    })
}

/// What happens to a part: it gets a piece, or stops.
#[derive(Clone, Debug)]
enum Step {
    Start(u8),
    Piece(usize),
    Stop(usize),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        (0..4u8).prop_map(Step::Start),
        (0..8usize).prop_map(Step::Piece),
        (0..8usize).prop_map(Step::Piece),
        (0..8usize).prop_map(Step::Stop),
    ];
    prop::collection::vec(step, 0..60)
}

proptest! {
    #[test]
    fn a_request_comes_back_as_it_was(turns in turns(), members in members()) {
        let body = format!(r#"{{"model":"m","max_tokens":4000,"messages":[{turns}]{members}}}"#);
        let before = decode(&body).unwrap();
        let encoded = encode(&before, &able(Thinking::Effort)).unwrap();
        prop_assert!(encoded.losses.is_empty(), "{:?}", encoded.losses);
        let after = Claude.decode_request(&encoded.body, PathHints::default()).unwrap();
        prop_assert_eq!(meaning(&before), meaning(&after));
        prop_assert_eq!(before.extensions.len(), after.extensions.len());
    }

    #[test]
    fn any_interleaving_is_a_legal_ladder(steps in steps(), finished in any::<bool>()) {
        let mut events = vec![Event::Start { id: None, model: None }];
        let mut kinds = Vec::new();
        let mut open: Vec<bool> = Vec::new();
        let mut words = String::new();
        let mut inputs: Vec<String> = Vec::new();
        let names: Vec<String> = (0..60).map(|n| format!("id_{n}")).collect();
        for (n, step) in steps.iter().enumerate() {
            match step {
                Step::Start(kind) => {
                    let part = kinds.len() as u32;
                    events.push(match kind {
                        0 => start(part, PartKind::Text),
                        1 => start(part, PartKind::Thinking { id: None }),
                        2 => start(part, PartKind::RedactedThinking("d".into())),
                        _ => call(part, &names[n], "look"),
                    });
                    kinds.push(*kind);
                    open.push(true);
                    inputs.push(String::new());
                }
                Step::Piece(part) if open.get(*part) == Some(&true) => match kinds[*part] {
                    0 | 1 => {
                        words.push('w');
                        events.push(text(*part as u32, "w"));
                        let hung = match n % 3 {
                            0 => Delta::Citation(Citation { url: Some("u".into()), ..Citation::default() }),
                            1 => Delta::Signature("s".into()),
                            _ => continue,
                        };
                        let part = *part as u32;
                        events.push(Event::Delta { candidate: 0, part, delta: hung });
                    }
                    2 => {}
                    _ => {
                        inputs[*part].push_str(if n % 2 == 0 { "a" } else { "b" });
                        events.push(arguments(*part as u32, if n % 2 == 0 { "a" } else { "b" }));
                    }
                },
                Step::Stop(part) if open.get(*part) == Some(&true) => {
                    open[*part] = false;
                    events.push(stop(*part as u32));
                }
                _ => {}
            }
        }
        if finished {
            for (part, _) in open.iter().enumerate().filter(|(_, open)| **open) {
                events.push(stop(part as u32));
            }
        }
        events.push(Event::End);
        let written = streamed(&events, reply());
        ladder(&written);
        let answer = Answer::of(&written);
        prop_assert!(answer.ended);
        let told = |kind: &str| -> Vec<&str> {
            answer.parts.iter().filter(|part| part.0.starts_with(kind)).map(|part| &*part.1).collect()
        };
        prop_assert_eq!(told("Text").concat().len() + told("Thinking").concat().len(), words.len());
        let mut sent: Vec<&str> = inputs
            .iter()
            .zip(&kinds)
            .filter(|(_, kind)| **kind > 2)
            .map(|(input, _)| &**input)
            .collect();
        let mut got = told("ToolCall");
        sent.sort_unstable();
        got.sort_unstable();
        prop_assert_eq!(sent, got);
    }

    #[test]
    fn text_is_cut_for_its_citations_and_stays_whole(
        words in "[a-z\u{e9}\u{1f600} ]{0,20}",
        ranges in prop::collection::vec(prop::option::of((0..25u64, 0..25u64)), 0..6),
    ) {
        let cite = |range| Citation { url: Some("u".into()), range, ..Citation::default() };
        let citations: Vec<_> = ranges.into_iter().map(cite).collect();
        let text = Text { citations, ..Text::new(&*words) };
        let pieces = crate::claude::citation::pieces(&text);
        let told: usize = pieces.iter().map(|(_, cited)| cited.len()).sum();
        prop_assert_eq!(told, if words.is_empty() { 0 } else { text.citations.len() });
        prop_assert_eq!(pieces.iter().map(|(piece, _)| *piece).collect::<String>(), words);
    }

    #[test]
    fn no_bytes_break_a_decoder(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = Claude.decode_request(&bytes, PathHints::default());
        let _ = Claude.decode_response(&bytes);
        let _ = Claude.decode_error(500, &bytes);
        let mut framed = b"data: ".to_vec();
        framed.extend_from_slice(&bytes);
        ladder(&recoded(&framed, reply()));
    }

    #[test]
    fn no_damage_to_a_request_breaks_a_decoder(turns in turns(), at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut body = format!(r#"{{"model":"m","max_tokens":4000,"messages":[{turns}]}}"#).into_bytes();
        let at = at.index(body.len());
        body[at] = byte;
        if let Ok(request) = Claude.decode_request(&body, PathHints::default()) {
            let _ = encode(&request, &able(Thinking::Effort));
        }
    }
}
