//! Embeddings: a vector that depends on the input alone.

use serde_json::Value;

/// What an embedding request gets.
#[derive(Debug)]
pub struct Embedded {
    /// The model.
    pub model: String,
    /// The texts, for the faults in them.
    pub said: String,
    /// Tokens of the input.
    pub tokens: u64,
    /// The answer.
    pub body: Value,
}

/// A vector of length 1 for this text. A shorter one is the start of a longer one, scaled anew, as
/// with models whose vectors may be cut.
pub fn of(text: &[u8], dimensions: usize) -> Vec<f32> {
    let mut state = u64::from(crc32fast::hash(text)) << 32 | text.len() as u64 | 1;
    let mut next = || {
        // xorshift64*
        state ^= state >> 12;
        state ^= state << 25;
        state ^= state >> 27;
        let bits = state.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 40;
        bits as f32 / (1_u32 << 23) as f32 - 1.0
    };
    let vector: Vec<f32> = (0..dimensions).map(|_| next()).collect();
    let length = vector.iter().map(|value| value * value).sum::<f32>().sqrt();
    vector.into_iter().map(|value| value / length).collect()
}
