//! What makes a share known, and larger.

use super::super::{Book, grants::declared, stand::Stand};
use super::Share;
use crate::budget::{Budget, Grant, Limit, Quantity, entry::Key, lease::TopUp};

/// What the configuration and people say of a shared limit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::budget::book) struct Terms {
    /// Without grants.
    pub(super) limit: Quantity,
    pub(super) cached: bool,
    pub(super) grants: Vec<TopUp>,
}

/// A share that a call needs: there is none yet, or not on these terms, or it is too small.
#[derive(Debug)]
pub(in crate::budget::book) struct Ask {
    key: Key,
    start: i64,
    terms: Terms,
    needs: (u64, u64),
}

impl Book {
    /// The ask that makes a share known, if that is needed.
    pub(in crate::budget::book) fn new_ask(
        &self,
        stand: &Stand<'_>,
        budget: &Budget,
        limit: &Limit,
        value: &str,
    ) -> Option<Ask> {
        self.sharing.as_ref()?;
        let start = self.share_start(&limit.window, stand.counter);
        let share = stand.account.and_then(|account| account.share(limit.quantity.unit(), start));
        let known = share.is_some_and(|share| share.terms == self.terms(budget, limit, value));
        (!known).then(|| self.ask(budget, limit, value, (0, 0)))
    }

    /// Asks for so much of a limit: likely and most.
    pub(in crate::budget::book) fn ask(
        &self,
        budget: &Budget,
        limit: &Limit,
        value: &str,
        needs: (u64, u64),
    ) -> Ask {
        let start = self.share_start(&limit.window, None);
        let terms = self.terms(budget, limit, value);
        Ask { key: budget.key(&limit.window, value), start, terms, needs }
    }

    /// Makes the share known that a call needs, and what it needs of it.
    pub(in crate::budget::book) fn offer(&mut self, ask: Ask) {
        let Ask { key, start, terms, needs: (likely, most) } = ask;
        let id = self.accounts.enter(&key);
        let (Some(account), Some(sharing)) = (self.accounts.get_mut(id), &mut self.sharing) else {
            return;
        };
        sharing.touch(id);
        let unit = terms.limit.unit();
        if account.share(unit, start).is_none() {
            account.shares.retain(|it| it.terms.limit.unit() != unit);
            account.shares.push(Share::new(terms.clone(), start));
        }
        let Some(share) = account.share_mut(unit, start) else { return };
        share.terms = terms;
        share.waiting.0 = share.waiting.0.saturating_add(likely);
        share.waiting.1 = share.waiting.1.saturating_add(most);
    }

    /// Tells the others what people changed of a counter here, though nobody has called.
    pub(in crate::budget) fn announce(&mut self, budget: &Budget, value: &str, now: i64) {
        self.observe(now);
        if self.sharing.is_none() {
            return;
        }
        for limit in &budget.limits {
            let ask = self.ask(budget, limit, value, (0, 0));
            self.offer(ask);
        }
    }

    /// What the store is told of a limit.
    fn terms(&self, budget: &Budget, limit: &Limit, value: &str) -> Terms {
        let unit = limit.quantity;
        let mut grants: Vec<TopUp> = Vec::new();
        for Grant { quantity, until, .. } in declared(budget, unit, value) {
            // Named by its end and not by its place: others come and go in the configuration.
            let twins = grants.iter().filter(|it| it.until == *until).count();
            grants.push(TopUp {
                id: format!("declared-{until}-{twins}"),
                quantity: quantity.count(),
                until: *until,
                given: false,
            });
        }
        grants.extend(self.given(budget, unit, value).map(|it| TopUp {
            id: it.id.clone(),
            quantity: it.quantity.count(),
            until: it.until,
            given: true,
        }));
        Terms { limit: unit, cached: budget.cached_tokens, grants }
    }
}
