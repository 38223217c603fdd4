//! The bytes that a provider gets, whatever bytes a caller sends.

use tokio::net::TcpListener;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use crate::support::raw::{Raw, post};
use crate::support::speak::{body, send};
use crate::support::{Config, Gateway, Provider, h2c, patiently};

const PATH: &str = "/v1/chat/completions";
const ANSWER: &str = r#"{"id":"x","object":"chat.completion","created":1,"model":"gpt-4o-mini","choices":[{"index":0,"message":{"role":"assistant","content":"hi"},"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2}}"#;

/// All that a request of this schema may be made of.
const NAMES: [&str; 6] =
    ["host", "accept", "accept-encoding", "authorization", "content-length", "content-type"];

/// A provider that answers everything, and tells the bytes that it got: head, body, and what came
/// behind that.
async fn provider() -> (u16, UnboundedReceiver<(String, String)>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let (tell, told) = unbounded_channel();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let tell = tell.clone();
            tokio::spawn(async move {
                let mut raw = Raw::of(stream);
                while let Some(request) = raw.request().await {
                    let answer = format!(
                        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{ANSWER}",
                        ANSWER.len()
                    );
                    raw.send(answer).await;
                    // Nobody listens any more once the test is over.
                    let _ = tell.send(request);
                }
            });
        }
    });
    (port, told)
}

async fn gateway(port: u16) -> Gateway {
    let config = Config::new();
    let key = config.write("openai.key", "sk-canary-openai");
    let fields = [
        "schema: openai".to_owned(),
        format!("url: 'http://127.0.0.1:{port}/v1'"),
        "plaintext: allowed".to_owned(),
        "allow_private: true".to_owned(),
        format!("credential: {{ file: '{}' }}", key.display()),
    ];
    let config = config.backend_of("openai", &fields);
    Gateway::start(config.route("models: ['*'], backends: [openai]")).await
}

/// S-04, toward the provider: exactly one reading, whatever is odd about the request. Every byte of
/// the header is the gateway's own.
#[track_caller]
fn is_clean(what: &str, (head, body): (String, String), sent: &str) {
    assert_eq!(body, sent, "{what}");
    assert!(head.starts_with(&format!("POST {PATH} HTTP/1.1\r\n")), "{what}: {head}");
    assert!(head.ends_with("\r\n\r\n") && !head.contains('\0'), "{what}: {head}");
    let mut names = Vec::new();
    for line in head.trim_end().split("\r\n").skip(1) {
        assert!(line.bytes().all(|byte| (b' '..=b'~').contains(&byte)), "{what}: {line:?}");
        let (name, value) = line.split_once(": ").unwrap();
        let name = name.to_ascii_lowercase();
        match name.as_str() {
            "host" => assert!(value.starts_with("127.0.0.1:"), "{what}: {value}"),
            "content-length" => assert_eq!(value, sent.len().to_string(), "{what}"),
            "authorization" => assert_eq!(value, "Bearer sk-canary-openai", "{what}"),
            "accept-encoding" => assert_eq!(value, "identity", "{what}"),
            "content-type" | "accept" => assert_eq!(value, "application/json", "{what}"),
            "user-agent" => assert!(value.starts_with("egret/"), "{what}: {value}"),
            _ => {}
        }
        assert!(!head.to_ascii_lowercase().contains("canary-of-the-caller"), "{what}: {head}");
        names.push(name);
    }
    let count = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), count, "{what}: a header twice: {head}");
    for name in NAMES {
        assert!(names.iter().any(|found| found == name), "{what}: no {name}: {head}");
    }
    names.retain(|name| !NAMES.contains(&name.as_str()) && name != "user-agent");
    assert!(names.is_empty(), "{what}: {names:?}");
}

