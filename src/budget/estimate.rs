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

/// Output tokens to expect of a call that sets no limit of its own.
pub const DEFAULT_OUTPUT_CAP: u64 = 4096;

/// Bytes of a request body for each input token. English prose has 4 to 5, JSON, source code and
/// other languages in UTF-8 about 3; an image in base64 has hundreds.
const BYTES_PER_TOKEN: u64 = 3;

/// What providers add of their own: the frame of each conversation and, where there are tools,
/// the prompt that explains them (Claude's takes up to 500 or so).
const FRAME: u64 = 512;

/// Input tokens to expect of a body: a token for every three bytes begun, and 512.
///
/// It can be too low for a body that names what it does not contain (an image by URL, a file by
/// id), and for text made to tokenize badly (at worst a token for each byte).
pub const fn input_tokens(body_bytes: usize) -> u64 {
    (body_bytes as u64).div_ceil(BYTES_PER_TOKEN).saturating_add(FRAME)
}

/// Output tokens that this much text has used, where nobody says: by the same rule as input.
pub const fn output_tokens_of(bytes: u64) -> u64 {
    bytes.div_ceil(BYTES_PER_TOKEN)
}

/// Output tokens to expect: the limit that the caller set on each candidate, otherwise the most
/// that the model gives but no more than `default_cap` ([`DEFAULT_OUTPUT_CAP`], if the operator
/// says nothing), times the candidates asked for (one, if not said).
///
/// Without the caller's own limit the answer may be longer than the cap. Whoever wants that ruled
/// out sends the cap along as the limit.
pub fn output_tokens(
    max_tokens: Option<u64>,
    candidates: Option<u64>,
    model_max: Option<u64>,
    default_cap: u64,
) -> u64 {
    let each =
        max_tokens.unwrap_or_else(|| model_max.map_or(default_cap, |max| max.min(default_cap)));
    each.saturating_mul(candidates.unwrap_or(1).max(1))
}

#[cfg(test)]
mod tests;
