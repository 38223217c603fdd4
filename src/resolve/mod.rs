//! Names to addresses, off the data path.
//!
//! A background task asks for every backend's name ahead of time, again and again as long as its
//! answers say; requests only read what is there. Names are absolute: no domain of the system's is
//! ever put behind them. Addresses are vetted when they are found ([`vet`]) and again by whoever
//! dials them. A name that can't be resolved any more keeps its last addresses for a while.

mod client;
mod entry;
mod failure;
mod server;
mod settings;
mod system;
pub mod vet;
mod worker;

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use tokio::sync::Notify;

pub use entry::{Name, Status};
pub use failure::Failure;
pub use server::anchors;
pub use settings::{
    Dnssec, Family, NamePattern, Reverse, Server, Settings, Transport, is_localhost, is_name,
};

use entry::Entry;
use vet::vet;
use worker::Worker;

/// How often it is looked whether other names are wanted, or the system asks other servers.
const TICK: Duration = Duration::from_secs(1);

/// What is to be resolved, and how.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// How.
    pub settings: Arc<Settings>,
    /// Which names; addresses among them are passed over.
    pub names: Vec<Name>,
}

/// What is known, by name: for those that may have private addresses, and for the others.
#[derive(Debug, Default)]
struct Known {
    private: HashMap<String, Arc<Entry>>,
    public: HashMap<String, Arc<Entry>>,
}

impl Known {
    fn get(&self, host: &str, allow_private: bool) -> Option<&Arc<Entry>> {
        if allow_private { self.private.get(host) } else { self.public.get(host) }
    }
}

/// The addresses of all backends.
#[derive(Debug, Default)]
pub struct Resolver {
    /// Rebuilt as a whole on each change; reads are one atomic load.
    known: ArcSwap<Known>,
    /// Told when `known` has changed.
    changed: Notify,
    /// Told when a name is asked for that nobody has asked for before.
    wanted: Notify,
}

impl Resolver {
    /// The addresses of a host that a backend with this stance may have, IPv6 and IPv4 by turns.
    /// Waits for the first answer at most `patience`. Empty if there are none.
    pub async fn addresses(
        &self,
        host: &str,
        port: u16,
        allow_private: bool,
        patience: Duration,
    ) -> Arc<[SocketAddr]> {
        if let Ok(ip) = host.parse::<IpAddr>() {
            let allowed = vet(ip, host, allow_private).is_ok();
            return allowed.then_some(SocketAddr::new(ip, port)).into_iter().collect();
        }
        let found = match self.lookup(host, allow_private) {
            Some(found) => found,
            None => self.wait(host, allow_private, patience).await,
        };
        found.iter().map(|ip| SocketAddr::new(*ip, port)).collect()
    }

    async fn wait(&self, host: &str, allow_private: bool, patience: Duration) -> Arc<[IpAddr]> {
        let wait = async {
            loop {
                let changed = self.changed.notified();
                self.wanted.notify_one();
                if let Some(found) = self.lookup(host, allow_private) {
                    return found;
                }
                changed.await;
            }
        };
        tokio::time::timeout(patience, wait).await.unwrap_or_else(|_| Arc::new([]))
    }

    fn lookup(&self, host: &str, allow_private: bool) -> Option<Arc<[IpAddr]>> {
        self.known.load().get(host, allow_private)?.addresses(Instant::now())
    }

    /// How all names stand, by name.
    pub fn status(&self) -> Vec<Status> {
        let (known, now) = (self.known.load(), Instant::now());
        let entries = known.public.values().chain(known.private.values());
        let entries = entries.filter(|entry| entry.unwanted.is_none());
        let mut all: Vec<Status> = entries.map(|entry| entry.status(now)).collect();
        all.sort_by(|a, b| {
            (&a.name.host, a.name.allow_private).cmp(&(&b.name.host, b.name.allow_private))
        });
        all
    }

    /// Resolves for ever what `wanted` says at the time. Runs in the background.
    pub async fn run(&self, wanted: impl Fn() -> Wanted) {
        let mut worker = Worker::new();
        loop {
            worker.follow(wanted());
            if worker.changed() {
                self.known.store(Arc::new(worker.known()));
                self.changed.notify_waiters();
            }
            tokio::select! {
                () = worker.work() => {}
                () = self.wanted.notified() => {}
            }
        }
    }
}

#[cfg(test)]
mod tests;