#[tokio::test]
async fn s_04_a_provider_gets_one_well_framed_request_whatever_came() {
    let (port, mut told) = provider().await;
    let gateway = gateway(port).await;
    let text = body(Provider::OpenAi, "gpt-4o-mini", "\u{e9}\r\n\r\nPOST / HTTP/1.1\r\n", false);
    let text = text.to_string();
    let (half, rest) = text.split_at(30);
    let chunked = |size: &str, trailers: &str| {
        format!(
            "POST {PATH} HTTP/1.1\r\nHost: g\r\nTransfer-Encoding: Chunked\r\n\r\n\
             {:x}{size}\r\n{half}\r\n{:X}{size}\r\n{rest}\r\n0{size}\r\n{trailers}\r\n",
            half.len(),
            rest.len()
        )
    };
    let with = |headers: &str| post(PATH, headers, &text);
    let plain = with("");
    let line = |line: &str| plain.replace(&format!("POST {PATH} HTTP/1.1"), line);
    let cases = [
        ("nothing odd", plain.clone()),
        ("chunks", chunked("", "")),
        ("chunks with extensions", chunked(";a=b;c=\"d;\\r\"", "")),
        ("chunks with zeros in front", chunked("", "").replace("\r\n1e\r\n", "\r\n00001e\r\n")),
        (
            "trailers",
            chunked(
                "",
                "Content-Length: 3\r\nHost: other\r\nAuthorization: canary-of-the-caller\r\n",
            ),
        ),
        ("HTTP/1.0", line(&format!("POST {PATH} HTTP/1.0"))),
        ("an absolute target", line(&format!("POST http://gateway{PATH} HTTP/1.1"))),
        ("a query", line(&format!("POST {PATH}?a=canary-of-the-caller&key=x HTTP/1.1"))),
        (
            "credentials of all spellings",
            with(
                "Authorization: Bearer canary-of-the-caller\r\nx-api-key: canary-of-the-caller\r\n\
                 api-key: canary-of-the-caller\r\nx-goog-api-key: canary-of-the-caller\r\n\
                 Cookie: a=canary-of-the-caller\r\nProxy-Authorization: canary-of-the-caller\r\n",
            ),
        ),
        (
            "what is of one connection",
            with(
                "Connection: keep-alive, X-Hop, Authorization\r\nX-Hop: canary-of-the-caller\r\n\
                 Keep-Alive: timeout=5\r\nProxy-Connection: keep-alive\r\nTE: trailers\r\n\
                 Trailer: Content-Length\r\nUpgrade: h2c\r\n",
            ),
        ),
        (
            "who has forwarded it",
            with(
                "X-Forwarded-For: 1.2.3.4\r\nX-Forwarded-Host: canary-of-the-caller\r\n\
                 Forwarded: for=canary-of-the-caller\r\nVia: 1.1 canary-of-the-caller\r\n\
                 X-Original-URL: /canary-of-the-caller\r\nX-HTTP-Method-Override: DELETE\r\n",
            ),
        ),
        (
            "bytes beyond ASCII",
            with("X-A: caf\u{e9}\r\nAccept: \u{e9}\r\nContent-Type: \u{e9}\r\n"),
        ),
        ("tabs and spaces", with("X-A: \t b \t\r\nAccept-Encoding:\tgzip, br\r\n")),
        ("names in capitals", plain.replace("Content-Length", "CONTENT-LENGTH")),
        ("a range of what is not there", with("Range: bytes=0-1\r\nIf-Match: x\r\nDate: x\r\n")),
    ];
    for (what, bytes) in cases {
        let mut raw = Raw::connect(gateway.address()).await;
        raw.send(&bytes).await;
        let response = raw.response().await.unwrap();
        assert_eq!(response.status, 200, "{what}: {}", response.body);
        is_clean(what, patiently(told.recv()).await.unwrap(), &text);
    }
    let odd = h2c()
        .post(gateway.url(&format!("{PATH}?a=canary-of-the-caller")))
        .header("authorization", "Bearer canary-of-the-caller")
        .header("te", "trailers")
        .header("x-a", "b")
        .body(text.clone());
    assert_eq!(send(odd).await.status, 200);
    is_clean("h2", patiently(told.recv()).await.unwrap(), &text);
    assert!(told.try_recv().is_err(), "one request in is one request out");
}
