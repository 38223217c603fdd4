//! TLS on top of a connection.

use std::io;
use std::sync::Arc;

use pingora::protocols::ALPN;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::HandshakeKind;

use crate::snapshot::HttpVersions;
use crate::trust::{Generation, Trust};

/// TLS with whoever is at the other end, who must prove to be whom `trust` is about. `now` is what
/// that comes to.
pub(super) async fn handshake<S>(
    trust: &Trust,
    now: &Generation,
    versions: HttpVersions,
    stream: S,
) -> io::Result<TlsStream<S>>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let config = Arc::clone(now.client_config(versions));
    TlsConnector::from(config).connect(trust.server_name(), stream).await
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
