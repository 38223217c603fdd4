//! What a backend is shown, by kind.

use std::fmt;
use std::sync::Arc;
use std::time::{Instant, SystemTime};

use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::{Method, Uri};
use providers::vendor::Header as Form;

use super::inject::inject;
use super::issuer::{Issuer, MintError};
use super::keys::{Keys, Refusal};
use super::lease::{AwsKeys, Proof};
use super::minted::Minted;
use super::shown::{Header, Shown};
use super::sigv4::{Signable, Signer, stamp};
use super::{Secret, SecretSource};

const DATE: HeaderName = HeaderName::from_static("x-amz-date");
const SESSION: HeaderName = HeaderName::from_static("x-amz-security-token");

/// What a backend is shown.
#[derive(Clone, Debug)]
pub struct Credential(Kind);

#[derive(Clone, Debug)]
enum Kind {
    None,
    /// A key, or one of several.
    Keys(&'static [Form], Arc<Keys>),
    /// A token that somebody mints.
    Token(&'static [Form], Arc<Minted>),
    /// Amazon's signature, for this service in this region.
    Signature(Place, Arc<Minted>),
}

/// Where a signature of Amazon's holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The service, as signatures call it.
    pub service: String,
    /// The region.
    pub region: String,
}

/// A request as it will be sent, but for its credential.
#[derive(Clone, Copy, Debug)]
pub struct Unsigned<'a> {
    /// Its method.
    pub method: &'a Method,
    /// Path and query.
    pub uri: &'a Uri,
    /// Its headers.
    pub headers: &'a HeaderMap,
    /// Its body.
    pub body: &'a [u8],
}

/// Why a request can't be given its credential. Holds no secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoCredential {
    /// None could be had.
    Unminted(MintError),
    /// It expired before it could be used.
    Gone,
    /// It can't be written into a header.
    Unwritable,
}

impl fmt::Display for NoCredential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unminted(error) => error.fmt(f),
            Self::Gone => f.write_str("it expired at once"),
            Self::Unwritable => f.write_str("it can't be written into a header"),
        }
    }
}

impl std::error::Error for NoCredential {}

impl Credential {
    /// Nothing: the config says `credential: none`.
    #[must_use]
    pub const fn none() -> Self {
        Self(Kind::None)
    }

    /// The secret of `source`, in each of these forms.
    #[must_use]
    pub fn new(forms: &'static [Form], source: Arc<SecretSource>) -> Self {
        // One key has no rests that could be another's.
        Self::keys("", forms, vec![source])
    }

    /// One of several secrets of a backend, in each of these forms: the first that does not rest.
    #[must_use]
    pub fn keys(backend: &str, forms: &'static [Form], sources: Vec<Arc<SecretSource>>) -> Self {
        Self(Kind::Keys(forms, Keys::of(backend, sources)))
    }

    /// The token that this issuer mints, in each of these forms.
    #[must_use]
    pub fn token(forms: &'static [Form], issuer: Issuer) -> Self {
        Self(Kind::Token(forms, Minted::by(issuer)))
    }

    /// A signature with the keys that this issuer mints.
    #[must_use]
    pub fn signature(place: Place, issuer: Issuer) -> Self {
        Self(Kind::Signature(place, Minted::by(issuer)))
    }

    /// Whether the backend is shown nothing.
    #[must_use]
    pub const fn is_none(&self) -> bool {
        matches!(self.0, Kind::None)
    }

    /// What to show with this request; `None` if it is not there yet, see [`Credential::ready`].
    ///
    /// # Errors
    ///
    /// It can't be written into a header.
    pub fn show(&self, request: &Unsigned<'_>) -> Result<Option<Shown>, NoCredential> {
        let shown = match &self.0 {
            Kind::None => Some(Shown::default()),
            Kind::Keys(forms, keys) => {
                let Some((key, secret)) = keys.pick(Instant::now()) else { return Ok(None) };
                Some(Shown::new(written(forms, &secret)?, vec![secret], key))
            }
            Kind::Token(forms, minted) => match minted.current().as_deref().map(|l| &l.proof) {
                Some(Proof::Token(token)) => {
                    Some(Shown::new(written(forms, token)?, vec![token.clone()], 0))
                }
                Some(Proof::Aws(_)) | None => None,
            },
            Kind::Signature(place, minted) => {
                match minted.current().as_deref().map(|lease| &lease.proof) {
                    Some(Proof::Aws(keys)) => {
                        let shown = place.sign(keys, request, SystemTime::now());
                        Some(shown.ok_or(NoCredential::Unwritable)?)
                    }
                    Some(Proof::Token(_)) | None => None,
                }
            }
        };
        Ok(shown)
    }

