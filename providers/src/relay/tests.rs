#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod fake;
mod translated;
mod verbatim;

use super::*;
use fake::{FakeDecoder, FakeEncoder};

/// What a caller gets of a stream that comes in these pieces, and how it ends.
fn run<'a>(relay: &mut Relay, pieces: impl IntoIterator<Item = &'a [u8]>) -> (String, Outcome) {
    let mut out = Vec::new();
    for piece in pieces {
        out.extend_from_slice(&relay.push(&Bytes::copy_from_slice(piece)));
    }
    let (rest, outcome) = relay.end();
    out.extend_from_slice(&rest);
    assert_eq!(relay.end(), (Bytes::new(), outcome.clone()), "asked again");
    (String::from_utf8(out).unwrap(), outcome)
}

fn timeout() -> ApiError {
    ApiError::new(ErrorClass::Timeout, "too slow")
}

#[test]
fn an_open_stream_costs_little() {
    assert!(size_of::<Relay>() <= 320, "{} bytes", size_of::<Relay>());
    fn is_send<T: Send>() {}
    is_send::<Relay>();
}
