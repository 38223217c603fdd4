//! The one chokepoint: nothing goes to a provider that has not been admitted here.
//!
//! [`admit`] says which attempts a call may make, [`Attempt::reserve`] sets aside what one of them
//! can cost at most. Only [`Admitted`], which comes from there alone, can be sent.

mod caller;
mod rates;

use std::sync::Arc;
use std::time::Instant;

use providers::conversation::{ApiError, ErrorClass, Usage};
use providers::translate::Billed;

pub use caller::{Who, authenticate};
pub use rates::Rates;

use rates::TooOften;

use crate::budget::rate::Room;
use crate::budget::{
    Balance, Charge, Denied, Estimate, Ledger, Money, Reservation, Subject, estimate,
};
use crate::route::{self, Health};
use crate::snapshot::{Backend, Route, Snapshot, Terms};

/// Why a call may not be made.
#[derive(Debug)]
pub struct Denial {
    /// In a word, for metrics and the log.
    pub reason: &'static str,
    /// What the caller is told.
    pub error: ApiError,
    /// What is left of the rate that it would exceed.
    pub room: Option<Box<Room>>,
}

impl Denial {
    fn new(reason: &'static str, class: ErrorClass, message: impl Into<String>) -> Self {
        Self { reason, error: ApiError::new(class, message), room: None }
    }
}

/// What a caller asks for, as far as admission goes by it.
#[derive(Clone, Copy, Debug)]
pub struct Call<'a> {
    /// The model name as asked for.
    pub model: &'a str,
    /// Bytes of the request body.
    pub body: usize,
    /// What a provider will bill it for.
    pub billed: Billed,
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
}

/// The attempts a call may make, best first; never none.
#[derive(Debug)]
pub struct Grant {
    /// The route it takes.
    pub route: Arc<Route>,
    /// The attempts.
    pub attempts: Vec<Attempt>,
    /// What is left of the tightest rate that it counts in.
    pub room: Option<Room>,
}

/// One backend and model that a call may be sent to. Made by [`admit`] only.
#[derive(Debug)]
pub struct Attempt {
    /// The route's name.
    route: String,
    backend: Arc<Backend>,
    model: String,
    terms: Arc<Terms>,
}

/// An attempt whose cost has been set aside. What is sent holds on to it until it is settled.
#[derive(Debug)]
pub struct Admitted {
    reservation: Reservation,
    terms: Arc<Terms>,
    /// What is set aside.
    held: Charge,
    /// What that counts.
    usage: Usage,
}

/// Decides whether, and where, a call may go.
pub fn admit(rules: Rules<'_>, who: &Who, call: Call<'_>, draw: u64) -> Result<Grant, Denial> {
    let snapshot = rules.snapshot;
    let Some(route) = route::find(&snapshot.routes, call.model) else {
        let message = format!(
            "no route serves the model `{}`; GET /v1/models lists those that are served",
            printable(call.model)
        );
        return Err(Denial::new("no_route", ErrorClass::NotFound, message));
    };
    let attempts: Vec<Attempt> = route::candidates(route, rules.health, draw, Instant::now())
        .into_iter()
        .map(|target| (target.backend, target.model.unwrap_or_else(|| call.model.to_owned())))
        // On every attempt, on what is really asked of the backend: a fallback is no way around.
        .filter(|(_, served)| who.may_use(call.model, served))
        .map(|(backend, model)| {
            let terms = snapshot.terms(&backend, &model);
            Attempt { route: route.name.clone(), backend, model, terms }
        })
        .collect();
    if attempts.is_empty() {
        let message = format!("this caller may not use the model `{}`", printable(call.model));
        return Err(Denial::new("model_not_allowed", ErrorClass::Permission, message));
    }
    let room = match attempts.first() {
        Some(first) => admit_rate(rules, who, first)?,
        None => None,
    };
    Ok(Grant { route: route.clone(), attempts, room })
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
    let capabilities = rules.snapshot.catalog.capabilities(target.backend.schema, "");
    let attempt = Attempt {
        route: route.name.clone(),
        backend: target.backend.clone(),
        model: route.name.clone(),
        terms: Arc::new(Terms { capabilities, on_responses: None, price: None }),
    };
    admit_rate(rules, who, &attempt)?;
    Ok(attempt)
}

