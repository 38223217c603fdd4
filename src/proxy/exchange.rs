//! The exchange with one provider.
//!
//! Nothing is re-sent once a byte of an answer has gone to the caller. Until then a connection or
//! TLS failure, a timeout before the first byte, a 429, a 5xx and an answer that can't be read
//! lead to the next attempt.

use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime};

use http::{HeaderMap, StatusCode, header};
use pingora::ErrorType;
use pingora::proxy::Session;
use providers::Schema;
use providers::codec::Reply;
use providers::conversation::{ApiError, ErrorClass};
use providers::seal::Seal;
use providers::surface::Operation;
use providers::translate::{Billed, Inbound};

use super::Gateway;
use super::answer::{self, Begun};
use super::credential;
use super::ctx::RequestCtx;
use super::drain::Drain;
use super::encoding;
use super::failure::Failure;
use super::upstream::{Incoming, NoAnswer, Outgoing};
use crate::admission::{Admitted, Attempt, Who};
use crate::credential::Shown;
use crate::snapshot::{Mode, OnDisconnect};

/// Largest error that is read.
const ERROR: usize = 1 << 20;

/// What the path of a request says.
#[derive(Clone, Debug)]
pub struct Asked {
    /// What for.
    pub operation: Operation,
    /// The model, where it stands in the path.
    pub model: Option<String>,
    /// The version segment of a Gemini path (`v1beta`), kept toward a Gemini provider.
    pub version: Option<String>,
}

/// How one attempt ended.
pub enum Attempted {
    /// The caller has its answer.
    Served,
    /// It did not work; the next one may.
    Next(Failure),
}

/// One attempt at one backend.
pub struct Exchange<'a> {
    pub gateway: &'a Gateway,
    pub inbound: &'a Inbound<'a>,
    pub attempt: &'a Attempt,
    pub who: &'a Who,
    /// The schema that the backend is asked in.
    pub schema: Schema,
}

