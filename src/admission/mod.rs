//! The one chokepoint: nothing goes to a provider that has not been admitted here.
//!
//! [`admit`] says which attempts a call may make, [`Attempt::reserve`] sets aside what one of them
//! can cost. Only [`Admitted`], which comes from there alone, can be sent.

mod access;
mod admitted;
mod attempt;
mod caller;
mod forecast;
mod history;
mod rates;

use std::sync::Arc;
use std::time::Instant;

use providers::conversation::{ApiError, ErrorClass, Served};
use providers::translate::Billed;

pub use access::{Geo, Uses, may_list};
pub use admitted::Admitted;
pub use attempt::Attempt;
pub use caller::{Authenticated, Shown, Who, authenticate};
pub use history::{Downgrade, History};
pub use rates::Rates;

use access::{Barred, Candidate, Models};

use crate::budget::estimate::{Estimator, Measured};
use crate::budget::{Dimension, Ledger, Subject};
use crate::route::{self, Health};
use crate::snapshot::{Rate, Route, Snapshot, Terms};

/// Why a call may not be made.
#[derive(Debug)]
pub struct Denial {
    /// In a word, for metrics and the log.
    pub reason: &'static str,
    /// What the caller is told.
    pub error: ApiError,
    /// The model that may take over.
    pub downgrade: Option<Box<Downgrade>>,
}

impl Denial {
    fn new(reason: &'static str, class: ErrorClass, message: impl Into<String>) -> Self {
        Self { reason, error: ApiError::new(class, message), downgrade: None }
    }
}

/// What a caller asks for, as far as admission goes by it.
#[derive(Clone, Copy, Debug)]
pub struct Call<'a> {
    /// The model name as asked for.
    pub model: &'a str,
    /// What its body holds.
    pub request: Measured,
    /// What a provider will bill it for.
    pub billed: Billed,
    /// How the provider is asked to serve it, as far as that changes the price.
    pub served: Served,
    /// The lowest output limit that it can be sent with, for each candidate.
    pub least_output: u64,
    /// What else it says of itself.
    pub uses: Uses,
}

impl<'a> Call<'a> {
    /// One that is passed on unread: nobody here knows what it asks for.
    pub fn unread(path: &'a str) -> Self {
        let (request, served) = (Measured::default(), Served::default());
        let (billed, uses) = (Billed::Unknown, Uses::default());
        Self { model: path, request, billed, served, least_output: 0, uses }
    }
}

/// What a caller asks for by a path that is passed on unread.
#[derive(Clone, Copy)]
pub struct PathCall<'a> {
    /// The route that has the path.
    pub route: &'a Arc<Route>,
    /// The path.
    pub path: &'a str,
}

/// What admission goes by.
#[derive(Clone, Copy)]
pub struct Rules<'a> {
    /// The configuration the request is served under.
    pub snapshot: &'a Snapshot,
    /// How the backends are doing.
    pub health: &'a Health,
    /// Who has called how often.
    pub rates: &'a Rates,
    /// Where money is counted.
    pub ledger: &'a Arc<Ledger>,
    /// What calls are expected to take.
    pub estimator: &'a Arc<Estimator>,
}

/// The attempts a call may make, best first; never none.
#[derive(Debug)]
pub struct Grant {
    /// The route it takes.
    pub route: Arc<Route>,
    /// The attempts.
    pub attempts: Vec<Attempt>,
}

