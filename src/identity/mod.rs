//! Who is calling: by a key of the configuration, by a token that someone trusted has signed, or by
//! a certificate. Never by what a caller says of itself.
//!
//! [`Directory::recognise`] is the one place that decides. What a token proves is remembered by its
//! whole hash until it ends, or its issuer's keys change.

mod cache;
mod caller;
mod certificate;
mod claims;
mod directory;
mod issuer;
mod json;
mod jwk;
mod jwt;
mod keyring;
mod reach;
mod refused;
mod review;
mod reviewed;
mod series;
mod server;
mod server_tls;
mod table;
#[cfg(test)]
mod tests;

pub use caller::{Caller, Pattern, Shows, Unlisted};
pub use certificate::{Certificates, ClientTrust, MTLS, Peer};
pub use claims::{ClaimPath, ClaimPaths};
pub use directory::{Directory, Recognised};
pub use issuer::{Issuer, KUBERNETES, Tells};
pub use keyring::{KeySource, KeyStatus, Keyring, keep_fresh};
pub use refused::Refused;
pub use review::Review;
pub use series::{InMetrics, Mentioned};
pub use server::Server;
pub use server_tls::ServerTls;
