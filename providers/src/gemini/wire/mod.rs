//! Gemini's JSON (`wire.md` §2): what is read, and what is written.
//!
//! The two are apart because they differ: reading takes every spelling that Google's own JSON
//! parser takes, writing uses one.

mod object;
pub(super) mod read;
mod scalar;
pub(super) mod write;

pub(super) use object::{List, Unknown, refusal};
pub(super) use scalar::{Count, Int, Number, Tokens, Word};
