//! Profiles of the files that Amazon's tools share: `~/.aws/credentials` and `~/.aws/config`.

use std::collections::BTreeMap;
use std::sync::Arc;

use zeroize::Zeroizing;

use super::super::Secret;
use super::super::issuer::{MintError, file};
use super::super::lease::{AwsKeys, Lease, Proof};
use super::{Aws, Role, SESSION_NAME, WebIdentity, instance};
use crate::fetch::Fetcher;

/// Longest chain of roles, each assumed with the keys of the next.
const LONGEST: usize = 5;

/// Sections of both files by their names.
type Profiles = BTreeMap<String, Profile>;

/// The values of a profile by their names: some are secrets.
type Profile = BTreeMap<String, Zeroizing<String>>;

impl Aws {
    /// The keys of a profile; `None` if there is none of this name that says where they come from.
    pub(super) async fn profile(
        &self,
        fetcher: &Fetcher,
        name: &str,
    ) -> Result<Option<Lease>, MintError> {
        let mut profiles = Profiles::new();
        for (path, of_config) in self.environment.files.iter().zip([false, true]) {
            let Some(path) = path else { continue };
            if tokio::fs::metadata(path).await.is_ok() {
                let text = file(path).await?;
                let text = Zeroizing::new(String::from_utf8_lossy(&text).into_owned());
                read(&text, of_config, &mut profiles);
            }
        }
        // Roles, from the outermost to the one whose keys are there.
        let mut roles = Vec::new();
        let mut next = name;
        let found = loop {
            let Some(profile) = profiles.get(next) else { break None };
            let get = |key: &str| profile.get(key).map(|value| value.as_str());
            if get("credential_process").is_some() || get("sso_session").is_some() {
                return Err(MintError::File(format!(
                    "profile `{next}` wants a program or a person (credential_process, sso)"
                )));
            }
            let role = get("role_arn").map(|arn| Role {
                arn: arn.to_owned(),
                session_name: get("role_session_name").unwrap_or(SESSION_NAME).to_owned(),
                external_id: get("external_id").map(str::to_owned),
            });
            let (Some(role), true) = (role, roles.len() < LONGEST) else { break keys(profile) };
            if let Some(path) = get("web_identity_token_file") {
                let identity = WebIdentity { token_file: path.into(), role };
                break Some(self.web_identity(fetcher, &identity).await?);
            }
            roles.push(role);
            if let Some(source) = get("credential_source") {
                break Some(self.credential_source(fetcher, source).await?);
            }
            match get("source_profile") {
                // Its own keys, not its role again.
                Some(source) if source == next => break keys(profile),
                Some(source) => next = source,
                None => break None,
            }
        };
        let Some(mut lease) = found else {
            let incomplete = profiles.contains_key(name) && !roles.is_empty();
            let why = || MintError::File(format!("profile `{name}` does not lead to any keys"));
            return if incomplete { Err(why()) } else { Ok(None) };
        };
        for role in roles.iter().rev() {
            let Proof::Aws(keys) = &lease.proof else { break };
            lease = self.assume(fetcher, role, keys).await?;
        }
        Ok(Some(lease))
    }

    async fn credential_source(&self, fetcher: &Fetcher, name: &str) -> Result<Lease, MintError> {
        let environment = &self.environment;
        let found = match name {
            "Environment" => environment.keys.as_ref().map(super::StaticKeys::lease),
            "EcsContainer" => match &environment.container {
                Some(container) => Some(container.keys(fetcher).await?),
                None => None,
            },
            "Ec2InstanceMetadata" => match &environment.instance {
                Some(endpoint) => Some(instance::keys(fetcher, endpoint).await?),
                None => None,
            },
            _ => None,
        };
        found.ok_or(MintError::Nowhere)
    }
}

/// The keys that a profile holds.
fn keys(profile: &Profile) -> Option<Lease> {
    let get = |key: &str| Secret::token(profile.get(key)?.as_bytes().to_vec()).ok();
    Some(Lease::endless(Proof::Aws(AwsKeys {
        id: Arc::new(get("aws_access_key_id")?),
        secret: get("aws_secret_access_key")?,
        session: get("aws_session_token").map(Arc::new),
    })))
}

/// Reads a file. In that of all else profiles are called `[profile name]`, but for the default; what
/// is in that of credentials counts first.
fn read(text: &str, of_config: bool, profiles: &mut Profiles) {
    let mut section = None;
    for line in text.lines() {
        let trimmed = line.trim();
        if trimmed.is_empty() || trimmed.starts_with(['#', ';']) {
            continue;
        }
        if let Some(header) = trimmed.strip_prefix('[') {
            let header = header.split(']').next().unwrap_or_default().trim();
            let named = header.strip_prefix("profile").filter(|rest| rest.starts_with([' ', '\t']));
            let name = if of_config {
                named.or(Some(header).filter(|h| *h == "default"))
            } else {
                Some(header)
            };
            section = name.map(|name| name.trim().to_owned());
            continue;
        }
        // Indented lines belong to settings of single services.
        let indented = line.starts_with([' ', '\t']);
        if let (Some(section), Some((key, value)), false) =
            (&section, trimmed.split_once('='), indented)
        {
            let value = value.split(" #").next().unwrap_or_default().trim();
            let profile = profiles.entry(section.clone()).or_default();
            let key = key.trim().to_ascii_lowercase();
            profile.entry(key).or_insert_with(|| Zeroizing::new(value.to_owned()));
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::indexing_slicing)]

    use super::*;

    #[test]
    fn both_files_are_read_as_the_tools_of_amazon_do() {
        let mut profiles = Profiles::new();
        let credentials = "# mine\n[default]\naws_access_key_id = AKID # old\n\
                           aws_secret_access_key=a=b\n[prod]\naws_access_key_id = P\n";
        let config = "[default]\nregion = eu-west-1\naws_access_key_id = OTHER\n\
                      [profile  prod]\nrole_arn = arn:aws:iam::1:role/x\ns3 =\n  max = 1\n\
                      [prod]\nregion = wrong\n[services x]\nregion = wrong\n";
        read(credentials, false, &mut profiles);
        read(config, true, &mut profiles);
        for (profile, key, value) in [
            ("default", "aws_access_key_id", "AKID"),
            ("default", "aws_secret_access_key", "a=b"),
            ("default", "region", "eu-west-1"),
            ("prod", "role_arn", "arn:aws:iam::1:role/x"),
        ] {
            assert_eq!(profiles[profile][key].as_str(), value);
        }
        assert!(!profiles["prod"].contains_key("region") && !profiles["prod"].contains_key("max"));
        assert!(!profiles.contains_key("services x"));
    }
}
