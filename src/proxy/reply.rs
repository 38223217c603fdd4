//! Answers of Egret's own: errors in the caller's schema, and lists of models.

use std::time::Duration;

use bytes::Bytes;
use http::{Method, header};
use pingora::http::ResponseHeader;
use pingora::proxy::Session;
use providers::Schema;

use super::answer::{insert_cost, own_headers};
use super::ctx::RequestCtx;
use super::failure::{Failure, Refused};
use super::{intake, send};

/// Denials that are over before an SDK gives up, or may be.
const PASSES_SOON: [&str; 4] = ["rate", "memory", "ledger", "concurrency"];

/// Answers with an error in the caller's schema.
///
/// # Errors
///
/// The caller is gone, or does not read.
pub async fn error(
    session: &mut Session,
    ctx: &RequestCtx,
    refused: &Refused,
) -> Result<(), Failure> {
    let (status, body) = ctx.surface.codec().encode_error(&refused.error, &ctx.id);
    // SDKs try again by themselves; where that is no use, or has been done here, they are told.
    let passes_soon = PASSES_SOON.contains(&refused.reason);
    let no_retry = if refused.denied { !passes_soon } else { ctx.attempts > 1 };
    let head = json_head(status, ctx, body.len()).and_then(|mut head| {
        insert_cost(&mut head, ctx)?;
        if let Some(wait) = refused.error.retry_after {
            head.insert_header(header::RETRY_AFTER, whole_seconds(wait).to_string())?;
        }
        if let Some(allow) = &refused.allow {
            head.insert_header(header::ALLOW, allow.as_str())?;
        }
        if no_retry {
            head.insert_header("x-should-retry", "false")?;
        }
        Ok(head)
    });
    send_whole(session, head, body.into()).await
}

/// Answers with JSON.
///
/// # Errors
///
/// The caller is gone, or does not read.
pub async fn json(session: &mut Session, ctx: &RequestCtx, body: Vec<u8>) -> Result<(), Failure> {
    send_whole(session, json_head(200, ctx, body.len()), body.into()).await
}

fn json_head(
    status: u16,
    ctx: &RequestCtx,
    length: usize,
) -> Result<ResponseHeader, pingora::BError> {
    let mut head = ResponseHeader::build_no_case(status, Some(8))?;
    head.insert_header(header::CONTENT_TYPE, "application/json")?;
    head.insert_header(header::CONTENT_LENGTH, length.to_string())?;
    // The SDKs show this id to their users, each under its own name.
    match ctx.surface {
        Schema::Chat | Schema::Responses => head.insert_header("x-request-id", ctx.id.as_str())?,
        Schema::Claude => head.insert_header("request-id", ctx.id.as_str())?,
        Schema::Gemini => {}
    }
    own_headers(&mut head, ctx)?;
    Ok(head)
}

async fn send_whole(
    session: &mut Session,
    head: Result<ResponseHeader, pingora::BError>,
    body: Bytes,
) -> Result<(), Failure> {
    let head = head.map_err(Failure::unbuildable)?;
    // What `HEAD` asks for has a length, and no body.
    let bodiless = session.req_header().method == Method::HEAD;
    let body = if bodiless { Bytes::new() } else { body };
    let nearly_done = intake::is_nearly_done(session);
    if nearly_done {
        intake::drain(session).await;
    } else {
        session.set_keepalive(None);
    }
    send::head(session, head).await?;
    send::body(session, body, true).await?;
    if !nearly_done {
        // Closed with bytes unread, the connection could be reset before the answer is read.
        intake::drain(session).await;
    }
    Ok(())
}

/// `Retry-After` counts in whole seconds; half a second is one, not none.
fn whole_seconds(wait: Duration) -> u64 {
    wait.as_secs() + u64::from(wait.subsec_nanos() > 0)
}
