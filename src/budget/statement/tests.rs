#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::{collections::BTreeMap, path::Path, sync::Arc};

use proptest::prelude::*;

use super::*;
use crate::budget::{
    Budget, Charge, Clock, Estimate, Ledger, Money, Quantity, Reservation, Scope, Subject,
    tests::given::{self, DAY, NOON, TestClock},
};

/// One of whom all is known.
const ANN: Subject<'_> = Subject {
    group: "research",
    namespace: "lab",
    service_account: "notebook",
    route: "gpt-*",
    ..given::ANN
};

fn charge(nanos: u64, input: u64, output: u64) -> Charge {
    Charge { cost: Money::from_nanos(nanos), input, cached: input / 2, output }
}

fn reserve(ledger: &Arc<Ledger>, who: &Subject<'_>, held: Charge) -> Reservation {
    let estimate = Estimate { likely: held, most: held };
    ledger.try_reserve::<Budget>(&[], who, estimate).unwrap()
}

fn open(path: &Path, clock: &TestClock) -> Arc<Ledger> {
    Ledger::open(Some(path), clock.clone()).unwrap()
}

fn all(ledger: &Ledger) -> Vec<SpendRow> {
    ledger.statement("0000-00-00", "9999-99-99")
}

#[test]
fn a_settled_call_is_a_row_and_the_next_one_adds_to_it() {
    let ledger = Ledger::open(None, TestClock::at(NOON)).unwrap();
    reserve(&ledger, &ANN, charge(900, 90, 9)).settle(charge(500, 50, 5));
    reserve(&ledger, &ANN, charge(900, 90, 9)).release();
    let mut cut = reserve(&ledger, &ANN, charge(900, 90, 9));
    cut.dispatched();
    drop(cut);
    let row = SpendRow {
        day: "2026-11-21".to_owned(),
        caller: "ann".to_owned(),
        group: "research".to_owned(),
        namespace: "lab".to_owned(),
        service_account: "notebook".to_owned(),
        route: "gpt-*".to_owned(),
        backend: "openai".to_owned(),
        provider: "openai".to_owned(),
        model: "gpt-5.4".to_owned(),
        spend: Spend {
            requests: 2,
            input_tokens: 140,
            cached_tokens: 25,
            output_tokens: 14,
            nanos: 1400,
            estimated_nanos: 900,
        },
    };
    assert_eq!(all(&ledger), [row]);
}

#[test]
fn a_call_is_on_the_day_on_which_it_began() {
    let clock = TestClock::at(NOON);
    let ledger = Ledger::open(None, clock.clone()).unwrap();
    let across_midnight = reserve(&ledger, &ANN, charge(1, 1, 1));
    clock.pass(DAY);
    reserve(&ledger, &ANN, charge(1, 1, 1)).settle(charge(10, 1, 1));
    across_midnight.settle(charge(7, 1, 1));
    let days = |from: &str, to: &str| -> Vec<(String, u64)> {
        let rows = ledger.statement(from, to);
        rows.into_iter().map(|row| (row.day, row.spend.nanos)).collect()
    };
    let (first, second) = (("2026-11-21".to_owned(), 7), ("2026-11-22".to_owned(), 10));
    assert_eq!(days("2026-11-01", "2026-11-30"), [first.clone(), second.clone()]);
    assert_eq!(days("2026-11-21", "2026-11-21"), [first]);
    assert_eq!(days("2026-11-22", "2026-11-22"), [second]);
    assert_eq!(days("2026-11-23", "2026-11-30"), []);
}

#[test]
fn models_of_a_callers_making_end_as_other_and_no_money_is_lost() {
    let ledger = Ledger::open(None, TestClock::at(NOON)).unwrap();
    for number in 0..6000 {
        let model = format!("made-up-{number}");
        let caller = if number < 3000 { "ann".to_owned() } else { format!("caller-{number}") };
        let who = Subject { model: &model, caller: &caller, ..ANN };
        reserve(&ledger, &who, charge(1, 1, 1)).settle(charge(1, 1, 1));
    }
    // A row that was there before the day was full goes on.
    let early = Subject { model: "made-up-7", ..ANN };
    reserve(&ledger, &early, charge(1, 1, 1)).settle(charge(1, 1, 1));
    let rows = all(&ledger);
    assert!(rows.len() <= 4001, "{} rows", rows.len());
    assert_eq!(rows.iter().map(|row| row.spend.nanos).sum::<u64>(), 6001);
    let nanos = |caller: &str, model: &str| {
        let row = rows.iter().find(|row| row.caller == caller && row.model == model);
        row.map(|row| row.spend.nanos)
    };
    assert_eq!(nanos("ann", "(other)"), Some(1000), "still ann's");
    assert_eq!(nanos("ann", "made-up-7"), Some(2));
    assert_eq!(nanos("(other)", "(other)"), Some(6000 - 3000 - 1999));
}

