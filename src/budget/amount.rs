//! What one counter counts: all three units at once, so that a budget may change its unit.

use serde::{Deserialize, Serialize};

use super::{Charge, Estimate, Money, Quantity};

/// Requests, tokens and money of one call or of many.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Amount {
    pub(super) requests: u64,
    pub(super) tokens: u64,
    /// Nano-USD.
    pub(super) nanos: u64,
}

impl Amount {
    pub(super) const ZERO: Self = Self { requests: 0, tokens: 0, nanos: 0 };

    /// Stays at the largest number where the sum would pass it: a limit is passed long before.
    pub(super) const fn plus(self, other: Self) -> Self {
        Self {
            requests: self.requests.saturating_add(other.requests),
            tokens: self.tokens.saturating_add(other.tokens),
            nanos: self.nanos.saturating_add(other.nanos),
        }
    }

    pub(super) fn checked_plus(self, other: Self) -> Option<Self> {
        Some(Self {
            requests: self.requests.checked_add(other.requests)?,
            tokens: self.tokens.checked_add(other.tokens)?,
            nanos: self.nanos.checked_add(other.nanos)?,
        })
    }

    pub(super) const fn minus(self, other: Self) -> Self {
        Self {
            requests: self.requests.saturating_sub(other.requests),
            tokens: self.tokens.saturating_sub(other.tokens),
            nanos: self.nanos.saturating_sub(other.nanos),
        }
    }

    /// What of this is counted in the unit of `like`.
    pub(super) const fn in_unit_of(self, like: Quantity) -> Quantity {
        match like {
            Quantity::Usd(_) => Quantity::Usd(Money::from_nanos(self.nanos)),
            Quantity::Tokens(_) => Quantity::Tokens(self.tokens),
            Quantity::Requests(_) => Quantity::Requests(self.requests),
        }
    }
}

impl From<Estimate> for Amount {
    fn from(Estimate { cost, tokens }: Estimate) -> Self {
        Self { requests: 1, tokens, nanos: cost.nanos() }
    }
}

impl From<Charge> for Amount {
    fn from(Charge { cost, tokens }: Charge) -> Self {
        Self { requests: 1, tokens, nanos: cost.nanos() }
    }
}
