//! Amazon's keys, from where its SDKs look for them, in their order: environment, profile, web
//! identity (IRSA), container (ECS, EKS Pod Identity), instance (IMDSv2).

mod instance;
mod profile;
mod sts;

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

use jiff::Timestamp;
use serde::Deserialize;

use super::endpoint::Endpoint;
use super::issuer::MintError;
use super::lease::{AwsKeys, Lease, Proof};
use super::{Secret, SecretSource};
use crate::fetch::Fetcher;

pub use instance::Container;

/// Where Amazon's keys come from.
#[derive(Debug, PartialEq)]
pub struct Aws {
    /// Where they are looked for.
    pub source: AwsSource,
    /// A role that is assumed with them.
    pub role: Option<Role>,
    /// The region whose STS is asked.
    pub region: String,
    /// Another STS than the region's own.
    pub sts: Option<Endpoint>,
    /// What the environment says.
    pub environment: AwsEnvironment,
}

/// Where keys are looked for.
#[derive(Debug, PartialEq)]
pub enum AwsSource {
    /// Wherever the environment says, as SDKs do.
    Chain,
    /// Keys of the configuration.
    Keys(StaticKeys),
    /// A profile of the shared files.
    Profile(String),
    /// A token of somebody else's, for a role.
    WebIdentity(WebIdentity),
    /// The instance, by IMDSv2.
    Instance,
}

/// Keys that somebody keeps.
#[derive(Debug, PartialEq)]
pub struct StaticKeys {
    /// Access key id.
    pub id: Arc<SecretSource>,
    /// Secret access key.
    pub secret: Arc<SecretSource>,
    /// Session token.
    pub session: Option<Arc<SecretSource>>,
}

/// A role that a token of somebody else's is exchanged for.
#[derive(Debug, PartialEq)]
pub struct WebIdentity {
    /// The file with the token; read anew each time.
    pub token_file: PathBuf,
    /// The role.
    pub role: Role,
}

/// A role to assume.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Role {
    /// `arn:aws:iam::123456789012:role/name`.
    pub arn: String,
    /// What its use is called in CloudTrail.
    pub session_name: String,
    /// What its trust policy may ask for.
    pub external_id: Option<String>,
}

/// What the environment says of keys; read once, as it can't change.
#[derive(Debug, Default, PartialEq)]
pub struct AwsEnvironment {
    keys: Option<StaticKeys>,
    profile: Option<String>,
    /// The shared files: of credentials, and of all else.
    files: [Option<PathBuf>; 2],
    web_identity: Option<WebIdentity>,
    container: Option<Container>,
    /// Where IMDS is; `None` where it is turned off.
    instance: Option<Endpoint>,
    /// What the variables hold that can't be used: it is said when they are needed.
    wrong: Option<&'static str>,
}

/// What a role's use is called if nobody says.
pub const SESSION_NAME: &str = "egret";

const INSTANCE: &str = "http://169.254.169.254";

impl AwsEnvironment {
    /// What these variables say.
    pub fn of(lookup: &dyn Fn(&str) -> Option<OsString>) -> Self {
        let get = |name: &str| {
            let value = lookup(name)?.into_string().ok()?;
            Some(value.trim().to_owned()).filter(|value| !value.is_empty())
        };
        let mut wrong = None;
        let secret =
            |name: &str| get(name).map(|_| SecretSource::from_env(name, lookup).map(Arc::new));
        let keys = match (
            secret("AWS_ACCESS_KEY_ID"),
            secret("AWS_SECRET_ACCESS_KEY"),
            secret("AWS_SESSION_TOKEN").transpose(),
        ) {
            (Some(Ok(id)), Some(Ok(secret)), Ok(session)) => {
                Some(StaticKeys { id, secret, session })
            }
            (None, None, _) => None,
            _ => {
                wrong = Some("what AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and so on hold");
                None
            }
        };
        let home = |name: &str| Some(PathBuf::from(get("HOME")?).join(".aws").join(name));
        let file = |variable: &str, name| get(variable).map(PathBuf::from).or_else(|| home(name));
        let session_name = get("AWS_ROLE_SESSION_NAME");
        let role = |arn| Role {
            arn,
            session_name: session_name.clone().unwrap_or_else(|| SESSION_NAME.to_owned()),
            external_id: None,
        };
        let token_file = get("AWS_WEB_IDENTITY_TOKEN_FILE").map(PathBuf::from);
        let web_identity = match (token_file, get("AWS_ROLE_ARN")) {
            (Some(token_file), Some(arn)) => Some(WebIdentity { token_file, role: role(arn) }),
            _ => None,
        };
        let container = match Container::of(&get) {
            Ok(container) => container,
            Err(what) => {
                wrong = wrong.or(Some(what));
                None
            }
        };
        let off =
            get("AWS_EC2_METADATA_DISABLED").is_some_and(|off| off.eq_ignore_ascii_case("true"));
        let endpoint = get("AWS_EC2_METADATA_SERVICE_ENDPOINT");
        let endpoint = Endpoint::parse(endpoint.as_deref().unwrap_or(INSTANCE));
        if endpoint.is_err() {
            wrong = wrong.or(Some("AWS_EC2_METADATA_SERVICE_ENDPOINT"));
        }
        Self {
            keys,
            profile: get("AWS_PROFILE"),
            files: [
                file("AWS_SHARED_CREDENTIALS_FILE", "credentials"),
                file("AWS_CONFIG_FILE", "config"),
            ],
            web_identity,
            container,
            instance: endpoint.ok().filter(|_| !off),
            wrong,
        }
    }

