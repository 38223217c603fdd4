//! Where the store is that replicas share, and what holds while it can't be reached.

use std::fmt;

use super::Percent;

/// A Redis or Valkey that all replicas of a gateway share.
#[derive(Clone, PartialEq, Eq)]
pub struct StoreSettings {
    /// How it is built, and where.
    pub topology: Topology,
    /// Whether it is reached by TLS, which is always verified.
    pub tls: Option<StoreTls>,
    /// The user, where it knows users.
    pub username: Option<String>,
    /// The password.
    pub password: Option<String>,
    /// What every key begins with: gateways with the same prefix share their budgets.
    pub prefix: String,
    /// What holds while it can't be reached.
    pub outage: Outage,
}

/// How a store is built. Addresses are `host:port`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Topology {
    /// One server.
    Single(String),
    /// Sentinels that know where the primary of this name is.
    Sentinel {
        /// The sentinels.
        addresses: Vec<String>,
        /// The primary's name.
        primary: String,
    },
    /// A cluster, by some of its nodes.
    Cluster(Vec<String>),
}

/// How a store proves who it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreTls {
    /// CA certificates (PEM) instead of the system's.
    pub ca: Option<Vec<u8>>,
}

/// What holds while a store can't be reached and a replica has used up what it had leased.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Outage {
    /// Calls are refused.
    #[default]
    Closed,
    /// Each replica may go on for so much of each limit beyond its lease.
    Open(Percent),
}

impl fmt::Debug for StoreSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { topology, tls, username, password: _, prefix, outage } = self;
        f.debug_struct("StoreSettings")
            .field("topology", topology)
            .field("tls", tls)
            .field("username", username)
            .field("prefix", prefix)
            .field("outage", outage)
            .finish_non_exhaustive()
    }
}
