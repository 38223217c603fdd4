//! Generated streams: whatever the events, the ladder is one.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Responses, Told, ladder, reply};
use crate::codec::{Codec, Reply};
use crate::conversation::{
    Arguments, Candidate, Citation, Delta, Event, Finish, FinishReason, Part, PartKind, Response,
    Text, Thinking, ToolCall, Usage,
};

/// A part of an answer.
#[derive(Clone, Debug)]
enum Said {
    Text(Vec<String>, bool),
    Refusal(Vec<String>),
    Thinking(Vec<String>, Option<String>),
    Redacted(String),
    Call(Vec<String>, bool),
    Opaque,
}

fn said() -> impl Strategy<Value = Said> {
    let words = || prop::collection::vec("[a-z\"\\\\\né😀]{0,4}", 0..5);
    prop_oneof![
        3 => (words(), any::<bool>()).prop_map(|(words, cited)| Said::Text(words, cited)),
        1 => words().prop_map(Said::Refusal),
        2 => (words(), prop::option::of("[A-Z]{1,5}")).prop_map(|(words, seal)| Said::Thinking(words, seal)),
        1 => "[A-Z]{1,5}".prop_map(Said::Redacted),
        3 => (words(), any::<bool>()).prop_map(|(words, custom)| Said::Call(words, custom)),
        1 => Just(Said::Opaque),
    ]
}

fn cited() -> Citation<'static> {
    Citation { url: Some("https://e.x".into()), ..Citation::default() }
}

impl Said {
    fn kind(&self) -> PartKind<'_> {
        match self {
            Self::Text(..) => PartKind::Text,
            Self::Refusal(_) => PartKind::Refusal,
            Self::Thinking(..) => PartKind::Thinking { id: None },
            Self::Redacted(data) => PartKind::RedactedThinking(data.into()),
            Self::Call(_, custom) => {
                PartKind::ToolCall { id: None, name: "f".into(), custom: *custom }
            }
            Self::Opaque => PartKind::Opaque("web".into()),
        }
    }

    fn deltas(&self) -> Vec<Delta<'_>> {
        let text = |words: &String| Delta::Text(words.clone().into());
        match self {
            Self::Text(words, with) => {
                let citation = with.then(|| Delta::Citation(cited()));
                words.iter().map(text).chain(citation).collect()
            }
            Self::Refusal(words) => words.iter().map(text).collect(),
            Self::Thinking(words, seal) => {
                let seal = seal.iter().map(|seal| Delta::Signature(seal.into()));
                words.iter().map(text).chain(seal).collect()
            }
            Self::Call(words, _) => {
                words.iter().map(|words| Delta::Arguments(words.into())).collect()
            }
            Self::Redacted(_) | Self::Opaque => Vec::new(),
        }
    }

    fn part(&self) -> Option<Part<'_>> {
        Some(match self {
            Self::Text(words, with) => Part::Text(Text {
                citations: with.then(cited).into_iter().collect(),
                ..Text::new(words.concat())
            }),
            Self::Refusal(words) => Part::Refusal(words.concat().into()),
            Self::Thinking(words, seal) => Part::Thinking(Thinking {
                id: None,
                text: words.concat().into(),
                signature: seal.as_deref().map(Into::into),
            }),
            Self::Redacted(data) => Part::RedactedThinking(data.into()),
            Self::Call(words, custom) => Part::ToolCall(ToolCall {
                id: None,
                name: "f".into(),
                arguments: Arguments::Text(words.concat().into()),
                custom: *custom,
                signature: None,
                cache: None,
            }),
            Self::Opaque => return None,
        })
    }
}

fn reasons() -> impl Strategy<Value = FinishReason> {
    prop::sample::select(vec![
        FinishReason::Stop,
        FinishReason::Length,
        FinishReason::ToolCalls,
        FinishReason::ContentFilter,
    ])
}

