//! Google's access tokens: for a key of a service account, from the metadata server, or for a token
//! of somebody else's (workload identity federation).

mod federation;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{HeaderMap, HeaderName, HeaderValue};
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use serde::{Deserialize, Serialize};
use tokio_rustls::rustls::pki_types::PrivatePkcs8KeyDer;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use zeroize::Zeroizing;

use self::federation::External;
use super::endpoint::Endpoint;
use super::issuer::{MintError, access_token, file, form};
use super::lease::Lease;
use crate::fetch::Fetcher;

/// What a token is for if nobody says: all that its account may do.
pub const SCOPE: &str = "https://www.googleapis.com/auth/cloud-platform";
const TOKEN_URI: &str = "https://oauth2.googleapis.com/token";
const METADATA: &str = "http://169.254.169.254";
const JWT_BEARER: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
/// How long a signed request for a token holds.
const HOUR: Duration = Duration::from_secs(3600);
/// What the metadata server and whoever asks it show each other.
const FLAVOR: HeaderName = HeaderName::from_static("metadata-flavor");

/// Where Google's tokens come from.
#[derive(Debug, PartialEq)]
pub struct Google {
    /// The source.
    pub source: GoogleSource,
    /// What a token is for; several with spaces between.
    pub scope: String,
    /// Another token endpoint than the one that the file names.
    pub token_url: Option<Endpoint>,
}

/// Where a token comes from.
#[derive(Debug, PartialEq)]
pub enum GoogleSource {
    /// A file as Google's console and tools write it, read anew each time: a key of a service
    /// account, an external account, or a user's.
    File(PathBuf),
    /// The metadata server of a machine or a pod.
    Metadata(Endpoint),
}

impl GoogleSource {
    /// What the environment says, as Google's libraries read it.
    ///
    /// # Errors
    ///
    /// `GCE_METADATA_HOST` is no place for secrets; what is wrong with it.
    pub fn of(lookup: &dyn Fn(&str) -> Option<OsString>) -> Result<Self, super::NotAnEndpoint> {
        if let Some(path) = lookup("GOOGLE_APPLICATION_CREDENTIALS").filter(|path| !path.is_empty())
        {
            return Ok(Self::File(path.into()));
        }
        match lookup("GCE_METADATA_HOST").and_then(|host| host.into_string().ok()) {
            Some(host) if host != "metadata.google.internal" => {
                Endpoint::parse(&format!("http://{host}")).map(Self::Metadata)
            }
            _ => Ok(Self::metadata()),
        }
    }

    /// Whether a file is one of those that Google writes.
    ///
    /// # Errors
    ///
    /// It can't be read, or is something else.
    pub fn check(path: &Path) -> Result<(), MintError> {
        let text = std::fs::read(path).map(Zeroizing::new);
        let text = text.map_err(|error| MintError::File(error.kind().to_string()))?;
        Written::read(&text).map(|_| ())
    }

    /// The metadata server, where Google has it.
    pub fn metadata() -> Self {
        Self::Metadata(Endpoint::known(METADATA))
    }
}

/// A file of Google's.
#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Written {
    ServiceAccount(ServiceAccount),
    ExternalAccount(Box<External>),
    AuthorizedUser(User),
}

impl Written {
    fn read(text: &[u8]) -> Result<Self, MintError> {
        let what = "the file (a service account's key, an external account or a user's credential)";
        let written = serde_json::from_slice(text).map_err(|_| MintError::Unreadable(what))?;
        match &written {
            Self::ServiceAccount(account) => drop(account.key()?),
            Self::ExternalAccount(account) => account.check()?,
            Self::AuthorizedUser(_) => {}
        }
        Ok(written)
    }
}

#[derive(Deserialize)]
struct ServiceAccount {
    client_email: String,
    private_key: Zeroizing<String>,
    private_key_id: Option<String>,
    token_uri: Option<String>,
}

#[derive(Deserialize)]
struct User {
    client_id: String,
    client_secret: Zeroizing<String>,
    refresh_token: Zeroizing<String>,
    token_uri: Option<String>,
}

impl Google {
    pub(super) async fn mint(&self, fetcher: &Fetcher) -> Result<Lease, MintError> {
        match &self.source {
            GoogleSource::Metadata(endpoint) => self.metadata(fetcher, endpoint).await,
            GoogleSource::File(path) => {
                let text = file(path).await?;
                match Written::read(&text)? {
                    Written::ServiceAccount(account) => self.account(fetcher, &account).await,
                    Written::AuthorizedUser(user) => self.user(fetcher, &user).await,
                    Written::ExternalAccount(external) => external.mint(fetcher, &self.scope).await,
                }
            }
        }
    }

