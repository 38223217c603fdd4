//! A model check of the ledger: all that may happen to it at once, in thousands of schedules.
//! S-22 and S-24.
//!
//!   cargo run --example shuttle             a few seconds
//!   cargo run --example shuttle 100000      so many schedules of each kind
//!
//! The budgets' sources are compiled here once more, as they are, but over another `std`: the
//! locks, channels and threads in it are shuttle's. Only one thread runs at a time, and wherever
//! one locks, sends, waits or ends, shuttle chooses which goes on. A schedule that fails is printed
//! with its seed: `SHUTTLE_RANDOM_SEED` repeats it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

extern crate self as std;
/// The true one.
extern crate std as real;

pub use real::*;
pub mod sync;
pub use shuttle::thread;

#[allow(dead_code, unused_imports, reason = "the gateway uses the rest")]
#[path = "../../src/budget/mod.rs"]
mod budget;

mod scene;
mod seen;
mod world;

use real::{sync::Arc, time::Instant};

use shuttle::{
    Config, Runner,
    scheduler::{PctScheduler, RandomScheduler, Scheduler},
};

use scene::Scene;
use seen::Seen;

/// Schedules of each kind.
const SCHEDULES: usize = 1_000;
/// What a thread's stack may hold: the ledger reads and writes files.
const STACK: usize = 1 << 20;
/// Switches in places that matter, which the second kind of schedules has at most.
const DEPTH: usize = 5;

fn main() {
    let schedules = real::env::args().nth(1).map(|it| it.parse().expect("a number"));
    let schedules = schedules.unwrap_or(SCHEDULES);
    seen::listen_for_errors();
    for scene in [Scene::Calls, Scene::Adjusted] {
        let seen = Arc::new(Seen::default());
        check(scene, "at random", RandomScheduler::new(schedules), &seen);
        check(scene, "few switches", PctScheduler::new(DEPTH, schedules), &seen);
        seen.check(scene);
    }
}

fn check(scene: Scene, kind: &str, schedules: impl Scheduler + 'static, seen: &Arc<Seen>) {
    let mut config = Config::new();
    config.stack_size = STACK;
    let (begun, seen) = (Instant::now(), Arc::clone(seen));
    let count = Runner::new(schedules, config).run(move || scene.play(&seen));
    println!("{scene}, {kind}: {count} schedules hold ({:.1?})", begun.elapsed());
}
