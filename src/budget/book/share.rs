//! What of an account this replica may use, where others share it. The rules are in
//! [`crate::budget::lease`].

use std::{
    borrow::Borrow,
    collections::HashSet,
    time::{Duration, Instant},
};

use super::{
    AccountId, Book,
    account::Account,
    stand::{Stand, Sums},
};
use crate::budget::{
    Budget, Limit, Quantity, Scope, Window,
    entry::{Counter, CounterId, Entry, Key},
    lease::{Lease, Report, TopUp},
    store::Outage,
};

/// What was heard of others is believed for so long when a call is refused.
const FRESH: Duration = Duration::from_millis(500);
/// How often an account is reported in which something is leased and not used.
const IDLE: Duration = Duration::from_millis(500);
/// How often one is reported that was used in the last minute.
const ACTIVE: Duration = Duration::from_secs(2);
/// How often any is.
const QUIET: Duration = Duration::from_secs(30);
/// For how long what is leased for calls at once is leased.
const SLOT: Duration = Duration::from_secs(10);
/// For how long the store remembers a window that is over.
const GRACE: i64 = 3600;
/// How long one of the two stretches is by which the pace of spending is told.
const STRETCH: Duration = Duration::from_secs(5);

/// How far a call goes to be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::budget) enum Patience {
    /// Rather than hold less than it can use at most, it asks for a larger lease.
    Ask,
    /// It asked. If not even what is likely fits, others may give something back.
    Wait,
    /// It has waited for that.
    Over,
}

/// What is true of all shares.
#[derive(Debug)]
pub(in crate::budget) struct Sharing {
    /// What holds while the store can't be reached.
    outage: Outage,
    reachable: bool,
    /// Accounts that have changed since they were reported.
    dirty: HashSet<AccountId>,
    /// How many rounds of reports have begun.
    round: u64,
}

/// One limit of an account that replicas share, in one window.
#[derive(Debug)]
pub(in crate::budget) struct Share {
    terms: Terms,
    /// The window's first second; 0 for one that rolls or never ends.
    start: i64,
    /// What this replica may reach.
    leased: u64,
    /// What the store last answered.
    lease: Option<Lease>,
    /// When that was asked.
    heard: Option<Instant>,
    /// When this was last reported, and what was used then.
    reported: Option<Instant>,
    used: u64,
    /// The store has lost what it knew.
    retell: bool,
    /// What calls wait for: likely and most.
    waiting: (u64, u64),
    /// What was used beyond the lease in this window, while the store could not be reached.
    beyond: u64,
    pace: Pace,
}

/// What the configuration and people say of a shared limit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Terms {
    /// Without grants.
    limit: Quantity,
    cached: bool,
    grants: Vec<TopUp>,
}

/// A share that a call needs: there is none yet, or not on these terms, or it is too small.
#[derive(Debug)]
pub(super) struct Ask {
    key: Key,
    start: i64,
    terms: Terms,
    needs: (u64, u64),
}

/// What of a limit is this replica's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Room {
    /// What its calls may come to.
    pub(super) reach: u64,
    /// What the others have charged.
    pub(super) others_spent: u64,
    /// What they hold for calls under way.
    pub(super) others_reserved: u64,
    /// When they said so.
    heard: Option<Instant>,
}

/// Names a share in a round of reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::budget) struct Slip {
    account: AccountId,
    unit: &'static str,
    start: i64,
}

/// How fast something is used, told by two stretches of time.
#[derive(Clone, Copy, Debug, Default)]
struct Pace {
    since: Option<Instant>,
    spent: u64,
    peak: u64,
    last: (u64, u64),
    used: Option<Instant>,
}

impl Sharing {
    pub(in crate::budget) fn new(outage: Outage) -> Self {
        Self { outage, reachable: true, dirty: HashSet::new(), round: 0 }
    }

    /// Something changed in an account.
    pub(super) fn touch(&mut self, account: AccountId) {
        self.dirty.insert(account);
    }
}

