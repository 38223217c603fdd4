//! How often a caller may call. This shapes traffic; it keeps nothing and is forgotten at the end
//! of the process. What must hold is a [budget](super::Budget).

use std::{
    fmt,
    str::FromStr,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use pingora_limits::rate::{Rate, RateComponents};

use super::Invalid;

/// So many requests in a second or a minute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateLimit {
    /// Requests in each interval.
    pub requests: u32,
    /// The interval.
    pub per: Interval,
}

/// What a rate is counted over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interval {
    /// One second.
    Second,
    /// One minute.
    Minute,
}

impl Interval {
    const fn duration(self) -> Duration {
        match self {
            Self::Second => Duration::from_secs(1),
            Self::Minute => Duration::from_secs(60),
        }
    }
}

impl FromStr for RateLimit {
    type Err = Invalid;

    /// Reads `10/second` or `600/minute`.
    fn from_str(text: &str) -> Result<Self, Invalid> {
        let invalid = || Invalid::new(text, "a rate such as 10/second or 600/minute");
        let (requests, per) = text.split_once('/').ok_or_else(invalid)?;
        let per = match per.trim() {
            "second" => Interval::Second,
            "minute" => Interval::Minute,
            _ => return Err(invalid()),
        };
        Ok(Self { requests: requests.trim().parse().map_err(|_| invalid())?, per })
    }
}

impl fmt::Display for RateLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let per = match self.per {
            Interval::Second => "second",
            Interval::Minute => "minute",
        };
        write!(f, "{}/{per}", self.requests)
    }
}

/// What is left of a rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Room {
    /// Requests in each interval.
    pub limit: u32,
    /// How many more are let through now.
    pub remaining: u32,
    /// When all of them are again, if none comes.
    pub reset: Duration,
}

/// Counts calls of each caller against one [`RateLimit`], over an interval that slides: the last
/// whole interval counts for the part of it that is not yet past.
///
/// Callers share a count-min sketch of constant size, which may count too much but never too
/// little: in the company of several thousand others a caller may be held up too soon.
pub struct RateLimiter {
    requests: u32,
    interval: Duration,
    /// Locked, because looking and counting are two steps, and because two threads at the turn of
    /// an interval can make [`Rate`] forget one (it subtracts times that they read out of order).
    rate: Mutex<Rate>,
}

impl RateLimiter {
    /// A limiter that has seen nobody.
    pub fn new(limit: RateLimit) -> Self {
        Self::with_interval(limit.requests, limit.per.duration())
    }

    fn with_interval(requests: u32, interval: Duration) -> Self {
        Self { requests, interval, rate: Mutex::new(Rate::new(interval)) }
    }

    /// Lets a call through and counts it.
    ///
    /// # Errors
    /// When the caller has called too often: how long until the next call would be let through.
    /// A call that is refused does not count.
    pub fn admit(&self, caller: &str) -> Result<(), Duration> {
        let rate = self.rate.lock().unwrap_or_else(PoisonError::into_inner);
        let wait = rate.rate_with(&caller, |seen| self.wait(&seen));
        if wait > Duration::ZERO {
            return Err(wait);
        }
        rate.observe(&caller, 1);
        Ok(())
    }

    /// What is left for this caller.
    pub fn room(&self, caller: &str) -> Room {
        let rate = self.rate.lock().unwrap_or_else(PoisonError::into_inner);
        let (seen, past) = rate.rate_with(&caller, |seen| {
            let (previous, current) = (seen.prev_samples as f64, seen.curr_samples as f64);
            let past = seen.current_interval_fraction;
            (previous.mul_add(1.0 - past, current), past)
        });
        // What was counted in this interval fades during the next one. `as` stops at 0.
        Room {
            limit: self.requests,
            remaining: (f64::from(self.requests) - seen) as u32,
            reset: self.interval.mul_f64((2.0 - past).max(0.0)),
        }
    }

    /// How long until one more call fits.
    fn wait(&self, seen: &RateComponents) -> Duration {
        if self.requests == 0 {
            return self.interval;
        }
        let room = f64::from(self.requests) - 1.0;
        let (previous, current) = (seen.prev_samples as f64, seen.curr_samples as f64);
        // The fraction of an interval at which `previous`, fading, and `current` fit into `room`.
        let fits_at = if current <= room {
            if previous > 0.0 { 1.0 - (room - current) / previous } else { 0.0 }
        } else {
            // Not in this interval. In the next one, `current` is what fades.
            2.0 - room / current
        };
        self.interval.mul_f64((fits_at - seen.current_interval_fraction).max(0.0))
    }
}

impl fmt::Debug for RateLimiter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { requests, interval, rate: _ } = self;
        write!(f, "RateLimiter({requests} in {interval:?})")
    }
}

#[cfg(test)]
mod tests;
