//! How often each caller, model or backend has been called lately.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

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
    /// Lets a call through and counts it, or says which rate it would exceed. What is left of the
    /// tightest rate, if there is any.
    pub fn admit<'a>(
        &self,
        rates: &'a [Arc<Rate>],
        who: &Subject<'_>,
    ) -> Result<Option<Room>, TooOften<'a>> {
        let mut tightest: Option<Room> = None;
        for rate in rates {
            let (limiter, of) = (self.limiter(rate), rate.per.of(who));
            limiter.admit(&of).map_err(|retry_after| TooOften { rate, retry_after })?;
            let room = limiter.room(&of);
            if tightest.is_none_or(|tightest| room.remaining < tightest.remaining) {
                tightest = Some(room);
            }
        }
        Ok(tightest)
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