    /// The same with another place for IMDS.
    #[must_use]
    pub fn with_instance(self, endpoint: Endpoint) -> Self {
        Self { instance: Some(endpoint), ..self }
    }

    /// What is wrong with the variables, where something is.
    pub const fn wrong(&self) -> Option<&'static str> {
        self.wrong
    }

    /// The region that the environment names.
    pub fn region(lookup: &dyn Fn(&str) -> Option<OsString>) -> Option<String> {
        let names = ["AWS_REGION", "AWS_DEFAULT_REGION"];
        let mut named = names.iter().filter_map(|name| lookup(name)?.into_string().ok());
        named.find(|region| !region.is_empty())
    }
}

impl Aws {
    pub(super) fn sources(&self) -> Vec<&SecretSource> {
        let AwsSource::Keys(StaticKeys { id, secret, session }) = &self.source else {
            return Vec::new();
        };
        [Some(id), Some(secret), session.as_ref()].into_iter().flatten().map(|s| &**s).collect()
    }

    pub(super) async fn mint(&self, fetcher: &Fetcher) -> Result<Lease, MintError> {
        let lease = self.found(fetcher).await?;
        match (&self.role, &lease.proof) {
            (Some(role), Proof::Aws(keys)) => self.assume(fetcher, role, keys).await,
            _ => Ok(lease),
        }
    }

    async fn found(&self, fetcher: &Fetcher) -> Result<Lease, MintError> {
        match &self.source {
            AwsSource::Keys(keys) => Ok(keys.lease()),
            AwsSource::Profile(name) => {
                let found = self.profile(fetcher, name).await?;
                found.ok_or_else(|| MintError::File(format!("there is no profile `{name}`")))
            }
            AwsSource::WebIdentity(identity) => self.web_identity(fetcher, identity).await,
            AwsSource::Instance => {
                let endpoint = self.environment.instance.as_ref().ok_or(MintError::Nowhere)?;
                instance::keys(fetcher, endpoint).await
            }
            AwsSource::Chain => self.chain(fetcher).await,
        }
    }

    /// The first place that the environment names. One that is named and fails is not passed over:
    /// the gateway would be somebody else than it was told to be.
    async fn chain(&self, fetcher: &Fetcher) -> Result<Lease, MintError> {
        let environment = &self.environment;
        if let Some(wrong) = environment.wrong {
            return Err(MintError::Unreadable(wrong));
        }
        if let Some(keys) = &environment.keys {
            return Ok(keys.lease());
        }
        let named = environment.profile.as_deref();
        match (self.profile(fetcher, named.unwrap_or("default")).await?, named) {
            (Some(lease), _) => return Ok(lease),
            (None, Some(name)) => {
                return Err(MintError::File(format!("there is no profile `{name}`")));
            }
            (None, None) => {}
        }
        if let Some(identity) = &environment.web_identity {
            return self.web_identity(fetcher, identity).await;
        }
        if let Some(container) = &environment.container {
            return container.keys(fetcher).await;
        }
        match &environment.instance {
            Some(endpoint) => instance::keys(fetcher, endpoint).await,
            None => Err(MintError::Nowhere),
        }
    }
}

impl StaticKeys {
    fn lease(&self) -> Lease {
        let text = self.secret.current().expose().to_vec();
        Lease::endless(Proof::Aws(AwsKeys {
            id: self.id.current(),
            secret: Secret::new(text),
            session: self.session.as_ref().map(|session| session.current()),
        }))
    }
}

/// Keys as Amazon's servers, and files of its tools, write them.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Written {
    access_key_id: String,
    secret_access_key: String,
    #[serde(alias = "SessionToken")]
    token: Option<String>,
    /// RFC 3339.
    expiration: Option<String>,
}

impl Written {
    fn lease(self) -> Result<Lease, MintError> {
        let wrong = || MintError::Unreadable("the answer with the keys");
        let token = |text: String| Secret::token(text.into_bytes()).map_err(|_| wrong());
        let proof = Proof::Aws(AwsKeys {
            id: Arc::new(token(self.access_key_id)?),
            secret: token(self.secret_access_key)?,
            session: self.token.map(token).transpose()?.map(Arc::new),
        });
        let Some(expiration) = self.expiration else { return Ok(Lease::endless(proof)) };
        let end: Timestamp = expiration.parse().map_err(|_| wrong())?;
        Ok(Lease::until(proof, SystemTime::from(end)))
    }
}

#[cfg(test)]
mod tests;
