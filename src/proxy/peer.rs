//! A backend as Pingora's connector sees it.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use pingora::protocols::ALPN;
use pingora::protocols::l4::socket as l4;
use pingora::upstreams::peer::HttpPeer;
use pingora::utils::tls::{CertKey, WrappedX509, parse_x509};

use crate::snapshot::{Backend, HttpVersions, TlsPolicy};

/// Most streams on one h2 connection; Pingora's default is one.
const H2_STREAMS: usize = 100;
/// How often an h2 connection is asked whether it is still there. One that a firewall has dropped
/// in silence would otherwise take every request until the kernel gives it up, a quarter of an
/// hour later.
const H2_PING: Duration = Duration::from_secs(20);

/// The peer of each backend as it was last used, by group key: certificates are parsed once, and
/// nothing is copied while the address stays.
#[derive(Debug, Default)]
pub struct Peers {
    last: Mutex<HashMap<u64, Arc<HttpPeer>>>,
}

impl Peers {
    /// The peer for a backend at one of its addresses.
    pub fn peer(&self, backend: &Backend, address: SocketAddr) -> Arc<HttpPeer> {
        let address = l4::SocketAddr::Inet(address);
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let peer = last.entry(backend.group_key).or_insert_with(|| Arc::new(template(backend)));
        if peer._address != address {
            let mut moved = HttpPeer::clone(peer);
            moved._address = address;
            *peer = Arc::new(moved);
        }
        peer.clone()
    }

    /// Forgets the peers of configurations that are gone.
    pub fn retain(&self, keep: impl Fn(u64) -> bool) {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        last.retain(|key, _| keep(*key));
    }
}

fn template(backend: &Backend) -> HttpPeer {
    let nowhere = SocketAddr::from(([0, 0, 0, 0], 0));
    let sni = backend.tls.as_ref().map_or_else(String::new, |tls| tls.sni.clone());
    // Given an address, `new` resolves nothing. An empty SNI would turn verification off; the
    // configuration refuses it for TLS backends.
    let mut peer = HttpPeer::new(nowhere, backend.tls.is_some(), sni);
    // Pingora's pool key leaves the CA out: without this, a connection verified under one trust
    // would be handed out under another (S-56).
    peer.group_key = backend.group_key;
    if let Some(tls) = &backend.tls {
        trust(&mut peer, tls);
    }
    peer.options.alpn = match (backend.http, &backend.tls) {
        (HttpVersions::Auto, Some(_)) => ALPN::H2H1,
        (HttpVersions::H2, _) => ALPN::H2,
        (HttpVersions::H1, _) | (HttpVersions::Auto, None) => ALPN::H1,
    };
    peer.options.max_h2_streams = H2_STREAMS;
    peer.options.h2_ping_interval = Some(H2_PING);
    peer.options.connection_timeout = Some(backend.timeouts.connect);
    peer.options.total_connection_timeout = Some(backend.timeouts.connect * 2);
    peer.options.write_timeout = Some(backend.timeouts.idle);
    peer
}

fn trust(peer: &mut HttpPeer, tls: &TlsPolicy) {
    if let Some(bundle) = &tls.ca {
        let certificates = bundle.iter().map(|der| WrappedX509::new(der.clone(), parse_x509));
        peer.options.ca = Some(certificates.collect::<Vec<_>>().into());
    }
    if let Some(identity) = &tls.identity {
        let key = CertKey::new(identity.chain.clone(), identity.key.expose().to_vec());
        peer.client_cert_key = Some(Arc::new(key));
    }
}
