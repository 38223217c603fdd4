//! `application/vnd.amazon.eventstream`: bytes in, messages out, and from there the provider's
//! own server-sent events.
//!
//! Bedrock's `invoke-with-response-stream` wraps each event of a model's stream in a binary
//! message (`wire.md` §7). [`Unwrap`] takes the wrapping off, as the bytes come; what is left is
//! the stream that the model's own API would have sent, so that whatever reads or passes on
//! server-sent events needs to know nothing of it.

mod exception;
mod framer;
mod message;
#[cfg(test)]
mod tests;
mod unwrap;

pub use exception::{class_of, error_of};
pub use framer::{Framer, MESSAGE_LIMIT, Malformed};
pub use message::Message;
pub use unwrap::Unwrap;
