//! A budget as the operator declares it.

use jiff::{Timestamp, civil::Date, tz::TimeZone};

use super::{Calls, Money, Quantity, Scope, Window};

/// A declared budget: which calls count, one counter for each of what, and what each may reach.
///
/// Budgets that apply to a call hold together: what one of them has no room for is not sent. So a
/// hierarchy is two budgets, one `per` group and one `per` caller.
///
/// Changing a limit keeps what was spent. Changing `name`, `per` or a window begins new counters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Budget {
    /// The name in the configuration, unique among budgets: the identity of its counters.
    pub name: String,
    /// The calls that count.
    pub calls: Calls,
    /// One counter for each of these.
    pub per: Scope,
    /// What a counter may reach; never empty, and no window and unit twice.
    pub limits: Vec<Limit>,
    /// Whether input that was read from the provider's prompt cache counts in limits on input or
    /// on all tokens. (Money counts it at its price in any case.)
    pub cached_tokens: bool,
    /// What becomes of a call that does not fit.
    pub on_exceeded: OnExceeded,
    /// Thresholds, ascending, at which someone is told.
    pub warn: Vec<Percent>,
    /// What one call may come to.
    pub per_call: Ceiling,
    /// What the configuration grants on top of the limits.
    pub grants: Vec<Grant>,
    /// What to do with a model whose price is not known.
    pub unknown_price: UnknownPrice,
}

/// What a counter may reach within one window.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limit {
    /// So much.
    pub quantity: Quantity,
    /// When the counter starts anew; [`Window::Always`] for calls under way at once.
    pub window: Window,
}

/// What becomes of a call that does not fit into a budget.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum OnExceeded {
    /// It is refused.
    #[default]
    Block,
    /// It is sent and counted all the same; the event is told.
    Audit,
    /// This model takes over. Its calls don't count in this budget: give it one of its own.
    Downgrade(String),
}

/// A whole percentage of a limit, 1 to 100.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Percent(pub u8);

/// What one call may come to, at most.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ceiling {
    /// Money.
    pub cost: Option<Money>,
    /// Input and output tokens.
    pub tokens: Option<u64>,
}

/// A one-off top-up: it is used once the limit itself is, and what is left of it stays good in the
/// following windows until it ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// The counter that it is for (as [`Scope::of`] names it); `None`: each counter of the budget.
    pub of: Option<String>,
    /// How much. It raises those limits of the budget that are in its unit.
    pub quantity: Quantity,
    /// The first second in which it does not count any more, since the Unix epoch.
    pub until: i64,
}

impl Grant {
    /// What a text says for [`Grant::until`]: a day, to its end in UTC (`2026-12-31`), or a time
    /// with its zone (`2026-12-31T18:00:00Z`).
    pub fn read_until(text: &str) -> Option<i64> {
        if let Ok(time) = text.parse::<Timestamp>() {
            return Some(time.as_second());
        }
        // jiff would read the date of a time without a zone.
        let date = if text.len() == 10 { text.parse::<Date>().ok() } else { None };
        let end = date?.tomorrow().ok()?.to_zoned(TimeZone::UTC).ok()?;
        Some(end.timestamp().as_second())
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

impl Budget {
    /// One limit on every call, and nothing else.
    #[cfg(test)]
    pub fn plain(name: &str, per: Scope, quantity: Quantity, window: Window) -> Self {
        Self {
            name: name.to_owned(),
            calls: Calls::default(),
            per,
            limits: vec![Limit { quantity, window }],
            cached_tokens: true,
            on_exceeded: OnExceeded::Block,
            warn: Vec::new(),
            per_call: Ceiling::default(),
            grants: Vec::new(),
            unknown_price: UnknownPrice::Refuse,
        }
    }

    /// Whether a call of which nobody can say what it uses must be refused under this budget:
    /// only calls themselves can be counted without looking.
    pub fn requires_usage(&self) -> bool {
        let counted = |limit: &Limit| {
            !matches!(limit.quantity, Quantity::Requests(_) | Quantity::Concurrent(_))
        };
        matches!(self.unknown_price, UnknownPrice::Refuse)
            && (self.per_call != Ceiling::default() || self.limits.iter().any(counted))
    }

    /// Whether a model without a price must be refused under this budget: money cannot be counted
    /// without one. Budgets on tokens and requests never need it.
    pub fn requires_price(&self) -> bool {
        let money = |limit: &Limit| matches!(limit.quantity, Quantity::Usd(_));
        matches!(self.unknown_price, UnknownPrice::Refuse)
            && (self.per_call.cost.is_some() || self.limits.iter().any(money))
    }
}
