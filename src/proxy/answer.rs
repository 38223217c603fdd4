//! A provider's answer on its way to the caller, and what it cost to the ledger.

use std::pin::pin;

use bytes::Bytes;
use http::{StatusCode, Version, header};
use pingora::http::ResponseHeader;
use pingora::proxy::Session;
use providers::conversation::{ApiError, ErrorClass, Usage};
use providers::eventstream::Unwrap;
use providers::json::reports_error;
use providers::relay::{Outcome, Relay, Verbatim};

use super::ctx::RequestCtx;
use super::exchange::{Attempted, Exchange, Interrupted, Patience, scrub};
use super::failure::Failure;
use super::upstream::Incoming;
use super::{Gateway, encoding, send};
use crate::admission::Admitted;
use crate::budget::estimate;

/// Largest answer in one piece.
const WHOLE: usize = 64 * 1024 * 1024;
/// What a backend did that answers a request for a stream with something whole.
const NO_STREAM: &str = "sent no stream where one was asked for";

/// Relays a successful answer. Until its first byte has gone out, failing is still the next
/// attempt's chance.
pub async fn relay(
    exchange: &Exchange<'_>,
    session: &mut Session,
    ctx: &mut RequestCtx,
    incoming: Incoming,
    admitted: Admitted,
) -> Result<Attempted, Failure> {
    if exchange.inbound.stream() {
        stream(exchange, session, ctx, incoming, admitted).await
    } else {
        whole(exchange, session, ctx, incoming, admitted).await
    }
}

async fn whole(
    exchange: &Exchange<'_>,
    session: &mut Session,
    ctx: &mut RequestCtx,
    mut incoming: Incoming,
    admitted: Admitted,
) -> Result<Attempted, Failure> {
    let gateway = exchange.gateway;
    let read = exchange.patience(ctx).wait(session, pin!(incoming.rest(WHOLE))).await;
    let head = incoming.header().cloned();
    gateway.upstreams.release(incoming).await;
    let body = match read {
        Ok(Ok(Some(body))) => body,
        Ok(Ok(None)) => {
            charge_estimate(gateway, ctx, admitted, None);
            return Ok(unreadable(exchange, ctx, "sent an answer larger than 64 MiB"));
        }
        Ok(Err(_)) => {
            charge_estimate(gateway, ctx, admitted, None);
            return Ok(unreadable(exchange, ctx, "broke its answer off"));
        }
        Err(interrupted) => {
            charge_estimate(gateway, ctx, admitted, None);
            return Err(interrupted.into());
        }
    };
    let Some(body) = encoding::plain(head.as_ref(), body, WHOLE) else {
        charge_estimate(gateway, ctx, admitted, None);
        return Ok(unreadable(
            exchange,
            ctx,
            "sent an answer in an encoding that was not asked for",
        ));
    };

    let reply = exchange.reply(ctx);
    let seal = exchange.seal(ctx);
    let Ok(answered) = exchange.inbound.answer(exchange.schema, &body, &reply, &seal) else {
        charge_unreadable(gateway, ctx, admitted, &body);
        return Ok(unreadable(exchange, ctx, "sent an answer that can't be read"));
    };
    exchange.backend_succeeded();
    settle(gateway, ctx, admitted, answered.usage.as_ref());
    // It has been paid for: no other attempt is made.
    let answer = answered.body.map_err(|error| Failure::upstream("provider_bad_answer", error))?;

    let mut header = response_head(ctx, head.as_ref(), "application/json")?;
    insert(&mut header, header::CONTENT_LENGTH, &answer.len().to_string())?;
    ctx.first_byte = Some(ctx.started.elapsed());
    send::head(session, header).await?;
    send::body(session, answer, true).await?;
    Ok(Attempted::Served)
}

