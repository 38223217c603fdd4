//! Secrets: where they come from, whom they are shown to, and who shows one to us.
//!
//! Everything else handles a [`Secret`] without being able to read it: its bytes leave this module
//! only as the header of a request to the backend that owns it.

mod caller_key;
mod digest;
mod inject;
mod seal;
mod secret;
mod source;
#[cfg(test)]
mod tests;

pub use caller_key::{CallerKey, TwoKeys};
pub use digest::{Digest, find};
pub use inject::{Credential, inject};
pub use seal::sealing_key;
pub use secret::{Secret, SecretError};
pub use source::{SecretSource, refresh};
