//! The listener's own deadlines, in front of Pingora's.
//!
//! Pingora waits for the first 24 bytes of a plaintext connection (is it h2c?) and for the next
//! request on an HTTP/1 connection without any limit, and for a header 60 s per read, so that a
//! client who drips keeps its connection for ever (measured, 0.9.1). Here a connection gets a
//! limited time to say its first bytes, to send the next request, and for a whole HTTP/1 header,
//! and there are no more connections than there may be.
//!
//! HTTP/2 connections are told of a drain as soon as it begins (GOAWAY), so that their callers send
//! the next request elsewhere while what is in flight goes on.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use pingora::apps::ServerApp;
use pingora::protocols::{ALPN, Stream};
use pingora::server::ShutdownWatch;
use tokio::runtime::Handle;
use tokio::time::Instant;

use super::connections::{Connection, Full};
use super::overflow::Overflow;
use super::{Gateway, secure};

/// Longest wait for the first bytes of a connection, or of the next request on it.
const IDLE: Duration = Duration::from_secs(75);
/// Longest time for an HTTP/1 header from its first bytes.
const HEADER: Duration = Duration::from_secs(15);
/// What Pingora peeks at: the length of the HTTP/2 preface.
const PREFACE: usize = 24;

tokio::task_local! {
    /// The wait of the connection that this task serves.
    static WAIT: Arc<Wait>;
}

/// Says that a request's header has been read, so that only the later deadlines count.
pub(super) fn header_read() {
    // h2 streams run in tasks of their own: their headers are bounded by the h2 library.
    let _ = WAIT.try_with(|wait| wait.over());
}

/// Says that a request is over, so that the next one is waited for.
pub(super) fn header_wanted() {
    let _ = WAIT.try_with(|wait| wait.begin(Instant::now(), IDLE + HEADER));
}

/// A connection's wait for the header of a request.
struct Wait {
    opened: Instant,
    /// Milliseconds from `opened` until it has taken too long.
    until: AtomicU64,
    /// Whether a header has been read.
    read: AtomicBool,
}

impl Wait {
    /// No header is waited for.
    const OVER: u64 = u64::MAX;

    fn new() -> Self {
        Self { opened: Instant::now(), until: AtomicU64::new(Self::OVER), read: false.into() }
    }

    fn begin(&self, now: Instant, patience: Duration) {
        let until = (now - self.opened + patience).as_millis();
        self.until.store(u64::try_from(until).unwrap_or(Self::OVER), Ordering::Relaxed);
    }

    fn over(&self) {
        self.read.store(true, Ordering::Relaxed);
        self.until.store(Self::OVER, Ordering::Relaxed);
    }

    /// Whether no header has come yet.
    fn is_first(&self) -> bool {
        !self.read.load(Ordering::Relaxed)
    }

    /// When to look again; `None` once the header has taken too long.
    fn next_look(&self, now: Instant) -> Option<Instant> {
        let look = match self.until.load(Ordering::Relaxed) {
            // Nobody tells of a new wait; none ends sooner than this.
            Self::OVER => now + IDLE,
            until => self.opened + Duration::from_millis(until),
        };
        (look > now).then_some(look)
    }

    /// Ends when a header has taken too long.
    async fn too_long(&self) {
        while let Some(look) = self.next_look(Instant::now()) {
            tokio::time::sleep_until(look).await;
        }
    }
}

/// An HTTP application behind these deadlines and bounds, and behind TLS where its listener has it.
pub struct Listener<A> {
    app: Arc<A>,
    gateway: Arc<Gateway>,
    /// Each connection gets a copy that has not seen the drain yet.
    drain: ShutdownWatch,
    overflow: Overflow,
}

impl<A> Listener<A> {
    /// Puts them in front of `app`.
    pub fn new(app: A, gateway: Arc<Gateway>) -> Self {
        let (drain, overflow) = (gateway.drain.watch(), Overflow::default());
        Self { app: Arc::new(app), drain, gateway, overflow }
    }

    /// Counts a connection in, if there may be one more.
    fn enter(&self, stream: &Stream) -> Result<Connection, Full> {
        let address = stream.get_socket_digest().and_then(|digest| {
            let address = digest.peer_addr()?.as_inet()?;
            Some(address.ip())
        });
        let Gateway { live, connections, .. } = &*self.gateway;
        connections.enter(address, &live.pin().limits)
    }

