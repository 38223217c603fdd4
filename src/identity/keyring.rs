//! The keys of one issuer: where they come from, and how new ones get in while Egret runs.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use http::Uri;
use serde::Deserialize;
use tokio::sync::watch;
use tokio::time::Instant;

use super::jwk::Jwks;
use super::server::Server;

/// Longest key set, and longest discovery document. Real ones have a few KiB.
const LONGEST: usize = 1 << 20;
/// Least time between the beginnings of two fetches, whoever asks for them.
const SPACING: Duration = Duration::from_secs(5);
/// How long a caller waits for keys that are being fetched.
const PATIENCE: Duration = Duration::from_secs(5);
/// How often it is looked whether a fetch is due.
const LOOK: Duration = Duration::from_millis(100);

/// Where keys come from.
#[derive(Debug)]
pub enum KeySource {
    /// A file, which is part of the configuration.
    File(Vec<u8>),
    /// A URL.
    Url {
        /// Where the key set is.
        url: String,
        /// How it is asked for.
        server: Server,
        /// How often.
        refresh: Duration,
    },
    /// Wherever the issuer's own metadata say (OpenID Connect Discovery §4).
    Discovery {
        /// The issuer, which its metadata have to name.
        issuer: String,
        /// How it is asked.
        server: Server,
        /// How often.
        refresh: Duration,
    },
}

/// The keys of one issuer.
pub struct Keyring {
    source: KeySource,
    /// What the issuer is called here.
    name: String,
    /// Distinguishes sources: a reload keeps the keys of those that stay the same.
    fingerprint: [u8; 32],
    keys: ArcSwapOption<Jwks>,
    /// Grows whenever the keys are others.
    version: AtomicU64,
    /// Someone has a token whose key is not known.
    wanted: AtomicBool,
    /// Counts the fetches that have ended.
    ended: watch::Sender<u64>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    begun: Option<Instant>,
    fetching: bool,
    succeeded: Option<Instant>,
    failing: bool,
    content: Vec<u8>,
    fetches: u64,
    failures: u64,
}

/// How the keys of an issuer are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyStatus {
    /// How long ago they were fetched; `None`: never, or they are in a file.
    pub age: Option<Duration>,
    /// Fetches that ended well.
    pub fetches: u64,
    /// Fetches that failed.
    pub failures: u64,
}

impl fmt::Debug for Keyring {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Keyring").field("name", &self.name).finish_non_exhaustive()
    }
}

#[derive(Deserialize)]
struct Metadata {
    issuer: String,
    jwks_uri: String,
}

