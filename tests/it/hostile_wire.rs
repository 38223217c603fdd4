//! Providers as hostile as callers: what comes back is input like any other.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::future::join_all;
use tokio::net::TcpListener;

use crate::support::raw::Raw;
use crate::support::speak::{error, request};
use crate::support::{Answer, Config, Gateway, Provider, ask, until};

const GPT: &str = "gpt-4o-mini";

/// What a provider does with a request.
#[derive(Clone, Debug)]
struct Deed {
    /// What it sends.
    bytes: Vec<u8>,
    /// What it sends then, again and again until nobody takes it any more, and how often.
    again: Option<(&'static [u8], Duration)>,
    /// Whether it closes the connection then.
    closes: bool,
}

/// A provider that does as it is told, request by request, and else answers well.
#[derive(Clone, Default)]
struct Hostile {
    deeds: Arc<Mutex<VecDeque<Deed>>>,
    /// What it does with every request.
    always: Option<Deed>,
    /// How many connections were made to it.
    connections: Arc<AtomicUsize>,
}

impl Hostile {
    async fn start(self) -> u16 {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                self.connections.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(self.clone().serve(Raw::of(stream)));
            }
        });
        port
    }

    async fn serve(self, mut raw: Raw) {
        while let Some((_, body)) = raw.request().await {
            let next = self.deeds.lock().unwrap().pop_front().or_else(|| self.always.clone());
            let deed = next.unwrap_or_else(|| {
                answer("", if body.contains("\"stream\":true") { STREAM } else { WHOLE })
            });
            raw.send(&deed.bytes).await;
            if let Some((bytes, every)) = deed.again {
                while raw.send(bytes).await {
                    tokio::time::sleep(every).await;
                }
            }
            if deed.closes {
                return;
            }
        }
    }

    fn next(&self, deed: Deed) {
        self.deeds.lock().unwrap().push_back(deed);
    }
}

const WHOLE: &str = r#"{"id":"x","object":"chat.completion","created":1,"model":"gpt-4o-mini","choices":[{"index":0,"message":{"role":"assistant","content":"honest"},"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2}}"#;
const STREAM: &str = concat!(
    "data: {\"id\":\"x\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"gpt-4o-mini\",\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"honest\"},\"finish_reason\":null}]}\n\n",
    "data: {\"id\":\"x\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"gpt-4o-mini\",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n",
    "data: {\"id\":\"x\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"gpt-4o-mini\",\"choices\":[],\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":1,\"total_tokens\":2}}\n\n",
    "data: [DONE]\n\n",
);
const OK: &str = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n";
const SSE: &str = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n";

/// A good answer, with more headers.
fn answer(headers: &str, body: &str) -> Deed {
    let kind = if body.starts_with("data:") { SSE } else { OK };
    says(format!("{kind}{headers}Content-Length: {}\r\n\r\n{body}", body.len()))
}

fn says(bytes: impl AsRef<[u8]>) -> Deed {
    Deed { bytes: bytes.as_ref().to_vec(), again: None, closes: false }
}

/// The same, after which it hangs up.
fn leaves(bytes: impl AsRef<[u8]>) -> Deed {
    Deed { closes: true, ..says(bytes) }
}

/// The same, after which it goes on like this for ever.
fn drips(bytes: impl AsRef<[u8]>, again: &'static [u8], every: u64) -> Deed {
    Deed { again: Some((again, Duration::from_millis(every))), closes: true, ..says(bytes) }
}

/// How long a backend is waited for where it must answer: a busy machine takes its time.
const PATIENT: &str = "{ connect: 60s, first_byte: 60s, idle: 60s }";
/// The same where its time must run out.
const HASTY: &str = "{ connect: 60s, first_byte: 3s, idle: 3s }";

