//! Connections that end with a request on them: whether it goes out again, and who pays for it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use http::Response;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_rustls::server::TlsStream;

use crate::support::pki::Pki;
use crate::support::raw::Raw;
use crate::support::speak::request;
use crate::support::tls_server::Serves;
use crate::support::{Answer, Config, Gateway, Provider, ask, until};

const ANSWER: &str = r#"{"id":"c","object":"chat.completion","created":1,"model":"gpt-4o-mini","choices":[{"index":0,"message":{"role":"assistant","content":"served"},"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2}}"#;

/// How a connection ends.
#[derive(Clone, Copy, Debug)]
enum End {
    /// Without TLS's farewell, once the second request on it is there.
    Cut,
    /// Properly, after this was said to the second request on it.
    After(&'static str),
    /// With part of the first request read.
    Unread,
    /// After this was said to the first request on it, and there is no other connection to be had:
    /// what is accepted next is not spoken to. (HTTP/1.1 only.)
    Last(&'static str),
    /// As [`Self::Cut`], and there is no other connection to be had.
    LastCut,
}

impl End {
    const fn is_of_all(self) -> bool {
        matches!(self, Self::Last(_) | Self::LastCut)
    }
}

/// A server whose first connection ends so. The others serve.
struct Server {
    address: SocketAddr,
    connections: Arc<AtomicUsize>,
    requests: Arc<AtomicUsize>,
    _task: JoinSet<()>,
}

impl Server {
    async fn start(pki: &Pki, h2: bool, end: End) -> Self {
        let leaf = pki.issuing.leaf(&["localhost"]);
        let alpn: &[&str] = if h2 { &["h2"] } else { &["http/1.1"] };
        let acceptor = Serves { alpn, ..Serves::new(&leaf, &pki.issuing) }.acceptor();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (accepted, requests) = (Arc::<AtomicUsize>::default(), Arc::<AtomicUsize>::default());
        let (connections_so_far, counted) = (accepted.clone(), requests.clone());
        let mut task = JoinSet::new();
        task.spawn(async move {
            let (mut connections, mut silent) = (JoinSet::new(), Vec::new());
            let (alone, mut end) = (end.is_of_all(), Some(end));
            while let Ok((tcp, _)) = listener.accept().await {
                if connections_so_far.fetch_add(1, Ordering::SeqCst) > 0 && alone {
                    silent.push(tcp);
                    continue;
                }
                let (acceptor, counted, end) = (acceptor.clone(), counted.clone(), end.take());
                connections.spawn(async move {
                    let stream = acceptor.accept(tcp).await.unwrap();
                    if h2 {
                        over_h2(stream, &counted, end).await
                    } else {
                        over_h1(stream, &counted, end).await
                    }
                });
            }
        });
        Self { address, connections: accepted, requests, _task: task }
    }

    fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }
}

async fn over_h1(mut stream: TlsStream<TcpStream>, requests: &AtomicUsize, end: Option<End>) {
    if let Some(End::Unread) = end {
        let _ = stream.read(&mut [0; 1024]).await;
        requests.fetch_add(1, Ordering::SeqCst);
        return;
    }
    let mut on_this = 0;
    let mut raw = Raw::of(stream);
    while raw.request().await.is_some() {
        requests.fetch_add(1, Ordering::SeqCst);
        on_this += 1;
        match end {
            Some(End::Cut | End::LastCut) if on_this == 2 => return,
            Some(End::Last(said)) => {
                raw.send(said).await;
                let _ = raw.into_inner().shutdown().await;
                return;
            }
            Some(End::After(said)) if on_this == 2 => {
                raw.send(said).await;
                let _ = raw.into_inner().shutdown().await;
                return;
            }
            _ => {}
        }
        let length = ANSWER.len();
        let head = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n"
        );
        raw.send(head + ANSWER).await;
    }
}

async fn over_h2(stream: TlsStream<TcpStream>, requests: &AtomicUsize, end: Option<End>) {
    let mut connection = h2::server::handshake(stream).await.unwrap();
    let mut on_this = 0;
    let mut answers = JoinSet::new();
    while let Some(Ok((request, mut respond))) = connection.accept().await {
        requests.fetch_add(1, Ordering::SeqCst);
        on_this += 1;
        if on_this == 2 && end.is_some() {
            return;
        }
        answers.spawn(async move {
            let mut body = request.into_body();
            while let Some(Ok(piece)) = body.data().await {
                let _ = body.flow_control().release_capacity(piece.len());
            }
            let header = Response::builder().header("content-type", "application/json");
            let mut stream = respond.send_response(header.body(()).unwrap(), false).unwrap();
            stream.send_data(Bytes::from_static(ANSWER.as_bytes()), true).unwrap();
        });
    }
}

/// A gateway before it, and a budget.
async fn before(server: &Server, pki: &Pki) -> Gateway {
    before_with(server, pki, "on_disconnect: estimate").await
}

