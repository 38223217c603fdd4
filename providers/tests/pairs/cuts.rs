//! Streams that are cut: short after any event, and into pieces at any byte. Recorded ones, and
//! the tests' own.

use bytes::Bytes;
use providers::Schema::{self, Chat, Claude, Gemini, Responses};
use providers::codec::Reply;
use providers::relay::{Outcome, Relay, Verbatim};
use serde_json::Value;

use super::answer::ANSWERS;
use super::provider;
use super::support::json;

#[path = "../../src/corpus.rs"]
mod corpus;

/// Streams up to so many bytes are cut short after each event.
const SHORT: usize = 20_000;

/// So many events, evenly apart, longer ones are cut short after.
const SAMPLED: usize = 16;

/// Streams of this schema's providers, by name: the tests' own, and those recorded.
fn streams(schema: Schema) -> Vec<(String, Vec<u8>)> {
    let kinds = match schema {
        Chat => "openai_chat",
        Responses => "openai_responses",
        Claude => "anthropic",
        Gemini => "gemini",
    };
    let own = ANSWERS.iter().filter(|answer| answer.given_by.contains(&schema));
    let own = own.map(|answer| {
        (answer.name.to_owned(), provider::events(schema, answer).concat().into_bytes())
    });
    let recorded = corpus::files(|kind| kind.starts_with(kinds), ".response.sse");
    assert!(recorded.len() > 40 || corpus::is_absent(), "{schema}: {}", recorded.len());
    let recorded = recorded.into_iter().map(|(path, bytes)| (path.display().to_string(), bytes));
    own.chain(recorded).collect()
}

/// Where the events of a stream end.
fn ends(stream: &[u8]) -> Vec<usize> {
    let blank = |at: usize| {
        let before = &stream[..at];
        before.ends_with(b"\n\n") || before.ends_with(b"\r\n\r\n")
    };
    (0..=stream.len()).filter(|at| *at == 0 || blank(*at)).collect()
}

/// Whether the provider has said by now that its answer is over.
fn is_over(schema: Schema, stream: &[u8]) -> bool {
    let words: &[&[u8]] = match schema {
        Chat => &[b"data: [DONE]", b"\"finish_reason\":\"", b"\"finish_reason\": \""],
        Responses => &[b"response.completed", b"response.incomplete", b"response.failed"],
        Claude => &[b"message_stop"],
        Gemini => &[b"finishReason", b"blockReason"],
    };
    let errors: [&[u8]; 4] =
        [b"\"error\":{", b"\"error\": {", b"event: error", b"\"type\":\"error\""];
    let said = |word: &&[u8]| stream.windows(word.len()).any(|window| window == *word);
    words.iter().any(said) || errors.iter().any(said)
}

/// What a caller gets of these bytes, and how that ended.
fn relayed(from: Schema, to: Schema, stream: &[u8]) -> (Vec<u8>, Outcome) {
    let reply = Reply { id: "1".to_owned(), include_usage: true, ..Reply::default() };
    let (decoder, encoder) = (from.codec().stream_decoder(), to.codec().stream_encoder(reply));
    let mut relay = match from == to {
        true => Relay::verbatim(decoder, encoder, Verbatim::default()),
        false => Relay::translate(decoder, encoder),
    };
    let mut out = relay.push(&Bytes::copy_from_slice(stream)).to_vec();
    let (rest, outcome) = relay.end();
    out.extend_from_slice(&rest);
    (out, outcome)
}

/// The error that a stream ends in, as its schema's SDKs look for it (`wire.md` §4.2).
fn error(schema: Schema, stream: &[u8]) -> Option<Value> {
    let text = std::str::from_utf8(stream).unwrap();
    let blank = if schema == Gemini { "\r\n\r\n" } else { "\n\n" };
    let last = text.strip_suffix(blank)?;
    let (event, data) = match (schema, last.rsplit_once('\n')) {
        // One line and nothing else.
        (Chat | Gemini, Some((_, data))) => ("", data),
        (Chat | Gemini, None) => ("", last),
        (Responses | Claude, Some((before, data))) => {
            (before.rsplit('\n').next()?.strip_prefix("event: ")?, data)
        }
        (Responses | Claude, None) => return None,
    };
    let data = json(data.strip_prefix("data: ")?);
    let error = match schema {
        Chat => &data["error"],
        Responses if (event, &data["type"]) == ("response.failed", &event.into()) => {
            &data["response"]["error"]
        }
        Claude if (event, &data["type"]) == ("error", &event.into()) => &data["error"],
        Gemini if data["error"]["code"].as_u64()? >= 400 => &data["error"],
        Responses | Claude | Gemini => return None,
    };
    error["message"].is_string().then(|| error.clone())
}

