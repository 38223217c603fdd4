//! What providers say on the wire, and nothing else: pure codecs and data.
//!
//! Bytes in, bytes out. No I/O, no clock, no async. Each [`Schema`] has one decoder and one
//! encoder around the typed [`conversation`] model; there are no pairwise converters, so a new
//! schema costs one codec and every pair with it exists at once.

pub mod catalog;
pub mod claude;
pub mod codec;
pub mod conversation;
#[cfg(test)]
mod corpus;
pub mod count;
pub mod dialect;
pub mod embedding;
mod emulate;
pub mod eventstream;
pub mod features;
pub mod gemini;
pub mod json;
pub mod openai;
mod pattern;
pub mod price;
pub mod region;
pub mod relay;
mod schema;
pub mod seal;
pub mod sse;
pub mod surface;
pub mod translate;
pub mod vendor;

pub use schema::Schema;
