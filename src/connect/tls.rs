//! TLS on top of a connection.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use pingora::protocols::ALPN;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::{self, HandshakeKind};

use crate::snapshot::{Backend, HttpVersions};
use crate::trust::{Generation, Trust, Trusts};

/// What a backend and its proxy are verified by; `None`: they are spoken to without TLS.
pub(super) struct Trusted {
    backend: Option<Arc<Trust>>,
    proxy: Option<Arc<Trust>>,
}

/// What that comes to at a moment.
pub(super) struct Verified<'t> {
    pub backend: Option<Verifier<'t>>,
    pub proxy: Option<Verifier<'t>>,
}

/// What one server is verified by.
pub(super) struct Verifier<'t> {
    trust: &'t Trust,
    now: Arc<Generation>,
}

impl Trusted {
    /// What this backend is verified by, and its proxy.
    ///
    /// # Errors
    ///
    /// Its policy, or its proxy's, can't be used.
    pub(super) fn of(backend: &Backend, trusts: &Trusts) -> Result<Self, rustls::Error> {
        let of = |(key, policy): (u64, _)| trusts.of(key, policy);
        let own = backend.tls.as_ref().map(|policy| (backend.group_key, policy));
        let proxy = backend.proxy.as_ref();
        let proxy = proxy.and_then(|proxy| Some((proxy.group_key, proxy.tls.as_ref()?)));
        Ok(Self { backend: own.map(of).transpose()?, proxy: proxy.map(of).transpose()? })
    }

    /// Waits for what has to be fetched before a first connection, at most so long.
    pub(super) async fn ready(&self, patience: Duration) {
        let until = Instant::now() + patience;
        for trust in self.backend.iter().chain(&self.proxy) {
            trust.ready(until.saturating_duration_since(Instant::now())).await;
        }
    }

    /// What it comes to now. Taken once for a connection: its version is that of the connection.
    pub(super) fn now(&self) -> Verified<'_> {
        let now = |trust| Verifier { trust, now: trust.current() };
        Verified {
            backend: self.backend.as_deref().map(now),
            proxy: self.proxy.as_deref().map(now),
        }
    }
}

impl Verified<'_> {
    /// A connection that was verified under one version is not used under another (S-56).
    pub(super) fn version(&self) -> Version {
        let of = |verifier: &Option<Verifier<'_>>| verifier.as_ref().map_or(0, |v| v.now.version);
        Version { backend: of(&self.backend), proxy: of(&self.proxy) }
    }
}

/// Of what a backend and its proxy are verified by; 0 without TLS.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Version {
    backend: u64,
    proxy: u64,
}

impl Verifier<'_> {
    /// TLS with whoever is at the other end, who must prove to be whom this is about.
    pub(super) async fn handshake<S>(
        &self,
        versions: HttpVersions,
        stream: S,
    ) -> io::Result<TlsStream<S>>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let config = Arc::clone(self.now.client_config(versions));
        TlsConnector::from(config).connect(self.trust.server_name(), stream).await
    }
}

/// What was chosen of what was offered.
pub(super) fn chosen<S>(stream: &TlsStream<S>) -> Option<ALPN> {
    match stream.get_ref().1.alpn_protocol()? {
        b"h2" => Some(ALPN::H2),
        _ => Some(ALPN::H1),
    }
}

/// Whether a session was taken up again.
pub(super) fn resumed<S>(stream: &TlsStream<S>) -> bool {
    stream.get_ref().1.handshake_kind() == Some(HandshakeKind::Resumed)
}
