#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use proptest::prelude::*;

use super::*;
use crate::corpus;

/// A frame with its bytes: event, data, raw.
type Owned = (Option<String>, Vec<u8>, Vec<u8>);

fn owned(frame: Frame<'_>) -> Owned {
    (frame.event.map(str::to_owned), frame.data.into_owned(), frame.raw.to_vec())
}

/// The frames of a stream that comes in these pieces.
fn frames<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Vec<Owned> {
    let mut framer = Framer::default();
    let mut frames = Vec::new();
    for piece in pieces {
        framer.push(piece, |frame| frames.push(owned(frame))).unwrap();
    }
    framer.finish(|frame| frames.push(owned(frame)));
    assert_eq!(framer.pending(), 0);
    frames
}

/// What an SSE client is told: frames with data.
fn told(stream: &[u8]) -> Vec<(Option<String>, String)> {
    let frames = frames([stream]).into_iter();
    let text = |data| String::from_utf8(data).unwrap();
    frames.filter(|frame| !frame.1.is_empty()).map(|(event, data, _)| (event, text(data))).collect()
}

fn told_data(stream: &str) -> Vec<String> {
    told(stream.as_bytes()).into_iter().map(|(_, data)| data).collect()
}

/// The same frames whatever the split, and nothing lost.
fn assert_any_split_is_the_same(stream: &[u8], sizes: impl IntoIterator<Item = usize>) {
    let whole = frames([stream]);
    let raw: Vec<u8> = whole.iter().flat_map(|frame| frame.2.clone()).collect();
    assert_eq!(raw, stream);
    for size in sizes {
        assert_eq!(frames(stream.chunks(size)), whole, "pieces of {size}");
    }
}

const SAMPLES: [&str; 9] = [
    "data: {\"a\":1}\n\ndata: [DONE]\n\n",
    "event: message_start\r\ndata: {}\r\n\r\nevent: ping\r\ndata: {}\r\n\r\n",
    "data: a\rdata: b\r\revent: x\rdata: c\r\r",
    ": comment\n\n: another\ndata: x\n\n\n\n\ndata:y\n\n",
    "\u{feff}data: x\n\ndata: no blank line at the end",
    "data\ndata\n\ndata:\n\ndata:  two spaces\n\nid: 7\nretry: 5\n\n",
    "data: x\r\n\rdata: y\n\r\n\r\r\n\ndata: z\r",
    "data: a: b\ndataset: no\ndata : no\nDATA: no\nevent: one\nevent: two\n\n",
    "\r\n\u{feff}data: a mark is a mark only at the start\n\n",
];

#[test]
fn every_line_end_and_every_form_of_a_field() {
    assert_eq!(told_data(SAMPLES[0]), ["{\"a\":1}", "[DONE]"]);
    assert_eq!(told(SAMPLES[1].as_bytes())[0], (Some("message_start".into()), "{}".into()));
    assert_eq!(
        told(SAMPLES[2].as_bytes()),
        [(None, "a\nb".into()), (Some("x".into()), "c".into())]
    );
    assert_eq!(told_data(SAMPLES[3]), ["x", "y"]);
    assert_eq!(told_data(SAMPLES[4]), ["x", "no blank line at the end"]);
    assert_eq!(told_data(SAMPLES[5]), ["\n", " two spaces"]);
    assert_eq!(told_data(SAMPLES[6]), ["x", "y", "z"]);
    assert_eq!(told(SAMPLES[7].as_bytes()), [(Some("two".into()), "a: b".into())]);
    assert_eq!(told_data(SAMPLES[8]), Vec::<String>::new());
    assert_eq!(told(b"event: \xff\ndata: x\0y\n\n"), [(None, "x\0y".into())]);
}

#[test]
fn samples_cut_anywhere_give_the_same_frames() {
    for sample in SAMPLES {
        let sample = sample.as_bytes();
        assert_any_split_is_the_same(sample, 1..sample.len());
        let whole = frames([sample]);
        for cut in 0..=sample.len() {
            let (a, b) = sample.split_at(cut);
            assert_eq!(frames([a, b]), whole, "cut at {cut} of {sample:?}");
            assert_eq!(frames([a, b"", b]), whole, "cut at {cut} of {sample:?}");
        }
    }
}

