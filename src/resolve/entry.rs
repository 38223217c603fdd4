//! What is known of one name, and when it is asked for again.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::client::{Found, Outcome};
use super::failure::Failure;
use super::host::Name;
use super::settings::Settings;
use super::vet::Refused;

/// How soon a name is asked for again after a failure; twice as long after each further one.
const RETRY: Duration = Duration::from_secs(1);
/// Longest such pause while there are addresses.
const LONGEST: Duration = Duration::from_secs(30);
/// Longest such pause while there are none.
const LONGEST_WITHOUT: Duration = Duration::from_secs(5);

/// What is known of a name.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    name: Name,
    addresses: Arc<[IpAddr]>,
    times: Option<Times>,
    /// Failures in a row, and the last of them.
    failures: u32,
    failure: Option<Failure>,
    /// What was refused of the last answer.
    refused: Vec<Refused>,
    /// How lookups have ended, and which kinds of addresses were refused, in words.
    lookups: BTreeMap<&'static str, u64>,
    refusals: BTreeMap<&'static str, u64>,
    /// When it is asked for again.
    pub(super) due: Instant,
    /// Since when no configuration has it any more.
    pub(super) unwanted: Option<Instant>,
}

/// The life of an answer.
#[derive(Clone, Copy, Debug)]
struct Times {
    found: Instant,
    /// It is as good as new until then.
    fresh: Instant,
    /// It is used until then if nothing better comes.
    stale: Instant,
}

/// How a name stands, for those who look at it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// Which name.
    pub name: Name,
    /// The addresses in use; none if the last answer is too old.
    pub addresses: Vec<IpAddr>,
    /// How old the answer is.
    pub age: Option<Duration>,
    /// How long it is good for; zero if a new one is overdue.
    pub fresh: Duration,
    /// How long it is used beyond that while no new one comes.
    pub usable: Duration,
    /// Lookups in a row that have failed.
    pub failures: u32,
    /// Why the last one has.
    pub failure: Option<Failure>,
    /// Addresses in the last answer that may not be used.
    pub refused: Vec<Refused>,
    /// Lookups by how they ended, since the name is asked for.
    pub lookups: BTreeMap<&'static str, u64>,
    /// Addresses that were refused, by what they are.
    pub refusals: BTreeMap<&'static str, u64>,
}

impl Entry {
    pub(super) fn new(name: Name, now: Instant) -> Self {
        Self {
            name,
            addresses: Arc::new([]),
            times: None,
            failures: 0,
            failure: None,
            refused: Vec::new(),
            lookups: BTreeMap::new(),
            refusals: BTreeMap::new(),
            due: now,
            unwanted: None,
        }
    }

    /// The addresses to use now; `None` if no lookup has ended yet.
    pub(super) fn addresses(&self, now: Instant) -> Option<Arc<[IpAddr]>> {
        match self.times {
            Some(times) if now < times.stale => Some(self.addresses.clone()),
            None if self.failures == 0 => None,
            _ => Some(Arc::new([])),
        }
    }

    /// Why the last lookup failed, if it did.
    pub(super) const fn failure(&self) -> Option<&Failure> {
        self.failure.as_ref()
    }

    /// Forgets what was found, and asks again. How lookups have ended still counts.
    pub(super) fn forget(&mut self, now: Instant) {
        let fresh = Self::new(self.name.clone(), now);
        let (lookups, refusals) =
            (std::mem::take(&mut self.lookups), std::mem::take(&mut self.refusals));
        *self = Self { lookups, refusals, ..fresh };
    }

    /// Takes in how a lookup has ended.
    pub(super) fn learn(&mut self, outcome: Outcome, settings: &Settings, now: Instant) {
        let Outcome { found, refused } = outcome;
        for Refused { kind, .. } in &refused {
            *self.refusals.entry(kind.word()).or_default() += 1;
        }
        if !refused.is_empty() && refused != self.refused {
            let listed: Vec<String> = refused.iter().map(Refused::to_string).collect();
            log::warn!(
                "{}: refused what a name server says: {}",
                self.name.host,
                listed.join(", ")
            );
        }
        self.refused = refused;
        match found {
            Ok(found) => self.succeeded(found, settings, now),
            Err(failure) => self.failed(failure, now),
        }
    }

    fn succeeded(&mut self, found: Found, settings: &Settings, now: Instant) {
        let Found { addresses, ttl } = found;
        *self.lookups.entry("ok").or_default() += 1;
        if self.failures > 0 {
            log::info!("{} is resolved again", self.name.host);
        }
        (self.failures, self.failure) = (0, None);
        let ttl = ttl.clamp(settings.min_ttl, settings.max_ttl.max(settings.min_ttl));
        let fresh = now + ttl;
        self.addresses = addresses.into();
        self.times = Some(Times { found: now, fresh, stale: fresh + settings.stale });
        // Ahead of time, so that nobody ever waits for it.
        self.due = now + ttl.mul_f64(0.8);
    }

    fn failed(&mut self, failure: Failure, now: Instant) {
        *self.lookups.entry(failure.word()).or_default() += 1;
        let left = self.times.map_or(Duration::ZERO, |times| times.stale - now.min(times.stale));
        if self.failure.as_ref() != Some(&failure) {
            let host = &self.name.host;
            if left.is_zero() {
                log::warn!("cannot resolve {host}: {failure}");
            } else {
                let left = left.as_secs();
                log::warn!(
                    "cannot resolve {host}: {failure}; its last addresses are used for up to {left} s"
                );
            }
        }
        if left.is_zero() && !self.addresses.is_empty() {
            log::error!(
                "the last addresses of {} are too old and not used any more",
                self.name.host
            );
            self.addresses = Arc::new([]);
        }
        let longest = if left.is_zero() { LONGEST_WITHOUT } else { LONGEST };
        self.due = now + RETRY.saturating_mul(1 << self.failures.min(8)).min(longest);
        self.failures = self.failures.saturating_add(1);
        self.failure = Some(failure);
    }

    pub(super) fn status(&self, now: Instant) -> Status {
        let left = |until: fn(&Times) -> Instant| {
            self.times.map_or(Duration::ZERO, |times| until(&times).saturating_duration_since(now))
        };
        Status {
            name: self.name.clone(),
            addresses: self.addresses(now).unwrap_or_default().to_vec(),
            age: self.times.map(|times| now.saturating_duration_since(times.found)),
            fresh: left(|times| times.fresh),
            usable: left(|times| times.stale),
            failures: self.failures,
            failure: self.failure.clone(),
            refused: self.refused.clone(),
            lookups: self.lookups.clone(),
            refusals: self.refusals.clone(),
        }
    }
}

#[cfg(test)]
mod tests;
