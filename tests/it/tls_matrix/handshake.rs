//! The matrix by handshakes alone: the configuration's policies, without a gateway around them.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use egret::config::Source;
use egret::snapshot::{Backend, HttpVersions, Snapshot};
use egret::trust::{ListsState, Trust, Trusts, explain};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::HandshakeKind::{self, Full, Resumed};
use tokio_rustls::rustls::ProtocolVersion::{TLSv1_2, TLSv1_3};
use tokio_rustls::rustls::SupportedProtocolVersion;

use super::rows::{Matrix, matrix};
use crate::support::pki::{self, Pki};
use crate::support::tls_server::{BOTH, ListServer, ONLY_1_2, Serves, TlsServer};
use crate::support::{Config, PATIENCE, http1, patiently, until};

/// Policies in force, with their lists fetched in the background.
pub(super) struct Field {
    config: Config,
    snapshot: Snapshot,
    pub(super) trusts: Arc<Trusts>,
    task: JoinHandle<()>,
}

impl Field {
    /// Backends by name, with their host, port and what is behind `tls:`.
    pub(super) fn new(config: Config, backends: &[(String, &str, u16, String)]) -> Self {
        // What fetches lists needs the cryptography that clients of HTTP need.
        drop(http1());
        let config = backends.iter().fold(config, |config, (name, host, port, tls)| {
            let fields = [
                "schema: openai, credential: none, http: h1".to_owned(),
                format!("url: 'https://{host}:{port}/v1'"),
                format!("tls: {{ {tls} }}"),
            ];
            config.backend_of(name, &fields).route(&format!("models: [{name}], backends: [{name}]"))
        });
        let snapshot = load(&config);
        let trusts = Arc::new(Trusts::default());
        trusts.keep(snapshot.tls_policies());
        let fetching = Arc::clone(&trusts);
        let task = tokio::spawn(async move { fetching.run().await });
        Self { config, snapshot, trusts, task }
    }

    /// A policy toward one server.
    fn one(config: Config, server: &TlsServer, tls: &str) -> Self {
        let backend = ("a".to_owned(), "localhost", server.address.port(), tls.to_owned());
        Self::new(config, &[backend])
    }

    /// What the gateway does after its configuration, or a file of it, has changed.
    fn reload(&mut self) {
        self.snapshot = load(&self.config);
        self.trusts.keep(self.snapshot.tls_policies());
    }

    pub(super) fn backend(&self, name: &str) -> &Backend {
        self.snapshot.backends.iter().find(|backend| backend.name == name).unwrap()
    }

    fn trust(&self, name: &str) -> Arc<Trust> {
        let backend = self.backend(name);
        self.trusts.of(backend.group_key, backend.tls.as_ref().unwrap()).unwrap()
    }

    /// Connects, sends a request and reads the answer; else why not.
    pub(super) async fn call(&self, name: &str) -> Result<(), &'static str> {
        let backend = self.backend(name);
        let trust = self.trust(name);
        trust.ready(PATIENCE).await;
        let address = SocketAddr::from(([127, 0, 0, 1], backend.origin.port));
        let result = patiently(exchange(&trust, address, HttpVersions::H1)).await;
        result.map_err(|error| reason(&error))
    }

    pub(super) async fn serves(&self, name: &str) {
        assert_eq!(self.call(name).await, Ok(()), "{name}");
    }
}

impl Drop for Field {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn load(config: &Config) -> Snapshot {
    Source::File(config.save()).load().unwrap_or_else(|error| panic!("{error}"))
}

fn reason(error: &io::Error) -> &'static str {
    match explain(error) {
        Some(refusal) => refusal.reason,
        None => panic!("not of TLS: {error:?}"),
    }
}

async fn exchange(trust: &Trust, address: SocketAddr, http: HttpVersions) -> io::Result<()> {
    let tcp = TcpStream::connect(address).await?;
    let connector = TlsConnector::from(Arc::clone(trust.current().client_config(http)));
    let mut tls = connector.connect(trust.server_name(), tcp).await?;
    // If the server does not want us, reading tells why.
    let _ = tls.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").await;
    let _ = tls.flush().await;
    let mut answer = vec![0; 12];
    tls.read_exact(&mut answer).await?;
    assert_eq!(answer, b"HTTP/1.1 200");
    // The sessions that can be resumed come with it.
    let _ = tls.read_to_end(&mut answer).await;
    Ok(())
}

