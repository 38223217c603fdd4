//! Connections to backends: out of a pool, or made anew.
//!
//! Pingora's pools, sessions and h2, on connections of our own. Its own connector can't verify
//! names, revocation or pins as a backend may ask for, never takes a TLS session up again where
//! there is a private CA, tries one address after the other, and knows no HTTP proxies.

mod dial;
mod lease;
mod peer;
mod race;
mod stream;
mod tls;
mod tunnel;
mod unreached;

use std::net::SocketAddr;
use std::os::fd::{AsRawFd, RawFd};
use std::sync::Arc;
use std::time::Duration;

use pingora::connectors::ConnectorOptions;
use pingora::connectors::http::v2::{self, H2HandshakeSettings};
use pingora::protocols::http::client::HttpSession;
use pingora::protocols::http::v1::client::HttpSession as H1Session;
use pingora::protocols::http::v2::client::Http2Session;
use pingora::protocols::{ALPN, Stream};
use tokio::io::{AsyncRead, AsyncWrite, BufReader};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};

pub use lease::Lease;
pub use peer::Peer;
pub use unreached::Unreached;

use crate::resolve::Resolver;
use crate::snapshot::{Backend, Hop, HttpVersions};
use crate::trust::Trusts;
use peer::Peers;
use race::Race;
use stream::Transport;
use tls::{Trusted, Verified, Verifier, Version};
use unreached::AtProxy;

/// Most addresses of one host that are tried.
const ADDRESSES: usize = 6;
/// Most unused connections that are kept, over all backends.
const POOL: usize = 1024;
/// How much is read from a socket at once: some TLS records. Pages that nothing is read into cost
/// nothing.
const BUFFER: usize = 64 * 1024;
/// Most streams on one h2 connection.
const H2_STREAMS: usize = 100;
/// How often an h2 connection is asked whether it is still there. One that a firewall has dropped
/// in silence would otherwise take every request until the kernel gives it up, a quarter of an
/// hour later.
const H2_PING: Duration = Duration::from_secs(20);
/// Most h2 connections out of the pool that may turn out to be dead, one after the other.
const DEAD: usize = 4;

/// A connection to a backend, or a stream on one.
pub struct Connection {
    /// What is sent and read on.
    pub line: Line,
    /// Where it leads to.
    pub peer: Arc<Peer>,
    /// Whether it was there before.
    pub reused: bool,
}

/// What is sent and read on.
pub enum Line {
    /// An HTTP/1.1 connection; [`Connector::lease`] makes a session of it.
    H1(Stream),
    /// A stream on an h2 connection.
    H2(Lease),
}

/// Makes connections, and keeps those that can be used again.
pub struct Connector {
    /// Of h2, and in its `transport` of HTTP/1.1.
    pools: Arc<v2::Connector>,
    peers: Peers,
    resolver: Arc<Resolver>,
    trusts: Arc<Trusts>,
}

impl Connector {
    /// One that finds backends by this resolver, and verifies them by these.
    #[must_use]
    pub fn new(resolver: Arc<Resolver>, trusts: Arc<Trusts>) -> Self {
        Self {
            pools: Arc::new(v2::Connector::new(Some(ConnectorOptions::new(POOL)))),
            peers: Peers::default(),
            resolver,
            trusts,
        }
    }

    /// A connection to a backend, within its connect timeout: one that is there, unless `anew`, or
    /// else a new one.
    ///
    /// # Errors
    ///
    /// None is to be had.
    pub async fn connect(&self, backend: &Backend, anew: bool) -> Result<Connection, Unreached> {
        let deadline = Instant::now() + backend.timeouts.connect;
        let Hop { host, port } = backend.hop();
        let found = self.resolver.addresses(host, backend.timeouts.connect).await;
        let addresses = found.iter().take(ADDRESSES).map(|ip| SocketAddr::new(*ip, port));
        let trusted = Trusted::of(backend, &self.trusts).map_err(Unreached::Unusable)?;
        let version = trusted.now().version();
        if !anew && let Some(found) = self.pooled(backend, addresses.clone(), version).await {
            return Ok(found);
        }
        let addresses: Vec<_> = addresses.collect();
        if addresses.is_empty() {
            let why = Unreached::nowhere(self.resolver.failure(host));
            return Err(if backend.proxy.is_some() { why.at_proxy() } else { why });
        }
        // Boxed: it takes kilobytes of state, which a stream would hold on to.
        let made = Box::pin(self.open(backend, &addresses, &trusted, deadline));
        let made = timeout_at(deadline, made);
        made.await.unwrap_or(Err(Unreached::Late))
    }

