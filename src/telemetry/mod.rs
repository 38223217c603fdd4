//! What the outside sees of the gateway: metrics, the access log, and events of budgets. No prompt,
//! no answer and no secret passes through here: only names, counts and times.

pub mod access_log;
mod credentials;
mod events;
mod issuers;
pub mod metrics;
mod names;
mod panics;
mod revocation;
mod standing;
#[cfg(test)]
mod tests;
mod webhook;

pub use access_log::AccessLog;
pub use credentials::Minting;
pub use events::tell;
pub use issuers::KeysNow;
pub use metrics::{Metrics, Place};
pub use panics::log_panic;
pub use revocation::ListsNow;
pub use standing::Now;
pub use webhook::Target;
