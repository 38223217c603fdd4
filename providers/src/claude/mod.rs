//! Anthropic Messages.

/// The codec of Anthropic Messages.
#[derive(Clone, Copy, Debug)]
pub struct Claude;
