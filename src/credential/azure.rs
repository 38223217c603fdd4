//! Access tokens of Microsoft Entra: for a client's secret, for a token of Kubernetes' (workload
//! identity), or for the identity of the machine (managed identity).

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;

use http::{HeaderMap, HeaderName, HeaderValue};

use super::SecretSource;
use super::endpoint::{Endpoint, NotAnEndpoint};
use super::issuer::{MintError, access_token, file, form, secret_header, text};
use super::lease::Lease;
use crate::fetch::Fetcher;

/// Where Entra is.
pub const AUTHORITY: &str = "https://login.microsoftonline.com";
/// What a token is for if neither configuration nor vendor says: Azure's AI services.
pub const SCOPE: &str = "https://cognitiveservices.azure.com/.default";
const INSTANCE: &str = "http://169.254.169.254";
const CLIENT_CREDENTIALS: (&str, &str) = ("grant_type", "client_credentials");
const ASSERTION: (&str, &str) =
    ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer");

/// Where Entra's tokens come from.
#[derive(Debug, PartialEq)]
pub struct Azure {
    /// The source.
    pub source: AzureSource,
    /// What a token is for: `https://cognitiveservices.azure.com/.default`.
    pub scope: String,
}

/// What a token of Entra's is given for.
#[derive(Debug, PartialEq)]
pub enum AzureSource {
    /// An application's proof, at Entra itself.
    Application {
        /// Where Entra is, without the tenant.
        authority: Endpoint,
        /// The tenant.
        tenant: String,
        /// The application.
        client: String,
        /// How it proves who it is.
        proof: ApplicationProof,
    },
    /// The identity of a machine or a pod, at its metadata service; that of this client id, where
    /// it has several.
    Machine(Endpoint, Option<String>),
    /// The identity of an App Service, with the header that it wants.
    AppService(Endpoint, Arc<SecretSource>, Option<String>),
}

/// How an application proves who it is.
#[derive(Debug, PartialEq)]
pub enum ApplicationProof {
    /// By a secret.
    Secret(Arc<SecretSource>),
    /// By a token in a file, which is read anew each time.
    TokenFile(PathBuf),
}

impl AzureSource {
    /// The identity of the machine, where Azure has it.
    pub fn machine(client: Option<String>) -> Self {
        Self::Machine(Endpoint::known(INSTANCE), client)
    }

    /// What the environment says, as Azure's libraries read it.
    ///
    /// # Errors
    ///
    /// A variable holds what is no place for secrets.
    pub fn of(lookup: &dyn Fn(&str) -> Option<OsString>) -> Result<Self, NotAnEndpoint> {
        let get = |name: &str| {
            let value = lookup(name)?.into_string().ok()?;
            Some(value.trim().to_owned()).filter(|value| !value.is_empty())
        };
        let source = |name: &str| SecretSource::from_env(name, lookup).ok().map(Arc::new);
        let client = get("AZURE_CLIENT_ID");
        let secret = source("AZURE_CLIENT_SECRET").map(ApplicationProof::Secret);
        let token = || Some(ApplicationProof::TokenFile(get("AZURE_FEDERATED_TOKEN_FILE")?.into()));
        let proof = secret.or_else(token);
        if let (Some(tenant), Some(client), Some(proof)) =
            (get("AZURE_TENANT_ID"), client.clone(), proof)
        {
            let authority = get("AZURE_AUTHORITY_HOST");
            let authority = Endpoint::parse(authority.as_deref().unwrap_or(AUTHORITY))?;
            return Ok(Self::Application { authority, tenant, client, proof });
        }
        if let (Some(url), Some(header)) = (get("IDENTITY_ENDPOINT"), source("IDENTITY_HEADER")) {
            return Ok(Self::AppService(Endpoint::parse(&url)?, header, client));
        }
        Ok(Self::machine(client))
    }
}

impl Azure {
    pub(super) fn sources(&self) -> Vec<&SecretSource> {
        match &self.source {
            AzureSource::Application { proof: ApplicationProof::Secret(secret), .. }
            | AzureSource::AppService(_, secret, _) => vec![&**secret],
            AzureSource::Application { .. } | AzureSource::Machine(..) => Vec::new(),
        }
    }

    pub(super) async fn mint(&self, fetcher: &Fetcher) -> Result<Lease, MintError> {
        let answer = match &self.source {
            AzureSource::Application { authority, tenant, client, proof } => {
                let mut fields = vec![
                    CLIENT_CREDENTIALS,
                    ("client_id", client.as_str()),
                    ("scope", self.scope.as_str()),
                ];
                let (secret, token);
                match proof {
                    ApplicationProof::Secret(source) => {
                        secret = source.current();
                        fields.push(("client_secret", text(&secret)?));
                    }
                    ApplicationProof::TokenFile(path) => {
                        token = file(path).await?;
                        let token = std::str::from_utf8(token.trim_ascii());
                        let token =
                            token.map_err(|_| MintError::Unreadable("the federated token"))?;
                        fields.extend([ASSERTION, ("client_assertion", token)]);
                    }
                }
                let (headers, body) = form(&fields);
                let url = authority.at(&format!("/{tenant}/oauth2/v2.0/token"));
                fetcher.post(&url, headers, body).await?
            }
            AzureSource::Machine(endpoint, client) => {
                const METADATA: HeaderName = HeaderName::from_static("metadata");
                let path = "/metadata/identity/oauth2/token";
                let url = self.identity_url(&endpoint.at(path), "2018-02-01", client.as_deref());
                let shown = (METADATA, HeaderValue::from_static("true"));
                fetcher.get(&url, HeaderMap::from_iter([shown])).await?
            }
            AzureSource::AppService(endpoint, header, client) => {
                const HEADER: HeaderName = HeaderName::from_static("x-identity-header");
                let url = self.identity_url(endpoint.as_str(), "2019-08-01", client.as_deref());
                let header = secret_header(HEADER, "", header.current().expose())?;
                fetcher.get(&url, HeaderMap::from_iter([header])).await?
            }
        };
        access_token(&answer)
    }

    /// Metadata services know resources, of which a scope is the default one.
    fn identity_url(&self, url: &str, version: &str, client: Option<&str>) -> String {
        let resource = self.scope.strip_suffix("/.default").unwrap_or(&self.scope);
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.append_pair("api-version", version).append_pair("resource", resource);
        if let Some(client) = client {
            query.append_pair("client_id", client);
        }
        format!("{url}?{}", query.finish())
    }
}
