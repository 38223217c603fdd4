//! Connections to backends: which address they are made to, and when they are used again.

use std::future::pending;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use h2::Reason;
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::task::JoinSet;

use crate::support::dns::NameServer;
use crate::support::provider::{ROOT, acceptor, arrived, simulate, start};
use crate::support::raw::Raw;
use crate::support::speak::{request, said};
use crate::support::{Config, Fault, Gateway, Provider, Running, Simulator, ask, until};

const GPT: &str = "gpt-4o-mini";
const API: &str = "api.models.example";

async fn works(gateway: &Gateway, model: &str) {
    let answer = ask(gateway, Provider::OpenAi, model, "x", false).await;
    let text = said(Provider::OpenAi, &answer, false);
    assert_eq!(text, Some(format!("{GPT} here: x")), "{model}: {}", answer.text);
}

fn to(backend: &str) -> String {
    format!("models: [{backend}], backends: [{{ backend: {backend}, model: {GPT} }}]")
}

async fn over_h1() -> Running {
    let simulator = Simulator::new(Provider::OpenAi, "sk-h1").http1_only();
    start(simulator.tls(ROOT.issue(&["localhost"]).unwrap())).await
}

/// A listener that nobody gets through to: its queue is full, and what comes is dropped.
struct BlackHole {
    _listener: TcpListener,
    _queue: Vec<TcpStream>,
}

impl BlackHole {
    async fn at(address: SocketAddr) -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(address).unwrap();
        let listener = socket.listen(1).unwrap();
        let mut queue = Vec::new();
        let full = Duration::from_millis(300);
        while let Ok(stream) = tokio::time::timeout(full, TcpStream::connect(address)).await {
            queue.push(stream.unwrap());
            assert!(queue.len() < 64, "its queue is never full");
        }
        Self { _listener: listener, _queue: queue }
    }
}

/// Accepts, and then closes (`polite`) or says nothing.
async fn no_tls(address: SocketAddr, polite: bool) -> JoinSet<()> {
    let listener = TcpListener::bind(address).await.unwrap();
    let mut task = JoinSet::new();
    task.spawn(async move {
        let mut held = Vec::new();
        while let Ok((stream, _)) = listener.accept().await {
            if !polite {
                held.push(stream);
            }
        }
        pending::<()>().await;
    });
    task
}

/// A gateway whose backend has these addresses besides that of the simulator, which comes last.
async fn at(others: &[&str], simulator: &Running, patience: &str) -> (Gateway, NameServer) {
    let dns = NameServer::start().await;
    let addresses: Vec<&str> = others.iter().copied().chain(["127.0.0.1"]).collect();
    dns.point(API, 60, &addresses);
    let port = simulator.address().port();
    let config = Config::new();
    let key = config.write("api.key", simulator.credential());
    let fields = [
        format!("schema: openai, credential: {{ file: '{}' }}", key.display()),
        format!("url: 'https://{API}:{port}/v1', tls: {{ ca: ca.pem, sni: localhost }}"),
        format!("timeouts: {{ connect: {patience} }}"),
    ];
    let section = format!("dns: {{ servers: ['{}'], timeout: 20s }}", dns.url());
    let config = config.backend_of("api", &fields).route(&to("api")).with(&section);
    (Gateway::start(config).await, dns)
}

#[tokio::test]
async fn addresses_that_lead_nowhere_do_not_hold_up_the_one_that_does() {
    let simulator = simulate(Provider::OpenAi, "sk-x").await;
    let port = simulator.address().port();
    let dark = ["127.0.0.2", "127.0.0.3"];
    let _holes = [
        BlackHole::at(([127, 0, 0, 2], port).into()).await,
        BlackHole::at(([127, 0, 0, 3], port).into()).await,
    ];
    let (gateway, _dns) = at(&dark, &simulator, "30s").await;
    for _ in 0..3 {
        works(&gateway, "api").await;
    }
    assert_eq!(simulator.counts().connections, 1, "what was found is used again");
}

/// Nobody listens at the address of IPv6, which is the first to be tried; where a machine has no
/// IPv6, there is no way to it either.
#[tokio::test]
async fn a_family_that_is_dead_does_not_hold_up_the_other() {
    let simulator = simulate(Provider::OpenAi, "sk-x").await;
    let (gateway, _dns) = at(&["::1"], &simulator, "30s").await;
    works(&gateway, "api").await;
    let told = gateway.admin("/dns").await.unwrap().1;
    let told: Value = serde_json::from_str(&told).unwrap();
    assert_eq!(told["names"][0]["addresses"], json!(["::1", "127.0.0.1"]));
    assert_eq!(simulator.counts().connections, 1);
}

