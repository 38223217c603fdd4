//! What an attempt must be allowed to be: its model, by the caller's list; all of it, by a rule of
//! access; and where it is served, by the locks on regions.

use std::sync::Arc;

use providers::Schema;
use providers::conversation::{ApiError, ErrorClass};
use providers::features::{Feature, Features};
use providers::region::{Place, Profile, of_model};

use super::{Denial, Who, printable};
use crate::snapshot::{AccessRule, Backend, Route, RouteTarget, Snapshot, is_listed, is_within};

/// What a request says of itself besides its model.
#[derive(Clone, Copy, Debug, Default)]
pub struct Uses {
    /// What it makes use of.
    pub features: Features,
    /// Where it wants to be served.
    pub geo: Geo,
}

/// Where a request itself wants to be served (Claude's `inference_geo`).
#[derive(Clone, Copy, Debug, Default)]
pub enum Geo {
    /// It does not say.
    #[default]
    Unsaid,
    /// There; `None` if nobody here knows where that is.
    At(Option<&'static Place>),
}

impl Geo {
    /// What the request says.
    pub fn of(said: Option<&str>) -> Self {
        said.map_or(Self::Unsaid, |name| Self::At(Place::named(name)))
    }
}

/// An attempt that is not admitted yet.
#[derive(Clone, Copy)]
pub(super) struct Candidate<'a> {
    pub(super) route: &'a Route,
    /// The routes that the call could take before a budget handed it over.
    pub(super) before: &'a [Arc<Route>],
    pub(super) backend: &'a Backend,
    /// What is asked for; `None` where nobody reads that.
    pub(super) models: Option<Models<'a>>,
}

/// The two names of a model.
#[derive(Clone, Copy)]
pub(super) struct Models<'a> {
    /// By the caller.
    pub(super) asked: &'a str,
    /// Of the backend.
    pub(super) served: &'a str,
}

/// What an attempt may have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Allowed {
    /// Output tokens of each answer, at most.
    pub(super) max_output: Option<u64>,
}

/// Why an attempt may not be made. Of those of one call the greatest is told: there most of it was
/// right.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Barred {
    /// The caller's own list of models does not have it.
    Model,
    /// By the rules of access.
    Access(Lacking),
    /// By where it would be served.
    Region(Outside),
}

/// What no rule of access allows that fits the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Lacking {
    /// Anything.
    Everything,
    Route,
    Backend,
    Model,
    /// Requests that nobody reads.
    Unread,
    /// What it makes use of.
    Features(Features),
}

/// What is outside the places that a call is held to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Outside {
    /// The backend.
    Backend,
    /// The regions over which the model's name spreads it.
    Profile,
    /// What nobody reads, and could say where it is served.
    Unread,
    /// Where the request itself wants to be served.
    Geo,
}

/// Whether an attempt may be made.
pub(super) fn check(
    snapshot: &Snapshot,
    who: &Who,
    candidate: Candidate<'_>,
    uses: Uses,
) -> Result<Allowed, Barred> {
    if let Some(Models { asked, served }) = candidate.models
        && !who.may_use(asked, served)
    {
        return Err(Barred::Model);
    }
    let allowed = by_rules(snapshot, who, candidate, uses.features).map_err(Barred::Access)?;
    by_region(snapshot, who, candidate, uses.geo).map_err(Barred::Region)?;
    Ok(allowed)
}

/// Whether a caller is shown a model of a route's target in a list.
pub fn may_list(
    snapshot: &Snapshot,
    who: &Who,
    route: &Route,
    target: &RouteTarget,
    asked: &str,
) -> bool {
    let models = Models { asked, served: target.model.as_deref().unwrap_or(asked) };
    let candidate =
        Candidate { route, before: &[], backend: &target.backend, models: Some(models) };
    check(snapshot, who, candidate, Uses::default()).is_ok()
}

/// One rule must allow all of it. Of several the one that allows the longest answers counts.
fn by_rules(
    snapshot: &Snapshot,
    who: &Who,
    candidate: Candidate<'_>,
    features: Features,
) -> Result<Allowed, Lacking> {
    let Some(access) = &snapshot.access else { return Ok(Allowed::default()) };
    let mut lacking = Lacking::Everything;
    let mut allowed: Option<Allowed> = None;
    for rule in access.of(&who.subject(), who.more_groups()) {
        match by_rule(rule, candidate, features) {
            Ok(()) => {
                let max_output = match allowed {
                    None => rule.max_output_tokens,
                    Some(so_far) => so_far.max_output.zip(rule.max_output_tokens).map(most),
                };
                allowed = Some(Allowed { max_output });
            }
            Err(lack) => lacking = lacking.max(lack),
        }
    }
    allowed.ok_or(lacking)
}