    /// Closes a connection that there is no room for. In plaintext its caller may be told; by TLS it
    /// is closed without a word, since a handshake is what an attacker would have us do.
    async fn turn_away(&self, stream: Stream, full: Full) {
        self.refuse(full.reason());
        self.overflow.log(full);
        let snapshot = self.gateway.live.pin();
        let listener = secure::listener_of(&snapshot, &stream);
        if listener.is_some_and(|listener| listener.tls.is_none()) {
            drop(snapshot);
            self.overflow.tell(stream, full, self.gateway.ids.next()).await;
        }
    }

    /// The connection as its listener wants it: in plaintext, or by TLS.
    async fn open(&self, stream: Stream) -> Option<Stream> {
        let snapshot = self.gateway.live.pin();
        let Some(listener) = secure::listener_of(&snapshot, &stream) else {
            log::error!("a connection came to an address that no listener has; it is closed");
            return None;
        };
        let Some(tls) = &listener.tls else { return Some(stream) };
        let secured = secure::handshake(stream, listener.address, tls).await;
        let result = secured.as_ref().map_or_else(|reason| *reason, |_| "ok");
        self.gateway.metrics.shook_hands(&snapshot.gateway, result);
        secured.ok()
    }

    fn refuse(&self, reason: &str) {
        self.gateway.metrics.connection_refused(&self.gateway.live.pin().gateway, reason);
    }
}

#[async_trait]
impl<A: ServerApp + Send + Sync + 'static> ServerApp for Listener<A> {
    async fn process_new(
        self: &Arc<Self>,
        stream: Stream,
        shutdown: &ShutdownWatch,
    ) -> Option<Stream> {
        self.gateway.runtime.get_or_init(Handle::current);
        let _connection = match self.enter(&stream) {
            Ok(connection) => connection,
            Err(full) => {
                self.turn_away(stream, full).await;
                return None;
            }
        };
        let mut stream = self.open(stream).await?;
        let mut first = [0_u8; PREFACE];
        let peeked = match tokio::time::timeout(IDLE, stream.try_peek(&mut first)).await {
            Ok(Ok(peeked)) => peeked,
            Ok(Err(_)) => return None,
            Err(_) => {
                self.refuse("silent");
                return None;
            }
        };
        // Over TLS the handshake says which it is, without it the first bytes do.
        let h2 = match stream.get_ssl_digest() {
            Some(_) => stream.selected_alpn_proto() == Some(ALPN::H2),
            None => first.starts_with(b"PRI * HTTP/2.0"),
        };
        let wait = Arc::new(Wait::new());
        if !h2 {
            // Where nothing can be seen of what comes, nothing may have come yet.
            wait.begin(Instant::now(), if peeked { HEADER } else { IDLE + HEADER });
        }
        // A request on HTTP/1 that has not been read yet would be lost; the connection is closed
        // after its next answer instead.
        let shutdown = if h2 { &self.drain } else { shutdown };
        let serve = WAIT.scope(wait.clone(), self.app.process_new(stream, shutdown));
        tokio::select! {
            biased;
            reusable = serve => {
                if !h2 && wait.is_first() {
                    self.refuse("malformed");
                }
                reusable
            }
            () = wait.too_long() => {
                self.refuse("slow_header");
                None
            }
        }
    }

    async fn cleanup(&self) {
        self.app.cleanup().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_header_on_a_connection_must_come_in_time() {
        let wait = Wait::new();
        let at = |seconds| wait.opened + Duration::from_secs(seconds);

        wait.begin(at(0), HEADER);
        assert_eq!(wait.next_look(at(14)), Some(at(15)));
        assert_eq!(wait.next_look(at(15)), None, "the first");

        wait.over();
        assert!(wait.next_look(at(1000)).is_some(), "an answer may take its time");

        wait.begin(at(1000), IDLE + HEADER);
        assert_eq!(wait.next_look(at(1089)), Some(at(1090)));
        assert_eq!(wait.next_look(at(1090)), None, "the next");
    }
}
