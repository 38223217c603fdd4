//! Bounds that hold for every caller.

use std::time::Duration;

/// Bounds of a request and of a connection, all of them deadlines, sizes or counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Largest request body in bytes (default 32 MiB).
    pub body_bytes: usize,
    /// Most bytes of request bodies, and of what is made of them, held at once over all requests
    /// (default 1 GiB). Fixed at start.
    pub in_flight_bytes: usize,
    /// Most bytes of a request's header names and values (default 64 KiB). What HTTP/2 callers are
    /// told of it is fixed at start.
    pub header_bytes: usize,
    /// Most headers of a request (default 128).
    pub header_count: usize,
    /// Longest path with its query, in bytes (default 8 KiB).
    pub url_bytes: usize,
    /// Most connections of callers at once (default 10,000).
    pub connections: usize,
    /// Most of them from one address; as many as there may be in all if not given.
    pub connections_per_address: usize,
    /// Most requests at once on one HTTP/2 connection (default 100). Fixed at start.
    pub streams: u32,
    /// Longest wait for the next piece of a request body.
    pub body_idle: Duration,
    /// Longest time for a whole request body.
    pub body_total: Duration,
    /// Longest time for a whole exchange, streams included.
    pub total: Duration,
    /// How long streams in flight may go on after SIGTERM.
    pub drain: Duration,
    /// How long a caller's stream may be silent before it gets a sign of life.
    pub heartbeat: Duration,
    /// How many gateways a request may have come through (default 8).
    pub hops: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body_bytes: 32 << 20,
            in_flight_bytes: 1 << 30,
            header_bytes: 64 << 10,
            header_count: 128,
            url_bytes: 8 << 10,
            connections: 10_000,
            connections_per_address: 10_000,
            streams: 100,
            body_idle: Duration::from_secs(30),
            body_total: Duration::from_secs(300),
            total: Duration::from_secs(3600),
            drain: Duration::from_secs(30),
            heartbeat: Duration::from_secs(15),
            hops: 8,
        }
    }
}
