//! OpenAI's two schemas, and what they share.

pub mod chat;
mod error;
mod logprobs;
mod read;
pub mod responses;
mod usage;