#[tokio::test]
async fn where_tls_fails_another_address_is_tried() {
    let simulator = simulate(Provider::OpenAi, "sk-x").await;
    let port = simulator.address().port();
    let stranger = crate::support::Authority::new().unwrap().issue(&["localhost"]).unwrap();
    let stranger = Simulator::new(Provider::OpenAi, "sk-x").tls(stranger);
    let stranger = stranger.start(([127, 0, 0, 2], port).into()).await.unwrap();
    let _rude = no_tls(([127, 0, 0, 3], port).into(), true).await;
    let _silent = no_tls(([127, 0, 0, 4], port).into(), false).await;
    // 127.0.0.5 refuses.
    let others = ["127.0.0.2", "127.0.0.3", "127.0.0.4", "127.0.0.5"];
    let (gateway, _dns) = at(&others, &simulator, "10s").await;
    for _ in 0..3 {
        works(&gateway, "api").await;
    }
    assert_eq!((arrived(&simulator), arrived(&stranger)), (3, 0));
}

#[tokio::test]
async fn a_backend_that_is_nowhere_is_given_up_in_time() {
    let port = crate::support::free_port();
    let mut silent = no_tls(([127, 0, 0, 1], port).into(), false).await;
    let config = [("hasty", "1s"), ("patient", "60s")].iter().fold(
        Config::new(),
        |config, (name, patience)| {
            let fields = [
                format!("schema: openai, credential: none, timeouts: {{ connect: {patience} }}"),
                format!("url: 'https://localhost:{port}/v1', tls: {{ ca: ca.pem }}"),
            ];
            config.backend_of(name, &fields).route(&to(name))
        },
    );
    let gateway = Gateway::start(config).await;
    let answer = ask(&gateway, Provider::OpenAi, "hasty", "x", false).await;
    assert_eq!(answer.status, 504, "{}", answer.text);
    assert!(answer.text.contains("could not be reached in time"), "{}", answer.text);
    silent.shutdown().await;
    // A refusal comes at once, unless this machine is busy.
    let answer = ask(&gateway, Provider::OpenAi, "patient", "x", false).await;
    assert!(answer.text.contains("refused the connection"), "{}", answer.text);
}

#[tokio::test]
async fn a_connection_is_used_again_until_it_ends_and_then_its_tls_session_is() {
    for (version, simulator) in
        [("HTTP/1.1", over_h1().await), ("HTTP/2.0", simulate(Provider::OpenAi, "sk-h2").await)]
    {
        let config = Config::new().backend("a", &simulator).route(&to("a"));
        let debug = [("RUST_LOG", "egret::connect=debug")];
        let gateway = Gateway::start_with(config, &debug).await;
        for _ in 0..5 {
            works(&gateway, "a").await;
            let stream = ask(&gateway, Provider::OpenAi, "a", "x", true).await;
            assert!(said(Provider::OpenAi, &stream, true).is_some());
        }
        assert_eq!(simulator.counts().connections, 1, "{version}");
        assert!(simulator.journal().read().iter().all(|arrival| arrival.version == version));
        assert!(gateway.output().contains("TLS handshake full"));
        assert!(!gateway.output().contains("TLS handshake resumed"));

        // The provider takes its leave after this answer.
        simulator.script().next_n(1, [Fault::GoAway]);
        for _ in 0..3 {
            works(&gateway, "a").await;
        }
        assert_eq!(simulator.counts().connections, 2, "{version}");
        assert!(gateway.output().contains("TLS handshake resumed"), "{version}");
    }
}

/// Whoever comes while a connection ends, or on one that another caller has just used up, finds
/// another connection.
#[tokio::test]
async fn a_provider_that_ends_each_connection_loses_nobody_a_request() {
    for simulator in [over_h1().await, simulate(Provider::OpenAi, "sk-h2").await] {
        simulator.script().always([Fault::GoAway]);
        let config = Config::new().backend("a", &simulator).route(&to("a"));
        let gateway = Arc::new(Gateway::start(config).await);
        let mut callers = JoinSet::new();
        for _ in 0..16 {
            let gateway = gateway.clone();
            callers.spawn(async move {
                for _ in 0..25 {
                    works(&gateway, "a").await;
                }
            });
        }
        callers.join_all().await;
        assert_eq!(arrived(&simulator), 16 * 25, "each was sent once");
    }
}

#[tokio::test]
async fn a_connection_that_died_in_the_pool_costs_no_request() {
    for h1 in [true, false] {
        let simulator = || {
            let simulator = Simulator::new(Provider::OpenAi, "sk-x");
            let simulator = if h1 { simulator.http1_only() } else { simulator };
            simulator.tls(ROOT.issue(&["localhost"]).unwrap())
        };
        let first = start(simulator()).await;
        let address = first.address();
        let config = Config::new().backend("a", &first).route(&to("a"));
        let gateway = Gateway::start(config).await;
        works(&gateway, "a").await;
        drop(first);
        let second = loop {
            // The first one takes a moment to go.
            match simulator().start(address).await {
                Ok(second) => break second,
                Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
            }
        };
        works(&gateway, "a").await;
        works(&gateway, "a").await;
        assert_eq!((arrived(&second), second.counts().connections), (2, 1), "h1: {h1}");
    }
}

