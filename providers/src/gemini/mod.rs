//! Gemini generateContent.

/// The codec of Gemini generateContent.
#[derive(Clone, Copy, Debug)]
pub struct Gemini;
