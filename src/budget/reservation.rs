//! A call's hold on its budgets.

use std::sync::Arc;

use super::{
    Charge, Ledger,
    entry::{Entry, ReservationId},
};

/// An estimate set aside in every budget that applies to a call. It ends exactly once: by
/// [`settle`](Self::settle) or [`settle_estimated`](Self::settle_estimated), by
/// [`release`](Self::release), or by being dropped, when what had been sent decides: after
/// [`dispatched`](Self::dispatched) the estimate is charged, for the provider may bill the call
/// though nobody here knows (a panic, a disconnect, a cut stream); before, nothing is.
///
/// It counts in the window in which it was made, also when it ends in a later one.
#[derive(Debug)]
#[must_use = "dropping a reservation gives it up"]
pub struct Reservation {
    ledger: Arc<Ledger>,
    /// `None` when it has ended.
    id: Option<ReservationId>,
    dispatched: bool,
    quarters: u8,
    held: Charge,
}

impl Reservation {
    pub(super) const fn new(
        ledger: Arc<Ledger>,
        id: ReservationId,
        quarters: u8,
        held: Charge,
    ) -> Self {
        Self { ledger, id: Some(id), dispatched: false, quarters, held }
    }

    /// How much of the way from what is likely to what the call can use at most is set aside, in
    /// quarters: 4 is the most, 0 is what is likely and not more.
    pub const fn quarters(&self) -> u8 {
        self.quarters
    }

    /// What is set aside.
    pub const fn held(&self) -> Charge {
        self.held
    }

    /// To be called before the first byte goes to the provider.
    pub const fn dispatched(&mut self) {
        self.dispatched = true;
    }

    /// To be called when it turns out that what has gone to the provider is not billed: as if
    /// nothing had.
    pub const fn unbilled(&mut self) {
        self.dispatched = false;
    }

    /// Whether anything has gone to the provider that it may bill.
    pub const fn is_dispatched(&self) -> bool {
        self.dispatched
    }

    /// The call ended and this is what it cost, be that less or more than the estimate.
    pub fn settle(mut self, charge: Charge) {
        self.end(|id| Entry::Settle { id, charge: charge.into() });
    }

    /// The call ended, and nobody knows all that it cost: this is a better estimate than what is
    /// set aside, and the statement calls it one.
    pub fn settle_estimated(mut self, charge: Charge) {
        self.end(|id| Entry::Charge { id, charge: Some(charge.into()) });
    }

    /// The call was not billed: it failed before the provider worked on it. It does not count as
    /// a request either.
    pub fn release(mut self) {
        self.end(|id| Entry::Release { id });
    }

    fn end(&mut self, entry: impl FnOnce(ReservationId) -> Entry) {
        if let Some(id) = self.id.take() {
            self.ledger.close(entry(id));
        }
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        let dispatched = self.dispatched;
        self.end(|id| {
            if dispatched { Entry::Charge { id, charge: None } } else { Entry::Release { id } }
        });
    }
}
