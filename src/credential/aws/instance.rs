//! Keys that the machine or the container is given: IMDSv2, ECS, EKS Pod Identity.

use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use zeroize::Zeroizing;

use super::super::endpoint::Endpoint;
use super::super::issuer::{MintError, accepted, file, secret_header};
use super::super::lease::Lease;
use super::super::{Secret, SecretSource};
use super::Written;
use crate::fetch::Fetcher;

/// Where ECS answers.
const ECS: &str = "http://169.254.170.2";
const ROLES: &str = "/latest/meta-data/iam/security-credentials/";

/// Keys of a container's role, from its agent.
#[derive(Debug, PartialEq)]
pub struct Container {
    /// The whole URL.
    pub url: Endpoint,
    /// What the agent wants to see.
    pub token: Option<ContainerToken>,
}

/// What a container shows its agent.
#[derive(Debug, PartialEq)]
pub enum ContainerToken {
    /// What is in a file, which changes.
    File(PathBuf),
    /// This.
    Value(Arc<SecretSource>),
}

impl Container {
    /// What the environment says of one.
    pub(super) fn of(get: &dyn Fn(&str) -> Option<String>) -> Result<Option<Self>, &'static str> {
        let relative = get("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
        let full = get("AWS_CONTAINER_CREDENTIALS_FULL_URI");
        let url = match (relative, full) {
            (Some(path), _) if path.starts_with('/') => format!("{ECS}{path}"),
            (Some(_), _) => return Err("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"),
            (None, Some(url)) => url,
            (None, None) => return Ok(None),
        };
        let url = Endpoint::parse(&url).map_err(|_| "AWS_CONTAINER_CREDENTIALS_FULL_URI")?;
        let file = get("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
        let token = match (file, get("AWS_CONTAINER_AUTHORIZATION_TOKEN")) {
            (Some(path), _) => Some(ContainerToken::File(path.into())),
            (None, Some(token)) => {
                let secret = Secret::new(token.into_bytes());
                Some(ContainerToken::Value(Arc::new(SecretSource::fixed(secret))))
            }
            (None, None) => None,
        };
        Ok(Some(Self { url, token }))
    }

    pub(super) async fn keys(&self, fetcher: &Fetcher) -> Result<Lease, MintError> {
        let token = match &self.token {
            None => None,
            Some(ContainerToken::Value(source)) => {
                Some(Zeroizing::new(source.current().expose().to_vec()))
            }
            Some(ContainerToken::File(path)) => Some(file(path).await?),
        };
        let mut headers = HeaderMap::new();
        if let Some(token) = token {
            headers.extend([secret_header(header::AUTHORIZATION, "", token.trim_ascii())?]);
        }
        written(&fetcher.get(self.url.as_str(), headers).await?)
    }
}

/// Keys of the instance's role, by the second version of its metadata service: nothing that can be
/// had by a plain GET, which a server may be tricked into.
pub(super) async fn keys(fetcher: &Fetcher, endpoint: &Endpoint) -> Result<Lease, MintError> {
    const TTL: HeaderName = HeaderName::from_static("x-aws-ec2-metadata-token-ttl-seconds");
    const TOKEN: HeaderName = HeaderName::from_static("x-aws-ec2-metadata-token");
    let ttl = HeaderMap::from_iter([(TTL, HeaderValue::from_static("300"))]);
    let url = endpoint.at("/latest/api/token");
    let session = fetcher.send(Method::PUT, &url, ttl, Bytes::new()).await?;
    let token = [secret_header(TOKEN, "", accepted(&session)?.trim_ascii())?];
    let headers = HeaderMap::from_iter(token);
    let roles = fetcher.get(&endpoint.at(ROLES), headers.clone()).await?;
    let roles = std::str::from_utf8(accepted(&roles)?).unwrap_or_default();
    let role = roles.lines().next().map(str::trim).unwrap_or_default();
    let plain = |c: char| c.is_ascii_alphanumeric() || "+=,.@_-".contains(c);
    if role.is_empty() || !role.chars().all(plain) {
        return Err(MintError::Unreadable("the name of the instance's role"));
    }
    written(&fetcher.get(&endpoint.at(&format!("{ROLES}{role}")), headers).await?)
}

fn written(answer: &crate::fetch::Fetched) -> Result<Lease, MintError> {
    let written: Result<Written, _> = serde_json::from_slice(accepted(answer)?);
    written.map_err(|_| MintError::Unreadable("the answer with the keys"))?.lease()
}