impl Keyring {
    /// The keys of the issuer `name` in `source`; `fingerprint` is the same for what is the same
    /// source.
    ///
    /// # Errors
    ///
    /// In words: the file holds no keys. Those that have to be fetched are, later.
    pub fn new(source: KeySource, name: &str, fingerprint: [u8; 32]) -> Result<Self, &'static str> {
        let keys = match &source {
            KeySource::File(bytes) => Some(Arc::new(Jwks::read(bytes)?)),
            KeySource::Url { .. } | KeySource::Discovery { .. } => None,
        };
        Ok(Self {
            source,
            name: name.to_owned(),
            fingerprint,
            keys: ArcSwapOption::from(keys),
            version: AtomicU64::new(0),
            wanted: AtomicBool::new(false),
            ended: watch::Sender::new(0),
            state: Mutex::default(),
        })
    }

    /// Whether both have the same source.
    pub(super) fn same_source(&self, other: &Self) -> bool {
        self.fingerprint == other.fingerprint
    }

    /// The keys as they are now; `None`: they could not be fetched yet.
    pub(super) fn keys(&self) -> Option<Arc<Jwks>> {
        self.keys.load_full()
    }

    /// A number that changes with the keys.
    pub(super) fn version(&self) -> u64 {
        self.version.load(Ordering::Acquire)
    }

    /// How they are.
    #[must_use]
    pub fn status(&self) -> KeyStatus {
        let state = self.state();
        let age = state.succeeded.map(|at| at.elapsed());
        KeyStatus { age, fetches: state.fetches, failures: state.failures }
    }

    /// The server that is asked for them, if one is.
    pub(super) const fn server(&self) -> Option<&Server> {
        match &self.source {
            KeySource::File(_) => None,
            KeySource::Url { server, .. } | KeySource::Discovery { server, .. } => Some(server),
        }
    }

    const fn refresh(&self) -> Option<Duration> {
        match &self.source {
            KeySource::File(_) => None,
            KeySource::Url { refresh, .. } | KeySource::Discovery { refresh, .. } => Some(*refresh),
        }
    }

    /// Has the keys fetched anew and waits for that, but only if they have not been just now: a
    /// caller who makes up the names of keys has nobody asked more often.
    pub(super) async fn renewed(&self) -> bool {
        if self.refresh().is_none() {
            return false;
        }
        let mut ended = self.ended.subscribe();
        let before = *ended.borrow_and_update();
        {
            let state = self.state();
            let lately = state.begun.is_some_and(|begun| begun.elapsed() < SPACING);
            if lately && !state.fetching {
                return false;
            }
        }
        self.wanted.store(true, Ordering::Release);
        let over = ended.wait_for(|now| *now != before);
        matches!(tokio::time::timeout(PATIENCE, over).await, Ok(Ok(_)))
    }

    /// Begins a fetch if one is due.
    fn begin(&self, now: Instant) -> bool {
        let Some(refresh) = self.refresh() else { return false };
        let mut state = self.state();
        if state.fetching || state.begun.is_some_and(|begun| now - begun < SPACING) {
            return false;
        }
        let old = state.succeeded.is_none_or(|at| now - at >= refresh);
        let due = old || self.wanted.load(Ordering::Acquire);
        if due {
            self.wanted.store(false, Ordering::Release);
            state.fetching = true;
            state.begun = Some(now);
        }
        due
    }

    async fn fetch(&self) {
        let fetched = self.ask().await;
        let read = fetched.and_then(|content| match Jwks::read(&content) {
            Ok(keys) => Ok((content, keys)),
            Err(error) => Err(error.to_owned()),
        });
        let mut state = self.state();
        state.fetching = false;
        match read {
            Ok((content, keys)) => {
                if state.failing {
                    log::info!("identity {}: the keys can be fetched again", self.name);
                }
                state.failing = false;
                state.fetches += 1;
                state.succeeded = Some(Instant::now());
                if state.content != content {
                    self.keys.store(Some(Arc::new(keys)));
                    self.version.fetch_add(1, Ordering::Release);
                    state.content = content.to_vec();
                    log::info!("identity {}: new keys", self.name);
                }
            }
            Err(error) => {
                if !state.failing {
                    let kept =
                        if state.succeeded.is_some() { "; the last good ones stay" } else { "" };
                    log::warn!("identity {}: the keys can't be fetched: {error}{kept}", self.name);
                }
                state.failing = true;
                state.failures += 1;
            }
        }
        drop(state);
        self.ended.send_modify(|count| *count += 1);
    }

    async fn ask(&self) -> Result<bytes::Bytes, String> {
        match &self.source {
            KeySource::File(bytes) => Ok(bytes.clone().into()),
            KeySource::Url { url, server, .. } => server.get(url, LONGEST).await,
            KeySource::Discovery { issuer, server, .. } => {
                let url = issuer.trim_end_matches('/');
                let url = format!("{url}/.well-known/openid-configuration");
                let metadata = server.get(&url, LONGEST).await?;
                let Metadata { issuer: named, jwks_uri } = serde_json::from_slice(&metadata)
                    .map_err(|_| "its metadata can't be read".to_owned())?;
                if named != *issuer {
                    return Err("its metadata are another issuer's".to_owned());
                }
                if !jwks_uri.starts_with("https://") {
                    return Err("its metadata name keys that are not behind https://".to_owned());
                }
                // The token is for whoever the operator named, not for whom that one names.
                if same_origin(issuer, &jwks_uri) {
                    server.get(&jwks_uri, LONGEST).await
                } else {
                    server.get_of_another(&jwks_uri, LONGEST).await
                }
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether two URLs have the same scheme, host and port (RFC 6454 §5).
fn same_origin(one: &str, other: &str) -> bool {
    let origin = |url: &str| {
        let uri: Uri = url.parse().ok()?;
        let (scheme, host) = (uri.scheme_str()?.to_owned(), uri.host()?);
        // What stands before an `@` is no host; a URL that has one is nobody's.
        let port = match uri.authority()?.as_str().strip_prefix(host)? {
            "" | ":" => (scheme == "https").then_some(443),
            port => Some(port.strip_prefix(':')?.parse::<u16>().ok()?),
        };
        Some((scheme, host.to_ascii_lowercase(), port))
    };
    origin(one).is_some_and(|one| origin(other) == Some(one))
}

/// Keeps keys fresh for as long as it is polled. `current` says which are in use.
pub async fn keep_fresh(current: impl Fn() -> Vec<Arc<Keyring>>) {
    loop {
        for keyring in current() {
            if keyring.begin(Instant::now()) {
                // A server that hangs holds up nobody else's keys; the request has a deadline.
                tokio::spawn(async move { keyring.fetch().await });
            }
        }
        tokio::time::sleep(LOOK).await;
    }
}

#[cfg(test)]
mod tests {
    use super::same_origin;

    #[test]
    fn the_origin_is_all_of_scheme_host_and_port() {
        let issuer = "https://login.example/tenant";
        for (uri, same) in [
            ("https://login.example/keys", true),
            ("https://login.example", true),
            ("https://login.example:443/keys", true),
            ("HTTPS://LOGIN.Example/keys", true),
            ("https://login.example?keys", true),
            ("https://login.example:8443/keys", false),
            ("http://login.example/keys", false),
            ("http://login.example:443/keys", false),
            ("https://evil.example/login.example", false),
            ("https://login.example.evil.example/keys", false),
            ("https://evil.login.example/keys", false),
            ("https://login.example./keys", false),
            ("https://login.example@evil.example/keys", false),
            ("https://evil.example@login.example/keys", false),
            ("https://login.example:443@evil.example/keys", false),
            ("https://login.example\\@evil.example/keys", false),
            ("https://login.example\\evil.example/keys", false),
            ("https://evil.example\\login.example/keys", false),
            ("https://login.example%2eevil.example/keys", false),
            ("https://login.example:/keys", true),
            ("https://login.example:99999/keys", false),
            ("https:login.example/keys", false),
            ("https:///login.example/keys", false),
            ("//login.example/keys", false),
            ("/keys", false),
            ("", false),
        ] {
            assert_eq!(same_origin(issuer, uri), same, "{uri}");
        }
        for (one, other, same) in [
            ("https://[::1]/a", "https://[::1]:443/b", true),
            ("https://[2001:DB8::1]/a", "https://[2001:db8::1]/b", true),
            ("https://[::1]/a", "https://[::2]/b", false),
            ("https://[::1]:8443/a", "https://[::1]/b", false),
            // Not told to be the same: then nothing is shown.
            ("https://[::1]/a", "https://[0:0:0:0:0:0:0:1]/b", false),
            ("not a url", "not a url", false),
        ] {
            assert_eq!(same_origin(one, other), same, "{one} {other}");
        }
    }
}
