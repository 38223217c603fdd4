//! How many tokens a call can be expected to take, before anyone has counted them.

mod accuracy;
mod estimator;
mod expected;
mod measured;

pub use accuracy::Accuracy;
pub use estimator::Estimator;
pub use expected::Expected;
pub use measured::Measured;

/// Output tokens to expect of a call that sets no limit of its own.
pub const DEFAULT_OUTPUT_CAP: u64 = 4096;

/// Bytes of a request body for each input token. English prose has 4 to 5, JSON, source code and
/// other languages in UTF-8 about 3; an image in base64 has hundreds.
const BYTES_PER_TOKEN: usize = 3;

/// What providers add of their own: the frame of each conversation and, where there are tools,
/// the prompt that explains them (Claude's takes up to 500 or so).
const FRAME: u64 = 512;

/// Input tokens to expect of a body: a token for every three bytes begun, and 512.
///
/// It can be too low for a body that names what it does not contain (an image by URL, a file by
/// id), and for text made to tokenize badly (at worst a token for each byte).
pub const fn input_tokens(body_bytes: usize) -> u64 {
    (body_bytes.div_ceil(BYTES_PER_TOKEN) as u64).saturating_add(FRAME)
}

/// Output tokens that this much text has used, where nobody says: by the same rule as input.
pub const fn output_tokens_of(bytes: u64) -> u64 {
    bytes.div_ceil(BYTES_PER_TOKEN as u64)
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
mod tests {
    use super::*;

    #[test]
    fn input_counts_every_three_bytes_begun() {
        assert_eq!(input_tokens(0), 512);
        assert_eq!(input_tokens(1), 513);
        assert_eq!(input_tokens(3), 513);
        assert_eq!(input_tokens(4), 514);
        assert!(input_tokens(usize::MAX) > input_tokens(usize::MAX - 3));
    }

    #[test]
    fn output_is_the_callers_limit_for_each_candidate() {
        assert_eq!(output_tokens(Some(100), Some(3), Some(50), 4096), 300);
        assert_eq!(output_tokens(Some(100_000), None, None, 4096), 100_000);
        assert_eq!(output_tokens(Some(7), Some(0), None, 4096), 7);
    }

    #[test]
    fn output_without_a_limit_is_the_models_up_to_the_cap() {
        assert_eq!(output_tokens(None, None, None, 4096), 4096);
        assert_eq!(output_tokens(None, Some(2), Some(128_000), 4096), 8192);
        assert_eq!(output_tokens(None, None, Some(1024), 4096), 1024);
        assert_eq!(output_tokens(None, None, Some(128_000), 16_384), 16_384);
    }

    #[test]
    fn absurd_numbers_saturate() {
        assert_eq!(output_tokens(Some(u64::MAX), Some(u64::MAX), None, 4096), u64::MAX);
    }
}
