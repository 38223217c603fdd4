//! Amazon's event stream at any cut: the same messages, then the same fault.

#![no_main]

use libfuzzer_sys::fuzz_target;
use providers::Schema;
use providers::eventstream::{Framer, Unwrap};

fuzz_target!(|data: &[u8]| {
    let [size, stream @ ..] = data else { return };
    let size = usize::from(*size).max(1);
    assert_eq!(messages([stream]), messages(stream.chunks(size)));
    assert_eq!(unwrapped([stream]), unwrapped(stream.chunks(size)));
});

fn messages<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> (Vec<String>, bool) {
    let mut all = Vec::new();
    let mut framer = Framer::default();
    let mut fault = false;
    for piece in pieces {
        fault |= framer.push(piece, |message| all.push(format!("{message:?}"))).is_err();
    }
    (all, fault)
}

fn unwrapped<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Vec<u8> {
    let mut unwrap = Unwrap::new(Schema::Claude);
    let mut out = Vec::new();
    for piece in pieces {
        unwrap.push(piece, &mut out);
    }
    out
}
