//! The listener: TCP, TLS, HTTP/1.1 and h2 by ALPN.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use http::{Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::{JoinHandle, JoinSet};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{RootCertStore, ServerConfig};

use super::Provider;
use super::authority::Identity;
use super::bill::Bill;
use super::credential::Accepted;
use super::exchange::exchange;
use super::journal::{Counts, Journal, Tally};
use super::playback::Playback;
use super::script::Script;

/// A simulator that is not yet running.
#[derive(Debug)]
pub struct Simulator {
    provider: Provider,
    credential: String,
    identity: Option<Identity>,
    expired: Option<Identity>,
    client_ca_pem: Option<String>,
    http2: bool,
    lenient: bool,
    journal: bool,
}

impl Simulator {
    /// A simulator of this provider for this credential, over plain HTTP/1.1 until it is given an
    /// identity.
    pub fn new(provider: Provider, credential: impl Into<String>) -> Self {
        Self {
            provider,
            credential: credential.into(),
            identity: None,
            expired: None,
            client_ca_pem: None,
            http2: true,
            lenient: false,
            journal: true,
        }
    }

    /// Serves TLS with this certificate.
    pub fn tls(mut self, identity: Identity) -> Self {
        self.identity = Some(identity);
        self
    }

    /// What it shows instead while it is told to show an expired certificate.
    pub fn expired(mut self, identity: Identity) -> Self {
        self.expired = Some(identity);
        self
    }

    /// Demands a client certificate that this CA signed.
    pub fn client_ca(mut self, pem: impl Into<String>) -> Self {
        self.client_ca_pem = Some(pem.into());
        self
    }

    /// Offers HTTP/1.1 only; otherwise TLS offers h2 first.
    pub fn http1_only(mut self) -> Self {
        self.http2 = false;
        self
    }

    /// For benchmarks: **validates nothing**. It looks for the model, `stream` and faults in the
    /// first and last 4 KiB of the body, counts a token of input for each four bytes of the whole
    /// body, and keeps no journal.
    pub fn lenient(mut self) -> Self {
        self.lenient = true;
        self.journal = false;
        self
    }

    /// Binds and serves on the current tokio runtime until the returned value is dropped.
    ///
    /// # Errors
    /// If the address is taken or the certificate is not one.
    pub async fn start(self, address: SocketAddr) -> io::Result<Running> {
        let acceptors = Acceptors {
            valid: self.acceptor(self.identity.as_ref())?,
            expired: self.acceptor(self.expired.as_ref())?,
        };
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let https = acceptors.valid.is_some();
        let state = Arc::new(State {
            provider: self.provider,
            accepted: Accepted::one(&self.credential),
            credential: self.credential,
            lenient: self.lenient,
            bill: Bill::default(),
            journal: Journal::new(self.journal),
            script: Script::default(),
            tally: Arc::default(),
            hang_up: AtomicUsize::new(0),
            expired: AtomicBool::new(false),
        });
        let task = tokio::spawn(accept(listener, acceptors, Arc::clone(&state)));
        Ok(Running { state, address, https, task })
    }

    fn acceptor(&self, identity: Option<&Identity>) -> io::Result<Option<TlsAcceptor>> {
        let Some(identity) = identity else { return Ok(None) };
        let chain: Vec<CertificateDer<'static>> =
            CertificateDer::pem_slice_iter(identity.certificate_pem.as_bytes())
                .collect::<Result<_, _>>()
                .map_err(io::Error::other)?;
        let key =
            PrivateKeyDer::from_pem_slice(identity.key_pem.as_bytes()).map_err(io::Error::other)?;
        let crypto = Arc::new(ring::default_provider());
        let builder = ServerConfig::builder_with_provider(Arc::clone(&crypto))
            .with_safe_default_protocol_versions()
            .map_err(io::Error::other)?;
        let builder = match &self.client_ca_pem {
            None => builder.with_no_client_auth(),
            Some(pem) => {
                let mut roots = RootCertStore::empty();
                for root in CertificateDer::pem_slice_iter(pem.as_bytes()) {
                    roots.add(root.map_err(io::Error::other)?).map_err(io::Error::other)?;
                }
                let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), crypto);
                builder.with_client_cert_verifier(verifier.build().map_err(io::Error::other)?)
            }
        };
        let mut config = builder.with_single_cert(chain, key).map_err(io::Error::other)?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        if self.http2 {
            config.alpn_protocols.insert(0, b"h2".to_vec());
        }
        Ok(Some(TlsAcceptor::from(Arc::new(config))))
    }
}

/// What it shows itself with; with neither it speaks without TLS.
struct Acceptors {
    valid: Option<TlsAcceptor>,
    expired: Option<TlsAcceptor>,
}