fn admit_rate(rules: Rules<'_>, who: &Who, attempt: &Attempt) -> Result<Option<Room>, Denial> {
    rules.rates.admit(&rules.snapshot.rates, &attempt.subject(who)).map_err(|too_often| {
        let message = format!(
            "rate `{}` allows {} for each {}; wait and try again",
            too_often.rate.name, too_often.rate.limit, too_often.rate.per
        );
        let mut denial = Denial::new("rate", ErrorClass::RateLimited, message);
        let TooOften { rate, retry_after } = too_often;
        let limit = rate.limit.requests;
        denial.error.retry_after = Some(retry_after);
        denial.room = Some(Box::new(Room { limit, remaining: 0, reset: retry_after }));
        denial
    })
}

impl Attempt {
    /// Where to.
    pub const fn backend(&self) -> &Arc<Backend> {
        &self.backend
    }

    /// The model to ask for.
    pub fn model(&self) -> &str {
        &self.model
    }

    /// What the model takes and costs.
    pub fn terms(&self) -> &Terms {
        &self.terms
    }

    fn subject<'a>(&'a self, who: &'a Who) -> Subject<'a> {
        Subject {
            route: &self.route,
            backend: &self.backend.name,
            provider: self.backend.vendor.name(),
            model: &self.model,
            ..who.subject()
        }
    }

    /// What the budgets that this attempt counts in stand at, the one with the least room first.
    pub fn balances(&self, ledger: &Ledger, snapshot: &Snapshot, who: &Who) -> Vec<Balance> {
        if snapshot.budgets.is_empty() {
            return Vec::new();
        }
        let mut balances = ledger.balances_of(&snapshot.budgets, &self.subject(who));
        // a / b < c / d without dividing; no limit at all is the least room there can be.
        let room = |balance: &Balance| u128::from(balance.remaining().count());
        let limit = |balance: &Balance| u128::from(balance.limit.count()).max(1);
        balances.sort_by(|a, b| (room(a) * limit(b)).cmp(&(room(b) * limit(a))));
        balances
    }

    /// A call that is passed on unread.
    pub const fn unread(path: &str) -> Call<'_> {
        Call { model: path, body: 0, billed: Billed::Unknown }
    }

    /// The most that a provider can bill this call for.
    fn most(&self, call: Call<'_>) -> Usage {
        let input = estimate::input_tokens(call.body);
        match call.billed {
            Billed::Nothing | Billed::Unknown => Usage::default(),
            Billed::Input => Usage { input, ..Usage::default() },
            Billed::Turn { output_limit, candidates } => {
                let output = estimate::output_tokens(
                    output_limit,
                    Some(u64::from(candidates)),
                    Some(self.terms.capabilities.max_output_tokens),
                    estimate::DEFAULT_OUTPUT_CAP,
                );
                Usage { input, output, ..Usage::default() }
            }
        }
    }

    /// Sets aside what this attempt can cost at most, in every budget or in none.
    pub async fn reserve(
        &self,
        ledger: &Arc<Ledger>,
        snapshot: &Snapshot,
        who: &Who,
        call: Call<'_>,
    ) -> Result<Admitted, Denial> {
        let budgets = &snapshot.budgets;
        if call.billed == Billed::Unknown
            && let Some(budget) = budgets.iter().find(|budget| budget.requires_usage())
        {
            let message = format!(
                "nobody can say what {} costs, and budget `{}` counts that; the operator can let it pass with `unknown_price: allow`",
                printable(call.model),
                budget.name
            );
            return Err(Denial::new("price_unknown", ErrorClass::Permission, message));
        }
        if self.terms.price.is_none()
            && !matches!(call.billed, Billed::Nothing | Billed::Unknown)
            && let Some(budget) = budgets.iter().find(|budget| budget.requires_price())
        {
            let message = format!(
                "the model `{}` has no known price, and budget `{}` counts money; the operator can add it under `prices`",
                printable(&self.model),
                budget.name
            );
            return Err(Denial::new("price_unknown", ErrorClass::Permission, message));
        }
        let usage = self.most(call);
        // Nobody knows yet how much of the input the provider will write into its cache, which some
        // charge more for.
        let cached = Usage { input: 0, cache_write: usage.input, ..usage };
        let cost = self.terms.cost(&usage).max(self.terms.cost(&cached));
        let most = Charge { cost, ..self.terms.charge(&usage) };
        let estimate = Estimate { likely: most, most };
        let reservation =
            ledger.reserve(budgets, &self.subject(who), estimate).await.map_err(|denied| {
                match &denied {
                    Denied::Exceeded(exceeded) => {
                        let mut denial =
                            Denial::new("budget", ErrorClass::RateLimited, denied.to_string());
                        denial.error.code = Some("budget_exceeded".to_owned());
                        denial.error.retry_after = Some(exceeded.retry_after);
                        denial
                    }
                    Denied::Short(_) | Denied::Unavailable => {
                        Denial::new("ledger", ErrorClass::Overloaded, denied.to_string())
                    }
                }
            })?;
        Ok(Admitted { reservation, terms: self.terms.clone(), held: most, usage })
    }
}

