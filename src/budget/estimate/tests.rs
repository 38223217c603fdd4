#![allow(clippy::unwrap_used)]

mod corpus;
mod cost;
mod hostile;
mod input;
mod measured;
mod output;
mod spread;

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