impl Pace {
    /// What should be leased beyond what is used now, so that it lasts for two seconds and for as
    /// many calls at once as there were.
    fn slice(&mut self, Sums { spent, reserved, .. }: Sums, at: Instant) -> u64 {
        let used = spent.saturating_add(reserved);
        if self.since.is_none_or(|since| at.saturating_duration_since(since) >= STRETCH) {
            let stale =
                self.since.is_none_or(|since| at.saturating_duration_since(since) >= STRETCH * 2);
            let last = (spent.saturating_sub(self.spent), self.peak);
            let first = self.since.is_none();
            self.last = if first || stale { (0, 0) } else { last };
            (self.since, self.spent, self.peak) = (Some(at), spent, reserved);
        }
        self.peak = self.peak.max(reserved);
        let growth = spent.saturating_sub(self.spent).max(self.last.0);
        if used > 0 && (growth > 0 || self.peak.max(self.last.1) > 0) {
            self.used = Some(at);
        }
        let peak = self.peak.max(self.last.1).saturating_sub(reserved);
        (growth / 5).saturating_mul(2).saturating_add(peak)
    }

    fn is_active(&self, at: Instant) -> bool {
        let recent = |used| at.saturating_duration_since(used) < Duration::from_secs(60);
        self.used.is_some_and(recent)
    }
}

impl Room {
    /// Whether so much would fit if all others gave back what they don't use. What was heard too
    /// long ago does not count.
    pub(super) fn may_fit(&self, stand: &Stand<'_>, count: u64) -> bool {
        let is_fresh = self.heard.is_some_and(|heard| heard.elapsed() < FRESH);
        let others = self.others_spent.saturating_add(self.others_reserved);
        let others = if is_fresh { others } else { 0 };
        let sum = stand.spent.saturating_add(stand.reserved).saturating_add(count);
        // Nobody has heard yet of what may have been granted.
        self.heard.is_none() || sum.saturating_add(others) <= stand.limit
    }
}

impl Book {
    /// From now on accounts are shared with other replicas: all that have counters, and those of
    /// totals.
    pub(in crate::budget) fn share<B: Borrow<Budget>>(
        &mut self,
        budgets: &[B],
        outage: Outage,
        now: i64,
    ) {
        self.observe(now);
        self.sharing = Some(Sharing::new(outage));
        for budget in budgets.iter().map(Borrow::borrow) {
            for limit in &budget.limits {
                let known = self.accounts.of(&budget.name).filter(|account| {
                    account.key.scope == budget.per && account.key.window == limit.window
                });
                let total = (budget.per == Scope::TOTAL).then(String::new);
                let values: HashSet<String> =
                    known.map(|account| account.key.value.clone()).chain(total).collect();
                for value in values {
                    let ask = self.ask(budget, limit, &value, (0, 0));
                    self.offer(ask);
                }
            }
        }
    }

