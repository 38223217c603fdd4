//! What the tests share.

pub mod config;
pub mod dice;
pub mod dns;
pub mod endpoint;
pub mod fake;
pub mod frames;
pub mod gateway;
pub mod https;
pub mod issuer;
pub mod leases;
pub mod metrics;
pub mod pki;
mod port;
pub mod provider;
pub mod raw;
pub mod redis;
pub mod signature;
pub mod speak;
pub mod storm;
pub mod tls_server;
pub mod tunnel;
pub mod wire;
pub mod workloads;

use std::future::Future;
use std::sync::Once;
use std::time::Duration;

use tokio_rustls::rustls::crypto::ring;

pub use config::Config;
pub use egret::simulator::{Authority, Canned, Fault, Provider, Running, Simulator};
pub use fake::{Fake, Received, Said};
pub use gateway::Gateway;
pub use port::free_port;
pub use speak::{Answer, ask};
pub use wire::Transport;

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
    let ca = reqwest::Certificate::from_pem(provider::ROOT.ca_pem().as_bytes()).unwrap();
    reqwest::Client::builder()
        .timeout(PATIENCE)
        .no_proxy()
        .tls_certs_only([ca])
        // Where the certificates of listeners are for; ports are those of the URL.
        .resolve("localhost", ([127, 0, 0, 1], 0).into())
        .redirect(reqwest::redirect::Policy::none())
}
