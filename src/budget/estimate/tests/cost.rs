//! What it costs, to be read: `cargo test --release --lib estimate -- --ignored --nocapture`.

use std::hint::black_box;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::budget::estimate::{Estimator, Measured};

fn best(mut run: impl FnMut()) -> Duration {
    let time = |_| {
        let start = Instant::now();
        run();
        start.elapsed()
    };
    (0..20).map(time).min().unwrap()
}

#[test]
#[ignore = "prints timings"]
fn cost_of_an_estimate() {
    let message = |text: &str| json!({"role": "user", "content": text});
    let image = format!("iVBORw0KGgo{}", "QmFzZTY0IGlzIG5vIHRleHQu".repeat(40_000));
    let bodies = [
        (
            "prose",
            json!({"messages": [message(&"Somebody said \"it\" was late.\n".repeat(30_000))]}),
        ),
        ("japanese", json!({"messages": [message(&"東京は日本の首都である。".repeat(30_000))]})),
        ("many messages", json!({"messages": vec![message("a short one"); 20_000]})),
        ("image", json!({"contents": [{"parts": [{"inlineData": {"data": image}}]}]})),
    ];
    for (name, body) in bodies {
        let body = serde_json::to_vec(&body).unwrap();
        let took = best(|| {
            black_box(Measured::of(black_box(&body)));
        });
        eprintln!("{name:14} {:.2} ns a byte", took.as_nanos() as f64 / body.len() as f64);
    }
    let estimator = Estimator::default();
    let request = Measured::of(br#"{"messages":[{"role":"user","content":"hello"}]}"#);
    let each = |run: &dyn Fn()| best(|| (0..1000).for_each(|_| run())) / 1000;
    eprintln!("learn  {:?}", each(&|| estimator.learn("m", "a", &request, 10, 20)));
    eprintln!("input  {:?}", each(&|| _ = black_box(estimator.input("m", &request))));
    eprintln!("output {:?}", each(&|| _ = black_box(estimator.output("m", "a", None, 1, 99))));
}
