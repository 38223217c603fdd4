//! Any interleaving, against the simplest ledger there can be: a list of all calls.

use std::collections::HashMap;

use proptest::prelude::*;

use super::*;

/// One thing that happens. Indices are taken modulo what there is.
#[derive(Clone, Debug)]
enum Step {
    Reserve { budgets: u8, bob: bool, likely: (u64, u64), more: (u64, u64) },
    Settle { index: usize, percent: u64 },
    Release { index: usize },
    Drop { index: usize, dispatched: bool },
    Reset { budget: usize, bob: bool },
    Pass { seconds: i64 },
    Keep,
    Crash,
}

fn step() -> impl Strategy<Value = Step> {
    let amounts = |most| (0..most, 0..most);
    prop_oneof![
        8 => (1..32_u8, any::<bool>(), amounts(50_u64), amounts(150_u64)).prop_map(
            |(budgets, bob, likely, more)| Step::Reserve { budgets, bob, likely, more }
        ),
        4 => (any::<usize>(), 0..=100_u64)
            .prop_map(|(index, percent)| Step::Settle { index, percent }),
        2 => any::<usize>().prop_map(|index| Step::Release { index }),
        2 => (any::<usize>(), any::<bool>())
            .prop_map(|(index, dispatched)| Step::Drop { index, dispatched }),
        1 => (any::<usize>(), any::<bool>()).prop_map(|(budget, bob)| Step::Reset { budget, bob }),
        2 => (-100..200_i64).prop_map(|seconds| Step::Pass { seconds }),
        1 => Just(Step::Keep),
        1 => Just(Step::Crash),
    ]
}

/// Which budget, whose counter, which window and its start, and how often it was reset before.
type Place = (usize, String, Window, i64, u32);

/// A call: what it counts in, what it holds, what it cost.
struct Call {
    places: Vec<Place>,
    held: Amount,
    spent: Amount,
    reservation: Option<Reservation>,
}

impl Call {
    fn end(&mut self, spent: Amount) -> Reservation {
        (self.spent, self.held) = (spent, Amount::ZERO);
        self.reservation.take().unwrap()
    }
}

fn budgets() -> [Budget; 5] {
    let limited = |budget: Budget, more: &[(Quantity, Window)]| {
        let more = more.iter().cloned().map(|(quantity, window)| Limit { quantity, window });
        Budget { limits: budget.limits.iter().cloned().chain(more).collect(), ..budget }
    };
    let caller = Scope::each(vec![Dimension::Caller]);
    let model = Scope::each(vec![Dimension::Model]);
    let backend = Scope::each(vec![Dimension::Backend]);
    [
        limited(
            budget("usd", caller, usd(200), Window::Minute),
            &[(usd(500), Window::Hour), (Quantity::Requests(6), Window::Minute)],
        ),
        budget("tokens", Scope::TOTAL, Quantity::Tokens(300), Window::Hour),
        limited(
            budget("calls", model, Quantity::Requests(9), Window::Minute),
            &[(Quantity::Concurrent(3), Window::Always)],
        ),
        budget("day", backend, usd(900), Window::Day),
        Budget {
            on_exceeded: OnExceeded::Audit,
            ..budget("audit", Scope::TOTAL, usd(20), Window::Hour)
        },
    ]
}

/// The list of all calls, and what it says of budgets.
struct List {
    budgets: [Budget; 5],
    calls: Vec<Call>,
    resets: HashMap<(usize, String), u32>,
}

impl List {
    fn place(&self, index: usize, who: &Subject<'_>, window: &Window, now: i64) -> Place {
        let value = self.budgets[index].per.of(who).into_owned();
        let resets = self.resets.get(&(index, value.clone())).copied().unwrap_or(0);
        // There is nothing to reset in what is under way.
        let resets = if *window == Window::Always { 0 } else { resets };
        (index, value, window.clone(), window.bounds(now).0, resets)
    }

    /// What was spent and what is held in one place.
    fn sums(&self, place: &Place, unit: Quantity) -> (u64, u64) {
        let there = self.calls.iter().filter(|call| call.places.contains(place));
        let (spent, held) = there.fold((Amount::ZERO, Amount::ZERO), |(spent, held), call| {
            (spent.plus(call.spent), held.plus(call.held))
        });
        let count = |amount: Amount| amount.in_unit_of(unit, true).count();
        match unit {
            Quantity::Concurrent(_) => (0, count(held)),
            _ => (count(spent), count(held)),
        }
    }

    /// Whether so much can be held everywhere, and beyond what is likely leaves half of the room.
    fn fits(
        &self,
        asked: &[usize],
        who: &Subject<'_>,
        (likely, held): (Charge, Charge),
        now: i64,
    ) -> bool {
        let blocking =
            asked.iter().filter(|&&at| self.budgets[at].on_exceeded == OnExceeded::Block);
        let mut limits =
            blocking.flat_map(|&at| self.budgets[at].limits.iter().map(move |it| (at, it)));
        limits.all(|(at, limit)| {
            let (spent, reserved) =
                self.sums(&self.place(at, who, &limit.window, now), limit.quantity);
            let count = |it: Charge| Amount::from(it).in_unit_of(limit.quantity, true).count();
            let left = limit.quantity.count().saturating_sub(spent + reserved);
            let (likely, held) = (count(likely), count(held));
            held <= left && held <= likely.max(left / 2)
        })
    }

