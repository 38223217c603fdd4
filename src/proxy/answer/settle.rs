//! What an attempt is charged: what the provider said, or the estimate where it did not say.

use providers::conversation::Usage;
use providers::json::reports_error;
use providers::translate::Billed;

use super::super::Gateway;
use super::super::ctx::RequestCtx;
use super::super::exchange::Exchange;
use crate::admission::Admitted;

impl Exchange<'_> {
    /// Charges what the provider said; its estimate where it said nothing, or zero (S-43).
    pub fn settle(&self, ctx: &mut RequestCtx, admitted: Admitted, usage: Option<&Usage>) {
        let metrics = &self.gateway.metrics;
        if admitted.is_free() {
            admitted.settle(&Usage::default());
            return;
        }
        // Every answer has read something: a usage of nothing was not counted, and is not believed.
        let Some(usage) = usage.filter(|usage| usage.total() > 0) else {
            metrics.usage_unknown(ctx.place());
            return self.charge_estimate(ctx, admitted, None);
        };
        if ctx.left.is_some() {
            metrics.caller_left(ctx.place(), "usage");
        }
        ctx.unpriced |= !admitted.is_priced();
        let (usage, charged) = if usage.total_input() == 0 {
            metrics.charge_estimated(ctx.place());
            ctx.estimated = true;
            admitted.settle_without_input(usage)
        } else {
            (*usage, admitted.settle(usage))
        };
        self.note_usage(ctx, Some(usage));
        note_charge(self.gateway, ctx, charged);
    }

    /// Notes what the provider said this attempt took, or that it did not say.
    pub fn note_usage(&self, ctx: &mut RequestCtx, usage: Option<Usage>) {
        ctx.usage = usage;
        if let Some(usage) = &usage {
            self.gateway.metrics.used(ctx.place(), ctx.caller(), ctx.metric_model(), usage);
        }
    }

    /// Settles an answer that came in one piece. One that says something did not take nothing to
    /// say (S-43).
    pub fn settle_whole(
        &self,
        ctx: &mut RequestCtx,
        admitted: Admitted,
        usage: Option<Usage>,
        body: &[u8],
    ) {
        let says_something = || {
            let response = self.schema.codec().decode_response(body);
            response.is_ok_and(|response| response.says_something())
        };
        match usage.filter(|usage| usage.total_output() == 0 && usage.total() > 0) {
            Some(usage)
                if matches!(self.inbound.billed(), Billed::Turn { .. }) && says_something() =>
            {
                self.gateway.metrics.usage_unknown(ctx.place());
                self.charge_estimate(ctx, admitted, Some(&usage));
            }
            _ => self.settle(ctx, admitted, usage.as_ref()),
        }
    }

    /// [`charge_estimate`] of this attempt.
    pub fn charge_estimate(&self, ctx: &mut RequestCtx, admitted: Admitted, known: Option<&Usage>) {
        charge_estimate(self.gateway, ctx, admitted, known);
    }

    /// Charges a 200 that can't be read, or that says that it failed: what it says it has cost all
    /// the same (Responses). Of an error that says nothing the provider did no work; of anything
    /// else it may say so in its bill.
    pub fn charge_unreadable(&self, ctx: &mut RequestCtx, admitted: Admitted, body: &[u8]) {
        let told = self.schema.codec().usage_of_failure(body).filter(|usage| usage.total() > 0);
        if told.is_some() {
            self.settle(ctx, admitted, told.as_ref());
        } else if reports_error(body) {
            admitted.release();
        } else {
            self.charge_estimate(ctx, admitted, None);
        }
    }

    /// Looks what the budgets stand at, to tell the caller.
    pub fn look(&self, ctx: &mut RequestCtx) {
        ctx.balances = self.attempt.balances(&self.gateway.ledger, &ctx.snapshot, self.who);
    }
}

/// Charges the estimate: the provider may bill, but nobody will know how much. Costs nothing where
/// the request had not gone out yet.
pub fn charge_estimate(
    gateway: &Gateway,
    ctx: &mut RequestCtx,
    admitted: Admitted,
    known: Option<&Usage>,
) {
    let unpriced = !admitted.is_priced();
    let Some(charged) = admitted.charge_estimate(known) else { return };
    gateway.metrics.charge_estimated(ctx.place());
    if ctx.left.is_some() {
        gateway.metrics.caller_left(ctx.place(), "estimate");
    }
    ctx.unpriced |= unpriced;
    ctx.estimated = true;
    note_charge(gateway, ctx, charged);
}

/// Notes what this attempt was charged: each has a backend of its own.
fn note_charge(gateway: &Gateway, ctx: &mut RequestCtx, nanos: u64) {
    ctx.cost = ctx.cost.saturating_add(nanos);
    gateway.metrics.spent(ctx.place(), ctx.caller(), ctx.metric_model(), nanos);
}
