#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::time::SystemTime;

use providers::Schema;
use providers::catalog::Catalog;
use providers::conversation::Usage;
use providers::price::{OperatorPrice, PriceBook, Seller};

use super::admitted::Lesson;
use super::*;
use crate::budget::{
    Budget, Charge, Estimate, Money, Quantity, Scope, Spend, SystemClock, UnknownPrice, Window,
};

const HELD: Charge = Charge { cost: Money::from_nanos(700), input: 0, cached: 0, output: 50 };

/// A model at these prices, in nano-dollars a token.
pub(super) fn terms(input: u64, output: u64) -> Terms {
    let dollars = |nanos: u64| format!("{}.{:03}", nanos / 1000, nanos % 1000);
    let price = OperatorPrice {
        model: "m".to_owned(),
        input: dollars(input),
        output: dollars(output),
        cache_read: None,
        cache_write: None,
        assume: false,
        web_search: None,
        file_search: None,
        code_session: None,
        image: None,
    };
    let book = PriceBook::new(vec![price]).unwrap();
    let seller = Seller { provider: None, host: "h", schema: Schema::Chat };
    let capabilities = Catalog::default().capabilities(Schema::Chat, "m");
    Terms { capabilities, on_responses: None, price: book.price(seller, "m", SystemTime::now()) }
}

/// A call under way on a budget of 1000 tokens.
fn admitted(ledger: &Arc<Ledger>, budget: &Budget) -> Admitted {
    let who = Subject { caller: "c", model: "m", backend: "b", ..Subject::default() };
    let estimate = Estimate { likely: HELD, most: HELD };
    let reservation = ledger.try_reserve(std::slice::from_ref(budget), &who, estimate).unwrap();
    let capabilities = Catalog::default().capabilities(Schema::Chat, "m");
    Admitted {
        reservation,
        terms: Arc::new(Terms { capabilities, on_responses: None, price: None }),
        usage: Usage { output: HELD.output, ..Usage::default() },
        served: providers::conversation::Served::default(),
        output_cap: None,
        lesson: None,
    }
}

fn spent(ledger: &Ledger, budget: &Budget) -> Quantity {
    let [balance] = &*ledger.balances(std::slice::from_ref(budget)) else { panic!() };
    assert_eq!(balance.reserved, Quantity::Tokens(0), "it has ended");
    balance.spent
}

#[test]
fn an_estimate_is_charged_only_for_what_has_gone_out() {
    let ledger = Ledger::open(None, SystemClock).unwrap();
    let budget = Budget {
        unknown_price: UnknownPrice::Allow,
        ..Budget::plain("b", Scope::TOTAL, Quantity::Tokens(1000), Window::Day)
    };
    assert_eq!(admitted(&ledger, &budget).charge_estimate(None), None);
    assert_eq!(spent(&ledger, &budget), Quantity::Tokens(0));

    let mut sent = admitted(&ledger, &budget);
    sent.dispatched();
    assert_eq!(sent.charge_estimate(None), Some(700));
    assert_eq!(spent(&ledger, &budget), Quantity::Tokens(50));

    let mut more = admitted(&ledger, &budget);
    more.dispatched();
    let known = Usage { output: 60, ..Usage::default() };
    assert_eq!(more.charge_estimate(Some(&known)), Some(700));
    assert_eq!(spent(&ledger, &budget), Quantity::Tokens(110), "what is known to be more counts");
    assert_eq!(told(&ledger), (1400, 1400), "the statement calls both estimates");
}

/// All that the statement says was charged, and the part that is an estimate.
fn told(ledger: &Ledger) -> (u64, u64) {
    let rows = ledger.statement("0000-01-01", "9999-12-31");
    let spend = rows.iter().fold(Spend::default(), |sum, row| sum.plus(row.spend));
    (spend.nanos, spend.estimated_nanos)
}

/// What is filled in by Egret is an estimate in the statement, and teaches nothing.
#[test]
fn an_input_that_the_provider_does_not_tell_is_estimated() {
    let ledger = Ledger::open(None, SystemClock).unwrap();
    let budget = Budget {
        unknown_price: UnknownPrice::Allow,
        ..Budget::plain("b", Scope::TOTAL, Quantity::Tokens(1000), Window::Day)
    };
    let estimator = Arc::new(Estimator::default());
    let mut sent = admitted(&ledger, &budget);
    sent.dispatched();
    sent.usage.input = 30;
    sent.terms = Arc::new(terms(500, 8000));
    sent.lesson = Some(Lesson {
        estimator: estimator.clone(),
        model: "m".to_owned(),
        caller: "c".to_owned(),
        request: Measured::of(b"{}"),
        cap: None,
    });
    let (usage, charged) = sent.settle_without_input(&Usage { output: 7, ..Usage::default() });
    assert_eq!((usage.input, usage.output, charged), (30, 7, 71_000));
    assert_eq!(spent(&ledger, &budget), Quantity::Tokens(37));
    assert_eq!(told(&ledger), (71_000, 71_000));
    assert!(estimator.error().is_empty());
}

#[test]
fn only_what_is_billed_has_a_price() {
    let book = PriceBook::new(Vec::new()).unwrap();
    let seller = Seller { provider: Some("openai"), host: "h", schema: Schema::Chat };
    let turn = Billed::Turn { output_limit: None, candidates: 1 };
    for (model, billed, has_price) in [
        ("gpt-5", turn, true),
        ("text-embedding-3-small", Billed::Input, true),
        ("text-embedding-3-small", turn, false),
        // It costs something whatever it does, and counting asks for nothing.
        ("gpt-4o-search-preview", turn, true),
        ("gpt-4o-search-preview", Billed::Nothing, false),
        ("gpt-4o-search-preview", Billed::Unknown, false),
    ] {
        let price = book.price(seller, model, SystemTime::now());
        assert!(price.is_some(), "{model}");
        let terms = Arc::new(Terms { price, ..terms(0, 0) });
        assert_eq!(terms.for_what_is(billed).price.is_some(), has_price, "{model} {billed:?}");
    }
}
