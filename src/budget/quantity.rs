//! So much of something that budgets count.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use super::{Invalid, Money};

/// So much of something that budgets count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum Quantity {
    /// Money.
    Usd(Money),
    /// Tokens, input and output together.
    Tokens(u64),
    /// Input tokens.
    InputTokens(u64),
    /// Output tokens, reasoning included.
    OutputTokens(u64),
    /// Calls that were answered or billed.
    Requests(u64),
    /// Calls under way at once.
    Concurrent(u64),
}

impl Quantity {
    /// The bare number, in nano-USD, tokens or calls. Compare it only within one unit.
    pub const fn count(self) -> u64 {
        match self {
            Self::Usd(money) => money.nanos(),
            Self::Tokens(count)
            | Self::InputTokens(count)
            | Self::OutputTokens(count)
            | Self::Requests(count)
            | Self::Concurrent(count) => count,
        }
    }

    /// The bare number as people read it, exact: `10.50` of dollars, `12000` of tokens.
    pub fn decimal(self) -> String {
        match self {
            Self::Usd(money) => money.decimal(),
            other => other.count().to_string(),
        }
    }

    /// So many of the same unit.
    pub const fn with(self, count: u64) -> Self {
        match self {
            Self::Usd(_) => Self::Usd(Money::from_nanos(count)),
            Self::Tokens(_) => Self::Tokens(count),
            Self::InputTokens(_) => Self::InputTokens(count),
            Self::OutputTokens(_) => Self::OutputTokens(count),
            Self::Requests(_) => Self::Requests(count),
            Self::Concurrent(_) => Self::Concurrent(count),
        }
    }

    /// The unit, as metrics name it.
    pub const fn unit(self) -> &'static str {
        match self {
            Self::Usd(_) => "usd",
            Self::Tokens(_) => "tokens",
            Self::InputTokens(_) => "input_tokens",
            Self::OutputTokens(_) => "output_tokens",
            Self::Requests(_) => "requests",
            Self::Concurrent(_) => "concurrent",
        }
    }
}

impl FromStr for Quantity {
    type Err = Invalid;

    /// Reads `10 USD`, `$0.50`, `2_000_000 tokens`, `500_000 output tokens`, `1000 requests` or
    /// `4 concurrent`.
    fn from_str(text: &str) -> Result<Self, Invalid> {
        const EXPECTED: &str = "such as 10 USD, 2_000_000 tokens, 500_000 output tokens, 1000 requests or 4 concurrent";
        type Unit = (&'static str, fn(u64) -> Quantity);
        // Of two that end alike the longer comes first.
        const UNITS: [Unit; 9] = [
            ("input tokens", Quantity::InputTokens),
            ("output tokens", Quantity::OutputTokens),
            ("input token", Quantity::InputTokens),
            ("output token", Quantity::OutputTokens),
            ("tokens", Quantity::Tokens),
            ("token", Quantity::Tokens),
            ("requests", Quantity::Requests),
            ("request", Quantity::Requests),
            ("concurrent", Quantity::Concurrent),
        ];
        let invalid = || Invalid::new(text, EXPECTED);
        let trimmed = text.trim();
        let counted =
            UNITS.iter().find_map(|(unit, make)| Some((trimmed.strip_suffix(unit)?, make)));
        let Some((digits, make)) = counted else {
            return trimmed.parse().map(Self::Usd).map_err(|_| invalid());
        };
        let digits: String = digits.trim().chars().filter(|&c| c != '_').collect();
        let plain = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
        let count = if plain { digits.parse().ok() } else { None };
        count.map(make).ok_or_else(invalid)
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (count, unit) = match self {
            Self::Usd(money) => return money.fmt(f),
            Self::Tokens(count) => (count, "token"),
            Self::InputTokens(count) => (count, "input token"),
            Self::OutputTokens(count) => (count, "output token"),
            Self::Requests(count) => (count, "request"),
            Self::Concurrent(count) => return write!(f, "{count} concurrent"),
        };
        write!(f, "{count} {unit}{}", if *count == 1 { "" } else { "s" })
    }
}
