#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

pub(super) mod given;

use proptest::prelude::*;

use super::*;

#[test]
fn money_reads_what_people_write() {
    let nanos = |text: &str| text.parse::<Money>().map(Money::nanos);
    assert_eq!(nanos("10 USD"), Ok(10_000_000_000));
    assert_eq!(nanos(" 10USD "), Ok(10_000_000_000));
    assert_eq!(nanos("0.5 USD"), Ok(500_000_000));
    assert_eq!(nanos("$10"), Ok(10_000_000_000));
    assert_eq!(nanos("$0.000000001"), Ok(1));
    assert_eq!(nanos("$18446744073.709551615"), Ok(u64::MAX));
}

#[test]
fn money_refuses_what_it_would_have_to_guess() {
    for text in [
        "",
        "10",
        "USD",
        "$",
        "$-1",
        "-1 USD",
        "+1 USD",
        "1e3 USD",
        "1,000 USD",
        ".5 USD",
        "5. USD",
        "0.0000000001 USD",
        "1.2.3 USD",
        "10 EUR",
        "$18446744073.709551616",
        "$10 USD",
        "٣ USD",
    ] {
        let error = text.parse::<Money>().expect_err(text);
        assert!(error.to_string().contains("10 USD"), "{error}");
    }
}

#[test]
fn money_shows_cents_and_what_is_below_if_there_is_any() {
    let shown = |nanos| Money::from_nanos(nanos).to_string();
    assert_eq!(shown(0), "$0.00");
    assert_eq!(shown(10_000_000_000), "$10.00");
    assert_eq!(shown(4_213_000), "$0.004213");
    assert_eq!(shown(500_000_000), "$0.50");
    assert_eq!(shown(u64::MAX), "$18446744073.709551615");
    assert_eq!(format!("{:.4}", Money::from_nanos(4_250_000)), "$0.0043");
    assert_eq!(format!("{:.0}", Money::from_nanos(999_999_999)), "$1");
    assert_eq!(format!("{:>8.2}", Money::from_nanos(1_000_000_000)), "   $1.00");
    assert_eq!(format!("{:.2}", Money::MAX), "$18446744073.71");
}

#[test]
fn money_stays_within_its_bounds() {
    let one = Money::from_nanos(1);
    assert_eq!(Money::ZERO.saturating_sub(one), Money::ZERO);
    assert_eq!(Money::MAX.saturating_sub(one), Money::from_nanos(u64::MAX - 1));
}

#[test]
fn limits_read_in_every_unit() {
    assert_eq!("10 USD".parse(), Ok(Quantity::Usd(Money::from_nanos(10_000_000_000))));
    assert_eq!("2_000_000 tokens".parse(), Ok(Quantity::Tokens(2_000_000)));
    assert_eq!("1 token".parse(), Ok(Quantity::Tokens(1)));
    assert_eq!("1000 requests".parse(), Ok(Quantity::Requests(1000)));
    for text in ["10", "tokens", "-1 tokens", "1.5 requests", "ten tokens", "_ tokens"] {
        let error = text.parse::<Quantity>().expect_err(text).to_string();
        assert!(error.contains("1000 requests"), "{error}");
    }
}

#[test]
fn words_read_back_as_they_are_shown() {
    for scope in [
        Scope::TOTAL,
        Scope::each(vec![Dimension::Caller]),
        Scope::each(vec![Dimension::Model]),
        Scope::each(vec![Dimension::Backend]),
    ] {
        assert_eq!(scope.to_string().parse(), Ok(scope));
    }
    for limit in ["$0.50", "1 token", "3 tokens", "1 request", "4 requests"] {
        assert_eq!(limit.parse::<Quantity>().unwrap().to_string(), limit);
    }
    assert!("user".parse::<Scope>().unwrap_err().to_string().contains("caller"));
}

#[test]
fn only_money_needs_a_price() {
    let budget = |limit, unknown_price| Budget {
        unknown_price,
        ..Budget::plain("b", Scope::TOTAL, limit, Window::Day)
    };
    assert!(budget(Quantity::Usd(Money::ZERO), UnknownPrice::Refuse).requires_price());
    assert!(!budget(Quantity::Usd(Money::ZERO), UnknownPrice::Allow).requires_price());
    assert!(!budget(Quantity::Tokens(1), UnknownPrice::Refuse).requires_price());
    assert!(!budget(Quantity::Requests(1), UnknownPrice::Refuse).requires_price());
}

proptest! {
    #[test]
    fn money_reads_back_as_it_is_shown(nanos: u64) {
        let money = Money::from_nanos(nanos);
        prop_assert_eq!(money.to_string().parse(), Ok(money));
    }

    #[test]
    fn any_text_is_read_or_refused(text: String) {
        let _ = text.parse::<Money>();
        let _ = text.parse::<Quantity>();
        let _ = text.parse::<rate::RateLimit>();
    }
}