#[test]
fn recorded_streams_split_anyhow_give_the_same_frames() {
    let streams = corpus::files(|_| true, ".sse");
    assert!(!streams.is_empty() || corpus::is_absent());
    for (path, stream) in streams {
        assert_any_split_is_the_same(&stream, [1, 2, 3, 7, 64, 1000]);
        // Errors come as plain JSON though the header says that a stream comes.
        let is_error = stream.starts_with(b"{");
        let has_data = frames([&*stream]).iter().any(|frame| !frame.1.is_empty());
        assert_eq!(has_data, !is_error, "{}", path.display());
    }
}

#[test]
fn a_frame_is_given_as_soon_as_it_is_whole() {
    let mut framer = Framer::default();
    let mut given = 0;
    for (piece, expected) in [("data: x\n", 0), ("\n", 1), ("data: y\r\n\r", 1), ("\n", 2)] {
        framer.push(piece.as_bytes(), |_| given += 1).unwrap();
        assert_eq!(given, expected);
    }
}

#[test]
fn whole_frames_are_not_copied() {
    let stream = b"data: one\n\ndata: two\n\n";
    let mut framer = Framer::default();
    let check = |frame: Frame<'_>| {
        assert!(stream.as_ptr_range().contains(&frame.raw.as_ptr()));
        assert!(matches!(frame.data, std::borrow::Cow::Borrowed(_)));
    };
    framer.push(stream, check).unwrap();
    assert_eq!(framer.pending(), 0);
}

#[test]
fn the_limit_is_on_the_frame_however_it_is_split() {
    let stream = b"data: ok\n\ndata: 0123456789\n\ndata: ok\n\n";
    let longest = b"data: 0123456789\n\n".len();
    for size in 1..stream.len() {
        for (limit, ok) in [(longest, true), (longest - 1, false)] {
            let mut framer = Framer::with_limit(limit);
            let mut given = 0;
            let all: Result<(), TooLong> =
                stream.chunks(size).try_for_each(|piece| framer.push(piece, |_| given += 1));
            assert_eq!((all, given), if ok { (Ok(()), 3) } else { (Err(TooLong { limit }), 1) });
            if !ok {
                assert_eq!(framer.push(b"data: x\n\n", |_| given += 1), Err(TooLong { limit }));
                framer.finish(|_| given += 1);
                assert_eq!(given, 1);
            }
        }
    }
    let mut framer = Framer::default();
    let line = vec![b'x'; 10 << 20];
    assert_eq!(framer.push(&line, |_| {}), Ok(()));
    assert_eq!(framer.push(&line, |_| {}), Err(TooLong { limit: FRAME_LIMIT }));
    assert_eq!(framer.pending(), 0);
}

#[test]
fn a_long_frame_in_tiny_pieces_is_read_in_linear_time() {
    // A scan from the start at every piece would be 2 * 10^12 steps.
    let stream = [b"data: ".to_vec(), vec![b'x'; 2_000_000], b"\n\n".to_vec()].concat();
    assert_eq!(frames(stream.chunks(1))[0].1.len(), 2_000_000);
}

proptest! {
    #[test]
    fn any_split_gives_the_same_frames(
        pieces in prop::collection::vec(
            prop_oneof![
                Just("\n"), Just("\r"), Just("\r\n"), Just("\n\n"), Just("\r\n\r\n"),
                Just("data: "), Just("data:"), Just("event: e"), Just(":"), Just(" "),
                Just("\u{feff}"), Just("x"), Just("\0"), Just("data: [DONE]"),
            ],
            0..40,
        ),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..10),
    ) {
        let stream = pieces.concat().into_bytes();
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(stream.len() + 1)).collect();
        cuts.sort_unstable();
        let ends = cuts.iter().copied().chain([stream.len()]);
        let starts = [0].into_iter().chain(cuts.iter().copied());
        let parts: Vec<&[u8]> = starts.zip(ends).map(|(start, end)| &stream[start..end]).collect();
        prop_assert_eq!(frames(parts), frames([&*stream]));
        let raw: Vec<u8> = frames([&*stream]).into_iter().flat_map(|frame| frame.2).collect();
        prop_assert_eq!(raw, stream);
    }

    #[test]
    fn any_bytes_are_kept(stream in prop::collection::vec(any::<u8>(), 0..300)) {
        assert_any_split_is_the_same(&stream, [1, 5]);
    }
}
