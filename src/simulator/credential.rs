//! Who may call: the credential in the provider's own form, or the provider's own refusal.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use http::HeaderMap;

use super::Provider;
use super::claude::VERSIONS;
use super::host::Host;
use super::rejection::Rejection;

/// The credentials that a simulator lets in: keys, tokens, and ids of Amazon's access keys, of whose
/// signatures only the form is looked at.
#[derive(Debug)]
pub struct Accepted(Mutex<BTreeSet<String>>);

impl Accepted {
    /// This one only.
    pub fn one(credential: &str) -> Self {
        Self(Mutex::new(BTreeSet::from([credential.to_owned()])))
    }

    /// Lets this one in, too.
    pub fn add(&self, credential: &str) {
        self.all().insert(credential.to_owned());
    }

    /// Lets this one in no longer.
    pub fn remove(&self, credential: &str) {
        self.all().remove(credential);
    }

    fn has(&self, given: Option<&str>) -> bool {
        given.is_some_and(|given| self.all().contains(given))
    }

    fn all(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The credential that a request carries, in the form of this provider.
pub fn given<'r>(
    provider: Provider,
    host: Host,
    headers: &'r HeaderMap,
    query: &'r str,
) -> Option<&'r str> {
    let signed = headers.get("authorization").and_then(|value| value.to_str().ok());
    if let Some(scope) = signed.and_then(|v| v.strip_prefix("AWS4-HMAC-SHA256 Credential=")) {
        return scope.split('/').next();
    }
    if host != Host::Own {
        return host.given(headers);
    }
    let header = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let bearer = || header("authorization")?.strip_prefix("Bearer ");
    match provider {
        Provider::OpenAi => bearer(),
        Provider::Claude => header("x-api-key").or_else(bearer),
        Provider::Gemini => header("x-goog-api-key")
            .or_else(|| query.split('&').find_map(|pair| pair.strip_prefix("key="))),
    }
}

/// Lets a request in, or says why not as the provider would.
pub fn check(
    provider: Provider,
    host: Host,
    accepted: &Accepted,
    headers: &HeaderMap,
    query: &str,
) -> Result<(), Rejection> {
    let given = given(provider, host, headers, query);
    if !accepted.has(given) {
        return Err(if host == Host::Own { refusal(provider, given) } else { host.refusal() });
    }
    if !host.version_in_header() {
        return Ok(());
    }
    let version = headers.get("anthropic-version").map(|version| version.to_str().unwrap_or(""));
    match (provider, version) {
        (Provider::Claude, None) => Err(Rejection::bad("anthropic-version: header is required")),
        (Provider::Claude, Some(version)) if !VERSIONS.contains(&version) => {
            let message = format!("anthropic-version: \"{version}\" is not a valid version");
            Err(Rejection::bad(message))
        }
        _ => Ok(()),
    }
}

fn refusal(provider: Provider, given: Option<&str>) -> Rejection {
    match (provider, given) {
        (Provider::OpenAi, None) => Rejection::new(
            401,
            "You didn't provide an API key. You need to provide your API key in an Authorization \
             header using Bearer auth (i.e. Authorization: Bearer YOUR_KEY).",
        ),
        (Provider::OpenAi, Some(key)) => {
            let shown: String = key.chars().take(3).collect();
            Rejection::new(
                401,
                format!(
                    "Incorrect API key provided: {shown}***. You can find your API key at \
                     https://platform.openai.com/account/api-keys."
                ),
            )
            .code("invalid_api_key")
        }
        (Provider::Claude, None) => Rejection::new(401, "x-api-key header is required"),
        (Provider::Claude, Some(_)) => Rejection::new(401, "invalid x-api-key"),
        (Provider::Gemini, None) => Rejection::new(
            403,
            "Method doesn't allow unregistered callers (callers without established identity). \
             Please use API Key or other form of API consumer identity to call this API.",
        ),
        (Provider::Gemini, Some(_)) => {
            Rejection::bad("API key not valid. Please pass a valid API key.")
                .code("API_KEY_INVALID")
        }
    }
}
