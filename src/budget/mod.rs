//! Budgets: what may be spent, by whom, in which calendar window; and the ledger that holds it.
//!
//! A call's way through here: [`estimate`] says what it can cost at most, [`Ledger::reserve`] sets
//! that aside in every budget that applies or in none, and the [`Reservation`] ends exactly once:
//! settled with the real usage, released because nothing was billed, or, if it is simply dropped
//! (panic, disconnect), charged with the estimate. `spent + reserved` never passes a limit, unless
//! one call's real usage was above its own estimate; then the next call is refused.
//!
//! [`rate`] is apart: it shapes traffic, keeps nothing and forgets on restart.

mod amount;
mod balance;
mod book;
mod clock;
mod entry;
pub mod estimate;
mod journal;
mod ledger;
mod money;
mod open_error;
pub mod rate;
mod replay;
mod reservation;
mod window;

use std::{fmt, str::FromStr, time::Duration};

use serde::{Deserialize, Serialize};

pub use balance::Balance;
pub use clock::{Clock, SystemClock};
pub use ledger::Ledger;
pub use money::Money;
pub use open_error::OpenError;
pub use replay::Damage;
pub use reservation::Reservation;
pub use window::Window;

/// A declared budget. Every budget applies to every call; `per` says how many counters it keeps.
///
/// Changing `limit` keeps what was spent. Changing `name`, `per` or `window` begins a new counter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Budget {
    /// The name in the configuration, unique among budgets: the identity of its counters.
    pub name: String,
    /// One counter for each of these.
    pub per: Scope,
    /// What a counter may reach within one window.
    pub limit: Limit,
    /// When a counter starts anew.
    pub window: Window,
    /// What to do with a model whose price is not known.
    pub unknown_price: UnknownPrice,
}

impl Budget {
    /// Whether a call of which nobody can say what it uses must be refused under this budget:
    /// only requests can be counted without looking.
    pub const fn requires_usage(&self) -> bool {
        !matches!(self.limit, Limit::Requests(_))
            && matches!(self.unknown_price, UnknownPrice::Refuse)
    }

    /// Whether a model without a price must be refused under this budget: money cannot be counted
    /// without one. Budgets on tokens and requests never need it.
    pub const fn requires_price(&self) -> bool {
        matches!(self.limit, Limit::Usd(_)) && matches!(self.unknown_price, UnknownPrice::Refuse)
    }
}

/// What a budget keeps a counter for each of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// One counter in all.
    Total,
    /// One for each caller.
    Caller,
    /// One for each model that is served (not the alias that was asked for).
    Model,
    /// One for each backend.
    Backend,
}

impl Scope {
    /// The part of `who` that this scope counts by; empty for [`Scope::Total`].
    pub const fn of<'a>(self, who: &Subject<'a>) -> &'a str {
        match self {
            Self::Total => "",
            Self::Caller => who.caller,
            Self::Model => who.model,
            Self::Backend => who.backend,
        }
    }
}

impl FromStr for Scope {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        match text {
            "total" => Ok(Self::Total),
            "caller" => Ok(Self::Caller),
            "model" => Ok(Self::Model),
            "backend" => Ok(Self::Backend),
            _ => Err(Invalid::new(text, "one of total, caller, model, backend")),
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Total => "total",
            Self::Caller => "caller",
            Self::Model => "model",
            Self::Backend => "backend",
        })
    }
}

/// So much of something that budgets count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quantity {
    /// Money.
    Usd(Money),
    /// Tokens, input and output together.
    Tokens(u64),
    /// Calls that were answered or billed.
    Requests(u64),
}

/// The quantity that a counter may reach.
pub type Limit = Quantity;

impl Quantity {
    /// The bare number, in nano-USD, tokens or requests. Compare it only within one unit.
    pub const fn count(self) -> u64 {
        match self {
            Self::Usd(money) => money.nanos(),
            Self::Tokens(count) | Self::Requests(count) => count,
        }
    }
}

impl FromStr for Quantity {
    type Err = Invalid;

    /// Reads `10 USD`, `$0.50`, `2_000_000 tokens` or `1000 requests`.
    fn from_str(text: &str) -> Result<Self, Invalid> {
        let invalid = || Invalid::new(text, "such as 10 USD, 2_000_000 tokens or 1000 requests");
        let count = |digits: &str| {
            let digits: String = digits.trim().chars().filter(|&c| c != '_').collect();
            let plain = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
            if plain { digits.parse().map_err(|_| invalid()) } else { Err(invalid()) }
        };
        let trimmed = text.trim();
        let unit = |names: [&str; 2]| names.iter().find_map(|name| trimmed.strip_suffix(name));
        if let Some(digits) = unit(["tokens", "token"]) {
            count(digits).map(Self::Tokens)
        } else if let Some(digits) = unit(["requests", "request"]) {
            count(digits).map(Self::Requests)
        } else {
            trimmed.parse().map(Self::Usd).map_err(|_| invalid())
        }
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Usd(money) => money.fmt(f),
            Self::Tokens(1) => f.write_str("1 token"),
            Self::Tokens(count) => write!(f, "{count} tokens"),
            Self::Requests(1) => f.write_str("1 request"),
            Self::Requests(count) => write!(f, "{count} requests"),
        }
    }
}

/// What a budget does with a model that has no price.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum UnknownPrice {
    /// The call is refused: unpriced use would be unbounded use.
    #[default]
    Refuse,
    /// The call is let through and counts as costing nothing.
    Allow,
}

/// Whom and what a call is counted against.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// The caller's configured name.
    pub caller: &'a str,
    /// The model that is served: of the attempt, after aliases.
    pub model: &'a str,
    /// The backend's configured name.
    pub backend: &'a str,
}

/// The most that a call is expected to cost, set aside before it is sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Estimate {
    /// Money; zero when the model has no price and every budget allows that.
    pub cost: Money,
    /// Input and output tokens.
    pub tokens: u64,
}

/// What a call really cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Charge {
    /// Money.
    pub cost: Money,
    /// Input and output tokens.
    pub tokens: u64,
}

/// Why a call may not be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Denied {
    /// The estimate does not fit into a budget any more. Nothing was set aside in any.
    Exceeded {
        /// The budget's name.
        budget: String,
        /// Its limit.
        limit: Limit,
        /// What was charged in this window, in the limit's unit.
        spent: Quantity,
        /// What calls under way have set aside, in the limit's unit.
        reserved: Quantity,
        /// Until the window ends. Calls under way may give some back sooner.
        retry_after: Duration,
    },
    /// The ledger cannot write its journal, so it cannot promise to remember the call: no budget
    /// can be spent until it can. The log says what is wrong with the disk.
    Unavailable,
}

impl fmt::Display for Denied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exceeded { budget, limit, spent, reserved, retry_after } => write!(
                f,
                "budget {budget} of {limit} does not allow this call: {spent} spent, {reserved} \
                 reserved by calls under way; the next window begins in {} s",
                retry_after.as_secs()
            ),
            Self::Unavailable => f.write_str("budgets cannot be recorded at the moment; try later"),
        }
    }
}

impl std::error::Error for Denied {}

/// A text that is not what a field of a budget takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invalid {
    text: String,
    expected: &'static str,
}

impl Invalid {
    fn new(text: &str, expected: &'static str) -> Self {
        Self { text: text.to_owned(), expected }
    }
}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is not understood: write {}", self.text, self.expected)
    }
}

impl std::error::Error for Invalid {}

#[cfg(test)]
mod tests;