    /// How a limit stands that others share.
    pub(super) fn shared_stand<'a>(&self, mut stand: Stand<'a>, limit: &Limit) -> Stand<'a> {
        let Some(sharing) = &self.sharing else { return stand };
        let start = self.share_start(&limit.window, stand.counter);
        let share = stand.account.and_then(|account| account.share(limit.quantity.unit(), start));
        let (leased, beyond) = share.map_or((0, 0), |share| (share.leased, share.beyond));
        let lease = share.and_then(|share| share.lease.as_ref());
        if let Some(lease) = lease {
            stand.limit = lease.limit;
        }
        let allowance = match sharing.outage {
            Outage::Open(percent) if !sharing.reachable => {
                let part = u128::from(limit.quantity.count()) * u128::from(percent.0) / 100;
                u64::try_from(part).unwrap_or(u64::MAX)
            }
            _ => 0,
        };
        let (spent, used) =
            (lease.map_or(0, Lease::others_spent), lease.map_or(0, Lease::others_used));
        stand.room = Some(Room {
            reach: leased.saturating_add(allowance.saturating_sub(beyond)),
            others_spent: spent,
            others_reserved: used.saturating_sub(spent),
            heard: share.and_then(|share| share.heard),
        });
        stand
    }

    /// What the others have charged on an account in this unit.
    pub(super) fn others_spent(&self, account: &Account, unit: &'static str) -> u64 {
        let newest = account.shares.iter().filter(|share| share.terms.limit.unit() == unit);
        let newest = newest.max_by_key(|share| share.start);
        newest.and_then(|share| share.lease.as_ref()).map_or(0, Lease::others_spent)
    }

    /// The ask that makes a share known, if that is needed.
    pub(super) fn new_ask(
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
    pub(super) fn ask(
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
    pub(super) fn offer(&mut self, ask: Ask) {
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

    /// How far a call may go: there is no use in asking for more than it can't do without while
    /// nobody answers.
    pub(super) fn patience(&self, patience: Patience) -> Patience {
        let hopeless = self.sharing.as_ref().is_some_and(|sharing| !sharing.reachable);
        if hopeless && patience == Patience::Ask { Patience::Wait } else { patience }
    }

    /// The next round of reports, if there is someone to report to.
    pub(super) fn next_round(&self) -> Option<u64> {
        let sharing = self.sharing.as_ref().filter(|sharing| sharing.reachable)?;
        Some(sharing.round + 1)
    }

    /// Tells the others what was granted to a counter here.
    pub(in crate::budget) fn share_grants(&mut self, budget: &Budget, value: &str, now: i64) {
        self.observe(now);
        for limit in &budget.limits {
            let ask = self.ask(budget, limit, value, (0, 0));
            self.offer(ask);
        }
    }

    /// Begins a round: what is to be reported of accounts that have changed, those first in which
    /// calls wait. From now on smaller leases count.
    pub(in crate::budget) fn reports(&mut self, now: i64, at: Instant) -> Vec<(Slip, Report)> {
        self.observe(now);
        let Some(sharing) = &mut self.sharing else { return Vec::new() };
        sharing.round += 1;
        let dirty = std::mem::take(&mut sharing.dirty);
        let mut reports = Vec::with_capacity(dirty.len());
        for id in dirty {
            let Some(account) = self.accounts.get_mut(id) else { continue };
            let mut shares = std::mem::take(&mut account.shares);
            for share in &mut shares {
                let Some(account) = self.accounts.get(id) else { continue };
                let start = self.share_start(&account.key.window, None);
                if share.start != start {
                    *share = Share::new(share.terms.clone(), start);
                }
                let sums = self.sums(account, share.terms.limit, share.terms.cached, self.latest);
                let waits = share.waiting != (0, 0);
                let report = share.report(self.generation(account), account, sums, self.latest, at);
                let slip = Slip { account: id, unit: share.terms.limit.unit(), start };
                reports.push((waits, (slip, report)));
            }
            if let Some(account) = self.accounts.get_mut(id) {
                account.shares = shares;
            }
        }
        reports.sort_by_key(|(waits, _)| !waits);
        reports.into_iter().map(|(_, report)| report).collect()
    }

    /// Takes a lease in. Gives the entry that begins the account anew, if it was reset elsewhere.
    pub(in crate::budget) fn leased(
        &mut self,
        slip: Slip,
        lease: Lease,
        asked: Instant,
    ) -> Option<Entry> {
        let account = self.accounts.get(slip.account)?;
        let share = account.share(slip.unit, slip.start)?;
        let Sums { spent, reserved, .. } =
            self.sums(account, share.terms.limit, share.terms.cached, self.latest);
        let used = spent.saturating_add(reserved);
        let is_slot = account.key.window == Window::Always;
        let reset = (lease.generation > self.generation(account)).then(|| {
            let id = CounterId(self.last_counter + 1);
            let key = account.key.clone();
            Entry::Counter(Counter::new(id, key, self.latest, lease.generation))
        });
        let account = self.accounts.get_mut(slip.account)?;
        let share = account.share_mut(slip.unit, slip.start)?;
        if !is_slot {
            share.beyond = share.beyond.saturating_add(used.saturating_sub(share.leased));
        }
        share.leased = lease.leased;
        let gives_back = lease.others_wait && share.leased > used;
        share.lease = Some(lease);
        share.heard = Some(asked);
        share.retell = false;
        if let Some(sharing) = self.sharing.as_mut().filter(|_| gives_back) {
            sharing.touch(slip.account);
        }
        reset
    }

    /// The reports of this round were not answered: they are due again.
    pub(in crate::budget) fn unanswered(&mut self, slips: impl Iterator<Item = Slip>) {
        let Some(sharing) = &mut self.sharing else { return };
        slips.for_each(|slip| sharing.touch(slip.account));
    }

    /// The store is there, or is not.
    pub(in crate::budget) fn set_reachable(&mut self, reachable: bool) {
        if let Some(sharing) = &mut self.sharing {
            sharing.reachable = reachable;
        }
    }

    /// The store has lost what it knew: everything is to be told again.
    pub(in crate::budget) fn retell(&mut self) {
        let Some(sharing) = &mut self.sharing else { return };
        for (id, account) in self.accounts.all_mut().filter(|(_, it)| !it.shares.is_empty()) {
            account.shares.iter_mut().for_each(|share| share.retell = true);
            sharing.touch(id);
        }
    }

    /// Looks at all shares: which are due to be reported though nothing has changed, whose lease
    /// has ended, and which nobody needs any more.
    pub(in crate::budget) fn review(&mut self, now: i64, at: Instant) {
        self.observe(now);
        let Self { accounts, counters, sharing: Some(sharing), latest, .. } = self else { return };
        for (id, account) in accounts.all_mut().filter(|(_, it)| !it.shares.is_empty()) {
            let Account { key, shares, counters: ids, .. } = account;
            let is_over = |share: &Share| match &key.window {
                window if window.span().is_some() || *window == Window::Always => false,
                window => share.start != window.bounds(*latest).0,
            };
            let unused = ids.iter().filter_map(|id| counters.get(id)).all(Counter::is_unused);
            shares.retain(|share| {
                let idle = is_over(share)
                    || (unused
                        && share.leased == 0
                        && share.heard.is_some()
                        && !share.pace.is_active(at));
                key.scope == Scope::TOTAL || share.waiting != (0, 0) || !idle
            });
            for share in shares {
                let since = |then: Option<Instant>| {
                    then.map_or(Duration::MAX, |then| at.saturating_duration_since(then))
                };
                // A second earlier than the store, for clocks that don't run alike.
                if key.window == Window::Always
                    && since(share.heard) + Duration::from_secs(1) > SLOT
                {
                    share.leased = 0;
                }
                let holds_idle = share.leased > share.used;
                let every = match () {
                    () if holds_idle => IDLE,
                    () if share.pace.is_active(at) || key.scope == Scope::TOTAL => ACTIVE,
                    () => QUIET,
                };
                if since(share.reported) >= every {
                    sharing.touch(id);
                }
            }
        }
    }

    /// Nothing will be used any more: what is leased and not used is given back.
    pub(in crate::budget) fn give_back(&mut self) {
        let Some(sharing) = &mut self.sharing else { return };
        for (id, account) in self.accounts.all_mut().filter(|(_, it)| !it.shares.is_empty()) {
            for share in &mut account.shares {
                share.pace = Pace::default();
                share.waiting = (0, 0);
            }
            sharing.touch(id);
        }
    }

    /// How often an account was reset in the window that counts now.
    fn generation(&self, account: &Account) -> u64 {
        let counts = account.key.window.span().is_some()
            || self.counting(account, self.latest).next().is_some();
        if counts { account.generation } else { 0 }
    }

    fn share_start(&self, window: &Window, counter: Option<&Counter>) -> i64 {
        match counter {
            _ if window.span().is_some() || *window == Window::Always => 0,
            Some(counter) => counter.start,
            None => window.bounds(self.latest).0,
        }
    }

    /// What is granted on top of a limit, as the store is told of it.
    fn grants(&self, budget: &Budget, limit: &Limit, value: &str) -> Vec<TopUp> {
        let unit = limit.quantity.unit();
        let declared = budget.grants.iter().enumerate().filter(|(_, grant)| {
            grant.of.as_deref().is_none_or(|of| of == value) && grant.quantity.unit() == unit
        });
        let mut grants: Vec<TopUp> = declared
            .map(|(at, grant)| TopUp {
                id: format!("declared-{at}-{}", grant.until),
                quantity: grant.quantity.count(),
                until: grant.until,
                given: false,
            })
            .collect();
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

impl Account {
    fn share(&self, unit: &str, start: i64) -> Option<&Share> {
        self.shares.iter().find(|it| it.terms.limit.unit() == unit && it.start == start)
    }

    fn share_mut(&mut self, unit: &str, start: i64) -> Option<&mut Share> {
        self.shares.iter_mut().find(|it| it.terms.limit.unit() == unit && it.start == start)
    }
}

impl Share {
    fn new(terms: Terms, start: i64) -> Self {
        Self {
            terms,
            start,
            leased: 0,
            lease: None,
            heard: None,
            reported: None,
            used: 0,
            retell: false,
            waiting: (0, 0),
            beyond: 0,
            pace: Pace::default(),
        }
    }

    fn report(
        &mut self,
        generation: u64,
        Account { key, .. }: &Account,
        sums: Sums,
        now: i64,
        at: Instant,
    ) -> Report {
        let Sums { spent, reserved, .. } = sums;
        let used = spent.saturating_add(reserved);
        let (likely, most) = std::mem::take(&mut self.waiting);
        let slice = self.pace.slice(sums, at);
        let needs = used.saturating_add(likely);
        let others_wait = self.lease.as_ref().is_some_and(|lease| lease.others_wait);
        let wants =
            if others_wait { needs } else { used.saturating_add(most.max(slice)).max(needs) };
        self.leased = self.leased.min(wants);
        (self.reported, self.used) = (Some(at), used);

        let lease = self.lease.as_ref().filter(|_| self.retell);
        let others = lease.map(|lease| lease.others.clone()).unwrap_or_default();
        let mut top_ups = self.terms.grants.clone();
        for known in lease.iter().flat_map(|lease| &lease.top_ups) {
            if let Some(told) = top_ups.iter_mut().find(|told| told.id == known.id) {
                told.quantity = known.quantity;
            } else if !known.id.starts_with("declared-") {
                top_ups.push(known.clone());
            }
        }
        let unit = self.terms.limit.unit();
        let keep = match (&key.window, key.window.span()) {
            (Window::Always, _) => SLOT,
            (window, Some(span)) => {
                let (start, end) = window.bounds(now);
                seconds(span.saturating_add(end.saturating_sub(start)))
            }
            (window, None) => {
                let end = window.bounds(self.start).1;
                seconds(end.saturating_sub(now).saturating_add(GRACE))
            }
        };
        // Lengths before, so that no two names come to the same.
        let counter = format!(
            "{}:{}|{}|{}|{}|{unit}",
            key.budget.len(),
            key.budget,
            key.scope,
            key.window,
            key.value,
        );
        Report {
            account: format!("{counter}|{}", self.start),
            counter,
            keep,
            limit: self.terms.limit.count(),
            generation,
            spent,
            reserved,
            needs,
            wants,
            held: self.leased,
            others,
            top_ups,
        }
    }
}

fn seconds(count: i64) -> Duration {
    Duration::from_secs(u64::try_from(count).unwrap_or(0))
}