impl Exchange<'_> {
    /// Sends the request, and relays the answer if there is one.
    pub async fn attempt(
        &self,
        session: &mut Session,
        ctx: &mut RequestCtx,
        mut outgoing: Outgoing,
        mut admitted: Admitted,
    ) -> Result<Attempted, Failure> {
        let backend = self.attempt.backend();
        let mut keys = backend.credential.choices();
        loop {
            keys -= 1;
            let shown = credential::show(self.gateway, session, ctx, backend, &mut outgoing).await;
            match shown {
                Ok(Ok(())) => {}
                Ok(Err(failure)) => {
                    admitted.release();
                    return Ok(Attempted::Next(failure));
                }
                // Nothing has gone out, or it was answered with an error.
                Err(interrupted) => {
                    admitted.release();
                    return Err(interrupted.into());
                }
            }
            let (dispatched, sent) = self.send(session, ctx, &outgoing, &mut admitted).await;
            let incoming = match sent {
                Ok(Ok(incoming)) => incoming,
                Ok(Err(no_answer)) => return self.no_answer(ctx, no_answer, admitted),
                Err(interrupted) => {
                    if dispatched {
                        self.charge_estimate(ctx, admitted, None);
                    } else {
                        admitted.release();
                    }
                    return Err(interrupted.into());
                }
            };
            let status = incoming.header().map_or(StatusCode::BAD_GATEWAY, |header| header.status);
            if status.is_success() {
                let begun = Begun { exchange: self, incoming, admitted };
                return self.once(answer::relay(begun, session, ctx).await);
            }
            // Providers don't bill what they answer with an error.
            let error = match self.error(session, ctx, incoming, status).await {
                Ok(error) => error,
                Err(interrupted) => {
                    admitted.release();
                    return Err(interrupted.into());
                }
            };
            let another = credential::refused(self.gateway, ctx, backend, status, &error);
            if keys > 0 && another {
                continue;
            }
            admitted.release();
            return self.once(self.failed(ctx, status, error));
        }
    }

    /// What a parent could not do it has tried itself, wherever it may go.
    fn once(&self, attempted: Result<Attempted, Failure>) -> Result<Attempted, Failure> {
        match attempted {
            Ok(Attempted::Next(failure)) if self.is_parents() => Err(failure),
            attempted => attempted,
        }
    }

    /// Whether it is another gateway's to try again: here only connections are.
    fn is_parents(&self) -> bool {
        self.attempt.backend().mode == Mode::Parent
    }

    /// Sends the request, and waits for the header of its answer. Whether anything of it has gone
    /// out: what was sent before, with another key, does not count, since it was refused.
    async fn send(
        &self,
        session: &mut Session,
        ctx: &mut RequestCtx,
        outgoing: &Outgoing,
        admitted: &mut Admitted,
    ) -> (bool, Result<Result<Incoming, NoAnswer>, Interrupted>) {
        let backend = self.attempt.backend();
        let dispatched = AtomicBool::new(false);
        let mut before_sending = || {
            admitted.dispatched();
            dispatched.store(true, Ordering::Relaxed);
        };
        let mut send = pin!(self.gateway.upstreams.send(backend, outgoing, &mut before_sending));
        let sent = Patience::of(self.gateway, ctx).wait(session, send.as_mut()).await;
        let sent = match sent {
            Err(Interrupted::CallerGone) if dispatched.load(Ordering::Relaxed) => {
                self.read_on(ctx, send).await
            }
            sent => sent,
        };
        (dispatched.load(Ordering::Relaxed), sent)
    }

    /// Waits for something of the provider's, unless something comes first after which it is of no
    /// use. A caller that goes away makes no end of it where the backend's answers are read on.
    pub async fn wait<T>(
        &self,
        session: &mut Session,
        ctx: &mut RequestCtx,
        mut work: Pin<&mut impl Future<Output = T>>,
    ) -> Result<T, Interrupted> {
        if ctx.left.is_none() {
            match Patience::of(self.gateway, ctx).wait(session, work.as_mut()).await {
                Err(Interrupted::CallerGone) => {}
                done => return done,
            }
        }
        self.read_on(ctx, work).await
    }

    /// Waits for something of the provider's although the caller has gone, to learn what it costs:
    /// as long as the backend's policy says, from when the caller was first found to have gone.
    async fn read_on<T>(
        &self,
        ctx: &mut RequestCtx,
        work: Pin<&mut impl Future<Output = T>>,
    ) -> Result<T, Interrupted> {
        let left = *ctx.left.get_or_insert_with(Instant::now);
        match self.attempt.backend().on_disconnect {
            OnDisconnect::Drain(bound) if self.inbound.billed() != Billed::Nothing => {
                Patience::of(self.gateway, ctx).wait_alone(left + bound, work).await
            }
            OnDisconnect::Drain(_) | OnDisconnect::Estimate => Err(Interrupted::CallerGone),
        }
    }

    /// Nothing came back. A provider that got the whole request, and then took too long or broke
    /// off, may have done the work and may bill it, so the estimate is charged.
    fn no_answer(
        &self,
        ctx: &mut RequestCtx,
        why: NoAnswer,
        admitted: Admitted,
    ) -> Result<Attempted, Failure> {
        let class = if why.timeout { ErrorClass::Timeout } else { ErrorClass::Server };
        let failure = Failure::upstream(why.reason, ApiError::new(class, why.message));
        if why.billable {
            self.charge_estimate(ctx, admitted, None);
            if self.is_parents() {
                return Err(failure);
            }
        } else {
            admitted.release();
        }
        self.count_failure(ctx);
        Ok(Attempted::Next(failure))
    }

    /// Reads the error that the backend answered with.
    async fn error(
        &self,
        session: &mut Session,
        ctx: &mut RequestCtx,
        mut incoming: Incoming,
        status: StatusCode,
    ) -> Result<ApiError, Interrupted> {
        let backend = self.attempt.backend();
        let head = incoming.header().cloned();
        let body = self.wait(session, ctx, pin!(incoming.short())).await;
        incoming.release().await;
        let body = encoding::plain(head.as_ref(), body?, ERROR).unwrap_or_default();
        let headers = head.map(|head| head.headers.clone()).unwrap_or_default();
        let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let mut error = backend.vendor.error(self.schema, status.as_u16(), &body, header);
        error.retry_after = retry_after(&headers, SystemTime::now()).or(error.retry_after);
        scrub(&mut error, &ctx.shown);
        credential::check_clock(backend, status, &headers);
        Ok(error)
    }

    /// The backend answered with this error: the next attempt, or the caller, gets it.
    fn failed(
        &self,
        ctx: &RequestCtx,
        status: StatusCode,
        error: ApiError,
    ) -> Result<Attempted, Failure> {
        let backend = self.attempt.backend();
        if let Some(wish) = error.retry_after
            && !self.is_parents()
            && matches!(error.class, ErrorClass::RateLimited | ErrorClass::Overloaded)
        {
            self.gateway.health.rest(&backend.name, wish, Instant::now());
        }
        match verdict(status, error.class) {
            Verdict::Caller => {
                // The caller's own mistake: no other backend would take it better.
                Err(Failure::upstream("provider_refused", error))
            }
            Verdict::Ours => {
                log::error!("backend {} refused the gateway's credential ({status})", backend.name);
                let message = format!(
                    "backend `{}` did not accept the gateway's credential; tell your platform team",
                    backend.name
                );
                let error = ApiError::new(ErrorClass::Server, message);
                Ok(Attempted::Next(Failure::upstream("provider_credential", error)))
            }
            Verdict::Backend => {
                if status.is_server_error() {
                    self.backend_failed(ctx);
                }
                Ok(Attempted::Next(Failure::upstream(label(status), error)))
            }
        }
    }

    /// Counts a failure of the backend against it. Not of a parent: what fails behind it is not its
    /// fault, and it is asked nothing twice.
    pub fn backend_failed(&self, ctx: &RequestCtx) {
        if !self.is_parents() {
            self.count_failure(ctx);
        }
    }

    fn count_failure(&self, ctx: &RequestCtx) {
        let name = &self.attempt.backend().name;
        if self.gateway.health.failed(name, Instant::now()) {
            log::warn!("backend {name} keeps failing and is left alone for a while");
            self.gateway.metrics.ejected(&ctx.snapshot.gateway, name);
        }
    }

    /// The backend gave a whole answer. Its header alone says little: one that answers 200 and
    /// then breaks off, or sends what nobody can read, keeps failing.
    pub fn backend_succeeded(&self) {
        self.gateway.health.succeeded(&self.attempt.backend().name);
    }

    /// What seals the tokens of the answer.
    pub fn seal(&self, ctx: &RequestCtx) -> Seal {
        self.gateway.seal(ctx, self.attempt)
    }

    /// What an encoder of the answer must know.
    pub fn reply(&self, ctx: &RequestCtx) -> Reply {
        Reply {
            id: ctx.id.clone(),
            model: ctx.model.clone().unwrap_or_default(),
            created: ctx.created(),
            include_usage: self.inbound.wants_usage(),
            include_thoughts: self.inbound.wants_thoughts(),
            json_array: self.inbound.json_array(),
            namespaced: self.inbound.namespaced().to_vec(),
            first_call_only: self.inbound.first_call_only(),
        }
    }
}

