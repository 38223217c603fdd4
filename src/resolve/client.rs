//! Asking name servers.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::future::{Either, join_all, select};
use hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolveHosts, ResolverConfig};
use hickory_resolver::lookup::Lookup;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::proto::dnssec::{Proof, TrustAnchors};
use hickory_resolver::proto::op::Query;
use hickory_resolver::proto::rr::{Name, RData, RecordType};
use hickory_resolver::proto::serialize::txt::ParseError;
use hickory_resolver::proto::serialize::txt::trust_anchor::Parser;
use hickory_resolver::system_conf::read_system_conf;
use hickory_resolver::{Hosts, TlsConfig, TokioResolver};
use tokio::time::timeout;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use super::failure::Failure;
use super::settings::{Dnssec, Family, NamePattern, Server, Settings, Transport, is_localhost};
use super::vet::{Refused, vet};

/// Most addresses of a name that are used.
const MOST: usize = 16;
/// Most that are looked at.
const MOST_SEEN: usize = 64;
/// Most aliases on the way from a name to its addresses.
const ALIASES: usize = 16;
/// How long the addresses of one family are waited for once the other's are there: some servers
/// never answer one of the two questions.
const GRACE: Duration = Duration::from_millis(500);

/// What is known of a name now.
#[derive(Debug)]
pub(super) struct Outcome {
    /// Its addresses.
    pub found: Result<Found, Failure>,
    /// Addresses that it has and that may not be used.
    pub refused: Vec<Refused>,
}

/// The addresses of a name.
#[derive(Debug)]
pub(super) struct Found {
    /// At least one.
    pub addresses: Vec<IpAddr>,
    /// How long they are good for, as the name's owner says.
    pub ttl: Duration,
}

/// Asks name servers as the settings say.
pub(super) struct Client {
    servers: Vec<TokioResolver>,
    /// The one that answered last is asked first.
    first: AtomicUsize,
    hosts: Hosts,
    settings: Arc<Settings>,
}

impl Client {
    /// Who asks as these settings say; what can't be had is logged, and its questions fail.
    pub(super) fn new(settings: Arc<Settings>) -> Self {
        let (servers, hosts) = match &settings.servers {
            Some(servers) => (servers.iter().map(name_server).collect(), Hosts::default()),
            None => {
                let read = read_system_conf().map(|(config, _)| config.name_servers);
                let servers = read.unwrap_or_else(|error| {
                    log::error!("the system's name servers can't be read: {error}");
                    Vec::new()
                });
                (servers, Hosts::from_system().unwrap_or_default())
            }
        };
        let resolvers = servers.into_iter().filter_map(|server| {
            let resolver = resolver(server, &settings);
            resolver.inspect_err(|why| log::error!("a name server can't be used: {why}")).ok()
        });
        Self { servers: resolvers.collect(), first: AtomicUsize::new(0), hosts, settings }
    }

    /// The addresses of a name that a backend with this stance may have.
    pub(super) async fn find(&self, host: &str, allow_private: bool) -> Outcome {
        let mut refused = Vec::new();
        let found = self.search(host, allow_private, &mut refused).await;
        Outcome { found, refused }
    }

    async fn search(
        &self,
        host: &str,
        allow_private: bool,
        refused: &mut Vec<Refused>,
    ) -> Result<Found, Failure> {
        if !self.settings.allows(host) {
            return Err(Failure::NotAllowed);
        }
        let Found { addresses, ttl } = self.addresses(host).await?;
        let mut good = Vec::new();
        for ip in addresses.into_iter().take(MOST_SEEN) {
            match vet(ip, host, allow_private) {
                Ok(()) if good.contains(&ip) => {}
                Ok(()) => good.push(ip),
                Err(why) => refused.push(why),
            }
        }
        if good.is_empty() {
            return Err(Failure::Refused);
        }
        good.truncate(MOST);
        if let Some(within) = self.settings.within(host) {
            let checks = good.iter().map(|ip| self.is_within(*ip, within));
            let mut passed = join_all(checks).await.into_iter();
            good.retain(|_| passed.next() == Some(true));
            if good.is_empty() {
                return Err(Failure::Misnamed);
            }
        }
        Ok(Found { addresses: good, ttl })
    }

