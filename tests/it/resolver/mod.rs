//! The resolver against a name server that lies, fails and goes away.

mod addresses;
mod answers;
mod servers;
mod settings;
mod signed;

use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use egret::resolve::{Host, Resolver, Server, Settings, Status, Transport, Wanted};
use tokio::task::JoinSet;

use crate::support::dns::NameServer;
use crate::support::{PATIENCE, until};

const API: &str = "api.example";

/// A resolver at work; it ends when dropped.
struct Bench {
    resolver: Arc<Resolver>,
    wanted: Arc<Mutex<Wanted>>,
    _task: JoinSet<()>,
}

impl Bench {
    fn start(settings: Settings, names: &[(&str, bool)]) -> Self {
        let hosts = names.iter().map(|(host, allow_private)| Host::new(host, *allow_private));
        let names = hosts.filter_map(|host| host.name().cloned()).collect();
        let wanted = Wanted { settings: Arc::new(settings), names };
        let wanted = Arc::new(Mutex::new(wanted));
        let resolver = Arc::new(Resolver::default());
        let mut task = JoinSet::new();
        let (works, asks) = (resolver.clone(), wanted.clone());
        task.spawn(async move { works.run(|| asks.lock().unwrap().clone()).await });
        Self { resolver, wanted, _task: task }
    }

    /// What a backend that is strict would dial.
    async fn strict(&self, host: &str) -> Vec<IpAddr> {
        self.of(host, false).await
    }

    async fn of(&self, host: &str, allow_private: bool) -> Vec<IpAddr> {
        self.resolver.addresses(&Host::new(host, allow_private), PATIENCE).await.to_vec()
    }

    fn status(&self, host: &str) -> Status {
        let all = self.resolver.status();
        all.into_iter().find(|status| status.name.host == host).unwrap()
    }

    /// Waits until a strict backend would dial these.
    async fn comes_to(&self, host: &str, addresses: &[&str]) {
        let expected = ips(addresses);
        until(&format!("{host} at {addresses:?}"), || async {
            self.strict(host).await == expected
        })
        .await;
    }

    /// Waits until the last lookup has failed in this way.
    async fn fails(&self, host: &str, word: &str) {
        until(&format!("{host}: {word}"), || async {
            self.resolver.status().iter().any(|status| {
                status.name.host == host
                    && status.failure.as_ref().map(|failure| failure.word()) == Some(word)
            })
        })
        .await;
    }
}

fn ips(texts: &[&str]) -> Vec<IpAddr> {
    texts.iter().map(|text| text.parse().unwrap()).collect()
}

fn server(address: SocketAddr, transport: Transport) -> Server {
    Server { address, transport }
}

/// Quick to ask again, and in no hurry to give up.
fn quick(dns: &NameServer) -> Settings {
    Settings {
        servers: Some(vec![server(dns.address, Transport::Udp)]),
        min_ttl: Duration::from_millis(50),
        max_ttl: Duration::from_millis(100),
        stale: Duration::from_secs(3600),
        timeout: Duration::from_secs(5),
        attempts: 1,
        ..Settings::default()
    }
}