#[tokio::test]
async fn every_row_of_the_matrix_comes_to_what_it_must() {
    let config = Config::new();
    let pki = Pki::new();
    let Matrix { rows, .. } = &matrix(&config, &pki).await;
    let leaf = pki.issuing.leaf(&["localhost"]);
    let clean = Serves::new(&leaf, &pki.issuing).start().await;
    let clean_port = clean.address.port();
    let mut backends = vec![("clean".to_owned(), "localhost", clean_port, "ca: root.pem".into())];
    for (number, row) in rows.iter().enumerate() {
        backends.push((format!("r{number}"), row.host, row.server.address.port(), row.tls.clone()));
    }
    let field = Field::new(config, &backends);
    let mut wrong = Vec::new();
    for (number, row) in rows.iter().enumerate() {
        let came_to = field.call(&format!("r{number}")).await.err();
        if came_to != row.refused {
            wrong.push(format!("{}: {came_to:?}, not {:?}", row.name, row.refused));
        }
        let seen = row.server.seen();
        let sni = seen.first().and_then(|seen| seen.sni.as_deref());
        if row.refused.is_none() && sni != row.sni {
            wrong.push(format!("{}: asked for {sni:?}, not {:?}", row.name, row.sni));
        }
        if row.refused.is_some() && row.server.requests() > 0 {
            wrong.push(format!("{}: a request was served", row.name));
        }
        field.serves("clean").await;
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(clean.requests(), rows.len());
    assert!(rows.len() >= 70, "{} rows", rows.len());
}

/// The kinds of all handshakes, in order.
fn kinds(server: &TlsServer) -> Vec<HandshakeKind> {
    server.seen().iter().map(|seen| seen.kind).collect()
}

/// A server and its policy, which fetches the list of the issuing CA.
pub(super) struct Fetched {
    pub(super) pki: Pki,
    pub(super) serial: u64,
    server: TlsServer,
    pub(super) list: ListServer,
    pub(super) field: Field,
}

impl Fetched {
    async fn new(versions: &'static [&'static SupportedProtocolVersion], more: &str) -> Self {
        let pki = Pki::new();
        let first = pki.issuing.list(&[]).der().to_vec();
        Self::from(pki, first, versions, more).await
    }

    /// The first answer of the place is this.
    pub(super) async fn from(
        pki: Pki,
        first: Vec<u8>,
        versions: &'static [&'static SupportedProtocolVersion],
        more: &str,
    ) -> Self {
        let leaf = pki.issuing.leaf(&["localhost"]);
        let serves = Serves { versions, ..Serves::new(&leaf, &pki.issuing) };
        let server = serves.start().await;
        let list = ListServer::start(Some(&first)).await;
        let config = Config::new();
        config.write_bytes("root.pem", pki.root.pem());
        let tls = format!(
            "ca: root.pem, crl: {{ urls: ['{}'], refresh: 1s, depth: leaf{more} }}",
            list.url()
        );
        let field = Field::one(config, &server, &tls);
        Self { serial: leaf.serial, pki, server, list, field }
    }

    fn version(&self) -> u64 {
        self.field.trust("a").current().version
    }

    /// Publishes a list and waits until it counts.
    pub(super) async fn publish(&self, list: &[u8]) {
        let before = self.version();
        self.list.set(Some(list));
        let asked = self.list.asked();
        // The version alone changes when a list goes out of date, too.
        let counts = async || self.list.asked() > asked && self.version() != before;
        until("the new list counts", counts).await;
    }

    /// Publishes a list of the issuing CA that is soon out of date, and calls before it is: when that
    /// is, what the call came to, and the version then.
    pub(super) async fn publish_until_soon(
        &self,
        revoked: &[u64],
    ) -> (u64, Result<(), &'static str>, u64) {
        // Machines may stand still.
        for seconds in [3, 10, 30, 90] {
            let soon = pki::now() + seconds;
            self.publish(self.pki.issuing.list_until(revoked, soon).der()).await;
            let (came_to, version) = (self.field.call("a").await, self.version());
            if pki::now() < soon {
                return (soon, came_to, version);
            }
        }
        panic!("each list was out of date before it had been used");
    }

    /// Waits until the place was asked so often again.
    pub(super) async fn fetched(&self, times: usize) {
        let asked = self.list.asked();
        until("the place is asked", async || self.list.asked() > asked + times).await;
    }

    pub(super) fn lists(&self) -> ListsState {
        self.field.trusts.lists(self.field.backend("a").group_key).unwrap()
    }

    pub(super) fn failures(&self) -> u64 {
        self.lists().failures
    }
}

