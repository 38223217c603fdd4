//! The rows of the matrix: a server, a policy toward it, and what must come of them.

use rcgen::{ExtendedKeyUsagePurpose, SanType, date_time_ymd};
use tokio_rustls::rustls::SupportedProtocolVersion;

use crate::support::Config;
use crate::support::pki::{Ca, Leaf, Pki};
use crate::support::tls_server::{BOTH, ListServer, ONLY_1_2, Serves, TlsServer, clients_of};

/// A server and a policy toward it.
pub struct Row {
    pub name: &'static str,
    pub server: TlsServer,
    /// The host of its URL.
    pub host: &'static str,
    /// What is behind `tls:`.
    pub tls: String,
    /// `None`: it is served; else why not.
    pub refused: Option<&'static str>,
    /// The server name that arrives with the handshake.
    pub sni: Option<&'static str>,
}

/// The rows, and what they need for as long as they are used.
pub struct Matrix {
    pub rows: Vec<Row>,
    _lists: Vec<ListServer>,
}

const LOCAL: &[&str] = &["localhost"];
const SPIFFE: &str = "spiffe://bank.example/ns/shop/sa/api";

/// Gathers rows.
struct Rows<'p> {
    pki: &'p Pki,
    rows: Vec<Row>,
}

impl Rows<'_> {
    /// A server with this certificate of the issuing CA, and no more.
    async fn add(&mut self, name: &'static str, leaf: &Leaf, tls: &str, refused: &'static str) {
        self.at("localhost", name, Serves::new(leaf, &self.pki.issuing), tls, refused).await;
    }

    async fn serving(
        &mut self,
        name: &'static str,
        serves: Serves<'_>,
        tls: &str,
        refused: &'static str,
    ) {
        self.at("localhost", name, serves, tls, refused).await;
    }

    async fn at(
        &mut self,
        host: &'static str,
        name: &'static str,
        serves: Serves<'_>,
        tls: &str,
        refused: &'static str,
    ) {
        let server = serves.start().await;
        let refused = (!refused.is_empty()).then_some(refused);
        let sni = (host == "localhost").then_some("localhost");
        self.rows.push(Row { name, server, host, tls: tls.to_owned(), refused, sni });
    }
}

/// All rows. Their files are in the directory of `config`.
pub async fn matrix(config: &Config, pki: &Pki) -> Matrix {
    let other = Ca::root("other");
    config.write("root.pem", pki.root.pem());
    config.write("issuing.pem", pki.issuing.pem());
    config.write("other.pem", other.pem());
    let mut rows = Rows { pki, rows: Vec::new() };
    authorities(&mut rows, &other).await;
    names(&mut rows).await;
    times(&mut rows).await;
    let lists = revocation(&mut rows, config).await;
    pins(&mut rows, &other).await;
    clients(&mut rows, config, &other).await;
    versions(&mut rows).await;
    Matrix { rows: rows.rows, _lists: lists }
}

async fn authorities(rows: &mut Rows<'_>, other: &Ca) {
    let leaf = rows.pki.issuing.leaf(LOCAL);
    rows.add("right CA", &leaf, "ca: root.pem", "").await;
    rows.add("right CA, intermediate", &leaf, "ca: issuing.pem", "").await;
    rows.add("wrong CA", &leaf, "ca: other.pem", "tls_untrusted").await;
    rows.add("system's CAs", &leaf, "min_version: '1.2'", "tls_untrusted").await;
    let alone = Serves { chain: Vec::new(), ..Serves::new(&leaf, &rows.pki.issuing) };
    rows.serving("intermediate not sent", alone, "ca: root.pem", "tls_untrusted").await;
    // The same name as the root's, another key.
    let namesake = Ca::root("root");
    let forged = namesake.leaf(LOCAL);
    let serves = Serves::new(&forged, &namesake);
    rows.serving("CA of the right name only", serves, "ca: root.pem", "tls_untrusted").await;
    let stranger = other.leaf(LOCAL);
    let serves = Serves::new(&stranger, &rows.pki.issuing);
    rows.serving("signed by no one sent", serves, "ca: root.pem", "tls_untrusted").await;
    // A server's certificate is no CA.
    let signer = rows.pki.issuing.leaf(LOCAL);
    let serves = Serves::new(&signer, &rows.pki.issuing);
    rows.serving("leaf as its own CA", serves, "ca: other.pem", "tls_untrusted").await;
    let client = rows.pki.issuing.leaf_with(LOCAL, |params| {
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    });
    rows.add("for clients only", &client, "ca: root.pem", "tls_certificate").await;
}

