//! One request in, exactly one well-framed request out: `trust.md` §2 as data.

use std::collections::HashSet;
use std::time::Duration;

use futures_util::future::join_all;
use http::Method;

use crate::support::provider::{all, arrived, model};
use crate::support::raw::{Raw, post};
use crate::support::speak::{body, error, path, send};
use crate::support::{Config, Gateway, Provider, Running, Transport, ask, h2c, until};

const PATH: &str = "/v1/chat/completions";
const GPT: &str = "gpt-4o-mini";

fn say(text: &str) -> String {
    body(Provider::OpenAi, GPT, text, false).to_string()
}

/// A second request, hidden behind or inside the first.
fn hidden() -> String {
    post(PATH, "", &say("smuggled"))
}

async fn gateway(transport: Transport) -> (Gateway, [Running; 3]) {
    let simulators = all().await;
    let config = Config::serving(&simulators.each_ref()).over(transport);
    (Gateway::start(config).await, simulators)
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
        ("an upgrade to two things", with("Host: g\r\nUpgrade: h2c, websocket\r\n")),
        ("gzip'd", with("Host: g\r\nContent-Encoding: gzip\r\n")),
        ("an encoding of nobody's", with("Host: g\r\nContent-Encoding: identity, br\r\n")),
        ("an expectation of something", with("Host: g\r\nExpect: 200-ok\r\n")),
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
    join_all(Transport::ALL.map(attacked)).await;
}

async fn attacked(transport: Transport) {
    let (gateway, simulators) = gateway(transport).await;
    let mut wrong = Vec::new();
    for (name, attack) in attacks() {
        let before = arrived(&simulators[0]);
        let mut raw = Raw::to(&gateway).await;
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
        assert_eq!(answer.status, 200, "{transport:?}: after {name}");
        let said: Vec<String> = simulators[0].journal().read()[before..]
            .iter()
            .map(|arrival| String::from_utf8_lossy(&arrival.body).into_owned())
            .filter(|body| body.contains("attack") || body.contains("smuggled"))
            .collect();
        if !said.is_empty() {
            wrong.push(format!("{name}: arrived {said:?}"));
        }
    }
    assert!(wrong.is_empty(), "{transport:?}: {}", wrong.join("\n"));
}

/// What is no request at all Pingora answers before anything of Egret's is asked: with a status, no
/// body, and the end of the connection. It is counted, and the next caller is served.
#[tokio::test]
async fn what_is_no_request_ends_its_connection() {
    let broken = [
        ("a request line of nobody's", "MAKE IT SO\r\nHost: gateway\r\n\r\n".to_owned()),
        ("a version of nobody's", "POST /v1/messages HTTP/3.0\r\nHost: gateway\r\n\r\n".to_owned()),
        ("no colon", "POST /v1/messages HTTP/1.1\r\nHost gateway\r\n\r\n".to_owned()),
        ("a byte of no header", "POST /v1/messages HTTP/1.1\r\nHost: g\0\r\n\r\n".to_owned()),
        ("too many headers", with(&format!("Host: g\r\n{}", "X: y\r\n".repeat(300)))),
    ];
    for transport in Transport::ALL {
        let (gateway, simulators) = gateway(transport).await;
        for (name, request) in &broken {
            let mut raw = Raw::to(&gateway).await;
            raw.send(request).await;
            let response = raw.response().await.unwrap();
            assert_eq!((response.status, &*response.body), (400, ""), "{transport:?}: {name}");
            assert!(response.head.to_ascii_lowercase().contains("connection: close"), "{name}");
            assert_eq!(raw.rest().await, "", "{transport:?}: {name}");
        }
        // So long that it need not even be answered: what is unread may reset the connection.
        let mut raw = Raw::to(&gateway).await;
        raw.send(with(&format!("Host: g\r\nX-A: {}\r\n", "a".repeat(1_100_000)))).await;
        let word = raw.rest().await;
        assert!(word.is_empty() || word.starts_with("HTTP/1.1 400 "), "{word}");
        until("each is counted", || async {
            let reason = ["reason=\"malformed\""];
            gateway.metrics().await.count("egret_connections_refused_total", &reason) == 6
        })
        .await;
        assert_eq!(arrived(&simulators[0]), 0);
        assert_eq!(ask(&gateway, Provider::OpenAi, GPT, "clean", false).await.status, 200);
    }
}

/// S-01: an early answer leaves a body unread; none of it is ever read as a request.
#[tokio::test]
async fn s_01_the_body_behind_an_early_answer_is_never_a_request() {
    join_all(Transport::ALL.map(answered_early)).await;
}

async fn answered_early(transport: Transport) {
    let simulators = all().await;
    let config = Config::serving(&simulators.each_ref()).caller("shop", "key", "").over(transport);
    let gateway = Gateway::start(config).await;
    let hidden = post(PATH, "x-api-key: key\r\n", &say("smuggled"));
    // No key; a path of nobody's; an encoding; a wrong key; chunks. Each body is a whole request.
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
        let mut raw = Raw::to(&gateway).await;
        raw.send(&request).await;
        let response = raw.response().await.unwrap();
        assert!((400..500).contains(&response.status), "{}", response.body);
        // The connection is used again, if it still is one.
        raw.send(post(PATH, "x-api-key: key\r\n", &say("honest"))).await;
        if let Some(response) = raw.response().await {
            assert_eq!(response.status, 200, "{}", response.body);
            assert!(response.body.contains("honest"), "{}", response.body);
        }
        let mut raw = Raw::to(&gateway).await;
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
    for transport in Transport::ALL {
        let (gateway, simulators) = gateway(transport).await;
        let mut raw = Raw::to(&gateway).await;
        for number in 0..5 {
            raw.send(post(PATH, "", &say(&format!("number {number}")))).await;
            let response = raw.response().await.unwrap();
            assert!(response.body.contains(&format!("number {number}")), "{}", response.body);
        }
        assert_eq!(arrived(&simulators[0]), 5);
    }
}

