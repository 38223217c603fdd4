//! Short requests of Egret's own: for keys, tokens and revocation lists. Never on a caller's
//! behalf, and never on the data path.

use std::fmt;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, StatusCode};
use reqwest::redirect::Policy;
use reqwest::{Certificate, Client, Method};
use tokio_rustls::rustls::crypto::ring;

/// Longest time for one request.
const PATIENCE: Duration = Duration::from_secs(10);
/// Longest answer. Revocation lists are the longest of what is asked for.
const LONGEST: usize = 16 << 20;

/// Asks servers for what the gateway itself needs.
#[derive(Clone, Debug)]
pub struct Fetcher {
    client: Client,
}

/// What a server answered.
#[derive(Clone, Debug)]
pub struct Fetched {
    /// Its status, whatever it is.
    pub status: StatusCode,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Bytes,
}

/// Why there is no answer. Repeats neither the URL nor what was sent: both may hold secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FetchError {
    /// The URL or a CA certificate can't be used.
    Unusable(String),
    /// Nobody answers there, or does not prove who it is.
    Unreachable,
    /// It took too long.
    Late,
    /// The answer broke off or could not be read.
    Broken,
    /// The answer is longer than such an answer can be.
    TooLong,
}

impl fmt::Display for FetchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unusable(why) => f.write_str(why),
            Self::Unreachable => f.write_str("it can't be reached, or not by TLS that holds"),
            Self::Late => f.write_str("no answer came in time"),
            Self::Broken => f.write_str("the answer could not be read"),
            Self::TooLong => f.write_str("the answer is too long"),
        }
    }
}

impl std::error::Error for FetchError {}

impl Fetcher {
    /// One that trusts the system's roots, or instead of them the CA certificates in `ca` (PEM).
    ///
    /// No redirect is followed and no proxy of the environment used: either could lead a secret
    /// elsewhere.
    ///
    /// # Errors
    ///
    /// [`FetchError::Unusable`]: the certificates can't be used.
    pub fn new(ca: Option<&[u8]>) -> Result<Self, FetchError> {
        // Without one, building a client panics. The process has one, unless this is a check of a
        // configuration; an error means that there is one already.
        let _ = ring::default_provider().install_default();
        let unusable = |error: reqwest::Error| FetchError::Unusable(error.to_string());
        let mut builder = Client::builder().timeout(PATIENCE).redirect(Policy::none()).no_proxy();
        if let Some(pem) = ca {
            builder = builder.tls_certs_only(Certificate::from_pem_bundle(pem).map_err(unusable)?);
        }
        Ok(Self { client: builder.build().map_err(unusable)? })
    }

    /// What is at this URL.
    ///
    /// # Errors
    ///
    /// No answer came. An answer with an error status is an answer.
    pub async fn get(&self, url: &str, headers: HeaderMap) -> Result<Fetched, FetchError> {
        self.send(Method::GET, url, headers, Bytes::new()).await
    }

    /// What a server says to this body.
    ///
    /// # Errors
    ///
    /// As [`Fetcher::get`].
    pub async fn post(
        &self,
        url: &str,
        headers: HeaderMap,
        body: Bytes,
    ) -> Result<Fetched, FetchError> {
        self.send(Method::POST, url, headers, body).await
    }

    /// What a server says to a request of any method.
    ///
    /// # Errors
    ///
    /// As [`Fetcher::get`].
    pub async fn send(
        &self,
        method: Method,
        url: &str,
        headers: HeaderMap,
        body: Bytes,
    ) -> Result<Fetched, FetchError> {
        let sent = self.client.request(method, url).headers(headers).body(body).send().await;
        let mut answer = sent.map_err(explain)?;
        let (status, headers) = (answer.status(), answer.headers().clone());
        let mut body = BytesMut::new();
        while let Some(piece) = answer.chunk().await.map_err(explain)? {
            if body.len() + piece.len() > LONGEST {
                return Err(FetchError::TooLong);
            }
            body.extend_from_slice(&piece);
        }
        Ok(Fetched { status, headers, body: body.freeze() })
    }
}

fn explain(error: reqwest::Error) -> FetchError {
    if error.is_builder() {
        FetchError::Unusable("the URL can't be used".to_owned())
    } else if error.is_timeout() {
        FetchError::Late
    } else if error.is_connect() {
        FetchError::Unreachable
    } else {
        FetchError::Broken
    }
}
