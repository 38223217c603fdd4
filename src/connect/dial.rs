//! One TCP connection to one address.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use pingora::protocols::TcpKeepalive;
use pingora::protocols::l4::ext::set_tcp_keepalive;
use tokio::net::TcpStream;

use super::Unreached;
use crate::snapshot::Backend;

/// How long a connection may be silent before the kernel asks whether the other end is there:
/// less than most firewalls and load balancers wait before they forget it. A model may think for
/// minutes.
const SILENCE: Duration = Duration::from_secs(45);
/// How long it waits for an answer, and how often it asks.
const PROBE: Duration = Duration::from_secs(15);
const PROBES: usize = 4;

/// A connection to a backend, or to its proxy, at one of its addresses.
///
/// # Errors
///
/// Nobody accepts it, or the address may not be dialled.
pub(super) async fn tcp(
    backend: &Backend,
    address: SocketAddr,
) -> Result<(SocketAddr, TcpStream), Unreached> {
    // Whoever found it has looked; this is the one that is dialled (S-35).
    if let Err(refused) = backend.hop().host.vet(address.ip()) {
        log::warn!("backend {}: {refused}", backend.name);
        return Err(Unreached::nowhere(None));
    }
    match connect(address).await {
        Ok(stream) => Ok((address, stream)),
        Err(error) => {
            log::debug!("backend {} at {address}: {error}", backend.name);
            Err(Unreached::Refused(error))
        }
    }
}

async fn connect(address: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(address).await?;
    let peer = stream.peer_addr()?;
    if (peer.ip(), peer.port()) != (address.ip(), address.port()) {
        return Err(io::Error::other(format!("the connection leads to {peer}")));
    }
    stream.set_nodelay(true)?;
    let keepalive = TcpKeepalive {
        idle: SILENCE,
        interval: PROBE,
        count: PROBES,
        #[cfg(target_os = "linux")]
        user_timeout: Duration::ZERO,
    };
    set_tcp_keepalive(&stream, &keepalive).map_err(io::Error::other)?;
    Ok(stream)
}
