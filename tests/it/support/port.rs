//! Ports for servers that must be told which.

use std::net::TcpListener;
use std::sync::atomic::{AtomicU16, Ordering};

/// Below what systems hand out by themselves: nobody's outgoing connection takes one before its
/// server does. The same and 10,000 more is where a Redis of a cluster listens for the others.
const FROM: u16 = 10_000;
const COUNT: u16 = 10_000;

/// A port that nobody listens on, and another one at each call. Two runs at the same time, whose
/// processes are neighbours, start far apart.
pub fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let apart = u64::from(std::process::id()) * 997;
    loop {
        let step = u64::from(NEXT.fetch_add(1, Ordering::Relaxed));
        let port = FROM + u16::try_from((apart + step) % u64::from(COUNT)).unwrap();
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}
