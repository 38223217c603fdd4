//! A connection that a request is sent on, and its way back into the pool.

use std::mem;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::time::Duration;

use pingora::connectors::http::v2;
use pingora::protocols::http::client::HttpSession;
use pingora::protocols::http::v2::client::Http2Session;
use tokio::time::timeout;

use super::peer::Peer;

/// How long an unused connection is kept.
const KEEP: Duration = Duration::from_secs(90);
/// Longest time for closing a connection. The polite end of a TLS connection has to be written,
/// which a provider that has stopped reading would hold up.
const FAREWELL: Duration = Duration::from_secs(1);

/// An HTTP/1.1 connection, or a stream on an h2 connection, for one request.
///
/// A stream gives its connection back however it ends, also when it is dropped with all that it is
/// in. The pool would otherwise take one whose last stream is gone for one that is in use, and
/// nobody would ever close it.
pub struct Lease {
    /// Boxed: each future that it passes through would keep room for it.
    session: Box<HttpSession>,
    peer: Arc<Peer>,
    pools: Arc<v2::Connector>,
}

impl Lease {
    pub(super) fn new(session: HttpSession, peer: Arc<Peer>, pools: Arc<v2::Connector>) -> Self {
        Self { session: Box::new(session), peer, pools }
    }

    /// Where it leads to.
    pub fn peer(&self) -> &Peer {
        &self.peer
    }

    /// Gives back what can be used again, if the provider agrees: the request was sent whole, and
    /// its answer read to its end.
    pub async fn give_back(mut self) {
        match self.take() {
            HttpSession::H1(mut h1) => {
                h1.respect_keepalive();
                if let Ok(Some(stream)) = timeout(FAREWELL, h1.reuse()).await {
                    self.pools.transport().release_stream(stream, self.peer.key(), Some(KEEP));
                }
            }
            HttpSession::H2(h2) => self.put(h2),
            HttpSession::Custom(()) => {}
        }
    }

    /// Ends what is not over: closes a connection (h1) or resets a stream (h2).
    pub async fn leave(mut self) {
        // Who does not hear it in time is not told.
        let _ = timeout(FAREWELL, self.session.shutdown()).await;
    }

    fn take(&mut self) -> HttpSession {
        mem::replace(&mut *self.session, HttpSession::Custom(()))
    }

    fn put(&self, h2: Http2Session) {
        self.pools.release_http_session(h2, &*self.peer, Some(KEEP));
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if let HttpSession::H2(h2) = self.take() {
            self.put(h2);
        }
    }
}

impl Deref for Lease {
    type Target = HttpSession;

    fn deref(&self) -> &HttpSession {
        &self.session
    }
}

impl DerefMut for Lease {
    fn deref_mut(&mut self) -> &mut HttpSession {
        &mut self.session
    }
}

#[cfg(test)]
mod tests;