/// Whose fault an error status is.
pub enum Verdict {
    /// The caller's: it is told, and nobody else is asked.
    Caller,
    /// The gateway's credential: the next backend may do, and the operator must know.
    Ours,
    /// The backend's: the next one may do.
    Backend,
}

/// Whose fault this error is.
pub fn verdict(status: StatusCode, class: ErrorClass) -> Verdict {
    match (class, status.as_u16()) {
        (ErrorClass::Authentication, _) => Verdict::Ours,
        // A redirect is never followed (S-10): a backend that sends one is misconfigured. What the
        // gateway's account may not do, another one's may.
        (_, 300..=399 | 403 | 408 | 409 | 429 | 500..) => Verdict::Backend,
        (ErrorClass::Billing | ErrorClass::Permission, _) => Verdict::Backend,
        _ => Verdict::Caller,
    }
}

/// A backend's error in a word, for metrics.
const fn label(status: StatusCode) -> &'static str {
    match status.as_u16() {
        300..=399 => "provider_3xx",
        402 => "provider_402",
        403 => "provider_403",
        408 => "provider_408",
        409 => "provider_409",
        429 => "provider_429",
        400..=499 => "provider_4xx",
        _ => "provider_5xx",
    }
}

/// A provider that quotes the credential it was sent must not tell the caller (S-37).
pub fn scrub(error: &mut ApiError, shown: &Shown) {
    error.message = shown.scrub(&error.message);
    error.code = error.code.take().map(|code| shown.scrub(&code));
    error.param = error.param.take().map(|param| shown.scrub(&param));
}

/// `retry-after-ms`, or `retry-after` in seconds or as a date (RFC 9110 §10.2.3).
pub fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let text = |name: &str| headers.get(name)?.to_str().ok().map(str::trim);
    let number = |name: &str| text(name)?.parse::<f64>().ok();
    let seconds = number("retry-after-ms")
        .map(|ms| ms / 1000.0)
        .or_else(|| number(header::RETRY_AFTER.as_str()));
    if let Some(seconds) = seconds {
        return Duration::try_from_secs_f64(seconds).ok();
    }
    let date = httpdate::parse_http_date(text(header::RETRY_AFTER.as_str())?).ok()?;
    Some(date.duration_since(now).unwrap_or_default())
}

