//! How a vendor is shown who pays.

/// The ways in which a vendor takes a credential. It takes those that are not empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Credential {
    /// The headers of an API key; all of them are sent.
    pub(super) key: Vec<Header>,
    /// Those of an access token that somebody mints (OAuth, Entra).
    pub(super) token: Vec<Header>,
    /// The name of the service in Amazon's Signature Version 4.
    pub(super) sigv4: Option<String>,
    /// What an access token of the cloud's own is asked for.
    pub(super) scope: Option<String>,
}

/// A header that holds a credential.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// Its name, in small letters.
    pub name: String,
    /// What stands before the credential: `Bearer `, or nothing.
    pub prefix: String,
}

impl Credential {
    /// The headers of an API key; empty if the vendor takes none.
    pub fn key(&self) -> &[Header] {
        &self.key
    }

    /// The headers of an access token; empty if the vendor takes none.
    pub fn token(&self) -> &[Header] {
        &self.token
    }

    /// The headers of a static credential of whichever kind the vendor takes: its key's, else
    /// its token's.
    pub fn stated(&self) -> &[Header] {
        if self.key.is_empty() { &self.token } else { &self.key }
    }

    /// What an access token that the vendor's own cloud mints (Entra, Google) is asked for.
    pub fn scope(&self) -> Option<&str> {
        self.scope.as_deref()
    }

    /// The name of the service in Amazon's Signature Version 4, if the vendor takes that.
    pub fn sigv4(&self) -> Option<&str> {
        self.sigv4.as_deref()
    }
}
