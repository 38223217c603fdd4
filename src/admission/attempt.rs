//! One backend and model that a call may be sent to.

use std::sync::Arc;
use std::time::Duration;

use providers::conversation::{ErrorClass, Usage};
use providers::translate::Billed;

use super::access::Allowed;
use super::admitted::{Admitted, Lesson};
use super::forecast::Forecast;
use super::{Call, Denial, Downgrade, History, Rules, Who, admit_rates, printable};
use crate::budget::{Balance, Budget, Denied, Ledger, OnExceeded, Quantity, Subject};
use crate::snapshot::{Backend, Snapshot, Terms};

/// When a call may try again that came while budgets could not be recorded: a disk that is full, or
/// a store that is away.
const UNAVAILABLE: Duration = Duration::from_secs(5);

/// One backend and model that a call may be sent to. Made by [`admit`](super::admit) and
/// [`admit_path`](super::admit_path) only.
#[derive(Debug)]
pub struct Attempt {
    /// The gateway's name.
    pub(super) gateway: String,
    /// The route's name.
    pub(super) route: String,
    /// The model name as asked for: after a downgrade that of the model that took over.
    pub(super) asked: String,
    pub(super) backend: Arc<Backend>,
    pub(super) model: String,
    pub(super) terms: Arc<Terms>,
    /// What rules of access bound it to.
    pub(super) allowed: Allowed,
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

    pub(super) fn subject<'a>(&'a self, who: &'a Who) -> Subject<'a> {
        Subject {
            gateway: &self.gateway,
            route: &self.route,
            backend: &self.backend.name,
            provider: self.backend.vendor.name(),
            model: &self.model,
            ..who.subject()
        }
    }

    /// Counts this attempt in the rates that it has not been counted in, and sets aside what it is
    /// likely to cost, and as much as there is room for of what it can cost at most, in every
    /// budget or in none. With less than the most, [`Admitted::output_cap`] says how much the
    /// provider may be asked for.
    ///
    /// # Errors
    ///
    /// A rate or a budget does not allow it. With [`Denial::downgrade`] another model may take
    /// over.
    pub async fn reserve(
        &self,
        rules: Rules<'_>,
        who: &Who,
        call: Call<'_>,
        history: &mut History,
    ) -> Result<Admitted, Denial> {
        let subject = self.subject(who);
        admit_rates(rules, &subject, history, |_| true)?;
        let budgets = self.budgets(rules.snapshot, &subject);
        let terms = self.terms.for_what_is(call.billed);
        self.check_price(call, &terms, &budgets)?;

        let (model, caller) = (self.model.as_str(), who.name());
        let mut forecast = Forecast::of(call, &terms, rules.estimator, (model, caller));
        forecast.allow_output(self.allowed.max_output, call.least_output)?;
        for budget in &budgets {
            forecast.keep_below(budget, &terms)?;
        }
        let estimate = forecast.estimate(&terms);
        let reserved = rules.ledger.reserve(&budgets, &subject, estimate).await;
        let reservation = reserved.map_err(|denied| refusal(&denied, history))?;
        let held = reservation.held();
        let output_cap = forecast.output_cap(&held, &terms);
        let teaches = matches!(call.billed, Billed::Turn { .. } | Billed::Input);
        let lesson = teaches.then(|| Lesson {
            estimator: rules.estimator.clone(),
            model: model.to_owned(),
            caller: caller.to_owned(),
            request: call.request,
            cap: output_cap.map(|each| each.saturating_mul(forecast.candidates)),
        });
        let usage = Usage { input: forecast.input, output: held.output, ..Usage::default() };
        let served = call.served;
        Ok(Admitted { reservation, terms, usage, served, output_cap, lesson })
    }

    /// The budgets that the call counts in. A model that takes over where a budget has no room does
    /// not count in that budget itself.
    fn budgets<'s>(&self, snapshot: &'s Snapshot, who: &Subject<'_>) -> Vec<&'s Budget> {
        let counts = |budget: &&Budget| {
            let takes_over = match &budget.on_exceeded {
                OnExceeded::Downgrade(model) => [&self.asked, &self.model].contains(&model),
                OnExceeded::Block | OnExceeded::Audit => false,
            };
            !takes_over && budget.calls.count(who)
        };
        snapshot.budgets.iter().map(AsRef::as_ref).filter(counts).collect()
    }

    /// What the budgets that this attempt counts in stand at, the one with the least room first.
    pub fn balances(&self, ledger: &Ledger, snapshot: &Snapshot, who: &Who) -> Vec<Balance> {
        let subject = self.subject(who);
        let budgets = self.budgets(snapshot, &subject);
        if budgets.is_empty() {
            return Vec::new();
        }
        let mut balances = ledger.balances_of(&budgets, &subject);
        balances.sort_by(Balance::by_room);
        balances
    }

    /// Whether what the call costs can be counted as its budgets want it.
    fn check_price(
        &self,
        call: Call<'_>,
        terms: &Terms,
        budgets: &[&Budget],
    ) -> Result<(), Denial> {
        let unpriced = |message| Err(Denial::new("price_unknown", ErrorClass::Permission, message));
        let mut held = budgets.iter().filter(|budget| budget.on_exceeded != OnExceeded::Audit);
        match call.billed {
            Billed::Unknown => {
                let Some(budget) = held.find(|budget| budget.requires_usage()) else {
                    return Ok(());
                };
                unpriced(format!(
                    "nobody can say what {} costs, and budget `{}` counts that; the operator can let it pass with `unknown_price: allow`",
                    printable(call.model),
                    budget.name
                ))
            }
            Billed::Turn { .. } | Billed::Input if terms.price.is_none() => {
                let Some(budget) = held.find(|budget| budget.requires_price()) else {
                    return Ok(());
                };
                unpriced(format!(
                    "the model `{}` has no known price, and budget `{}` counts money; the operator can add it under `prices`",
                    printable(&self.model),
                    budget.name
                ))
            }
            Billed::Turn { .. } | Billed::Input | Billed::Nothing => Ok(()),
        }
    }
}

/// What the caller is told, and which model may take over.
fn refusal(denied: &Denied, history: &History) -> Denial {
    match denied {
        Denied::Exceeded(exceeded) => {
            let reason = match exceeded.limit {
                Quantity::Concurrent(_) => "concurrency",
                _ => "budget",
            };
            let mut denial = Denial::new(reason, ErrorClass::RateLimited, denied.to_string());
            denial.error.code = Some("budget_exceeded".to_owned());
            denial.error.retry_after = exceeded.retry_after();
            if let OnExceeded::Downgrade(model) = &exceeded.on_exceeded
                && !history.has_downgraded(&exceeded.budget)
            {
                let (budget, model) = (exceeded.budget.clone(), model.clone());
                denial.downgrade = Some(Box::new(Downgrade { budget, model }));
            }
            denial
        }
        Denied::Short(_) | Denied::Unavailable => {
            let mut denial = Denial::new("ledger", ErrorClass::Overloaded, denied.to_string());
            denial.error.retry_after = Some(UNAVAILABLE);
            denial
        }
    }
}