/// The events of these parts, which go on in this order; at the end one after the other.
fn events<'a>(parts: &'a [Said], order: &[usize]) -> Vec<Event<'a>> {
    let mut events = vec![Event::Start { id: None, model: None }];
    let mut open: Vec<(u32, std::vec::IntoIter<Delta<'a>>)> = Vec::new();
    let mut next = 0;
    let mut step = |choice: Option<usize>| {
        let begin = next < parts.len() && choice.map_or(open.is_empty(), |choice| choice % 3 == 0);
        if begin {
            events.push(Event::PartStart {
                candidate: 0,
                part: next as u32,
                kind: parts[next].kind(),
            });
            open.push((next as u32, parts[next].deltas().into_iter()));
            next += 1;
            return true;
        }
        if open.is_empty() {
            return next < parts.len();
        }
        let at = choice.unwrap_or(0) % open.len();
        let part = open[at].0;
        match open[at].1.next() {
            Some(delta) => events.push(Event::Delta { candidate: 0, part, delta }),
            None => {
                open.remove(at);
                events.push(Event::PartStop { candidate: 0, part });
            }
        }
        true
    };
    for &choice in order {
        step(Some(choice));
    }
    while step(None) {}
    events
}

fn write(events: &[Event<'_>], reply: Reply) -> (Value, String) {
    let mut encoder = Responses.stream_encoder(reply);
    let mut out = Vec::new();
    for event in events {
        encoder.event(event, &mut out);
    }
    let out = String::from_utf8(out).unwrap();
    (ladder::check(&out), out)
}

/// All characters that are said in this way, in no order: words may be cut by others.
fn letters(words: impl IntoIterator<Item = String>) -> Vec<char> {
    let mut letters: Vec<char> =
        words.into_iter().flat_map(|words| words.chars().collect::<Vec<_>>()).collect();
    letters.sort_unstable();
    letters
}

fn strings(output: &Value, find: impl Fn(&Value) -> Vec<Option<&str>>) -> Vec<String> {
    let items = output.as_array().unwrap();
    items.iter().flat_map(find).flatten().map(str::to_owned).collect()
}

proptest! {
    #[test]
    fn any_order_of_events_makes_a_ladder_and_nothing_is_lost(
        parts in prop::collection::vec(said(), 0..7),
        order in prop::collection::vec(0..12_usize, 0..60),
        reason in reasons(),
        broken in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let mut events = events(&parts, &order);
        if let Some(at) = broken {
            events.truncate(at.index(events.len() + 1));
            let error = crate::conversation::ApiError::new(crate::conversation::ErrorClass::Server, "M");
            events.push(Event::Error(error));
            let (last, _) = write(&events, reply());
            prop_assert_eq!(&last["type"], "response.failed");
            return Ok(());
        }
        events.push(Event::Finish { candidate: 0, finish: Finish::new(reason) });
        events.push(Event::Usage(Usage { input: 1, ..Usage::default() }));
        events.push(Event::End);
        let (last, out) = write(&events, reply());
        let output = &last["response"]["output"];
        let content = |key: &'static str| strings(output, |item| {
            item["content"].as_array().into_iter().flatten().map(|part| part[key].as_str()).collect()
        });
        let text = parts.iter().filter_map(|part| match part { Said::Text(words, _) => Some(words.concat()), _ => None });
        prop_assert_eq!(letters(content("text")), letters(text));
        let refused = parts.iter().filter_map(|part| match part { Said::Refusal(words) => Some(words.concat()), _ => None });
        prop_assert_eq!(letters(content("refusal")), letters(refused));
        let thought = parts.iter().filter_map(|part| match part { Said::Thinking(words, _) => Some(words.concat()), _ => None });
        let summaries = strings(output, |item| item["summary"].as_array().into_iter().flatten().map(|part| part["text"].as_str()).collect());
        prop_assert_eq!(letters(summaries), letters(thought));
        let mut seals = strings(output, |item| vec![item["encrypted_content"].as_str()]);
        seals.sort();
        let mut sealed: Vec<_> = parts.iter().filter_map(|part| match part {
            Said::Thinking(_, seal) => seal.clone(),
            Said::Redacted(data) => Some(data.clone()),
            _ => None,
        }).collect();
        sealed.sort();
        prop_assert_eq!(seals, sealed);
        let calls = strings(output, |item| vec![item["arguments"].as_str().or(item["input"].as_str())]);
        let called: Vec<_> = parts.iter().filter_map(|part| match part {
            Said::Call(words, false) if words.concat().is_empty() => Some("{}".to_owned()),
            Said::Call(words, _) => Some(words.concat()),
            _ => None,
        }).collect();
        prop_assert_eq!(calls, called);

        // Read again, it is the same answer.
        let streamed = Told::of_stream(out.as_bytes());
        let whole = Told::of_answer(last["response"].to_string().as_bytes());
        prop_assert_eq!(streamed, whole);
    }

    #[test]
    fn streamed_and_whole_the_output_is_the_same(
        parts in prop::collection::vec(said(), 0..7),
        reason in reasons(),
        include_thoughts in any::<bool>(),
    ) {
        let reply = Reply { include_thoughts, ..reply() };
        let mut events = events(&parts, &[]);
        let finish = Finish::new(reason);
        events.push(Event::Finish { candidate: 0, finish: finish.clone() });
        events.push(Event::End);
        let (last, _) = write(&events, reply.clone());
        let parts = parts.iter().filter_map(Said::part).collect();
        let candidate = Candidate { index: 0, parts, logprobs: Vec::new(), finish };
        let response = Response { candidates: vec![candidate], ..Response::default() };
        let whole = Responses.encode_response(&response, &reply).unwrap();
        let whole: Value = serde_json::from_slice(&whole).unwrap();
        prop_assert_eq!(&last["response"], &whole);
    }

    /// Events of any kind in any order, about anything: what is read is always of the grammar
    /// (which `Told` sees to), and nothing is made up.
    #[test]
    fn any_events_are_read(
        soup in prop::collection::vec((0..KINDS.len(), 0..3_u64, 0..2_u64, "[a-c]{0,3}", 0..ITEMS), 0..40),
        size in 1..50_usize,
    ) {
        let mut stream = String::new();
        for (kind, index, place, words, item) in soup {
            let id = format!("i{index}");
            let event = json!({"type": KINDS[kind], "output_index": index, "item_id": id,
                "content_index": place, "delta": words, "text": words, "item": any_item(item, &id, &words),
                "part": {"type": "output_text", "text": words, "annotations": [{"url": "u"}]},
                "annotation": {"url": "u"}, "response": {"id": "r", "output": [any_item(item, &id, &words)]}});
            stream += &format!("data: {event}\n\n");
        }
        let told = Told::of_stream(stream.as_bytes());
        prop_assert!(!(told.ended && told.error.is_some()));
        prop_assert_eq!(super::events(stream.as_bytes(), size), super::events(stream.as_bytes(), stream.len()));
    }
}

const KINDS: [&str; 14] = [
    "response.created",
    "response.output_item.added",
    "response.output_item.done",
    "response.content_part.done",
    "response.output_text.delta",
    "response.output_text.done",
    "response.output_text.annotation.added",
    "response.refusal.delta",
    "response.function_call_arguments.delta",
    "response.reasoning_summary_text.delta",
    "response.reasoning_text.done",
    "keepalive",
    "response.of_tomorrow",
    "response.completed",
];

const ITEMS: usize = 6;

fn any_item(kind: usize, id: &str, words: &str) -> Value {
    match kind {
        0 => {
            json!({"type": "message", "id": id, "content": [{"type": "output_text", "text": words}]})
        }
        1 => {
            json!({"type": "reasoning", "id": id, "summary": [{"type": "summary_text", "text": words}], "encrypted_content": words})
        }
        2 => json!({"type": "function_call", "id": id, "name": "f", "arguments": words}),
        3 => json!({"type": "image_generation_call", "id": id, "result": words}),
        4 => json!({"type": "web_search_call", "id": id}),
        _ => json!(words),
    }
}