    /// Waits until there is something to show, for a bounded time.
    ///
    /// # Errors
    ///
    /// There is none by then, or whoever mints it does not.
    pub async fn ready(&self) -> Result<(), NoCredential> {
        match &self.0 {
            Kind::None | Kind::Keys(..) => Ok(()),
            Kind::Token(_, minted) | Kind::Signature(_, minted) => {
                minted.ready().await.map_err(NoCredential::Unminted)
            }
        }
    }

    /// The backend did not take what it was shown. Whether there is another key that it has not
    /// refused lately.
    #[must_use]
    pub fn refused(&self, shown: &Shown, why: Refusal) -> bool {
        match &self.0 {
            Kind::None => false,
            Kind::Keys(_, keys) => shown.secret().is_some_and(|secret| {
                keys.refused(shown.key(), *secret.digest(), why, Instant::now())
            }),
            Kind::Token(_, minted) | Kind::Signature(_, minted) => {
                if why == Refusal::Unaccepted {
                    minted.doubt();
                }
                false
            }
        }
    }

    /// How many keys there are to choose from.
    #[must_use]
    pub fn choices(&self) -> usize {
        match &self.0 {
            Kind::Keys(_, keys) => keys.sources().count(),
            Kind::None | Kind::Token(..) | Kind::Signature(..) => 1,
        }
    }

    /// Whether requests are signed with the time in them.
    #[must_use]
    pub const fn is_timed(&self) -> bool {
        matches!(self.0, Kind::Signature(..))
    }

    /// Where secrets come from that may be rotated.
    pub fn sources(&self) -> Vec<&SecretSource> {
        match &self.0 {
            Kind::None => Vec::new(),
            Kind::Keys(_, keys) => keys.sources().map(|source| &**source).collect(),
            Kind::Token(_, minted) | Kind::Signature(_, minted) => minted.issuer().sources(),
        }
    }

    /// What is minted and must be kept fresh, if it is of such a kind.
    #[must_use]
    pub const fn minted(&self) -> Option<&Arc<Minted>> {
        match &self.0 {
            Kind::None | Kind::Keys(..) => None,
            Kind::Token(_, minted) | Kind::Signature(_, minted) => Some(minted),
        }
    }
}

fn written(forms: &[Form], secret: &Secret) -> Result<Vec<Header>, NoCredential> {
    let headers = forms.iter().map(|form| inject(form, secret));
    headers.collect::<Result<_, _>>().map_err(|_| NoCredential::Unwritable)
}

impl Place {
    /// Signs a request as it stands. `None` if something of it is not what a header can hold.
    fn sign(&self, keys: &AwsKeys, request: &Unsigned<'_>, now: SystemTime) -> Option<Shown> {
        let text = |secret: &Secret| std::str::from_utf8(secret.expose()).ok().map(str::to_owned);
        let stamp = stamp(now);
        let session = match &keys.session {
            Some(session) => Some(text(session)?),
            None => None,
        };
        let mut signed = Vec::with_capacity(4);
        for name in [header::HOST, header::CONTENT_TYPE] {
            if let Some(value) = request.headers.get(&name) {
                signed.push((name, value.to_str().ok()?.to_owned()));
            }
        }
        signed.push((DATE, stamp.clone()));
        signed.extend(session.clone().map(|session| (SESSION, session)));
        let headers: Vec<(&str, &str)> =
            signed.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let id = text(&keys.id)?;
        let signer = Signer {
            id: &id,
            secret: keys.secret.expose(),
            region: &self.region,
            service: &self.service,
        };
        let signable = Signable {
            method: request.method.as_str(),
            path: request.uri.path(),
            query: request.uri.query().unwrap_or_default(),
            headers: &headers,
            body: request.body,
        };
        let signature = signer.sign(&signable, &stamp);
        let secret = |text: &str| {
            let mut value = HeaderValue::try_from(text).ok()?;
            value.set_sensitive(true);
            Some(value)
        };
        let mut headers = vec![
            (header::AUTHORIZATION, secret(&signature.authorization)?),
            (DATE, HeaderValue::try_from(stamp).ok()?),
        ];
        if let Some(session) = session {
            headers.push((SESSION, secret(&session)?));
        }
        let signature = Secret::new(signature.signature.into_bytes());
        let mut sent = vec![Arc::new(signature), keys.id.clone()];
        sent.extend(keys.session.clone());
        Some(Shown::new(headers, sent, 0))
    }
}
