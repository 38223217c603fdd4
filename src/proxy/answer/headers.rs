//! What Egret says of its own in the headers of an answer, and in the trailers of a stream.
//!
//! | header | |
//! |---|---|
//! | `x-egret-request-id` | the id in the log |
//! | `x-egret-backend` | who answered |
//! | `x-egret-dropped`, `x-egret-emulated` | fields left out, or said in another way |
//! | `x-egret-output-cap` | most output tokens of each answer, lowered to what budgets had room for, or rules of access allow |
//! | `x-egret-downgraded` | the model asked for, and the one that took over: `gpt-5 -> gpt-5-nano` |
//! | `x-egret-cost` | dollars charged, exact: `0.000123`; none where a price is not known |
//! | `x-egret-cost-estimated` | `true` if some of that is an estimate |
//! | `x-egret-input-tokens`, `x-egret-output-tokens` | as the provider counted them |
//! | `x-egret-budget-remaining` | what each budget has left, see [`remaining`] |
//!
//! What a stream costs is known at its end only: its trailers say that (HTTP/2), and a comment
//! behind its last event (`: egret cost=0.000123 input_tokens=12 output_tokens=34`), if the
//! caller asks for one by `x-egret-cost: comment`. SDKs hide both.

use std::fmt::{self, Write};
use std::time::{Duration, SystemTime};

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use pingora::http::{RequestHeader, ResponseHeader};

use super::super::ctx::RequestCtx;
use super::super::failure::Failure;
use super::limits;
use crate::budget::{Balance, Quantity};

const COST: HeaderName = HeaderName::from_static("x-egret-cost");
const ESTIMATED: HeaderName = HeaderName::from_static("x-egret-cost-estimated");
const INPUT: HeaderName = HeaderName::from_static("x-egret-input-tokens");
const OUTPUT: HeaderName = HeaderName::from_static("x-egret-output-tokens");
const REMAINING: HeaderName = HeaderName::from_static("x-egret-budget-remaining");

/// Most budgets that one header tells of.
const MOST: usize = 16;
const NANOS: u64 = 1_000_000_000;

/// The head of a successful answer: from an allow-list, and what Egret adds.
pub fn head(
    ctx: &RequestCtx,
    provider: Option<&ResponseHeader>,
    content_type: &str,
) -> Result<ResponseHeader, Failure> {
    let mut header =
        ResponseHeader::build_no_case(StatusCode::OK, Some(16)).map_err(Failure::unbuildable)?;
    header.insert_header(header::CONTENT_TYPE, content_type).map_err(Failure::unbuildable)?;
    let offer = ctx.backend.as_ref().and_then(|backend| backend.vendor.offer(ctx.surface));
    if let (Some(provider), Some(offer)) = (provider, offer)
        && ctx.spoken == Some(ctx.surface)
    {
        for name in offer.returns() {
            let value = provider.headers.get(name);
            // S-09: an id may be anything, the credential included.
            if let Some(value) = value.filter(|value| !ctx.shown.is_quoted_in(value.as_bytes())) {
                header.insert_header(name, value.clone()).map_err(Failure::unbuildable)?;
            }
        }
    }
    own_headers(&mut header, ctx).map_err(Failure::unbuildable)?;
    Ok(header)
}

/// What Egret says of its own on every answer, before it is known what it costs.
pub fn own_headers(header: &mut ResponseHeader, ctx: &RequestCtx) -> Result<(), pingora::BError> {
    header.insert_header("x-egret-request-id", ctx.id.as_str())?;
    if let Some(backend) = &ctx.backend {
        header.insert_header("x-egret-backend", backend.name.as_str())?;
    }
    if let Some(cap) = ctx.output_cap {
        header.insert_header("x-egret-output-cap", cap.to_string())?;
    }
    if let (Some(asked), Some(served)) = (&ctx.model, &ctx.downgraded) {
        header.insert_header("x-egret-downgraded", shown(&format!("{asked} -> {served}")))?;
    }
    if !ctx.dropped.is_empty() {
        header.insert_header("x-egret-dropped", shown(&ctx.dropped.join(", ")))?;
    }
    if !ctx.emulated.is_empty() {
        header.insert_header("x-egret-emulated", shown(&ctx.emulated.join(", ")))?;
    }
    if ctx.balances.is_empty() && ctx.room.is_none() {
        return Ok(());
    }
    let now = now();
    if !ctx.balances.is_empty() {
        header.insert_header(REMAINING, remaining(&ctx.balances, now))?;
    }
    for (name, value) in limits::told(ctx.surface, &ctx.balances, ctx.room.as_ref(), now) {
        header.insert_header(name, value)?;
    }
    Ok(())
}