async fn stream(
    exchange: &Exchange<'_>,
    session: &mut Session,
    ctx: &mut RequestCtx,
    mut incoming: Incoming,
    admitted: Admitted,
) -> Result<Attempted, Failure> {
    let gateway = exchange.gateway;
    let patience = exchange.patience(ctx);
    let head = incoming.header().cloned();
    if !encoding::is_identity(head.as_ref()) {
        gateway.upstreams.release(incoming).await;
        charge_estimate(gateway, ctx, admitted, None);
        return Ok(unreadable(
            exchange,
            ctx,
            "sent a stream in an encoding that was not asked for",
        ));
    }
    if !exchange.inbound.json_array() && is_document(head.as_ref()) {
        return document(exchange, session, ctx, incoming, admitted).await;
    }
    // The first piece decides: a stream that fails before it is another attempt's to serve.
    let first = patience.wait(session, pin!(incoming.next())).await;
    let first = match first {
        Ok(Ok(Some(piece))) => piece,
        Ok(Ok(None)) => {
            gateway.upstreams.release(incoming).await;
            admitted.release();
            return Ok(unreadable(exchange, ctx, "sent an empty stream"));
        }
        Ok(Err(_)) => {
            gateway.upstreams.release(incoming).await;
            charge_estimate(gateway, ctx, admitted, None);
            return Ok(unreadable(exchange, ctx, "broke its stream off before its first byte"));
        }
        Err(interrupted) => {
            gateway.upstreams.release(incoming).await;
            charge_estimate(gateway, ctx, admitted, None);
            return Err(interrupted.into());
        }
    };
    let mut relay = new_relay(exchange, ctx);
    let mut wrapping = wrapping(exchange);
    let out = relay.push(&unwrapped(&mut wrapping, first));
    if let Some(error) = relay.early_error() {
        gateway.upstreams.release(incoming).await;
        // What failed may say what it has cost all the same (Responses).
        match relay.usage().filter(|usage| usage.total() > 0) {
            Some(usage) => settle(gateway, ctx, admitted, Some(&usage)),
            None => admitted.release(),
        }
        let mut error = error.clone();
        scrub(&mut error, exchange.attempt.backend());
        exchange.backend_failed(ctx);
        return Ok(Attempted::Next(Failure::upstream("provider_error_event", error)));
    }

    let kind = if exchange.inbound.json_array() { "application/json" } else { "text/event-stream" };
    let mut header = response_head(ctx, head.as_ref(), kind)?;
    insert(&mut header, header::CACHE_CONTROL, "no-cache")?;
    // HTTP/1.0 knows no chunks: there the end of the connection is the end of the answer.
    if session.req_header().version == Version::HTTP_11 {
        insert(&mut header, header::TRANSFER_ENCODING, "chunked")?;
    }
    let mut served = Stream { session, relay, wrapping, admitted, begun: false };
    ctx.first_byte = Some(ctx.started.elapsed());
    let ended = served.run(exchange, ctx, &mut incoming, header, out, patience).await;
    gateway.upstreams.release(incoming).await;
    if served.relay.is_complete() {
        exchange.backend_succeeded();
    }
    served.account(gateway, ctx);
    match ended {
        Ended::Complete => Ok(Attempted::Served),
        Ended::CallerGone => Err(Failure::CallerGone),
        Ended::Broken(reason) => Err(Failure::Ended(reason)),
    }
}

/// Whether an answer says of itself that it is no stream.
fn is_document(head: Option<&ResponseHeader>) -> bool {
    let kind = head.and_then(|head| head.headers.get(header::CONTENT_TYPE)?.to_str().ok());
    kind.is_some_and(|kind| kind.starts_with("application/json") || kind.starts_with("text/html"))
}

