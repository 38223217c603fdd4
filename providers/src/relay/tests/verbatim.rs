//! The provider's own bytes.

use proptest::prelude::*;

use super::*;
use crate::corpus;
use crate::sse::Framer;

fn relay(options: Verbatim) -> Relay {
    let encoder = FakeEncoder { json_array: options.json_array };
    Relay::verbatim(Box::<FakeDecoder>::default(), Box::new(encoder), options)
}

fn plain() -> Relay {
    relay(Verbatim::default())
}

fn hiding() -> Relay {
    relay(Verbatim { hide_usage: true, ..Verbatim::default() })
}

fn array() -> Relay {
    relay(Verbatim { json_array: true, ..Verbatim::default() })
}

const CHAT: &str = concat!(
    "data: {\"choices\":[],\"prompt_filter_results\":[]}\n\n",
    ": keep-alive\n\n",
    "data: {\"choices\":[{\"delta\":{\"content\":\"\\\"usage\\\":{\"}}],\"usage\":null}\n\n",
    "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":1}}\n\n",
    "data: {\"choices\":[],\"usage\":null,\"moderation\":{}}\n\n",
    "data: {\"id\":\"x\", \"choices\": [ ], \"usage\":{\"prompt_tokens\":7}}\n\n",
    "data: [DONE]\n\n",
);

fn chat_without_usage() -> String {
    let hidden = CHAT.split_inclusive("\n\n").nth(5).unwrap();
    CHAT.replace(hidden, "")
}

#[test]
fn the_very_same_bytes_go_through() {
    let mut relay = plain();
    for piece in ["data: text a\n", "\nda", "ta: end\n\n", "data: whatever"] {
        let chunk = Bytes::from(piece.to_owned());
        let out = relay.push(&chunk);
        assert_eq!((out.as_ptr(), out.len()), (chunk.as_ptr(), chunk.len()));
    }
    assert_eq!(relay.end(), (Bytes::new(), Outcome::Complete));
    assert_eq!(relay.output_bytes(), 1);
}

#[test]
fn the_usage_chunk_is_cut_out_and_nothing_else() {
    for size in 1..=CHAT.len() {
        let mut relay = hiding();
        let (out, outcome) = run(&mut relay, CHAT.as_bytes().chunks(size));
        assert_eq!((out, outcome), (chat_without_usage(), Outcome::Complete));
        assert_eq!(relay.usage().unwrap().input, 7, "hidden, but counted");
    }
    let windows = CHAT.replace('\n', "\r\n");
    let (out, _) = run(&mut hiding(), windows.as_bytes().chunks(5));
    assert_eq!(out, chat_without_usage().replace('\n', "\r\n"));
    let (out, _) = run(&mut plain(), CHAT.as_bytes().chunks(7));
    assert_eq!(out, CHAT);
}

#[test]
fn nothing_to_hide_means_nothing_copied() {
    let mut relay = hiding();
    let whole = Bytes::from("data: text a\n\ndata: text b\n\n".to_owned());
    assert_eq!(relay.push(&whole).as_ptr(), whole.as_ptr());
    let more = Bytes::from("data: text a\n\ndata: tex".to_owned());
    let out = relay.push(&more);
    assert_eq!((out.as_ptr(), &*out), (more.as_ptr(), &b"data: text a\n\n"[..]));
    assert_eq!(relay.push(&Bytes::from_static(b"t c\n\n")), "data: text c\n\n");
}

#[test]
fn an_end_without_its_blank_line_is_an_end() {
    let stream = CHAT.trim_end();
    let (out, outcome) = run(&mut hiding(), stream.as_bytes().chunks(9));
    assert_eq!((&*out, outcome), (chat_without_usage().trim_end(), Outcome::Complete));

    let mut relay = hiding();
    let sent = relay.push(&Bytes::from_static(b"data: text a\n\ndata: end\n\ndata: more"));
    assert_eq!(sent, "data: text a\n\ndata: end\n\n");
    assert_eq!(relay.fail(&timeout()), "data: more", "what is left, and no error");
    assert_eq!(relay.end().1, Outcome::Complete);
}

#[test]
fn a_stream_cut_anywhere_ends_in_an_error_that_can_be_read() {
    let error = "event: error\ndata: Server\n\n";
    let done = CHAT.find("data: [DONE]").unwrap() + "data: [DONE]".len();
    for relay in [plain, hiding] {
        for cut in 0..done {
            let (out, outcome) = run(&mut relay(), [&CHAT.as_bytes()[..cut]]);
            assert_eq!(outcome, Outcome::Truncated, "cut at {cut}");
            let mut last = None;
            let read = |frame: crate::sse::Frame<'_>| last = frame.event.map(str::to_owned);
            Framer::default().push(out.as_bytes(), read).unwrap();
            assert_eq!(last.as_deref(), Some("error"), "cut at {cut}: {out}");
            assert!(out.ends_with(error));
        }
    }
    assert_eq!(run(&mut plain(), []).0, error);
    let (out, _) = run(&mut plain(), [&b"data: text a\n\nda"[..]]);
    assert_eq!(out, format!("data: text a\n\nda\n\n{error}"));
    let (out, _) = run(&mut hiding(), [&b"data: text a\n\nda"[..]]);
    assert_eq!(out, format!("data: text a\n\n{error}"));
}