    /// All that a name has.
    async fn addresses(&self, host: &str) -> Result<Found, Failure> {
        let name = absolute(host)?;
        let listed = self.listed(&name);
        if !listed.is_empty() {
            return Ok(Found { addresses: listed, ttl: Duration::MAX });
        }
        if is_localhost(host) {
            let both: [IpAddr; 2] = [Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()];
            return Ok(Found { addresses: both.into(), ttl: Duration::MAX });
        }
        match self.settings.family {
            Family::V4 => self.records(&name, RecordType::A).await,
            Family::V6 => self.records(&name, RecordType::AAAA).await,
            Family::Both => self.both(&name).await,
        }
    }

    /// What the hosts file says of a name.
    fn listed(&self, name: &Name) -> Vec<IpAddr> {
        let both = [RecordType::A, RecordType::AAAA].into_iter();
        let found = both
            .filter_map(|kind| self.hosts.lookup_static_host(&Query::query(name.clone(), kind)));
        found.flat_map(|found| found.answers().to_vec()).filter_map(|r| r.data.ip_addr()).collect()
    }

    /// IPv6 and IPv4 by turns, so that a family that does not work costs one attempt, not all.
    async fn both(&self, name: &Name) -> Result<Found, Failure> {
        let four = pin!(self.records(name, RecordType::A));
        let six = pin!(self.records(name, RecordType::AAAA));
        let late = |_| Err(Failure::Timeout);
        let (four, six) = match select(four, six).await {
            Either::Left((Ok(four), six)) => {
                (Ok(four), timeout(GRACE, six).await.unwrap_or_else(late))
            }
            Either::Right((Ok(six), four)) => {
                (timeout(GRACE, four).await.unwrap_or_else(late), Ok(six))
            }
            Either::Left((four, six)) => (four, six.await),
            Either::Right((six, four)) => (four.await, six),
        };
        match (four, six) {
            (Ok(four), Ok(six)) => Ok(Found {
                addresses: interleave(six.addresses, four.addresses),
                ttl: four.ttl.min(six.ttl),
            }),
            (Ok(found), Err(_)) | (Err(_), Ok(found)) => Ok(found),
            (Err(four), Err(six)) => Err(four.or(six)),
        }
    }

    /// The addresses of one family.
    async fn records(&self, name: &Name, kind: RecordType) -> Result<Found, Failure> {
        let answer = self.ask(name, kind).await?;
        self.read(&answer, name, |data| data.ip_addr())
            .map(|(addresses, ttl)| Found { addresses, ttl: Duration::from_secs(ttl.into()) })
    }

    /// What an answer says of a name, along its aliases, and of no other; and how long that is good
    /// for, in seconds.
    fn read<T>(
        &self,
        answer: &Lookup,
        name: &Name,
        data: impl Fn(&RData) -> Option<T>,
    ) -> Result<(Vec<T>, u32), Failure> {
        let (mut name, mut ttl, mut found) = (name, u32::MAX, Vec::new());
        for _ in 0..ALIASES {
            let alias = answer.answers().iter().find_map(|record| match &record.data {
                RData::CNAME(target) if record.name == *name => Some((record, target)),
                _ => None,
            });
            let Some((record, target)) = alias else { break };
            self.trust(record.proof)?;
            ttl = ttl.min(record.ttl);
            name = target;
        }
        for record in answer.answers().iter().filter(|record| record.name == *name) {
            if let Some(data) = data(&record.data) {
                self.trust(record.proof)?;
                ttl = ttl.min(record.ttl);
                found.push(data);
            }
        }
        if found.is_empty() { Err(Failure::NoAddress) } else { Ok((found, ttl)) }
    }

    /// Whether a record is validated as far as it must be.
    fn trust(&self, proof: Proof) -> Result<(), Failure> {
        let proved = proof.is_secure() || proof.is_insecure();
        if proved || self.settings.dnssec == Dnssec::Off { Ok(()) } else { Err(Failure::Bogus) }
    }

    /// Whether an address has a name that is one of these, and that leads back to it: whoever has an
    /// address can call it anything.
    async fn is_within(&self, ip: IpAddr, within: &[NamePattern]) -> bool {
        let reverse = Name::from(ip);
        let Ok(answer) = self.ask(&reverse, RecordType::PTR).await else { return false };
        let names = self.read(&answer, &reverse, |data| match data {
            RData::PTR(name) => Some(name.0.clone()),
            _ => None,
        });
        let kind = if ip.is_ipv4() { RecordType::A } else { RecordType::AAAA };
        for name in names.map(|(names, _)| names).unwrap_or_default().into_iter().take(MOST) {
            let text = name.to_ascii();
            let fits = within.iter().any(|pattern| pattern.fits(&text));
            if fits
                && let Ok(found) = self.records(&name, kind).await
                && found.addresses.contains(&ip)
            {
                return true;
            }
        }
        false
    }