fn most((a, b): (u64, u64)) -> u64 {
    a.max(b)
}

fn by_rule(rule: &AccessRule, what: Candidate<'_>, features: Features) -> Result<(), Lacking> {
    if !is_listed(rule.routes.as_deref(), &what.route.name) {
        return Err(Lacking::Route);
    }
    if !is_listed(rule.backends.as_deref(), &what.backend.name) {
        return Err(Lacking::Backend);
    }
    let Some(Models { served, .. }) = what.models else {
        return if rule.allows_unread() { Ok(()) } else { Err(Lacking::Unread) };
    };
    // What is really asked of the backend, and that letter for letter (S-20).
    if !rule.allows_model(served) {
        return Err(Lacking::Model);
    }
    let Some(allowed) = rule.features else { return Ok(()) };
    let beyond = features.and(Features::of_model(served)).beyond(allowed);
    if beyond.is_empty() { Ok(()) } else { Err(Lacking::Features(beyond)) }
}

/// All the places that a call is held to must hold what is known of where it is served.
fn by_region(
    snapshot: &Snapshot,
    who: &Who,
    candidate: Candidate<'_>,
    geo: Geo,
) -> Result<(), Outside> {
    let Candidate { route, before, backend, models } = candidate;
    let routes = before.iter().map(|route| &**route).chain([route]);
    for allowed in snapshot.region_locks(&who.subject(), who.more_groups(), routes) {
        if !is_within(allowed, backend.region) {
            return Err(Outside::Backend);
        }
        let spreads = backend.has_inference_profiles;
        match models {
            Some(Models { served, .. }) if spreads => match of_model(served) {
                Profile::Home => {}
                Profile::Across(place) if is_within(allowed, Some(place)) => {}
                Profile::Across(_) | Profile::Unknown => return Err(Outside::Profile),
            },
            Some(_) => {}
            None if spreads || backend.schema == Schema::Claude => return Err(Outside::Unread),
            None => {}
        }
        if let Geo::At(place) = geo
            && !is_within(allowed, place)
        {
            return Err(Outside::Geo);
        }
    }
    Ok(())
}

impl Barred {
    /// What the caller is told: what was not allowed, and nothing of other rules.
    pub(super) fn denial(self, candidate: Candidate<'_>) -> Denial {
        let route = printable(&candidate.route.name);
        let backend = printable(&candidate.backend.name);
        let model = candidate.models.map_or_else(String::new, |models| printable(models.asked));
        let served = candidate.models.map_or_else(String::new, |models| printable(models.served));
        let (reason, message) = match self {
            Self::Model => {
                ("model_not_allowed", format!("this caller may not use the model `{model}`"))
            }
            Self::Access(lacking) => {
                let what = match lacking {
                    Lacking::Everything => "may not use anything here".to_owned(),
                    Lacking::Route => format!("may not use the route `{route}`"),
                    Lacking::Backend => format!("may not use the backend `{backend}`"),
                    Lacking::Model if served == model => {
                        format!("may not use the model `{model}`")
                    }
                    Lacking::Model => {
                        format!("may not use the model `{served}`, which serves `{model}`")
                    }
                    Lacking::Unread => "may not send what the gateway does not read".to_owned(),
                    Lacking::Features(features) => {
                        let names = features.iter().map(Feature::name);
                        let names = names.collect::<Vec<_>>().join(", ");
                        format!("may not use {names} with the model `{model}`")
                    }
                };
                ("access", format!("this caller {what}; ask your platform team"))
            }
            Self::Region(outside) => {
                let what = match outside {
                    Outside::Backend => {
                        let region = candidate.backend.region.map_or("unknown", Place::name);
                        format!("the region of backend `{backend}` ({region})")
                    }
                    Outside::Profile => format!("where the model `{served}` is served"),
                    Outside::Unread => "where a request that is not read is served".to_owned(),
                    Outside::Geo => "the request's own `inference_geo`".to_owned(),
                };
                let message = format!("{what} is outside the regions that this call may go to");
                ("region", message)
            }
        };
        let mut error = ApiError::new(ErrorClass::Permission, message);
        if !matches!(self, Self::Model) {
            error.code = Some(reason.to_owned());
        }
        Denial { reason, error, downgrade: None }
    }
}
