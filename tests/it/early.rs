//! Providers that answer before they have read the whole request.

use std::future::pending;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::Response;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::budget::priced_in;
use crate::support::provider::{Prices, acceptor};
use crate::support::raw::{Raw, length};
use crate::support::speak::{refused, said, send};
use crate::support::{Answer, Config, Gateway, Provider, ask};

const GPT: &str = "gpt-4o-mini";
const FIRST: &str = "sk-canary-first-000000";
const SECOND: &str = "sk-canary-second-00000";
const SERVED: &str = r#"{"id":"x","object":"chat.completion","created":1,"model":"gpt-4o-mini","choices":[{"index":0,"message":{"role":"assistant","content":"served"},"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2}}"#;
const ERROR: &str = r#"{"error":{"message":"enough of that","type":"invalid_request_error","param":null,"code":null}}"#;
/// No socket holds so much.
const LONG: usize = 8 << 20;
/// What an h2 stream takes before it is read.
const WINDOW: u32 = 1 << 20;

/// How a provider is spoken to.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Over {
    Tcp,
    Tls,
    H2,
}

const WAYS: [Over; 3] = [Over::Tcp, Over::Tls, Over::H2];

/// What a provider does with a long request when it has read its header.
#[derive(Clone, Copy, Debug)]
enum Does {
    /// Answers with this status, reads a little more, and closes.
    Answers(u16),
    /// Answers with this status, and then neither reads nor closes (not over h2).
    Holds(u16),
    /// Closes, or resets the stream.
    Closes,
    /// Says that it has not looked at it, the first time (h2 only).
    Refuses,
}

/// A provider that is hasty with long requests unless they come with the second key. It notes the
/// key of each request.
struct Hasty {
    port: u16,
    does: Does,
    keys: Arc<Mutex<Vec<String>>>,
    _server: JoinSet<()>,
}

impl Hasty {
    async fn start(over: Over, does: Does) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let keys = Arc::<Mutex<Vec<String>>>::default();
        let (noted, mut server) = (keys.clone(), JoinSet::new());
        server.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let noted = noted.clone();
                connections.spawn(async move {
                    match over {
                        Over::Tcp => h1(stream, does, &noted).await,
                        Over::Tls => {
                            let stream = acceptor(&["http/1.1"]).accept(stream).await.unwrap();
                            h1(stream, does, &noted).await;
                        }
                        Over::H2 => {
                            let stream = acceptor(&["h2"]).accept(stream).await.unwrap();
                            h2(stream, does, &noted).await;
                        }
                    }
                });
            }
        });
        Self { port, does, keys, _server: server }
    }

    fn keys(&self) -> Vec<String> {
        std::mem::take(&mut self.keys.lock().unwrap())
    }

    /// A gateway that has it as its backend, with both keys.
    async fn gateway(&self, over: Over) -> Gateway {
        let config = Config::new();
        let (first, second) = (config.write("1.key", FIRST), config.write("2.key", SECOND));
        let secure = over != Over::Tcp;
        // Who does not read is not waited for.
        let idle = if matches!(self.does, Does::Holds(_)) { "idle: 1s" } else { "idle: 60s" };
        let fields = [
            format!("schema: openai, timeouts: {{ connect: 60s, {idle} }}"),
            format!(
                "url: '{}://localhost:{}/v1'",
                if secure { "https" } else { "http" },
                self.port
            ),
            if secure { "tls: { ca: ca.pem }" } else { "plaintext: allowed" }.to_owned(),
            format!(
                "credential: {{ keys: [{{ file: '{}' }}, {{ file: '{}' }}] }}",
                first.display(),
                second.display()
            ),
        ];
        let config = config
            .backend_of("hasty", &fields)
            .route("models: ['*'], backends: [hasty]")
            .route("name: files, backends: [hasty], paths: ['/v1/files']");
        let prices = Prices { input: 500, cached: 125, output: 8000 };
        let budget =
            "{ name: money, per: total, limit: 1000 USD, window: month, unknown_price: allow }";
        Gateway::start(priced_in(config, prices, budget)).await
    }
}

