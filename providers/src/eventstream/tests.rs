#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use proptest::prelude::*;

use super::*;
use crate::Schema;
use crate::codec::Reply;
use crate::conversation::{ApiError, ErrorClass, Event};
use crate::corpus;
use crate::relay::{Outcome, Relay, Verbatim};

/// A message as AWS would write it.
fn message(headers: &[(&str, &str)], payload: &[u8]) -> Vec<u8> {
    let mut block = Vec::new();
    for (name, value) in headers {
        block.push(u8::try_from(name.len()).unwrap());
        block.extend_from_slice(name.as_bytes());
        block.push(7);
        block.extend_from_slice(&u16::try_from(value.len()).unwrap().to_be_bytes());
        block.extend_from_slice(value.as_bytes());
    }
    framed(&block, payload)
}

fn framed(headers: &[u8], payload: &[u8]) -> Vec<u8> {
    let length = |bytes: usize| u32::try_from(bytes).unwrap().to_be_bytes();
    let mut out = length(16 + headers.len() + payload.len()).to_vec();
    out.extend_from_slice(&length(headers.len()));
    out.extend_from_slice(&crc32fast::hash(&out).to_be_bytes());
    out.extend_from_slice(headers);
    out.extend_from_slice(payload);
    out.extend_from_slice(&crc32fast::hash(&out).to_be_bytes());
    out
}

fn chunk(data: &str) -> Vec<u8> {
    let payload = format!(r#"{{"bytes":"{}","p":"abcd"}}"#, STANDARD.encode(data));
    message(&[(":event-type", "chunk"), (":message-type", "event")], payload.as_bytes())
}

fn exception(name: &str, payload: &str) -> Vec<u8> {
    let headers = [(":exception-type", name), (":message-type", "exception")];
    message(&headers, payload.as_bytes())
}

/// Headers, payload.
type Owned = (Option<String>, Vec<u8>);

/// The messages of a stream that comes in these pieces, and how it ended.
fn messages<'a>(
    pieces: impl IntoIterator<Item = &'a [u8]>,
) -> (Vec<Owned>, Result<usize, Malformed>) {
    let mut framer = Framer::default();
    let mut found = Vec::new();
    for piece in pieces {
        let pushed = framer.push(piece, |message| {
            let kind = message.header(":event-type").map(str::to_owned);
            found.push((kind, message.payload.to_vec()));
        });
        if let Err(malformed) = pushed {
            assert_eq!(framer.push(piece, |_| panic!("a message behind an error")), pushed);
            return (found, Err(malformed));
        }
    }
    (found, Ok(framer.pending()))
}

fn unwrapped<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> String {
    let mut unwrap = Unwrap::new(Schema::Claude);
    let mut out = Vec::new();
    pieces.into_iter().for_each(|piece| unwrap.push(piece, &mut out));
    String::from_utf8(out).unwrap()
}

/// The recorded streams of Claude over `invoke-with-response-stream`.
fn claude_streams() -> Vec<Vec<u8>> {
    let streams: Vec<_> = corpus::files(|kind| kind == "bedrock", ".response.bin")
        .into_iter()
        .filter(|(path, _)| path.to_string_lossy().contains("chatlas"))
        .map(|(_, stream)| stream)
        .collect();
    assert!(!streams.is_empty() || corpus::is_absent());
    streams
}

#[test]
fn recorded_streams_cut_anywhere_give_the_same_messages() {
    let streams = corpus::files(|kind| kind == "bedrock", ".response.bin");
    assert!(streams.len() >= 9 || corpus::is_absent());
    for (path, stream) in streams {
        let whole = messages([&*stream]);
        assert!(whole.0.len() > 4, "{}", path.display());
        assert_eq!(whole.1, Ok(0), "{}", path.display());
        // The longest is cut at every byte by the pieces of one byte below; in two it takes seconds.
        for cut in (0..=stream.len()).filter(|_| stream.len() < 10_000) {
            let (a, b) = stream.split_at(cut);
            assert_eq!(messages([a, b]), whole, "{} cut at {cut}", path.display());
        }
        for size in [1, 3, 7, 100] {
            assert_eq!(messages(stream.chunks(size)), whole, "{} by {size}", path.display());
        }
    }
}

#[test]
fn recorded_streams_of_claude_decode_as_claudes() {
    for stream in claude_streams() {
        let text = unwrapped([&*stream]);
        assert!(text.starts_with("event: message_start\ndata: {\"type\":\"message_start\""));
        for size in [1, 5, 64] {
            assert_eq!(unwrapped(stream.chunks(size)), text);
        }
        let mut decoder = Schema::Claude.codec().stream_decoder();
        let mut events = Vec::new();
        decoder.push(text.as_bytes(), &mut |event| events.push(format!("{event:?}")));
        assert!(events[0].starts_with("Start"), "{}", events[0]);
        assert!(events.iter().any(|event| event.starts_with("Usage")));
        assert_eq!(events.last().map(String::as_str), Some("End"));

        // The caller on Claude's surface gets the very events, and the count is kept.
        let codec = Schema::Claude.codec();
        let (decoder, encoder) = (codec.stream_decoder(), codec.stream_encoder(Reply::default()));
        let mut relay = Relay::verbatim(decoder, encoder, Verbatim::default());
        assert_eq!(relay.push(&Bytes::from(text.clone())), text);
        assert!(relay.usage().is_some_and(|usage| usage.output > 0));
        assert_eq!(relay.end().1, Outcome::Complete);
    }
}

