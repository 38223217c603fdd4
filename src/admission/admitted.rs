//! A call whose cost has been set aside.

use std::sync::Arc;

use providers::conversation::{ErrorClass, Served, Usage};
use providers::price::Price;
use providers::translate::Billed;

use super::Denial;
use crate::budget::estimate::{Estimator, Measured};
use crate::budget::{Charge, Money, Reservation};
use crate::snapshot::Terms;

/// An attempt whose cost has been set aside. What is sent holds on to it until it is settled.
/// Comes from [`Attempt::reserve`](super::Attempt::reserve) alone.
#[derive(Debug)]
pub struct Admitted {
    pub(super) reservation: Reservation,
    pub(super) terms: Arc<Terms>,
    /// The tokens that it is set aside for.
    pub(super) usage: Usage,
    /// How it is asked to be served.
    pub(super) served: Served,
    /// What one candidate may have, where that is less than the caller allows.
    pub(super) output_cap: Option<u64>,
    /// What is learned from the call; `None` where nothing is billed.
    pub(super) lesson: Option<Lesson>,
}

/// Whom a call can teach something about such calls.
#[derive(Debug)]
pub(super) struct Lesson {
    pub(super) estimator: Arc<Estimator>,
    pub(super) model: String,
    pub(super) caller: String,
    pub(super) request: Measured,
    /// All candidates' output, where it is capped.
    pub(super) cap: Option<u64>,
}

impl Admitted {
    /// Output tokens that the provider may be asked for, of each candidate, where less is set aside
    /// than the caller's own limit allows: with a longer answer a budget could be passed.
    pub const fn output_cap(&self) -> Option<u64> {
        self.output_cap
    }

    /// The request can't be sent with so low a limit: nothing is.
    pub fn refuse_capped(self, cap: u64) -> Denial {
        self.release();
        let message = format!(
            "the budgets have room for an answer of {cap} tokens, with which this request can't be sent; ask for a shorter one, or try later"
        );
        let mut denial = Denial::new("budget", ErrorClass::RateLimited, message);
        denial.error.code = Some("budget_exceeded".to_owned());
        denial
    }

    /// Whether the provider bills nothing for it, whatever it answers.
    pub fn is_free(&self) -> bool {
        self.usage.total() == 0
    }

    /// Whether the model has a price: what it costs is unknown otherwise.
    pub fn is_priced(&self) -> bool {
        self.terms.price.is_some()
    }

    /// The first byte is about to go out: from here on the provider may bill.
    pub fn dispatched(&mut self) {
        self.reservation.dispatched();
    }

    /// What has gone out so far is billed by nobody: the provider answered with an error, or did
    /// not look at it.
    pub fn unbilled(&mut self) {
        self.reservation.unbilled();
    }

    /// The provider told what it cost. Returns the nano-dollars charged.
    pub fn settle(self, usage: &Usage) -> u64 {
        if let Some(lesson) = &self.lesson {
            lesson.learn(usage);
        }
        let charge = self.charge(usage);
        self.reservation.settle(charge);
        charge.cost.nanos()
    }

    /// The provider told what came out, and not what went in, of which the estimate is taken.
    /// Nothing is learned from that. Returns the usage so completed, and the nano-dollars charged.
    pub fn settle_without_input(self, told: &Usage) -> (Usage, u64) {
        let usage = Usage { input: self.usage.input, ..*told };
        let charge = self.charge(&usage);
        self.reservation.settle_estimated(charge);
        (usage, charge.cost.nanos())
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
        let (known, held) = (self.charge(&known), self.reservation.held());
        if known.cost > held.cost || known.input > held.input || known.output > held.output {
            let charge = Charge {
                cost: held.cost.max(known.cost),
                input: held.input.max(known.input),
                cached: known.cached,
                output: held.output.max(known.output),
            };
            self.reservation.settle_estimated(charge);
            return Some(charge.cost.nanos());
        }
        // Dropped unsettled, a dispatched reservation charges its estimate and is counted so.
        Some(held.cost.nanos())
    }

    /// What this usage comes to. Where the answer does not say how it was served, it was as asked.
    fn charge(&self, usage: &Usage) -> Charge {
        self.terms.charge(&Usage { served: usage.served.or(self.served), ..*usage })
    }

    /// The provider did nothing that it bills.
    pub fn release(self) {
        self.reservation.release();
    }
}

impl Lesson {
    fn learn(&self, usage: &Usage) {
        if usage.total() == 0 {
            return;
        }
        let (input, output) = (usage.total_input(), usage.total_output());
        // An answer that the cap cut would have been longer, nobody knows by how much. Taken as it
        // is, it would make the next one's cap even lower.
        let cut = self.cap.is_some_and(|cap| output >= cap);
        let output = if cut { output.saturating_mul(2) } else { output };
        self.estimator.learn(&self.model, &self.caller, &self.request, input, output);
    }
}

impl Terms {
    /// With the price of what is billed: none of what is not, and none of a turn where the model's
    /// output has no price, such as one that makes embeddings.
    pub(super) fn for_what_is(self: &Arc<Self>, billed: Billed) -> Arc<Self> {
        let has_price = |price: &Price| match billed {
            Billed::Turn { .. } => price.generates(),
            Billed::Input => true,
            Billed::Nothing | Billed::Unknown => false,
        };
        if self.price.as_ref().is_none_or(has_price) {
            return self.clone();
        }
        Arc::new(Self { price: None, ..Self::clone(self) })
    }

    /// What this usage comes to in every unit.
    pub(super) fn charge(&self, usage: &Usage) -> Charge {
        Charge {
            cost: self.cost(usage),
            input: usage.total_input(),
            cached: usage.cache_read,
            output: usage.total_output(),
        }
    }

    /// The most that so much input and output can come to, of whatever kinds they turn out to be.
    /// With `an_hour` the provider may keep the input in its cache for so long, which is dearer.
    pub(super) fn most(&self, usage: &Usage, an_hour: bool) -> Charge {
        let most = self.price.as_ref().map_or(0, |price| price.most(usage, an_hour));
        Charge { cost: Money::from_nanos(most), ..self.charge(usage) }
    }

    /// What this usage costs; nothing where no price is known and every budget allows that.
    fn cost(&self, usage: &Usage) -> Money {
        Money::from_nanos(self.price.as_ref().map_or(0, |price| price.cost(usage)))
    }
}
