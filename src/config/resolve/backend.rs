//! Backends.

use std::sync::Arc;
use std::time::Duration;

use providers::Schema;
use sha2::{Digest, Sha256};

use super::origin::{Location, default_url, locate};
use super::{Resolver, Seen};
use crate::config::decode::{Field, Named};
use crate::config::problem::Mark;
use crate::config::raw::{RawBackend, RawCredential, RawSecret, RawTimeouts};
use crate::config::read_file::ReadFile;
use crate::config::suggest::suggest;
use crate::config::value::{Api, Dialect, Plaintext};
use crate::credential::{Credential, SecretError, SecretSource};
use crate::snapshot::{Backend, HttpVersions, Origin, Timeouts, TlsPolicy};

/// Backends by name, those included that are wrong: a reference to one of these is not wrong too.
pub(super) struct Backends(Vec<(String, Option<Arc<Backend>>)>);

impl Backends {
    /// Those that are right.
    pub(super) fn resolved(&self) -> Vec<Arc<Backend>> {
        self.0.iter().filter_map(|(_, backend)| backend.clone()).collect()
    }

    /// `None`: nobody has that name; `Some(None)`: it is wrong.
    pub(super) fn get(&self, name: &str) -> Option<Option<&Arc<Backend>>> {
        let (_, backend) = self.0.iter().find(|(known, _)| known == name)?;
        Some(backend.as_ref())
    }

    /// What to write instead of a name that nobody has.
    pub(super) fn remedy(&self, name: &str) -> String {
        let names = || self.0.iter().map(|(name, _)| name.as_str());
        suggest(name, names()).map_or_else(
            || format!("one of {}", names().collect::<Vec<_>>().join(", ")),
            str::to_owned,
        )
    }
}

impl Resolver<'_> {
    pub(super) fn backends(&mut self, raw: Field<Named<RawBackend>>, top: Mark) -> Backends {
        let remedy =
            "backends: { openai: { schema: openai, credential: { env: OPENAI_API_KEY } } }";
        let Some((mark, named)) = raw.require(top, "backends", remedy, self.problems) else {
            return Backends(Vec::new());
        };
        if named.is_empty() {
            self.problems.add(mark, "`backends` is empty", remedy);
        }
        let mut seen = Seen::new("the backend");
        let mut backends = Vec::new();
        for (mark, name, raw) in named {
            self.check_name(mark, &name, "the name of a backend");
            seen.check(mark, &name, "another name", self.problems);
            let backend = raw.value().and_then(|raw| self.backend(mark, &name, raw));
            backends.push((name, backend.map(Arc::new)));
        }
        Backends(backends)
    }

    fn backend(&mut self, section: Mark, name: &str, raw: RawBackend) -> Option<Backend> {
        let RawBackend { schema, api, url, credential, tls, plaintext, http, timeouts, dialect } =
            raw;

        let schema =
            schema.require(section, "schema", "schema: openai, claude or gemini", self.problems);
        // The rest of the section is checked all the same.
        let known = schema.as_ref().map_or(Schema::Chat, |(_, schema)| *schema);
        let credential = self.credential(section, credential, known);
        if let Field::Given(mark, Dialect::Legacy) = dialect
            && known != Schema::Chat
        {
            let what = "`dialect: legacy` is for OpenAI-compatible backends";
            self.problems.add(mark, what, "schema: openai, or no dialect");
        }
        self.check_api(&api, &dialect, known);
        let timeouts = self.timeouts(timeouts);
        let http = http.or(HttpVersions::Auto);
        let location = self.location(section, url, known);
        let wants_tls = location.as_ref().is_none_or(|(_, location)| location.tls);
        if let Some((mark, location)) = &location {
            self.check_plaintext(*mark, location, plaintext, http);
        }
        let host = location.as_ref().map(|(mark, location)| (*mark, &*location.origin.host));
        let tls = self.tls(tls, wants_tls, host);

        let (_, schema) = schema?;
        let (_, Location { origin, .. }) = location?;
        let legacy = dialect.or(Dialect::Current) == Dialect::Legacy;
        let group_key = group_key(name, &origin, tls.as_ref());
        Some(Backend {
            name: name.to_owned(),
            schema,
            spoken: spoken(schema, api.value(), legacy, &origin),
            origin,
            credential: credential?,
            tls,
            timeouts,
            legacy_openai: legacy,
            http,
            group_key,
        })
    }

    fn check_api(&mut self, api: &Field<Api>, dialect: &Field<Dialect>, schema: Schema) {
        let Field::Given(mark, api) = api else { return };
        if schema != Schema::Chat {
            let what = "`api` is for backends of the schema openai, which has two";
            self.problems.add(*mark, what, "schema: openai, or no `api`");
        } else if *api != Api::Chat && matches!(dialect, Field::Given(_, Dialect::Legacy)) {
            let what = "a host of the legacy dialect has no Responses API";
            self.problems.add(*mark, what, "api: chat, or no `dialect`");
        }
    }

    fn location(
        &mut self,
        section: Mark,
        url: Field<String>,
        schema: Schema,
    ) -> Option<(Mark, Location)> {
        let (mark, url) = match url {
            Field::Absent => (section, default_url(schema).to_owned()),
            Field::Wrong => return None,
            Field::Given(mark, url) => (mark, url),
        };
        match locate(&url, schema) {
            Ok(location) => Some((mark, location)),
            Err((what, remedy)) => {
                self.problems.add(mark, what, remedy);
                None
            }
        }
    }

    fn check_plaintext(
        &mut self,
        mark: Mark,
        location: &Location,
        plaintext: Field<Plaintext>,
        http: HttpVersions,
    ) {
        match plaintext {
            Field::Given(mark, Plaintext::Allowed) if location.tls => {
                let what = "`plaintext: allowed`, but the URL begins with https://";
                self.problems.add(mark, what, "one of the two");
            }
            Field::Given(_, Plaintext::Refused) | Field::Absent if !location.tls => {
                let what = "http:// would send the credential and every prompt unencrypted";
                let remedy = "https://…, or `plaintext: allowed` beside the URL";
                self.problems.add(mark, what, remedy);
            }
            _ => {}
        }
        if !location.tls && http == HttpVersions::H2 {
            let what = "`http: h2` needs TLS, and the URL begins with http://";
            self.problems.add(mark, what, "https://…, or `http: h1`");
        }
    }

    fn credential(
        &mut self,
        section: Mark,
        raw: Field<RawCredential>,
        schema: Schema,
    ) -> Option<Credential> {
        let remedy = "credential: { env: NAME } or { file: /path }, or `credential: none`";
        let (mark, raw) = raw.require(section, "credential", remedy, self.problems)?;
        match raw {
            RawCredential::None => Some(Credential::none(schema)),
            RawCredential::Secret(raw) => {
                let source = self.secret(mark, raw)?;
                Some(Credential::new(schema, Arc::new(source)))
            }
        }
    }

    /// A secret from the place that the section at `section` names.
    pub(super) fn secret(&mut self, section: Mark, raw: RawSecret) -> Option<SecretSource> {
        match raw {
            RawSecret { env: Field::Absent, file: Field::Absent } => {
                let remedy = "{ env: NAME } or { file: /path }";
                self.problems.add(section, "nothing says where the secret is kept", remedy);
            }
            RawSecret { env: Field::Given(mark, name), file: Field::Absent } => {
                let source = SecretSource::from_env(&name, self.surroundings.env);
                return source.map_err(|error| self.refuse(mark, &name, error)).ok();
            }
            RawSecret { env: Field::Absent, file: Field::Given(mark, path) } => {
                let path = self.path(&path);
                let source = SecretSource::from_file(&path);
                return source
                    .map_err(|error| {
                        // Once it can be read, the configuration is worth another try.
                        self.files.push(ReadFile::read(path).0);
                        // The path is not repeated: some put the key itself there.
                        self.problems.add(mark, error.to_string(), error.remedy());
                    })
                    .ok();
            }
            RawSecret { env: Field::Given(..), file: Field::Given(mark, _) } => {
                self.problems.add(mark, "`env` and `file` both name the secret", "one of the two");
            }
            _ => {}
        }
        None
    }

    /// Refuses the secret in an environment variable. Its name is repeated only where it cannot be
    /// the key itself: keys are not all capitals.
    fn refuse(&mut self, mark: Mark, name: &str, error: SecretError) {
        let capitals =
            |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
        let what = if name.bytes().all(capitals) {
            format!("`{name}`: {error}")
        } else {
            error.to_string()
        };
        self.problems.add(mark, what, error.remedy());
    }

    fn timeouts(&mut self, raw: Field<RawTimeouts>) -> Timeouts {
        let default = Timeouts {
            connect: Duration::from_secs(5),
            first_byte: Duration::from_secs(600),
            idle: Duration::from_secs(300),
        };
        let Some(RawTimeouts { connect, first_byte, idle }) = raw.value() else { return default };
        Timeouts {
            connect: connect.or(default.connect),
            first_byte: first_byte.or(default.first_byte),
            idle: idle.or(default.idle),
        }
    }
}

