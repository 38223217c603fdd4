//! Request bodies of every size in every framing, as they are and translated.

use bytes::Bytes;
use futures_util::stream;
use serde_json::{Value, json};

use crate::support::provider::{all, arrived, only};
use crate::support::raw::{Raw, post};
use crate::support::speak::{body, error, refused, said, send};
use crate::support::{Config, Gateway, Provider, Running, ask, h2c, http1, until};

const MIB: usize = 1 << 20;

#[derive(Clone, Copy, Debug)]
enum Framing {
    H1Length,
    H1Chunked,
    H2Length,
    H2Open,
}

/// Sends a body in a framing; asserts that it arrives at the simulator.
async fn arrives(gateway: &Gateway, simulators: &[Running; 3], framing: Framing, size: usize) {
    let client = match framing {
        Framing::H1Length | Framing::H1Chunked => http1(),
        Framing::H2Length | Framing::H2Open => h2c(),
    };
    for (model, simulator) in
        [("gpt-4o-mini", &simulators[0]), ("claude-haiku-4-5", &simulators[1])]
    {
        simulator.journal().clear();
        // Spelled as no serialiser would, so that only the very same bytes are the same.
        let text = "äb\\u0063d ".repeat(size / 12);
        let sent = Bytes::from(format!(
            "{{ \"messages\" : [{{\"role\":\"user\",\"content\":\"{text}\"}}],\n\
             \"temperature\": 1.0, \"model\":\"{model}\" ,\"max_completion_tokens\": 16}}"
        ));
        assert!(sent.len() > size * 3 / 4 && sent.len() < 32 * MIB);
        let request = client
            .post(gateway.url("/v1/chat/completions"))
            .header("content-type", "application/json");
        let request = match framing {
            Framing::H1Length | Framing::H2Length => request.body(sent.clone()),
            Framing::H1Chunked | Framing::H2Open => {
                let pieces: Vec<_> = sent
                    .chunks(100_003)
                    .map(|piece| Ok::<_, std::io::Error>(sent.slice_ref(piece)))
                    .collect();
                request.body(reqwest::Body::wrap_stream(stream::iter(pieces)))
            }
        };
        let answer = send(request).await;
        assert_eq!(answer.status, 200, "{framing:?} {size}: {}", answer.text);
        let arrival = only(simulator);
        if model.starts_with("gpt") {
            assert!(arrival.body == sent, "{framing:?} {size}: not the same bytes");
        } else {
            let body: Value = serde_json::from_slice(&arrival.body).unwrap();
            let content = &body["messages"][0]["content"];
            let arrived = content.as_str().or(content[0]["text"].as_str()).unwrap();
            assert!(arrived == text.replace("\\u0063", "c"), "{framing:?} {size}: another text");
        }
    }
}

