//! How a backend proves who it is, and we to it (`egress.md` E4, E5).
//!
//! [`Trusts`] holds one [`Trust`] for each policy, for as long as a configuration has the policy:
//! TLS sessions can be resumed across reloads. What a policy comes to at a moment is its
//! [`Generation`], which ends when a revocation list changes or goes out of date, when the system's
//! CA certificates change, and after a day.
//! rustls does not look at certificates again when a session is resumed, so each generation has
//! sessions of its own; and a number of its own, which belongs into the key of the pool of
//! connections (S-56).

mod anchors;
mod chain;
mod client;
mod lists;
mod refusal;
mod server;
mod source;
mod system;
mod trusts;

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use tokio_rustls::rustls::client::Resumption;
use tokio_rustls::rustls::crypto::{CryptoProvider, ring};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use tokio_rustls::rustls::version::{TLS12, TLS13};
use tokio_rustls::rustls::{self, ClientConfig, SupportedProtocolVersion};

pub use client::client_verifier;
pub use refusal::{Refusal, explain};
pub use trusts::{ListsState, Trusts};

use crate::snapshot::{ClientIdentity, HttpVersions, RevocationList, Stale, TlsPolicy, TlsVersion};
use anchors::Authorities;
use chain::{Chain, Revoked};
use server::ServerVerifier;
use source::Source;

/// How many sessions are kept for resumption; each is used once under TLS 1.3.
const SESSIONS: usize = 32;

/// How long sessions are resumed, in seconds: nobody looks meanwhile whether the certificate has
/// expired. A full handshake a day costs nothing.
const LONGEST: i64 = 24 * 60 * 60;

/// What a policy comes to: how connections to a backend are verified, and what they show.
pub struct Trust {
    policy: TlsPolicy,
    server_name: ServerName<'static>,
    authorities: Authorities,
    sources: Vec<Arc<Source>>,
    /// All but the verifier and the sessions.
    template: ClientConfig,
    current: ArcSwap<Generation>,
    /// Held while the next generation is made.
    making: Mutex<()>,
}

/// A [`Trust`] between two changes of what it goes by.
pub struct Generation {
    /// No two generations in this process have the same. A connection that was made under one must
    /// not be used under another.
    pub version: u64,
    auto: Arc<ClientConfig>,
    h1: Arc<ClientConfig>,
    h2: Arc<ClientConfig>,
    /// What it goes by: see [`Trust::basis`].
    basis: u64,
    /// When it ends in any case, in seconds since 1970.
    until: i64,
}

impl Generation {
    /// How to make a connection for these versions of HTTP.
    #[must_use]
    pub const fn client_config(&self, http: HttpVersions) -> &Arc<ClientConfig> {
        match http {
            HttpVersions::Auto => &self.auto,
            HttpVersions::H1 => &self.h1,
            HttpVersions::H2 => &self.h2,
        }
    }
}

impl Trust {
    fn new(
        policy: &TlsPolicy,
        authorities: Authorities,
        sources: Vec<Arc<Source>>,
    ) -> Result<Self, rustls::Error> {
        let server_name = ServerName::try_from(policy.sni.clone());
        let server_name = server_name
            .map_err(|_| rustls::Error::General("the server name is none".to_owned()))?;
        let template = template(policy)?;
        let first = ArcSwap::from_pointee(Generation {
            version: 0,
            auto: Arc::new(template.clone()),
            h1: Arc::new(template.clone()),
            h2: Arc::new(template.clone()),
            basis: 0,
            until: i64::MIN,
        });
        let policy = policy.clone();
        let making = Mutex::new(());
        let trust =
            Self { policy, server_name, authorities, sources, template, current: first, making };
        trust.current.store(Arc::new(trust.make(trust.basis(), now())));
        Ok(trust)
    }

