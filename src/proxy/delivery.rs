//! A request on its way to one backend, with one credential after the other until it is answered.
//!
//! Also what it costs is seen to here, until there is an answer that may have a price of its own.

use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use pingora::proxy::Session;
use providers::Schema;

use super::Gateway;
use super::answer::charge_estimate;
use super::credential;
use super::ctx::RequestCtx;
use super::failure::Failure;
use super::patience::{Interrupted, Patience};
use super::rejection::{LONGEST, Rejection};
use super::upstream::{Incoming, NoAnswer, Outgoing};
use crate::admission::Admitted;
use crate::snapshot::Backend;

/// Where a request goes to, and how long its answer is waited for.
pub struct Delivery<'a> {
    pub gateway: &'a Gateway,
    pub backend: &'a Backend,
    /// The schema that the backend's errors are in.
    pub schema: Schema,
    /// How long an answer is read on whose caller has gone, to learn what it costs; `None`: it is
    /// not.
    pub beyond: Option<Duration>,
}

/// What became of a request.
pub enum Delivered {
    /// Its answer has begun, and is no error; what it costs is yet to be settled.
    Answered(Incoming, Admitted),
    /// The backend answered with an error, and there is no other credential to try. That is not
    /// charged.
    Rejected(Rejection),
    /// No answer came. The estimate is charged if it may be billed.
    Lost(NoAnswer),
    /// It was not sent, for there is no credential. That is not charged.
    Unsent(Failure),
}

impl Delivery<'_> {
    /// Shows the backend a credential, sends the request, and waits for the header of its answer.
    ///
    /// # Errors
    ///
    /// What came before there was one. The estimate is charged if the request had gone out, and
    /// was not answered with an error.
    pub async fn run(
        &self,
        session: &mut Session,
        ctx: &mut RequestCtx,
        mut outgoing: Outgoing,
        mut admitted: Admitted,
    ) -> Result<Delivered, Interrupted> {
        let Self { gateway, backend, .. } = *self;
        let mut keys = backend.credential.choices();
        loop {
            keys -= 1;
            let shown = credential::show(gateway, session, ctx, backend, &mut outgoing).await;
            // Nothing is out: whatever ends it here gives up what was set aside.
            if let Err(failure) = shown? {
                return Ok(Delivered::Unsent(failure));
            }
            let sent = self.send(session, ctx, &outgoing, &mut admitted).await;
            let incoming = match sent {
                Ok(Ok(incoming)) => incoming,
                Ok(Err(no_answer)) => {
                    charge_estimate(gateway, ctx, admitted, None);
                    return Ok(Delivered::Lost(no_answer));
                }
                Err(interrupted) => {
                    charge_estimate(gateway, ctx, admitted, None);
                    return Err(interrupted);
                }
            };
            if incoming.status().is_success() {
                return Ok(Delivered::Answered(incoming, admitted));
            }
            // Providers don't bill what they answer with an error.
            admitted.unbilled();
            let rejection = self.read(session, ctx, incoming).await?;
            let another = credential::rejected(gateway, ctx, backend, &rejection);
            // For a caller that has gone nothing is sent any more.
            if !another || keys == 0 || ctx.left.is_some() {
                return Ok(Delivered::Rejected(rejection));
            }
        }
    }

    /// Sends the request, and waits for the header of its answer. A caller that goes away while
    /// nothing is out yet is the end of it.
    async fn send(
        &self,
        session: &mut Session,
        ctx: &mut RequestCtx,
        outgoing: &Outgoing,
        admitted: &mut Admitted,
    ) -> Result<Result<Incoming, NoAnswer>, Interrupted> {
        let (is_out, left) = (AtomicBool::new(false), AtomicBool::new(false));
        let mut out = |now| {
            is_out.store(now, Ordering::Relaxed);
            if now {
                admitted.dispatched()
            } else {
                admitted.unbilled()
            }
            // For a caller that has gone nothing is sent again.
            !left.load(Ordering::Relaxed)
        };
        let mut send = pin!(self.gateway.upstreams.send(self.backend, outgoing, &mut out));
        let patience = self.patience(ctx);
        match patience.wait(session, send.as_mut()).await {
            Err(Interrupted::CallerGone) if is_out.load(Ordering::Relaxed) => {
                left.store(true, Ordering::Relaxed);
                patience.wait_alone(&mut ctx.left, send).await
            }
            sent => sent,
        }
    }

    /// Reads the error that the backend answered with.
    async fn read(
        &self,
        session: &mut Session,
        ctx: &mut RequestCtx,
        mut incoming: Incoming,
    ) -> Result<Rejection, Interrupted> {
        let patience = self.patience(ctx);
        let body = patience.wait_on(session, &mut ctx.left, pin!(incoming.short(LONGEST))).await;
        let (status, head) = (incoming.status(), incoming.header().cloned());
        incoming.release().await;
        Ok(Rejection::of(self.backend, self.schema, &ctx.shown, status, head, body?))
    }

    fn patience(&self, ctx: &RequestCtx) -> Patience<'_> {
        Patience::of(self.gateway, ctx).beyond(self.beyond)
    }
}
