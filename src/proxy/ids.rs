//! Ids of requests: unlike any other gateway's, and counted.

use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};

/// Where ids come from.
pub struct Ids {
    prefix: u64,
    next: AtomicU64,
}

impl Ids {
    /// Those of one process.
    pub fn new() -> Self {
        Self { prefix: RandomState::new().hash_one(std::process::id()), next: AtomicU64::new(0) }
    }

    /// One that nobody has.
    pub fn next(&self) -> String {
        let count = self.next.fetch_add(1, Ordering::Relaxed);
        format!("{:016x}{count:08x}", self.prefix)
    }

    /// A number that is evenly spread over all calls, for weighted targets.
    pub fn draw(&self) -> u64 {
        // Fibonacci hashing spreads a counter over the whole range.
        self.next.load(Ordering::Relaxed).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 16
    }
}