/// The key that a request came with, and whether the provider is hasty with it.
fn note(keys: &Mutex<Vec<String>>, authorization: &str, length: usize) -> bool {
    let key = if authorization.contains(FIRST) { FIRST } else { SECOND };
    keys.lock().unwrap().push(key.to_owned());
    key == FIRST && length >= LONG
}

fn body(status: u16) -> &'static str {
    if status == 200 { SERVED } else { ERROR }
}

async fn h1<S: AsyncRead + AsyncWrite + Unpin>(stream: S, does: Does, keys: &Mutex<Vec<String>>) {
    let answer = |status: u16| {
        let body = body(status);
        format!(
            "HTTP/1.1 {status} X\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\n\r\n{body}",
            body.len()
        )
    };
    let mut raw = Raw::of(stream);
    while let Some(head) = raw.head().await {
        let length = length(&head).unwrap_or(0);
        if !note(keys, &head, length) {
            raw.body(length).await.unwrap();
            raw.send(answer(200)).await;
            continue;
        }
        match does {
            Does::Answers(status) => {
                raw.send(answer(status)).await;
                raw.body(64 * 1024).await.unwrap();
                // With bytes unread, the connection is reset behind this.
                let _ = raw.into_inner().shutdown().await;
                return;
            }
            Does::Holds(status) => {
                raw.send(answer(status)).await;
                pending::<()>().await;
            }
            Does::Closes | Does::Refuses => return,
        }
    }
}

async fn h2<S: AsyncRead + AsyncWrite + Unpin>(stream: S, does: Does, keys: &Mutex<Vec<String>>) {
    let mut server = h2::server::Builder::new();
    // What is read whole comes in few rounds.
    let server = server.initial_window_size(WINDOW).initial_connection_window_size(WINDOW);
    let mut connection = server.handshake(stream).await.unwrap();
    let mut served = JoinSet::new();
    while let Some(Ok((request, mut respond))) = connection.accept().await {
        let header = |name: &str| request.headers()[name].to_str().unwrap();
        let length = header("content-length").parse().unwrap();
        let hasty = note(keys, header("authorization"), length)
            && (!matches!(does, Does::Refuses) || keys.lock().unwrap().len() == 1);
        let answer = move |status: u16, mut respond: h2::server::SendResponse<Bytes>| {
            let head =
                Response::builder().status(status).header("content-type", "application/json");
            let mut stream = respond.send_response(head.body(()).unwrap(), false).unwrap();
            stream.send_data(Bytes::from_static(body(status).as_bytes()), true).unwrap();
        };
        if !hasty {
            served.spawn(async move {
                let mut body = request.into_body();
                while let Some(piece) = body.data().await {
                    body.flow_control().release_capacity(piece.unwrap().len()).unwrap();
                }
                answer(200, respond);
            });
            continue;
        }
        // What is left of the request is reset with its end (RFC 9113, 8.1).
        match does {
            Does::Answers(status) | Does::Holds(status) => answer(status, respond),
            Does::Closes => respond.send_reset(h2::Reason::CANCEL),
            Does::Refuses => respond.send_reset(h2::Reason::REFUSED_STREAM),
        }
    }
}

async fn ask_long(gateway: &Gateway, surface: Provider) -> Answer {
    ask(gateway, surface, GPT, &"a word, ".repeat(LONG / 8), false).await
}

/// What is too large for each schema.
const TOO_LARGE: [(Provider, u16); 3] =
    [(Provider::OpenAi, 400), (Provider::Claude, 413), (Provider::Gemini, 400)];

