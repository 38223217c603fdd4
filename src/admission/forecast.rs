//! What one attempt is expected to take, and what its budgets allow a single call.

use providers::conversation::{ErrorClass, Served, ToolCalls, Usage};
use providers::translate::Billed;

use super::{Call, Denial};
use crate::budget::estimate::{Estimator, Expected, Tools};
use crate::budget::{Budget, Ceiling, Charge, Estimate, OnExceeded};
use crate::snapshot::Terms;

/// What one attempt is expected to take, in tokens.
///
/// Nobody can make an input shorter, so all that it can be is set aside in any case. An output can
/// be capped, so that at least what is likely is, and more as far as there is room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Forecast {
    pub(super) input: u64,
    /// Of all candidates together.
    pub(super) output: Expected,
    pub(super) candidates: u64,
    /// How it is to be served: a cheaper tier is one only once the answer says so.
    served: Served,
    /// Of the provider's own tools.
    calls: ToolCalls,
    /// The provider may keep the input for so long, which costs more.
    an_hour: bool,
    /// What the caller, or else the model, allows the output to be.
    allowed: u64,
}

impl Forecast {
    /// What a provider is expected to bill this call for.
    pub(super) fn of(
        call: Call<'_>,
        terms: &Terms,
        estimator: &Estimator,
        (model, caller): (&str, &str),
    ) -> Self {
        let nothing = Expected { likely: 0, most: 0 };
        let (candidates, mut output) = match call.billed {
            Billed::Turn { output_limit, candidates } => {
                let most = terms.capabilities.max_output_tokens;
                let output = estimator.output(model, caller, output_limit, candidates, most);
                (u64::from(candidates.max(1)), output)
            }
            Billed::Input | Billed::Nothing | Billed::Unknown => (1, nothing),
        };
        let least = call.least_output.saturating_mul(candidates);
        output.likely = output.likely.max(least).min(output.most);
        let input = match call.billed {
            Billed::Turn { .. } | Billed::Input => estimator.input(model, &call.request).most,
            Billed::Nothing | Billed::Unknown => 0,
        };
        let served = Served::default().or(call.served);
        let (calls, an_hour) = (calls(call.request.tools()), call.request.keeps_an_hour());
        Self { input, output, candidates, served, calls, an_hour, allowed: output.most }
    }

    /// The most that it comes to with so much output.
    fn charge(&self, terms: &Terms, output: u64) -> Charge {
        let Self { input, served, calls, .. } = *self;
        terms.most(&Usage { input, output, served, calls, ..Usage::default() }, self.an_hour)
    }

    /// What has to be set aside.
    pub(super) fn estimate(&self, terms: &Terms) -> Estimate {
        Estimate {
            likely: self.charge(terms, self.output.likely),
            most: self.charge(terms, self.output.most),
        }
    }

    /// Lowers the most that each answer can be to what rules of access allow its caller.
    ///
    /// # Errors
    ///
    /// The request can't be sent with so low a limit.
    pub(super) fn allow_output(&mut self, each: Option<u64>, least: u64) -> Result<(), Denial> {
        let Some(each) = each.filter(|_| self.output.most > 0) else { return Ok(()) };
        if each < least {
            let message = format!(
                "this caller may have answers of {each} tokens, and this request asks for no less than {least}; ask your platform team"
            );
            let mut denial = Denial::new("access", ErrorClass::Permission, message);
            denial.error.code = Some("access".to_owned());
            return Err(denial);
        }
        let most = each.saturating_mul(self.candidates);
        self.output.most = self.output.most.min(most);
        self.output.likely = self.output.likely.min(most);
        Ok(())
    }

    /// Lowers the most that the output can be to what `budget` allows one call.
    ///
    /// # Errors
    ///
    /// Not even what is likely fits.
    pub(super) fn keep_below(&mut self, budget: &Budget, terms: &Terms) -> Result<(), Denial> {
        // What is only watched is not held back.
        if budget.on_exceeded == OnExceeded::Audit || budget.per_call == Ceiling::default() {
            return Ok(());
        }
        let fits = |output: u64| within(&budget.per_call, &self.charge(terms, output));
        if fits(self.output.most) {
            return Ok(());
        }
        let most = largest(self.output.most, fits);
        if !fits(self.output.likely) {
            return Err(self.too_expensive(budget, terms, most));
        }
        self.output.most = most;
        Ok(())
    }

    fn too_expensive(&self, budget: &Budget, terms: &Terms, fitting: u64) -> Denial {
        let likely = self.charge(terms, self.output.likely);
        let (name, Ceiling { cost, tokens }) = (&budget.name, &budget.per_call);
        let (estimate, ceiling) = match (cost, tokens) {
            (Some(cost), _) if likely.cost > *cost => {
                (format!("{} ({} tokens)", likely.cost, total(&likely)), cost.to_string())
            }
            (_, tokens) => {
                let tokens = tokens.unwrap_or_default();
                (format!("{} tokens", total(&likely)), format!("{tokens} tokens"))
            }
        };
        let way_out = match fitting / self.candidates {
            0 => "send less".to_owned(),
            each => format!("set a limit of {each} output tokens at most, or send less"),
        };
        let message = format!(
            "this call may come to {estimate}, and budget `{name}` allows one call {ceiling}; {way_out}"
        );
        let mut denial = Denial::new("call_too_expensive", ErrorClass::BadRequest, message);
        denial.error.code = Some("call_too_expensive".to_owned());
        denial
    }

    /// The most output tokens of each candidate that come to no more than `held`, if the caller
    /// allows more.
    pub(super) fn output_cap(&self, held: &Charge, terms: &Terms) -> Option<u64> {
        if held.output >= self.allowed {
            return None;
        }
        // Parts of a nano-dollar may be missing.
        let fits = |output: u64| self.charge(terms, output).cost <= held.cost;
        let output = if fits(held.output) { held.output } else { largest(held.output, fits) };
        Some(output / self.candidates)
    }
}

/// What is set aside for the provider's own tools. How often it calls them nobody can tell before:
/// of searches it may be more.
const fn calls(tools: Tools) -> ToolCalls {
    const SEARCHES: u64 = 10;
    ToolCalls {
        web_searches: tools.searches.saturating_mul(SEARCHES),
        file_searches: tools.file_searches.saturating_mul(SEARCHES),
        code_sessions: tools.code,
        images: tools.images,
    }
}

fn total(charge: &Charge) -> u64 {
    charge.input.saturating_add(charge.output)
}

fn within(ceiling: &Ceiling, charge: &Charge) -> bool {
    ceiling.cost.is_none_or(|most| charge.cost <= most)
        && ceiling.tokens.is_none_or(|most| total(charge) <= most)
}

/// The largest number below `most` that fits, where all below one that fits do too; 0 if none does.
fn largest(most: u64, fits: impl Fn(u64) -> bool) -> u64 {
    let (mut fitting, mut too_many) = (0, most);
    while too_many - fitting > 1 {
        let middle = fitting + (too_many - fitting) / 2;
        if fits(middle) {
            fitting = middle;
        } else {
            too_many = middle;
        }
    }
    fitting
}

#[cfg(test)]
mod tests;