    /// A session on an HTTP/1.1 connection.
    pub fn lease(&self, stream: Stream, peer: Arc<Peer>) -> Lease {
        Lease::new(HttpSession::H1(H1Session::new(stream)), peer, self.pools.clone())
    }

    /// The same of a stream on an h2 connection.
    fn lease_stream(&self, stream: Http2Session, peer: &Arc<Peer>) -> Lease {
        Lease::new(HttpSession::H2(stream), peer.clone(), self.pools.clone())
    }

    /// Forgets backends that are gone; `keep` is asked for the group key of each.
    pub fn retain(&self, keep: impl Fn(u64) -> bool) {
        self.peers.retain(keep);
    }

    /// A connection that is there. To have been reached at any of the addresses is enough.
    async fn pooled(
        &self,
        backend: &Backend,
        addresses: impl Iterator<Item = SocketAddr> + Clone,
        version: Version,
    ) -> Option<Connection> {
        let last = self.peers.last(backend, addresses.clone(), version);
        if let Some(peer) = &last
            && let Some(line) = self.reuse(backend, peer).await
        {
            return Some(Connection { line, peer: peer.clone(), reused: true });
        }
        for address in addresses {
            if last.as_ref().is_some_and(|last| last.is_at(address)) {
                continue;
            }
            let peer = self.peers.at(backend, address, version);
            if let Some(line) = self.reuse(backend, &peer).await {
                self.peers.reached(backend, &peer);
                return Some(Connection { line, peer, reused: true });
            }
        }
        None
    }

    async fn reuse(&self, backend: &Backend, peer: &Arc<Peer>) -> Option<Line> {
        let versions = peer.versions(backend);
        if versions != HttpVersions::H1 {
            for _ in 0..DEAD {
                match self.pools.reused_http_session(&**peer).await {
                    Ok(Some(stream)) => return Some(Line::H2(self.lease_stream(stream, peer))),
                    Ok(None) => break,
                    Err(error) => log::debug!("backend {} at {peer}: {error}", backend.name),
                }
            }
        }
        if versions != HttpVersions::H2 {
            return self.pools.transport().reused_stream(&**peer).await.map(Line::H1);
        }
        None
    }

    /// A new connection at the first of the addresses where all goes well.
    async fn open(
        &self,
        backend: &Backend,
        addresses: &[SocketAddr],
        trusted: &Trusted,
        deadline: Instant,
    ) -> Result<Connection, Unreached> {
        // Where a list does not come, there is time left for a backend that is trusted without it.
        trusted.ready(deadline.saturating_duration_since(Instant::now()) / 2).await;
        let mut race = Race::new(addresses, |address| dial::tcp(backend, address));
        let mut last = None;
        loop {
            let (address, tcp) = match race.winner().await {
                Ok(won) => won,
                Err(failed) => {
                    // There is one: of no addresses none was dialled.
                    let why = last.or(failed).unwrap_or(Unreached::Late);
                    return Err(if backend.proxy.is_some() { why.at_proxy() } else { why });
                }
            };
            let verified = trusted.now();
            let peer = self.peers.at(backend, address, verified.version());
            // Who accepts and then says nothing leaves some time to the others.
            let now = Instant::now();
            let left = deadline.saturating_duration_since(now);
            let until = if race.goes_on() { now + left / 2 } else { deadline };
            match timeout_at(until, self.establish(backend, &peer, &verified, tcp)).await {
                Ok(Ok(line)) => {
                    self.peers.reached(backend, &peer);
                    return Ok(Connection { line, peer, reused: false });
                }
                Ok(Err(why)) => {
                    log::debug!("backend {} at {peer}: {why:?}", backend.name);
                    if why.is_final() {
                        return Err(why);
                    }
                    last = Some(why);
                }
                Err(_) => last = Some(Unreached::Late),
            }
        }
    }

