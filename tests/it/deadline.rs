//! S-33: callers that take their time.

use std::time::Duration;

use futures_util::future::join_all;

use crate::support::provider::{all, arrived, model};
use crate::support::raw::{Raw, post};
use crate::support::speak::{body, error, request, said, send};
use crate::support::{Canned, Config, Fault, Gateway, Provider, Transport, ask, until};

/// Connections that say nothing, a little, or a header that never ends are closed; those that
/// merely wait between two requests are not. All at once, since each takes its time.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s_33_slow_headers_and_silent_connections_are_closed() {
    join_all(Transport::ALL.map(slowly_said)).await;
}

async fn slowly_said(transport: Transport) {
    let simulators = all().await;
    let gateway = Gateway::start(Config::serving(&simulators.each_ref()).over(transport)).await;
    let gateway = &gateway;
    let closes = |first: &'static str, drip: &'static str| async move {
        let mut raw = Raw::to(gateway).await;
        raw.send(first).await;
        if !drip.is_empty() {
            while raw.send(drip).await {
                tokio::time::sleep(Duration::from_millis(500)).await;
            }
        }
        // A last word is allowed; what matters is the end.
        let word = raw.rest().await;
        assert!(!word.contains(" 200 "), "{word}");
    };
    join_all([
        closes("", ""),
        closes("P", ""),
        closes("POST /v1/chat/completions HTTP/1.1\r\nHost: g\r\n", ""),
        closes("POST /v1/chat/completions HTTP/1.1\r\nHost: g\r\n", "X-A: b\r\n"),
        closes("PRI * HTTP/2.0\r\n", ""),
    ])
    .await;
    assert_eq!(arrived(&simulators[0]), 0);
    assert_eq!(ask(gateway, Provider::OpenAi, "gpt-4o-mini", "x", false).await.status, 200);
}

/// S-33: an answer that is longer than the header's deadline is not cut by it, nor is a wait
/// between two requests.
#[tokio::test]
async fn s_33_a_slow_answer_and_a_pause_are_not_mistaken_for_a_slow_caller() {
    let simulators = all().await;
    let gateway = Gateway::start(Config::serving(&simulators.each_ref())).await;
    let body = body(Provider::OpenAi, "gpt-4o-mini", "x", false).to_string();
    let pause = async {
        let mut raw = Raw::connect(gateway.address()).await;
        for wait in [17, 0] {
            raw.send(post("/v1/chat/completions", "", &body)).await;
            assert_eq!(raw.response().await.unwrap().status, 200);
            tokio::time::sleep(Duration::from_secs(wait)).await;
        }
    };
    let slow = async {
        let text = "[[chunks 35 every 500ms]]";
        let call = request(&gateway.client, &gateway, Provider::Claude, "gpt-4o-mini", text, true);
        let answer = send(call).await;
        assert!(said(Provider::Claude, &answer, true).unwrap().ends_with("w34 "));
    };
    tokio::join!(pause, slow);
}

