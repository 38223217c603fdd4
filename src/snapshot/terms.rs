//! What a model takes and costs, looked up once.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use providers::Schema;
use providers::catalog::Capabilities;
use providers::price::{Price, Seller};

use super::{Backend, Snapshot};

/// Models remembered at most: callers choose names under a wildcard, memory is not theirs (S-29).
const MOST: usize = 4096;

/// What one model on one backend takes and costs.
#[derive(Clone, Debug)]
pub struct Terms {
    /// What it takes; on OpenAI's Chat, where that has a sister.
    pub capabilities: Capabilities,
    /// What it takes on OpenAI's Responses.
    pub on_responses: Option<Capabilities>,
    /// What it costs; `None` if nobody knows.
    pub price: Option<Price>,
}

/// A backend, by its group key, and a model.
type Key = (u64, String);

/// Terms already looked up under one configuration.
#[derive(Debug, Default)]
pub struct TermsCache {
    known: Mutex<HashMap<Key, Arc<Terms>>>,
}

impl Snapshot {
    /// The terms of a model on a backend, as they are now.
    pub fn terms(&self, backend: &Backend, model: &str) -> Arc<Terms> {
        let key = (backend.group_key, model.to_owned());
        let now = SystemTime::now();
        if let Some(terms) = self.terms.lock().get(&key)
            && terms.hold_at(now)
        {
            return terms.clone();
        }
        // Not under the lock: the price book takes its time for a model it has not seen.
        let terms = Arc::new(self.look_up(backend, model, now));
        let mut known = self.terms.lock();
        if known.len() >= MOST {
            known.clear();
        }
        known.insert(key, terms.clone());
        terms
    }

    fn look_up(&self, backend: &Backend, model: &str, now: SystemTime) -> Terms {
        let capabilities = |schema| {
            let found = self.catalog.capabilities(schema, model);
            let mut capabilities = backend.vendor.quirks().narrow(found);
            capabilities.legacy_openai |= backend.legacy_openai;
            capabilities
        };
        let on_responses = backend.spoken.contains(&Schema::Responses);
        let on_responses = on_responses.then(|| capabilities(Schema::Responses));
        let host = &backend.origin.host;
        let seller = Seller { provider: backend.seller, host, schema: backend.schema };
        Terms {
            capabilities: capabilities(backend.schema),
            on_responses,
            price: self.prices.price(seller, model, now),
        }
    }
}

impl TermsCache {
    fn lock(&self) -> MutexGuard<'_, HashMap<Key, Arc<Terms>>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Terms {
    /// What it takes where it is asked in this schema.
    pub fn capabilities(&self, schema: Schema) -> &Capabilities {
        let there = self.on_responses.as_ref().filter(|_| schema == Schema::Responses);
        there.unwrap_or(&self.capabilities)
    }

    /// Prices may change by date and hour.
    fn hold_at(&self, now: SystemTime) -> bool {
        self.price.as_ref().and_then(Price::until).is_none_or(|until| now < until)
    }
}
