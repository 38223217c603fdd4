//! What is learned of input.

use proptest::prelude::*;
use serde_json::json;

use crate::budget::estimate::{Estimator, Measured};

const MODEL: &str = "some-model";

fn words(count: usize) -> Measured {
    let text = "word ".repeat(count);
    let body = json!({"messages": [{"role": "user", "content": text}]});
    Measured::of(&serde_json::to_vec(&body).unwrap())
}

/// How many tokens some model counts in so many words.
fn counted(words: usize) -> u64 {
    12 + words as u64 * 8 / 5
}

#[test]
fn an_unknown_model_is_estimated_by_its_family() {
    let estimator = Estimator::default();
    let body = json!({"tools": [{"name": "a", "input_schema": {}}], "messages": []});
    let request = Measured::of(&serde_json::to_vec(&body).unwrap());
    let likely = |model| estimator.input(model, &request).likely;
    // Claude is told how to use tools.
    assert!(likely("us.anthropic.Claude-9-v1:0") > 400);
    assert!(likely("gpt-9") < 100);
    assert!(likely("models/gemini-9") < 100);
}

#[test]
fn twenty_calls_teach_what_a_model_counts() {
    let estimator = Estimator::default();
    let likely = |words_said| estimator.input(MODEL, &words(words_said)).likely;
    let off = |words_said| likely(words_said) as f64 / counted(words_said) as f64 - 1.0;
    assert!(off(500) < -0.2, "it counts more than others: {}", off(500));
    for call in 0..20 {
        let said = 10 + call * 37 % 800;
        estimator.learn(MODEL, "a", &words(said), counted(said), 1);
    }
    for said in [20, 100, 500, 2000] {
        assert!(off(said).abs() < 0.1, "{said} words: {}", off(said));
    }
    // Nothing of it is another model's.
    assert_eq!(
        estimator.input("other", &words(500)),
        Estimator::default().input("other", &words(500))
    );
    let error = estimator.error();
    assert_eq!((error.len(), &*error[0].model, error[0].calls), (1, MODEL, 20));
    assert!(error[0].median < error[0].p90 && error[0].p90 < 1.0 && error[0].low < 0.5);
}

#[test]
fn a_model_that_changes_is_followed() {
    let estimator = Estimator::default();
    (0..200).for_each(|_| estimator.learn(MODEL, "a", &words(300), 300, 1));
    (0..200).for_each(|_| estimator.learn(MODEL, "a", &words(300), 420, 1));
    let likely = estimator.input(MODEL, &words(300)).likely;
    assert!((400..440).contains(&likely), "{likely}");
}

#[test]
fn an_odd_count_changes_little() {
    let estimator = Estimator::default();
    (0..40).for_each(|_| estimator.learn(MODEL, "a", &words(300), counted(300), 1));
    let before = estimator.input(MODEL, &words(300)).likely;
    estimator.learn(MODEL, "a", &words(300), 400_000, 1);
    estimator.learn(MODEL, "a", &words(300), 1, 1);
    let after = estimator.input(MODEL, &words(300)).likely;
    assert!(before.abs_diff(after) * 10 < before, "{before}, then {after}");
}

#[test]
fn what_was_not_counted_is_not_learned() {
    let estimator = Estimator::default();
    estimator.learn(MODEL, "a", &words(10), 0, 100);
    assert!(estimator.error().is_empty());
}

#[test]
fn a_body_is_never_free() {
    let estimator = Estimator::default();
    for body in [&b"{}"[..], b"x", b"{\"messages\":[]}", b""] {
        let expected = estimator.input("gemini-9", &Measured::of(body));
        assert!(expected.likely >= 1 && expected.most >= 512, "{expected:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever is learned, estimates are numbers in order, and grow with the text.
    #[test]
    fn nothing_learned_makes_estimates_absurd(
        calls in prop::collection::vec((0..3000_usize, prop_oneof![0..5000_u64, any::<u64>()]), 0..60),
        said in 0..2000_usize,
        more in 0..2000_usize,
    ) {
        let estimator = Estimator::default();
        for (said, counted) in calls {
            estimator.learn(MODEL, "a", &words(said), counted, counted);
        }
        let less = estimator.input(MODEL, &words(said));
        let more = estimator.input(MODEL, &words(said + more));
        prop_assert!(1 <= less.likely && less.likely <= less.most);
        prop_assert!(less.likely <= more.likely && less.most <= more.most);
        // No weight leaves its range.
        let said = said as u64;
        prop_assert!(said / 2 <= less.likely && less.likely <= 100 + said * 4, "{}", less.likely);
        prop_assert!(less.most >= said * 5 / 3 + 512);
    }
}