/// What all connections of one simulator share.
pub(super) struct State {
    pub provider: Provider,
    pub credential: String,
    pub accepted: Accepted,
    pub lenient: bool,
    pub bill: Bill,
    pub journal: Journal,
    pub script: Script,
    pub tally: Arc<Tally>,
    hang_up: AtomicUsize,
    expired: AtomicBool,
}

/// A running simulator; dropping it closes its listener and all its connections.
pub struct Running {
    state: Arc<State>,
    address: SocketAddr,
    https: bool,
    task: JoinHandle<()>,
}

impl Running {
    /// Whose API it speaks.
    pub fn provider(&self) -> Provider {
        self.state.provider
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its URL without a path, such as `https://localhost:40123`.
    pub fn base_url(&self) -> String {
        let scheme = if self.https { "https" } else { "http" };
        let address = self.address;
        if address.ip().is_loopback() {
            return format!("{scheme}://localhost:{}", address.port());
        }
        format!("{scheme}://{address}")
    }

    /// The credential that it answers to.
    pub fn credential(&self) -> &str {
        &self.state.credential
    }

    /// The credentials that it answers to: at first its own.
    pub fn accepted(&self) -> &Accepted {
        &self.state.accepted
    }

    /// What it would charge.
    pub fn bill(&self) -> &Bill {
        &self.state.bill
    }

    /// What arrived.
    pub fn journal(&self) -> &Journal {
        &self.state.journal
    }

    /// What goes wrong, and when.
    pub fn script(&self) -> &Script {
        &self.state.script
    }

    /// Connections, requests, and answers that the client left.
    pub fn counts(&self) -> Counts {
        self.state.tally.read()
    }

    /// Closes the next `count` connections as soon as they are accepted, before TLS.
    pub fn hang_up(&self, count: usize) {
        self.state.hang_up.store(count, Ordering::SeqCst);
    }

    /// Shows new connections an expired certificate, if it was given one, or its valid one again.
    pub fn show_expired(&self, expired: bool) {
        self.state.expired.store(expired, Ordering::SeqCst);
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn accept(listener: TcpListener, acceptors: Acceptors, state: Arc<State>) {
    let mut connections = JoinSet::new();
    loop {
        // Finished connections are let go of as new ones come.
        while connections.try_join_next().is_some() {}
        let Ok((stream, _)) = listener.accept().await else { continue };
        let number = state.tally.connections.fetch_add(1, Ordering::SeqCst) + 1;
        let less = |left: usize| left.checked_sub(1);
        if state.hang_up.fetch_update(Ordering::SeqCst, Ordering::SeqCst, less).is_ok() {
            continue;
        }
        let expired = acceptors.expired.as_ref().filter(|_| state.expired.load(Ordering::SeqCst));
        let acceptor = expired.or(acceptors.valid.as_ref()).cloned();
        connections.spawn(connection(stream, acceptor, Arc::clone(&state), number));
    }
}

/// Counts a connection as open while it lives.
struct Open(Arc<Tally>);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Serves one connection; how it ends is the client's business.
async fn connection(
    stream: TcpStream,
    acceptor: Option<TlsAcceptor>,
    state: Arc<State>,
    number: u64,
) {
    state.tally.open.fetch_add(1, Ordering::SeqCst);
    let _open = Open(Arc::clone(&state.tally));
    if stream.set_nodelay(true).is_err() {
        return;
    }
    let Some(acceptor) = acceptor else { return serve(stream, false, state, number).await };
    if let Ok(stream) = acceptor.accept(stream).await {
        let http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
        serve(stream, http2, state, number).await;
    }
}

async fn serve<S>(stream: S, http2: bool, state: Arc<State>, number: u64)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let leave = Arc::new(Notify::new());
    let service = {
        let leave = Arc::clone(&leave);
        service_fn(move |request: Request<Incoming>| {
            let (state, leave) = (Arc::clone(&state), Arc::clone(&leave));
            async move {
                let answer: Result<Response<Playback>, io::Error> =
                    exchange(&state, request, number, &leave).await;
                answer
            }
        })
    };
    let io = TokioIo::new(stream);
    // A client that breaks off is an ordinary end, so the result says nothing.
    if http2 {
        let mut builder = http2::Builder::new(TokioExecutor::new());
        builder.timer(TokioTimer::new()).max_concurrent_streams(1024);
        builder.initial_stream_window_size(1 << 20).initial_connection_window_size(16 << 20);
        let mut connection = std::pin::pin!(builder.serve_connection(io, service));
        tokio::select! {
            _ = connection.as_mut() => return,
            () = leave.notified() => connection.as_mut().graceful_shutdown(),
        }
        let _ = connection.await;
    } else {
        let mut builder = http1::Builder::new();
        builder.timer(TokioTimer::new());
        let mut connection = std::pin::pin!(builder.serve_connection(io, service));
        tokio::select! {
            _ = connection.as_mut() => return,
            () = leave.notified() => connection.as_mut().graceful_shutdown(),
        }
        let _ = connection.await;
    }
}
