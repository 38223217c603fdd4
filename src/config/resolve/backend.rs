//! Backends.

use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use providers::Schema;
use providers::vendor::Vendor;
use sha2::{Digest, Sha256};

use super::origin::Location;
use super::region::has_inference_profiles;
use super::vendor::{Place, Served};
use super::{Resolver, Seen};
use crate::config::decode::{Chosen, Field, Named};
use crate::config::problem::Mark;
use crate::config::raw::{RawBackend, RawSecret, RawTimeouts};
use crate::config::suggest::suggest;
use crate::config::value::{Dialect, Plaintext, Switch};
use crate::credential::{SecretError, SecretSource};
use crate::resolve::Host;
use crate::snapshot::{
    Backend, HttpVersions, Mode, OnDisconnect, Origin, Proxy, Timeouts, TlsPolicy,
};

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
        let RawBackend {
            schema,
            vendor,
            resource,
            deployment,
            api_version,
            region,
            project,
            location,
            api,
            url,
            mode,
            allow_private,
            credential,
            tls,
            plaintext,
            http,
            timeouts,
            dialect,
            on_disconnect,
            proxy,
        } = raw;
        let own_region = region.peek().cloned();
        // Of those that need none for their host, it only says where they are.
        let takes = |vendor: &Vendor| vendor.parameters().iter().any(|p| p.name == "region");
        let is_parameter = matches!(&vendor, Field::Given(_, vendor) if takes(vendor));
        let in_url = if is_parameter { region.clone() } else { Field::Absent };
        let deployed = matches!(deployment, Field::Given(..));
        let place = Place([
            ("resource", resource),
            ("deployment", deployment),
            ("api_version", api_version),
            ("region", in_url),
            ("project", project),
            ("location", location.clone()),
        ]);
        let declared = (region, location);

        let served = self.served(section, vendor, schema);
        // The rest of the section is checked all the same.
        let known =
            served.or_else(|| Some(Served { vendor: Vendor::of(Schema::Chat)?, named: false }))?;
        let credential =
            self.credential((section, name), credential, known.vendor, own_region.as_deref());
        if let Field::Given(mark, Dialect::Legacy) = dialect
            && known.schema() != Schema::Chat
        {
            let what = "`dialect: legacy` is for OpenAI-compatible backends";
            self.problems.add(mark, what, "schema: openai, or no dialect");
        }
        self.check_api(&api, &dialect, known);
        let timeouts = self.timeouts(timeouts);
        let http = http.or(HttpVersions::Auto);
        let location = self.place(section, known, &place, url);
        let wants_tls = location.as_ref().is_none_or(|(_, _, location)| location.tls);
        if let Some((_, mark, location)) = &location {
            self.check_plaintext(*mark, location, plaintext, http);
        }
        let Switch(allow_private) = allow_private.or(Switch(false));
        if let Some((_, mark, location)) = &location {
            self.check_host(*mark, &location.origin.host, allow_private);
            self.check_own(*mark, &location.origin);
        }
        let host = location.as_ref().map(|(_, mark, place)| (*mark, &*place.origin.host));
        let (region, in_words) = declared;
        let region =
            host.and_then(|host| self.backend_region(known.vendor, &region, &in_words, host));
        let tls = self.tls(tls, wants_tls, host);
        let proxy = self.proxy(name, proxy, host.map(|(_, host)| host));

        let served = served?;
        let (paths, _, Location { origin, .. }) = location?;
        let has_inference_profiles = has_inference_profiles(served.vendor, &origin.host);
        let legacy = dialect.or(Dialect::Current) == Dialect::Legacy;
        let group_key = group_key(name, &origin, tls.as_ref(), proxy.as_ref());
        Some(Backend {
            name: name.to_owned(),
            vendor: served.vendor,
            seller: served.vendor.prices().filter(|_| served.named),
            paths,
            schema: served.schema(),
            spoken: served.spoken(api.value(), legacy, &origin),
            host: Host::new(&origin.host, allow_private),
            origin,
            mode: mode.or(Mode::default()),
            deployed,
            region,
            has_inference_profiles,
            credential: credential?,
            tls,
            timeouts,
            legacy_openai: legacy,
            http,
            on_disconnect: on_disconnect.or(Chosen(OnDisconnect::default())).0,
            proxy,
            group_key,
        })
    }

    /// A backend that is this gateway would be asked for ever. A name may be anybody's; for that
    /// there are tags, see `proxy::hops`.
    fn check_own(&mut self, mark: Mark, origin: &Origin) {
        let Ok(ip) = origin.host.parse::<IpAddr>() else { return };
        let is_here = |own: &SocketAddr| {
            own.port() == origin.port
                && (own.ip() == ip || (own.ip().is_unspecified() && ip.is_loopback()))
        };
        if self.own.iter().any(is_here) {
            let what = "this is where the gateway itself listens";
            self.problems.add(mark, what, "the URL of a provider, or of another gateway");
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
                let (written, path) = (Path::new(&path), self.path(&path));
                let source = SecretSource::from_file(&path);
                let refuse = |error| self.refuse_secret(mark, written, path, error);
                return source.map_err(refuse).ok();
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

/// The same for the same trust, on every machine and in every version: it partitions the pool of
/// connections, which Pingora itself does not do by CA (S-56).
fn group_key(name: &str, origin: &Origin, tls: Option<&TlsPolicy>, proxy: Option<&Proxy>) -> u64 {
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
        Some(tls) => {
            part(b"tls");
            part(&tls.digest());
        }
    }
    if let Some(proxy) = proxy {
        part(b"proxy");
        part(&proxy.group_key.to_le_bytes());
    }
    hash.finalize().iter().take(8).fold(0, |key, byte| key << 8 | u64::from(*byte))
}
