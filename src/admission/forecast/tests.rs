#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use proptest::prelude::*;

use super::*;
use crate::admission::Uses;
use crate::admission::tests::terms;
use crate::budget::estimate::Measured;
use crate::budget::{Money, Quantity, Scope, Window};

fn most_of(terms: &Terms, input: u64, output: u64) -> Charge {
    terms.most(&Usage { input, output, ..Usage::default() }, false)
}

fn forecast(limit: Option<u64>, candidates: u32, least_output: u64) -> Forecast {
    let billed = Billed::Turn { output_limit: limit, candidates };
    let call = Call {
        model: "m",
        request: Measured::of(b"{}"),
        billed,
        served: Served::default(),
        least_output,
        uses: Uses::default(),
    };
    Forecast::of(call, &terms(500, 8000), &Estimator::default(), ("m", "c"))
}

fn ceiling(cost: Option<u64>, tokens: Option<u64>) -> Budget {
    let per_call = Ceiling { cost: cost.map(Money::from_nanos), tokens };
    let plain = Budget::plain("small", Scope::TOTAL, Quantity::Requests(1), Window::Day);
    Budget { per_call, ..plain }
}

#[test]
fn what_is_likely_is_no_less_than_what_can_be_sent_and_no_more_than_is_asked_for() {
    let output = |limit, candidates, least| {
        let Expected { likely, most } = forecast(limit, candidates, least).output;
        (likely, most)
    };
    assert_eq!(output(Some(10), 1, 16), (10, 10));
    assert_eq!(output(Some(100_000), 1, 16), (4096, 100_000));
    assert_eq!(output(Some(100_000), 2, 5000), (10_000, 200_000));
    assert_eq!(output(None, 1, 1), (4096, 128_000), "the model's own most");
}

#[test]
fn a_ceiling_lowers_the_most_until_not_even_what_is_likely_fits() {
    let terms = terms(500, 8000);
    let mut call = forecast(Some(100_000), 1, 1);
    let input = call.input;
    let most = |output: u64| most_of(&terms, input, output);
    for (budget, expected) in [
        (ceiling(Some(most(100_000).cost.nanos()), None), 100_000),
        (ceiling(None, Some(input + 50_000)), 50_000),
        (ceiling(Some(most(20_000).cost.nanos()), Some(input + 50_000)), 20_000),
        (ceiling(Some(most(10_000).cost.nanos() + 7999), None), 10_000),
        (ceiling(None, Some(input + 4096)), 4096),
    ] {
        call.keep_below(&budget, &terms).unwrap();
        assert_eq!(call.output.most, expected, "{budget:?}");
    }
    for budget in [ceiling(None, Some(input + 4095)), ceiling(Some(most(4095).cost.nanos()), None)]
    {
        let denial = call.keep_below(&budget, &terms).unwrap_err();
        assert_eq!(denial.error.code.as_deref(), Some("call_too_expensive"));
        for word in ["`small`", "4095 output tokens"] {
            assert!(denial.error.message.contains(word), "{}", denial.error.message);
        }
    }
    let denial = call.keep_below(&ceiling(None, Some(10)), &terms).unwrap_err();
    assert!(denial.error.message.ends_with("; send less"), "{}", denial.error.message);
    // Only watched.
    let audit = Budget { on_exceeded: OnExceeded::Audit, ..ceiling(None, Some(10)) };
    call.keep_below(&audit, &terms).unwrap();
    assert_eq!(call.output.most, 4096);
}

#[test]
fn what_has_no_output_fits_under_a_ceiling_or_does_not() {
    let (estimator, terms) = (Estimator::default(), terms(500, 8000));
    let request = Measured::of(b"{}");
    let call = Call {
        model: "m",
        request,
        billed: Billed::Input,
        served: Served::default(),
        least_output: 0,
        uses: Uses::default(),
    };
    let mut texts = Forecast::of(call, &terms, &estimator, ("m", "c"));
    texts.keep_below(&ceiling(None, Some(texts.input)), &terms).unwrap();
    assert!(texts.keep_below(&ceiling(None, Some(texts.input - 1)), &terms).is_err());
    assert_eq!(texts.output_cap(&most_of(&terms, texts.input, 0), &terms), None);
}

