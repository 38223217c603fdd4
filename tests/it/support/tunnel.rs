//! A little HTTP proxy that knows CONNECT and nothing else, and says what it is told to.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use egret::simulator::Identity;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{AbortHandle, JoinSet};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// How a proxy behaves.
#[derive(Clone, Debug)]
pub enum Manner {
    /// As it should: whatever name it is asked for, it leads to that port of this machine.
    Honest,
    /// As it should, but its answer comes byte by byte.
    Slow,
    /// It answers this, and closes.
    Says(String),
    /// It answers this again and again.
    Babbles(String),
    /// It answers nothing.
    Silent,
}

/// A running proxy; it ends when dropped.
pub struct Tunnel {
    /// Where it listens.
    pub address: SocketAddr,
    state: Arc<State>,
    task: AbortHandle,
}

struct State {
    /// What must stand in `Proxy-Authorization`.
    credential: Option<String>,
    tls: Option<TlsAcceptor>,
    manner: Mutex<Manner>,
    /// The heads of what it was asked.
    asked: Mutex<Vec<String>>,
    /// The first bytes that went through each tunnel.
    carried: Mutex<Vec<Vec<u8>>>,
}

impl Tunnel {
    /// Starts one that asks for this credential, over TLS if it has an identity.
    pub async fn start(credential: Option<&str>, identity: Option<Identity>) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(State {
            credential: credential.map(str::to_owned),
            tls: identity.map(acceptor),
            manner: Mutex::new(Manner::Honest),
            asked: Mutex::default(),
            carried: Mutex::default(),
        });
        let task = tokio::spawn({
            let state = state.clone();
            async move {
                let mut served = JoinSet::new();
                while let Ok((stream, _)) = listener.accept().await {
                    served.spawn(serve(stream, state.clone()));
                }
            }
        });
        Self { address, state, task: task.abort_handle() }
    }

    /// From now on it behaves so.
    pub fn behave(&self, manner: Manner) {
        *self.state.manner.lock().unwrap() = manner;
    }

    /// The heads of what it was asked so far.
    pub fn asked(&self) -> Vec<String> {
        self.state.asked.lock().unwrap().clone()
    }

    /// The first bytes that went through each tunnel so far.
    pub fn carried(&self) -> Vec<Vec<u8>> {
        self.state.carried.lock().unwrap().clone()
    }
}

impl Drop for Tunnel {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn acceptor(identity: Identity) -> TlsAcceptor {
    let chain = CertificateDer::pem_slice_iter(identity.certificate_pem.as_bytes());
    let chain = chain.collect::<Result<Vec<_>, _>>().unwrap();
    let key = PrivateKeyDer::from_pem_slice(identity.key_pem.as_bytes()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap();
    TlsAcceptor::from(Arc::new(config))
}

async fn serve(stream: TcpStream, state: Arc<State>) {
    match &state.tls {
        None => drop(talk(stream, &state).await),
        Some(acceptor) => {
            if let Ok(stream) = acceptor.accept(stream).await {
                talk(stream, &state).await;
            }
        }
    }
}

/// One connection. `None`: the other side is gone.
async fn talk<S: AsyncRead + AsyncWrite + Unpin>(mut stream: S, state: &State) -> Option<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    let head = String::from_utf8(head).unwrap();
    state.asked.lock().unwrap().push(head.clone());
    let manner = state.manner.lock().unwrap().clone();
    let slow = match manner {
        Manner::Honest => false,
        Manner::Slow => true,
        Manner::Says(answer) => return stream.write_all(answer.as_bytes()).await.ok(),
        Manner::Babbles(answer) => loop {
            stream.write_all(answer.as_bytes()).await.ok()?;
            tokio::time::sleep(Duration::from_millis(1)).await;
        },
        Manner::Silent => return stream.read_u8().await.ok().map(drop),
    };

    let shown = head.lines().find_map(|line| line.strip_prefix("Proxy-Authorization: "));
    if shown != state.credential.as_deref() {
        let answer = "HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n";
        return stream.write_all(answer.as_bytes()).await.ok();
    }
    let authority = head.strip_prefix("CONNECT ")?.split(' ').next()?;
    let port: u16 = authority.rsplit_once(':')?.1.parse().ok()?;
    let Ok(mut backend) = TcpStream::connect(("127.0.0.1", port)).await else {
        let answer = "HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n";
        return stream.write_all(answer.as_bytes()).await.ok();
    };
    for byte in b"HTTP/1.1 200 Connection established\r\nVia: 1.1 corp\r\n\r\n" {
        stream.write_all(&[*byte]).await.ok()?;
        if slow {
            stream.flush().await.ok()?;
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }
    stream.flush().await.ok()?;
    let mut first = vec![0; 4096];
    let count = stream.read(&mut first).await.ok()?;
    first.truncate(count);
    state.carried.lock().unwrap().push(first.clone());
    backend.write_all(&first).await.ok()?;
    copy_bidirectional(&mut stream, &mut backend).await.ok().map(drop)
}
