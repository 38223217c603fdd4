//! Names to addresses, off the data path.
//!
//! A background task asks for every backend's name ahead of time, again and again as long as its
//! answers say; requests only read what is there. Names are absolute: no domain of the system's is
//! ever put behind them. Addresses are vetted when they are found ([`vet`]) and again by whoever
//! dials them. A name that can't be resolved any more keeps its last addresses for a while.

mod client;
mod entry;
mod failure;
mod host;
mod server;
mod settings;
mod system;
pub mod vet;
mod worker;

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use tokio::sync::Notify;

pub use entry::Status;
pub use failure::Failure;
pub use host::{Host, Name};
pub use server::anchors;
pub use settings::{
    Dnssec, Family, NamePattern, Reverse, Server, Settings, Transport, is_localhost, is_name,
};

use entry::Entry;
use worker::Worker;

/// How often it is looked whether other names are wanted, or the system asks other servers.
const TICK: Duration = Duration::from_secs(1);

/// What is to be resolved, and how.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// How.
    pub settings: Arc<Settings>,
    /// Which names.
    pub names: Vec<Name>,
}

/// The addresses of all backends.
#[derive(Debug, Default)]
pub struct Resolver {
    /// Rebuilt as a whole on each change; reads are one atomic load.
    known: ArcSwap<HashMap<Name, Arc<Entry>>>,
    /// Told when `known` has changed.
    changed: Notify,
    /// Told when a name is asked for that nobody has asked for before.
    wanted: Notify,
}

impl Resolver {
    /// The addresses of a host, IPv6 and IPv4 by turns. Waits for the first answer at most
    /// `patience`. Empty if there are none.
    pub async fn addresses(&self, host: &Host, patience: Duration) -> Arc<[IpAddr]> {
        let name = match host.literal() {
            Ok(address) => return address.clone(),
            Err(name) => name,
        };
        match self.lookup(name) {
            Some(found) => found,
            None => self.wait(name, patience).await,
        }
    }

    async fn wait(&self, name: &Name, patience: Duration) -> Arc<[IpAddr]> {
        let wait = async {
            loop {
                let changed = self.changed.notified();
                self.wanted.notify_one();
                if let Some(found) = self.lookup(name) {
                    return found;
                }
                changed.await;
            }
        };
        tokio::time::timeout(patience, wait).await.unwrap_or_else(|_| Arc::new([]))
    }

    fn lookup(&self, name: &Name) -> Option<Arc<[IpAddr]>> {
        self.known.load().get(name)?.addresses(Instant::now())
    }

    /// Why a host has no addresses; `None`: it is one itself, and may not be dialled.
    pub fn failure(&self, host: &Host) -> Option<Failure> {
        let name = host.name()?;
        let known = self.known.load();
        let failure = known.get(name).and_then(|entry| entry.failure().cloned());
        // Whoever asked has waited.
        Some(failure.unwrap_or(Failure::Timeout))
    }

    /// How all names stand, by name.
    pub fn status(&self) -> Vec<Status> {
        let (known, now) = (self.known.load(), Instant::now());
        let entries = known.values().filter(|entry| entry.unwanted.is_none());
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
