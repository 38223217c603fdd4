//! The host of a URL, taken apart once: with the configuration, not with each request.

use std::net::IpAddr;
use std::sync::Arc;

use super::vet::{Refused, vet};

/// A name, and whether those that ask for it may have private addresses.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Name {
    /// The name.
    pub host: String,
    /// The stance of the backend.
    pub allow_private: bool,
}

/// Where a backend is: at a name, or at an address in full.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Host {
    /// As it is written.
    name: Name,
    /// It is an address: that one; none at all if it may not be dialled.
    literal: Option<Arc<[IpAddr]>>,
}

impl Host {
    /// A host as it stands in a URL, without brackets, and whether its addresses may be of a private
    /// network; see [`crate::resolve::vet`].
    #[must_use]
    pub fn new(host: &str, allow_private: bool) -> Self {
        let vetted = |ip: IpAddr| vet(ip, host, allow_private).is_ok().then_some(ip);
        let literal = host.parse().ok().map(|ip| vetted(ip).into_iter().collect());
        Self { name: Name { host: host.to_owned(), allow_private }, literal }
    }

    /// As it is written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.name.host
    }

    /// Whether its addresses may be of a private network.
    #[must_use]
    pub const fn allows_private(&self) -> bool {
        self.name.allow_private
    }

    /// What is to be resolved; `None`: it is an address.
    #[must_use]
    pub fn name(&self) -> Option<&Name> {
        self.literal.is_none().then_some(&self.name)
    }

    /// Whether it may be dialled at this address.
    ///
    /// # Errors
    ///
    /// It may not.
    pub fn vet(&self, ip: IpAddr) -> Result<(), Refused> {
        vet(ip, &self.name.host, self.name.allow_private)
    }

    /// What it is without being resolved, or else what is to be resolved.
    pub(super) fn literal(&self) -> Result<&Arc<[IpAddr]>, &Name> {
        self.literal.as_ref().ok_or(&self.name)
    }
}
