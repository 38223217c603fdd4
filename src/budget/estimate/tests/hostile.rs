//! What one caller can do to the others' estimates, and to the memory.

use std::sync::Arc;
use std::thread;

use serde_json::json;

use crate::budget::estimate::{Estimator, Measured};

fn request(body: &serde_json::Value) -> Measured {
    Measured::of(&serde_json::to_vec(body).unwrap())
}

fn prose() -> Measured {
    let text = "The quick brown fox jumps over the lazy dog and sleeps. ".repeat(100);
    request(&json!({"messages": [{"role": "user", "content": text}]}))
}

/// What the provider counts in it.
const COUNTED: u64 = 1205;

/// Much text in a field that the provider drops: it counts next to nothing, again and again.
#[test]
fn one_caller_does_not_make_others_estimates_small() {
    let estimator = Estimator::default();
    let unread = request(&json!({"unread": "word ".repeat(5000), "messages": []}));
    for _ in 0..5000 {
        estimator.learn("m", "hostile", &unread, 8, 1);
    }
    let expected = estimator.input("m", &prose());
    assert!(expected.likely * 2 > COUNTED, "{expected:?}");
    assert!(expected.most > COUNTED, "{expected:?}");
    for _ in 0..30 {
        estimator.learn("m", "honest", &prose(), COUNTED, 1);
    }
    let likely = estimator.input("m", &prose()).likely;
    assert!(likely * 10 > COUNTED * 8, "others are heard: {likely}");
}

#[test]
fn names_made_up_by_the_thousand_take_no_more_memory() {
    let estimator = Estimator::default();
    let request = prose();
    for _ in 0..30 {
        estimator.learn("known", "known", &request, 2 * COUNTED, 9_000);
    }
    let (input, output) =
        (estimator.input("known", &request), estimator.output("known", "known", None, 1, 128_000));
    for name in 0..100_000 {
        let name = format!("made-up-{name}");
        estimator.learn(&name, &name, &request, COUNTED, 1);
    }
    estimator.learn(&"long".repeat(1000), "a", &request, COUNTED, 1);
    let (models, callers) = estimator.sizes();
    assert!(models <= 256 && callers <= 4096, "{models} models, {callers} callers");
    assert_eq!(estimator.error().len(), models);
    assert!(estimator.error().iter().all(|error| error.model.len() <= 256));
    // What is in use stays.
    assert_eq!(estimator.input("known", &request), input);
    assert_eq!(estimator.output("known", "known", None, 1, 128_000), output);
    const { assert!(Estimator::MEMORY < 2 << 20) };
}

#[test]
fn many_threads_learn_at_once() {
    let estimator = Arc::new(Estimator::default());
    let learn = |thread: usize| {
        let estimator = Arc::clone(&estimator);
        move || {
            for call in 0..500 {
                estimator.learn("m", &format!("caller-{thread}"), &prose(), COUNTED, 100);
                assert!(estimator.input("m", &prose()).likely > 0);
                assert!(estimator.output("m", "caller-0", None, 1, 8192).likely >= 1024);
                if call % 100 == 0 {
                    assert!(!estimator.error().is_empty());
                }
            }
        }
    };
    let threads: Vec<_> = (0..8).map(|thread| thread::spawn(learn(thread))).collect();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    assert_eq!(estimator.error()[0].calls, 4000);
    let likely = estimator.input("m", &prose()).likely;
    assert!(likely.abs_diff(COUNTED) * 20 < COUNTED, "{likely}");
}
