//! Any interleaving, against the simplest ledger there can be: a list of all calls.

use proptest::prelude::*;

use super::*;

/// One thing that happens. Indices are taken modulo what there is.
#[derive(Clone, Debug)]
enum Step {
    Reserve { budgets: u8, bob: bool, nanos: u64, tokens: u64 },
    Settle { index: usize, percent: u64 },
    Release { index: usize },
    Drop { index: usize, dispatched: bool },
    Pass { seconds: i64 },
    Keep,
    Crash,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => (1..16_u8, any::<bool>(), 0..60_u64, 0..60_u64).prop_map(
            |(budgets, bob, nanos, tokens)| Step::Reserve { budgets, bob, nanos, tokens }
        ),
        4 => (any::<usize>(), 0..=100_u64)
            .prop_map(|(index, percent)| Step::Settle { index, percent }),
        2 => any::<usize>().prop_map(|index| Step::Release { index }),
        2 => (any::<usize>(), any::<bool>())
            .prop_map(|(index, dispatched)| Step::Drop { index, dispatched }),
        2 => (-100..200_i64).prop_map(|seconds| Step::Pass { seconds }),
        1 => Just(Step::Keep),
        1 => Just(Step::Crash),
    ]
}

/// Which budget, whose counter, which window (its start).
type Place = (usize, String, i64);

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

fn budgets() -> [Budget; 4] {
    [
        budget("usd", Scope::each(vec![Dimension::Caller]), usd(200), Window::Minute),
        budget("tokens", Scope::TOTAL, Quantity::Tokens(300), Window::Hour),
        budget(
            "requests",
            Scope::each(vec![Dimension::Model]),
            Quantity::Requests(9),
            Window::Minute,
        ),
        budget("day", Scope::each(vec![Dimension::Backend]), usd(900), Window::Day),
    ]
}

/// What was spent and what is held in one place.
fn sums(calls: &[Call], place: &Place) -> (Amount, Amount) {
    let there = calls.iter().filter(|call| call.places.contains(place));
    there.fold((Amount::ZERO, Amount::ZERO), |(spent, held), call| {
        (spent.plus(call.spent), held.plus(call.held))
    })
}

fn check(ledger: &Ledger, budgets: &[Budget], calls: &[Call], now: i64) {
    let balances = ledger.balances(budgets);
    for (index, budget) in budgets.iter().enumerate() {
        for who in [ANN, BOB] {
            let value = budget.per.of(&who);
            let window = &budget.limits[0].window;
            let (spent, held) = sums(calls, &(index, value.to_string(), window.bounds(now).0));
            let count = |amount: Amount| amount.in_unit_of(budget.limits[0].quantity, true).count();
            let found = balances.iter().find(|b| b.budget == budget.name && b.of == value);
            let found = found.map_or((0, 0), |b| (b.spent.count(), b.reserved.count()));
            assert_eq!(found, (count(spent), count(held)), "{} of {value}", budget.name);
            assert!(
                found.0 + found.1 <= budget.limits[0].quantity.count(),
                "{} overspent",
                budget.name
            );
        }
    }
    let open = calls.iter().filter(|call| call.reservation.is_some()).count();
    assert_eq!(ledger.outstanding(), open);
}

fn run(steps: Vec<Step>) {
    let directory = tempfile::tempdir().unwrap();
    let clock = TestClock::at(NOON);
    let budgets = budgets();
    let path = |process: u32| directory.path().join(format!("ledger-{process}"));
    // The thread never wakes; `Step::Keep` does its work, and rewrites whenever that is allowed.
    let open = |process| {
        let never = Duration::from_secs(3600);
        Ledger::open_with(Some(&path(process)), clock.clone(), never, 0).unwrap()
    };
    let mut process = 0;
    let mut ledger = open(process);
    let mut calls: Vec<Call> = Vec::new();
    // Time as the ledger counts it: it never goes back.
    let mut latest = NOON;

    for step in steps {
        let under_way: Vec<usize> =
            (0..calls.len()).filter(|&at| calls[at].reservation.is_some()).collect();
        let pick = |index: usize| under_way.get(index % under_way.len().max(1)).copied();
        match step {
            Step::Reserve { budgets: mask, bob, nanos, tokens } => {
                latest = latest.max(clock.now());
                let who = if bob { BOB } else { ANN };
                let held = Amount { requests: 1, input: tokens, nanos, ..Amount::ZERO };
                let chosen = budgets.iter().enumerate().filter(|(at, _)| mask & (1 << at) != 0);
                let (places, asked): (Vec<Place>, Vec<_>) = chosen
                    .map(|(at, it)| {
                        (
                            (at, it.per.of(&who).to_string(), it.limits[0].window.bounds(latest).0),
                            it,
                        )
                    })
                    .unzip();
                let fits = places.iter().all(|place| {
                    let limit = budgets[place.0].limits[0].quantity;
                    let (spent, reserved) = sums(&calls, place);
                    spent.plus(reserved).plus(held).in_unit_of(limit, true).count() <= limit.count()
                });
                let reserved = ledger.try_reserve(&asked, &who, estimate(nanos, tokens));
                assert_eq!(reserved.is_ok(), fits, "{reserved:?}");
                if let Ok(reservation) = reserved {
                    let reservation = Some(reservation);
                    calls.push(Call { places, held, spent: Amount::ZERO, reservation });
                }
            }
            Step::Settle { index, percent } => {
                if let Some(call) = pick(index).map(|at| &mut calls[at]) {
                    let part = |whole: u64| whole * percent / 100;
                    let cost = charge(part(call.held.nanos), part(call.held.input));
                    call.end(cost.into()).settle(cost);
                }
            }
            Step::Release { index } => {
                if let Some(call) = pick(index).map(|at| &mut calls[at]) {
                    call.end(Amount::ZERO).release();
                }
            }
            Step::Drop { index, dispatched: false } => {
                if let Some(call) = pick(index).map(|at| &mut calls[at]) {
                    drop(call.end(Amount::ZERO));
                }
            }
            Step::Drop { index, dispatched: true } => {
                if let Some(call) = pick(index).map(|at| &mut calls[at]) {
                    call.end(call.held).dispatched();
                }
            }
            Step::Pass { seconds } => clock.set(clock.now() + seconds),
            Step::Keep => ledger.shared.keep(),
            Step::Crash => {
                // As after `kill -9`: only the file is left. What the dropped reservations still
                // tell the old process goes to the old file.
                std::fs::copy(path(process), path(process + 1)).unwrap();
                process += 1;
                for call in calls.iter_mut().filter(|call| call.reservation.is_some()) {
                    drop(call.end(call.held));
                }
                // A clock behind the last window at a restart has its own test.
                latest = latest.max(clock.now());
                clock.set(latest);
                ledger = open(process);
            }
        }
        check(&ledger, &budgets, &calls, latest.max(clock.now()));
    }
}

proptest! {
    #[test]
    fn any_interleaving_is_as_if_one_after_the_other(
        steps in prop::collection::vec(step(), 1..60)
    ) {
        run(steps);
    }
}
