//! A backend is shown its credential when its request is otherwise ready, and no sooner.

use std::pin::pin;
use std::time::{Duration, SystemTime};

use http::{StatusCode, header};
use pingora::http::ResponseHeader;
use pingora::proxy::Session;
use providers::conversation::{ApiError, ErrorClass};

use super::Gateway;
use super::ctx::RequestCtx;
use super::failure::Failure;
use super::patience::{Interrupted, Patience};
use super::rejection::Rejection;
use super::upstream::Outgoing;
use crate::credential::{NoCredential, Refusal, Shown, Unsigned};
use crate::snapshot::{Backend, Mode};

/// Clocks further apart than this make signatures invalid.
const SKEW: Duration = Duration::from_secs(5 * 60);

/// Puts the backend's credential into a request, in the place of any that is there. Where it has to
/// be minted first, that is waited for. What it is goes into `ctx.shown`, which keeps it from the
/// caller.
///
/// # Errors
///
/// Outside, what came before there was one; inside, why there is none.
pub async fn show(
    gateway: &Gateway,
    session: &mut Session,
    ctx: &mut RequestCtx,
    backend: &Backend,
    outgoing: &mut Outgoing,
) -> Result<Result<(), Failure>, Interrupted> {
    let mut shown = shown(backend, outgoing);
    if matches!(shown, Ok(None)) {
        // Boxed: every other request would keep room for it.
        let ready = Box::pin(backend.credential.ready());
        let ready = Patience::of(gateway, ctx).wait(session, pin!(ready)).await?;
        shown = ready.and_then(|()| self::shown(backend, outgoing));
    }
    Ok(match shown {
        Ok(Some(mut shown)) => {
            let mut written = Ok(());
            for (name, value) in shown.take_headers() {
                written = written.and(outgoing.header.insert_header(name, value));
            }
            ctx.shown = shown;
            written.map_err(|_| no_credential(backend, &NoCredential::Unwritable))
        }
        Ok(None) => Err(no_credential(backend, &NoCredential::Gone)),
        Err(why) => Err(no_credential(backend, &why)),
    })
}

fn shown(backend: &Backend, outgoing: &Outgoing) -> Result<Option<Shown>, NoCredential> {
    let Outgoing { header, body } = outgoing;
    backend.credential.show(&Unsigned {
        method: &header.method,
        uri: &header.uri,
        headers: &header.headers,
        body,
    })
}

fn no_credential(backend: &Backend, why: &NoCredential) -> Failure {
    log::error!("no credential for backend {}: {why}", backend.name);
    let message = format!(
        "the gateway has no credential for backend `{}`; tell your platform team",
        backend.name
    );
    Failure::upstream("credential", ApiError::new(ErrorClass::Server, message))
}

/// A backend answered a request with an error. If that is about its credential, another is prepared
/// for: a key rests, a token is exchanged. Whether there is another key to try at once. A parent is
/// asked again only if it did not know who asks: all else it has tried itself.
pub fn rejected(
    gateway: &Gateway,
    ctx: &RequestCtx,
    backend: &Backend,
    rejection: &Rejection,
) -> bool {
    let Rejection { status, error, head, .. } = rejection;
    check_clock(backend, *status, head.as_ref());
    let (why, word) =
        if error.class == ErrorClass::Authentication || *status == StatusCode::UNAUTHORIZED {
            (Refusal::Unaccepted, "unaccepted")
        } else if *status == StatusCode::TOO_MANY_REQUESTS {
            (Refusal::Limited(error.retry_after), "limited")
        } else {
            return false;
        };
    let another = backend.credential.refused(&ctx.shown, why);
    let keys = backend.credential.choices();
    if keys > 1 {
        let key = ctx.shown.key() + 1;
        log::warn!("backend {}: key {key} of {keys} is {word} ({status}), and rests", backend.name);
        gateway.metrics.key_rests(&ctx.snapshot.gateway, &backend.name, word);
    }
    another && (backend.mode != Mode::Parent || *status == StatusCode::UNAUTHORIZED)
}

/// Says so in the log if a signature was refused and the clocks disagree.
fn check_clock(backend: &Backend, status: StatusCode, head: Option<&ResponseHeader>) {
    if status != StatusCode::FORBIDDEN || !backend.credential.is_timed() {
        return;
    }
    let date = head.and_then(|head| head.headers.get(header::DATE)?.to_str().ok());
    let date = date.and_then(|date| jiff::fmt::rfc2822::parse(date).ok());
    let Some(theirs) = date.map(|date| SystemTime::from(date.timestamp())) else { return };
    let ours = SystemTime::now();
    let apart = ours.duration_since(theirs).or_else(|_| theirs.duration_since(ours));
    let apart = apart.unwrap_or_default();
    if apart > SKEW {
        log::error!(
            "backend {}: this machine's clock is {} s off, so its signatures are refused",
            backend.name,
            apart.as_secs()
        );
    }
}