/// S-33: bodies that stop, and those that drip, are refused in the schema; their callers get an
/// answer, and the connection is not used again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s_33_slow_bodies_are_refused() {
    let simulators = all().await;
    let config =
        Config::serving(&simulators.each_ref()).with("limits: { body_idle: 2s, body_total: 5s }");
    let gateway = Gateway::start(config).await;
    let slow = |framing: &'static str, first: &'static str, drip: &'static str| {
        let address = gateway.address();
        async move {
            let mut raw = Raw::connect(address).await;
            let head = "POST /v1/chat/completions HTTP/1.1\r\nHost: g\r\n";
            raw.send(format!("{head}{framing}\r\n\r\n{first}")).await;
            let drips = async {
                loop {
                    tokio::time::sleep(Duration::from_millis(500)).await;
                    // Sent beside what is read: the answer may come at any time.
                    if drip.is_empty() || !raw.send(drip).await {
                        return raw.response().await;
                    }
                    if let Some(response) = raw.response_so_far().await {
                        return Some(response);
                    }
                }
            };
            let response = drips.await.unwrap();
            assert_eq!(response.status, 408, "{framing} {drip}: {}", response.body);
            let body = serde_json::from_str(&response.body).unwrap();
            assert!(error(Provider::OpenAi, &body).is_some(), "{body}");
        }
    };
    tokio::join!(
        slow("Content-Length: 1000", "", ""),
        slow("Content-Length: 1000", "{\"model\"", ""),
        slow("Content-Length: 1000", "{\"model\"", " "),
        slow("Transfer-Encoding: chunked", "", ""),
        slow("Transfer-Encoding: chunked", "2\r\n{ \r\n", ""),
        slow("Transfer-Encoding: chunked", "2\r\n{ \r\n", "1\r\n \r\n"),
        slow("Transfer-Encoding: chunked", "2\r\n{ \r\n", "0"),
    );
    let metrics = gateway.settled().await;
    assert_eq!(metrics.count("egret_denials_total", &["reason=\"body_too_slow\""]), 7);
    assert_eq!(arrived(&simulators[0]), 0);
    assert_eq!(ask(&gateway, Provider::OpenAi, "gpt-4o-mini", "x", false).await.status, 200);
}

/// S-33: callers that ask and never read: of what is streamed to them, and of what is whole, no more
/// is held than fits into a connection, and all of them are over in the end.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s_33_who_never_reads_is_left() {
    let simulators = all().await;
    let gateway = Gateway::start(Config::serving(&simulators.each_ref())).await;
    assert_eq!(ask(&gateway, Provider::OpenAi, "gpt-4o-mini", "x", false).await.status, 200);
    let piece = format!("data: {{\"x\":\"{}\"}}\n\n", "a".repeat(32 << 10));
    let canned = Canned {
        status: 200,
        headers: vec![("content-type".to_owned(), "text/event-stream".to_owned())],
        body: vec![piece.into(); 1000],
    };
    simulators[0].script().next_n(10, [Fault::Canned(canned)]);
    let before = gateway.memory();
    let stream = body(Provider::OpenAi, "gpt-4o-mini", "x", true).to_string();
    let mut held = Vec::new();
    for _ in 0..10 {
        let mut raw = Raw::connect(gateway.address()).await;
        raw.send(post("/v1/chat/completions", "", &stream)).await;
        held.push(raw);
    }
    until("all are in flight", || async {
        gateway.metrics().await.count("egret_requests_in_flight", &[]) == 10
    })
    .await;
    // The event itself: nobody has read a byte, and all of them are over.
    gateway.settled().await;
    let more = gateway.memory().saturating_sub(before);
    assert!(more < 64 << 20, "{more} bytes more");
    drop(held);
    assert_eq!(ask(&gateway, Provider::OpenAi, "gpt-4o-mini", "x", false).await.status, 200);
}

/// No request takes longer than it may, whatever the provider does: before its answer the caller
/// is told by a status, within it by the schema's error. Either way the provider may bill.
#[tokio::test]
async fn a_request_is_over_when_its_time_is() {
    let simulators = all().await;
    let config = Config::serving(&simulators.each_ref())
        .with("limits: { total: 5s }")
        .with("budgets: [{ name: money, per: backend, limit: 10 USD, window: month }]");
    let gateway = Gateway::start(config).await;
    join_all(Provider::ALL.map(|provider| {
        let gateway = &gateway;
        async move {
            let spent = async || {
                let labels = ["budget=\"money\"", &format!("of=\"{}\"", provider.name())];
                gateway.metrics().await.sum("egret_budget_spent", &labels)
            };
            let whole = ask(gateway, provider, model(provider), "[[stall]]", false).await;
            assert_eq!(whole.status, 504, "{}", whole.text);
            let before = spent().await;
            assert!(before > 0.0, "{}", provider.name());
            let text = "[[chunks 10000 every 50ms]]";
            let stream = ask(gateway, provider, model(provider), text, true).await;
            assert_eq!(stream.status, 200);
            assert!(stream.text.contains("longer than"), "{}", stream.text);
            until("it is charged", || async { spent().await > before }).await;
        }
    }))
    .await;
}
