//! What is expected of one call.

/// Tokens that a call is expected to take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expected {
    /// What such calls have really taken.
    pub likely: u64,
    /// What this one can take: at least `likely`.
    pub most: u64,
}
