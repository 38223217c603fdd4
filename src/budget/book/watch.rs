//! When someone should be told.

use super::{Book, account::Account, stand::Stand};
use crate::budget::{
    Budget, Event, Limit, Percent, Quantity, Window,
    entry::{CounterId, Entry, Told},
};

/// Limits on calls at once have no windows: what is said of them may be said again after an hour.
const AGAIN_AFTER: i64 = 3600;

/// The thresholds of one limit of an account, as the last call found them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::budget) struct Watch {
    /// Grants included.
    limit: Quantity,
    cached: bool,
    warn: Vec<Percent>,
}

impl Watch {
    /// The one that a limit needs, unless its account has it already.
    pub(super) fn new(budget: &Budget, limit: &Limit, stand: &Stand<'_>) -> Option<Self> {
        if budget.warn.is_empty() || limit.window == Window::Always {
            return None;
        }
        let known = stand.account.map_or(&[][..], |account| &account.watch);
        let limit = limit.quantity.with(stand.limit);
        let same = |it: &Self| {
            it.limit == limit && it.cached == budget.cached_tokens && it.warn == budget.warn
        };
        (!known.iter().any(same)).then(|| Self {
            limit,
            cached: budget.cached_tokens,
            warn: budget.warn.clone(),
        })
    }
}

impl Book {
    /// Remembers the thresholds of a limit, for what its counter's account is charged later on.
    pub(in crate::budget) fn watch(&mut self, counter: CounterId, watch: Watch) {
        let account = self.counters.get(&counter).map(|counter| counter.account);
        if let Some(account) = account.and_then(|id| self.accounts.get_mut(id)) {
            match account.watch.iter_mut().find(|it| it.limit.unit() == watch.limit.unit()) {
                Some(known) => *known = watch,
                None => account.watch.push(watch),
            }
        }
    }

    /// The thresholds that the account of this counter has reached and nobody was told of.
    pub(in crate::budget) fn reached(&self, id: CounterId) -> Vec<(Entry, Event)> {
        let mut told = Vec::new();
        let Some(counter) = self.counters.get(&id) else { return told };
        // What is charged to an old window says nothing of the one that counts.
        let account = self.accounts.get(counter.account).filter(|it| it.counters.contains(&id));
        let Some(account) = account else { return told };
        for Watch { limit, cached, warn } in &account.watch {
            let spent = self.sums(account, *limit, *cached, self.latest).spent;
            let spent = spent.saturating_add(self.others_spent(account, limit.unit()));
            let due = |percent: &&Percent| {
                let reached = u128::from(spent) * 100;
                reached >= u128::from(limit.count()) * u128::from(percent.0)
                    && !self.was_told(account, *limit, Some(percent.0))
            };
            for Percent(percent) in warn.iter().filter(due) {
                let (percent, until) = (*percent, self.again_at(&account.key.window, counter.end));
                let event = Event::Threshold {
                    budget: account.key.budget.clone(),
                    of: account.key.value.clone(),
                    percent,
                    limit: *limit,
                    spent: limit.with(spent),
                    window_end: until,
                };
                told.push((tell(id, *limit, Some(percent), until), event));
            }
        }
        told
    }

    /// That a call goes out although it does not fit, unless that was said in this window.
    pub(super) fn passed(
        &self,
        budget: &Budget,
        limit: &Limit,
        value: &str,
        stand: &Stand<'_>,
        (counter, end): (CounterId, i64),
    ) -> Option<(Entry, Event)> {
        if stand.account.is_some_and(|account| self.was_told(account, limit.quantity, None)) {
            return None;
        }
        let event = Event::Exceeded {
            budget: budget.name.clone(),
            of: value.to_owned(),
            limit: limit.quantity.with(stand.limit),
            spent: limit.quantity.with(stand.all_spent()),
        };
        let until = self.again_at(&limit.window, end);
        Some((tell(counter, limit.quantity, None, until), event))
    }

    /// Notes what someone was told.
    pub(super) fn note(&mut self, counter: CounterId, told: Told) -> Option<()> {
        let account = self.counters.get(&counter)?.account;
        self.accounts.get_mut(account)?.told.push(told);
        Some(())
    }

    fn was_told(&self, account: &Account, limit: Quantity, percent: Option<u8>) -> bool {
        let same = |it: &&Told| it.percent == percent && it.unit == limit.unit();
        account.told.iter().filter(same).any(|it| self.latest < it.until)
    }

    /// When a window is over that holds this second and whose counter ends then.
    fn again_at(&self, window: &Window, end: i64) -> i64 {
        match window.span() {
            Some(span) => self.latest.saturating_add(span),
            None if *window == Window::Always => self.latest.saturating_add(AGAIN_AFTER),
            None => end,
        }
    }
}

fn tell(counter: CounterId, limit: Quantity, percent: Option<u8>, until: i64) -> Entry {
    Entry::Told { counter, told: Told { unit: limit.unit().to_owned(), percent, until } }
}
