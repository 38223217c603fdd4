//! A response body that plays a list of steps: bytes, waits, a stall, a cut.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll, ready};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use tokio::time::{Sleep, sleep};

use super::journal::Tally;

/// Nineteen digits that [`Step::Stamped`] replaces with the time.
pub const STAMP: &str = "0000000000000000000";

/// One step of a body.
#[derive(Debug, Clone)]
pub enum Step {
    /// Bytes to write.
    Data(Bytes),
    /// Bytes in which the first [`STAMP`] becomes the time of writing.
    Stamped(Bytes),
    /// A wait; what was written before it goes out.
    Wait(Duration),
    /// Nothing more, ever.
    Stall,
    /// The connection (h2: the stream) breaks.
    Cut,
}

/// Counts a request as under way until [`Watch::done`], and its answer as aborted if it is dropped
/// before.
#[derive(Debug)]
pub struct Watch(Option<Arc<Tally>>);

impl Watch {
    /// Starts watching.
    pub fn new(tally: Arc<Tally>) -> Self {
        let under_way = tally.under_way.fetch_add(1, Ordering::SeqCst) + 1;
        tally.at_once.fetch_max(under_way, Ordering::SeqCst);
        Self(Some(tally))
    }

    /// The answer reached its end.
    pub fn done(&mut self) {
        if let Some(tally) = self.0.take() {
            tally.under_way.fetch_sub(1, Ordering::SeqCst);
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        if let Some(tally) = &self.0 {
            tally.under_way.fetch_sub(1, Ordering::SeqCst);
            tally.aborted.fetch_add(1, Ordering::SeqCst);
        }
    }
}

/// The body.
pub struct Playback {
    steps: VecDeque<Step>,
    wait: Option<Pin<Box<Sleep>>>,
    length: Option<u64>,
    watch: Watch,
}

impl Playback {
    /// A body that plays these steps; `whole` says that its length is known beforehand.
    pub fn new(steps: Vec<Step>, whole: bool, mut watch: Watch) -> Self {
        let length = whole.then(|| {
            let bytes = steps.iter().map(|step| match step {
                Step::Data(bytes) | Step::Stamped(bytes) => bytes.len() as u64,
                Step::Wait(_) | Step::Stall | Step::Cut => 0,
            });
            bytes.sum()
        });
        if steps.is_empty() {
            watch.done();
        }
        Self { steps: steps.into(), wait: None, length, watch }
    }
}

impl Body for Playback {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        loop {
            if let Some(wait) = &mut self.wait {
                ready!(wait.as_mut().poll(cx));
                self.wait = None;
            }
            let bytes = match self.steps.pop_front() {
                Some(Step::Data(bytes)) => bytes,
                Some(Step::Stamped(bytes)) => stamp(&bytes),
                Some(Step::Wait(time)) => {
                    self.wait = Some(Box::pin(sleep(time)));
                    continue;
                }
                Some(Step::Stall) => {
                    self.steps.push_front(Step::Stall);
                    return Poll::Pending;
                }
                Some(Step::Cut) => {
                    self.watch.done();
                    let error = std::io::Error::other("the script cuts the answer here");
                    return Poll::Ready(Some(Err(error)));
                }
                None => {
                    self.watch.done();
                    return Poll::Ready(None);
                }
            };
            if self.steps.is_empty() {
                self.watch.done();
            }
            return Poll::Ready(Some(Ok(Frame::data(bytes))));
        }
    }

    fn is_end_stream(&self) -> bool {
        self.steps.is_empty() && self.wait.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        self.length.map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}

fn stamp(bytes: &Bytes) -> Bytes {
    let needle = STAMP.as_bytes();
    let Some(at) = bytes.windows(needle.len()).position(|window| window == needle) else {
        return bytes.clone();
    };
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let digits = format!("{:019}", now.as_nanos());
    let mut stamped = bytes.to_vec();
    if let Some(slot) = stamped.get_mut(at..at + needle.len()) {
        slot.copy_from_slice(digits.as_bytes());
    }
    stamped.into()
}
