//! What makes a share known, and larger.

use super::super::{Book, stand::Stand};
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
        let known = share.is_some_and(|share| {
            let Terms { limit: quantity, cached, grants } = &share.terms;
            let plain = budget.grants.is_empty() && !self.top_ups.contains_key(&budget.name);
            *quantity == limit.quantity
                && *cached == budget.cached_tokens
                && (if plain {
                    grants.is_empty()
                } else {
                    *grants == self.grants(budget, limit, value)
                })
        });
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
        let grants = self.grants(budget, limit, value);
        let terms = Terms { limit: limit.quantity, cached: budget.cached_tokens, grants };
        let start = self.share_start(&limit.window, None);
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
        let known =
            account.shares.iter_mut().find(|it| it.terms.limit.unit() == unit && it.start == start);
        let share = match known {
            Some(share) => {
                share.terms = terms;
                share
            }
            None => {
                account.shares.retain(|it| it.terms.limit.unit() != unit);
                account.shares.push(Share::new(terms, start));
                match account.shares.last_mut() {
                    Some(share) => share,
                    None => return,
                }
            }
        };
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

    /// What is granted on top of a limit, as the store is told of it.
    fn grants(&self, budget: &Budget, limit: &Limit, value: &str) -> Vec<TopUp> {
        let unit = limit.quantity.unit();
        let declared = budget.grants.iter().filter(|grant| {
            grant.of.as_deref().is_none_or(|of| of == value) && grant.quantity.unit() == unit
        });
        let mut grants: Vec<TopUp> = Vec::new();
        for Grant { quantity, until, .. } in declared {
            // Named by its end and not by its place: others come and go in the configuration.
            let twins = grants.iter().filter(|it| it.until == *until).count();
            grants.push(TopUp {
                id: format!("declared-{until}-{twins}"),
                quantity: quantity.count(),
                until: *until,
                given: false,
            });
        }
        let given = self.top_ups.get(&budget.name).into_iter().flatten();
        let given = given
            .filter(|it| it.value == value && it.scope == budget.per && it.quantity.unit() == unit);
        grants.extend(given.map(|it| TopUp {
            id: it.id.clone(),
            quantity: it.quantity.count(),
            until: it.until,
            given: true,
        }));
        grants
    }
}