/// Why something that was waited for did not come.
#[derive(Debug)]
pub enum Interrupted {
    /// The caller closed its connection or reset its stream.
    CallerGone,
    /// The request has taken as long as it may.
    Deadline,
    /// The gateway goes down, and the time for what is in flight is over.
    Drained,
}

impl Interrupted {
    /// Why, in a word, and what the caller is told; `None` if nobody is left to tell.
    pub fn told(&self) -> Option<(&'static str, ApiError)> {
        let (reason, class, message) = match self {
            Self::CallerGone => return None,
            Self::Deadline => (
                "deadline",
                ErrorClass::Timeout,
                "the request took longer than this gateway allows; ask for less, or in parts",
            ),
            Self::Drained => {
                ("drained", ErrorClass::Overloaded, "the gateway is restarting; try again")
            }
        };
        Some((reason, ApiError::new(class, message)))
    }
}

impl From<Interrupted> for Failure {
    fn from(interrupted: Interrupted) -> Self {
        match interrupted.told() {
            Some((reason, error)) => Self::upstream(reason, error),
            None => Self::CallerGone,
        }
    }
}

/// How long a request may be waited for.
#[derive(Clone, Copy)]
pub struct Patience<'a> {
    deadline: Instant,
    drain: &'a Drain,
}

impl Patience<'_> {
    /// How long this request may be waited for.
    pub fn of<'g>(gateway: &'g Gateway, ctx: &RequestCtx) -> Patience<'g> {
        let deadline = ctx.started + ctx.snapshot.limits.total;
        Patience { deadline, drain: &gateway.drain }
    }

    /// Waits for `work`, of which nobody but the ledger learns, until then at most.
    pub async fn wait_alone<T>(
        self,
        until: Instant,
        work: Pin<&mut impl Future<Output = T>>,
    ) -> Result<T, Interrupted> {
        tokio::select! {
            biased;
            done = work => Ok(done),
            () = tokio::time::sleep_until(until.min(self.deadline).into()) => {
                Err(Interrupted::CallerGone)
            }
            () = self.drain.is_over() => Err(Interrupted::Drained),
        }
    }

    /// Waits for `work`, unless something comes first after which it is of no use.
    ///
    /// Work is lent, since a future that is handed over is held twice, for as long as it lasts.
    pub async fn wait<T>(
        self,
        session: &mut Session,
        work: Pin<&mut impl Future<Output = T>>,
    ) -> Result<T, Interrupted> {
        tokio::select! {
            biased;
            done = work => Ok(done),
            () = gone(session) => Err(Interrupted::CallerGone),
            () = tokio::time::sleep_until(self.deadline.into()) => Err(Interrupted::Deadline),
            () = self.drain.is_over() => Err(Interrupted::Drained),
        }
    }
}

/// Waits until the caller has gone away. One that has sent its next request already is still
/// there; its connection is closed after this answer, since that request can't be read any more.
async fn gone(session: &mut Session) {
    if let Err(error) = session.read_body_or_idle(true).await
        && *error.etype() == ErrorType::ConnectError
    {
        session.set_keepalive(None);
        std::future::pending().await
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]

    use super::*;

    #[test]
    fn when_to_come_back_is_read_in_every_form() {
        let now = httpdate::parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT").unwrap();
        let read = |pairs: &[(&'static str, &str)]| {
            let headers = pairs.iter().map(|(n, v)| (n.parse().unwrap(), v.parse().unwrap()));
            retry_after(&headers.collect::<HeaderMap>(), now)
        };
        let after = |ms| Some(Duration::from_millis(ms));
        assert_eq!(read(&[("retry-after", "7")]), after(7000));
        assert_eq!(read(&[("retry-after", "0.5"), ("retry-after-ms", "20")]), after(20));
        assert_eq!(read(&[("retry-after", "Sun, 06 Nov 1994 08:50:37 GMT")]), after(60_000));
        assert_eq!(read(&[("retry-after", "Sunday, 06-Nov-94 08:50:37 GMT")]), after(60_000));
        assert_eq!(read(&[("retry-after", "Sun, 06 Nov 1994 08:49:00 GMT")]), after(0));
        for wrong in ["soon", "-1", "1e999", "Sun, 06 Nov 1994", ""] {
            assert_eq!(read(&[("retry-after", wrong)]), None, "{wrong}");
        }
    }
}
