//! Where calls may be served.

use providers::region::Place;

use super::{Route, Snapshot};
use crate::budget::{Calls, Subject};

/// Where the calls of some callers may be served.
#[derive(Debug)]
pub struct RegionRule {
    /// Whose calls it is about.
    pub who: Calls,
    /// The places; what is in one of them is allowed.
    pub allow: Vec<&'static Place>,
}

/// Whether what is served at this place stays within the allowed ones. What nobody knows does not.
pub fn is_within(allowed: &[&'static Place], place: Option<&Place>) -> bool {
    place.is_some_and(|place| allowed.iter().any(|area| area.holds(place)))
}

impl Snapshot {
    /// The places that a call on these routes is held to, list by list: all of them hold. None: it
    /// may be served anywhere.
    pub fn region_locks<'a>(
        &'a self,
        who: &'a Subject<'a>,
        more_groups: &'a [String],
        routes: impl Iterator<Item = &'a Route>,
    ) -> impl Iterator<Item = &'a [&'static Place]> {
        let of_caller = self.regions.iter().filter(|rule| rule.who.fit(who, more_groups));
        let of_caller = of_caller.map(|rule| &*rule.allow);
        routes.filter_map(|route| route.regions.as_deref()).chain(of_caller)
    }
}
