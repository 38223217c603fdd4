//! A provider's answer on its way to the caller, and what it cost to the ledger.

mod headers;
mod limits;
mod settle;
mod stream;
mod whole;

use pingora::proxy::Session;
use providers::conversation::{ApiError, ErrorClass};

pub use headers::{insert_cost, own_headers};
pub use settle::charge_estimate;

use super::ctx::RequestCtx;
use super::exchange::{Attempted, Exchange};
use super::failure::Failure;
use super::upstream::Incoming;
use super::{encoding, send};
use crate::admission::Admitted;

/// A successful answer that has begun to come, and what was set aside for it.
pub struct Begun {
    pub incoming: Incoming,
    pub admitted: Admitted,
}

/// Relays a successful answer. Until its first byte has gone out, failing is still the next
/// attempt's chance.
pub async fn relay(
    exchange: &Exchange<'_>,
    session: &mut Session,
    ctx: &mut RequestCtx,
    begun: Begun,
) -> Result<Attempted, Failure> {
    if exchange.inbound.stream() {
        stream::relay(exchange, session, ctx, begun).await
    } else {
        whole::relay(exchange, session, ctx, begun).await
    }
}

/// What has come is of no use, and may be billed all the same: the estimate is charged.
fn spoilt(
    exchange: &Exchange<'_>,
    ctx: &mut RequestCtx,
    admitted: Admitted,
    what: &str,
) -> Attempted {
    exchange.charge_estimate(ctx, admitted, None);
    unreadable(exchange, ctx, what)
}

/// What has come is of no use, and is settled already.
fn unreadable(exchange: &Exchange<'_>, ctx: &RequestCtx, what: &str) -> Attempted {
    exchange.backend_failed(ctx);
    // What it sent is not logged: it may quote the prompt, or the credential.
    let message = format!("backend `{}` {what}", exchange.attempt.backend().name);
    log::warn!("request {}: {message}", ctx.id);
    Attempted::Next(Failure::upstream("unreadable", ApiError::new(ErrorClass::Server, message)))
}
