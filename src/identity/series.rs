//! Which names of callers stand in metrics: an issuer may know a million (S-52).

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use super::caller::{Caller, Pattern};

/// Most identities that metrics tell by their names besides what the configuration names.
const SERIES: usize = 1_000;

/// What the configuration names. Metrics always tell these names: nobody can take their place.
#[derive(Debug)]
pub struct Mentioned {
    /// Names of callers.
    pub callers: HashSet<String>,
    /// Namespaces.
    pub namespaces: HashSet<String>,
    /// Service accounts.
    pub service_accounts: HashSet<String>,
    /// Groups that some rule goes by, as its patterns name them.
    pub groups: HashSet<String>,
    /// Whether a group is what a pattern says: as rules have it, or they would never see some groups.
    pub fits: fn(&str, &str) -> bool,
}

/// Which names of a caller metrics tell; those of all others are one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InMetrics {
    /// Its own.
    pub name: bool,
    /// That of its namespace.
    pub namespace: bool,
    /// That of its service account.
    pub service_account: bool,
}

impl InMetrics {
    /// All of them.
    pub const ALL: Self = Self { name: true, namespace: true, service_account: true };
}

/// The identities that are told by their names although the configuration does not name them: the
/// first that come. Kept over reloads.
#[derive(Debug, Default)]
pub(super) struct Series(Mutex<HashSet<String>>);

impl Series {
    fn has(&self, parts: &[&str]) -> bool {
        let key = parts.join("\n");
        let mut names = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        names.contains(&key) || (names.len() < SERIES && names.insert(key))
    }
}

impl Mentioned {
    /// Adds a caller of the configuration, and the identity that it stands for.
    pub(super) fn caller(&mut self, caller: &Caller, stands_for: Option<&Pattern>) {
        self.callers.insert(caller.name.clone());
        self.namespaces.insert(caller.namespace.clone());
        self.service_accounts.insert(caller.service_account.clone());
        let account = stands_for.and_then(|pattern| pattern.service_account.as_deref());
        if let Some((namespace, account)) = account.and_then(|account| account.split_once('/')) {
            self.namespaces.insert(namespace.to_owned());
            self.service_accounts.insert(account.to_owned());
        }
    }

    /// Which names metrics tell of a caller that was proved by `by`. One takes a place among those
    /// that the configuration does not name only if it has to.
    pub(super) fn in_metrics(&self, by: &str, caller: &Caller, series: &Series) -> InMetrics {
        let Caller { name, namespace, service_account, .. } = caller;
        let told = |names: &HashSet<String>, name: &str| name.is_empty() || names.contains(name);
        let mentioned = InMetrics {
            name: told(&self.callers, name),
            namespace: told(&self.namespaces, namespace),
            service_account: told(&self.service_accounts, service_account),
        };
        if mentioned == InMetrics::ALL || series.has(&[by, name, namespace, service_account]) {
            return InMetrics::ALL;
        }
        mentioned
    }

    /// Whether some rule goes by this group.
    pub(super) fn goes_by_group(&self, group: &str) -> bool {
        self.groups.contains(group) || self.groups.iter().any(|pattern| (self.fits)(pattern, group))
    }
}
