//! Bounds on what callers may send, and on how many they may be.

use std::net::SocketAddr;
use std::os::unix::process::ExitStatusExt;

use tokio::net::TcpSocket;

use crate::support::provider::{all, arrived, model};
use crate::support::raw::{Raw, post};
use crate::support::speak::{body, path, refused, request, send};
use crate::support::{Config, Fault, Gateway, Provider, ask, h2c, until};

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

/// A connection that has been answered on, from this address.
async fn served(gateway: &Gateway, from: &str) -> Option<Raw> {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(SocketAddr::new(from.parse().unwrap(), 0)).unwrap();
    let mut raw = Raw::of(socket.connect(gateway.address()).await.unwrap());
    let body = body(Provider::OpenAi, "gpt-4o-mini", "x", false).to_string();
    raw.send(post("/v1/chat/completions", "", &body)).await;
    let response = raw.response().await?;
    assert_eq!(response.status, 200);
    Some(raw)
}

/// No more connections than there may be, in all and from one address; each that goes makes room.
#[tokio::test]
async fn there_are_no_more_connections_than_there_may_be() {
    let simulators = all().await;
    let config = Config::serving(&simulators.each_ref())
        .with("limits: { connections: 5, connections_per_address: 3 }");
    let gateway = Gateway::start(config).await;
    // The check whether it listens is a connection, too.
    until("it is alone", || async { gateway.metrics().await.count("egret_connections", &[]) == 0 })
        .await;
    let mut held = Vec::new();
    for _ in 0..3 {
        held.push(served(&gateway, "127.0.0.1").await.unwrap());
    }
    assert!(served(&gateway, "127.0.0.1").await.is_none(), "a fourth from one address");
    for _ in 0..2 {
        held.push(served(&gateway, "127.0.0.2").await.unwrap());
    }
    assert!(served(&gateway, "127.0.0.3").await.is_none(), "a sixth in all");
    let metrics = gateway.metrics().await;
    assert_eq!(metrics.count("egret_connections", &[]), 5);
    assert!(metrics.count("egret_tasks", &[]) >= 5, "each is served by a task");
    let refused = |reason: &str| {
        metrics.count("egret_connections_refused_total", &[&format!("\"{reason}\"")])
    };
    assert_eq!((refused("too_many_from_one"), refused("too_many")), (1, 1));
    held.clear();
    until("they are gone", || async {
        gateway.metrics().await.count("egret_connections", &[]) == 0
    })
    .await;
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
