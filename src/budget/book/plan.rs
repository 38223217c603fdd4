//! Whether a call fits, and what has to be entered for it.

use std::{borrow::Borrow, time::Duration};

use super::Book;
use crate::budget::{
    Budget, Denied, Limit, Subject,
    amount::Amount,
    entry::{Counter, CounterId, Entry, Hold, Key, ReservationId},
};

impl Book {
    /// The entries that would hold `estimate` in the current counter of every budget, the
    /// reservation's own being the last; or why one of them does not allow it.
    pub(in crate::budget) fn plan<B: Borrow<Budget>>(
        &mut self,
        budgets: &[B],
        who: &Subject<'_>,
        estimate: Amount,
        now: i64,
    ) -> Result<(ReservationId, Vec<Entry>), Denied> {
        self.observe(now);
        let mut entries = Vec::with_capacity(budgets.len() + 1);
        let mut counters = Vec::with_capacity(budgets.len());
        let mut last_counter = self.last_counter;
        for budget in budgets.iter().map(Borrow::borrow) {
            for limit in &budget.limits {
                let key = budget.key(limit, &budget.per.of(who));
                match self.running(&key) {
                    Some(counter) => {
                        fits(budget, limit, counter, estimate, now)?;
                        counters.push(counter.id);
                    }
                    None => {
                        last_counter += 1;
                        let (start, end) = limit.window.bounds(self.latest);
                        let id = CounterId(last_counter);
                        let (spent, reserved) = (Amount::ZERO, Amount::ZERO);
                        let counter = Counter { id, key, start, end, spent, reserved };
                        fits(budget, limit, &counter, estimate, now)?;
                        counters.push(id);
                        entries.push(Entry::Counter(counter));
                    }
                }
            }
        }
        let id = ReservationId(self.last_reservation + 1);
        let (row, party) = self.statement.plan(who, self.latest);
        entries.extend(party.map(|(id, party)| Entry::Subject { id, party }));
        entries.push(Entry::Reserve(Hold { id, counters, estimate, row: Some(row) }));
        Ok((id, entries))
    }
}

impl Budget {
    fn key(&self, limit: &Limit, value: &str) -> Key {
        let (scope, window) = (self.per.clone(), limit.window.clone());
        Key { budget: self.name.clone(), scope, value: value.to_owned(), window }
    }
}

fn fits(
    budget: &Budget,
    limit: &Limit,
    counter: &Counter,
    estimate: Amount,
    now: i64,
) -> Result<(), Denied> {
    let limit = limit.quantity;
    let count = |amount: Amount| amount.in_unit_of(limit, budget.cached_tokens);
    // What is held is taken off again later: in no unit may the sum be anything but exact.
    let held = counter.reserved.checked_plus(estimate);
    let sum = held.and_then(|held| count(held).count().checked_add(count(counter.spent).count()));
    if sum.is_some_and(|sum| sum <= limit.count()) {
        return Ok(());
    }
    let left = u64::try_from(counter.end.saturating_sub(now)).unwrap_or(0);
    Err(Denied::Exceeded {
        budget: budget.name.clone(),
        limit,
        spent: count(counter.spent),
        reserved: count(counter.reserved),
        retry_after: Duration::from_secs(left),
    })
}