/// A configuration with this backend, which is at a port.
fn with(config: Config, name: &str, port: u16, timeouts: &str) -> Config {
    let key = config.write("openai.key", "sk-canary-openai");
    let fields = [
        "schema: openai".to_owned(),
        format!("url: 'http://127.0.0.1:{port}/v1'"),
        "plaintext: allowed".to_owned(),
        "allow_private: true".to_owned(),
        format!("timeouts: {timeouts}"),
        format!("credential: {{ file: '{}' }}", key.display()),
    ];
    config.backend_of(name, &fields)
}

/// A gateway whose one provider is behind two backends, `patient` and `hasty`.
async fn gateway() -> (Gateway, Hostile) {
    let hostile = Hostile::default();
    let port = hostile.clone().start().await;
    let mut config = Config::new().with("limits: { total: 20s }");
    for (name, timeouts) in [("patient", PATIENT), ("hasty", HASTY)] {
        config = with(config, name, port, timeouts);
        let backend = format!("{{ backend: {name}, model: {GPT} }}");
        config = config.route(&format!("models: [{name}], backends: [{backend}]"));
    }
    (Gateway::start(config).await, hostile)
}

async fn clean(gateway: &Gateway, model: &str, after: &str) {
    for stream in [false, true] {
        well(after, &ask(gateway, Provider::OpenAi, model, "clean", stream).await);
    }
}

/// The same where time may run out once more, on a busy machine; not for being sent on the
/// connection that was no good the last time.
async fn clean_in_time(gateway: &Gateway, hostile: &Hostile, after: &str) {
    let connections = || hostile.connections.load(Ordering::SeqCst);
    let before = connections();
    for stream in [false, true] {
        until("it is answered in time", async || {
            let answer = ask(gateway, Provider::OpenAi, "hasty", "clean", stream).await;
            until("it comes on a new connection", async || connections() > before).await;
            let in_time = answer.status != 504;
            if in_time {
                well(after, &answer);
            }
            in_time
        })
        .await;
    }
}

#[track_caller]
fn well(after: &str, answer: &Answer) {
    assert_eq!(answer.status, 200, "after {after}: {}", answer.text);
    assert!(answer.text.contains("honest"), "after {after}: {}", answer.text);
    assert!(!answer.text.contains("smuggled"), "after {after}: {}", answer.text);
}

/// An error of the provider's in the caller's schema, and no word of what came.
#[track_caller]
fn failed(what: &str, answer: &Answer) {
    assert!(answer.status >= 500, "{what}: {} {}", answer.status, answer.text);
    assert!(error(Provider::OpenAi, &answer.json()).is_some(), "{what}: {}", answer.text);
    assert!(!answer.text.contains("smuggled"), "{what}: {}", answer.text);
}