/// On more than one thread, so that a simulator that reads 31 MiB still answers pings of HTTP/2.
async fn every_size(framing: Framing) {
    let simulators = all().await;
    let gateway = Gateway::start(Config::serving(&simulators.each_ref())).await;
    for size in [1 << 10, 70 << 10, MIB, 31 * MIB] {
        arrives(&gateway, &simulators, framing, size).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bodies_arrive_over_http1_with_a_length() {
    every_size(Framing::H1Length).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bodies_arrive_over_http1_in_chunks() {
    every_size(Framing::H1Chunked).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bodies_arrive_over_h2c_with_a_length() {
    every_size(Framing::H2Length).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bodies_arrive_over_h2c_without_a_length() {
    every_size(Framing::H2Open).await;
}

#[tokio::test]
async fn a_body_over_the_limit_is_refused_in_the_callers_schema() {
    let simulators = all().await;
    let gateway = Gateway::start(Config::serving(&simulators.each_ref())).await;
    let huge = Bytes::from(vec![b' '; 33 * MIB]);
    for surface in Provider::ALL {
        let url = gateway.url(&crate::support::speak::path(surface, "gpt-4o-mini", false));
        for (announced, client) in
            [(true, http1()), (false, http1()), (true, h2c()), (false, h2c())]
        {
            let request = client.post(&url).header("content-type", "application/json");
            let request = if announced {
                request.body(huge.clone())
            } else {
                let pieces: Vec<_> = huge
                    .chunks(MIB)
                    .map(|piece| Ok::<_, std::io::Error>(huge.slice_ref(piece)))
                    .collect();
                request.body(reqwest::Body::wrap_stream(stream::iter(pieces)))
            };
            let answer = send(request).await;
            // wire.md §1.4: only Claude's API has a status of its own for this.
            refused(surface, &answer, if surface == Provider::Claude { 413 } else { 400 });
        }
    }
    let answer = ask(&gateway, Provider::OpenAi, "gpt-4o-mini", "still there", false).await;
    assert_eq!(answer.status, 200);
    assert_eq!(arrived(&simulators[0]), 1);
}

#[tokio::test]
async fn a_caller_that_waits_for_100_continue_gets_it() {
    let simulators = all().await;
    let gateway = Gateway::start(Config::serving(&simulators.each_ref())).await;
    let body = body(Provider::OpenAi, "gpt-4o-mini", "patience", false).to_string();
    let request = post("/v1/chat/completions", "Expect: 100-continue\r\n", &body);
    let (head, body) = request.split_once("\r\n\r\n").unwrap();
    let mut raw = Raw::connect(gateway.address()).await;
    raw.send(format!("{head}\r\n\r\n")).await;
    assert_eq!(raw.one_response().await.unwrap().status, 100);
    raw.send(body).await;
    assert_eq!(raw.response().await.unwrap().status, 200);
}

#[tokio::test]
async fn a_body_that_comes_too_slowly_is_refused() {
    let simulators = all().await;
    let config = Config::serving(&simulators.each_ref())
        .with("limits: { body_idle: 300ms, body_total: 1s }");
    let gateway = Gateway::start(config).await;
    let head = |surface: Provider| {
        let path = crate::support::speak::path(surface, "gpt-4o-mini", false);
        format!("POST {path} HTTP/1.1\r\nHost: g\r\nContent-Length: 900\r\n\r\n{{")
    };
    for surface in Provider::ALL {
        // Nothing more comes.
        let mut raw = Raw::connect(gateway.address()).await;
        raw.send(head(surface)).await;
        let response = raw.response().await.unwrap();
        assert_eq!(response.status, 408, "{}", response.body);
        let body: Value = serde_json::from_str(&response.body).unwrap();
        assert!(crate::support::speak::error(surface, &body).is_some(), "{body}");
        // Something comes all the time, and never all of it.
        let mut raw = Raw::connect(gateway.address()).await;
        raw.send(head(surface)).await;
        let drip = async {
            while raw.send(" ").await {
                tokio::time::sleep(std::time::Duration::from_millis(100)).await;
            }
        };
        // The gateway gives up on the connection, or on the request while the drip goes on.
        let _ = tokio::time::timeout(std::time::Duration::from_secs(5), drip).await;
        if let Some(response) = raw.response().await {
            assert_eq!(response.status, 408, "{}", response.body);
        }
    }
    assert_eq!(arrived(&simulators[0]), 0);
    assert_eq!(ask(&gateway, Provider::OpenAi, "gpt-4o-mini", "x", false).await.status, 200);
}

#[tokio::test]
async fn a_body_that_stops_in_the_middle_never_reaches_a_provider() {
    let simulators = all().await;
    let gateway = Gateway::start(Config::serving(&simulators.each_ref())).await;
    let whole = body(Provider::OpenAi, "gpt-4o-mini", "x", false).to_string();
    // A whole JSON text, but not all of the announced body; and chunks without their end.
    let lengths = format!(
        "POST /v1/chat/completions HTTP/1.1\r\nHost: g\r\nContent-Length: {}\r\n\r\n{whole}",
        whole.len() + 1
    );
    let chunks = format!(
        "POST /v1/chat/completions HTTP/1.1\r\nHost: g\r\nTransfer-Encoding: chunked\r\n\r\n\
         {:x}\r\n{whole}\r\n",
        whole.len()
    );
    for request in [lengths, chunks] {
        let mut raw = Raw::connect(gateway.address()).await;
        raw.send(request).await;
        drop(raw);
    }
    until("both callers are gone", || async {
        let metrics = gateway.metrics().await;
        metrics.count("egret_requests_total", &[]) >= 2
            && metrics.count("egret_requests_in_flight", &[]) == 0
    })
    .await;
    assert_eq!(arrived(&simulators[0]), 0);
    let answer = ask(&gateway, Provider::OpenAi, "gpt-4o-mini", "x", false).await;
    assert_eq!(said(Provider::OpenAi, &answer, false).unwrap(), "gpt-4o-mini here: x");
}

#[tokio::test]
async fn bodies_held_at_once_are_bounded() {
    let simulators = all().await;
    let config =
        Config::serving(&simulators.each_ref()).with("limits: { body: 2 MiB, in_flight: 4 MiB }");
    let gateway = Gateway::start(config).await;
    let mut holder = Raw::connect(gateway.address()).await;
    holder
        .send(format!(
            "POST /v1/chat/completions HTTP/1.1\r\nHost: g\r\nContent-Length: {}\r\n\r\n{{{}",
            2 * MIB - 1024,
            " ".repeat(2 * MIB - 2048)
        ))
        .await;
    // Translated, it is held twice: with the holder's a little more than there is room for.
    let text = "x".repeat(MIB + 4096);
    until("there is no room", || async {
        ask(&gateway, Provider::Claude, "gpt-4o-mini", &text, false).await.status != 200
    })
    .await;
    let answer = ask(&gateway, Provider::Claude, "gpt-4o-mini", &text, false).await;
    refused(Provider::Claude, &answer, 529);
    assert!(answer.header("retry-after").is_some());
    drop(holder);
    until("there is room again", || async {
        ask(&gateway, Provider::Claude, "gpt-4o-mini", &text, false).await.status == 200
    })
    .await;
    let small = json!({"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "x"}]});
    let url = gateway.url("/v1/chat/completions");
    assert_eq!(send(gateway.client.post(url).body(small.to_string())).await.status, 200);
}

/// S-01: a body that is too large, by what it announces or by what comes, is refused as soon as that
/// is seen; nothing of what comes behind is ever a request.
#[tokio::test]
async fn s_01_a_body_that_is_too_large_is_never_a_request() {
    let simulators = all().await;
    let config = Config::serving(&simulators.each_ref()).with("limits: { body: 64 KiB }");
    let gateway = Gateway::start(config).await;
    // Claude's schema is the one that has a status of its own for it.
    let (path, model) = ("/v1/messages", "claude-haiku-4-5");
    let say = |text: &str| body(Provider::Claude, model, text, false).to_string();
    let hidden = post(path, "", &say("smuggled"));
    let many = hidden.repeat(1000);
    let head = |framing: &str| format!("POST {path} HTTP/1.1\r\nHost: g\r\n{framing}\r\n\r\n");
    let length = |length: usize| head(&format!("Content-Length: {length}"));
    let chunks = format!("{:x}\r\n{many}\r\n0\r\n\r\n", many.len());
    let one_more = format!("{}{hidden}", " ".repeat((64 << 10) + 1 - hidden.len()));
    // Whether what is sent is the whole of the body.
    let large = [
        (length(many.len()) + &many, true),
        (length(one_more.len()) + &one_more, true),
        (head("Transfer-Encoding: chunked") + &chunks, true),
        (length(1 << 40) + &hidden, false),
        (length(usize::MAX >> 1) + &many, false),
        (head("Expect: 100-continue\r\nContent-Length: 1000000") + &hidden, false),
    ];
    for (at, (request, whole)) in large.iter().enumerate() {
        let mut raw = Raw::connect(gateway.address()).await;
        raw.send(request).await;
        let response = raw.one_response().await.unwrap();
        assert_eq!(response.status, 413, "{at}: {}", response.body);
        let told = serde_json::from_str(&response.body).unwrap();
        assert!(error(Provider::Claude, &told).is_some(), "{told}");
        // The connection is used again, if it still is one.
        raw.send(post(path, "", &say("honest"))).await;
        if let Some(response) = raw.response().await {
            assert!(*whole, "{at}: that was the body: {}", response.body);
            assert_eq!(response.status, 200, "{at}: {}", response.body);
            assert!(response.body.contains("honest"), "{at}: {}", response.body);
        }
        let answer = ask(&gateway, Provider::Claude, model, "clean", false).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
    }
    for arrival in simulators[1].journal().read() {
        assert!(!String::from_utf8_lossy(&arrival.body).contains("smuggled"));
    }
    let metrics = gateway.metrics().await;
    let refused = metrics.count("egret_denials_total", &["reason=\"body_too_large\""]);
    assert_eq!(refused, large.len() as u64);
}