#[test]
fn recorded_streams_cut_short_are_not_taken_for_whole() {
    for stream in claude_streams() {
        let ends: Vec<usize> = {
            let mut at = 0;
            let lengths = std::iter::from_fn(|| {
                let length = u32::from_be_bytes(stream.get(at..at + 4)?.try_into().unwrap());
                at += length as usize;
                Some(at)
            });
            lengths.collect()
        };
        assert_eq!(ends.last(), Some(&stream.len()));
        for end in &ends[..ends.len() - 1] {
            for cut in [*end, end + 1, end + 40] {
                let text = unwrapped([&stream[..cut]]);
                let codec = Schema::Claude.codec();
                let encoder = codec.stream_encoder(Reply::default());
                let mut relay = Relay::translate(codec.stream_decoder(), encoder);
                relay.push(&Bytes::from(text));
                let (told, outcome) = relay.end();
                assert_eq!(outcome, Outcome::Truncated, "cut at {cut}");
                assert!(std::str::from_utf8(&told).unwrap().contains("event: error"));
            }
        }
    }
}

#[test]
fn an_event_is_written_as_soon_as_it_is_whole() {
    let stream = [chunk(r#"{"type":"ping"}"#), chunk("{\"type\":\"x\",\n\"a\":1}")].concat();
    let first = chunk(r#"{"type":"ping"}"#).len();
    let mut unwrap = Unwrap::new(Schema::Claude);
    let mut out = Vec::new();
    unwrap.push(&stream[..first - 1], &mut out);
    assert!(out.is_empty());
    unwrap.push(&stream[first - 1..first], &mut out);
    assert_eq!(out, b"event: ping\ndata: {\"type\":\"ping\"}\n\n");
    out.clear();
    unwrap.push(&stream[first..], &mut out);
    assert_eq!(out, b"event: x\ndata: {\"type\":\"x\",\ndata: \"a\":1}\n\n");
}

/// The first error that a stream of Claude's decodes to.
fn error_in(stream: &[u8]) -> Option<ApiError> {
    let mut decoder = Schema::Claude.codec().stream_decoder();
    let mut found = None;
    decoder.push(unwrapped([stream]).as_bytes(), &mut |event| {
        if let Event::Error(error) = event {
            found.get_or_insert(error);
        }
    });
    found
}

#[test]
fn exceptions_end_the_stream_in_band() {
    for (name, class) in [
        ("throttlingException", ErrorClass::RateLimited),
        ("modelStreamErrorException", ErrorClass::Server),
        ("modelTimeoutException", ErrorClass::Timeout),
        ("internalServerException", ErrorClass::Server),
        ("validationException", ErrorClass::BadRequest),
        ("serviceUnavailableException", ErrorClass::Overloaded),
        ("somethingNewException", ErrorClass::Server),
    ] {
        let stream =
            [exception(name, r#"{"message":"not now"}"#), chunk(r#"{"type":"ping"}"#)].concat();
        assert_eq!(error_in(&stream), Some(ApiError::new(class, "not now")), "{name}");
        assert!(!unwrapped([&*stream]).contains("ping"), "{name}");
    }
    // Without words of its own, its name has to do.
    let error = error_in(&exception("throttlingException", "{}")).unwrap();
    assert_eq!(error.message, "the provider's stream failed: throttlingException");
    let headers = [
        (":message-type", "error"),
        (":error-code", "InternalFailure"),
        (":error-message", "we broke"),
    ];
    let error = error_in(&message(&headers, b"")).unwrap();
    assert_eq!(error, ApiError::new(ErrorClass::Server, "we broke"));
}

#[test]
fn an_exceptions_name_is_read_from_the_header_too() {
    for (name, class) in [
        ("ThrottlingException", Some(ErrorClass::RateLimited)),
        ("ValidationException:http://internal.amazon.com/coral/", Some(ErrorClass::BadRequest)),
        ("com.amazon#AccessDeniedException", Some(ErrorClass::Permission)),
        ("UnrecognizedClientException", Some(ErrorClass::Authentication)),
        ("ResourceNotFoundException", Some(ErrorClass::NotFound)),
        ("NewException", None),
        ("", None),
    ] {
        assert_eq!(class_of(name), class, "{name}");
    }
}

#[test]
fn events_that_cannot_be_read_are_errors_and_unknown_ones_are_passed_over() {
    let event = |kind, payload: &str| {
        message(&[(":event-type", kind), (":message-type", "event")], payload.as_bytes())
    };
    assert_eq!(unwrapped([&*event("initial-response", "{}")]), "");
    for payload in ["", "{}", r#"{"bytes":"?"}"#, r#"{"bytes":"e30"}"#, r#"{"bytes":"eA=="}"#] {
        let error = error_in(&event("chunk", payload)).unwrap();
        assert_eq!(error.class, ErrorClass::Server, "{payload}");
    }
    // A name that would break the line is left out; the data says it too.
    let text = unwrapped([&*chunk(r#"{"type":"a\ndata: b"}"#)]);
    assert_eq!(text, "data: {\"type\":\"a\\ndata: b\"}\n\n");
}

#[test]
fn lengths_are_held_to_before_anything_is_waited_for() {
    let prelude = |whole: u32, headers: u32| {
        let mut out = [whole.to_be_bytes(), headers.to_be_bytes()].concat();
        out.extend_from_slice(&crc32fast::hash(&out).to_be_bytes());
        out
    };
    let limit = u32::try_from(MESSAGE_LIMIT).unwrap();
    for (bytes, end) in [
        (prelude(limit + 1, 0), Err(Malformed::TooLong)),
        (prelude(u32::MAX, u32::MAX), Err(Malformed::TooLong)),
        (prelude(15, 0), Err(Malformed::Prelude)),
        (prelude(0, 0), Err(Malformed::Prelude)),
        (prelude(20, 5), Err(Malformed::Prelude)),
        (b"HTTP/1.1 200".to_vec(), Err(Malformed::Prelude)),
        (prelude(limit, 0), Ok(12)),
        (prelude(16, 0), Ok(12)),
    ] {
        assert_eq!(messages([&*bytes]).1, end, "{bytes:?}");
        assert_eq!(messages(bytes.chunks(1)).1, end, "{bytes:?}");
    }
}

#[test]
fn headers_of_all_types_are_passed_and_broken_ones_refused() {
    let values: [(u8, &[u8]); 10] = [
        (0, &[]),
        (1, &[]),
        (2, &[1]),
        (3, &[1; 2]),
        (4, &[1; 4]),
        (5, &[1; 8]),
        (6, &[0, 2, 255, 255]),
        (8, &[1; 8]),
        (9, &[1; 16]),
        (7, b"\0\x05chunk"),
    ];
    let mut block = Vec::new();
    for (kind, value) in values {
        let name: &[u8] = if kind == 7 { b":event-type" } else { b"other" };
        block.push(u8::try_from(name.len()).unwrap());
        block.extend_from_slice(name);
        block.push(kind);
        block.extend_from_slice(value);
    }
    let (found, end) = messages([&*framed(&block, b"x")]);
    assert_eq!((found, end), (vec![(Some("chunk".into()), b"x".to_vec())], Ok(0)));
    for broken in
        [&b"\x05ab"[..], b"\x01a", b"\x01a\x0a", b"\x01a\x07\0\x05ab", b"\0\x01", b"\x01\xff\0"]
    {
        assert_eq!(messages([&*framed(broken, b"")]).1, Err(Malformed::Headers), "{broken:?}");
    }
}

proptest! {
    #[test]
    fn any_split_gives_the_same(
        payloads in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..60), 0..6),
        sizes in prop::collection::vec(1_usize..40, 1..20),
    ) {
        let stream: Vec<u8> =
            payloads.iter().flat_map(|p| message(&[(":event-type", "x")], p)).collect();
        let mut pieces = Vec::new();
        let mut rest = &stream[..];
        for size in sizes.iter().cycle() {
            if rest.is_empty() { break }
            let (piece, after) = rest.split_at((*size).min(rest.len()));
            pieces.push(piece);
            rest = after;
        }
        let (found, end) = messages(pieces);
        let expected: Vec<Owned> =
            payloads.into_iter().map(|p| (Some("x".to_owned()), p)).collect();
        prop_assert_eq!((found, end), (expected, Ok(0)));
    }

    /// CRC32 finds every flipped bit, so none is ever taken for data.
    #[test]
    fn a_flipped_bit_is_an_error(
        payload in prop::collection::vec(any::<u8>(), 0..80),
        bit in any::<prop::sample::Index>(),
        size in 1_usize..50,
    ) {
        let mut stream = message(&[(":event-type", "chunk"), (":message-type", "event")], &payload);
        let bit = bit.index(stream.len() * 8);
        stream[bit / 8] ^= 1 << (bit % 8);
        let (found, end) = messages(stream.chunks(size));
        prop_assert!(found.is_empty());
        prop_assert!(end.is_err());
        prop_assert!(error_in(&stream).is_some());
    }

    #[test]
    fn any_bytes_are_an_error_or_wait(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let (found, _) = messages([&*bytes]);
        prop_assert!(found.is_empty());
        // Nothing but whole events is ever written.
        let text = unwrapped([&*bytes]);
        prop_assert!(text.is_empty() || text.ends_with("\n\n"));
    }

    /// Right checksums around anything: what is inside is read or refused.
    #[test]
    fn any_headers_and_payload_are_read_or_refused(
        headers in prop::collection::vec(any::<u8>(), 0..60),
        payload in prop::collection::vec(any::<u8>(), 0..60),
    ) {
        let (found, end) = messages([&*framed(&headers, &payload)]);
        prop_assert_eq!(found.len(), usize::from(end.is_ok()));
        prop_assert!(end.is_ok() || end == Err(Malformed::Headers));
    }
}