/// Answers whose framing is broken, has two readings or never ends: the caller is told, in its
/// schema, and the next one gets its own answer.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s_04_a_providers_broken_framing_is_an_error_and_no_answer() {
    let (gateway, hostile) = gateway().await;
    let smuggled = WHOLE.replace("honest", "smuggled");
    let length = smuggled.len();
    let framed = |headers: &str| format!("{OK}{headers}\r\n{smuggled}");
    let chunks = |chunks: &str| format!("{OK}Transfer-Encoding: chunked\r\n\r\n{chunks}");
    let cases: Vec<(&str, Deed)> = vec![
        ("nothing at all", leaves("")),
        ("no HTTP", leaves("SSH-2.0-OpenSSH_9.2\r\n")),
        ("a body and nothing else", leaves(&smuggled)),
        ("a status that is none", leaves("HTTP/1.1 abc OK\r\n\r\n")),
        ("a version of nobody's", leaves(format!("HTTP/3.7 200 OK\r\n\r\n{smuggled}"))),
        ("half a header", leaves("HTTP/1.1 200 OK\r\nContent-Ty")),
        ("a header of two megabytes", leaves(framed(&format!("X-A: {}\r\n", "b".repeat(2 << 20))))),
        (
            "300 headers",
            leaves(framed(&(0..300).map(|n| format!("X-{n}: b\r\n")).collect::<String>())),
        ),
        ("a header that never ends", drips(OK, b"X-A: b\r\n", 0)),
        ("information without end", drips("", b"HTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\n", 0)),
        (
            "another protocol",
            leaves(
                "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\nsmuggled",
            ),
        ),
        ("a body that is short", leaves(framed(&format!("Content-Length: {}\r\n", length + 1)))),
        (
            "two lengths that differ",
            leaves(framed(&format!("Content-Length: {length}\r\nContent-Length: 3\r\n"))),
        ),
        ("a negative length", leaves(framed("Content-Length: -1\r\n"))),
        ("a length beyond measure", leaves(framed("Content-Length: 99999999999999999999999\r\n"))),
        ("a chunk size that is none", leaves(chunks(&format!("zz\r\n{smuggled}\r\n0\r\n\r\n")))),
        (
            "an overflowing chunk size",
            leaves(chunks(&format!("fffffffffffffffff\r\n{smuggled}\r\n"))),
        ),
        ("a chunk that is cut", leaves(chunks(&format!("{:x}\r\n{smuggled}", length + 10)))),
        ("chunks without an end", leaves(chunks(&format!("{length:x}\r\n{smuggled}\r\n")))),
        ("a body that drips", drips(format!("{OK}Content-Length: 100000000\r\n\r\n{{"), b" ", 100)),
        (
            "a redirect",
            leaves(format!(
                "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: {length}\r\n\r\n{smuggled}"
            )),
        ),
        ("not modified", leaves(format!("HTTP/1.1 304 Not Modified\r\n\r\n{smuggled}"))),
        ("no content", leaves(format!("HTTP/1.1 204 No Content\r\n\r\n{smuggled}"))),
    ];
    for (what, deed) in cases {
        // On a connection that was kept a request may be sent again.
        hostile.next(deed.clone());
        hostile.next(deed);
        failed(what, &ask(&gateway, Provider::OpenAi, "patient", "x", false).await);
        hostile.deeds.lock().unwrap().clear();
        clean(&gateway, "patient", what).await;
    }
    let silent = Deed { again: Some((b"", Duration::from_millis(100))), ..says("") };
    for (what, deed) in [("a header that drips", drips(OK, b"X", 200)), ("no header", silent)] {
        hostile.next(deed.clone());
        hostile.next(deed);
        failed(what, &ask(&gateway, Provider::OpenAi, "hasty", "x", false).await);
        hostile.deeds.lock().unwrap().clear();
        clean_in_time(&gateway, &hostile, what).await;
    }
    assert_eq!(gateway.settled().await.count("egret_requests_in_flight", &[]), 0);
}

/// S-09: what is odd, but has one reading, is served, and nothing but its body goes on; what stands
/// behind an answer on its connection is nobody's.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s_09_a_providers_odd_answers_are_read_one_way() {
    let (gateway, hostile) = gateway().await;
    let smuggled = WHOLE.replace("honest", "smuggled");
    let behind = format!("{OK}Content-Length: {}\r\n\r\n{smuggled}", smuggled.len());
    let chunked = |size: &str, trailers: &str| {
        let (half, rest) = WHOLE.split_at(100);
        format!(
            "{OK}Transfer-Encoding: chunked\r\n\r\n{:x}{size}\r\n{half}\r\n{:X}{size}\r\n{rest}\r\n0\r\n{trailers}\r\n",
            half.len(),
            rest.len()
        )
    };
    let one = format!("{OK}Content-Length: {}\r\n\r\n{WHOLE}", WHOLE.len());
    let cases: Vec<(&str, Deed)> = vec![
        (
            "information first",
            says(format!(
                "HTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n{one}"
            )),
        ),
        ("chunks with extensions", says(chunked(";a=\"b\"", ""))),
        ("trailers", leaves(chunked("", "Set-Cookie: smuggled\r\nContent-Length: 3\r\n"))),
        ("until it closes", leaves(format!("{OK}Connection: close\r\n\r\n{WHOLE}"))),
        ("two answers", says(format!("{one}{behind}"))),
        ("two answers, chunked", says(format!("{}{behind}", chunked("", "")))),
        (
            "headers of all kinds",
            answer(
                "Set-Cookie: smuggled\r\nLocation: http://smuggled/\r\nServer: smuggled\r\nX-Goog-Api-Key: smuggled\r\n\
             Authorization: smuggled\r\nAlt-Svc: h3=smuggled\r\nRefresh: 0;smuggled\r\nTrailer: smuggled\r\n\
             Keep-Alive: smuggled\r\nVia: smuggled\r\n",
                WHOLE,
            ),
        ),
    ];
    for (what, deed) in cases {
        for _ in 0..2 {
            hostile.next(deed.clone());
            let answer = ask(&gateway, Provider::OpenAi, "patient", "x", false).await;
            assert_eq!(answer.status, 200, "{what}: {}", answer.text);
            assert!(answer.text.contains("honest"), "{what}: {}", answer.text);
            assert!(!format!("{:?}", answer.headers).contains("smuggled"), "{what}: {answer:?}");
        }
        clean(&gateway, "patient", what).await;
    }
}

