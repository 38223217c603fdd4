//! Names to addresses, off the data path.
//!
//! A background task resolves every backend's host again and again; requests only read what is
//! there. A name that can't be resolved keeps its last addresses (better stale than down).

pub mod vet;

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use futures_util::future::join_all;
use tokio::sync::Notify;

use self::vet::vet;

/// How long an answer is used before it is asked for again.
const REFRESH: Duration = Duration::from_secs(30);
/// Longest wait for one answer.
const LOOKUP: Duration = Duration::from_secs(5);
/// How soon a name that has no address yet is asked for again.
const RETRY: Duration = Duration::from_secs(1);

/// A backend's host and port.
type Name = (String, u16);

/// The addresses of all backends.
#[derive(Debug, Default)]
pub struct Resolver {
    /// Rebuilt as a whole on each change; reads are one atomic load.
    known: ArcSwap<HashMap<Name, Arc<[SocketAddr]>>>,
    /// Told when `known` has changed.
    changed: Notify,
    /// Told when names should be asked for now.
    wanted: Notify,
}

impl Resolver {
    /// The addresses of a host that a backend with this stance may have, waiting for the first
    /// answer at most `patience`. Empty if there is none by then.
    pub async fn addresses(
        &self,
        host: &str,
        port: u16,
        allow_private: bool,
        patience: Duration,
    ) -> Arc<[SocketAddr]> {
        let found = if let Ok(ip) = host.parse::<IpAddr>() {
            Arc::new([SocketAddr::new(ip, port)])
        } else {
            self.resolved(host, port, patience).await
        };
        let allowed = |address: &&SocketAddr| vet(address.ip(), host, allow_private).is_ok();
        found.iter().filter(allowed).copied().collect()
    }

    async fn resolved(&self, host: &str, port: u16, patience: Duration) -> Arc<[SocketAddr]> {
        if let Some(found) = self.lookup(host, port) {
            return found;
        }
        let wait = async {
            loop {
                let changed = self.changed.notified();
                self.wanted.notify_one();
                if let Some(found) = self.lookup(host, port) {
                    return found;
                }
                changed.await;
            }
        };
        tokio::time::timeout(patience, wait).await.unwrap_or_else(|_| Arc::new([]))
    }

    fn lookup(&self, host: &str, port: u16) -> Option<Arc<[SocketAddr]>> {
        let known = self.known.load();
        // A HashMap<(String, u16)> can't be asked with a &str; there are only a few backends.
        known.iter().find(|((h, p), _)| h == host && *p == port).map(|(_, found)| found.clone())
    }

    /// Resolves for ever what `names` gives. Runs in the background.
    pub async fn run(&self, names: impl Fn() -> Vec<Name>) {
        loop {
            let complete = self.refresh(names()).await;
            let pause = if complete { REFRESH } else { RETRY };
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = self.wanted.notified() => tokio::time::sleep(RETRY / 10).await,
            }
        }
    }

    /// Asks for every name once. Returns whether all have addresses.
    ///
    /// Each answer counts as soon as it is there: a name whose server does not answer must not
    /// hold up the others.
    async fn refresh(&self, names: Vec<Name>) -> bool {
        let found = join_all(names.iter().map(|name| self.ask(name))).await;
        self.known.rcu(|known| {
            let mut known = HashMap::clone(known);
            known.retain(|name, _| names.contains(name));
            known
        });
        found.into_iter().all(|found| found)
    }

    /// Asks for one name. Returns whether it has addresses, be they old ones.
    async fn ask(&self, name: &Name) -> bool {
        let (host, port) = name;
        if host.parse::<IpAddr>().is_ok() {
            return true;
        }
        let lookup = tokio::net::lookup_host((host.as_str(), *port));
        match tokio::time::timeout(LOOKUP, lookup).await {
            Ok(Ok(found)) => {
                let addresses = interleave(found.collect());
                if !addresses.is_empty() {
                    self.learn(name, &addresses);
                    return true;
                }
            }
            Ok(Err(error)) => log::warn!("cannot resolve {host}: {error}"),
            Err(_) => log::warn!("cannot resolve {host}: no answer in {} s", LOOKUP.as_secs()),
        }
        self.known.load().contains_key(name)
    }

    fn learn(&self, name: &Name, addresses: &Arc<[SocketAddr]>) {
        self.known.rcu(|known| {
            let mut known = HashMap::clone(known);
            known.insert(name.clone(), addresses.clone());
            known
        });
        self.changed.notify_waiters();
    }
}

/// IPv6 and IPv4 by turns, so that a family that does not work costs one attempt, not all.
fn interleave(found: Vec<SocketAddr>) -> Arc<[SocketAddr]> {
    let (mut six, mut four): (Vec<_>, Vec<_>) = found.into_iter().partition(SocketAddr::is_ipv6);
    six.dedup();
    four.dedup();
    let mut both = Vec::with_capacity(six.len() + four.len());
    let (mut six, mut four) = (six.into_iter(), four.into_iter());
    loop {
        let (a, b) = (six.next(), four.next());
        if a.is_none() && b.is_none() {
            return both.into();
        }
        both.extend(a);
        both.extend(b);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_address_needs_no_lookup() {
        let resolver = Resolver::default();
        let found = resolver.addresses("127.0.0.1", 443, true, Duration::ZERO).await;
        assert_eq!(&*found, &[SocketAddr::from(([127, 0, 0, 1], 443))]);
        assert!(resolver.addresses("127.0.0.1", 443, false, Duration::ZERO).await.is_empty());
    }

    #[tokio::test]
    async fn a_name_is_resolved_in_the_background() {
        let resolver = Arc::new(Resolver::default());
        let none = resolver.addresses("localhost", 1, true, Duration::from_millis(1)).await;
        assert!(none.is_empty(), "nobody resolves yet");
        let task = tokio::spawn({
            let resolver = resolver.clone();
            async move { resolver.run(|| vec![("localhost".to_owned(), 1)]).await }
        });
        let found = resolver.addresses("localhost", 1, true, Duration::from_secs(10)).await;
        assert!(found.iter().all(|address| address.ip().is_loopback()) && !found.is_empty());
        task.abort();
    }

    #[tokio::test]
    async fn a_name_that_fails_keeps_its_last_addresses() {
        let resolver = Resolver::default();
        let name = ("no-such-host.invalid".to_owned(), 1);
        let stale: Arc<[SocketAddr]> = Arc::new([SocketAddr::from(([127, 0, 0, 9], 1))]);
        resolver.known.store(Arc::new(HashMap::from([(name.clone(), stale.clone())])));
        assert!(resolver.refresh(vec![name]).await);
        assert_eq!(resolver.lookup("no-such-host.invalid", 1), Some(stale));
        assert!(resolver.refresh(Vec::new()).await);
        assert_eq!(
            resolver.lookup("no-such-host.invalid", 1),
            None,
            "it is not asked for any more"
        );
    }
}