#[test]
fn models_that_were_asked_for_in_vain_are_forgotten() {
    let mut statement = Statement::default();
    let mut number = 0;
    let mut ask = |statement: &mut Statement| {
        number += 1;
        let model = format!("made-up-{number}");
        let (row, new) = statement.plan(&Subject { model: &model, ..ANN }, NOON);
        let (id, party) = new.expect("nobody asked for that before");
        statement.know(id, party);
        row
    };
    let held = ask(&mut statement);
    let paid = ask(&mut statement);
    statement.add(paid, Spend { nanos: 1, ..Spend::default() });
    for _ in 0..5000 {
        ask(&mut statement);
        if statement.is_large() {
            statement.sweep(NOON, std::iter::once(held));
        }
        assert!(statement.parties().count() <= 1024);
    }
    assert!(statement.knows(held) && statement.knows(paid));
    statement.sweep(NOON + 401 * DAY, std::iter::empty());
    assert_eq!((statement.parties().count(), statement.rows().count()), (0, 0));
}

#[test]
fn a_name_of_any_length_and_any_bytes_is_one_row() {
    let ledger = Ledger::open(None, TestClock::at(NOON)).unwrap();
    let long = "é\0,\"\n".repeat(1000);
    let who = Subject { model: &long, ..ANN };
    for _ in 0..2 {
        reserve(&ledger, &who, charge(1, 1, 1)).settle(charge(1, 1, 1));
    }
    let rows = all(&ledger);
    assert_eq!(rows.len(), 1);
    assert!(rows[0].model.len() <= 256 && long.starts_with(&rows[0].model));
}

#[test]
fn rows_add_up_by_any_columns() {
    let ledger = Ledger::open(None, TestClock::at(NOON)).unwrap();
    for (caller, model, nanos) in [("ann", "b", 1), ("ann", "a", 2), ("bob", "a", 4)] {
        let who = Subject { caller, model, ..ANN };
        reserve(&ledger, &who, charge(nanos, 1, 1)).settle(charge(nanos, 1, 1));
    }
    let sums = |by: &[Column]| -> Vec<(String, String, u64)> {
        let rows = Column::sum(&all(&ledger), by);
        rows.into_iter().map(|row| (row.caller, row.model, row.spend.nanos)).collect()
    };
    let row = |caller: &str, model: &str, nanos| (caller.to_owned(), model.to_owned(), nanos);
    assert_eq!(sums(&[]), [row("", "", 7)]);
    assert_eq!(sums(&[Column::Model]), [row("", "a", 6), row("", "b", 1)]);
    assert_eq!(
        sums(&[Column::Caller, Column::Model]),
        [row("ann", "a", 2), row("ann", "b", 1), row("bob", "a", 4)]
    );
    assert!("team".parse::<Column>().unwrap_err().to_string().contains("service_account"));
    for column in Column::ALL {
        assert_eq!(column.to_string().parse(), Ok(column));
    }
}

/// A journal from before there was a statement: its open calls are charged all the same.
#[test]
fn a_reservation_without_a_row_is_on_no_statement() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("ledger");
    let mut lines = String::new();
    for json in [
        r#"{"ledger":{"version":1}}"#,
        r#"{"snapshot":{"time":1795262400}}"#,
        r#"{"reserve":{"id":1,"counters":[],"estimate":{"requests":1,"tokens":5,"nanos":50}}}"#,
    ] {
        lines += &format!("{:08x} {json}\n", crc32fast::hash(json.as_bytes()));
    }
    std::fs::write(&path, lines).unwrap();
    let ledger = open(&path, &TestClock::at(NOON));
    assert_eq!((ledger.estimated(), all(&ledger)), (1, Vec::new()));
}