/// What the caller would otherwise take for an accident: it is told what is wrong, pays nothing, and
/// nothing of its request is taken for the next one.
#[tokio::test]
async fn an_error_before_all_is_sent_reaches_the_caller() {
    for over in WAYS {
        for does in [Does::Answers(413), Does::Holds(413)] {
            let hasty = Hasty::start(over, does).await;
            let gateway = hasty.gateway(over).await;
            for (surface, status) in TOO_LARGE {
                let message = refused(surface, &ask_long(&gateway, surface).await, status);
                assert!(message.contains("enough of that"), "{over:?} {does:?}: {message}");
                assert_eq!(hasty.keys(), [FIRST], "{over:?} {does:?}: no other key is tried");
                let served = ask(&gateway, surface, GPT, "x", false).await;
                assert_eq!(said(surface, &served, false).as_deref(), Some("served"), "{over:?}");
                assert_eq!(hasty.keys(), [FIRST]);
            }
            let spent = gateway.settled().await.spent_nanos("money");
            let unread = gateway.client.post(gateway.url("/v1/files")).body("x".repeat(LONG));
            let unread = send(unread).await;
            assert_eq!((unread.status, unread.text.as_str()), (413, ERROR), "{over:?} {does:?}");
            assert_eq!(gateway.settled().await.spent_nanos("money"), spent);
            assert_eq!(spent, 3 * (500 + 8000), "only what was served is charged");
        }
    }
}

#[tokio::test]
async fn a_key_that_is_refused_before_all_is_sent_leads_to_the_next() {
    for over in WAYS {
        let hasty = Hasty::start(over, Does::Answers(401)).await;
        let gateway = hasty.gateway(over).await;
        let answer = ask_long(&gateway, Provider::Claude).await;
        assert_eq!(said(Provider::Claude, &answer, false).as_deref(), Some("served"), "{over:?}");
        assert_eq!(hasty.keys(), [FIRST, SECOND], "{over:?}");
        assert_eq!(gateway.settled().await.spent_nanos("money"), 500 + 8000);
    }
}

/// A provider that serves what it has not read whole has worked on it, and bills that.
#[tokio::test]
async fn an_answer_before_all_is_sent_is_an_answer() {
    for over in WAYS {
        let hasty = Hasty::start(over, Does::Answers(200)).await;
        let gateway = hasty.gateway(over).await;
        let answer = ask_long(&gateway, Provider::OpenAi).await;
        assert_eq!(said(Provider::OpenAi, &answer, false).as_deref(), Some("served"), "{over:?}");
        assert_eq!(hasty.keys(), [FIRST], "{over:?}: it is asked once");
        assert_eq!(gateway.settled().await.spent_nanos("money"), 500 + 8000);
    }
}

#[tokio::test]
async fn a_connection_that_ends_before_all_is_sent_costs_nothing() {
    for over in WAYS {
        let hasty = Hasty::start(over, Does::Closes).await;
        let gateway = hasty.gateway(over).await;
        let answer = ask_long(&gateway, Provider::OpenAi).await;
        assert!(answer.status >= 500, "{over:?}: {}", answer.text);
        assert!(answer.text.contains("broke the connection off"), "{over:?}: {}", answer.text);
        assert_eq!(hasty.keys(), [FIRST], "{over:?}");
        assert_eq!(gateway.settled().await.spent_nanos("money"), 0);
        let answer = ask(&gateway, Provider::OpenAi, GPT, "x", false).await;
        assert_eq!(said(Provider::OpenAi, &answer, false).as_deref(), Some("served"), "{over:?}");
    }
}

/// It is sent again, with the same key.
#[tokio::test]
async fn a_request_that_is_refused_before_all_is_sent_is_not_lost() {
    let hasty = Hasty::start(Over::H2, Does::Refuses).await;
    let gateway = hasty.gateway(Over::H2).await;
    let answer = ask_long(&gateway, Provider::OpenAi).await;
    let served = said(Provider::OpenAi, &answer, false);
    assert_eq!(served.as_deref(), Some("served"), "{}", answer.text);
    assert_eq!(hasty.keys(), [FIRST, FIRST], "it is no other key's turn");
    assert_eq!(gateway.settled().await.spent_nanos("money"), 500 + 8000);
}