impl Admitted {
    /// Whether the provider bills nothing for it, whatever it answers.
    pub fn is_free(&self) -> bool {
        self.usage.total() == 0
    }

    /// Whether the model has a price: what it costs is unknown otherwise.
    pub fn is_priced(&self) -> bool {
        self.terms.price.is_some()
    }

    /// Input tokens that the request is expected to have.
    pub const fn expected_input(&self) -> u64 {
        self.usage.input
    }

    /// The first byte is about to go out: from here on the provider may bill.
    pub fn dispatched(&mut self) {
        self.reservation.dispatched();
    }

    /// The provider told what it cost. Returns the nano-dollars charged.
    pub fn settle(self, usage: &Usage) -> u64 {
        let charge = self.terms.charge(usage);
        self.reservation.settle(charge);
        charge.cost.nanos()
    }

    /// The provider may bill, but nobody knows how much: the estimate is charged, or what is
    /// already known to be more. Returns the nano-dollars charged; `None` if nothing was, because
    /// nothing had gone out, or because it is free: then it counts as a request all the same.
    pub fn charge_estimate(self, known: Option<&Usage>) -> Option<u64> {
        if !self.reservation.is_dispatched() {
            self.release();
            return None;
        }
        if self.is_free() {
            self.settle(&Usage::default());
            return None;
        }
        let mut known = known.copied().unwrap_or_default();
        if known.total_input() == 0 {
            known.input = self.usage.input;
        }
        let (known, held) = (self.terms.charge(&known), self.held);
        if known.cost > held.cost || known.input > held.input || known.output > held.output {
            let charge = Charge {
                cost: held.cost.max(known.cost),
                input: held.input.max(known.input),
                cached: known.cached,
                output: held.output.max(known.output),
            };
            self.reservation.settle(charge);
            return Some(charge.cost.nanos());
        }
        // Dropped unsettled, a dispatched reservation charges its estimate and is counted so.
        Some(self.held.cost.nanos())
    }

    /// The provider did nothing that it bills.
    pub fn release(self) {
        self.reservation.release();
    }
}

impl Terms {
    /// What this usage comes to in every unit.
    fn charge(&self, usage: &Usage) -> Charge {
        Charge {
            cost: self.cost(usage),
            input: usage.total_input(),
            cached: usage.cache_read,
            output: usage.total_output(),
        }
    }

    /// What this usage costs; nothing where no price is known and every budget allows that.
    fn cost(&self, usage: &Usage) -> Money {
        Money::from_nanos(self.price.as_ref().map_or(0, |price| price.cost(usage)))
    }
}

/// A caller's word as it may stand in a message: short, without control characters.
fn printable(name: &str) -> String {
    name.chars().filter(|c| !c.is_control()).take(120).collect()
}

#[cfg(test)]
mod tests;
