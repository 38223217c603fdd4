//! One request in, exactly one well-framed request out: `trust.md` §2 as data.

use std::collections::HashSet;
use std::time::Duration;

use bytes::Bytes;
use http::Request;
use tokio::net::TcpStream;

use crate::support::provider::{all, arrived};
use crate::support::raw::{Raw, post};
use crate::support::speak::body;
use crate::support::{Config, Gateway, PATIENCE, Provider, Running, ask, patiently};

const PATH: &str = "/v1/chat/completions";
const GPT: &str = "gpt-4o-mini";

fn say(text: &str) -> String {
    body(Provider::OpenAi, GPT, text, false).to_string()
}

/// A second request, hidden behind or inside the first.
fn hidden() -> String {
    post(PATH, "", &say("smuggled"))
}

async fn gateway() -> (Gateway, [Running; 3]) {
    let simulators = all().await;
    (Gateway::start(Config::serving(&simulators.each_ref())).await, simulators)
}

/// A request line and headers, with a body of the right length unless they say otherwise.
fn with(headers: &str) -> String {
    let body = say("attack");
    let length = format!("Content-Length: {}\r\n", body.len());
    let length = if headers.to_ascii_lowercase().contains("content-length")
        || headers.to_ascii_lowercase().contains("transfer-encoding")
    {
        ""
    } else {
        &length
    };
    format!("POST {PATH} HTTP/1.1\r\n{headers}{length}\r\n{body}")
}

fn chunked(coding: &str) -> String {
    let body = say("attack");
    format!(
        "POST {PATH} HTTP/1.1\r\nHost: g\r\n{coding}\r\n{:x}\r\n{body}\r\n0\r\n\r\n",
        body.len()
    )
}

