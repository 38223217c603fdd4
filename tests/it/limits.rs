//! Bounds on what callers may send, and on how many they may be.

use std::net::SocketAddr;
use std::os::unix::process::ExitStatusExt;

use tokio::net::TcpSocket;
use tokio_rustls::rustls::version::TLS13;

use crate::support::frames::PREFACE;
use crate::support::provider::{all, arrived, model};
use crate::support::raw::{Raw, Response, post};
use crate::support::speak::{body, error, path, refused, request, send};
use crate::support::wire::{by_tls, client_config};
use crate::support::{Config, Fault, Gateway, Provider, ask, h2c, patiently, until};

/// What is too large is refused in the schema, counted, and never arrives; what is just as large as
/// it may be is served.
#[tokio::test]
async fn headers_and_urls_that_are_too_large_are_refused_in_the_schema() {
    let simulators = all().await;
    let config = Config::serving(&simulators.each_ref())
        .with("limits: { headers: 16 KiB, header_count: 40, url: 2 KiB }");
    let gateway = Gateway::start(config).await;
    for client in [&gateway.client, &h2c()] {
        for surface in Provider::ALL {
            let model = model(surface);
            let turn = || request(client, &gateway, surface, model, "x", false);
            let large = turn().header("x-a", "b".repeat(16 << 10));
            let many = (0..41).fold(turn(), |turn, nth| turn.header(format!("x-{nth}"), "b"));
            refused(surface, &send(many).await, 431);
            if std::ptr::eq(client, &gateway.client) {
                refused(surface, &send(large).await, 431);
            } else {
                // The library of frames says so itself, before there is a path to go by.
                assert_eq!(send(large).await.status, 431);
            }
            let path = path(surface, model, false);
            let long = gateway.url(&format!("{path}?a={}", "b".repeat(2 << 10)));
            refused(surface, &send(client.post(long).body("{}")).await, 414);
            let allowed = turn().header("x-a", "b".repeat(8 << 10));
            assert_eq!(send(allowed).await.status, 200);
        }
    }
    let metrics = gateway.metrics().await;
    let denied = |reason: &str| metrics.count("egret_denials_total", &[reason]);
    assert_eq!(denied("reason=\"url_too_long\""), 6);
    assert!(denied("reason=\"headers_too_large\"") >= 9);
    assert_eq!(simulators.iter().map(arrived).sum::<usize>(), 6);
}

/// A connection from this address.
async fn from(gateway: &Gateway, address: &str) -> Raw {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(SocketAddr::new(address.parse().unwrap(), 0)).unwrap();
    Raw::of(socket.connect(gateway.address()).await.unwrap())
}

/// A connection from this address on which a request was sent, and its answer if there was one.
async fn asked(gateway: &Gateway, address: &str, surface: Provider) -> (Raw, Option<Response>) {
    let mut raw = from(gateway, address).await;
    let path = path(surface, model(surface), false);
    raw.send(post(&path, "", &body(surface, model(surface), "x", false).to_string())).await;
    let response = raw.response().await;
    (raw, response)
}

/// A connection that has been answered on, from this address.
async fn served(gateway: &Gateway, address: &str) -> Raw {
    let (raw, response) = asked(gateway, address, Provider::OpenAi).await;
    let response = response.unwrap();
    assert_eq!(response.status, 200, "{}", response.body);
    raw
}

/// Asserts that there is no room for a request from this address, and that it is told so in its
/// schema, with the limit by its name. Returns how often it was tried: who is slower than a second, as
/// machines may be, is told nothing.
async fn turned_away(gateway: &Gateway, address: &str, surface: Provider, limit: &str) -> u64 {
    let mut tries = 0;
    let telling = async {
        loop {
            tries += 1;
            if let (raw, Some(response)) = asked(gateway, address, surface).await {
                return (raw, response);
            }
        }
    };
    let (mut raw, response) = patiently(telling).await;
    assert_eq!(response.status, 503, "{}", response.body);
    let message = error(surface, &serde_json::from_str(&response.body).unwrap()).unwrap();
    assert!(message.contains(limit), "{message}");
    let head = response.head.to_ascii_lowercase();
    for line in ["content-type: application/json", "connection: close", "retry-after: 1"] {
        assert!(head.lines().any(|it| it == line), "{head}");
    }
    assert_eq!(raw.rest().await, "", "and then it is closed");
    tries
}

async fn until_alone(gateway: &Gateway) {
    until("nobody is connected", || async {
        gateway.metrics().await.count("egret_connections", &[]) == 0
    })
    .await;
}

async fn turned_away_so_far(gateway: &Gateway, reason: &str) -> u64 {
    let reason = format!("\"{reason}\"");
    gateway.metrics().await.count("egret_connections_refused_total", &[&reason])
}

/// Asserts that three refusals or more have been logged when they began, and not each of them: once a
/// minute, but machines may stand still.
fn said_seldom(gateway: &Gateway, limit: &str) {
    let output = gateway.output();
    let lines = output.lines().filter(|line| line.contains("WARN") && line.contains(limit));
    assert!((1..3).contains(&lines.count()), "{output}");
}

