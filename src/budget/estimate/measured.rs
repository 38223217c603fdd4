//! What a request body holds, measured in one pass.

/// What of a request body weighs in tokens.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Measured {
    bytes: u64,
}

impl Measured {
    /// Measures a body: one pass, no parse tree, no allocation.
    pub const fn of(body: &[u8]) -> Self {
        Self { bytes: body.len() as u64 }
    }

    /// The most tokens that such a body can take.
    pub(super) const fn most(&self) -> u64 {
        self.bytes.div_ceil(3).saturating_add(512)
    }
}