/// S-33, S-50: streams that never end, or hold a line that never does: they end with the schema's
/// error, and memory stays.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s_50_streams_without_end_are_ended() {
    const BLOCK: &[u8] = &[b'a'; 64 << 10];
    let first = STREAM.split_inclusive("\n\n").next().unwrap();
    let open = |more: &str| format!("{SSE}\r\n{first}{more}");
    let deeds = [
        ("comments", drips(open(""), b": nothing\n\n", 1)),
        ("empty-lines", drips(open(""), b"\n\r\n\r\n", 1)),
        ("events-of-nothing", drips(open(""), b"event: x\ndata\n\n", 1)),
        ("a-line-that-drips", drips(open("data: {\""), b"a", 300)),
        ("a-line-without-end", drips(open("data: {\""), BLOCK, 1)),
        ("a-comment-without-end", drips(open(":"), BLOCK, 1)),
        ("an-event-of-many-lines", drips(open(""), b"data: aaaaaaaaaaaaaaaa\ndata: aaaa\n", 1)),
        ("zeros", drips(open(""), &[0; 4096], 1)),
    ];
    let mut config = Config::new().with("limits: { total: 10s }");
    for (name, deed) in &deeds {
        let hostile = Hostile { always: Some(deed.clone()), ..Hostile::default() };
        config = with(config, name, hostile.start().await, PATIENT);
        config = config.route(&format!("models: [{name}], backends: [{name}]"));
    }
    config = with(config, "honest", Hostile::default().start().await, PATIENT);
    let gateway = Gateway::start(config.route("models: ['gpt-*'], backends: [honest]")).await;
    clean(&gateway, GPT, "nothing").await;
    let before = gateway.memory();
    let calls = deeds.iter().flat_map(|(name, _)| {
        let of = |surface| {
            let (gateway, name) = (&gateway, *name);
            async move {
                let call = request(&gateway.client, gateway, surface, name, "x", true);
                let mut response = call.send().await.unwrap();
                assert_eq!(response.status(), 200, "{name}");
                // Verbatim streams may be long: only their end is kept.
                let mut last = Vec::new();
                while let Ok(Some(piece)) = response.chunk().await {
                    last.extend_from_slice(&piece);
                    last.drain(..last.len().saturating_sub(8192));
                }
                let last = String::from_utf8_lossy(&last).into_owned();
                assert!(last.contains("\"error\""), "{}: {name}: {last}", surface.name());
            }
        };
        [of(Provider::OpenAi), of(Provider::Claude)]
    });
    join_all(calls).await;
    let more = gateway.memory().saturating_sub(before);
    assert!(more < 300 << 20, "{more} bytes more");
    clean(&gateway, GPT, "all of them").await;
    gateway.settled().await;
}
