//! Streamed answers.

use std::pin::pin;
use std::time::Instant;

use bytes::Bytes;
use http::{HeaderMap, Version, header};
use pingora::http::ResponseHeader;
use pingora::proxy::Session;
use providers::conversation::{ApiError, ErrorClass};
use providers::eventstream::Unwrap;
use providers::relay::{Outcome, Relay, Verbatim};

use super::super::ctx::RequestCtx;
use super::super::exchange::{Attempted, Exchange};
use super::super::failure::Failure;
use super::super::patience::{Interrupted, Patience};
use super::super::rejection::scrub;
use super::super::upstream::Incoming;
use super::{Begun, Relayed, encoding, headers, send, spoilt, whole};
use crate::admission::Admitted;
use crate::budget::estimate;
use crate::credential::Scrubber;
use crate::snapshot::OnDisconnect;

/// Relays an answer as it comes.
pub async fn relay(begun: Begun<'_>, session: &mut Session, ctx: &mut RequestCtx) -> Relayed {
    let head = begun.incoming.header().cloned();
    let plain = encoding::is_identity(head.as_ref());
    if plain && !begun.exchange.inbound.json_array() && is_document(head.as_ref()) {
        return whole::instead_of_stream(begun, session, ctx).await;
    }
    // What is set aside stays where it is: moved, a future would hold it twice.
    let (exchange, mut incoming) = (begun.exchange, begun.incoming);
    if !plain {
        incoming.release().await;
        let what = "sent a stream in an encoding that was not asked for";
        return Ok(spoilt(exchange, ctx, begun.admitted, what));
    }
    // The first piece decides: a stream that fails before it is another attempt's to serve.
    let first = exchange.wait(session, ctx, pin!(incoming.next())).await;
    let first = match first {
        Ok(Ok(Some(piece))) => piece,
        failed => {
            incoming.release().await;
            return match failed {
                Ok(Ok(_)) => Ok(spoilt(exchange, ctx, begun.admitted, "sent an empty stream")),
                Ok(Err(_)) => {
                    let what = "broke its stream off before its first byte";
                    Ok(spoilt(exchange, ctx, begun.admitted, what))
                }
                Err(interrupted) => {
                    exchange.charge_estimate(ctx, begun.admitted, None);
                    Err(interrupted.into())
                }
            };
        }
    };
    let mut relay = new_relay(exchange, ctx);
    let mut wrapping = wrapping(exchange);
    let out = relay.push(&unwrapped(&mut wrapping, first));
    if let Some(error) = relay.early_error() {
        incoming.release().await;
        // What failed may say what it has cost all the same (Responses).
        match relay.usage().filter(|usage| usage.total() > 0) {
            Some(usage) => exchange.settle(ctx, begun.admitted, Some(&usage)),
            None => begun.admitted.release(),
        }
        let mut error = error.clone();
        scrub(&mut error, &ctx.shown);
        exchange.backend_failed(ctx);
        return Ok(Attempted::Next(Failure::upstream("provider_error_event", error)));
    }

    exchange.look(ctx);
    let kind = if exchange.inbound.json_array() { "application/json" } else { "text/event-stream" };
    let mut header = headers::head(ctx, head.as_ref(), kind)?;
    header.insert_header(header::CACHE_CONTROL, "no-cache").map_err(Failure::unbuildable)?;
    // HTTP/1.0 knows no chunks: there the end of the connection is the end of the answer.
    if session.req_header().version == Version::HTTP_11 {
        header.insert_header(header::TRANSFER_ENCODING, "chunked").map_err(Failure::unbuildable)?;
    }
    let scrubber = ctx.shown.scrubber();
    let mut served = Stream { exchange, session, relay, wrapping, scrubber, begun: false };
    ctx.first_byte = Some(ctx.started.elapsed());
    let ended = served.run(ctx, &mut incoming, header, out).await;
    incoming.release().await;
    if served.relay.is_complete() {
        exchange.backend_succeeded();
    }
    served.account(ctx, begun.admitted);
    match served.close(ctx, ended).await {
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

/// What a provider's stream gives next; `None` is its end.
type Piece = Result<Option<Bytes>, pingora::BError>;

/// A stream whose first byte has gone out: it can only end well or be ended with an error.
struct Stream<'a> {
    exchange: &'a Exchange<'a>,
    session: &'a mut Session,
    relay: Relay,
    wrapping: Option<Unwrap>,
    /// Keeps the credential from the caller, whatever the provider quotes (S-37).
    scrubber: Scrubber,
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
    /// All of the answer but its very end.
    async fn run(
        &mut self,
        ctx: &mut RequestCtx,
        incoming: &mut Incoming,
        header: ResponseHeader,
        first: Bytes,
    ) -> Ended {
        if ctx.left.is_none() {
            let begun = send::head(self.session, header).await.is_ok();
            if (!begun && !self.reads_on(ctx)) || !self.write(ctx, first).await {
                return Ended::CallerGone;
            }
        }
        loop {
            self.note_first_token(ctx);
            let Some(next) = self.next(ctx, incoming).await else {
                return Ended::CallerGone;
            };
            let (reason, error) = match next {
                Ok(Ok(Some(piece))) => {
                    let out = self.relay.push(&unwrapped(&mut self.wrapping, piece));
                    if !self.write(ctx, out).await {
                        return Ended::CallerGone;
                    }
                    continue;
                }
                Ok(Ok(None)) => return self.end(ctx).await,
                // Nothing that comes behind the provider's own end can spoil the answer.
                _ if self.relay.is_complete() => return self.end(ctx).await,
                Ok(Err(error)) => {
                    log::debug!("stream of {}: {error}", self.exchange.attempt.backend().name);
                    let timeout = *error.etype() == pingora::ErrorType::ReadTimedout;
                    let class = if timeout { ErrorClass::Timeout } else { ErrorClass::Server };
                    self.exchange.backend_failed(ctx);
                    ("stream_broken", ApiError::new(class, "the provider's stream broke off"))
                }
                Err(interrupted) => match interrupted.told() {
                    Some(told) => told,
                    None => return Ended::CallerGone,
                },
            };
            let out = self.relay.fail(&error);
            return if self.write(ctx, out).await {
                Ended::Broken(reason)
            } else {
                Ended::CallerGone
            };
        }
    }

    /// The provider's next piece. While it takes its time the caller is told that it is not
    /// forgotten: proxies on the way close what is silent. `None` if the caller is gone.
    async fn next(
        &mut self,
        ctx: &mut RequestCtx,
        incoming: &mut Incoming,
    ) -> Option<Result<Piece, Interrupted>> {
        let heartbeat = ctx.snapshot.limits.heartbeat;
        let mut piece = pin!(incoming.next());
        loop {
            // SDKs hang up as soon as they have read the end: that is not leaving early.
            if self.relay.is_complete() {
                let patience = Patience::of(self.exchange.gateway, ctx);
                return Some(patience.wait(self.session, piece).await);
            }
            if ctx.left.is_some() {
                return Some(self.exchange.wait(self.session, ctx, piece).await);
            }
            let waited = tokio::select! {
                biased;
                next = self.exchange.wait(self.session, ctx, piece.as_mut()) => Some(next),
                () = tokio::time::sleep(heartbeat) => None,
            };
            if waited.is_some() {
                return waited;
            }
            if ctx.left.is_none() {
                let ping = self.relay.ping();
                if !self.write(ctx, ping).await {
                    return None;
                }
            }
        }
    }

    /// What comes before it, a provider sends at once, however long the model thinks.
    fn note_first_token(&mut self, ctx: &RequestCtx) {
        if !self.begun && self.relay.has_begun() {
            self.begun = true;
            let took = ctx.started.elapsed();
            let metrics = &self.exchange.gateway.metrics;
            metrics.first_token(ctx.place(), ctx.surface.as_str(), took);
        }
    }

    /// The provider has closed its stream.
    async fn end(&mut self, ctx: &mut RequestCtx) -> Ended {
        let (out, outcome) = self.relay.end();
        if !self.write(ctx, out).await {
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

    /// Writes to the caller, if it is still there. Whether the stream goes on: without the caller,
    /// it does where the backend's answers are read on, until it is known what they cost.
    async fn write(&mut self, ctx: &mut RequestCtx, out: Bytes) -> bool {
        if ctx.left.is_some() {
            return !self.relay.is_complete();
        }
        let out = self.scrubber.push(out);
        send::body(self.session, out, false).await.is_ok() || self.reads_on(ctx)
    }

    /// The caller turns out to have gone. Whether the answer is read on all the same.
    fn reads_on(&self, ctx: &mut RequestCtx) -> bool {
        if self.relay.is_complete() {
            return false;
        }
        ctx.left.get_or_insert_with(Instant::now);
        let policy = self.exchange.attempt.backend().on_disconnect;
        matches!(policy, OnDisconnect::Drain(_))
    }

    /// Settles with what the provider said; a stream that it did not end may be billed for more
    /// than it said, so its estimate counts. SDKs hang up as soon as they have read the end, so a
    /// caller that has gone by then says nothing about the cost.
    ///
    /// What has come is counted too: an answer may be longer than its estimate.
    fn account(&self, ctx: &mut RequestCtx, admitted: Admitted) {
        let told = self.relay.usage().filter(|usage| usage.total() > 0);
        let come = estimate::output_tokens_of(self.relay.output_bytes());
        // Something came, so it was not nothing (S-43).
        let counted = told.filter(|usage| usage.total_output() > 0 || come == 0);
        if self.relay.is_complete() && counted.is_some() {
            return self.exchange.settle(ctx, admitted, counted.as_ref());
        }
        if self.relay.is_complete() {
            self.exchange.gateway.metrics.usage_unknown(ctx.place());
        }
        self.exchange.note_usage(ctx, told);
        let mut known = told.unwrap_or_default();
        known.output += come.saturating_sub(known.total_output());
        self.exchange.charge_estimate(ctx, admitted, Some(&known));
    }

    /// Ends the caller's stream: only now is it known what it has cost.
    async fn close(mut self, ctx: &mut RequestCtx, ended: Ended) -> Ended {
        if matches!(ended, Ended::CallerGone) || ctx.left.is_some() {
            return Ended::CallerGone;
        }
        let held = self.scrubber.end();
        if send::body(self.session, held, false).await.is_err() {
            return Ended::CallerGone;
        }
        let comments = ctx.surface.takes_comments();
        if comments && headers::wants_comment(self.session.req_header()) {
            let comment = self.relay.comment(&headers::comment(ctx));
            if send::body(self.session, comment, false).await.is_err() {
                return Ended::CallerGone;
            }
        }
        let trailers = if self.session.is_http2() {
            self.exchange.look(ctx);
            headers::trailers(ctx)
        } else {
            HeaderMap::new()
        };
        match send::end(self.session, trailers).await {
            Ok(()) => ended,
            Err(_) => Ended::CallerGone,
        }
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
