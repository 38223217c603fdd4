//! What arrived at a simulator: for tests that look for a credential where it must not be, or for
//! bytes that must not have changed.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use http::HeaderMap;
use serde::Serialize;

/// The most requests a journal remembers; older ones are forgotten first.
pub const CAPACITY: usize = 4096;

/// The most body bytes a journal remembers over all its requests.
pub const BODY_CAPACITY: usize = 256 << 20;

/// One request as it arrived.
#[derive(Debug, Clone)]
pub struct Arrival {
    /// The method.
    pub method: String,
    /// Path and query.
    pub target: String,
    /// The HTTP version, such as `HTTP/2.0`.
    pub version: String,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
    /// The number of the connection it came on, from 1.
    pub connection: u64,
}

/// The arrivals, oldest first.
#[derive(Debug)]
pub struct Journal {
    on: bool,
    arrivals: Mutex<(VecDeque<Arrival>, usize)>,
}

impl Journal {
    pub(super) fn new(on: bool) -> Self {
        Self { on, arrivals: Mutex::default() }
    }

    fn arrivals(&self) -> std::sync::MutexGuard<'_, (VecDeque<Arrival>, usize)> {
        self.arrivals.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether it writes at all.
    pub(super) fn is_on(&self) -> bool {
        self.on
    }

    pub(super) fn add(&self, arrival: Arrival) {
        let mut guard = self.arrivals();
        let (arrivals, bytes) = &mut *guard;
        *bytes += arrival.body.len();
        arrivals.push_back(arrival);
        while arrivals.len() > CAPACITY || *bytes > BODY_CAPACITY {
            let Some(oldest) = arrivals.pop_front() else { break };
            *bytes -= oldest.body.len();
        }
    }

    /// All that is remembered, oldest first.
    pub fn read(&self) -> Vec<Arrival> {
        self.arrivals().0.iter().cloned().collect()
    }

    /// The latest arrival.
    pub fn last(&self) -> Option<Arrival> {
        self.arrivals().0.back().cloned()
    }

    /// Forgets everything.
    pub fn clear(&self) {
        *self.arrivals() = Default::default();
    }
}

/// Counters of what happened on the wire.
#[derive(Debug, Default)]
pub struct Tally {
    pub(super) connections: AtomicU64,
    pub(super) open: AtomicU64,
    pub(super) requests: AtomicU64,
    pub(super) aborted: AtomicU64,
    pub(super) under_way: AtomicU64,
    pub(super) at_once: AtomicU64,
}

/// A [`Tally`], read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Connections accepted, counted before their TLS handshake.
    pub connections: u64,
    /// Connections open now.
    pub open: u64,
    /// Requests whose head arrived.
    pub requests: u64,
    /// Answers that the client left before their end, cut ones not among them.
    pub aborted: u64,
    /// The most requests that were under way at once: from their head to the last byte of their
    /// answer.
    pub at_once: u64,
}

impl Tally {
    /// The counters as they stand.
    pub fn read(&self) -> Counts {
        Counts {
            connections: self.connections.load(Ordering::SeqCst),
            open: self.open.load(Ordering::SeqCst),
            requests: self.requests.load(Ordering::SeqCst),
            aborted: self.aborted.load(Ordering::SeqCst),
            at_once: self.at_once.load(Ordering::SeqCst),
        }
    }
}
