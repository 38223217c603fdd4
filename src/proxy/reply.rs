//! Answers of Egret's own: errors in the caller's schema, and lists of models.

use std::time::Duration;

use bytes::Bytes;
use http::{StatusCode, header};
use pingora::http::ResponseHeader;
use pingora::proxy::Session;
use providers::Schema;

use super::answer::own_headers;
use super::ctx::RequestCtx;
use super::failure::Refused;
use super::intake;

/// Denials that are over before an SDK gives up.
const PASSES_SOON: [&str; 2] = ["rate", "memory"];

/// Answers with an error in the caller's schema. Returns the status sent.
pub async fn error(session: &mut Session, ctx: &RequestCtx, refused: &Refused) -> u16 {
    let (status, body) = ctx.surface.codec().encode_error(&refused.error, &ctx.id);
    let Ok(mut head) = ResponseHeader::build(status, Some(8)) else { return 0 };
    // SDKs try again by themselves; where that is no use, or has been done here, they are told.
    let useless = refused.denied && !PASSES_SOON.contains(&refused.reason);
    let no_retry = useless || ctx.attempts > 1;
    let ready = json_head(&mut head, ctx, body.len()).and_then(|()| {
        if let Some(wait) = refused.error.retry_after {
            head.insert_header(header::RETRY_AFTER, whole_seconds(wait).to_string())?;
        }
        if no_retry {
            head.insert_header("x-should-retry", "false")?;
        }
        Ok(())
    });
    if let Err(error) = ready {
        log::error!("cannot build an error response: {error}");
        return 0;
    }
    send(session, head, body.into()).await;
    status
}

/// Answers with JSON.
pub async fn json(session: &mut Session, ctx: &RequestCtx, body: Vec<u8>) -> u16 {
    let Ok(mut head) = ResponseHeader::build(StatusCode::OK, Some(6)) else { return 0 };
    if let Err(error) = json_head(&mut head, ctx, body.len()) {
        log::error!("cannot build a response: {error}");
        return 0;
    }
    send(session, head, body.into()).await;
    200
}

fn json_head(
    head: &mut ResponseHeader,
    ctx: &RequestCtx,
    length: usize,
) -> Result<(), pingora::BError> {
    head.insert_header(header::CONTENT_TYPE, "application/json")?;
    head.insert_header(header::CONTENT_LENGTH, length.to_string())?;
    // The SDKs show this id to their users, each under its own name.
    match ctx.surface {
        Schema::OpenAi => head.insert_header("x-request-id", ctx.id.as_str())?,
        Schema::Claude => head.insert_header("request-id", ctx.id.as_str())?,
        Schema::Gemini => {}
    }
    own_headers(head, ctx)
}

async fn send(session: &mut Session, head: ResponseHeader, body: Bytes) {
    intake::drain(session).await;
    // Where the caller has gone, nobody is left to be told.
    if session.write_response_header(Box::new(head), false).await.is_ok() {
        let _ = session.write_response_body(Some(body), true).await;
    }
}

/// `Retry-After` counts in whole seconds; half a second is one, not none.
fn whole_seconds(wait: Duration) -> u64 {
    wait.as_secs() + u64::from(wait.subsec_nanos() > 0)
}
