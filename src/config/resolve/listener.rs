//! Where workloads connect, and TLS toward them.

use std::net::SocketAddr;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::{Resolver, Seen};
use crate::config::decode::{Field, List};
use crate::config::problem::Mark;
use crate::config::raw::{RawListener, RawListenerTls};
use crate::config::value::Client;
use crate::identity::{ClientTrust, ServerTls};
use crate::snapshot::{Listener, TlsVersion};
use crate::trust::client_verifier;

impl Resolver<'_> {
    /// Listeners, and the place of the first that is not on loopback.
    pub(super) fn listeners(
        &mut self,
        raw: Field<List<RawListener>>,
        top: Mark,
    ) -> (Vec<Listener>, Option<Mark>) {
        let remedy = "listeners: [{ address: 127.0.0.1:8080 }]";
        let mut seen = Seen::new("the address");
        let mut public = None;
        let mut listeners = Vec::new();
        for (mark, raw) in self.entries(raw, "listeners", remedy, Some(top)) {
            let RawListener { address, tls } = raw;
            let tls = tls.given().map(|(section, raw)| self.listener_tls(section, raw));
            let Some((mark, address)) = address.require(mark, "address", remedy, self.problems)
            else {
                continue;
            };
            seen.check(mark, &address.to_string(), "another port", self.problems);
            self.check_reach(mark, address, &listeners, "another port");
            if !address.ip().is_loopback() {
                public = public.or(Some(mark));
            }
            // One whose TLS is wrong is never opened: its problem keeps the snapshot away.
            listeners.push(Listener { address, tls: tls.flatten().map(Arc::new) });
        }
        (listeners, public)
    }

    /// A connection tells which address it came to, and its listener is found by that: one for all
    /// addresses and one for a single address can't share a port.
    pub(super) fn check_reach(
        &mut self,
        mark: Mark,
        address: SocketAddr,
        listeners: &[Listener],
        remedy: &str,
    ) {
        let overlap = listeners.iter().map(|listener| listener.address).find(|other| {
            let open = address.ip().is_unspecified() || other.ip().is_unspecified();
            open && other.port() == address.port() && *other != address
        });
        if let Some(other) = overlap {
            let what = format!("`{address}` and `{other}` share connections");
            self.problems.add(mark, what, remedy);
        }
    }

    fn listener_tls(&mut self, section: Mark, raw: RawListenerTls) -> Option<ServerTls> {
        let RawListenerTls { certificate, key, min_version, client_ca, client, client_crl } = raw;
        let remedy = "certificate: tls.crt, key: tls.key";
        let certificate = certificate.require(section, "certificate", remedy, self.problems);
        let key = key.require(section, "key", remedy, self.problems);
        let clients = self.clients(client_ca, client, client_crl);
        let only_13 = min_version.or(TlsVersion::default()) == TlsVersion::V1_3;
        let (chain_at, chain) = certificate?;
        let chain = self.read(chain_at, &chain).and_then(|pem| self.certificates(chain_at, &pem));
        let (key_at, key) = key?;
        let key = self.private_key(key_at, &key);
        let tls = ServerTls::new(chain?, key?, only_13, clients);
        tls.map_err(|_| {
            let what = "`key` is not the key of `certificate`";
            self.problems.add(key_at, what, "the private key of the first certificate");
        })
        .ok()
    }

    /// Whose certificates are taken.
    fn clients(
        &mut self,
        ca: Field<String>,
        client: Field<Client>,
        crl: Field<List<String>>,
    ) -> Option<ClientTrust> {
        let Some((ca_at, ca)) = ca.given() else {
            for (key, at) in [("client", mark(&client)), ("client_crl", mark(&crl))] {
                if let Some(at) = at {
                    let what = format!("`{key}` without `client_ca`: no certificate is asked for");
                    self.problems.add(at, what, "client_ca: workloads.pem");
                }
            }
            return None;
        };
        let lists = match crl {
            Field::Absent => None,
            crl => Some(self.lists(crl, "client_crl")),
        };
        let pem = self.read(ca_at, &ca)?;
        let anchors = self.anchors(ca_at, &pem)?;
        let anchors: Vec<Vec<u8>> = anchors.into_iter().map(|anchor| anchor.to_vec()).collect();
        let required = client.or(Client::Required) == Client::Required;
        let mut hash = Sha256::new_with_prefix(&pem);
        for list in lists.iter().flatten() {
            hash.update(list.digest());
        }
        hash.update([u8::from(required), u8::from(lists.is_some())]);
        let id = hash.finalize().iter().take(8).fold(0, |id, byte| id << 8 | u64::from(*byte));
        Some(ClientTrust::new(client_verifier(&anchors, lists, required), id))
    }
}

/// Whether a listener asks for certificates, rightly or wrongly; what is wrong is reported where it
/// stands.
pub(super) fn ask_for_certificates(listeners: &Field<List<RawListener>>) -> bool {
    let of_tls = |tls: &RawListenerTls| !matches!(tls.client_ca, Field::Absent);
    let of_listener = |listener: &RawListener| holds(&listener.tls, of_tls);
    holds(listeners, |list| list.iter().any(|listener| holds(listener, of_listener)))
}

/// Whether what a key holds is so, or might have been if it were not wrong.
fn holds<T>(field: &Field<T>, so: impl Fn(&T) -> bool) -> bool {
    match field {
        Field::Given(_, value) => so(value),
        Field::Wrong => true,
        Field::Absent => false,
    }
}

fn mark<T>(field: &Field<T>) -> Option<Mark> {
    match field {
        Field::Given(mark, _) => Some(*mark),
        Field::Absent | Field::Wrong => None,
    }
}