/// Something whole where a stream was asked for: an error or a page that came with a 200, or the
/// answer of a host that doesn't stream, which may have been billed.
async fn document(
    exchange: &Exchange<'_>,
    session: &mut Session,
    ctx: &mut RequestCtx,
    mut incoming: Incoming,
    admitted: Admitted,
) -> Result<Attempted, Failure> {
    let gateway = exchange.gateway;
    let read = exchange.patience(ctx).wait(session, pin!(incoming.rest(WHOLE))).await;
    gateway.upstreams.release(incoming).await;
    let interrupted = match read {
        Ok(Ok(Some(body))) => {
            let codec = exchange.schema.codec();
            match codec.decode_response(&body) {
                Ok(response) => settle(gateway, ctx, admitted, response.usage.as_ref()),
                Err(_) => charge_unreadable(gateway, ctx, admitted, &body),
            }
            return Ok(unreadable(exchange, ctx, NO_STREAM));
        }
        Ok(_) => {
            charge_estimate(gateway, ctx, admitted, None);
            return Ok(unreadable(exchange, ctx, NO_STREAM));
        }
        Err(interrupted) => interrupted,
    };
    charge_estimate(gateway, ctx, admitted, None);
    Err(interrupted.into())
}

/// What a provider's stream gives next; `None` is its end.
type Piece = Result<Option<Bytes>, pingora::BError>;

/// A stream whose first byte has gone out: it can only end well or be ended with an error.
struct Stream<'a> {
    session: &'a mut Session,
    relay: Relay,
    wrapping: Option<Unwrap>,
    admitted: Admitted,
    /// The first token has been seen.
    begun: bool,
}

/// How a stream ended.
enum Ended {
    /// With the provider's own end.
    Complete,
    /// The caller went away.
    CallerGone,
    /// With an in-band error, for this reason.
    Broken(&'static str),
}

impl Stream<'_> {
    async fn run(
        &mut self,
        exchange: &Exchange<'_>,
        ctx: &RequestCtx,
        incoming: &mut Incoming,
        header: ResponseHeader,
        first: Bytes,
        patience: Patience<'_>,
    ) -> Ended {
        if send::head(self.session, header).await.is_err() || self.write(first).await.is_err() {
            return Ended::CallerGone;
        }
        loop {
            self.note_first_token(exchange.gateway, ctx);
            let Some(next) = self.next(ctx, incoming, patience).await else {
                return Ended::CallerGone;
            };
            let (reason, error) = match next {
                Ok(Ok(Some(piece))) => {
                    let out = self.relay.push(&unwrapped(&mut self.wrapping, piece));
                    if self.write(out).await.is_err() {
                        return Ended::CallerGone;
                    }
                    continue;
                }
                Ok(Ok(None)) => return self.end(ctx).await,
                // Nothing that comes behind the provider's own end can spoil the answer.
                _ if self.relay.is_complete() => return self.end(ctx).await,
                Ok(Err(error)) => {
                    log::debug!("stream of {}: {error}", exchange.attempt.backend().name);
                    let timeout = *error.etype() == pingora::ErrorType::ReadTimedout;
                    let class = if timeout { ErrorClass::Timeout } else { ErrorClass::Server };
                    exchange.backend_failed(ctx);
                    ("stream_broken", ApiError::new(class, "the provider's stream broke off"))
                }
                Err(interrupted) => match interrupted.told() {
                    Some(told) => told,
                    None => return Ended::CallerGone,
                },
            };
            let out = self.relay.fail(&error);
            let told = self.write(out).await.is_ok() && self.finish().await.is_ok();
            return if told { Ended::Broken(reason) } else { Ended::CallerGone };
        }
    }

    /// The provider's next piece. While it takes its time the caller is told that it is not
    /// forgotten: proxies on the way close what is silent. `None` if the caller is gone.
    async fn next(
        &mut self,
        ctx: &RequestCtx,
        incoming: &mut Incoming,
        patience: Patience<'_>,
    ) -> Option<Result<Piece, Interrupted>> {
        let mut piece = pin!(incoming.next());
        loop {
            let waited = tokio::select! {
                biased;
                next = patience.wait(self.session, piece.as_mut()) => Some(next),
                () = tokio::time::sleep(ctx.snapshot.limits.heartbeat) => None,
            };
            if waited.is_some() {
                return waited;
            }
            let ping = self.relay.ping();
            if !ping.is_empty() {
                self.write(ping).await.ok()?;
            }
        }
    }

