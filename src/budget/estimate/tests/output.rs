//! What is learned of output.

use crate::budget::estimate::{Estimator, Expected, Measured};

fn learned(estimator: &Estimator, caller: &str, outputs: impl IntoIterator<Item = u64>) {
    let request = Measured::of(b"{}");
    outputs.into_iter().for_each(|output| estimator.learn("m", caller, &request, 10, output));
}

fn likely(estimator: &Estimator, caller: &str, limit: Option<u64>) -> u64 {
    estimator.output("m", caller, limit, 1, 128_000).likely
}

#[test]
fn before_anything_is_known_it_is_the_limit_up_to_4096() {
    let estimator = Estimator::default();
    let ask = |limit, candidates, max| estimator.output("m", "a", limit, candidates, max);
    assert_eq!(ask(Some(100), 3, 50), Expected { likely: 300, most: 300 });
    assert_eq!(ask(Some(64_000), 1, 64_000), Expected { likely: 4096, most: 64_000 });
    assert_eq!(ask(None, 1, 128_000), Expected { likely: 4096, most: 128_000 });
    assert_eq!(ask(None, 2, 1024), Expected { likely: 2048, most: 2048 });
    assert_eq!(ask(Some(7), 0, 1024), Expected { likely: 7, most: 7 });
    let absurd = ask(Some(u64::MAX), u32::MAX, u64::MAX);
    assert_eq!((absurd.most, absurd.likely), (u64::MAX, 4096 * u64::from(u32::MAX)));
}

#[test]
fn twenty_calls_teach_what_a_caller_uses() {
    let estimator = Estimator::default();
    learned(&estimator, "a", (0..19).map(|_| 2_000));
    assert_eq!(likely(&estimator, "a", None), 4096);
    learned(&estimator, "a", [2_000]);
    // Half as much again as what 95 % use, which is known to a fifth.
    let known = likely(&estimator, "a", None);
    assert!((3_000..3_600).contains(&known), "{known}");
    assert_eq!(likely(&estimator, "a", Some(500)), 500);
    // One in a hundred does not count, one in five does.
    learned(&estimator, "a", (0..100).map(|call| if call % 100 == 0 { 60_000 } else { 2_000 }));
    assert_eq!(likely(&estimator, "a", None), known);
    learned(&estimator, "a", (0..100).map(|call| if call % 5 == 0 { 60_000 } else { 2_000 }));
    assert!((90_000..110_000).contains(&likely(&estimator, "a", None)));
}

#[test]
fn little_output_is_taken_for_a_thousand() {
    let estimator = Estimator::default();
    learned(&estimator, "a", (0..100).map(|_| 3));
    assert_eq!(likely(&estimator, "a", None), 1024);
    assert_eq!(estimator.output("m", "a", None, 4, 128_000).likely, 4096);
}

#[test]
fn who_is_not_known_is_taken_for_one_of_the_others() {
    let estimator = Estimator::default();
    learned(&estimator, "a", (0..30).map(|_| 10_000));
    learned(&estimator, "b", (0..30).map(|_| 100));
    assert!((15_000..18_500).contains(&likely(&estimator, "stranger", None)));
    assert_eq!(likely(&estimator, "b", None), 1024);
    assert_eq!(estimator.output("another", "a", None, 1, 128_000).likely, 4096);
}

#[test]
fn what_a_caller_uses_now_counts_more_than_what_it_used() {
    let estimator = Estimator::default();
    learned(&estimator, "a", (0..2000).map(|_| 50_000));
    learned(&estimator, "a", (0..2000).map(|_| 2_000));
    assert!(likely(&estimator, "a", None) < 3_600);
}
