//! What `std::sync` is here.

pub mod mpsc;

// Set once, and without a switch in between.
pub use crate::real::sync::{LazyLock, OnceLock};
pub use shuttle::sync::*;
