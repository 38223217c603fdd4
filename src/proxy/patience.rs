//! How long a provider is waited for, and for whom.

use std::pin::Pin;
use std::time::{Duration, Instant};

use pingora::ErrorType;
use pingora::proxy::Session;
use providers::conversation::{ApiError, ErrorClass};

use super::Gateway;
use super::ctx::RequestCtx;
use super::drain::Drain;
use super::failure::Failure;

/// How long a request may be waited for.
#[derive(Clone, Copy)]
pub struct Patience<'a> {
    deadline: Instant,
    drain: &'a Drain,
    /// How long beyond its caller.
    beyond: Option<Duration>,
}

impl<'a> Patience<'a> {
    /// How long this request may be waited for: not without its caller.
    pub fn of(gateway: &'a Gateway, ctx: &RequestCtx) -> Self {
        let deadline = ctx.started + ctx.snapshot.limits.total;
        Self { deadline, drain: &gateway.drain, beyond: None }
    }

    /// The same for an answer that is read on for so long when its caller has gone; `None`: it is
    /// not.
    #[must_use]
    pub const fn beyond(self, bound: Option<Duration>) -> Self {
        Self { beyond: bound, ..self }
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

    /// The same for what is read on without the caller. `left` is when that had gone.
    pub async fn wait_on<T>(
        self,
        session: &mut Session,
        left: &mut Option<Instant>,
        mut work: Pin<&mut impl Future<Output = T>>,
    ) -> Result<T, Interrupted> {
        if left.is_none() {
            match self.wait(session, work.as_mut()).await {
                Err(Interrupted::CallerGone) => {}
                done => return done,
            }
        }
        self.wait_alone(left, work).await
    }

    /// Waits for `work` although the caller has gone, to learn what it costs: as long as answers
    /// are read on, from when the caller was first found to have gone.
    pub async fn wait_alone<T>(
        self,
        left: &mut Option<Instant>,
        work: Pin<&mut impl Future<Output = T>>,
    ) -> Result<T, Interrupted> {
        let left = *left.get_or_insert_with(Instant::now);
        let Some(bound) = self.beyond else { return Err(Interrupted::CallerGone) };
        let until = (left + bound).min(self.deadline);
        tokio::select! {
            biased;
            done = work => Ok(done),
            () = tokio::time::sleep_until(until.into()) => Err(Interrupted::CallerGone),
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
