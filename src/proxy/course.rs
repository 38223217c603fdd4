//! A request on its way from one attempt to the next, until one answers.

use pingora::proxy::Session;
use providers::Schema;
use providers::conversation::Served;
use providers::translate::Inbound;

use super::Gateway;
use super::ctx::RequestCtx;
use super::exchange::{Asked, Attempted, Exchange};
use super::failure::Failure;
use super::intake::{Body, Share};
use super::prepare::{Prepared, prepare};
use super::upstream::Outgoing;
use crate::admission::{
    self, Admitted, Attempt, Call, Denial, Geo, Grant, History, Rules, Uses, Who,
};
use crate::budget::estimate::Measured;

/// Serves a request that names a model.
pub async fn run(
    gateway: &Gateway,
    session: &mut Session,
    ctx: &mut RequestCtx,
    who: &Who,
    asked: &Asked,
    body: &Body,
) -> Result<(), Failure> {
    let snapshot = ctx.snapshot.clone();
    let in_path = asked.model.as_deref();
    let inbound = Inbound::of(asked.operation, ctx.surface, &body.bytes, in_path)?;
    let model = inbound.model().to_owned();
    ctx.stream = inbound.stream();
    ctx.model = Some(model.clone());
    let request = Measured::of(&body.bytes);
    let (rules, history) = (gateway.rules(&snapshot), History::default());
    let uses = Uses { features: inbound.features(), geo: Geo::of(inbound.inference_geo()) };
    let copies = gateway.memory.share();
    let mut course =
        Course { gateway, rules, who, asked, body, inbound, request, uses, history, copies };

    let grant = course.admit(ctx, &model)?;
    ctx.route = Some(grant.route);
    let mut attempts = grant.attempts.into_iter();
    let mut failed = None;
    while let Some(attempt) = attempts.next() {
        // Each attempt starts from the caller's own request.
        course.inbound.cap_output(None);
        let prepared = match course.prepare(session, ctx, &attempt) {
            Ok(prepared) => prepared,
            // That one backend can't carry the request says nothing about how another one failed.
            Err(refusal) => {
                failed.get_or_insert(refusal);
                continue;
            }
        };
        course.cover(&prepared)?;
        if ctx.backend.is_some()
            && let Some(Failure::Refused(refused)) = &failed
            && !refused.denied
        {
            gateway.metrics.failed_over(ctx.place(), refused.reason);
        }
        let reserved = course.reserve(session, ctx, &attempt, prepared).await?;
        let attempted = match reserved {
            Ok(Reserved { schema, outgoing, admitted }) => {
                let exchange = course.exchange(&attempt, schema);
                exchange.attempt(session, ctx, outgoing, admitted).await
            }
            Err(denial) => {
                if let Some(cheaper) = course.downgrade(ctx, &denial) {
                    attempts = cheaper.into_iter();
                }
                Ok(Attempted::Next(denial.into()))
            }
        };
        let (failure, last) = match attempted {
            Ok(Attempted::Served) => return Ok(()),
            // Nobody is left to be told, nor for another attempt to be made for.
            _ if ctx.left.is_some() => return Err(Failure::CallerGone),
            Ok(Attempted::Next(failure)) => (failure, false),
            Err(failure) => (failure, true),
        };
        ctx.balances = attempt.balances(&gateway.ledger, &snapshot, who);
        if last {
            return Err(failure);
        }
        failed = Some(failure);
    }
    Err(failed.unwrap_or_else(|| Failure::bad_request("no backend can carry this request")))
}

/// A request on its way from one attempt to the next.
struct Course<'a> {
    gateway: &'a Gateway,
    rules: Rules<'a>,
    who: &'a Who,
    asked: &'a Asked,
    body: &'a Body,
    inbound: Inbound<'a>,
    request: Measured,
    uses: Uses,
    history: History,
    /// The memory that is held for what is made of the body.
    copies: Share,
}

/// An attempt that may be sent, and how.
struct Reserved {
    schema: Schema,
    outgoing: Outgoing,
    admitted: Admitted,
}

