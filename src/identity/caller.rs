//! Callers, and which of them an identity is.

use std::collections::HashSet;
use std::sync::Arc;

use super::certificate::MTLS;
use super::claims::Proven;
use super::issuer::KUBERNETES;
use super::refused::Refused;
use super::series::{InMetrics, Mentioned, Series};
use crate::credential::SecretSource;

/// A caller, as everything behind goes by it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// Its name in budgets, metrics and logs.
    pub name: String,
    /// The group that it belongs to (its team); empty if none.
    pub group: String,
    /// Further groups that its token names, of those that rules go by: for what it may do. What it
    /// spends is counted for `group`.
    pub more_groups: Vec<String>,
    /// The namespace that it runs in; empty if nobody said.
    pub namespace: String,
    /// The service account that it runs under; empty if nobody said.
    pub service_account: String,
    /// Further labels, names and values, for budgets to go by.
    pub labels: Vec<(String, String)>,
    /// Models it may use (exact or with `*`); `None`: any that a route serves.
    pub models: Option<Vec<String>>,
    /// Paths it may use of those that routes pass on unread; `None`: all of them if it is held to
    /// no list of models, else none.
    pub paths: Option<Vec<String>>,
    /// Which of its names metrics tell: there are more identities than series one can keep.
    pub in_metrics: InMetrics,
}

impl Caller {
    /// A caller of which nothing is known but its name.
    #[must_use]
    pub const fn named(name: String) -> Self {
        Self {
            name,
            group: String::new(),
            more_groups: Vec::new(),
            namespace: String::new(),
            service_account: String::new(),
            labels: Vec::new(),
            models: None,
            paths: None,
            in_metrics: InMetrics::ALL,
        }
    }
}

/// What a caller of the configuration is known by.
#[derive(Debug)]
pub enum Shows {
    /// A key; compared by hash, in constant time.
    Key(Arc<SecretSource>),
    /// An identity that it proves.
    Identity(Pattern),
}

/// Which identities a caller of the configuration stands for: those that fit in all that is given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pattern {
    /// Proved by this: `kubernetes`, `mtls`, or the name of an issuer.
    pub issuer: Option<String>,
    /// What the issuer calls it: the claim `sub`, or the SPIFFE ID.
    pub subject: Option<String>,
    /// `NAMESPACE/NAME`, or `NAMESPACE/*`. Without `issuer`, as Kubernetes or a certificate says.
    pub service_account: Option<String>,
    /// A name in its certificate: `uri:…` or `dns:…`.
    pub san: Option<String>,
}

impl Pattern {
    fn fits(&self, proven: &Proven) -> bool {
        let is = |wanted: &Option<String>, value: &str| {
            wanted.as_ref().is_none_or(|wanted| wanted == value)
        };
        // What some issuer says in a claim makes nobody a ServiceAccount of a cluster's.
        let of_cluster = self.issuer.is_some() || [KUBERNETES, MTLS].contains(&&*proven.by);
        let account = self.service_account.as_ref().is_none_or(|wanted| {
            let Some((namespace, account)) = wanted.split_once('/') else { return false };
            let Proven { namespace: of, service_account, .. } = proven;
            of_cluster
                && !service_account.is_empty()
                && namespace == of
                && (account == "*" || account == service_account)
        });
        let san = self.san.as_ref().is_none_or(|wanted| proven.sans.contains(wanted));
        is(&self.issuer, &proven.by) && is(&self.subject, &proven.subject) && account && san
    }
}

/// What becomes of an identity that no caller of the configuration stands for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Unlisted {
    /// It is a caller under its own name.
    Allow,
    /// It is refused.
    #[default]
    Refuse,
}

/// The callers that are known by what they prove.
#[derive(Debug)]
pub(super) struct Named {
    pub callers: Vec<(Pattern, Arc<Caller>)>,
    /// The names of all callers of the configuration.
    pub taken: HashSet<String>,
    /// What the configuration names, of these and in its rules.
    pub mentioned: Mentioned,
    /// Kept over reloads.
    pub series: Arc<Series>,
}

impl Named {
    /// The caller that an identity is: the first of the configuration that it fits in, else one
    /// under its own name if that may be.
    pub(super) fn caller(
        &self,
        proven: Proven,
        unlisted: Unlisted,
    ) -> Result<Arc<Caller>, Refused> {
        let listed = self.callers.iter().find(|(pattern, _)| pattern.fits(&proven));
        let Proven { by, name, groups, namespace, service_account, labels, .. } = proven;
        let mut caller = match listed {
            Some((_, listed)) => (**listed).clone(),
            None if unlisted == Unlisted::Refuse || name.is_empty() => {
                let message = format!(
                    "{} is not among the callers of this gateway; ask your platform team",
                    if name.is_empty() { "this certificate" } else { &*name }
                );
                return Err(Refused::new("unlisted", message));
            }
            // Spending of one would be counted as the other's.
            None if self.taken.contains(&name) => {
                let message = format!("{name} is the name of another caller of this gateway");
                return Err(Refused::new("unlisted", message));
            }
            None => Caller::named(name),
        };
        // What is proved counts; what the operator says of its callers fills the gaps, and names
        // their groups and labels.
        if !service_account.is_empty() {
            caller.service_account = service_account;
        }
        if !namespace.is_empty() {
            caller.namespace = namespace;
        }
        if caller.group.is_empty() {
            let mut groups = groups.into_iter();
            caller.group = groups.next().unwrap_or_default();
            // A token may name hundreds, and thousands of tokens are remembered (S-29).
            let asked_for = groups.filter(|group| self.mentioned.goes_by_group(group));
            caller.more_groups = asked_for.collect();
            caller.more_groups.sort_unstable();
            caller.more_groups.dedup();
        }
        for (label, value) in labels {
            if !caller.labels.iter().any(|(known, _)| *known == label) {
                caller.labels.push((label, value));
            }
        }
        caller.in_metrics = self.mentioned.in_metrics(&by, &caller, &self.series);
        Ok(Arc::new(caller))
    }
}
