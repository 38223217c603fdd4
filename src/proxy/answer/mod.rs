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

/// A successful answer that has begun to come.
pub struct Begun<'a> {
    /// Where.
    pub exchange: &'a Exchange<'a>,
    /// What comes.
    pub incoming: Incoming,
    /// What was set aside for it.
    pub admitted: Admitted,
}

/// How relaying an answer ended.
type Relayed = Result<Attempted, Failure>;

/// Relays a successful answer. Until its first byte has gone out, failing is still the next
/// attempt's chance.
pub async fn relay(begun: Begun<'_>, session: &mut Session, ctx: &mut RequestCtx) -> Relayed {
    if begun.exchange.inbound.stream() {
        stream::relay(begun, session, ctx).await
    } else {
        whole::relay(begun, session, ctx).await
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
