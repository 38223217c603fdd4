//! Microsoft Entra's access token.

use std::sync::Arc;

use providers::vendor::Vendor;

use super::Resolver;
use crate::config::decode::Field;
use crate::config::problem::Mark;
use crate::config::raw::RawAzure;
use crate::config::value::Switch;
use crate::credential::{
    AZURE_AUTHORITY, AZURE_SCOPE, ApplicationProof, Azure, AzureSource, Endpoint,
};

impl Resolver<'_> {
    pub(super) fn azure(&mut self, section: Mark, raw: RawAzure, vendor: &Vendor) -> Option<Azure> {
        let RawAzure {
            tenant_id,
            client_id,
            client_secret,
            federated_token_file,
            managed_identity,
            scope,
            authority,
            identity_url,
        } = raw;
        let scope = scope.value().or_else(|| vendor.credential().scope().map(str::to_owned));
        let scope = scope.unwrap_or_else(|| AZURE_SCOPE.to_owned());
        let managed = managed_identity.given().filter(|(_, Switch(on))| *on);
        let url = identity_url.given();
        let secret = client_secret.given();
        let token = federated_token_file.given();
        let wants_machine = managed.is_some() || url.is_some();
        let source = if wants_machine {
            if let Some(mark) = secret.map(|s| s.0).or(token.map(|t| t.0)) {
                let what = "the machine's identity, and a proof of another";
                let remedy = "one of managed_identity, client_secret, federated_token_file";
                self.problems.add(mark, what, remedy);
                return None;
            }
            match url {
                Some((mark, url)) => {
                    AzureSource::Machine(self.endpoint(Field::Given(mark, url))?, client_id.value())
                }
                None => AzureSource::machine(client_id.value()),
            }
        } else if secret.is_none() && token.is_none() {
            match AzureSource::of(self.surroundings.env) {
                Ok(source) => source,
                Err(error) => {
                    let remedy = "AZURE_AUTHORITY_HOST and IDENTITY_ENDPOINT that can be trusted";
                    self.problems.add(section, error.to_string(), remedy);
                    return None;
                }
            }
        } else {
            if let (Some(_), Some((mark, _))) = (&secret, &token) {
                let what = "two proofs of who the application is";
                self.problems.add(*mark, what, "one of client_secret, federated_token_file");
            }
            let remedy = "tenant_id: the id of your directory in Microsoft Entra";
            let tenant = tenant_id.require(section, "tenant_id", remedy, self.problems);
            let remedy = "client_id: the id of the application in Microsoft Entra";
            let client = client_id.require(section, "client_id", remedy, self.problems);
            let proof = match (secret, token) {
                (Some((mark, raw)), _) => {
                    ApplicationProof::Secret(Arc::new(self.secret(mark, raw)?))
                }
                (None, Some((mark, path))) => {
                    ApplicationProof::TokenFile(self.token_file(mark, &path)?)
                }
                (None, None) => return None,
            };
            let authority = match authority {
                Field::Absent => Endpoint::parse(AZURE_AUTHORITY).ok(),
                given => self.endpoint(given),
            };
            let (tenant_at, tenant) = tenant?;
            if !tenant.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-.".contains(&byte)) {
                let remedy = "an id such as 72f988bf-86f1-41af-91ab-2d7cd011db47, or a domain";
                self.problems.add(tenant_at, "this is not a tenant", remedy);
            }
            let (_, client) = client?;
            return Some(Azure {
                source: AzureSource::Application { authority: authority?, tenant, client, proof },
                scope,
            });
        };
        if let Field::Given(mark, _) = tenant_id {
            let what = "`tenant_id` is for an application, and nothing proves one";
            self.problems.add(mark, what, "client_secret or federated_token_file beside it");
        }
        if let Field::Given(mark, _) = authority {
            let what = "`authority` is for an application, and nothing proves one";
            self.problems.add(mark, what, "client_secret or federated_token_file beside it");
        }
        Some(Azure { source, scope })
    }
}
