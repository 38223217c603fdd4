//! TLS toward callers, between Pingora's sockets and its HTTP.
//!
//! Pingora can do TLS itself, but with one configuration for as long as the process lives: new
//! revocation lists would not count for sessions that are resumed, its oldest version is fixed, and
//! a handshake may take a minute (0.9.1). Here each handshake goes by the configuration in force.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use async_trait::async_trait;
use pingora::http::ResponseHeader;
use pingora::protocols::raw_connect::ProxyDigest;
use pingora::protocols::tls::{ALPN, SslDigest};
use pingora::protocols::{
    GetProxyDigest, GetSocketDigest, GetTimingDigest, Peek, Shutdown, SocketDigest, Ssl, Stream,
    TimingDigest, UniqueID, UniqueIDType,
};
use pingora::proxy::Session;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::{CertificateError, Error};
use tokio_rustls::server::TlsStream;

use crate::identity::{Peer, ServerTls};
use crate::snapshot::{Listener, Snapshot};

/// Longest time for a handshake.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// The listener that a connection came to.
pub(super) fn listener_of<'s>(snapshot: &'s Snapshot, stream: &Stream) -> Option<&'s Listener> {
    let digest = stream.get_socket_digest()?;
    let at = *digest.local_addr()?.as_inet()?;
    let listeners = || snapshot.listeners.iter().filter(|it| it.address.port() == at.port());
    let exact = listeners().find(|it| it.address.ip() == at.ip());
    exact.or_else(|| listeners().find(|it| it.address.ip().is_unspecified()))
}

/// The certificate that the connection of this request was opened with.
pub(super) fn peer(session: &Session) -> Option<&Peer> {
    let shown = session.digest()?.proxy_digest.as_ref()?.user_data.as_ref()?;
    shown.downcast_ref::<Peer>()
}

/// Does the handshake of a connection that came to `listener`.
///
/// # Errors
///
/// In a word, for metrics.
pub(super) async fn handshake(
    stream: Stream,
    listener: SocketAddr,
    tls: &ServerTls,
) -> Result<Stream, &'static str> {
    let acceptor = TlsAcceptor::from(tls.config().clone());
    let accepted = tokio::time::timeout(HANDSHAKE, acceptor.accept(stream)).await;
    let stream = accepted.map_err(|_| "late")?.map_err(|error| reason(&error))?;
    Ok(Box::new(Secured::new(stream, listener)))
}

/// Why a handshake failed.
fn reason(error: &io::Error) -> &'static str {
    let error = error.get_ref().and_then(|error| error.downcast_ref::<Error>());
    let Some(error) = error else { return "broken" };
    match error {
        Error::NoCertificatesPresented => "no_certificate",
        Error::InvalidCertificate(CertificateError::Revoked) => "certificate_revoked",
        Error::InvalidCertificate(
            CertificateError::Expired | CertificateError::ExpiredContext { .. },
        ) => "certificate_expired",
        Error::InvalidCertificate(CertificateError::UnknownIssuer) => "certificate_issuer",
        Error::InvalidCertificate(_) | Error::InvalidCertRevocationList(_) => "certificate",
        Error::PeerIncompatible(_) => "incompatible",
        Error::AlertReceived(_) => "refused",
        _ => "broken",
    }
}

/// A connection by TLS, as Pingora takes one.
#[derive(Debug)]
struct Secured {
    tls: TlsStream<Stream>,
    /// Bytes that were looked at and not read.
    ahead: Vec<u8>,
    digest: Arc<SslDigest>,
    /// The caller's certificate, in the one place that Pingora keeps for what is not its own.
    shown: Option<Arc<ProxyDigest>>,
}

impl Secured {
    fn new(tls: TlsStream<Stream>, listener: SocketAddr) -> Self {
        let session = tls.get_ref().1;
        let cipher = session.negotiated_cipher_suite().and_then(|it| it.suite().as_str());
        let version = session.protocol_version().and_then(|it| it.as_str());
        let (cipher, version) = (cipher.unwrap_or_default(), version.unwrap_or_default());
        let digest = SslDigest::new(cipher, version, None, None, Vec::new());
        let shown = session.peer_certificates().and_then(|chain| {
            let chain = chain.iter().map(|it| it.clone().into_owned()).collect();
            let header = ResponseHeader::build(200, None).ok()?;
            let peer = Box::new(Peer::new(listener, chain));
            Some(Arc::new(ProxyDigest::new(Box::new(header), Some(peer))))
        });
        Self { tls, ahead: Vec::new(), digest: Arc::new(digest), shown }
    }

    fn below(&self) -> &Stream {
        self.tls.get_ref().0
    }
}

impl AsyncRead for Secured {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.ahead.is_empty() {
            return Pin::new(&mut self.tls).poll_read(context, buffer);
        }
        let fit = self.ahead.len().min(buffer.remaining());
        let rest = self.ahead.split_off(fit);
        buffer.put_slice(&self.ahead);
        self.ahead = rest;
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Secured {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.tls).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tls).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tls).poll_shutdown(context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.tls).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.tls.is_write_vectored()
    }
}

#[async_trait]
impl Peek for Secured {
    async fn try_peek(&mut self, buffer: &mut [u8]) -> io::Result<bool> {
        self.read_exact(buffer).await?;
        let unread = std::mem::take(&mut self.ahead);
        self.ahead = [&*buffer, &*unread].concat();
        Ok(true)
    }
}

#[async_trait]
impl Shutdown for Secured {
    async fn shutdown(&mut self) {
        // The other end may be gone, and then there is nobody to be told.
        let _ = AsyncWriteExt::shutdown(&mut self.tls).await;
    }
}

impl UniqueID for Secured {
    fn id(&self) -> UniqueIDType {
        self.below().id()
    }
}

impl Ssl for Secured {
    fn get_ssl_digest(&self) -> Option<Arc<SslDigest>> {
        Some(self.digest.clone())
    }

    fn selected_alpn_proto(&self) -> Option<ALPN> {
        match self.tls.get_ref().1.alpn_protocol() {
            Some(b"h2") => Some(ALPN::H2),
            Some(_) => Some(ALPN::H1),
            None => None,
        }
    }
}

impl GetTimingDigest for Secured {
    fn get_timing_digest(&self) -> Vec<Option<TimingDigest>> {
        self.below().get_timing_digest()
    }
}

impl GetProxyDigest for Secured {
    fn get_proxy_digest(&self) -> Option<Arc<ProxyDigest>> {
        self.shown.clone()
    }
}

impl GetSocketDigest for Secured {
    fn get_socket_digest(&self) -> Option<Arc<SocketDigest>> {
        self.below().get_socket_digest()
    }

    fn set_socket_digest(&mut self, digest: SocketDigest) {
        self.tls.get_mut().0.set_socket_digest(digest);
    }
}
