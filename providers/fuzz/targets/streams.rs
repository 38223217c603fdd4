//! A provider's stream, in any schema, cut anywhere: the same events as in one piece, and for
//! every caller a stream that says how it ended.
//!
//! The first byte is the provider's schema, the second the size of the pieces.

#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use providers::Schema;
use providers::codec::Reply;
use providers::conversation::Event;
use providers::relay::{Outcome, Relay};

fuzz_target!(|data: &[u8]| {
    let [schema, size, stream @ ..] = data else { return };
    let from = Schema::ALL[usize::from(*schema) % Schema::ALL.len()];
    let size = usize::from(*size).max(1);
    assert_eq!(events(from, [stream]), events(from, stream.chunks(size)), "{from} in {size}s");
    for to in Schema::ALL {
        let reply = Reply { id: "id".to_owned(), model: "m".to_owned(), ..Reply::default() };
        let encoder = to.codec().stream_encoder(reply);
        let mut relay = Relay::translate(from.codec().stream_decoder(), encoder);
        let mut out = Vec::new();
        for piece in stream.chunks(size) {
            out.extend_from_slice(&relay.push(&Bytes::copy_from_slice(piece)));
        }
        let (rest, outcome) = relay.end();
        out.extend_from_slice(&rest);
        assert!(std::str::from_utf8(&out).is_ok(), "{from} to {to}");
        // Most SDKs take a closed stream for a whole one: a broken one must say so.
        if outcome != Outcome::Complete {
            assert!(contains(&out, b"error"), "{from} to {to}: {}", String::from_utf8_lossy(&out));
        }
    }
});

/// All events as text.
fn events<'a>(schema: Schema, pieces: impl IntoIterator<Item = &'a [u8]>) -> Vec<String> {
    let mut decoder = schema.codec().stream_decoder();
    let mut all = Vec::new();
    let mut sink = |event: Event<'_>| all.push(format!("{event:?}"));
    for piece in pieces {
        decoder.push(piece, &mut sink);
    }
    decoder.finish(&mut sink);
    all
}

fn contains(text: &[u8], word: &[u8]) -> bool {
    text.windows(word.len()).any(|window| window == word)
}
