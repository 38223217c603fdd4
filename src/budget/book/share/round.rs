//! Rounds of reports, and what comes of them.

use std::time::{Duration, Instant};

use super::super::{AccountId, Book, account::Account, stand::Sums};
use super::{Pace, Share};
use crate::budget::{
    Scope, Window,
    entry::{Counter, CounterId, Entry},
    lease::{Lease, Report},
};

/// How often an account is reported in which something is leased and not used.
const IDLE: Duration = Duration::from_millis(500);
/// How often one is reported that was used in the last minute.
const ACTIVE: Duration = Duration::from_secs(2);
/// How often any is.
const QUIET: Duration = Duration::from_secs(30);
/// For how long what is leased for calls at once is leased.
const SLOT: Duration = Duration::from_secs(10);
/// For how long here: less than at the store, for clocks that don't run alike.
const SLOT_HERE: Duration = Duration::from_secs(9);
/// For how long the store remembers a window that is over.
const GRACE: i64 = 3600;

/// Names a share in a round of reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::budget) struct Slip {
    account: AccountId,
    unit: &'static str,
    start: i64,
}

impl Book {
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
        // Until then nothing goes beyond a lease: what was spent was so before the start.
        let was_away = self.sharing.as_ref().is_some_and(|sharing| sharing.was_away);
        let account = self.accounts.get_mut(slip.account)?;
        let share = account.share_mut(slip.unit, slip.start)?;
        if was_away && !is_slot {
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
            sharing.was_away |= !reachable;
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
                if key.window == Window::Always && since(share.heard) > SLOT_HERE {
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
}

impl Share {
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
        let (keep, slice) = match (&key.window, key.window.span()) {
            (Window::Always, _) => (SLOT, Duration::ZERO),
            (window, Some(span)) => {
                let (start, end) = window.bounds(now);
                let slice = end.saturating_sub(start);
                (seconds(span.saturating_add(slice)), seconds(slice))
            }
            (window, None) => {
                let end = window.bounds(self.start).1;
                (seconds(end.saturating_sub(now).saturating_add(GRACE)), Duration::ZERO)
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
            slice,
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
