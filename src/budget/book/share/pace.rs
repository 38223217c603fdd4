//! How fast something is used.

use std::time::{Duration, Instant};

use super::super::stand::Sums;

/// How long one of the two stretches is by which the pace of spending is told.
const STRETCH: Duration = Duration::from_secs(5);
/// Who has used something in the last minute is likely to use it again.
const LATELY: Duration = Duration::from_secs(60);

/// How fast something is used, told by two stretches of time.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Pace {
    since: Option<Instant>,
    spent: u64,
    peak: u64,
    last: (u64, u64),
    used: Option<Instant>,
}

impl Pace {
    /// What should be leased beyond what is used now, so that it lasts for two seconds and for as
    /// many calls at once as there were.
    pub(super) fn slice(&mut self, Sums { spent, reserved, .. }: Sums, at: Instant) -> u64 {
        let used = spent.saturating_add(reserved);
        if self.since.is_none_or(|since| at.saturating_duration_since(since) >= STRETCH) {
            let stale =
                self.since.is_none_or(|since| at.saturating_duration_since(since) >= STRETCH * 2);
            let last = (spent.saturating_sub(self.spent), self.peak);
            let first = self.since.is_none();
            self.last = if first || stale { (0, 0) } else { last };
            (self.since, self.spent, self.peak) = (Some(at), spent, reserved);
        }
        self.peak = self.peak.max(reserved);
        let growth = spent.saturating_sub(self.spent).max(self.last.0);
        if used > 0 && (growth > 0 || self.peak.max(self.last.1) > 0) {
            self.used = Some(at);
        }
        let peak = self.peak.max(self.last.1).saturating_sub(reserved);
        (growth / 5).saturating_mul(2).saturating_add(peak)
    }

    pub(super) fn is_active(&self, at: Instant) -> bool {
        let recent = |used| at.saturating_duration_since(used) < LATELY;
        self.used.is_some_and(recent)
    }
}