/// The same with two keys, and more fields of the backend.
async fn before_with(server: &Server, pki: &Pki, more: &str) -> Gateway {
    let config =
        Config::new().with("budgets: [{ name: all, per: gateway, limit: 100 USD, window: day }]");
    config.write_bytes("root.pem", pki.root.pem());
    let (first, second) = (config.write("1.key", "sk-1"), config.write("2.key", "sk-2"));
    let (first, second) = (first.display(), second.display());
    let fields = [
        format!(
            "schema: openai, credential: {{ keys: [{{ file: '{first}' }}, {{ file: '{second}' }}] }}"
        ),
        format!("url: 'https://localhost:{}/v1', tls: {{ ca: root.pem }}", server.address.port()),
        format!("timeouts: {{ connect: 60s }}, allow_private: true, {more}"),
    ];
    let route = "models: [a], backends: [{ backend: a, model: gpt-4o-mini }]";
    Gateway::start(config.backend_of("a", &fields).route(route)).await
}

async fn call(gateway: &Gateway) -> Answer {
    ask(gateway, Provider::OpenAi, "a", "x", false).await
}

async fn serves(gateway: &Gateway) {
    let answer = call(gateway).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert!(answer.text.contains("served"), "{}", answer.text);
}

/// Many a load balancer says no farewell to connections that it has kept for long enough.
#[tokio::test]
async fn a_kept_connection_that_ends_without_a_farewell_costs_no_request() {
    for h2 in [false, true] {
        let pki = Pki::new();
        let server = Server::start(&pki, h2, End::Cut).await;
        let gateway = before(&server, &pki).await;
        serves(&gateway).await;
        let one = gateway.settled().await.spent_nanos("all");
        serves(&gateway).await;
        serves(&gateway).await;
        assert_eq!(server.requests(), 4, "h2: {h2}: one of them twice");
        assert_eq!(gateway.settled().await.spent_nanos("all"), 3 * one, "h2: {h2}");
    }
}

/// Who has said something has got the request.
#[tokio::test]
async fn a_request_does_not_go_out_again_once_something_came_back() {
    for said in [
        "HTTP/1.1 100 Continue\r\n\r\n",
        "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 200 OK\r\n",
        "HTTP/1.1 200 OK\r\nContent-Type: appli",
        "H",
    ] {
        let pki = Pki::new();
        let server = Server::start(&pki, false, End::After(said)).await;
        let gateway = before(&server, &pki).await;
        serves(&gateway).await;
        let one = gateway.settled().await.spent_nanos("all");
        let answer = call(&gateway).await;
        assert!(answer.status >= 500, "{said:?}: {}", answer.text);
        assert_eq!(server.requests(), 2, "{said:?}");
        assert!(gateway.settled().await.spent_nanos("all") > one, "{said:?}: it may be billed");
        serves(&gateway).await;
        assert_eq!(server.requests(), 3, "{said:?}");
    }
}

/// What did not get the whole request has done nothing.
#[tokio::test]
async fn a_request_that_was_not_sent_whole_costs_nothing() {
    let pki = Pki::new();
    let server = Server::start(&pki, false, End::Unread).await;
    let gateway = before(&server, &pki).await;
    // More than all the buffers on the way hold.
    let long = "a word ".repeat(1 << 20);
    let answer = ask(&gateway, Provider::OpenAi, "a", &long, false).await;
    assert!(answer.status >= 500, "{}", answer.text);
    assert_eq!(server.requests(), 1, "it would fare no better again");
    assert_eq!(gateway.settled().await.spent_nanos("all"), 0);
    serves(&gateway).await;
    assert!(gateway.settled().await.spent_nanos("all") > 0);
}

/// What nobody has looked at, or was answered with an error, costs nothing, however long it waits
/// for a connection to go out on again; and it does not go out for a caller that has left.
#[tokio::test]
async fn a_caller_that_leaves_before_a_request_goes_out_again_pays_nothing() {
    const LIMITED: &str = "HTTP/1.1 429 X\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
    let ends = [(End::LastCut, false), (End::LastCut, true), (End::Last(LIMITED), false)];
    for (end, h2) in ends {
        for policy in ["on_disconnect: estimate", "on_disconnect: { drain: 60s }"] {
            let pki = Pki::new();
            let server = Server::start(&pki, h2, end).await;
            let gateway = before_with(&server, &pki, policy).await;
            if matches!(end, End::LastCut) {
                serves(&gateway).await;
            }
            let spent = gateway.settled().await.spent_nanos("all");
            let requests = server.requests();
            let asked = request(&gateway.client, &gateway, Provider::OpenAi, "a", "x", false);
            let asked = tokio::spawn(asked.send());
            until("it waits for a connection", || async { server.connections() > 1 }).await;
            asked.abort();
            let now = gateway.settled().await.spent_nanos("all");
            assert_eq!(now, spent, "{end:?}, h2: {h2}, {policy}");
            assert_eq!(server.requests(), requests + 1, "{end:?}, h2: {h2}, {policy}");
        }
    }
}