#[tokio::test]
async fn sessions_are_resumed_until_what_they_were_verified_by_changes() {
    for (versions, newest) in [(BOTH, TLSv1_3), (ONLY_1_2, TLSv1_2)] {
        let mut at = Fetched::new(versions, "").await;
        for _ in 0..3 {
            at.field.serves("a").await;
        }
        assert_eq!(kinds(&at.server), [Full, Resumed, Resumed]);
        assert!(at.server.seen().iter().all(|seen| seen.version == newest));
        // A reload that changes nothing of it.
        let before = at.field.trust("a");
        at.field.reload();
        assert!(Arc::ptr_eq(&before, &at.field.trust("a")));
        at.field.serves("a").await;
        assert_eq!(kinds(&at.server)[3..], [Resumed]);
        // The same list again is no change; another one is.
        let (version, asked) = (at.version(), at.list.asked());
        until("the list was fetched again", async || at.list.asked() > asked).await;
        at.field.serves("a").await;
        assert_eq!((at.version(), &kinds(&at.server)[4..]), (version, &[Resumed][..]));
        at.publish(at.pki.issuing.list(&[4711]).der()).await;
        at.field.serves("a").await;
        at.field.serves("a").await;
        assert_eq!(kinds(&at.server)[5..], [Full, Resumed]);
        // Revoked: the session that could be resumed does not help.
        at.publish(at.pki.issuing.list(&[4711, at.serial]).der()).await;
        assert_eq!(at.field.call("a").await, Err("tls_revoked"));
        assert_eq!(kinds(&at.server).len(), 7);
        at.publish(at.pki.issuing.list(&[4711]).der()).await;
        at.field.serves("a").await;
        assert_eq!(kinds(&at.server)[7..], [Full]);
    }
}

#[tokio::test]
async fn a_list_in_a_file_counts_as_soon_as_it_is_loaded() {
    let pki = Pki::new();
    let leaf = pki.issuing.leaf(&["localhost"]);
    let server = Serves::new(&leaf, &pki.issuing).start().await;
    let config = Config::new();
    config.write_bytes("root.pem", pki.root.pem());
    config.write_bytes("a.crl", pki.issuing.list(&[]).der());
    let tls = "ca: root.pem, crl: { files: [a.crl], depth: leaf }";
    let mut field = Field::one(config, &server, tls);
    field.serves("a").await;
    field.serves("a").await;
    let before = field.trust("a").current().version;
    field.config.write_bytes("a.crl", pki.issuing.list(&[leaf.serial]).pem().unwrap());
    field.reload();
    assert_ne!(field.trust("a").current().version, before);
    assert_eq!(field.call("a").await, Err("tls_revoked"));
    field.config.write_bytes("a.crl", pki.issuing.list(&[]).pem().unwrap());
    field.reload();
    field.serves("a").await;
    assert_eq!(kinds(&server), [Full, Resumed, Full]);
}

/// Whoever is between us and a list can't hide what was revoked with an old one, nor with garbage.
#[tokio::test]
async fn the_last_good_list_stays_where_a_worse_one_comes() {
    let at = Fetched::new(BOTH, "").await;
    at.field.serves("a").await;
    at.publish(at.pki.issuing.list(&[at.serial]).der()).await;
    assert_eq!(at.field.call("a").await, Err("tls_revoked"));
    // After a failure it is asked again no later than after a success.
    let earlier = at.pki.issuing.earlier_list(&[]);
    for worse in [Some(&**earlier.der()), Some(&b"garbage"[..]), None] {
        let before = at.failures();
        at.list.set(worse);
        until("the worse list was fetched", async || at.failures() > before).await;
        assert_eq!(at.field.call("a").await, Err("tls_revoked"));
    }
    at.publish(at.pki.issuing.list(&[]).der()).await;
    at.field.serves("a").await;
}

/// Nor with a good list of somebody else.
#[tokio::test]
async fn a_list_stays_where_one_of_another_issuer_comes() {
    for more in ["", ", stale: accept"] {
        let at = Fetched::new(BOTH, more).await;
        at.publish(at.pki.issuing.list(&[at.serial]).der()).await;
        assert_eq!(at.field.call("a").await, Err("tls_revoked"));
        at.publish(at.pki.root.list(&[]).der()).await;
        assert_eq!(at.field.call("a").await, Err("tls_revoked"), "{more}");
        let before = at.failures();
        at.list.set(Some(at.pki.issuing.earlier_list(&[]).der()));
        until("the earlier list was fetched", async || at.failures() > before).await;
        assert_eq!(at.field.call("a").await, Err("tls_revoked"), "{more}");
        at.publish(at.pki.issuing.list(&[]).der()).await;
        at.field.serves("a").await;
    }
}

/// One of the future would be newer than all that its issuer makes from then on.
#[tokio::test]
async fn a_list_of_the_future_is_not_taken() {
    let at = Fetched::new(BOTH, "").await;
    at.field.serves("a").await;
    let (failures, asked) = (at.failures(), at.list.asked());
    at.list.set(Some(at.pki.issuing.future_list(&[at.serial]).der()));
    until("it was fetched, and something after it", async || at.list.asked() > asked + 1).await;
    assert!(at.failures() > failures);
    at.field.serves("a").await;
    at.publish(at.pki.issuing.list(&[at.serial]).der()).await;
    assert_eq!(at.field.call("a").await, Err("tls_revoked"));
}

