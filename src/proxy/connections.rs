//! How many connections callers have, in all and from one address.

use std::collections::hash_map::Entry;
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
    /// Why there may be no more, in a word.
    pub fn enter(
        self: &Arc<Self>,
        address: Option<IpAddr>,
        limits: &Limits,
    ) -> Result<Connection, &'static str> {
        let before = self.open.fetch_add(1, Ordering::Relaxed);
        // Counted already, so that it is counted out however this ends.
        let mut connection = Connection { all: self.clone(), address: None };
        if before >= limits.connections {
            return Err("too_many");
        }
        let Some(address) = address else { return Ok(connection) };
        // One that speaks IPv4 through an IPv6 socket is still the same.
        let address = address.to_canonical();
        let mut of = self.of.lock().unwrap_or_else(PoisonError::into_inner);
        let count = of.entry(address).or_default();
        if *count >= limits.connections_per_address {
            return Err("too_many_from_one");
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
        assert_eq!(enter("10.0.0.1").unwrap_err(), "too_many_from_one");
        assert_eq!(connections.open(), 2, "one that was refused is gone");
        let third = enter("10.0.0.2").unwrap();
        assert_eq!(enter("10.0.0.3").unwrap_err(), "too_many");
        drop(first);
        let fourth = connections.enter(None, &limits).unwrap();
        drop((second, third, fourth));
        assert_eq!(connections.open(), 0);
        assert!(connections.of.lock().unwrap().is_empty());
    }
}
