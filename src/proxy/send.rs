//! Writing to a caller, who may read slowly, but not stop reading.
//!
//! Pingora bounds neither the writing of a header nor the last flush, and one bound for a body of
//! whatever length would be too short or too long. Without these, a caller that does not read
//! would hold its request, and the provider's stream, for ever.

use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use pingora::http::ResponseHeader;
use pingora::proxy::Session;

use super::failure::Failure;

/// Longest time for anything to get on its way.
const PATIENCE: Duration = Duration::from_secs(30);
/// Slowest reader that is served, in bytes a second.
const SLOWEST: usize = 64 * 1024;

/// Longest time for so many bytes.
fn patience(bytes: usize) -> Duration {
    PATIENCE + Duration::from_secs(u64::try_from(bytes / SLOWEST).unwrap_or(u64::MAX / 2))
}

/// The status that was sent, if an answer has begun; `100 Continue` is none.
pub fn status(session: &Session) -> Option<u16> {
    let head = session.response_written().filter(|head| !head.status.is_informational())?;
    Some(head.status.as_u16())
}

/// Writes the header of an answer whose body follows.
///
/// # Errors
///
/// The caller is gone, or does not read.
pub async fn head(session: &mut Session, header: ResponseHeader) -> Result<(), Failure> {
    let write = session.write_response_header(Box::new(header), false);
    in_time(0, write).await
}

/// Writes a piece of the body, and ends it if it is the last.
///
/// # Errors
///
/// The caller is gone, or does not read.
pub async fn body(session: &mut Session, piece: Bytes, last: bool) -> Result<(), Failure> {
    // An empty chunk would end a chunked body.
    if piece.is_empty() && !last {
        return Ok(());
    }
    let length = piece.len();
    in_time(length, session.write_response_body(Some(piece), last)).await
}

/// Ends a body with trailers, where the caller's protocol has them here: HTTP/2. Pingora writes none
/// on HTTP/1.1, not even to callers that send `TE: trailers`.
///
/// # Errors
///
/// The caller is gone, or does not read.
pub async fn end(session: &mut Session, trailers: HeaderMap) -> Result<(), Failure> {
    if trailers.is_empty() || !session.is_http2() {
        return body(session, Bytes::new(), true).await;
    }
    in_time(0, session.downstream_session.write_response_trailers(trailers)).await
}

async fn in_time(
    bytes: usize,
    write: impl Future<Output = Result<(), pingora::BError>>,
) -> Result<(), Failure> {
    match tokio::time::timeout(patience(bytes), write).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(_)) | Err(_) => Err(Failure::CallerGone),
    }
}