/// What must never reach a provider.
fn attacks() -> Vec<(&'static str, String)> {
    let length = say("attack").len();
    let line = |line: &str| format!("{line}\r\nHost: g\r\nContent-Length: 2\r\n\r\n{{}}");
    let many: String = (0..300).map(|n| format!("X-{n}: {n}\r\n")).collect();
    let mut attacks = vec![
        (
            "length and chunks",
            chunked(&format!("Content-Length: {length}\r\nTransfer-Encoding: chunked\r\n")),
        ),
        ("chunks and length", chunked("Transfer-Encoding: chunked\r\nContent-Length: 4\r\n")),
        (
            "a hidden length and chunks",
            chunked("content-length : 4\r\nTransfer-Encoding: chunked\r\n"),
        ),
        ("gzip, chunked", chunked("Transfer-Encoding: gzip, chunked\r\n")),
        ("chunked, identity", chunked("Transfer-Encoding: chunked, identity\r\n")),
        ("chunked twice", chunked("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n")),
        ("chunked, chunked", chunked("Transfer-Encoding: chunked, chunked\r\n")),
        ("xchunked", chunked("Transfer-Encoding: xchunked\r\n")),
        ("a vertical tab in the coding", chunked("Transfer-Encoding: \x0bchunked\r\n")),
        ("a space before the colon", chunked("Transfer-Encoding : chunked\r\n")),
        ("a folded coding", chunked("Transfer-Encoding:\r\n chunked\r\n")),
        ("quoted coding", chunked("Transfer-Encoding: \"chunked\"\r\n")),
        ("only identity", chunked("Transfer-Encoding: identity\r\n")),
        (
            "chunks over HTTP/1.0",
            chunked("Transfer-Encoding: chunked\r\n").replace("HTTP/1.1", "HTTP/1.0"),
        ),
        ("two lengths in one", with(&format!("Host: g\r\nContent-Length: {length}, {length}\r\n"))),
        (
            "two lengths",
            with(&format!("Host: g\r\nContent-Length: {length}\r\nContent-Length: {length}\r\n")),
        ),
        (
            "two lengths that differ",
            with(&format!("Host: g\r\nContent-Length: {length}\r\nContent-Length: 2\r\n")),
        ),
        ("a signed length", with(&format!("Host: g\r\nContent-Length: +{length}\r\n"))),
        ("a negative length", with("Host: g\r\nContent-Length: -1\r\n")),
        ("a hexadecimal length", with("Host: g\r\nContent-Length: 0x10\r\n")),
        ("a length beyond measure", with("Host: g\r\nContent-Length: 99999999999999999999999\r\n")),
        ("an empty length", with("Host: g\r\nContent-Length: \r\n")),
        ("bare line feeds", with("Host: g\r\n").replace("\r\n", "\n")),
        ("one bare line feed", with("Host: g\nX-A: b\r\n")),
        ("a bare carriage return", with("Host: g\r\nX-A: b\rX-B: c\r\n")),
        ("a folded header", with("Host: g\r\nX-A: b\r\n c\r\n")),
        ("NUL in a header", with("Host: g\r\nX-A: b\0c\r\n")),
        ("a header without a name", with("Host: g\r\n: b\r\n")),
        ("a header without a colon", with("Host: g\r\nX-A b\r\n")),
        ("a space in a header's name", with("Host: g\r\nX A: b\r\n")),
        ("no host", with("X-A: b\r\n")),
        ("an empty host", with("Host: \r\n")),
        ("two hosts", with("Host: g\r\nHost: h\r\n")),
        ("a user in the host", with("Host: user@g\r\n")),
        ("a fragment in the host", with("Host: g#@h\r\n")),
        ("an upgrade", with("Host: g\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n")),
        (
            "an upgrade to h2c",
            with(
                "Host: g\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA\r\n",
            ),
        ),
        ("gzip'd", with("Host: g\r\nContent-Encoding: gzip\r\n")),
        ("an encoding of nobody's", with("Host: g\r\nContent-Encoding: identity, br\r\n")),
        ("300 headers", with(&format!("Host: g\r\n{many}"))),
        ("a header of a megabyte", with(&format!("Host: g\r\nX-A: {}\r\n", "a".repeat(1_100_000)))),
        ("CONNECT", line("CONNECT g:443 HTTP/1.1")),
        ("TRACE", line(&format!("TRACE {PATH} HTTP/1.1"))),
        ("a method of nobody's", line(&format!("BREW {PATH} HTTP/1.1"))),
        ("OPTIONS", line(&format!("OPTIONS {PATH} HTTP/1.1"))),
        ("a version of nobody's", line(&format!("POST {PATH} HTTP/1.9"))),
        ("HTTP/0.9", format!("POST {PATH}\r\n\r\n")),
        ("a space in the path", line("POST /v1/chat completions HTTP/1.1")),
        ("a fragment in the path", line(&format!("POST /x#{PATH} HTTP/1.1"))),
        ("dots in the path", line(&format!("POST /v1/..{PATH} HTTP/1.1"))),
        ("an escape in the path", line("POST /v1/chat%2Fcompletions HTTP/1.1")),
        ("another host in the target", line(&format!("POST http://user@other{PATH} HTTP/1.1"))),
    ];
    let body = say("attack");
    for (name, chunks) in [
        ("a chunk size that is none", format!("zz\r\n{body}\r\n0\r\n\r\n")),
        ("a signed chunk size", format!("+{length:x}\r\n{body}\r\n0\r\n\r\n")),
        ("a prefixed chunk size", format!("0x{length:x}\r\n{body}\r\n0\r\n\r\n")),
        ("an overflowing chunk size", format!("fffffffffffffffff\r\n{body}\r\n0\r\n\r\n")),
        ("a negative chunk size", format!("-1\r\n{body}\r\n0\r\n\r\n")),
        ("a chunk longer than it says", format!("{:x}\r\n{body}\r\n0\r\n\r\n", length - 4)),
        ("a chunk without its end", format!("{length:x}\r\n{body}0\r\n\r\n")),
        ("a chunk size ended by LF", format!("{length:x}\n{body}\r\n0\r\n\r\n")),
    ] {
        let head = format!("POST {PATH} HTTP/1.1\r\nHost: g\r\nTransfer-Encoding: chunked\r\n\r\n");
        attacks.push((name, head + &chunks));
    }
    attacks
}

