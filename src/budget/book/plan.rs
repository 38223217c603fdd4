//! Whether a call fits, and what has to be entered for it.

use std::time::Duration;

use super::{
    Book,
    share::{Ask, Patience},
    stand::Stand,
    watch::Watch,
};
use crate::budget::{
    Budget, Denied, Estimate, Event, Exceeded, Limit, OnExceeded, Subject, Window,
    amount::Amount,
    entry::{Counter, CounterId, Entry, Hold, Key, ReservationId, Used},
    lease::Short,
    statement::{Party, RowKey, SubjectId},
};

/// When a call may try again for which a place may come free at any time: another call ends, or
/// another replica gives something back.
const SOON: Duration = Duration::from_secs(1);

/// What has to be entered, so that a call may go out.
#[derive(Debug)]
pub(in crate::budget) struct Plan {
    pub(in crate::budget) id: ReservationId,
    /// How far from likely to most is held, in quarters.
    pub(in crate::budget) quarters: u8,
    /// The reservation's own is the last.
    pub(in crate::budget) entries: Vec<Entry>,
    /// The thresholds to look at from now on.
    pub(in crate::budget) watches: Vec<(CounterId, Watch)>,
    /// What someone should be told, once all this is entered.
    pub(in crate::budget) events: Vec<Event>,
}

/// A plan under way.
struct Draft {
    estimate: Estimate,
    patience: Patience,
    /// Whether leases are too small.
    short: bool,
    /// Whether the call passes beyond one, because an outage is open.
    passes: bool,
    asks: Vec<Ask>,
    quarters: u8,
    held: Amount,
    refused: Option<Exceeded>,
    counters: Vec<CounterId>,
    last_counter: u64,
    entries: Vec<Entry>,
    watches: Vec<(CounterId, Watch)>,
    events: Vec<Event>,
}

/// A limit of a budget, for one of its values.
struct Place<'a> {
    budget: &'a Budget,
    limit: &'a Limit,
    value: &'a str,
    stand: Stand<'a>,
}

impl Book {
    /// What would hold an estimate in the current counters of every budget: as much of it as fits
    /// into all; or why one of them does not allow it.
    pub(in crate::budget) fn plan(
        &mut self,
        budgets: &[&Budget],
        who: &Subject<'_>,
        estimate: Estimate,
        patience: Patience,
        now: i64,
    ) -> Result<Plan, Denied> {
        self.observe(now);
        let mut draft = Draft {
            estimate,
            patience: self.patience(patience),
            short: false,
            passes: false,
            asks: Vec::new(),
            quarters: Estimate::QUARTERS,
            held: estimate.part(Estimate::QUARTERS).into(),
            refused: None,
            counters: Vec::with_capacity(budgets.len()),
            last_counter: self.last_counter,
            entries: Vec::with_capacity(budgets.len() + 1),
            watches: Vec::new(),
            events: Vec::new(),
        };
        for budget in budgets {
            let value = &*budget.per.of(who);
            for limit in &budget.limits {
                let stand = self.stand(budget, limit, value, self.latest);
                let place = Place { budget, limit, value, stand };
                let unknown = self.new_ask(&place.stand, budget, limit, value);
                draft.asks.extend(unknown);
                draft.spare(&place);
                if draft.is_short(&place) {
                    draft.short = true;
                    continue;
                }
                if !draft.fit(&place) {
                    draft.refuse(self, &place, now);
                } else if draft.refused.is_none() {
                    draft.enter(self, &place);
                }
            }
        }
        if draft.short {
            draft.ask(self, budgets, who);
        }
        let row = self.statement.plan(who, self.latest);
        draft.finish(self, row)
    }

