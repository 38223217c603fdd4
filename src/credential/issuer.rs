//! Who mints credentials.

use std::fmt;
use std::time::{Duration, SystemTime};

use http::{HeaderMap, HeaderName, HeaderValue, header};
use serde::Deserialize;
use std::sync::Arc;
use zeroize::Zeroizing;

use super::aws::Aws;
use super::azure::Azure;
use super::google::Google;
use super::lease::{Lease, Proof};
use super::oauth::OAuth;
use super::{Secret, SecretSource};
use crate::fetch::{FetchError, Fetched, Fetcher};

/// How long a token lives of which nobody says so.
const UNTOLD: Duration = Duration::from_secs(300);

/// Who mints a credential, and what it is asked for.
#[derive(Debug, PartialEq)]
pub enum Issuer {
    /// Amazon: keys to sign with.
    Aws(Box<Aws>),
    /// Google: access tokens.
    Google(Google),
    /// Microsoft Entra: access tokens.
    Azure(Azure),
    /// Any OAuth 2.0 authorization server: access tokens.
    OAuth(OAuth),
}

impl Issuer {
    /// In a word, for metrics.
    pub(super) const fn kind(&self) -> &'static str {
        match self {
            Self::Aws(_) => "aws",
            Self::Google(_) => "google",
            Self::Azure(_) => "azure",
            Self::OAuth(oauth) => oauth.kind(),
        }
    }

    pub(super) async fn mint(&self, fetcher: &Fetcher) -> Result<Lease, MintError> {
        match self {
            Self::Aws(aws) => aws.mint(fetcher).await,
            Self::Google(google) => google.mint(fetcher).await,
            Self::Azure(azure) => azure.mint(fetcher).await,
            Self::OAuth(oauth) => oauth.mint(fetcher).await,
        }
    }

    /// CA certificates (PEM) that it is verified by instead of the system's.
    pub(super) fn ca(&self) -> Option<&[u8]> {
        match self {
            Self::OAuth(oauth) => oauth.ca.as_deref(),
            Self::Aws(_) | Self::Google(_) | Self::Azure(_) => None,
        }
    }

    /// The secrets that it is shown, which may be rotated.
    pub(super) fn sources(&self) -> Vec<&SecretSource> {
        match self {
            Self::Aws(aws) => aws.sources(),
            Self::Google(_) => Vec::new(),
            Self::Azure(azure) => azure.sources(),
            Self::OAuth(oauth) => oauth.sources(),
        }
    }
}

/// What it is, for the log.
impl fmt::Display for Issuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Aws(_) => f.write_str("credential of Amazon's"),
            Self::Google(_) => f.write_str("credential of Google's"),
            Self::Azure(_) => f.write_str("credential of Microsoft Entra's"),
            Self::OAuth(oauth) => write!(f, "token of {:?}", oauth.token_url),
        }
    }
}

/// Why there is no credential. Never holds one, nor what a server said beyond a word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MintError {
    /// No answer came.
    Fetch(FetchError),
    /// The answer was an error: its status, and its code where it has one.
    Refused(u16, Option<String>),
    /// The answer, or a file, is not what it should be.
    Unreadable(&'static str),
    /// A file can't be read.
    File(String),
    /// Nothing says where a credential would come from.
    Nowhere,
    /// It took too long.
    Late,
    /// What came had expired, or was about to.
    Expired,
}

impl fmt::Display for MintError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fetch(error) => error.fmt(f),
            Self::Refused(status, Some(code)) => write!(f, "refused with {status} ({code})"),
            Self::Refused(status, None) => write!(f, "refused with {status}"),
            Self::Unreadable(what) => write!(f, "{what} is not what it should be"),
            Self::File(why) => f.write_str(why),
            Self::Nowhere => f.write_str("nothing says where it would come from"),
            Self::Late => f.write_str("it took too long"),
            Self::Expired => f.write_str("what came had expired; is the clock right?"),
        }
    }
}

impl std::error::Error for MintError {}

impl From<FetchError> for MintError {
    fn from(error: FetchError) -> Self {
        Self::Fetch(error)
    }
}

/// The body of a good answer.
pub(super) fn accepted(answer: &Fetched) -> Result<&[u8], MintError> {
    if answer.status.is_success() {
        return Ok(&answer.body);
    }
    Err(MintError::Refused(answer.status.as_u16(), code(&answer.body)))
}

/// The code of an error, as OAuth (RFC 6749 §5.2), Google and Amazon write it; only a plain word,
/// since everything else may quote what was sent.
fn code(body: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    struct OAuthError {
        error: String,
    }
    let text = std::str::from_utf8(body).ok()?;
    let oauth = || serde_json::from_str::<OAuthError>(text).ok().map(|body| body.error);
    let amazon = || tag(text, "Code").map(str::to_owned);
    let plain = |code: &String| {
        code.len() <= 64 && code.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    };
    oauth().or_else(amazon).filter(plain)
}

