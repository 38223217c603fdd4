//! Clients, as listeners verify them: the same chains and lists, the other way round.

use std::sync::Arc;

use egret::snapshot::RevocationList;
use egret::trust::client_verifier;
use rcgen::{CertificateRevocationList, ExtendedKeyUsagePurpose, date_time_ymd};
use tokio::io::AsyncReadExt;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use crate::support::pki::{Ca, Leaf, Pki};
use crate::support::tls_server::Serves;
use crate::support::tls_server::{BOTH, ONLY_1_2};

/// Connects with this certificate, or with none; whether it was taken.
async fn is_taken(pki: &Pki, server: &Serves<'_>, shown: Option<(&Leaf, &Ca)>) -> bool {
    let server = server.start().await;
    let mut roots = RootCertStore::empty();
    roots.add(pki.root.der()).unwrap();
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots);
    let config = match shown {
        None => builder.with_no_client_auth(),
        Some((leaf, issuer)) => {
            let key = PrivateKeyDer::try_from(leaf.key.serialize_der()).unwrap();
            let chain = vec![leaf.certificate.clone(), issuer.der()];
            builder.with_client_auth_cert(chain, key).unwrap()
        }
    };
    let tcp = tokio::net::TcpStream::connect(server.address).await.unwrap();
    let name = "localhost".try_into().unwrap();
    let Ok(mut tls) = TlsConnector::from(Arc::new(config)).connect(name, tcp).await else {
        return false;
    };
    let asked = tokio::io::AsyncWriteExt::write_all(&mut tls, b"GET / HTTP/1.1\r\nhost: x\r\n\r\n");
    let _ = asked.await;
    let mut answer = Vec::new();
    let _ = tls.read_to_end(&mut answer).await;
    assert_eq!(answer.starts_with(b"HTTP/1.1 200"), server.requests() == 1);
    server.requests() == 1
}

fn lists(lists: &[CertificateRevocationList]) -> Option<Vec<Arc<RevocationList>>> {
    let read = lists.iter().flat_map(|list| RevocationList::read(list.der()).unwrap());
    Some(read.map(Arc::new).collect())
}

#[tokio::test]
async fn clients_are_verified_by_ca_purpose_time_and_lists() {
    let pki = Pki::new();
    let Pki { root, issuing } = &pki;
    let known = issuing.client("known");
    let revoked = issuing.client("revoked");
    let expired = issuing.leaf_with(&["expired"], |params| {
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        params.not_after = date_time_ymd(2026, 2, 1);
    });
    let server_only = issuing.leaf(&["server"]);
    let other = Ca::root("issuing");
    let stranger = other.client("known");
    let current = || lists(&[root.list(&[]), issuing.list(&[revoked.serial])]);
    let stale = || lists(&[root.list(&[]), issuing.stale_list(&[])]);
    let cases = [
        ("known", Some((&known, issuing)), None, true, true),
        ("known, on no list", Some((&known, issuing)), current(), true, true),
        ("revoked", Some((&revoked, issuing)), current(), true, false),
        ("revoked, nobody asks", Some((&revoked, issuing)), None, true, true),
        ("revoked, not mandatory", Some((&revoked, issuing)), current(), false, false),
        ("stale list", Some((&known, issuing)), stale(), true, false),
        ("no list", Some((&known, issuing)), lists(&[]), true, false),
        ("no list of the root", Some((&known, issuing)), lists(&[issuing.list(&[])]), true, false),
        ("expired", Some((&expired, issuing)), None, true, false),
        ("for servers only", Some((&server_only, issuing)), None, true, false),
        ("stranger", Some((&stranger, &other)), None, true, false),
        ("stranger, not mandatory", Some((&stranger, &other)), None, false, false),
        ("stranger with the CA's certificate", Some((&stranger, issuing)), None, true, false),
        ("nothing shown", None, None, true, false),
        ("nothing shown, not mandatory", None, None, false, true),
    ];
    let leaf = issuing.leaf(&["localhost"]);
    for (name, shown, lists, mandatory, taken) in cases {
        for versions in [BOTH, ONLY_1_2] {
            let clients = |lists, mandatory| {
                let verifier = client_verifier(&[root.der().to_vec()], lists, mandatory);
                Serves { clients: Some(verifier), versions, ..Serves::new(&leaf, issuing) }
            };
            let server = clients(lists.clone(), mandatory);
            assert_eq!(is_taken(&pki, &server, shown).await, taken, "{name}");
            let clean = clients(current(), true);
            assert!(is_taken(&pki, &clean, Some((&known, issuing))).await, "after {name}");
        }
    }
}