impl Course<'_> {
    /// What is asked of a model, before it is known of whom.
    fn call<'m>(&self, model: &'m str) -> Call<'m> {
        let (request, billed, uses) = (self.request, self.inbound.billed(), self.uses);
        Call { model, request, billed, served: Served::default(), least_output: 0, uses }
    }

    /// Where a request for this model may go.
    fn admit(&mut self, ctx: &mut RequestCtx, model: &str) -> Result<Grant, Denial> {
        let (call, draw) = (self.call(model), self.gateway.ids.draw());
        let grant = admission::admit(self.rules, self.who, call, draw, &mut self.history);
        ctx.room = self.history.room();
        grant
    }

    fn prepare(
        &mut self,
        session: &Session,
        ctx: &RequestCtx,
        attempt: &Attempt,
    ) -> Result<Prepared, Failure> {
        prepare(self.gateway, session, ctx, self.asked, &mut self.inbound, attempt)
    }

    /// Holds memory for it, on top of the caller's own body.
    fn cover(&mut self, prepared: &Prepared) -> Result<(), Failure> {
        self.copies.cover(prepared.copied(&self.body.bytes))
    }

    /// Begins an attempt: what it can cost is set aside. Where there is room for a part of that
    /// only, the request is prepared anew, so that the provider is asked for no more.
    ///
    /// # Errors
    ///
    /// There is no memory for what is prepared anew.
    async fn reserve(
        &mut self,
        session: &Session,
        ctx: &mut RequestCtx,
        attempt: &Attempt,
        prepared: Prepared,
    ) -> Result<Result<Reserved, Denial>, Failure> {
        let schema = prepared.schema;
        let outgoing = prepared.enter(self.gateway, ctx, attempt);
        // Another schema is not asked for the caller's tier; OpenAI's two have the same.
        let same = schema == ctx.surface || is_openai(schema) && is_openai(ctx.surface);
        let served = if same { self.inbound.served() } else { Served::default() };
        let least_output = self.inbound.least_output(schema);
        let call = Call { served, least_output, ..self.call(attempt.model()) };
        let reserved = attempt.reserve(self.rules, self.who, call, &mut self.history).await;
        ctx.room = self.history.room();
        let admitted = match reserved {
            Ok(admitted) => admitted,
            Err(denial) => return Ok(Err(denial)),
        };
        ctx.output_cap = admitted.output_cap();
        let Some(cap) = ctx.output_cap else {
            return Ok(Ok(Reserved { schema, outgoing, admitted }));
        };
        // One copy at a time.
        drop(outgoing);
        self.inbound.cap_output(Some(cap));
        let Ok(capped) = self.prepare(session, ctx, attempt) else {
            return Ok(Err(admitted.refuse_capped(cap)));
        };
        self.cover(&capped)?;
        let (schema, outgoing) = capped.instead(ctx);
        Ok(Ok(Reserved { schema, outgoing, admitted }))
    }

    /// The attempts at the model that takes over where a budget has no room, if it names one that
    /// this caller may use; otherwise the refusal stands.
    fn downgrade(&mut self, ctx: &mut RequestCtx, denial: &Denial) -> Option<Vec<Attempt>> {
        let downgrade = denial.downgrade.as_deref()?;
        let grant = self.admit(ctx, &downgrade.model).ok()?;
        self.history.downgrade(downgrade);
        self.gateway.metrics.downgraded(ctx.place(), ctx.caller(), &downgrade.budget);
        ctx.downgraded = Some(downgrade.model.clone());
        ctx.route = Some(grant.route);
        Some(grant.attempts)
    }

    fn exchange<'e>(&'e self, attempt: &'e Attempt, schema: Schema) -> Exchange<'e> {
        let Self { gateway, inbound, who, .. } = self;
        Exchange { gateway, inbound, attempt, who, schema }
    }
}

const fn is_openai(schema: Schema) -> bool {
    matches!(schema, Schema::Chat | Schema::Responses)
}
