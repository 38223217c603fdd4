//! OpenAI Chat Completions.

/// The codec of OpenAI Chat Completions.
#[derive(Clone, Copy, Debug)]
pub struct OpenAi;
