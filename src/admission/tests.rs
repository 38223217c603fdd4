#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use providers::Schema;
use providers::catalog::Catalog;
use providers::conversation::Usage;

use super::*;
use crate::budget::{
    Budget, Charge, Estimate, Money, Quantity, Scope, SystemClock, UnknownPrice, Window,
};

const HELD: Charge = Charge { cost: Money::from_nanos(700), input: 0, cached: 0, output: 50 };

/// A call under way on a budget of 1000 tokens.
fn admitted(ledger: &Arc<Ledger>, budget: &Budget) -> Admitted {
    let who = Subject { caller: "c", model: "m", backend: "b", ..Subject::default() };
    let estimate = Estimate { likely: HELD, most: HELD };
    let reservation = ledger.try_reserve(std::slice::from_ref(budget), &who, estimate).unwrap();
    let capabilities = Catalog::default().capabilities(Schema::Chat, "m");
    Admitted {
        reservation,
        terms: Arc::new(Terms { capabilities, on_responses: None, price: None }),
        held: HELD,
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
}