/// What stands in the first element of this name.
pub(super) fn tag<'t>(xml: &'t str, name: &str) -> Option<&'t str> {
    let (_, rest) = xml.split_once(&format!("<{name}>"))?;
    Some(rest.split_once(&format!("</{name}>"))?.0)
}

/// A number that some write as a text.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(try_from = "Loose")]
pub(super) struct Seconds(pub u64);

#[derive(Deserialize)]
#[serde(untagged)]
enum Loose {
    Number(u64),
    Float(f64),
    Text(String),
}

impl TryFrom<Loose> for Seconds {
    type Error = &'static str;

    fn try_from(loose: Loose) -> Result<Self, Self::Error> {
        let wrong = "not a number of seconds";
        let text = match loose {
            Loose::Number(seconds) => return Ok(Self(seconds)),
            Loose::Float(seconds) => format!("{seconds:.0}"),
            Loose::Text(text) => text,
        };
        text.trim().parse().map(Self).map_err(|_| wrong)
    }
}

/// An access token as OAuth's servers answer with one (RFC 6749 §5.1).
#[derive(Deserialize)]
struct Answer {
    access_token: String,
    expires_in: Option<Seconds>,
    /// In seconds since 1970: App Service says nothing else.
    expires_on: Option<Moment>,
    token_type: Option<String>,
}

/// In seconds since 1970, or as somebody else writes it, which counts for nothing.
#[derive(Deserialize)]
#[serde(untagged)]
enum Moment {
    Seconds(Seconds),
    Other(serde::de::IgnoredAny),
}

impl Moment {
    fn time(&self) -> Option<SystemTime> {
        let Self::Seconds(Seconds(seconds)) = self else { return None };
        SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(*seconds))
    }
}

/// The access token in a good answer of an OAuth server.
pub(super) fn access_token(answer: &Fetched) -> Result<Lease, MintError> {
    let wrong = MintError::Unreadable("the answer with the token");
    let body = accepted(answer)?;
    let answer: Answer = serde_json::from_slice(body).map_err(|_| wrong.clone())?;
    let Answer { access_token, expires_in, expires_on, token_type } = answer;
    if token_type.is_some_and(|kind| !kind.eq_ignore_ascii_case("bearer") && kind != "N_A") {
        return Err(wrong);
    }
    let token = Secret::token(access_token.into_bytes()).map_err(|_| wrong)?;
    let proof = Proof::Token(Arc::new(token));
    Ok(match (expires_in, expires_on.as_ref().and_then(Moment::time)) {
        (Some(life), _) => Lease::lasting(proof, Duration::from_secs(life.0)),
        (None, Some(end)) => Lease::until(proof, end),
        (None, None) => Lease::lasting(proof, UNTOLD),
    })
}

/// A form, and the headers that go with it.
pub(super) fn form(fields: &[(&str, &str)]) -> (HeaderMap, bytes::Bytes) {
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.extend_pairs(fields);
    let kind = HeaderValue::from_static("application/x-www-form-urlencoded");
    let headers = [(header::CONTENT_TYPE, kind), (header::ACCEPT, JSON)];
    (headers.into_iter().collect(), form.finish().into())
}

/// What answers are asked for in.
pub(super) const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// A header that holds a secret.
pub(super) fn secret_header(
    name: HeaderName,
    prefix: &str,
    secret: &[u8],
) -> Result<(HeaderName, HeaderValue), MintError> {
    let bytes = Zeroizing::new([prefix.as_bytes(), secret].concat());
    let value = HeaderValue::from_bytes(&bytes);
    let mut value = value.map_err(|_| MintError::Unreadable("a secret"))?;
    value.set_sensitive(true);
    Ok((name, value))
}

/// A secret as text: all of them are ASCII.
pub(super) fn text(secret: &Secret) -> Result<&str, MintError> {
    std::str::from_utf8(secret.expose()).map_err(|_| MintError::Unreadable("a secret"))
}

/// The content of a file that may be another by now.
pub(super) async fn file(path: &std::path::Path) -> Result<Zeroizing<Vec<u8>>, MintError> {
    let size = tokio::fs::metadata(path).await;
    let small = size.map(|data| data.is_file() && data.len() <= 64 * 1024);
    let shown = path.display();
    match small {
        Ok(true) => {}
        Ok(false) => return Err(MintError::File(format!("{shown} is not a small file"))),
        Err(error) => return Err(MintError::File(format!("{shown}: {}", error.kind()))),
    }
    let read = tokio::fs::read(path).await;
    let read = read.map(Zeroizing::new);
    read.map_err(|error| MintError::File(format!("{shown}: {}", error.kind())))
}