#[tokio::test]
async fn versions_are_those_that_the_backend_is_configured_for() {
    let (both, h1) = (simulate(Provider::OpenAi, "sk-both").await, over_h1().await);
    let config = Config::new()
        .backend_with("both-h1", &both, "http: h1")
        .backend_with("both-h2", &both, "http: h2")
        .backend_with("h1-h2", &h1, "http: h2")
        .route(&to("both-h1"))
        .route(&to("both-h2"))
        .route(&to("h1-h2"));
    let gateway = Gateway::start(config).await;
    works(&gateway, "both-h1").await;
    works(&gateway, "both-h2").await;
    let answer = ask(&gateway, Provider::OpenAi, "h1-h2", "x", false).await;
    assert!(answer.text.contains("no version of HTTP that is allowed"), "{}", answer.text);
    assert_eq!(arrived(&h1), 0, "it is not asked by HTTP/1.1 instead");
    let versions: Vec<String> =
        both.journal().read().into_iter().map(|arrival| arrival.version).collect();
    assert_eq!(versions, ["HTTP/1.1", "HTTP/2.0"]);
}

/// A backend that offers h2 and then wants HTTP/1.1 (RFC 9113, section 7).
#[tokio::test]
async fn a_backend_that_turns_h2_down_is_asked_by_http1_from_then_on() {
    let acceptor = acceptor(&["h2", "http/1.1"]);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let turned_down = Arc::new(AtomicUsize::new(0));
    let counted = turned_down.clone();
    let mut server = JoinSet::new();
    server.spawn(async move {
        let mut connections = JoinSet::new();
        while let Ok((stream, _)) = listener.accept().await {
            let (acceptor, counted) = (acceptor.clone(), counted.clone());
            connections.spawn(async move {
                let stream = acceptor.accept(stream).await.unwrap();
                if stream.get_ref().1.alpn_protocol() == Some(b"h2") {
                    let mut connection = h2::server::handshake(stream).await.unwrap();
                    while let Some(Ok((_, mut respond))) = connection.accept().await {
                        counted.fetch_add(1, Ordering::SeqCst);
                        respond.send_reset(Reason::HTTP_1_1_REQUIRED);
                    }
                } else {
                    let mut stream = Raw::of(stream);
                    while stream.request().await.is_some() {
                        let body = format!(
                            r#"{{"id":"c","object":"chat.completion","created":1,"model":"{GPT}","choices":[{{"index":0,"message":{{"role":"assistant","content":"{GPT} here: x"}},"finish_reason":"stop"}}],"usage":{{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2}}}}"#
                        );
                        let answer = format!(
                            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\
                             Content-Length: {}\r\n\r\n{body}",
                            body.len()
                        );
                        stream.send(answer).await;
                    }
                }
            });
        }
    });
    let fields = [
        "schema: openai, credential: none, timeouts: { connect: 60s }".to_owned(),
        format!("url: 'https://localhost:{port}/v1', tls: {{ ca: ca.pem }}"),
    ];
    let config = Config::new().backend_of("a", &fields).route(&to("a"));
    let gateway = Gateway::start(config).await;
    for _ in 0..3 {
        works(&gateway, "a").await;
    }
    assert_eq!(turned_down.load(Ordering::SeqCst), 1);
}

/// Streams that nobody reads to their end give their connection back: more of them than one has room
/// for are no reason for another one, nor for keeping one that is not used.
#[tokio::test]
async fn calls_that_are_left_use_one_connection() {
    let simulator = simulate(Provider::OpenAi, "sk-h2").await;
    let config = Config::new().backend_with("a", &simulator, "http: h2").route(&to("a"));
    let gateway = Gateway::start(config).await;
    for call in 0..120 {
        // Before the header of the answer, and in its middle.
        let stream = call % 2 == 0;
        let text = if stream { "[[stall after 1]]" } else { "[[stall]]" };
        let before = arrived(&simulator);
        let asked = request(&gateway.client, &gateway, Provider::OpenAi, "a", text, stream);
        if stream {
            drop(asked.send().await.unwrap());
        } else {
            let asked = tokio::spawn(asked.send());
            until("the request arrives", || async { arrived(&simulator) > before }).await;
            asked.abort();
        }
        gateway.settled().await;
    }
    works(&gateway, "a").await;
    assert_eq!(simulator.counts().connections, 1);
}