    /// When so much will fit, if nobody calls any more.
    fn retry_after(&self, place: &Place<'_>, count: u64, now: i64) -> Duration {
        let Place { limit: Limit { window, .. }, stand, .. } = place;
        let end = match window.span() {
            _ if *window == Window::Always => return SOON,
            Some(span) => {
                let used = stand.all_spent().saturating_add(stand.all_reserved());
                let mut used = used.saturating_add(count);
                let mut end = self.latest;
                let slices = stand.account.into_iter();
                for slice in slices.flat_map(|account| self.counting(account, self.latest)) {
                    if used <= stand.limit {
                        break;
                    }
                    used = used.saturating_sub(place.count(slice.spent.plus(slice.reserved)));
                    end = slice.end.saturating_add(span);
                }
                // Nobody here knows when others used what is too much: now at the latest.
                let all = || window.bounds(self.latest).1.saturating_add(span);
                if used > stand.limit { all() } else { end }
            }
            None => stand.counter.map_or_else(|| window.bounds(self.latest).1, |it| it.end),
        };
        Duration::from_secs(u64::try_from(end.saturating_sub(now)).unwrap_or(0)).max(SOON)
    }
}

impl Draft {
    /// Holds less where it would take more than half of what is left, but not less than what is
    /// likely: a few calls with huge limits would lock out all others for as long as they last.
    fn spare(&mut self, place: &Place<'_>) {
        if place.budget.on_exceeded == OnExceeded::Audit {
            return;
        }
        let least = place.count(self.estimate.part(0).into());
        while self.quarters > 0 && place.count(self.held) > least.max(place.stand.left() / 2) {
            self.hold_less();
        }
    }

    fn hold_less(&mut self) {
        self.quarters -= 1;
        self.held = self.estimate.part(self.quarters).into();
    }

    /// Whether a larger lease has to be asked for here: before less is held, or if nothing else
    /// is left.
    fn is_short(&self, place: &Place<'_>) -> bool {
        let least = self.estimate.part(0).into();
        let held = if self.patience == Patience::Ask { self.held } else { least };
        self.patience != Patience::Over
            && !place.holds(held)
            && place.stand.may_fit(place.count(least))
    }

    /// Asks for all leases that the call needs, for those too that are large enough: they would be
    /// given back while it waits.
    fn ask(&mut self, book: &Book, budgets: &[&Budget], who: &Subject<'_>) {
        let (least, most) = (self.estimate.part(0).into(), self.held);
        let holding = budgets.iter().filter(|it| it.on_exceeded != OnExceeded::Audit);
        for (budget, limit) in
            holding.flat_map(|budget| budget.limits.iter().map(move |limit| (budget, limit)))
        {
            let count =
                |amount: Amount| amount.in_unit_of(limit.quantity, budget.cached_tokens).count();
            let needs = (count(least), count(most));
            self.asks.push(book.ask(budget, limit, &budget.per.of(who), needs));
        }
    }

    /// Holds less until it fits here; false if even what is likely does not.
    fn fit(&mut self, place: &Place<'_>) -> bool {
        while !place.holds(self.held) {
            if self.quarters == 0 {
                return false;
            }
            self.hold_less();
        }
        true
    }

    /// Of several refusals the greatest counts ([`Exceeded::rank`]).
    fn refuse(&mut self, book: &Book, place: &Place<'_>, now: i64) {
        let Place { budget, limit, stand, .. } = place;
        let retry_after = book.retry_after(place, place.count(self.held), now);
        let refused = Exceeded {
            budget: budget.name.clone(),
            on_exceeded: budget.on_exceeded.clone(),
            window: limit.window.clone(),
            limit: limit.quantity.with(stand.limit),
            spent: limit.quantity.with(stand.all_spent()),
            reserved: limit.quantity.with(stand.all_reserved()),
            needed: limit.quantity.with(place.count(self.estimate.part(0).into())),
            retry_after,
        };
        if self.refused.as_ref().is_none_or(|it| it.rank() < refused.rank()) {
            self.refused = Some(refused);
        }
    }