/// In which schemas a backend can be asked. Hosts that are compatible with OpenAI have Chat; that
/// one has Responses, too, must be said.
fn spoken(schema: Schema, api: Option<Api>, legacy: bool, origin: &Origin) -> Vec<Schema> {
    if schema != Schema::Chat {
        return vec![schema];
    }
    let own = origin.host == "api.openai.com" || origin.host.ends_with(".api.openai.com");
    match api.unwrap_or(if own && !legacy { Api::Both } else { Api::Chat }) {
        Api::Chat => vec![Schema::Chat],
        Api::Responses => vec![Schema::Responses],
        Api::Both => vec![Schema::Chat, Schema::Responses],
    }
}

/// The same for the same trust, on every machine and in every version: it partitions the pool of
/// connections, which Pingora itself does not do by CA (S-56).
fn group_key(name: &str, origin: &Origin, tls: Option<&TlsPolicy>) -> u64 {
    let mut hash = Sha256::new();
    let mut part = |bytes: &[u8]| {
        hash.update(u64::try_from(bytes.len()).unwrap_or(u64::MAX).to_le_bytes());
        hash.update(bytes);
    };
    part(name.as_bytes());
    part(origin.host.as_bytes());
    part(&origin.port.to_le_bytes());
    match tls {
        None => part(b"plaintext"),
        Some(TlsPolicy { sni, ca, identity }) => {
            part(b"tls");
            part(sni.as_bytes());
            part(if ca.is_some() { b"ca" } else { b"system" });
            for certificate in ca.iter().flat_map(|ca| ca.iter()) {
                part(certificate);
            }
            part(b"identity");
            // The key belongs to the certificate; that is checked.
            if let Some(identity) = identity {
                identity.chain.iter().for_each(|certificate| part(certificate));
            }
        }
    }
    hash.finalize().iter().take(8).fold(0, |key, byte| key << 8 | u64::from(*byte))
}
