//! What limits are written in: amounts, windows, shares, and what they are counted for.

use std::time::Duration;

use super::decode::{Choice, Decode, Field, List, Scalar};
use super::node::{Kind, Node};
use super::problem::Problems;
use super::value::{Word, quoted, unknown};
use crate::budget::rate::Interval;
use crate::budget::{
    Dimension, Grant, Invalid, Money, OnExceeded, Outage, Percent, Quantity, Scope, UnknownPrice,
    Window,
};
use crate::snapshot::OnDisconnect;

impl Word for Interval {
    const WORDS: &'static [(&'static str, Self)] =
        &[("second", Self::Second), ("minute", Self::Minute)];
}

impl Word for UnknownPrice {
    const WORDS: &'static [(&'static str, Self)] =
        &[("refuse", Self::Refuse), ("allow", Self::Allow)];
}

impl Choice for OnExceeded {
    const WORDS: &'static [(&'static str, Self)] =
        &[("block", Self::Block), ("audit", Self::Audit)];
    const KEY: &'static str = "downgrade";
    const EXPECTED: &'static str = "block, audit or { downgrade: gpt-5-mini }";
    type Value = String;

    fn with(model: String) -> Self {
        Self::Downgrade(model)
    }
}

impl Choice for OnDisconnect {
    const WORDS: &'static [(&'static str, Self)] = &[("estimate", Self::Estimate)];
    const KEY: &'static str = "drain";
    const EXPECTED: &'static str = "estimate or { drain: 30s }";
    type Value = Duration;

    fn with(longest: Duration) -> Self {
        Self::Drain(longest)
    }
}

impl Choice for Outage {
    const WORDS: &'static [(&'static str, Self)] = &[("closed", Self::Closed)];
    const KEY: &'static str = "open";
    const EXPECTED: &'static str = "closed or { open: 5% }";
    type Value = Percent;

    fn with(share: Percent) -> Self {
        Self::Open(share)
    }
}

impl Scalar for Quantity {
    fn expected() -> String {
        "10 USD, 1000000 tokens, 1000000 output tokens, 500 requests or 4 concurrent".to_owned()
    }

    fn parse(text: &str) -> Result<Self, String> {
        match text.parse::<Self>() {
            Ok(limit) if limit.count() == 0 => Err(quoted(text) + ", which refuses every call"),
            Ok(limit) => Ok(limit),
            Err(_) => Err(quoted(text)),
        }
    }
}

impl Scalar for Money {
    fn expected() -> String {
        "an amount such as 1 USD or 0.50 USD".to_owned()
    }

    fn parse(text: &str) -> Result<Self, String> {
        match text.parse::<Self>() {
            Ok(Self::ZERO) => Err(quoted(text) + ", which refuses every call"),
            Ok(money) => Ok(money),
            Err(_) => Err(quoted(text)),
        }
    }
}

/// A number of tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tokens(pub u64);

impl Scalar for Tokens {
    fn expected() -> String {
        "a number of tokens, such as 200000".to_owned()
    }

    fn parse(text: &str) -> Result<Self, String> {
        match format!("{text} tokens").parse() {
            Ok(Quantity::Tokens(0)) => Err(quoted(text) + ", which refuses every call"),
            Ok(Quantity::Tokens(count)) => Ok(Self(count)),
            _ => Err(quoted(text)),
        }
    }
}

impl Scalar for Window {
    fn expected() -> String {
        "such as day, week from sunday, month in Europe/Berlin, month from 15, or rolling 5h"
            .to_owned()
    }

    fn parse(text: &str) -> Result<Self, String> {
        const PERIODS: [&str; 5] = ["minute", "hour", "day", "week", "month"];
        text.parse().map_err(|error: Invalid| {
            let zones: Vec<String> = Self::zones().collect();
            unknown(error.text(), PERIODS.into_iter().chain(zones.iter().map(String::as_str)))
        })
    }
}

impl Scalar for Percent {
    fn expected() -> String {
        "a whole percentage from 1% to 100%".to_owned()
    }

    fn parse(text: &str) -> Result<Self, String> {
        let number = text.strip_suffix('%').filter(|n| n.bytes().all(|b| b.is_ascii_digit()));
        let share = number.and_then(|number| number.trim().parse().ok());
        let share = share.filter(|share| (1..=100).contains(share));
        share.map(Self).ok_or_else(|| quoted(text))
    }
}

/// The first second that does not count any more, since the Unix epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Until(pub i64);

impl Scalar for Until {
    fn expected() -> String {
        "a date, such as 2026-12-31 (to its end, in UTC), or a time, such as 2026-12-31T18:00:00Z"
            .to_owned()
    }

    fn parse(text: &str) -> Result<Self, String> {
        Grant::read_until(text).map(Self).ok_or_else(|| quoted(text))
    }
}

impl Scalar for Dimension {
    fn expected() -> String {
        format!("{} or label:NAME; several in a list", Self::names().join(", "))
    }

    fn parse(text: &str) -> Result<Self, String> {
        // The ledger writes several with commas between.
        let fit = |c: char| c.is_ascii_alphanumeric() || "._-/:@".contains(c);
        match text.parse() {
            Ok(Self::Label(name)) if !name.chars().all(fit) => Err(quoted(text)),
            Ok(dimension) => Ok(dimension),
            Err(_) => Err(unknown(text, Self::names().into_iter().chain(["total"]))),
        }
    }
}

/// `total`, a dimension, or a list of them.
impl Decode for Scope {
    fn decode(node: &Node, key: &str, problems: &mut Problems) -> Option<Self> {
        let dimensions = match &node.kind {
            Kind::Scalar(text) if text == "total" => return Some(Self::TOTAL),
            Kind::List(items) if items.is_empty() => {
                problems.add(node.mark, format!("`{key}` is empty"), "total, or caller");
                return None;
            }
            Kind::List(_) => {
                let list = List::<Dimension>::decode(node, key, problems)?;
                let mut dimensions: Vec<Dimension> = Vec::new();
                for (mark, dimension) in list.into_iter().filter_map(Field::given) {
                    if dimensions.contains(&dimension) {
                        let what = format!("`{dimension}` is there already");
                        problems.add(mark, what, "each dimension once");
                    }
                    dimensions.push(dimension);
                }
                dimensions
            }
            _ => vec![Dimension::decode(node, key, problems)?],
        };
        Some(Self::each(dimensions))
    }
}

/// A number of requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Requests(pub u32);

impl Scalar for Requests {
    fn expected() -> String {
        "100 requests".to_owned()
    }

    fn parse(text: &str) -> Result<Self, String> {
        let number = text.strip_suffix(" requests").and_then(|number| number.parse().ok());
        let positive = number.filter(|number| *number > 0);
        positive.map(Self).ok_or_else(|| quoted(text))
    }
}

/// A price in USD for a million tokens, kept as it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Price(pub String);

impl Scalar for Price {
    fn expected() -> String {
        "USD for a million tokens, such as 2.50".to_owned()
    }

    fn parse(text: &str) -> Result<Self, String> {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
        let digits = |part: &str, most: usize| {
            (1..=most).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit())
        };
        let decimal = digits(whole, 9) && digits(fraction, 9);
        if decimal { Ok(Self(text.to_owned())) } else { Err(quoted(text)) }
    }
}
