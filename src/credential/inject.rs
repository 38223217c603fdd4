//! How a secret is shown.

use http::header::{HeaderName, HeaderValue};
use providers::vendor::Header;
use zeroize::Zeroizing;

use super::Secret;
use super::shown::Header as Shown;

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
