//! Answers of each provider, whole and streamed, as callers of the other schemas read them.

use bytes::Bytes;
use proptest::prelude::*;
use providers::Schema::{self, Chat, Claude, Gemini, Responses};
use providers::codec::Reply;
use providers::relay::{Outcome, Relay};
use serde_json::{Value, json};

use super::answer::{ANSWERS, Answer, COST, Finish, Part};
use super::caller::{self, Read};
use super::provider;
use super::support::CROSS;

fn reply(include_thoughts: bool) -> Reply {
    Reply {
        id: "1a2b".to_owned(),
        model: "asked".to_owned(),
        created: 7,
        include_usage: true,
        include_thoughts,
        ..Reply::default()
    }
}

fn relay(from: Schema, to: Schema, reply: Reply) -> Relay {
    Relay::translate(from.codec().stream_decoder(), to.codec().stream_encoder(reply))
}

/// What a caller gets of a stream that comes in these pieces, and how it ended.
fn streamed<'p>(
    from: Schema,
    to: Schema,
    pieces: impl IntoIterator<Item = &'p [u8]>,
) -> (Vec<u8>, Outcome) {
    let mut relay = relay(from, to, reply(true));
    let mut out = Vec::new();
    for piece in pieces {
        out.extend_from_slice(&relay.push(&Bytes::copy_from_slice(piece)));
    }
    let (rest, outcome) = relay.end();
    out.extend_from_slice(&rest);
    if outcome == Outcome::Complete {
        // What the gateway charges for is what the caller reads.
        let usage = relay.usage().unwrap();
        assert_eq!((usage.total_input(), usage.cache_read), (COST.input, COST.cached));
        assert_eq!((usage.total_output(), usage.reasoning), (COST.output, COST.reasoning));
    }
    (out, outcome)
}

/// What the reader of an answer is to read.
fn expected(to: Schema, answer: &Answer, include_thoughts: bool) -> Read {
    let mut read = Read { tokens: COST, ..Read::default() };
    for part in answer.parts {
        match part {
            Part::Text(words) => read.text += &words.concat(),
            Part::Refusal(words) if matches!(to, Chat | Responses) => {
                read.refusal += &words.concat()
            }
            Part::Refusal(words) => read.text += &words.concat(),
            // Chat has no place for thoughts; elsewhere they are for those who asked.
            Part::Thought(words) if to != Chat && include_thoughts => {
                read.thoughts += &words.concat()
            }
            Part::Thought(_) => {}
            Part::Call(name, args) => {
                let args = args.concat();
                let args = if args.is_empty() { json!({}) } else { super::support::json(&args) };
                read.calls.push(((*name).to_owned(), args));
            }
        }
    }
    // OpenAI ends a refusal in words like any answer; elsewhere it is a finish of its own.
    let refused = answer.parts.iter().any(|part| matches!(part, Part::Refusal(_)));
    let finish = if refused { Finish::Filter } else { answer.finish };
    let word = match (to, finish) {
        // A refusal in words is a whole answer here.
        (Responses, _) if refused => "completed",
        (Responses, Finish::Length) => "incomplete: max_output_tokens",
        (Responses, Finish::Filter) => "incomplete: content_filter",
        (Responses, _) => "completed",
        (Chat, Finish::Stop | Finish::Sequence | Finish::Paused) => "stop",
        (Chat, Finish::Length) => "length",
        (Chat, Finish::Calls) => "tool_calls",
        (Chat, Finish::Filter) => "content_filter",
        (Claude, Finish::Stop | Finish::Sequence) => "end_turn",
        (Claude, Finish::Length) => "max_tokens",
        (Claude, Finish::Calls) => "tool_use",
        (Claude, Finish::Filter) => "refusal",
        (Claude, Finish::Paused) => "pause_turn",
        (Gemini, Finish::Stop | Finish::Sequence | Finish::Calls) => "STOP",
        (Gemini, Finish::Length) => "MAX_TOKENS",
        (Gemini, Finish::Filter) => "SAFETY",
        (Gemini, Finish::Paused) => "CONTINUATION",
    };
    read.finish = word.to_owned();
    read
}

/// Each answer of each pair.
fn each(mut test: impl FnMut(Schema, Schema, &Answer)) {
    for (from, to) in CROSS {
        for answer in ANSWERS.iter().filter(|answer| answer.given_by.contains(&from)) {
            test(from, to, answer);
        }
    }
}

