//! Name servers, as hickory takes them.

use std::sync::Arc;

use hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolveHosts, ResolverConfig};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::proto::dnssec::TrustAnchors;
use hickory_resolver::proto::serialize::txt::ParseError;
use hickory_resolver::proto::serialize::txt::trust_anchor::Parser;
use hickory_resolver::{TlsConfig, TokioResolver};
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use super::settings::{Dnssec, Server, Settings, Transport};

/// A server of the operator's.
pub(super) fn name_server(server: &Server) -> NameServerConfig {
    let Server { address, transport } = server;
    let connections = match transport {
        Transport::Udp => vec![ConnectionConfig::udp(), ConnectionConfig::tcp()],
        Transport::Tcp => vec![ConnectionConfig::tcp()],
        Transport::Tls(name) => vec![ConnectionConfig::tls(name.as_str().into())],
    };
    let at = |mut connection: ConnectionConfig| {
        connection.port = address.port();
        connection
    };
    NameServerConfig::new(address.ip(), true, connections.into_iter().map(at).collect())
}

/// One for each server: several in one would let the first that answers decide, also if it says
/// that it failed.
pub(super) fn resolver(
    server: NameServerConfig,
    settings: &Settings,
) -> Result<TokioResolver, String> {
    let config = ResolverConfig::from_name_servers(vec![server]);
    let mut builder = TokioResolver::builder_with_config(config, TokioRuntimeProvider::default())
        .with_tls_config(tls(settings)?);
    let options = builder.options_mut();
    options.timeout = settings.timeout;
    // Asking again, remembering and the hosts file are ours.
    options.attempts = 0;
    options.cache_size = 0;
    options.use_hosts_file = ResolveHosts::Never;
    let anchors = match &settings.dnssec {
        Dnssec::Off => None,
        Dnssec::Root => Some(TrustAnchors::default()),
        Dnssec::Anchors(text) => Some(anchors(text)?),
    };
    if let Some(anchors) = anchors {
        builder = builder.with_trust_anchor(Arc::new(anchors));
    }
    builder.build().map_err(|error| error.to_string())
}

/// Trust anchors from the text of a file of DNSKEY records.
///
/// # Errors
///
/// In words: it holds none, or something else.
pub fn anchors(text: &str) -> Result<TrustAnchors, String> {
    let keys = Parser::new(text).parse().map_err(|error| error.to_string())?;
    if keys.is_empty() {
        return Err("it holds no keys".to_owned());
    }
    text.parse().map_err(|error: ParseError| error.to_string())
}

fn tls(settings: &Settings) -> Result<ClientConfig, String> {
    let secure = |server: &Server| matches!(server.transport, Transport::Tls(_));
    let wanted = settings.servers.iter().flatten().any(secure);
    let mut roots = RootCertStore::empty();
    match &settings.ca {
        None if wanted => {
            let system = TlsConfig::new().map_err(|error| error.to_string())?;
            return Ok(system.config);
        }
        None => {}
        Some(ca) => {
            for certificate in ca {
                let added = roots.add(CertificateDer::from_slice(certificate));
                added.map_err(|error| error.to_string())?;
            }
        }
    }
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let builder = builder.with_safe_default_protocol_versions();
    let builder = builder.map_err(|error| error.to_string())?;
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}
