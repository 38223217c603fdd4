//! Simulators of the providers, as most tests want them.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use egret::simulator::{Arrival, Authority, Line, Provider, Running, Simulator};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// The private CA of every simulator that a test does not give another one.
pub static ROOT: LazyLock<Authority> = LazyLock::new(|| Authority::new().unwrap());

/// A simulator on a free port, over TLS.
pub async fn simulate(provider: Provider, credential: &str) -> Running {
    let identity = ROOT.issue(&["localhost"]).unwrap();
    start(Simulator::new(provider, credential).tls(identity)).await
}

/// Starts a simulator on a free port.
pub async fn start(simulator: Simulator) -> Running {
    simulator.start(([127, 0, 0, 1], 0).into()).await.unwrap()
}

/// The three providers.
pub async fn all() -> [Running; 3] {
    [
        simulate(Provider::OpenAi, "sk-canary-openai").await,
        simulate(Provider::Claude, "sk-canary-claude").await,
        simulate(Provider::Gemini, "sk-canary-gemini").await,
    ]
}

/// TLS for a server of a test's own at `localhost`, which speaks these.
pub fn acceptor(alpn: &[&str]) -> TlsAcceptor {
    let identity = ROOT.issue(&["localhost"]).unwrap();
    let chain = CertificateDer::pem_slice_iter(identity.certificate_pem.as_bytes());
    let chain = chain.collect::<Result<Vec<_>, _>>().unwrap();
    let key = PrivateKeyDer::from_pem_slice(identity.key_pem.as_bytes()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let config = config.with_safe_default_protocol_versions().unwrap().with_no_client_auth();
    let mut config = config.with_single_cert(chain, key).unwrap();
    config.alpn_protocols = alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
    TlsAcceptor::from(Arc::new(config))
}

/// A model that the provider has.
pub const fn model(provider: Provider) -> &'static str {
    match provider {
        Provider::OpenAi => "gpt-4o-mini",
        Provider::Claude => "claude-haiku-4-5",
        Provider::Gemini => "gemini-2.5-flash",
    }
}

/// The only request that arrived.
pub fn only(simulator: &Running) -> Arrival {
    let mut arrivals = simulator.journal().read();
    assert_eq!(arrivals.len(), 1, "requests at {}", simulator.provider().name());
    arrivals.remove(0)
}

/// Requests that arrived.
pub fn arrived(simulator: &Running) -> usize {
    simulator.journal().read().len()
}

/// Dollars for a million tokens, times 1000: nano-dollars for a token.
#[derive(Clone, Copy, Debug)]
pub struct Prices {
    pub input: u64,
    pub cached: u64,
    pub output: u64,
}

impl Prices {
    /// What the provider's bill comes to in nano-dollars: priced without the gateway's own code.
    pub fn of(self, bill: &BTreeMap<String, Line>) -> u64 {
        let line = |line: &Line| {
            (line.input - line.cached) * self.input
                + line.cached * self.cached
                + line.output * self.output
        };
        bill.values().map(line).sum()
    }

    /// As the configuration's `prices` entry.
    pub fn entry(self, model: &str) -> String {
        let dollars = |nano: u64| format!("{}.{:03}", nano / 1000, nano % 1000);
        format!(
            "{{ model: '{model}', input: {}, output: {}, cache_read: {} }}",
            dollars(self.input),
            dollars(self.output),
            dollars(self.cached)
        )
    }
}
