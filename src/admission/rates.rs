//! How often each caller, model or backend has been called lately.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::History;
use crate::budget::Subject;
use crate::budget::rate::{RateLimit, RateLimiter, Room};
use crate::snapshot::Rate;

/// A rate that would be exceeded.
#[derive(Debug)]
pub struct TooOften<'a> {
    /// Which.
    pub rate: &'a Rate,
    /// When a call would be let through.
    pub retry_after: Duration,
}

/// The counters of all rates, by name. They live across reloads, so that reloading is no way
/// around them; a rate whose limit changed starts afresh.
#[derive(Debug, Default)]
pub struct Rates {
    limiters: Mutex<HashMap<String, (RateLimit, Arc<RateLimiter>)>>,
}

impl Rates {
    /// Lets a call through and counts it, or says which rate it would exceed. Looks at some of the
    /// rates only, and of these at those that the call does not count in yet.
    pub fn admit<'a>(
        &self,
        rates: &'a [Arc<Rate>],
        who: &Subject<'_>,
        history: &mut History,
        which: impl Fn(&Rate) -> bool,
    ) -> Result<(), TooOften<'a>> {
        for (at, rate) in rates.iter().enumerate().filter(|(_, rate)| which(rate)) {
            let of = rate.per.of(who);
            if history.has_counted(at, &of) {
                continue;
            }
            let limiter = self.limiter(rate);
            if let Err(retry_after) = limiter.admit(&of) {
                let limit = rate.limit.requests;
                history.meet(Room { limit, remaining: 0, reset: retry_after });
                return Err(TooOften { rate, retry_after });
            }
            history.count(at, &of, limiter.room(&of));
        }
        Ok(())
    }

    fn limiter(&self, rate: &Rate) -> Arc<RateLimiter> {
        let mut limiters = self.limiters.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((limit, limiter)) = limiters.get(&rate.name)
            && *limit == rate.limit
        {
            return limiter.clone();
        }
        let limiter = Arc::new(RateLimiter::new(rate.limit));
        limiters.insert(rate.name.clone(), (rate.limit, limiter.clone()));
        limiter
    }

    /// Forgets rates that are not in the configuration any more.
    pub fn retain(&self, keep: impl Fn(&str) -> bool) {
        let mut limiters = self.limiters.lock().unwrap_or_else(PoisonError::into_inner);
        limiters.retain(|name, _| keep(name));
    }
}
