#![allow(clippy::unwrap_used)]

use proptest::prelude::*;

use super::*;
use crate::budget::{Money, Scope, Window};

fn balance(budget: &str, limit: Quantity, spent: u64, window_end: i64) -> Balance {
    let (scope, of) = (Scope::TOTAL, String::new());
    let (spent, reserved) = (limit.with(spent), limit.with(0));
    let budget = budget.to_owned();
    Balance { budget, scope, of, window: Window::Day, limit, spent, reserved, window_end }
}

fn usd(nanos: u64) -> Quantity {
    Quantity::Usd(Money::from_nanos(nanos))
}

const NOW: Duration = Duration::from_secs(1000);

#[test]
fn dollars_are_exact_and_short() {
    for (nanos, text) in [
        (0, "0"),
        (1, "0.000000001"),
        (123_000, "0.000123"),
        (1_500_000_000, "1.5"),
        (20_000_000_000, "20"),
        (u64::MAX, "18446744073.709551615"),
    ] {
        assert_eq!(dollars(nanos), text);
    }
}

#[test]
fn what_is_left_is_a_structured_field() {
    let balances = [
        balance("daily", usd(10_000_000_000), 129_999_999, 4600),
        balance("team", Quantity::Tokens(20_000), 8000, 1040),
        balance("at once", Quantity::Concurrent(4), 1, i64::MAX),
        balance("a \"b\\ü", usd(5), 0, 900),
    ];
    assert_eq!(
        remaining(&balances, NOW),
        "daily;usd=9.87;reset=3600, team;tokens=12000;reset=40, \"at once\";concurrent=3, \
         \"a \\\"b\\\\?\";usd=0.0;reset=0"
    );
}

#[test]
fn a_header_tells_of_so_many_budgets_and_no_more() {
    let many = vec![balance("b", usd(5), 0, 2000); 100];
    assert_eq!(remaining(&many, NOW).split(", ").count(), MOST);
}

proptest! {
    /// RFC 8941 §3.3.2: an integer and at most three decimals, and never more than there is.
    #[test]
    fn money_is_rounded_down_to_a_decimal(nanos: u64) {
        let text = remaining(&[balance("b", usd(nanos), 0, 2000)], NOW);
        let told = text.strip_prefix("b;usd=").and_then(|text| text.strip_suffix(";reset=1000"));
        let (whole, part) = told.and_then(|told| told.split_once('.')).unwrap();
        prop_assert!((1..=3).contains(&part.len()), "{text}");
        let whole: u128 = whole.parse().unwrap();
        let part: u128 = format!("{part:0<3}").parse().unwrap();
        prop_assert_eq!(whole * 1000 + part, u128::from(nanos) / 1_000_000);
    }

    #[test]
    fn any_name_makes_a_header(name in "\\PC*") {
        let mut text = String::new();
        add_item(&mut text, &name);
        prop_assert!(HeaderValue::try_from(&text).is_ok(), "{text}");
    }
}
