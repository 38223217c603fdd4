//! Who may change something or look from afar, and what it sends.

use std::time::Duration;

use http::{HeaderMap, StatusCode};
use pingora::protocols::http::ServerSession;

use super::answer::Answer;
use crate::credential::{CallerKey, find};
use crate::snapshot::Snapshot;

/// Longest body.
const MOST: usize = 16 << 10;
/// Longest wait for all of it.
const PATIENCE: Duration = Duration::from_secs(10);

/// Whether these headers carry the admin token, compared in constant time.
pub(super) fn authorize(snapshot: &Snapshot, headers: &HeaderMap) -> Result<(), Answer> {
    let Some(token) = &snapshot.admin_token else {
        let error = "nothing can be changed here, nor spending and names be seen from another \
                     machine beyond what metrics tell (sums by caller, names of backends): the configuration names no token; add \
                     `token: { env: EGRET_ADMIN_TOKEN }` under `admin`";
        return Err(Answer::refusal(StatusCode::FORBIDDEN, error));
    };
    let shown = CallerKey::of(headers, None).ok().flatten();
    if shown.is_some_and(|key| find(key.digest(), [&**token]).is_some()) {
        return Ok(());
    }
    let error = "this needs the admin token, as `authorization: Bearer …`; `egret budgets` and \
                 `egret spend` take it from EGRET_ADMIN_TOKEN";
    Err(Answer::unauthorized(error))
}

/// The body, if it is short and comes in time.
pub(super) async fn read(session: &mut ServerSession) -> Result<Vec<u8>, Answer> {
    let reading = async {
        let mut body = Vec::new();
        loop {
            match session.read_request_body().await {
                Ok(Some(piece)) if body.len() + piece.len() > MOST => {
                    let error = "the body is too long";
                    return Err(Answer::refusal(StatusCode::PAYLOAD_TOO_LARGE, error));
                }
                Ok(Some(piece)) => body.extend_from_slice(&piece),
                Ok(None) => return Ok(body),
                Err(_) => {
                    let error = "the body can't be read";
                    return Err(Answer::refusal(StatusCode::BAD_REQUEST, error));
                }
            }
        }
    };
    let late = || Answer::refusal(StatusCode::REQUEST_TIMEOUT, "the body does not come");
    tokio::time::timeout(PATIENCE, reading).await.unwrap_or_else(|_| Err(late()))
}