/// Decides whether, and where, a call may go.
///
/// # Errors
///
/// No route serves the model, the caller may not use it, or has called too often.
pub fn admit(
    rules: Rules<'_>,
    who: &Who,
    call: Call<'_>,
    draw: u64,
    history: &mut History,
) -> Result<Grant, Denial> {
    let snapshot = rules.snapshot;
    let Some(route) = route::find(&snapshot.routes, call.model) else {
        return Err(no_route(call.model));
    };
    let mut attempts = Vec::with_capacity(route.targets.len());
    let mut barred: Option<(Barred, Denial)> = None;
    for target in route::candidates(route, rules.health, draw, Instant::now()) {
        let backend = target.backend;
        let model = target.model.unwrap_or_else(|| call.model.to_owned());
        // On every attempt, on what is really asked of the backend: a fallback is no way around.
        let models = Some(Models { asked: call.model, served: &model });
        let before = history.routes();
        let candidate = Candidate { route, before, backend: &backend, models };
        match access::check(snapshot, who, candidate, call.uses) {
            Ok(allowed) => {
                let terms = snapshot.terms(&backend, &model);
                let (gateway, route) = (snapshot.gateway.clone(), route.name.clone());
                let asked = call.model.to_owned();
                attempts.push(Attempt { gateway, route, asked, backend, model, terms, allowed });
            }
            Err(why) if barred.as_ref().is_none_or(|(greatest, _)| why > *greatest) => {
                barred = Some((why, why.denial(candidate)));
            }
            Err(_) => {}
        }
    }
    let Some(first) = attempts.first() else {
        return Err(barred.map_or_else(|| no_route(call.model), |(_, denial)| denial));
    };
    // What the attempts differ in counts for those that are really made.
    admit_rates(rules, &first.subject(who), history, |rate| !differs(rate))?;
    history.enter(route);
    Ok(Grant { route: route.clone(), attempts })
}

fn no_route(model: &str) -> Denial {
    let model = printable(model);
    let message =
        format!("no route serves the model `{model}`; GET /v1/models lists those that are served");
    Denial::new("no_route", ErrorClass::NotFound, message)
}

/// Decides whether a call that is passed on unread may go to its backend. In budgets and rates its
/// route's name stands for the model.
pub fn admit_path(rules: Rules<'_>, who: &Who, call: PathCall<'_>) -> Result<Attempt, Denial> {
    let PathCall { route, path } = call;
    let refused = || {
        let message = format!("this caller may not use the path {}", printable(path));
        Denial::new("path_not_allowed", ErrorClass::Permission, message)
    };
    let target = route.targets.first().filter(|_| who.may_pass(path)).ok_or_else(refused)?;
    let candidate = Candidate { route, before: &[], backend: &target.backend, models: None };
    let allowed = access::check(rules.snapshot, who, candidate, Uses::default())
        .map_err(|barred| barred.denial(candidate))?;
    let capabilities = rules.snapshot.catalog.capabilities(target.backend.schema, "");
    Ok(Attempt {
        gateway: rules.snapshot.gateway.clone(),
        route: route.name.clone(),
        asked: route.name.clone(),
        backend: target.backend.clone(),
        model: route.name.clone(),
        terms: Arc::new(Terms { capabilities, on_responses: None, price: None }),
        allowed,
    })
}

/// Whether the attempts of one call may count differently in this rate.
fn differs(rate: &Rate) -> bool {
    let of_attempts = [Dimension::Backend, Dimension::Provider, Dimension::Model];
    rate.per.dimensions().iter().any(|dimension| of_attempts.contains(dimension))
}

/// Counts a call in those of the rates that it has not been counted in.
fn admit_rates(
    rules: Rules<'_>,
    who: &Subject<'_>,
    history: &mut History,
    which: impl Fn(&Rate) -> bool,
) -> Result<(), Denial> {
    rules.rates.admit(&rules.snapshot.rates, who, history, which).map_err(|too_often| {
        let Rate { name, limit, per } = &too_often.rate;
        let whom = match per.dimensions() {
            [] => "in all".to_owned(),
            _ => format!("for each {per}"),
        };
        let message = format!("rate `{name}` allows {limit} {whom}; wait and try again");
        let mut denial = Denial::new("rate", ErrorClass::RateLimited, message);
        denial.error.retry_after = Some(too_often.retry_after);
        denial
    })
}

/// A caller's word as it may stand in a message: short, without control characters.
fn printable(name: &str) -> String {
    name.chars().filter(|c| !c.is_control()).take(120).collect()
}

#[cfg(test)]
mod tests;
