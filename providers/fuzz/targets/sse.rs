//! Server-sent events at any cut: the same frames, and together all of the bytes.

#![no_main]

use libfuzzer_sys::fuzz_target;
use providers::sse::Framer;

fuzz_target!(|data: &[u8]| {
    let [size, stream @ ..] = data else { return };
    let (whole, bytes) = frames([stream]);
    assert_eq!(bytes, stream);
    assert_eq!(frames(stream.chunks(usize::from(*size).max(1))), (whole, bytes));
});

type Frames = Vec<(Option<String>, Vec<u8>)>;

fn frames<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> (Frames, Vec<u8>) {
    let (mut all, mut bytes) = (Vec::new(), Vec::new());
    let mut framer = Framer::default();
    let mut sink = |frame: providers::sse::Frame<'_>| {
        bytes.extend_from_slice(frame.raw);
        all.push((frame.event.map(str::to_owned), frame.data.into_owned()));
    };
    for piece in pieces {
        framer.push(piece, &mut sink).unwrap();
    }
    framer.finish(&mut sink);
    (all, bytes)
}