/// Cuts each stream of a schema short, for callers of all schemas.
fn cut_short(from: Schema) {
    let (mut cuts, mut told) = (0, 0);
    for (name, stream) in streams(from) {
        let ends = ends(&stream);
        let step = if stream.len() <= SHORT { 1 } else { ends.len().div_ceil(SAMPLED) };
        for at in ends.iter().step_by(step) {
            let kept = &stream[..*at];
            let over = is_over(from, kept);
            for to in Schema::ALL {
                let (out, outcome) = relayed(from, to, kept);
                cuts += 1;
                assert!(
                    over || outcome == Outcome::Truncated,
                    "{from} to {to}: {name}: {outcome:?} at {at}"
                );
                if outcome == Outcome::Truncated {
                    let error = error(to, &out);
                    let shown = String::from_utf8_lossy(&out);
                    let error =
                        error.unwrap_or_else(|| panic!("{from} to {to}: {name} at {at}: {shown}"));
                    assert!(
                        error["message"].as_str().unwrap().contains("before its answer was whole")
                    );
                    told += 1;
                }
            }
        }
    }
    println!("{from}: cut short {cuts} times, and the caller was told {told} times");
    assert!(told * 2 > cuts, "{from}: most cuts are before the end: {told} of {cuts}");
}

/// The events of a stream that comes in these pieces.
fn events<'p>(schema: Schema, pieces: impl IntoIterator<Item = &'p [u8]>) -> String {
    use std::fmt::Write as _;
    let mut decoder = schema.codec().stream_decoder();
    let mut events = String::new();
    for piece in pieces {
        decoder.push(piece, &mut |event| writeln!(events, "{event:?}").unwrap());
    }
    decoder.finish(&mut |event| writeln!(events, "{event:?}").unwrap());
    events
}

/// Cuts each stream of a schema into pieces. Every boundary between two bytes is a cut once among
/// others near it (pieces of 13 bytes, begun at each of the first 13) and once among all (pieces
/// of one byte); some are the only one.
fn cut_anywhere(schema: Schema) {
    const SIZE: usize = 13;
    const ALONE: usize = 8;
    let mut boundaries = 0;
    for (name, stream) in streams(schema) {
        let whole = events(schema, [stream.as_slice()]);
        assert!(!whole.is_empty(), "{name}: no events");
        let check = |found: String, cut: String| {
            assert!(found == whole, "{name} {cut}:\n{found}\n   is not\n{whole}");
        };
        check(events(schema, stream.chunks(1)), "by bytes".to_owned());
        for first in 0..SIZE.min(stream.len()) {
            let (head, rest) = stream.split_at(first);
            let pieces = std::iter::once(head).chain(rest.chunks(SIZE));
            check(events(schema, pieces), format!("by {SIZE} after {first}"));
        }
        for at in (1..stream.len()).step_by((stream.len() / ALONE).max(1)) {
            let (head, rest) = stream.split_at(at);
            check(events(schema, [head, rest]), format!("at {at}"));
        }
        boundaries += stream.len() - 1;
    }
    println!("{schema}: cut at {boundaries} boundaries");
}

/// One test of each schema's streams, so that they run side by side.
macro_rules! each_schema {
    ($test:ident: $($name:ident $schema:ident),*) => {
        $(#[test]
        fn $name() {
            $test($schema);
        })*
    };
}

each_schema!(cut_short:
    chat_streams_cut_short_end_in_an_error Chat,
    responses_streams_cut_short_end_in_an_error Responses,
    claude_streams_cut_short_end_in_an_error Claude,
    gemini_streams_cut_short_end_in_an_error Gemini);

each_schema!(cut_anywhere:
    chat_streams_cut_anywhere_read_the_same Chat,
    responses_streams_cut_anywhere_read_the_same Responses,
    claude_streams_cut_anywhere_read_the_same Claude,
    gemini_streams_cut_anywhere_read_the_same Gemini);
