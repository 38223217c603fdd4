//! From one schema to another.

use super::*;

fn relay() -> Relay {
    Relay::translate(Box::<FakeDecoder>::default(), Box::<FakeEncoder>::default())
}

#[test]
fn events_come_out_as_they_come_in_however_split() {
    let stream =
        b"data: part\n\ndata: text Hal\n\ndata: text lo\n\ndata: usage 5 2\n\ndata: end\n\n";
    for size in 1..=stream.len() {
        let mut relay = relay();
        let (out, outcome) = run(&mut relay, stream.chunks(size));
        assert_eq!((&*out, outcome), ("<Hal><lo><end>", Outcome::Complete));
        assert_eq!(relay.usage(), Some(Usage { input: 5, output: 2, ..Usage::default() }));
        assert_eq!(relay.output_bytes(), 5);
        assert!(relay.is_complete());
    }
}

#[test]
fn the_first_token_is_told_from_the_frame_around_it() {
    let mut relay = relay();
    relay.push(&Bytes::from_static(b"data: part\n\n"));
    assert!(!relay.has_begun());
    assert_eq!(relay.push(&Bytes::from_static(b"data: text x\n\n")), "<x>");
    assert!(relay.has_begun() && !relay.is_complete());
}

#[test]
fn a_stream_without_its_end_is_never_a_success() {
    for cut in
        ["", "data: text x\n\n", "data: text x\n\ndata: en", "data: text x\n\ndata: usage 1 1"]
    {
        let (out, outcome) = run(&mut relay(), [cut.as_bytes()]);
        assert_eq!(outcome, Outcome::Truncated, "{cut}");
        assert!(out.ends_with("event: error\ndata: Server\n\n"), "{out}");
    }
    // Only the blank line is missing.
    assert_eq!(run(&mut relay(), [&b"data: end"[..]]).1, Outcome::Complete);
}

#[test]
fn nothing_follows_an_error_or_the_end() {
    let stream = b"data: text a\n\ndata: error busy\n\ndata: text b\n\ndata: end\n\n";
    let (out, outcome) = run(&mut relay(), [&stream[..]]);
    assert_eq!(out, "<a>event: error\ndata: Overloaded\n\n");
    assert_eq!(outcome, Outcome::Failed(ApiError::new(ErrorClass::Overloaded, "busy")));

    let mut relay = relay();
    let stream = b"data: end\n\ndata: text b\n\ndata: error late\n\ndata: usage 3 4\n\n";
    assert_eq!(run(&mut relay, [&stream[..]]), ("<end>".to_owned(), Outcome::Complete));
    assert_eq!(relay.usage().unwrap().total(), 7, "late usage still counts");
}

#[test]
fn usage_never_shrinks() {
    let mut relay = relay();
    assert_eq!(relay.usage(), None);
    relay.push(&Bytes::from_static(b"data: usage 9 1\n\ndata: usage 0 5\n\ndata: usage 0 0\n\n"));
    assert_eq!(relay.usage(), Some(Usage { input: 9, output: 5, ..Usage::default() }));
}

#[test]
fn the_gateways_own_failure_closes_the_stream() {
    let mut relay = relay();
    relay.push(&Bytes::from_static(b"data: text a\n\n"));
    assert_eq!(relay.fail(&timeout()), "event: error\ndata: Timeout\n\n");
    assert_eq!(relay.push(&Bytes::from_static(b"data: text b\n\n")), "");
    assert_eq!(relay.fail(&timeout()), "");
    assert_eq!(relay.end(), (Bytes::new(), Outcome::Failed(timeout())));
}

#[test]
fn an_answer_that_failed_at_once_tells_what_it_cost() {
    let failed = concat!(
        "event: response.failed\n",
        r#"data: {"type":"response.failed","response":{"status":"failed","error":"#,
        r#"{"code":"server_error","message":"no"},"output":[],"usage":"#,
        r#"{"input_tokens":7,"output_tokens":3,"total_tokens":10}}}"#,
        "\n\n",
    );
    for to in [crate::Schema::Responses, crate::Schema::Claude] {
        let decoder = crate::Schema::Responses.codec().stream_decoder();
        let encoder = to.codec().stream_encoder(crate::codec::Reply::default());
        let mut relay = match to {
            crate::Schema::Responses => Relay::verbatim(decoder, encoder, Verbatim::default()),
            _ => Relay::translate(decoder, encoder),
        };
        relay.push(&Bytes::from_static(failed.as_bytes()));
        assert!(relay.early_error().is_some(), "{to}");
        assert_eq!(relay.usage().map(|usage| usage.total()), Some(10), "{to}");
    }
}
