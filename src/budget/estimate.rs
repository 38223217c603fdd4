//! How many tokens a call can be expected to take, before anyone has counted them.

mod accuracy;
mod estimator;
mod expected;
mod family;
mod measured;
mod spread;
mod table;
mod weights;

pub use accuracy::Accuracy;
pub use estimator::Estimator;
pub use expected::Expected;
pub use measured::{Measured, Tools};

/// Bytes of a request body for each input token. English prose has 4 to 5, JSON, source code and
/// other languages in UTF-8 about 3; an image in base64 has hundreds.
const BYTES_PER_TOKEN: u64 = 3;

/// What providers add of their own: the frame of each conversation and, where there are tools,
/// the prompt that explains them (Claude's takes up to 500 or so).
const FRAME: u64 = 512;

/// Output tokens that this much text has used, where nobody says: one for every three bytes begun.
pub const fn output_tokens_of(bytes: u64) -> u64 {
    bytes.div_ceil(BYTES_PER_TOKEN)
}

#[cfg(test)]
mod tests;