async fn names(rows: &mut Rows<'_>) {
    let pki = rows.pki;
    let api = pki.issuing.leaf(&["api.example"]);
    let local = pki.issuing.leaf(LOCAL);
    rows.add("wrong name", &api, "ca: root.pem", "tls_name").await;
    rows.add("name by sni", &api, "ca: root.pem, sni: api.example", "").await;
    if let Some(row) = rows.rows.last_mut() {
        row.sni = Some("api.example");
    }
    rows.add("wrong name by sni", &local, "ca: root.pem, sni: api.example", "tls_name").await;
    let sans = |names: &str| format!("ca: root.pem, sans: [{names}]");
    rows.add("SAN, not the SNI", &api, &sans("'dns:api.example'"), "").await;
    rows.add("SAN instead of the SNI", &local, &sans("'dns:api.example'"), "tls_name").await;
    rows.add("one SAN of several", &api, &sans("'dns:a.example', 'dns:api.example'"), "").await;
    rows.add("no SAN of several", &api, &sans("'dns:a.example', 'ip:::1'"), "tls_name").await;
    let wild = pki.issuing.leaf(&["*.bank.example"]);
    rows.add("wildcard", &wild, &sans("'dns:api.bank.example'"), "").await;
    rows.add("wildcard, too deep", &wild, &sans("'dns:a.api.bank.example'"), "tls_name").await;

    let with_uris = |uris: &[&str]| {
        let uris: Vec<SanType> =
            uris.iter().map(|uri| SanType::URI((*uri).try_into().unwrap())).collect();
        pki.issuing.leaf_with(&[], |params| params.subject_alt_names = uris)
    };
    let one = with_uris(&[SPIFFE]);
    let spiffe = sans(&format!("'uri:{SPIFFE}'"));
    rows.add("SPIFFE", &one, &spiffe, "").await;
    rows.add("SPIFFE, no SAN asked for", &one, "ca: root.pem", "tls_name").await;
    rows.add("SPIFFE, DNS only", &api, &spiffe, "tls_name").await;
    rows.add("SPIFFE, longer", &with_uris(&[&format!("{SPIFFE}2")]), &spiffe, "tls_name").await;
    let shorter = with_uris(&["spiffe://bank.example/ns/shop"]);
    rows.add("SPIFFE, shorter", &shorter, &spiffe, "tls_name").await;
    let domain = with_uris(&["spiffe://bank.example.evil/ns/shop/sa/api"]);
    rows.add("SPIFFE, other domain", &domain, &spiffe, "tls_name").await;
    let two = with_uris(&[SPIFFE, "spiffe://bank.example/other"]);
    rows.add("SPIFFE, two IDs", &two, &spiffe, "tls_name").await;
    let plain = with_uris(&["https://a.example/x", "https://b.example/y"]);
    rows.add("URI of two", &plain, &sans("'uri:https://b.example/y'"), "").await;
    rows.add("URI in other words", &plain, &sans("'uri:https://B.example/y'"), "tls_name").await;
    // A name that looks like a URI or an address is none.
    let text = pki.issuing.leaf_with(&[], |params| {
        params.subject_alt_names = vec![SanType::DnsName("127.0.0.1".try_into().unwrap())];
    });
    let serves = |leaf| Serves::new(leaf, &pki.issuing);
    let local_ip = sans("'ip:127.0.0.1'");
    rows.at("127.0.0.1", "address as a DNS name", serves(&text), &local_ip, "tls_name").await;
    let ip = pki.issuing.leaf(&["127.0.0.1"]);
    rows.at("127.0.0.1", "address", serves(&ip), &local_ip, "").await;
    rows.at("127.0.0.1", "wrong address", serves(&ip), &sans("'ip:127.0.0.2'"), "tls_name").await;
    rows.at("127.0.0.1", "SAN at an address", serves(&api), &sans("'dns:api.example'"), "").await;
}

async fn times(rows: &mut Rows<'_>) {
    let pki = rows.pki;
    let expired = pki.issuing.leaf_with(LOCAL, |params| {
        params.not_after = date_time_ymd(2026, 2, 1);
    });
    rows.add("expired", &expired, "ca: root.pem", "tls_expired").await;
    let early = pki.issuing.leaf_with(LOCAL, |params| {
        params.not_before = date_time_ymd(2035, 1, 1);
    });
    rows.add("not yet valid", &early, "ca: root.pem", "tls_not_yet_valid").await;
    let old = pki.root.ca("old", |params| params.not_after = date_time_ymd(2026, 2, 1));
    let leaf = old.leaf(LOCAL);
    let serves = Serves::new(&leaf, &old);
    rows.serving("expired intermediate", serves, "ca: root.pem", "tls_expired").await;
}

