//! What backends are shown.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use providers::vendor::{Header, Vendor};

use super::Resolver;
use crate::config::decode::Field;
use crate::config::problem::Mark;
use crate::config::raw::{
    RawAws, RawAzure, RawCredential, RawExchange, RawGoogle, RawKinds, RawOAuth, RawSecret,
};
use crate::config::read_file::ReadFile;
use crate::config::value::Switch;
use crate::credential::{
    AZURE_AUTHORITY, AZURE_SCOPE, ApplicationProof, Aws, AwsEnvironment, AwsSource, Azure,
    AzureSource, Client, ClientAuth, Credential, Endpoint, GOOGLE_SCOPE, Google, GoogleSource,
    Grant, Issuer, OAuth, Place, Role, SESSION_NAME, SecretError, SecretSource, StaticKeys,
    WebIdentity,
};

const KINDS: &str = "one of env, file, keys, token, aws, google, azure, oauth, token_exchange";
const SECRET: &str = "{ env: NAME } or { file: /path }";

impl Resolver<'_> {
    /// What the backend `name` of the section at `section` is shown; `region` is the backend's own.
    pub(super) fn credential(
        &mut self,
        (section, name): (Mark, &str),
        raw: Field<RawCredential>,
        vendor: &'static Vendor,
        region: Option<&str>,
    ) -> Option<Credential> {
        let remedy = "credential: { env: NAME } or { file: /path }, or `credential: none`";
        let (mark, raw) = raw.require(section, "credential", remedy, self.problems)?;
        let RawCredential::Of(raw) = raw else { return Some(Credential::none()) };
        let RawKinds { env, file, keys, token, aws, google, azure, oauth, token_exchange } = *raw;
        let secret = match (env, file) {
            (Field::Absent, Field::Absent) => Field::Absent,
            (env, file) => Field::Given(mark, RawSecret { env, file }),
        };
        let places = [
            place(&secret),
            place(&keys),
            place(&token),
            place(&aws),
            place(&google),
            place(&azure),
            place(&oauth),
            place(&token_exchange),
        ];
        match places.into_iter().flatten().collect::<Vec<_>>()[..] {
            [] => {
                self.problems.add(mark, "nothing says what the credential is", KINDS);
                return None;
            }
            [_] => {}
            [.., second] => {
                let mark = second.unwrap_or(mark);
                self.problems.add(mark, "two kinds of credentials for one backend", KINDS);
                return None;
            }
        }
        let forms = vendor.credential();
        if let Some((_, raw)) = secret.given() {
            let source = self.secret(mark, raw)?;
            return Some(Credential::new(forms.stated(), Arc::new(source)));
        }
        if let Some((mark, keys)) = keys.given() {
            return self.keys((mark, name), keys, forms.stated());
        }
        if let Some((mark, raw)) = aws.given() {
            return self.aws(mark, raw, vendor, region);
        }
        let issuer = if let Some((mark, raw)) = token.given() {
            let source = self.secret(mark, raw)?;
            let forms = self.token_forms(mark, vendor)?;
            return Some(Credential::new(forms, Arc::new(source)));
        } else if let Some((mark, raw)) = google.given() {
            (mark, Issuer::Google(self.google(mark, raw, vendor)?))
        } else if let Some((mark, raw)) = azure.given() {
            (mark, Issuer::Azure(self.azure(mark, raw, vendor)?))
        } else if let Some((mark, raw)) = oauth.given() {
            (mark, Issuer::OAuth(self.oauth(mark, raw)?))
        } else {
            let (mark, raw) = token_exchange.given()?;
            (mark, Issuer::OAuth(self.token_exchange(mark, raw)?))
        };
        Some(Credential::token(self.token_forms(issuer.0, vendor)?, issuer.1))
    }

    /// How a vendor is shown an access token, if it takes one.
    fn token_forms(&mut self, mark: Mark, vendor: &'static Vendor) -> Option<&'static [Header]> {
        let forms = vendor.credential().token();
        if forms.is_empty() {
            let what = format!("{} takes no access token", vendor.title());
            self.problems.add(mark, what, "another kind of credential, such as { env: NAME }");
            return None;
        }
        Some(forms)
    }

    fn keys(
        &mut self,
        (mark, name): (Mark, &str),
        raw: Vec<Field<RawSecret>>,
        forms: &'static [Header],
    ) -> Option<Credential> {
        if raw.is_empty() {
            self.problems.add(mark, "`keys` is empty", "keys: [{ env: NAME }, { file: /path }]");
        }
        let count = raw.len();
        let mut sources: Vec<Arc<SecretSource>> = Vec::new();
        for (mark, raw) in raw.into_iter().filter_map(Field::given) {
            let Some(source) = self.secret(mark, raw) else { continue };
            if sources.iter().any(|other| other.current() == source.current()) {
                self.problems.add(mark, "this key is there twice", "another key, or one less");
            }
            sources.push(Arc::new(source));
        }
        (count > 0 && sources.len() == count).then(|| Credential::keys(name, forms, sources))
    }

    fn aws(
        &mut self,
        section: Mark,
        raw: RawAws,
        vendor: &'static Vendor,
        backend_region: Option<&str>,
    ) -> Option<Credential> {
        let RawAws {
            region,
            service,
            profile,
            access_key_id,
            secret_access_key,
            session_token,
            role_arn,
            session_name,
            external_id,
            web_identity_token_file,
            instance,
            sts_url,
            instance_url,
        } = raw;
        let env = self.surroundings.env;
        let service = service.value().or_else(|| vendor.credential().sigv4().map(str::to_owned));
        if service.is_none() {
            let what = format!("{} takes no signature of Amazon's", vendor.title());
            let remedy = "a vendor of Amazon's (bedrock, …), or `service`: what signatures call it";
            self.problems.add(section, what, remedy);
        }
        let region = match (region, backend_region) {
            (Field::Wrong, _) => None,
            (Field::Given(_, region), _) => Some(region),
            (Field::Absent, Some(region)) => Some(region.to_owned()),
            (Field::Absent, None) => AwsEnvironment::region(env),
        };
        if region.is_none() {
            let remedy = "region: eu-central-1, here or beside `vendor`; or AWS_REGION is set";
            self.problems.add(section, "nothing says for which region requests are signed", remedy);
        }
        let mut environment = AwsEnvironment::of(env);
        if let Some(url) = self.endpoint(instance_url) {
            environment = environment.with_instance(url);
        }
        let session_name = session_name.value();
        let external_id = external_id.value();
        let role = role_arn.given().map(|(mark, arn)| {
            if !arn.starts_with("arn:") {
                self.problems.add(
                    mark,
                    "this is not the name of a role",
                    "arn:aws:iam::123456789012:role/egret",
                );
            }
            let session_name = session_name.unwrap_or_else(|| SESSION_NAME.to_owned());
            Role { arn, session_name, external_id }
        });
        let keys = self.static_keys(access_key_id, secret_access_key, session_token);
        let profile = profile.given();
        let identity = web_identity_token_file.given();
        let instance = instance.given().filter(|(_, Switch(on))| *on);
        let given = [
            keys.as_ref().map(|(mark, _)| *mark),
            profile.as_ref().map(|(mark, _)| *mark),
            identity.as_ref().map(|(mark, _)| *mark),
            instance.as_ref().map(|(mark, _)| *mark),
        ];
        if let [_, .., second] = given.into_iter().flatten().collect::<Vec<_>>()[..] {
            let what = "two places where keys would come from";
            let remedy = "one of access_key_id, profile, web_identity_token_file, instance";
            self.problems.add(second, what, remedy);
        }
        let (source, role) = if let Some((_, keys)) = keys {
            (AwsSource::Keys(keys?), role)
        } else if let Some((_, name)) = profile {
            (AwsSource::Profile(name), role)
        } else if let Some((mark, path)) = identity {
            let Some(role) = role else {
                let what = "a web identity token is for a role, and there is none";
                self.problems.add(mark, what, "role_arn: arn:aws:iam::123456789012:role/egret");
                return None;
            };
            let token_file = self.token_file(mark, &path)?;
            (AwsSource::WebIdentity(WebIdentity { token_file, role }), None)
        } else if instance.is_some() {
            (AwsSource::Instance, role)
        } else {
            if let Some(what) = environment.wrong() {
                let what = format!("{what}: it is not what it should be");
                self.problems.add(section, what, "variables as Amazon's SDKs take them, or none");
            }
            (AwsSource::Chain, role)
        };
        let sts = self.endpoint(sts_url);
        let (service, region) = (service?, region?);
        let aws = Aws { source, role, region: region.clone(), sts, environment };
        Some(Credential::signature(Place { service, region }, Issuer::Aws(Box::new(aws))))
    }

    /// Keys of Amazon's that the configuration names; inside, `None` if they are wrong.
    fn static_keys(
        &mut self,
        id: Field<RawSecret>,
        secret: Field<RawSecret>,
        session: Field<RawSecret>,
    ) -> Option<(Mark, Option<StaticKeys>)> {
        let mark = [&id, &secret, &session].into_iter().find_map(place)?;
        let mark = mark.unwrap_or(Mark { line: 1, column: 1 });
        let remedy = "access_key_id and secret_access_key, each { env: NAME } or { file: /path }";
        if matches!(id, Field::Absent) || matches!(secret, Field::Absent) {
            self.problems.add(mark, "one part of Amazon's keys is missing", remedy);
            return Some((mark, None));
        }
        let mut source = |raw: Field<RawSecret>| {
            let (mark, raw) = raw.given()?;
            self.secret(mark, raw).map(Arc::new)
        };
        let wants_session = !matches!(session, Field::Absent);
        let (id, secret, session) = (source(id), source(secret), source(session));
        let whole = session.is_some() || !wants_session;
        let keys = id.zip(secret).filter(|_| whole);
        Some((mark, keys.map(|(id, secret)| StaticKeys { id, secret, session })))
    }

    fn google(&mut self, section: Mark, raw: RawGoogle, vendor: &Vendor) -> Option<Google> {
        let RawGoogle { file, metadata, scope, token_url, metadata_url } = raw;
        let url = metadata_url.given();
        let metadata = metadata.given().filter(|(_, Switch(on))| *on);
        let wants_metadata = metadata.is_some() || url.is_some();
        let source = match (file.given(), wants_metadata) {
            (Some((mark, _)), true) => {
                let what = "a file and the metadata server, two places for one token";
                self.problems.add(mark, what, "one of file, metadata");
                return None;
            }
            (Some((mark, path)), false) => {
                let path = self.path(&path);
                self.google_file(mark, path)?
            }
            (None, true) => match url {
                Some((mark, url)) => {
                    GoogleSource::Metadata(self.endpoint(Field::Given(mark, url))?)
                }
                None => GoogleSource::metadata(),
            },
            (None, false) => match GoogleSource::of(self.surroundings.env) {
                Ok(GoogleSource::File(path)) => self.google_file(section, path)?,
                Ok(source) => source,
                Err(error) => {
                    let remedy = "GCE_METADATA_HOST: an address, or not set";
                    self.problems.add(section, error.to_string(), remedy);
                    return None;
                }
            },
        };
        let scope = scope.value().or_else(|| vendor.credential().scope().map(str::to_owned));
        let scope = scope.unwrap_or_else(|| GOOGLE_SCOPE.to_owned());
        Some(Google { source, scope, token_url: self.endpoint(token_url) })
    }

    fn google_file(&mut self, mark: Mark, path: PathBuf) -> Option<GoogleSource> {
        match GoogleSource::check(&path) {
            Ok(()) => Some(GoogleSource::File(path)),
            Err(error) => {
                // Once it can be read, the configuration is worth another try.
                self.files.push(ReadFile::read(path).0);
                let remedy = "file: the JSON of a service account's key, or of an external account";
                self.problems.add(mark, error.to_string(), remedy);
                None
            }
        }
    }

    fn azure(&mut self, section: Mark, raw: RawAzure, vendor: &Vendor) -> Option<Azure> {
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

    fn oauth(&mut self, section: Mark, raw: RawOAuth) -> Option<OAuth> {
        let RawOAuth { token_url, client_id, client_secret, auth, scope, audience, resource, ca } =
            raw;
        let token_url = self.token_url(section, token_url);
        if matches!(client_id, Field::Absent) {
            self.problems.add(section, "`client_id` is missing", "client_id: egret");
        }
        let client = self.client(section, client_id, client_secret, auth);
        let ca = ca.given().and_then(|(mark, path)| self.ca_pem(mark, &path));
        let parameters = [("scope", scope), ("audience", audience), ("resource", resource)];
        Some(OAuth {
            token_url: token_url?,
            client: Some(client??),
            grant: Grant::Client,
            parameters: parameters.into_iter().filter_map(given).collect(),
            ca,
        })
    }

    fn token_exchange(&mut self, section: Mark, raw: RawExchange) -> Option<OAuth> {
        let RawExchange {
            token_url,
            subject_token,
            subject_token_type,
            requested_token_type,
            scope,
            audience,
            resource,
            client_id,
            client_secret,
            auth,
            ca,
        } = raw;
        const JWT: &str = "urn:ietf:params:oauth:token-type:jwt";
        let token_url = self.token_url(section, token_url);
        let remedy = "subject_token: { file: /var/run/secrets/tokens/egret }";
        let subject = subject_token.require(section, "subject_token", remedy, self.problems);
        let subject = subject.and_then(|(mark, raw)| self.secret(mark, raw));
        let client = self.client(section, client_id, client_secret, auth);
        let ca = ca.given().and_then(|(mark, path)| self.ca_pem(mark, &path));
        let parameters = [
            ("requested_token_type", requested_token_type),
            ("scope", scope),
            ("audience", audience),
            ("resource", resource),
        ];
        let kind = subject_token_type.or(JWT.to_owned());
        Some(OAuth {
            token_url: token_url?,
            client: client?,
            grant: Grant::Token(Arc::new(subject?), kind),
            parameters: parameters.into_iter().filter_map(given).collect(),
            ca,
        })
    }

    fn token_url(&mut self, section: Mark, raw: Field<String>) -> Option<Endpoint> {
        let remedy = "token_url: https://idp.example.com/oauth2/token";
        let (mark, url) = raw.require(section, "token_url", remedy, self.problems)?;
        self.endpoint(Field::Given(mark, url))
    }

    /// Who the gateway is at an authorization server; outside `None` if that is wrong.
    fn client(
        &mut self,
        section: Mark,
        id: Field<String>,
        secret: Field<RawSecret>,
        auth: Field<ClientAuth>,
    ) -> Option<Option<Client>> {
        match (id, secret) {
            (Field::Absent, Field::Absent) => {
                if let Field::Given(mark, _) = auth {
                    let what = "`auth` says how the client is proved, and there is none";
                    self.problems.add(mark, what, "client_id and client_secret beside it");
                }
                Some(None)
            }
            (Field::Absent, Field::Given(mark, _)) => {
                self.problems.add(mark, "`client_secret` without `client_id`", "both");
                None
            }
            (Field::Given(..), Field::Absent) => {
                self.problems.add(section, "`client_secret` is missing", SECRET);
                None
            }
            (Field::Given(_, id), Field::Given(mark, raw)) => {
                let secret = Arc::new(self.secret(mark, raw)?);
                Some(Some(Client { id, secret, auth: auth.or(ClientAuth::default()) }))
            }
            _ => None,
        }
    }

    /// A URL that secrets may be sent to.
    fn endpoint(&mut self, raw: Field<String>) -> Option<Endpoint> {
        let (mark, url) = raw.given()?;
        let parsed = Endpoint::parse(&url);
        parsed
            .map_err(|error| {
                let remedy = "https://idp.example.com/oauth2/token";
                self.problems.add(mark, error.to_string(), remedy);
            })
            .ok()
    }

    /// A file with a token that is read again each time it is needed.
    fn token_file(&mut self, mark: Mark, path: &str) -> Option<PathBuf> {
        let path = self.path(path);
        let problem = match Path::metadata(&path) {
            Ok(found) if found.is_file() => return Some(path),
            Ok(_) => SecretError::NotAFile,
            Err(error) => SecretError::Unreadable(error.kind()),
        };
        self.files.push(ReadFile::read(path).0);
        self.problems.add(mark, problem.to_string(), problem.remedy());
        None
    }
}

/// Where a key stands that is there, rightly or wrongly; of a wrong one that is reported already.
fn place<T>(field: &Field<T>) -> Option<Option<Mark>> {
    match field {
        Field::Absent => None,
        Field::Wrong => Some(None),
        Field::Given(mark, _) => Some(Some(*mark)),
    }
}

fn given((name, value): (&'static str, Field<String>)) -> Option<(&'static str, String)> {
    Some((name, value.value()?))
}
