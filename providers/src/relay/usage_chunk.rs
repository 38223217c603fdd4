//! OpenAI's usage chunk, cut out of a stream whose caller didn't ask for it.

use bytes::Bytes;
use memchr::memmem;
use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::sse::{Framer, TooLong};

/// Cuts the usage chunk out of a stream and leaves every other byte.
///
/// Whole frames go through at once; the start of a frame waits for its end, which no client could
/// have read any earlier.
#[derive(Debug, Default)]
pub(super) struct UsageFilter {
    framer: Framer,
}

impl UsageFilter {
    /// The bytes to pass on. They are a slice of `chunk` unless something is cut out of it, or
    /// it goes on with a frame that began earlier. An error comes behind them.
    pub(super) fn push(&mut self, chunk: &Bytes) -> (Bytes, Result<(), TooLong>) {
        // While the frames passed on lie at the start of `chunk`, their length says it all.
        let mut prefix = 0;
        let mut copied = (self.framer.pending() > 0).then(Vec::new);
        let pushed = self.framer.push(chunk, |frame| {
            let hidden = is_usage_chunk(&frame.data);
            match &mut copied {
                Some(out) if !hidden => out.extend_from_slice(frame.raw),
                None if !hidden => prefix += frame.raw.len(),
                None => copied = Some(chunk.get(..prefix).unwrap_or_default().to_vec()),
                Some(_) => {}
            }
        });
        (copied.map_or_else(|| chunk.slice(..prefix), Bytes::from), pushed)
    }

    /// What waits at the end of the stream.
    pub(super) fn finish(&mut self, out: &mut Vec<u8>) {
        self.framer.finish(|frame| {
            if !is_usage_chunk(&frame.data) {
                out.extend_from_slice(frame.raw);
            }
        });
    }
}

/// Whether this is the chunk that only tells the usage: no choices, and a usage that isn't null.
/// Other chunks come without choices too (moderation, Azure's prompt filter; `wire.md` §4.1).
fn is_usage_chunk(data: &[u8]) -> bool {
    #[derive(Deserialize)]
    struct Chunk {
        choices: Vec<IgnoredAny>,
        usage: Option<IgnoredAny>,
    }

    // Nearly all chunks have no usage, and needn't be parsed.
    memmem::find(data, b"\"usage\"").is_some()
        && serde_json::from_slice::<Chunk>(data)
            .is_ok_and(|chunk| chunk.choices.is_empty() && chunk.usage.is_some())
}
