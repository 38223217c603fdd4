//! The listener's own deadlines, in front of Pingora's.
//!
//! Pingora waits for the first 24 bytes of a plaintext connection (is it h2c?) without any limit,
//! and for a header 60 s per read, so that a client who drips keeps its connection for ever
//! (measured, 0.9.1). Here a connection gets a limited time to say its first bytes, and a
//! limited time for a whole HTTP/1 header.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use pingora::apps::ServerApp;
use pingora::protocols::Stream;
use pingora::server::ShutdownWatch;

/// Longest wait for the first bytes of a connection, or of the next request on it.
const IDLE: Duration = Duration::from_secs(75);
/// Longest time for an HTTP/1 header from its first bytes.
const HEADER: Duration = Duration::from_secs(15);
/// What Pingora peeks at: the length of the HTTP/2 preface.
const PREFACE: usize = 24;

tokio::task_local! {
    /// Set by the proxy once the header of the connection's request has been read.
    static HEADER_READ: Arc<AtomicBool>;
}

/// Says that the header has been read, so that only the later deadlines count.
pub(super) fn header_read() {
    // h2 streams run in tasks of their own: their headers are bounded by the h2 library.
    let _ = HEADER_READ.try_with(|flag| flag.store(true, Ordering::Relaxed));
}

/// An HTTP application behind these deadlines.
pub struct Listener<A> {
    app: Arc<A>,
}

impl<A> Listener<A> {
    /// Puts the deadlines in front of `app`.
    pub fn new(app: A) -> Self {
        Self { app: Arc::new(app) }
    }
}

#[async_trait]
impl<A: ServerApp + Send + Sync + 'static> ServerApp for Listener<A> {
    async fn process_new(
        self: &Arc<Self>,
        mut stream: Stream,
        shutdown: &ShutdownWatch,
    ) -> Option<Stream> {
        let mut first = [0_u8; PREFACE];
        match tokio::time::timeout(IDLE, stream.try_peek(&mut first)).await {
            Ok(Ok(_)) => {}
            Ok(Err(_)) | Err(_) => return None,
        }
        let flag = Arc::new(AtomicBool::new(first.starts_with(b"PRI * HTTP/2.0")));
        let serve = HEADER_READ.scope(flag.clone(), self.app.process_new(stream, shutdown));
        tokio::pin!(serve);
        tokio::select! {
            biased;
            reusable = &mut serve => return reusable,
            () = tokio::time::sleep(HEADER) => {}
        }
        if flag.load(Ordering::Relaxed) { serve.await } else { None }
    }

    async fn cleanup(&self) {
        self.app.cleanup().await;
    }
}
