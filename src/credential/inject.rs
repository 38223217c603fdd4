//! How a backend is shown its credential.

use std::sync::Arc;

use http::header::{AUTHORIZATION, HeaderName, HeaderValue, InvalidHeaderValue};
use providers::Schema;
use zeroize::Zeroizing;

use super::{Secret, SecretSource};

/// In which header each schema expects the credential, and behind which word (`wire.md` §1.2).
const fn form(schema: Schema) -> (HeaderName, &'static str) {
    match schema {
        Schema::Chat | Schema::Responses => (AUTHORIZATION, "Bearer "),
        Schema::Claude => (HeaderName::from_static("x-api-key"), ""),
        Schema::Gemini => (HeaderName::from_static("x-goog-api-key"), ""),
    }
}

/// The header that carries `secret` to a backend of `schema`; its value is marked sensitive.
///
/// # Errors
///
/// The secret is not a token; one made by [`Secret::token`] always is.
pub fn inject(
    schema: Schema,
    secret: &Secret,
) -> Result<(HeaderName, HeaderValue), InvalidHeaderValue> {
    let (name, prefix) = form(schema);
    let bytes = Zeroizing::new([prefix.as_bytes(), secret.expose()].concat());
    let mut value = HeaderValue::from_bytes(&bytes)?;
    value.set_sensitive(true);
    Ok((name, value))
}

/// What a backend is shown: a secret in the form of its schema, or nothing.
#[derive(Clone, Debug)]
pub struct Credential {
    schema: Schema,
    source: Option<Arc<SecretSource>>,
}

impl Credential {
    /// The secret of `source`, as `schema` expects it.
    #[must_use]
    pub const fn new(schema: Schema, source: Arc<SecretSource>) -> Self {
        Self { schema, source: Some(source) }
    }

    /// Nothing: the config says `credential: none`.
    #[must_use]
    pub const fn none(schema: Schema) -> Self {
        Self { schema, source: None }
    }

    /// The header to send with the secret as it is now; `None` if the backend is shown nothing.
    ///
    /// # Errors
    ///
    /// As [`inject`].
    pub fn header(&self) -> Result<Option<(HeaderName, HeaderValue)>, InvalidHeaderValue> {
        self.source.as_ref().map(|source| inject(self.schema, &source.current())).transpose()
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
