//! Amazon's binary framing of events (`vnd.amazon.eventstream`).
//!
//! A message is its length, the length of its headers, a CRC-32 of these two, the headers, the
//! payload, and a CRC-32 of all before it; numbers are big-endian.

use bytes::Bytes;
use serde_json::{Value, json};

use super::base64;

/// The type of a header's value: a string.
const STRING: u8 = 7;

/// An event of Bedrock's `invoke-with-response-stream`: JSON of the model's own in base64, and
/// padding.
pub fn chunk(json: &Value) -> Bytes {
    let bytes = base64::encode(json.to_string().as_bytes());
    let padding: String = ('a'..='z').take(1 + bytes.len() % 26).collect();
    let headers = [
        (":event-type", "chunk"),
        (":content-type", "application/json"),
        (":message-type", "event"),
    ];
    message(&headers, &json!({"bytes": bytes, "p": padding}))
}

/// The end of a stream that failed; `kind` such as `throttlingException`.
pub fn exception(kind: &str, text: &str) -> Bytes {
    let headers = [
        (":exception-type", kind),
        (":content-type", "application/json"),
        (":message-type", "exception"),
    ];
    message(&headers, &json!({"message": text}))
}

fn message(headers: &[(&str, &str)], payload: &Value) -> Bytes {
    let mut head = Vec::new();
    for (name, value) in headers {
        head.push(name.len() as u8);
        head.extend_from_slice(name.as_bytes());
        head.push(STRING);
        head.extend_from_slice(&(value.len() as u16).to_be_bytes());
        head.extend_from_slice(value.as_bytes());
    }
    let payload = payload.to_string();
    // Two lengths and two sums of four bytes each.
    let total = 16 + head.len() + payload.len();
    let mut bytes = Vec::with_capacity(total);
    bytes.extend_from_slice(&(total as u32).to_be_bytes());
    bytes.extend_from_slice(&(head.len() as u32).to_be_bytes());
    bytes.extend_from_slice(&crc32fast::hash(&bytes).to_be_bytes());
    bytes.extend_from_slice(&head);
    bytes.extend_from_slice(payload.as_bytes());
    bytes.extend_from_slice(&crc32fast::hash(&bytes).to_be_bytes());
    bytes.into()
}