/// S-03, S-04: each attack is refused or cut off, nothing of it arrives, and neither does what was
/// hidden behind it; then a clean request on a new connection is served.
#[tokio::test]
async fn s_04_what_two_readers_could_read_in_two_ways_never_reaches_a_provider() {
    let (gateway, simulators) = gateway().await;
    let mut wrong = Vec::new();
    for (name, attack) in attacks() {
        let before = arrived(&simulators[0]);
        let mut raw = Raw::connect(gateway.address()).await;
        raw.send(format!("{attack}{}", hidden())).await;
        let response = raw.response().await;
        let status = response.as_ref().map_or(0, |response| response.status);
        if !matches!(status, 0 | 400..=499 | 501 | 505) {
            wrong.push(format!("{name}: {status}"));
        }
        // Long enough for what was hidden to be read, if anybody reads it.
        let second = tokio::time::timeout(Duration::from_millis(200), raw.response()).await;
        if let Ok(Some(second)) = second {
            wrong.push(format!("{name}: a second answer, {}", second.status));
        }
        drop(raw);
        let answer = ask(&gateway, Provider::OpenAi, GPT, "clean", false).await;
        assert_eq!(answer.status, 200, "after {name}");
        let said: Vec<String> = simulators[0].journal().read()[before..]
            .iter()
            .map(|arrival| String::from_utf8_lossy(&arrival.body).into_owned())
            .filter(|body| body.contains("attack") || body.contains("smuggled"))
            .collect();
        if !said.is_empty() {
            wrong.push(format!("{name}: arrived {said:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// S-01: an early answer leaves a body unread; none of it is ever read as a request.
#[tokio::test]
async fn s_01_the_body_behind_an_early_answer_is_never_a_request() {
    let simulators = all().await;
    let config = Config::serving(&simulators.each_ref()).caller("shop", "key", "");
    let gateway = Gateway::start(config).await;
    let hidden = post(PATH, "x-api-key: key\r\n", &say("smuggled"));
    // No key; a path of nobody's; too large; each with a whole request for a body.
    let early = [
        post(PATH, "", &hidden),
        post("/v1/nothing", "x-api-key: key\r\n", &hidden),
        post(PATH, "x-api-key: key\r\nContent-Encoding: gzip\r\n", &hidden),
        post(PATH, "x-api-key: wrong\r\n", &hidden.repeat(2000)),
        format!(
            "POST {PATH} HTTP/1.1\r\nHost: g\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n{hidden}\r\n0\r\n\r\n",
            hidden.len()
        ),
    ];
    for request in early {
        let mut raw = Raw::connect(gateway.address()).await;
        raw.send(&request).await;
        let response = raw.response().await.unwrap();
        assert!((400..500).contains(&response.status), "{}", response.body);
        // The connection is used again, if it still is one.
        raw.send(post(PATH, "x-api-key: key\r\n", &say("honest"))).await;
        if let Some(response) = raw.response().await {
            assert_eq!(response.status, 200, "{}", response.body);
            assert!(response.body.contains("honest"), "{}", response.body);
        }
        let mut raw = Raw::connect(gateway.address()).await;
        raw.send(post(PATH, "x-api-key: key\r\n", &say("clean"))).await;
        assert_eq!(raw.response().await.unwrap().status, 200);
    }
    for arrival in simulators[0].journal().read() {
        assert!(!String::from_utf8_lossy(&arrival.body).contains("smuggled"));
    }
}

/// Requests one behind the other on a connection are answered in their order.
#[tokio::test]
async fn a_connection_is_kept_and_its_requests_answered_in_order() {
    let (gateway, simulators) = gateway().await;
    let mut raw = Raw::connect(gateway.address()).await;
    for number in 0..5 {
        raw.send(post(PATH, "", &say(&format!("number {number}")))).await;
        let response = raw.response().await.unwrap();
        assert!(response.body.contains(&format!("number {number}")), "{}", response.body);
    }
    assert_eq!(arrived(&simulators[0]), 5);
}

/// S-31: what HTTP/2 can carry and HTTP/1.1 cannot.
#[tokio::test]
async fn s_31_h2_requests_that_http1_could_not_express_are_refused() {
    let (gateway, simulators) = gateway().await;
    let say = say("attack");
    let length = say.len().to_string();
    let cases: [(&str, &[(&str, &str)]); 7] = [
        ("connection", &[("connection", "keep-alive")]),
        ("transfer-encoding", &[("transfer-encoding", "chunked")]),
        ("upgrade", &[("upgrade", "websocket")]),
        ("a length that is short", &[("content-length", "3")]),
        ("a length that is long", &[("content-length", "100000")]),
        ("two lengths", &[("content-length", &length), ("content-length", "3")]),
        ("an encoding", &[("content-encoding", "br")]),
    ];
    for (name, headers) in cases {
        let status = h2(&gateway, PATH, headers, say.as_bytes()).await;
        assert!(!matches!(status, Some(200)), "{name}");
    }
    for path in ["/v1/chat%2Fcompletions", "/v1/chat/completions/../x", "/x?/v1/chat/completions"] {
        assert_ne!(h2(&gateway, path, &[], say.as_bytes()).await, Some(200), "{path}");
    }
    assert_eq!(arrived(&simulators[0]), 0);
    assert_eq!(h2(&gateway, PATH, &[], say.as_bytes()).await, Some(200));
}

/// One request on an h2 connection of its own; `None` if the stream or connection was reset.
async fn h2(gateway: &Gateway, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Option<u16> {
    let stream = TcpStream::connect(gateway.address()).await.unwrap();
    let (client, connection) = h2::client::handshake(stream).await.unwrap();
    tokio::spawn(connection);
    let mut request = Request::post(format!("http://gateway{path}"));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let mut client = patiently(client.ready()).await.ok()?;
    let (answer, mut send) = client.send_request(request.body(()).ok()?, false).ok()?;
    // A reset may come before all is sent.
    let _ = send.send_data(Bytes::copy_from_slice(body), true);
    tokio::time::timeout(PATIENCE, answer).await.unwrap().ok().map(|r| r.status().as_u16())
}

/// S-32: streams that are opened and reset by the thousand.
#[tokio::test]
async fn s_32_rapid_resets_leave_the_gateway_as_it_was() {
    let (gateway, simulators) = gateway().await;
    for _ in 0..5 {
        let stream = TcpStream::connect(gateway.address()).await.unwrap();
        let (mut client, connection) = h2::client::handshake(stream).await.unwrap();
        let driver = tokio::spawn(connection);
        for _ in 0..1000 {
            let Ok(ready) = patiently(client.clone().ready()).await else { break };
            client = ready;
            let request = Request::post(format!("http://gateway{PATH}")).body(()).unwrap();
            let Ok((_, mut send)) = client.send_request(request, false) else { break };
            send.send_reset(h2::Reason::CANCEL);
        }
        driver.abort();
    }
    gateway.settled().await;
    assert_eq!(arrived(&simulators[0]), 0);
    assert_eq!(ask(&gateway, Provider::OpenAi, GPT, "clean", false).await.status, 200);
}

/// S-25: ids are made here, each its own, whatever the caller sends.
#[tokio::test]
async fn s_25_ids_are_not_the_callers() {
    let (gateway, _simulators) = gateway().await;
    let mut ids = HashSet::new();
    for _ in 0..10 {
        let mut raw = Raw::connect(gateway.address()).await;
        raw.send(post(PATH, "X-Request-Id: mine\r\nIdempotency-Key: mine\r\n", &say("x"))).await;
        let response = raw.response().await.unwrap();
        let id = response.head.to_ascii_lowercase();
        let id = id.lines().find_map(|line| line.strip_prefix("x-egret-request-id: ")).unwrap();
        assert!(id != "mine" && ids.insert(id.to_owned()), "{id}");
    }
}
