//! That the schedules differ, and show what is to be shown.

use crate::{
    real::sync::atomic::{AtomicU64, Ordering},
    scene::Scene,
};

/// How often something was seen, over all schedules.
#[derive(Default)]
pub struct Seen {
    /// A call was refused.
    pub refused: AtomicU64,
    /// One held less than the most.
    pub partly: AtomicU64,
    /// One was under way while balances were read.
    pub under_way: AtomicU64,
    /// A crash left one open.
    pub left_open: AtomicU64,
    /// The journal was rewritten.
    pub rewritten: AtomicU64,
    /// Someone was told of a threshold.
    pub told: AtomicU64,
    /// A budget was adjusted while a call was under way.
    pub adjusted: AtomicU64,
    /// A new window began while one was.
    pub passed: AtomicU64,
}

/// Errors that the ledger logged.
static ERRORS: AtomicU64 = AtomicU64::new(0);

struct Listener;

pub fn note(what: &AtomicU64) {
    what.fetch_add(1, Ordering::Relaxed);
}

/// Whether the ledger has logged an error: that it met what can't be.
pub fn has_errors() -> bool {
    ERRORS.load(Ordering::Relaxed) > 0
}

pub fn listen_for_errors() {
    log::set_logger(&Listener).unwrap();
    log::set_max_level(log::LevelFilter::Error);
}

impl Seen {
    /// Fails if something never happened: then nothing was shown of it.
    pub fn check(&self, scene: Scene) {
        let mut expected = vec![
            ("a call refused", &self.refused),
            ("a call that holds less than the most", &self.partly),
            ("balances read while a call is under way", &self.under_way),
            ("a crash while a call is under way", &self.left_open),
            ("the journal rewritten", &self.rewritten),
            ("a threshold told", &self.told),
        ];
        if scene == Scene::Adjusted {
            expected.push(("a budget adjusted while a call is under way", &self.adjusted));
            expected.push(("a new window while a call is under way", &self.passed));
        }
        for (what, count) in expected {
            let count = count.load(Ordering::Relaxed);
            assert!(count > 0, "{scene}: never seen: {what}");
            println!("  {what}: {count}");
        }
    }
}

impl log::Log for Listener {
    fn enabled(&self, metadata: &log::Metadata<'_>) -> bool {
        metadata.level() == log::Level::Error
    }

    fn log(&self, record: &log::Record<'_>) {
        if self.enabled(record.metadata()) {
            ERRORS.fetch_add(1, Ordering::Relaxed);
            eprintln!("{}", record.args());
        }
    }

    fn flush(&self) {}
}
