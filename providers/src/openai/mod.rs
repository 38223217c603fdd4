//! OpenAI's two schemas, and what they share.

mod cache;
pub mod chat;
mod error;
mod extension;
mod logprobs;
mod losses;
mod media;
mod pairs;
mod prefill;
mod read;
pub(crate) mod reasoning;
pub mod responses;
mod sampling;
mod text;
mod tool;
mod usage;
