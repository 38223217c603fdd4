//! What the outside sees of the gateway: metrics and the access log. No prompt, no answer and no
//! secret passes through here: only names, counts and times.

pub mod access_log;
pub mod metrics;

pub use access_log::AccessLog;
pub use metrics::{Metrics, Place};