#[test]
fn whole_answers_say_the_same() {
    each(|from, to, answer| {
        for include_thoughts in [true, false] {
            let body = provider::whole(from, answer);
            let response = from.codec().decode_response(body.as_bytes()).unwrap();
            let out = to.codec().encode_response(&response, &reply(include_thoughts));
            let read = caller::whole(to, &out.unwrap());
            // Claude's signed thoughts are history that its callers must send back.
            assert_eq!(
                read,
                expected(to, answer, include_thoughts),
                "{from} to {to}: {}",
                answer.name
            );
        }
    });
}

#[test]
fn streamed_answers_say_what_whole_ones_do() {
    each(|from, to, answer| {
        let events = provider::events(from, answer);
        let (out, outcome) = streamed(from, to, events.iter().map(String::as_bytes));
        let shown = format!("{from} to {to}: {}\n{}", answer.name, String::from_utf8_lossy(&out));
        assert_eq!(outcome, Outcome::Complete, "{shown}");
        let stream = caller::stream(to, &out);
        assert_eq!(stream.error, None, "{shown}");
        assert_eq!(stream.read, expected(to, answer, true), "{shown}");
    });
}

#[test]
fn streams_that_are_cut_end_in_an_error() {
    each(|from, to, answer| {
        let events = provider::events(from, answer);
        // Chat's usage chunk and Claude's last event: nothing of the answer is missing without
        // them, but who is cut there was cut.
        for kept in 0..events.len() - 1 {
            let (out, outcome) = streamed(from, to, events[..kept].iter().map(String::as_bytes));
            let shown = format!(
                "{from} to {to}: {} at {kept}\n{}",
                answer.name,
                String::from_utf8_lossy(&out)
            );
            assert_eq!(outcome, Outcome::Truncated, "{shown}");
            let error = caller::stream(to, &out).error.expect(&shown);
            assert!(error["message"].as_str().unwrap().contains("before its answer was whole"));
        }
    });
}

#[test]
fn errors_in_the_middle_are_told() {
    each(|from, to, answer| {
        let events = provider::events(from, answer);
        for before in 0..events.len() - 1 {
            let error = provider::error(from);
            let pieces = events[..before].iter().map(String::as_str).chain([error]);
            let (out, outcome) = streamed(from, to, pieces.map(str::as_bytes));
            let shown = format!(
                "{from} to {to}: {} at {before}\n{}",
                answer.name,
                String::from_utf8_lossy(&out)
            );
            assert!(matches!(outcome, Outcome::Failed(_)), "{shown}");
            let error = caller::stream(to, &out).error.expect(&shown);
            assert_eq!(error["message"], "Too busy", "{shown}");
            let class = match to {
                Responses => ("code", json!("server_error")),
                Chat => ("type", json!("server_error")),
                Claude => ("type", json!("overloaded_error")),
                Gemini => ("code", json!(503)),
            };
            assert_eq!(error[class.0], class.1, "{shown}");
        }
    });
}

#[test]
fn a_gemini_stream_may_be_an_array_of_the_same_responses() {
    for (from, to) in CROSS.into_iter().filter(|(_, to)| *to == Gemini) {
        for answer in ANSWERS.iter().filter(|answer| answer.given_by.contains(&from)) {
            let events = provider::events(from, answer).concat();
            let (frames, _) = streamed(from, to, [events.as_bytes()]);
            let frames = String::from_utf8(frames).unwrap();
            let frames: Vec<Value> = frames
                .split_terminator("\r\n\r\n")
                .map(|frame| super::support::json(&frame["data: ".len()..]))
                .collect();
            let mut relay = relay(from, to, Reply { json_array: true, ..reply(true) });
            let mut out = relay.push(&Bytes::from(events)).to_vec();
            out.extend_from_slice(&relay.end().0);
            let array: Vec<Value> = serde_json::from_slice(&out).unwrap();
            assert_eq!(array, frames);
        }
    }
}

proptest! {
    #[test]
    fn however_a_stream_is_cut_its_reader_gets_the_same(
        pair in 0..CROSS.len(),
        answer in 0..ANSWERS.len(),
        cuts in prop::collection::vec(1..40_usize, 1..200),
    ) {
        let ((from, to), answer) = (CROSS[pair], &ANSWERS[answer]);
        prop_assume!(answer.given_by.contains(&from));
        let bytes = provider::events(from, answer).concat().into_bytes();
        let mut rest = bytes.as_slice();
        let mut pieces = Vec::new();
        for cut in cuts.iter().cycle() {
            if rest.is_empty() {
                break;
            }
            let (piece, more) = rest.split_at(rest.len().min(*cut));
            pieces.push(piece);
            rest = more;
        }
        prop_assert_eq!(streamed(from, to, pieces), streamed(from, to, [bytes.as_slice()]));
    }
}
