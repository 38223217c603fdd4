//! Budgets: what may be spent, by whom, in which window; and the ledger that holds it.
//!
//! A call's way through here: [`estimate`] says what it will likely cost and what it can cost at
//! most, [`Ledger::reserve`] sets that aside in every budget that applies or in none, and the
//! [`Reservation`] ends exactly once: settled with the real usage, released because nothing was
//! billed, or, if it is simply dropped (panic, disconnect), charged with what was held.
//! `spent + reserved` never passes a limit, unless one call's real usage was above what was held
//! for it; then the next call is refused.
//!
//! [`rate`] is apart: it shapes traffic, keeps nothing and forgets on restart.

mod amount;
mod balance;
mod book;
mod clock;
mod declared;
mod denied;
mod entry;
pub mod estimate;
mod event;
mod journal;
mod lease;
mod ledger;
mod money;
mod open_error;
mod quantity;
pub mod rate;
mod replay;
mod reservation;
mod shared;
mod statement;
mod store;
mod subject;
mod text;
mod window;

pub use amount::{Charge, Estimate};
pub use balance::Balance;
pub use clock::{Clock, SystemClock};
pub use declared::{Budget, Ceiling, Grant, Limit, OnExceeded, Percent, UnknownPrice};
pub use denied::{Denied, Exceeded, Invalid};
pub use event::Event;
pub use lease::Short;
pub use ledger::{AdjustError, Ledger};
pub use money::Money;
pub use open_error::OpenError;
pub use quantity::Quantity;
pub use replay::Damage;
pub use reservation::Reservation;
pub use shared::StoreStatus;
pub use statement::{Column, Spend, SpendRow};
pub use store::{Outage, StoreSettings, StoreTls, Topology};
pub use subject::{Calls, Dimension, Scope, Subject, fits};
pub use window::Window;

#[cfg(test)]
mod tests;
