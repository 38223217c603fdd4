//! How a backend is shown its credential.

use std::sync::Arc;

use http::header::{HeaderName, HeaderValue};
use providers::vendor::Header;
use zeroize::Zeroizing;

use super::{Secret, SecretSource};

/// A header's name and its value.
type Shown = (HeaderName, HeaderValue);

/// The header of this form that carries `secret`; its value is marked sensitive.
///
/// # Errors
///
/// The secret is not a token; one made by [`Secret::token`] always is.
pub fn inject(form: &Header, secret: &Secret) -> Result<Shown, http::Error> {
    let name = HeaderName::from_bytes(form.name.as_bytes())?;
    let bytes = Zeroizing::new([form.prefix.as_bytes(), secret.expose()].concat());
    let mut value = HeaderValue::from_bytes(&bytes)?;
    value.set_sensitive(true);
    Ok((name, value))
}

/// What a backend is shown: a secret in the forms that its vendor takes, or nothing.
#[derive(Clone, Debug)]
pub struct Credential {
    forms: &'static [Header],
    source: Option<Arc<SecretSource>>,
}

impl Credential {
    /// The secret of `source`, in each of these forms.
    #[must_use]
    pub const fn new(forms: &'static [Header], source: Arc<SecretSource>) -> Self {
        Self { forms, source: Some(source) }
    }

    /// Nothing: the config says `credential: none`.
    #[must_use]
    pub const fn none() -> Self {
        Self { forms: &[], source: None }
    }

    /// The headers to send with the secret as it is now; none if the backend is shown nothing.
    ///
    /// # Errors
    ///
    /// As [`inject`].
    pub fn headers(&self) -> Result<Vec<Shown>, http::Error> {
        let Some(source) = &self.source else { return Ok(Vec::new()) };
        let secret = source.current();
        self.forms.iter().map(|form| inject(form, &secret)).collect()
    }

    /// `text` without the secret: a provider that quotes what it was sent must not tell the caller
    /// (S-37).
    #[must_use]
    pub fn scrub(&self, text: &str) -> String {
        let Some(source) = &self.source else { return text.to_owned() };
        let secret = source.current();
        match std::str::from_utf8(secret.expose()) {
            Ok(secret) => text.replace(secret, "[redacted]"),
            Err(_) => text.to_owned(),
        }
    }

    /// Where the secret comes from, if there is one.
    #[must_use]
    pub const fn source(&self) -> Option<&Arc<SecretSource>> {
        self.source.as_ref()
    }
}
