//! The two ways to a gateway.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio_rustls::rustls::version::{TLS12, TLS13};
use tokio_rustls::rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion};

use super::provider::ROOT;
use super::workloads::Workload;

/// How callers reach a gateway.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    Plaintext,
    Tls,
}

impl Transport {
    pub const ALL: [Self; 2] = [Self::Plaintext, Self::Tls];
}

/// A connection by either.
pub type Wire = Box<dyn Duplex>;

/// What is read and written.
pub trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Duplex for T {}

/// A connection to `address`; by TLS it offers this protocol and no other (`h2`, `http/1.1`).
pub async fn connect(transport: Transport, address: SocketAddr, protocol: &str) -> Wire {
    match transport {
        Transport::Plaintext => {
            let stream = TcpStream::connect(address).await.unwrap();
            stream.set_nodelay(true).unwrap();
            Box::new(stream)
        }
        Transport::Tls => {
            let how = client_config(&[&TLS13, &TLS12], &[protocol], None);
            let stream = by_tls(address, &how).await.unwrap();
            let agreed = stream.get_ref().1.alpn_protocol();
            assert_eq!(agreed, Some(protocol.as_bytes()), "what was agreed on");
            Box::new(stream)
        }
    }
}

/// A connection by TLS to a gateway whose certificate is of the tests' CA.
pub async fn by_tls(
    address: SocketAddr,
    how: &Arc<ClientConfig>,
) -> std::io::Result<TlsStream<TcpStream>> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let name = ServerName::try_from("localhost").unwrap();
    TlsConnector::from(how.clone()).connect(name, stream).await
}

/// How connections are made: in these versions, with these protocols, and perhaps a certificate.
pub fn client_config(
    versions: &[&'static SupportedProtocolVersion],
    protocols: &[&str],
    workload: Option<&Workload>,
) -> Arc<ClientConfig> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(ROOT.ca_pem().as_bytes()).unwrap()).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(versions)
        .unwrap()
        .with_root_certificates(roots);
    let mut config = match workload {
        None => config.with_no_client_auth(),
        Some(workload) => {
            let chain = CertificateDer::from_pem_slice(workload.certificate_pem.as_bytes());
            let key = PrivateKeyDer::from_pem_slice(workload.key_pem.as_bytes()).unwrap();
            config.with_client_auth_cert(vec![chain.unwrap()], key).unwrap()
        }
    };
    config.alpn_protocols = protocols.iter().map(|it| it.as_bytes().to_vec()).collect();
    Arc::new(config)
}
