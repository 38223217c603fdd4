//! A TLS server that tells how each handshake went, and answers every request alike.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use futures_util::FutureExt;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use serde_json::json;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::server::danger::ClientCertVerifier;
use tokio_rustls::rustls::version::{TLS12, TLS13};
use tokio_rustls::rustls::{
    HandshakeKind, ProtocolVersion, RootCertStore, ServerConfig, SupportedProtocolVersion,
};

use super::pki::{Ca, Leaf};

/// What a server shows, and what it wants.
pub struct Serves<'a> {
    pub leaf: &'a Leaf,
    /// What it sends with its certificate.
    pub chain: Vec<CertificateDer<'static>>,
    pub versions: &'static [&'static SupportedProtocolVersion],
    /// How its clients must prove who they are.
    pub clients: Option<Arc<dyn ClientCertVerifier>>,
    pub alpn: &'a [&'a str],
    /// Whether connections stay open after an answer.
    pub keep_alive: bool,
}

/// TLS 1.2 only.
pub const ONLY_1_2: &[&SupportedProtocolVersion] = &[&TLS12];
/// Both versions.
pub const BOTH: &[&SupportedProtocolVersion] = &[&TLS13, &TLS12];

impl<'a> Serves<'a> {
    /// This certificate, with that of the CA that signed it.
    pub fn new(leaf: &'a Leaf, issuer: &Ca) -> Self {
        let (chain, versions) = (vec![issuer.der()], BOTH);
        Self { leaf, chain, versions, clients: None, alpn: &["http/1.1"], keep_alive: false }
    }

    fn config(&self) -> ServerConfig {
        let crypto = Arc::new(ring::default_provider());
        let builder = ServerConfig::builder_with_provider(crypto)
            .with_protocol_versions(self.versions)
            .unwrap();
        let builder = match &self.clients {
            None => builder.with_no_client_auth(),
            Some(verifier) => builder.with_client_cert_verifier(Arc::clone(verifier)),
        };
        let mut chain = vec![self.leaf.certificate.clone()];
        chain.extend(self.chain.iter().cloned());
        let key = PrivateKeyDer::try_from(self.leaf.key.serialize_der()).unwrap();
        let mut config = builder.with_single_cert(chain, key).unwrap();
        config.alpn_protocols = self.alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
        config
    }

    /// What connections are accepted by.
    pub fn acceptor(&self) -> TlsAcceptor {
        TlsAcceptor::from(Arc::new(self.config()))
    }

    /// Serves it until the returned value is dropped.
    pub async fn start(&self) -> TlsServer {
        let acceptor = self.acceptor();
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::<Mutex<Vec<Seen>>>::default();
        let (all, keep_alive) = (Arc::clone(&seen), self.keep_alive);
        let task = tokio::spawn(async move {
            loop {
                let Ok((stream, _)) = listener.accept().await else { continue };
                let served = serve(stream, acceptor.clone(), Arc::clone(&all), keep_alive);
                tokio::spawn(async { drop(served.await) });
            }
        });
        TlsServer { address, seen, task }
    }
}

/// Clients that this CA has signed, and nobody else.
pub fn clients_of(ca: &Ca) -> Arc<dyn ClientCertVerifier> {
    let mut roots = RootCertStore::empty();
    roots.add(ca.der()).unwrap();
    let crypto = Arc::new(ring::default_provider());
    WebPkiClientVerifier::builder_with_provider(roots.into(), crypto).build().unwrap()
}

/// A handshake that went well, and the requests after it.
#[derive(Clone, Debug)]
pub struct Seen {
    pub kind: HandshakeKind,
    pub version: ProtocolVersion,
    /// The name that was asked for.
    pub sni: Option<String>,
    pub requests: usize,
}

/// A running server.
pub struct TlsServer {
    pub address: SocketAddr,
    seen: Arc<Mutex<Vec<Seen>>>,
    task: JoinHandle<()>,
}

impl TlsServer {
    /// The handshakes that went well, in order.
    pub fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    /// Requests on all connections.
    pub fn requests(&self) -> usize {
        self.seen().iter().map(|seen| seen.requests).sum()
    }
}

impl Drop for TlsServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(
    stream: TcpStream,
    acceptor: TlsAcceptor,
    all: Arc<Mutex<Vec<Seen>>>,
    keep_alive: bool,
) -> io::Result<()> {
    let stream = acceptor.accept(stream).await?;
    let connection = stream.get_ref().1;
    let seen = Seen {
        kind: connection.handshake_kind().unwrap(),
        version: connection.protocol_version().unwrap(),
        sni: connection.server_name().map(str::to_owned),
        requests: 0,
    };
    let number = {
        let mut all = all.lock().unwrap();
        all.push(seen);
        all.len() - 1
    };
    let service = service_fn(move |request: Request<Incoming>| {
        all.lock().unwrap()[number].requests += 1;
        let answer = json!({
            "id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "gpt-4o-mini",
            "choices": [{
                "index": 0, "finish_reason": "stop",
                "message": { "role": "assistant", "content": "served" },
            }],
            "usage": { "prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2 },
        });
        let mut response = Response::builder().header("content-type", "application/json");
        if !keep_alive {
            response = response.header("connection", "close");
        }
        let body = Full::new(Bytes::from(answer.to_string()));
        let response = response.body(body).unwrap();
        // Read first: over h2, an answer that comes sooner resets the stream.
        request.into_body().collect().map(|_| Ok::<_, Infallible>(response))
    });
    let builder = auto::Builder::new(TokioExecutor::new());
    // How a client leaves is its own business.
    let _ = builder.serve_connection(TokioIo::new(stream), service).await;
    Ok(())
}

/// Revocation lists over plain HTTP, as CAs publish them.
pub struct ListServer {
    address: SocketAddr,
    content: Arc<Mutex<Option<Vec<u8>>>>,
    asked: Arc<Mutex<usize>>,
    task: JoinHandle<()>,
}

impl ListServer {
    /// Serves this; without content everything is a 404.
    pub async fn start(content: Option<&[u8]>) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let content = Arc::new(Mutex::new(content.map(<[u8]>::to_vec)));
        let asked = Arc::<Mutex<usize>>::default();
        let (current, count) = (Arc::clone(&content), Arc::clone(&asked));
        let task = tokio::spawn(async move {
            loop {
                let Ok((stream, _)) = listener.accept().await else { continue };
                let (current, count) = (Arc::clone(&current), Arc::clone(&count));
                let service = service_fn(move |_: Request<Incoming>| {
                    *count.lock().unwrap() += 1;
                    let content = current.lock().unwrap().clone();
                    let status = if content.is_some() { 200 } else { 404 };
                    let body = Full::new(Bytes::from(content.unwrap_or_default()));
                    let response = Response::builder().status(status).body(body).unwrap();
                    std::future::ready(Ok::<_, Infallible>(response))
                });
                tokio::spawn(async {
                    let builder = auto::Builder::new(TokioExecutor::new());
                    drop(builder.serve_connection(TokioIo::new(stream), service).await);
                });
            }
        });
        Self { address, content, asked, task }
    }

    pub fn url(&self) -> String {
        format!("http://{}/ca.crl", self.address)
    }

    /// Serves this from now on.
    pub fn set(&self, content: Option<&[u8]>) {
        *self.content.lock().unwrap() = content.map(<[u8]>::to_vec);
    }

    /// How often somebody asked.
    pub fn asked(&self) -> usize {
        *self.asked.lock().unwrap()
    }
}

impl Drop for ListServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}
