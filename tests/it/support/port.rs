//! Ports for servers that must be told which.

use std::net::TcpListener;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU16, Ordering};
use std::thread::sleep;
use std::time::Duration;

/// Below what systems hand out by themselves: nobody's outgoing connection takes one before its
/// server does. The same and 10,000 more is where a Redis of a cluster listens for the others.
const FROM: u16 = 10_000;
const TO: u16 = 20_000;
/// How many each process has for itself.
const BLOCK: u16 = 1000;

/// The first port of this process's own. Tests run at the same time hold one each: a port that
/// somebody has chosen, and where nobody listens yet, looks free.
static FIRST: LazyLock<TcpListener> = LazyLock::new(|| {
    loop {
        let mut firsts = (FROM..TO).step_by(BLOCK.into());
        if let Some(mine) = firsts.find_map(|first| TcpListener::bind(("127.0.0.1", first)).ok()) {
            return mine;
        }
        sleep(Duration::from_millis(100));
    }
});

/// A port that nobody listens on, and another one at each call, for a long time.
pub fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let first = FIRST.local_addr().unwrap().port();
    loop {
        let port = first + 1 + NEXT.fetch_add(1, Ordering::Relaxed) % (BLOCK - 1);
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}
