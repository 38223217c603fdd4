//! Happy eyeballs (RFC 8305): several addresses are tried side by side, a little apart, and the
//! first that accepts wins. One that leads nowhere costs a quarter of a second, not all the time
//! there is.

use std::net::SocketAddr;
use std::slice;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::time::{Instant, sleep_until};

/// How long an attempt is alone before the next one begins: what RFC 8305, section 5, recommends.
const APART: Duration = Duration::from_millis(250);

/// Attempts at the addresses of one host.
///
/// A winner may turn out not to be who it should be; asked again, the race goes on among the
/// others.
pub(super) struct Race<'a, Dial, Attempt> {
    waiting: slice::Iter<'a, SocketAddr>,
    running: FuturesUnordered<Attempt>,
    dial: Dial,
}

impl<'a, Dial, Attempt, Made, Failed> Race<'a, Dial, Attempt>
where
    Dial: Fn(SocketAddr) -> Attempt,
    Attempt: Future<Output = Result<Made, Failed>>,
{
    /// Between these addresses, in this order.
    pub(super) fn new(addresses: &'a [SocketAddr], dial: Dial) -> Self {
        Self { waiting: addresses.iter(), running: FuturesUnordered::new(), dial }
    }

    /// The next connection that is made.
    ///
    /// # Errors
    ///
    /// None is; how the last attempt failed, if there was one.
    pub(super) async fn winner(&mut self) -> Result<Made, Option<Failed>> {
        let mut last = None;
        // Who asks again has no use for the one before.
        let mut next = Instant::now();
        loop {
            if next <= Instant::now()
                && let Some(address) = self.waiting.next()
            {
                self.running.push((self.dial)(*address));
                next = Instant::now() + APART;
            }
            if self.running.is_empty() {
                return Err(last);
            }
            tokio::select! {
                Some(made) = self.running.next() => match made {
                    Ok(made) => return Ok(made),
                    Err(failed) => {
                        last = Some(failed);
                        next = Instant::now();
                    }
                },
                () = sleep_until(next), if !self.waiting.as_slice().is_empty() => {}
            }
        }
    }

    /// Whether there are addresses that may still win.
    pub(super) fn goes_on(&self) -> bool {
        !self.waiting.as_slice().is_empty() || !self.running.is_empty()
    }
}

#[cfg(test)]
mod tests;