async fn revocation(rows: &mut Rows<'_>, config: &Config) -> Vec<ListServer> {
    let Pki { root, issuing } = rows.pki;
    let (good, bad) = (issuing.leaf(LOCAL), issuing.leaf(LOCAL));
    let gone = root.ca("gone", |_| {});
    let orphan = gone.leaf(LOCAL);
    let write = |name: &str, list: rcgen::CertificateRevocationList| {
        config.write(name, list.pem().unwrap());
    };
    write("root.crl", root.list(&[gone.serial()]));
    write("issuing.crl", issuing.list(&[bad.serial]));
    write("gone.crl", gone.list(&[]));
    write("stale.crl", issuing.stale_list(&[bad.serial]));
    write("earlier.crl", issuing.earlier_list(&[]));
    write("forged.crl", Ca::root("issuing").list(&[]));
    config.write("issuing.der", issuing.list(&[bad.serial]).der());
    let crl = |keys: &str| format!("ca: root.pem, crl: {{ {keys} }}");
    let both = crl("files: [root.crl, issuing.crl]");
    rows.add("not revoked", &good, &both, "").await;
    rows.add("revoked", &bad, &both, "tls_revoked").await;
    rows.add("revoked, DER", &bad, &crl("files: [root.crl, issuing.der]"), "tls_revoked").await;
    rows.add("revoked, nobody asks", &bad, "ca: root.pem", "").await;
    let under_gone = |rows: &Rows<'_>| {
        let _ = rows;
        Serves::new(&orphan, &gone)
    };
    let all = crl("files: [root.crl, issuing.crl, gone.crl]");
    let serves = under_gone(rows);
    rows.serving("revoked intermediate", serves, &all, "tls_revoked").await;
    let leaf = crl("files: [root.crl, issuing.crl, gone.crl], depth: leaf");
    let serves = under_gone(rows);
    rows.serving("revoked intermediate, leaf asked", serves, &leaf, "").await;
    rows.add("revoked, leaf asked", &bad, &crl("files: [issuing.crl], depth: leaf"), "tls_revoked")
        .await;
    rows.add(
        "leaf asked, no list of the root",
        &good,
        &crl("files: [issuing.crl], depth: leaf"),
        "",
    )
    .await;
    rows.add("no list of the root", &good, &crl("files: [issuing.crl]"), "tls_crl_missing").await;
    rows.add("no list of the issuer", &good, &crl("files: [root.crl]"), "tls_crl_missing").await;
    let accepted = crl("files: [root.crl], stale: accept");
    rows.add("no list of the issuer, accepted", &good, &accepted, "").await;
    let stale = crl("files: [root.crl, stale.crl]");
    rows.add("stale", &good, &stale, "tls_crl_stale").await;
    let accepted = crl("files: [root.crl, stale.crl], stale: accept");
    rows.add("stale, accepted", &good, &accepted, "").await;
    rows.add("stale, accepted, revoked", &bad, &accepted, "tls_revoked").await;
    let newer = crl("files: [root.crl, stale.crl, earlier.crl, issuing.crl]");
    rows.add("the newest of three counts", &bad, &newer, "tls_revoked").await;
    rows.add("the newest of three is not stale", &good, &newer, "").await;
    for (name, stance) in [("forged list", "refuse"), ("forged list, accepted", "accept")] {
        let forged = crl(&format!("files: [root.crl, forged.crl], stale: {stance}"));
        rows.add(name, &good, &forged, "tls_crl_invalid").await;
    }

    let revoking = ListServer::start(Some(issuing.list(&[bad.serial]).der())).await;
    let absent = ListServer::start(None).await;
    let garbage = ListServer::start(Some(b"not a list")).await;
    let url = |list: &ListServer, more: &str| {
        crl(&format!("files: [root.crl], urls: ['{}'], {more}", list.url()))
    };
    rows.add("fetched, not revoked", &good, &url(&revoking, "refresh: 1h"), "").await;
    rows.add("fetched, revoked", &bad, &url(&revoking, "refresh: 1h"), "tls_revoked").await;
    rows.add("not to be fetched", &good, &url(&absent, "refresh: 1h"), "tls_crl_missing").await;
    rows.add("not to be fetched, accepted", &good, &url(&absent, "stale: accept"), "").await;
    rows.add("garbage fetched", &good, &url(&garbage, "refresh: 1h"), "tls_crl_missing").await;
    let only = crl(&format!("urls: ['{}']", absent.url()));
    rows.add("no list at all", &good, &only, "tls_crl_missing").await;
    let only = crl(&format!("urls: ['{}'], stale: accept", absent.url()));
    rows.add("no list at all, accepted", &good, &only, "").await;
    let only = format!("ca: other.pem, crl: {{ urls: ['{}'] }}", absent.url());
    rows.add("no list at all, wrong CA", &good, &only, "tls_untrusted").await;
    vec![revoking, absent, garbage]
}

