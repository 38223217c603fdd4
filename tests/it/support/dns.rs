//! A name server that says whatever a test wants, over UDP, TCP and TLS.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use egret::simulator::Identity;
use hickory_proto::op::{Message, ResponseCode};
use hickory_proto::rr::rdata::{A, AAAA, CNAME, PTR};
use hickory_proto::rr::{Name, RData, Record, RecordType};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// What a question came by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Over {
    Udp,
    Stream,
}

/// What is sent for a question, packet by packet.
pub type Reply = Arc<dyn Fn(&Message, Over) -> Vec<Vec<u8>> + Send + Sync>;

#[derive(Default)]
struct State {
    zone: Mutex<HashMap<(Name, RecordType), Reply>>,
    asked: Mutex<Vec<(Name, RecordType, Over)>>,
    silent: AtomicBool,
}

/// A name server on this machine; it ends when dropped. Names that nothing was said of do not exist.
pub struct NameServer {
    /// Where it is, by UDP and TCP.
    pub address: SocketAddr,
    /// Where it is by TLS.
    pub tls: Option<SocketAddr>,
    state: Arc<State>,
    _tasks: JoinSet<()>,
}

/// A name as it is asked for.
pub fn name(text: &str) -> Name {
    let mut name = Name::from_ascii(text).unwrap();
    name.set_fqdn(true);
    name.to_lowercase()
}

/// An address record.
pub fn address(owner: &str, ttl: u32, ip: &str) -> Record {
    let data = match ip.parse().unwrap() {
        IpAddr::V4(ip) => RData::A(A(ip)),
        IpAddr::V6(ip) => RData::AAAA(AAAA(ip)),
    };
    Record::from_rdata(name(owner), ttl, data)
}

/// An alias.
pub fn alias(owner: &str, ttl: u32, target: &str) -> Record {
    Record::from_rdata(name(owner), ttl, RData::CNAME(CNAME(name(target))))
}

/// What an address is called.
pub fn pointer(ip: &str, target: &str) -> (Name, Record) {
    let mut owner = Name::from(ip.parse::<IpAddr>().unwrap());
    owner.set_fqdn(true);
    let record = Record::from_rdata(owner.clone(), 1, RData::PTR(PTR(name(target))));
    (owner, record)
}

/// The answer to a question, before anything is said in it.
pub fn response(question: &Message) -> Message {
    let mut response = question.clone().into_response();
    response.edns = None;
    response.metadata.recursion_available = true;
    response
}

/// These records.
pub fn records(records: Vec<Record>) -> Reply {
    Arc::new(move |question, _| {
        let mut response = response(question);
        response.add_answers(records.clone());
        vec![response.to_vec().unwrap()]
    })
}

/// An error.
pub fn code(code: ResponseCode) -> Reply {
    Arc::new(move |question, _| {
        let mut response = response(question);
        response.metadata.response_code = code;
        vec![response.to_vec().unwrap()]
    })
}

/// Nothing at all.
pub fn silence() -> Reply {
    Arc::new(|_, _| Vec::new())
}

impl NameServer {
    pub async fn start() -> Self {
        Self::start_with(None).await
    }

