//! How many connections callers have, in all and from one address.

use std::collections::hash_map::Entry;
use std::fmt::{self, Display, Formatter};
use std::net::IpAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use ahash::AHashMap;

use crate::snapshot::Limits;

/// The connections that are open. The addresses are as many as connections at most.
#[derive(Debug, Default)]
pub struct Connections {
    open: AtomicUsize,
    of: Mutex<AHashMap<IpAddr, usize>>,
}

/// Why there may be no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Full {
    /// `limits.connections` are open.
    InAll(usize),
    /// `limits.connections_per_address` are open from this one.
    FromOne(usize, IpAddr),
}

impl Full {
    /// In a word, for metrics.
    pub const fn reason(self) -> &'static str {
        match self {
            Self::InAll(_) => "too_many",
            Self::FromOne(..) => "too_many_from_one",
        }
    }
}

impl Display for Full {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let (whence, limit, most) = match self {
            Self::InAll(most) => ("", "connections", most),
            // Which one is for the log: it may be that of a proxy inside.
            Self::FromOne(most, _) => (" from one address", "connections_per_address", most),
        };
        write!(f, "as many connections{whence} are open as may be (`limits.{limit}` is {most})")
    }
}

/// A connection that counts until it is dropped.
#[derive(Debug)]
pub struct Connection {
    all: Arc<Connections>,
    address: Option<IpAddr>,
}

impl Connections {
    /// How many there are.
    pub fn open(&self) -> usize {
        self.open.load(Ordering::Relaxed)
    }

    /// Counts one in, from this address if that is known.
    ///
    /// # Errors
    ///
    /// Why there may be no more.
    pub fn enter(
        self: &Arc<Self>,
        address: Option<IpAddr>,
        limits: &Limits,
    ) -> Result<Connection, Full> {
        let before = self.open.fetch_add(1, Ordering::Relaxed);
        // Counted already, so that it is counted out however this ends.
        let mut connection = Connection { all: self.clone(), address: None };
        if before >= limits.connections {
            return Err(Full::InAll(limits.connections));
        }
        let Some(address) = address else { return Ok(connection) };
        // One that speaks IPv4 through an IPv6 socket is still the same.
        let address = address.to_canonical();
        let mut of = self.of.lock().unwrap_or_else(PoisonError::into_inner);
        let count = of.entry(address).or_default();
        if *count >= limits.connections_per_address {
            return Err(Full::FromOne(limits.connections_per_address, address));
        }
        *count += 1;
        drop(of);
        connection.address = Some(address);
        Ok(connection)
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.all.open.fetch_sub(1, Ordering::Relaxed);
        let Some(address) = self.address else { return };
        let mut of = self.all.of.lock().unwrap_or_else(PoisonError::into_inner);
        if let Entry::Occupied(mut count) = of.entry(address) {
            *count.get_mut() -= 1;
            if *count.get() == 0 {
                count.remove();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn there_are_no_more_than_may_be_and_none_is_remembered() {
        let limits = Limits { connections: 3, connections_per_address: 2, ..Limits::default() };
        let connections = Arc::new(Connections::default());
        let enter = |address: &str| connections.enter(Some(address.parse().unwrap()), &limits);

        let first = enter("10.0.0.1").unwrap();
        let second = enter("::ffff:10.0.0.1").unwrap();
        let from = "10.0.0.1".parse().unwrap();
        assert_eq!(enter("10.0.0.1").unwrap_err(), Full::FromOne(2, from));
        assert_eq!(connections.open(), 2, "one that was refused is gone");
        let third = enter("10.0.0.2").unwrap();
        assert_eq!(enter("10.0.0.3").unwrap_err(), Full::InAll(3));
        drop(first);
        let fourth = connections.enter(None, &limits).unwrap();
        drop((second, third, fourth));
        assert_eq!(connections.open(), 0);
        assert!(connections.of.lock().unwrap().is_empty());
    }
}
