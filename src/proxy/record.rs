//! What is written down of a request when it is over.

use std::time::Duration;

use pingora::http::RequestHeader;
use pingora::proxy::Session;

use super::ctx::RequestCtx;
use super::send;
use crate::admission::Who;
use crate::budget::Money;
use crate::telemetry::{AccessLog, Metrics, access_log};

/// Status of a request whose caller went away before an answer began: nginx's word for it.
const CALLER_GONE: u16 = 499;

/// The most characters of a path that are written down.
const PATH: usize = 512;

/// Counts a request that is over, and writes a line about it. What it took and cost is counted as
/// it is charged, attempt by attempt.
pub fn record(metrics: &Metrics, log: Option<&AccessLog>, session: &Session, ctx: &RequestCtx) {
    let status = send::status(session).unwrap_or(CALLER_GONE);
    let took = ctx.started.elapsed();
    metrics.answered(ctx.place(), ctx.caller(), ctx.surface.as_str(), status, took);
    if let Some(log) = log {
        log.add(&line(ctx, session.req_header(), status, took));
    }
}

/// As much of a path as a line has room for: callers may write as many as `limits.url` allows.
fn beginning(path: &str) -> &str {
    let end = path.char_indices().nth(PATH).map_or(path.len(), |(at, _)| at);
    path.get(..end).unwrap_or_default()
}

/// What the access log says of a request.
fn line<'a>(
    ctx: &'a RequestCtx,
    header: &'a RequestHeader,
    status: u16,
    took: Duration,
) -> access_log::Line<'a> {
    let ms = |duration: Duration| (duration.as_secs_f64() * 1e6).round() / 1e3;
    let who = ctx.who.as_ref().map(Who::subject);
    let known = |name: &'a str| (!name.is_empty()).then_some(name);
    let priced = ctx.cost > 0 || ctx.usage.is_some();
    access_log::Line {
        time: ctx.time,
        id: &ctx.id,
        method: header.method.as_str(),
        path: beginning(header.uri.path()),
        status,
        surface: ctx.surface.as_str(),
        caller: ctx.who.as_ref().map(Who::name),
        group: who.and_then(|who| known(who.group)),
        namespace: who.and_then(|who| known(who.namespace)),
        service_account: who.and_then(|who| known(who.service_account)),
        labels: who.map(|who| who.labels).unwrap_or_default(),
        route: ctx.route.as_ref().map(|route| route.name.as_str()),
        backend: ctx.backend.as_ref().map(|backend| backend.name.as_str()),
        model: ctx.model.as_deref(),
        served_model: ctx.served_model.as_deref(),
        stream: ctx.stream,
        attempts: ctx.attempts,
        duration_ms: ms(took),
        first_byte_ms: ctx.first_byte.map(ms),
        input_tokens: ctx.usage.map(|usage| usage.total_input()),
        output_tokens: ctx.usage.map(|usage| usage.total_output()),
        cost: priced.then(|| Money::from_nanos(ctx.cost)),
        estimated: ctx.estimated,
        output_cap: ctx.output_cap,
        downgraded: ctx.downgraded.as_deref(),
        dropped: &ctx.dropped,
        reason: ctx.reason,
        error: ctx.error.as_deref(),
    }
}