#[test]
fn each_candidate_has_its_part() {
    let terms = terms(500, 8000);
    let call = forecast(Some(1000), 3, 1);
    assert_eq!(call.output_cap(&most_of(&terms, call.input, 3000), &terms), None);
    assert_eq!(call.output_cap(&most_of(&terms, call.input, 2000), &terms), Some(666));
}

/// What the provider's own tools are billed for is set aside, too.
#[test]
fn tools_that_the_provider_bills_are_counted() {
    let terms = terms(0, 0);
    let of = |body: &[u8]| {
        let billed = Billed::Turn { output_limit: Some(10), candidates: 1 };
        let request = Measured::of(body);
        let call = Call {
            model: "m",
            request,
            billed,
            served: Served::default(),
            least_output: 1,
            uses: Uses::default(),
        };
        let forecast = Forecast::of(call, &terms, &Estimator::default(), ("m", "c"));
        forecast.estimate(&terms).likely.cost.nanos()
    };
    assert_eq!(of(br#"{"tools":[{"type":"bash_20250124","name":"bash"}]}"#), 0);
    // Ten searches at ten dollars a thousand.
    assert_eq!(of(br#"{"tools":[{"type":"web_search"}]}"#), 100_000_000);
}

proptest! {
    /// However much is held: an answer within the cap never costs more, and nothing is given away.
    #[test]
    fn a_capped_answer_stays_within_what_is_held(
        limit in 1_u64..200_000,
        input in 0_u64..10_000,
        output in 0_u64..100_000,
        quarters in 0_u64..=4,
        candidates in 1_u32..4,
    ) {
        let terms = terms(input, output);
        let billed = Billed::Turn { output_limit: Some(limit), candidates };
        let request = Measured::of(b"{}");
        let call = Call { model: "m", request, billed, served: Served::default(), least_output: 16.min(limit), uses: Uses::default() };
        let forecast = Forecast::of(call, &terms, &Estimator::default(), ("m", "c"));
        // As the ledger holds it, each number rounded up.
        let Estimate { likely, most } = forecast.estimate(&terms);
        let part = |likely: u64, most: u64| likely + ((most - likely) * quarters).div_ceil(4);
        let cost = Money::from_nanos(part(likely.cost.nanos(), most.cost.nanos()));
        let held = Charge { cost, output: part(likely.output, most.output), ..most };
        let each = forecast.output_cap(&held, &terms).unwrap_or(limit);
        let all = each * u64::from(candidates);
        let most = most_of(&terms, forecast.input, all);
        prop_assert!(most.cost <= held.cost && most.output <= held.output);
        prop_assert!(each >= 16.min(limit));
        prop_assert!(all + u64::from(candidates) + 1 >= held.output);
    }
}

/// What rules of access allow is kept, and asked for where the caller wants more.
#[test]
fn an_answer_is_no_longer_than_its_caller_may_have() {
    let terms = terms(500, 8000);
    for (limit, candidates, allowed, cap) in [
        (Some(100), 1, None, None),
        (Some(100), 1, Some(100), None),
        (Some(100), 1, Some(99), Some(99)),
        (Some(100), 3, Some(50), Some(50)),
        (None, 1, Some(50), Some(50)),
        (None, 4, Some(50), Some(50)),
    ] {
        let mut forecast = forecast(limit, candidates, 1);
        forecast.allow_output(allowed, 1).unwrap();
        let held = forecast.charge(&terms, forecast.output.most);
        assert_eq!(forecast.output_cap(&held, &terms), cap, "{limit:?} {candidates} {allowed:?}");
        assert!(forecast.output.likely <= forecast.output.most);
    }
    let denial = forecast(Some(100), 1, 16).allow_output(Some(15), 16).unwrap_err();
    assert_eq!(denial.reason, "access");
}
