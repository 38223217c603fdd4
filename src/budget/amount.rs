//! What one counter counts: all units at once, so that a budget may change its unit.

use serde::{Deserialize, Serialize};

use super::{Money, Quantity};

/// What a call really cost, or may cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Charge {
    /// Money; zero when the model has no price and every budget allows that.
    pub cost: Money,
    /// Input tokens, cached or not.
    pub input: u64,
    /// The part of the input that was read from the provider's prompt cache.
    pub cached: u64,
    /// Output tokens, reasoning included.
    pub output: u64,
}

/// What a call is expected to cost before it is sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Estimate {
    /// What such calls use: the least that must be set aside.
    pub likely: Charge,
    /// What this one can use at most, by the limits it sets: set aside as far as there is room.
    pub most: Charge,
}

impl Estimate {
    /// All of the way from likely to most.
    pub(super) const QUARTERS: u8 = 4;

    /// No call is held at more in any unit: nine million dollars. So one that names an absurd limit
    /// leaves room for thousands of others before a sum would wrap and has to be refused.
    const MOST: u64 = 1 << 53;

    /// What is so many quarters of the way from likely to most, each number rounded up. Nothing of
    /// it is cached: nobody knows beforehand.
    pub(super) fn part(self, quarters: u8) -> Charge {
        let part = |likely: u64, most: u64| {
            let way = u128::from(most.saturating_sub(likely)) * u128::from(quarters);
            let way = way.div_ceil(u128::from(Self::QUARTERS));
            likely.saturating_add(u64::try_from(way).unwrap_or(u64::MAX)).min(Self::MOST)
        };
        let Self { likely, most } = self;
        Charge {
            cost: Money::from_nanos(part(likely.cost.nanos(), most.cost.nanos())),
            input: part(likely.input, most.input),
            cached: 0,
            output: part(likely.output, most.output),
        }
    }
}

/// Requests, tokens and money of one call or of many.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Amount {
    pub(super) requests: u64,
    /// Version 1 of the journal knew all tokens only: they count as input.
    #[serde(alias = "tokens")]
    pub(super) input: u64,
    #[serde(default)]
    pub(super) cached: u64,
    #[serde(default)]
    pub(super) output: u64,
    /// Nano-USD.
    pub(super) nanos: u64,
}

impl Amount {
    pub(super) const ZERO: Self = Self { requests: 0, input: 0, cached: 0, output: 0, nanos: 0 };

    /// Stays at the largest number where the sum would pass it: a limit is passed long before.
    pub(super) const fn plus(self, other: Self) -> Self {
        Self {
            requests: self.requests.saturating_add(other.requests),
            input: self.input.saturating_add(other.input),
            cached: self.cached.saturating_add(other.cached),
            output: self.output.saturating_add(other.output),
            nanos: self.nanos.saturating_add(other.nanos),
        }
    }

    /// The sum, or `None` where it would pass the largest number in any unit.
    pub(super) fn checked_plus(self, other: Self) -> Option<Self> {
        Some(Self {
            requests: self.requests.checked_add(other.requests)?,
            input: self.input.checked_add(other.input)?,
            cached: self.cached.checked_add(other.cached)?,
            output: self.output.checked_add(other.output)?,
            nanos: self.nanos.checked_add(other.nanos)?,
        })
    }

    pub(super) const fn minus(self, other: Self) -> Self {
        Self {
            requests: self.requests.saturating_sub(other.requests),
            input: self.input.saturating_sub(other.input),
            cached: self.cached.saturating_sub(other.cached),
            output: self.output.saturating_sub(other.output),
            nanos: self.nanos.saturating_sub(other.nanos),
        }
    }

    /// What of this is counted in the unit of `like`, with or without cached input.
    pub(super) const fn in_unit_of(self, like: Quantity, cached: bool) -> Quantity {
        let input = if cached { self.input } else { self.input.saturating_sub(self.cached) };
        match like {
            Quantity::Usd(_) => Quantity::Usd(Money::from_nanos(self.nanos)),
            Quantity::Tokens(_) => Quantity::Tokens(input.saturating_add(self.output)),
            Quantity::InputTokens(_) => Quantity::InputTokens(input),
            Quantity::OutputTokens(_) => Quantity::OutputTokens(self.output),
            Quantity::Requests(_) => Quantity::Requests(self.requests),
            Quantity::Concurrent(_) => Quantity::Concurrent(self.requests),
        }
    }
}

impl From<Charge> for Amount {
    fn from(Charge { cost, input, cached, output }: Charge) -> Self {
        Self { requests: 1, input, cached, output, nanos: cost.nanos() }
    }
}