/// One thing that happens. Indices are taken modulo what there is.
#[derive(Clone, Debug)]
enum Step {
    Reserve { caller: u8, model: u8, nanos: u64 },
    Settle { index: usize, nanos: u64 },
    Release { index: usize },
    Drop { index: usize },
    Pass { seconds: i64 },
    Crash,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => (0..3_u8, 0..3_u8, 0..60_u64)
            .prop_map(|(caller, model, nanos)| Step::Reserve { caller, model, nanos }),
        4 => (any::<usize>(), 0..60_u64).prop_map(|(index, nanos)| Step::Settle { index, nanos }),
        2 => any::<usize>().prop_map(|index| Step::Release { index }),
        2 => any::<usize>().prop_map(|index| Step::Drop { index }),
        2 => (0..2 * DAY).prop_map(|seconds| Step::Pass { seconds }),
        1 => Just(Step::Crash),
    ]
}

/// A call under way: the row that it will be in, what it holds.
type Call = ((String, String, String), u64, Reservation);

fn run(steps: Vec<Step>) {
    let directory = tempfile::tempdir().unwrap();
    let path = |process: u32| directory.path().join(format!("ledger-{process}"));
    let clock = TestClock::at(NOON);
    let year = "rolling 366d".parse().unwrap();
    let ever = Budget::plain("all", Scope::TOTAL, Quantity::Usd(Money::MAX), year);
    let mut process = 0;
    let mut ledger = open(&path(process), &clock);
    let mut calls: Vec<Call> = Vec::new();
    // What was charged, and how much of that by estimate.
    let mut expected: BTreeMap<(String, String, String), (u64, u64)> = BTreeMap::new();
    let mut charged = |row, nanos, estimated| {
        let sum = expected.entry(row).or_default();
        *sum = (sum.0 + nanos, sum.1 + if estimated { nanos } else { 0 });
        expected.clone()
    };
    let mut last = BTreeMap::new();
    for step in steps {
        let pick = |index: usize, calls: &mut Vec<Call>| {
            (!calls.is_empty()).then(|| calls.swap_remove(index % calls.len()))
        };
        match step {
            Step::Reserve { caller, model, nanos } => {
                let (caller, model) = (format!("caller-{caller}"), format!("model-{model}"));
                let who = Subject { caller: &caller, model: &model, ..ANN };
                let held = charge(nanos, 1, 1);
                let estimate = Estimate { likely: held, most: held };
                let mut call = ledger.try_reserve(&[&ever], &who, estimate).unwrap();
                call.dispatched();
                let day = Day::of(clock.now()).to_string();
                calls.push(((day, caller, model), nanos, call));
            }
            Step::Settle { index, nanos } => {
                if let Some((row, _, call)) = pick(index, &mut calls) {
                    call.settle(charge(nanos, 1, 1));
                    last = charged(row, nanos, false);
                }
            }
            Step::Release { index } => {
                if let Some((_, _, call)) = pick(index, &mut calls) {
                    call.release();
                }
            }
            Step::Drop { index } => {
                if let Some((row, held, call)) = pick(index, &mut calls) {
                    drop(call);
                    last = charged(row, held, true);
                }
            }
            Step::Pass { seconds } => clock.pass(seconds),
            Step::Crash => {
                // As after `kill -9`: only the file is left.
                std::fs::copy(path(process), path(process + 1)).unwrap();
                process += 1;
                for (row, held, call) in calls.drain(..) {
                    drop(call);
                    last = charged(row, held, true);
                }
                ledger = open(&path(process), &clock);
            }
        }
        let rows = all(&ledger);
        let found: BTreeMap<_, _> = rows
            .iter()
            .map(|row| {
                let key = (row.day.clone(), row.caller.clone(), row.model.clone());
                (key, (row.spend.nanos, row.spend.estimated_nanos))
            })
            .collect();
        assert_eq!(found.len(), rows.len(), "no row twice");
        assert_eq!(found, last);
        let spent: u64 = ledger.balances(&[&ever]).iter().map(|it| it.spent.count()).sum();
        assert_eq!(found.values().map(|sum| sum.0).sum::<u64>(), spent, "the budget's own sum");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_statement_is_what_was_charged_whatever_happens(
        steps in prop::collection::vec(step(), 1..40)
    ) {
        run(steps);
    }
}
