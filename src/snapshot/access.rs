//! Rules of who may use what.

use providers::features::Features;

use super::{allows_model, matches};
use crate::budget::{Calls, Subject};

/// Who may use what: a call is allowed if one rule that fits its caller allows all of it, on each
/// attempt.
#[derive(Debug)]
pub struct Access(pub Vec<AccessRule>);

/// What some callers may use. Each list is of what is allowed; `None` allows all.
#[derive(Debug)]
pub struct AccessRule {
    /// Whose calls it is about.
    pub who: Calls,
    /// Names of routes, exact or with `*`.
    pub routes: Option<Vec<String>>,
    /// Names of backends, exact or with `*`.
    pub backends: Option<Vec<String>>,
    /// Models as backends are asked for them, exact or with `*`.
    pub models: Option<Vec<String>>,
    /// What a request may make use of.
    pub features: Option<Features>,
    /// Output tokens of each answer, at most.
    pub max_output_tokens: Option<u64>,
}

impl Access {
    /// Those that fit a caller, which may be in several groups.
    pub fn of<'a>(
        &'a self,
        who: &'a Subject<'a>,
        more_groups: &'a [String],
    ) -> impl Iterator<Item = &'a AccessRule> {
        self.0.iter().filter(|rule| rule.who.fit(who, more_groups))
    }
}

impl AccessRule {
    /// Whether it allows requests that nobody reads, as far as it is up to what they hold.
    pub const fn allows_unread(&self) -> bool {
        self.models.is_none() && self.features.is_none() && self.max_output_tokens.is_none()
    }

    /// Whether a backend may be asked for this model.
    pub fn allows_model(&self, model: &str) -> bool {
        let models = self.models.as_deref();
        models.is_none_or(|models| models.iter().any(|pattern| allows_model(pattern, model)))
    }
}

/// Whether a name is in a list, if there is one.
pub fn is_listed(list: Option<&[String]>, name: &str) -> bool {
    // The name of a route may be the pattern of its models.
    list.is_none_or(|list| list.iter().any(|known| known == name || matches(known, name)))
}