    /// Asks one server after the other, the one that answered last first.
    async fn ask(&self, name: &Name, kind: RecordType) -> Result<Lookup, Failure> {
        let mut last = Failure::Unreachable("there is none".to_owned());
        let first = self.first.load(Ordering::Relaxed);
        for _ in 0..self.settings.attempts {
            for turn in 0..self.servers.len() {
                let at = first.wrapping_add(turn) % self.servers.len();
                let Some(server) = self.servers.get(at) else { continue };
                let asked = server.lookup(name.clone(), kind);
                let answer = match timeout(self.settings.timeout, asked).await {
                    Ok(Ok(answer)) => Ok(answer),
                    Ok(Err(error)) => Err(Failure::from(error)),
                    Err(_) => Err(Failure::Timeout),
                };
                match answer {
                    Err(failure) if !failure.is_final() => last = failure,
                    answer => {
                        self.first.store(at, Ordering::Relaxed);
                        return answer;
                    }
                }
            }
        }
        Err(last)
    }
}

/// A name as it is written, never with a domain of the system's behind it.
fn absolute(host: &str) -> Result<Name, Failure> {
    let mut name = Name::from_ascii(host).map_err(|error| Failure::Malformed(error.to_string()))?;
    name.set_fqdn(true);
    Ok(name)
}

fn interleave(six: Vec<IpAddr>, four: Vec<IpAddr>) -> Vec<IpAddr> {
    let mut both = Vec::with_capacity(six.len() + four.len());
    let (mut six, mut four) = (six.into_iter(), four.into_iter());
    loop {
        let (a, b) = (six.next(), four.next());
        if a.is_none() && b.is_none() {
            return both;
        }
        both.extend(a);
        both.extend(b);
    }
}

fn name_server(server: &Server) -> NameServerConfig {
    let Server { address, transport } = server;
    let connections = match transport {
        Transport::Udp => vec![ConnectionConfig::udp(), ConnectionConfig::tcp()],
        Transport::Tcp => vec![ConnectionConfig::tcp()],
        Transport::Tls(name) => vec![ConnectionConfig::tls(name.as_str().into())],
    };
    let at = |mut connection: ConnectionConfig| {
        connection.port = address.port();
        connection
    };
    NameServerConfig::new(address.ip(), true, connections.into_iter().map(at).collect())
}

/// One for each server: several in one would let the first that answers decide, also if it says
/// that it failed.
fn resolver(server: NameServerConfig, settings: &Settings) -> Result<TokioResolver, String> {
    let config = ResolverConfig::from_name_servers(vec![server]);
    let mut builder = TokioResolver::builder_with_config(config, TokioRuntimeProvider::default())
        .with_tls_config(tls(settings)?);
    let options = builder.options_mut();
    options.timeout = settings.timeout;
    // Asking again, remembering and the hosts file are ours.
    options.attempts = 0;
    options.cache_size = 0;
    options.use_hosts_file = ResolveHosts::Never;
    let anchors = match &settings.dnssec {
        Dnssec::Off => None,
        Dnssec::Root => Some(TrustAnchors::default()),
        Dnssec::Anchors(text) => Some(anchors(text)?),
    };
    if let Some(anchors) = anchors {
        builder = builder.with_trust_anchor(Arc::new(anchors));
    }
    builder.build().map_err(|error| error.to_string())
}

/// Trust anchors from the text of a file of DNSKEY records.
///
/// # Errors
///
/// In words: it holds none, or something else.
pub fn anchors(text: &str) -> Result<TrustAnchors, String> {
    let keys = Parser::new(text).parse().map_err(|error| error.to_string())?;
    if keys.is_empty() {
        return Err("it holds no keys".to_owned());
    }
    text.parse().map_err(|error: ParseError| error.to_string())
}

fn tls(settings: &Settings) -> Result<ClientConfig, String> {
    let secure = |server: &Server| matches!(server.transport, Transport::Tls(_));
    let wanted = settings.servers.iter().flatten().any(secure);
    let mut roots = RootCertStore::empty();
    match &settings.ca {
        None if wanted => {
            let system = TlsConfig::new().map_err(|error| error.to_string())?;
            return Ok(system.config);
        }
        None => {}
        Some(ca) => {
            for certificate in ca {
                let added = roots.add(CertificateDer::from_slice(certificate));
                added.map_err(|error| error.to_string())?;
            }
        }
    }
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let builder = builder.with_safe_default_protocol_versions();
    let builder = builder.map_err(|error| error.to_string())?;
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}
