//! TLS on top of a connection.

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use pingora::protocols::ALPN;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, HandshakeKind, RootCertStore};

use super::Unreached;
use crate::snapshot::{HttpVersions, TlsPolicy};

/// The TLS configurations of backends, by group key and what they are asked for. Each keeps the
/// sessions of its own backend, so that the next handshake is short.
#[derive(Debug, Default)]
pub(super) struct Configs {
    made: Mutex<HashMap<(u64, HttpVersions), Arc<ClientConfig>>>,
    system: OnceLock<Arc<RootCertStore>>,
}

impl Configs {
    /// The configuration for a backend's policy.
    pub(super) fn of(
        &self,
        key: u64,
        policy: &TlsPolicy,
        versions: HttpVersions,
    ) -> Result<Arc<ClientConfig>, Unreached> {
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(config) = made.get(&(key, versions)) {
            return Ok(config.clone());
        }
        let mut config = self.build(policy).map_err(Unreached::tls)?;
        config.alpn_protocols = match versions {
            HttpVersions::Auto => vec![b"h2".to_vec(), b"http/1.1".to_vec()],
            HttpVersions::H2 => vec![b"h2".to_vec()],
            HttpVersions::H1 => vec![b"http/1.1".to_vec()],
        };
        let config = Arc::new(config);
        made.insert((key, versions), config.clone());
        Ok(config)
    }

    fn build(&self, policy: &TlsPolicy) -> Result<ClientConfig, io::Error> {
        let roots = match &policy.ca {
            None => self.system.get_or_init(system).clone(),
            Some(bundle) => {
                let mut roots = RootCertStore::empty();
                for certificate in bundle.iter() {
                    let added = roots.add(CertificateDer::from_slice(certificate));
                    added.map_err(io::Error::other)?;
                }
                Arc::new(roots)
            }
        };
        let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(io::Error::other)?
            .with_root_certificates(roots);
        let Some(identity) = &policy.identity else { return Ok(builder.with_no_client_auth()) };
        let chain = identity.chain.iter().map(|der| CertificateDer::from(der.clone())).collect();
        let key = PrivateKeyDer::try_from(identity.key.expose().to_vec());
        let key = key.map_err(io::Error::other)?;
        builder.with_client_auth_cert(chain, key).map_err(io::Error::other)
    }

    /// Forgets configurations that are gone.
    pub(super) fn retain(&self, keep: impl Fn(u64) -> bool) {
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        made.retain(|(key, _), _| keep(*key));
    }
}

fn system() -> Arc<RootCertStore> {
    let mut roots = RootCertStore::empty();
    if let Err(error) = pingora::tls::load_platform_certs_incl_env_into_store(&mut roots) {
        log::warn!("the system's CA certificates can't be read: {error}");
    }
    Arc::new(roots)
}

/// TLS with whoever is at the other end, who must prove to be `name`.
pub(super) async fn handshake<S>(
    config: Arc<ClientConfig>,
    name: &str,
    stream: S,
) -> Result<TlsStream<S>, Unreached>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let name = ServerName::try_from(name.to_owned())
        .map_err(|error| Unreached::tls(io::Error::other(error)))?;
    TlsConnector::from(config).connect(name, stream).await.map_err(Unreached::tls)
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
