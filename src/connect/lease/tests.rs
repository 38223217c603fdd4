#![allow(clippy::unwrap_used, clippy::panic)]

use bytes::Bytes;
use pingora::connectors::http::v2::{ConnectionRef, H2HandshakeSettings, handshake};
use pingora::http::RequestHeader;
use pingora::protocols::ALPN;
use tokio::io::{DuplexStream, duplex};

use super::super::stream::Transport;
use super::*;

/// A provider that takes requests and never answers.
async fn swallow(stream: DuplexStream) {
    let mut connection = h2::server::Builder::new().handshake::<_, Bytes>(stream).await.unwrap();
    let mut held = Vec::new();
    while let Some(Ok(request)) = connection.accept().await {
        held.push(request);
    }
}

async fn connection() -> ConnectionRef {
    let (here, there) = duplex(64 * 1024);
    tokio::spawn(swallow(there));
    let stream = Transport::new(here, 7, Some(ALPN::H2));
    let mut settings = H2HandshakeSettings::new();
    settings.max_streams = 100;
    handshake(Box::new(stream), settings).await.unwrap()
}

/// A connection that the pool takes for one in use is never closed, and one that it has lost can't
/// be used again: neither may become of one whose streams were dropped before their answers came.
#[tokio::test]
async fn a_dropped_stream_gives_its_connection_back() {
    let (pools, peer) = (Arc::new(v2::Connector::new(None)), Peer::nowhere());
    let (used, unused) = (pools.in_use_pool(), pools.idle_pool());
    let connection = connection().await;
    let mut leases = Vec::new();
    for _ in 0..3 {
        let stream = connection.spawn_stream().await.unwrap().unwrap();
        let mut lease = Lease::new(HttpSession::H2(stream), peer.clone(), pools.clone());
        let mut header = RequestHeader::build("POST", b"/", None).unwrap();
        header.insert_header("host", "provider.example").unwrap();
        lease.write_request_header(Box::new(header)).await.unwrap();
        leases.push(lease);
    }
    used.insert(peer.key(), connection);
    // The last one with the future that waits for its answer.
    let mut last = leases.pop().unwrap();
    let waiting = async move { last.read_response_header().await };
    let waited = tokio::time::timeout(Duration::from_millis(1), waiting);
    leases.pop();
    assert!(unused.get(&peer.key()).is_none(), "two streams are left");
    assert!(waited.await.is_err(), "nothing is answered");
    leases.pop();
    assert!(used.get(peer.key()).is_none(), "it is in use by nobody");
    assert!(unused.get(&peer.key()).is_some(), "it is kept for a while, and closed");
}