    /// What a request can be sent on, on top of TCP.
    async fn establish(
        &self,
        backend: &Backend,
        peer: &Arc<Peer>,
        verified: &Verified<'_>,
        tcp: TcpStream,
    ) -> Result<Line, Unreached> {
        let socket = tcp.as_raw_fd();
        let mut stream = BufReader::with_capacity(BUFFER, tcp);
        let end = verified.backend.as_ref();
        let Some(proxy) = &backend.proxy else {
            return self.secure(backend, peer, end, socket, stream).await;
        };
        let (origin, credential) = (&backend.origin, proxy.credential.as_ref());
        if let Some(verifier) = &verified.proxy {
            let stream = verifier.handshake(HttpVersions::H1, stream).await;
            let mut stream = stream.map_err(AtProxy::Unproven).map_err(Unreached::Proxy)?;
            tunnel::open(&mut stream, origin, credential).await.map_err(Unreached::Proxy)?;
            self.secure(backend, peer, end, socket, stream).await
        } else {
            tunnel::open(&mut stream, origin, credential).await.map_err(Unreached::Proxy)?;
            self.secure(backend, peer, end, socket, stream).await
        }
    }

    /// What a request can be sent on, on top of what leads to the backend.
    async fn secure<S: Wire>(
        &self,
        backend: &Backend,
        peer: &Arc<Peer>,
        verifier: Option<&Verifier<'_>>,
        socket: RawFd,
        stream: S,
    ) -> Result<Line, Unreached> {
        let Some(verifier) = verifier else {
            log::debug!("backend {} at {peer}: connected, without TLS", backend.name);
            return Ok(Line::H1(Box::new(Transport::new(stream, socket, None))));
        };
        let versions = peer.versions(backend);
        let stream = verifier.handshake(versions, stream).await.map_err(Unreached::Unproven)?;
        let alpn = tls::chosen(&stream);
        let how = if tls::resumed(&stream) { "resumed" } else { "full" };
        log::debug!("backend {} at {peer}: connected, TLS handshake {how}", backend.name);
        let h2 = alpn == Some(ALPN::H2);
        if versions == HttpVersions::H2 && !h2 {
            return Err(Unreached::NoH2);
        }
        let stream: Stream = Box::new(Transport::new(stream, socket, alpn));
        if h2 { self.multiplex(peer, stream).await } else { Ok(Line::H1(stream)) }
    }

    /// The first stream on a new h2 connection; the others are for whoever comes.
    async fn multiplex(&self, peer: &Arc<Peer>, stream: Stream) -> Result<Line, Unreached> {
        let mut settings = H2HandshakeSettings::new();
        settings.max_streams = H2_STREAMS;
        settings.ping_interval = Some(H2_PING);
        let connection = v2::handshake(stream, settings).await.map_err(Unreached::Broken)?;
        let stream = connection.spawn_stream().await.map_err(Unreached::Broken)?;
        let stream = stream.ok_or(Unreached::NoStream)?;
        if connection.more_streams_allowed() {
            self.pools.in_use_pool().insert(peer.key(), connection);
        }
        Ok(Line::H2(self.lease_stream(stream, peer)))
    }
}

/// Bytes both ways.
trait Wire: AsyncRead + AsyncWrite + Unpin + Send + Sync + 'static {}

impl<S: AsyncRead + AsyncWrite + Unpin + Send + Sync + 'static> Wire for S {}