#[test]
fn a_providers_error_goes_through_as_it_is() {
    let stream = "data: text a\n\ndata: error busy\n\n: bye\n\n";
    for relay in [plain, hiding] {
        let (out, outcome) = run(&mut relay(), stream.as_bytes().chunks(4));
        assert_eq!(out, stream);
        assert_eq!(outcome, Outcome::Failed(ApiError::new(ErrorClass::Overloaded, "busy")));
    }
}

#[test]
fn an_error_found_only_at_the_end_is_told() {
    // What decoders make of half an event at the end of a stream.
    let stream = b"data: text a\n\ndata: error half an event";
    let told = "event: error\ndata: Overloaded\n\n";
    let (out, outcome) = run(&mut plain(), [&stream[..]]);
    assert_eq!(out, format!("data: text a\n\ndata: error half an event\n\n{told}"));
    assert!(matches!(outcome, Outcome::Failed(_)));
    let (out, _) = run(&mut hiding(), [&stream[..]]);
    assert_eq!(out, format!("data: text a\n\n{told}"));
}

#[test]
fn the_gateways_own_failure_closes_the_stream() {
    let mut relay = plain();
    relay.push(&Bytes::from_static(b"data: text a\n"));
    assert_eq!(relay.fail(&timeout()), "\n\nevent: error\ndata: Timeout\n\n");
    assert_eq!(relay.push(&Bytes::from_static(b"\n")), "");
    assert_eq!(relay.end(), (Bytes::new(), Outcome::Failed(timeout())));
}

#[test]
fn an_endless_event_is_given_up_behind_what_came_before_it() {
    let mut relay = hiding();
    let line = Bytes::from([b"data: text a\n\ndata: ".to_vec(), vec![b'x'; 17 << 20]].concat());
    assert_eq!(relay.push(&line), "data: text a\n\nevent: error\ndata: Server\n\n");
    assert!(matches!(relay.end(), (rest, Outcome::Failed(_)) if rest.is_empty()));
}

#[test]
fn an_array_that_is_cut_short_is_closed_with_the_error() {
    let error = "{\"error\":\"Timeout\"}]";
    for (sent, closing) in [
        ("", format!("[{error}")),
        (" [", error.to_owned()),
        ("[{\"a\":\"]}\\\"\"}", format!(",{error}")),
        ("[{\"a\":[1,{}]}\n", format!(",{error}")),
        ("[{},\r\n", error.to_owned()),
    ] {
        for size in 1..=sent.len().max(1) {
            let mut relay = array();
            let mut out = String::new();
            for piece in sent.as_bytes().chunks(size) {
                let piece = relay.push(&Bytes::copy_from_slice(piece));
                out.push_str(std::str::from_utf8(&piece).unwrap());
            }
            out.push_str(std::str::from_utf8(&relay.fail(&timeout())).unwrap());
            assert_eq!(out, format!("{sent}{closing}"));
            let elements: Vec<serde_json::Value> = serde_json::from_str(&out).unwrap();
            assert_eq!(elements.last().unwrap()["error"], "Timeout");
        }
    }
    // Within an element only the break itself can tell.
    for sent in ["[{\"a\":", "[{\"a\":\"x,", "[{\"a\":\"\\\"},"] {
        let mut relay = array();
        relay.push(&Bytes::from_static(sent.as_bytes()));
        assert_eq!(relay.fail(&timeout()), "");
        assert_eq!(relay.end().1, Outcome::Failed(timeout()));
    }
}

#[test]
fn recorded_streams_lose_only_their_usage_chunk() {
    let streams = corpus::files(|kind| kind.starts_with("openai_chat"), ".sse");
    assert!(!streams.is_empty() || corpus::is_absent());
    let mut hidden = 0;
    for (path, stream) in streams {
        let stream = String::from_utf8(stream).unwrap();
        let expected: String = stream
            .split_inclusive("\n\n")
            .filter(|frame| {
                let data = frame.trim().strip_prefix("data: ").unwrap_or_default();
                let Ok(chunk) = serde_json::from_str::<serde_json::Value>(data) else {
                    return true;
                };
                chunk["choices"] != serde_json::json!([]) || chunk["usage"].is_null()
            })
            .collect();
        hidden += usize::from(expected != stream);
        for size in [1, 100, 1000, stream.len()] {
            let (out, outcome) = run(&mut hiding(), stream.as_bytes().chunks(size));
            if outcome == Outcome::Complete {
                assert_eq!(out, expected, "{}", path.display());
            }
            let (out, _) = run(&mut plain(), stream.as_bytes().chunks(size));
            assert!(out.starts_with(&stream), "{}", path.display());
        }
    }
    assert!(hidden > 50 || corpus::is_absent(), "{hidden}");
}

proptest! {
    #[test]
    fn any_split_hides_the_same(
        order in prop::collection::vec(0..7_usize, 0..12),
        size in 1..200_usize,
    ) {
        let frames: Vec<&str> = CHAT.split_inclusive("\n\n").collect();
        let stream: String = order.iter().map(|&n| frames[n]).collect();
        let kept: String = order.iter().filter(|&&n| n != 5).map(|&n| frames[n]).collect();
        let (out, outcome) = run(&mut hiding(), stream.as_bytes().chunks(size));
        match outcome {
            Outcome::Complete => prop_assert_eq!(out, kept),
            _ => prop_assert_eq!(out, kept + "event: error\ndata: Server\n\n"),
        }
    }
}