/// S-03: Java's client offers h2c with its first request. It is answered over HTTP/1.1, the
/// connection goes on as it was, and nothing of the offer goes on to the provider.
#[tokio::test]
async fn s_03_an_offer_of_h2c_is_not_taken_up() {
    let offer = "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n\
                 HTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA\r\n";
    for transport in Transport::ALL {
        let (gateway, simulators) = gateway(transport).await;
        let mut raw = Raw::to(&gateway).await;
        for headers in [offer, ""] {
            raw.send(post(PATH, headers, &say("honest"))).await;
            let response = raw.response().await.unwrap();
            assert_eq!(response.status, 200, "{transport:?}: {}", response.body);
            let head = response.head.to_ascii_lowercase();
            assert!(head.starts_with("http/1.1 200") && !head.contains("upgrade"), "{head}");
        }
        for arrival in simulators[0].journal().read() {
            for name in ["connection", "upgrade", "http2-settings"] {
                assert!(arrival.headers.get(name).is_none(), "{name}");
            }
        }
    }
}

/// Methods that no path here has are refused with what may be used instead, in the schema; nothing
/// goes on, and the connection goes on where its framing allows.
#[tokio::test]
async fn other_methods_are_told_which_may_be_used() {
    let (gateway, simulators) = gateway(Transport::Plaintext).await;
    for surface in Provider::ALL {
        let path = path(surface, model(surface), false);
        for method in ["OPTIONS", "TRACE", "PUT", "BREW", "HEAD"] {
            let mut raw = Raw::to(&gateway).await;
            raw.send(format!("{method} {path} HTTP/1.1\r\nHost: g\r\nContent-Length: 0\r\n\r\n"))
                .await;
            if method == "HEAD" {
                let head = raw.head().await.unwrap();
                assert!(head.starts_with("HTTP/1.1 405"), "{head}");
                // What comes behind that header is the next answer.
                raw.send(post(PATH, "", &say("honest"))).await;
                assert_eq!(raw.response().await.unwrap().status, 200);
                continue;
            }
            let response = raw.response().await.unwrap();
            assert_eq!(response.status, 405, "{method}");
            let head = response.head.to_ascii_lowercase();
            let allow = head.lines().find_map(|line| line.strip_prefix("allow: ")).unwrap();
            assert!(allow.ends_with("post"), "{allow}");
            let body = serde_json::from_str(&response.body).unwrap();
            assert!(error(surface, &body).is_some(), "{method}: {body}");
        }
        for method in [Method::HEAD, Method::OPTIONS] {
            let answer = send(h2c().request(method, gateway.url(&path))).await;
            assert_eq!(answer.status, 405, "{answer:?}");
            assert!(answer.header("allow").unwrap().ends_with("POST"), "{answer:?}");
        }
    }
    let models = send(gateway.client.head(gateway.url("/v1/models"))).await;
    assert_eq!((models.status, models.header("allow")), (405, Some("GET")));
    let metrics = gateway.metrics().await;
    assert!(metrics.count("egret_denials_total", &["reason=\"method\""]) >= 20);
    // Those behind a `HEAD`.
    assert_eq!(arrived(&simulators[0]), Provider::ALL.len());
}

/// `Expect: 100-continue` is answered when the body is wanted, and only then.
#[tokio::test]
async fn a_body_that_waits_to_be_wanted_is_asked_for() {
    let simulators = all().await;
    let config = Config::serving(&simulators.each_ref()).caller("shop", "key", "");
    let gateway = Gateway::start(config).await;
    let body = say("honest");
    let head = |version: &str, headers: &str| {
        format!(
            "POST {PATH} HTTP/{version}\r\nHost: g\r\nExpect: 100-continue\r\n{headers}\
             Content-Length: {}\r\n\r\n",
            body.len()
        )
    };
    let mut raw = Raw::to(&gateway).await;
    raw.send(head("1.1", "x-api-key: key\r\n")).await;
    assert_eq!(raw.one_response().await.unwrap().status, 100);
    raw.send(&body).await;
    assert_eq!(raw.one_response().await.unwrap().status, 200);

    let mut refused = Raw::to(&gateway).await;
    refused.send(head("1.1", "x-api-key: wrong\r\n")).await;
    assert_eq!(refused.one_response().await.unwrap().status, 401);

    // HTTP/1.0 knows no such thing.
    let mut old = Raw::to(&gateway).await;
    old.send(head("1.0", "x-api-key: key\r\n") + &body).await;
    assert_eq!(old.one_response().await.unwrap().status, 200);
    assert!(simulators[0].journal().read().iter().all(|a| a.headers.get("expect").is_none()));
}

/// S-25: ids are made here, each its own, whatever the caller sends.
#[tokio::test]
async fn s_25_ids_are_not_the_callers() {
    let (gateway, _simulators) = gateway(Transport::Plaintext).await;
    let mut ids = HashSet::new();
    for _ in 0..10 {
        let mut raw = Raw::to(&gateway).await;
        raw.send(post(PATH, "X-Request-Id: mine\r\nIdempotency-Key: mine\r\n", &say("x"))).await;
        let response = raw.response().await.unwrap();
        let id = response.head.to_ascii_lowercase();
        let id = id.lines().find_map(|line| line.strip_prefix("x-egret-request-id: ")).unwrap();
        assert!(id != "mine" && ids.insert(id.to_owned()), "{id}");
    }
}