    fn token_url(&self, named: Option<&str>) -> Result<Endpoint, MintError> {
        if let Some(url) = &self.token_url {
            return Ok(url.clone());
        }
        let wrong = |_| MintError::Unreadable("the token_uri of the file");
        Endpoint::parse(named.unwrap_or(TOKEN_URI)).map_err(wrong)
    }

    async fn account(
        &self,
        fetcher: &Fetcher,
        account: &ServiceAccount,
    ) -> Result<Lease, MintError> {
        let url = self.token_url(account.token_uri.as_deref())?;
        // Google wants to see the address it gave out, wherever it is reached.
        let audience = account.token_uri.as_deref().unwrap_or(TOKEN_URI);
        let assertion = Zeroizing::new(assertion(account, audience, &self.scope)?);
        let (headers, body) = form(&[("grant_type", JWT_BEARER), ("assertion", &assertion)]);
        access_token(&fetcher.post(url.as_str(), headers, body).await?)
    }

    async fn user(&self, fetcher: &Fetcher, user: &User) -> Result<Lease, MintError> {
        let url = self.token_url(user.token_uri.as_deref())?;
        let (headers, body) = form(&[
            ("grant_type", "refresh_token"),
            ("client_id", &user.client_id),
            ("client_secret", &user.client_secret),
            ("refresh_token", &user.refresh_token),
        ]);
        access_token(&fetcher.post(url.as_str(), headers, body).await?)
    }

    async fn metadata(&self, fetcher: &Fetcher, endpoint: &Endpoint) -> Result<Lease, MintError> {
        let scopes = self.scope.split_whitespace().collect::<Vec<_>>().join(",");
        let scopes: String = form_urlencoded::byte_serialize(scopes.as_bytes()).collect();
        let path = "/computeMetadata/v1/instance/service-accounts/default/token?scopes=";
        let google = HeaderValue::from_static("Google");
        let headers = HeaderMap::from_iter([(FLAVOR, google.clone())]);
        let answer = fetcher.get(&endpoint.at(&format!("{path}{scopes}")), headers).await?;
        // Something else that happens to listen there must not be believed.
        if answer.headers.get(FLAVOR) != Some(&google) {
            return Err(MintError::Unreadable("the answer of the metadata server"));
        }
        access_token(&answer)
    }
}

impl ServiceAccount {
    fn key(&self) -> Result<RsaKeyPair, MintError> {
        let wrong = || MintError::Unreadable("the private key of the file");
        let key = PrivatePkcs8KeyDer::from_pem_slice(self.private_key.as_bytes());
        let key = key.map_err(|_| wrong())?;
        RsaKeyPair::from_pkcs8(key.secret_pkcs8_der()).map_err(|_| wrong())
    }
}

/// What a service account asks for a token with (RFC 7523), signed with its key.
fn assertion(account: &ServiceAccount, audience: &str, scope: &str) -> Result<String, MintError> {
    #[derive(Serialize)]
    struct Header<'a> {
        alg: &'a str,
        typ: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        kid: Option<&'a str>,
    }
    #[derive(Serialize)]
    struct Claims<'a> {
        iss: &'a str,
        scope: &'a str,
        aud: &'a str,
        iat: u64,
        exp: u64,
    }
    let wrong = || MintError::Unreadable("the private key of the file");
    let key = account.key()?;
    let iat = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let exp = (iat + HOUR).as_secs();
    let header = Header { alg: "RS256", typ: "JWT", kid: account.private_key_id.as_deref() };
    let claims =
        Claims { iss: &account.client_email, scope, aud: audience, iat: iat.as_secs(), exp };
    let encode = |json: Result<Vec<u8>, serde_json::Error>| {
        json.map(|json| URL_SAFE_NO_PAD.encode(json)).map_err(|_| wrong())
    };
    let header = encode(serde_json::to_vec(&header))?;
    let claims = encode(serde_json::to_vec(&claims))?;
    let mut signed = format!("{header}.{claims}");
    let mut signature = vec![0; key.public().modulus_len()];
    let random = SystemRandom::new();
    key.sign(&RSA_PKCS1_SHA256, &random, signed.as_bytes(), &mut signature).map_err(|_| wrong())?;
    signed.push('.');
    URL_SAFE_NO_PAD.encode_string(signature, &mut signed);
    Ok(signed)
}