    fn check(&self, ledger: &Ledger, now: i64) {
        let balances = ledger.balances(&self.budgets);
        for (index, budget) in self.budgets.iter().enumerate() {
            for (who, limit) in
                [ANN, BOB].iter().flat_map(|who| budget.limits.iter().map(move |it| (who, it)))
            {
                let place = self.place(index, who, &limit.window, now);
                let expected = self.sums(&place, limit.quantity);
                let same = |b: &&Balance| {
                    (&b.budget, &b.of, &b.window) == (&budget.name, &place.1, &limit.window)
                        && b.limit.unit() == limit.quantity.unit()
                };
                let found = balances.iter().find(same);
                let found = found.map_or((0, 0), |b| (b.spent.count(), b.reserved.count()));
                assert_eq!(found, expected, "{place:?} in {}", limit.quantity);
                let within = found.0 + found.1 <= limit.quantity.count();
                assert!(within || budget.on_exceeded == OnExceeded::Audit, "{place:?} overspent");
            }
        }
        let open = self.calls.iter().filter(|call| call.reservation.is_some()).count();
        assert_eq!(ledger.outstanding(), open);
    }
}

fn run(steps: Vec<Step>) {
    let directory = tempfile::tempdir().unwrap();
    let clock = TestClock::at(NOON);
    let path = |process: u32| directory.path().join(format!("ledger-{process}"));
    // The thread never wakes; `Step::Keep` does its work, and rewrites whenever that is allowed.
    let open = |process| {
        let never = Duration::from_secs(3600);
        Ledger::open_with(Some(&path(process)), clock.clone(), never, 0).unwrap()
    };
    let mut process = 0;
    let mut ledger = open(process);
    let mut list = List { budgets: budgets(), calls: Vec::new(), resets: HashMap::new() };
    // Time as the ledger counts it: it never goes back.
    let mut latest = NOON;

    for step in steps {
        let under_way: Vec<usize> =
            (0..list.calls.len()).filter(|&at| list.calls[at].reservation.is_some()).collect();
        let pick = |index: usize| under_way.get(index % under_way.len().max(1)).copied();
        match step {
            Step::Reserve { budgets: mask, bob, likely, more } => {
                latest = latest.max(clock.now());
                let who = if bob { BOB } else { ANN };
                let part = |quarters: u64| {
                    let part = |likely, more: u64| likely + (more * quarters).div_ceil(4);
                    charge(part(likely.0, more.0), part(likely.1, more.1))
                };
                let asked: Vec<usize> = (0..5).filter(|at| mask & (1 << at) != 0).collect();
                let fits = |it: &u64| list.fits(&asked, &who, (part(0), part(*it)), latest);
                let expected = (0..=4).rev().find(fits);
                let reserved = {
                    let budgets: Vec<_> = asked.iter().map(|&at| &list.budgets[at]).collect();
                    let estimate = Estimate { likely: part(0), most: part(4) };
                    ledger.try_reserve(&budgets, &who, estimate)
                };
                let quarters = reserved.as_ref().ok().map(|it| u64::from(it.quarters()));
                assert_eq!(quarters, expected, "{reserved:?}");
                if let Ok(reservation) = reserved {
                    assert_eq!(Some(reservation.held()), expected.map(part));
                    let held = reservation.held().into();
                    let windows = asked.iter().flat_map(|&at| {
                        list.budgets[at].limits.iter().map(move |limit| (at, &limit.window))
                    });
                    let mut places: Vec<Place> =
                        windows.map(|(at, window)| list.place(at, &who, window, latest)).collect();
                    places.dedup();
                    let reservation = Some(reservation);
                    list.calls.push(Call { places, held, spent: Amount::ZERO, reservation });
                }
            }
            Step::Settle { index, percent } => {
                if let Some(call) = pick(index).map(|at| &mut list.calls[at]) {
                    let part = |whole: u64| whole * percent / 100;
                    let cost = charge(part(call.held.nanos), part(call.held.input));
                    call.end(cost.into()).settle(cost);
                }
            }
            Step::Release { index } => {
                if let Some(call) = pick(index).map(|at| &mut list.calls[at]) {
                    call.end(Amount::ZERO).release();
                }
            }
            Step::Drop { index, dispatched: false } => {
                if let Some(call) = pick(index).map(|at| &mut list.calls[at]) {
                    drop(call.end(Amount::ZERO));
                }
            }
            Step::Drop { index, dispatched: true } => {
                if let Some(call) = pick(index).map(|at| &mut list.calls[at]) {
                    call.end(call.held).dispatched();
                }
            }
            Step::Reset { budget, bob } => {
                latest = latest.max(clock.now());
                let at = budget % list.budgets.len();
                let of = list.budgets[at].per.of(if bob { &BOB } else { &ANN }).into_owned();
                ledger.reset(&list.budgets[at], &of).unwrap();
                *list.resets.entry((at, of)).or_default() += 1;
            }
            Step::Pass { seconds } => clock.set(clock.now() + seconds),
            Step::Keep => ledger.shared.keep(),
            Step::Crash => {
                // As after `kill -9`: only the file is left. What the dropped reservations still
                // tell the old process goes to the old file.
                std::fs::copy(path(process), path(process + 1)).unwrap();
                process += 1;
                for call in list.calls.iter_mut().filter(|call| call.reservation.is_some()) {
                    drop(call.end(call.held));
                }
                // A clock behind the last window at a restart has its own test.
                latest = latest.max(clock.now());
                clock.set(latest);
                ledger = open(process);
            }
        }
        list.check(&ledger, latest.max(clock.now()));
    }
}

/// The most that this call can cost is one more than half of the room: it holds less than that.
#[test]
fn half_of_the_room_is_left_beyond_what_is_likely() {
    run(vec![Step::Reserve { budgets: 5, bob: false, likely: (39, 0), more: (62, 0) }]);
}

proptest! {
    #[test]
    fn any_interleaving_is_as_if_one_after_the_other(
        steps in prop::collection::vec(step(), 1..60)
    ) {
        run(steps);
    }
}
