//! Reading a request's body: bounded in size, in time, and in memory over all requests.

use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::{Version, header};
use pingora::proxy::Session;
use providers::conversation::{ApiError, ErrorClass};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::failure::Failure;
use crate::snapshot::Limits;

/// Unit of the memory that all bodies share: a semaphore counts in u32.
const UNIT: usize = 1024;
/// A body short enough to wait for before an early answer.
const SHORT: usize = 64 * 1024;
/// Longest time for throwing the rest of an unread body away.
const DRAIN: Duration = Duration::from_secs(2);

/// A request's body, and its share of the memory for bodies for as long as it is held.
#[derive(Debug)]
pub struct Body {
    /// The bytes, held once.
    pub bytes: Bytes,
    _share: Share,
}

/// The memory that all bodies share, and what is made of them.
#[derive(Clone, Debug)]
pub struct Memory {
    units: Arc<Semaphore>,
}

/// A part of it, given back when dropped.
#[derive(Debug)]
pub struct Share {
    of: Memory,
    taken: Option<OwnedSemaphorePermit>,
    bytes: usize,
}

impl Memory {
    /// As much as this many bytes.
    pub fn new(bytes: usize) -> Self {
        Self { units: Arc::new(Semaphore::new((bytes / UNIT).min(Semaphore::MAX_PERMITS))) }
    }

    /// A part that is empty yet.
    pub fn share(&self) -> Share {
        Share { of: self.clone(), taken: None, bytes: 0 }
    }
}

impl Share {
    /// Makes it so large, at least.
    ///
    /// # Errors
    ///
    /// There is no room for that; the caller may try again soon.
    pub fn cover(&mut self, bytes: usize) -> Result<(), Failure> {
        self.grow(bytes, usize::MAX)
    }

    /// Makes it so large, at least, where no more than `most` will be needed.
    ///
    /// # Errors
    ///
    /// As of [`Share::cover`].
    fn grow(&mut self, bytes: usize, most: usize) -> Result<(), Failure> {
        if bytes <= self.bytes {
            return Ok(());
        }
        // What grows in small pieces need not ask for each of them.
        let doubled = self.bytes.saturating_mul(2).min(most);
        let more = doubled.max(bytes) - self.bytes;
        let units = u32::try_from(more.div_ceil(UNIT)).unwrap_or(u32::MAX);
        let Ok(permit) = self.of.units.clone().try_acquire_many_owned(units) else {
            let message = "the gateway holds as many bodies as it may; try again soon";
            let mut error = ApiError::new(ErrorClass::Overloaded, message);
            error.retry_after = Some(Duration::from_secs(1));
            return Err(Failure::denied("memory", error));
        };
        match &mut self.taken {
            Some(taken) => taken.merge(permit),
            taken => *taken = Some(permit),
        }
        self.bytes += more;
        Ok(())
    }
}

/// Reads the whole body.
pub async fn read(
    session: &mut Session,
    limits: &Limits,
    memory: &Memory,
) -> Result<Body, Failure> {
    let announced = announced(session);
    if announced.is_some_and(|length| length > limits.body_bytes) {
        return Err(too_large(limits));
    }
    if expects_continue(session) {
        session.write_continue_response().await.map_err(|_| Failure::CallerGone)?;
    }
    match tokio::time::timeout(limits.body_total, pieces(session, limits, memory, announced)).await
    {
        Ok(body) => body,
        Err(_) => Err(too_slow()),
    }
}

async fn pieces(
    session: &mut Session,
    limits: &Limits,
    memory: &Memory,
    announced: Option<usize>,
) -> Result<Body, Failure> {
    let mut share = memory.share();
    // Room is for what has come: an announcement costs whoever makes it nothing.
    let most = announced.unwrap_or(limits.body_bytes);
    let mut first = Bytes::new();
    let mut joined = BytesMut::new();
    loop {
        let piece = match tokio::time::timeout(limits.body_idle, session.read_request_body()).await
        {
            Ok(Ok(Some(piece))) => piece,
            Ok(Ok(None)) => break,
            Ok(Err(error)) => return Err(unreadable(&error)),
            Err(_) => return Err(too_slow()),
        };
        let length = first.len() + joined.len() + piece.len();
        if length > limits.body_bytes {
            return Err(too_large(limits));
        }
        share.grow(length, most)?;
        if first.is_empty() && joined.is_empty() {
            first = piece; // most bodies are one piece: no copy
        } else {
            if joined.is_empty() {
                joined.reserve(share.bytes);
                joined.extend_from_slice(&std::mem::take(&mut first));
            }
            joined.extend_from_slice(&piece);
        }
    }
    let bytes = if joined.is_empty() { first } else { joined.freeze() };
    Ok(Body { bytes, _share: share })
}

/// Whether nothing of the body is left to come, or so little that is on its way already that the
/// connection is worth waiting for.
pub fn is_nearly_done(session: &mut Session) -> bool {
    session.is_body_done()
        || (!expects_continue(session) && announced(session).is_some_and(|length| length <= SHORT))
}

/// Throws away what is left of a body after an early answer, so that what comes behind it on the
/// connection is never read as a request (S-01); gives up soon.
pub async fn drain(session: &mut Session) {
    if tokio::time::timeout(DRAIN, session.drain_request_body()).await.is_err() {
        session.set_keepalive(None);
    }
}

/// The length that the header gives.
fn announced(session: &Session) -> Option<usize> {
    session.req_header().headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// Whether the caller waits for a word before it sends the body (none does over HTTP/1.0).
fn expects_continue(session: &Session) -> bool {
    let header = session.req_header();
    header.version != Version::HTTP_10 && header.headers.contains_key(header::EXPECT)
}

/// A body that ends early or breaks its framing is the caller's mistake; where the connection is
/// gone there is nobody to tell, and telling fails without harm.
fn unreadable(error: &pingora::Error) -> Failure {
    use pingora::ErrorType::{ConnectionClosed, ReadError};
    match error.etype() {
        ReadError | ConnectionClosed => Failure::CallerGone,
        _ => Failure::bad_request("the body's framing is broken; send it whole, with one length"),
    }
}

fn too_large(limits: &Limits) -> Failure {
    let message = format!("the body is larger than {} bytes; send less", limits.body_bytes);
    Failure::denied("body_too_large", ApiError::new(ErrorClass::TooLarge, message))
}

fn too_slow() -> Failure {
    let message = "the request took too long to arrive; send it without pauses";
    Failure::denied("body_too_slow", ApiError::new(ErrorClass::RequestTimeout, message))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]

    use super::*;

    #[test]
    fn what_is_announced_is_never_passed_by_doubling() {
        let memory = Memory::new(100 * UNIT);
        let mut share = memory.share();
        for kib in 1..=70 {
            share.grow(kib * UNIT, 70 * UNIT).unwrap();
            assert!((kib * UNIT..=70 * UNIT).contains(&share.bytes));
        }
        assert_eq!(memory.units.available_permits(), 30);
    }

    #[test]
    fn memory_is_shared_and_given_back() {
        let memory = Memory::new(100 * UNIT);
        let (mut first, mut second) = (memory.share(), memory.share());
        first.cover(10).unwrap();
        second.cover(90 * UNIT).unwrap();
        first.cover(5 * UNIT).unwrap();
        first.cover(5 * UNIT).unwrap();
        let Err(Failure::Refused(refused)) = first.cover(50 * UNIT) else {
            panic!("there is no room for that")
        };
        assert_eq!(refused.reason, "memory");
        drop(second);
        first.cover(50 * UNIT).unwrap();
        drop(first);
        assert_eq!(memory.units.available_permits(), 100);
    }
}
