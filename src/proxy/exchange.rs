//! The exchange with one provider.
//!
//! Nothing is re-sent once a byte of an answer has gone to the caller. Until then a connection or
//! TLS failure, a timeout before the first byte, a 429, a 5xx and an answer that can't be read
//! lead to the next attempt.

use std::pin::Pin;
use std::time::{Duration, Instant};

use pingora::proxy::Session;
use providers::Schema;
use providers::codec::Reply;
use providers::conversation::{ApiError, ErrorClass};
use providers::seal::Seal;
use providers::surface::Operation;
use providers::translate::{Billed, Inbound};

use super::Gateway;
use super::answer::{self, Begun};
use super::ctx::RequestCtx;
use super::delivery::{Delivered, Delivery};
use super::failure::Failure;
use super::patience::{Interrupted, Patience};
use super::rejection::{Fault, Rejection};
use super::upstream::{NoAnswer, Outgoing};
use crate::admission::{Admitted, Attempt, Who};
use crate::snapshot::{Mode, OnDisconnect};

/// What the path of a request says.
#[derive(Clone, Debug)]
pub struct Asked {
    /// What for.
    pub operation: Operation,
    /// The model, where it stands in the path.
    pub model: Option<String>,
    /// The version segment of a Gemini path (`v1beta`), kept toward a Gemini provider.
    pub version: Option<String>,
}

/// How one attempt ended.
pub enum Attempted {
    /// The caller has its answer.
    Served,
    /// It did not work; the next one may.
    Next(Failure),
}

/// One attempt at one backend.
pub struct Exchange<'a> {
    pub gateway: &'a Gateway,
    pub inbound: &'a Inbound<'a>,
    pub attempt: &'a Attempt,
    pub who: &'a Who,
    /// The schema that the backend is asked in.
    pub schema: Schema,
}

impl Exchange<'_> {
    /// Sends the request, and relays the answer if there is one.
    pub async fn attempt(
        &self,
        session: &mut Session,
        ctx: &mut RequestCtx,
        outgoing: Outgoing,
        admitted: Admitted,
    ) -> Result<Attempted, Failure> {
        let delivery = Delivery {
            gateway: self.gateway,
            backend: self.attempt.backend(),
            schema: self.schema,
            beyond: self.beyond(),
        };
        match delivery.run(session, ctx, outgoing, admitted).await? {
            Delivered::Answered(incoming, admitted) => {
                let begun = Begun { exchange: self, incoming, admitted };
                self.once(answer::relay(begun, session, ctx).await)
            }
            Delivered::Rejected(rejection) => self.once(self.rejected(ctx, rejection)),
            Delivered::Lost(no_answer) => self.lost(ctx, no_answer),
            Delivered::Unsent(failure) => Ok(Attempted::Next(failure)),
        }
    }

    /// What a parent could not do it has tried itself, wherever it may go.
    fn once(&self, attempted: Result<Attempted, Failure>) -> Result<Attempted, Failure> {
        match attempted {
            Ok(Attempted::Next(failure)) if self.is_parents() => Err(failure),
            attempted => attempted,
        }
    }

    /// Whether it is another gateway's to try again: here only connections are.
    fn is_parents(&self) -> bool {
        self.attempt.backend().mode == Mode::Parent
    }

    /// How long the answer is read on when its caller has gone, to learn what it costs.
    fn beyond(&self) -> Option<Duration> {
        match self.attempt.backend().on_disconnect {
            OnDisconnect::Drain(bound) if self.inbound.billed() != Billed::Nothing => Some(bound),
            OnDisconnect::Drain(_) | OnDisconnect::Estimate => None,
        }
    }

    /// Waits for something of the answer, unless something comes first after which it is of no
    /// use. A caller that goes away makes no end of it where the backend's answers are read on.
    pub async fn wait<T>(
        &self,
        session: &mut Session,
        ctx: &mut RequestCtx,
        work: Pin<&mut impl Future<Output = T>>,
    ) -> Result<T, Interrupted> {
        let patience = Patience::of(self.gateway, ctx).beyond(self.beyond());
        patience.wait_on(session, &mut ctx.left, work).await
    }

    /// Nothing came back. A parent that may be at work on it goes on trying.
    fn lost(&self, ctx: &RequestCtx, no_answer: NoAnswer) -> Result<Attempted, Failure> {
        if no_answer.billable && self.is_parents() {
            return Err(no_answer.into());
        }
        self.count_failure(ctx);
        Ok(Attempted::Next(no_answer.into()))
    }

    /// The backend answered with an error: the next attempt, or the caller, gets it.
    fn rejected(&self, ctx: &RequestCtx, rejection: Rejection) -> Result<Attempted, Failure> {
        let name = &self.attempt.backend().name;
        let (fault, reason, status) = (rejection.fault(), rejection.reason(), rejection.status);
        let error = rejection.error;
        if let Some(wish) = error.retry_after
            && !self.is_parents()
            && matches!(error.class, ErrorClass::RateLimited | ErrorClass::Overloaded)
        {
            self.gateway.health.rest(name, wish, Instant::now());
        }
        match fault {
            Fault::Caller => Err(Failure::upstream("provider_refused", error)),
            Fault::Ours => {
                log::error!("backend {name} refused the gateway's credential ({status})");
                let message = format!(
                    "backend `{name}` did not accept the gateway's credential; tell your platform team"
                );
                let error = ApiError::new(ErrorClass::Server, message);
                Ok(Attempted::Next(Failure::upstream("provider_credential", error)))
            }
            Fault::Backend => {
                if status.is_server_error() {
                    self.backend_failed(ctx);
                }
                Ok(Attempted::Next(Failure::upstream(reason, error)))
            }
        }
    }

    /// Counts a failure of the backend against it. Not of a parent: what fails behind it is not its
    /// fault, and it is asked nothing twice.
    pub fn backend_failed(&self, ctx: &RequestCtx) {
        if !self.is_parents() {
            self.count_failure(ctx);
        }
    }

    fn count_failure(&self, ctx: &RequestCtx) {
        let name = &self.attempt.backend().name;
        if self.gateway.health.failed(name, Instant::now()) {
            log::warn!("backend {name} keeps failing and is left alone for a while");
            self.gateway.metrics.ejected(&ctx.snapshot.gateway, name);
        }
    }

    /// The backend gave a whole answer. Its header alone says little: one that answers 200 and
    /// then breaks off, or sends what nobody can read, keeps failing.
    pub fn backend_succeeded(&self) {
        self.gateway.health.succeeded(&self.attempt.backend().name);
    }

    /// What seals the tokens of the answer.
    pub fn seal(&self, ctx: &RequestCtx) -> Seal {
        self.gateway.seal(ctx, self.attempt)
    }

    /// What an encoder of the answer must know.
    pub fn reply(&self, ctx: &RequestCtx) -> Reply {
        Reply {
            id: ctx.id.clone(),
            model: ctx.model.clone().unwrap_or_default(),
            created: ctx.created(),
            include_usage: self.inbound.wants_usage(),
            include_thoughts: self.inbound.wants_thoughts(),
            json_array: self.inbound.json_array(),
            namespaced: self.inbound.namespaced().to_vec(),
            first_call_only: self.inbound.first_call_only(),
        }
    }
}