    /// One that speaks TLS, too.
    pub async fn start_tls(identity: &Identity) -> Self {
        let chain = CertificateDer::pem_slice_iter(identity.certificate_pem.as_bytes());
        let chain = chain.collect::<Result<Vec<_>, _>>().unwrap();
        let key = PrivateKeyDer::from_pem_slice(identity.key_pem.as_bytes()).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()));
        let config = config.with_safe_default_protocol_versions().unwrap().with_no_client_auth();
        let config = config.with_single_cert(chain, key).unwrap();
        Self::start_with(Some(TlsAcceptor::from(Arc::new(config)))).await
    }

    async fn start_with(acceptor: Option<TlsAcceptor>) -> Self {
        let state = Arc::<State>::default();
        let mut tasks = JoinSet::new();
        let (tcp, udp) = loop {
            let tcp = TcpListener::bind("127.0.0.1:0").await.unwrap();
            if let Ok(udp) = UdpSocket::bind(tcp.local_addr().unwrap()).await {
                break (tcp, udp);
            }
        };
        let address = tcp.local_addr().unwrap();
        tasks.spawn(serve_udp(udp, state.clone()));
        tasks.spawn(serve_tcp(tcp, None, state.clone()));
        let mut tls = None;
        if acceptor.is_some() {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            tls = Some(listener.local_addr().unwrap());
            tasks.spawn(serve_tcp(listener, acceptor, state.clone()));
        }
        Self { address, tls, state, _tasks: tasks }
    }

    /// What it says of a name from now on.
    pub fn say(&self, owner: &str, kind: RecordType, reply: Reply) {
        self.say_of(name(owner), kind, reply);
    }

    pub fn say_of(&self, owner: Name, kind: RecordType, reply: Reply) {
        self.state.zone.lock().unwrap().insert((owner, kind), reply);
    }

    /// A name has these addresses and no others from now on.
    pub fn point(&self, owner: &str, ttl: u32, addresses: &[&str]) {
        for (kind, v6) in [(RecordType::A, false), (RecordType::AAAA, true)] {
            let of_family = addresses.iter().filter(|ip| ip.contains(':') == v6);
            let of_family = of_family.map(|ip| address(owner, ttl, ip)).collect();
            self.say(owner, kind, records(of_family));
        }
    }

    /// Whatever is asked of a name, this is said.
    pub fn always(&self, owner: &str, reply: &Reply) {
        for kind in [RecordType::A, RecordType::AAAA] {
            self.say(owner, kind, reply.clone());
        }
    }

    /// Whether it has gone: it answers nothing any more.
    pub fn silent(&self, silent: bool) {
        self.state.silent.store(silent, Ordering::SeqCst);
    }

    /// How often a name was asked for.
    pub fn asked(&self, owner: &str) -> usize {
        let owner = name(owner);
        self.questions().iter().filter(|(name, ..)| *name == owner).count()
    }

    /// All that was asked.
    pub fn questions(&self) -> Vec<(Name, RecordType, Over)> {
        self.state.asked.lock().unwrap().clone()
    }

    /// As the configuration names it.
    pub fn url(&self) -> String {
        format!("udp://{}", self.address)
    }
}

impl State {
    fn answer(&self, packet: &[u8], over: Over) -> Vec<Vec<u8>> {
        let question = Message::from_vec(packet).unwrap();
        let asked = question.queries.first().unwrap();
        let (owner, kind) = (asked.name().to_lowercase(), asked.query_type());
        self.asked.lock().unwrap().push((owner.clone(), kind, over));
        if self.silent.load(Ordering::SeqCst) {
            return Vec::new();
        }
        let reply = self.zone.lock().unwrap().get(&(owner, kind)).cloned();
        reply.unwrap_or_else(|| code(ResponseCode::NXDomain))(&question, over)
    }
}

async fn serve_udp(socket: UdpSocket, state: Arc<State>) {
    let mut packet = [0; 4096];
    while let Ok((length, from)) = socket.recv_from(&mut packet).await {
        for answer in state.answer(&packet[..length], Over::Udp) {
            let _ = socket.send_to(&answer, from).await;
        }
    }
}

async fn serve_tcp(listener: TcpListener, acceptor: Option<TlsAcceptor>, state: Arc<State>) {
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        connections.spawn(serve_stream(stream, acceptor.clone(), state.clone()));
    }
}

async fn serve_stream(stream: TcpStream, acceptor: Option<TlsAcceptor>, state: Arc<State>) {
    match acceptor {
        None => converse(stream, state).await,
        Some(acceptor) => {
            if let Ok(stream) = acceptor.accept(stream).await {
                converse(stream, state).await;
            }
        }
    }
}

async fn converse(mut stream: impl AsyncRead + AsyncWrite + Unpin, state: Arc<State>) {
    while let Ok(length) = stream.read_u16().await {
        let mut packet = vec![0; length.into()];
        if stream.read_exact(&mut packet).await.is_err() {
            return;
        }
        for answer in state.answer(&packet, Over::Stream) {
            let length = u16::try_from(answer.len()).unwrap();
            if stream.write_all(&[&length.to_be_bytes()[..], &answer].concat()).await.is_err() {
                return;
            }
        }
    }
}
