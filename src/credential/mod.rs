//! Secrets: where they come from, whom they are shown to, and who shows one to us.
//!
//! Everything else handles a [`Secret`] without being able to read it: its bytes leave this module
//! only as the header of a request to the backend that owns it, or to whoever mints a token for it.
//!
//! What a backend is shown is a [`Credential`]: nothing, a key, or what an [`Issuer`] mints for a
//! while ([`Minted`]), which is kept fresh in the background. What of it went out with a request is
//! its [`Shown`], which keeps it from the caller when the backend quotes it.

mod aws;
mod azure;
mod caller_key;
mod digest;
mod endpoint;
mod google;
mod inject;
mod issuer;
mod keys;
mod kind;
mod lease;
mod minted;
mod needle;
mod oauth;
mod registry;
mod seal;
mod secret;
mod shown;
mod sigv4;
mod source;
mod spelling;
#[cfg(test)]
mod tests;

pub use aws::{Aws, AwsEnvironment, AwsSource, Role, SESSION_NAME, StaticKeys, WebIdentity};
pub use azure::{
    AUTHORITY as AZURE_AUTHORITY, ApplicationProof, Azure, AzureSource, SCOPE as AZURE_SCOPE,
};
pub use caller_key::{CallerKey, TwoKeys};
pub use digest::{Digest, find};
pub use endpoint::{Endpoint, NotAnEndpoint};
pub use google::{Google, GoogleSource, SCOPE as GOOGLE_SCOPE};
pub use inject::inject;
pub use issuer::{Issuer, MintError};
pub use keys::Refusal;
pub use kind::{Credential, NoCredential, Place, Unsigned};
pub use minted::{Minted, Standing};
pub use oauth::{Client, ClientAuth, Grant, OAuth};
pub use seal::sealing_key;
pub use secret::{Secret, SecretError};
pub use shown::{Header, Scrubber, Shown};
pub use source::{SecretSource, refresh};
