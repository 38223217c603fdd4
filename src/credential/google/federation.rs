//! Workload identity federation (AIP-4117): a token of somebody else's becomes one of Google's, and
//! that one a service account's.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, header};
use jiff::Timestamp;
use serde::Deserialize;
use zeroize::Zeroizing;

use super::super::Secret;
use super::super::endpoint::Endpoint;
use super::super::issuer::{JSON, MintError, accepted, access_token, file, form, secret_header};
use super::super::lease::{Lease, Proof};
use super::SCOPE;
use crate::fetch::Fetcher;

const EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
const UNKNOWN: &str = "the credential_source of the file (only `file` and `url` are known, and none \
                       of Amazon's)";
const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";

/// An external account as Google's tools write it.
#[derive(Deserialize)]
pub(super) struct External {
    audience: String,
    subject_token_type: String,
    token_url: String,
    credential_source: Source,
    service_account_impersonation_url: Option<String>,
    service_account_impersonation: Option<Impersonation>,
}

#[derive(Deserialize)]
struct Impersonation {
    token_lifetime_seconds: Option<u32>,
}

/// Where the other token is. A program that would have to be run is none: it is not.
#[derive(Deserialize)]
struct Source {
    file: Option<PathBuf>,
    url: Option<String>,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    format: Option<Format>,
    /// Amazon's: what its URL says is the name of a role, and no token.
    environment_id: Option<String>,
}

#[derive(Deserialize)]
struct Format {
    #[serde(rename = "type")]
    kind: String,
    subject_token_field_name: Option<String>,
}

impl External {
    /// Whether the other token comes from where it can be had.
    pub(super) fn check(&self) -> Result<(), MintError> {
        let Source { file, url, environment_id, .. } = &self.credential_source;
        let known = environment_id.is_none() && (file.is_some() || url.is_some());
        known.then_some(()).ok_or(MintError::Unreadable(UNKNOWN))
    }

    pub(super) async fn mint(&self, fetcher: &Fetcher, scope: &str) -> Result<Lease, MintError> {
        let subject = self.credential_source.read(fetcher).await?;
        let impersonated = self.service_account_impersonation_url.as_deref();
        let (headers, body) = form(&[
            ("grant_type", EXCHANGE),
            ("audience", &self.audience),
            // The token that only stands in for an account's needs no more than to ask for that.
            ("scope", if impersonated.is_some() { SCOPE } else { scope }),
            ("requested_token_type", ACCESS_TOKEN),
            ("subject_token_type", &self.subject_token_type),
            ("subject_token", &subject),
        ]);
        let url = endpoint(&self.token_url, "the token_url of the file")?;
        let lease = access_token(&fetcher.post(url.as_str(), headers, body).await?)?;
        match (impersonated, &lease.proof) {
            (Some(url), Proof::Token(token)) => self.impersonate(fetcher, url, token, scope).await,
            _ => Ok(lease),
        }
    }

    async fn impersonate(
        &self,
        fetcher: &Fetcher,
        url: &str,
        token: &Secret,
        scope: &str,
    ) -> Result<Lease, MintError> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Answer {
            access_token: String,
            expire_time: String,
        }
        let url = endpoint(url, "the service_account_impersonation_url of the file")?;
        let wished = self.service_account_impersonation.as_ref();
        let seconds = wished.and_then(|wish| wish.token_lifetime_seconds).unwrap_or(3600);
        let scopes: Vec<&str> = scope.split_whitespace().collect();
        let body = serde_json::json!({ "scope": scopes, "lifetime": format!("{seconds}s") });
        let mut headers = HeaderMap::from_iter([(header::CONTENT_TYPE, JSON)]);
        headers.extend([secret_header(header::AUTHORIZATION, "Bearer ", token.expose())?]);
        let body = Bytes::from(body.to_string());
        let answer = fetcher.post(url.as_str(), headers, body).await?;
        let wrong = || MintError::Unreadable("the answer with the account's token");
        let answer: Answer = serde_json::from_slice(accepted(&answer)?).map_err(|_| wrong())?;
        let token = Secret::token(answer.access_token.into_bytes()).map_err(|_| wrong())?;
        let end: Timestamp = answer.expire_time.parse().map_err(|_| wrong())?;
        Ok(Lease::until(Proof::Token(Arc::new(token)), SystemTime::from(end)))
    }
}

impl Source {
    async fn read(&self, fetcher: &Fetcher) -> Result<Zeroizing<String>, MintError> {
        let wrong = || MintError::Unreadable("the token that the file's credential_source names");
        let bytes = match (&self.file, &self.url) {
            (Some(path), _) => file(path).await?,
            (None, Some(url)) => {
                let url = endpoint(url, "the credential_source of the file")?;
                let mut headers = HeaderMap::new();
                for (name, value) in &self.headers {
                    let name = HeaderName::try_from(name).map_err(|_| wrong())?;
                    headers.insert(name, HeaderValue::try_from(value).map_err(|_| wrong())?);
                }
                let answer = fetcher.get(url.as_str(), headers).await?;
                Zeroizing::new(accepted(&answer)?.to_vec())
            }
            (None, None) => return Err(MintError::Unreadable(UNKNOWN)),
        };
        let token = match &self.format {
            Some(Format { kind, subject_token_field_name: Some(field) }) if kind == "json" => {
                let value: BTreeMap<String, serde_json::Value> =
                    serde_json::from_slice(&bytes).map_err(|_| wrong())?;
                value.get(field).and_then(|token| token.as_str()).ok_or_else(wrong)?.to_owned()
            }
            _ => String::from_utf8(bytes.trim_ascii().to_vec()).map_err(|_| wrong())?,
        };
        if token.is_empty() { Err(wrong()) } else { Ok(token.into()) }
    }
}

fn endpoint(url: &str, what: &'static str) -> Result<Endpoint, MintError> {
    Endpoint::parse(url).map_err(|_| MintError::Unreadable(what))
}