    /// What comes before it, a provider sends at once, however long the model thinks.
    fn note_first_token(&mut self, gateway: &Gateway, ctx: &RequestCtx) {
        if !self.begun && self.relay.has_begun() {
            self.begun = true;
            let took = ctx.started.elapsed();
            gateway.metrics.first_token(ctx.place(), ctx.surface.as_str(), took);
        }
    }

    async fn end(&mut self, ctx: &RequestCtx) -> Ended {
        let (out, outcome) = self.relay.end();
        if self.write(out).await.is_err() || self.finish().await.is_err() {
            return Ended::CallerGone;
        }
        match outcome {
            Outcome::Complete => Ended::Complete,
            Outcome::Truncated => {
                log::warn!("request {}: the provider's stream ended early", ctx.id);
                Ended::Broken("stream_truncated")
            }
            Outcome::Failed(_) => Ended::Broken("stream_error"),
        }
    }

    async fn write(&mut self, out: Bytes) -> Result<(), Failure> {
        send::body(self.session, out, false).await
    }

    async fn finish(&mut self) -> Result<(), Failure> {
        send::body(self.session, Bytes::new(), true).await
    }

    /// Settles with what the provider said; a stream that it did not end may be billed for more
    /// than it said, so its estimate counts. SDKs hang up as soon as they have read the end, so a
    /// caller that has gone by then says nothing about the cost.
    ///
    /// What has come is counted too: an answer may be longer than its estimate.
    fn account(self, gateway: &Gateway, ctx: &mut RequestCtx) {
        let told = self.relay.usage().filter(|usage| usage.total() > 0);
        if self.relay.is_complete() && told.is_some() {
            return settle(gateway, ctx, self.admitted, told.as_ref());
        }
        if self.relay.is_complete() {
            gateway.metrics.usage_unknown(ctx.place());
        }
        ctx.usage = told;
        let mut known = told.unwrap_or_default();
        let come = estimate::output_tokens_of(self.relay.output_bytes());
        known.output += come.saturating_sub(known.total_output());
        charge_estimate(gateway, ctx, self.admitted, Some(&known));
    }
}

/// What takes the vendor's own framing off its stream, where it has one.
fn wrapping(exchange: &Exchange<'_>) -> Option<Unwrap> {
    let offer = exchange.attempt.backend().vendor.offer(exchange.schema)?;
    offer.framing().unwrap_for(exchange.schema)
}

/// The schema's own stream.
fn unwrapped(wrapping: &mut Option<Unwrap>, piece: Bytes) -> Bytes {
    let Some(wrapping) = wrapping else { return piece };
    let mut inside = Vec::with_capacity(piece.len());
    wrapping.push(&piece, &mut inside);
    inside.into()
}

/// Verbatim where caller and provider speak the same schema, translated otherwise.
fn new_relay(exchange: &Exchange<'_>, ctx: &RequestCtx) -> Relay {
    let (from, to) = (exchange.schema, ctx.surface);
    let reply = exchange.reply(ctx);
    if from == to {
        let encoder = to.codec().stream_encoder(reply.clone());
        let hide_usage = !reply.include_usage;
        let options = Verbatim { hide_usage, json_array: reply.json_array };
        Relay::verbatim(from.codec().stream_decoder(), encoder, options)
    } else {
        let first_call_only = reply.first_call_only;
        let encoder = exchange.seal(ctx).stream_encoder(from, to, reply);
        let encoder = exchange.inbound.restoring(encoder);
        let relay = Relay::translate(from.codec().stream_decoder(), encoder);
        if first_call_only { relay.first_call_only() } else { relay }
    }
}

/// Charges what the provider said; its estimate where it said nothing, or zero (S-43).
fn settle(gateway: &Gateway, ctx: &mut RequestCtx, admitted: Admitted, usage: Option<&Usage>) {
    if admitted.is_free() {
        admitted.settle(&Usage::default());
        return;
    }
    // Every answer has read something: a usage of nothing was not counted, and is not believed.
    let Some(usage) = usage.filter(|usage| usage.total() > 0) else {
        gateway.metrics.usage_unknown(ctx.place());
        return charge_estimate(gateway, ctx, admitted, None);
    };
    ctx.usage = Some(*usage);
    ctx.cost = ctx.cost.saturating_add(admitted.settle(usage));
}