    /// Holds the call in the counter of this place, which begins where there is none.
    fn enter(&mut self, book: &Book, place: &Place<'_>) {
        let Place { budget, limit, value, stand } = place;
        let (id, end) = match stand.counter {
            Some(counter) => (counter.id, counter.end),
            None => self.begin(book, place),
        };
        // Limits in several units share the counter of their window.
        if !self.counters.contains(&id) {
            self.counters.push(id);
        }
        if stand.granted_until > stand.account.map_or(0, |account| account.keep) {
            self.entries.push(Entry::Keep { counter: id, until: stand.granted_until });
        }
        self.passes |= place.passes(self.held);
        self.watches.extend(Watch::new(budget, limit, stand).map(|watch| (id, watch)));
        let likely = place.count(self.estimate.part(0).into());
        if budget.on_exceeded == OnExceeded::Audit
            && stand.is_passed_by(likely)
            && let Some((told, event)) = book.passed(budget, limit, value, stand, (id, end))
        {
            self.entries.push(told);
            self.events.push(event);
        }
    }

    fn begin(&mut self, book: &Book, place: &Place<'_>) -> (CounterId, i64) {
        let Place { budget, limit, value, stand } = place;
        let last = stand.last();
        let taken = last.into_iter().flat_map(|counter| {
            let entry =
                move |it: &Used| Entry::Take { counter, quantity: it.quantity, until: it.until };
            stand.take.iter().map(entry)
        });
        self.entries.extend(taken);
        let begun = self.entries.iter().find_map(|entry| match entry {
            Entry::Counter(it) if it.key.budget == budget.name && it.key.window == limit.window => {
                Some((it.id, it.end))
            }
            _ => None,
        });
        begun.unwrap_or_else(|| {
            self.last_counter += 1;
            let id = CounterId(self.last_counter);
            let key = budget.key(&limit.window, value);
            let generation = match limit.window.span() {
                Some(_) => stand.account.map_or(0, |account| account.generation),
                None => 0,
            };
            let counter = Counter::new(id, key, book.latest, generation);
            let end = counter.end;
            self.entries.push(Entry::Counter(counter));
            (id, end)
        })
    }

    fn finish(
        self,
        book: &mut Book,
        (row, party): (RowKey, Option<(SubjectId, Party)>),
    ) -> Result<Plan, Denied> {
        let Self { asks, short, passes, refused, held, counters, mut entries, .. } = self;
        if let Some(refused) = refused {
            return Err(Denied::Exceeded(Box::new(refused)));
        }
        asks.into_iter().for_each(|ask| book.offer(ask));
        if short {
            return Err(match book.next_round() {
                Some(round) => Denied::Short(Short { round }),
                None => Denied::Unavailable,
            });
        }
        if passes {
            book.pass();
        }
        let id = ReservationId(book.last_reservation + 1);
        entries.extend(party.map(|(id, party)| Entry::Subject { id, party }));
        entries.push(Entry::Reserve(Hold { id, counters, estimate: held, row: Some(row) }));
        let Self { quarters, watches, events, .. } = self;
        Ok(Plan { id, quarters, entries, watches, events })
    }
}

impl Place<'_> {
    /// Whether this can be held here. What only audits holds anything, but for what could not be
    /// taken off again: in no unit may the sum be anything but exact.
    fn holds(&self, held: Amount) -> bool {
        let exact = self.stand.counter.is_none_or(|it| it.reserved.checked_plus(held).is_some());
        let audits = self.budget.on_exceeded == OnExceeded::Audit;
        exact && (audits || self.stand.fits(self.count(held)))
    }

    /// Whether this is more than what is leased, and allowed all the same.
    fn passes(&self, held: Amount) -> bool {
        let Stand { spent, reserved, room, .. } = &self.stand;
        let used = spent.saturating_add(*reserved).saturating_add(self.count(held));
        let audits = self.budget.on_exceeded == OnExceeded::Audit;
        room.is_some_and(|room| !audits && used > room.leased)
    }

    fn count(&self, amount: Amount) -> u64 {
        amount.in_unit_of(self.limit.quantity, self.budget.cached_tokens).count()
    }
}

impl Budget {
    pub(super) fn key(&self, window: &Window, value: &str) -> Key {
        let (scope, window) = (self.per.clone(), window.clone());
        Key { budget: self.name.clone(), scope, value: value.to_owned(), window }
    }
}