async fn pins(rows: &mut Rows<'_>, other: &Ca) {
    let Pki { root, issuing } = rows.pki;
    let (leaf, next) = (issuing.leaf(LOCAL), issuing.leaf(LOCAL));
    let pins = |pins: &[String]| format!("ca: root.pem, pins: ['{}']", pins.join("', '"));
    rows.add("key pinned", &leaf, &pins(&[leaf.pin()]), "").await;
    rows.add("certificate pinned", &leaf, &pins(&[leaf.certificate_pin()]), "").await;
    rows.add("issuer's key pinned", &leaf, &pins(&[issuing.pin()]), "").await;
    rows.add("issuer pinned", &leaf, &pins(&[issuing.certificate_pin()]), "").await;
    rows.add("root's key pinned", &leaf, &pins(&[root.pin()]), "").await;
    rows.add("root pinned", &leaf, &pins(&[root.certificate_pin()]), "").await;
    rows.add("pinned beside the next", &leaf, &pins(&[next.pin(), leaf.pin()]), "").await;
    rows.add("the next, pinned", &next, &pins(&[leaf.pin(), next.pin()]), "").await;
    rows.add("key not pinned", &leaf, &pins(&[next.pin()]), "tls_pin").await;
    rows.add("certificate not pinned", &leaf, &pins(&[next.certificate_pin()]), "tls_pin").await;
    // The digest of a key is not that of a certificate.
    let crossed = leaf.pin().replace("sha256/", "cert-sha256/");
    rows.add("key pinned as a certificate", &leaf, &pins(&[crossed]), "tls_pin").await;
    // What is sent along and not needed proves nothing.
    let mut serves = Serves::new(&leaf, issuing);
    serves.chain.push(other.der());
    rows.serving("a stranger sent along", serves, &pins(&[other.pin()]), "tls_pin").await;
    let pinned = format!("ca: other.pem, pins: ['{}']", leaf.pin());
    rows.add("pinned, wrong CA", &leaf, &pinned, "tls_untrusted").await;
    let pinned = format!("ca: root.pem, sni: api.example, pins: ['{}']", leaf.pin());
    rows.add("pinned, wrong name", &leaf, &pinned, "tls_name").await;
}

async fn clients(rows: &mut Rows<'_>, config: &Config, other: &Ca) {
    let pki = rows.pki;
    let show = |name: &str, leaf: &Leaf| {
        config.write(&format!("{name}.pem"), leaf.pem());
        config.write(&format!("{name}.key"), leaf.key.serialize_pem());
        format!("ca: root.pem, certificate: {name}.pem, key: {name}.key")
    };
    let known = show("known", &pki.root.client("egret"));
    let stranger = show("stranger", &other.client("egret"));
    let leaf = pki.issuing.leaf(LOCAL);
    let wants = |versions: &'static [&'static SupportedProtocolVersion]| Serves {
        clients: Some(clients_of(&pki.root)),
        versions,
        ..Serves::new(&leaf, &pki.issuing)
    };
    rows.serving("client certificate", wants(BOTH), &known, "").await;
    rows.serving("client certificate, 1.2", wants(ONLY_1_2), &known, "").await;
    let missing = "tls_client_certificate";
    rows.serving("no client certificate", wants(BOTH), "ca: root.pem", missing).await;
    rows.serving("wrong client certificate", wants(BOTH), &stranger, missing).await;
    rows.serving("wrong client certificate, 1.2", wants(ONLY_1_2), &stranger, missing).await;
    rows.add("client certificate, unwanted", &leaf, &known, "").await;
}

async fn versions(rows: &mut Rows<'_>) {
    let pki = rows.pki;
    let leaf = pki.issuing.leaf(LOCAL);
    let old = || Serves { versions: ONLY_1_2, ..Serves::new(&leaf, &pki.issuing) };
    rows.serving("1.2", old(), "ca: root.pem", "").await;
    rows.serving(
        "1.2 where 1.3 is the least",
        old(),
        "ca: root.pem, min_version: '1.3'",
        "tls_version",
    )
    .await;
    rows.add("1.3", &leaf, "ca: root.pem, min_version: '1.3'", "").await;
    let h2 = Serves { alpn: &["h2"], ..Serves::new(&leaf, &pki.issuing) };
    rows.serving("no HTTP in common", h2, "ca: root.pem", "tls_alpn").await;
}