/// No more connections than there may be, in all and from one address; each that goes makes room.
#[tokio::test]
async fn there_are_no_more_connections_than_there_may_be() {
    const IN_ALL: &str = "`limits.connections` is 5";
    const FROM_ONE: &str = "`limits.connections_per_address` is 3";
    let simulators = all().await;
    let config = Config::serving(&simulators.each_ref())
        .with("limits: { connections: 5, connections_per_address: 3 }");
    let gateway = Gateway::start(config).await;
    // The check whether it listens is a connection, too.
    until_alone(&gateway).await;
    let mut held = Vec::new();
    for _ in 0..3 {
        held.push(served(&gateway, "127.0.0.1").await);
    }
    let (mut from_one, mut in_all) = (0, 0);
    for surface in Provider::ALL {
        from_one += turned_away(&gateway, "127.0.0.1", surface, FROM_ONE).await;
    }
    for _ in 0..2 {
        held.push(served(&gateway, "127.0.0.2").await);
    }
    for surface in Provider::ALL {
        in_all += turned_away(&gateway, "127.0.0.3", surface, IN_ALL).await;
    }
    assert_eq!(gateway.metrics().await.count("egret_connections", &[]), 5);
    assert_eq!(turned_away_so_far(&gateway, "too_many_from_one").await, from_one);
    assert_eq!(turned_away_so_far(&gateway, "too_many").await, in_all);
    // Who speaks HTTP/2, TLS, or not at all, would not understand.
    for word in [PREFACE, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b""] {
        let mut raw = from(&gateway, "127.0.0.3").await;
        raw.send(word).await;
        assert_eq!(raw.rest().await, "");
    }
    assert_eq!(turned_away_so_far(&gateway, "too_many").await, in_all + 3);
    for limit in [IN_ALL, FROM_ONE] {
        said_seldom(&gateway, limit);
    }
    assert!(gateway.metrics().await.count("egret_tasks", &[]) >= 5, "each is served by a task");
    held.clear();
    until_alone(&gateway).await;
    assert_eq!(ask(&gateway, Provider::OpenAi, "gpt-4o-mini", "clean", false).await.status, 200);
}

/// A crowd that there is no room for, silent or never done with what it says, neither stays nor takes
/// anything from those who are in.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crowd_at_the_door_is_nobodys_loss() {
    let simulators = all().await;
    let config = Config::serving(&simulators.each_ref()).with("limits: { connections: 1 }");
    let gateway = Gateway::start(config).await;
    until_alone(&gateway).await;
    let mut inside = served(&gateway, "127.0.0.1").await;
    let before = gateway.memory();
    let mut crowd = Vec::new();
    for nth in 0..500 {
        let mut raw = from(&gateway, "127.0.0.1").await;
        if nth % 2 == 0 {
            raw.send("POST /v1/chat/completions HTTP/1.1\r\nContent-Length: 1000000\r\n\r\n").await;
        }
        crowd.push(raw);
    }
    let turn = body(Provider::OpenAi, "gpt-4o-mini", "x", false).to_string();
    inside.send(post("/v1/chat/completions", "", &turn)).await;
    assert_eq!(inside.response().await.unwrap().status, 200);
    // The event itself: every one of them is closed, though none has said all that it announced.
    for mut raw in crowd {
        let word = raw.rest().await;
        assert!(word.is_empty() || word.starts_with("HTTP/1.1 503 "), "{word}");
    }
    let more = gateway.memory().saturating_sub(before);
    assert!(more < 16 << 20, "{more} bytes more");
    assert_eq!(turned_away_so_far(&gateway, "too_many").await, 500);
    drop(inside);
    until_alone(&gateway).await;
    assert_eq!(ask(&gateway, Provider::OpenAi, "gpt-4o-mini", "clean", false).await.status, 200);
}

/// By TLS there is no handshake for one too many, since that is what would cost; it is counted and
/// logged all the same.
#[tokio::test]
async fn one_too_many_by_tls_is_closed_before_the_handshake() {
    let simulators = all().await;
    let config =
        Config::serving(&simulators.each_ref()).with("limits: { connections: 2 }").secured("");
    let gateway = Gateway::start(config).await;
    until_alone(&gateway).await;
    let held = [Raw::to(&gateway).await, Raw::to(&gateway).await];
    let how = client_config(&[&TLS13], &["http/1.1"], None);
    for _ in 0..3 {
        assert!(by_tls(gateway.address(), &how).await.is_err());
    }
    assert_eq!(turned_away_so_far(&gateway, "too_many").await, 3);
    said_seldom(&gateway, "`limits.connections` is 2");
    drop(held);
    until_alone(&gateway).await;
    assert_eq!(ask(&gateway, Provider::OpenAi, "gpt-4o-mini", "clean", false).await.status, 200);
}