#[tokio::test]
async fn a_list_that_goes_out_of_date_ends_what_it_let_pass() {
    for (more, refused) in [("", Some("tls_crl_stale")), (", stale: accept", None)] {
        let at = Fetched::new(BOTH, more).await;
        let (soon, came_to, version) = at.publish_until_soon(&[]).await;
        assert_eq!(came_to, Ok(()));
        until("the list is out of date", async || pki::now() > soon).await;
        assert_eq!(at.field.call("a").await.err(), refused);
        assert_eq!(at.version() != version, refused.is_some());
        let lists = at.field.trusts.lists(at.field.backend("a").group_key).unwrap();
        assert!(lists.left <= 0 && lists.age > 0 && lists.held == 1, "{lists:?}");
        at.publish(at.pki.issuing.list(&[]).der()).await;
        at.field.serves("a").await;
    }
}

/// S-56: two backends at the same server, one of which is trusted more easily.
#[tokio::test]
async fn s_56_a_session_is_resumed_by_the_policy_that_made_it_only() {
    let pki = Pki::new();
    let leaf = pki.issuing.leaf(&["localhost"]);
    let server = Serves::new(&leaf, &pki.issuing).start().await;
    let config = Config::new();
    config.write_bytes("root.pem", pki.root.pem());
    config.write_bytes("other.pem", Pki::new().root.pem());
    let policies = [
        ("easy", "ca: root.pem"),
        ("other", "ca: other.pem"),
        ("pinned", "ca: root.pem, pins: ['sha256/47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=']"),
        ("named", "ca: root.pem, sans: ['dns:api.example']"),
        ("same", "ca: root.pem"),
    ];
    let port = server.address.port();
    let backends = policies.map(|(name, tls)| (name.to_owned(), "localhost", port, tls.to_owned()));
    let field = Field::new(config, &backends);
    field.serves("easy").await;
    field.serves("easy").await;
    assert_eq!(kinds(&server), [Full, Resumed]);
    assert_eq!(field.call("other").await, Err("tls_untrusted"));
    assert_eq!(field.call("pinned").await, Err("tls_pin"));
    assert_eq!(field.call("named").await, Err("tls_name"));
    field.serves("same").await;
    field.serves("easy").await;
    assert_eq!(kinds(&server), [Full, Resumed, Full, Resumed]);
}

/// The versions that a ClientHello offers.
fn offered(hello: &[u8]) -> Vec<u16> {
    let number = |at: usize| u16::from_be_bytes([hello[at], hello[at + 1]]);
    // Record and handshake headers, version and random; then the session, the suites, the
    // compressions, and the extensions with their length.
    let mut at = 5 + 4 + 2 + 32;
    at += 1 + usize::from(hello[at]);
    at += 2 + usize::from(number(at));
    at += 1 + usize::from(hello[at]);
    at += 2;
    loop {
        let (kind, length) = (number(at), usize::from(number(at + 2)));
        if kind == 43 {
            let list = &hello[at + 5..at + 4 + length];
            return list.chunks(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]])).collect();
        }
        at += 4 + length;
    }
}

/// A server that speaks TLS 1.1 at most, in one of the two ways of saying so.
#[tokio::test]
async fn nothing_below_tls_1_2_is_spoken() {
    let mut hello = vec![22, 3, 2, 0, 42, 2, 0, 0, 38, 3, 2];
    hello.extend([7; 32]);
    hello.extend([0, 0, 47, 0]);
    let alert = vec![21, 3, 2, 0, 2, 2, 70];
    for (least, versions) in [("1.2", vec![0x0304, 0x0303]), ("1.3", vec![0x0304])] {
        for answer in [&hello, &alert] {
            let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
            let port = listener.local_addr().unwrap().port();
            let answer = answer.clone();
            let server = tokio::spawn(async move {
                let (mut stream, _) = listener.accept().await.unwrap();
                let mut hello = vec![0; 5];
                stream.read_exact(&mut hello).await.unwrap();
                let length = usize::from(u16::from_be_bytes([hello[3], hello[4]]));
                hello.resize(5 + length, 0);
                stream.read_exact(&mut hello[5..]).await.unwrap();
                stream.write_all(&answer).await.unwrap();
                // Until the client has read it and left.
                let _ = stream.read_to_end(&mut Vec::new()).await;
                hello
            });
            let backend = ("a".to_owned(), "localhost", port, format!("min_version: '{least}'"));
            let field = Field::new(Config::new(), &[backend]);
            assert_eq!(field.call("a").await, Err("tls_version"));
            assert_eq!(offered(&server.await.unwrap()), versions, "{least}");
        }
    }
}