    /// What is asked for (SNI): the name for the handshake.
    #[must_use]
    pub fn server_name(&self) -> ServerName<'static> {
        self.server_name.clone()
    }

    /// What holds now. Take it once for a connection: its version and its configuration belong
    /// together.
    #[must_use]
    pub fn current(&self) -> Arc<Generation> {
        let current = self.current.load();
        if self.holds(&current) {
            return Arc::clone(&current);
        }
        let _one = self.making.lock().unwrap_or_else(PoisonError::into_inner);
        let current = self.current.load();
        if self.holds(&current) {
            return Arc::clone(&current);
        }
        // Read before what it stands for: what changes in between makes the next generation.
        let next = Arc::new(self.make(self.basis(), now()));
        self.current.store(Arc::clone(&next));
        next
    }

    /// Waits until every list that is fetched has been asked for once, at most so long. Before, the
    /// lists of a new policy are missing, and connections are refused for want of them.
    pub async fn ready(&self, patience: Duration) {
        let asked = async {
            for source in &self.sources {
                source.asked().await;
            }
        };
        // Without an answer, the handshake says what is missing.
        let _ = tokio::time::timeout(patience, asked).await;
    }

    fn holds(&self, generation: &Generation) -> bool {
        let Generation { basis, until, .. } = *generation;
        basis == self.basis() && lasts(until, now())
    }

    /// Changes with each list that is fetched and is another than before, and with the CAs.
    fn basis(&self) -> u64 {
        let lists: u64 = self.sources.iter().map(|source| source.revision()).sum();
        lists + self.authorities.revision()
    }

    /// The lists that it goes by, from files and as places have them; of those with the same scope
    /// the newest.
    fn lists(&self) -> Vec<Arc<RevocationList>> {
        let Some(revocation) = &self.policy.revocation else { return Vec::new() };
        let mut lists = revocation.lists.clone();
        self.sources.iter().for_each(|source| lists.extend(source.held().present().cloned()));
        RevocationList::keep_newest(&mut lists);
        lists
    }

    /// When each list goes out of date, also of those that their places have no more.
    fn ends(&self) -> Vec<i64> {
        let files = self.policy.revocation.iter().flat_map(|revocation| &revocation.lists);
        let mut ends: Vec<i64> = files.map(|list| list.next_update()).collect();
        for source in &self.sources {
            ends.extend(source.held().all().map(|list| list.next_update()));
        }
        ends
    }

    fn make(&self, basis: u64, now: i64) -> Generation {
        static VERSIONS: AtomicU64 = AtomicU64::new(1);
        let revoked = self.policy.revocation.as_ref();
        let first = self.lists().iter().map(|list| list.next_update()).min();
        if let Some(end) = first.filter(|end| *end <= now) {
            let name = self.server_name.to_str();
            let since = jiff::Timestamp::from_second(end).unwrap_or_default();
            log::warn!("a revocation list for {name} has been out of date since {since}");
        }
        let refuses = revoked.is_some_and(|revocation| revocation.stale == Stale::Refuse);
        let ends = if refuses { self.ends() } else { Vec::new() };
        let chain = Chain {
            anchors: self.authorities.anchors(),
            revoked: revoked.map(|revocation| Revoked {
                files: revocation.lists.clone(),
                sources: self.sources.clone(),
                stale: revocation.stale,
                depth: revocation.depth,
            }),
            pins: self.policy.pins.clone(),
        };
        let verifier = Arc::new(ServerVerifier { chain, sans: self.policy.sans.clone() });
        let sessions = Resumption::in_memory_sessions(SESSIONS);
        let config = |protocols: &[&[u8]]| {
            let mut config = self.template.clone();
            config.dangerous().set_certificate_verifier(Arc::clone(&verifier) as _);
            config.resumption = sessions.clone();
            config.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
            Arc::new(config)
        };
        Generation {
            version: VERSIONS.fetch_add(1, Ordering::Relaxed),
            auto: config(&[b"h2", b"http/1.1"]),
            h1: config(&[b"http/1.1"]),
            h2: config(&[b"h2"]),
            basis,
            until: until(now, ends.into_iter()),
        }
    }
}

impl fmt::Debug for Trust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Trust").field("policy", &self.policy).finish_non_exhaustive()
    }
}

impl fmt::Debug for Generation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Generation").field("version", &self.version).finish_non_exhaustive()
    }
}

/// When what holds now ends: with the next of these moments, or a day from now.
fn until(now: i64, ends: impl Iterator<Item = i64>) -> i64 {
    ends.filter(|end| *end > now).fold(now.saturating_add(LONGEST), i64::min)
}

/// Whether what ends then is in force. Not if it was made by a clock that was ahead.
const fn lasts(until: i64, now: i64) -> bool {
    until.saturating_sub(LONGEST) <= now && now < until
}

fn template(policy: &TlsPolicy) -> Result<ClientConfig, rustls::Error> {
    let versions: &[&'static SupportedProtocolVersion] = match policy.min_version {
        TlsVersion::V1_2 => &[&TLS13, &TLS12],
        TlsVersion::V1_3 => &[&TLS13],
    };
    // `make` puts its own in its place; until then nothing is trusted.
    let nothing = ServerVerifier { chain: Chain::default(), sans: Vec::new() };
    let builder = ClientConfig::builder_with_provider(Arc::new(provider()))
        .with_protocol_versions(versions)?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(nothing));
    let Some(ClientIdentity { chain, key }) = policy.identity.as_deref() else {
        return Ok(builder.with_no_client_auth());
    };
    let chain = chain.iter().map(|der| CertificateDer::from(der.clone())).collect();
    let key = PrivateKeyDer::try_from(key.expose().to_vec());
    let key = key.map_err(|why| rustls::Error::General(why.to_owned()))?;
    builder.with_client_auth_cert(chain, key)
}

fn provider() -> CryptoProvider {
    ring::default_provider()
}

/// Seconds since 1970.
fn now() -> i64 {
    i64::try_from(UnixTime::now().as_secs()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests;