/// What is made of a request counts as well as what came: where there is no room for both, the caller
/// may try again, and nothing has been sent or charged.
#[tokio::test]
async fn translated_copies_count_as_memory() {
    let simulators = all().await;
    let config =
        Config::serving(&simulators.each_ref()).with("limits: { body: 1 MiB, in_flight: 2 MiB }");
    let gateway = Gateway::start(config).await;
    // A body is held for as long as its answer is waited for.
    simulators[0].script().next_n(1, [Fault::Stall(None)]);
    let mut holder = Raw::connect(gateway.address()).await;
    let held = body(Provider::OpenAi, "gpt-4o-mini", &"w".repeat(900_000), false).to_string();
    holder.send(post("/v1/chat/completions", "", &held)).await;
    until("the holder has arrived", || async { arrived(&simulators[0]) == 1 }).await;
    let text = "word ".repeat(140_000);
    let verbatim = ask(&gateway, Provider::OpenAi, "gpt-4o-mini", &text, false).await;
    assert_eq!(verbatim.status, 200, "{}", verbatim.text);
    let copied = ask(&gateway, Provider::Claude, "gpt-4o-mini", &text, false).await;
    assert!(matches!(copied.status, 503 | 529), "{}", copied.text);
    assert_eq!(arrived(&simulators[0]), 2);
    drop(holder);
    let metrics = gateway.settled().await;
    assert_eq!(metrics.count("egret_denials_total", &["reason=\"memory\""]), 1);
    assert_eq!(ask(&gateway, Provider::Claude, "gpt-4o-mini", "x", false).await.status, 200);
}

/// So does what is made of it anew, for the sake of a lower output limit.
#[tokio::test]
async fn capped_copies_count_as_memory() {
    let simulators = all().await;
    let config = Config::serving(&simulators.each_ref())
        .caller("shop", "key", "")
        .with("access: [{ max_output_tokens: 64 }]\nlimits: { body: 1 MiB, in_flight: 2 MiB }");
    let gateway = Gateway::start(config).await;
    let turn = |text: &str| {
        let call = request(&gateway.client, &gateway, Provider::OpenAi, "gpt-4o-mini", text, false);
        send(call.bearer_auth("key"))
    };
    simulators[0].script().next_n(1, [Fault::Stall(None)]);
    let mut holder = Raw::connect(gateway.address()).await;
    let held = body(Provider::OpenAi, "gpt-4o-mini", &"w".repeat(900_000), false).to_string();
    holder.send(post("/v1/chat/completions", "Authorization: Bearer key\r\n", &held)).await;
    until("the holder has arrived", || async { arrived(&simulators[0]) == 1 }).await;
    let text = "word ".repeat(60_000);
    refused(Provider::OpenAi, &turn(&text).await, 503);
    assert_eq!(turn("x").await.header("x-egret-output-cap"), Some("64"));
    drop(holder);
    gateway.settled().await;
    assert_eq!(turn(&text).await.status, 200);
}

/// Who announces a body has no memory before it comes: nobody is locked out by announcements.
#[tokio::test]
async fn what_is_only_announced_takes_no_memory() {
    let simulators = all().await;
    let config =
        Config::serving(&simulators.each_ref()).with("limits: { body: 1 MiB, in_flight: 2 MiB }");
    let gateway = Gateway::start(config).await;
    let head = "POST /v1/chat/completions HTTP/1.1\r\nHost: g\r\nContent-Length: 1000000\r\n\r\n{";
    let mut dripping = Vec::new();
    for count in 1..=6 {
        let mut raw = Raw::connect(gateway.address()).await;
        raw.send(head).await;
        dripping.push(raw);
        until("it has come", || async {
            gateway.metrics().await.count("egret_requests_total", &[]) > 0
                || gateway.metrics().await.count("egret_requests_in_flight", &[]) == count
        })
        .await;
    }
    let text = "word ".repeat(60_000);
    for surface in Provider::ALL {
        let answer = ask(&gateway, surface, "gpt-4o-mini", &text, false).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
    }
    let metrics = gateway.metrics().await;
    assert_eq!(metrics.count("egret_denials_total", &["reason=\"memory\""]), 0);
    drop(dripping);
}

/// S-40: no core dump has prompts and keys in it, because there is none, however it ends.
#[tokio::test]
async fn s_40_there_are_no_core_dumps() {
    let simulators = all().await;
    let mut gateway = Gateway::start(Config::serving(&simulators.each_ref())).await;
    let limits = gateway.proc("limits");
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
    let core: Vec<&str> = core.split_whitespace().collect();
    assert_eq!(core[4..6], ["0", "0"]);
    let secret = ask(&gateway, Provider::OpenAi, "gpt-4o-mini", "canary-prompt", false).await;
    assert_eq!(secret.status, 200, "{}", secret.text);
    gateway.signal("ABRT");
    let ended = gateway.ended().await;
    assert_eq!(ended.signal(), Some(6), "{ended}");
    assert!(!ended.core_dumped());
    let output = gateway.output();
    for canary in ["canary-prompt", "sk-canary"] {
        assert!(!output.contains(canary), "{output}");
    }
    let gateway = gateway.restart().await;
    let answer = ask(&gateway, Provider::OpenAi, "gpt-4o-mini", "clean", false).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
}
