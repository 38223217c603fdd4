//! What the tests share.

pub mod config;
pub mod dice;
pub mod gateway;
pub mod metrics;
pub mod provider;
pub mod raw;
pub mod redis;
pub mod speak;
pub mod storm;

use std::future::Future;
use std::net::TcpListener;
use std::sync::Once;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

use tokio_rustls::rustls::crypto::ring;

pub use config::Config;
pub use egret::simulator::{Authority, Canned, Fault, Provider, Running, Simulator};
pub use gateway::Gateway;
pub use speak::{Answer, ask};

/// Longest wait for anything: only keeps a broken gateway from hanging the tests.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// Waits for `work`, which must not hang.
pub async fn patiently<T>(work: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, work).await.expect("the gateway hangs")
}

/// Asks until the answer is yes.
pub async fn until<F: Future<Output = bool>>(what: &str, mut asked: impl FnMut() -> F) {
    let asking = async {
        while !asked().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    assert!(tokio::time::timeout(PATIENCE, asking).await.is_ok(), "it never came to: {what}");
}

/// A client that speaks HTTP/1.1 and keeps its connections.
pub fn http1() -> reqwest::Client {
    client_builder().http1_only().build().unwrap()
}

/// A client that speaks h2 without TLS.
pub fn h2c() -> reqwest::Client {
    client_builder().http2_prior_knowledge().build().unwrap()
}

fn client_builder() -> reqwest::ClientBuilder {
    static CRYPTO: Once = Once::new();
    CRYPTO.call_once(|| ring::default_provider().install_default().unwrap());
    reqwest::Client::builder()
        .timeout(PATIENCE)
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
}

/// A port that nobody listens on: below those that the system hands out by itself, and another
/// one at each call. Two runs at the same time, whose processes are neighbours, start far apart.
pub fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let range = 20_000..32_000_u16;
    let apart = u64::from(std::process::id()) * 997 % range.len() as u64;
    let spread = u16::try_from(apart).unwrap();
    loop {
        let step = NEXT.fetch_add(1, Ordering::Relaxed);
        let port = range.start + (spread.wrapping_add(step)) % u16::try_from(range.len()).unwrap();
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}