/// Charges the estimate: the provider may bill, but nobody will know how much. Costs nothing where
/// the request had not gone out yet.
pub fn charge_estimate(
    gateway: &Gateway,
    ctx: &mut RequestCtx,
    admitted: Admitted,
    known: Option<&Usage>,
) {
    let Some(charged) = admitted.charge_estimate(known) else { return };
    gateway.metrics.charge_estimated(ctx.place());
    ctx.cost = ctx.cost.saturating_add(charged);
    ctx.estimated = true;
}

/// A 200 that can't be read: if it is an error, the provider says that it did not do the work; of
/// anything else it may say so in its bill.
fn charge_unreadable(gateway: &Gateway, ctx: &mut RequestCtx, admitted: Admitted, body: &[u8]) {
    if reports_error(body) {
        admitted.release();
    } else {
        charge_estimate(gateway, ctx, admitted, None);
    }
}

fn unreadable(exchange: &Exchange<'_>, ctx: &RequestCtx, what: &str) -> Attempted {
    exchange.backend_failed(ctx);
    // What it sent is not logged: it may quote the prompt, or the credential.
    let message = format!("backend `{}` {what}", exchange.attempt.backend().name);
    log::warn!("request {}: {message}", ctx.id);
    Attempted::Next(Failure::upstream("unreadable", ApiError::new(ErrorClass::Server, message)))
}

/// The head of a successful answer: from an allow-list, and what Egret adds.
fn response_head(
    ctx: &RequestCtx,
    provider: Option<&ResponseHeader>,
    content_type: &str,
) -> Result<ResponseHeader, Failure> {
    let mut header = ResponseHeader::build(StatusCode::OK, Some(8)).map_err(unbuildable)?;
    insert(&mut header, header::CONTENT_TYPE, content_type)?;
    let offer = ctx.backend.as_ref().and_then(|backend| backend.vendor.offer(ctx.surface));
    if let (Some(provider), Some(offer)) = (provider, offer)
        && ctx.spoken == Some(ctx.surface)
    {
        for name in offer.returns() {
            if let Some(value) = provider.headers.get(name) {
                header.insert_header(name, value.clone()).map_err(unbuildable)?;
            }
        }
    }
    own_headers(&mut header, ctx).map_err(unbuildable)?;
    Ok(header)
}

/// What Egret says of its own on every answer.
pub fn own_headers(header: &mut ResponseHeader, ctx: &RequestCtx) -> Result<(), pingora::BError> {
    header.insert_header("x-egret-request-id", ctx.id.as_str())?;
    if let Some(backend) = &ctx.backend {
        header.insert_header("x-egret-backend", backend.name.as_str())?;
    }
    if let Some(cap) = ctx.output_cap {
        header.insert_header("x-egret-output-cap", cap.to_string())?;
    }
    if let (Some(asked), Some(served)) = (&ctx.model, &ctx.downgraded) {
        header.insert_header("x-egret-downgraded", plain(&format!("{asked} -> {served}")))?;
    }
    if !ctx.dropped.is_empty() {
        header.insert_header("x-egret-dropped", shown(&ctx.dropped))?;
    }
    if !ctx.emulated.is_empty() {
        header.insert_header("x-egret-emulated", shown(&ctx.emulated))?;
    }
    Ok(())
}

/// Field names as a header can show them: one that it can't must not silence the others.
fn shown(fields: &[String]) -> String {
    plain(&fields.join(", "))
}

fn plain(text: &str) -> String {
    text.chars().map(|c| if c == ' ' || c.is_ascii_graphic() { c } else { '?' }).collect()
}

fn insert(
    header: &mut ResponseHeader,
    name: header::HeaderName,
    value: &str,
) -> Result<(), Failure> {
    header.insert_header(name, value).map_err(unbuildable)
}

fn unbuildable(error: pingora::BError) -> Failure {
    log::error!("cannot build a response header: {error}");
    Failure::Broken("internal")
}
