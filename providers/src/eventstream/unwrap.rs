//! From messages to the server-sent events inside them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

use super::{Framer, Malformed, Message, error_of};
use crate::Schema;
use crate::codec::Reply;
use crate::conversation::{ApiError, ErrorClass, Event};
use crate::json::Str;

/// Takes the wrapping off one stream: what comes out is what the model's own API would have sent.
///
/// A `chunk` becomes `event:` and `data:` with the JSON as the model wrote it. An exception, and
/// a stream that is damaged, become the schema's in-band error; nothing follows it. A stream that
/// ends within a message just ends, as any stream that is cut short does.
#[derive(Debug)]
pub struct Unwrap {
    framer: Framer,
    schema: Schema,
    /// An error was written.
    over: bool,
}

impl Unwrap {
    /// For a stream whose events are of `schema`.
    pub fn new(schema: Schema) -> Self {
        Self { framer: Framer::default(), schema, over: false }
    }

    /// Takes the next bytes and writes every event that they complete.
    pub fn push(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        let Self { framer, schema, over } = self;
        if *over {
            return;
        }
        let framed = framer.push(bytes, |message| {
            if *over {
                return;
            }
            if let Err(error) = event(&message, out) {
                *over = true;
                fail(*schema, error, out);
            }
        });
        if let Err(malformed) = framed
            && !*over
        {
            *over = true;
            fail(*schema, damaged(malformed), out);
        }
    }
}

/// Writes the event that a message holds.
fn event(message: &Message<'_>, out: &mut Vec<u8>) -> Result<(), ApiError> {
    /// The payload of a `chunk`. The model's event is in `bytes`; `p` is padding, so that lengths
    /// tell nothing.
    #[derive(Deserialize)]
    struct Chunk<'a> {
        #[serde(borrow)]
        bytes: Str<'a>,
    }
    #[derive(Deserialize)]
    struct Named<'a> {
        #[serde(borrow, rename = "type")]
        name: Option<Str<'a>>,
    }

    if let Some(error) = error_of(message) {
        return Err(error);
    }
    // Other events come without notice.
    if message.header(":event-type") != Some("chunk") {
        return Ok(());
    }
    let unreadable = || {
        let words = "the provider's stream holds an event that can't be read";
        ApiError::new(ErrorClass::Server, words)
    };
    let chunk: Chunk<'_> = serde_json::from_slice(message.payload).map_err(|_| unreadable())?;
    let data = STANDARD.decode(chunk.bytes.as_bytes()).map_err(|_| unreadable())?;
    let named: Named<'_> = serde_json::from_slice(&data).map_err(|_| unreadable())?;
    if let Some(name) = named.name.filter(|name| is_word(name)) {
        out.extend_from_slice(b"event: ");
        out.extend_from_slice(name.as_bytes());
        out.push(b'\n');
    }
    // JSON may be written over several lines; a reader joins them again.
    for line in data.split(|byte| matches!(byte, b'\n' | b'\r')) {
        out.extend_from_slice(b"data: ");
        out.extend_from_slice(line);
        out.push(b'\n');
    }
    out.push(b'\n');
    Ok(())
}

/// Whether a name can stand in an `event:` line.
fn is_word(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_graphic())
}

fn damaged(malformed: Malformed) -> ApiError {
    let words = format!("the provider's stream can't be read: {malformed}");
    ApiError::new(ErrorClass::Server, words)
}

/// Writes the schema's in-band error.
fn fail(schema: Schema, error: ApiError, out: &mut Vec<u8>) {
    schema.codec().stream_encoder(Reply::default()).event(&Event::Error(error), out);
}