/// What the call was charged: for an answer that comes after it has been settled. One that was
/// refused before it had a route was not to be charged anything.
pub fn insert_cost(header: &mut ResponseHeader, ctx: &RequestCtx) -> Result<(), pingora::BError> {
    for (name, value) in cost(ctx) {
        header.insert_header(name, value)?;
    }
    Ok(())
}

/// What a stream has cost and what is left, for its end.
pub fn trailers(ctx: &RequestCtx) -> HeaderMap {
    let mut trailers = HeaderMap::with_capacity(8);
    let mut told = cost(ctx);
    if !ctx.balances.is_empty() {
        told.push((REMAINING, remaining(&ctx.balances, now())));
    }
    for (name, value) in told {
        if let Ok(value) = HeaderValue::try_from(value) {
            trailers.insert(name, value);
        }
    }
    trailers
}

/// Whether the caller wants to be told of a stream's cost in a comment.
pub fn wants_comment(caller: &RequestHeader) -> bool {
    caller.headers.get(COST).is_some_and(|value| value.as_bytes() == b"comment")
}

/// The same as a comment in a stream has it: `egret cost=0.000123 input_tokens=12`.
pub fn comment(ctx: &RequestCtx) -> String {
    let mut comment = "egret".to_owned();
    for (name, value) in cost(ctx) {
        let name = name.as_str().trim_start_matches("x-egret-").replace('-', "_");
        comment.extend([" ", &name, "=", &value]);
    }
    comment
}

fn cost(ctx: &RequestCtx) -> Vec<(HeaderName, String)> {
    let mut told = Vec::with_capacity(5);
    if ctx.route.is_none() {
        return told;
    }
    if !ctx.unpriced {
        told.push((COST, dollars(ctx.cost)));
    }
    if ctx.estimated {
        told.push((ESTIMATED, "true".to_owned()));
    }
    if let Some(usage) = &ctx.usage {
        told.push((INPUT, usage.total_input().to_string()));
        told.push((OUTPUT, usage.total_output().to_string()));
    }
    told
}

/// Dollars, exact, without more digits than it takes.
fn dollars(nanos: u64) -> String {
    let (whole, fraction) = (nanos / NANOS, nanos % NANOS);
    if fraction == 0 {
        return whole.to_string();
    }
    let mut text = format!("{whole}.{fraction:09}");
    text.truncate(text.trim_end_matches('0').len());
    text
}

/// What budgets have left, as a structured field (RFC 8941): a list of their names, the one with
/// the least room first, each with what is left under the unit's name, and the seconds until its
/// window ends: `daily;usd=9.87;reset=3600, team;tokens=12000;reset=40`. Money is rounded down to a
/// tenth of a cent, as decimals have three places there. A budget of several limits is there several
/// times.
fn remaining(balances: &[Balance], now: Duration) -> String {
    let now = i64::try_from(now.as_secs()).unwrap_or(i64::MAX);
    let mut list = String::with_capacity(balances.len().min(MOST) * 40);
    for balance in balances.iter().take(MOST) {
        if !list.is_empty() {
            list.push_str(", ");
        }
        // Writing into a text can't fail.
        let _ = add_remaining(&mut list, balance, now);
    }
    list
}

fn add_remaining(list: &mut String, balance: &Balance, now: i64) -> fmt::Result {
    add_item(list, &balance.budget);
    let left = balance.remaining();
    write!(list, ";{}=", left.unit())?;
    match left {
        Quantity::Usd(money) => {
            // Twelve digits before the point are the most there may be.
            let thousandths = (money.nanos() / 1_000_000).min(999_999_999_999_999);
            write!(list, "{}.{:03}", thousandths / 1000, thousandths % 1000)?;
            while list.ends_with('0') && !list.ends_with(".0") {
                list.pop();
            }
        }
        // Fifteen digits are the most an integer may have.
        left => write!(list, "{}", left.count().min(999_999_999_999_999))?,
    }
    if balance.window_end < i64::MAX {
        write!(list, ";reset={}", balance.window_end.saturating_sub(now).max(0))?;
    }
    Ok(())
}

/// Since the Unix epoch.
fn now() -> Duration {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default()
}

/// Adds a name as a structured field's token, or as its string where it can't be one.
fn add_item(list: &mut String, name: &str) {
    let first = |c: char| c.is_ascii_alphabetic() || c == '*';
    let other = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~:/".contains(c);
    if name.starts_with(first) && name.chars().all(other) {
        list.push_str(name);
    } else {
        let escaped = shown(name).replace('\\', "\\\\").replace('"', "\\\"");
        list.extend(["\"", &escaped, "\""]);
    }
}

/// Names as a header can show them: one that it can't must not silence the others.
fn shown(text: &str) -> String {
    let plain = |c: char| if c == ' ' || c.is_ascii_graphic() { c } else { '?' };
    text.chars().map(plain).collect()
}

#[cfg(test)]
mod tests;
